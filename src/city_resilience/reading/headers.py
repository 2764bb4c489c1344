"""Which column of a file is what: keys, groups and variables."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

from city_resilience.catalogue.gazetteer.groups import GROUPS
from city_resilience.catalogue.units import conversion_factor, parse_unit
from city_resilience.catalogue.variables import (
    Match,
    UnitMismatch,
    Variable,
    load_catalogue,
    unit_in_brackets,
)
from city_resilience.errors import InputError, nearest
from city_resilience.experiment import Column, Data

__all__ = ["Layout", "Source", "groups_looked_up", "lay_out", "own_source"]

_KEYS = ("city", "year", "province")
_UNIT_MATTERS = ("level", "volume")
_COUNTED = ("", "count")


@dataclass(frozen=True)
class Source:
    """A column that becomes a variable.

    Attributes
    ----------
    header : str
    position : int
        Position in the file, from 0.
    variable : Variable
    factor : float
        What its values are multiplied by to be in the variable's unit.
    unit : str
        Unit written in the header or declared; empty if neither.
    """

    header: str
    position: int
    variable: Variable
    factor: float
    unit: str


@dataclass(frozen=True)
class Layout:
    """Positions of the keys and groups, and the columns that become variables.

    Attributes
    ----------
    keys : mapping of str to int
        Position of ``city``, ``year`` and, where known, ``province`` and ``scope``.
    groups : mapping of str to int
        Header to position of each group column.
    sources : tuple of Source
        Sorted by variable id.
    misfits : mapping of str to str
        Variable id to what is wrong with the unit of the column that was left out for it.
    notes : tuple of str
        What was converted, assumed or left out.
    no_city : str
        Where a coarser unit serves as the city: what to say if its rows turn out to be finer.
    """

    keys: Mapping[str, int]
    groups: Mapping[str, int]
    sources: tuple[Source, ...]
    misfits: Mapping[str, str]
    notes: tuple[str, ...]
    no_city: str = ""


def lay_out(headers: Sequence[str], data: Data, path: str) -> Layout:
    """Decide what each column of a file is.

    Parameters
    ----------
    headers : sequence of str
        Headers by position.
    data : Data
        Declared keys, groups, units and own columns.
    path : str
        The file, for errors.

    Raises
    ------
    InputError
        If a key is missing, a declared column is not in the file, two columns are the same
        variable, or a unit is unknown or does not fit.
    """
    if not any(headers):
        raise InputError(f"{path}: row 1 holds no headers; put the headers into the first row")
    declared = {
        key: _find(headers, header, f"[data] {key}", path)
        for key in _KEYS
        if (header := getattr(data, key))
    }
    own = {_find(headers, name, "[data.columns]", path): name for name in data.columns}
    groups = {
        name: _find(headers, name, "[data] groups", path)
        for name in data.groups
        if name not in groups_looked_up(headers, data)
    }
    units = {_header_like(headers, name): unit for name, unit in data.units.items()}
    _refuse_keys_as_groups(groups, declared, path)
    taken = {*declared.values(), *own, *groups.values()}
    matches, misfits, elsewhere = _resolve(headers, taken, units, data.scope, path)
    keys = _keys(headers, declared, matches, path)
    sources = [own_source(headers[at], at, data.columns[name], units) for at, name in own.items()]
    sources += _matched_sources(headers, matches)
    sources.sort(key=lambda source: (source.variable.id, source.header))
    _refuse_same(sources, groups, path)
    _refuse_idle_units(units, sources, path)
    notes = [
        *_key_notes(headers, keys, matches),
        *_source_notes(sources),
        *_remark_notes(headers, matches),
        *sorted(f"{misfit}; left out" for misfit in misfits.values()),
        *elsewhere.values(),
        *_leftover_notes(headers, {*taken, *matches, *misfits, *elsewhere}),
    ]
    reasons = {misfit.variable: str(misfit) for misfit in misfits.values()}
    no_city = "" if _holds_city(keys["city"], declared, matches) else _absent(headers, "city")
    return Layout(keys, groups, tuple(sources), reasons, tuple(notes), no_city)


def groups_looked_up(headers: Sequence[str], data: Data) -> tuple[str, ...]:
    """Return the declared groups that come from the gazetteer and not from a column."""
    if data.gazetteer == "none":
        return ()
    named = {_plain(header) for header in headers}
    return tuple(name for name in data.groups if name in GROUPS and _plain(name) not in named)


def _holds_city(at: int, declared: Mapping[str, int], matches: Mapping[int, Match]) -> bool:
    if "city" in declared:
        return True
    return at in matches and matches[at].variable.id == "city"


def _find(headers: Sequence[str], header: str, where: str, path: str) -> int:
    """Return the position of a column that the experiment names."""
    wanted = _plain(header)
    found = [at for at, name in enumerate(headers) if _plain(name) == wanted]
    if len(found) > 1:
        raise InputError(
            f"{path}: column {header!r}, named in {where}, stands {len(found)} times in the "
            "header; rename all but one"
        )
    if not found:
        raise InputError(
            f"{path}: no column {header!r}, named in {where}{nearest(header, _named(headers))}; "
            "correct the name"
        )
    return found[0]


def _resolve(
    headers: Sequence[str], taken: set[int], units: Mapping[str, str], scope: str, path: str
) -> tuple[dict[int, Match], dict[int, UnitMismatch], dict[int, str]]:
    """Look up the columns that the experiment says nothing about."""
    matches, misfits, elsewhere = {}, {}, {}
    for at, header in enumerate(headers):
        if not header or at in taken:
            continue
        try:
            match = load_catalogue().resolve(header, units)
        except UnitMismatch as error:
            if header in units or error.variable in units:
                raise InputError(f"{path}: {error}") from error
            misfits[at] = error
            continue
        except InputError as error:
            raise InputError(f"{path}: {error}") from error
        if match and match.scope not in ("", scope):
            elsewhere[at] = f"column {header!r} is about {match.scope}, not {scope}; left out"
        elif match:
            matches[at] = match
    return matches, misfits, elsewhere


def _keys(
    headers: Sequence[str], declared: Mapping[str, int], matches: Mapping[int, Match], path: str
) -> dict[str, int]:
    """Find city, year and province; where there is no city, the coarser unit serves as it."""
    found: dict[str, list[int]] = {}
    for at, match in matches.items():
        found.setdefault(match.variable.id, []).append(at)
    found |= {key: [at] for key, at in declared.items()}
    unit = next((key for key in ("city", "province", "region") if key in found), "city")
    keys = {
        "city": _single(headers, "city", found.get(unit, []), path),
        "year": _single(headers, "year", found.get("year", []), path),
    }
    if unit == "city" and "province" in found:
        keys["province"] = _single(headers, "province", found["province"], path)
    elif unit == "city" and len(found.get("region", [])) == 1:
        keys["province"] = found["region"][0]
    if "scope" in found:
        keys["scope"] = _single(headers, "scope", found["scope"], path)
    return keys


def _single(headers: Sequence[str], key: str, positions: Sequence[int], path: str) -> int:
    if len(positions) > 1:
        names = " and ".join(repr(headers[at]) for at in positions)
        raise InputError(
            f"{path}: columns {names} both hold the {key}; name the right one as {key} in [data]"
        )
    if not positions:
        raise InputError(f"{path}: {_absent(headers, key)}")
    return positions[0]


def _absent(headers: Sequence[str], key: str) -> str:
    named, label = _named(headers), load_catalogue().variables[key].label_zh
    return (
        f"no {key} column{nearest(key, named) or nearest(label, named)}; rename it to {key!r} or "
        f"name it as {key} in [data]; columns found: {', '.join(named)}"
    )


def _matched_sources(headers: Sequence[str], matches: Mapping[int, Match]) -> list[Source]:
    return [
        Source(headers[at], at, match.variable, match.factor, match.unit_in_header)
        for at, match in matches.items()
        if match.variable.family != "key"
    ]


def own_source(header: str, at: int, column: Column, units: Mapping[str, str]) -> Source:
    """Make a variable of a declared column; one with a catalogue id is converted to its unit.

    Parameters
    ----------
    header : str
        As the file has it.
    at : int
        Position in the file.
    column : Column
        What the experiment declares.
    units : mapping of str to str
        Declared units by header or id.
    """
    name = column.id or header
    unit = units.get(header) or units.get(name) or column.unit or unit_in_brackets(header)
    known = load_catalogue().variables.get(name)
    factor = _factor_to(known, unit) if known else None
    variable = Variable(
        id=name,
        label_en=column.label_en or (known.label_en if known else header),
        label_zh=column.label_zh or (known.label_zh if known else header),
        unit=known.unit if known and factor is not None else unit,
        family=column.family,
        direction=column.direction,
        kind=known.kind if known else "level",
    )
    return Source(header, at, variable, 1.0 if factor is None else factor, unit)


def _factor_to(known: Variable, unit: str) -> float | None:
    """Return the factor to a catalogue variable's unit; None where they cannot be compared."""
    if not unit:
        return 1.0
    found, wanted = parse_unit(unit), parse_unit(known.unit)
    return conversion_factor(found, wanted) if found and wanted else None


def _refuse_keys_as_groups(
    groups: Mapping[str, int], declared: Mapping[str, int], path: str
) -> None:
    undeclared = [key for key in _KEYS if key not in declared]
    for header, at in groups.items():
        match = load_catalogue().resolve(header)
        is_key = match is not None and match.variable.id in undeclared
        if is_key or header in _KEYS or at in declared.values():
            raise InputError(
                f"{path}: column {header!r} is a key and cannot be a group; remove it from groups "
                "in [data]"
            )


def _refuse_same(sources: Sequence[Source], groups: Iterable[str], path: str) -> None:
    for first, second in pairwise(sources):
        if first.variable.id == second.variable.id:
            raise InputError(
                f"{path}: columns {first.header!r} and {second.header!r} both hold "
                f"{first.variable.id}; remove or rename one"
            )
    for source in sources:
        if source.variable.id in (*_KEYS, *groups):
            raise InputError(
                f"{path}: column {source.header!r} has the id {source.variable.id!r}, which is a "
                "key or group; give it another id in [data.columns]"
            )


def _refuse_idle_units(units: Mapping[str, str], sources: Sequence[Source], path: str) -> None:
    known = {name for source in sources for name in (source.header, source.variable.id)}
    for name in units:
        if name not in known:
            raise InputError(
                f"{path}: no column or variable {name!r}, named in [data.units]"
                f"{nearest(name, sorted(known))}; correct the name"
            )


def _key_notes(
    headers: Sequence[str], keys: Mapping[str, int], matches: Mapping[int, Match]
) -> list[str]:
    return [
        f"column {headers[at]!r} serves as the {key}"
        for key, at in keys.items()
        if at in matches and matches[at].variable.id != key
    ]


def _source_notes(sources: Sequence[Source]) -> list[str]:
    notes = []
    for source in sources:
        variable, header = source.variable, source.header
        if source.factor != 1.0:
            notes.append(
                f"column {header!r} converted from {source.unit} to {variable.unit} "
                f"(× {source.factor:g})"
            )
        elif not source.unit and variable.kind in _UNIT_MATTERS and variable.unit not in _COUNTED:
            notes.append(f"column {header!r} has no unit; taken as {variable.unit}")
    return notes


def _remark_notes(headers: Sequence[str], matches: Mapping[int, Match]) -> list[str]:
    return sorted(
        f"column {headers[at]!r}: {remark!r} not understood"
        for at, match in matches.items()
        for remark in match.remarks
    )


def _leftover_notes(headers: Sequence[str], placed: set[int]) -> list[str]:
    return sorted(
        f"column {header!r} is neither in the catalogue nor declared; left out"
        for at, header in enumerate(headers)
        if header and at not in placed
    )


def _header_like(headers: Sequence[str], name: str) -> str:
    """Return the file's own spelling of a header, or the name as it is."""
    return next((header for header in headers if _plain(header) == _plain(name)), name)


def _named(headers: Sequence[str]) -> list[str]:
    return [header for header in headers if header]


def _plain(header: str) -> str:
    return "".join(unicodedata.normalize("NFKC", header).split())
