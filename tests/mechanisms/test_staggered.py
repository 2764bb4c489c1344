"""Estimates of staggered policies against planted effects, published numbers and slow ways."""

from itertools import combinations
from typing import get_args

import numpy as np
import pytest

from city_resilience.arrays import Float, Int
from city_resilience.mechanisms.comparisons import comparisons
from city_resilience.mechanisms.design import NEVER
from city_resilience.mechanisms.estimate import Estimate
from city_resilience.mechanisms.fixed_effects import two_way
from city_resilience.mechanisms.planted import Law, Planted, planted_design
from city_resilience.mechanisms.sample import Sample
from city_resilience.mechanisms.staggered import (
    Cluster,
    Control,
    Staggered,
    both_ways,
    callaway_santanna,
    honest,
    imputation,
    mean_after,
    pre_trend,
)
from city_resilience.mechanisms.timing import rows_of

pytest.importorskip("linearmodels")
pytest.importorskip("diff_diff")
LIKE = Estimate("m", "y", "pilot", "att", np.nan)
SHARED = [0.0, 0.4] * 5
"""Share of the errors' variance that is of province and year, by seed."""
COUNTIES = {
    NEVER: (309, [-0.062630, -0.049822, -0.015734, 0.006503]),
    2004: (20, [-0.073133, -0.120245, -0.152992, -0.094309]),
    2006: (40, [-0.056110, -0.046052, -0.016559, -0.030953]),
    2007: (131, [-0.032123, -0.022041, -0.019040, -0.022858]),
}
"""Counties of the example of R's did, and their mean change of log employment since 2003."""
SPREAD = {
    NEVER: "29581 20129 22151 22787 33389 29661 28997 65988 53053 66644",
    2004: "8898 6511 7698 2183 17040 16676 12766 22280 13878 19298",
    2006: "17936 20273 20116 19329 34971 32130 33233 36714 34627 42423",
    2007: "17066 13681 15333 16475 35883 30672 31740 50349 44268 63281",
}
"""Covariances of these changes, in millionths, upper triangle by rows."""
PUBLISHED: dict[Control, dict[str, tuple[float, float]]] = {
    "never_treated": {
        "att": (-0.0400, 0.0120),
        "event:0": (-0.0199, 0.0118),
        "event:1": (-0.0510, 0.0169),
        "event:2": (-0.1373, 0.0364),
        "event:3": (-0.1008, 0.0344),
    },
    "not_yet_treated": {
        "att": (-0.0398, 0.0121),
        "event:0": (-0.0189, 0.0120),
        "event:1": (-0.0536, 0.0169),
        "event:2": (-0.1363, 0.0354),
        "event:3": (-0.1008, 0.0344),
    },
}
"""Callaway and Sant'Anna's minimum wages without covariates, by controls, as R's did prints them
and csdid keeps them in ``test_csdid/r_ref/ref_aggte.csv``.
"""


def rows(planted: Planted, ahead: int = 0) -> Staggered:
    found = rows_of(planted.design, "y", planted.design.policies["pilot"], ahead, "y, pilot")
    assert isinstance(found, Staggered)
    return found


def with_moments(mean: list[float], spread: str, places: int) -> Float:
    """Return changes with exactly these means and covariances, shape (places, 4)."""
    covariance = np.zeros((4, 4))
    covariance[np.triu_indices(4)] = np.asarray(spread.split(), dtype=float) / 1e6
    covariance += np.triu(covariance, 1).T
    drawn = np.random.default_rng(0).normal(size=(places, 5))
    drawn[:, 0] = 1.0
    basis = np.linalg.qr(drawn)[0][:, 1:] * np.sqrt(places)
    changes: Float = mean + basis @ np.linalg.cholesky(covariance).T
    return changes


@pytest.mark.parametrize("controls", PUBLISHED)
def test_the_published_example_is_matched(controls: Control) -> None:
    sizes = [COUNTIES[k][0] for k in COUNTIES]
    changes = np.vstack(
        [with_moments(mean, SPREAD[k], size) for k, (size, mean) in COUNTIES.items()]
    )
    y = np.column_stack([np.zeros(len(changes)), changes])
    since = np.repeat(list(COUNTIES), sizes).astype(np.int64)
    got = callaway_santanna(staggered(y, since, 2003), "city", controls, LIKE)
    bare = np.sqrt((len(y) - 1) / len(y))
    found = {e.term: (round(e.estimate, 4), round(bare * e.se, 4)) for e in got.estimates}
    published = PUBLISHED[controls]
    assert {term: found[term] for term in published} == published


def test_no_estimate_depends_on_the_clusters_where_years_are_unknown() -> None:
    whole = rows(planted_design(5, Law(policy=0.5), cities=60))
    kept = np.random.default_rng(0).random(len(whole.sample)) > 0.15
    part = Staggered(whole.sample.of(kept), whole.since[kept])
    fits = [callaway_santanna(part, way, "not_yet_treated", LIKE) for way in get_args(Cluster)]
    city, province = ({e.term: e.estimate for e in fit.estimates} for fit in fits)
    assert city == pytest.approx(province)


def staggered(y: Float, since: Int, first: int) -> Staggered:
    """Return the rows of outcomes that are all known."""
    cities, years = y.shape
    city, year = np.divmod(np.arange(y.size), years)
    year = year + first
    on = ((since[city] != NEVER) & (year >= since[city])).astype(float)
    sample = Sample(y.ravel(), on[:, None], ("pilot",), city, year, city % 20)
    assert cities == len(since)
    return Staggered(sample, since[city])


def test_effects_that_differ_are_recovered_where_two_way_effects_are_wrong() -> None:
    held: dict[str, list[bool]] = {}
    missed = []
    for seed, shared in enumerate(SHARED):
        planted = planted_design(seed, Law(policy=0.5, shared=shared))
        own = rows(planted)
        found = {
            "never": callaway_santanna(own, "province", "never_treated", LIKE),
            "not_yet": callaway_santanna(own, "province", "not_yet_treated", LIKE),
            "imputation": imputation(own, "province", LIKE),
        }
        for name, paths in found.items():
            for e in paths.estimates:
                if e.term in planted.truth:
                    inside = e.low <= planted.truth[e.term] <= e.high
                    held.setdefault(f"{name} {e.term}", []).append(inside)
        missed.append(two_way(own.sample).coefficients[0] - planted.truth["att"])
    for name in found:
        assert np.sum(held[f"{name} att"]) >= 8
        events = np.concatenate([v for k, v in held.items() if k.startswith(f"{name} event")])
        assert events.mean() > 0.85
        assert len(events) == 9 * len(SHARED)
    assert np.max(missed) < -0.2


def test_a_policy_without_effect_is_seldom_found() -> None:
    p = []
    for seed, shared in enumerate(SHARED):
        own = rows(planted_design(seed, Law(shared=shared)))
        paths = callaway_santanna(own, "province", "not_yet_treated", LIKE)
        tested = pre_trend(paths, 0)
        assert tested is not None
        got = imputation(own, "province", LIKE).estimates[0]
        p.append([paths.estimates[0].p, tested.p, got.p])
    assert (np.asarray(p) < 0.05).sum(axis=0).max() <= 2


def test_imputation_is_the_mean_gap_to_effects_fitted_where_nothing_is_affected() -> None:
    own = rows(planted_design(3, Law(policy=0.5)))
    city, year, on = own.sample.city, own.sample.year, own.sample.x[:, 0] > 0
    dummies = np.column_stack([city[:, None] == np.unique(city), year[:, None] == np.unique(year)])
    fitted = np.linalg.lstsq(dummies[~on].astype(float), own.sample.y[~on], rcond=None)[0]
    gap = (own.sample.y - dummies @ fitted)[on].mean()
    assert imputation(own, "city", LIKE).estimates[0].estimate == pytest.approx(gap)


def test_the_share_of_forbidden_comparisons_is_that_of_goodman_bacon() -> None:
    own = rows(planted_design(5))
    found = comparisons(own)
    since = own.since[own.sample.year == own.sample.year[0]]
    years = len(np.unique(own.sample.year))
    share = {k: (since == k).mean() for k in np.unique(since)}
    on = {k: (own.sample.year.max() - k + 1) / years if k else 0.0 for k in share}
    weight = dict[str, float]()
    for late, early in combinations(sorted(share, key=lambda k: on[k]), 2):
        n, part = share[late] + share[early], share[early] / (share[late] + share[early])
        spread = part * (1 - part) * (on[early] - on[late]) * n**2
        weight["clean"] = weight.get("clean", 0.0) + spread * (1 - on[early])
        weight["forbidden"] = weight.get("forbidden", 0.0) + spread * on[late]
    assert found["forbidden"] == pytest.approx(weight["forbidden"] / sum(weight.values()))


def test_trends_that_differ_are_found_and_widen_the_bounds() -> None:
    planted = planted_design(2, Law(policy=0.5))
    even = rows(planted)
    paths = callaway_santanna(even, "city", "not_yet_treated", LIKE)
    half, whole, breakdown = honest(paths, 0) or []
    assert whole.low < half.low < half.estimate < half.high < whole.high
    assert (half.low > 0) == (breakdown.estimate > 0.5)
    drift = np.where(even.since == NEVER, 0.0, 0.6) * (even.sample.year - 2006)
    drifting = Sample(**{**vars(even.sample), "y": even.sample.y + drift})
    steep = callaway_santanna(Staggered(drifting, even.since), "city", "not_yet_treated", LIKE)
    tested, before = pre_trend(steep, 0), pre_trend(paths, 0)
    assert tested is not None
    assert before is not None
    assert tested.p < 0.01 < before.p


def test_columns_that_are_affected_in_part_are_no_years_before() -> None:
    planted = planted_design(1, Law(policy=0.5))
    clean = rows(planted, 1)
    event = clean.sample.year - clean.since
    y = clean.sample.y + np.where((clean.since != NEVER) & (event == -1), 99.0, 0.0)
    spoilt = Staggered(Sample(**{**vars(clean.sample), "y": y}), clean.since, 1)
    for control in ("never_treated", "not_yet_treated"):
        one, other = (callaway_santanna(r, "city", control, LIKE) for r in (clean, spoilt))
        assert one.estimates[0].estimate == pytest.approx(other.estimates[0].estimate)
        assert one.estimates[0].se == pytest.approx(other.estimates[0].se)
    assert imputation(clean, "city", LIKE).estimates == imputation(spoilt, "city", LIKE).estimates
    assert both_ways(clean, LIKE) == both_ways(spoilt, LIKE)


def test_the_mean_after_joining_is_the_simple_aggregation_with_weights_as_given() -> None:
    own = rows(planted_design(1, Law(policy=0.5)))
    paths = callaway_santanna(own, "province", "never_treated", LIKE)
    value, se = mean_after(paths.surface, paths.cells)
    assert value == pytest.approx(paths.estimates[0].estimate)
    assert se == pytest.approx(paths.estimates[0].se, rel=0.2)
