"""Shapley values of groups of columns in a sum of trees: its leaves, summed; see `leaf_games`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial

import numpy as np
from numpy.typing import NDArray

from city_resilience.arrays import Float, Positions
from city_resilience.models.leaf_games import add_by_place, leaf_values, leaves
from city_resilience.models.tree import Tree
from city_resilience.progress import silent
from city_resilience.workers import in_threads

__all__ = ["parts_of", "tree_values"]

ROWS = 512
"""Rows that are explained together, the same whatever number of threads there is."""
AT_ONCE = 8
"""Parts of so many rows that are summed before the next, so that memory does not grow with them."""
NODES = 8192
"""Nodes of the trees that are explained together, at least one tree."""


def tree_values(
    trees: Sequence[Tree], added: float, features: Float, players: Positions
) -> tuple[Float, float]:
    """Return the Shapley values of groups of columns in a sum of trees, and their base value.

    Parameters
    ----------
    added : float
        What the model adds to the sum.
    features : ndarray, shape (n, columns)
    players : ndarray of int, shape (columns,)
        Player of each column, 0 to m - 1.

    Returns
    -------
    values : ndarray, shape (n, m)
    base : float
    """
    rows, groups = features.astype(np.float32), list(parts_of(trees))
    values = np.zeros((len(rows), int(players.max(initial=-1)) + 1))
    for first in range(0, max(1, len(rows)), AT_ONCE * ROWS):
        last = min(first + AT_ONCE * ROWS, len(rows))
        parts = [slice(k, min(k + ROWS, last)) for k in range(first, max(last, 1), ROWS)]
        calls = [(part, group) for part in parts for group in groups]
        found = in_threads(
            [
                partial(_values, group, rows[part], players, values.shape[1])
                for part, group in calls
            ],
            "explain",
            silent,
        )
        for (part, _), (own, _) in zip(calls, found, strict=True):
            values[part] += own
    return values, added + sum(expected for _, expected in found[: len(groups)])


def parts_of(trees: Sequence[Tree]) -> Iterator[Sequence[Tree]]:
    """Yield trees one after another in groups of about as many nodes as are explained together."""
    group, nodes = list[Tree](), 0
    for tree in trees:
        if group and nodes + len(tree.left) > NODES:
            yield group
            group, nodes = [], 0
        group.append(tree)
        nodes += len(tree.left)
    yield group


def _values(
    trees: Sequence[Tree], rows: NDArray[np.float32], players: Positions, count: int
) -> tuple[Float, float]:
    sums, expected = np.zeros((count, len(rows))), 0.0
    for found in leaves(trees, rows, players):
        expected += found.expected
        for block in found.blocks():
            values = leaf_values(block)
            add_by_place(sums, values.reshape(block.players.size, len(rows)), block.players.ravel())
    return sums.T, expected
