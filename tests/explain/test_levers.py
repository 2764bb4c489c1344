"""Levers of a city beside its peers, what models say of them, and the literature's directions."""

from __future__ import annotations

import numpy as np
import pytest

from bundle_inputs import small_experiment, small_forecaster, small_panel
from city_resilience.experiment.family import FAMILIES
from city_resilience.explain.city_levers import city_levers
from city_resilience.explain.directions import directions_for, load_directions
from city_resilience.explain.forecast_table import check_panel
from city_resilience.explain.levers import SHORT_BOARDS, levers, responses
from city_resilience.explain.moving import Ground, ground_of

MARKED = {
    "students_per_10k": {"cost": 2.0, "cost_unit": "million yuan", "largest_step": 5.0},
    "ict_employment_share": {"largest_step": 0.1},
    "manufacturing_employment_share": {},
    "patents_per_10k": {},
    "data_centre_racks_per_10k": {},
}


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    panel = small_panel(tmp_path_factory.mktemp("panel"))
    chosen = small_experiment(outcome={"horizons": [1]}, actionable=MARKED)
    forecaster = small_forecaster(panel, chosen)
    return ground_of(forecaster, panel, check_panel(forecaster, panel))


def weakest(ground: Ground) -> str:
    ids = ground.rows.dataset.indicators.ids
    values = ground.rows.dataset.indicators.values[:, -1, ids.index("students_per_10k")]
    return ground.rows.dataset.cities[int(np.nanargmin(values))]


def test_distances_are_those_of_a_slow_loop_and_short_boards_come_first(ground):
    city = weakest(ground)
    peers = [name for name in ground.rows.dataset.cities if name != city][:10]
    table = levers(ground, city, peers)
    assert "data_centre_racks_per_10k" not in set(table["indicator"])
    own = table.set_index("indicator").loc["students_per_10k"]
    ids, cities = ground.rows.dataset.indicators.ids, ground.rows.dataset.cities
    layer = ground.rows.dataset.indicators.values[:, -1, ids.index("students_per_10k")]
    values = [layer[cities.index(name)] for name in peers]
    assert own["median"] == pytest.approx(np.median(values))
    assert own["to_best_quartile"] == pytest.approx(np.quantile(values, 0.75) - own["value"])
    assert own["years_to_median"] == np.ceil(own["to_median"] / 5.0)
    assert own["cost_to_median"] == pytest.approx(2.0 * own["to_median"])
    assert bool(own["short_board"])
    assert table["short_board"].sum() <= SHORT_BOARDS
    sizes = table["sd_to_median"].abs().dropna().to_numpy()
    assert (np.diff(sizes) <= 0).all()
    undirected = table.set_index("indicator").loc["manufacturing_employment_share"]
    assert np.isnan(undirected["sd_to_median"])


def test_a_city_at_the_top_has_no_shortfall(ground):
    ids, cities = ground.rows.dataset.indicators.ids, ground.rows.dataset.cities
    layer = ground.rows.dataset.indicators.values[:, -1, ids.index("students_per_10k")]
    city = cities[int(np.nanargmax(layer))]
    table = levers(ground, city, [name for name in cities if name != city])
    own = table.set_index("indicator").loc["students_per_10k"]
    assert own["to_median"] == own["to_best_quartile"] == 0.0


def test_responses_are_of_every_view_and_say_why_there_is_none(ground):
    city = weakest(ground)
    peers = [name for name in ground.rows.dataset.cities if name != city][:10]
    found = responses(ground, levers(ground, city, peers))
    own = found[found["indicator"] == "students_per_10k"]
    assert set(own["to"]) == {"median", "best_quartile"}
    assert set(own["view"]) == set(ground.forecaster.views)
    assert np.isfinite(own["change"]).all()
    assert (found["change"].isna() == (found["reason"] != "")).all()


def test_every_direction_has_a_source_both_languages_and_known_families():
    assert len(load_directions()) >= 5
    for one in load_directions():
        assert one.source
        assert one.en
        assert one.zh
        assert set(one.families) <= set(FAMILIES)
        assert not one.en.isascii() or one.en != one.zh


def test_directions_fit_the_place_and_the_short_boards():
    west = directions_for({"region": "West"}, ["talent"])
    assert [one.groups["region"] for one in west] == [("West",)]
    assert directions_for({"region": "West"}, ["control"]) == ()
    weak = directions_for({"region": "Central"}, ["innovation"])
    assert [dict(one.groups) for one in weak] == [{}]
    assert len(directions_for({"region": "East", "size_class": "small"}, ["structure"])) == 2


def test_what_the_page_shows_is_that_of_the_tables(ground):
    city = weakest(ground)
    found = city_levers(ground, city, 1)
    assert found is not None
    first = found["rows"][0]
    assert first["short"]
    assert set(first["changes"]) == set(ground.forecaster.views)
    assert all(one["source"] for one in found["directions"])
