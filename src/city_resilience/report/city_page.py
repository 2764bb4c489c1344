"""The page of a city as HTML, Markdown or JSON, from its summary."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from city_resilience.report.city_figures import past_columns, waterfall
from city_resilience.report.flags import flag_words
from city_resilience.report.formatting import percent, signed, unsigned
from city_resilience.report.html import render_page, render_text
from city_resilience.report.levers import (
    absent_words,
    lever_curves,
    lever_sentences,
    lever_table,
)
from city_resilience.report.sentences import (
    Sentence,
    analogue_sentences,
    changed_sentences,
    city_sentences,
    view_sentences,
)
from city_resilience.report.texts import Both, Texts, both, joined, language_of

__all__ = ["city_json", "render_city", "render_index", "render_markdown"]

READING = ("city_read_1", "city_read_2", "city_read_3", "city_read_4")
STYLES, SCRIPTS = ("report.css", "city.css"), ("base.js", "city.js")


def render_city(summary: Mapping[str, Any], lang: str = "") -> str:
    """Return the page of a city as one self-contained HTML document.

    Parameters
    ----------
    summary : mapping
        Of `summarise_city`.
    lang : str
        Language that it opens in; the reader's unless given.
    """
    say = Texts(summary["measure"])
    title = say("city_title", city=_named(summary["city"]), target=summary["target"])
    return render_page(
        "city.html.j2",
        say,
        styles=STYLES,
        scripts=SCRIPTS,
        data={"title": title, "lang": lang, "names": language_of([summary["city"]])},
        city=summary,
        title=title,
        columns=past_columns(summary),
        **_values(summary, say),
    )


def render_index(summaries: Sequence[Mapping[str, Any]], files: Sequence[str], lang: str) -> str:
    """Return a page that lists the pages of several cities beside it."""
    say = Texts(summaries[0]["measure"])
    return render_page(
        "city_index.html.j2",
        say,
        styles=STYLES,
        scripts=SCRIPTS,
        data={
            "title": say("city_pages"),
            "lang": lang,
            "names": language_of(own["city"] for own in summaries),
        },
        first=summaries[0],
        rows=[(_at(own), own["city"], file) for own, file in zip(summaries, files, strict=True)],
    )


def render_markdown(summaries: Sequence[Mapping[str, Any]], lang: str = "en") -> str:
    """Return the pages of cities as Markdown in one language, one below another."""
    parts = []
    for summary in summaries:
        say = Texts(summary["measure"])
        values = _values(summary, say)
        parts.append(
            render_text(
                "city.md.j2",
                city=summary,
                lang=lang,
                t=lambda key, say=say, **figures: say(key, **figures)[lang],
                said=lambda text: text[lang],
                plain=lambda text: _plain_cell(text if isinstance(text, str) else text[lang]),
                say=say,
                signed=signed,
                unsigned=unsigned,
                percent=percent,
                **values,
            ).strip()
        )
    return "\n\n".join(parts) + "\n"


def _plain_cell(text: str) -> str:
    """Return a name that can neither end a cell of a table nor begin an element."""
    return text.replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def city_json(summary: Mapping[str, Any]) -> dict[str, Any]:
    """Return the summary of a city with its sentences in both languages."""
    say = Texts(summary["measure"])
    return {**summary, "sentences": [_plain(own) for own in _sentences(summary, say)]}


def _values(summary: Mapping[str, Any], say: Texts) -> dict[str, Any]:
    """Return what page and Markdown lay out besides the summary."""
    return {
        "at": _at(summary),
        "verdict": [own.text for own in city_sentences(summary, say)],
        "views": [_view(view, summary, say) for view in summary["views"]],
        "changed_said": [own.text for own in changed_sentences(summary, say)],
        "analogues_said": [own.text for own in analogue_sentences(summary, say)],
        "levers_said": [own.text for own in lever_sentences(summary, say)],
        "levers_absent": absent_words(summary, say),
        "lever_table": lever_table(summary, say) if summary["levers"] else None,
        "curves": lever_curves(summary, say),
        "groupings": _groupings(summary, say),
        "reading": _reading(summary, say),
        "flags": {
            own["horizon"]: list(flag_words(own["flags"], say)) for own in summary["forecasts"]
        },
        "missing": [say(f"city_missing_{name}") for name in summary["missing"]],
    }


def _reading(summary: Mapping[str, Any], say: Texts) -> list[Both]:
    refits = summary["graded"]["refits"]
    graded = [] if refits is None else [say("city_read_refits", refits=refits)]
    return [*(say(key) for key in READING), *graded]


def _at(summary: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the forecast that a page is about."""
    found: Mapping[str, Any] = next(
        own for own in summary["forecasts"] if own["horizon"] == summary["horizon"]
    )
    return found


def _named(name: str) -> Both:
    return both(lambda _: name)


def _view(view: Mapping[str, Any], summary: Mapping[str, Any], say: Texts) -> dict[str, Any]:
    """Return a view with its sentences and its two waterfalls."""
    rest = (say("missing_inputs"), view["missing"], "")
    families = [
        (say.name("family", own["family"]), own["contribution"], own["grade"])
        for own in view["families"]
    ]
    others = (say("rest"), view["rest"], "")
    indicators = [(own["label"], own["contribution"], own["grade"]) for own in view["indicators"]]
    ends = view["base"], view["forecast"]
    return {
        **view,
        "sentences": [own.text for own in view_sentences(view, summary["graded"], say)],
        "by_family": waterfall([*families, rest], *ends, say),
        "by_indicator": waterfall([*indicators, others, rest], *ends, say),
    }


def _groupings(summary: Mapping[str, Any], say: Texts) -> Both:
    names = (summary["peers"] or {"groupings": ()})["groupings"]
    return joined([say.name("group", name) for name in names], {"en": ", ", "zh": "、"})


def _sentences(summary: Mapping[str, Any], say: Texts) -> list[Sentence]:
    found = list(city_sentences(summary, say))
    for view in summary["views"]:
        found += view_sentences(view, summary["graded"], say)
    found += changed_sentences(summary, say)
    return [*found, *lever_sentences(summary, say), *analogue_sentences(summary, say)]


def _plain(sentence: Sentence) -> dict[str, Any]:
    return {**sentence.text, "figures": dict(sentence.figures), "grade": sentence.grade}
