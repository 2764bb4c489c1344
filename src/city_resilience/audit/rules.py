"""The rules of an audit, in the order in which they are reported.

To add one, write a function and an entry in the ``RULES`` of the module that it belongs to; a rule
that belongs to none has its own module, which is named here.
"""

from __future__ import annotations

from city_resilience.audit import (
    boundaries,
    cells,
    contradictions,
    exchanges,
    gaps,
    levels,
    repeats,
    row_sums,
    scales,
    spikes,
    units,
)
from city_resilience.audit.rule import Rule

__all__ = ["RULES"]

RULES: tuple[Rule, ...] = (
    Rule("unreadable", "Cell that is no number", "无法读取的单元格"),
    *repeats.RULES,
    *cells.RULES,
    *spikes.RULES,
    *exchanges.RULES,
    *contradictions.RULES,
    *units.RULES,
    *scales.RULES,
    *levels.RULES,
    *boundaries.RULES,
    *gaps.RULES,
    *row_sums.RULES,
)
"""``unreadable`` is found by the reader."""
