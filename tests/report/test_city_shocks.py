"""Past shocks: the years that fall short of the years before, and what they did to each city."""

from __future__ import annotations

import numpy as np
import pytest

from city_resilience.commands.source import load
from city_resilience.experiment.load import experiment_from
from city_resilience.report.city_places import city_places
from city_resilience.report.city_shocks import city_shocks, nation_growth, shock_windows
from city_resilience.resilience.window import Window
from city_resilience.simulate import simulate_panel

YEARS = np.arange(2001, 2013)
STEADY = [5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0, 5.0]


def windows_of(**falls: float) -> list[str]:
    growth = np.array(STEADY)
    for year, value in falls.items():
        growth[int(year.removeprefix("y")) - 2001] = value
    return [str(own) for own in shock_windows(YEARS, growth)]


def test_the_deepest_falls_below_the_years_before_are_the_shocks() -> None:
    assert windows_of(y2005=1.0) == ["2004:2005:2007"]
    assert windows_of(y2005=1.0, y2009=-2.0) == ["2004:2005:2007", "2008:2009:2011"]
    assert windows_of() == []


@pytest.mark.parametrize(
    ("falls", "expected"),
    [
        ({"y2005": 4.1}, []),
        ({"y2005": 1.0, "y2006": -1.0}, ["2005:2006:2008"]),
        ({"y2002": -3.0}, []),
        ({"y2011": -3.0}, []),
        ({"y2005": float("nan"), "y2010": 1.0}, ["2009:2010:2012"]),
    ],
)
def test_a_shock_is_deep_enough_apart_from_others_and_has_years_on_both_sides(
    falls: dict[str, float], expected: list[str]
) -> None:
    assert windows_of(**falls) == expected


def test_shocks_that_an_experiment_names_go_before() -> None:
    named = ("2019:2020:2022", "2008:2009:2011")
    found = shock_windows(YEARS, np.array(STEADY), named)
    assert [str(own) for own in found] == sorted(named)


def test_the_nation_and_its_shocks_are_those_of_the_simulated_law() -> None:
    made = simulate_panel(cities=60, years=16)
    values = {"name": "test", "evaluation": {"first_origin": 2010}}
    source = load(experiment_from(values, "experiment.toml"), made.frame)
    places = city_places(
        source.panel, source.dataset, source.audited, outcome=source.experiment.outcome
    )
    total = made.frame.groupby("year")["gdp_real"].sum()
    growth = 100 * (total / total.shift() - 1)
    assert places["nation_growth"] == pytest.approx(growth.dropna().tolist(), abs=0.006)
    city, own = next(iter(places["cities"].items()))
    assert set(made.contractions) <= {shock["end"] for shock in own["shocks"]}
    for shock in own["shocks"]:
        output = made.frame[made.frame["city"] == city].set_index("year")["gdp_real"]
        gaps = [
            100 * np.log(series[shock["end"]] / series[shock["start"]])
            for series in (output, total)
        ]
        assert shock["gap"] == pytest.approx(gaps[0] - gaps[1], abs=0.006)
    bare = city_places(source.panel, source.dataset, source.audited)
    assert bare["nation_growth"] == []
    assert bare["cities"][city]["shocks"] == []


def test_a_window_outside_the_panel_or_without_recovery_is_left_out() -> None:
    frame = simulate_panel(cities=20, years=12).frame
    values = {"name": "test", "evaluation": {"first_origin": 2008}}
    source = load(experiment_from(values, "experiment.toml"), frame)
    windows = [Window.parse(text) for text in ("1990:1991:1993", "2004:2005", "2005:2006:2008")]
    found = city_shocks(source.panel, source.experiment.outcome, windows)
    assert {len(rows) for rows in found.values()} == {1}
    assert next(iter(found.values()))[0]["end"] == 2006
    assert city_shocks(source.panel, source.experiment.outcome, windows[:2]) == {}


def test_the_nation_is_unknown_where_no_city_is_known() -> None:
    outcome = np.array([[1.0, np.nan, 1.2], [2.0, np.nan, 2.2]])
    growth = nation_growth(outcome, np.zeros((2, 2)))
    assert np.isnan(growth).all()
