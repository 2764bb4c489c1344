"""The tables about what is forecast."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from city_resilience.experiment.table import Table

__all__ = ["Composite", "Outcome"]


class Composite(Table):
    """An index of several indicators as the outcome.

    ``components`` maps indicator ids to 1 (more is better) or -1. Ranges and weights are frozen on
    the years of ``window``, which must end before the first origin.
    """

    components: dict[str, Literal[-1, 1]]
    method: Literal["entropy", "topsis"] = "entropy"
    window: tuple[int, int]

    @model_validator(mode="after")
    def _two_at_least(self) -> Composite:
        if len(self.components) < 2:
            raise ValueError("composite.components must name at least two indicators")
        if self.window[0] >= self.window[1]:
            raise ValueError("composite.window must be two years, the first before the last")
        return self


class Outcome(Table):
    """What is forecast: a measure of resilience of one variable, at some horizons (years).

    ``deflator`` names a column by which a nominal outcome is divided. Measures over a shock take
    ``windows`` such as ``2008:2009:2011`` (start, end, end of the recovery) and a
    ``counterfactual``. A ratio to the nation's growth is missing where that is below ``floor``.
    """

    variable: str = "gdp_real"
    measure: str = "growth_gap"
    horizons: tuple[int, ...] = (1, 2, 3)
    publication_delay_days: int = Field(default=90, ge=0)
    deflator: str = ""
    floor: float = Field(default=0.01, ge=0)
    windows: tuple[str, ...] = ()
    counterfactual: Literal["plain", "industry_mix"] = "plain"
    composite: Composite | None = None

    @model_validator(mode="after")
    def _horizons_ascend(self) -> Outcome:
        if not self.horizons or list(self.horizons) != sorted({h for h in self.horizons if h >= 1}):
            raise ValueError(f"horizons must be ascending years from 1 on, found {self.horizons}")
        if (self.measure == "composite") != (self.composite is not None):
            raise ValueError('measure "composite" and the table [outcome.composite] go together')
        return self
