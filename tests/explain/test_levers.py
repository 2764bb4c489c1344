"""Levers of a city beside its peers, what models say of them, and the literature's directions."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from bundle_inputs import small_experiment, small_forecaster, small_panel
from city_resilience.experiment.family import FAMILIES
from city_resilience.explain.city_levers import city_levers
from city_resilience.explain.directions import directions_for, load_directions
from city_resilience.explain.every_lever import every_lever
from city_resilience.explain.forecast_table import check_panel
from city_resilience.explain.lever_responses import POINTS, RANGE, responses
from city_resilience.explain.levers import (
    FEW_PEERS,
    NO_DIRECTION,
    SHORT_BOARDS,
    absent_levers,
    levers,
)
from city_resilience.explain.moving import Ground, ground_of
from city_resilience.explain.scenario import scenario_of
from city_resilience.explain.settings import Setting
from city_resilience.explain.support import FAR, Nearness

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


def test_levers_of_every_city_are_those_of_each(ground):
    cities = ground.rows.dataset.cities
    peers = {city: [name for name in cities if name != city][:10] for city in cities[:3]}
    found = every_lever(ground, peers)
    assert "data_centre_racks_per_10k" not in found["indicators"]
    assert found["indicators"]["students_per_10k"]["en"]
    for city, near in peers.items():
        table = levers(ground, city, near)
        rows = found["rows"][city]
        assert [row["indicator"] for row in rows] == table["indicator"].tolist()
        assert [row["short"] for row in rows] == table["short_board"].tolist()
        for row, own in zip(rows, table.to_dict("records"), strict=True):
            for name in ("value", "median", "to_median", "sd_to_median"):
                known = None if np.isnan(own[name]) else pytest.approx(own[name], rel=1e-5)
                assert row[name] == known


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
    assert np.isfinite(undirected["median"])
    assert undirected["why"] == NO_DIRECTION
    assert absent_levers(ground, city) == [
        {
            "indicator": "data_centre_racks_per_10k",
            "code": "not_in_panel",
            "detail": "needs 'data_centre_racks', which the panel does not have",
        }
    ]


def test_a_value_older_than_a_model_may_read_is_no_short_board(ground):
    city = weakest(ground)
    peers = [name for name in ground.rows.dataset.cities if name != city][:10]
    dataset, values = ground.rows.dataset, ground.rows.dataset.indicators.values.copy()
    at = dataset.indicators.ids.index("students_per_10k")
    oldest = ground.forecaster.experiment.features.carry_forward
    values[:, -2 - oldest :, at] = np.nan
    indicators = replace(dataset.indicators, values=values)
    rows = replace(ground.rows, dataset=replace(dataset, indicators=indicators))
    read = {id: years for id, years in ground.read.items() if id != "students_per_10k"}
    table = levers(replace(ground, rows=rows, read=read), city, peers).set_index("indicator")
    assert table["old"]["students_per_10k"]
    assert not table["short_board"]["students_per_10k"]
    assert not table.drop("students_per_10k")["old"].any()


def test_too_few_peers_have_no_distance_and_say_so(ground):
    city, other, *_ = ground.rows.dataset.cities
    table = levers(ground, city, [other])
    assert set(table["why"]) == {FEW_PEERS}
    assert table[["median", "to_median"]].isna().all(axis=None)
    assert not table["short_board"].any()
    assert responses(ground, table, Nearness.of(ground)).empty


def test_a_city_at_the_top_has_no_shortfall(ground):
    ids, cities = ground.rows.dataset.indicators.ids, ground.rows.dataset.cities
    layer = ground.rows.dataset.indicators.values[:, -1, ids.index("students_per_10k")]
    city = cities[int(np.nanargmax(layer))]
    table = levers(ground, city, [name for name in cities if name != city])
    own = table.set_index("indicator").loc["students_per_10k"]
    assert own["to_median"] == own["to_best_quartile"] == 0.0
    assert str(own["years_to_median"]) == "0.0"


def test_responses_are_of_every_view_and_say_why_there_is_none(ground):
    city = weakest(ground)
    peers = [name for name in ground.rows.dataset.cities if name != city][:10]
    table = levers(ground, city, peers)
    found = responses(ground, table, Nearness.of(ground))
    own = found[found["indicator"] == "students_per_10k"]
    assert set(own["to"]) == {"median", "best_quartile", RANGE}
    assert set(own["view"]) == set(ground.forecaster.views)
    assert np.isfinite(own["change"]).all()
    assert (found["change"].isna() == (found["reason"] != "")).all()
    ends = table.set_index("indicator").loc["students_per_10k", ["lowest", "highest"]]
    between = own.loc[own["to"] == RANGE, "value"].unique()
    assert between == pytest.approx(np.linspace(*ends, POINTS))


def test_a_response_is_the_change_of_a_scenario_that_sets_the_same(ground):
    city = weakest(ground)
    peers = [name for name in ground.rows.dataset.cities if name != city][:10]
    found = responses(ground, levers(ground, city, peers), Nearness.of(ground))
    for row in found[found["indicator"] == "students_per_10k"].iloc[::3].itertuples():
        read = (Setting(f"students_per_10k={row.value}", "students_per_10k", "to", row.value),)
        asked = scenario_of(ground, [city], read, refits=0)
        assert row.change == pytest.approx(asked.table["change"].iloc[0], abs=1e-9)
        assert row.far == (FAR in asked.support[city].flags)


def test_every_direction_has_a_source_both_languages_and_known_families():
    assert len(load_directions()) >= 5
    for one in load_directions():
        assert set(one.source) == {"en", "zh"}
        assert all(one.source.values())
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


@pytest.mark.parametrize(
    ("groups", "families", "words"),
    [
        ({"region": "West"}, ("innovation", "talent"), ("small firms", "graduates", "joint")),
        ({"chengdu_chongqing": "inside"}, ("talent",), ("small firms", "graduates", "joint")),
        ({"region": "Central"}, ("innovation",), ("small firms", "graduates", "joint training")),
        (
            {"region": "East"},
            ("digital", "structure"),
            ("rural", "lagging", "share"),
        ),
        ({"yangtze_belt": "inside"}, ("structure",), ("rural", "lagging", "share")),
        ({"size": "II_large"}, ("talent",), ("rural", "lagging", "share")),
        ({"size": "I_large"}, ("structure", "agglomeration"), ("supply-side", "lead firms")),
        ({"size": "medium"}, ("structure", "agglomeration"), ("supply-side", "clusters")),
        ({"size": "I_small"}, ("structure", "innovation"), ("high-technology", "financing")),
    ],
)
def test_each_group_of_the_argument_has_its_direction(groups, families, words):
    for family in families:
        said = " ".join(one.en for one in directions_for(groups, [family]))
        assert all(word in said for word in words), (family, said)


def test_what_the_page_shows_is_that_of_the_tables(ground):
    city = weakest(ground)
    found = city_levers(ground, Nearness.of(ground), city, 1)
    assert found is not None
    first = found["rows"][0]
    assert first["short"]
    assert set(first["changes"]["median"]) == set(ground.forecaster.views)
    assert len(first["curve"]) == POINTS
    assert first["unread"] == []
    assert [own["indicator"] for own in found["absent"]] == ["data_centre_racks_per_10k"]
    assert all(one["source"] for one in found["directions"])
