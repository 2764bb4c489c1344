"""Labels of some cities after another, and sums in parts, have the bits of all at once."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from city_resilience.indicators.formulas.nation import Nation
from city_resilience.models.intervals import city_scale
from city_resilience.tasks.breaks import level_breaks, newest_breaks
from city_resilience.tasks.yearly import in_order_sum, yearly_labels
from forecasting_inputs import facts_of, small_panel


def _view(measure, nation):
    own = np.random.default_rng(1).integers(0, 3, 60) if nation == "several" else None
    dataset = facts_of(small_panel(cities=60, years=12))
    level = dataset.outcome.copy()
    level[::7, -1:] *= 1.6
    level[3, 4] = np.nan
    weight = np.random.default_rng(2).uniform(1, 2, level.shape) if nation == "mean" else None
    way = "mean" if nation == "mean" else "sum"
    dataset = replace(dataset, outcome=level, measure=measure, nation=Nation(way, weight, own))
    return dataset.at(int(dataset.years[-1]))


@pytest.mark.parametrize("nation", ["sum", "mean", "several"])
@pytest.mark.parametrize("measure", ["growth_gap", "relative_resistance"])
def test_batches_have_the_bits_of_one_frame(measure, nation, monkeypatch):
    view = _view(measure, nation)
    whole = view.labels(1)
    one = city_scale(view), level_breaks(view).newest
    monkeypatch.setattr("city_resilience.memory.BATCH", 7)
    labels = yearly_labels(view)
    parts = [labels(slice(at, at + 11)) for at in range(0, 60, 11)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    np.testing.assert_array_equal(city_scale(view), one[0])
    for found in (level_breaks(view).newest, newest_breaks(view)):
        for name in ("found", "last", "artefact"):
            np.testing.assert_array_equal(getattr(found, name), getattr(one[1], name))
    assert one[1].found.any()
    np.testing.assert_array_equal(one[1].last, whole[:, -2])


@pytest.mark.parametrize("count", [0, 5, 2**16, 300_001])
def test_a_sum_in_parts_has_the_bits_of_numpys(count):
    numbers = np.random.default_rng(count).lognormal(0, 3, count)
    parts = np.split(numbers, np.arange(0, count, 7001)[1:])
    assert in_order_sum(parts, count) == numbers.sum()
