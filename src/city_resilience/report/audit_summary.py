"""What the audit page and the terminal show: one plain mapping, every text in both languages.

It is made from what `audit.AuditResult.as_dict` returned.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from city_resilience.audit import rules
from city_resilience.audit.audit import AUDIT_LEVELS
from city_resilience.audit.wording import span
from city_resilience.experiment.family import FAMILIES
from city_resilience.reading.issues import Place
from city_resilience.report.account import summarise_account
from city_resilience.report.audit_coverage import THIN, series_by_variable
from city_resilience.report.audit_reasons import reason_in_chinese
from city_resilience.report.texts import Both, Texts, both, joined, placed

__all__ = ["summarise_audit"]

LISTED = 5
LIMIT = f"{100 * THIN:.0f}"
Found = Mapping[str, Any]


def summarise_audit(audit: Found) -> dict[str, Any]:
    """Return what is shown of an audit.

    Parameters
    ----------
    audit : mapping
        What `audit.AuditResult.as_dict` returned.

    Returns
    -------
    dict
        ``source``, ``folder`` (whether it names one), ``title``, ``size`` and ``verdict``
        (language → text), ``level`` (``error``, ``warning`` or ``clear``), ``counts`` (severity or
        ``accepted`` → number, accepted issues under no severity), ``leading`` (severity → its
        first five by weight), ``refused_rest`` (how many errors more), ``unmasked`` (what appears
        once the proposed lines are set: a sentence and the first rows, None for nothing),
        ``issues`` and ``accepted`` (rows ready to show), ``checks`` (counts by check), ``years``,
        ``coverage`` (a sentence), ``series`` (coverage by family), ``choices`` (what the filters
        offer: id, name) and ``account`` (what came in, see `summarise_account`; None where it is
        not known).
    """
    say = Texts(noun=audit.get("noun", "city"))
    name = re.split(r"[/\\]", audit["source"])[-1]
    reasons, account = audit["accepted"], audit["account"]
    rows = [_row(issue, audit["variables"], say) for issue in audit["issues"]]
    open_rows = [row for row in rows if row["id"] not in reasons]
    counts = {**_count(open_rows), "accepted": len(reasons)}
    years = list(range(int(audit["years"][0]), int(audit["years"][1]) + 1))
    series = series_by_variable(audit["coverage"], audit["variables"], years)
    more = counts["error"] - LISTED
    return {
        "source": audit["source"],
        "folder": name != audit["source"],
        "title": say("title", source=name),
        "size": _size(audit, say),
        "verdict": _verdict(counts, audit, say),
        "level": _level(counts, audit["refusal"]),
        "counts": counts,
        "refused_rest": say("errors_rest", n=more) if more > 0 else None,
        "leading": {s: _leading(open_rows, s, audit["outcome"])[:LISTED] for s in AUDIT_LEVELS},
        "unmasked": _unmasked(audit, say),
        "issues": open_rows,
        "accepted": _accepted(rows, reasons),
        "checks": _checks(rows, reasons, say.noun),
        "years": [_heading(year, years) for year in years],
        "coverage": _coverage_lead(series, years, say),
        "series": _families(audit, series, open_rows, say),
        "account": summarise_account(account, say) if account["columns"] else None,
        "choices": {key: _distinct(open_rows, key) for key in ("severity", "check", "variable")},
    }


def rule_names(noun: str = "city") -> dict[str, Both]:
    """Return the names of the checks in the order of the audit, in the word for a place."""
    return {
        check.id: placed({"en": check.label_en, "zh": check.label_zh}, noun)
        for check in rules.RULES
    }


def _variable_name(id: str, variables: Found) -> Both:
    entry = variables.get(id, {"label_en": id, "label_zh": id})
    return {"en": entry["label_en"], "zh": entry["label_zh"]}


def _size(audit: Found, say: Texts) -> Both:
    outcome = audit["outcome"]
    return say(
        "size" if outcome else "size_bare",
        cities=say.count("n_cities", audit["cities"]),
        span=span(audit["years"]),
        variables=say.count("n_variables", len(audit["variables"])),
        outcome=_variable_name(outcome, audit["variables"]),
    )


def _sentence(parts: Iterable[Both], say: Texts) -> Both:
    return joined((joined(parts, say("and")), say("stop")))


def _level(counts: Mapping[str, int], refusal: str) -> str:
    if refusal:
        return "error"
    return next((severity for severity in ("error", "warning") if counts[severity]), "clear")


def _verdict(counts: Mapping[str, int], audit: Found, say: Texts) -> Both:
    """Say whether train takes the panel; without an outcome it needs one."""
    if counts["error"]:
        parts = [say.count("refused", counts["error"])]
    elif audit["refusal"]:
        parts = [say("refused_otherwise", why=audit["refusal"])]
    else:
        anything = counts["warning"] or counts["note"]
        named, bare = ("clear", "clear_bare") if anything else ("clean", "clean_bare")
        parts = [say(named if audit["outcome"] else bare)]
    others = ("warning", "note", "accepted")
    parts += [say.count(f"n_{key}", counts[key]) for key in others if counts[key]]
    return _sentence(parts, say)


def _leading(rows: Iterable[dict[str, Any]], severity: str, outcome: str) -> list[dict[str, Any]]:
    """Return the issues of a severity by weight, so that the first are of different checks.

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


def _unmasked(audit: Found, say: Texts) -> dict[str, Any] | None:
    rows = [_row(issue, audit["variables"], say) for issue in audit["unmasked"]]
    if not rows:
        return None
    return {"sentence": say.count("unmasked", len(rows)), "rows": rows[:LISTED]}


def _count(rows: Iterable[Found]) -> dict[str, int]:
    counts = Counter(row["severity"] for row in rows)
    return {severity: counts[severity] for severity in AUDIT_LEVELS}


def _distinct(rows: Iterable[Found], key: str) -> list[tuple[str, Both, int]]:
    """Return id, name and number of the rows of each value, in the order of the rows."""
    names = {row[key]: row[f"{key}_name"] for row in rows if row[key]}
    counts = Counter(row[key] for row in rows)
    return [(id, name, counts[id]) for id, name in names.items()]


def _heading(year: int, years: list[int]) -> dict[str, Any]:
    """Return a year's heading; narrow maps name each fifth year, and ends not close to one."""
    distance = (-year if year == years[0] else year) % 5
    major = distance == 0 or (year in (years[0], years[-1]) and distance > 2)
    return {"year": year, "century": str(year)[:-2], "short": str(year)[-2:], "major": major}


def _row(issue: Found, variables: Found, say: Texts) -> dict[str, Any]:
    """Return an issue as it is shown."""
    city, variable, factor = issue["city"], issue["variable"], issue["factor"]
    name = rule_names(say.noun).get(issue["kind"]) or both(lambda _: issue["kind"])
    own = _variable_name(variable, variables) if variable else say("all_variables")
    return {
        **{key: issue[key] for key in ("id", "variable", "correction", "acceptance")},
        "check": issue["kind"],
        "severity": issue["level"],
        "reason": _reason(issue, variables, say.noun),
        "cell": str(Place(**issue["place"])),
        "severity_name": say(f"severity_{issue['level']}"),
        "check_name": name,
        "variable_name": own,
        "surprise": issue["surprise"],
        "who": both(lambda _: city) if city else say.count("n_cities", issue["cities"]),
        "years": both(lambda _: span(issue["years"])) if issue["years"] else say("all_years"),
        "value": _figure(issue["value"], 6),
        "expected": _figure(issue["expected"], 3),
        "factor": "" if factor is None else f"× {_figure(factor, 3)}",
        "unit": variables.get(variable, {}).get("unit", ""),
    }


def _reason(issue: Found, variables: Found, noun: str) -> Both:
    unit = variables.get(issue["variable"], {}).get("unit", "")
    names = {id: entry["label_zh"] for id, entry in variables.items()}
    chinese = reason_in_chinese(issue["reason"], names, unit, noun)
    return {
        lang: between.join(filter(None, (text, issue["hint"])))
        for lang, text, between in (("en", issue["reason"], "; "), ("zh", chinese, "；"))
    }


def _figure(value: float | None, digits: int) -> str:
    """Write a number with so many digits that count, thousands apart and a true minus."""
    if value is None:
        return ""
    text = f"{float(f'{value:.{digits}g}'):,}"
    return text.removesuffix(".0").replace("-", "−")


def _accepted(rows: Iterable[Found], reasons: Mapping[str, str]) -> list[dict[str, Any]]:
    known = {row["id"]: row for row in rows}
    return [{"id": id, "why": why, "row": known.get(id)} for id, why in reasons.items()]


def _checks(rows: Iterable[Found], reasons: Mapping[str, str], noun: str) -> list[dict[str, Any]]:
    """Return how often each check found something, by severity, and how often it was accepted."""
    names = rule_names(noun) | {row["check"]: row["check_name"] for row in rows}
    counts = Counter(
        (row["check"], "accepted" if row["id"] in reasons else row["severity"]) for row in rows
    )
    kinds = (*AUDIT_LEVELS, "accepted")
    return [
        {"id": id, "name": name, **{kind: counts[id, kind] for kind in kinds}}
        for id, name in names.items()
    ]


def _coverage_lead(series: Found, years: list[int], say: Texts) -> Both:
    """Return one sentence on how many series are whole, late, early, with gaps, thin, empty."""
    lines = [{**line, "never": not line["reach"]} for line in series.values()]
    whole = sum(line["whole"] for line in lines)
    key = "audit_coverage_lead_full" if whole == len(lines) else "audit_coverage_lead"
    parts = [say.count(key, len(lines), whole=whole)]
    values = {"first": years[0], "last": years[-1], "limit": LIMIT}
    for name in ("late", "early", "gaps", "thin", "never"):
        if n := sum(bool(line[name]) for line in lines):
            parts.append(say(f"audit_coverage_{name}", n=n, **values))
    return _sentence(parts, say)


def _families(
    audit: Found, series: Found, rows: Iterable[Found], say: Texts
) -> list[dict[str, Any]]:
    """Return the coverage by family, the outcome's family and the outcome in it first."""
    found = Counter((row["variable"], row["severity"]) for row in rows)
    order = {family: place for place, family in enumerate(("outcome", *FAMILIES))}
    families: dict[str, list[dict[str, Any]]] = {}
    for id, entry in sorted(audit["variables"].items(), key=lambda own: own[0] != audit["outcome"]):
        counts = ((level, found[id, level]) for level in ("error", "warning"))
        serious = [say.count(f"n_{level}", n) for level, n in counts if n]
        line = {
            "id": id,
            "name": _variable_name(id, audit["variables"]),
            "unit": entry["unit"],
            "found": joined(serious, ", "),
            "note": _note(series[id], say),
            **series[id],
        }
        families.setdefault(entry["family"], []).append(line)
    ranked = sorted(families, key=lambda family: (order.get(family, len(order)), family))
    return [{"name": say.name("family", family), "lines": families[family]} for family in ranked]


def _note(line: Found, say: Texts) -> Both:
    if not line["reach"]:
        return say("never")
    parts = [say("every_year") if line["whole"] else both(lambda _: line["reach"])]
    for name in ("gaps", "thin"):
        if line[name]:
            parts.append(say(name, years=", ".join(line[name]), limit=LIMIT))
    return joined(parts, " · ")
