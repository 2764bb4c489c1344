"""Figures of the report as plotly figure dicts, drawn in the browser from the summary.

Texts inside a figure that start with ``@`` are references which the page replaces in the
reader's language: ``@text:key``, ``@model:id``, ``@family:id``, ``@indicator:index``. City names
are given as indices (``customdata``) into a list of names, so that each name is stored once.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = [
    "FIGURES",
    "build_figures",
    "fig_covered",
    "fig_families",
    "fig_indicators",
    "fig_outcomes",
    "fig_years",
]

Figure = dict[str, Any]

INK, MUTED, RULE = "#1c2530", "#55606c", "#dfe3e8"
ACCENT, NAIVE, HISTORY = "#1d4e7e", "#b0641e", "#7b8591"
RISE, FALL = "#1d6f66", "#ae4a26"
FONT = (
    'system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, "PingFang SC", '
    '"Hiragino Sans GB", "Microsoft YaHei", "Noto Sans CJK SC", "Noto Sans SC", sans-serif'
)


def fig_years(part: dict[str, Any], served: str) -> Figure:
    """Draw mean absolute error by origin year: served, best naive, history only."""
    years, errors = part["years"]["years"], part["years"]["mae"]
    roles = (
        ("naive", part["verdict"]["naive"], NAIVE, "dash", "square"),
        ("history", "history_only", HISTORY, "dot", "diamond"),
        ("served", served, ACCENT, "solid", "circle"),
    )
    shown = {role[1] for role in roles if role[0] == "served"}
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": f"@model:{model}",
            "x": years,
            "y": errors[role],
            "line": {"color": colour, "width": 3 if role == "served" else 1.8, "dash": dash},
            "marker": {"color": colour, "size": 7 if role == "served" else 6, "symbol": symbol},
            "hovertemplate": "%{x}: %{y:.2f}",
        }
        for role, model, colour, dash, symbol in roles
        if model and (role == "served" or model not in shown)
        if any(error is not None for error in errors[role])
    ]
    layout = _layout(
        height=340,
        xaxis={"title": {"text": "@text:axis_origin"}, "dtick": 1 if len(years) < 9 else None},
        yaxis={"title": {"text": "@text:axis_mae"}, "rangemode": "tozero"},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        hovermode="x unified",
    )
    layout["xaxis"]["tickformat"] = "d"
    return {"data": traces, "layout": layout}


def fig_covered(part: dict[str, Any], _served: str = "") -> Figure:
    """Draw the share of outcomes inside the intervals by origin year, 90 % and 80 %."""
    years = (part.get("intervals") or {}).get("years") or {"year": []}
    roles = (
        ("coverage", "@text:covered_90", ACCENT, "circle"),
        ("coverage_80", "@text:covered_80", HISTORY, "diamond"),
    )
    traces = [
        {
            "type": "scatter",
            "mode": "lines+markers",
            "name": name,
            "x": years["year"],
            "y": years.get(column, []),
            "line": {"color": colour, "width": 2},
            "marker": {"color": colour, "size": 7, "symbol": symbol},
            "hovertemplate": "%{x}: %{y:.1%}",
        }
        for column, name, colour, symbol in roles
    ]
    nominal = [
        {
            "type": "line",
            "xref": "paper",
            "x0": 0,
            "x1": 1,
            "y0": level,
            "y1": level,
            "line": {"color": colour, "width": 1.2, "dash": "dash"},
            "layer": "below",
        }
        for level, colour in ((0.9, ACCENT), (0.8, HISTORY))
    ]
    layout = _layout(
        height=320,
        xaxis={"title": {"text": "@text:axis_origin"}},
        yaxis={"title": {"text": "@text:axis_covered"}, "tickformat": ".0%", "range": [0.4, 1.02]},
        legend={"orientation": "h", "x": 0, "y": 1.02, "yanchor": "bottom"},
        hovermode="x unified",
        shapes=nominal,
    )
    layout["xaxis"]["tickformat"] = "d"
    return {"data": traces, "layout": layout}


def fig_families(part: dict[str, Any], _served: str = "") -> Figure:
    """Draw the mean absolute contribution of each observed family."""
    rows = part["families"]["families"]
    return _bars([f"@family:{name}" for name, _ in rows], [size for _, size in rows])


def fig_indicators(part: dict[str, Any], _served: str = "") -> Figure:
    """Draw the mean absolute contribution of the leading indicators."""
    rows = part["families"]["indicators"]
    return _bars([f"@indicator:{index}" for index, _ in rows], [size for _, size in rows])


def fig_outcomes(part: dict[str, Any]) -> dict[str, Figure]:
    """Draw forecast against outcome for each origin year, one point a city."""
    return {origin: _outcome(year) for origin, year in part["outcomes"].items()}


def _outcome(year: dict[str, Any]) -> Figure:
    trace = {
        "type": "scatter",
        "mode": "markers",
        "x": year["forecast"],
        "y": year["truth"],
        "customdata": year["city"],
        "marker": {"color": ACCENT, "size": 7, "opacity": 0.55, "line": {"width": 0}},
        "hovertemplate": "<b>%{text}</b><br>@text:axis_forecast: %{x:+.2f}"
        "<br>@text:axis_outcome: %{y:+.2f}<extra></extra>",
    }
    ends = _padded(year["forecast"]), _padded(year["truth"])
    far = max(abs(end) for pair in ends for end in pair)
    diagonal = {
        "type": "line",
        "x0": -far,
        "y0": -far,
        "x1": far,
        "y1": far,
        "line": {"color": MUTED, "width": 1.2, "dash": "dash"},
        "layer": "below",
    }
    layout = _layout(
        height=440,
        xaxis={"title": {"text": "@text:axis_forecast"}, "range": ends[0], "zeroline": True},
        yaxis={"title": {"text": "@text:axis_outcome"}, "range": ends[1], "zeroline": True},
        shapes=[diagonal],
        showlegend=False,
    )
    return {"data": [trace], "layout": layout}


def city_frames() -> dict[str, Figure]:
    """Return the two empty figures of a city, which the page fills with the city's own bars."""
    waterfall = {
        "type": "waterfall",
        "orientation": "h",
        "connector": {"line": {"color": MUTED, "width": 1}},
        "increasing": {"marker": {"color": RISE}},
        "decreasing": {"marker": {"color": FALL}},
        "totals": {"marker": {"color": ACCENT}},
        "textposition": "outside",
        "cliponaxis": False,
        "hoverinfo": "skip",
    }
    bars = {
        "type": "bar",
        "orientation": "h",
        "textposition": "outside",
        "cliponaxis": False,
        "hoverinfo": "skip",
        "marker": {"color": []},
    }
    frames = {
        name: {"data": [trace], "layout": _layout(**_sideways(), height=300, showlegend=False)}
        for name, trace in (("families", waterfall), ("indicators", bars))
    }
    frames["colours"] = {"rise": RISE, "fall": FALL, "other": HISTORY}
    return frames


def build_figures(summary: dict[str, Any]) -> dict[str, Any]:
    """Return every figure of the page.

    Returns
    -------
    dict
        ``by_horizon``: horizon → name of the figure → figure (``outcomes``: origin year →
        figure); ``city``: frames for a city's own figures.
    """
    return {
        "by_horizon": {
            horizon: {
                **{name: draw(part, summary["served"]) for name, draw in FIGURES.items()},
                "outcomes": fig_outcomes(part),
            }
            for horizon, part in summary["by_horizon"].items()
        },
        "city": city_frames(),
    }


FIGURES: dict[str, Callable[[dict[str, Any], str], Figure]] = {
    "years": fig_years,
    "covered": fig_covered,
    "families": fig_families,
    "indicators": fig_indicators,
}


def _bars(names: list[str], sizes: list[float]) -> Figure:
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
    layout["yaxis"].update(tickmode="array", tickvals=trace["y"], ticktext=names)
    layout["xaxis"]["range"] = [0, 1.18 * max(sizes, default=1.0)]
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
