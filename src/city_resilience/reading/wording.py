"""The words of a header: which variable, unit and year they name, whatever stands around them."""

from __future__ import annotations

import math
import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache, lru_cache

from city_resilience.catalogue.sheets import load_sheet_rules, plain
from city_resilience.catalogue.units import CURRENCIES, conversion_factor, parse_unit
from city_resilience.catalogue.variables import Match, UnitMismatch, Variable
from city_resilience.errors import InputError, nearest
from city_resilience.reading.cells import cell_text

__all__ = [
    "NearestNames",
    "Wording",
    "catalogue_key",
    "catalogue_names",
    "factor_of",
    "is_unit",
    "key_of",
    "match_header",
    "percent_factor",
    "place_name",
    "single_line",
    "split_year",
    "unspaced",
    "without_currency",
]

_KEY_VARIABLES = {
    "city": "name",
    "province": "province",
    "year": "year",
    "scope": "scope",
    "city_code": "code",
    **dict.fromkeys(("region", "macro_region", "province_code"), "ignored"),
}
_ALIKE, _COMPARED = 0.8, 50  # known names near an unknown header, and headers that are compared
_CHINESE = re.compile(r"[\u3400-\u9fff]")
_BRACKETS = re.compile(r"[()\[\]【】〔〕<>〈〉《》]")
_YEAR = re.compile(r"(?<!\d)((?:19|20)\d{2})(?!\d)\s*(?:年度?)?")


@dataclass(frozen=True)
class Wording:
    """What a header was understood to say.

    Attributes
    ----------
    match : Match or None
        The variable, None where no reading of the words is in the catalogue.
    problem : str
        Why a known variable cannot be read; empty where it can.
    variable : str
        Its id.
    declared : bool
        Whether it is the user's declared unit that does not fit.
    """

    match: Match | None
    problem: str = ""
    variable: str = ""
    declared: bool = False


def single_line(text: object) -> str:
    """Return a header's text in NFKC on one line."""
    if isinstance(text, str) and text.isascii():
        if text.isalnum():
            return text
        return " ".join(text.replace("_x000D_", " ").split())
    if text is None:
        return ""
    return " ".join(unicodedata.normalize("NFKC", cell_text(text)).split())


def unspaced(text: str) -> str:
    """Return a header in NFKC without any white space, as headers are compared."""
    return "".join(unicodedata.normalize("NFKC", text).split())


def place_name(text: str) -> str:
    """Return the name of a row without its number, footnote mark or English repetition.

    Parameters
    ----------
    text : str
        As `single_line` returns it.

    Examples
    --------
    >>> place_name("1.太原市 Taiyuan")
    '太原市'
    """
    for pattern in load_sheet_rules().around:
        text = pattern.sub("", text).strip()
    return text


def is_unit(text: str) -> bool:
    """Tell whether a text is a unit and nothing else: ``(万人)``, ``单位：亿元``.

    Examples
    --------
    >>> is_unit("(万人)"), is_unit("单位:亿元"), is_unit("制造业")
    (True, True, False)
    """
    bare = _BRACKETS.sub("", re.sub(r"^(?:计量)?单位[::]?", "", text)).strip()
    return bool(bare) and parse_unit(bare) is not None


def split_year(text: str) -> tuple[str, int | None]:
    """Take the only year out of a header.

    Examples
    --------
    >>> split_year("2010年GDP(亿元)"), split_year("GDP_2011"), split_year("GDP")
    (('GDP(亿元)', 2010), ('GDP', 2011), ('GDP', None))
    """
    years = _YEAR.findall(text)
    if len(years) != 1:
        return text, None
    rest = _YEAR.sub(" ", text)
    return re.sub(r"[\s_\-,:]+$|^[\s_\-,:]+|\(\s*\)", "", rest).strip(), int(years[0])


@cache
def catalogue_names() -> tuple[str, ...]:
    """Return the names by which headers may say the variables of the catalogue."""
    known = load_sheet_rules().catalogue.variables.values()
    return tuple(
        name for each in known for name in (each.id, each.label_en, each.label_zh, *each.aliases)
    )


@dataclass(frozen=True)
class NearestNames:
    """Names of the catalogue near unknown headers, for the first 50 of a file or an import.

    A comparison takes milliseconds, and a file may have thousands of unknown headers.
    """

    _found: dict[str, str] = field(default_factory=dict)

    def __call__(self, header: str) -> str:
        """Return a clause with the nearest names, "" where nothing is near or no more are asked."""
        if header not in self._found and len(self._found) < _COMPARED:
            self._found[header] = nearest(header, catalogue_names(), alike=_ALIKE)
        return self._found.get(header, "")


def factor_of(unit: str, variable: Variable) -> float | None:
    """Return the factor from a unit to a variable's own; None where they do not compare."""
    found, wanted = parse_unit(unit), parse_unit(variable.unit)
    return conversion_factor(found, wanted) if found and wanted else None


def percent_factor(variable: Variable, unit: str, factor: float) -> tuple[float, str]:
    """Return the factor of a number with a percent sign, and why there is none.

    Parameters
    ----------
    unit : str
        Unit of the column.
    factor : float
        From the column's unit to the variable's.
    """
    found = factor if unit == "%" else factor_of("%", variable)
    if found is None:
        return math.nan, f"a percent sign in a column of {variable.unit or 'plain numbers'}"
    return found, ""


@lru_cache(maxsize=16384)
def catalogue_key(header: str) -> str:
    """Return the id of the key, such as ``city`` or ``region``, that a header names; else ""."""
    try:
        match = load_sheet_rules().catalogue.resolve(header)
    except InputError:  # a known name in a unit that does not fit: a variable
        return ""
    return match.variable.id if match and match.variable.family == "key" else ""


@lru_cache(maxsize=1 << 14)
def key_of(header: str) -> str:
    """Return what a key column holds by its header.

    ``name``, ``city_only`` (names of prefecture level), ``province``, ``year``, ``scope``,
    ``code``, ``unit``, ``indicator``, ``value`` or ``ignored``; empty where it is no key's header.
    """
    keys, word = load_sheet_rules().keys, plain(header)
    if not word or word in keys:
        return keys.get(word, "")
    return _KEY_VARIABLES.get(catalogue_key(header), "")


def match_header(header: str, units: Mapping[str, str], *, carry: bool = False) -> Wording:
    """Find the variable that a header means.

    The words are tried whole, without their English repetition, and without numbering and such
    on their front; the first reading that the catalogue knows counts.

    Parameters
    ----------
    units : mapping of str to str
        Declared units by header or variable id.
    carry : bool
        Take money in another currency as it is, see `Catalogue.resolve`.

    Raises
    ------
    InputError
        If a declared unit is none.
    """
    if not units:
        return _undeclared(header, carry)
    bare = unspaced(header)
    return _worded(header, units, [u for n, u in units.items() if unspaced(n) == bare], carry)


@lru_cache(maxsize=1 << 14)
def _undeclared(header: str, carry: bool) -> Wording:
    return _worded(header, {}, [], carry)


def _worded(header: str, units: Mapping[str, str], declared: Sequence[str], carry: bool) -> Wording:
    """Find the variable that a header means; ``declared`` are the units of that header."""
    misfit = Wording(None)
    for reading in _readings(single_line(header)):
        known = {**units, **dict.fromkeys((reading,), *declared)} if declared else units
        try:
            match = load_sheet_rules().catalogue.resolve(reading, known, carry=carry)
        except UnitMismatch as error:
            settled = bool(declared) or error.variable in units
            misfit = (
                misfit if misfit.problem else Wording(None, str(error), error.variable, settled)
            )
            continue
        if match is not None and match.variable.family != "key":
            name = match.variable.id
            odd = [remark for remark in match.remarks if load_sheet_rules().part.search(remark)]
            if not odd:
                return Wording(match)
            return Wording(
                None, f"{odd[0]!r} may mean another quantity than {name}; rename the header", name
            )
    return misfit


def without_currency(match: Match, header: str, *, china: bool) -> Match:
    """Return what a header means, without yuan where nothing says that its money is yuan.

    The variable has no unit then, and no range of usual values.

    Parameters
    ----------
    china : bool
        Whether the experiment or the gazetteer says that the places are in China; a Chinese header
        says so too.
    """
    wanted = parse_unit(match.variable.unit)
    money = wanted is not None and wanted.numerator in CURRENCIES
    if china or not money or match.unit_in_header or _CHINESE.search(header):
        return match
    return replace(match, variable=replace(match.variable, unit="", ranges=()))


def _readings(text: str) -> Iterator[str]:
    seen: set[str] = set()
    for whole in (text, _without_english(text)):
        reading = whole
        while reading and reading not in seen:
            seen.add(reading)
            yield reading
            squeezed = _squeezed(reading)
            if squeezed not in seen:
                seen.add(squeezed)
                yield squeezed
            reading = _without_front(reading)


def _without_english(text: str) -> str:
    """Cut a Chinese header where it repeats itself in English."""
    if text.isascii():
        return text
    for found in load_sheet_rules().english.finditer(text):
        if _CHINESE.search(text[: found.start()]):
            return text[: found.start()].strip()
    return text


def _without_front(text: str) -> str:
    for pattern in load_sheet_rules().front:
        shorter = pattern.sub("", text, count=1).strip()
        if shorter != text:
            return shorter
    return ""


def _squeezed(text: str) -> str:
    """Close up the gaps that line breaks left between Chinese characters."""
    if text.isascii():
        return text
    return re.sub(r"(?<=[\u3400-\u9fff、,(])\s+(?=[\u3400-\u9fff(])", "", text)
