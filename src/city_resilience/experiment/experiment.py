"""The experiment: one strict, frozen value read from a TOML file.

Every key that the file may hold is a field of a table here, with its description; an unknown key
fails with the nearest known names. The value is echoed into runs, bundles and reports.
"""

from __future__ import annotations

import hashlib
import json
from operator import not_
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from city_resilience.experiment.actionable import Actionable
from city_resilience.experiment.data import Audit, Data, Sheets
from city_resilience.experiment.early import Release
from city_resilience.experiment.gate import Gate
from city_resilience.experiment.issued import Issued
from city_resilience.experiment.mechanisms import Mechanisms
from city_resilience.experiment.monitor import Monitor
from city_resilience.experiment.outcome import Outcome
from city_resilience.experiment.table import Table
from city_resilience.experiment.training import Evaluation, Features, Model, Search

__all__ = ["Experiment", "Noun"]

Noun = Literal["city", "district", "county", "region", "province", "state", "country", "firm"]


class Experiment(Table):
    """All that decides a run besides the data."""

    name: str = Field(
        pattern=r"^[A-Za-z0-9_-]+$",
        max_length=100,
        description="Name of the experiment and of its registered model: letters, digits, _ and -.",
        examples=["my_cities"],
    )
    title: str = Field(
        default="", description="English title of the report.", examples=["My cities, 2005-2023"]
    )
    title_zh: str = Field(
        default="", description="Chinese title of the report.", examples=["我的城市，2005—2023年"]
    )
    noun: Noun = Field(
        default="city",
        exclude_if=lambda noun: noun == "city",
        description="What a place is called in reports, on screen and in messages.",
        examples=["district"],
    )
    evaluation: Evaluation
    data: Data = Data()
    audit: Audit = Audit()
    sheets: Sheets = Sheets()
    outcome: Outcome = Outcome()
    early: dict[str, Release] = Field(default_factory=dict, exclude_if=not_)
    features: Features = Features()
    actionable: dict[str, Actionable] = Field(default_factory=dict, exclude_if=not_)
    model: Model = Model()
    search: Search = Search()
    gate: Gate = Field(default=Gate(), exclude_if=lambda gate: gate == Gate())
    issued: Issued = Field(default=Issued(), exclude_if=lambda own: own == Issued())
    monitor: Monitor = Field(default=Monitor(), exclude_if=lambda monitor: monitor == Monitor())
    mechanisms: Mechanisms = Field(default=Mechanisms(), exclude_if=lambda own: own == Mechanisms())

    @field_validator("early", mode="before")
    @classmethod
    def _releases_named(cls, values: Any) -> Any:
        if isinstance(values, dict) and any(
            not isinstance(v, dict | Release) for v in values.values()
        ):
            raise ValueError("each release has a table of its own; write [early.NAME], not [early]")
        return values

    @field_validator("actionable", mode="before")
    @classmethod
    def _indicators_named(cls, values: Any) -> Any:
        if isinstance(values, dict) and any(
            not isinstance(v, dict | Actionable) for v in values.values()
        ):
            raise ValueError(
                "each indicator has a table of its own; write [actionable.INDICATOR_ID], "
                "not [actionable]"
            )
        return values

    @model_validator(mode="after")
    def _outcome_declared_once(self) -> Experiment:
        column = self.outcome.column
        if column and column in self.data.columns:
            raise ValueError(
                f"{column!r} is declared twice, as outcome.column and in [data.columns]; an "
                "outcome joins no family, so remove its table there"
            )
        return self

    def digest(self) -> str:
        """Return a short hash of what decides forecasts, and of names.

        The data and their vintages are no part of it, nor is the way to them or to a map. What a
        city can act on, what is issued, the limits of ``monitor``, the claims of ``mechanisms``,
        the rules of the gate and the word for a place change no forecast.
        A key with ``exclude_if`` is hashed only where it is set, so that it could be added without
        a change to the digest of what was stored before.
        """
        values = self.model_dump(
            mode="json",
            exclude={
                "noun": True,
                "sheets": True,
                "actionable": True,
                "gate": True,
                "issued": True,
                "monitor": True,
                "mechanisms": True,
                "data": {"path", "vintages", "coordinates"},
                "early": {"__all__": {"path"}},
            },
        )
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]
