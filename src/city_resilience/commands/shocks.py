"""A measure over the windows of shocks, forecast from earlier shocks: what ``backtest`` does."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from city_resilience.catalogue.nouns import of_places
from city_resilience.commands.console import open_console, say, table_of
from city_resilience.commands.source import Source
from city_resilience.evaluation.shocks import run_shocks, score_shocks, shock_drivers
from city_resilience.progress import Progress, silent
from city_resilience.resilience.measure_panel import measure_panel
from city_resilience.resilience.measures import MEASURES
from city_resilience.resilience.summaries import count_reasons
from city_resilience.resilience.window import Window

__all__ = ["DRIVERS_FILE", "REASONS_FILE", "ShockEvaluation", "evaluate_shocks", "show_shocks"]


DRIVERS_FILE, REASONS_FILE = "shock_drivers.csv", "reasons.csv"
COLUMNS = (
    ("model", "{model}"),
    ("MAE", "{mae:.3f}"),
    ("RMSE", "{rmse:.3f}"),
    ("rank", "{rank_correlation:.3f}"),
    ("skill", "{skill_naive:+.1%}"),
    ("inside 90 %", "{coverage:.1%}"),
)


@dataclass(frozen=True)
class ShockEvaluation:
    """Forecasts of shocks, their scores, why measured values are missing, and the drivers.

    ``drivers`` is of the structural view, see ``shock_drivers``.
    """

    frame: pd.DataFrame
    scores: pd.DataFrame
    reasons: pd.DataFrame
    drivers: pd.DataFrame

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the table of each file."""
        return {
            "backtest.parquet": self.frame,
            "scores.csv": self.scores,
            REASONS_FILE: self.reasons,
            DRIVERS_FILE: self.drivers,
        }


def evaluate_shocks(source: Source, progress: Progress = silent) -> ShockEvaluation:
    """Forecast shocks from earlier ones, and score them.

    Raises
    ------
    InputError
        If the shocks cannot be measured or learnt from.
    """
    outcome = source.experiment.outcome
    windows = [Window.parse(text) for text in outcome.windows]
    measured = measure_panel(
        source.panel,
        outcome.variable,
        [outcome.measure],
        windows,
        counterfactual=outcome.counterfactual,
        floor=outcome.floor,
        deflator=outcome.deflator,
    )
    labels = {}
    for window in windows:
        rows = measured[measured["window"] == str(window)].set_index("city")[outcome.measure]
        labels[window] = rows.reindex(source.dataset.cities).to_numpy(dtype=np.float64)
    frame = run_shocks(source.dataset, source.experiment, labels, progress)
    drivers = shock_drivers(source.dataset, source.experiment, labels)
    return ShockEvaluation(frame, score_shocks(frame), count_reasons(measured), drivers)


def show_shocks(source: Source, evaluation: ShockEvaluation) -> None:
    """Show the scores of an evaluation of shocks, and why measured values are missing."""
    console = open_console()
    measure = MEASURES[source.experiment.outcome.measure]
    cities = of_places("cities", source.experiment.noun)
    for (test, window), scores in evaluation.scores.groupby(["test", "window"], sort=False):
        about = f"{test.replace('_', ' ')}: {window}, {scores['n'].max()} {cities}"
        title = f"{measure.id} ({measure.unit}), {about}"
        named = scores.assign(model=scores["model"].str.replace("_", " "))
        console.print(table_of(title, COLUMNS, named.to_dict("records")))
    missing = evaluation.reasons[evaluation.reasons["reason"] != ""]
    for row in missing.to_dict("records"):
        text = (
            f"Missing: {row['measure']} {row['window']}: {row['cities']} {cities}, {row['reason']}"
        )
        say(console, text)
