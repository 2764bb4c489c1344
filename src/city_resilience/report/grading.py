"""The grades of drivers: what a study's refits say of them, and why there may be none.

A study of the same recipe grades a driver firm, likely or unstable; a sentence names only the
first two. Without such a study no driver is graded and none is named.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from city_resilience.evaluation.grades import FIRM, LIKELY

__all__ = ["LEADING", "NAMED", "PART", "Grades", "grades_of"]

NAMED = (FIRM, LIKELY)
"""Grades of drivers that a sentence may name."""
LEADING = 3
"""How many of them it names."""
PART = "stability"
"""The part of a study that grades drivers."""

Key = tuple[str, int, str, str]


@dataclass(frozen=True)
class Grades:
    """Grades by view, horizon, level (family or indicator) and name.

    Attributes
    ----------
    rows : mapping of tuple to mapping
        Row of the study's table: ``grade``, ``rank_low``, ``rank_high`` …
    why : str
        Why there are none: ``no_study``, ``other_recipe``, ``no_part`` or, with grades, "".
    refits : int or None
        How many refits they stand on, where that is known.
    """

    rows: Mapping[Key, Mapping[str, Any]]
    why: str = ""
    refits: int | None = None

    def of(self, view: str, horizon: int, level: str, name: str) -> str:
        """Return the grade of a driver, "" where it has none."""
        return str(self.rows.get((view, horizon, level, name), {}).get("grade") or "")

    def ordered(self, view: str, horizon: int, level: str, names: Sequence[str]) -> bool:
        """Say whether the intervals of the ranks of some drivers do not overlap."""
        rows = [self.rows.get((view, horizon, level, name), {}) for name in names]
        ends = sorted(
            (float(row["rank_low"]), float(row["rank_high"]))
            for row in rows
            if row.get("rank_low") is not None and row.get("rank_high") is not None
        )
        apart = all(first[1] < second[0] for first, second in pairwise(ends))
        return len(ends) == len(rows) and apart


def grades_of(study: Mapping[str, Any] | None, same: bool) -> Grades:
    """Return the grades of a study.

    Parameters
    ----------
    study : mapping, optional
        As `run_study` returns it; None where there is none.
    same : bool
        Whether it was measured with the recipe and on the panel of the model.
    """
    if study is None:
        return Grades({}, "no_study")
    if not same:
        return Grades({}, "other_recipe")
    part = study["parts"].get(PART)
    if part is None:
        return Grades({}, "no_part")
    rows = {
        (str(row["view"]), int(row["horizon"]), str(row["level"]), str(row["name"])): row
        for row in part["rows"]
    }
    return Grades(rows, refits=part.get("about", {}).get("refits"))
