"""The table about what an issued forecast, and the data of a newer panel, are held to."""

from __future__ import annotations

from pydantic import Field

from city_resilience.experiment.table import Table

__all__ = ["Monitor"]


class Monitor(Table):
    """Limits beyond which `monitor` raises an alarm; they change no forecast."""

    short_coverage: float = Field(
        default=0.1,
        ge=0,
        le=1,
        description="By how much the share of outcomes inside the intervals may fall short of what "
        "they promise, over all issues of a horizon and in the newest one.",
        examples=[0.05],
    )
    least_skill: float = Field(
        default=0.0,
        gt=-10,
        lt=1,
        description="Skill that the issues of a horizon must have had together against the best "
        "naive rule of their days.",
        examples=[0.05],
    )
    most_error: float = Field(
        default=1.5,
        gt=0,
        description="How many times the mean absolute error of the backtest that of the issues of "
        "a horizon may be.",
        examples=[1.25],
    )
    psi: float = Field(
        default=0.25,
        ge=0,
        description="Population stability index of an indicator below which there is no alarm.",
        examples=[0.2],
    )
    ks: float = Field(
        default=0.2,
        ge=0,
        le=1,
        description="Kolmogorov-Smirnov distance of an indicator below which there is no alarm.",
        examples=[0.3],
    )
    level: float = Field(
        default=0.5,
        ge=0,
        description="Move of the median of an indicator, in interquartile ranges, below which "
        "there is no alarm.",
        examples=[1.0],
    )
    spread: float = Field(
        default=1.5,
        ge=1,
        description="Factor between the interquartile ranges of an indicator below which there is "
        "no alarm.",
        examples=[2.0],
    )
    outside: float = Field(
        default=0.05,
        ge=0,
        le=1,
        description="Share of cities outside the range of the training below which there is no "
        "alarm.",
        examples=[0.1],
    )
    missing: float = Field(
        default=0.2,
        gt=0,
        le=1,
        description="Fall of the share of cities with a value of an indicator that is an alarm.",
        examples=[0.1],
    )
    false_alarms: float = Field(
        default=0.0005,
        gt=0,
        lt=1,
        description="Share of false alarms among the alarms about indicators that is accepted, "
        "over all indicators together (Benjamini and Hochberg).",
        examples=[0.01],
    )
