"""What the parts of a study work with, and what each of them hands back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import pandas as pd

from city_resilience.evaluation.backtest import Backtest, backtest_at
from city_resilience.evaluation.checks import scored_origins
from city_resilience.evaluation.engine import Engine
from city_resilience.evaluation.scores import best_naive, yearly
from city_resilience.evaluation.study.kept import Kept
from city_resilience.experiment.experiment import Experiment
from city_resilience.progress import Progress, silent
from city_resilience.tasks.dataset import Dataset
from city_resilience.tasks.features import FeatureSpec

__all__ = ["Context", "Part", "Settings", "context_of"]


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
    refits : int
        Refits of each view on provinces and years drawn anew.
    """

    draws: int = 1000
    seed: int = 0
    every: int = 2
    every_horizon: bool = False
    shock_origins: tuple[int, ...] = ()
    refits: int = 50

    def horizons(self, experiment: Experiment) -> tuple[int, ...]:
        """Return the horizons of the slow parts."""
        every = experiment.outcome.horizons
        return every if self.every_horizon else every[:1]


@dataclass(frozen=True)
class Part:
    """What one part found: a table without cities, and how it was made."""

    table: pd.DataFrame
    about: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True)
class Context:
    """An engine, the backtest it rolled, and what was asked for.

    Attributes
    ----------
    engine : Engine
        Keeps the tasks of the horizons of the slow parts.
    backtest : Backtest
        The rolling origins, all candidates.
    kept : Kept
        Refits of an earlier study that broke off.
    """

    engine: Engine
    backtest: Backtest
    settings: Settings = Settings()
    kept: Kept = field(default_factory=Kept)

    @property
    def served(self) -> str:
        """The model that the experiment serves."""
        return self.engine.experiment.model.serve

    @property
    def horizons(self) -> tuple[int, ...]:
        """Horizons of the slow parts."""
        return self.settings.horizons(self.engine.experiment)

    @cached_property
    def scored(self) -> list[int]:
        """The scored origins of the experiment."""
        return scored_origins(self.engine.dataset, self.engine.experiment)

    @property
    def origins(self) -> list[int]:
        """The scored origins, and before them those that warm up the blend."""
        return self.engine.origins(self.scored)

    def specs(self, horizon: int) -> dict[int, FeatureSpec]:
        """Return the columns at the origins of a horizon, those that warm up included."""
        specs = self.engine.specs
        return {o: specs[o, horizon] for o in self.origins if (o, horizon) in specs}

    @cached_property
    def naive(self) -> dict[int, str]:
        """The best naive rule of each horizon over all scored origins."""
        return best_naive(yearly(self.backtest.frame))

    def rows(self, model: str, horizon: int) -> pd.DataFrame:
        """Return the backtest's rows of one model at one horizon."""
        frame = self.backtest.frame
        return frame[(frame["model"] == model) & (frame["horizon"] == horizon)]


def context_of(
    dataset: Dataset,
    experiment: Experiment,
    settings: Settings = Settings(),
    progress: Progress = silent,
    kept: Kept | None = None,
) -> Context:
    """Roll the backtest of an experiment, and keep the tasks that the parts come back to."""
    engine = Engine(dataset, experiment, progress, keep=settings.horizons(experiment))
    scored = scored_origins(dataset, experiment)
    backtest = backtest_at(engine, scored, "rolling origins")
    return Context(engine, backtest, settings, kept or Kept())
