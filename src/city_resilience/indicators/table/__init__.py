"""The table of indicators, by family; one more is one entry plus one pure function."""

from city_resilience.indicators.indicator import Indicator
from city_resilience.indicators.table import (
    agglomeration,
    control,
    digital,
    history,
    innovation,
    place,
    structure,
    talent,
)
from city_resilience.indicators.table.indices import INDICES

__all__ = ["INDICES", "TABLE"]

TABLE: tuple[Indicator, ...] = (
    *digital.ENTRIES,
    *innovation.ENTRIES,
    *talent.ENTRIES,
    *structure.ENTRIES,
    *agglomeration.ENTRIES,
    *place.ENTRIES,
    *history.ENTRIES,
    *control.ENTRIES,
)
