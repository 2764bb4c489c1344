"""One rolling-origin engine: variants of the recipe forecast every city at every origin.

Each origin and horizon is prepared once, from the as-of view, and the variants are fitted on it: a
cell, one piece of work for `workers.spread`. Members that read the past alone are fitted once for
all variants that leave them the past. Members forecast what a horizon adds to the next shorter one;
forecasts are summed over the horizons, and blended with weights that an origin learns from the
origins before it, warm-up origins included.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from operator import attrgetter

import numpy as np

from city_resilience.arrays import Float, Int, Positions
from city_resilience.evaluation.baselines import BASELINES, NAIVE
from city_resilience.evaluation.candidates import BLEND, HISTORY_ONLY
from city_resilience.evaluation.explained import Explained, explain_members
from city_resilience.evaluation.folds import Folds
from city_resilience.experiment.experiment import Experiment
from city_resilience.experiment.training import Model
from city_resilience.models.learners import LEARNERS, Values, fit_member, learner_parameters
from city_resilience.models.weights import slope_at, weights_at
from city_resilience.progress import Progress, silent
from city_resilience.tasks.dataset import Dataset, common_origin
from city_resilience.tasks.features import FeatureSpec
from city_resilience.tasks.outcome import horizon_before
from city_resilience.tasks.task import Sample, Task
from city_resilience.workers import elsewhere, spread

__all__ = [
    "HISTORY",
    "SERVED",
    "Cell",
    "Engine",
    "Rolled",
    "Variant",
    "forecast_cell",
    "forecast_members",
    "past_only",
]


@dataclass(frozen=True)
class Variant:
    """One way to fit the members of a recipe.

    Attributes
    ----------
    id : str
        Two variants of one id are the same to an engine.
    columns : callable, optional
        From a task to the positions of the columns that members see; all when absent.
    held_out : ndarray of int, shape (cities,), optional
        Group of each city, -1 for one that is not forecast: those of a group are forecast by
        members that learnt from the cities of the others. When absent all learn from all.
    parameters : mapping of str to mapping, optional
        Members and their parameters; those of the experiment when absent.
    explained : bool
        Whether an engine that explains keeps what its forecasts are made of.
    """

    id: str
    columns: Callable[[Task], Positions] | None = None
    held_out: Int | None = None
    parameters: Mapping[str, Values] | None = None
    explained: bool = False

    def members(self, model: Model) -> Mapping[str, Values]:
        """Return the members and their parameters."""
        return self.parameters or learner_parameters(model)


@dataclass(frozen=True)
class Cell:
    """What variants forecast at one origin and horizon.

    Attributes
    ----------
    added : mapping of str to ndarray, shape (cities, members)
        By variant, what the horizon adds to the next shorter one.
    explained : mapping of str to Explained
        By variant, what that is made of, where it is taken apart.
    spec : FeatureSpec or None
        Columns; None where nothing is asked.
    """

    added: Mapping[str, Float] = field(default_factory=dict)
    explained: Mapping[str, Explained] = field(default_factory=dict)
    spec: FeatureSpec | None = None


EXPLAINING, KEEPING = "explaining", "keeping"
SERVED = Variant(BLEND, explained=True)
HISTORY = Variant(HISTORY_ONLY, columns=attrgetter("learnt.history"))


@dataclass(frozen=True)
class Rolled:
    """What a variant forecast at the origins of one horizon, warm-up included.

    Attributes
    ----------
    names : tuple of str
        The members.
    members : mapping of int to ndarray, shape (cities, members)
        By origin, each member's forecast of the whole horizon; NaN for a city that is not asked.
    blend : mapping of int to ndarray, shape (cities,)
        By origin, the forecast of the whole horizon, as large as it deserved to be.
    weights : mapping of int to ndarray, shape (members,)
        By origin and at the live one, the weights of the members in what the horizon adds.
    slopes : mapping of int to float
        By origin and at the live one, the share of its size at which that is taken.
    rule : mapping of int to ndarray, shape (cities,)
        By origin, the forecast of the whole horizon by the naive rule that is served, if one is.
    """

    names: tuple[str, ...]
    members: Mapping[int, Float]
    blend: Mapping[int, Float]
    weights: Mapping[int, Float]
    slopes: Mapping[int, float]
    rule: Mapping[int, Float] = field(default_factory=dict)

    @property
    def live(self) -> int:
        """The live origin, of the newest weights."""
        return max(self.weights)

    @property
    def live_weights(self) -> dict[str, float]:
        """Weights of the members at the live origin."""
        return dict(zip(self.names, self.weights[self.live].tolist(), strict=True))

    def shares(self, candidate: str, origin: int) -> Float:
        """Return how much of each member a candidate takes at an origin, shape (members,).

        The weights of the blend times its slope, or all of one member.
        """
        if candidate == BLEND:
            return self.slopes[origin] * self.weights[origin]
        return np.array([float(name == candidate) for name in self.names])

    def of(self, candidate: str) -> Mapping[int, Float]:
        """Return forecasts by origin, shape (cities,) each, of the blend, a member or the rule."""
        if candidate == BLEND:
            return self.blend
        if candidate in NAIVE:
            return self.rule
        place = self.names.index(candidate)
        return {origin: values[:, place] for origin, values in self.members.items()}


class Engine:
    """Rolls variants of an experiment over the origins of a panel.

    Parameters
    ----------
    dataset : Dataset
        The panel; tasks see it through ``Dataset.at``.
    experiment : Experiment
        Horizons, features and members.
    progress : callable
        Called with (what, origins and horizons done, how many there are).
    keep : collection of int
        As of `Folds`.
    explain : collection of int
        Origins at which the forecasts of explained variants are taken apart.

    Attributes
    ----------
    newest : int
        The live origin.
    explained : dict of (str, int, int) to Explained
        Variant, origin, horizon → what forecasts are made of; the last origins keep the members.
    specs : dict of (int, int) to FeatureSpec
        Positions by origin and horizon, of the tasks prepared so far.
    """

    def __init__(
        self,
        dataset: Dataset,
        experiment: Experiment,
        progress: Progress = silent,
        keep: Collection[int] = (),
        explain: Collection[int] = (),
    ) -> None:
        self.folds = Folds(dataset, experiment, frozenset(keep))
        self.progress = progress
        self.newest = common_origin(dataset.outcome, dataset.years)
        self.specs: dict[tuple[int, int], FeatureSpec] = {}
        self.explained: dict[tuple[str, int, int], Explained] = {}
        self._explain = frozenset(explain)
        self._added: dict[tuple[str, int, int], Float] = {}

    @property
    def dataset(self) -> Dataset:
        """The panel."""
        return self.folds.dataset

    @property
    def experiment(self) -> Experiment:
        """The recipe."""
        return self.folds.experiment

    def origins(self, scored: Sequence[int]) -> list[int]:
        """Return scored origins and, before them, those that warm up the blend."""
        first = scored[0] - self.experiment.evaluation.warmup_origins
        return [o for o in range(first, scored[-1] + 1) if o > self.dataset.years[0]]

    def task(self, origin: int, horizon: int) -> Task | None:
        """Prepare what is asked at an origin and horizon; None without a label or a city."""
        task = self.folds.task(origin, horizon)
        if task is not None:
            self.specs[origin, horizon] = task.spec
        return task

    def roll(
        self,
        variants: Sequence[Variant],
        horizons: Sequence[int],
        origins: Sequence[int],
        what: str = "",
    ) -> dict[str, dict[int, Rolled]]:
        """Forecast origins and horizons with every variant.

        Parameters
        ----------
        horizons : sequence of int
            Rising; each with the ones that it adds to.
        origins : sequence of int
            Rising; those whose outcome is not known yet, or without a label to learn from, are
            left out.
        what : str
            Told to ``progress``; nothing is told when empty.

        Returns
        -------
        dict
            Id of the variant → horizon → its forecasts.
        """
        waits, known = {h: self.dataset.wait(h) for h in horizons}, self.newest
        cells = [(o, h) for o in reversed(origins) for h in horizons if o + waits[h] <= known]
        calls = [self._cell(*cell, variants) for cell in cells]
        if self.dataset.kept is not None and elsewhere():
            self.folds.task(known, horizons[0])  # its columns serve every origin and worker
        made = spread(calls, (self.folds,), what, self.progress if what else silent)
        for place, cell in zip(cells, made, strict=True):
            self._keep(*place, cell)
        return {variant.id: self._rolled(variant, horizons, origins) for variant in variants}

    def _cell(
        self, origin: int, horizon: int, variants: Sequence[Variant]
    ) -> Callable[[Folds], Cell]:
        """Return the work that is left at an origin and horizon."""
        missing = [v for v in variants if (v.id, origin, horizon) not in self._added]
        served = self._added.get((SERVED.id, origin, horizon))
        explain = None
        if origin in self._explain:  # the last origins keep the members
            late = origin >= max(self._explain) - max(self.experiment.outcome.horizons)
            explain = KEEPING if late else EXPLAINING
        return partial(forecast_cell, origin, horizon, missing, served, explain)

    def _keep(self, origin: int, horizon: int, cell: Cell) -> None:
        """Note what was made at an origin and horizon."""
        if cell.spec is not None:
            self.specs[origin, horizon] = cell.spec
        for name, own in cell.added.items():
            self._added[name, origin, horizon] = own
        for name, explained in cell.explained.items():
            self.explained[name, origin, horizon] = explained

    def _rolled(
        self, variant: Variant, horizons: Sequence[int], origins: Sequence[int]
    ) -> dict[int, Rolled]:
        """Weigh the members by what their horizon added, size it, and sum over the horizons."""
        names = tuple(variant.members(self.experiment.model))
        found: dict[int, Rolled] = {}
        for horizon in horizons:
            before = horizon_before(horizon, self.experiment.outcome)
            made = {origin: self._added.get((variant.id, origin, horizon)) for origin in origins}
            added = {origin: own for origin, own in made.items() if own is not None}
            asked, wait = [*added, self.newest] if added else [], self.dataset.wait(horizon)
            truths = {o: self.dataset.truths(o, added, horizon, before) for o in asked}
            weights = {origin: weights_at(origin, wait, added, truths[origin]) for origin in asked}
            blend = {origin: own @ weights[origin] for origin, own in added.items()}
            slopes = {origin: slope_at(origin, wait, blend, truths[origin]) for origin in asked}
            blend = {origin: slopes[origin] * own for origin, own in blend.items()}
            if before:
                blend = {o: found[before].blend[o] + own for o, own in blend.items()}
                added = {o: found[before].members[o] + own for o, own in added.items()}
            rule = self._rule(horizon, blend)
            found[horizon] = Rolled(names, added, blend, weights, slopes, rule)
        return found

    def _rule(self, horizon: int, origins: Iterable[int]) -> dict[int, Float]:
        """Forecast origins with the naive rule that is served, if one is."""
        serve, least = self.experiment.model.serve, self.experiment.features.min_history
        if serve not in NAIVE:
            return {}
        forecast = BASELINES[serve].forecast
        return {origin: forecast(self.dataset.at(origin), horizon, least) for origin in origins}


def forecast_cell(
    origin: int,
    horizon: int,
    variants: Sequence[Variant],
    served: Float | None,
    explain: str | None,
    folds: Folds,
) -> Cell:
    """Forecast one origin and horizon with variants.

    Parameters
    ----------
    served : ndarray, shape (cities, members), or None
        What `SERVED` forecast there, where that is known: variants that leave its members the past
        take the forecasts of those that read nothing else.
    explain : {"explaining", "keeping"} or None
        Explained variants are taken apart; their members are kept too, or not at all.
    """
    task = folds.task(origin, horizon) if variants else None
    if task is None:
        return Cell()
    model = folds.experiment.model
    added: dict[str, Float] = {} if served is None else {SERVED.id: served}
    explained: dict[str, Explained] = {}
    for variant in variants:
        if variant.explained and explain:
            columns = None if variant.columns is None else variant.columns(task)
            members = variant.members(model)
            listed = folds.dataset.listed
            added[variant.id], own = explain_members(task, columns, members, model.seed, listed)
            explained[variant.id] = own if explain == KEEPING else replace(own, members={})
        else:
            same = variant.held_out is None and variant.parameters is None
            made = added.get(SERVED.id) if same else None
            known = {} if made is None else past_only(SERVED.members(model), made)
            added[variant.id] = forecast_members(task, variant, model, known)
    return Cell({v.id: added[v.id] for v in variants}, explained, task.spec)


def forecast_members(
    task: Task, variant: Variant, model: Model, known: Mapping[str, Float] | None = None
) -> Float:
    """Fit members as a variant says and forecast the rows of a task.

    Parameters
    ----------
    model : Model
        Seed, and the members of a variant that names none.
    known : mapping of str to ndarray, shape (cities,)
        Forecasts of members that read the past alone, fitted on the same rows; taken where the
        variant leaves them all of its columns.

    Returns
    -------
    ndarray, shape (cities, members)
        NaN for a city that is not asked, or whose members have nothing to learn from.
    """
    learnt, asked = task.learnt, task.asked
    members, known = variant.members(model), known or {}
    if variant.columns is not None:
        columns = variant.columns(task)
        known = known if np.isin(learnt.history, columns).all() else {}
        learnt, asked = learnt.only(columns), asked[:, columns]
    if variant.held_out is None:
        return _predicted(learnt, asked, members, model.seed, known)
    found = np.full((len(asked), len(members)), np.nan)
    for group in range(int(variant.held_out.max()) + 1):
        inside = variant.held_out == group
        others = learnt.rows(~inside[learnt.cities])
        if len(others.labels):
            own = {name: values[inside] for name, values in known.items()}
            found[inside] = _predicted(others, asked[inside], members, model.seed, own)
    return found


def _predicted(
    sample: Sample,
    asked: Float,
    members: Mapping[str, Values],
    seed: int,
    known: Mapping[str, Float],
) -> Float:
    forecasts = [
        known[name] if name in known else fit_member(sample, name, values, seed).predict(asked)
        for name, values in members.items()
    ]
    return np.column_stack(forecasts)


def past_only(members: Iterable[str], forecasts: Float) -> dict[str, Float]:
    """Return the forecasts, of shape (cities, members), of those that read the past alone."""
    return {name: forecasts[:, k] for k, name in enumerate(members) if LEARNERS[name].past_only}
