"""The experiment: one strict, frozen value read from a TOML file.

Every key that the file may hold is a field here; an unknown key fails with the nearest known
names. The value is echoed into runs, bundles and reports.
"""

from __future__ import annotations

import hashlib
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from city_resilience.errors import InputError, nearest

__all__ = [
    "FAMILIES",
    "OWN_FAMILIES",
    "Audit",
    "Column",
    "Composite",
    "Data",
    "Evaluation",
    "Experiment",
    "Family",
    "Features",
    "Model",
    "Outcome",
    "Parameter",
    "Scope",
    "Search",
    "Sheets",
    "load_experiment",
]

Family = Literal[
    "digital",
    "innovation",
    "green_innovation",
    "talent",
    "structure",
    "agglomeration",
    "place",
    "history",
    "control",
]
FAMILIES: tuple[Family, ...] = get_args(Family)
OWN_FAMILIES = tuple(family for family in FAMILIES if family != "history")
"""Families of a column of the user's own: history is the outcome's past."""
Parameter = bool | int | float | str
Scope = Literal["whole_city", "districts"]
_CELLS = re.compile(r"\*|\d{4}(-\d{4})?")
_CORRECTION = re.compile(r"drop( zeros)?|\*\s*\d+(\.\d+)?(e[+-]?\d+)?", re.IGNORECASE)


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


def _check_list(key: str, values: tuple[str, ...]) -> None:
    if not values or len(set(values)) < len(values):
        raise ValueError(f"{key} must name at least one, each once")


class Column(_Strict):
    """A column of the user's own that becomes a variable and an indicator.

    ``id`` defaults to the header. ``direction`` is +1, -1 or 0 (more is better, worse, unknown).
    """

    family: Family
    id: str = ""
    unit: str = ""
    label_en: str = ""
    label_zh: str = ""
    direction: Literal[-1, 0, 1] = 0

    @model_validator(mode="after")
    def _not_the_past(self) -> Column:
        if self.family not in OWN_FAMILIES:
            known = ", ".join(OWN_FAMILIES)
            raise ValueError(f"family 'history' is the outcome's own past; choose one of: {known}")
        return self


class Data(_Strict):
    """Where the panel is, how its keys are called, and which of its cells are corrected.

    With ``gazetteer = "china"`` the names of cities are resolved to official units; its groups
    may then be named in ``groups`` without a column of that name. ``scope`` is the territory that
    is read where a column tells it. ``corrections`` map ``"variable/city/year"`` to a value in the
    catalogue's unit, ``"drop"``, ``"drop zeros"`` or a factor such as ``"*0.001"``; city and year
    may be ``*``, the year also a range such as ``2011-2014``.
    """

    path: str = ""
    sheet: str = ""
    city: str = ""
    year: str = ""
    province: str = ""
    groups: tuple[str, ...] = ()
    gazetteer: Literal["none", "china"] = "none"
    source: str = "not stated"
    licence: str = "not stated"
    simulated: bool = False
    units: dict[str, str] = Field(default_factory=dict)
    columns: dict[str, Column] = Field(default_factory=dict)
    scope: Scope = "whole_city"
    corrections: dict[str, float | str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _corrections_read(self) -> Data:
        for key, value in self.corrections.items():
            if key.count("/") < 2 or not _CELLS.fullmatch(key.rsplit("/", 1)[1]):
                raise ValueError(
                    f"corrections: {key!r} is not 'variable/city/year' with a year, a range such "
                    "as 2011-2014, or *"
                )
            if isinstance(value, str) and not _CORRECTION.fullmatch(value):
                raise ValueError(
                    f"corrections: {key!r} wants a number, 'drop', 'drop zeros' or a factor such "
                    "as '*0.001'"
                )
        return self


class Audit(_Strict):
    """What to do with the audit's findings.

    ``accept`` maps the id of an issue (``kind/variable/city/years``, parts may be ``*``) to the
    reason why the data are right. With ``mask_errors`` cells with an audit error that is neither
    accepted nor corrected are treated as unknown wherever the panel is used.
    """

    accept: dict[str, str] = Field(default_factory=dict)
    mask_errors: bool = True


class Sheets(_Strict):
    """How sheets become a panel, for ``import``.

    ``years`` are rules such as ``name-1`` or ``Data_*=name-1``; ``units`` maps a header, variable
    or ``variable/year`` to a unit; ``prefer`` lists file patterns that decide where files
    disagree.
    """

    years: tuple[str, ...] = ()
    units: dict[str, str] = Field(default_factory=dict)
    prefer: tuple[str, ...] = ()


class Composite(_Strict):
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


class Outcome(_Strict):
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


class Features(_Strict):
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


class Evaluation(_Strict):
    """Which origins are scored, and how many before them only train the blend."""

    first_origin: int
    last_origin: int | None = None
    warmup_origins: int = Field(default=4, ge=0)
    min_group: int = Field(default=10, ge=1)


class Model(_Strict):
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


class Search(_Strict):
    """Hyper-parameter search by optuna on inner origins; off unless ``trials`` is positive.

    ``inner_origins`` is the number of origins before the first scored one that judge a trial;
    ``learners`` are members of the blend, all that have parameters when it is empty.
    """

    trials: int = Field(default=0, ge=0)
    inner_origins: int = Field(default=3, ge=1)
    learners: tuple[str, ...] = ()


class Experiment(_Strict):
    """All that decides a run besides the data.

    Attributes
    ----------
    name : str
        Name of the experiment and of its registered model.
    """

    name: str = Field(pattern=r"^[A-Za-z0-9_-]+$")
    title: str = ""
    title_zh: str = ""
    evaluation: Evaluation
    data: Data = Data()
    audit: Audit = Audit()
    sheets: Sheets = Sheets()
    outcome: Outcome = Outcome()
    features: Features = Features()
    model: Model = Model()
    search: Search = Search()

    def digest(self) -> str:
        """Return a short hash of everything but the place of the data and the way to it."""
        values = self.model_dump(mode="json", exclude={"sheets": True, "data": {"path"}})
        return hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:16]


def load_experiment(path: Path | str, overrides: Iterable[str] = ()) -> Experiment:
    """Read and check an experiment file.

    A file that says ``extends = "other.toml"`` takes over the other's keys, and sets its own over
    them.

    Parameters
    ----------
    path : Path
        The TOML file.
    overrides : iterable of str
        ``section.key=value`` pairs, the value in TOML notation (a bare word is a string).

    Raises
    ------
    InputError
        If the file is missing or no TOML, a key is unknown, or a value is not allowed.
    """
    path = Path(path)
    values = _read(path)
    for item in overrides:
        _override(values, item)
    return experiment_from(values, str(path))


def _read(path: Path, seen: tuple[Path, ...] = ()) -> dict[str, Any]:
    """Read a file and what it extends."""
    try:
        values = tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise InputError(
            f"{path}: no such experiment file; name an experiment.toml, for example "
            "experiments/demo/experiment.toml"
        ) from error
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: not valid TOML: {error}; mend that line") from error
    base = values.pop("extends", None)
    if base is None:
        return values
    if path.resolve() in seen:
        raise InputError(f"{path}: key 'extends': the file extends itself; remove the key")
    if not isinstance(base, str):
        raise InputError(f"{path}: key 'extends': a file name expected, found {base!r}; correct it")
    return _merged(_read(path.parent / base, (*seen, path.resolve())), values)


def _merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in own.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged


def experiment_from(values: Mapping[str, Any], where: str) -> Experiment:
    """Build an experiment from plain values; ``where`` names their source in errors."""
    try:
        return Experiment.model_validate(values)
    except ValidationError as error:
        raise InputError(f"{where}: {_first_problem(error)}") from error


def _override(values: dict[str, Any], item: str) -> None:
    key, equals, text = item.partition("=")
    if not equals or not key.strip():
        raise InputError(f"--set {item!r}: expected key=value, for example outcome.horizons=[1,2]")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    *sections, last = key.strip().split(".")
    for section in sections:
        values = values.setdefault(section, {})
        if not isinstance(values, dict):
            raise InputError(f"--set {item!r}: {section!r} is a value, not a section")
    values[last] = value


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    location = [str(part) for part in problem["loc"]]
    key = ".".join(location) or "experiment"
    if problem["type"] == "extra_forbidden":
        known = _keys_at(location[:-1])
        return (
            f"key {key!r} does not exist{nearest(location[-1], known)}; "
            f"remove it or use one of: {', '.join(known)}"
        )
    if problem["type"] == "missing":
        return f"key {key!r} is missing; add it"
    found = json.dumps(problem["input"], ensure_ascii=False, default=str)
    message = problem["msg"].removeprefix("Value error, ")
    return f"key {key!r}: {message[0].lower()}{message[1:]}, found {found}; change the value"


def _keys_at(location: list[str]) -> list[str]:
    model: Any = Experiment
    for part in location:
        if part in getattr(model, "model_fields", {}):
            model = model.model_fields[part].annotation
        else:
            model = Column
    return sorted(getattr(model, "model_fields", Column.model_fields))
