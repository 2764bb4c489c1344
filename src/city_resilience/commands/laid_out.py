"""The table of a forecast, whole or part after part, so that it may be larger than the memory."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property

import pandas as pd

from city_resilience.explain.leading import Leading
from city_resilience.files import ROWS_TOGETHER
from city_resilience.models.forecasts import Forecasts

__all__ = ["Counts", "LaidOut"]


@dataclass(frozen=True)
class Counts:
    """What is counted of a forecast table.

    Attributes
    ----------
    rows, cities : int
    flags, information : Counter
        Rows by flag, and by what they know.
    """

    rows: int
    cities: int
    flags: Counter[str]
    information: Counter[str]


@dataclass(frozen=True)
class LaidOut:
    """The table of a forecast.

    Attributes
    ----------
    forecasts : Forecasts
    leading : mapping of int to Leading
        The drivers of all rows by horizon; empty where none were asked for.
    labels : mapping of str to mapping
        Language to the names of the drivers.
    cities : tuple of str
        Those that were asked for; empty = all.
    nowcast : DataFrame or None
        The table without drivers, where the model makes nowcasts.
    """

    forecasts: Forecasts
    leading: Mapping[int, Leading] = field(default_factory=dict)
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    cities: tuple[str, ...] = ()
    nowcast: pd.DataFrame | None = None

    @property
    def horizons(self) -> list[int]:
        """Horizons of the table, in its order."""
        return list(self.forecasts.forecast)

    @cached_property
    def whole(self) -> pd.DataFrame:
        """The table of all rows, drivers named in English."""
        return self.named("en")

    def named(self, lang: str) -> pd.DataFrame:
        """Return the table of all rows with the drivers named in a language."""
        every = [self._part(horizon, slice(None), lang) for horizon in self.horizons]
        return pd.concat(every, ignore_index=True)

    def parts(self) -> Iterator[pd.DataFrame]:
        """Yield the table part after part, drivers named in English."""
        for horizon, part in self._every():
            yield self._part(horizon, part, "en")

    @cached_property
    def counts(self) -> Counts:
        """What the manifest tells of it."""
        flags, information, rows = Counter[str](), Counter[str](), Counter[int]()
        for horizon, part in self._every():
            table = self._asked_for(self._bare(horizon, part))
            rows[horizon] += len(table)
            information.update(table["information"].value_counts().to_dict())
            for texts, count in table["flags"].value_counts().items():
                flags.update({own: int(count) for own in str(texts).split(";") if own})
        return Counts(rows.total(), max(rows.values()), flags, information)

    def _every(self) -> Iterator[tuple[int, slice]]:
        for horizon in self.horizons:
            for part in self.forecasts.rows.parts(ROWS_TOGETHER):
                yield horizon, part

    def _part(self, horizon: int, part: slice, lang: str) -> pd.DataFrame:
        table = self._alone(horizon, part)
        if horizon in self.leading:
            told = self.leading[horizon].texts(self.labels[lang], part)
            table = table.assign(**told)
        return self._asked_for(table)

    def _alone(self, horizon: int, part: slice) -> pd.DataFrame:
        if self.nowcast is None:
            return self.forecasts.table(horizon, part)
        return _rows_at(self.nowcast, horizon, part)

    def _bare(self, horizon: int, part: slice) -> pd.DataFrame:
        if self.nowcast is None:
            return self.forecasts.bare(horizon, part)
        return _rows_at(self.nowcast, horizon, part)

    def _asked_for(self, table: pd.DataFrame) -> pd.DataFrame:
        if not self.cities:
            return table
        return table[table["city"].isin(self.cities)].reset_index(drop=True)


def _rows_at(table: pd.DataFrame, horizon: int, part: slice) -> pd.DataFrame:
    return table[table["horizon"] == horizon].iloc[part].reset_index(drop=True)
