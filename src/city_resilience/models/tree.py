"""A regression tree as arrays, and several as one with several roots."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from city_resilience.arrays import Mask, Positions

__all__ = ["Tree", "joined", "leaves_of"]


@dataclass(frozen=True)
class Tree:
    """A regression tree, children behind their parent and side by side: right = left + 1.

    Attributes
    ----------
    left, feature : ndarray of int32, shape (nodes,)
        Left child (-1 = leaf), and the column that the node splits on.
    condition : ndarray of float32, shape (nodes,)
        A row goes left where its value is below; the forecast of a leaf.
    missing_left : ndarray of bool, shape (nodes,)
        Whether a row without the value goes left.
    cover : ndarray of float32, shape (nodes,)
        Weight of the training rows that reached the node.
    """

    left: NDArray[np.int32]
    feature: NDArray[np.int32]
    condition: NDArray[np.float32]
    missing_left: Mask
    cover: NDArray[np.float32]


def joined(trees: Sequence[Tree]) -> tuple[Tree, Positions]:
    """Return trees as one with several roots, and the places of those."""
    sizes = np.array([len(tree.left) for tree in trees])
    roots = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    left = np.concatenate([tree.left for tree in trees])
    left = np.where(left < 0, -1, left + np.repeat(roots, sizes))
    others = ("feature", "condition", "missing_left", "cover")
    return Tree(
        left, *(np.concatenate([getattr(t, name) for t in trees]) for name in others)
    ), roots


def leaves_of(tree: Tree, roots: Positions, values: NDArray[np.float32]) -> Positions:
    """Return the leaf of each root and row that the row ends in, all roots after another."""
    node, row = np.repeat(roots, len(values)), np.tile(np.arange(len(values)), len(roots))
    on = np.flatnonzero(tree.left[node] >= 0)
    while on.size:
        at = node[on]
        value = values[row[on], tree.feature[at]]
        below = value < tree.condition[at]
        below |= np.isnan(value) & tree.missing_left[at]
        node[on] = after = tree.left[at] + ~below
        on = on[tree.left[after] >= 0]
    return node
