"""The audit of a panel: every rule run, similar issues merged, accepted ones set apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from city_resilience.audit import rules
from city_resilience.audit.expected import trajectory_of
from city_resilience.audit.gaps import coverage_table
from city_resilience.audit.masking import Masked, find_masked
from city_resilience.audit.merging import merge_similar, ordered
from city_resilience.audit.rule import PanelView, VariableView, view_panel
from city_resilience.catalogue.variables import Variable
from city_resilience.experiment import Audit
from city_resilience.reading.issues import Issue, Level, accepted_by
from city_resilience.reading.panel import Panel

__all__ = ["AUDIT_LEVELS", "AuditResult", "audit_panel"]

AUDIT_LEVELS: tuple[Level, ...] = ("error", "warning", "note")
"""Levels of an audit's issues; what is lost while importing is no panel's."""


@dataclass(frozen=True)
class AuditResult:
    """What an audit found.

    Attributes
    ----------
    source : str
        Name of the file.
    cities : int
        Number of cities.
    years : tuple of int
        First and last year.
    variables : mapping of str to Variable
    issues : tuple of Issue
        Errors by variable, city and year, then warnings, the most surprising first, then notes.
    accepted : mapping of str to str
        Id of an issue to the reason for which the experiment accepts it.
    coverage : DataFrame
        ``variable``, ``year``, ``share`` of the cities with a value, 0 to 1.
    outcome : str
        Id of the outcome; empty where it is not known.
    level_breaks : frozenset of (str, int)
        City-years whose growth of the outcome into that year is an artefact: a redrawn boundary,
        or a level that shifts for good. It depends on the panel alone, never on a forecast.
    masked : Masked
        Its almost certainly wrong cells, for `mask_panel`.
    """

    source: str
    cities: int
    years: tuple[int, int]
    variables: Mapping[str, Variable]
    issues: tuple[Issue, ...]
    accepted: Mapping[str, str]
    coverage: pd.DataFrame
    outcome: str
    level_breaks: frozenset[tuple[str, int]]
    masked: Masked

    @property
    def open_issues(self) -> tuple[Issue, ...]:
        """Issues that the experiment does not accept."""
        return tuple(issue for issue in self.issues if issue.id not in self.accepted)

    @property
    def errors(self) -> tuple[Issue, ...]:
        """Errors that the experiment does not accept."""
        return tuple(issue for issue in self.open_issues if issue.level == "error")

    @property
    def counts(self) -> dict[str, int]:
        """Number of issues by level, accepted ones under ``accepted`` alone."""
        found = Counter(issue.level for issue in self.open_issues)
        counts: dict[str, int] = {level: found[level] for level in AUDIT_LEVELS}
        return counts | {"accepted": len(self.issues) - len(self.open_issues)}

    def as_dict(self) -> dict[str, Any]:
        """Return a plain mapping for JSON, with the keys of the attributes."""
        return {
            "source": self.source,
            "cities": self.cities,
            "years": list(self.years),
            "outcome": self.outcome,
            "variables": {
                name: {
                    "label_en": variable.label_en,
                    "label_zh": variable.label_zh,
                    "unit": variable.unit,
                    "family": variable.family,
                }
                for name, variable in self.variables.items()
            },
            "issues": [issue.as_dict() | {"years": list(issue.years)} for issue in self.issues],
            "accepted": dict(self.accepted),
            "coverage": [
                {"variable": str(row.variable), "year": int(row.year), "share": float(row.share)}
                for row in self.coverage.itertuples()
            ],
        }


def audit_panel(panel: Panel, *, outcome: str = "", settings: Audit | None = None) -> AuditResult:
    """Audit a panel.

    Parameters
    ----------
    panel : Panel
        What could not be read of it is among the issues.
    outcome : str
        Id of the variable that becomes the label; it is looked at more strictly.
    settings : Audit, optional
        Which issues the experiment accepts.

    Returns
    -------
    AuditResult
        The same whatever the order of the file's rows.
    """
    settings = settings or Audit()
    grid = panel.grid()
    masked = find_masked(grid, panel.variables, settings)
    view = view_panel(panel, outcome, masked)
    found = list(_found(view))
    issues = ordered([*panel.issues, *merge_similar(found, outcome)])
    reasons = {issue.id: accepted_by(issue, settings.accept) for issue in issues}
    return AuditResult(
        source=panel.source,
        cities=len(grid.cities),
        years=view.years,
        variables=panel.variables,
        issues=issues,
        accepted={id: reason for id, reason in reasons.items() if reason is not None},
        coverage=coverage_table(grid),
        outcome=outcome,
        level_breaks=_level_breaks(found, outcome, grid.cities),
        masked=masked,
    )


def _found(view: PanelView) -> Iterator[Issue]:
    """Run every rule, one variable at a time, then those of the whole panel."""
    for name, variable in view.variables.items():
        values = view.grid.values[name]
        one = VariableView(view, variable, values, trajectory_of(values))
        for rule in rules.RULES:
            if rule.each is not None:
                yield from rule.each(one)
    for rule in rules.RULES:
        if rule.whole is not None:
            yield from rule.whole(view)


def _level_breaks(
    issues: Sequence[Issue], outcome: str, cities: Sequence[str]
) -> frozenset[tuple[str, int]]:
    about = [
        issue
        for issue in issues
        if issue.kind == "boundary"
        or (issue.kind in ("jump", "break") and outcome and issue.variable == outcome)
    ]
    return frozenset(
        (city, issue.years[0])
        for issue in about
        for city in ([issue.city] if issue.city else cities)
    )
