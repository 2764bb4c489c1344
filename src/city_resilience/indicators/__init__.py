"""What a city has in a year: a table of indicators by family, each a pure function on arrays."""

from city_resilience.indicators.composite import Index
from city_resilience.indicators.compute import IndicatorCube, compute_indicators
from city_resilience.indicators.history import growth_gap_past, national_growth
from city_resilience.indicators.indicator import Indicator
from city_resilience.indicators.ratios import within_year_rank
from city_resilience.indicators.table import INDICES, TABLE

__all__ = [
    "INDICES",
    "TABLE",
    "Index",
    "Indicator",
    "IndicatorCube",
    "compute_indicators",
    "growth_gap_past",
    "national_growth",
    "within_year_rank",
]
