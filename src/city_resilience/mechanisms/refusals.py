"""Why a test cannot be made with these data, by name, each with the way out."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

import numpy as np

from city_resilience.mechanisms.context import Refusal
from city_resilience.mechanisms.design import Design
from city_resilience.mechanisms.sample import Sample, within

__all__ = [
    "FEW_CLUSTERS",
    "LEAST_CLUSTERS",
    "LEAST_PLACES",
    "LEAST_PROVINCES",
    "LEAST_ROWS",
    "LEAST_TREATED",
    "LEAST_YEARS",
    "REASONS",
    "least_years",
    "refusal_of",
    "shared_components",
]

LEAST_ROWS, LEAST_YEARS, LEAST_CLUSTERS, LEAST_TREATED, LEAST_PLACES = 100, 3, 10, 10, 10
LEAST_PROVINCES = 5
"""Provinces below which no inference rests on them, not even their wild bootstrap."""
FEW_CLUSTERS = 40
"""Clusters below which the bootstrap of clusters stands beside their asymptotic inference."""
COLLINEAR, CONSTANT = 1e-8, 1e-10

REASONS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "few_rows": (
            "fewer than 100 complete rows",
            "name controls, an index or an outcome with fewer gaps",
        ),
        "few_years": ("fewer than 3 years", "name a treatment or an outcome with more years"),
        "few_shocks": (
            "fewer than 2 shocks of a place in whose first year the index and controls are known",
            "name windows that begin in years of the index",
        ),
        "few_clusters": (
            "fewer than 10 clusters",
            "read the figures by city with caution, or add a province column",
        ),
        "small_level": ("a level of fewer than 10 places", "merge levels of the group"),
        "few_levels": (
            "fewer than 2 levels that can be fitted",
            "name a group of fewer and larger levels",
        ),
        "few_treated": ("fewer than 10 places joined", "name a policy that more places joined"),
        "joined_before": (
            "fewer than 10 places joined after their first year of the outcome",
            "add earlier years, or name a later policy",
        ),
        "few_before": (
            "fewer than 10 places have 3 years before they joined",
            "add earlier years, or name a later policy",
        ),
        "no_controls": (
            "fewer than 10 places had not joined when the first did",
            "add places that did not join, or name another policy",
        ),
        "few_never": (
            "fewer than 10 places never joined",
            "read the estimates whose controls join later",
        ),
        "small_cohorts": (
            "more than a tenth of the places joined in years in which fewer than 5 did",
            "read the imputation, or take neighbouring years of joining together",
        ),
        "no_bounds": (
            "too few years around joining, or too few clusters, for the test of trends or bounds",
            "add earlier years, or read the event study",
        ),
        "no_coordinates": (
            "the panel has no coordinates of its places",
            "name a gazetteer, or add columns of longitude and latitude",
        ),
        "no_variation": (
            "does not vary within places beyond the year",
            "name a treatment that changes over time",
        ),
        "component": (
            "is computed from a variable of the outcome or of the index",
            "name another mediator, index or outcome",
        ),
        "no_threshold_values": (
            "has no value that leaves a tenth of the rows on each side",
            "name a threshold variable with more values",
        ),
        "no_control_variables": (
            "no control is left, so that this is two-way fixed effects",
            "name controls",
        ),
        "collinear": ("is a linear combination of the others", "drop one of them"),
        "few_places": (
            "fewer than 30 places, or than three times the neighbours, have coordinates",
            "add coordinates, or ask for fewer neighbours in mechanisms.neighbours",
        ),
        "unbalanced": (
            "too few places have all years of the treatment",
            "name controls, or a treatment, with fewer gaps",
        ),
    }
)
"""Reason → what is the matter, and the way out, in English."""


def refusal_of(sample: Sample, about: str, years: int = LEAST_YEARS) -> Refusal | None:
    """Return why a sample cannot be fitted with effects of city and year; None when it can.

    Parameters
    ----------
    sample : Sample
        The treatment is its first variable.
    about : str
        Name that the refusal carries.
    years : int
        Least number of years, see `least_years`.
    """
    found = len(np.unique(sample.year))
    if found < years < LEAST_YEARS:
        return Refusal("few_shocks", about, f"{found} shocks")
    if len(sample) < LEAST_ROWS:
        return Refusal("few_rows", about, f"{len(sample)} rows")
    if found < years:
        return Refusal("few_years", about, f"{found} years")
    return _variation(sample, about) or _collinear(sample, about)


def least_years(design: Design, outcome: str) -> int:
    """Return how many years a fit needs: for an outcome over shocks, two shocks."""
    return 2 if design.outcomes[outcome].windows else LEAST_YEARS


def _variation(sample: Sample, about: str) -> Refusal | None:
    own = sample.x[:, 0]
    left = within(sample, own)
    constant = left.std() <= CONSTANT * max(np.abs(own).max(), 1e-300)
    return Refusal("no_variation", about, sample.names[0]) if constant else None


def _collinear(sample: Sample, about: str) -> Refusal | None:
    """Find the first variable that the ones before it make up, within cities and years."""
    left = within(sample, sample.x)
    left = left / np.where(left.std(axis=0) > 0, left.std(axis=0), 1.0)
    for k in range(left.shape[1]):
        rest, own = left[:, :k], left[:, k]
        fitted = rest @ np.linalg.lstsq(rest, own, rcond=None)[0] if k else np.zeros(len(own))
        if np.mean((own - fitted) ** 2) <= COLLINEAR:
            return Refusal("collinear", about, sample.names[k])
    return None


def shared_components(design: Design, one: str, other: str) -> frozenset[str]:
    """Return the variables from which two columns are both computed."""
    return design.series(one).behind & design.series(other).behind
