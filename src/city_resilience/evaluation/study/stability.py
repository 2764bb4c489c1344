"""Stability: which drivers stay when provinces, years, seeds and origins are others.

Each view of the model is fitted three ways. *Plain*: as it was at each scored origin and at the
live one; what is lost there without a family, and how its importance drifts over the years.
*Refits*: at the last scored origins and the live one, on provinces and blocks of years drawn anew.
*Shadows*: refits in which half of the families are those of other cities. All are explained on
cities at the origin, none of which is a row that was trained on, and summed up in
`stability_table`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from city_resilience.arrays import Float, Positions
from city_resilience.evaluation.baselines import NAIVE
from city_resilience.evaluation.candidates import BLEND
from city_resilience.evaluation.conditional import Conditional, change_without
from city_resilience.evaluation.driver_sizes import FAMILY, Contributed, contributed, sizes
from city_resilience.evaluation.engine import SERVED, Rolled, Variant
from city_resilience.evaluation.folds import Folds
from city_resilience.evaluation.refits import Clusters, clusters_of, draw, refit, whole
from city_resilience.evaluation.shadows import halves, lenders, shadowed
from city_resilience.evaluation.study.context import Context, Part
from city_resilience.evaluation.study.stability_table import drift, stability_table
from city_resilience.evaluation.views import structural_variant
from city_resilience.models.forecaster import HorizonModel
from city_resilience.models.rows import FORECASTING, STRUCTURAL
from city_resilience.tasks.outcome import horizon_before
from city_resilience.tasks.task import Sample, Task
from city_resilience.workers import spread

__all__ = ["PLAIN", "REFIT", "SHADOW", "Fit", "stability"]

PLAIN, REFIT, SHADOW = "plain", "refit", "shadow"
RECENT = 4
"""Scored origins that are fitted anew, beside the live one."""
ROWS, REPEATS, PER_SHADOW = 48, 10, 50
"""Cities that are explained, orders of a conditional permutation, refits for one more shadow."""


@dataclass(frozen=True)
class _View:
    """A view of the model, and the weights that it had at each origin."""

    name: str
    variant: Variant
    rolled: Mapping[int, Rolled]
    serve: str = BLEND

    def horizons(self, origin: int) -> list[int]:
        """Return the horizons that it had weights for."""
        return [horizon for horizon, own in self.rolled.items() if origin in own.weights]

    def weights(self, origin: int, horizon: int) -> tuple[dict[str, float], float]:
        """Return the weights of its members and the slope of their sum."""
        if self.serve != BLEND:
            return {self.serve: 1.0}, 1.0
        own = self.rolled[horizon]
        weights = dict(zip(own.names, own.weights[origin].tolist(), strict=True))
        return weights, own.slopes[origin]


@dataclass(frozen=True)
class Fit:
    """One fit of a view at an origin.

    Attributes
    ----------
    number : int
        Of its draw, -1 for none.
    turn : int
        How many fits of the kind come before it at the origin.
    """

    view: str
    kind: str
    origin: int
    number: int
    turn: int = 0

    @property
    def key(self) -> tuple[str, str, int, int]:
        """What it is kept under."""
        return self.view, self.kind, self.origin, self.number


@dataclass(frozen=True)
class _Fitted:
    """What one horizon adds: its model, the rows it learnt from, and all cities at the origin."""

    model: HorizonModel
    learnt: Sample
    asked: Float


@dataclass(frozen=True)
class _Study:
    """What all fits share beside the folds.

    Attributes
    ----------
    scored : tuple of int
        Origins whose truth may be looked at.
    seed : int
        Of the draws.
    served : mapping of (str, int) to mapping of int to Contributed
        View and origin → horizon → what the plain fits were explained with.
    """

    views: Mapping[str, _View]
    clusters: Clusters
    family: Mapping[str, str]
    scored: tuple[int, ...]
    seed: int
    served: Mapping[tuple[str, int], Mapping[int, Contributed]]


@dataclass(frozen=True)
class _Made:
    """What a fit gave: rows to keep and, of a plain one, what others are compared with."""

    fit: Fit
    rows: list[dict[str, Any]]
    explained: Mapping[int, Contributed] | None


def stability(context: Context) -> Part:
    """Grade indicators and families of both views.

    Returns
    -------
    Part
        ``STABILITY_COLUMNS``. Fits that ``context.kept`` holds are not made again.
    """
    engine, views = context.engine, _views(context)
    for horizon in context.horizons:  # threads share it
        engine.task(engine.newest, horizon)
    family = {spec.id: spec.family for spec in engine.dataset.specs}
    clusters, scored = clusters_of(engine.dataset), tuple(context.scored)
    study = _Study(views, clusters, family, scored, context.settings.seed, {})
    fits = {name: _fits(context, view) for name, view in views.items()}
    every = [fit for own in fits.values() for fit in own]
    _run(context, study, every)
    rows = context.kept.rows(fit.key for fit in every)
    refits = {name: [fit for fit in own if fit.kind == REFIT] for name, own in fits.items()}
    about = {
        "refits": context.settings.refits,
        "origins": {name: sorted({fit.origin for fit in own}) for name, own in refits.items()},
        "clusters": study.clusters.name,
        "clusters_count": len(np.unique(study.clusters.of)),
        "rows": ROWS,
        "repeats": REPEATS,
        "labels": _labels(context, rows["name"]),
        "drift": drift(rows[rows["kind"] == PLAIN]),
    }
    return Part(stability_table(rows), about)


def _labels(context: Context, names: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Return the labels of indicators in English and Chinese, a user's own among them."""
    known = set(names)
    specs = context.engine.dataset.specs
    return {spec.id: (spec.label_en, spec.label_zh) for spec in specs if spec.id in known}


def _views(context: Context) -> dict[str, _View]:
    """Return the views that have members to fit; a naive rule has none."""
    engine, horizons = context.engine, context.horizons
    found: dict[str, _View] = {}
    if context.served not in NAIVE:
        rolled = {horizon: context.backtest.whole[horizon] for horizon in horizons}
        found[FORECASTING] = _View(FORECASTING, SERVED, rolled, context.served)
    variant = structural_variant(engine.dataset, engine.experiment)
    if variant is not None:
        rolled = engine.roll([variant], horizons, context.origins, "structural view")[variant.id]
        found[STRUCTURAL] = _View(STRUCTURAL, variant, rolled)
    return {
        name: view for name, view in found.items() if any(o.blend for o in view.rolled.values())
    }


def _fits(context: Context, view: _View) -> list[Fit]:
    """Return the fits of a view; draw k is made at the same origin however many there are."""
    live = context.engine.newest
    scored = [o for o in context.scored if view.horizons(o)]
    full = [o for o in scored if len(view.horizons(o)) == len(context.horizons)]
    again = [*full[-RECENT:], live]
    count = context.settings.refits
    shadows = 2 * len(again) * -(-count // PER_SHADOW)
    made = {REFIT: count, SHADOW: shadows}
    return [
        *(Fit(view.name, PLAIN, origin, -1) for origin in [*scored, live]),
        *(
            Fit(view.name, kind, again[k % len(again)], k, k // len(again))
            for kind, many in made.items()
            for k in range(many)
        ),
    ]


def _run(context: Context, study: _Study, fits: Sequence[Fit]) -> None:
    """Make the fits that are not kept, first those that others are compared with."""
    kept, folds, progress = context.kept, context.engine.folds, context.engine.progress
    missing = [f for f in fits if not kept.has(f.key, study.views[f.view].horizons(f.origin))]
    compared = {(fit.view, fit.origin) for fit in missing}
    plain = [f for f in fits if f.kind == PLAIN and (f.view, f.origin) in compared]
    others = [fit for fit in missing if fit.kind != PLAIN]

    served: dict[tuple[str, int], Mapping[int, Contributed]] = {}

    def took(made: _Made) -> None:
        kept.add(made.fit.key, made.rows)
        if made.fit.kind == PLAIN:
            served[made.fit.view, made.fit.origin] = made.explained or {}

    try:
        calls = [partial(_make, fit) for fit in plain]
        spread(calls, (folds, study), "drivers at each origin", progress, took)
        calls = [partial(_make, fit) for fit in others]
        spread(calls, (folds, replace(study, served=served)), "refits", progress, took)
    finally:
        kept.write()


def _make(fit: Fit, folds: Folds, study: _Study) -> _Made:
    """Make one fit and explain it."""
    only = _moved(folds, study, fit)
    fitted = _fitted(folds, study, fit, only)
    explained = _explained(folds, fit, fitted)
    served = study.served.get((fit.view, fit.origin), explained)
    losses = _losses(folds, study, fit, fitted) if fit.kind == PLAIN else {}
    rows: list[dict[str, Any]] = [
        {"horizon": horizon, **vars(size), "loss": losses.get((horizon, size.name), np.nan)}
        if size.level == FAMILY
        else {"horizon": horizon, **vars(size), "loss": np.nan}
        for horizon, own in explained.items()
        for size in sizes(own, study.family, served[horizon], only)
    ]
    return _Made(fit, rows, explained if fit.kind == PLAIN else None)


def _moved(folds: Folds, study: _Study, fit: Fit) -> tuple[str, ...]:
    """Return the families that are shadows in a fit."""
    if fit.kind != SHADOW:
        return ()
    view = study.views[fit.view]
    task = folds.task(fit.origin, view.horizons(fit.origin)[0])
    if task is None:
        return ()
    columns = _columns(view, task)
    families = {study.family[task.spec.columns[k][0]] for k in columns}
    parts = halves(families, (study.seed, fit.origin, fit.turn // 2))
    return parts[fit.turn % len(parts)] if parts else ()


def _columns(view: _View, task: Task) -> Positions:
    if view.variant.columns is None:
        return np.arange(len(task.spec.columns))
    return view.variant.columns(task)


def _fitted(folds: Folds, study: _Study, fit: Fit, moved: Sequence[str]) -> dict[int, _Fitted]:
    """Fit every horizon that a view had weights for."""
    view, model, seed = study.views[fit.view], folds.experiment.model, study.seed
    found: dict[int, _Fitted] = {}
    for horizon in view.horizons(fit.origin):
        task = folds.task(fit.origin, horizon)
        if task is None:
            continue
        for name in moved:
            lender = lenders(
                study.clusters.of, np.random.default_rng([seed, fit.number, *name.encode()])
            )
            ids = {own for own, family in study.family.items() if family == name}
            task = shadowed(task, task.spec.family_columns(ids), lender)
        drawn = whole(task.learnt, model.seed)
        if fit.kind != PLAIN:
            overlap = horizon - task.before
            drawn = draw(task.learnt, study.clusters, overlap, fit.number, seed)
        weights, slope = view.weights(fit.origin, horizon)
        columns = _columns(view, task)
        own = refit(task, view.variant, drawn, model, weights, slope)
        found[horizon] = _Fitted(own, task.learnt.only(columns), task.asked[:, columns])
    return found


def _explained(folds: Folds, fit: Fit, fitted: Mapping[int, _Fitted]) -> dict[int, Contributed]:
    """Explain the forecasts of some cities, horizon upon horizon."""
    outcome, rows = folds.experiment.outcome, _explained_rows(folds, fit.origin)
    found = {0: Contributed({}, {})}
    for horizon, own in fitted.items():
        before = found[horizon_before(horizon, outcome)]
        found[horizon] = before.plus(contributed(own.model, own.asked[rows]))
    del found[0]
    return found


def _explained_rows(folds: Folds, origin: int) -> Positions:
    """Return cities from the smallest to the largest at an origin, at even distances."""
    level = folds.dataset.at(origin).outcome[:, -1]
    order = np.argsort(level, kind="stable")[: int(np.isfinite(level).sum())]
    return order[np.unique(np.linspace(0, len(order) - 1, min(ROWS, len(order))).astype(np.intp))]


def _losses(
    folds: Folds, study: _Study, fit: Fit, fitted: Mapping[int, _Fitted]
) -> dict[tuple[int, str], float]:
    """By how much the error grows without each family, by horizon; of scored origins alone."""
    dataset, outcome = folds.dataset, folds.experiment.outcome
    if fit.origin not in study.scored:
        return {}
    asked = np.flatnonzero(dataset.at(fit.origin).reporting)
    learnt = {horizon: Conditional.of(own.learnt) for horizon, own in fitted.items()}
    names = {study.family[k] for own in fitted.values() for k in own.model.spec.indicators}
    found: dict[tuple[int, str], float] = {}
    forecast = {0: np.zeros(len(asked))}
    for horizon, own in fitted.items():
        before = horizon_before(horizon, outcome)
        forecast[horizon] = forecast[before] + own.model.predict(own.asked[asked])
    for name in sorted(names):
        rng = np.random.default_rng([study.seed, fit.origin, *name.encode()])
        orders = np.array([rng.permutation(len(asked)) for _ in range(REPEATS)])
        ids = {own for own, family in study.family.items() if family == name}
        changed = {0: np.zeros(orders.shape)}
        for horizon, own in fitted.items():
            before, rows = horizon_before(horizon, outcome), own.asked[asked]
            columns = own.model.spec.family_columns(ids)
            change = change_without(own.model, learnt[horizon], rows, columns, orders)
            changed[horizon] = changed[before] + change
            error = dataset.truth(fit.origin, horizon)[asked] - forecast[horizon]
            if np.isfinite(error).any():
                loss = np.abs(error - changed[horizon]) - np.abs(error)
                found[horizon, name] = float(np.nanmean(loss))
    return found
