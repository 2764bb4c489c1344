"""The table about the claims that `mechanisms` tests on the panel."""

from __future__ import annotations

from operator import not_
from typing import Literal

from pydantic import Field, model_validator

from city_resilience.experiment.table import Table

__all__ = ["Mechanisms", "Treatment", "Weights"]

Weights = Literal["equal", "entropy"]


class Treatment(Table):
    """A digital index whose relation to resilience is tested: one indicator, or several."""

    components: dict[str, Literal[-1, 1]] = Field(
        min_length=1,
        description="Ids of the indicators → 1 if more is more digital, -1 if less.",
        examples=[{"digital_finance_index": 1}],
    )
    weights: Weights = Field(
        default="equal",
        description='How several components are weighted: "equal", or by "entropy".',
        examples=["entropy"],
    )
    window: tuple[int, int] | None = Field(
        default=None,
        description="First and last year from which ranges and weights are taken; all years when "
        "left out, which the referee's list then names.",
        examples=[[2005, 2010]],
    )
    label_en: str = Field(
        default="",
        description="English name of the index; that of its indicator when it has one.",
        examples=["Digital index"],
    )
    label_zh: str = Field(
        default="",
        description="Chinese name of the index; that of its indicator when it has one.",
        examples=["数字化指数"],
    )

    @model_validator(mode="after")
    def _window_rises(self) -> Treatment:
        if self.window is not None and self.window[0] >= self.window[1]:
            raise ValueError("window must be two years, the first before the last")
        return self


class Mechanisms(Table):
    """What `mechanisms` tests; it changes no forecast."""

    outcomes: tuple[str, ...] = Field(
        default=("growth_gap",),
        min_length=1,
        description="Measures of resilience, of the outcome's variable or of another one as "
        "MEASURE:VARIABLE; those over a shock need windows. level, or level:VARIABLE, is 100 times "
        "the natural logarithm of the variable in the year itself, more taken as better.",
        examples=[["growth_gap", "growth_gap:unit_employment", "resistance", "level"]],
    )
    windows: tuple[str, ...] = Field(
        default=(),
        exclude_if=not_,
        description="Shocks, as START:END or START:END:RECOVERY_END; when left out, those of the "
        "outcome.",
        examples=[["2012:2015:2017", "2019:2020:2022"]],
    )
    horizon: int = Field(
        default=1,
        ge=1,
        le=30,
        description="Years over which a measure with a horizon is taken.",
        examples=[2],
    )
    treatments: dict[str, Treatment] = Field(
        default_factory=dict,
        description="Digital indices by a short name of yours; each usable indicator of the family "
        "digital by itself when left out.",
        examples=[{"digital_finance": {"components": {"digital_finance_index": 1}}}],
    )
    controls: tuple[str, ...] | None = Field(
        default=None,
        description="Ids of the indicators that are held fixed; when left out, those of the family "
        "control that share no variable with an outcome and the logarithm of population, as far as "
        "the sample has them. ln:VARIABLE is the logarithm of a variable.",
        examples=[["tertiary_share", "population_density"]],
    )
    mediators: tuple[str, ...] | None = Field(
        default=None,
        description="Ids of the indicators that may be channels; those of innovation, green "
        "innovation, talent, structure and agglomeration that the sample has when left out.",
        examples=[["patents_per_10k"]],
    )
    thresholds: tuple[str, ...] | None = Field(
        default=None,
        description="Ids of the indicators at whose values the relation may change; the treatment "
        "itself and population when left out.",
        examples=[["population_density"]],
    )
    pilots: tuple[str, ...] | None = Field(
        default=None,
        description="Staggered policies: pilots of the gazetteer, or headers of columns of your "
        "own, of the family policy, that hold the first year of each place, or 0 and 1 by year. "
        "Those of the gazetteer when left out.",
        examples=[["broadband_china"]],
    )
    lags: tuple[int, ...] = Field(
        default=(1, 2),
        max_length=6,
        description="Years by which the treatment is also lagged.",
        examples=[[1, 2, 3]],
    )
    winsorise: float = Field(
        default=0.01,
        ge=0,
        lt=0.25,
        description="Share of the sample at each end that one specification winsorises.",
        examples=[0.02],
    )
    neighbours: int = Field(
        default=5,
        ge=1,
        le=50,
        description="Nearest places that make up the spatial weights.",
        examples=[8],
    )
    draws: int = Field(
        default=200,
        ge=20,
        le=9999,
        description="Draws of each bootstrap that fits again; others take 1,999 or more.",
        examples=[999],
    )
    seed: int = Field(default=0, ge=0, description="Seed of all draws.", examples=[7])

    @model_validator(mode="after")
    def _lags_ascend(self) -> Mechanisms:
        if list(self.lags) != sorted({lag for lag in self.lags if lag >= 1}):
            raise ValueError(f"lags must be ascending years from 1 on, found {self.lags}")
        return self
