"""The parts of a study: one entry in a table plus one pure function each."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from city_resilience.evaluation.significance import diebold_mariano, skill_intervals
from city_resilience.evaluation.study.ablation import ablation
from city_resilience.evaluation.study.context import Context, Part
from city_resilience.evaluation.study.interval_ways import interval_methods
from city_resilience.evaluation.study.random_split import random_split
from city_resilience.evaluation.study.shock_origins import shock_test
from city_resilience.evaluation.study.stability import stability
from city_resilience.evaluation.study.unseen import unseen_cities

__all__ = ["PARTS"]


def _diebold_mariano(context: Context) -> Part:
    return Part(diebold_mariano(context.backtest.frame, context.served))


def _skill_intervals(context: Context) -> Part:
    settings = context.settings
    table = skill_intervals(context.backtest.frame, context.served, settings.draws, settings.seed)
    return Part(table, {"draws": settings.draws})


PARTS: Mapping[str, Callable[[Context], Part]] = {
    "ablation": ablation,
    "diebold_mariano": _diebold_mariano,
    "skill_intervals": _skill_intervals,
    "interval_ways": interval_methods,
    "unseen": unseen_cities,
    "shock": shock_test,
    "random_split": random_split,
    "stability": stability,
}
"""What each part measures; an id is also the name of its file."""
