"""Shadows: families that other cities lend, so that they can only say something by chance.

A city gets the whole series of another, and neighbours in a province mostly those of neighbours in
another: what makes chance look like a rule, alike years and alike neighbours, stays.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import replace

import numpy as np

from city_resilience.arrays import Float, Int, Positions
from city_resilience.tasks.task import Sample, Task

__all__ = ["halves", "lenders", "shadowed"]


def halves(families: Collection[str], seed: Sequence[int]) -> tuple[tuple[str, ...], ...]:
    """Deal families out to two halves by chance: while one is a shadow, the other is as it was."""
    names = sorted(families)
    order = np.random.default_rng(seed).permutation(len(names))
    middle = (len(names) + 1) // 2
    return tuple(
        tuple(names[k] for k in sorted(part))
        for part in (order[:middle], order[middle:])
        if len(part)
    )


def lenders(clusters: Int, rng: np.random.Generator) -> Positions:
    """Return for each city the one whose series it gets.

    The cities are put in a row twice, cluster by cluster, the clusters in two orders by chance; a
    city gets the series of the one at its place in the other row.

    Parameters
    ----------
    clusters : ndarray of int, shape (cities,)
    """
    rows = [_in_a_row(clusters, rng) for _ in range(2)]
    lender = np.empty(len(clusters), dtype=np.intp)
    lender[rows[0]] = rows[1]
    return lender


def _in_a_row(clusters: Int, rng: np.random.Generator) -> Positions:
    place = rng.permutation(int(clusters.max(initial=0)) + 1)[clusters]
    return np.lexsort((rng.random(len(clusters)), place))


def shadowed(task: Task, columns: Positions, lender: Positions) -> Task:
    """Return a task in which some columns of each city are those of another, year by year.

    Where the other has no row in a year, its own lender gives one, and so on.
    """
    learnt = task.learnt
    features, asked = np.array(learnt.features), task.asked.copy()
    features[:, columns] = _lent(learnt, lender)[:, columns]
    asked[:, columns] = task.asked[np.ix_(lender, columns)]
    return replace(task, learnt=replace(learnt, features=features), asked=asked)


def _lent(learnt: Sample, lender: Positions) -> Float:
    """Return the features of the lender of each row's city in the row's year."""
    _, year = np.unique(learnt.ages, return_inverse=True)
    place = np.full((len(lender), int(year.max()) + 1), -1)
    place[learnt.cities, year] = np.arange(len(year))
    city = lender[learnt.cities]
    rows = place[city, year]
    while (absent := rows < 0).any():  # the way leads back to the city itself, which is there
        city[absent] = lender[city[absent]]
        rows = place[city, year]
    lent: Float = np.asarray(learnt.features[rows])
    return lent
