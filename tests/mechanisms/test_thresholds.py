"""Panel thresholds: against a slow search written here, on planted thresholds, and without one."""

import numpy as np
import pandas as pd
import pytest

from city_resilience.mechanisms.context import Context
from city_resilience.mechanisms.planted import Law, planted_design
from city_resilience.mechanisms.sample import Sample, sample_of
from city_resilience.mechanisms.thresholds import critical_ratio, find_threshold, thresholds

LAW = Law(direct=0.2, above=0.8, threshold=0.3)


def drawn(seed: int, law: Law = LAW, **size: int) -> tuple[Sample, np.ndarray]:
    """Return the rows of a planted design and its threshold variable."""
    design = planted_design(seed, law, **size).design
    sample = sample_of(design, "y", ["x", "k"])
    values = design.thresholds["q"].values
    return sample, values[sample.city, sample.year - design.years[0]]


def squares(sample: Sample, q: np.ndarray, cuts: list[float]) -> float:
    """Return the sum of squares with some thresholds, by dummies of city and year."""
    keys = pd.DataFrame({"city": sample.city, "year": sample.year}).astype(str)
    regime = np.searchsorted(sorted(cuts), q, side="left")
    slopes = [sample.x[:, 0] * (regime == k) for k in range(len(cuts) + 1)]
    x = np.column_stack([*slopes, sample.x[:, 1:], pd.get_dummies(keys).to_numpy(float)])
    return float(((sample.y - x @ np.linalg.lstsq(x, sample.y, rcond=None)[0]) ** 2).sum())


def searched(sample: Sample, q: np.ndarray, given: list[float]) -> float:
    """Return the best next threshold by trying all values."""
    ordered = np.sort(q)
    cuts = [*(np.mean(q <= g) for g in given), 0.0, 1.0]
    tried = [
        g for g in ordered[:-1] if min(abs(np.mean(q <= g) - cut) for cut in cuts) >= 0.1 - 1e-12
    ]
    return min(tried, key=lambda g: squares(sample, q, [*given, g]))


@pytest.mark.parametrize("seed", [0, 1])
def test_the_search_is_that_of_all_values_with_dummies(seed: int) -> None:
    sample, q = drawn(seed, cities=20, years=6)
    sample, q = sample.of(np.arange(len(sample)) % 11 > 0), q[np.arange(len(q)) % 11 > 0]
    first = searched(sample, q, [])
    second = searched(sample, q, [first])
    found = find_threshold(sample, q, draws=20)
    assert found[1].value == pytest.approx(second)
    assert found[0].value == pytest.approx(searched(sample, q, [second]))
    without = squares(sample, q, [])
    gain = without - squares(sample, q, [first])
    assert found[0].f == pytest.approx(gain / ((without - gain) / len(sample)))


def test_planted_thresholds_are_in_their_interval_and_found() -> None:
    found = [find_threshold(*drawn(seed), draws=99, seed=seed) for seed in range(10)]
    assert sum(one[0].low <= LAW.threshold <= one[0].high for one in found) >= 8
    assert all(one[0].p < 0.05 for one in found)
    assert sum(one[1].p < 0.05 for one in found) <= 2


@pytest.mark.parametrize("shared", [0.0, 0.4])
def test_no_threshold_is_seldom_one(shared: float) -> None:
    law = Law(direct=0.3, shared=shared)
    p = [find_threshold(*drawn(seed, law), most=1, draws=99)[0].p for seed in range(10)]
    assert sum(value < 0.05 for value in p) <= 2


def test_two_planted_thresholds_are_both_found() -> None:
    sample, q = drawn(5)
    steps = 1.0 * (q > -0.6) + 1.5 * (q > 0.7)
    twice = Sample(
        sample.y + steps * sample.x[:, 0],
        sample.x,
        sample.names,
        sample.city,
        sample.year,
        sample.province,
    )
    found = sorted(find_threshold(twice, q, draws=99), key=lambda one: one.value)
    assert [one.p < 0.05 for one in found] == [True, True]
    assert found[0].low <= -0.6 <= found[0].high
    assert found[1].low <= 0.7 <= found[1].high


def test_the_critical_ratio_is_hansens() -> None:
    assert [round(critical_ratio(level), 2) for level in (0.9, 0.95, 0.99)] == [5.94, 7.35, 10.59]


def test_the_part_gives_slopes_by_regime_and_refuses_what_it_cannot() -> None:
    from dataclasses import replace

    pytest.importorskip("linearmodels")
    design = planted_design(2, LAW).design
    q = design.thresholds["q"]
    two = replace(q, name="two", values=np.where(q.values > 2, 1.0, 0.0))
    own = replace(q, name="own", behind=frozenset(["y"]))
    mine = replace(design.treatments["x"], name="mine", behind=frozenset(["y"]))
    asked = {"q": q, "two": two, "own": own, "mine": mine}
    design = replace(design, treatments={**design.treatments, "mine": mine})
    part = thresholds(Context(replace(design, thresholds=asked)))
    slopes = {e.term: e for e in part.estimates if e.inference == "province"}
    assert slopes["regime:1:q"].low < LAW.direct < slopes["regime:1:q"].high
    assert slopes["regime:2:q"].low < LAW.above < slopes["regime:2:q"].high
    assert {(r.reason, r.about) for r in part.refused} == {
        ("no_threshold_values", "y, x, two"),
        ("component", "y, x, own"),
        *(("component", f"y, mine, {name}") for name in asked),
    }
