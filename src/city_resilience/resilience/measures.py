"""The table of measures of resilience: what can be measured, and what can be forecast."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Literal

import numpy as np

from city_resilience.arrays import Float
from city_resilience.errors import InputError, check_known
from city_resilience.indicators.formulas.nation import SUM, Nation
from city_resilience.resilience.counterfactual import (
    QUADRANTS,
    agency_effect,
    quadrant,
    structure_effect,
)
from city_resilience.resilience.growth import growth_gap_between, relative_resistance, sensitivity
from city_resilience.resilience.horizons import Between, between_ends
from city_resilience.resilience.reasons import Codes, Measured, measured
from city_resilience.resilience.trajectories import time_to_recover, trend_deviation
from city_resilience.resilience.window import Window
from city_resilience.resilience.window_data import WindowData

__all__ = ["MEASURES", "REFUSED", "Kind", "Measure", "Timing", "both_forms", "measure_of"]

Kind = Literal["horizon", "window", "level"]
OverHorizon = Callable[[Float, int, Nation], Measured]
OverWindow = Callable[[WindowData, Window], Measured]

_UNIT_WORDS = {
    "pp": "percentage points (pp)",
    "ratio": "ratios",
    "points": "points of a hundred",
}


@dataclass(frozen=True)
class Timing:
    """Which years a measure reads, and from which data year its value is known.

    A label at t over h years is the window (t, t + h).

    Attributes
    ----------
    years : tuple of str
        Fields of `Window` that are read for certain, in their order. What is measured begins
        after the first: a forecast of it stands on data up to that year.
    known : str
        Field of `Window` from which on the value is known; "" where each city has a year of its
        own, so that nothing is known of all of them.
    """

    years: tuple[str, ...]
    known: str


CONTRACTION = Timing(("start", "end"), "end")
EXPANSION = Timing(("end", "recovery_end"), "recovery_end")
WHOLE = Timing(("start", "end", "recovery_end"), "recovery_end")
OPEN = Timing(("start",), "")


@dataclass(frozen=True)
class Measure:
    """One measure of resilience.

    Attributes
    ----------
    id : str
        Name in the experiment file.
    unit : str
        Unit of the values.
    sign : str
        What a positive value means.
    label_en, label_zh : str
        Name in a report.
    over_window : callable
        Function (`WindowData`, `Window`) -> `Measured`, shape (cities,).
    over_horizon : callable or None
        Function (outcome, shape (cities, years); horizon; nation) -> `Measured` at origin t,
        shape (cities, years), known from year t + horizon on. None for a measure over shocks only.
    timing : Timing
    needs : tuple of str
        Among ``"outcome"``, ``"industries"``, ``"history"`` (years before the start),
        ``"recovery"`` (a window with a recovery), ``"counterfactual"`` (what is expected of a
        city) and ``"components"``.
    categories : tuple of str
        Words of a value that is a position; empty for numbers.
    better : int
        1 where more is more resilience, -1 where less is, 0 where that is open.
    """

    id: str
    unit: str
    sign: str
    label_en: str
    label_zh: str
    over_window: OverWindow
    over_horizon: OverHorizon | None = None
    timing: Timing = CONTRACTION
    needs: tuple[str, ...] = ("outcome",)
    categories: tuple[str, ...] = ()
    better: int = 1

    @property
    def kind(self) -> Kind:
        """What it has a value of.

        ``"horizon"``: every origin, to be forecast; ``"level"``: every year, a state; ``"window"``:
        a shock only.
        """
        if self.over_horizon is not None:
            return "horizon"
        return "level" if "components" in self.needs else "window"

    @property
    def ratio(self) -> bool:
        """Whether the measure divides by national growth; the gap in pp is shown beside it."""
        return self.unit == "ratio"

    @property
    def mark(self) -> str:
        """Short unit for tables: ``pp``, ``ratio``, ``points`` (a forecast composite), ..."""
        return "points" if self.unit == "index" else self.unit

    @property
    def unit_words(self) -> str:
        """Unit of forecasts and errors in words."""
        return _UNIT_WORDS.get(self.mark, self.mark)

    def stands_on(self, window: Window) -> int:
        """Return the newest data year before what is measured begins: the origin of a forecast."""
        year: int = getattr(window, self.timing.years[0])
        return year

    def known_from(self, window: Window) -> int | None:
        """Return the data year from which the value is known; None: each city has its own."""
        return getattr(window, self.timing.known) if self.timing.known else None

    def label(self, outcome: Float, horizon: int, nation: Nation = SUM) -> Float:
        """Return the label at each origin, shape (cities, years), known horizon years later.

        Raises
        ------
        InputError
            If the measure has a value only over a window.
        """
        over = self._over_horizon()
        values: Float = nation.apart(lambda own, x: over(x, horizon, own).values, outcome)
        return values

    def reasons(self, outcome: Float, horizon: int, nation: Nation = SUM) -> Codes:
        """Why labels are missing, shape (cities, years); codes of `reasons.REASONS`.

        Raises
        ------
        InputError
            If the measure has a value only over a window.
        """
        over = self._over_horizon()
        codes: Codes = nation.apart(lambda own, x: over(x, horizon, own).reasons, outcome)
        return codes

    def _over_horizon(self) -> OverHorizon:
        if self.over_horizon is None:
            forms = ", ".join(m.id for m in MEASURES.values() if m.kind == "horizon")
            raise InputError(
                f"measure {self.id!r} has no value at every origin, only over a window; "
                f"forecast one of {forms}, or measure it over a window such as 2008:2009:2011"
            )
        return self.over_horizon


def both_forms(kernel: Between) -> tuple[OverWindow, OverHorizon]:
    """Return both forms of a measure that compares two years of the outcome."""
    return (
        lambda data, window: data.between(kernel, window.start, window.end),
        partial(between_ends, kernel),
    )


def _trend(data: WindowData, window: Window) -> Measured:
    found = trend_deviation(data.outcome, window.end - window.start)
    at = data.column(window.start)
    return Measured(found.values[:, at], found.reasons[:, at])


def _resistance(data: WindowData, window: Window) -> Measured:
    return data.excess(window.start, window.end)


def _recovery(data: WindowData, window: Window) -> Measured:
    return data.excess(window.end, window.recovery_end)


def _composite(data: WindowData, window: Window) -> Measured:
    """Composite index at the end; beside it the index at the start."""
    if data.composite is None or data.components is None:
        return data.nowhere("no_components")
    scores = data.composite.apply(data.components)
    values = data.at(scores, window.end)
    return measured(
        values,
        ("not_yet", np.array(window.end > data.years[-1])),
        ("no_components", ~np.isfinite(values)),
        beside={"start": data.at(scores, window.start)},
    )


_TABLE = (
    Measure(
        "growth_gap",
        "pp",
        "above 0: grew faster than the nation",
        "growth gap to the nation",
        "相对全国的增长差距",
        *both_forms(growth_gap_between),
    ),
    Measure(
        "relative_resistance",
        "ratio",
        "above 0: did better than the nation",
        "relative resistance",
        "相对抵抗力",
        *both_forms(relative_resistance),
    ),
    Measure(
        "sensitivity",
        "ratio",
        "above 1: changes more than the nation, good in growth and bad in a contraction",
        "sensitivity to national growth",
        "对全国增长的敏感度",
        *both_forms(sensitivity),
        better=0,
    ),
    Measure(
        "trend_deviation",
        "pp",
        "above 0: above the city's own trend before the shock",
        "deviation from the trend before the shock",
        "偏离冲击前趋势",
        _trend,
        trend_deviation,
        needs=("outcome", "history"),
    ),
    Measure(
        "resistance",
        "ratio",
        "above 0: did better than expected in the contraction",
        "resistance",
        "抵抗力",
        _resistance,
        needs=("outcome", "counterfactual"),
    ),
    Measure(
        "recovery",
        "ratio",
        "above 0: did better than expected in the expansion",
        "recovery",
        "恢复力",
        _recovery,
        timing=EXPANSION,
        needs=("outcome", "recovery", "counterfactual"),
    ),
    Measure(
        "quadrant",
        "category",
        "signs of resistance and recovery",
        "quadrant of resistance and recovery",
        "抵抗—恢复象限",
        lambda data, window: quadrant(_resistance(data, window), _recovery(data, window)),
        timing=WHOLE,
        needs=("outcome", "recovery", "counterfactual"),
        categories=QUADRANTS,
    ),
    Measure(
        "structure_effect",
        "unit of the industries",
        "above 0: an industry mix that did better than the nation's",
        "structure effect",
        "结构效应",
        lambda data, window: data.between_industries(structure_effect, window.start, window.end),
        needs=("industries",),
    ),
    Measure(
        "agency_effect",
        "unit of the industries",
        "above 0: the city's industries did better than the same industries of the nation",
        "agency effect",
        "能动效应",
        lambda data, window: data.between_industries(agency_effect, window.start, window.end),
        needs=("industries",),
    ),
    Measure(
        "time_to_recover",
        "years",
        "more years: a longer way back; 1 = never below, or back within a year",
        "years to recover",
        "恢复所需年数",
        lambda data, window: time_to_recover(data.outcome, data.column(window.start)),
        timing=OPEN,
        needs=("outcome", "history"),
        better=-1,
    ),
    Measure(
        "composite",
        "index",
        "more is better",
        "composite index",
        "综合指数",
        _composite,
        needs=("components",),
    ),
)

_BY_ID = {measure.id: measure for measure in _TABLE}
MEASURES: Mapping[str, Measure] = MappingProxyType(_BY_ID)

_TWO_SIDED = (
    "a two-sided filter uses years after the shock to draw the path before it; "
    "use 'trend_deviation', whose trend ends at the start of the window"
)
REFUSED: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("hp_trend", "hp_filter", "hodrick_prescott", "two_sided_trend"), _TWO_SIDED)
)


def measure_of(name: str) -> Measure:
    """Return a measure by its id.

    Raises
    ------
    InputError
        If there is none of that name, or it is one that is refused.
    """
    if name in REFUSED:
        raise InputError(f"measure {name!r} is refused: {REFUSED[name]}")
    check_known(name, MEASURES, "measure", "is unknown")
    return MEASURES[name]
