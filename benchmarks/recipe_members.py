"""Members that `recipe.py` compares: what is served, and what did not earn its place."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from threading import Lock
from typing import Any

import numpy as np
from numpy.typing import NDArray

from city_resilience.evaluation.study.folds import Prepared
from city_resilience.models.learners import LEARNERS
from city_resilience.tasks.fold import Fold

Float = NDArray[np.float64]
Member = Callable[[list[Prepared], Prepared], Float]
Columns = NDArray[np.intp]


def learner(name: str, columns: Callable[[Fold], Columns] | None = None, **values: Any) -> Member:
    """A learner of the package with other parameters, or on some of the columns."""

    def forecast(_: list[Prepared], prepared: Prepared) -> Float:
        fold = prepared.fold
        chosen = None if columns is None else columns(fold)
        asked = fold.at_origin if chosen is None else fold.at_origin[:, chosen]
        parameters = {**LEARNERS[name].defaults, **values}
        return LEARNERS[name].fit(fold.sample(chosen), parameters, 0).predict(asked)

    return forecast


def of_form(fold: Fold, form: str) -> Columns:
    """Positions of the columns of one form."""
    return np.flatnonzero([own == form for _, own in fold.spec.columns])


def without_indices(fold: Fold) -> Columns:
    """Positions of all columns but those of composite indices."""
    made = {index.id for index in fold.spec.indices}
    return np.flatnonzero([name not in made for name, _ in fold.spec.columns])


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


def recent(fold: Fold) -> Float:
    """The served weights of the training rows."""
    years = float(LEARNERS["xgboost"].defaults["recency"])  # type: ignore[arg-type]
    return np.exp(-fold.ages / years)


def on_residuals(_: list[Prepared], prepared: Prepared) -> Float:
    """Boost what the damped last gap leaves over."""
    fold = prepared.fold
    base = LEARNERS["persistence"].fit(fold.sample(), {}, 0)
    left = fold.labels - base.predict(fold.features)
    return base.predict(fold.at_origin) + boosted(fold.features, left, fold.at_origin, recent(fold))


def pseudo_huber(_: list[Prepared], prepared: Prepared) -> Float:
    """Boost on the pseudo-Huber loss, slope 2 pp."""
    fold = prepared.fold
    return boosted(
        fold.features,
        fold.labels,
        fold.at_origin,
        recent(fold),
        objective="reg:pseudohubererror",
        huber_slope=2.0,
    )


def with_regime(_: list[Prepared], prepared: Prepared) -> Float:
    """Add what all cities share in a year: national growth and the spread of the gaps."""
    fold = prepared.fold
    place = fold.spec.columns.index(("gap", "value"))
    ages = fold.ages.astype(int)
    shared = {}
    for age in np.unique(ages):
        gaps = fold.features[ages == age, place]
        shared[age] = (np.nanstd(gaps), np.nanmedian(np.abs(gaps)))
    now = fold.at_origin[:, place]
    added = np.array([shared[age] for age in ages])
    asked = np.tile([np.nanstd(now), np.nanmedian(np.abs(now))], (len(now), 1))
    return boosted(
        np.column_stack([fold.features, added]),
        fold.labels,
        np.column_stack([fold.at_origin, asked]),
        recent(fold),
    )


def equal_years(_: list[Prepared], prepared: Prepared) -> Float:
    """Divide each row's weight by the median absolute label of its year."""
    fold = prepared.fold
    weights = recent(fold)
    for age in np.unique(fold.ages):
        own = fold.ages == age
        weights[own] /= max(float(np.median(np.abs(fold.labels[own]))), 0.3)
    return boosted(fold.features, fold.labels, fold.at_origin, weights)


def small_weigh_less(_: list[Prepared], prepared: Prepared) -> Float:
    """Weigh the smallest fifth of the cities half."""
    fold = prepared.fold
    names = [name for name, form in fold.spec.columns]
    if "log_size" not in names:
        return boosted(fold.features, fold.labels, fold.at_origin, recent(fold))
    size = fold.features[:, fold.spec.columns.index(("log_size", "rank"))]
    return boosted(
        fold.features, fold.labels, fold.at_origin, recent(fold) * np.where(size < 0.2, 0.5, 1.0)
    )


def early_stopping(_: list[Prepared], prepared: Prepared) -> Float:
    """Choose the number of rounds on the newest training year, then fit on all."""
    fold = prepared.fold
    inner = fold.ages > fold.ages.min()
    if inner.sum() < 100:
        return boosted(fold.features, fold.labels, fold.at_origin, recent(fold))
    held = fold.labels[~inner]
    best, fewest = np.inf, 25
    for rounds in (25, 50, 75, 100, 150, 200):
        made = boosted(
            fold.features[inner],
            fold.labels[inner],
            fold.features[~inner],
            recent(fold)[inner],
            rounds=rounds,
        )
        error = float(np.abs(made - held).mean())
        best, fewest = (error, rounds) if error < best else (best, fewest)
    return boosted(fold.features, fold.labels, fold.at_origin, recent(fold), rounds=fewest)


def searched_parameters(horizon: int, folds: list[Prepared]) -> dict[str, Any]:
    """Search once a horizon, on the last origins whose outcome is known before scoring starts."""
    with _LOCK:
        if horizon not in _SEARCHED:
            _SEARCHED[horizon] = _search(folds)
    return _SEARCHED[horizon]


def _search(folds: list[Prepared]) -> dict[str, Any]:
    import optuna

    optuna.logging.set_verbosity(optuna.logging.WARNING)

    def loss(trial: optuna.Trial) -> float:
        member = learner("xgboost", **LEARNERS["xgboost"].suggest(trial))
        return float(np.mean([np.nanmean(np.abs(member(folds, p) - p.added)) for p in folds]))

    study = optuna.create_study(sampler=optuna.samplers.TPESampler(seed=0))
    study.optimize(loss, n_trials=TRIALS)
    return dict(study.best_params)


TRIALS = 15
_SEARCHED: dict[int, dict[str, Any]] = {}
_LOCK = Lock()


def searched(folds: list[Prepared], prepared: Prepared) -> Float:
    """Parameters found by optuna on origins whose outcome is known before the first scored one."""
    first = min(p.fold.origin for p in folds if p.scored)
    horizon = prepared.fold.horizon
    inner = [p for p in folds if p.fold.origin + horizon <= first][-3:]
    if not inner:
        return learner("xgboost")(folds, prepared)
    return learner("xgboost", **searched_parameters(horizon, inner))(folds, prepared)


MEMBERS: Mapping[str, Member] = {
    "persistence": learner("persistence"),
    "xgboost": learner("xgboost"),
    "xgboost_all_years": learner("xgboost_all_years"),
    "extra_trees_history": learner("extra_trees_history"),
    "ridge on ranks": learner("ridge"),
    "extra trees on all": learner("extra_trees"),
    "xgboost on the past": learner("xgboost", lambda fold: fold.history),
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
