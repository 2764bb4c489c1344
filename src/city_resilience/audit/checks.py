"""The checks of an audit: one entry each."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from city_resilience.audit.boundaries import boundaries
from city_resilience.audit.cells import impossible, zeros
from city_resilience.audit.contradictions import contradictions
from city_resilience.audit.exchanges import exchanges
from city_resilience.audit.finding import Finding
from city_resilience.audit.gaps import coverage, dead, holes
from city_resilience.audit.levels import breaks, jumps
from city_resilience.audit.repeats import repeated_rows, repeated_series
from city_resilience.audit.spikes import outcome_spikes, spikes
from city_resilience.audit.subject import Look, Subject
from city_resilience.audit.units import unit_doubts, unit_years

__all__ = ["CHECKS", "Check"]


@dataclass(frozen=True)
class Check:
    """One check.

    Attributes
    ----------
    id : str
        Name in findings and in experiment files.
    label_en, label_zh : str
        Names for people.
    each : callable or None
        Findings of one variable.
    whole : callable or None
        Findings of the whole panel.
    """

    id: str
    label_en: str
    label_zh: str
    each: Callable[[Look], Iterator[Finding]] | None = None
    whole: Callable[[Subject], Iterator[Finding]] | None = None


CHECKS: tuple[Check, ...] = (
    Check("unreadable", "Cell that is no number", "无法读取的单元格"),
    Check(
        "duplicate", "Row or series given twice", "重复的行或序列", repeated_series, repeated_rows
    ),
    Check("impossible", "Impossible value", "不可能的数值", impossible),
    Check("zero", "Zero in place of a blank", "以零代替空白", zeros),
    Check("spike", "Cell off its path", "偏离自身轨迹的单元格", spikes),
    Check("outcome", "Doubtful outcome", "存疑的结果变量", outcome_spikes),
    Check("exchange", "Values in the wrong cities", "数值错位到其他城市", exchanges),
    Check("contradiction", "Parts against their whole", "部分与总体矛盾", whole=contradictions),
    Check("unit", "Doubtful unit", "存疑的单位", unit_years, unit_doubts),
    Check("break", "Level break in many cities", "多城市水平断裂", breaks),
    Check("jump", "Level shift in one city", "单个城市水平突变", jumps),
    Check("boundary", "Redrawn boundary", "行政区划调整", whole=boundaries),
    Check("dead", "Variable that died", "已中断的变量", dead),
    Check("hole", "Hole in a series", "序列中的缺口", holes),
    Check("coverage", "Start and end of a series", "序列的起止", coverage),
)
"""Every check, in the order in which it is reported; `unreadable` comes from the reader."""
