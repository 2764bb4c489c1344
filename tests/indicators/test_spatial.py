"""Distances, market potential and neighbours' values against hand-worked figures."""

import math

import numpy as np
import pandas as pd
import pytest

from city_resilience.catalogue.gazetteer.gazetteer import load_gazetteer
from city_resilience.experiment.data import Data
from city_resilience.indicators.formulas import spatial
from city_resilience.indicators.formulas.years import newest
from city_resilience.reading.coordinates import find_coordinates
from city_resilience.reading.read import read_panel
from city_resilience.simulate import simulate_panel
from places import CITIES, SHARED

NAN = np.nan
DEGREE = math.pi * 6371.0088 / 180.0  # km on the equator or a meridian
# On the equator at 0°, 1° and 3°: 1, 2 and 3 degrees apart.
LINE = np.array([[0.0, 0.0], [1.0, 0.0], [3.0, 0.0]])


def great_circle(places):
    """Distances by the haversine formula in longitude and latitude, km."""
    lon, lat = np.radians(places).T[:, :, None]
    half = np.sin((lat - lat.T) / 2) ** 2
    half = half + np.cos(lat) * np.cos(lat.T) * np.sin((lon - lon.T) / 2) ** 2
    return 2 * 6371.0088 * np.arcsin(np.sqrt(half))


def kilometres(places):
    """Distances that the proximities stand for, on and above the diagonal left out."""
    found = spatial.proximity(np.asarray(places)).toarray()
    return 1 / found[np.tril_indices(len(found), -1)]


def test_great_circles():
    np.testing.assert_allclose(kilometres(LINE), DEGREE * np.array([1, 3, 2]))
    poles = np.array([[17.0, 90.0], [80.0, -90.0]])
    np.testing.assert_allclose(kilometres(poles), 180 * DEGREE)


def test_beijing_to_shanghai():
    found = find_coordinates(("北京市", "上海市"))
    assert found is not None
    assert kilometres(found) == pytest.approx(1067, abs=15)


def test_market_potential_of_three_cities_by_hand():
    outcome = np.array([[10.0], [20.0], [40.0]])
    area = np.pi * np.array([[9.0], [36.0], [225.0]])  # own distances 2, 4 and 10 km
    found = spatial.market_potential(outcome, area, spatial.proximity(LINE))
    expected = [
        10 / 2 + (20 / 1 + 40 / 3) / DEGREE,
        20 / 4 + (10 / 1 + 40 / 2) / DEGREE,
        40 / 10 + (10 / 3 + 20 / 2) / DEGREE,
    ]
    np.testing.assert_allclose(found[:, 0], expected)


def test_spatial_lag_of_three_cities_by_hand():
    x = np.array([[1.0], [4.0], [7.0]])
    found = spatial.spatial_lag(x, spatial.proximity(LINE))
    expected = [(4 + 7 / 3) / (4 / 3), (1 + 7 / 2) / (3 / 2), (1 / 3 + 4 / 2) / (5 / 6)]
    np.testing.assert_allclose(found[:, 0], expected)


def test_the_lag_of_a_constant_is_that_constant():
    places = np.random.default_rng(0).uniform(10, 40, (30, 2))
    found = spatial.spatial_lag(np.full((30, 4), 3.7), spatial.proximity(places))
    np.testing.assert_allclose(found, 3.7)


def test_a_neighbour_without_a_value_is_left_out_of_the_mean():
    x = np.array([[1.0, 1.0], [4.0, 4.0], [7.0, NAN]])
    found = spatial.spatial_lag(x, spatial.proximity(LINE))
    assert found[0, 1] == pytest.approx(4.0)  # three quarters of the weight are known
    assert found[1, 1] == pytest.approx(1.0)


def test_too_few_known_neighbours_leave_it_missing():
    x = np.array([[1.0, 1.0], [4.0, NAN], [7.0, 7.0]])
    neighbours = spatial.proximity(LINE)
    assert np.isnan(spatial.spatial_lag(x, neighbours)[0, 1])  # a quarter of the weight is known
    assert np.isnan(spatial.foreign_potential(x, neighbours)[0, 1])
    assert np.isfinite(spatial.foreign_potential(x, neighbours)[1]).all()


def test_a_city_without_coordinates_has_no_neighbours_and_is_nobodys():
    places = np.vstack([LINE, [NAN, NAN]])
    x = np.array([[1.0], [4.0], [7.0], [1e9]])
    found = spatial.spatial_lag(x, spatial.proximity(places))
    np.testing.assert_array_equal(found[:3], spatial.spatial_lag(x[:3], spatial.proximity(LINE)))
    assert np.isnan(found[3, 0])


def test_a_city_that_enters_later_leaves_the_bits_of_earlier_years_alone():
    rng = np.random.default_rng(4)
    places, x = rng.uniform(10, 40, (60, 2)), rng.lognormal(size=(60, 9))
    x[rng.random(x.shape) < 0.1] = NAN
    x[31, :6] = NAN
    for function in (spatial.spatial_lag, spatial.foreign_potential):
        whole = function(x, spatial.proximity(places))[:, :6]
        without = function(
            np.delete(x[:, :6], 31, axis=0), spatial.proximity(np.delete(places, 31, axis=0))
        )
        np.testing.assert_array_equal(np.delete(whole, 31, axis=0), without)


def test_a_large_panel_counts_pairs_within_the_radius(monkeypatch):
    rng = np.random.default_rng(6)
    places = np.column_stack([rng.uniform(100, 125, 40), rng.uniform(20, 45, 40)])
    distance = great_circle(places)
    monkeypatch.setattr(spatial, "_BLOCK", 7)
    monkeypatch.setattr(spatial, "ALL_PAIRS", 39)
    found = spatial.proximity(places).toarray()
    near = (distance <= 500.0) & ~np.eye(40, dtype=bool)
    np.testing.assert_array_equal(found > 0, near)
    np.testing.assert_allclose(found[near], 1.0 / distance[near])


def test_cities_in_one_place_are_a_kilometre_apart():
    twins = spatial.proximity(np.array([[10.0, 10.0], [10.0, 10.0]])).toarray()
    np.testing.assert_array_equal(twins, [[0.0, 1.0], [1.0, 0.0]])


def test_own_distance_uses_the_newest_area_known_by_then():
    area = np.array([[NAN, np.pi * 9.0, NAN]])
    np.testing.assert_array_equal(newest(area), [[NAN, np.pi * 9.0, np.pi * 9.0]])
    outcome = np.array([[4.0, 4.0, 4.0], [6.0, 6.0, 6.0]])
    both = np.vstack([area, np.full((1, 3), np.pi * 36.0)])
    found = spatial.market_potential(outcome, both, spatial.proximity(LINE[:2]))
    np.testing.assert_allclose(found[0], [NAN, 2 + 6 / DEGREE, 2 + 6 / DEGREE])


def test_made_up_cities_have_no_coordinates():
    cities = tuple(sorted(simulate_panel(cities=30, years=6, seed=1).frame["city"].unique()))
    assert find_coordinates(cities) is None
    assert find_coordinates(()) is None


def test_every_province_lies_where_its_capital_does():
    provinces = tuple(
        dict.fromkeys(city.province for city in load_gazetteer("china").cities.values())
    )
    assert len(provinces) == 31
    found = find_coordinates(provinces)
    assert np.isfinite(found).all()
    capitals = find_coordinates(("哈尔滨市", "广州市", "拉萨市"))
    named = find_coordinates(("黑龙江省", "Guangdong", "西藏"))
    np.testing.assert_array_equal(named, capitals)


def test_a_name_of_a_province_and_its_city_means_the_city():
    np.testing.assert_array_equal(
        find_coordinates(("Jilin", "吉林")), find_coordinates(("吉林市",) * 2)
    )


@pytest.mark.parametrize("newcomer", ["Ohio", "广州市"])
def test_a_city_that_enters_changes_no_coordinates(newcomer):
    cities = ("北京市", "Springfield", "上海市")
    np.testing.assert_array_equal(
        find_coordinates((*cities, newcomer))[:3], find_coordinates(cities)
    )


def test_coordinates_of_the_panel_itself_count_first(tmp_path):
    rows = {"city": ["北京市", "北京市", "Ohio", "Utah"], "year": [2000, 2001, 2000, 2000]}
    frame = pd.DataFrame(rows | {"gdp_real": [1.0, 2.0, 3.0, 4.0]})
    frame["Longitude"] = [-80.0, 7.0, -83.0, 999.0]
    frame["lat"] = [40.0, 7.0, 40.0, 40.0]
    frame.to_csv(tmp_path / "panel.csv", index=False)
    found = read_panel(tmp_path / "panel.csv", Data(), outcome="gdp_real").grid().coordinates
    np.testing.assert_array_equal(found, [[-83.0, 40.0], [NAN, NAN], [-80.0, 40.0]])


def test_names_that_mean_several_units_need_their_province():
    others = (
        "北京市",
        "上海市",
        "天津市",
        "重庆市",
        "广州市",
        "深圳市",
        "南京市",
        "杭州市",
        "武汉市",
    )
    names, provinces = (*others, "Suzhou"), ("",) * 9 + ("安徽省",)
    bare, placed = find_coordinates(names), find_coordinates(names, provinces)
    assert np.isnan(bare[9]).all()
    assert placed[9].round(0).tolist() == [117.0, 34.0]


@pytest.mark.real_data(CITIES)
def test_the_real_cities_have_coordinates():
    grid = read_panel(SHARED / CITIES, Data(), outcome="gdp_real").grid()
    assert np.isfinite(grid.coordinates).all()
    potential = spatial.foreign_potential(
        grid.values["gdp_real"], spatial.proximity(grid.coordinates)
    )[:, -1]
    order = [grid.cities[at] for at in np.argsort(-potential)]
    assert "苏州市" in order[:20]
    assert "克拉玛依市" in order[-10:]
