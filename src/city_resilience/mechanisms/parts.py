"""The parts of `mechanisms`: one entry in a table plus one pure function each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType

from city_resilience.mechanisms.baseline import baseline
from city_resilience.mechanisms.channels import channels
from city_resilience.mechanisms.context import Context, Part
from city_resilience.mechanisms.curve import curve
from city_resilience.mechanisms.double_learning import double_learning
from city_resilience.mechanisms.places import places
from city_resilience.mechanisms.referee import referee
from city_resilience.mechanisms.space import space
from city_resilience.mechanisms.thresholds import thresholds
from city_resilience.mechanisms.timing import timing
from city_resilience.mechanisms.verdicts import verdicts

__all__ = ["OVER_ALL", "PARTS"]

PARTS: Mapping[str, Callable[[Context], Part]] = MappingProxyType(
    {
        "baseline": baseline,
        "channels": channels,
        "places": places,
        "thresholds": thresholds,
        "space": space,
        "timing": timing,
        "curve": curve,
        "double_learning": double_learning,
        "referee": referee,
        "verdicts": verdicts,
    }
)
"""What each part tests, in the order of the report; an id is also the name of its file."""
OVER_ALL = ("verdicts",)
"""Parts that read what the others found: they stay last, and are made anew when one of these is."""
