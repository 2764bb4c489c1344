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
Gauss-Legendre quadrature with k / 2 nodes, rounded up, is exact. A factor of the product is
z + t (1 - z) where the group passes and (1 - t) z where not, so that the product over all groups,
taken once, gives each group's own integral:

    (p_f - z_f) / factor of f = p_f ((1 - z_f) / (z_f + t (1 - z_f)) + 1 / (1 - t)) - 1 / (1 - t).

Leaves with equally many groups are computed together, for all rows at once. This is the sum that
xgboost 3.3 and shapiq 1.7 name Quadrature-TreeSHAP; here in float64 and for groups too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache

import numpy as np
from numpy.typing import NDArray

from city_resilience.arrays import Float, Int, Mask, Positions
from city_resilience.models.tree import Tree, joined

__all__ = ["Leaves", "add_by_place", "leaf_interactions", "leaf_values", "leaves"]

TOGETHER = 5
"""Players whose product is looked up together, in a table of 2^5 patterns."""
BLOCK = 2**18
"""Players x rows of the leaves that are computed together, as a processor's cache holds them."""


@dataclass(frozen=True)
class Leaves:
    """Leaves with k players on the way to each, and which rows each player lets pass.

    Attributes
    ----------
    players : ndarray of int, shape (leaves, k)
        In the order in which they first split.
    shares : ndarray, shape (leaves, k)
        The share of the training rows that the splits of each send on.
    stopped : ndarray of uint8, shape (leaves, k / 5 rounded up, rows)
        One bit per player, five in a number, 1 where the row does not pass all its splits.
    value : ndarray, shape (leaves,)
        Forecast of each leaf.
    """

    players: Positions
    shares: Float
    stopped: NDArray[np.uint8]
    value: Float

    @property
    def expected(self) -> float:
        """What they add to the forecast when no player has joined."""
        return float(self.value @ self.shares.prod(axis=1))

    def passes(self, players: Positions) -> Mask:
        """Return whether rows pass the splits of some players, shape (leaves, players, rows)."""
        bits = (1 << players % TOGETHER).astype(np.uint8)[:, None]
        passes: Mask = (self.stopped[:, players // TOGETHER] & bits) == 0
        return passes

    def at(self, part: slice | Mask) -> Leaves:
        """Return some of the leaves."""
        return Leaves(self.players[part], self.shares[part], self.stopped[part], self.value[part])

    def first(self, players: int) -> Leaves:
        """Return the leaves with their first players alone."""
        numbers = -(-players // TOGETHER)
        parts = self.players[:, :players], self.shares[:, :players], self.stopped[:, :numbers]
        return Leaves(*parts, self.value)

    def blocks(self) -> Iterator[Leaves]:
        """Yield the leaves that have players in parts that a processor's cache holds."""
        _, players = self.players.shape
        step = max(1, BLOCK // max(1, players * self.stopped.shape[2]))
        for first in range(0, len(self.value) if players else 0, step):
            yield self.at(slice(first, first + step))


def leaves(
    trees: Sequence[Tree], rows: NDArray[np.float32], players: Positions
) -> Iterator[Leaves]:
    """Yield the leaves of trees for rows of shape (n, columns); a player per column."""
    tree, roots = joined(trees)
    by_column, missing = np.ascontiguousarray(rows.T), np.isnan(rows.T)
    nothing = np.zeros((len(roots), 0))
    stopped = np.zeros((len(roots), 0, len(rows)), dtype=np.uint8)
    level = Leaves(nothing.astype(np.intp), nothing, stopped, np.zeros(len(roots)))
    nodes, found = roots, list[Leaves]()
    while nodes.size:
        inner = tree.left[nodes] >= 0
        ended = level.at(~inner)
        found.append(
            Leaves(ended.players, ended.shares, ended.stopped, _values(tree, nodes[~inner]))
        )
        level, nodes = level.at(inner), nodes[inner]
        column = tree.feature[nodes]
        below = by_column[column] < tree.condition[nodes, None]
        below |= missing[column] & tree.missing_left[nodes, None]
        level = _children(level, players[column], _shares(tree, nodes), below)
        nodes = np.concatenate([tree.left[nodes], tree.left[nodes] + 1])
    yield from _by_count(found)


def leaf_values(found: Leaves) -> Float:
    """Return the Shapley values of the players on the way to leaves, shape (leaves, k, rows)."""
    nodes, weights = _quadrature(found.shares.shape[1])
    product = _product(found)
    stops = weights / (1 - nodes)
    values: Float = np.matmul(weights * _moves(found.shares), product)
    values *= found.passes(np.arange(values.shape[1]))
    values -= np.matmul(stops, product)[:, None, :]
    return values


def leaf_interactions(found: Leaves, first: Int, second: Int) -> Float:
    """Return the Shapley interaction index of some pairs of players, shape (leaves, pairs, rows).

    ``first`` and ``second`` are positions among the k players; see `leaf_values`. SHAP interaction
    values are half of it for each of the two.
    """
    nodes, weights = _quadrature(found.shares.shape[1])
    product, moves, stops = _product(found), _moves(found.shares), 1 / (1 - nodes)
    passes = found.passes(np.arange(moves.shape[1]))
    alone = np.matmul(weights * moves * stops, product) * passes
    values: Float = np.matmul(weights * moves[:, first] * moves[:, second], product)
    values *= passes[:, first] & passes[:, second]
    values -= alone[:, first] + alone[:, second]
    values += np.matmul(weights * stops**2, product)[:, None, :]
    return values


def add_by_place(sums: Float, rows: Float, places: Positions) -> None:
    """Add each of some rows, shape (m, n), to the row of ``sums`` at its place."""
    order = np.argsort(places, kind="stable")
    ends = np.flatnonzero(np.diff(places[order])) + 1
    for own in np.split(order, ends):
        if own.size:
            sums[places[own[0]]] += np.ones(len(own)) @ rows.take(own, axis=0)


def _values(tree: Tree, nodes: Positions) -> Float:
    return tree.condition[nodes].astype(np.float64)


def _shares(tree: Tree, nodes: Positions) -> Float:
    """Return the share of the training rows that went left and right, shape (2, nodes)."""
    left = tree.left[nodes]
    cover = tree.cover[[left, left + 1]].astype(np.float64)
    whole = tree.cover[nodes].astype(np.float64)
    return np.divide(cover, whole, out=np.zeros_like(cover), where=whole != 0)


def _children(level: Leaves, player: Positions, shares: Float, below: Mask) -> Leaves:
    """Return the ways to the left children of all nodes, then those to the right ones."""
    own = level.players == player[:, None]
    count = np.count_nonzero(level.players >= 0, axis=1)
    place = np.where(own.any(axis=1), own.argmax(axis=1) if own.size else 0, count)
    players, before, stopped = level.players, level.shares, level.stopped
    if place.max(initial=-1) >= players.shape[1]:
        players = np.pad(players, ((0, 0), (0, 1)), constant_values=-1)
        before = np.pad(before, ((0, 0), (0, 1)), constant_values=1.0)
    if players.shape[1] > TOGETHER * stopped.shape[1]:
        stopped = np.pad(stopped, ((0, 0), (0, 1), (0, 0)))
    every = np.arange(len(player))
    players[every, place] = player
    after, stops = np.stack([before, before]), np.stack([stopped, stopped])
    after[:, every, place] *= shares
    bit = (1 << place % TOGETHER).astype(np.uint8)[:, None]
    right = below * bit
    stops[:, every, place // TOGETHER] |= np.stack([right ^ bit, right])
    return Leaves(
        np.concatenate([players, players]),
        np.concatenate(after),
        np.concatenate(stops),
        np.zeros(2 * len(player)),
    )


def _by_count(found: Sequence[Leaves]) -> Iterator[Leaves]:
    """Bring leaves with equally many players together."""
    counts = [np.count_nonzero(own.players >= 0, axis=1) for own in found]
    for count in range(max(own.players.shape[1] for own in found) + 1):
        parts = [
            own.first(count).at(number == count)
            for own, number in zip(found, counts, strict=True)
            if own.players.shape[1] >= count and (number == count).any()
        ]
        if parts:
            yield Leaves(
                *(
                    np.concatenate([getattr(part, name) for part in parts])
                    for name in ("players", "shares", "stopped", "value")
                )
            )


def _moves(shares: Float) -> Float:
    """Return (1 - z) / (z + t (1 - z)) + 1 / (1 - t) at the nodes, shape (leaves, k, nodes)."""
    nodes, _ = _quadrature(shares.shape[1])
    share = shares[:, :, None]
    moves: Float = (1 - share) / (share + nodes * (1 - share)) + 1 / (1 - nodes)
    return moves


def _product(found: Leaves) -> Float:
    """Return leaf x the product of all factors at the nodes, shape (leaves, nodes, rows).

    Some players at a time, from a table of what each pattern of theirs gives.
    """
    count = found.shares.shape[1]
    nodes, _ = _quadrature(count)
    share = found.shares[:, :, None]
    passes, stops = share + nodes * (1 - share), share * (1 - nodes)
    table = found.value[:, None, None] * np.ones((1, 1, len(nodes)))
    product = np.empty(0)
    for number in range(found.stopped.shape[1]):
        together = range(number * TOGETHER, min(count, (number + 1) * TOGETHER))
        for player in together:
            own = slice(player, player + 1)
            table = np.concatenate([table * passes[:, own], table * stops[:, own]], axis=1)
        codes = found.stopped[:, number] + (np.arange(len(share)) << len(together))[:, None]
        looked_up = table.reshape(-1, len(nodes)).take(codes, axis=0)
        product = product * looked_up if number else looked_up
        table = np.ones((len(share), 1, len(nodes)))
    return product.transpose(0, 2, 1)


@cache
def _quadrature(players: int) -> tuple[Float, Float]:
    """Nodes and weights on (0, 1) that integrate polynomials of degree players - 1 exactly."""
    nodes, weights = np.polynomial.legendre.leggauss(max(1, (players + 1) // 2))
    return (nodes + 1) / 2, weights / 2
