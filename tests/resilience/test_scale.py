"""Outcomes of every scale: the small cases with their right values, and the nation of each."""

from __future__ import annotations

import io
import math

import numpy as np
import pandas as pd
import pytest

from city_resilience.errors import InputError
from city_resilience.experiment.outcome import Outcome
from city_resilience.indicators.formulas.history import growth_gap_past, national_growth
from city_resilience.indicators.formulas.nation import SUM, Between, Nation
from city_resilience.reading.panel import Panel
from city_resilience.reading.read import read_panel
from city_resilience.resilience.measure_panel import measure_panel
from city_resilience.resilience.measures import MEASURES
from city_resilience.resilience.scale import outcome_series
from city_resilience.resilience.window import Window
from city_resilience.tasks.dataset import build_dataset
from forecasting_inputs import experiment

NAN = math.nan
PER_HEAD = """city,year,gdp_per_head,resident_population
Alba,2018,10000,1000
Alba,2019,11000,1000
Born,2018,50000,10
Born,2019,40000,10
Cory,2018,12000,900
Cory,2019,13000,900
"""
RATE = """city,year,unemployment_rate (%)
Alba,2018,5
Alba,2019,6
Born,2018,8
Born,2019,7
"""


def panel(text: str, **outcome: object) -> tuple[Panel, Outcome]:
    settings = Outcome(**outcome)  # type: ignore[arg-type]
    return read_panel(pd.read_csv(io.StringIO(text)), outcome=settings), settings


def gaps(text: str, window: str = "2018:2019", **outcome: object) -> dict[str, float]:
    read, settings = panel(text, **outcome)
    frame = measure_panel(read, settings, ["growth_gap"], [Window.parse(window)])
    return dict(zip(frame["city"], frame["growth_gap"].round(3), strict=True))


def test_an_amount_per_head_is_compared_with_the_mean_by_population():
    found = gaps(PER_HEAD, variable="gdp_per_head")
    assert found == {"Alba": 1.418, "Born": -30.427, "Cory": -0.108}


def test_without_a_population_an_amount_per_head_is_refused_with_the_lines_to_paste():
    bare = PER_HEAD.replace("resident_population", "trees")
    with pytest.raises(InputError, match="no population to weigh them by") as refused:
        gaps(bare, variable="gdp_per_head")
    assert 'weight = "population"' in refused.value.paste


def test_the_weight_may_be_a_header_of_a_column_that_nobody_declared():
    own = PER_HEAD.replace("resident_population", "Registered souls")
    found = gaps(own, variable="gdp_per_head", weight="Registered souls")
    assert found["Alba"] == 1.418


def test_without_a_weight_an_index_grows_as_its_places_do_on_average():
    found = gaps(PER_HEAD, variable="gdp_per_head", scale="index")
    mean = np.mean(np.log([1.1, 0.8, 13 / 12]))
    assert found["Alba"] == round(100 * (math.log(1.1) - mean), 3)


def test_a_rate_is_refused_until_its_scale_and_direction_are_said():
    with pytest.raises(InputError, match="rate or share") as refused:
        gaps(RATE, variable="unemployment_rate")
    assert 'scale = "rate"\ndirection = -1' in refused.value.paste


@pytest.mark.parametrize("direction", [1, -1])
def test_a_rate_is_compared_in_points(direction):
    found = gaps(RATE, variable="unemployment_rate", scale="rate", direction=direction)
    assert found == {"Alba": direction * 1.0, "Born": -direction * 1.0}


@pytest.mark.parametrize(("unit", "times"), [("%", 1), ("fraction", 100), ("", 1)])
def test_the_unit_of_an_own_rate_decides_what_a_point_is(unit, times):
    text = RATE.replace("unemployment_rate (%)", "idle")
    found = gaps(text, column="idle", unit=unit, scale="rate", direction=-1)
    assert found["Born"] == times * 1.0


def test_an_own_rate_below_one_without_a_unit_is_asked_about():
    text = "city,year,idle\nAlba,2018,0.05\nAlba,2019,0.06\nBorn,2018,0.08\nBorn,2019,0.07\n"
    with pytest.raises(InputError, match='unit = "fraction" or unit = "%"'):
        gaps(text, column="idle", scale="rate", direction=-1)


def test_rates_of_zero_and_below_are_values():
    text = RATE.replace("Alba,2018,5", "Alba,2018,-1").replace("unemployment_rate (%)", "net")
    found = gaps(text, column="net", unit="%", scale="rate", direction=1)
    assert found == {"Alba": 4.0, "Born": -4.0}


def logs(base: np.ndarray) -> str:
    rows = [f"{c},{2018 + t},{v}" for c, own in enumerate(base) for t, v in enumerate(own)]
    return "\n".join(["city,year,lnGDP", *rows])


def test_a_logarithm_is_compared_as_the_level_it_is_of():
    level = np.array([[100.0, 110.0], [300.0, 290.0]])
    found = gaps(logs(np.log(level)), column="lnGDP", scale="log")
    right = 100 * (np.log(level[:, 1] / level[:, 0]) - math.log(400 / 400))
    assert list(found.values()) == right.round(3).tolist()


def test_what_is_no_logarithm_is_refused():
    with pytest.raises(InputError, match="is no logarithm"):
        gaps(logs(np.array([[100.0, 1100.0], [300.0, 290.0]])), column="lnGDP", scale="log")


@pytest.mark.parametrize("name", [m.id for m in MEASURES.values() if m.ratio or m.categories])
def test_measures_that_compare_growth_are_refused_for_a_rate_by_name(name):
    read, settings = panel(RATE, variable="unemployment_rate", scale="rate", direction=-1)
    with pytest.raises(InputError, match=f"measure '{name}'.*choose among growth_gap"):
        measure_panel(read, settings, [name], [Window.parse("2018:2019")])


@pytest.mark.parametrize("scale", ["per_head", "index"])
def test_ratios_to_the_nation_are_of_the_same_nation(scale):
    read, settings = panel(PER_HEAD, variable="gdp_per_head", scale=scale)
    names = ["growth_gap", "relative_resistance", "sensitivity", "resistance"]
    row = measure_panel(read, settings, names, [Window.parse("2018:2019")]).set_index("city")
    nation = math.exp(math.log(1.1) - row.loc["Alba", "growth_gap"] / 100) - 1
    assert row.loc["Alba", "relative_resistance"] == pytest.approx((0.1 - nation) / abs(nation))
    assert row.loc["Alba", "sensitivity"] == pytest.approx(0.1 / nation)
    assert row.loc["Alba", "resistance"] == pytest.approx((0.1 - nation) / abs(nation))


def test_an_industry_mix_is_of_levels_alone():
    read, settings = panel(PER_HEAD, variable="gdp_per_head")
    with pytest.raises(InputError, match="scale 'per_head'; use the counterfactual plain"):
        measure_panel(
            read,
            settings,
            ["resistance"],
            [Window.parse("2018:2019")],
            counterfactual="industry_mix",
            industries=[],
        )


@pytest.mark.parametrize("outcome", [{"deflator": "resident_population"}, {"weight": "nothing"}])
def test_what_does_not_go_with_a_scale_is_refused(outcome):
    scale = {"scale": "rate", "direction": 1} if "deflator" in outcome else {}
    read, settings = panel(PER_HEAD, variable="gdp_per_head", **scale, **outcome)
    with pytest.raises(InputError, match=r"outcome\.(deflator|weight)"):
        outcome_series(read.grid().values, read.variables, settings, [MEASURES["growth_gap"]])


def test_less_is_better_is_said_of_rates_alone():
    read, settings = panel(PER_HEAD, variable="population", direction=-1)
    with pytest.raises(InputError, match="direction: -1 is for a rate"):
        measure_panel(read, settings, ["growth_gap"], [Window.parse("2018:2019")])


@pytest.mark.parametrize("way", ["sum", "mean", "mean_of_logs", "mean_growth"])
@pytest.mark.parametrize("weighed", [True, False])
def test_the_nation_is_the_slow_sum_over_cities_present_in_both_years(way, weighed):
    rng = np.random.default_rng(5)
    level, weight = rng.lognormal(2, 1, (2, 12, 6))
    level[rng.random(level.shape) < 0.2] = NAN
    weight[rng.random(weight.shape) < 0.2] = NAN
    nation = Nation(way, weight if weighed and way != "sum" else None)
    found = national_growth(level, nation)
    for t in range(1, 6):
        both = [i for i in range(12) if level[i, t] > 0 and level[i, t - 1] > 0]
        heavy = np.ones_like(weight) if nation.weight is None else weight
        last = t - 1 if way == "mean_growth" else t  # its weights are those of the first year
        both = [i for i in both if heavy[i, last] > 0 and heavy[i, t - 1] > 0]
        w0, w1 = heavy[both, t - 1], heavy[both, t]
        y0, y1 = level[both, t - 1], level[both, t]
        right = {
            "sum": math.log(y1.sum() / y0.sum()),
            "mean": math.log((w1 @ y1 / w1.sum()) / (w0 @ y0 / w0.sum())),
            "mean_of_logs": w1 @ np.log(y1) / w1.sum() - w0 @ np.log(y0) / w0.sum(),
            "mean_growth": w0 @ np.log(y1 / y0) / w0.sum(),
        }[way]
        assert found[t] == pytest.approx(right)


def test_growth_as_a_fraction_and_in_logs_are_of_one_nation():
    rng = np.random.default_rng(6)
    start, end, before, after = rng.lognormal(1, 0.5, (4, 9))
    for way in ("sum", "mean", "mean_of_logs", "mean_growth"):
        nation = Between(way, before, after)
        assert nation.rate(start, end) == pytest.approx(math.expm1(nation.log_growth(start, end)))


@pytest.mark.parametrize("scale", ["per_head", "rate", "index"])
def test_history_labels_and_measures_have_one_nation(scale):
    rng = np.random.default_rng(7)
    rows = [(f"c{i:02}", 2000 + t) for i in range(12) for t in range(8)]
    frame = pd.DataFrame(rows, columns=["city", "year"])
    walk = rng.normal(0, 0.03, (12, 8)).cumsum(axis=1)
    frame["thing"] = (20 * np.exp(walk + rng.normal(0, 1, (12, 1)))).ravel()
    frame["resident_population"] = rng.lognormal(3, 1, (12, 8)).ravel()
    settings = {"column": "thing", "unit": "%", "scale": scale, "weight": "resident_population"}
    settings |= {"direction": -1} if scale == "rate" else {}
    chosen = experiment(outcome={"horizons": [1], **settings})
    read = read_panel(frame, outcome=chosen.outcome)
    dataset = build_dataset(read, chosen)
    at = dataset.at(2007)
    last = growth_gap_past(dataset.outcome, dataset.nation)[:, -1]
    measured = measure_panel(read, chosen.outcome, ["growth_gap"], [Window(2006, 2007)])
    np.testing.assert_array_equal(measured["growth_gap"], last)
    np.testing.assert_array_equal(at.labels(1)[:, -2], last)
    np.testing.assert_array_equal(dataset.truth(2006, 1), last)
    ids = dataset.indicators.ids
    np.testing.assert_array_equal(dataset.indicators.values[:, -1, ids.index("gap")], last)
    assert ("log_size" in ids) == (scale == "per_head")
    assert ("rate_less_mean" in ids) == (scale == "rate")
    assert "thing" not in ids


def test_equal_weights_make_a_mean_that_grows_as_the_sum_does():
    level = np.random.default_rng(8).lognormal(2, 1, (10, 5))
    mean = Nation("mean", np.ones_like(level))
    np.testing.assert_allclose(national_growth(level, mean), national_growth(level, SUM))
