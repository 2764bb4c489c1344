"""Figures of the report, drawn as SVG from the summary.

A figure is one entry in `FIGURES`, a pure function to a `Chart` or to `Bars`, and its texts
``fig_<id>`` and, where wanted, ``fig_<id>_lead``. Texts are in both languages, of which the page
takes one.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from city_resilience.models.intervals import EVENTS
from city_resilience.models.rows import FORECASTING, STRUCTURAL
from city_resilience.report.drawing import Axis, Bars, Chart, Mark, Series, Step, Whiskers
from city_resilience.report.figure_tables import (
    covered_numbers,
    no_numbers,
    outcome_numbers,
    shape_numbers,
    year_numbers,
)
from city_resilience.report.shapes import draw_shapes
from city_resilience.report.study_figures import draw_added, draw_left_out, draw_ranks
from city_resilience.report.tables import Table
from city_resilience.report.texts import Texts, both

__all__ = ["FIGURES", "Figure", "FigureEntry", "build_figures", "draw_covered"]

Figure = Chart | Bars | Whiskers | dict[str, Step]
Part = Mapping[str, Any]
"""What is known at a horizon, and its ``horizon``."""
Summary = Mapping[str, Any]
ORDER = {"other": 0, "history": 1, "naive": 2, "zero": 3, "served": 4}
"""What is drawn first; the model in use is drawn over all others."""
COVERED = {"90": "coverage", "80": "coverage_80"}
LEAST_STATED = 20
"""Forecasts from which on a bin of stated chances is drawn; the table has all."""


@dataclass(frozen=True)
class FigureEntry:
    """One figure of the page.

    Attributes
    ----------
    id : str
        Its texts are ``fig_<id>`` and ``fig_<id>_lead``.
    section : str
        Id of the section of the page that it stands in.
    draw : callable
        Function (part at a horizon, summary, texts) -> the figure, None where there is nothing
        to draw.
    steps : str
        Key of the text that says what the reader steps through, such as origin years: the function
        then returns a `Step` for each.
    from_end : bool
        The last of them is shown first.
    named : bool
        The axis of each says which it is.
    once : bool
        It is drawn at the first horizon alone.
    block : str
        The part of the study that it stands in.
    numbers : callable
        Function (part, summary, texts) -> the figure's numbers as a table, None where they stand
        beside its marks or in another table.
    """

    id: str
    section: str
    draw: Callable[[Part, Summary, Texts], Figure | None]
    steps: str = ""
    from_end: bool = False
    named: bool = False
    once: bool = False
    block: str = ""
    numbers: Callable[[Part, Summary, Texts], Table | None] = no_numbers


def build_figures(summary: Summary, say: Texts) -> dict[str, dict[str, Figure | None]]:
    """Return every figure of the page: horizon → id → figure."""
    return {
        horizon: {
            id: entry.draw({**part, "horizon": horizon}, summary, say)
            if not (entry.once and place)
            else None
            for id, entry in FIGURES.items()
        }
        for place, (horizon, part) in enumerate(summary["by_horizon"].items())
    }


def draw_years(part: Part, _summary: Summary, say: Texts) -> Chart | None:
    """Draw mean absolute error by origin year: served, history only and every naive rule."""
    years = part["years"]["years"]
    series = tuple(
        Series(
            f"other_{at}" if own["role"] == "other" else own["role"],
            "curve" if own["role"] == "other" else "line",
            years,
            own["mae"],
            say.name("model", own["model"]),
        )
        for at, own in enumerate(
            sorted(part["years"]["errors"], key=lambda own: ORDER[own["role"]])
        )
    )
    top = max((value for own in series for value in own.y if value is not None), default=1.0)
    return (
        Chart(series, _years(years, say), Axis(say("axis_mae"), 0.0, 1.06 * top)) if years else None
    )


def draw_covered(part: Part, _summary: Summary, say: Texts) -> Chart | None:
    """Draw the share of outcomes inside the intervals by origin year, 90 % and 80 %."""
    if not part["intervals"]:
        return None
    found = part["intervals"]["years"]
    series = tuple(
        Series(f"covered_{level}", "line", found["year"], found[field], say(f"covered_{level}"))
        for level, field in COVERED.items()
    )
    least = min((value for own in series for value in own.y if value is not None), default=0.5)
    promised = tuple(Mark(f"promised_{level}", "y", int(level) / 100) for level in COVERED)
    side = Axis(say("axis_covered"), min(0.5, least - 0.02), 1.0, "percent")
    return Chart(series, _years(found["year"], say), side, promised)


def draw_reliability(part: Part, _summary: Summary, say: Texts) -> Chart | None:
    """Draw how often an event came to pass by the chance that was stated for it."""
    rows = part["intervals"]["chances"] if part["intervals"] else []
    series = []
    for event in EVENTS:
        own = [row["events"][event] for row in rows if event in row["events"]]
        own = [point for point in own if point["n"] >= LEAST_STATED]
        stated, found = ([point[key] for point in own] for key in ("probability", "frequency"))
        if own:
            series.append(Series(event, "line", stated, found, say(event)))
    ends = (
        Axis(say("stated_chance"), 0.0, 1.0, "percent"),
        Axis(say("axis_came"), 0.0, 1.0, "percent"),
    )
    return Chart(tuple(series), *ends, (Mark("diagonal", "both"),), 340.0) if series else None


def draw_families(part: Part, _summary: Summary, say: Texts) -> Bars | None:
    """Draw the mean absolute contribution of each observed family."""
    return Bars.of((say.name("family", name), size) for name, size in part["families"]["families"])


def draw_indicators(part: Part, summary: Summary, _say: Texts) -> Bars | None:
    """Draw the mean absolute contribution of the leading indicators."""
    labels = [both(entry.__getitem__) for entry in summary["indicators"]]
    return Bars.of((labels[index], size) for index, size in part["families"]["indicators"])


def draw_outcome(part: Part, _summary: Summary, say: Texts) -> dict[str, Step] | None:
    """Draw forecast against outcome for each origin year, one point a city."""
    return {
        origin: Step(
            say("origin_option", origin=origin, target=year["target"]),
            say(f"outcome_note{'_bare' * (year['mae'] is None)}", **year),
            _scatter(year, say),
        )
        for origin, year in part["outcomes"].items()
    } or None


def _ranks(view: str, part: Part, summary: Summary, say: Texts) -> Whiskers | None:
    return draw_ranks(view, part["horizon"], summary, say)


def _left_out(part: Part, summary: Summary, say: Texts) -> Whiskers | None:
    return draw_left_out(part["horizon"], summary, say)


def _added(part: Part, summary: Summary, say: Texts) -> Whiskers | None:
    return draw_added(part["horizon"], summary, say)


def _shapes(view: str, part: Part, _summary: Summary, say: Texts) -> dict[str, Step] | None:
    return draw_shapes(part, view, say)


def _scatter(year: Part, say: Texts) -> Chart:
    points = Series("outcome", "dots", year["forecast"], year["truth"])
    return Chart(
        (points,),
        Axis(say("axis_forecast"), *_padded(year["forecast"])),
        Axis(say("axis_outcome"), *_padded(year["truth"])),
        (Mark("zero", "x"), Mark("zero", "y"), Mark("diagonal", "both")),
        height=360.0,
    )


FIGURES: dict[str, FigureEntry] = {
    entry.id: entry
    for entry in (
        FigureEntry("families", "drivers", draw_families),
        FigureEntry("indicators", "drivers", draw_indicators),
        FigureEntry("ranks", "drivers", partial(_ranks, FORECASTING)),
        FigureEntry("years", "skill", draw_years, numbers=year_numbers),
        FigureEntry(
            *("outcome", "skill", draw_outcome, "origin_year"),
            from_end=True,
            numbers=outcome_numbers,
        ),
        FigureEntry(
            *("shapes", "drivers", partial(_shapes, FORECASTING), "shape_of"),
            named=True,
            once=True,
            numbers=partial(shape_numbers, FORECASTING),
        ),
        FigureEntry("structural_ranks", "structural", partial(_ranks, STRUCTURAL)),
        FigureEntry(
            *("structural_shapes", "structural", partial(_shapes, STRUCTURAL), "shape_of"),
            named=True,
            once=True,
            numbers=partial(shape_numbers, STRUCTURAL),
        ),
        FigureEntry("left_out", "study", _left_out, block="ablation"),
        FigureEntry("added", "study", _added, block="ablation"),
        FigureEntry("covered", "intervals", draw_covered, numbers=covered_numbers),
        FigureEntry("reliability", "intervals", draw_reliability),
    )
}


def _years(years: list[int], say: Texts) -> Axis:
    return Axis(say("axis_origin"), min(years) - 0.3, max(years) + 0.3, "year")


def _padded(values: list[float]) -> tuple[float, float]:
    """Return ends that leave room around all values and zero."""
    low, high = min(0.0, *values), max(0.0, *values)
    pad = 0.06 * (high - low) or 1.0
    return low - pad, high + pad
