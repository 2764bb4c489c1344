"""Figures of the report as plotly figures, drawn in the browser from the summary.

A figure is one entry in `FIGURES` and its texts ``fig_<id>`` and, where wanted,
``fig_<id>_lead``. Texts inside a figure are in both languages, of which the page takes one. City
names are given as indices (``customdata``) into a list of names, so that each is stored once.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from city_resilience.evaluation.candidates import HISTORY_ONLY
from city_resilience.report.formatting import percent, unsigned
from city_resilience.report.texts import Both, Texts, both

__all__ = ["FIGURES", "Figure", "FigureEntry", "build_figures", "city_frames", "draw_covered"]

Figure = dict[str, Any]
Part = Mapping[str, Any]
Summary = Mapping[str, Any]

INK, MUTED, RULE = "#1c2530", "#55606c", "#dfe3e8"
ACCENT, NAIVE, HISTORY = "#1d4e7e", "#b0641e", "#7b8591"
RISE, FALL = "#1d6f66", "#ae4a26"
FONT = (
    'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "PingFang SC", '
    '"Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif'
)


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
    by_origin : bool
        The function returns one figure an origin year instead, each with a ``label`` and a
        ``note`` beside ``data`` and ``layout``, and the reader steps through them.
    """

    id: str
    section: str
    draw: Callable[[Part, Summary, Texts], Figure | None]
    by_origin: bool = False


def draw_years(part: Part, summary: Summary, say: Texts) -> Figure | None:
    """Draw mean absolute error by origin year: served, best naive, history only."""
    years, errors = part["years"]["years"], part["years"]["mae"]
    served = summary["served"]
    roles = [
        ("naive", part["headline"]["naive"], NAIVE, "dash", "square"),
        ("history", HISTORY_ONLY, HISTORY, "dot", "diamond"),
    ]
    roles = [role for role in roles if role[1] not in {None, served}]
    traces = [
        _years_trace(say.model(model), years, errors[role], (colour, symbol), (1.8, dash, 6))
        for role, model, colour, dash, symbol in roles
        if any(error is not None for error in errors[role])
    ]
    own = (ACCENT, "circle"), (3, "solid", 7)
    traces.append(_years_trace(say.model(served), years, errors["served"], *own))
    axis = {"title": {"text": say("axis_mae")}, "rangemode": "tozero"}
    return {"data": traces, "layout": _over_years(years, axis, say, height=340)} if years else None


def draw_covered(part: Part, _summary: Summary, say: Texts) -> Figure | None:
    """Draw the share of outcomes inside the intervals by origin year, 90 % and 80 %."""
    if not part["intervals"]:
        return None
    found = part["intervals"]["years"]
    roles = (
        ("coverage", 0.9, "90", ACCENT, "circle"),
        ("coverage_80", 0.8, "80", HISTORY, "diamond"),
    )
    traces = [
        _years_trace(say(f"covered_{name}"), found["year"], found[column], (colour, symbol))
        | {"hovertemplate": "%{x}: %{y:.1%}"}
        for column, _, name, colour, symbol in roles
    ]
    promised = [
        {
            **_dashed(colour),
            "xref": "paper",
            "x0": 0,
            "x1": 1,
            "y0": level,
            "y1": level,
        }
        for _, level, _, colour, _ in roles
    ]
    axis = {"title": {"text": say("axis_covered")}, "tickformat": ".0%", "range": [0.4, 1.02]}
    layout = _over_years(found["year"], axis, say, height=320, shapes=promised)
    return {"data": traces, "layout": layout}


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
            "note": _outcome_note(year, say),
            **_scatter(year, say),
        }
        for origin, year in part["outcomes"].items()
    } or None


def _outcome_note(year: Part, say: Texts) -> Both:
    if year["mae"] is None:
        return say("outcome_note_bare", n=year["n"])
    return say(
        "outcome_note",
        n=year["n"],
        mae=say.figure(year["mae"]),
        rank=unsigned(year["rank_correlation"]),
        sign=percent(year["sign_hit_rate"]),
    )


def _scatter(year: Part, say: Texts) -> Figure:
    forecast, outcome = say("axis_forecast"), say("axis_outcome")
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": year["forecast"],
        "y": year["truth"],
        "customdata": year["city"],
        "marker": {"color": ACCENT, "size": 7, "opacity": 0.55, "line": {"width": 0}},
        "hovertemplate": both(
            lambda lang: (
                f"<b>%{{text}}</b><br>{forecast[lang]}: %{{x:+.2f}}"
                f"<br>{outcome[lang]}: %{{y:+.2f}}<extra></extra>"
            )
        ),
    }
    ends = _padded(year["forecast"]), _padded(year["truth"])
    far = max(abs(end) for pair in ends for end in pair)
    diagonal = {**_dashed(MUTED), "x0": -far, "y0": -far, "x1": far, "y1": far}
    layout = _layout(
        height=440,
        xaxis={"title": {"text": forecast}, "range": ends[0], "zeroline": True},
        yaxis={"title": {"text": outcome}, "range": ends[1], "zeroline": True},
        shapes=[diagonal],
        showlegend=False,
    )
    return {"data": [trace], "layout": layout}


FIGURES: Mapping[str, FigureEntry] = {
    entry.id: entry
    for entry in (
        FigureEntry("families", "drivers", draw_families),
        FigureEntry("indicators", "drivers", draw_indicators),
        FigureEntry("years", "skill", draw_years),
        FigureEntry("outcome", "skill", draw_outcome, by_origin=True),
        FigureEntry("covered", "intervals", draw_covered),
    )
}


def build_figures(summary: Summary, say: Texts) -> dict[str, dict[str, Figure | None]]:
    """Return every figure of the page: horizon → id → figure."""
    return {
        horizon: {id: entry.draw(part, summary, say) for id, entry in FIGURES.items()}
        for horizon, part in summary["by_horizon"].items()
    }


def city_frames() -> dict[str, Figure]:
    """Return the two empty figures of a city, which the page fills with the city's own bars."""
    bars = {
        "type": "bar",
        "orientation": "h",
        "textposition": "outside",
        "cliponaxis": False,
        "hoverinfo": "skip",
        "marker": {"color": []},
    }
    waterfall = {
        **{key: value for key, value in bars.items() if key != "marker"},
        "type": "waterfall",
        "connector": {"line": {"color": MUTED, "width": 1}},
        "increasing": {"marker": {"color": RISE}},
        "decreasing": {"marker": {"color": FALL}},
        "totals": {"marker": {"color": ACCENT}},
    }
    frames = {
        name: {"data": [trace], "layout": _layout(**_sideways(), height=300, showlegend=False)}
        for name, trace in (("families", waterfall), ("indicators", bars))
    }
    frames["colours"] = {"rise": RISE, "fall": FALL, "other": HISTORY}
    return frames


def _years_trace(
    name: Both,
    years: list[int],
    values: list[float | None],
    look: tuple[str, str],
    weight: tuple[float, str, int] = (2, "solid", 7),
) -> Figure:
    colour, symbol = look
    width, dash, size = weight
    return {
        "type": "scatter",
        "mode": "lines+markers",
        "name": name,
        "x": years,
        "y": values,
        "line": {"color": colour, "width": width, "dash": dash},
        "marker": {"color": colour, "size": size, "symbol": symbol},
        "hovertemplate": "%{x}: %{y:.2f}",
    }


def _dashed(colour: str) -> Figure:
    line = {"color": colour, "width": 1.2, "dash": "dash"}
    return {"type": "line", "line": line, "layer": "below"}


def _over_years(years: list[int], axis: Figure, say: Texts, **parts: Any) -> Figure:
    return _layout(
        xaxis={
            "title": {"text": say("axis_origin")},
            "dtick": 1 if len(years) < 9 else None,
            "tickformat": "d",
        },
        yaxis=axis,
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        hovermode="x unified",
        **parts,
    )


def _bars(rows: list[tuple[Both, float]]) -> Figure | None:
    if not rows:
        return None
    sizes = [size for _, size in rows]
    trace = {
        "type": "bar",
        "orientation": "h",
        "x": sizes,
        "y": list(range(len(sizes))),
        "text": [f"{size:.2f}" for size in sizes],
        "textposition": "outside",
        "cliponaxis": False,
        "marker": {"color": ACCENT},
        "hoverinfo": "skip",
    }
    layout = _layout(**_sideways(), height=300, showlegend=False)
    names = [name for name, _ in rows]
    layout["yaxis"].update(tickmode="array", tickvals=trace["y"], ticktext=names)
    layout["xaxis"]["range"] = [0, 1.18 * max(sizes)]
    return {"data": [trace], "layout": layout}


def _sideways() -> dict[str, Any]:
    return {
        "xaxis": {"zeroline": True, "nticks": 6},
        "yaxis": {"autorange": "reversed", "showgrid": False, "ticklabelstandoff": 6},
        "bargap": 0.32,
        "margin": {"l": 8, "r": 24, "t": 8, "b": 32},
    }


def _layout(**parts: Any) -> dict[str, Any]:
    axis = {
        "gridcolor": RULE,
        "zeroline": False,
        "zerolinecolor": "#9aa4ae",
        "zerolinewidth": 1,
        "fixedrange": True,
        "automargin": True,
        "tickfont": {"color": MUTED, "size": 12},
        "title": {"font": {"size": 12, "color": MUTED}, "standoff": 8},
    }
    layout: dict[str, Any] = {
        "font": {"family": FONT, "size": 13, "color": INK},
        "paper_bgcolor": "rgba(0,0,0,0)",
        "plot_bgcolor": "rgba(0,0,0,0)",
        "margin": {"l": 8, "r": 8, "t": 8, "b": 40},
        "dragmode": False,
        "hoverlabel": {"bgcolor": "#ffffff", "bordercolor": RULE, "font": {"color": INK}},
    }
    layout.update(parts)
    for name in ("xaxis", "yaxis"):
        own = parts.get(name, {})
        title = {**axis["title"], **own.get("title", {})}  # type: ignore[dict-item]
        layout[name] = {**axis, **own, "title": title}
    return layout


def _padded(values: list[float]) -> list[float]:
    low, high = min(values, default=-1.0), max(values, default=1.0)
    pad = 0.06 * (high - low) or 1.0
    return [round(low - pad, 3), round(high + pad, 3)]
