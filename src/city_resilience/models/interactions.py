"""SHAP interaction values: how much of a forecast two columns make together, beyond each alone.

Those of ``pred_interactions`` of xgboost and of ``shap.TreeExplainer`` (Lundberg et al. 2020), by
the closed form of `leaf_games`. Only the pairs on the way to a leaf interact there, so they cost
little more than contributions; xgboost explains all rows again for every column.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from city_resilience.arrays import Float, Positions
from city_resilience.models.fitted import Fitted
from city_resilience.models.leaf_games import Leaves, add_by_place, leaf_interactions, leaves
from city_resilience.models.tree import Tree
from city_resilience.models.tree_values import ROWS, parts_of
from city_resilience.models.trees import Trees

__all__ = ["interaction_values"]


def interaction_values(model: Fitted, features: Float, owners: Positions) -> Float:
    """Return SHAP interaction values of columns, summed over the columns of an owner.

    Parameters
    ----------
    features : ndarray, shape (n, columns)
    owners : ndarray of int, shape (columns,)
        Owner of each column, such as its indicator, 0 to m - 1.

    Returns
    -------
    ndarray, shape (n, m, m)
        Symmetric: half of what two owners make together stands on either side. On the diagonal
        stands what an owner makes alone, so that a row of the matrix adds up to its contribution.
        A linear model has a diagonal alone.
    """
    count = int(owners.max(initial=-1)) + 1
    alone, _ = model.contributions(features)
    owned = (owners[:, None] == np.arange(count)).astype(np.float64)
    found = np.zeros((count, count, len(features)))
    if isinstance(model, Trees):
        _add_pairs(found, model.parts[0], features, owners)
        found += found.transpose(1, 0, 2)
    diagonal = np.arange(count)
    found[diagonal, diagonal] = (alone @ owned).T - found.sum(axis=1)
    return found.transpose(2, 0, 1)


def _add_pairs(found: Float, trees: Sequence[Tree], features: Float, owners: Positions) -> None:
    """Add half of what columns of two owners make together to one side, shape (m, m, n)."""
    columns, count = np.arange(len(owners)), len(found)
    sums = found.reshape(count * count, -1)
    for first in range(0, len(features), ROWS):
        part = slice(first, first + ROWS)
        rows = features[part].astype(np.float32)
        for group in parts_of(trees):
            for own in leaves(group, rows, columns):
                for block in own.blocks():
                    _add_block(sums[:, part], block, owners, count)


def _add_block(sums: Float, block: Leaves, owners: Positions, count: int) -> None:
    """Add the pairs of some leaves, both columns of one owner left out."""
    first, second = np.triu_indices(block.players.shape[1], 1)
    owner = owners[block.players]
    one, other = owner[:, first], owner[:, second]
    apart = one != other
    made = 0.5 * leaf_interactions(block, first, second)[apart]
    add_by_place(sums, made, (one * count + other)[apart])
