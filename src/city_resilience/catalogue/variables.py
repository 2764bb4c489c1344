"""Variables of city panels and the headers that name them.

A header is a name, a unit and perhaps a remark: ``实际地区生产总值(亿元,2000年价)``,
``real GDP (100m yuan)``, ``gdp_100m_yuan``. Names are compared after NFKC, case folding and
removal of white space and underscores. Several variables may share a name; the unit then tells
them apart (``科学技术支出(万元)``, ``科学技术支出(对数指标)``), or the prices do.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Literal

from city_resilience.catalogue.header import Header, name_key, opens_brackets, readings_of
from city_resilience.catalogue.shipped import shipped_toml
from city_resilience.catalogue.units import (
    CURRENCIES,
    conversion_factor,
    is_amount,
    is_scale,
    parse_unit,
)
from city_resilience.errors import InputError

__all__ = [
    "Catalogue",
    "Identity",
    "Match",
    "Range",
    "UnitMismatch",
    "Variable",
    "load_catalogue",
]

_FRONT = 4  # characters of a name by which most unknown headers are told from known ones


class UnitMismatch(InputError):
    """A header names a variable, in a unit that cannot be converted to the variable's own.

    Attributes
    ----------
    variable : str
        Id of the variable.
    """

    def __init__(self, message: str, variable: str) -> None:
        super().__init__(message)
        self.variable = variable


@dataclass(frozen=True)
class Range:
    """Bounds of the median city-year of ``variable / over * per``, in catalogue units.

    ``over`` may name two variables, the first over the second, or none.
    """

    variable: str
    least: float
    most: float
    over: tuple[str, ...] = ()
    per: float = 1.0


@dataclass(frozen=True)
class Identity:
    """What a variable is computed from: the sum or the product of others, the growth of one.

    Attributes
    ----------
    whole : str
        Id of the variable.
    of : tuple of str
        The parts.
    how : {"sum", "product", "growth"}
    reason : str
        The identity in words.
    slow : tuple of str
        Parts that hardly change from year to year beside the others: the whole grows as the
        other parts do.
    """

    whole: str
    of: tuple[str, ...]
    how: Literal["sum", "product", "growth"]
    reason: str
    slow: tuple[str, ...] = ()

    @property
    def variables(self) -> frozenset[str]:
        """The whole and its parts."""
        return frozenset((self.whole, *self.of))


@dataclass(frozen=True)
class Variable:
    """What one numeric column of a panel means.

    Attributes
    ----------
    id : str
        Name in code, experiment files and results.
    label_en, label_zh : str
        Names for people.
    unit : str
        Unit of the values in a panel, as `parse_unit` reads it ("" = none).
    family : str
        One of ``experiment.FAMILIES``, ``"outcome"``, ``"policy"``, or ``"key"`` for what is no
        number.
    direction : int
        +1 more is better, -1 more is worse, 0 unknown.
    aliases : tuple of str
        Further names a header may use, without units.
    kind : str
        ``level``, ``volume`` (at constant prices), ``share``, ``ratio``, ``index``, ``log`` or
        ``key``.
    signed : bool
        Whether values below zero are possible.
    part_of : str
        Variable that it cannot be larger than.
    sums_to : str
        Variable that it adds up to with all others of the same; ``"1"`` for shares. It is a part
        of it then too.
    sum_slack : float
        Of a total: relative difference to the sum that rounding and definitions explain.
    ranges : tuple of Range
    identities : tuple of Identity
    scope : str
        Territory of a column that names none, ``whole_city`` or ``districts``.
    industry : str
        Broad group of an industry of urban-unit employment.
    scale : str
        Of an outcome: what the experiment says that it is, see ``experiment.outcome.Scale``.
    """

    id: str
    label_en: str
    label_zh: str
    unit: str = ""
    family: str = "control"
    direction: int = 0
    aliases: tuple[str, ...] = ()
    kind: str = "level"
    signed: bool = False
    part_of: str = ""
    sums_to: str = ""
    sum_slack: float = 0.03
    ranges: tuple[Range, ...] = ()
    identities: tuple[Identity, ...] = ()
    scope: str = "whole_city"
    industry: str = ""
    scale: str = ""

    @property
    def total(self) -> str:
        """Variable that it cannot be larger than, "" for none."""
        return self.part_of or self.sums_to.removeprefix("1")

    @property
    def never_negative(self) -> bool:
        """Whether no city can have a value below zero."""
        return not self.signed and self.kind in ("level", "volume", "share", "ratio")


@dataclass(frozen=True)
class Match:
    """A header that was understood.

    Attributes
    ----------
    variable : Variable
    unit_in_header : str
        The unit as written in the header or as declared; empty if there was none.
    factor : float
        What the column's values are multiplied by to be in the variable's unit.
    remarks : tuple of str
        Parts in brackets that are neither a unit nor a known remark.
    scope : str
        ``whole_city`` or ``districts`` where the header says which; else empty.
    """

    variable: Variable
    unit_in_header: str
    factor: float
    remarks: tuple[str, ...] = ()
    scope: str = ""


class Catalogue:
    """Variables by id, and the lookup from a header to one of them.

    Parameters
    ----------
    variables : mapping of str to Variable
        In order of preference where several share a name.
    """

    def __init__(self, variables: Mapping[str, Variable]) -> None:
        self.variables: Mapping[str, Variable] = dict(variables)
        self._by_name: dict[str, list[Variable]] = {}
        for variable in self.variables.values():
            names = (variable.id, variable.label_en, variable.label_zh, *variable.aliases)
            for key in dict.fromkeys(map(name_key, names)):
                self._by_name.setdefault(key, []).append(variable)
        self._fronts = frozenset(key[:_FRONT] for key in self._by_name)

    def resolve(
        self, header: str, units: Mapping[str, str] | None = None, *, carry: bool = False
    ) -> Match | None:
        """Find the variable that a header names.

        Parameters
        ----------
        header : str
            The column's header as it stands in the file.
        units : mapping of str to str, optional
            Declared units by header or by variable id; they overrule the header's own.
        carry : bool
            Take an amount of money in another currency than the variable's as it is: the
            variable then has the unit of the header.

        Returns
        -------
        Match or None
            None where the name is unknown.

        Raises
        ------
        UnitMismatch
            If the name is known but the unit in brackets or the declared one cannot be
            converted.
        InputError
            If a declared unit is not a unit.
        """
        if not self._may_name(header):
            return None
        for reading in readings_of(header, self._by_name):
            known = self._by_name.get(name_key(reading.name), [])
            if not known:
                continue
            match = _choose(header, reading, known, units or {})
            if carry and (match is None or not match.unit_in_header):
                match = _carried(header, reading, known, units or {}) or match
            if match or reading.cut:
                return match
            raise _mismatch(header, reading, known, units or {})
        return None

    def _may_name(self, header: str) -> bool:
        """Tell whether a header may begin with a name; nearly all that are unknown do not."""
        key = name_key(header)
        fronts = (key[:length] for length in range(1, _FRONT + 1))
        return opens_brackets(key) or any(front in self._fronts for front in fronts)


@cache
def load_catalogue() -> Catalogue:
    """Load the catalogue that ships with the package."""
    return Catalogue({id: _variable(id, row) for id, row in shipped_toml("variables.toml").items()})


def _variable(id: str, row: Mapping[str, Any]) -> Variable:
    """Return an entry of the file; its lists become tuples."""
    fields = _tuples(row)
    fields["ranges"] = tuple(Range(id, **_tuples(own)) for own in row.get("ranges", ()))
    fields["identities"] = tuple(Identity(id, **_tuples(own)) for own in row.get("identities", ()))
    return Variable(id, **fields)


def _tuples(row: Mapping[str, Any]) -> dict[str, Any]:
    return {key: tuple(value) if isinstance(value, list) else value for key, value in row.items()}


def _choose(
    header: str, reading: Header, known: list[Variable], units: Mapping[str, str]
) -> Match | None:
    """Return the first variable of a name whose unit and prices fit."""
    for variable in _ranked(known, reading):
        unit = _unit(header, reading, variable, units)
        factor = _factor(header, unit, variable)
        if factor is not None:
            return Match(variable, unit, factor, reading.remarks, reading.scope)
    return None


def _carried(
    header: str, reading: Header, known: list[Variable], units: Mapping[str, str]
) -> Match | None:
    """Return the first variable of a name that is money, in the currency of the header."""
    for variable in _ranked(known, reading):
        amount = next(filter(is_amount, reading.remarks), "")
        unit = _unit(header, reading, variable, units) or amount
        found, wanted = parse_unit(unit), parse_unit(variable.unit)
        money = found.numerator in CURRENCIES or is_scale(unit) if found else bool(amount)
        if unit and money and wanted and wanted.numerator in CURRENCIES:
            _, per, under = variable.unit.partition(" per ")
            plain = found is None or not found.denominator
            unit += (f"{per}{under}" if plain else "") + (
                f", {reading.prices}" * bool(reading.prices)
            )
            carried = replace(variable, unit=unit, ranges=())
            remarks = tuple(own for own in reading.remarks if own != amount)
            return Match(carried, unit, 1.0, remarks, reading.scope)
    return None


def _ranked(known: list[Variable], reading: Header) -> list[Variable]:
    return sorted(known, key=lambda v: (v.kind == "volume") != reading.constant_prices)


def _unit(header: str, reading: Header, variable: Variable, units: Mapping[str, str]) -> str:
    return units.get(header.strip(), units.get(variable.id, reading.unit))


def _factor(header: str, unit: str, variable: Variable) -> float | None:
    wanted = parse_unit(variable.unit)
    if not unit or wanted is None:
        return 1.0
    found = parse_unit(unit)
    if found is None:
        raise InputError(
            f"column {header.strip()!r}: declared unit {unit!r} is not known; write one such as "
            "'亿元', '100m yuan', '10k persons', '%' or 'fraction'"
        )
    return conversion_factor(found, wanted)


def _mismatch(
    header: str, reading: Header, known: list[Variable], units: Mapping[str, str]
) -> UnitMismatch:
    variable = _ranked(known, reading)[0]
    unit = _unit(header, reading, variable, units)
    return UnitMismatch(
        f"column {header.strip()!r}: unit {unit!r} cannot be converted to {variable.unit!r}, the "
        f"unit of {variable.id}; declare its unit in [data.units] or its meaning in [data.columns]",
        variable.id,
    )
