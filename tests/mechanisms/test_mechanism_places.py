"""Slopes by group: planted differences, equal slopes, few provinces, many tests."""

from dataclasses import replace

import numpy as np
import pytest

from city_resilience.experiment.mechanisms import Mechanisms
from city_resilience.mechanisms.context import Context, Part
from city_resilience.mechanisms.design import Design
from city_resilience.mechanisms.equality import contrasts, wald, wild_wald
from city_resilience.mechanisms.places import COMMON, OWN_YEARS, places
from city_resilience.mechanisms.planted import Law, planted_design
from city_resilience.mechanisms.projected import Projected, numbered, projected, quick_fit
from city_resilience.mechanisms.sample import sample_of

pytest.importorskip("linearmodels")
pytest.importorskip("diff_diff")
SETTINGS = Mechanisms(draws=99)
LAW = Law(direct=0.3, to_mediator=0.5, from_mediator=0.4, half_gap=0.4)


def compared(design: Design) -> Part:
    """Return the part for a design."""
    return places(Context(design, SETTINGS))


def p_values(part: Part, model: str, test: str = "equality:half") -> dict[str, float]:
    """Return the p-values of a test by its way of inference, not adjusted."""
    own = [e for e in part.estimates if e.term == test and e.model == model and not e.note]
    return {e.inference: e.p for e in own}


@pytest.mark.parametrize("shared", [0.0, 0.4])
def test_a_planted_difference_is_recovered(shared: float) -> None:
    held, found = [], []
    for seed in range(10):
        planted = planted_design(seed, replace(LAW, shared=shared))
        part = compared(planted.design)
        for one in part.estimates:
            if one.note or not np.isfinite(one.low):
                continue
            if one.term.startswith("difference"):
                sign = 1 if one.part_of == "half=b" else -1
                truth = sign * planted.truth["half_gap"]
            elif one.term == "x":
                truth = planted.truth[one.part_of.replace("=", ":")]
            else:
                continue
            held.append(one.low <= truth <= one.high)
        found.append(p_values(part, OWN_YEARS)["wild_province"])
    assert np.mean(held) > 0.9
    assert np.mean(np.asarray(found) < 0.05) > 0.7


@pytest.mark.parametrize("shared", [0.0, 0.4])
def test_equal_slopes_are_seldom_found_to_differ(shared: float) -> None:
    parts = [compared(planted_design(s, Law(direct=0.5, shared=shared)).design) for s in range(10)]
    for model in (COMMON, OWN_YEARS):
        for way in ("city", "province", "wild_province"):
            assert sum(p_values(part, model)[way] < 0.05 for part in parts) <= 2
        change = [p_values(part, model, "change:q")["province_cr2"] for part in parts]
        assert sum(p < 0.05 for p in change) <= 2


def test_trends_of_a_group_pass_for_a_difference_only_without_its_own_years() -> None:
    design = planted_design(1, Law(direct=0.5)).design
    trend = np.linspace(0, 6, design.shape[1]) * np.ones(design.shape)
    x, y = design.treatments["x"], design.outcomes["y"]
    moved = y.values + trend * (design.groups["half"] == "b")[:, None]
    changed = replace(
        design,
        treatments={"x": replace(x, values=x.values + trend)},
        outcomes={"y": replace(y, values=moved)},
    )
    part = compared(changed)
    assert p_values(part, COMMON)["wild_province"] < 0.05
    assert p_values(part, OWN_YEARS)["wild_province"] > 0.05


def interacted(gap: float = 0.1) -> Projected:
    """Return a sample with holes, its treatment by half."""
    design = planted_design(2, Law(half_gap=gap), cities=40, years=6, provinces=8).design
    sample = sample_of(design, "y", ["x", "x", "k"])
    half = (design.groups["half"] == "b")[sample.city]
    x = np.column_stack([sample.x[:, 0] * ~half, sample.x[:, 0] * half, sample.x[:, 2]])
    sample = replace(sample, x=x, names=("a", "b", "k"))
    return projected(sample.of(np.arange(len(sample)) % 7 > 0))


def test_the_wild_bootstrap_is_that_of_fits_drawn_one_by_one() -> None:
    left, matrix, draws = interacted(), contrasts(2, 3), 30
    pooled = np.column_stack([left.x[:, :2].sum(axis=1), left.x[:, 2]])
    fitted = pooled @ np.linalg.lstsq(pooled, left.y, rcond=None)[0]
    clusters = numbered(left.sample.province)
    signs = np.random.default_rng(5).choice([-1.0, 1.0], (clusters.max() + 1, draws))
    drawn = []
    for column in signs.T:
        y = left.without(fitted + (left.y - fitted) * column[clusters])
        drawn.append(wald(quick_fit(replace(left, y=y), "province"), matrix)[0])
    own = wald(quick_fit(left, "province"), matrix)[0]
    p = (1 + np.sum(np.asarray(drawn) >= own)) / (1 + draws)
    assert 0.05 < p < 1
    assert wild_wald(left, matrix, draws=draws, seed=5) == pytest.approx(p)


def test_the_test_of_two_slopes_is_that_of_their_difference() -> None:
    left = interacted()
    value, p = wald(quick_fit(left, "province"), contrasts(2, 3))
    x = left.x.copy()
    x[:, 0] += x[:, 1]
    fit = quick_fit(replace(left, x=x), "province")
    assert value == pytest.approx((fit.coefficient("b") / fit.se("b")) ** 2)
    assert 0 < p < 1


def test_levels_without_enough_are_refused_by_name_and_the_rest_is_compared() -> None:
    design = planted_design(3, LAW).design
    order, province = np.arange(80), np.unique(design.province, return_inverse=True)[1]
    groups = {
        "rank": np.where(order < 5, "top", np.where(order < 14, "second", "")),
        "size": np.where(order < 8, "large", np.where(order < 60, "medium", "small")),
        "side": np.where(province < 2, "west", "east"),
    }
    part = compared(replace(design, groups=groups))
    assert [(r.reason, r.about, r.found) for r in part.refused] == [
        ("small_level", "y, x, rank=second", "9 places"),
        ("few_rows", "y, x, rank=top", "75 rows"),
        ("few_levels", "y, x, rank", "0 levels"),
        ("small_level", "y, x, size=large", "8 places"),
        ("few_clusters", "y, x, size=small", "4 provinces"),
        ("few_clusters", "y, x, side=west", "2 provinces"),
    ]
    west = [e for e in part.estimates if e.part_of == "side=west" and not e.note]
    assert {e.inference for e in west} == {"city", "province_cr2"}
    assert all(e.freedom < 3 for e in west if e.inference == "province_cr2" and e.term == "x")
    assert "province" not in p_values(part, COMMON, "equality:side")


def test_each_test_has_its_p_value_over_all_tests() -> None:
    design = planted_design(3, LAW).design
    other = np.where(np.arange(80) % 2 == 0, "even", "odd")
    part = compared(replace(design, groups={**design.groups, "parity": other}))
    tests = [t for t in part.about["tests"] if t["model"] == COMMON]
    assert [t["test"] for t in tests] == ["equality:half", "equality:parity", "change:q"]
    smallest = min(t["p"] for t in tests)
    assert min(t["holm"] for t in tests) == pytest.approx(3 * smallest)
    assert all(t["p"] <= t["benjamini_hochberg"] <= t["holm"] <= 1 for t in tests)
    rows = [e for e in part.estimates if e.note == "holm" and e.term.startswith("difference")]
    assert len(rows) == 4
