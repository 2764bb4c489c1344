"""Members that `recipe.py` compares: what is served, and what did not earn its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from city_resilience.evaluation.checks import scored_origins
from city_resilience.evaluation.engine import Engine
from city_resilience.experiment.experiment import Experiment
from city_resilience.models.learners import LEARNERS
from city_resilience.progress import silent
from city_resilience.tasks.dataset import Dataset
from city_resilience.tasks.task import Sample, Task
from city_resilience.workers import in_threads

Float = NDArray[np.float64]


@dataclass(frozen=True)
class Prepared:
    """A task of the rolling origins, and what came to pass after its origin.

    ``truth`` is of the whole horizon, ``added`` of what it adds to the shorter one, both of shape
    (cities,); an origin that is not ``scored`` trains the blend alone.
    """

    task: Task
    truth: Float
    added: Float
    scored: bool


def prepare(dataset: Dataset, experiment: Experiment, horizon: int) -> list[Prepared]:
    """Prepare the tasks of a horizon, warm-up origins first."""
    engine, scored = Engine(dataset, experiment), scored_origins(dataset, experiment)
    origins = [o for o in engine.origins(scored) if o + horizon <= engine.newest]
    calls = [partial(engine.task, origin, horizon) for origin in origins]
    return [
        Prepared(
            task,
            dataset.truth(task.origin, horizon),
            dataset.truth(task.origin, horizon, task.before),
            task.origin in scored,
        )
        for task in in_threads(calls, "", silent)
        if task is not None
    ]


Member = Callable[[list[Prepared], Prepared], Float]
Columns = NDArray[np.intp]


def learner(name: str, columns: Callable[[Task], Columns] | None = None, **values: Any) -> Member:
    """A learner of the package with other parameters, or on some of the columns."""

    def forecast(_: list[Prepared], prepared: Prepared) -> Float:
        learnt, asked = prepared.task.learnt, prepared.task.asked
        if columns is not None:
            chosen = columns(prepared.task)
            learnt, asked = learnt.only(chosen), asked[:, chosen]
        parameters = {**LEARNERS[name].defaults, **values}
        return LEARNERS[name].fit(learnt, parameters, 0).predict(asked)

    return forecast


def of_form(task: Task, form: str) -> Columns:
    """Positions of the columns of one form."""
    return np.flatnonzero([own == form for _, own in task.spec.columns])


def without_indices(task: Task) -> Columns:
    """Positions of all columns but those of composite indices."""
    made = {index.id for index in task.spec.indices}
    return np.flatnonzero([name not in made for name, _ in task.spec.columns])


def boosted(
    features: Float, labels: Float, asked: Float, weights: Float | None, **parameters: Any
) -> Float:
    """Boosted trees as they are served, with some parameters changed."""
    import xgboost

    values = dict(LEARNERS["xgboost"].defaults)
    rounds = int(parameters.pop("rounds", values.pop("rounds")))
    values.pop("recency")
    values |= {"objective": "reg:absoluteerror", "tree_method": "hist", "nthread": 1, "seed": 0}
    values["base_score"] = float(np.median(labels))
    data = xgboost.DMatrix(features, labels, weight=weights, nthread=1)
    booster = xgboost.train({**values, **parameters}, data, num_boost_round=rounds)
    return np.asarray(booster.inplace_predict(asked), dtype=np.float64)


def recent(learnt: Sample) -> Float:
    """The served weights of the training rows."""
    years = float(LEARNERS["xgboost"].defaults["recency"])  # type: ignore[arg-type]
    return np.exp(-learnt.ages / years)


def on_residuals(_: list[Prepared], prepared: Prepared) -> Float:
    """Boost what the damped last gap leaves over."""
    learnt, asked = prepared.task.learnt, prepared.task.asked
    base = LEARNERS["persistence"].fit(learnt, {}, 0)
    left = learnt.labels - base.predict(learnt.features)
    return base.predict(asked) + boosted(learnt.features, left, asked, recent(learnt))


def pseudo_huber(_: list[Prepared], prepared: Prepared) -> Float:
    """Boost on the pseudo-Huber loss, slope 2 pp."""
    learnt, asked = prepared.task.learnt, prepared.task.asked
    return boosted(
        learnt.features,
        learnt.labels,
        asked,
        recent(learnt),
        objective="reg:pseudohubererror",
        huber_slope=2.0,
    )


def with_regime(_: list[Prepared], prepared: Prepared) -> Float:
    """Add what all cities share in a year: national growth and the spread of the gaps."""
    learnt, asked = prepared.task.learnt, prepared.task.asked
    place = learnt.columns.index(("gap", "value"))
    ages = learnt.ages.astype(int)
    shared = {}
    for age in np.unique(ages):
        gaps = learnt.features[ages == age, place]
        shared[age] = (np.nanstd(gaps), np.nanmedian(np.abs(gaps)))
    now = asked[:, place]
    added = np.array([shared[age] for age in ages])
    shown = np.tile([np.nanstd(now), np.nanmedian(np.abs(now))], (len(now), 1))
    return boosted(
        np.column_stack([learnt.features, added]),
        learnt.labels,
        np.column_stack([asked, shown]),
        recent(learnt),
    )


def equal_years(_: list[Prepared], prepared: Prepared) -> Float:
    """Divide each row's weight by the median absolute label of its year."""
    learnt, asked = prepared.task.learnt, prepared.task.asked
    weights = recent(learnt)
    for age in np.unique(learnt.ages):
        own = learnt.ages == age
        weights[own] /= max(float(np.median(np.abs(learnt.labels[own]))), 0.3)
    return boosted(learnt.features, learnt.labels, asked, weights)


def small_weigh_less(_: list[Prepared], prepared: Prepared) -> Float:
    """Weigh the smallest fifth of the cities half."""
    learnt, asked = prepared.task.learnt, prepared.task.asked
    names = [name for name, form in learnt.columns]
    if "log_size" not in names:
        return boosted(learnt.features, learnt.labels, asked, recent(learnt))
    size = learnt.features[:, learnt.columns.index(("log_size", "rank"))]
    return boosted(
        learnt.features, learnt.labels, asked, recent(learnt) * np.where(size < 0.2, 0.5, 1.0)
    )


def early_stopping(_: list[Prepared], prepared: Prepared) -> Float:
    """Choose the number of rounds on the newest training year, then fit on all."""
    learnt, asked = prepared.task.learnt, prepared.task.asked
    inner = learnt.ages > learnt.ages.min()
    if inner.sum() < 100:
        return boosted(learnt.features, learnt.labels, asked, recent(learnt))
    held = learnt.labels[~inner]
    best, fewest = np.inf, 25
    for rounds in (25, 50, 75, 100, 150, 200):
        made = boosted(
            learnt.features[inner],
            learnt.labels[inner],
            learnt.features[~inner],
            recent(learnt)[inner],
            rounds=rounds,
        )
        error = float(np.abs(made - held).mean())
        best, fewest = (error, rounds) if error < best else (best, fewest)
    return boosted(learnt.features, learnt.labels, asked, recent(learnt), rounds=fewest)


def searched_parameters(horizon: int, tasks: list[Prepared]) -> dict[str, Any]:
    """Search once a horizon, on the last origins whose outcome is known before scoring starts."""
    with _LOCK:
        if horizon not in _SEARCHED:
            _SEARCHED[horizon] = _search(tasks)
    return _SEARCHED[horizon]


def _search(tasks: list[Prepared]) -> dict[str, Any]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def loss(trial: optuna.Trial) -> float:
        member = learner("xgboost", **LEARNERS["xgboost"].suggest(trial))
        return float(np.mean([np.nanmean(np.abs(member(tasks, p) - p.added)) for p in tasks]))

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(loss, n_trials=TRIALS)
    return dict(study.best_params)


TRIALS = 15
_SEARCHED: dict[int, dict[str, Any]] = {}
_LOCK = Lock()


def searched(tasks: list[Prepared], prepared: Prepared) -> Float:
    """Parameters found by optuna on origins whose outcome is known before the first scored one."""
    first = min(p.task.origin for p in tasks if p.scored)
    horizon = prepared.task.horizon
    inner = [p for p in tasks if p.task.origin + horizon <= first][-3:]
    if not inner:
        return learner("xgboost")(tasks, prepared)
    return learner("xgboost", **searched_parameters(horizon, inner))(tasks, prepared)


MEMBERS: Mapping[str, Member] = {
    "persistence": learner("persistence"),
    "lasting_gap": learner("lasting_gap"),
    "xgboost": learner("xgboost"),
    "xgboost_all_years": learner("xgboost_all_years"),
    "extra_trees_history": learner("extra_trees_history"),
    "ridge on ranks": learner("ridge"),
    "extra trees on all": learner("extra_trees"),
    "xgboost on the past": learner("xgboost", lambda task: task.learnt.history),
    "xgboost, all years alike": learner("xgboost", recency=0.0),
    "xgboost, recency 2 years": learner("xgboost", recency=2.0),
    "xgboost, recency 6 years": learner("xgboost", recency=6.0),
    "xgboost, recency 12 years": learner("xgboost", recency=12.0),
    "xgboost, one tree a round": learner("xgboost", num_parallel_tree=1),
    "xgboost, three trees a round": learner("xgboost", num_parallel_tree=3),
    "xgboost, values only": learner("xgboost", partial(of_form, form="value")),
    "xgboost, ranks only": learner("xgboost", partial(of_form, form="rank")),
    "xgboost, no composite indices": learner("xgboost", without_indices),
    "xgboost, deeper trees": learner("xgboost", max_depth=5, min_child_weight=40.0),
    "xgboost, on residuals of persistence": on_residuals,
    "xgboost, pseudo-Huber loss": pseudo_huber,
    "xgboost, regime added": with_regime,
    "xgboost, years of equal weight": equal_years,
    "xgboost, small cities weigh less": small_weigh_less,
    "xgboost, early stopping on the last year": early_stopping,
    "xgboost, searched by optuna": searched,
    "extra trees on the past, all years alike": learner("extra_trees_history", recency=0.0),
}
