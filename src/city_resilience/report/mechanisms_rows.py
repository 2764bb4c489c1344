"""Rows of the tests of the claims: names in both languages, figures, and which row counts."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from city_resilience.mechanisms.estimate import COLUMNS, Estimate
from city_resilience.mechanisms.verdicts import cautious
from city_resilience.report.formatting import NONE
from city_resilience.report.texts import Both, Texts, both

__all__ = [
    "Found",
    "Rows",
    "cautious_row",
    "ends_of",
    "figure_of",
    "in_columns",
    "interval_of",
    "label_of",
    "model_of",
    "named_by",
    "pair_fields",
    "pair_of",
    "pairs_of",
    "tone_of",
    "way_of",
]

Found = Mapping[str, Any]
Rows = list[dict[str, Any]]
COLUMNS_SHOWN = ("alone", "controls", "lag", "winsorised", "province_year")


def label_of(found: Found, name: str, say: Texts) -> Both:
    """Return what a column, policy or neighbour's mean is called, else its name."""
    if name.startswith("neighbours:"):
        own = label_of(found, name.removeprefix("neighbours:"), say)
        return say("mech_neighbours", name=own)
    own = found["labels"].get(name, {})
    return both(lambda lang: own.get(lang) or name)


def model_of(model: str, say: Texts) -> Both:
    """Return what a model, a column of a table, is called, else its id."""
    head, _, rest = model.partition(":")
    if head == "double_learning" and rest:
        return say.find(f"mech_learner_{rest}") or say.name("model", rest)
    if say.find(f"mech_model_{head}") is None:
        return both(lambda _: model)
    return say(f"mech_model_{head}", number=rest)


def way_of(inference: str, say: Texts) -> Both:
    """Return what a way of inference is called, else its id; "–" for none."""
    return say.find(f"mech_inference_{inference}") or both(lambda _: inference or NONE)


def named_by(found: Found, term: str, say: Texts) -> Both:
    """Return what a term is called: its kind, with its number, or the name of a column."""
    head, _, rest = term.partition(":")
    own = f"mech_term_{term.replace(':', '_')}"
    if say.find(own) is not None:
        return say(own)
    if say.find(f"mech_term_{head}") is None:
        return label_of(found, term, say)
    number = rest.partition(":")[0].replace("-", "−")
    return say(f"mech_term_{head}", number=number)


def pairs_of(rows: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return the outcomes and indices of rows, in their order."""
    return list(dict.fromkeys((row["outcome"], row["treatment"]) for row in rows))


def pair_of(found: Found, outcome: str, treatment: str, say: Texts) -> Both:
    """Return an outcome and an index, or a policy, in words."""
    return say("mech_pair", **pair_fields(found, outcome, treatment, say))


def pair_fields(found: Found, outcome: str, treatment: str, say: Texts) -> dict[str, Both]:
    """Return the fields of a pair for a table: ``outcome`` and ``index``."""
    own = {"outcome": outcome, "index": treatment}
    return {key: label_of(found, name, say) for key, name in own.items()}


def in_columns(rows: Iterable[dict[str, Any]]) -> Rows:
    """Return rows of the baseline in the order of its columns."""
    order = {model: place for place, model in enumerate(COLUMNS_SHOWN)}
    return sorted(rows, key=lambda row: order.get(row["model"].partition(":")[0], len(order)))


def cautious_row(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return of the same term by several ways of inference the row that verdicts read.

    Where none is valid, the last row that has an interval, else the last.
    """
    own = [dict(row) for row in rows]
    made = [Estimate(**{**_BARE, **{k: v for k, v in row.items() if k in COLUMNS}}) for row in own]
    best = cautious(made)
    if best is not None:
        return own[made.index(best)]
    known = [row for row in own if "low" in row] or own
    return known[-1] if known else None


_BARE: Mapping[str, Any] = {
    **dict.fromkeys(("model", "outcome", "treatment", "term"), ""),
    "estimate": math.nan,
}


def figure_of(value: float | None, *, sign: bool = True) -> str:
    """Write a figure with three digits that count, "–" where it is missing.

    Examples
    --------
    >>> figure_of(0.012345), figure_of(-1234.4), figure_of(0.5, sign=False), figure_of(None)
    ('+0.0123', '−1,234', '0.500', '–')
    """
    if value is None or not math.isfinite(value):
        return NONE
    text = f"{value:+,.0f}" if abs(value) >= 100 else f"{value:+#.3g}"
    if abs(value) < 1e-4:
        text = "0" if value == 0 else f"{value:+.0e}".replace("e-0", "e-")
    return (text if sign else text.removeprefix("+")).replace("-", "−")


def interval_of(row: Mapping[str, Any] | None, *, sign: bool = True) -> str:
    """Write the interval of a row; empty where it has none."""
    if row is None or row.get("low") is None or row.get("high") is None:
        return ""
    return " … ".join(figure_of(row[end], sign=sign) for end in ("low", "high"))


def ends_of(row: Mapping[str, Any] | None, *, sign: bool = True) -> str:
    """Write the interval of a row, without end where its bootstrap found no bound.

    Examples
    --------
    >>> ends_of({"low": None, "high": 2.0, "p": 0.3, "inference": "wild_province"})
    '−∞ … +2.00'
    """
    told = interval_of(row, sign=sign)
    tested = row is not None and row.get("p") is not None
    if told or row is None or not tested or row.get("inference") != "wild_province":
        return told
    ends = {"low": "−∞", "high": "∞"}
    return " … ".join(
        end if row.get(key) is None else figure_of(row[key], sign=sign) for key, end in ends.items()
    )


def tone_of(row: Mapping[str, Any] | None) -> str:
    """Return the colour of an interval that leaves zero out."""
    if not interval_of(row):
        return ""
    assert row is not None
    if row["low"] <= 0 <= row["high"]:
        return ""
    return "up" if row["low"] > 0 else "down"
