"""One thing that is wrong, doubted or decided at a place in the data, and what settles it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from fnmatch import fnmatchcase
from typing import Any, Literal, get_args

from city_resilience.errors import InputError
from city_resilience.experiment.added_lines import toml_string

__all__ = [
    "LEVELS",
    "Issue",
    "Level",
    "Place",
    "accepted_by",
    "column_letter",
    "correction_line",
    "refuse_unread",
]

_SHOWN = 3

Level = Literal["error", "lost", "warning", "note"]
LEVELS: tuple[Level, ...] = get_args(Level)


@dataclass(frozen=True)
class Place:
    """Where something stands in the files; an empty field is about many, or not known.

    Attributes
    ----------
    file, sheet : str
    row, column : int
        As a spreadsheet counts, from 1; 0 where it is about many.
    header : str
        Header of the column.
    """

    file: str = ""
    sheet: str = ""
    row: int = 0
    column: int = 0
    header: str = ""

    def __str__(self) -> str:
        """Return the place as people find it.

        Examples
        --------
        >>> str(Place(row=512, header="GDP")), str(Place("a.xlsx", "Sheet1", 152, 49)), str(Place())
        ("row 512, column 'GDP'", 'a.xlsx Sheet1 AW152', '')
        """
        if self.column:
            cell = f"{column_letter(self.column)}{self.row or ''}"
            return " ".join(filter(None, (self.file, self.sheet, cell)))
        parts = (f"row {self.row}" * bool(self.row), f"column {self.header!r}" * bool(self.header))
        return ", ".join(filter(None, parts))


@dataclass(frozen=True)
class Issue:
    """One issue, found while reading, importing or auditing.

    Attributes
    ----------
    level : str
        ``error`` (almost certainly wrong: training refuses it), ``lost`` (a value, row or column
        of the files that is not in the panel), ``warning`` (in the panel, look at it) or ``note``
        (set aside or decided on evidence, good to know).
    kind : str
        What kind of issue: the id of an audit rule, such as ``spike``; of a panel that is read
        ``unreadable``, ``duplicate``, ``unit`` or ``outcome``; of sheets that are imported
        ``sheet``, ``header``, ``row``, ``cell``, ``name``, ``unit``, ``year`` or ``conflict``.
    reason : str
        What is the matter and why, one sentence.
    hint : str
        What to do, where no line of the experiment file settles it.
    place : Place
    found : str
        What stands there, as it is written.
    likely : str
        What was probably meant; never used as a value.
    variable, city : str
        Variable id and city; empty where it is about many.
    years : tuple of int
        First and last year; empty where it is about all.
    value, expected, factor : float or None
        Where it is about one cell: its value, what is expected in its place (both in catalogue
        units), and the likely factor between what was typed and what was meant.
    cities : int
        How many cities it concerns.
    correction : str
        The line for ``[data.corrections]`` that corrects or drops it; empty where none could.
    surprise : float
        How many usual moves of its neighbours a value is off; warnings are sorted by it.
    acceptable : bool
        Whether a line of ``[audit.accept]`` settles it.
    """

    level: Level
    kind: str
    reason: str
    hint: str = ""
    place: Place = Place()
    found: str = ""
    likely: str = ""
    variable: str = ""
    city: str = ""
    years: tuple[int, ...] = ()
    value: float | None = None
    expected: float | None = None
    factor: float | None = None
    cities: int = 1
    correction: str = ""
    surprise: float = 0.0
    acceptable: bool = True

    def __str__(self) -> str:
        """Return the issue as one sentence, with its place and what to do."""
        parts = (
            f"{self.place}: " * bool(str(self.place)),
            self.reason,
            self.hint and f"; {self.hint}",
        )
        return "".join(parts)

    @property
    def id(self) -> str:
        """Name by which an experiment accepts it: ``kind/variable/city/years``."""
        first, last = (self.years[0], self.years[-1]) if self.years else ("*", "*")
        span = str(first) if first == last else f"{first}-{last}"
        return "/".join((self.kind, self.variable or "*", self.city or "*", span))

    @property
    def acceptance(self) -> str:
        """The line for ``[audit.accept]`` that accepts it; "" where none does."""
        return f'{toml_string(self.id)} = "why it is right"' if self.acceptable else ""

    @property
    def settings(self) -> str:
        """The lines that settle it, each with its table; "" where none does."""
        lines = ((self.correction, "[data.corrections]"), (self.acceptance, "[audit.accept]"))
        return " or ".join(f"{line} in {table}" for line, table in lines if line)

    def as_dict(self) -> dict[str, Any]:
        """Return a plain mapping, id and acceptance included, for JSON."""
        return {"id": self.id, **asdict(self), "acceptance": self.acceptance}


def accepted_by(issue: Issue, accept: Mapping[str, str]) -> str | None:
    """Return the reason for which ``[audit.accept]`` accepts an issue, or None.

    Examples
    --------
    >>> issue = Issue("error", "spike", "", variable="loans", city="甲市", years=(2013,))
    >>> accepted_by(issue, {"spike/loans/甲市/2013": "checked"})
    'checked'
    >>> accepted_by(issue, {"spike/loans/*/2011-2014": "checked"})
    'checked'
    >>> accepted_by(issue, {"spike/employment_ict/*/*": "checked"}) is None
    True
    """
    named = (reason for pattern, reason in accept.items() if _names(pattern, issue))
    return next(named, None) if issue.acceptable else None


def _names(pattern: str, issue: Issue) -> bool:
    """Say whether a pattern is that of an issue's id, or has a range that its years lie in."""
    what, _, when = pattern.rpartition("/")
    first, _, last = when.partition("-")
    if issue.years and first.isdigit() and (last or first).isdigit():
        id = issue.id.rpartition("/")[0]
        within = int(first) <= issue.years[0] and issue.years[-1] <= int(last or first)
        return within and (id == what or fnmatchcase(id, what))
    return pattern == issue.id or fnmatchcase(issue.id, pattern)


def column_letter(column: int) -> str:
    """Return the letters of a column as a spreadsheet shows them.

    Examples
    --------
    >>> column_letter(1), column_letter(28), column_letter(0)
    ('A', 'AB', '')
    """
    letters = ""
    while column > 0:
        column, digit = divmod(column - 1, 26)
        letters = chr(ord("A") + digit) + letters
    return letters


def refuse_unread(issues: Iterable[Issue], accept: Mapping[str, str], source: str) -> None:
    """Refuse a panel with rows or cells that could not be read and that no line accepts.

    Parameters
    ----------
    issues : iterable of Issue
        Of a panel, those that its corrections settle left out.
    accept : mapping of str to str
        ``[audit.accept]``.
    source : str
        Name of the file; empty for a frame.

    Raises
    ------
    InputError
        Names the first three, the lines that settle them, and how many more there are.
    """
    left = [issue for issue in issues if accepted_by(issue, accept) is None]
    if not left:
        return
    name = source or "the panel"
    said = [f"{i}{i.settings and f', or set {i.settings}'}" for i in left[:_SHOWN]]
    if len(left) > _SHOWN:
        check = f"city-resilience check {source or 'DATA'}"
        said.append(f"and {len(left) - _SHOWN} more, see all with {check}")
    raise InputError(f"{name}: {'; '.join(said)}")


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
    return f"{toml_string(f'{variable}/{city}/{years}')} = {toml_string(value)}"
