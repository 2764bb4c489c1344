"""The tables about what is forecast."""

from __future__ import annotations

from operator import not_
from typing import Any, Literal

from pydantic import Field, model_validator

from city_resilience.experiment.table import Table

__all__ = ["Composite", "Outcome", "Scale"]

Scale = Literal["", "level", "log", "per_head", "rate", "index"]
_OF_COLUMN = ("unit", "label_en", "label_zh")


class Composite(Table):
    """An index of several indicators as the outcome; it goes with `measure = "composite"`."""

    components: dict[str, Literal[-1, 1]] = Field(
        description="Ids of the indicators, two or more → 1 if more is better, -1 if worse.",
        examples=[{"rd_to_gdp": 1, "patents_per_10k": 1}],
    )
    method: Literal["entropy", "topsis"] = Field(
        default="entropy",
        description='How components become an index: weighted by "entropy", or by their distance '
        'to the best and worst ("topsis").',
        examples=["entropy"],
    )
    window: tuple[int, int] = Field(
        description="First and last year on which ranges and weights are frozen; it must end "
        "before the first origin.",
        examples=[[2005, 2010]],
    )

    @model_validator(mode="after")
    def _two_at_least(self) -> Composite:
        if len(self.components) < 2:
            raise ValueError("composite.components must name at least two indicators")
        if self.window[0] >= self.window[1]:
            raise ValueError("composite.window must be two years, the first before the last")
        return self


class Outcome(Table):
    """What is forecast: a measure of resilience of one variable, at some horizons."""

    variable: str = Field(
        default="gdp_real",
        description="Id of the variable. With column it is the short name of that column, its "
        "header when left out.",
        examples=["output_per_head"],
    )
    column: str = Field(
        default="",
        exclude_if=not_,
        description="Header of a column of your own that is the outcome, exactly as in the file. "
        "It needs no table [data.columns] and joins no family.",
        examples=["Output per head (soles)"],
    )
    unit: str = Field(
        default="",
        exclude_if=not_,
        description="Unit of column, shown beside its values; nothing is converted.",
        examples=["soles"],
    )
    label_en: str = Field(
        default="",
        exclude_if=not_,
        description="English name of column in the report.",
        examples=["Output per head"],
    )
    label_zh: str = Field(
        default="",
        exclude_if=not_,
        description="Chinese name of column in the report.",
        examples=["人均产出"],
    )
    scale: Scale = Field(
        default="",
        exclude_if=not_,
        description="What the values are: amounts that add up (level), their natural logarithm "
        "(log), amounts per head (per_head), percentages whose differences are in points (rate) "
        "or index numbers (index). Left out, it is as the catalogue says, else level.",
        examples=["per_head"],
    )
    weight: str = Field(
        default="",
        exclude_if=not_,
        description="Variable or header by which per-head values, rates and indices are weighted "
        "to the mean of all places; for per-head values and rates population when left out, where "
        "the panel has it.",
        examples=["population"],
    )
    direction: Literal[-1, 0, 1] = Field(
        default=0,
        exclude_if=not_,
        description="1 if more of the outcome is better, -1 if worse; 0 is not stated, which "
        "means better for all but a rate. A rate must state it.",
        examples=[1],
    )
    measure: str = Field(
        default="growth_gap",
        description="The measure of resilience, such as growth_gap, relative_resistance, "
        "sensitivity, trend_deviation or composite; over a shock, with windows: resistance, "
        "recovery, structure_effect, agency_effect or time_to_recover.",
        examples=["relative_resistance"],
    )
    horizons: tuple[int, ...] = Field(
        default=(1, 2, 3),
        max_length=30,
        description="Years ahead that are forecast, ascending.",
        examples=[[1, 2]],
    )
    publication_delay_days: int = Field(
        default=90,
        ge=0,
        le=3650,
        description="Days after the end of a year until its outcome is published.",
        examples=[120],
    )
    deflator: str = Field(
        default="",
        description="Variable by which a nominal outcome is divided.",
        examples=["gdp_deflator"],
    )
    floor: float = Field(
        default=0.01,
        ge=0,
        description="A ratio to the nation's growth is missing where that growth is smaller.",
        examples=[0.02],
    )
    windows: tuple[str, ...] = Field(
        default=(),
        description='Shocks as "start:end:end of the recovery", for measures over a shock.',
        examples=[["2008:2009:2011", "2019:2020:2022"]],
    )
    counterfactual: Literal["plain", "industry_mix"] = Field(
        default="plain",
        description="What a measure over a shock compares with: the nation's growth (plain), or "
        "that of the nation's industries in the city's shares (industry_mix).",
        examples=["industry_mix"],
    )
    composite: Composite | None = None

    @model_validator(mode="before")
    @classmethod
    def _named_by_its_column(cls, values: Any) -> Any:
        if isinstance(values, dict) and values.get("column") and "variable" not in values:
            return {**values, "variable": values["column"]}
        return values

    @model_validator(mode="after")
    def _horizons_ascend(self) -> Outcome:
        if not self.horizons or list(self.horizons) != sorted({h for h in self.horizons if h >= 1}):
            raise ValueError(f"horizons must be ascending years from 1 on, found {self.horizons}")
        if (self.measure == "composite") != (self.composite is not None):
            raise ValueError('measure "composite" and the table [outcome.composite] go together')
        return self

    @model_validator(mode="after")
    def _column_and_scale_agree(self) -> Outcome:
        stray = [key for key in _OF_COLUMN if getattr(self, key) and not self.column]
        if stray:
            raise ValueError(
                f"{stray[0]} describes outcome.column, which is not set; name the header there, "
                "or use [data.units] for a variable of the catalogue"
            )
        if self.column and self.composite is not None:
            raise ValueError("outcome.column and [outcome.composite] exclude each other")
        if self.weight and self.scale in ("level", "log"):
            raise ValueError(f"a {self.scale} adds up and takes no weight; remove weight or scale")
        if self.scale == "rate" and not self.direction:
            raise ValueError(
                "a rate must say whether more is better; add direction = 1, or direction = -1 as "
                "for unemployment"
            )
        return self
