"""The table about when a new model takes the champion's place."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from city_resilience.experiment.table import Table

__all__ = ["Gate"]


class Gate(Table):
    """What a challenger must reach to take the champion's place.

    Both are fitted anew on the same panel and scored on the same rows. An audit error, fewer cities
    than allowed, or an outcome in another unit is never let through.
    """

    min_gain: float = Field(
        default=0.0,
        ge=0,
        le=1,
        description="Share of the champion's mean yearly error by which the challenger's must be "
        "lower; 0 is by anything.",
        examples=[0.01],
    )
    min_years: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="Share of the scored years in which the challenger's error must be lower.",
        examples=[0.6],
    )
    min_common: float = Field(
        default=0.9,
        gt=0,
        le=1,
        description="Share of the scored rows that both models must have to be compared.",
        examples=[0.95],
    )
    min_cities: float = Field(
        default=0.9,
        gt=0,
        le=1,
        description="Share of the champion's cities that a challenger must have; with fewer it "
        "never takes its place.",
        examples=[0.95],
    )
    coverage_loss: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="How much further below 90 % the share of outcomes inside the challenger's "
        "intervals may lie than that of the champion's.",
        examples=[0.02],
    )
    min_stability: float = Field(
        default=-1.0,
        ge=-1,
        le=1,
        description="Rank correlation of the sizes of the challenger's drivers from one scored "
        "origin to the next, at the least; -1 asks for nothing.",
        examples=[0.5],
    )
    refit: Literal["ask", "promote"] = Field(
        default="ask",
        description="What becomes of the champion's recipe fitted on newer data: it waits for "
        "promote (ask), or takes its place at once (promote).",
        examples=["promote"],
    )
