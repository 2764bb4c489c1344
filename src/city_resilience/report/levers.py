"""The levers of a city as a table, sentences and curves, for the page, Markdown and the terminal.

Everything is the model's association: no text here says what a policy would change.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from city_resilience.explain.levers import BEST, MEDIAN
from city_resilience.report.formatting import NONE, signed
from city_resilience.report.sentences import Sentence
from city_resilience.report.tables import Cell, Head, Table
from city_resilience.report.texts import Both, Texts, both, joined, quoted, unit_words

__all__ = ["absent_words", "lever_curves", "lever_sentences", "lever_table", "response_table"]

Lever = Mapping[str, Any]
WIDTH, HEIGHT, MARGIN = 200.0, 80.0, 6.0
LIST = {"en": ", ", "zh": "、"}


def lever_sentences(summary: Mapping[str, Any], say: Texts) -> list[Sentence]:
    """Name the short boards, and say what the answers of the models are."""
    if not summary["levers"]:
        return []
    short = [own for own in summary["levers"]["rows"] if own["short"]]
    names = joined([quoted(own["label"]) for own in short], LIST)
    figures = {own["indicator"]: own["sd_to_median"] for own in short}
    boards = "city_said_short_boards" if short else "city_said_no_short_board"
    return [
        Sentence(say(boards, names=names), figures),
        Sentence(say("city_said_levers"), {}),
    ]


def lever_table(summary: Mapping[str, Any], say: Texts) -> Table:
    """Return each lever with its distances, and how each view's forecast differs there."""
    views = summary["views"]
    keys = (
        *("city_lever", "city_lever_value#", "city_lever_median#", "city_lever_best#"),
        *("city_lever_to_median#", "city_lever_to_best#"),
    )
    heads = [Head(say(key.removesuffix("#")), key.endswith("#")) for key in keys]
    heads += [Head(_view_head(view, say), numeric=True) for view in views]
    rows = [
        (*_about(own, say), *(_answer(own, view["view"], say) for view in views))
        for own in summary["levers"]["rows"]
    ]
    return Table(tuple(heads), tuple(rows))


def _view_head(view: Mapping[str, Any], say: Texts) -> Both:
    name = say(f"city_view_{view['view']}")
    return joined([name, say("city_lever_nil")]) if view["nil"] else name


def _about(own: Lever, say: Texts) -> Iterator[Cell]:
    lines = [joined([say("city_lever_of", year=own["year"]), unit_words(own["unit"])], " · ")]
    if own["short"]:
        lines.append(say("city_lever_short"))
    if own["old"]:
        lines.append(say("city_lever_old"))
    yield Cell(own["label"], tuple(lines))
    yield Cell(_figure(own["value"]))
    between = () if own["lowest"] is None else (_range(own),)
    yield Cell(_figure(own["median"]), between)
    yield Cell(_figure(own["best_quartile"]))
    for goal in (MEDIAN, BEST):
        yield _distance(own, goal, say)


def _distance(own: Lever, goal: str, say: Texts) -> Cell:
    """Return how far a lever is from a goal: in its unit, in deviations, in years and in cost."""
    if own["why"]:
        return Cell(say(f"city_lever_{own['why']}"))
    if not own[f"to_{goal}"]:
        return Cell(say("city_lever_there"))
    lines = [say("city_lever_sd", sd=_figure(own[f"sd_to_{goal}"], 2))]
    if (years := own[f"years_to_{goal}"]) is not None:
        lines.append(say.count("city_lever_years", int(years)))
    if (cost := own[f"cost_to_{goal}"]) is not None:
        lines.append(joined([both(lambda _: _figure(cost)), unit_words(own["cost_unit"])], " "))
    return Cell(_figure(own[f"to_{goal}"], sign=True), tuple(lines))


def _range(own: Lever) -> str:
    return f"{_figure(own['lowest'])} … {_figure(own['highest'])}"


def _answer(own: Lever, view: str, say: Texts) -> Cell:
    """Return how the forecast of a view differs at the median, the best quartile and between."""
    if view in own["unread"]:
        return Cell(say("city_lever_unread"))
    best, lines = own["changes"][BEST].get(view), []
    if best is not None:
        lines.append(say("city_lever_at_best", change=best))
    between = [at["changes"][view] for at in own["curve"] if at["changes"].get(view) is not None]
    if between:
        lines.append(say("city_lever_between", low=min(between), high=max(between)))
    return Cell(signed(own["changes"][MEDIAN].get(view)), tuple(lines))


def response_table(own: Lever, views: Sequence[Mapping[str, Any]], say: Texts) -> Table:
    """Return what each view says of one lever over the range of the peers."""
    heads = [Head(say("city_lever_value"), numeric=True)]
    heads += [Head(_view_head(view, say), numeric=True) for view in views]
    rows = [
        (
            Cell(_figure(at["value"]), (say("city_lever_far"),) if at["far"] else ()),
            *(Cell(signed(at["changes"].get(view["view"]))) for view in views),
        )
        for at in own["curve"]
    ]
    return Table(tuple(heads), tuple(rows))


def absent_words(summary: Mapping[str, Any], say: Texts) -> list[Both]:
    """Say which indicators are marked and no levers of the city, and why."""
    return [
        say(f"city_lever_absent_{own['code']}", name=quoted(own["label"]))
        for own in (summary["levers"] or {"absent": ()})["absent"]
    ]


def lever_curves(summary: Mapping[str, Any], say: Texts) -> list[dict[str, Any]]:
    """Return the curves of the levers that a view reads, all on one scale.

    Returns
    -------
    list of dict
        ``lever``, ``table`` (`response_table`), ``lines`` (``view``, ``nil`` and ``points`` of an
        SVG of `WIDTH` by `HEIGHT`), ``far`` (places of values far from the training rows),
        ``own`` and ``median`` (places from the left, None outside), ``zero``, ``top`` (the change
        at the upper edge, and less that at the lower).
    """
    if not summary["levers"]:
        return []
    shown = [own for own in summary["levers"]["rows"] if _answered(own)]
    top = max((abs(c) for own in shown for c in _answered(own)), default=0.0) or 1.0
    return [_curve(own, summary["views"], top, say) for own in shown]


def _answered(own: Lever) -> list[float]:
    changes = (change for at in own["curve"] for change in at["changes"].values())
    return [change for change in changes if change is not None]


def _curve(
    own: Lever, views: Sequence[Mapping[str, Any]], top: float, say: Texts
) -> dict[str, Any]:
    low, high = float(own["lowest"]), float(own["highest"])

    def across(value: float) -> float:
        return round(MARGIN + (WIDTH - 2 * MARGIN) * (value - low) / (high - low), 1)

    def down(change: float) -> float:
        return round(HEIGHT / 2 - (HEIGHT / 2 - MARGIN) * change / top, 1)

    lines = []
    for view in views:
        at = [(own_at["value"], own_at["changes"].get(view["view"])) for own_at in own["curve"]]
        points = " ".join(f"{across(x)},{down(y)}" for x, y in at if y is not None)
        if points:
            lines.append({"view": view["view"], "nil": view["nil"], "points": points})
    inside = own["value"] if low <= own["value"] <= high else None
    return {
        "lever": own,
        "table": response_table(own, views, say),
        "lines": lines,
        "far": [across(at["value"]) for at in own["curve"] if at["far"]],
        "own": None if inside is None else across(inside),
        "median": across(own["median"]),
        "zero": HEIGHT / 2,
        "top": top,
        "ends": (_figure(low), _figure(high)),
    }


def _figure(value: float | None, digits: int = 4, *, sign: bool = False) -> str:
    """Write a number of any size with so many digits, "–" for None."""
    if value is None:
        return NONE
    if abs(value) >= 10.0**digits:
        return f"{value:{'+' if sign else ''},.0f}".replace("-", "−")
    return f"{value:{'+' if sign else ''}.{digits}g}".replace("-", "−")
