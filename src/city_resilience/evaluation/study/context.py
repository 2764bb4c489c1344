"""What the parts of a study work with, and what each of them hands back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import pandas as pd

from city_resilience.evaluation.backtest import Backtest
from city_resilience.evaluation.scores import best_naive, yearly
from city_resilience.evaluation.study.folds import Prepared, prepare_folds
from city_resilience.experiment import Experiment
from city_resilience.progress import Progress, silent
from city_resilience.tasks.dataset import Dataset

__all__ = ["Context", "Part", "Settings"]


@dataclass(frozen=True)
class Settings:
    """What a study may be asked for.

    Attributes
    ----------
    draws, seed : int
        Of the bootstrap over cities, and of the random split.
    every : int
        Unseen cities are forecast at every so many origins, counted back from the newest of the
        longest horizon that is measured.
    every_horizon : bool
        Whether the slow parts go beyond the shortest horizon.
    shock_origins : tuple of int
        Origins of the shock test; empty for those before the known shocks.
    """

    draws: int = 1000
    seed: int = 0
    every: int = 2
    every_horizon: bool = False
    shock_origins: tuple[int, ...] = ()


@dataclass(frozen=True)
class Part:
    """What one part found: a table without cities, and dataset about how it was made."""

    table: pd.DataFrame
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass
class Context:
    """A panel, an experiment and its backtest; folds are prepared when first asked for.

    Attributes
    ----------
    backtest : Backtest
        The rolling origins, all candidates.
    """

    dataset: Dataset
    experiment: Experiment
    backtest: Backtest
    settings: Settings = Settings()
    progress: Progress = silent
    _folds: dict[int, list[Prepared]] = field(default_factory=dict)

    @property
    def served(self) -> str:
        """The model that the experiment serves."""
        return self.experiment.model.serve

    @property
    def horizons(self) -> tuple[int, ...]:
        """Horizons of the slow parts."""
        every = self.experiment.outcome.horizons
        return every if self.settings.every_horizon else every[:1]

    def naive(self) -> dict[int, str]:
        """Return the best naive baseline of each horizon over all scored origins."""
        return best_naive(yearly(self.backtest.frame))

    def folds(self, horizon: int) -> list[Prepared]:
        """Return the prepared folds of a horizon, warm-up origins included."""
        if horizon not in self._folds:
            self._folds[horizon] = prepare_folds(
                self.dataset, self.experiment, horizon, self.progress
            )
        return self._folds[horizon]

    def rows(self, model: str, horizon: int) -> pd.DataFrame:
        """Return the backtest's rows of one model at one horizon."""
        frame = self.backtest.frame
        return frame[(frame["model"] == model) & (frame["horizon"] == horizon)]
