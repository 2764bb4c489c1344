"""The audit in the report: what its checks found in the panel, and what was accepted."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any

from city_resilience.reading.issues import Issue
from city_resilience.report.audit_summary import rule_names
from city_resilience.report.tables import Column, Table, table_of
from city_resilience.report.texts import Both, Texts, both

__all__ = ["audit_checks", "audit_table"]

CHECKS = (
    Column("check_name", "{name}"),
    Column("check_errors#", "{error}"),
    Column("check_warnings#", "{warning}"),
    Column("check_notes#", "{note}"),
    Column("check_accepted#", "{accepted}"),
    Column("check_places#", "{cities}"),
)


def audit_checks(issues: Iterable[Issue], accepted: Iterable[str]) -> list[dict[str, Any]]:
    """Return how often each check found something, in the order of the audit.

    Parameters
    ----------
    issues : iterable of Issue
    accepted : iterable of str
        Ids of the issues that the experiment accepts; they count under no severity.

    Returns
    -------
    list of dict
        ``kind``, ``error``, ``warning``, ``note``, ``accepted`` and ``cities``, the places that
        are named, or the most of an issue that names none; a check without a find is left out.
    """
    known = set(accepted)
    counts: Counter[tuple[str, str]] = Counter()
    places: dict[str, set[str]] = {}
    unnamed: Counter[str] = Counter()
    for issue in issues:
        counts[issue.kind, "accepted" if issue.id in known else issue.level] += 1
        places.setdefault(issue.kind, set()).update({issue.city} - {""})
        unnamed[issue.kind] = max(unnamed[issue.kind], 0 if issue.city else issue.cities)
    order = [kind for kind in rule_names() if kind in places]
    return [
        {
            "kind": kind,
            **{name: counts[kind, name] for name in ("error", "warning", "note", "accepted")},
            "cities": max(len(places[kind]), unnamed[kind]),
        }
        for kind in [*order, *(kind for kind in places if kind not in order)]
    ]


def audit_table(summary: Mapping[str, Any], say: Texts) -> Table:
    """Return what each check found."""
    rows = [{**row, "name": _name(row["kind"], say)} for row in summary["run"]["checks"]]
    return table_of(CHECKS, rows, say)


def _name(kind: str, say: Texts) -> Both:
    return say.find(kind) or rule_names(say.noun).get(kind) or both(lambda _: kind)
