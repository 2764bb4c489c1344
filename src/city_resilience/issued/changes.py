"""What changed from one issued forecast to the next: which cities moved most, and by what."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

if TYPE_CHECKING:
    from city_resilience.issued.record import IssuedForecast, Issues

__all__ = ["CHANGED_COLUMNS", "Changed", "changed_rows", "changed_since", "leading"]

_FIGURES = ("target_year", "forecast", "lower", "upper", "rank", "flags", "driver_1")
CHANGED_COLUMNS = (
    *("horizon", "city", "province", "moved", "rank_moved"),
    *(f"{name}{end}" for name in _FIGURES for end in ("_before", "")),
)


@dataclass(frozen=True)
class Changed:
    """An issued forecast beside the one before it.

    Attributes
    ----------
    before, now : IssuedForecast
    rows : DataFrame
        ``CHANGED_COLUMNS``, see `changed_rows`.
    """

    before: IssuedForecast
    now: IssuedForecast
    rows: pd.DataFrame


def changed_rows(before: pd.DataFrame, now: pd.DataFrame) -> pd.DataFrame:
    """Return the forecasts of two issues side by side, those that moved most first.

    A city is compared at the same horizon: measures over another number of years do not compare.

    Parameters
    ----------
    before, now : DataFrame
        Tables of two issued forecasts.

    Returns
    -------
    DataFrame
        ``CHANGED_COLUMNS``, by horizon: ``moved`` is the forecast less the one before, in the unit
        of the measure, ``rank_moved`` the places gained. A city that only one of the two has comes
        last, without either.
    """
    kept = ["city", "horizon", "province", *_FIGURES]
    sides = [own.reindex(columns=kept) for own in (before, now)]
    both = sides[0].merge(sides[1], on=["city", "horizon"], how="outer", suffixes=("_before", ""))
    both["province"] = both["province"].fillna(both["province_before"])
    both["moved"] = both["forecast"] - both["forecast_before"]
    both["rank_moved"] = both["rank_before"] - both["rank"]
    far = both.assign(far=both["moved"].abs())
    ordered = far.sort_values(["horizon", "far", "city"], ascending=[True, False, True])
    return ordered[list(CHANGED_COLUMNS)].reset_index(drop=True)


def changed_since(issues: Issues, information: str = "forecast") -> Changed | None:
    """Compare what was issued last of a set of information with the issue before it.

    Returns
    -------
    Changed or None
        None where fewer than two were issued.
    """
    own = [one for one in issues.issued if one.information == information]
    if len(own) < 2:
        return None
    before, now = own[-2:]
    return Changed(before, now, changed_rows(issues.rows(before), issues.rows(now)))


def leading(rows: pd.DataFrame, horizons: Iterable[int], most: int = 10) -> pd.DataFrame:
    """Return the cities that moved most at each horizon."""
    known = rows[rows["horizon"].isin(list(horizons)) & rows["moved"].notna()]
    return known.groupby("horizon", sort=True).head(most)
