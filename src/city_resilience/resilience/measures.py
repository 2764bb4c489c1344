"""The table of measures of resilience: what can be measured, and what can be forecast."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from city_resilience.errors import InputError, nearest
from city_resilience.resilience import horizons, over_windows
from city_resilience.resilience.counterfactual import QUADRANTS
from city_resilience.resilience.growth_gap import growth_gap
from city_resilience.resilience.reasons import Codes
from city_resilience.resilience.trajectories import TREND_YEARS, trend_deviation
from city_resilience.resilience.window import Window

__all__ = ["MEASURES", "REFUSED", "Kind", "Label", "Measure", "Timing", "measure_of"]

Float = NDArray[np.float64]
Kind = Literal["horizon", "window", "level"]
Label = Callable[[Float, int], Float]


@dataclass(frozen=True)
class Timing:
    """Which years a measure reads, and from which data year its value is known.

    Both are functions of the `Window`; a label at t over h years is the window (t, t + h). The
    words say the same in a report.
    """

    years: Callable[[Window], tuple[int, ...]]
    years_words: str
    known_from: Callable[[Window], int | None]
    known_words: str


_UNIT_WORDS = {
    "pp": "percentage points (pp)",
    "ratio": "ratios",
    "points": "points of a hundred",
}


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
    label : callable
        Function (outcome, shape (cities, years); horizon) -> label at origin t, shape
        (cities, years). The label of year t is known from year t + horizon on. InputError for a
        measure that is not of kind ``"horizon"``.
    label_en, label_zh : str
        Name in a report.
    kind : {"horizon", "window", "level"}
        ``"horizon"``: a label at every origin, to be forecast; ``"window"``: over the window of
        a shock only; ``"level"``: a state of each year. Every measure has a window form.
    over_window : callable
        Function (`over_windows.Material`, `Window`) -> `Measured`, shape (cities,).
    timing : Timing
    needs : tuple of str
        Among ``"outcome"``, ``"industries"``, ``"history"`` (years before the start),
        ``"recovery"`` (a window with a recovery) and ``"components"``.
    categories : tuple of str
        Words of a value that is a position; empty for numbers.
    over_horizon : callable or None
        As ``label``, values with their reasons.
    """

    id: str
    unit: str
    sign: str
    label: Label
    label_en: str
    label_zh: str
    kind: Kind
    over_window: over_windows.OverWindow
    timing: Timing
    needs: tuple[str, ...] = ("outcome",)
    categories: tuple[str, ...] = ()
    over_horizon: horizons.OverHorizon | None = None

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

    def years_needed(self, window: Window) -> tuple[int, ...]:
        """Return the years that are read for certain."""
        return self.timing.years(window)

    def known_from(self, window: Window) -> int | None:
        """Return the data year from which the value is known; None: each city has its own."""
        return self.timing.known_from(window)

    def reasons(self, outcome: Float, horizon: int) -> Codes:
        """Why labels are missing, shape (cities, years); codes of `reasons.REASONS`.

        Raises
        ------
        InputError
            If the measure has no horizon form.
        """
        if self.over_horizon is None:
            raise _no_horizon(self.id)
        return self.over_horizon(outcome, horizon).reasons


def _no_horizon(measure: str) -> InputError:
    forms = ", ".join(m.id for m in MEASURES.values() if m.kind == "horizon")
    return InputError(
        f"measure {measure!r} has no value at every origin, only over a window; "
        f"forecast one of {forms}, or measure it over a window such as 2008:2009:2011"
    )


def _refuse_label(measure: str, outcome: Float, horizon: int) -> Float:
    del outcome, horizon
    raise _no_horizon(measure)


def _values_of(form: horizons.OverHorizon, outcome: Float, horizon: int) -> Float:
    return form(outcome, horizon).values


def _ends(window: Window) -> tuple[int, ...]:
    return window.start, window.end


def _recovery(window: Window) -> tuple[int, ...]:
    return (window.end,) if window.recovery_end is None else (window.end, window.recovery_end)


def _trend_years(window: Window) -> tuple[int, ...]:
    return (*range(window.start - TREND_YEARS + 1, window.start + 1), window.end)


def _at_end(window: Window) -> int | None:
    return window.end


def _at_recovery_end(window: Window) -> int | None:
    return window.recovery_end


_END, _RECOVERED = "the end (t + h)", "the end of the recovery"
CONTRACTION = Timing(_ends, "the start and the end (t and t + h)", _at_end, _END)
EXPANSION = Timing(_recovery, "the end and the end of the recovery", _at_recovery_end, _RECOVERED)
WHOLE = Timing(
    lambda window: (window.start, *_recovery(window)),
    "the start, the end and the end of the recovery",
    _at_recovery_end,
    _RECOVERED,
)
TREND = Timing(
    _trend_years,
    f"the end (t + h), and at least {TREND_YEARS} known years up to the start (t)",
    _at_end,
    _END,
)
OPEN = Timing(
    lambda window: (window.start, window.start + 1),
    "the start, and every year after it until the city is back",
    lambda _: None,
    "the year in which the city is back; censored until then",
)
STATE = Timing(
    _ends,
    "the year itself; a window shows the index at its end and at its start",
    _at_end,
    "the year itself, once the training window is over",
)


def _at_horizons(
    id: str,
    unit: str,
    sign: str,
    label_en: str,
    label_zh: str,
    over_window: over_windows.OverWindow,
    over_horizon: horizons.OverHorizon,
    label: Label | None = None,
    timing: Timing = CONTRACTION,
    needs: tuple[str, ...] = ("outcome",),
) -> Measure:
    """Return a measure with a label at every origin, by default the values of its horizon form."""
    return Measure(
        id,
        unit,
        sign,
        label or partial(_values_of, over_horizon),
        label_en,
        label_zh,
        "horizon",
        over_window,
        timing,
        needs,
        over_horizon=over_horizon,
    )


def _at_windows(
    id: str,
    unit: str,
    sign: str,
    label_en: str,
    label_zh: str,
    over_window: over_windows.OverWindow,
    timing: Timing = CONTRACTION,
    needs: tuple[str, ...] = ("outcome",),
    kind: Kind = "window",
    categories: tuple[str, ...] = (),
) -> Measure:
    """Return a measure that has no label at an origin."""
    label = partial(_refuse_label, id)
    return Measure(
        id, unit, sign, label, label_en, label_zh, kind, over_window, timing, needs, categories
    )


_TABLE = (
    _at_horizons(
        "growth_gap",
        "pp",
        "above 0: held up better than the nation",
        "growth gap to the nation",
        "相对全国增长差",
        over_windows.gap,
        horizons.gap_ahead,
        growth_gap,
    ),
    _at_horizons(
        "relative_resistance",
        "ratio",
        "above 0: held up better than the nation",
        "relative resistance",
        "相对抵抗力",
        over_windows.relative,
        horizons.relative_resistance_ahead,
    ),
    _at_horizons(
        "sensitivity",
        "ratio",
        "above 1: moves more than the nation, good in growth and bad in a contraction",
        "sensitivity to national growth",
        "对全国增长的敏感度",
        over_windows.sensitive,
        horizons.sensitivity_ahead,
    ),
    _at_horizons(
        "trend_deviation",
        "pp",
        "above 0: above the city's own trend before the shock",
        "deviation from the trend before the shock",
        "偏离冲击前趋势",
        over_windows.trend,
        trend_deviation,
        timing=TREND,
        needs=("outcome", "history"),
    ),
    _at_windows(
        "resistance",
        "ratio",
        "above 0: did better than expected in the contraction",
        "resistance",
        "抵抗力",
        over_windows.resistance,
    ),
    _at_windows(
        "recovery",
        "ratio",
        "above 0: did better than expected in the expansion",
        "recovery",
        "恢复力",
        over_windows.recovery,
        EXPANSION,
        ("outcome", "recovery"),
    ),
    _at_windows(
        "quadrant",
        "category",
        "signs of resistance and recovery",
        "quadrant of resistance and recovery",
        "抵抗—恢复象限",
        over_windows.quadrant,
        WHOLE,
        ("outcome", "recovery"),
        categories=QUADRANTS,
    ),
    _at_windows(
        "structure_effect",
        "unit of the industries",
        "above 0: an industry mix that did better than the nation's",
        "structure effect",
        "结构效应",
        over_windows.structure,
        needs=("industries",),
    ),
    _at_windows(
        "agency_effect",
        "unit of the industries",
        "above 0: the city's industries did better than the same industries of the nation",
        "agency effect",
        "能动效应",
        over_windows.agency,
        needs=("industries",),
    ),
    _at_windows(
        "time_to_recover",
        "years",
        "more years: a longer way back; 1 = never below, or back within a year",
        "years to recover",
        "恢复所需年数",
        over_windows.recovery_time,
        OPEN,
        ("outcome", "history"),
    ),
    _at_windows(
        "composite",
        "index",
        "more is better",
        "composite index",
        "综合指数",
        over_windows.composite,
        STATE,
        ("components",),
        "level",
    ),
)

MEASURES: Mapping[str, Measure] = MappingProxyType({measure.id: measure for measure in _TABLE})

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
    if name not in MEASURES:
        raise InputError(
            f"measure {name!r} is unknown{nearest(name, MEASURES)}; "
            f"choose among {', '.join(MEASURES)}"
        )
    return MEASURES[name]
