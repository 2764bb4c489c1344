"""The report as a workbook beside the page, in one language, from the same summary."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from city_resilience.files import write_bytes
from city_resilience.report.book_sheets import BookSheet, book_sheets
from city_resilience.report.flags import common_flags, flag_words
from city_resilience.report.forecast_workbook import (
    bytes_of,
    fill_columns,
    fill_texts,
    new_book,
)
from city_resilience.report.headline import headline_sentence
from city_resilience.report.intervals import interval_sentence
from city_resilience.report.periods import recent_sentence
from city_resilience.report.summary import Summary
from city_resilience.report.tall import listed_sentence
from city_resilience.report.texts import Texts, joined, language_of
from city_resilience.spreadsheet import check_rows

__all__ = ["write_report_workbook"]


def write_report_workbook(summary: Summary, path: Path, lang: str = "") -> Path:
    """Write the workbook of a report, whole or not at all; the same summary gives the same bytes.

    Parameters
    ----------
    summary : dict
        What `summarise` returned.
    path : Path
        Ends in ``.xlsx``.
    lang : str
        ``en`` or ``zh``; that of the cities' names unless given.

    Raises
    ------
    InputError
        If there are more rows than a sheet holds, or the path cannot be written to.
    """
    lang = lang or language_of(entry["city"] for entry in summary["cities"])
    say, book = Texts(summary["measure"]), new_book()
    sheets = book_sheets(summary, say, lang)
    notes = book.create_sheet(say("passed_sheet_notes")[lang])
    fill_texts(notes, list(_notes(summary, say, lang)))
    for sheet in sheets:
        check_rows(max(len(own.values) for own in sheet.columns), path)
        fill_columns(book.create_sheet(sheet.title), sheet.columns)
    dictionary = book.create_sheet(say("passed_sheet_dictionary")[lang])
    fill_texts(dictionary, list(_dictionary(sheets, say, lang)), head=True)
    return write_bytes(bytes_of(book), path)


def _dictionary(sheets: list[BookSheet], say: Texts, lang: str) -> Iterator[tuple[str, ...]]:
    heads = ("column", "meaning", "unit")
    yield tuple(say(f"passed_head_{key}")[lang] for key in heads)
    for sheet in sheets:
        for own in sheet.columns:
            yield f"{sheet.title} · {own.head}", own.meaning, own.unit


def _notes(summary: Summary, say: Texts, lang: str) -> Iterator[tuple[str, str]]:
    """Yield what the workbook is, how good its forecasts were, and what they stand on."""

    def name(key: str) -> str:
        return say(key)[lang]

    if summary["simulated"]:
        yield name("passed_note_simulated"), name("banner_simulated")
    yield name("report"), summary["title"][lang]
    yield name("passed_note_what"), name("passed_note_what_long")
    if listed := listed_sentence(summary, say):
        yield name("passed_note_what"), listed[lang]
    yield from _record(summary, say, lang)
    if every := common_flags(summary["cities"]):
        flags = joined(flag_words(every, say), say("list_semicolon"))
        yield name("book_every_flag"), flags[lang]
    for key in ("rank", "drivers"):
        yield name(f"passed_note_{key}"), name(f"passed_note_{key}_long")
    run = summary["run"]
    told: dict[str, Any] = {
        "book_outcome": summary["outcome"][lang],
        "passed_note_origin": summary["origin"],
        "data_source": run["source"],
        "data_licence": run["licence"],
        "created": run["created"],
        "experiment": run["name"],
        "experiment_digest": run["digest"],
        "fingerprint": run["fingerprint"],
        "run_id": run["run_id"],
        "versions": ", ".join(f"{key} {value}" for key, value in run["versions"].items()),
    }
    yield from ((name(key), str(value)) for key, value in told.items() if value not in (None, ""))
    for issue, why in run["accepted"].items():
        yield name("accepted_title"), say("accepted_issue", issue=issue, why=why)[lang]


def _record(summary: Summary, say: Texts, lang: str) -> Iterator[tuple[str, str]]:
    """Yield how good the forecasts of each horizon were, of late and before, and the intervals."""
    for horizon, part in summary["by_horizon"].items():
        ahead = say.count("ahead", int(horizon))[lang]
        told = headline_sentence(part["headline"], int(horizon), summary["interval_level"], say)
        yield f"{say('skill_title')[lang]} · {ahead}", told[lang]
        if recent := recent_sentence(part["periods"]["rows"], say):
            yield f"{say('periods_title')[lang]} · {ahead}", recent[lang]
        if part["intervals"]:
            sentence = interval_sentence(part["intervals"], say)[lang]
            yield f"{say('intervals_title')[lang]} · {ahead}", sentence
