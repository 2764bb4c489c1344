"""The table of indicators, as loaded from ``table.toml``; one more is one line there."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache, partial
from importlib import import_module
from typing import Any

from city_resilience.catalogue.shipped import shipped_toml
from city_resilience.experiment.family import FAMILIES
from city_resilience.indicators.formulas.ratios import then
from city_resilience.indicators.formulas.spatial import of_neighbours
from city_resilience.indicators.indicator import NEIGHBOURS, Function, Index, Indicator

__all__ = ["formula_of", "load_indices", "load_table"]

_FORMULAS = "city_resilience.indicators.formulas"


@cache
def load_table() -> tuple[Indicator, ...]:
    """Return the indicators of all families in the order of the table."""
    sections = _sections()
    return tuple(
        _indicator(id, family, row) for family in FAMILIES for id, row in sections[family].items()
    )


@cache
def load_indices() -> tuple[Index, ...]:
    """Return the composite indices of the table."""
    return tuple(
        Index(id, row["family"], row["en"], row["zh"], tuple(row["components"]))
        for id, row in _sections()["indices"].items()
    )


def formula_of(id: str) -> str:
    """Return the formula of an indicator as ``module.name``; a column of the user's has a value."""
    rows = [section[id] for section in _sections().values() if id in section]
    return str(rows[0]["formula"]) if rows else "ratios.value"


@cache
def _sections() -> dict[str, Any]:
    return shipped_toml("table.toml", "indicators")


def _indicator(id: str, family: str, row: Mapping[str, Any]) -> Indicator:
    options = dict(row)
    unit, en, zh = (options.pop(key) for key in ("unit", "en", "zh"))
    direction = options.pop("direction", 0)
    inputs, optional = (_ids(options.pop(key, ())) for key in ("of", "optional"))
    formula, last = options.pop("formula"), options.pop("then", "")
    neighbours = options.pop("neighbours", False)
    function: Function = partial(_function(formula), **options)
    function = then(function, _function(last)) if last else function
    if neighbours:
        function, inputs = of_neighbours(function), (*inputs, NEIGHBOURS)
    return Indicator(id, family, en, zh, unit, inputs, function, direction, optional)


def _ids(names: str | list[str] | tuple[str, ...]) -> tuple[str, ...]:
    return (names,) if isinstance(names, str) else tuple(names)


def _function(name: str) -> Function:
    module, _, function = name.partition(".")
    found: Function = getattr(import_module(f"{_FORMULAS}.{module}"), function)
    return found
