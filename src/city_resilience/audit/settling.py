"""The lines that settle the errors of an audit, and the issues that appear once they are set."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

import numpy as np

from city_resilience.audit.audit import AuditResult, audit_panel
from city_resilience.experiment.added_lines import read_line
from city_resilience.experiment.data import Audit
from city_resilience.reading.corrections import apply_corrections
from city_resilience.reading.issues import Issue
from city_resilience.reading.panel import Grid

__all__ = ["NOT_LOOKED_AT", "Settling", "settling_of", "unmasked_by"]

NOT_LOOKED_AT = "accepted by a command, nobody has looked at it"


@dataclass(frozen=True)
class Settling:
    """Lines of an experiment file that settle errors.

    Attributes
    ----------
    corrections : mapping of str to (float or str)
        For ``[data.corrections]``: the correction that an error proposes.
    accept : mapping of str to str
        For ``[audit.accept]``: errors for which no correction is proposed.
    left : tuple of Issue
        Errors that only the file or another setting can mend.
    """

    corrections: Mapping[str, float | str] = field(default_factory=dict)
    accept: Mapping[str, str] = field(default_factory=dict)
    left: tuple[Issue, ...] = ()

    @property
    def count(self) -> int:
        """Number of lines."""
        return len(self.corrections) + len(self.accept)


def settling_of(errors: Iterable[Issue], set_already: Collection[str] = ()) -> Settling:
    """Return the line that each error proposes: its correction, else its acceptance.

    Parameters
    ----------
    errors : iterable of Issue
    set_already : collection of str
        Keys that the experiment has; an error that stands in spite of them is left.
    """
    corrections: dict[str, float | str] = {}
    accept: dict[str, str] = {}
    left: list[Issue] = []
    for error in errors:
        line = read_line(error.correction)
        if line and not line.keys() & set(set_already):
            corrections |= line
        elif error.acceptable and error.id not in set_already:
            accept[error.id] = NOT_LOOKED_AT
        else:
            left.append(error)
    return Settling(corrections, accept, tuple(left))


def unmasked_by(settling: Settling, audit: AuditResult, settings: Audit) -> tuple[Issue, ...]:
    """Return the issues that another audit finds once the lines are set, and this one does not.

    A cell that is almost certainly wrong hides what other rules have to say of it and its
    neighbours.

    Parameters
    ----------
    settling : Settling
    audit : AuditResult
    settings : Audit
        Of this audit.
    """
    corrections = _changing(settling.corrections, audit.panel.grid())
    if not corrections:
        return ()
    accept = {**settings.accept, **settling.accept}
    again = audit_panel(
        apply_corrections(audit.panel, corrections),
        outcome=audit.outcome,
        settings=settings.model_copy(update={"accept": accept}),
    )
    known = {issue.id for issue in audit.issues}
    return tuple(issue for issue in again.open_issues if issue.id not in known)


def _changing(corrections: Mapping[str, float | str], grid: Grid) -> dict[str, float | str]:
    """Leave out what drops a cell without a number: no rule sees a difference."""
    row, first = {city: at for at, city in enumerate(grid.cities)}, int(grid.years[0])

    def is_unknown(key: str) -> bool:
        variable, _, where = key.partition("/")
        city, _, year = where.rpartition("/")
        if variable not in grid.values or city not in row or not year.isdigit():
            return False
        at = int(year) - first
        return 0 <= at < grid.shape[1] and bool(np.isnan(grid.values[variable][row[city], at]))

    return {
        key: value
        for key, value in corrections.items()
        if not (value == "drop" and is_unknown(key))
    }
