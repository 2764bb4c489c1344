"""Policies that places join in different years: two-way effects beside estimates that hold.

What identifies: without the policy, outcomes of the places that join would have moved as those of
places that join later or never. The years before joining test it, the honest bounds say how much
it may fail. Pilots are chosen, not drawn: a place may join because it does well.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from city_resilience.arrays import Int, Mask
from city_resilience.mechanisms.comparisons import comparisons
from city_resilience.mechanisms.context import Context, Part, Refusal
from city_resilience.mechanisms.design import NEVER, Design, Policy, ahead_of
from city_resilience.mechanisms.estimate import Estimate
from city_resilience.mechanisms.nearest import nearest_weights
from city_resilience.mechanisms.refusals import LEAST_CLUSTERS, LEAST_TREATED, refusal_of
from city_resilience.mechanisms.sample import sample_of
from city_resilience.mechanisms.staggered import (
    Cluster,
    Paths,
    Staggered,
    both_ways,
    callaway_santanna,
    honest,
    imputation,
    pre_trend,
)

__all__ = ["CONCURRENT", "LEAST_BEFORE", "near_since", "rows_of", "timing"]

LEAST_BEFORE = 3
"""Columns before the first affected one that enough places must have."""
MOST_SMALL = 0.1
"""Share of the places that joined that may be in small cohorts."""
CONCURRENT = 2
"""Years within which another policy counts as concurrent."""


@dataclass(frozen=True)
class _Asked:
    """One outcome and one policy."""

    context: Context
    outcome: str
    policy: Policy
    ahead: int

    @property
    def about(self) -> str:
        return f"{self.outcome}, {self.policy.name}"

    def like(self, model: str) -> Estimate:
        """Return the bare row of a model."""
        return Estimate(model, self.outcome, self.policy.name, "att", np.nan)


def timing(context: Context) -> Part:
    """Estimate each staggered policy on each outcome that has a value every year.

    Returns
    -------
    Part
        Models ``two_way``, ``callaway_santanna`` (controls never join), ``not_yet`` (controls join
        later or never) and ``imputation``, with the terms ``att`` (both clusters) and ``event:K``
        (clusters by province, by city where provinces are few); terms ``pre_trend``, ``honest:M``
        and ``breakdown`` of ``not_yet``; ``forbidden`` and ``negative``, shares of the weights of
        ``two_way``. Models ``anticipation``, ``without_concurrent`` (places that joined no other
        policy meanwhile, controls included), ``without_neighbours`` and ``neighbours`` are
        ``not_yet`` on other rows. ``about["places"]`` counts the places by outcome and policy.

    Notes
    -----
    The first affected column is that of the year of joining: growth from its end on. Columns
    before whose growth reaches beyond that year (``horizon - 1`` of them) are affected in part and
    are no years before; the model ``anticipation`` takes one column more, so that growth during
    the year of joining is none either.
    """
    design, found, refused = context.design, list[Estimate](), list[Refusal]()
    places: dict[str, dict[str, Mapping[str, object]]] = {}
    annual = [name for name, own in design.outcomes.items() if not own.windows]
    asked = list(product(annual, design.policies.values()))
    for done, (outcome, policy) in enumerate(asked):
        context.progress("timing", done, len(asked))
        ahead = ahead_of(design.outcomes[outcome], context.settings.horizon)
        one = _Asked(context, outcome, policy, ahead)
        estimates, refusals = _pair(one)
        found.extend(estimates)
        refused.extend(refusals)
        places.setdefault(outcome, {})[policy.name] = _places(one)
    context.progress("timing", len(asked), len(asked))
    return Part(found, refused, {"places": places, "concurrent_years": CONCURRENT})


def _pair(asked: _Asked) -> tuple[list[Estimate], list[Refusal]]:
    """Return the estimates of one outcome and one policy."""
    design, policy = asked.context.design, asked.policy
    got = rows_of(design, asked.outcome, policy, asked.ahead, asked.about)
    if isinstance(got, Refusal):
        return [], [got]
    found, refused = _main(asked, got)
    other, also = _checks(asked)
    return found + other, refused + also


def rows_of(
    design: Design,
    outcome: str,
    policy: Policy,
    ahead: int,
    about: str,
    kept: Mask | None = None,
) -> Staggered | Refusal:
    """Return the rows of an outcome and a policy, or why they carry no estimate.

    Parameters
    ----------
    kept : ndarray of bool, shape (cities,), optional
        Places that count.

    Notes
    -----
    Places of which only a county takes part are left out, and those that joined before their first
    year of the outcome. Places that join after the last year have not joined yet.
    """
    known = _known(design, outcome)
    use = known.any(axis=1) & ~policy.partial & (True if kept is None else kept)
    since, before = _since(design, policy, known, ahead)
    joined, last = use & (since != NEVER), _last(design, known)
    if refusal := _few(joined, before, f"by {last}", about):
        return refusal
    if refusal := _uncontrolled(since, use, before, about):
        return refusal
    use &= ~(joined & (before == 0)) & (since <= last)
    on = ((since[:, None] != NEVER) & (design.years >= since[:, None])).astype(float)
    years = np.asarray(known.any(axis=0))
    sample = sample_of(design, outcome, [on], names=[policy.name], cities=use, years=years)
    if refusal := refusal_of(sample, about):
        return refusal
    return Staggered(sample, since[sample.city], ahead)


def _known(design: Design, outcome: str) -> Mask:
    """Return what is known of an outcome in its longest run of years, shape (cities, years).

    Events are counted in years, each beside the one before: years without any value end a run.
    """
    known = np.isfinite(design.outcomes[outcome].values)
    some = np.flatnonzero(known.any(axis=0))
    runs = np.split(some, np.flatnonzero(np.diff(some) > 1) + 1)
    longest = max(runs, key=len)
    kept = np.zeros_like(known)
    kept[:, longest] = known[:, longest]
    return kept


def _last(design: Design, known: Mask) -> int:
    some = design.years[known.any(axis=0)]
    return int(some[-1]) if len(some) else int(design.years[0])


def _since(design: Design, policy: Policy, known: Mask, ahead: int) -> tuple[Int, Int]:
    """Return the first affected year of each place and its columns before, shapes (cities,)."""
    since = np.where(policy.since - ahead > _last(design, known), NEVER, policy.since)
    before = (known & (design.years < since[:, None] - ahead)).sum(axis=1)
    return since, before


def _few(joined: Mask, before: Int, when: str, about: str) -> Refusal | None:
    """Find that too few places joined, or too few have years before."""
    many, early = int(joined.sum()), int((joined & (before == 0)).sum())
    if many < LEAST_TREATED:
        return Refusal("few_treated", about, f"{many} places {when}")
    if many - early < LEAST_TREATED:
        return Refusal("joined_before", about, f"{early} of {many} places")
    enough = int((joined & (before >= LEAST_BEFORE)).sum())
    if enough < LEAST_TREATED:
        return Refusal("few_before", about, f"{enough} of {many} places")
    return None


def _uncontrolled(since: Int, use: Mask, before: Int, about: str) -> Refusal | None:
    """Find that too few places have not joined when the first do."""
    joined = use & (since != NEVER) & (before > 0)
    later = use & ((since == NEVER) | (since > since[joined].min(initial=9999)))
    many = int(later.sum())
    return Refusal("no_controls", about, f"{many} places") if many < LEAST_TREATED else None


def _main(asked: _Asked, rows: Staggered) -> tuple[list[Estimate], list[Refusal]]:
    """Return the estimators side by side, the test of trends and the bounds."""
    ways, provinces, refused = _ways(rows), rows.clusters("province"), list[Refusal]()
    found = both_ways(rows, asked.like("two_way"), ways)
    bare = replace(found[0], se=np.nan, low=np.nan, high=np.nan, p=np.nan, inference="")
    shares = comparisons(rows)
    bare = replace(bare, cities=int(shares["places"]), clusters=0, n=0, freedom=np.nan, r2=np.nan)
    found += [
        replace(bare, term=term, estimate=shares[term])
        for term in ("forbidden", "negative")
        if np.isfinite(shares[term])
    ]
    never = len(np.unique(rows.sample.city[rows.since == NEVER]))
    if provinces < LEAST_CLUSTERS:
        refused.append(Refusal("few_clusters", asked.about, f"{provinces} provinces"))
    small = _small(rows)
    if small:
        refused.append(Refusal("small_cohorts", asked.about, small))
    for way in reversed(ways):
        taken = slice(None) if way == ways[-1] else slice(1)
        if never >= LEAST_TREATED and not small:
            like = asked.like("callaway_santanna")
            found += callaway_santanna(rows, way, "never_treated", like).estimates[taken]
        if not small:
            paths = callaway_santanna(rows, way, "not_yet_treated", asked.like("not_yet"))
            found += paths.estimates[taken]
        found += imputation(rows, way, asked.like("imputation")).estimates[taken]
        if way == ways[-1] and not small:
            more, why = _trends(asked, paths, rows.ahead)
            found += more
            refused += why
    if never < LEAST_TREATED:
        refused.append(Refusal("few_never", asked.about, f"{never} places"))
    return found, refused


def _trends(asked: _Asked, paths: Paths, ahead: int) -> tuple[list[Estimate], list[Refusal]]:
    """Return the test of trends and the bounds."""
    tested, bounds = pre_trend(paths, ahead), honest(paths, ahead)
    found = [*([tested] if tested else []), *(bounds or [])]
    if tested is None or bounds is None:
        clusters = f"{paths.estimates[0].clusters} clusters"
        return found, [Refusal("no_bounds", asked.about, clusters)]
    return found, []


def _small(rows: Staggered) -> str:
    """Return how many places are in cohorts too small for their errors; "" if few are."""
    small, joined = rows.small_cohorts
    return f"{small} of {joined} places" if small > MOST_SMALL * joined else ""


def _ways(rows: Staggered) -> tuple[Cluster, ...]:
    """Return the clusters that the rows allow, the preferred one last."""
    provinces = rows.clusters("province")
    many = LEAST_CLUSTERS <= provinces < rows.clusters("city")
    return ("city", "province") if many else ("city",)


def _checks(asked: _Asked) -> tuple[list[Estimate], list[Refusal]]:
    """Return the estimates on other rows."""
    design, policy = asked.context.design, asked.policy
    variants: dict[str, tuple[Policy, int, Mask | None]] = {
        "anticipation": (policy, asked.ahead + 1, None)
    }
    refused = list[Refusal]()
    if (others := _meanwhile(asked)).any():
        variants["without_concurrent"] = (policy, asked.ahead, ~others)
    near = near_since(design, policy, asked.context.settings.neighbours)
    if near is None:
        refused.append(Refusal("no_coordinates", asked.about))
    elif (near != NEVER).any():
        beside = replace(policy, since=near, partial=policy.partial)
        variants["without_neighbours"] = (policy, asked.ahead, near == NEVER)
        variants["neighbours"] = (beside, asked.ahead, policy.since == NEVER)
    found = list[Estimate]()
    for model, (own, ahead, kept) in variants.items():
        rows = rows_of(design, asked.outcome, own, ahead, f"{asked.about}, {model}", kept)
        if isinstance(rows, Refusal):
            refused.append(rows)
            continue
        if small := _small(rows):
            refused.append(Refusal("small_cohorts", f"{asked.about}, {model}", small))
            continue
        for way in _ways(rows):
            paths = callaway_santanna(rows, way, "not_yet_treated", asked.like(model))
            found.append(paths.estimates[0])
    return found, refused


def _meanwhile(asked: _Asked) -> Mask:
    """Return the places that joined another policy while this one is compared, shape (cities,).

    From `CONCURRENT` years before the first place joined to the last year, whether they joined this
    one or not: in what is compared, other policies stay as they are (de Chaisemartin and
    D'Haultfoeuille 2023, on several treatments).
    """
    design, policy = asked.context.design, asked.policy
    known = _known(design, asked.outcome)
    since, before = _since(design, policy, known, asked.ahead)
    joined = known.any(axis=1) & ~policy.partial & (since != NEVER) & (before > 0)
    first = since[joined].min(initial=9999) - CONCURRENT
    found = np.zeros(len(design.cities), dtype=bool)
    for other in design.policies.values():
        if other.name != policy.name:
            found |= (other.since >= first) & (other.since <= _last(design, known))
    return found


def _together(one: Policy, other: Policy) -> Mask:
    both = (one.since != NEVER) & (other.since != NEVER)
    return np.asarray(both & (np.abs(one.since - other.since) <= CONCURRENT))


def near_since(design: Design, policy: Policy, neighbours: int) -> Int | None:
    """Return since when a place that did not join is near one that did, shape (cities,).

    Parameters
    ----------
    neighbours : int
        A place is near another if it is among the other's nearest ones of this number.

    Returns
    -------
    ndarray of int64 or None
        First year; `NEVER` for places that joined, or that are near none. None without coordinates.
    """
    if design.coordinates is None:
        return None
    located = np.flatnonzero(np.isfinite(design.coordinates).all(axis=1))
    if len(located) <= neighbours:
        return None
    near = nearest_weights(design.coordinates[located], neighbours) > 0
    own = policy.since[located]
    late = np.iinfo(np.int64).max
    years = np.where(near & (own != NEVER)[:, None], own[:, None], late).min(axis=0)
    since = np.full(len(design.cities), NEVER, dtype=np.int64)
    since[located] = np.where((years < late) & (own == NEVER), years, NEVER)
    return since


def _places(asked: _Asked) -> Mapping[str, object]:
    """Return the places of an outcome and a policy, counted."""
    design, policy = asked.context.design, asked.policy
    known = _known(design, asked.outcome)
    use = known.any(axis=1) & ~policy.partial
    since, before = _since(design, policy, known, asked.ahead)
    joined = use & (since != NEVER)
    near = near_since(design, policy, asked.context.settings.neighbours)
    others = [one for one in design.policies.values() if one.name != policy.name]
    return {
        "joined": int((joined & (before > 0)).sum()),
        "joined_before": int((joined & (before == 0)).sum()),
        "never": int((use & (since == NEVER)).sum()),
        "partial": int((known.any(axis=1) & policy.partial).sum()),
        "concurrent": {o.name: int((joined & _together(policy, o)).sum()) for o in others},
        "near": 0 if near is None else int((use & (near != NEVER)).sum()),
        "years": {int(y): int((joined & (since == y)).sum()) for y in np.unique(since[joined])},
        "window": [int(y) for y in design.years[known.any(axis=0)][[0, -1]]],
        "ahead": asked.ahead,
    }
