"""Figures of the tests of the claims: one entry in a table plus one pure function each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from city_resilience.report.drawing import Axis, Chart, Mark, Series, Step, WhiskerRow, Whiskers
from city_resilience.report.mechanisms_rows import (
    Found,
    Rows,
    cautious_row,
    figure_of,
    in_columns,
    interval_of,
    label_of,
    model_of,
    pair_of,
    pairs_of,
    tone_of,
    way_of,
)
from city_resilience.report.texts import Both, Texts, both

__all__ = ["FIGURES", "MechanismFigure", "mechanism_figures"]

Steps = dict[str, Step]
Draw = Callable[[Found, Rows, Texts], Steps]
EVENTS = ("callaway_santanna", "not_yet", "imputation")
"""Estimators of an event study; the second where the first has no controls."""
STYLES = {"imputation": "history"}
DOTTED = 60
"""Specifications up to which each has its dot."""
APART = 0.16
"""Years by which estimators of one event year stand apart."""


@dataclass(frozen=True)
class MechanismFigure:
    """One figure: its texts are ``fig_<id>`` and ``fig_<id>_lead``.

    Attributes
    ----------
    id : str
    part : str
        Part whose rows it draws.
    draw : callable
        Function (what the summary holds, rows of the part, texts) -> a `Step` for each outcome and
        index, or policy.
    steps : str
        Key of the text that says what the reader steps through.
    """

    id: str
    part: str
    draw: Draw
    steps: str = "mech_steps"
    from_end: bool = False
    named: bool = False


def mechanism_figures(found: Found, say: Texts) -> dict[str, Steps]:
    """Return the figures that can be drawn, by id."""
    made = {
        own.id: own.draw(found, found["parts"][own.part]["rows"], say)
        for own in FIGURES
        if own.part in found["parts"]
    }
    return {id: steps for id, steps in made.items() if steps}


def _stepped(
    found: Found, rows: Rows, say: Texts, draw: Callable[[Rows], Chart | Whiskers | None]
) -> Steps:
    """Return a step for each outcome and index for which there is something to draw."""
    steps = {}
    for place, (outcome, treatment) in enumerate(pairs_of(rows)):
        own = [row for row in rows if (row["outcome"], row["treatment"]) == (outcome, treatment)]
        chart = draw(own)
        if chart is not None:
            label = pair_of(found, outcome, treatment, say)
            steps[f"{place:02}"] = Step(label, _note(own, say), chart)
    return steps


def _note(rows: Rows, say: Texts) -> Both:
    row = max(rows, key=lambda row: row.get("n", 0))
    if not row.get("n"):
        return both(lambda _: "")
    return say("mech_counts", **{key: row.get(key, 0) for key in ("n", "cities", "years")})


def _whisker(label: Both, row: Mapping[str, Any], note: Both | str = "", **more: Any) -> WhiskerRow:
    value = row["estimate"]
    ends = (row["low"], value, row["high"])
    return WhiskerRow(label, figure_of(value), ends, tone_of(row), note, **more)


def draw_coefficients(found: Found, rows: Rows, say: Texts) -> Steps:
    """Draw the estimate of each column with its interval by each way of inference."""

    def draw(own: Rows) -> Whiskers | None:
        return Whiskers.of(_coefficients(own, say), say("mech_axis_estimate"), None)

    return _stepped(found, rows, say, draw)


def _coefficients(rows: Rows, say: Texts) -> Iterable[WhiskerRow]:
    before = ""
    for row in in_columns(rows):
        if not interval_of(row):
            continue
        inference = row.get("inference", "")
        note = way_of(inference, say)
        first = bool(before) and row["model"] != before
        yield _whisker(model_of(row["model"], say), row, note, first=first)
        before = row["model"]


def draw_curve(found: Found, rows: Rows, say: Texts) -> Steps:
    """Draw the estimates of all specifications from the smallest to the largest."""
    drawn = [row for row in rows if "place" in row]
    return _stepped(found, drawn, say, lambda own: _curve(own[0], say))


def _curve(row: Mapping[str, Any], say: Texts) -> Chart | None:
    x, y, low, high = (row[key] for key in ("place", "estimate", "low", "high"))
    if len(x) < 2:
        return None
    preferred = row.get("preferred")
    kind = "line" if len(x) <= DOTTED else "curve"
    series = [
        Series("curve_band", "band", x, low, say("mech_intervals"), high),
        Series("served", kind, x, y, say("mech_one_estimate")),
    ]
    if preferred:
        place, value = preferred
        series.append(Series("naive", "line", [place], [value], say("mech_preferred")))
    return Chart(
        tuple(series),
        Axis(say("mech_axis_specifications"), 0.0, x[-1] + 1.0),
        Axis(say("mech_axis_scaled"), *_around((*y, *low, *high))),
        (Mark("zero", "y"),),
    )


def draw_events(found: Found, rows: Rows, say: Texts) -> Steps:
    """Draw the event study of each policy, estimators for staggered timing beside two-way."""

    def draw(own: Rows) -> Chart | None:
        events = [row for row in own if row["term"].startswith("event:")]
        known = {row["model"] for row in events}
        first = [model for model in EVENTS[:2] if model in known][:1]
        shown = [*first, *(model for model in EVENTS[2:] if model in known)]
        series: list[Series] = []
        for place, model in enumerate(shown):
            series += _event_series(events, model, APART * (place - (len(shown) - 1) / 2), say)
        years = [int(row["term"].split(":")[1]) for row in events if row["model"] in shown]
        if not series or len(years) < 2:
            return None
        series += _two_way(own, max(years), say)
        values = [value for one in series for value in (*one.y, *one.top)]
        return Chart(
            tuple(series),
            Axis(say("mech_axis_event"), min(years) - 0.6, max(years) + 0.6, "year"),
            Axis(say("mech_axis_policy"), *_around(values)),
            (Mark("zero", "y"), Mark("threshold", "x", -0.5, -0.5)),
            300.0,
        )

    return _stepped(found, rows, say, draw)


def _event_series(rows: Rows, model: str, apart: float, say: Texts) -> list[Series]:
    terms = dict.fromkeys(row["term"] for row in rows if row["model"] == model)
    own = [cautious_row(r for r in rows if (r["model"], r["term"]) == (model, t)) for t in terms]
    points = sorted((int(r["term"].split(":")[1]), r) for r in own if r) if own else []
    if not points:
        return []
    x = [year + apart for year, _ in points]
    y, low, high = ([row.get(key) for _, row in points] for key in ("estimate", "low", "high"))
    style = STYLES.get(model, "served")
    return [
        Series(style, "spans", x, low, None, high),
        Series(style, "line", x, y, model_of(model, say)),
    ]


def _two_way(rows: Rows, last: int, say: Texts) -> list[Series]:
    """Return the one figure of two-way effects as a line over the years since joining."""
    att = [row for row in rows if (row["model"], row["term"]) == ("two_way", "att")]
    row = cautious_row(att)
    if row is None:
        return []
    value, ends = row["estimate"], (-0.3, last + 0.3)
    return [Series("naive", "curve", ends, (value, value), model_of("two_way", say))]


def draw_channels(found: Found, rows: Rows, say: Texts) -> Steps:
    """Draw the indirect relation through each channel with its interval."""

    def draw(own: Rows) -> Whiskers | None:
        kept = [r for r in own if r["term"].startswith("indirect:") and interval_of(r)]
        made = (_whisker(label_of(found, r["term"].split(":", 1)[1], say), r) for r in kept)
        return Whiskers.of(made, say("mech_axis_indirect"), None)

    return _stepped(found, rows, say, draw)


def draw_places(found: Found, rows: Rows, say: Texts) -> Steps:
    """Draw the relation in each level of each group with its interval."""

    def draw(own: Rows) -> Whiskers | None:
        return Whiskers.of(_levels(own, say), say("mech_axis_estimate"), None)

    return _stepped(found, rows, say, draw)


def _levels(rows: Rows, say: Texts) -> Iterable[WhiskerRow]:
    own = [r for r in rows if r.get("part_of") and r["term"] == r["treatment"]]
    own = [r for r in own if r["model"] == "interacted_own_years"] or own
    before = ""
    for part_of in dict.fromkeys(row["part_of"] for row in own):
        row = cautious_row(r for r in own if r["part_of"] == part_of)
        if row is None or not interval_of(row):
            continue
        group, _, level = part_of.partition("=")
        first = bool(before) and group != before
        yield _whisker(say.level(group, level), row, say.name("group", group), first=first)
        before = group


def _around(values: Iterable[float | None]) -> tuple[float, float]:
    """Return ends that leave room around all values and zero."""
    known = [value for value in values if value is not None]
    low, high = min(0.0, *known), max(0.0, *known)
    pad = 0.06 * (high - low) or 1.0
    return low - pad, high + pad


FIGURES = (
    MechanismFigure("mech_coefficients", "baseline", draw_coefficients),
    MechanismFigure("mech_curve", "curve", draw_curve),
    MechanismFigure("mech_events", "timing", draw_events, "mech_steps_policy"),
    MechanismFigure("mech_channels", "channels", draw_channels),
    MechanismFigure("mech_places", "places", draw_places),
)
