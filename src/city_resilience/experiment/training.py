"""The tables about how forecasts are made and judged."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from city_resilience.experiment.family import FAMILIES, Family
from city_resilience.experiment.table import Table

__all__ = ["Evaluation", "Features", "IntervalRule", "Model", "Parameter", "Search", "Truth"]

Parameter = bool | int | float | str
IntervalRule = Literal["split", "year"]
Truth = Literal["newest", "first"]


def _check_list(key: str, values: tuple[str, ...]) -> None:
    if not values or len(set(values)) < len(values):
        raise ValueError(f"{key} must name at least one, each once")


class Features(Table):
    """Which indicators the forecast may use, and how old they may be."""

    families: tuple[Family, ...] = Field(
        default=FAMILIES,
        description="Families of indicators that may be used.",
        examples=[["history", "digital", "structure"]],
    )
    exclude: tuple[str, ...] = Field(
        default=(),
        description="Ids of indicators that are left out.",
        examples=[["smart_lamp_posts"]],
    )
    accept_overlap: tuple[str, ...] = Field(
        default=(),
        description="Ids of indicators that may stay although they are the label, or a part of "
        "it, under another name.",
        examples=[["nominal_gdp_growth"]],
    )
    required: tuple[str, ...] = Field(
        default=(),
        description="Ids of indicators without which a run is refused.",
        examples=[["broadband_subscribers_per_100"]],
    )
    carry_forward: int = Field(
        default=0,
        ge=0,
        le=100,
        description="Years that the last value of a series which stopped may stand for; 0 is off.",
        examples=[3],
    )
    min_coverage: float = Field(
        default=0.3,
        gt=0,
        le=1,
        description="Share of the cities that must have a value at the origin for an indicator to "
        "be used there.",
        examples=[0.5],
    )
    composite_indices: Literal["entropy", "pca", "none"] = Field(
        default="entropy",
        description="How the digital and the innovation index are weighted: by entropy or by the "
        "first principal component (pca); or that there are none.",
        examples=["pca"],
    )
    publication_lag: dict[str, int] = Field(
        default_factory=dict,
        description="Years by which a variable is published later than the outcome, by id.",
        examples=[{"smart_lamp_posts": 1}],
    )
    min_history: int = Field(
        default=3,
        ge=1,
        le=100,
        description="Years of the panel before the first row that is learned from.",
        examples=[2],
    )

    @model_validator(mode="after")
    def _families_once(self) -> Features:
        _check_list("features.families", self.families)
        return self


class Evaluation(Table):
    """Which origins are scored, and how many before them only train the blend."""

    first_origin: int = Field(description="First origin that is scored.", examples=[2012])
    last_origin: int | None = Field(
        default=None,
        description="Last origin that is scored; the newest with an outcome when left out.",
        examples=[2020],
    )
    warmup_origins: int = Field(
        default=4,
        ge=0,
        le=100,
        description="Origins before the first scored one whose errors weigh the blend and make "
        "its intervals.",
        examples=[2],
    )
    truth: Truth = Field(
        default="newest",
        exclude_if=lambda truth: truth == "newest",
        description="What a forecast is scored on, where data.vintages names several panels: the "
        "outcome as the newest panel has it, or as it was first published (first).",
        examples=["first"],
    )
    min_group: int = Field(
        default=10,
        ge=1,
        description="Smallest number of cities of a group that is shown by itself.",
        examples=[5],
    )


class Model(Table):
    """The learners of the blend, what is served, and parameters."""

    serve: str = Field(
        default="blend",
        description='What is served: "blend", a member of it, or a naive rule: zero, last, mean5 '
        "or damped.",
        examples=["blend"],
    )
    members: tuple[str, ...] = Field(
        default=(
            *("persistence", "lasting_gap"),
            *("xgboost", "xgboost_all_years", "extra_trees_history"),
        ),
        description="Learners of the blend, such as persistence, lasting_gap, ridge, xgboost, "
        "xgboost_all_years, extra_trees, extra_trees_history.",
        examples=[["persistence", "ridge", "xgboost"]],
    )
    interval: IntervalRule = Field(
        default="split",
        exclude_if=lambda rule: rule == "split",
        description="What an interval holds: its share of the outcomes over the years (split), or "
        "its share of the cities in four years of five (year), which is wider.",
        examples=["year"],
    )
    seed: int = Field(
        default=0,
        ge=0,
        le=2**32 - 1,
        description="Seed of everything that is drawn at random.",
        examples=[1],
    )
    parameters: dict[str, dict[str, Parameter]] = Field(
        default_factory=dict,
        description="Parameters of a learner by their names, where they differ from its own.",
        examples=[{"xgboost": {"rounds": 200}}],
    )

    @model_validator(mode="after")
    def _members_once(self) -> Model:
        _check_list("model.members", self.members)
        return self


class Search(Table):
    """A search for parameters by optuna, judged on origins before the first scored one."""

    trials: int = Field(
        default=0,
        ge=0,
        le=100_000,
        description="Number of trials; 0 is no search.",
        examples=[50],
    )
    inner_origins: int = Field(
        default=3,
        ge=1,
        le=100,
        description="Origins before the first scored one that judge a trial.",
        examples=[4],
    )
    learners: tuple[str, ...] = Field(
        default=(),
        description="Members of the blend that are searched; all that have parameters when empty.",
        examples=[["xgboost"]],
    )
