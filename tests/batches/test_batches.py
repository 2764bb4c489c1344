"""Batches of cities give the bits of one frame, whatever their size."""

from functools import cache

import numpy as np
import pytest

from city_resilience.batches.cities import CityBatches
from city_resilience.batches.indicators import WholePanel
from city_resilience.batches.rows import batched_rows
from city_resilience.catalogue.variables import load_catalogue
from city_resilience.errors import InputError
from city_resilience.experiment.load import load_experiment
from city_resilience.indicators.compute import compute_indicators
from city_resilience.indicators.inputs import variables_behind
from city_resilience.indicators.table import load_table
from city_resilience.memory import rows_of
from city_resilience.models.rows import ForecastRows
from city_resilience.reading.panel import Grid
from city_resilience.reading.read import read_panel
from city_resilience.tasks.dataset import build_dataset
from city_resilience.tasks.features import choose_features
from city_resilience.tasks.outcome import with_outcome
from forecasting_inputs import experiment, panel_of, scaled_experiment, scaled_panel, small_panel
from nations_inputs import nations_experiment, nations_panel
from places import CITIES, PROVINCES, ROOT, SHARED

VARIABLES = load_catalogue().variables
COMPOSITE = {
    "measure": "composite",
    "composite": {
        "components": {"patents_per_10k": 1, "ict_employment_share": 1},
        "window": [2000, 2006],
    },
}


def batches_of(panel, size):
    return CityBatches(panel.grid(), panel.variables, panel.source, panel.headers, size)


@cache
def frayed_panel():
    """A panel whose cities end in different years, with holes and a series that stopped."""
    frame = small_panel().frame.copy()
    rng = np.random.default_rng(5)
    numbers = list(small_panel().variables)
    frame[numbers] = frame[numbers].mask(rng.random((len(frame), len(numbers))) < 0.05)
    ends = {
        city: 2013 - (k % 10 == 0) - 2 * (k % 20 == 0)
        for k, city in enumerate(small_panel().cities)
    }
    frame["gdp_real"] = frame["gdp_real"].mask(frame["year"] > frame["city"].map(ends))
    frame["patents_granted"] = frame["patents_granted"].mask(frame["year"] > 2011)
    return panel_of(frame)


def assert_rows_alike(panel, chosen, tmp_path, size):
    whole = build_dataset(panel, chosen)
    rows = ForecastRows.of(whole)
    view = whole.at(rows.origin)
    specs = [choose_features(view, chosen.features, h) for h in chosen.outcome.horizons]
    asked = WholePanel(batches_of(panel, size), chosen, tmp_path, whole.composite)
    found = batched_rows(asked, specs, groups=panel.slices())
    np.testing.assert_array_equal(found.origins, rows.origins)
    batched_rows(asked, specs[:1])  # of the same panel, which leaves the first alone
    for spec in specs:
        expected = rows.features(spec)
        np.testing.assert_array_equal(found.features(spec), expected)
        np.testing.assert_array_equal(found.part(slice(3, 9)).features(spec), expected[3:9])
        some = found.among(rows.cities[::5])
        np.testing.assert_array_equal(some.features(spec), expected[::5])
        for own, known in zip(found.indicators(spec)[1:], rows.indicators(spec)[1:], strict=True):
            np.testing.assert_array_equal(own, known)
    return found


@pytest.mark.parametrize("size", [7, 1000])
def test_features_of_rows_with_lags_holes_and_cities_that_ended(tmp_path, size):
    chosen = experiment(features={"carry_forward": 3, "publication_lag": {"population": 2}})
    found = assert_rows_alike(frayed_panel(), chosen, tmp_path, size)
    assert found.stale.sum() == 3


def test_features_of_several_nations(tmp_path):
    assert_rows_alike(nations_panel(), nations_experiment(), tmp_path, 25)


@pytest.mark.parametrize("scale", ["per_head", "rate", "index"])
def test_features_of_outcomes_of_another_scale(tmp_path, scale):
    assert_rows_alike(scaled_panel(scale), scaled_experiment(scale), tmp_path, 7)


def test_features_of_a_composite_outcome(tmp_path):
    assert_rows_alike(small_panel(), experiment(outcome=COMPOSITE), tmp_path, 7)


@pytest.mark.real_data(CITIES, PROVINCES)
@pytest.mark.parametrize(
    ("name", "file"), [("china_prefecture", CITIES), ("china_provinces", PROVINCES)]
)
def test_features_of_the_real_panels(tmp_path, name, file):
    chosen = load_experiment(ROOT / f"experiments/{name}/experiment.toml")
    panel = read_panel(SHARED / file, chosen.data, outcome=chosen.outcome)
    assert_rows_alike(panel, chosen, tmp_path, len(panel.cities) // 2)


def test_a_panel_without_an_indicator_of_the_model_is_refused(tmp_path):
    view = build_dataset(small_panel(), experiment()).at(2013)
    spec = choose_features(view, experiment().features, 1)
    frame = small_panel().frame.drop(columns="patents_granted")
    panel = WholePanel(batches_of(panel_of(frame), 7), experiment(), tmp_path)
    with pytest.raises(InputError, match="does not offer 3 indicator"):
        batched_rows(panel, [spec])


@cache
def full_grid():
    """Every variable of the table at random, in two nations of several provinces."""
    rng = np.random.default_rng(0)
    names = {name for spec in load_table() for name in variables_behind(spec)} | {"gdp_real"}
    shape = (12, 7)
    values = {}
    for name in sorted(names):
        x = rng.lognormal(2.0, 0.3, shape)
        values[name] = np.where(rng.random(shape) < 0.02, np.nan, x)
    values["theil_negative"] *= -1.0
    values["unit_employment"] *= 19.0  # as large as the sum of its industries
    values["unit_employment"][:, 4] = np.nan  # a year in which no city has it
    return Grid(
        tuple(f"c{k:02}" for k in range(12)),
        np.arange(2016, 2023),
        values,
        rng.choice(["", "p", "q", "r"], 12),
        np.column_stack([rng.uniform(100, 120, 12), rng.uniform(20, 40, 12)]),
        rng.choice(["A", "B"], 12),
    )


@pytest.mark.parametrize("size", [1, 5, 12])
def test_no_formula_of_the_table_looks_at_other_cities_past_the_gate(tmp_path, size):
    grid, chosen = full_grid(), nations_experiment()
    variables = {name: VARIABLES[name] for name in grid.values}
    whole, known, series = with_outcome(grid, variables, chosen.outcome, "made up")
    expected = compute_indicators(whole, series, known)
    panel = WholePanel(CityBatches(grid, variables, size=size), chosen, tmp_path)
    found = panel.indicators()
    assert found.ids == expected.ids
    assert len(found.ids) == len(load_table()) - 1  # one is about rates
    assert found.absent == expected.absent
    for k, name in enumerate(found.ids):
        np.testing.assert_array_equal(found.values[:, :, k], expected.values[:, :, k], name)


def test_rows_of_a_file_are_read_where_they_lie(tmp_path):
    numbers = np.arange(60.0).reshape(3, 10, 2)
    numbers.tofile(tmp_path / "numbers")
    whole = np.memmap(tmp_path / "numbers", np.float64, "r", shape=numbers.shape)
    found = rows_of(whole[1], slice(4, 7))
    assert not isinstance(found, np.memmap)
    np.testing.assert_array_equal(found, numbers[1, 4:7])
    np.testing.assert_array_equal(rows_of(whole[1, 2:], slice(4, 7)), numbers[1, 6:9])
