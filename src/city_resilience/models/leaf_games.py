"""Each leaf of a tree as a game of the groups of columns that the way to it splits on.

A group that has not joined is treated as xgboost's ``pred_contribs`` treats a column: the row
takes both ways of its splits, in the proportion of the training rows that took them
(path-dependent TreeSHAP; Lundberg et al. 2020, Nature Machine Intelligence 2, 56-67). So a leaf is
a game of its own, and the tree is the sum of its leaves. The k groups on the way to the leaf
either pass all their splits there (p = 1) or not (p = 0), and send on a share z of the rows while
they have not joined; the groups S are worth

    v(S) = leaf x product of p over S x product of z over the others.

By the multilinear extension (Owen 1972, Management Science 18, 64-79) the Shapley value of group
f over all coalitions is

    leaf x (p_f - z_f) x integral from 0 to 1 of the product of t p_g + (1 - t) z_g over g != f,

and the Shapley interaction index of f and h is the same with (p_f - z_f)(p_h - z_h) before the
integral and neither of them within. The integrand is a polynomial of degree k - 1 at most, so
Gauss-Legendre quadrature with k / 2 nodes, rounded up, is exact.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from city_resilience.arrays import Float, Int, Mask, Positions
from city_resilience.models.trees import Tree

__all__ = ["Leaf", "leaf_interactions", "leaf_values", "leaves"]

MOST_PLAYERS = 62
"""Players on the way to one leaf: one bit of a number each."""


@dataclass(frozen=True)
class Leaf:
    """The way to a leaf, or to a node on the way: who splits there, and which rows each lets pass.

    Attributes
    ----------
    players : tuple of int, length k
        In the order in which they first split.
    shares : tuple of float, length k
        The share of the training rows that the splits of each send on.
    passing : ndarray of int, shape (n,)
        For each row one bit per player, 0 where it does not pass; the bits beyond are 1.
    value : float
        Forecast of the leaf.
    """

    players: tuple[int, ...]
    shares: tuple[float, ...]
    passing: Int
    value: float

    @property
    def expected(self) -> float:
        """What it adds to the forecast when no player has joined."""
        return self.value * float(np.prod(self.shares))

    def patterns(self) -> tuple[Mask, Positions]:
        """Return which players pass, shape (m, k), and the pattern of each row, shape (n,).

        All 2^k patterns where there are more rows than that, else those of the rows.
        """
        count = len(self.players)
        codes = self.passing & ((1 << count) - 1)
        if 1 << count > len(codes):
            return _bits(codes, count), np.arange(len(codes))
        return _bits(np.arange(1 << count), count), codes

    def step(self, player: int, share: float, goes: Mask, value: float) -> Leaf:
        """Return the way to a child that some rows go to."""
        players, shares = self.players, list(self.shares)
        if player not in players:
            players, shares = (*players, player), [*shares, 1.0]
        place = players.index(player)
        if place >= MOST_PLAYERS:
            raise ValueError(f"more than {MOST_PLAYERS} players on the way to one leaf")
        shares[place] *= share
        stopped = np.where(goes, -1, ~(1 << place))
        return Leaf(players, tuple(shares), self.passing & stopped, value)


def leaves(tree: Tree, rows: NDArray[np.float32], players: Positions) -> Iterator[Leaf]:
    """Yield each leaf of a tree for rows of shape (n, columns); a player per column."""
    ways = {0: Leaf((), (), np.full(len(rows), -1), float(tree.condition[0]))}
    for node, left in enumerate(tree.left.tolist()):  # children stand behind their parent
        way = ways.pop(node)
        if left < 0:
            yield way
            continue
        found = rows[:, tree.feature[node]]
        below = np.where(np.isnan(found), tree.missing_left[node], found < tree.condition[node])
        player, whole = int(players[tree.feature[node]]), float(tree.cover[node])
        for child, goes in ((left, below), (left + 1, ~below)):
            share = float(tree.cover[child]) / whole if whole else 0.0
            ways[child] = way.step(player, share, goes, float(tree.condition[child]))


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
    every = np.arange(len(shares))
    return np.asarray((passes - shares) * _by_others(passes, shares, every[None, :]))


def leaf_interactions(passes: Mask, shares: Float, first: Int, second: Int) -> Float:
    """Return the Shapley interaction index of some pairs of players, shape (m, pairs).

    ``first`` and ``second`` are positions among the k players; see `leaf_values`. SHAP interaction
    values are half of it for each of the two.
    """
    moved = passes - shares
    others = _by_others(passes, shares, np.stack([first, second]))
    return np.asarray(moved[:, first] * moved[:, second] * others)


def _by_others(passes: Mask, shares: Float, without: Int) -> Float:
    """Integrate the product of t p + (1 - t) z over all players but those of each column.

    Parameters
    ----------
    without : ndarray of int, shape (left out, columns)

    Returns
    -------
    ndarray, shape (m, columns)
    """
    nodes, weights = _quadrature(len(shares))
    product = np.ones((without.shape[1], len(passes), len(nodes)))
    for player, share in enumerate(shares):
        own = passes[:, player, None] * nodes + share * (1 - nodes)
        product[(without != player).all(axis=0)] *= own
    return np.asarray((product @ weights).T)


def _bits(codes: Int, count: int) -> Mask:
    found: Mask = (codes[:, None] >> np.arange(count)) & 1 == 1
    return found


@cache
def _quadrature(players: int) -> tuple[Float, Float]:
    """Nodes and weights on (0, 1) that integrate polynomials of degree players - 1 exactly."""
    nodes, weights = np.polynomial.legendre.leggauss(max(1, (players + 1) // 2))
    return (nodes + 1) / 2, weights / 2
