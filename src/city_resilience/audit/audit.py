"""The audit of a panel, and what it means for training."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from city_resilience.audit.checks import CHECKS
from city_resilience.audit.expectation import follow_path
from city_resilience.audit.finding import SEVERITIES, Finding, accepted_by
from city_resilience.audit.gaps import coverage_table
from city_resilience.audit.grouping import fold, ordered
from city_resilience.audit.masking import Masked, find_masked
from city_resilience.audit.subject import Look, Subject, subject_of
from city_resilience.catalogue.variables import Variable
from city_resilience.experiment import Audit
from city_resilience.reading.issues import Issue
from city_resilience.reading.panel import Panel

__all__ = ["Audited", "audit_panel"]


@dataclass(frozen=True)
class Audited:
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
    findings : tuple of Finding
        Errors by variable, city and year, then warnings, the most surprising first, then notes.
    accepted : mapping of str to str
        Id of a finding to the reason for which the experiment accepts it.
    coverage : DataFrame
        ``variable``, ``year``, ``share`` of the cities with a value, 0 to 1.
    outcome : str
        Id of the outcome; empty where it is not known.
    broken : frozenset of (str, int)
        City-years whose growth of the outcome into that year is an artefact: a redrawn boundary,
        or a level that shifts for good. It depends on the panel alone, never on a forecast.
    masked : Masked
        Its almost certainly wrong cells, for `mask_panel`.
    """

    source: str
    cities: int
    years: tuple[int, int]
    variables: Mapping[str, Variable]
    findings: tuple[Finding, ...]
    accepted: Mapping[str, str]
    coverage: pd.DataFrame
    outcome: str
    broken: frozenset[tuple[str, int]]
    masked: Masked

    @property
    def errors(self) -> tuple[Finding, ...]:
        """Errors that the experiment does not accept."""
        return tuple(
            finding
            for finding in self.findings
            if finding.severity == "error" and finding.id not in self.accepted
        )

    @property
    def counts(self) -> dict[str, int]:
        """Number of findings by severity, accepted ones under ``accepted`` alone."""
        open_ones = Counter(f.severity for f in self.findings if f.id not in self.accepted)
        counts: dict[str, int] = {severity: open_ones[severity] for severity in SEVERITIES}
        return counts | {"accepted": sum(f.id in self.accepted for f in self.findings)}

    @property
    def counts_by_check(self) -> dict[str, dict[str, int]]:
        """Number of findings by check and severity, accepted ones included."""
        found = Counter((finding.check, finding.severity) for finding in self.findings)
        return {
            check.id: {severity: found[check.id, severity] for severity in SEVERITIES}
            for check in CHECKS
        }

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
            "findings": [f.as_dict() | {"years": list(f.years)} for f in self.findings],
            "accepted": dict(self.accepted),
            "coverage": [
                {"variable": str(row.variable), "year": int(row.year), "share": float(row.share)}
                for row in self.coverage.itertuples()
            ],
        }


def audit_panel(
    panel: Panel,
    *,
    outcome: str = "",
    settings: Audit | None = None,
) -> Audited:
    """Audit a panel.

    Parameters
    ----------
    panel : Panel
    outcome : str
        Id of the variable that becomes the label; it is looked at more strictly.
    settings : Audit, optional
        Which findings the experiment accepts.

    Returns
    -------
    Audited
        The same whatever the order of the file's rows.
    """
    settings = settings or Audit()
    grid = panel.grid()
    masked = find_masked(grid, panel.variables, settings)
    subject = subject_of(panel, grid, outcome, masked.by_rule, masked.departing)
    found = list(_findings(subject))
    findings = ordered([*map(_of_reading, panel.issues), *fold(found, outcome)])
    reasons = {finding.id: accepted_by(finding, settings.accept) for finding in findings}
    return Audited(
        source=panel.source,
        cities=len(grid.cities),
        years=subject.years,
        variables=panel.variables,
        findings=findings,
        accepted={id: reason for id, reason in reasons.items() if reason is not None},
        coverage=coverage_table(grid),
        outcome=outcome,
        broken=_broken(found, outcome, grid.cities),
        masked=masked,
    )


def _of_reading(issue: Issue) -> Finding:
    return Finding(
        check=issue.kind,
        severity="error",
        variable=issue.variable,
        city=issue.city,
        years=issue.years,
        reason=f"{issue.reason}; {issue.hint}",
        cell=str(issue.place),
        correction=issue.correction,
        acceptable=issue.acceptable,
    )


def _broken(
    found: Sequence[Finding], outcome: str, cities: Sequence[str]
) -> frozenset[tuple[str, int]]:
    about = [
        finding
        for finding in found
        if finding.check == "boundary"
        or (finding.check in ("jump", "break") and outcome and finding.variable == outcome)
    ]
    return frozenset(
        (city, finding.years[0])
        for finding in about
        for city in ([finding.city] if finding.city else cities)
    )


def _findings(subject: Subject) -> Iterator[Finding]:
    """Run every check, one variable at a time, then those of the whole panel."""
    for name, variable in subject.variables.items():
        values = subject.grid.values[name]
        look = Look(subject, variable, values, follow_path(values))
        for check in CHECKS:
            if check.each is not None:
                yield from check.each(look)
    for check in CHECKS:
        if check.whole is not None:
            yield from check.whole(subject)
