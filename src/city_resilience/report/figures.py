"""Figures of the report, drawn in the browser by plotly from the summary.

A figure is one entry in `FIGURES` and its texts ``fig_<id>`` and, where wanted,
``fig_<id>_lead``. It holds its data and what is its own of the layout; ``style`` names the rest in
``figures.json``. Texts are in both languages, of which the page takes one. City names are given as
indices (``customdata``) into a list of names, so that each is stored once.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache, partial
from importlib.resources import files
from typing import Any

from city_resilience.models.rows import FORECASTING, STRUCTURAL
from city_resilience.report.shapes import draw_shapes
from city_resilience.report.texts import Both, Texts, both

__all__ = ["FIGURES", "FigureEntry", "build_figures", "draw_covered", "figure_styles"]

Figure = dict[str, Any]
Part = Mapping[str, Any]
Summary = Mapping[str, Any]


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
        then returns a figure for each, with a ``label`` and a ``note`` beside ``data`` and
        ``layout``.
    from_end : bool
        The last of them is shown first.
    """

    id: str
    section: str
    draw: Callable[[Part, Summary, Texts], Figure | None]
    steps: str = ""
    from_end: bool = False


@cache
def figure_styles() -> dict[str, Any]:
    """Return how layouts, axes, traces and shapes look, by name."""
    path = files("city_resilience.report").joinpath("assets", "figures.json")
    styles: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return styles


def build_figures(summary: Summary, say: Texts) -> dict[str, dict[str, Figure | None]]:
    """Return every figure of the page: horizon → id → figure."""
    return {
        horizon: {id: entry.draw(part, summary, say) for id, entry in FIGURES.items()}
        for horizon, part in summary["by_horizon"].items()
    }


def draw_years(part: Part, _summary: Summary, say: Texts) -> Figure | None:
    """Draw mean absolute error by origin year: served, best naive, history only."""
    years = part["years"]["years"]
    lines = {own["role"]: own for own in part["years"]["errors"]}
    traces = [
        {
            "style": role,
            "name": say.name("model", lines[role]["model"]),
            "x": years,
            "y": lines[role]["mae"],
        }
        for role in ("naive", "history", "served")
        if role in lines
    ]
    layout = {**_over_years("years", years, say), "yaxis": _axis(say("axis_mae"))}
    return {"data": traces, "layout": layout} if years else None


def draw_covered(part: Part, _summary: Summary, say: Texts) -> Figure | None:
    """Draw the share of outcomes inside the intervals by origin year, 90 % and 80 %."""
    if not part["intervals"]:
        return None
    found = part["intervals"]["years"]
    fields = {"90": "coverage", "80": "coverage_80"}
    traces = [
        {
            "style": f"covered_{level}",
            "name": say(f"covered_{level}"),
            "x": found["year"],
            "y": found[field],
        }
        for level, field in fields.items()
    ]
    promised = [{"style": f"promised_{level}"} for level in fields]
    layout = {**_over_years("covered", found["year"], say), "yaxis": _axis(say("axis_covered"))}
    return {"data": traces, "layout": {**layout, "shapes": promised}}


def draw_families(part: Part, _summary: Summary, say: Texts) -> Figure | None:
    """Draw the mean absolute contribution of each observed family."""
    return _bars([(say.name("family", name), size) for name, size in part["families"]["families"]])


def draw_indicators(part: Part, summary: Summary, _say: Texts) -> Figure | None:
    """Draw the mean absolute contribution of the leading indicators."""
    labels = [both(entry.__getitem__) for entry in summary["indicators"]]
    return _bars([(labels[index], size) for index, size in part["families"]["indicators"]])


def draw_outcome(part: Part, _summary: Summary, say: Texts) -> Figure | None:
    """Draw forecast against outcome for each origin year, one point a city."""
    return {
        origin: {
            "label": say("origin_option", origin=origin, target=year["target"]),
            "note": say(f"outcome_note{'_bare' * (year['mae'] is None)}", **year),
            **_scatter(year, say),
        }
        for origin, year in part["outcomes"].items()
    } or None


def _shapes(view: str, part: Part, _summary: Summary, say: Texts) -> Figure | None:
    return draw_shapes(part, view, say)


def _scatter(year: Part, say: Texts) -> Figure:
    forecast, outcome = say("axis_forecast"), say("axis_outcome")
    ends = _padded(year["forecast"]), _padded(year["truth"])
    far = max(abs(end) for pair in ends for end in pair)
    trace = {
        "style": "outcome",
        "x": year["forecast"],
        "y": year["truth"],
        "customdata": year["city"],
        "hovertemplate": both(
            lambda lang: (
                f"<b>%{{text}}</b><br>{forecast[lang]}: %{{x:+.2f}}"
                f"<br>{outcome[lang]}: %{{y:+.2f}}<extra></extra>"
            )
        ),
    }
    layout = {
        "style": "outcome",
        "xaxis": {**_axis(forecast), "range": ends[0]},
        "yaxis": {**_axis(outcome), "range": ends[1]},
        "shapes": [{"style": "diagonal", "x0": -far, "y0": -far, "x1": far, "y1": far}],
    }
    return {"data": [trace], "layout": layout}


FIGURES: dict[str, FigureEntry] = {
    entry.id: entry
    for entry in (
        FigureEntry("families", "drivers", draw_families),
        FigureEntry("indicators", "drivers", draw_indicators),
        FigureEntry("years", "skill", draw_years),
        FigureEntry("outcome", "skill", draw_outcome, "origin_year", from_end=True),
        FigureEntry("shapes", "drivers", partial(_shapes, FORECASTING), "shape_of"),
        FigureEntry("structural_shapes", "structural", partial(_shapes, STRUCTURAL), "shape_of"),
        FigureEntry("covered", "intervals", draw_covered),
    )
}


def _axis(title: Both) -> Figure:
    return {"title": {"text": title}}


def _over_years(style: str, years: list[int], say: Texts) -> Figure:
    every = {"dtick": 1} if len(years) < 9 else {}
    return {"style": style, "xaxis": {**_axis(say("axis_origin")), **every}}


def _bars(rows: list[tuple[Both, float]]) -> Figure | None:
    if not rows:
        return None
    sizes, places = [size for _, size in rows], list(range(len(rows)))
    trace = {"style": "bars", "x": sizes, "y": places, "text": [f"{size:.2f}" for size in sizes]}
    names = {"tickvals": places, "ticktext": [name for name, _ in rows]}
    layout = {"style": "bars", "yaxis": names, "xaxis": {"range": [0, 1.18 * max(sizes)]}}
    return {"data": [trace], "layout": layout}


def _padded(values: list[float]) -> list[float]:
    low, high = min(values, default=-1.0), max(values, default=1.0)
    pad = 0.06 * (high - low) or 1.0
    return [round(low - pad, 3), round(high + pad, 3)]
