"""The catalogue of variables: what a column means, and in which unit."""

from city_resilience.catalogue.catalogue import (
    Catalogue,
    Match,
    UnitMismatch,
    Variable,
    load_catalogue,
    unit_in_brackets,
)
from city_resilience.catalogue.sheets import SheetRules, load_sheet_rules, plain
from city_resilience.catalogue.units import Unit, conversion_factor, parse_unit

__all__ = [
    "Catalogue",
    "Match",
    "SheetRules",
    "Unit",
    "UnitMismatch",
    "Variable",
    "conversion_factor",
    "load_catalogue",
    "load_sheet_rules",
    "parse_unit",
    "plain",
    "unit_in_brackets",
]
