"""One thing that an audit noticed, and the lines of an experiment file that settle it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

__all__ = ["SEVERITIES", "Finding", "Severity", "accepted_by", "correction_line"]

Severity = Literal["error", "warning", "note"]
SEVERITIES: tuple[Severity, ...] = get_args(Severity)


@dataclass(frozen=True)
class Finding:
    """One finding.

    Attributes
    ----------
    check : str
        Id of the check in ``audit.CHECKS``, for example ``spike``.
    severity : str
        ``error`` (the cell is almost certainly wrong: training refuses it), ``warning`` (look at
        it) or ``note`` (good to know).
    variable : str
        Variable id; empty where the finding is about rows.
    city : str
        The city; empty where the finding is about many.
    years : tuple of int
        First and last year; empty where it is about all.
    reason : str
        What was found and why it is doubted, one sentence in plain words.
    value : float or None
        The cell's value in catalogue units, where the finding is about one cell.
    expected : float or None
        What the city's own path and its neighbours let expect, same unit.
    factor : float or None
        The likely factor between what was typed and what was meant: 1000, 0.01, ….
    cell : str
        Where it stands: ``row 512, column '从业_金融业(万人)'``; empty where many.
    cities : int
        How many cities it concerns.
    correction : str
        The line for ``[data.corrections]`` that corrects or drops it; empty where none could.
    surprise : float
        How many usual moves of its neighbours a finding is off; warnings are sorted by it.
    acceptable : bool
        Whether a line of ``[audit.accept]`` settles it.
    """

    check: str
    severity: Severity
    variable: str
    city: str
    years: tuple[int, ...]
    reason: str
    value: float | None = None
    expected: float | None = None
    factor: float | None = None
    cell: str = ""
    cities: int = 1
    correction: str = ""
    surprise: float = 0.0
    acceptable: bool = True

    @property
    def id(self) -> str:
        """Name by which an experiment accepts it: ``check/variable/city/years``."""
        first, last = (self.years[0], self.years[-1]) if self.years else ("*", "*")
        span = str(first) if first == last else f"{first}-{last}"
        return "/".join((self.check, self.variable or "*", self.city or "*", span))

    @property
    def acceptance(self) -> str:
        """The line for ``[audit.accept]`` that accepts it; "" where none does."""
        return f'{_quoted(self.id)} = "why it is right"' if self.acceptable else ""

    def as_dict(self) -> dict[str, Any]:
        """Return a plain mapping, id and acceptance included, for JSON."""
        return {"id": self.id, **asdict(self), "acceptance": self.acceptance}


def accepted_by(finding: Finding, accept: Mapping[str, str]) -> str | None:
    """Return the reason for which a finding is accepted, or None.

    Examples
    --------
    >>> finding = Finding("spike", "error", "employment_finance", "甲市", (2013,), "")
    >>> accepted_by(finding, {"spike/employment_finance/甲市/2013": "checked"})
    'checked'
    >>> accepted_by(finding, {"spike/employment_ict/*/*": "checked"}) is None
    True
    """
    for pattern, reason in accept.items() if finding.acceptable else ():
        if pattern == finding.id or fnmatchcase(finding.id, pattern):
            return reason
    return None


def correction_line(variable: str, city: str, years: int | str, value: str) -> str:
    r"""Return the line for ``[data.corrections]`` that makes a correction.

    Parameters
    ----------
    years : int or str
        A year, a range such as ``2011-2014``, or ``*``.
    value : str
        ``drop``, ``drop zeros`` or a factor such as ``*0.001``.

    Examples
    --------
    >>> print(correction_line("loans", 'the "Old" Town', 2011, "drop"))
    "loans/the \"Old\" Town/2011" = "drop"
    """
    return f"{_quoted(f'{variable}/{city}/{years}')} = {_quoted(value)}"


def _quoted(text: str) -> str:
    """Return a TOML basic string; JSON escapes the same characters in the same way."""
    return json.dumps(text, ensure_ascii=False)
