"""What every part of `mechanisms` reads, and what it returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from city_resilience.experiment.mechanisms import Mechanisms
from city_resilience.mechanisms.design import Design
from city_resilience.mechanisms.estimate import Estimate, estimates_frame
from city_resilience.progress import Progress, silent

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["Context", "Part", "Refusal"]


@dataclass(frozen=True)
class Refusal:
    """A test that these data cannot carry.

    Attributes
    ----------
    reason : str
        Id of the reason, such as ``few_clusters``.
    about : str
        Name of the outcome, treatment, mediator, group or policy.
    found : str
        The figure, such as ``7 provinces``.
    """

    reason: str
    about: str
    found: str = ""


@dataclass(frozen=True)
class Part:
    """What one part found.

    Attributes
    ----------
    estimates : sequence of Estimate
    refused : sequence of Refusal
    about : mapping
        Plain values that the report needs beside the table.
    """

    estimates: Sequence[Estimate] = ()
    refused: Sequence[Refusal] = ()
    about: Mapping[str, Any] = field(default_factory=dict)

    @property
    def table(self) -> pd.DataFrame:
        """The estimates, see `estimates_frame`."""
        return estimates_frame(self.estimates)


@dataclass(frozen=True)
class Context:
    """A design, the settings, and what the parts before found.

    Attributes
    ----------
    design : Design
    settings : Mechanisms
    progress : callable
    found : mapping of str to Part
        Parts that were made before this one, by id: the verdicts read them all.
    """

    design: Design
    settings: Mechanisms = field(default_factory=Mechanisms)
    progress: Progress = silent
    found: Mapping[str, Part] = field(default_factory=dict)
