"""All that is scored in a backtest, table by table."""

from __future__ import annotations

from collections.abc import Collection

import pandas as pd

from city_resilience.evaluation.backtest import Backtest
from city_resilience.evaluation.interval_scores import reliability, score_intervals
from city_resilience.evaluation.scores import compare_models, score
from city_resilience.evaluation.sums import score_sums
from city_resilience.evaluation.view_skill import structural_skill
from city_resilience.experiment.experiment import Experiment
from city_resilience.tasks.dataset import Dataset

__all__ = ["levels_of", "score_tables"]


def score_tables(
    found: Backtest, dataset: Dataset, experiment: Experiment, breaks: Collection[tuple[str, int]]
) -> dict[str, pd.DataFrame]:
    """Score the forecasts of a backtest from the panel alone.

    Parameters
    ----------
    breaks : collection of (city, year)
        See ``score``.

    Returns
    -------
    dict
        ``scores`` and ``comparisons`` of ``score`` and ``compare_models``, ``intervals`` and
        ``reliability`` of ``score_intervals`` and ``reliability``, ``sums`` of ``score_sums``, and
        ``structural`` of ``structural_skill``.
    """
    levels, least = levels_of(dataset), experiment.evaluation.min_group
    return {
        "scores": score(found.frame, levels, least, flagged=breaks),
        "comparisons": compare_models(found.frame, experiment.model.serve),
        "intervals": score_intervals(found.intervals, levels, least),
        "reliability": reliability(found.intervals),
        "sums": score_sums(found.sums),
        "structural": structural_skill(found, dataset, experiment.features.min_history, least),
    }


def levels_of(dataset: Dataset) -> dict[str, dict[str, str]]:
    """Return the level of each city by slice."""
    return {
        name: dict(zip(dataset.cities, levels.tolist(), strict=True))
        for name, levels in dataset.groups.items()
    }
