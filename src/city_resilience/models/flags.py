"""What is to be known of a forecast: an old origin, a year that is over, new places, old values."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from city_resilience.arrays import Positions
from city_resilience.experiment.experiment import Experiment
from city_resilience.models.carried import Carried
from city_resilience.models.rows import ForecastRows
from city_resilience.tasks.early import available_from

__all__ = ["FLAGS", "Flags"]

FLAGS = ("stale", "target_year_over", "new_city", "new_nation")


@dataclass(frozen=True)
class Flags:
    """What the flags of a row depend on, besides its own city and year.

    Attributes
    ----------
    cities, nations : frozenset of str
        Those that the model was trained with; no nation where all are of one.
    delay : int
        Days from the end of the year after an origin to its publication.
    """

    cities: frozenset[str]
    nations: frozenset[str]
    delay: int

    @classmethod
    def of(cls, experiment: Experiment, cities: Sequence[str], nations: Sequence[str]) -> Flags:
        """Return what a model of these cities tells."""
        delay = experiment.outcome.publication_delay_days
        return cls(frozenset(cities), frozenset(nations), delay)

    def told(
        self, rows: ForecastRows, horizon: int, carried: Carried
    ) -> tuple[list[str], Positions]:
        """Return the texts of the flags of rows, and which of them each row has."""
        years, which = np.unique(rows.origins, return_inverse=True)
        over = [
            dt.date(year + horizon, 12, 31) <= available_from(year, self.delay)
            for year in years.tolist()
        ]
        new = [city not in self.cities for city in rows.names]
        nations = rows.of_group("nation").tolist() if self.nations else ()
        foreign = [nation not in self.nations for nation in nations] or np.zeros(len(new), bool)
        marks = np.array([rows.stale, np.array(over, dtype=bool)[which], new, foreign], dtype=bool)
        codes = carried.which * 2 ** len(FLAGS) + 2 ** np.arange(len(FLAGS)) @ marks
        _, first, own = np.unique(codes, return_index=True, return_inverse=True)
        texts = [
            ";".join(
                [flag for flag, on in zip(FLAGS, marks[:, row].tolist(), strict=True) if on]
                + [f"carried:{k}({age})" for k, age in carried.kinds[carried.which[row]].items()]
            )
            for row in first.tolist()
        ]
        return texts, own
