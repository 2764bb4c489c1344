"""What stands around a column: titles and groups of headers.

They say its unit, its scope, or that its plain name means something else.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import PurePosixPath

from city_resilience.catalogue.sheets import load_sheet_rules
from city_resilience.catalogue.units import parse_unit
from city_resilience.catalogue.variables import Match
from city_resilience.reading.cells import cell_year
from city_resilience.reading.wording import factor_of, is_unit

__all__ = ["denied", "in_unit", "says_year", "scope_stated", "units_stated"]

_UNIT_LINE = re.compile(r"(?:(?:计量)?单位|\bunits?)\s*[::]\s*([^()]*)", re.IGNORECASE)
_BETWEEN = re.compile(r"[、,;]|和|\s{2,}")
_MEASURED = ("level", "volume")


def units_stated(titles: Iterable[str]) -> list[str]:
    """Return the units that lines above a table state for all of it.

    Examples
    --------
    >>> units_stated(["2-1 人口 (单位:人)"]), units_stated(["单位:万人、亿元"])
    (['人'], ['万人', '亿元'])
    """
    for title in titles:
        if found := _UNIT_LINE.search(title):
            whole = found[1].strip()
            parts = [whole] if parse_unit(whole) else _BETWEEN.split(whole)
            return [part.strip() for part in parts if part.strip()]
        if is_unit(title):
            return [title.strip("() ")]
    return []


def in_unit(match: Match, units: Sequence[str]) -> tuple[Match, str]:
    """Read a column that names no unit in the one that its table states.

    Returns
    -------
    match : Match
    problem : str
        Why none of the table's units, or more than one, can be the column's; empty otherwise.
    """
    if not units or match.unit_in_header:
        return match, ""
    fitting = {f: unit for unit in units if (f := factor_of(unit, match.variable)) is not None}
    if len(fitting) == 1:
        factor, unit = fitting.popitem()
        return replace(match, unit_in_header=unit, factor=factor), ""
    if match.variable.kind not in _MEASURED:
        return match, ""
    which = "more than one" if fitting else "none"
    return match, (
        f"the table states the unit {', '.join(units)}, of which {which} fits "
        f"{match.variable.id} ({match.variable.unit}); state the unit in the header"
    )


def scope_stated(titles: Sequence[str], sheet: str, file: str) -> str:
    """Return the scope that a title, or the name of the sheet or file, says; "" where none does."""
    for text in (*titles, sheet, PurePosixPath(file).stem):
        titles_say = load_sheet_rules().scope_in_title.items()
        said = [name for name, words in titles_say if words.search(text)]
        if len(said) == 1:
            return said[0]
    return ""


def says_year(text: str) -> int | None:
    """Return the year that a line says, alone or as titles do."""
    found = (pattern.search(text) for pattern in load_sheet_rules().title)
    return cell_year(text) or next((int(m[1]) for m in found if m), None)


def denied(around: Iterable[str], text: str, match: Match, *, group: bool = True) -> str:
    """Say why a header means something else below such words; "" where it does not.

    Parameters
    ----------
    around : iterable of str
        Group of headers above the header, or titles of the table.
    text : str
        The header.
    group : bool
        Whether the words are a group's, which may also say that ranks are below.
    """
    rules = load_sheet_rules()
    changed = [rules.changed, rules.ranked] if group else [rules.changed]
    subjects = [
        other
        for front, (own, other) in rules.subjects.items()
        if match.variable.id.startswith(front)
        if not own.search(f"{text} ({match.unit_in_header})")
    ]
    patterns = subjects if match.unit_in_header else [*changed, *subjects]
    for words in around:
        for pattern in patterns:
            if pattern.search(words) and not pattern.search(text):
                return f"stands below {words!r}, so it may mean something else; rename the header"
    return ""
