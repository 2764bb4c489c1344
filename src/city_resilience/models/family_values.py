"""Shapley values of groups of columns that join a forecast together, such as families.

A sum of SHAP values over the columns of a family is not what the family as a whole is worth once
three or more columns interact across families. Here the families are the players (Shapley 1953;
the quotient game of Owen 1977), and a family that has not joined is treated as xgboost's
``pred_contribs`` treats a column: the row takes both ways of its splits, in the proportion of the
training rows that took them (path-dependent TreeSHAP; Lundberg et al. 2020, Nature Machine
Intelligence 2, 56-67).

Then each leaf is a game of its own, and the tree is their sum. The k families on the way to the
leaf either pass all their splits there (p = 1) or not (p = 0), and send on a share z of the rows
while they have not joined; so the families S are worth

    v(S) = leaf x product of p over S x product of z over the others,

and by the multilinear extension (Owen 1972, Management Science 18, 64-79) the Shapley value of
family f over all coalitions is the integral

    leaf x (p_f - z_f) x integral from 0 to 1 of the product of (t p_g + (1 - t) z_g) over g != f.

The integrand is a polynomial of degree k - 1, so Gauss-Legendre quadrature with k / 2 nodes,
rounded up, is exact. With each column a player of its own, these are the values of
``pred_contribs``.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from city_resilience.arrays import Float, Int, Mask, Positions
from city_resilience.models.fitted import Fitted
from city_resilience.models.trees import Tree, Trees, rounded_to

__all__ = ["leaf_values", "player_values", "tree_values"]

MOST_PLAYERS = 62
"""Players on the way to one leaf: one bit of a number each."""


def player_values(model: Fitted, features: Float, players: Positions) -> tuple[Float, float]:
    """Return the Shapley values of groups of columns, and the base value they add up with.

    Parameters
    ----------
    features : ndarray, shape (n, columns)
    players : ndarray of int, shape (columns,)
        Player of each column, 0 to m - 1.

    Returns
    -------
    values : ndarray, shape (n, m)
        Exact over all coalitions of the players; a linear model has no interactions, so there
        they are the sums over the columns.
    base : float
    """
    if isinstance(model, Trees):
        values, base = tree_values(*model.parts, features, players)
        return rounded_to(model.predict(features), values, base), base
    by_column, base = model.contributions(features)
    values = np.zeros((len(features), int(players.max(initial=-1)) + 1))
    for column, player in enumerate(players):
        values[:, player] += by_column[:, column]
    return values, base


def tree_values(
    trees: Iterable[Tree], added: float, features: Float, players: Positions
) -> tuple[Float, float]:
    """Return the Shapley values of groups of columns in a sum of trees; see `player_values`.

    ``added`` is what the model adds to the sum.
    """
    rows = features.astype(np.float32)
    values = np.zeros((int(players.max(initial=-1)) + 1, len(rows)))
    for tree in trees:
        for leaf in _leaves(tree, rows, players):
            added += leaf.value * float(np.prod(leaf.shares))
            _add(values, leaf)
    return values.T.copy(), added


def leaf_values(passes: Mask, shares: Float) -> Float:
    """Return the Shapley values of the players on the way to a leaf that is worth 1.

    Parameters
    ----------
    passes : ndarray of bool, shape (m, k)
        Whether each of k players passes all its splits on the way, for m patterns.
    shares : ndarray, shape (k,)
        The share of the training rows that its splits send on.

    Returns
    -------
    ndarray, shape (m, k)
    """
    count = len(shares)
    nodes, weights = _quadrature(count)
    joined = passes[:, :, None] * nodes + shares[:, None] * (1 - nodes)
    total = np.zeros(passes.shape)
    for player in range(count):
        others = np.delete(joined, player, axis=1).prod(axis=1)
        total[:, player] = (passes[:, player] - shares[player]) * (others @ weights)
    return total


@dataclass(frozen=True)
class _Way:
    """The way to a node: who splits there, the share sent on, and which rows each lets pass.

    Attributes
    ----------
    value : float
        Forecast of the node, if it is a leaf.
    passing : ndarray of int, shape (n,)
        For each row one bit per player in the order of ``players``, 0 where it does not pass;
        the bits beyond are 1.
    """

    players: tuple[int, ...]
    shares: tuple[float, ...]
    passing: Int
    value: float = 0.0

    def step(self, player: int, share: float, goes: Mask, value: float) -> _Way:
        """Return the way to a child that some rows go to."""
        players, shares = self.players, list(self.shares)
        if player not in players:
            players, shares = (*players, player), [*shares, 1.0]
        place = players.index(player)
        if place >= MOST_PLAYERS:
            raise ValueError(f"more than {MOST_PLAYERS} players on the way to one leaf")
        shares[place] *= share
        stopped = np.where(goes, -1, ~(1 << place))
        return _Way(players, tuple(shares), self.passing & stopped, value)


def _leaves(tree: Tree, rows: NDArray[np.float32], players: Positions) -> Iterable[_Way]:
    """Yield the way to each leaf; children stand behind their parent."""
    ways = {0: _Way((), (), np.full(len(rows), -1), float(tree.condition[0]))}
    for node, left in enumerate(tree.left.tolist()):
        way = ways.pop(node)
        if left < 0:
            yield way
            continue
        found = rows[:, tree.feature[node]]
        below = np.where(np.isnan(found), tree.missing_left[node], found < tree.condition[node])
        player = int(players[tree.feature[node]])
        for child, goes in ((left, below), (left + 1, ~below)):
            whole = float(tree.cover[node])
            share = float(tree.cover[child]) / whole if whole else 0.0
            ways[child] = way.step(player, share, goes, float(tree.condition[child]))


def _add(values: Float, leaf: _Way) -> None:
    """Add the values of a leaf to those of shape (m, n), by a table of patterns if short."""
    count = len(leaf.players)
    codes = leaf.passing & ((1 << count) - 1)
    as_table = 1 << count <= len(codes)
    patterns = np.arange(1 << count) if as_table else codes
    passes = (patterns[:, None] >> np.arange(count)) & 1 == 1
    found = (leaf.value * leaf_values(passes, np.array(leaf.shares))).T
    for player, own in zip(leaf.players, found, strict=True):
        values[player] += own[codes] if as_table else own


@cache
def _quadrature(players: int) -> tuple[Float, Float]:
    """Nodes and weights on (0, 1) that integrate polynomials of degree players - 1 exactly."""
    nodes, weights = np.polynomial.legendre.leggauss(max(1, (players + 1) // 2))
    return (nodes + 1) / 2, weights / 2
