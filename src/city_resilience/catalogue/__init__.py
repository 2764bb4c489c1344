"""The catalogue of variables: what a column means, and in which unit."""

from city_resilience.catalogue.catalogue import (
    Catalogue,
    Match,
    UnitMismatch,
    Variable,
    load_catalogue,
    unit_in_brackets,
)
from city_resilience.catalogue.units import Unit, conversion_factor, parse_unit

__all__ = [
    "Catalogue",
    "Match",
    "Unit",
    "UnitMismatch",
    "Variable",
    "conversion_factor",
    "load_catalogue",
    "parse_unit",
    "unit_in_brackets",
]
