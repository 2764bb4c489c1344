"""Level breaks as of an origin: found in the past alone; labels and intervals without them."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from city_resilience.evaluation.backtest import run_backtest
from city_resilience.indicators.formulas.nation import Nation
from city_resilience.models.artefacts import break_stretch
from city_resilience.models.intervals import Calibration, city_scale
from city_resilience.resilience.measures import MEASURES
from city_resilience.tasks.breaks import level_breaks
from forecasting_inputs import experiment, facts_of, small_panel

GAP = MEASURES["growth_gap"].label
CHOSEN = experiment(
    outcome={"horizons": [1, 2]},
    evaluation={"first_origin": 2008, "warmup_origins": 3},
    model={"members": ["persistence"]},
)
YEAR = 2009


def restated(factor=1.4):
    """Return a calm panel, the same with some cities restated from a year on, and those cities."""
    frame = small_panel(cities=40, years=14).frame.copy()
    rng = np.random.default_rng(0)
    growth = rng.normal(0.08, 0.02, (40, 14)) + rng.normal(0, 0.01, (40, 1))
    level = np.exp(rng.normal(5, 1, (40, 1)) + growth.cumsum(axis=1))
    cities = np.arange(2, 40, 7)
    datasets = []
    for by in (1.0, factor):
        level[cities, YEAR - 2000 :] *= by
        made = frame.assign(gdp_real=level.ravel())  # in the order of cities, then years
        datasets.append(facts_of(replace(small_panel(), frame=made), CHOSEN))
    return *datasets, cities


def test_breaks_are_those_of_the_past_alone():
    whole, dataset, cities = restated()
    assert not level_breaks(whole.at(2012)).size.any()
    assert not level_breaks(dataset.at(YEAR - 1)).size.any()
    for origin in (YEAR, YEAR + 3):
        found = level_breaks(dataset.at(origin))
        assert np.flatnonzero(found.size[:, YEAR - dataset.years[0]]).tolist() == cities.tolist()
        poisoned = dataset.outcome.copy()
        poisoned[:, origin - dataset.years[0] + 1 :] = 1e9
        again = level_breaks(replace(dataset, outcome=poisoned).at(origin))
        np.testing.assert_array_equal(again.size, found.size)


def test_cities_of_a_large_panel_are_looked_at_in_parts_of_their_nation(monkeypatch):
    _, dataset, cities = restated()
    nations = replace(dataset.nation, own=(np.arange(40) % 2).astype(np.int64))
    view = replace(dataset, nation=nations).at(YEAR + 2)
    whole = level_breaks(view)
    assert np.flatnonzero(whole.size.any(axis=1)).tolist() == cities.tolist()
    monkeypatch.setattr("city_resilience.tasks.breaks.TOGETHER", 20)  # a part for each nation
    np.testing.assert_array_equal(level_breaks(view).size, whole.size)


@pytest.mark.parametrize("weighted", [False, True])
def test_labels_over_a_break_are_unknown_and_the_nation_is_the_other_cities(weighted):
    whole, dataset, cities = restated()
    if weighted:
        weight = np.random.default_rng(0).uniform(1, 2, whole.outcome.shape)
        whole, dataset = (replace(d, nation=Nation("mean", weight)) for d in (whole, dataset))
    at = YEAR - dataset.years[0]
    others = np.setdiff1d(np.arange(40), cities)
    for horizon in (1, 2):
        found = level_breaks(dataset.at(2012)).labels(horizon)
        window = slice(at - horizon, at)
        assert np.isnan(found[cities, window]).all()
        alone = GAP(whole.outcome[others], horizon, whole.nation.of(others))[:, : found.shape[1]]
        np.testing.assert_allclose(found[others, window], alone[:, window], rtol=1e-9)
        published = dataset.at(2012).labels(horizon)
        outside = np.ones(found.shape[1], dtype=bool)
        outside[window] = False
        np.testing.assert_allclose(found[:, outside], published[:, outside], atol=1e-10)


def test_the_artefact_is_what_the_break_put_into_the_last_label():
    whole, dataset, cities = restated()
    breaks = level_breaks(dataset.at(YEAR))
    found = breaks.newest.artefact
    clean = whole.at(YEAR).labels(1)[:, -2]
    away = np.abs(dataset.at(YEAR).labels(1)[:, -2] - clean)
    others = np.setdiff1d(np.arange(40), cities)
    np.testing.assert_allclose(found[others], away[others], atol=1.0)
    np.testing.assert_allclose(found[cities], away[cities], rtol=0.3)
    assert not level_breaks(dataset.at(YEAR + 1)).newest.artefact.any()


def test_an_interval_grows_by_what_the_forecasts_carry_on():
    _, dataset, _ = restated()
    view = dataset.at(YEAR)
    breaks, scale = level_breaks(view), city_scale(view)
    calibration = Calibration.of(
        1, {2000: np.linspace(-3, 3, 40)}, {2000: np.zeros(40)}, {2000: scale}
    )
    half = calibration.half_width(scale)
    last = view.labels(1)[:, -2]
    for slope in (0.0, 0.25):
        stretch = break_stretch(calibration, slope * last, scale, breaks.newest)
        wider = calibration.stretched(stretch).half_width(scale) - half
        np.testing.assert_allclose(wider, slope * breaks.newest.artefact, atol=1e-9)
    later = level_breaks(dataset.at(YEAR + 1))
    assert (break_stretch(calibration, last, scale, later.newest) == 1).all()


def test_errors_over_breaks_leave_the_calibration_as_of_each_origin():
    whole, dataset, cities = restated()
    clean, found = (run_backtest(d, CHOSEN) for d in (whole, dataset))
    own = found.calibrations[1]
    over = own.origin == YEAR - 1
    assert not np.isin(cities, own.city[over]).any()
    assert over.sum() == 40 - len(cities)
    frames = [b.frame[b.frame["model"] == "blend"] for b in (clean, found)]
    before, after = (
        frame[frame["origin"] < YEAR].set_index(["city", "origin", "horizon"]) for frame in frames
    )
    np.testing.assert_array_equal(before["upper"], after["upper"])
    rows = found.intervals
    bad = rows[(rows["origin"] == YEAR - 1) & (rows["horizon"] == 1)]
    assert bad["unbroken"].isna().sum() == len(cities)
    width = (rows["upper"] - rows["lower"]).groupby([rows["horizon"], rows["origin"]]).mean()
    calm = clean.intervals
    usual = (calm["upper"] - calm["lower"]).groupby([calm["horizon"], calm["origin"]]).mean()
    # two years later the break is past, and nothing of it is left in the widths
    assert width[1, YEAR + 2] < 1.3 * usual[1, YEAR + 2]
    assert width[1, YEAR] > 1.3 * usual[1, YEAR]
