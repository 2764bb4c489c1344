"""The tables about how forecasts are made and judged."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from city_resilience.experiment.family import FAMILIES, Family
from city_resilience.experiment.table import Table

__all__ = ["Evaluation", "Features", "Model", "Parameter", "Search"]

Parameter = bool | int | float | str


def _check_list(key: str, values: tuple[str, ...]) -> None:
    if not values or len(set(values)) < len(values):
        raise ValueError(f"{key} must name at least one, each once")


class Features(Table):
    """Which indicators the forecast may use, and how old they may be.

    ``accept_overlap`` names indicators that may stay although they are the label, or a part of
    it, under another name. ``carry_forward`` is the number of years a series may be carried to
    the origin (0 = off). ``min_coverage`` is the share of cities that must have a value at the
    origin for an indicator to enter that task. ``composite_indices`` says how the composite
    indices of the families are weighted, by entropy or by the first principal component
    (``pca``), or that there are ``none``. ``publication_lag`` is in years per variable, relative
    to the outcome. ``min_history`` is the number of panel years before the first training row.
    """

    families: tuple[Family, ...] = FAMILIES
    exclude: tuple[str, ...] = ()
    accept_overlap: tuple[str, ...] = ()
    required: tuple[str, ...] = ()
    carry_forward: int = Field(default=0, ge=0)
    min_coverage: float = Field(default=0.3, gt=0, le=1)
    composite_indices: Literal["entropy", "pca", "none"] = "entropy"
    publication_lag: dict[str, int] = Field(default_factory=dict)
    min_history: int = Field(default=3, ge=1)

    @model_validator(mode="after")
    def _families_once(self) -> Features:
        _check_list("features.families", self.families)
        return self


class Evaluation(Table):
    """Which origins are scored, and how many before them only train the blend."""

    first_origin: int
    last_origin: int | None = None
    warmup_origins: int = Field(default=4, ge=0)
    min_group: int = Field(default=10, ge=1)


class Model(Table):
    """Learners of the blend, the candidate that is served, and their parameters."""

    serve: str = "blend"
    members: tuple[str, ...] = (
        "persistence",
        "xgboost",
        "xgboost_all_years",
        "extra_trees_history",
    )
    seed: int = 0
    parameters: dict[str, dict[str, Parameter]] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _members_once(self) -> Model:
        _check_list("model.members", self.members)
        return self


class Search(Table):
    """Hyper-parameter search by optuna on inner origins; off unless ``trials`` is positive.

    ``inner_origins`` is the number of origins before the first scored one that judge a trial;
    ``learners`` are members of the blend, all that have parameters when it is empty.
    """

    trials: int = Field(default=0, ge=0)
    inner_origins: int = Field(default=3, ge=1)
    learners: tuple[str, ...] = ()
