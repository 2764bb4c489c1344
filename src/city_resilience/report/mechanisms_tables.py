"""Tables of the tests of the claims: one entry in a table plus one pure function each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from city_resilience.catalogue.shipped import shipped_toml
from city_resilience.report.mechanisms import CHANNEL_TERMS
from city_resilience.report.mechanisms_rows import (
    Found,
    Rows,
    cautious_row,
    ends_of,
    figure_of,
    in_columns,
    label_of,
    model_of,
    pair_fields,
    pairs_of,
    tone_of,
)
from city_resilience.report.tables import Column, Table, table_of
from city_resilience.report.texts import Both, Texts, both, joined

__all__ = ["BLOCKS", "PARTS", "channel_count", "mechanism_table", "p_words"]

Records = Callable[[Found, Rows, Texts], Iterable[Mapping[str, Any]]]


MOST = 36
"""Channels that the table shows, those of the smallest p-values; ``channels.csv`` has all."""
PARTS = (
    *("baseline", "curve", "timing", "thresholds", "channels", "places", "space"),
    "double_learning",
)
"""Parts whose rows are shown, in the order of the page."""


def mechanism_table(found: Found, name: str, say: Texts) -> Table | None:
    """Return the table of a part; None where the part found nothing to show."""
    rows = found["parts"][name]["rows"]
    records = list(BLOCKS[name](found, rows, say)) if rows else []
    if not records:
        return None
    columns = _baseline_columns(rows, say) if name == "baseline" else _columns(name)
    return table_of(columns, records, say)


def _columns(name: str) -> list[Column]:
    every = shipped_toml("mechanisms_tables.toml", "report")
    return [Column(*own) for own in every[name]]


def _cell(row: Mapping[str, Any] | None, prefix: str = "", *, sign: bool = True) -> dict[str, Any]:
    """Return the fields of an estimate in words: figure, interval, p-value and colour."""
    p = None if row is None else row.get("p")
    return {
        f"{prefix}estimate": figure_of(None if row is None else row.get("estimate"), sign=sign),
        f"{prefix}interval": ends_of(row, sign=sign),
        f"{prefix}p": p_words(p),
        f"{prefix}tone": tone_of(row),
    }


def p_words(p: float | None) -> str:
    """Write a p-value, "–" where there is none."""
    return "–" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"


def _counts(row: Mapping[str, Any] | None, say: Texts) -> Both:
    if row is None or not row.get("n"):
        return both(lambda _: "")
    return say("mech_counts", **{key: row.get(key, 0) for key in ("n", "cities", "years")})


def _pair(
    found: Found,
    outcome: str,
    treatment: str,
    say: Texts,
    counted: Mapping[str, Any] | None = None,
) -> dict[str, Any]:
    """Return the fields that name an outcome and an index, with what was counted."""
    names = pair_fields(found, outcome, treatment, say)
    on = joined(
        [say("mech_on", index=names["index"]), *([_counts(counted, say)] if counted else [])],
        say("mech_semicolon"),
    )
    return {**names, "on": on, "pair": say("mech_pair", **names)}


def _of(rows: Iterable[Mapping[str, Any]], **asked: Any) -> list[dict[str, Any]]:
    return [dict(row) for row in rows if all(row.get(key) == own for key, own in asked.items())]


def _baseline_columns(rows: Rows, say: Texts) -> list[Column]:
    models = dict.fromkeys(row["model"] for row in in_columns(rows))
    first = Column("mech_pair_head", "{outcome}", "{on}")
    return [
        first,
        *(
            Column(
                joined([{"en": f"({k}) ", "zh": f"（{k}）"}, model_of(model, say)]),
                f"{{estimate_{k}}}",
                f"{{interval_{k}}}",
                f"tone_{k}",
            )
            for k, model in enumerate(models, 1)
        ),
    ]


def _baseline(found: Found, rows: Rows, say: Texts) -> Iterable[Mapping[str, Any]]:
    models = dict.fromkeys(row["model"] for row in in_columns(rows))
    for outcome, treatment in pairs_of(rows):
        own = _of(rows, outcome=outcome, treatment=treatment)
        counted = cautious_row(_of(own, model="controls"))
        made = _pair(found, outcome, treatment, say, counted)
        for k, model in enumerate(models, 1):
            row = cautious_row(_of(own, model=model))
            made |= {f"{key}_{k}": value for key, value in _cell(row).items()}
        yield made


def _channels(found: Found, rows: Rows, say: Texts) -> Iterable[Mapping[str, Any]]:
    every: list[tuple[float, dict[str, Any]]] = []
    for outcome, treatment in pairs_of(rows):
        own = _of(rows, outcome=outcome, treatment=treatment)
        heads = [
            row["term"].removeprefix("indirect:")
            for row in own
            if row["term"].startswith("indirect:")
        ]
        for mediator in dict.fromkeys(heads):
            made = {
                "channel": label_of(found, mediator, say),
                **_pair(found, outcome, treatment, say),
            }
            for kind in CHANNEL_TERMS:
                row = cautious_row(_of(own, term=f"{kind}:{mediator}"))
                made |= _cell(row, f"{kind}_")
            adjusted = _of(own, term=f"indirect:{mediator}", inference="benjamini_hochberg")
            p = adjusted[0].get("p") if adjusted else None
            every.append((1.0 if p is None else p, {**made, "adjusted": p_words(p)}))
    leading = sorted(every, key=lambda one: one[0])[:MOST] if len(every) > MOST else every
    return [made for _, made in leading]


def channel_count(found: Found) -> int:
    """Return how many channels of outcomes and indices were estimated."""
    rows = found["parts"]["channels"]["rows"]
    keys = ("outcome", "treatment", "term")
    own = [row for row in rows if row["term"].startswith("indirect:")]
    return len({tuple(row[key] for key in keys) for row in own})


def _thresholds(found: Found, rows: Rows, say: Texts) -> Iterable[Mapping[str, Any]]:
    for outcome, treatment in pairs_of(rows):
        own = _of(rows, outcome=outcome, treatment=treatment)
        names = [
            row["term"].split(":", 2)[2] for row in own if row["term"].startswith("threshold:")
        ]
        for name in dict.fromkeys(names):
            made: dict[str, Any] = {
                **_pair(found, outcome, treatment, say),
                "variable": label_of(found, name, say),
            }
            for k in (1, 2):
                row = cautious_row(_of(own, term=f"threshold:{k}:{name}"))
                made |= _cell(row, f"at_{k}_", sign=False)
                made[f"at_{k}_p"] = "" if row is None else say("mech_p", p=p_words(row.get("p")))
            slopes = [cautious_row(_of(own, term=f"regime:{k}:{name}")) for k in (1, 2, 3)]
            for k, row in enumerate(slopes, 1):
                made |= _cell(row, f"regime_{k}_")
            yield made


def _timing(found: Found, rows: Rows, say: Texts) -> Iterable[Mapping[str, Any]]:
    models = ("two_way", "callaway_santanna", "not_yet", "imputation")
    for outcome, policy in pairs_of(rows):
        own = _of(rows, outcome=outcome, treatment=policy)
        counted = cautious_row(_of(own, model="two_way", term="att"))
        made = _pair(found, outcome, policy, say, counted)
        for model in models:
            made |= _cell(cautious_row(_of(own, model=model, term="att")), f"{model}_")
        for term in ("pre_trend", "breakdown", "forbidden"):
            made |= _cell(cautious_row(_of(own, term=term)), f"{term}_", sign=False)
        share = next((row["estimate"] for row in _of(own, term="forbidden")), None)
        yield {**made, "forbidden": share}


def _places(found: Found, rows: Rows, say: Texts) -> Iterable[Mapping[str, Any]]:
    """Return the test of equality of each group, with its adjusted p-value and the slopes."""
    for outcome, treatment in pairs_of(rows):
        own = _of(rows, outcome=outcome, treatment=treatment, model="interacted_own_years")
        tests = [row for row in own if row["term"].startswith("equality:")]
        for term in dict.fromkeys(row["term"] for row in tests):
            group = term.partition(":")[2]
            plain = [row for row in tests if row["term"] == term and not row.get("note")]
            holm = next((row for row in _of(tests, term=term, note="holm")), None)
            levels = [
                row
                for row in own
                if row.get("part_of", "").startswith(f"{group}=") and row["term"] == treatment
            ]
            yield {
                "group": say.name("group", group),
                **_pair(found, outcome, treatment, say),
                "p": p_words(max((row.get("p", 1.0) for row in plain), default=None)),
                "adjusted": p_words(holm.get("p") if holm else None),
                "slopes": _slopes(levels, say),
            }


def _space(found: Found, rows: Rows, say: Texts) -> Iterable[Mapping[str, Any]]:
    for outcome, treatment in pairs_of(rows):
        own = _of(rows, outcome=outcome, treatment=treatment)
        made = _pair(found, outcome, treatment, say)
        terms = {
            "moran": ("moran", "moran:pooled"),
            "own": ("slx", treatment),
            "near": ("slx", f"neighbours:{treatment}"),
            **{kind: ("durbin", kind) for kind in ("direct", "indirect", "total")},
        }
        for name, (model, term) in terms.items():
            row = cautious_row(_of(own, model=model, term=term))
            made |= _cell(row, f"{name}_")
        yield {**made, "moran_p": say("mech_p", p=made["moran_p"])}


def _slopes(rows: Rows, say: Texts) -> Both:
    """Return the slope of each level in words."""
    told = []
    for part_of in dict.fromkeys(row["part_of"] for row in rows):
        group, _, level = part_of.partition("=")
        row = cautious_row(_of(rows, part_of=part_of))
        figure = figure_of(None if row is None else row.get("estimate"))
        told.append(say("mech_level", level=say.level(group, level), figure=figure))
    return joined(told, say("mech_semicolon"))


def _curve(found: Found, rows: Rows, say: Texts) -> Iterable[Mapping[str, Any]]:
    curves = found["parts"]["curve"]["about"].get("curves", ())
    joint = {(one["outcome"], one["treatment"]): one for one in curves}
    for row in rows:
        pair = (row.get("outcome", ""), row["treatment"])
        tests = joint.get(pair, {})
        others = {key: p_words(tests.get(f"p_{key}")) for key in ("significant", "stouffer")}
        together = {} if pair[0] else {"outcome": say("mech_all_outcomes")}
        yield {
            **row,
            **_pair(found, *pair, say),
            **together,
            "median": figure_of(row["median"]),
            "range": f"{figure_of(row['least'])} … {figure_of(row['most'])}",
            "joint": p_words(tests.get("p_median")),
            "others": say("mech_joint_others", **others) if tests else "",
        }


def _double(found: Found, rows: Rows, say: Texts) -> Iterable[Mapping[str, Any]]:
    for outcome, treatment in pairs_of(rows):
        own = _of(rows, outcome=outcome, treatment=treatment)
        for model in dict.fromkeys(row["model"] for row in own):
            terms = {row["term"]: row for row in _of(own, model=model)}
            slope = terms.get(treatment)
            yield {
                **_pair(found, outcome, treatment, say),
                **_cell(slope),
                "learner": model_of(model, say),
                "splits": _range(terms.get("split:lowest"), terms.get("split:highest")),
                "r2": _share(terms.get("r2:index")),
                "robust": _share(terms.get("robustness_value")),
                "robust_near": _share(terms.get("robustness_value:interval")),
            }


def _range(low: Mapping[str, Any] | None, high: Mapping[str, Any] | None) -> str:
    ends = [figure_of(row.get("estimate")) for row in (low, high) if row is not None]
    return " … ".join(ends) or "–"


def _share(row: Mapping[str, Any] | None) -> str:
    """Write a share of variance with three decimals; "–" where there is none."""
    value = None if row is None else row.get("estimate")
    return "–" if value is None else f"{value:.3f}".replace("-", "−")


BLOCKS: Mapping[str, Records] = {
    "baseline": _baseline,
    "curve": _curve,
    "timing": _timing,
    "thresholds": _thresholds,
    "channels": _channels,
    "places": _places,
    "space": _space,
    "double_learning": _double,
}
"""Part → the rows of its table."""
