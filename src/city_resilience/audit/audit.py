"""The audit of a panel: every rule run, similar issues merged, accepted ones set apart."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from city_resilience.arrays import Float, Int, Strings
from city_resilience.audit import rules
from city_resilience.audit.batches import (
    WHOLE,
    Flat,
    Found,
    MaskedCells,
    batch_view,
    flat_cells,
    listed_first,
    merge_batches,
    positions_of,
    whole_gaps,
)
from city_resilience.audit.expected import Past, Trajectory, trajectory_of
from city_resilience.audit.gaps import coverage_rows
from city_resilience.audit.masking import Masked, find_masked, in_one_stack, stacked
from city_resilience.audit.merging import merge_similar, ordered
from city_resilience.audit.remembered import Pasts, Trajectories
from city_resilience.audit.rule import PanelView, Rule, VariableView, view_panel
from city_resilience.audit.stack import Stack
from city_resilience.catalogue.nouns import of_places_beside
from city_resilience.catalogue.variables import Variable
from city_resilience.companion import spread_beside
from city_resilience.experiment.data import Audit
from city_resilience.progress import Progress, silent
from city_resilience.reading.issues import Issue, Level, accepted_by
from city_resilience.reading.panel import Grid, Panel
from city_resilience.reading.stored_panel import StoredPanel

__all__ = ["AUDIT_LEVELS", "AuditResult", "audit_errors", "audit_panel", "audit_served"]

AUDIT_LEVELS: tuple[Level, ...] = ("error", "warning", "note")
"""Levels of an audit's issues; what is lost while importing is no panel's."""


_REMEMBERED = 4_000_000
"""Cells of a panel up to which the past of each is kept between two looks at it: 0.2 GB."""

Expect = Callable[[Float, Strings | None], Trajectory]
"""Returns what values of shape (variables, cities, years) let expect."""


@dataclass(frozen=True)
class AuditResult:
    """What an audit found.

    Attributes
    ----------
    panel : Panel
        The panel under audit, before any cell is masked.
    outcome : str
        Id of the outcome; empty where it is not known.
    issues : tuple of Issue
        Errors by variable, city and year, then warnings, the most surprising first, then notes.
    accepted : mapping of str to str
        Id of an issue to the reason for which the experiment accepts it.
    level_breaks : frozenset of (str, int)
        City-years whose growth of the outcome into that year is an artefact: a redrawn boundary,
        or a level that shifts for good. It depends on the panel alone, never on a forecast.
    masked : Masked
        Its almost certainly wrong cells, for `mask_panel`.
    noun : str
        What a place is called, `experiment.experiment.Noun`.
    unmasked : tuple of Issue
        What appears once the lines proposed for the errors are set, where that was looked for.
    refusal : str
        Why `train` refuses the panel though it has no error, where that was looked for.
    """

    panel: Panel
    outcome: str
    issues: tuple[Issue, ...]
    accepted: Mapping[str, str]
    level_breaks: frozenset[tuple[str, int]]
    masked: Masked
    noun: str = "city"
    unmasked: tuple[Issue, ...] = ()
    refusal: str = ""

    def called(self, noun: str) -> AuditResult:
        """Return the audit with its places called so; names of the panel stay as they are."""
        if noun == self.noun:
            return self
        names = {*self.panel.grid().cities, *self.panel.variables}
        names |= {own.label_en for own in self.panel.variables.values()}
        names |= {own["header"] for own in self.panel.account.as_dict()["columns"]}

        def words(issue: Issue) -> Issue:
            reason, hint = (
                of_places_beside(text, noun, names) for text in (issue.reason, issue.hint)
            )
            return replace(issue, reason=reason, hint=hint)

        issues, unmasked = (tuple(map(words, own)) for own in (self.issues, self.unmasked))
        return replace(self, noun=noun, issues=issues, unmasked=unmasked)

    @property
    def open_issues(self) -> tuple[Issue, ...]:
        """Issues that the experiment does not accept."""
        return tuple(issue for issue in self.issues if issue.id not in self.accepted)

    @property
    def errors(self) -> tuple[Issue, ...]:
        """Errors that the experiment does not accept."""
        return tuple(issue for issue in self.open_issues if issue.level == "error")

    @property
    def scale_doubts(self) -> tuple[str, ...]:
        """Why the outcome looks like no level, where its scale is neither stated nor accepted."""
        return tuple(issue.reason for issue in self.open_issues if issue.kind == "scale")

    @property
    def counts(self) -> dict[str, int]:
        """Number of issues by level, accepted ones under ``accepted`` alone."""
        found = Counter(issue.level for issue in self.open_issues)
        counts: dict[str, int] = {level: found[level] for level in AUDIT_LEVELS}
        return counts | {"accepted": len(self.issues) - len(self.open_issues)}

    def as_dict(self) -> dict[str, Any]:
        """Return a plain mapping for JSON.

        Besides the attributes: ``source``, ``cities`` (how many), ``years`` (first and last),
        ``variables`` (id to labels, unit and family), ``coverage`` (rows of variable, year and
        the share of the cities with a value) and ``account`` (what became of the file's columns
        and rows, see `Account`). ``unmasked`` and ``refusal`` are empty where `check` did not look
        for them.
        """
        grid, named = self.panel.grid(), ("label_en", "label_zh", "unit", "family")
        return {
            "source": self.panel.source,
            "cities": len(grid.cities),
            "years": [int(grid.years[0]), int(grid.years[-1])],
            "outcome": self.outcome,
            "noun": self.noun,
            "variables": {
                name: {key: getattr(variable, key) for key in named}
                for name, variable in self.panel.variables.items()
            },
            "issues": _as_dicts(self.issues),
            "unmasked": _as_dicts(self.unmasked),
            "refusal": self.refusal,
            "accepted": dict(self.accepted),
            "coverage": coverage_rows(grid),
            "account": self.panel.account.as_dict(),
        }


def _as_dicts(issues: Sequence[Issue]) -> list[dict[str, Any]]:
    return [issue.as_dict() | {"years": list(issue.years)} for issue in issues]


def audit_panel(
    panel: Panel,
    *,
    outcome: str = "",
    settings: Audit | None = None,
    progress: Progress = silent,
) -> AuditResult:
    """Audit a panel.

    Parameters
    ----------
    panel : Panel
        What could not be read of it is among the issues.
    outcome : str
        Id of the variable that becomes the label; it is looked at more strictly.
    settings : Audit, optional
        Which issues the experiment accepts.
    progress : callable, optional
        Told about each batch of a panel whose columns lie in files.

    Returns
    -------
    AuditResult
        The same whatever the order of the file's rows.
    """
    settings = settings or Audit()
    if isinstance(panel, StoredPanel):
        return _in_batches(panel, outcome, settings, rules.RULES, progress)
    masked, expect = _masked_once(panel.grid(), panel.variables, settings)
    found = list(_found(view_panel(panel, outcome, masked), rules.RULES, expect))
    breaks = _level_breaks(found, outcome, panel.grid().cities)
    return _result(panel, outcome, settings, masked, found, breaks)


def audit_errors(
    panel: Panel,
    *,
    outcome: str = "",
    settings: Audit | None = None,
    trajectories: Trajectories | None = None,
) -> AuditResult:
    """Audit a panel for errors alone, which is much quicker where there are many variables.

    Parameters
    ----------
    panel, outcome, settings
        As for `audit_panel`.
    trajectories : Trajectories, optional
        Of the same panel before some of its cells were corrected.

    Returns
    -------
    AuditResult
        Its errors are those of `audit_panel`; there are no level breaks, and no other issues but
        those of the panel.
    """
    if isinstance(panel, StoredPanel):
        return _in_batches(panel, outcome, settings or Audit(), _ERRORS, silent)
    settings, grid = settings or Audit(), panel.grid()
    expect = trajectories.of if trajectories and in_one_stack(grid, panel.variables) else None
    masked = find_masked(grid, panel.variables, settings, _look_back(expect))
    view = view_panel(panel, outcome, masked)
    found = [issue for issue in _found(view, _ERRORS, expect) if issue.level == "error"]
    return _result(panel, outcome, settings, masked, found, frozenset())


def audit_served(
    panel: Panel,
    *,
    outcome: str = "",
    settings: Audit | None = None,
    progress: Progress = silent,
) -> AuditResult:
    """Audit a panel that is forecast: for errors, and for doubts about the outcome's scale.

    Parameters
    ----------
    panel, outcome, settings, progress
        As for `audit_panel`.

    Returns
    -------
    AuditResult
        Its errors, masked cells and ``scale_doubts`` are those of `audit_panel`; there are no level
        breaks, and no other issues but those of the panel.
    """
    settings = settings or Audit()
    if isinstance(panel, StoredPanel):
        return _in_batches(panel, outcome, settings, _SERVED, progress)
    masked, expect = _masked_once(panel.grid(), panel.variables, settings)
    found = _kept(_found(view_panel(panel, outcome, masked), _SERVED, expect))
    return _result(panel, outcome, settings, masked, found, frozenset())


def _kept(issues: Iterable[Issue]) -> list[Issue]:
    """Return errors, and doubts about the scale."""
    return [issue for issue in issues if issue.level == "error" or issue.kind == "scale"]


def _look_back(expect: Expect | None) -> Callable[[Float, Strings | None], Past] | None:
    """Return what finds the past of values, where their whole trajectories are remembered."""
    return (lambda *of: expect(*of).past) if expect else None


def _about_errors(rule: Rule) -> Rule:
    """Return a rule that is asked where it may find errors alone."""
    return replace(
        rule,
        each=rule.each if rule.may_err else None,
        may=rule.may_err,
        whole=rule.whole if rule.whole_errs else None,
    )


_ERRORS = tuple(map(_about_errors, rules.RULES))
_SERVED = tuple(rule if rule.id == "scale" else _about_errors(rule) for rule in rules.RULES)


def _masked_once(
    grid: Grid, variables: Mapping[str, Variable], settings: Audit
) -> tuple[Masked, Expect]:
    """Return what is masked, and what lets expect the same values without looking back again."""
    if len(variables) * grid.shape[0] * grid.shape[1] > _REMEMBERED:
        return find_masked(grid, variables, settings), trajectory_of
    pasts = Pasts()
    return find_masked(grid, variables, settings, pasts.look_back), pasts.expect


def _in_batches(
    panel: StoredPanel, outcome: str, settings: Audit, asked: Sequence[Rule], progress: Progress
) -> AuditResult:
    """Audit a panel whose columns lie in files, some of its cities at a time."""
    within = [rule for rule in asked if rule.id not in WHOLE]
    panel.grid()  # where its cities lie is looked up once, and goes to other processes with it
    calls = [
        partial(_audited, positions_of(panel, rows), outcome, settings) for rows in panel.batches()
    ]
    parts = spread_beside(calls, (panel, within), "audit", progress)
    masked = MaskedCells.of(panel.grid(), [cells for cells, *_ in parts])
    found = merge_batches([issues for _, issues, _ in parts])
    found += whole_gaps(panel, outcome, masked)
    if asked is not rules.RULES:
        found = _kept(found)
        return _result(panel, outcome, settings, masked, found, frozenset())
    breaks = frozenset().union(*(own for *_, own in parts))
    return _result(panel, outcome, settings, masked, found, breaks)


def _audited(
    cities: Int, outcome: str, settings: Audit, panel: StoredPanel, within: Sequence[Rule]
) -> tuple[tuple[Flat, Found], list[Issue], frozenset[tuple[str, int]]]:
    """Audit some cities by rules that look at each alone."""
    masked, expect = _masked_once(panel.grid().of(cities), panel.variables, settings)
    issues = list(_found(batch_view(panel, cities, outcome, masked), within, expect))
    breaks = _level_breaks(issues, outcome, masked.grid.cities)
    return flat_cells(masked, cities), issues, breaks


def _result(
    panel: Panel,
    outcome: str,
    settings: Audit,
    masked: Masked,
    found: Sequence[Issue],
    breaks: frozenset[tuple[str, int]],
) -> AuditResult:
    merged = merge_similar(found, outcome)
    merged = listed_first(merged) if isinstance(panel, StoredPanel) else merged
    issues = ordered([*panel.issues, *merged])
    reasons = {issue.id: accepted_by(issue, settings.accept) for issue in issues}
    accepted = {id: reason for id, reason in reasons.items() if reason is not None}
    return AuditResult(panel, outcome, issues, accepted, breaks, masked)


def _found(view: PanelView, asked: Sequence[Rule], expect: Expect | None = None) -> Iterator[Issue]:
    """Run rules, one variable at a time, then those of the whole panel."""
    expect = expect or trajectory_of
    for names, values in stacked(view.grid, list(view.variables)):
        own = [view.variables[name] for name in names]
        trajectory = expect(values, view.grid.nation)
        stack = Stack(own, view.outcome, values, trajectory, view.masked)
        yield from _found_in(view, stack, [rule for rule in asked if rule.each is not None])
    for rule in asked:
        if rule.whole is not None:
            yield from rule.whole(view)


def _found_in(view: PanelView, stack: Stack, asked: Sequence[Rule]) -> Iterator[Issue]:
    """Ask each rule about the variables of a stack that may have such an issue."""
    count = len(stack.variables)
    may = np.array(
        [rule.may(stack) if rule.may else np.ones(count, dtype=bool) for rule in asked], dtype=bool
    )
    for at in np.flatnonzero(may.any(axis=0)).tolist():
        one = VariableView(view, stack, at)
        for rule, concerned in zip(asked, may[:, at], strict=True):
            if concerned and rule.each is not None:
                yield from rule.each(one)


def _level_breaks(
    issues: Sequence[Issue], outcome: str, cities: Sequence[str]
) -> frozenset[tuple[str, int]]:
    return frozenset(
        (city, issue.years[0])
        for issue in issues
        if issue.kind == "boundary"
        or (issue.kind in ("jump", "break") and outcome and issue.variable == outcome)
        for city in ([issue.city] if issue.city else cities)
    )
