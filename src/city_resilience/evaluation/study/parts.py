"""The parts of a study: one entry in a table plus one pure function each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from city_resilience.evaluation.significance import diebold_mariano, skill_intervals
from city_resilience.evaluation.study.ablation import ablation
from city_resilience.evaluation.study.context import Context, Part
from city_resilience.evaluation.study.interval_ways import interval_methods
from city_resilience.evaluation.study.random_split import random_split
from city_resilience.evaluation.study.shock_origins import shock_test
from city_resilience.evaluation.study.unseen import unseen_cities

__all__ = ["PARTS", "StudyPart"]


@dataclass(frozen=True)
class StudyPart:
    """An entry of the table; ``id`` is also the name of its file."""

    id: str
    title: str
    run: Callable[[Context], Part]


def _diebold_mariano(context: Context) -> Part:
    return Part(diebold_mariano(context.backtest.frame, context.served))


def _skill_intervals(context: Context) -> Part:
    settings = context.settings
    table = skill_intervals(context.backtest.frame, context.served, settings.draws, settings.seed)
    return Part(table, {"draws": settings.draws})


PARTS: Mapping[str, StudyPart] = {
    part.id: part
    for part in (
        StudyPart("ablation", "Families of indicators", ablation),
        StudyPart("diebold_mariano", "Diebold-Mariano tests over years", _diebold_mariano),
        StudyPart("skill_intervals", "Skill over cities drawn anew", _skill_intervals),
        StudyPart("interval_ways", "Ways to make intervals", interval_methods),
        StudyPart("unseen", "Cities of provinces left out of training", unseen_cities),
        StudyPart("shock", "Origins before shocks", shock_test),
        StudyPart("random_split", "What a random split would claim", random_split),
    )
}
