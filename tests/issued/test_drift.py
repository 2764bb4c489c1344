"""Drift of indicators: distances against other packages, alarms on planted and honest years."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from city_resilience.errors import InputError
from city_resilience.experiment.monitor import Monitor
from city_resilience.indicators.compute import IndicatorValues
from city_resilience.indicators.table import load_table
from city_resilience.issued.distances import (
    STATISTICS,
    ks_distance,
    level_move,
    outside_range,
    spread_move,
    stability_index,
)
from city_resilience.issued.drift import (
    DRIFT_COLUMNS,
    ENDED,
    FEW,
    drift_of,
    drift_reference,
)
from city_resilience.tasks.dataset import Dataset

CITIES = tuple(f"City {k:03d}" for k in range(150))
SPECS = load_table()[:20]
NAMES = tuple(spec.id for spec in SPECS)
FIRST, ORIGIN = 2000, 2015


def panel(seed: int, last: int = ORIGIN + 1) -> Dataset:
    """Return indicators that keep their places, move together and grow, as honest ones do."""
    rng = np.random.default_rng(seed)
    years = np.arange(FIRST, last + 1, dtype=np.int64)
    size = (len(CITIES), len(years), len(SPECS))
    place = rng.normal(size=(len(CITIES), 1, len(SPECS)))
    common = np.cumsum(rng.normal(0.05, 0.05, (1, len(years), len(SPECS))), axis=1)
    values = np.exp(place + common + rng.normal(0, 0.1, size))
    level = np.exp(rng.normal(4, 1, (len(CITIES), 1)) + 0.05 * np.arange(len(years)))
    return Dataset(CITIES, years, level, IndicatorValues(SPECS, values, {}), {}, "growth_gap")


def struck(dataset: Dataset, k: int, values: np.ndarray) -> Dataset:
    """Return a dataset with other values of an indicator in its newest year."""
    every = dataset.indicators.values.copy()
    every[:, -1, k] = values
    return replace(dataset, indicators=replace(dataset.indicators, values=every))


@pytest.fixture(scope="module")
def whole() -> Dataset:
    return panel(1)


@pytest.fixture(scope="module")
def reference(whole: Dataset) -> pd.DataFrame:
    return drift_reference(whole, ORIGIN, CITIES, NAMES)


def alarm(table: pd.DataFrame, k: int) -> str:
    return str(table["alarm"].iloc[k])


def test_distances_are_those_of_their_definitions() -> None:
    rng = np.random.default_rng(0)
    known, values = np.sort(rng.normal(size=101)), np.sort(rng.normal(0.4, 1.5, 90))
    assert ks_distance(known, values) == pytest.approx(stats.ks_2samp(known, values).statistic)
    low, middle, high = np.quantile(known, [0.25, 0.5, 0.75])
    expected = (np.median(values) - middle) / (high - low)
    assert level_move(known, values) == pytest.approx(expected)
    spread = np.log(stats.iqr(values) / stats.iqr(known))
    assert spread_move(known, values) == pytest.approx(spread)
    beyond = sum(v < known.min() or v > known.max() for v in values) / len(values)
    assert outside_range(known, values) == beyond
    edges = [-np.inf, *np.quantile(known, np.arange(1, 10) / 10), np.inf]
    total = 0.0
    for left, right in pairwise(edges):
        p = (sum(left < v <= right for v in known) + 0.5) / (len(known) + 5)
        q = (sum(left < v <= right for v in values) + 0.5) / (len(values) + 5)
        total += (q - p) * np.log(q / p)
    assert stability_index(known, values) == pytest.approx(total)


def test_a_column_of_one_value_has_no_level_to_move() -> None:
    same = np.ones(50)
    assert np.isnan(level_move(same, same))
    assert np.isnan(spread_move(same, same))
    assert stability_index(same, same) == pytest.approx(0.0)


def test_an_honest_year_raises_no_alarm(reference: pd.DataFrame, whole: Dataset) -> None:
    table = drift_of(reference, whole, ORIGIN + 1, CITIES)
    assert tuple(table.columns) == DRIFT_COLUMNS
    assert (table["alarm"] == "").all()
    assert (table["status"] == "judged").all()
    assert (table["year"] == ORIGIN + 1).all()
    assert (table["year_before"] == ORIGIN).all()


@pytest.mark.parametrize(
    ("strike", "named"),
    [
        (lambda v: v + 2 * stats.iqr(v), {"psi", "ks", "level"}),
        (lambda v: v * 10, {"psi", "ks", "level", "spread"}),
        (lambda v: np.median(v) + 0.1 * (v - np.median(v)), {"psi", "spread"}),
        (lambda v: np.where(np.arange(len(v)) % 6 == 0, v.max() + v, v), {"outside"}),
        (lambda v: np.where(np.arange(len(v)) % 3 == 0, np.nan, v), {"missing"}),
        (lambda v: np.full(len(v), np.nan), {ENDED}),
    ],
)
def test_a_planted_shift_is_named(strike, named, reference, whole) -> None:
    values = strike(whole.indicators.values[:, -1, 7])
    table = drift_of(reference, struck(whole, 7, values), ORIGIN + 1, CITIES)
    assert named <= set(alarm(table, 7).split(";"))
    assert set(table.loc[table["alarm"] != "", "indicator"]) == {NAMES[7]}


def test_limits_are_those_of_the_experiment(reference: pd.DataFrame, whole: Dataset) -> None:
    values = whole.indicators.values[:, -1, 7]
    shifted = struck(whole, 7, values + 2 * stats.iqr(values))
    strict = Monitor(psi=50, ks=1, level=50, spread=50, outside=1)
    assert alarm(drift_of(reference, shifted, ORIGIN + 1, CITIES, strict), 7) == ""
    fewer = struck(whole, 7, np.where(np.arange(len(values)) % 3 == 0, np.nan, values))
    loose = Monitor(missing=0.5)
    assert alarm(drift_of(reference, fewer, ORIGIN + 1, CITIES, loose), 7) == ""


def test_all_tests_are_taken_together(reference: pd.DataFrame, whole: Dataset) -> None:
    table = drift_of(reference, whole, ORIGIN + 1, CITIES)
    p = np.sort(table[[f"p_{name}" for name in STATISTICS]].to_numpy().ravel())
    p = p[np.isfinite(p)]
    adjusted = min(own * len(p) / (k + 1) for k, own in enumerate(p))
    assert table["adjusted"].min() == pytest.approx(adjusted)


def test_an_indicator_with_few_years_is_not_judged(whole: Dataset) -> None:
    late = whole.indicators.values.copy()
    late[:, :12, 3] = np.nan
    short = replace(whole, indicators=replace(whole.indicators, values=late))
    table = drift_of(drift_reference(short, ORIGIN, CITIES, NAMES), short, ORIGIN + 1, CITIES)
    assert table["status"].iloc[3] == FEW
    assert alarm(table, 3) == ""


def test_a_series_that_ended_before_the_training_is_no_news(whole: Dataset) -> None:
    gone = whole.indicators.values.copy()
    gone[:, 10:, 3] = np.nan
    ended = replace(whole, indicators=replace(whole.indicators, values=gone))
    table = drift_of(drift_reference(ended, ORIGIN, CITIES, NAMES), ended, ORIGIN + 1, CITIES)
    assert (table["status"].iloc[3], alarm(table, 3)) == (ENDED, "")


def test_the_same_panel_has_not_drifted(reference: pd.DataFrame, whole: Dataset) -> None:
    table = drift_of(reference, whole, ORIGIN, CITIES)
    assert (table["alarm"] == "").all()
    assert table["ks"].max() < 0.02


def test_other_cities_than_the_trained_change_nothing(whole: Dataset) -> None:
    part = CITIES[:100]
    found = drift_reference(whole, ORIGIN, part, NAMES)
    rest = whole.indicators.values.copy()
    rest[100:] *= 1000
    other = replace(whole, indicators=replace(whole.indicators, values=rest))
    assert drift_of(found, whole, ORIGIN + 1, part).equals(drift_of(found, other, ORIGIN + 1, part))


def test_a_reference_reads_no_year_after_its_origin(reference: pd.DataFrame) -> None:
    assert drift_reference(panel(1, ORIGIN), ORIGIN, CITIES, NAMES)["year"].max() == ORIGIN
    later = panel(1)
    poisoned = later.indicators.values.copy()
    poisoned[:, -1] = 1e9
    changed = replace(later, indicators=replace(later.indicators, values=poisoned))
    assert drift_reference(changed, ORIGIN, CITIES, NAMES).equals(reference)


def test_a_panel_of_other_cities_is_refused(reference: pd.DataFrame, whole: Dataset) -> None:
    with pytest.raises(InputError, match="none of the model's cities"):
        drift_of(reference, whole, ORIGIN + 1, ("Nowhere",))
