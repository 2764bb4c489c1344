"""Forecasts of all rows as arrays, from which any part of their table is laid out.

Of a row only some numbers are kept, so that their tables may be larger than the memory.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.arrays import Float, Int
from city_resilience.models.bands import Bands
from city_resilience.models.rows import FORECAST, ForecastRows

__all__ = ["Coded", "Forecasts", "Seen", "ranks_of"]

Seen = Mapping[int, tuple[tuple[str, ...], Int]]
"""Horizon to the indicators that it reads, and how many of the rows have a value of each."""


@dataclass(frozen=True)
class Coded:
    """A column of texts of which few differ.

    Attributes
    ----------
    codes : ndarray of int32, shape (rows,)
    places : dict of str to int
        Code of each text.
    """

    codes: NDArray[np.int32]
    places: dict[str, int] = field(default_factory=dict)

    def put(self, part: slice, texts: Collection[str], which: NDArray[np.intp]) -> None:
        """Set some rows to texts, given as positions among some."""
        codes = [self.places.setdefault(text, len(self.places)) for text in texts]
        self.codes[part] = np.array(codes, dtype=np.int32)[which]

    def texts(self, part: slice) -> NDArray[np.object_]:
        """Return the texts of some rows."""
        return np.array([*self.places], dtype=object)[self.codes[part]]


@dataclass(frozen=True)
class Forecasts:
    """Forecasts of all rows.

    Attributes
    ----------
    rows : ForecastRows
    coverage : float
        Nominal coverage of ``lower`` to ``upper``.
    forecast : mapping of int to ndarray, shape (rows,)
        By horizon, in its order.
    rank : mapping of int to ndarray of int32, shape (rows,)
        Within the nation, the largest forecast first; 0 = none, as of a stale city.
    flags : mapping of int to Coded
    bands : Bands
    seen : Seen
    columns : tuple of str
        Of the table.
    """

    rows: ForecastRows
    coverage: float
    forecast: Mapping[int, Float]
    rank: Mapping[int, NDArray[np.int32]]
    flags: Mapping[int, Coded]
    bands: Bands
    seen: Seen
    columns: tuple[str, ...]

    def whole(self) -> pd.DataFrame:
        """Return the table of all rows, by horizon and city."""
        every = [self.table(horizon) for horizon in self.forecast]
        return pd.concat(every, ignore_index=True)

    def bare(self, horizon: int, part: slice) -> pd.DataFrame:
        """Return city, flags and information of some rows at a horizon."""
        flags, names = self.flags[horizon].texts(part).tolist(), self.rows.part(part).names
        return pd.DataFrame({"city": names, "flags": flags, "information": FORECAST})

    def table(self, horizon: int, part: slice = slice(None)) -> pd.DataFrame:
        """Return the table of some rows at a horizon; see `Forecaster.forecast`."""
        rows, forecast = self.rows.part(part), self.forecast[horizon][part]
        rank = self.rank[horizon][part]
        frame = pd.DataFrame(
            {
                "city": rows.names,
                **{key: rows.of_group(key) for key in ("province", "nation")},
                "origin": rows.origins,
                "horizon": horizon,
                "target_year": rows.origins + horizon,
                "forecast": forecast,
                "rank": pd.array(rank, dtype="Int64"),
                "flags": self.flags[horizon].texts(part).tolist(),
                "information": FORECAST,
                **self.bands.columns(horizon, forecast, self.coverage, part),
            }
        )
        frame["rank"] = frame["rank"].mask(rank == 0)
        return frame.reindex(columns=list(self.columns))


def ranks_of(rows: ForecastRows, forecast: Float) -> NDArray[np.int32]:
    """Rank the rows within their nation, the largest first; 0 for a stale city."""
    ranks = rows.dataset.nation.of(rows.cities).apart(
        lambda _, ranked: pd.Series(ranked).rank(ascending=False, method="min").to_numpy(),
        np.where(rows.stale, np.nan, forecast),
    )
    return np.asarray(np.nan_to_num(ranks), dtype=np.int32)
