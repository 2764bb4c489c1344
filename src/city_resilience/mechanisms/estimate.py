"""One estimate with its inference, and the columns under which tables keep it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, fields, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    import pandas as pd

    from city_resilience.mechanisms.sample import Sample

__all__ = ["COLUMNS", "LEVEL", "Estimate", "counted", "estimates_frame", "normal_interval"]

LEVEL = 0.95


@dataclass(frozen=True)
class Estimate:
    """An estimate of one term, with one way of inference.

    Attributes
    ----------
    model : str
        Id of the model, such as ``two_way`` or ``callaway_santanna``.
    outcome, treatment : str
        Names in the design.
    term : str
        What is estimated: the name of a variable, ``indirect``, ``share``, ``event:-2`` …
    estimate, se, low, high, p : float
        In units of the outcome for one unit of the term as the model enters it; NaN where the
        method gives none. ``low`` and ``high`` bound the 95 % interval.
    inference : str
        Id of the way of inference: ``city``, ``province``, ``wild_province``, ``driscoll_kraay`` …
    n, cities, years, clusters : int
        Rows, places, years and clusters behind it; 0 where it does not apply.
    freedom : float
        Degrees of freedom of the t or F distribution behind ``p``; NaN where another one is.
    part_of : str
        Subset of the places, as ``GROUP=LEVEL``; "" for all.
    note : str
        Id of a remark, "" for none.
    r2 : float
        Share that the variables explain of the variance that effects of place and time leave; NaN
        where the method has none.
    """

    model: str
    outcome: str
    treatment: str
    term: str
    estimate: float
    se: float = np.nan
    low: float = np.nan
    high: float = np.nan
    p: float = np.nan
    inference: str = ""
    n: int = 0
    cities: int = 0
    years: int = 0
    clusters: int = 0
    freedom: float = np.nan
    part_of: str = ""
    note: str = ""
    r2: float = np.nan


COLUMNS = tuple(field.name for field in fields(Estimate))


def estimates_frame(estimates: Iterable[Estimate]) -> pd.DataFrame:
    """Return estimates as a table with the columns `COLUMNS`, one row each."""
    import pandas as pd

    return pd.DataFrame([asdict(one) for one in estimates], columns=list(COLUMNS))


def counted(estimate: Estimate, sample: Sample) -> Estimate:
    """Return an estimate with the rows, places and years of its sample."""
    counts = sample.counts
    return replace(estimate, n=counts["n"], cities=counts["cities"], years=counts["years"])


def normal_interval(estimate: float, se: float, freedom: float = np.inf) -> tuple[float, ...]:
    """Return ``low, high, p`` of a two-sided test of zero.

    Parameters
    ----------
    estimate, se : float
    freedom : float
        Degrees of freedom of the t distribution; the normal one when infinite. With clusters it is
        their number less one.

    Examples
    --------
    >>> [round(x, 3) for x in normal_interval(1.0, 0.5)]
    [0.02, 1.98, 0.046]
    """
    from scipy import stats

    if not se > 0:
        return np.nan, np.nan, np.nan
    law = stats.t(freedom) if np.isfinite(freedom) else stats.norm()
    reach = float(law.ppf((1 + LEVEL) / 2)) * se
    return estimate - reach, estimate + reach, float(2 * law.sf(abs(estimate) / se))
