"""Names in rows as official units of a gazetteer, and what is left out or not known."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeVar

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.catalogue.gazetteer.gazetteer import Gazetteer, load_gazetteer
from city_resilience.catalogue.gazetteer.groups import COMPUTED_GROUPS
from city_resilience.catalogue.gazetteer.lookup import Match, NotFound
from city_resilience.catalogue.gazetteer.resolve_table import resolve_table
from city_resilience.catalogue.sheets import load_sheet_rules
from city_resilience.errors import InputError
from city_resilience.reading.issues import Issue, Place
from city_resilience.reading.wording import place_name

__all__ = [
    "Named",
    "Placed",
    "distinct_names",
    "is_place",
    "is_total",
    "missed",
    "name_rows",
    "place_cities",
]


Row = TypeVar("Row")


@dataclass(frozen=True)
class Named:
    """Rows by what their name means.

    Attributes
    ----------
    cities : dict of int to Match
        Row to its city.
    others : dict of int to Match
        Rows of provinces, totals, counties and words of a header.
    missing : dict of int to NotFound
        Rows whose name means no unit, or several.
    """

    cities: dict[int, Match] = field(default_factory=dict)
    others: dict[int, Match] = field(default_factory=dict)
    missing: dict[int, NotFound] = field(default_factory=dict)

    def notes(self) -> Iterator[tuple[str, str, str]]:
        """Yield what was left out (``row``) and inferred (``name``): kind, found and reason."""
        others = Counter((match.kind, match.name) for match in self.others.values())
        for kind in sorted({kind for kind, _ in others}):
            names = {name: count for (of, name), count in others.items() if of == kind}
            shown = ", ".join(f"{name} ({count})" for name, count in sorted(names.items()))
            yield "row", shown, f"{sum(names.values())} rows of kind {kind} left out"
        remarks = Counter((match.note, match.name) for match in self.cities.values() if match.note)
        for (note, name), count in sorted(remarks.items()):
            yield "name", name, f"{note} ({count} rows)"


def name_rows(
    gazetteer: Gazetteer, rows: Sequence[int], keys: Mapping[str, Sequence[Any]], level: str
) -> Named:
    """Resolve the names of the rows of a table; a code decides between places of one name.

    Parameters
    ----------
    keys : mapping of str to sequence
        ``city``, ``year``, ``province`` and ``code`` of each row; the last two may be missing, or
        "" where a row has none. Else as `resolve_table`.
    """
    names, years = keys["city"], keys["year"]
    answers = resolve_table(gazetteer, names, years, keys.get("province", ()), level=level)
    for at, code in enumerate(map(_six_digits, keys.get("code", ()))):
        if not code:
            continue
        meant = [e for e in gazetteer.readings(names[at]) if e.adcode == code]
        answer = answers[at]
        if meant and (isinstance(answer, NotFound) or answer.adcode != code):
            why = f"its code is {code}"
            answers[at] = gazetteer.match(meant[0], names[at], years[at], why)
    named = Named()
    for row, answer in zip(rows, answers, strict=True):
        if isinstance(answer, NotFound):
            named.missing[row] = answer
        elif answer.kind == "city":
            named.cities[row] = answer
        else:
            named.others[row] = answer
    return named


def _six_digits(code: str) -> str:
    """Return a code of a province, city or county as that of its city or province."""
    digits = code if code.isascii() and code.isdigit() else ""
    return digits[:6].ljust(6, "0") if len(digits) in (2, 4, 6, 9, 12) else ""


def distinct_names(
    names: Mapping[Row, str], years: Mapping[Row, int | None], codes: Mapping[Row, str]
) -> dict[Row, str]:
    """Add the code or the province to a name that several places of one year have.

    Parameters
    ----------
    names, years, codes : mapping of int to str or int
        By row; a row without a code keeps its name.
    """
    found: dict[tuple[str, int | None], set[str]] = {}
    for row, code in codes.items():
        found.setdefault((names[row], years[row]), set()).update({code} - {""})
    shared = {name for (name, _), each in found.items() if len(each) > 1}
    coded = {row: f"{names[row]} ({code})" for row, code in codes.items() if code}
    return {row: coded.get(row, name) if name in shared else name for row, name in names.items()}


def is_place(text: str, gazetteer: Gazetteer | None) -> bool:
    """Tell whether a row of that name is a city, a province or a total of the gazetteer."""
    if not text or gazetteer is None:
        return False
    name = place_name(text)
    kinds = {entry.kind for entry in gazetteer.readings(name)}
    return bool(kinds & {"city", "total", "province"} or load_sheet_rules().totals.search(name))


def is_total(name: str, gazetteer: Gazetteer | None) -> bool:
    """Tell whether a name is that of a sum or mean, and of no one city's."""
    front = load_sheet_rules().totals.sub("", name)
    known = gazetteer.readings(front) if gazetteer else ()
    return front != name and all(entry.kind != "city" for entry in known)


def missed(answer: NotFound) -> str:
    """Say why a name means no one unit, with the nearest names."""
    near = ", ".join(answer.candidates) if answer.reason == "unknown" else ""
    return f"city {answer.name!r} is {answer.reason}{near and f', nearest: {near}'}"


@dataclass(frozen=True)
class Placed:
    """What became of the rows of a panel.

    Attributes
    ----------
    keys : mapping of str to Series
        ``city`` (current full name), ``year``, ``province`` and the groups looked up, for the
        rows kept.
    kept : ndarray of bool, shape (rows,)
        False for provinces, totals, counties, repeated headers and unknown names.
    unknown : ndarray of bool, shape (rows,)
        Rows whose name means no unit, or several.
    notes : tuple of str
        What was left out, corrected or renamed, and units that had ended.
    issues : tuple of Issue
        Names that are unknown or ambiguous, each where it stands first; their rows are not kept.
    """

    keys: Mapping[str, Any]
    kept: NDArray[np.bool_]
    unknown: NDArray[np.bool_]
    notes: tuple[str, ...]
    issues: tuple[Issue, ...]


def place_cities(
    keys: Mapping[str, Any], country: str, groups: tuple[str, ...], *, level: str = ""
) -> Placed:
    """Resolve the city names of a panel.

    Parameters
    ----------
    keys : mapping
        ``city`` (Series of str, its index the row in the file), ``year`` and perhaps
        ``province`` and ``code``.
    country : str
        Which gazetteer.
    groups : tuple of str
        Groups of the gazetteer to add; those computed from the panel's values are left out.
    level : str
        ``city`` if the header says that the column holds prefecture-level cities.

    Raises
    ------
    InputError
        If no row is a city.
    """
    gazetteer, names, years = load_gazetteer(country), keys["city"], np.asarray(keys["year"])
    provinces = keys.get("province", pd.Series("", index=names.index))
    rows = names.index.tolist()
    columns = {"city": names, "year": pd.Series(years), "province": provinces}
    columns |= {"code": keys["code"]} if "code" in keys else {}
    listed = {key: column.tolist() for key, column in columns.items()}
    named = name_rows(gazetteer, rows, listed, level)
    sums = {r: a.name for r, a in named.missing.items() if is_total(a.name, gazetteer)}
    named.others.update({r: Match("", name, "", "", "total", "form") for r, name in sums.items()})
    missing = {row: answer for row, answer in named.missing.items() if row not in sums}
    kept = names.index.isin(list(named.cities))
    if not kept.any():
        raise InputError(
            f"no row is a city of the gazetteer {country!r}, the first is "
            f"{names.iloc[0]!r}; name the column of cities as city in [data]"
        )
    cities, index = list(named.cities.values()), names.index[kept]
    stated = provinces[kept]
    official = pd.Series([city.province for city in cities], index=index)
    placed: dict[str, Any] = {
        "city": pd.Series([city.name for city in cities], index=index),
        "year": years[kept],
        "province": stated.mask(stated == "", official),
    }
    for group in (name for name in groups if name not in COMPUTED_GROUPS):
        labels = {code: gazetteer.group_label(code, group) for code in {c.adcode for c in cities}}
        placed[group] = pd.Series([labels[city.adcode] for city in cities], index=index)
    notes = (f"{why}: {found}" if kind == "row" else why for kind, found, why in named.notes())
    unknown = names.index.isin(list(missing))
    return Placed(placed, kept, unknown, tuple(notes), tuple(_unknown(missing)))


def _unknown(missing: Mapping[int, NotFound]) -> Iterator[Issue]:
    first = {answer.name: (row, answer) for row, answer in reversed(list(missing.items()))}
    for row, answer in sorted(first.values(), key=lambda found: found[0]):
        yield Issue(
            "error",
            "unreadable",
            missed(answer),
            "correct the name, add a province column, delete the rows or set "
            'gazetteer = "none" in [data]',
            place=Place(row=row),
            found=answer.name,
            acceptable=False,
        )
