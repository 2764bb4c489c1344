"""Refits: the members of a blend fitted on rows drawn anew, to see what of a model is chance.

Misses are alike within a province and within a year, so these are drawn, not rows: provinces with
replacement, and blocks of neighbouring years with replacement. A row comes as many times as its
province was drawn, times as often as its year was (the pigeonhole bootstrap of Owen 2007, which
rather overstates the variance). Each draw has a seed of its own for its learners. The weights of
the members and the slope stay those of the origin.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from city_resilience.arrays import Int, Positions, Strings
from city_resilience.evaluation.engine import Variant
from city_resilience.experiment.training import Model
from city_resilience.models.forecaster import HorizonModel
from city_resilience.models.learners import fit_member
from city_resilience.tasks.dataset import Dataset
from city_resilience.tasks.task import Sample, Task

__all__ = ["Clusters", "Draw", "block_length", "clusters_of", "draw", "draws", "refit", "whole"]

LEAST_PROVINCES = 5


@dataclass(frozen=True)
class Clusters:
    """What is drawn in place of cities.

    Attributes
    ----------
    name : str
        ``province``, or ``city`` where the panel has no column of at least five provinces.
    of : ndarray of int, shape (cities,)
        Cluster of each city; one without a province is its own.
    """

    name: str
    of: Int


@dataclass(frozen=True)
class Draw:
    """Rows of a sample, drawn with replacement.

    Attributes
    ----------
    number : int
        Which of the draws it is; draw k is the same however many there are.
    seed : int
        Of the learners.
    rows : ndarray of int
        Positions in the sample, rising; a row that was drawn k times stands there k times.
    """

    number: int
    seed: int
    rows: Positions


def clusters_of(dataset: Dataset) -> Clusters:
    """Return the provinces of a panel as clusters, or the cities where it has none."""
    cities = np.arange(len(dataset.cities))
    levels = dataset.groups.get("province", np.full(len(cities), ""))
    if len(set(levels.tolist()) - {""}) < LEAST_PROVINCES:
        return Clusters("city", cities)
    return Clusters("province", _numbered(levels))


def _numbered(levels: Strings) -> Int:
    own = np.where(levels == "", [f"\0{k}" for k in range(len(levels))], levels)
    return np.unique(own, return_inverse=True)[1].astype(np.int64)


def block_length(years: int, horizon: int) -> int:
    """Years of a block: the third root of their number, and no fewer than labels overlap.

    Examples
    --------
    >>> block_length(20, 1), block_length(4, 1), block_length(20, 5)
    (3, 2, 5)
    """
    return min(years, max(round(float(np.cbrt(years))), horizon))


def draw(sample: Sample, clusters: Clusters, horizon: int, number: int, seed: int = 0) -> Draw:
    """Draw clusters and blocks of years with replacement, and the rows that are in both.

    Parameters
    ----------
    horizon : int
        Years that a label looks ahead.
    number, seed : int
        Two draws of equal number and seed draw equal clusters and years.
    """
    streams = np.random.SeedSequence([seed, number]).spawn(3)
    places, years, learners = map(np.random.default_rng, streams)
    _, cluster = np.unique(clusters.of[sample.cities], return_inverse=True)
    _, year = np.unique(sample.ages, return_inverse=True)
    rows = np.empty(0, dtype=np.intp)
    while not rows.size:  # a short sample may have no row that is in both
        times = _times(places, int(cluster.max()) + 1, 1)[cluster]
        length = block_length(int(year.max()) + 1, horizon)
        times = times * _times(years, int(year.max()) + 1, length)[year]
        rows = np.repeat(np.arange(len(times)), times)
    return Draw(number, int(learners.integers(2**31)), rows)


def _times(rng: np.random.Generator, count: int, length: int) -> Int:
    """How often each of some numbers is drawn, in blocks of neighbours that close to a ring."""
    starts = rng.integers(count, size=-(-count // length))
    drawn = (starts[:, None] + np.arange(length)).ravel()[:count] % count
    return np.bincount(drawn, minlength=count).astype(np.int64)


def draws(
    sample: Sample, clusters: Clusters, horizon: int, count: int, seed: int = 0
) -> list[Draw]:
    """Return the first draws of a sample; see `draw`."""
    return [draw(sample, clusters, horizon, number, seed) for number in range(count)]


def whole(sample: Sample, seed: int) -> Draw:
    """Return the draw of every row once: a fit on it is the one that is served."""
    return Draw(-1, seed, np.arange(len(sample.labels)))


def refit(
    task: Task,
    variant: Variant,
    drawn: Draw,
    model: Model,
    weights: Mapping[str, float],
    slope: float = 1.0,
) -> HorizonModel:
    """Fit the members of a variant on drawn rows of a task.

    Parameters
    ----------
    drawn : Draw
        Of ``task.learnt``.
    model : Model
        Members and parameters of a variant that names none.
    weights : mapping of str to float
        Of the members at this origin; one without a weight is not fitted.
    slope : float
        Share of its size at which the blend is taken at this origin.

    Returns
    -------
    HorizonModel
        Of the columns that the variant sees, without intervals.
    """
    learnt, spec = task.learnt, task.spec
    if variant.columns is not None:
        columns = variant.columns(task)
        learnt, spec = learnt.only(columns), spec.only(columns)
    sample = learnt.rows(drawn.rows)
    used = {name: own for name, own in variant.members(model).items() if weights.get(name, 0.0) > 0}
    members = {name: fit_member(sample, name, own, drawn.seed) for name, own in used.items()}
    kept = {name: weights[name] for name in members}
    return HorizonModel(task.horizon, spec, members, kept, slope=slope)
