"""Which column of a table is what: keys, groups and variables."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise

from city_resilience.catalogue.gazetteer.groups import GROUPS
from city_resilience.catalogue.variables import Match, load_catalogue
from city_resilience.errors import InputError, nearest
from city_resilience.experiment.added_lines import toml_string
from city_resilience.experiment.data import Column, Data
from city_resilience.experiment.outcome import Outcome
from city_resilience.reading.account import ColumnRead, columns_read
from city_resilience.reading.declared import outcome_match, own_match
from city_resilience.reading.wording import (
    NearestNames,
    Wording,
    catalogue_key,
    key_of,
    match_header,
    single_line,
    split_year,
    unspaced,
    without_currency,
)

__all__ = ["Layout", "Source", "find_column", "groups_looked_up", "lay_out"]

_KEYS = ("city", "year", "province", "code", "nation")
_IN_PLACE = {"city": ("city", "province", "region")}
_WORDS = {"city": ("name", "city_only"), "year": ("year",)}
_UNIT_MATTERS = ("level", "volume")
_COUNTED = ("", "count")
Headers = Sequence[str]


@dataclass(frozen=True)
class Source:
    """A column that becomes a variable: its position in the file, from 0, header and meaning."""

    position: int
    header: str
    match: Match

    @property
    def id(self) -> str:
        """Id of the variable."""
        return self.match.variable.id


@dataclass(frozen=True)
class Layout:
    """Positions of the keys and groups, and the columns that become variables.

    Attributes
    ----------
    keys : mapping of str to int
        Position of ``city``, ``year`` and, where known, ``province``, ``code``, ``nation`` and
        ``scope``.
    groups : mapping of str to int
        Header to position of each group column.
    sources : tuple of Source
        Sorted by variable id.
    misfits : mapping of str to str
        Variable id to what is wrong with the column that was left out for it.
    notes : tuple of str
        What was converted, assumed or left out.
    columns : tuple of ColumnRead
        What each column became, in the order of the file.
    level : str
        ``city`` where the header says that the cities are of prefecture level.
    no_city : str
        Where a coarser unit serves as the city: what to say if its rows turn out to be finer.
    """

    keys: Mapping[str, int]
    groups: Mapping[str, int]
    sources: tuple[Source, ...]
    misfits: Mapping[str, str]
    notes: tuple[str, ...]
    columns: tuple[ColumnRead, ...] = ()
    level: str = ""
    no_city: str = ""


def lay_out(headers: Headers, data: Data, outcome: Outcome | None = None) -> Layout:
    """Decide what each column of a table is.

    Parameters
    ----------
    headers : sequence of str
        Headers by position.
    data : Data
        Declared keys, groups, units and own columns.
    outcome : Outcome, optional
        Its own column and its weight, where a header names it, count.

    Raises
    ------
    InputError
        If a key is missing, a declared column is not in the file, two columns are the same
        variable, or a unit is unknown or does not fit.
    """
    if not any(headers):
        raise InputError("row 1 holds no headers; put the headers into the first row")
    stated = {key: getattr(data, key) for key in _KEYS if getattr(data, key)}
    declared = {key: find_column(headers, name, f"[data] {key}") for key, name in stated.items()}
    _refuse_same_keys(headers, declared)
    own = {
        at: own_match(headers[at], column, data.units)
        for name, column in data.columns.items()
        for at in [find_column(headers, name, "[data.columns]")]
    }
    own |= _of_outcome(headers, own, data, outcome or Outcome())
    looked_up = groups_looked_up(headers, data)
    given = (name for name in data.groups if name not in looked_up)
    groups = {name: find_column(headers, name, "[data] groups") for name in given}
    _refuse_keys_as_groups(groups, declared)
    taken = {*declared.values(), *own, *groups.values()}
    read = _wordings(headers, taken, data)
    named = _keys_named(headers, taken, declared)
    keys = _keys(headers, named)
    if data.gazetteer != "none" and len(coded := named.get("city_code", [])) == 1:
        keys.setdefault("code", coded[0])
    china = data.gazetteer == "china"
    found = {
        at: without_currency(wording.match, headers[at], china=china)
        for at, wording in read.items()
        if wording.match and wording.match.scope in ("", data.scope)
    }
    sources = [Source(at, headers[at], match) for at, match in (own | found).items()]
    sources.sort(key=lambda source: (source.id, source.header))
    _refuse_same(sources, groups)
    _refuse_idle_units(data.units, sources)
    placed = {*taken, *(at for each in named.values() for at in each)}
    notes = [
        *_key_notes(headers, keys, named),
        *_source_notes(sources),
        *_left_out(headers, read, placed, data.scope),
    ]
    header = headers[keys["city"]]
    return Layout(
        keys=keys,
        groups=groups,
        sources=tuple(sources),
        misfits={wording.variable: wording.problem for wording in read.values() if wording.problem},
        notes=tuple(notes),
        columns=columns_read(headers, keys, groups, {s.position: s.match for s in sources}, read),
        level="city" if key_of(header) == "city_only" else "",
        no_city="" if keys["city"] in named.get("city", ()) else _absent(headers, "city"),
    )


def groups_looked_up(headers: Headers, data: Data) -> tuple[str, ...]:
    """Return the declared groups that come from the gazetteer and not from a column."""
    if data.gazetteer == "none":
        return ()
    named = {unspaced(header) for header in headers}
    return tuple(name for name in data.groups if name in GROUPS and unspaced(name) not in named)


def _of_outcome(
    headers: Headers, own: Iterable[int], data: Data, outcome: Outcome
) -> dict[int, Match]:
    """Return the outcome's own column, and its weight where only a header tells it."""
    found = {}
    if outcome.column:
        at = find_column(headers, outcome.column, "[outcome] column")
        found[at] = outcome_match(headers[at], outcome, data.units)
    named = _places(tuple(headers)).get(unspaced(outcome.weight), [])
    for at in named if outcome.weight else ():
        if at not in own and match_header(headers[at], data.units).match is None:
            weight = own_match(headers[at], Column(family="control"), data.units)
            found[at] = replace(weight, variable=replace(weight.variable, family="outcome"))
    return found


def find_column(headers: Headers, header: str, where: str) -> int:
    """Return the position of a column that the experiment names."""
    found = _places(tuple(headers)).get(unspaced(header), [])
    if len(found) > 1:
        raise InputError(
            f"column {header!r}, named in {where}, stands {len(found)} times in the header; "
            "rename all but one"
        )
    if not found:
        raise InputError(
            f"no column {header!r}, named in {where}{nearest(header, _named(headers))}; correct "
            "the name"
        )
    return found[0]


@lru_cache(maxsize=8)
def _places(headers: tuple[str, ...]) -> dict[str, list[int]]:
    """Return the positions of headers by what they are without white space."""
    found: dict[str, list[int]] = {}
    for at, name in enumerate(headers):
        found.setdefault(unspaced(name), []).append(at)
    return found


def _wordings(headers: Headers, taken: Iterable[int], data: Data) -> dict[int, Wording]:
    """Look up the columns that the experiment says nothing about."""
    read = {
        at: match_header(header, data.units, carry=True)
        for at, header in enumerate(headers)
        if header and at not in taken
    }
    for wording in read.values():
        if wording.declared:
            raise InputError(wording.problem)
    return read


def _keys_named(
    headers: Headers, taken: Iterable[int], declared: Mapping[str, int]
) -> dict[str, list[int]]:
    """Return the columns of each key; a word of sheets counts where the catalogue has none."""
    free = [at for at, header in enumerate(headers) if header and at not in taken]
    found: dict[str, list[int]] = {key: [at] for key, at in declared.items()}
    for at in free:
        if (key := catalogue_key(headers[at])) and key not in declared:
            found.setdefault(key, []).append(at)
    for key, words in _WORDS.items():
        if not any(name in found for name in _IN_PLACE.get(key, (key,))):
            at_words = [at for at in free if key_of(headers[at]) in words]
            found |= {key: at_words} if at_words else {}
    return found


def _keys(headers: Headers, named: Mapping[str, Sequence[int]]) -> dict[str, int]:
    """Find city, year and province; where there is no city, the coarser unit serves as it."""
    unit = next((key for key in _IN_PLACE["city"] if key in named), "city")
    keys = {
        "city": _single(headers, "city", named.get(unit, [])),
        "year": _single(headers, "year", named.get("year", [])),
    }
    if unit == "city" and "province" in named:
        keys["province"] = _single(headers, "province", named["province"])
    elif unit == "city" and len(named.get("region", [])) == 1:
        keys["province"] = named["region"][0]
    keys |= {key: named[key][0] for key in ("code", "nation") if key in named}
    if "scope" in named:
        keys["scope"] = _single(headers, "scope", named["scope"])
    return keys


def _single(headers: Headers, key: str, positions: Sequence[int]) -> int:
    if len(positions) > 1:
        names = " and ".join(repr(headers[at]) for at in positions)
        first, *others = (toml_string(headers[at]) for at in positions)
        raise InputError(
            f"columns {names} both hold the {key}; name the right one as {key} in [data]",
            paste=f"[data]\n{key} = {first}  # or {', '.join(others)}",
        )
    if not positions:
        raise InputError(_absent(headers, key))
    return positions[0]


def _absent(headers: Headers, key: str) -> str:
    named, label = _named(headers), load_catalogue().variables[key].label_zh
    years = [header for header in named if split_year(single_line(header))[1] is not None]
    if key == "year" and len(years) > 1:
        return (
            f"no year column, and years in {len(years)} headers ({years[0]!r}); give each year a "
            "row with city-resilience import FILE --out panel.csv, or name the column of years as "
            "year in [data]"
        )
    return (
        f"no {key} column{nearest(key, named) or nearest(label, named)}; rename it to {key!r} or "
        f"name it as {key} in [data]; columns found: {', '.join(named)}"
    )


def _refuse_same_keys(headers: Headers, declared: Mapping[str, int]) -> None:
    """Refuse a nation that is another key as well."""
    for key, at in declared.items():
        if key != "nation" and at == declared.get("nation"):
            raise InputError(
                f"column {headers[at]!r} is named as {key} and as nation in [data]; a nation holds "
                f"several places, and a province lies within it: remove {key} or nation"
            )


def _refuse_keys_as_groups(groups: Mapping[str, int], declared: Mapping[str, int]) -> None:
    for header, at in groups.items():
        key = catalogue_key(header)
        if header in _KEYS or at in declared.values() or (key in _KEYS and key not in declared):
            raise InputError(
                f"column {header!r} is a key and cannot be a group; remove it from groups in [data]"
            )


def _refuse_same(sources: Sequence[Source], groups: Iterable[str]) -> None:
    for first, second in pairwise(sources):
        if first.id == second.id:
            raise InputError(
                f"columns {first.header!r} and {second.header!r} both hold {first.id}; remove or "
                "rename one"
            )
    for source in sources:
        if source.id in (*_KEYS, *groups):
            raise InputError(
                f"column {source.header!r} has the id {source.id!r}, which is a key or group; give "
                "it another id in [data.columns]"
            )


def _refuse_idle_units(units: Iterable[str], sources: Sequence[Source]) -> None:
    headers = {unspaced(source.header) for source in sources}
    known = {name for source in sources for name in (source.header, source.id)}
    for name in units:
        if name not in known and unspaced(name) not in headers:
            raise InputError(
                f"no column or variable {name!r}, named in [data.units]"
                f"{nearest(name, sorted(known))}; correct the name"
            )


def _key_notes(
    headers: Headers, keys: Mapping[str, int], named: Mapping[str, Sequence[int]]
) -> list[str]:
    return [
        f"column {headers[at]!r} serves as the {key}"
        for key, at in keys.items()
        if at not in named.get(key, ())
    ]


def _source_notes(sources: Sequence[Source]) -> list[str]:
    notes = []
    for source in sources:
        match, variable, header = source.match, source.match.variable, source.header
        if match.factor != 1.0:
            notes.append(
                f"column {header!r} converted from {match.unit_in_header} to {variable.unit} "
                f"(× {match.factor:g})"
            )
        elif (
            not match.unit_in_header
            and variable.kind in _UNIT_MATTERS
            and variable.unit not in _COUNTED
        ):
            notes.append(f"column {header!r} has no unit; taken as {variable.unit}")
        elif not variable.unit and _catalogue_unit(variable.id):
            notes.append(f"column {header!r} names no currency; its numbers are taken as they are")
    remarks = [(s.header, remark) for s in sources for remark in s.match.remarks]
    return notes + sorted(f"column {header!r}: {said!r} not understood" for header, said in remarks)


def _catalogue_unit(name: str) -> str:
    known = load_catalogue().variables.get(name)
    return known.unit if known and known.unit not in _COUNTED else ""


def _left_out(
    headers: Headers, read: Mapping[int, Wording], placed: Collection[int], scope: str
) -> Iterator[str]:
    """Say which columns cannot be read, are about another territory, or are not known."""
    yield from sorted(
        f"{wording.problem}; left out" for wording in read.values() if wording.problem
    )
    for at, wording in read.items():
        if wording.match and wording.match.scope not in ("", scope):
            yield f"column {headers[at]!r} is about {wording.match.scope}, not {scope}; left out"
    unknown = [
        headers[at]
        for at, wording in read.items()
        if at not in placed and wording.match is None and not wording.problem
    ]
    near = NearestNames()
    yield from sorted(
        f"column {header!r} is neither in the catalogue nor declared{near(header)}; left out"
        for header in unknown
    )


def _named(headers: Headers) -> list[str]:
    return [header for header in headers if header]
