"""The shapes of the leading indicators in the report: a table, and curves a reader steps through.

Names stand in tables, heads and lists; no sentence names a driver here.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from city_resilience.report.drawing import Axis, Chart, Mark, Series, Step
from city_resilience.report.formatting import rounded, text_of, whole
from city_resilience.report.grading import Grades, grades_of
from city_resilience.report.tables import Column, Table, table_of
from city_resilience.report.texts import LANGUAGES, Both, Texts, both, joined, unit_words

__all__ = ["draw_shapes", "pairs_table", "shapes_part", "shapes_table", "value_words"]

Labels = Mapping[str, Any]
_PLACES = ("threshold", "threshold_low", "threshold_high")
SHOWN = 10
"""Leading indicators of a view on the page; the tables of the run have more."""
CURVE = ("from", "to", "value", "contribution", "low", "high", "ale")
SHAPES = (
    Column("shape_indicator", "{name}", "{grade}"),
    Column("shape_rows#", "{n:,}", "{cities}"),
    Column("shape_size#", "{size:2}"),
    Column("shape_trend", "{trend}", "{related}"),
    Column("shape_flat", "{flat}"),
    Column("shape_threshold", "{form}", "{place}"),
)
PAIRS = (
    Column("pair_names", "{name}"),
    Column("shape_rows#", "{n:,}"),
    Column("pair_product#", "{product:+2}", "{low:+2} … {high:+2}"),
    Column("pair_q#", "{q_value:3}"),
)


def shapes_part(
    tables: Mapping[str, pd.DataFrame], horizon: int, labels: Labels
) -> dict[str, dict[str, Any]]:
    """Return what is shown of the shapes at a horizon, by view.

    Parameters
    ----------
    tables : mapping of str to DataFrame
        ``shapes``, ``dependence`` and ``pairs`` as `held_tables` returns them; empty without.
    labels : mapping
        Indicator id → (English label, Chinese label, family, unit).

    Returns
    -------
    dict
        View → ``indicators`` (largest first: labels, figures, and the bins of its ``curve``) and
        ``pairs``.
    """
    if "shapes" not in tables:
        return {}
    shapes, curves, pairs = (
        own[own["horizon"] == horizon] if len(own) else own
        for own in (tables[name] for name in ("shapes", "dependence", "pairs"))
    )
    return {
        str(view): {
            "indicators": [
                _indicator(row, curves[curves["view"] == view], labels)
                for row in own.to_dict("records")
            ],
            "pairs": [_pair(row, labels) for row in _of_view(pairs, str(view))],
        }
        for view, own in shapes.groupby("view", observed=True)
    }


def _of_view(table: pd.DataFrame, view: str) -> list[dict[Any, Any]]:
    return table[table["view"] == view].to_dict("records") if len(table) else []


def _named(id: str, labels: Labels) -> dict[str, str]:
    en, zh, _, unit = (*labels.get(id, (id, id)), "", "")[:4]
    return {"id": id, "en": str(en or id), "zh": str(zh or en or id), "unit": str(unit)}


def _indicator(row: Mapping[Any, Any], curves: pd.DataFrame, labels: Labels) -> dict[str, Any]:
    own = curves[curves["indicator"] == row["indicator"]]
    about: dict[str, Any] = {**_named(str(row["indicator"]), labels)}
    about["withheld"] = bool(text_of(row["withheld"]))
    about |= {name: whole(row[name]) for name in ("n", "cities", "clusters")}
    if about["withheld"]:
        return about
    names = ("size", "spearman", "spearman_low", "spearman_high", "q_value", "break_size")
    return about | {
        **{name: rounded(row[name]) for name in names},
        **{name: text_of(row[name]) for name in ("trend", "flat", "form")},
        **{name: rounded(row[name], 6) for name in _PLACES},
        "curve": {name: [rounded(v, 5) for v in own[name]] for name in CURVE},
    }


def _pair(row: Mapping[Any, Any], labels: Labels) -> dict[str, Any]:
    found = {name: rounded(row[name]) for name in ("product", "q_value")}
    found |= {end: rounded(row[f"product_{end}"]) for end in ("low", "high")}
    first, second = (_named(str(row[name]), labels) for name in ("first", "second"))
    return {"first": first, "second": second, "n": whole(row["n"]), **found}


def shapes_table(
    part: Mapping[str, Any], view: str, study: Mapping[str, Any] | None, horizon: str, say: Texts
) -> Table:
    """Return trend, flat ends and threshold of each leading indicator of a view."""
    grades = grades_of(study, bool(study and study["same"]))
    rows = [
        _told(own, say) | {"name": _both(own), "grade": _grade(grades, view, horizon, own, say)}
        for own in part[view]["indicators"][:SHOWN]
    ]
    return table_of(SHAPES, rows, say)


def _both(own: Mapping[str, Any]) -> Both:
    return {lang: own[lang] for lang in LANGUAGES}


def _grade(grades: Grades, view: str, horizon: str, own: Mapping[str, Any], say: Texts) -> Both:
    grade = grades.of(view, int(horizon), "indicator", own["id"])
    return say(f"study_grade_{grade}" if grade else "view_not_graded")


def _told(own: Mapping[str, Any], say: Texts) -> dict[str, Any]:
    row = {"n": own["n"], "cities": say("shape_cities", n=own["cities"], provinces=own["clusters"])}
    if own["withheld"]:
        return (
            row
            | {"size": None, "trend": say("shape_withheld"), "related": ""}
            | dict.fromkeys(("flat", "form", "place"), "")
        )
    related = say(
        "shape_related",
        value=own["spearman"],
        low=own["spearman_low"],
        high=own["spearman_high"],
    )
    flat = say(f"shape_flat_{own['flat'].replace(' ', '_')}") if own["flat"] else say("shape_none")
    return row | {
        "size": own["size"],
        "trend": say(f"shape_{own['trend']}"),
        "related": related,
        "flat": flat,
        "form": say(f"shape_form_{own['form']}" if own["form"] else "shape_form_unknown"),
        "place": _place(own, say),
    }


def _place(own: Mapping[str, Any], say: Texts) -> Both | str:
    if own["threshold"] is None:
        return "" if own["q_value"] is None else say("shape_q", q_value=own["q_value"])
    at, low, high = (value_words(own[name]) for name in _PLACES)
    return say(
        "shape_place",
        at=at,
        low=low,
        high=high,
        unit=unit_words(own["unit"]),
        q_value=own["q_value"],
    )


def value_words(number: float) -> str:
    """Write a value of an indicator with three digits at least."""
    text = f"{number:,.0f}" if abs(number) >= 1000 else f"{number:.3g}"
    return text.replace("-", "−")


def pairs_table(part: Mapping[str, Any], view: str, say: Texts) -> Table:
    """Return whether leading pairs of indicators work together in the data."""
    rows = [
        {
            **own,
            "name": {lang: f"{own['first'][lang]} × {own['second'][lang]}" for lang in LANGUAGES},
        }
        for own in part[view]["pairs"]
    ]
    return table_of(PAIRS, rows, say)


def draw_shapes(part: Mapping[str, Any], view: str, say: Texts) -> dict[str, Step] | None:
    """Draw the curve of each indicator with its band, the local effects and the threshold."""
    found = part["shapes"].get(view, {"indicators": []})["indicators"][:SHOWN]
    return {
        f"{place:02}": Step(_both(own), _note(own, say), _curve(own, say))
        for place, own in enumerate(found)
        if not own["withheld"]
    } or None


def _note(own: Mapping[str, Any], say: Texts) -> Both:
    return say("shape_note", n=own["n"], cities=own["cities"], provinces=own["clusters"])


def _curve(own: Mapping[str, Any], say: Texts) -> Chart:
    bins = own["curve"]
    x = bins["value"]
    series = [
        Series("shape_band", "band", x, bins["low"], say("shape_band"), bins["high"]),
        Series("local_means", "line", x, bins["contribution"], say("shape_means")),
    ]
    if any(value is not None for value in bins["ale"]):
        low, high = _padded(x)
        middle = [(a + b) / 2 for a, b in zip(bins["from"], bins["to"], strict=True)]
        inside = [at if low <= at <= high else None for at in middle]
        series.append(Series("local_effects", "curve", inside, bins["ale"], say("shape_ale")))
    unit = say("unit_behind", unit=unit_words(own["unit"])) if own["unit"] else both(lambda _: "")
    known = (value for one in series for value in (*one.y, *one.top) if value is not None)
    values = [0.0, *known]
    pad = 0.06 * (max(values) - min(values)) or 0.1
    return Chart(
        tuple(series),
        Axis(joined((_both(own), unit)), *_padded(x)),
        Axis(say("axis_contribution"), min(values) - pad, max(values) + pad),
        _threshold(own),
        height=300.0,
    )


def _threshold(own: Mapping[str, Any]) -> tuple[Mark, ...]:
    zero = Mark("zero", "y")
    if own["threshold"] is None:
        return (zero,)
    at, low, high = (own[name] for name in _PLACES)
    return zero, Mark("threshold_range", "x", low, high), Mark("threshold", "x", at, at)


def _padded(values: list[float]) -> tuple[float, float]:
    """Return a range around values; the outer bins reach to single cities far off."""
    pad = 0.04 * (values[-1] - values[0]) or 1.0
    return values[0] - pad, values[-1] + pad
