"""Slow evidence beside training: what families are worth, and how sure the skill is."""

from city_resilience.study.context import Context, Part, Settings
from city_resilience.study.parts import PARTS, StudyPart
from city_resilience.study.study import (
    FILE,
    RULES,
    check_parts,
    read_study,
    recipe_of,
    run_study,
    same_recipe,
    study_beside,
)

__all__ = [
    "FILE",
    "PARTS",
    "RULES",
    "Context",
    "Part",
    "Settings",
    "StudyPart",
    "check_parts",
    "read_study",
    "recipe_of",
    "run_study",
    "same_recipe",
    "study_beside",
]
