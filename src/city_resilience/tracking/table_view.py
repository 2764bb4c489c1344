"""The columns with which MLflow's table of runs opens; by itself it shows no score.

A view that someone shares is a tag of the experiment, which an address asks for by its key. It
holds columns, in alphabetical order; which runs are unfolded MLflow does not take from it.
"""

from __future__ import annotations

import json
from collections.abc import Iterable

__all__ = ["VIEW_TAG", "table_view", "view_query"]

VIEW_KEY = "scores"
VIEW_TAG = f"mlflow.sharedViewState.{VIEW_KEY}"
COLUMNS = ("mae", "mae_recent", "rank_correlation", "skill_naive")
"""Scores that have a column, as MLflow orders them."""


def table_view(horizons: Iterable[int]) -> str:
    """Return the view as the text of its tag.

    Parameters
    ----------
    horizons : iterable of int
        Years ahead that have scores.

    Examples
    --------
    >>> table_view([1])
    '{"selectedColumns": ["metrics.`mae_h1`", "metrics.`mae_recent_h1`", \
"metrics.`rank_correlation_h1`", "metrics.`skill_naive_h1`"]}'
    """
    years = sorted(horizons)
    columns = [f"metrics.`{score}_h{ahead}`" for score in COLUMNS for ahead in years]
    return json.dumps({"selectedColumns": columns})


def view_query(tags: Iterable[str]) -> str:
    """Return what an address adds to ask for the view; "" for an experiment without one."""
    return f"&viewStateShareKey={VIEW_KEY}" if VIEW_TAG in tags else ""
