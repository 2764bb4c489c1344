"""The tables about indicators that a city can act on."""

from __future__ import annotations

from operator import not_
from typing import ClassVar

from pydantic import Field, model_validator

from city_resilience.experiment.table import Table

__all__ = ["Actionable"]


class Actionable(Table):
    """An indicator that a city can act on; it is among the levers of the city's page."""

    named_by: ClassVar[str] = "INDICATOR_ID"

    cost: float = Field(
        default=0.0,
        ge=0,
        allow_inf_nan=False,
        exclude_if=not_,
        description="What one unit of the indicator costs; not shown when left out.",
        examples=[12.5],
    )
    cost_unit: str = Field(
        default="",
        exclude_if=not_,
        description="What the cost is counted in, shown beside it.",
        examples=["million yuan"],
    )
    largest_step: float = Field(
        default=0.0,
        ge=0,
        allow_inf_nan=False,
        exclude_if=not_,
        description="Most units by which the indicator can move in a year; the years that a "
        "distance needs are not shown when left out.",
        examples=[2.0],
    )

    @model_validator(mode="after")
    def _cost_has_a_unit(self) -> Actionable:
        if bool(self.cost) != bool(self.cost_unit.strip()):
            raise ValueError(
                "cost and cost_unit go together; give both, such as cost = 12.5 and "
                'cost_unit = "million yuan", or neither'
            )
        return self
