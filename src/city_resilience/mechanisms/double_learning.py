"""Partially linear double machine learning: controls that may act in any form.

The model
---------
With the outcome ``y``, the index ``x`` and controls ``z``::

    y = d x + g(z) + city + year + e        x = m(z) + city + year + v

``d`` is the slope of ``y - l(z)`` on ``x - m(z)``, ``l(z)`` the outcome expected from ``z``, both
without effects of city and year and both learnt on other rows (Chernozhukov and others 2018, The
Econometrics Journal 21, score "partialling out"). Learners see each control as it is and without
its effects of city and year. Their labels have the effects out that the rows they learn from show,
and what they forecast has its own effects taken out: so a mean by city over all years cannot tell
a learner what the left-out years hold. ``DoubleMLPLR`` of doubleml takes the forecasts of ``l`` and
``m`` and returns slope, errors by cluster and sensitivity; its class for panels has neither effects
of the year nor sensitivity.

Cross-fitting
-------------
A row is forecast by learners that saw neither its province (its city, where provinces are few) nor
its block of years: no error that is shared by a province, or by a year in other ways than its own
effect, is learnt and then found again. Blocks of years are consecutive; a sample with few years has
one. The division of the provinces is drawn several times.

What identifies, and what does not
----------------------------------
As in two-way fixed effects, and nothing more: beside the controls nothing moves index and outcome
together. Only the form in which the controls act is free. ``robustness_value`` is the strength of
an omitted variable, as a share of what is unexplained of outcome and of index alike, that would
make the slope zero.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from types import MappingProxyType
from typing import Any

import numpy as np

from city_resilience.arrays import Float, Int, Mask
from city_resilience.mechanisms.baseline import plain_sample
from city_resilience.mechanisms.context import Context, Part, Refusal
from city_resilience.mechanisms.estimate import LEVEL, Estimate, counted, normal_interval
from city_resilience.mechanisms.refusals import (
    LEAST_CLUSTERS,
    least_years,
    refusal_of,
    shared_components,
)
from city_resilience.mechanisms.resampling import clusters_of
from city_resilience.mechanisms.sample import Sample, within
from city_resilience.models.learners import LEARNERS

__all__ = [
    "FORMS",
    "SPLITS",
    "Rows",
    "blocks",
    "cross_fitted",
    "divided",
    "double_learning",
    "rows_of",
]

SPLITS, FOLDS, YEAR_BLOCKS, YEARS_EACH = 5, 4, 3, 3
"""Divisions of the provinces, parts of each, blocks of years, and least years of a block."""
SEEDS = 10_000
Predict = Callable[[Float, Float, Float, int], Float]
"""(features to learn from, labels, features asked, seed) -> forecasts."""


def _linear(x: Float, y: Float, asked: Float, seed: int) -> Float:
    del seed
    one = np.column_stack([np.ones(len(x)), x])
    slopes = np.linalg.lstsq(one, y, rcond=None)[0]
    return np.asarray(slopes[0] + asked @ slopes[1:])


def _xgboost(x: Float, y: Float, asked: Float, seed: int) -> Float:
    import xgboost

    own = LEARNERS["xgboost_all_years"].defaults
    kept = {name: value for name, value in own.items() if name not in ("rounds", "recency")}
    squares = {"objective": "reg:squarederror", "base_score": float(y.mean())}
    parameters = {**kept, **squares, "seed": seed, "nthread": 1, "tree_method": "hist"}
    data = xgboost.DMatrix(x, y, nthread=1)
    booster = xgboost.train(parameters, data, num_boost_round=int(own["rounds"]) // 2)
    return np.asarray(booster.inplace_predict(asked), dtype=np.float64)


def _extra_trees(x: Float, y: Float, asked: Float, seed: int) -> Float:
    from sklearn.ensemble import ExtraTreesRegressor

    own = LEARNERS["extra_trees"].defaults
    model = ExtraTreesRegressor(
        n_estimators=int(own["trees"]) // 4,
        min_samples_leaf=min(int(own["min_leaf"]), max(1, len(x) // 100)),
        random_state=seed,
        n_jobs=1,
    )
    return np.asarray(model.fit(x, y).predict(asked))


FORMS: Mapping[str, Predict] = MappingProxyType(
    {"linear": _linear, "xgboost": _xgboost, "extra_trees": _extra_trees}
)
"""Learners: least squares, and those of the forecast, with fewer trees, on squared errors because
means are asked; extra trees see every column at each split, as there are few.
"""


@dataclass(frozen=True)
class Rows:
    """What is learnt from.

    Attributes
    ----------
    sample : Sample
        The index is its first variable.
    left : ndarray, shape (rows, 2)
        Outcome and index, effects of city and year out.
    z : ndarray, shape (rows, 2 * controls)
        What is left of each control, and the control itself.
    cluster : ndarray of int64, shape (rows,)
    name : str
        ``province`` or ``city``.
    """

    sample: Sample
    left: Float
    z: Float
    cluster: Int
    name: str


def rows_of(sample: Sample) -> Rows:
    """Return the rows of a sample."""
    left = within(sample, np.column_stack([sample.y, sample.x]))
    z = np.column_stack([left[:, 2:], sample.x[:, 1:]])
    name, cluster = clusters_of(sample)
    return Rows(sample, left[:, :2], z, cluster, name)


def divided(rows: Rows, seed: int) -> Int:
    """Return the part, from 0 on, that each cluster falls in, shape (clusters,)."""
    count = int(rows.cluster.max()) + 1
    order: Int = np.random.default_rng(seed).permutation(np.resize(np.arange(FOLDS), count))
    return order


def blocks(rows: Rows, seed: int) -> list[tuple[Mask, Mask]]:
    """Return the rows to learn from and the rows to forecast, block after block.

    Each row is forecast once, from rows of other clusters in other blocks of years.
    """
    fold = divided(rows, seed)[rows.cluster]
    years, at = np.unique(rows.sample.year, return_inverse=True)
    number = max(1, min(YEAR_BLOCKS, len(years) // YEARS_EACH))
    block = at * number // len(years)
    return [
        ((fold != k) & ((block != b) | (number == 1)), (fold == k) & (block == b))
        for k, b in product(range(FOLDS), range(number))
    ]


def cross_fitted(rows: Rows, learn: Predict, seed: int) -> Float:
    """Return forecasts of outcome and index by learners that did not see the block.

    Shape (rows, 2), effects of city and year out.
    """
    found, labels = (
        np.empty((len(rows.z), 2)),
        np.column_stack([rows.sample.y, rows.sample.x[:, 0]]),
    )
    for k, (known, asked) in enumerate(blocks(rows, seed)):
        own = within(rows.sample.of(known), labels[known])
        for at in range(2):
            found[asked, at] = learn(rows.z[known], own[:, at], rows.z[asked], seed + k)
    return within(rows.sample, found)


def _fitted(rows: Rows, learn: Predict, seeds: Sequence[int]) -> tuple[Any, Float]:
    """Return the ``DoubleMLPLR`` of several splits, and the R2 of the forecasts of both.

    Shapes: R2 (2,), of outcome and index, the median over splits.
    """
    import pandas as pd
    from doubleml import DoubleMLData, DoubleMLPLR
    from doubleml.utils import DMLDummyRegressor

    guesses = np.stack([cross_fitted(rows, learn, seed) for seed in seeds], axis=2)
    own = {"y": rows.left[:, 0], "x": rows.left[:, 1], "z": rows.z[:, 0]}
    frame = pd.DataFrame({**own, "cluster": rows.cluster})
    data = DoubleMLData(frame, "y", "x", x_cols=["z"], cluster_cols="cluster")
    nothing = DMLDummyRegressor()
    options = {"n_folds": FOLDS, "n_rep": len(seeds), "draw_sample_splitting": False}
    model = DoubleMLPLR(data, nothing, nothing, **options)
    model.set_sample_splitting(*_splits(rows, seeds))
    model.fit(external_predictions={"x": {"ml_l": guesses[:, 0], "ml_m": guesses[:, 1]}})
    missed = ((rows.left[:, :, None] - guesses) ** 2).mean(axis=0)
    r2 = 1 - missed / (rows.left**2).mean(axis=0)[:, None]
    return model.sensitivity_analysis(level=LEVEL), np.median(r2, axis=1)


def _splits(rows: Rows, seeds: Sequence[int]) -> tuple[list[Any], list[Any]]:
    """Return rows and clusters of each part of each split, over which doubleml sums errors."""
    every, own = np.arange(len(rows.z)), np.unique(rows.cluster)
    parts, clusters = [], []
    for seed in seeds:
        fold = divided(rows, seed)
        inside = [fold[rows.cluster] == k for k in range(FOLDS)]
        parts.append([(every[~one], every[one]) for one in inside])
        clusters.append([([own[fold != k]], [own[fold == k]]) for k in range(FOLDS)])
    return parts, clusters


def double_learning(context: Context) -> Part:
    """Fit each outcome on each digital index with controls that act in any form.

    Returns
    -------
    Part
        Models ``double_learning:LEARNER`` of `FORMS`. The slope has the index as its term: the
        median over splits, its error the one that the median of the upper bounds implies
        (Chernozhukov and others 2018, definition 3.3) times sqrt(G / (G - 1)), the interval of the
        t distribution with as many degrees of freedom as clusters, less one. Beside it
        ``split:lowest`` and ``split:highest``; ``r2:outcome`` and ``r2:index`` of the forecasts
        of rows not seen; ``robustness_value`` for the slope and ``robustness_value:interval`` for
        the near end of its one-sided 95 % interval (Chernozhukov, Cinelli, Newey, Sharma and
        Syrgkanis 2022).
    """
    design, found, refused = context.design, list[Estimate](), list[Refusal]()
    asked = list(product(design.outcomes, design.treatments))
    for done, (outcome, treatment) in enumerate(asked):
        context.progress("double_learning", done, len(asked))
        got = _pair(context, outcome, treatment)
        if isinstance(got, Refusal):
            refused.append(got)
        else:
            found.extend(got)
    context.progress("double_learning", len(asked), len(asked))
    about = {"splits": SPLITS, "folds": FOLDS, "year_blocks": YEAR_BLOCKS, "learners": tuple(FORMS)}
    return Part(found, refused, about)


def _pair(context: Context, outcome: str, treatment: str) -> list[Estimate] | Refusal:
    """Return the rows of all learners, or why there are none."""
    design, about = context.design, f"{outcome}, {treatment}"
    if shared := shared_components(design, outcome, treatment):
        return Refusal("component", about, ", ".join(sorted(shared)))
    sample = plain_sample(design, outcome, treatment)
    if why := refusal_of(sample, about, least_years(design, outcome)):
        return why
    if len(sample.names) == 1:
        return Refusal("no_control_variables", about)
    rows = rows_of(sample)
    clusters = int(rows.cluster.max()) + 1
    if clusters < LEAST_CLUSTERS:
        return Refusal("few_clusters", about, f"{clusters} places")
    like = counted(Estimate("", outcome, treatment, treatment, np.nan), sample)
    like = replace(like, clusters=clusters, inference=rows.name)
    found = list[Estimate]()
    for learner, learn in FORMS.items():
        own = replace(like, model=f"double_learning:{learner}")
        seeds = [SEEDS * context.settings.seed + k for k in range(SPLITS)]
        found += _terms(*_fitted(rows, learn, seeds), own)
    return found


def _terms(model: Any, r2: Float, like: Estimate) -> list[Estimate]:
    """Return the slope and what it is sensitive to."""
    value = float(model.coef[0])
    se = float(model.se[0]) * np.sqrt(like.clusters / (like.clusters - 1))
    low, high, p = normal_interval(value, se, like.clusters - 1)
    slope = replace(like, estimate=value, se=se, low=low, high=high, p=p)
    strength = model.sensitivity_params
    plain = {
        "split:lowest": model.all_coef.min(),
        "split:highest": model.all_coef.max(),
        "r2:outcome": r2[0],
        "r2:index": r2[1],
        "robustness_value": strength["rv"][0],
        "robustness_value:interval": strength["rva"][0],
    }
    beside = replace(like, inference="")
    return [slope, *(replace(beside, term=k, estimate=float(v)) for k, v in plain.items())]
