"""Shapley values of groups of columns that join a forecast together, such as families.

A sum of SHAP values over the columns of a family is not what the family as a whole is worth once
three or more columns interact across families. Here the families are the players (Shapley 1953;
the quotient game of Owen 1977), and their values are exact over all coalitions of them; see
`tree_values`. With each column a player of its own, these are the values of ``pred_contribs``.
"""

from __future__ import annotations

import numpy as np

from city_resilience.arrays import Float, Positions
from city_resilience.models.fitted import Fitted
from city_resilience.models.trees import Trees

__all__ = ["player_values"]


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
        return model.player_values(features, players)
    by_column, base = model.contributions(features)
    values = np.zeros((len(features), int(players.max(initial=-1)) + 1))
    for column, player in enumerate(players):
        values[:, player] += by_column[:, column]
    return values, base
