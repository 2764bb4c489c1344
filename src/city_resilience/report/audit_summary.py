"""What the audit page and the terminal show: one plain mapping, every sentence in both languages.

It is made from the mapping of `audit.AuditResult.as_dict`, whose keys are

``source``
    The file or sheet, str.
``cities``, ``years``, ``outcome``
    Number of cities, ``[first, last]``, id of the outcome variable.
``variables``
    Variable id to ``{label_en, label_zh, unit, family}``.
``issues``
    `Issue.as_dict` of each issue, accepted ones included: errors, then warnings, the most
    surprising first, then notes.
``accepted``
    Id of a finding to the reason that the experiment gives.
``coverage``
    Rows ``{variable, year, share}``.
"""

from __future__ import annotations

import re
import tomllib
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from city_resilience.audit import rules
from city_resilience.audit.audit import AUDIT_LEVELS
from city_resilience.audit.wording import span
from city_resilience.experiment import FAMILIES
from city_resilience.reading.issues import Place
from city_resilience.report.audit_coverage import (
    THIN,
    Series,
    percent,
    series_by_variable,
    step,
)
from city_resilience.report.texts import LANGUAGES, load_texts

__all__ = ["audit_texts", "summarise_audit"]

LISTED = 5
SHARED = ("language_name", "skip", "contents", "city", "previous", "next")
LABELS = {"en": "label_en", "zh": "label_zh"}


def summarise_audit(audit: Mapping[str, Any]) -> dict[str, Any]:
    """Return what is shown of an audit.

    Parameters
    ----------
    audit : mapping
        As the module describes.

    Returns
    -------
    dict
        ``source``, ``folder`` (whether it names one), ``title``, ``extent`` and ``verdict``
        (language → text), ``level`` (``error``, ``warning`` or ``clear``), ``counts`` (severity or
        ``accepted`` → number, accepted findings under no severity), ``leading`` (severity → its
        first five by weight), ``refused_rest`` (how many errors more), ``findings`` and
        ``accepted`` (rows ready to show), ``checks`` (counts by check), ``years``, ``coverage`` (a
        sentence), ``series`` (coverage by family), ``choices`` (what the filters offer) and
        ``words`` (language → key → text).
    """
    words = _words(audit)
    name = re.split(r"[/\\]", audit["source"])[-1]
    reasons = audit["accepted"]
    rows = [_row(finding, audit["variables"], words) for finding in audit["issues"]]
    open_rows = [row for row in rows if row["id"] not in reasons]
    leading = {
        severity: _leading(open_rows, severity, audit["outcome"]) for severity in AUDIT_LEVELS
    }
    counts = {**_count(open_rows), "accepted": len(reasons)}
    years = list(range(int(audit["years"][0]), int(audit["years"][1]) + 1))
    series = series_by_variable(audit["coverage"], audit["variables"], years)
    return {
        "source": audit["source"],
        "folder": name != audit["source"],
        "title": _both(words, "title", source=name),
        "extent": _extent(audit, words),
        "verdict": {language: _verdict(counts, words[language]) for language in LANGUAGES},
        "level": next((s for s in ("error", "warning") if counts[s]), "clear"),
        "counts": counts,
        "refused_rest": _rest(counts["error"] - LISTED, words),
        "leading": {severity: rows[:LISTED] for severity, rows in leading.items()},
        "findings": open_rows,
        "accepted": _accepted(rows, reasons),
        "checks": _checks(rows, reasons),
        "years": [_heading(year, years) for year in years],
        "coverage": _coverage_lead(series, years, words),
        "series": _families(audit, series, open_rows, words),
        "choices": {key: _distinct(open_rows, key) for key in ("severity", "check", "variable")},
        "words": words,
    }


@cache
def audit_texts() -> dict[str, dict[str, str]]:
    """Return the fixed texts of the audit page: language → key → text."""
    source = files("city_resilience.report").joinpath("audit_texts.toml")
    own: dict[str, dict[str, str]] = tomllib.loads(source.read_text(encoding="utf-8"))
    report = load_texts()
    return {language: {**_shared(report[language]), **own[language]} for language in LANGUAGES}


def _shared(texts: Mapping[str, str]) -> dict[str, str]:
    return {k: v for k, v in texts.items() if k in SHARED or k.startswith("family_")}


def _words(audit: Mapping[str, Any]) -> dict[str, dict[str, str]]:
    """Return the fixed texts and, as ``var_ID``, ``check_ID``, ``family_ID``, the names in use."""
    labels = check_labels()
    used = {finding["kind"] for finding in audit["issues"]} - set(labels)
    words = {}
    for language, key in LABELS.items():
        names = {f"check_{id}": label[language] for id, label in labels.items()}
        names |= {f"check_{id}": id for id in sorted(used)}
        names |= {f"var_{id}": entry[key] for id, entry in audit["variables"].items()}
        texts = audit_texts()[language]
        families = {entry["family"] for entry in audit["variables"].values()}
        names |= {f"family_{id}": id for id in sorted(families) if f"family_{id}" not in texts}
        unnamed = {finding["variable"] for finding in audit["issues"]} - {""}
        names |= {f"var_{id}": id for id in sorted(unnamed) if f"var_{id}" not in names}
        words[language] = {**texts, **names}
    return words


def check_labels() -> dict[str, dict[str, str]]:
    """Return the checks in the order of the audit: id → language → label."""
    return {check.id: {"en": check.label_en, "zh": check.label_zh} for check in rules.RULES}


def _both(words: Mapping[str, Mapping[str, str]], key: str, **values: Any) -> dict[str, str]:
    return {language: words[language][key].format(**values) for language in LANGUAGES}


def _number_of(texts: Mapping[str, str], key: str, n: int) -> str:
    return texts[f"{key}_one" if n == 1 else key].format(n=n)


def _extent(audit: Mapping[str, Any], words: Mapping[str, Mapping[str, str]]) -> dict[str, str]:
    outcome = audit["outcome"]
    return {
        language: texts["extent" if outcome else "extent_bare"].format(
            cities=audit["cities"],
            span=span(audit["years"]),
            variables=len(audit["variables"]),
            outcome=texts.get(f"var_{outcome}", outcome),
        )
        for language, texts in words.items()
    }


def _verdict(counts: Mapping[str, int], texts: Mapping[str, str]) -> str:
    if counts["error"]:
        parts = [_number_of(texts, "refused", counts["error"])]
    else:
        anything = counts["warning"] or counts["note"]
        parts = [texts["clear" if anything else "clean"]]
    others = ("warning", "note", "accepted")
    parts += [_number_of(texts, f"n_{key}", counts[key]) for key in others if counts[key]]
    return texts["and"].join(parts) + texts["stop"]


def _leading(rows: Iterable[dict[str, Any]], severity: str, outcome: str) -> list[dict[str, Any]]:
    """Return the findings of a severity by weight, so that the first are of different checks.

    Those on the outcome come before the others of their check, then the more surprising.
    """
    own = [row for row in rows if row["severity"] == severity]
    own.sort(key=lambda row: (row["variable"] != outcome, -row["surprise"]))
    places = Counter[str]()
    placed = []
    for row in own:
        placed.append((places[row["check"]], row))
        places[row["check"]] += 1
    return [row for _, row in sorted(placed, key=lambda pair: pair[0])]


def _rest(n: int, words: Mapping[str, Mapping[str, str]]) -> dict[str, str] | None:
    return _both(words, "errors_rest", n=n) if n > 0 else None


def _count(rows: Iterable[Mapping[str, Any]]) -> dict[str, int]:
    counts = Counter(row["severity"] for row in rows)
    return {severity: counts[severity] for severity in AUDIT_LEVELS}


def _distinct(rows: Iterable[Mapping[str, Any]], key: str) -> list[tuple[str, int]]:
    return [(value, n) for value, n in Counter(row[key] for row in rows).items() if value]


def _heading(year: int, years: list[int]) -> dict[str, Any]:
    """Return a year's heading; narrow maps name each fifth year, and ends not close to one."""
    distance = (-year if year == years[0] else year) % 5
    major = distance == 0 or (year in (years[0], years[-1]) and distance > 2)
    return {"year": year, "century": str(year)[:-2], "short": str(year)[-2:], "major": major}


def _row(
    finding: Mapping[str, Any],
    variables: Mapping[str, Mapping[str, str]],
    words: Mapping[str, Mapping[str, str]],
) -> dict[str, Any]:
    unit = variables.get(finding["variable"], {}).get("unit", "")
    factor = finding["factor"]
    many = {k: _number_of(texts, "n_cities", finding["cities"]) for k, texts in words.items()}
    return {
        **{key: finding[key] for key in ("id", "variable", "correction", "acceptance")},
        "check": finding["kind"],
        "severity": finding["level"],
        "reason": "; ".join(filter(None, (finding["reason"], finding["hint"]))),
        "cell": str(Place(**finding["place"])),
        "surprise": finding["surprise"],
        "who": dict.fromkeys(LANGUAGES, finding["city"]) if finding["city"] else many,
        "years": span(finding["years"]),
        "value": _figure(finding["value"], 6),
        "expected": _figure(finding["expected"], 3),
        "factor": "" if factor is None else f"× {_figure(factor, 3)}",
        "unit": unit,
    }


def _figure(value: float | None, digits: int) -> str:
    """Write a number with so many digits that count, thousands apart and a true minus."""
    if value is None:
        return ""
    text = f"{float(f'{value:.{digits}g}'):,}"
    return text.removesuffix(".0").replace("-", "−")


def _accepted(
    rows: Iterable[Mapping[str, Any]], reasons: Mapping[str, str]
) -> list[dict[str, Any]]:
    known = {row["id"]: row for row in rows}
    return [{"id": id, "why": why, "row": known.get(id)} for id, why in reasons.items()]


def _checks(rows: Iterable[Mapping[str, Any]], reasons: Mapping[str, str]) -> list[dict[str, Any]]:
    by_check: dict[str, list[Mapping[str, Any]]] = {id: [] for id in check_labels()}
    for row in rows:
        by_check.setdefault(row["check"], []).append(row)
    table = []
    for id, own in by_check.items():
        settled = [row for row in own if row["id"] in reasons]
        counts = _count(row for row in own if row["id"] not in reasons)
        table.append({"id": id, **counts, "accepted": len(settled)})
    return table


def _coverage_lead(
    series: Mapping[str, Series], years: list[int], words: Mapping[str, Mapping[str, str]]
) -> dict[str, str]:
    """Return one sentence on how many series are whole, late, early, with gaps, thin, empty."""
    whole = sum(one.whole for one in series.values())
    counts: dict[str, Callable[[Series], Any]] = {
        "late": lambda one: one.late,
        "early": lambda one: one.early,
        "gaps": lambda one: one.gaps,
        "thin": lambda one: one.thin,
        "never": lambda one: not one.years,
    }
    sentences = {}
    for language, texts in words.items():
        key = "coverage_lead_full" if whole == len(series) else "coverage_lead"
        parts = [texts[key].format(n=len(series), whole=whole)]
        for name, holds in counts.items():
            if n := sum(bool(holds(one)) for one in series.values()):
                values = {"first": years[0], "last": years[-1], "limit": f"{100 * THIN:.0f}"}
                parts.append(texts[f"coverage_{name}"].format(n=n, **values))
        sentences[language] = texts["and"].join(parts) + texts["stop"]
    return sentences


def _families(
    audit: Mapping[str, Any],
    series: Mapping[str, Series],
    rows: Iterable[Mapping[str, Any]],
    words: Mapping[str, Mapping[str, str]],
) -> list[dict[str, Any]]:
    """Return the coverage by family, the outcome's family and the outcome in it first."""
    by_variable: dict[str, list[Mapping[str, Any]]] = {}
    for row in rows:
        by_variable.setdefault(row["variable"], []).append(row)
    order = {family: position for position, family in enumerate(("outcome", *FAMILIES))}
    families: dict[str, list[dict[str, Any]]] = {}
    for id, entry in audit["variables"].items():
        line = _line(id, entry, series[id], words)
        counts = _count(by_variable.get(id, []))
        line["found"] = {k: _counts_in_words(counts, texts) for k, texts in words.items()}
        families.setdefault(entry["family"], []).append(line)
    for lines in families.values():
        lines.sort(key=lambda line: line["id"] != audit["outcome"])
    ranked = sorted(families, key=lambda family: (order.get(family, len(order)), family))
    return [{"family": family, "lines": families[family]} for family in ranked]


def _counts_in_words(counts: Mapping[str, int], texts: Mapping[str, str]) -> str:
    serious = (key for key in ("error", "warning") if counts[key])
    return ", ".join(_number_of(texts, f"n_{key}", counts[key]) for key in serious)


def _line(
    id: str,
    entry: Mapping[str, str],
    one: Series,
    words: Mapping[str, Mapping[str, str]],
) -> dict[str, Any]:
    return {
        "id": id,
        "unit": entry["unit"],
        "cells": [{"step": step(share), "percent": percent(share)} for share in one.shares],
        "note": {language: _note(one, texts) for language, texts in words.items()},
        "reach": span(one.years),
        "whole": one.whole,
        "late": one.years[0] if one.late else None,
        "early": one.years[-1] if one.early else None,
        "gaps": [span(run) for run in one.gaps],
        "thin": [span(run) for run in one.thin],
    }


def _note(one: Series, texts: Mapping[str, str]) -> str:
    if not one.years:
        return texts["never"]
    parts = [texts["every_year"] if one.whole else span(one.years)]
    if one.gaps:
        parts.append(texts["gaps"].format(years=", ".join(map(span, one.gaps))))
    if one.thin:
        years = ", ".join(map(span, one.thin))
        parts.append(texts["thin"].format(years=years, limit=f"{100 * THIN:.0f}"))
    return " · ".join(parts)
