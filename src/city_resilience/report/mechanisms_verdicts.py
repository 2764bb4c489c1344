"""Verdicts in words: the table, a sentence for each claim, the referee's list, what was refused."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from itertools import compress
from types import MappingProxyType
from typing import Any

from city_resilience.catalogue.shipped import shipped_toml
from city_resilience.indicators.table import load_table
from city_resilience.report.formatting import NONE
from city_resilience.report.mechanisms_rows import (
    Found,
    ends_of,
    figure_of,
    label_of,
    model_of,
    pair_of,
    way_of,
)
from city_resilience.report.mechanisms_tables import p_words
from city_resilience.report.referee import referee_rows
from city_resilience.report.tables import Column, Table, table_of
from city_resilience.report.texts import LANGUAGES, Both, Texts, both, joined

__all__ = [
    "claim_rows_table",
    "claim_sentences",
    "counted_sentence",
    "referee_counts",
    "referee_table",
    "refused_table",
    "verdict_table",
]

MOST = 24
"""Tests of a claim that are shown, those of the smallest p-values; ``verdicts.csv`` has all."""
NAMED = 3
"""Names of a list that are written out; the rest is counted."""
_TONES = {"supported": "up"}
_COUNT = re.compile(
    r"(\d+)(?: of (\d+))? "
    r"(rows|years|places|provinces|clusters|values|neighbours|levels)(?: by (\d+))?"
)
"""A figure of a refusal, such as ``3 of 12 places``."""
Claim = Mapping[str, Any]


def verdict_table(found: Found, say: Texts) -> Table:
    """Return the verdict on each claim with the row that stands for it."""
    about = found["parts"]["verdicts"]["about"]
    return _table("verdicts", [_claim(found, own, say) for own in about["claims"]], say)


def claim_rows_table(found: Found, claim: str, say: Texts) -> Table:
    """Return the tests of a claim that were made, the clearest where there are many."""
    every = found["parts"]["verdicts"]["about"]["rows"]
    own = [row for row in every if row["claim"] == claim and row["p"] is not None]
    leading = sorted(own, key=lambda row: row["p"])[:MOST] if len(own) > MOST else own
    return _without_empty(_table("rows", [_row(found, row, say) for row in leading], say))


def _without_empty(table: Table) -> Table:
    """Return a table without the columns in which nothing stands."""
    columns = zip(*table.rows, strict=True)
    nothing = both(lambda _: NONE)
    kept = [any(cell.text != nothing or any(cell.lines) for cell in own) for own in columns]
    rows = [tuple(compress(row, kept)) for row in table.rows]
    return Table(tuple(compress(table.heads, kept)), tuple(rows)) if rows else table


def claim_sentences(found: Found, say: Texts) -> list[Both]:
    """Say in one sentence what was found of each claim."""
    about = found["parts"]["verdicts"]["about"]
    return [
        say(f"mech_said_{own['verdict']}", **{**own, **_claim(found, own, say)})
        for own in about["claims"]
    ]


def counted_sentence(found: Found, say: Texts) -> Both:
    """Say how many claims are supported, are not, and cannot be tested."""
    verdicts = [own["verdict"] for own in found["parts"]["verdicts"]["about"]["claims"]]
    states = ("supported", "not_supported", "untestable")
    return say("mech_counted", claims=len(verdicts), **{s: verdicts.count(s) for s in states})


def _table(name: str, records: Iterable[Mapping[str, Any]], say: Texts) -> Table:
    columns = shipped_toml("mechanisms_tables.toml", "report")[name]
    return table_of((Column(*own) for own in columns), records, say)


def _claim(found: Found, own: Claim, say: Texts) -> dict[str, Any]:
    """Return the fields of a claim in words."""
    row = found["parts"]["verdicts"]["about"]["rows"][own["shown"]]
    label = {lang: own[f"label_{lang}"] for lang in LANGUAGES}
    told = {"claim": own["claim"], "label": label, **_row(found, row, say)}
    told |= {"word": say(f"mech_{own['verdict']}"), "tone": _TONES.get(own["verdict"], "")}
    told |= {"why": _why(own["reasons"], say, own["missing"], counts=_counts(own))}
    return told | {"supported": own["supported"], "tested": own["tested"]}


def _counts(own: Claim) -> Mapping[str, tuple[int, int]]:
    """Return, of a claim with several tests, how many of how many have each reason."""
    if own["tested"] < 2:
        return {}
    return {reason: (n, own["tested"]) for reason, n in own.get("counts", {}).items()}


def _row(found: Found, row: Mapping[str, Any], say: Texts) -> dict[str, Any]:
    """Return the fields of a test in words."""
    equality = row["differs"]
    figure, interval = figure_of(row["estimate"]), ends_of(row)
    told_p = say("mech_p", p=p_words(row["p"]))
    return {
        "shown": _test(found, row, say),
        "outcome": label_of(found, row["outcome"], say) if row["outcome"] else "–",
        "rest": _rest(found, row, say),
        "estimate": NONE if equality else figure,
        "interval": told_p if equality else interval,
        "figures": told_p if equality else say("mech_figures", of=figure, interval=interval),
        "p": p_words(row["p"]),
        "adjusted": "" if row["adjusted"] is None else say("mech_holm", p=p_words(row["adjusted"])),
        "same_sign": row["same_sign"],
        "specifications": _specifications(row, say),
        "word": say(f"mech_{row['verdict']}"),
        "tone": _TONES.get(row["verdict"], ""),
        "why": _why(row["reasons"], say, referee=row["referee"]),
    }


def _rest(found: Found, row: Mapping[str, Any], say: Texts) -> Both:
    """Return index, channel or group, and way of inference of a test."""
    if not row["outcome"]:
        return both(lambda _: "")
    on = say("mech_on", index=label_of(found, row["treatment"], say))
    own = [_within(found, row, on, say), way_of(row["inference"], say)]
    return joined(own, say("mech_semicolon"))


def _specifications(row: Mapping[str, Any], say: Texts) -> Both | str:
    return say("mech_of_specifications", n=row["specifications"]) if row["specifications"] else ""


def _test(found: Found, row: Mapping[str, Any], say: Texts) -> Both:
    """Return what a test is of: outcome and index, and what it goes through."""
    if not row["outcome"]:
        return both(lambda _: "–")
    return _within(found, row, pair_of(found, row["outcome"], row["treatment"], say), say)


def _within(found: Found, row: Mapping[str, Any], pair: Both, say: Texts) -> Both:
    """Return a pair with the channel or the group of its test."""
    name = row["through"]
    if not name:
        return pair
    if row["differs"]:
        return say("mech_between", pair=pair, name=say.name("group", name))
    return say("mech_through", pair=pair, name=label_of(found, name, say))


def _why(
    reasons: Sequence[str],
    say: Texts,
    missing: Sequence[str] = (),
    referee: Sequence[str] = (),
    *,
    counts: Mapping[str, tuple[int, int]] = MappingProxyType({}),
) -> Both:
    """Return reasons in words, with the tests that have each, and the missing indicators."""
    words = [_reason(reason, say, counts.get(reason)) for reason in reasons]
    words += [say("mech_such_as", names=_listed([_indicator(m) for m in missing], say))] * bool(
        missing
    )
    words += [say(f"referee_{id}") for id in referee if say.find(f"referee_{id}")]
    return joined(words, say("mech_semicolon"))


def _reason(reason: str, say: Texts, count: tuple[int, int] | None = None) -> Both:
    found = say.find(f"mech_reason_{reason}") or say.find(f"mech_refused_{reason}")
    own = found or both(lambda _: reason)
    return say("mech_reason_of", reason=own, n=count[0], tested=count[1]) if count else own


def _listed(names: Sequence[Both], say: Texts, between: Both | None = None) -> Both:
    shown = joined(names[:NAMED], between or say("mech_comma"))
    rest = len(names) - NAMED
    return say("mech_and_more", names=shown, n=rest) if rest > 0 else shown


@cache
def _indicators() -> Mapping[str, Both]:
    return {own.id: {"en": own.label_en, "zh": own.label_zh} for own in load_table()}


def _indicator(id: str) -> Both:
    return _indicators().get(id) or Texts().name("group", id)


def referee_table(found: Found, say: Texts, *, grave: bool) -> Table | None:
    """Return what the referee's list found, by its weight; None where nothing was."""
    rows = [row for row in _answers(found, say) if row["state"] == "found"]
    own = [row for row in rows if row["grave"] is grave]
    return _table("referee", own, say) if own else None


def referee_counts(found: Found, say: Texts) -> Both:
    """Say how many answers of the referee's list were found, clear or not applicable."""
    rows = _answers(found, say)
    states = [row["state"] for row in rows]
    counts = {state: states.count(state) for state in ("found", "clear", "none")}
    return say("mech_referee_counts", **counts, grave=sum(row["grave"] for row in rows))


def _answers(found: Found, say: Texts) -> list[dict[str, Any]]:
    answers = found["parts"]["referee"]["about"].get("answers", ())
    return referee_rows(answers, found["labels"], say)


def refused_table(found: Found, say: Texts) -> Table | None:
    """Return the tests that these data cannot carry, by reason, with the way out."""
    every: dict[str, list[Mapping[str, Any]]] = {}
    for name, part in found["parts"].items():
        for one in part["refused"]:
            every.setdefault(one["reason"], []).append({**one, "part": name})
    records = [_refusal(found, reason, own, say) for reason, own in every.items()]
    return _table("refused", records, say) if records else None


def _refusal(
    found: Found, reason: str, own: Sequence[Mapping[str, Any]], say: Texts
) -> dict[str, Any]:
    first = own[0]
    parts = joined(
        [say(f"mech_{name}_title") for name in dict.fromkeys(one["part"] for one in own)],
        say("mech_comma"),
    )
    tests = [_about(found, one, say) for one in own]
    return {
        "reason": _spelled("mech_refused", reason, first.get("what", reason), say),
        "parts": parts,
        "tests": len(own),
        "first": _listed(tests, say, say("mech_semicolon")),
        "way": _spelled("mech_way", reason, first.get("way_out", ""), say),
    }


def _spelled(kind: str, reason: str, english: str, say: Texts) -> Both:
    """Return words about a reason; where there is no text, those that came with it."""
    return say.find(f"{kind}_{reason}") or both(lambda _: english)


def _about(found: Found, one: Mapping[str, Any], say: Texts) -> Both:
    outcome, *names = one["about"].split(", ")
    words = [_word(found, name, say) for name in (outcome, *names)]
    own = joined(words, " · ")
    if not one["found"]:
        return own
    figures = [_figure(found, text, say) for text in one["found"].split(", ")]
    return say("mech_refused_found", about=own, found=_listed(figures, say))


def _figure(found: Found, text: str, say: Texts) -> Both:
    """Return what was found, a count or a column, in words of both languages."""
    match = _COUNT.fullmatch(text)
    if match is None:
        return label_of(found, text, say)
    many, every, what, year = match.groups()
    shown = say("mech_found_of", many=many, every=every) if every else many
    count = say(f"mech_found_{what}", many=shown)
    return say("mech_found_by", count=count, year=year) if year else count


def _word(found: Found, name: str, say: Texts) -> Both:
    """Return a part of what a refusal is about: a column, a level, a group or a model."""
    group, _, level = name.partition("=")
    if level:
        return say.level(group, level)
    if name in found["labels"]:
        return label_of(found, name, say)
    return say.find(f"group_{name}") or say.find(f"mech_{name}_title") or model_of(name, say)
