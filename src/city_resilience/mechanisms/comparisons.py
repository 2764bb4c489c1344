"""What two-way effects of a staggered policy are made of."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from city_resilience.mechanisms.design import NEVER
from city_resilience.mechanisms.staggered import Staggered, quiet

__all__ = ["comparisons"]


def comparisons(rows: Staggered) -> Mapping[str, float]:
    """Return what two-way effects are made of, on the places that have every year.

    Returns
    -------
    mapping
        ``forbidden``: weight of comparisons with places that joined before (Goodman-Bacon 2021);
        ``negative``: share of the absolute weights of affected years that are negative (Baker
        et al. 2025), NaN without places that never joined; ``places``.

    Notes
    -----
    ``diff_diff.BaconDecomposition`` and ``attgt_weights``, both exact on a balanced panel.
    """
    from diff_diff import BaconDecomposition, CallawaySantAnna, attgt_weights

    whole = _balanced(rows.clear if not rows.ahead else rows)
    frame, columns = whole.frame(), ("y", "city", "year", "since")
    with quiet():
        bacon = BaconDecomposition(weights="exact").fit(frame, *columns)
        negative = np.nan
        if (whole.since == NEVER).any():
            fit = CallawaySantAnna(control_group="never_treated", base_period="universal").fit(
                frame, *columns
            )
            cells = attgt_weights(fit, type="twfe")
            negative = float(cells.negative_post_weight_share)
    return {
        "forbidden": float(bacon.total_weight_later_vs_earlier),
        "negative": negative,
        "places": float(whole.clusters("city")),
    }


def _balanced(rows: Staggered) -> Staggered:
    """Return the rows of the places that have every year."""
    cities, counts = np.unique(rows.sample.city, return_counts=True)
    full = cities[counts == len(np.unique(rows.sample.year))]
    kept = np.isin(rows.sample.city, full)
    return Staggered(rows.sample.of(kept), rows.since[kept])
