"""Sentences about a city and its drivers, each bound to its figures and its grade.

A driver is "associated with" a forecast. `FORBIDDEN` are the verbs by which a sentence would say
that one thing makes another; `causal_words` finds them, and a test looks for them in all texts
about drivers. A driver that a study does not grade firm or likely is named in no sentence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from city_resilience.models.rows import STRUCTURAL
from city_resilience.report.grading import LEADING, NAMED
from city_resilience.report.texts import Both, Texts, both, joined, quoted
from city_resilience.report.views import view_sentence

__all__ = [
    "FORBIDDEN",
    "Sentence",
    "analogue_sentences",
    "causal_words",
    "changed_sentences",
    "city_sentences",
    "skill_sentence",
    "view_sentences",
]

_STEMS = (
    *("rais", "caus", "boost", "improv", "promot", "enhanc", "strengthen"),
    *("stimulat", "trigger", "foster", "spur", "accelerat", "determin", "induc", "propel"),
    *("facilitat", "hinder", "hamper", "weaken", "undermin"),
)
FORBIDDEN: Mapping[str, tuple[str, ...]] = {
    "en": (
        *(rf"{stem}(?:e|es|ed|s|ing|ting|ted)?" for stem in _STEMS),
        *("driv(?:e|es|ing|en)", "drove", "le(?:ad|ads|d|ading) to", "brings? about"),
        *("giv(?:e|es|ing) rise to", "result(?:s|ed|ing)? in", "responsible for", "due to"),
        *("thanks to", "owing to", "because of", "mak(?:e|es|ing) (?:the )?cit(?:y|ies)"),
    ),
    "zh": (
        *("提高", "提升", "促进", "推动", "推进", "导致", "带动", "拉动", "使得", "致使", "造成"),
        *("引起", "引发", "引致", "驱动", "助推", "助力", "增强", "改善", "激发", "催生", "加快"),
        *("加速", "决定了", "归因于", "得益于", "有助于", "有利于", "阻碍", "削弱", "抑制"),
    ),
}
"""Language → patterns of words that say that one thing makes another."""

_WORDS = {
    "en": re.compile(
        # "not a cause" says that it is none.
        rf"(?<!not )(?<!not a )(?<!never a )\b(?:{'|'.join(FORBIDDEN['en'])})\b",
        re.IGNORECASE,
    ),
    "zh": re.compile("|".join(FORBIDDEN["zh"])),
}


@dataclass(frozen=True)
class Sentence:
    """A sentence in both languages.

    Attributes
    ----------
    text : Both
    figures : mapping of str to number
        What its numbers are.
    grade : str
        Of the driver that it names, "" where it names none.
    """

    text: Both
    figures: Mapping[str, Any]
    grade: str = ""


def causal_words(text: str, lang: str) -> list[str]:
    """Return the words of a text that say that one thing makes another.

    Examples
    --------
    >>> causal_words("Broadband raises the forecast; this is not a cause", "en")
    ['raises']
    >>> causal_words("宽带带动增长", "zh")
    ['带动']
    """
    return _WORDS[lang].findall(text)


def _bound(
    say: Texts, key: str, names: Mapping[str, Any] | None = None, **figures: Any
) -> Sentence:
    grade = str(figures.pop("grade", ""))
    return Sentence(say(key, **(names or {}), **figures), figures, grade)


def city_sentences(summary: Mapping[str, Any], say: Texts) -> Iterator[Sentence]:
    """Say what is forecast for a city, how sure that is, and where it stands."""
    at = next(own for own in summary["forecasts"] if own["horizon"] == summary["horizon"])
    city = both(lambda _: summary["city"])
    about = {"city": city, "outcome": summary["outcome"]}
    yield _bound(
        say, "city_said_forecast", about, origin=summary["origin"], target=at["target"],
        forecast=at["forecast"],
    )  # fmt: skip
    if at["lower"] is not None:
        bounds = {key: at[key] for key in ("coverage", "lower", "upper")}
        beyond = "above" if at["lower"] > 0 else "below" if at["upper"] < 0 else "both"
        yield _bound(say, f"city_said_interval_{beyond}", **bounds)
    yield from _ranks(at, say)
    record = summary["record"]
    if record:
        figures = {key: record[key] for key in ("years", "mae", "zero_mae")}
        yield _bound(say, "city_said_record", **figures)


def _ranks(at: Mapping[str, Any], say: Texts) -> Iterator[Sentence]:
    if at["rank"] is None:
        yield _bound(say, "city_unranked")
        return
    yield _bound(say, "city_said_rank", rank=at["rank"], of=at["of"])
    if at["province_rank"] is not None and at["province_of"] > 1:
        yield _bound(say, "city_said_rank_province", rank=at["province_rank"], of=at["province_of"])
    if at["peers_rank"] is not None:
        yield _bound(say, "city_said_rank_peers", rank=at["peers_rank"], of=at["peers_of"])


def view_sentences(
    view: Mapping[str, Any], graded: Mapping[str, Any], say: Texts
) -> list[Sentence]:
    """Say how good a view is, and which of its drivers a study found firm or likely.

    Parameters
    ----------
    view, graded : mapping
        Of `summarise_city`.
    """
    found = [skill_sentence(view, say)]
    if view["nil"]:
        return found
    if graded["why"]:
        return [*found, _bound(say, f"city_said_ungraded_{graded['why']}")]
    for level, rows in (("family", view["families"]), ("indicator", view["indicators"])):
        found.extend(_drivers(level, rows, view["ordered"][level], say))
    return found


def skill_sentence(view: Mapping[str, Any], say: Texts, greyed: str = "") -> Sentence:
    """Say how large the errors of a view were beside those of what it is compared with.

    Parameters
    ----------
    greyed : str
        Key of the text that says what is greyed where there is no skill; "" on a city's page.
    """
    skill = view["skill"]
    if view["view"] == STRUCTURAL and skill is not None:
        horizon, rows = str(view["horizon"]), skill["rows"]
        every = next(row for row in rows if row["slice"] == "all")
        part = {horizon: {"skill": rows, "shown": skill["shown"]}}
        return Sentence(view_sentence(part, horizon, say, greyed or "view_greyed"), every)
    if skill is None or skill["skill"] is None:
        return _bound(say, "city_said_skill_unknown")
    figures = {key: skill[key] for key in ("mae", "naive_mae", "wins", "of")}
    code = "better" if skill["shown"] else "nil"
    names = {"naive": say.name("model", skill["naive"]), "greyed": say(greyed or "city_greyed")}
    return _bound(say, f"city_said_skill_{code}", names, skill=skill["skill"], **figures)


def _drivers(
    level: str, rows: Sequence[Mapping[str, Any]], ordered: bool, say: Texts
) -> Iterator[Sentence]:
    """Name the leading drivers that are firm or likely, and count those that are not."""
    named = [row for row in rows if row["grade"] in NAMED][:LEADING]
    for row in named:
        family = level == "family"
        label = say.name("family", row["family"]) if family else quoted(row["label"])
        yield _bound(
            say,
            f"city_said_driver_{'above' if row['contribution'] >= 0 else 'below'}",
            {"driver": label, "grade_word": say(f"study_grade_{row['grade']}")},
            contribution=row["contribution"],
            grade=row["grade"],
        )
    if len(named) > 1 and not ordered:
        yield _bound(say, f"city_said_unordered_{level}", n=len(named))
    if rest := sum(row["grade"] not in NAMED for row in rows):
        yield _bound(say, f"city_said_unstable_{level}", n=rest, of=len(rows))


def changed_sentences(summary: Mapping[str, Any], say: Texts) -> list[Sentence]:
    """Say by how much the forecast changed since the origin before, naming graded families only."""
    found = summary["changed"]
    if found is None:
        return []
    figures = {key: found[key] for key in ("before", "now", "change")}
    told = [_bound(say, "city_said_changed", origin=found["origin"], **figures)]
    named = [row for row in found["families"] if row["grade"] in NAMED][:LEADING]
    if named and not summary["views"][0]["nil"]:
        parts = [
            joined((say.name("family", row["family"]), say("city_said_by", change=row["change"])))
            for row in named
        ]
        families = joined(parts, say("city_said_and"))
        told.append(
            Sentence(
                say("city_said_changed_families", families=families),
                {row["family"]: row["change"] for row in named},
                NAMED[-1] if any(row["grade"] == NAMED[-1] for row in named) else NAMED[0],
            )
        )
    return told


def analogue_sentences(summary: Mapping[str, Any], say: Texts) -> list[Sentence]:
    """Say what happened next to the city-years most like the city."""
    found = summary["analogues"]
    if found is None:
        return []
    if not found["rows"]:
        return [_bound(say, "city_said_analogues_none")]
    figures = {key: found[key] for key in ("median", "low", "high", "every", "compared")}
    ahead = say.count("horizon_years", summary["horizon"])
    return [_bound(say, "city_said_analogues", {"ahead": ahead}, n=len(found["rows"]), **figures)]
