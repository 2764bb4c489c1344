"""A referee's list, run on the user's own design: each item found or not found, with the figure."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from city_resilience.mechanisms import referee_design as made_of
from city_resilience.mechanisms import referee_fits as fitted
from city_resilience.mechanisms.answer import Check
from city_resilience.mechanisms.context import Context, Part
from city_resilience.mechanisms.estimate import Estimate

__all__ = ["CHECKS", "referee"]

CHECKS: Mapping[str, Check] = MappingProxyType(
    {
        "overlap": made_of.overlap,
        "other_prices": made_of.other_prices,
        "filled_years": made_of.filled_years,
        "without_filled": fitted.without_filled,
        "index_weights": made_of.index_weights,
        "collinear": fitted.collinear,
        "little_variation": fitted.little_variation,
        "shocks_only": made_of.shocks_only,
        "censored": made_of.censored,
        "no_provinces": made_of.no_provinces,
        "few_clusters": fitted.few_clusters,
        "short_panel": fitted.short_panel,
        "shared_errors": fitted.shared_errors,
        "anticipation": fitted.anticipation,
        "influence": fitted.influence,
        "municipalities": fitted.municipalities,
        "forbidden": fitted.forbidden,
        "policy_anticipation": fitted.policy_anticipation,
        "few_treated_provinces": made_of.few_treated_provinces,
        "concurrent_pilots": made_of.concurrent_pilots,
        "county_pilots": made_of.county_pilots,
    }
)
"""What is asked, in the order of the report; ``referee_CHECK`` is its name in the texts."""


def referee(context: Context) -> Part:
    """Run every check on the design.

    Returns
    -------
    Part
        ``about["answers"]``: plain mappings with ``id, outcome, treatment, policy, found`` (None:
        does not apply), ``grave, names, figures``, see `Answer`. Estimates of the models ``lead``,
        ``without_municipalities`` and ``without_filled``.
    """
    answers, estimates = list[dict[str, Any]](), list[Estimate]()
    for done, (check, run) in enumerate(CHECKS.items()):
        context.progress("referee", done, len(CHECKS))
        for one in run(context):
            answers.append(one.plain(check))
            estimates.extend(one.estimates)
    context.progress("referee", len(CHECKS), len(CHECKS))
    return Part(estimates, about={"answers": answers})
