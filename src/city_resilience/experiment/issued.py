"""The table about forecasts that are issued."""

from __future__ import annotations

from operator import not_

from pydantic import Field

from city_resilience.experiment.table import Table

__all__ = ["Issued"]


class Issued(Table):
    """What goes into the record of issued forecasts."""

    on_train: bool = Field(
        default=False,
        exclude_if=not_,
        description="Whether train issues the forecasts of a model that becomes champion, as "
        "predict --issue does.",
        examples=[True],
    )
