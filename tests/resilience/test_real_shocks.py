"""The user's panel of Chinese prefectures: the two shocks measured, the parts adding up."""

import numpy as np
import pytest

from city_resilience.audit.read_audited import read_audited
from city_resilience.catalogue.industries import industry_ids
from city_resilience.experiment.load import load_experiment
from city_resilience.resilience.measure_panel import measure_panel
from city_resilience.resilience.summaries import count_reasons, extremes, resistance_and_recovery
from city_resilience.resilience.window import Window
from places import CITIES, ROOT, SHARED

EXPERIMENT = ROOT / "experiments/china_prefecture/experiment.toml"
SHOCKS = [Window.parse("2008:2009:2011"), Window.parse("2019:2020:2022")]

pytestmark = pytest.mark.real_data(CITIES)


@pytest.fixture(scope="module")
def panel():
    return read_audited(SHARED / CITIES, load_experiment(EXPERIMENT), purpose="train").panel


@pytest.fixture(scope="module")
def shocks(panel):
    names = ["resistance", "recovery", "quadrant", "trend_deviation", "time_to_recover"]
    return measure_panel(panel, "gdp_real", names, SHOCKS)


def test_every_city_has_resistance_and_recovery_in_both_shocks(shocks):
    counted = count_reasons(shocks)
    known = counted[counted["reason"] == ""].set_index(["measure", "window"])["cities"]
    for window in map(str, SHOCKS):
        assert known["resistance", window] == known["recovery", window] == 296


def test_resistance_against_the_levels_added_up_by_hand(panel, shocks):
    levels = panel.frame.pivot_table(index="city", columns="year", values="gdp_real")
    for window in SHOCKS:
        pair = levels[[window.start, window.end]].dropna()
        growth = pair[window.end] / pair[window.start] - 1
        nation = pair[window.end].sum() / pair[window.start].sum() - 1
        found = shocks[shocks["window"] == str(window)].set_index("city")["resistance"].dropna()
        np.testing.assert_allclose(
            found, ((growth - nation) / abs(nation)).loc[found.index], rtol=1e-9, atol=1e-12
        )
        assert nation > 0.01  # a slowdown, not a fall


def test_who_held_up_least_in_each_shock(shocks):
    """Ten cities of either end; coal in 2009, Hubei in 2020, and 焦作, which was restated."""
    first, second = (extremes(shocks, "resistance", str(window)) for window in SHOCKS)
    least = {
        str(window): set(table.loc[table["side"] == "least", "city"])
        for window, table in zip(SHOCKS, (first, second), strict=True)
    }
    assert {"大同市", "太原市", "吕梁市"} <= least["2008:2009:2011"]
    assert {"焦作市", "鄂州市", "黄冈市"} <= least["2019:2020:2022"]
    assert second.loc[second["side"] == "least", "province"].value_counts()["湖北省"] >= 5


def test_resistance_and_recovery_go_together_in_2008_and_hardly_in_2019(shocks):
    found = resistance_and_recovery(shocks).set_index("window")
    assert found.loc["2008:2009:2011", "spearman"] > 0.5
    assert abs(found.loc["2019:2020:2022", "pearson"]) < 0.2


def test_structure_and_agency_of_nineteen_industries_add_up_city_by_city(panel):
    frame = measure_panel(
        panel, "unit_employment", ["structure_effect", "agency_effect"], [Window(2008, 2009)]
    )
    grid = panel.grid()
    staff = np.stack([grid.values[name] for name in industry_ids()], axis=-1)
    assert staff.shape[-1] == 19
    start, end = (staff[:, grid.column(year)].sum(axis=1) for year in (2008, 2009))
    both = np.isfinite(start) & np.isfinite(end)
    assert both.sum() > 200
    nation = (end[both].sum() - start[both].sum()) / start[both].sum()
    difference = end - start - nation * start
    total = (frame["structure_effect"] + frame["agency_effect"]).to_numpy()
    np.testing.assert_array_equal(np.isfinite(total), both)
    # Sums of 19 numbers of up to 600 (10,000 staff): 1e-10 is their last digits.
    np.testing.assert_allclose(total[both], difference[both], atol=1e-10)
    assert set(frame.loc[~both, "structure_effect_reason"]) == {"no_industries"}
