"""Places: a planted difference is found, its absence is not, and few cities are withheld."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from city_resilience.explain.ale import Effect
from city_resilience.explain.held_tables import HELD_TABLES, held_tables
from city_resilience.explain.places import FIGURES, PLACE_COLUMNS, place_differences
from city_resilience.explain.resampling import stratified_weights
from city_resilience.explain.surface import leading_pairs, surface
from held_inputs import CITIES, large, made_up, provinces


def alike(values, steep):
    del steep
    return values["a"] + 0.6 * values["b"]


def steeper(values, steep):
    return (0.5 + 1.5 * steep) * values["a"] + 0.6 * values["b"]


def together(values, steep):
    del steep
    return values["a"] + 0.6 * values["b"] + 0.8 * values["a"] * values["b"]


SIZE = {"size": large()}


def steepness_of(table: pd.DataFrame) -> pd.Series:
    own = table[(table["figure"] == "steepness") & (table["name"] == "a")]
    return own[own["level"] == "large"].iloc[0]


def test_a_planted_difference_is_found_after_counting_all_that_was_looked_at():
    for seed in range(4):
        row = steepness_of(place_differences(made_up(steeper, seed), SIZE))
        assert row["q_value"] < 0.05
        assert row["low"] > 0
        assert row["difference"] == pytest.approx(1.5, abs=0.6)


def test_where_there_is_none_differences_appear_no_more_often_than_they_should():
    rng = np.random.default_rng(9)
    found = []
    for seed in range(12):
        mixed = dict(zip(large(), rng.permutation(list(large().values())), strict=True))
        found.append(place_differences(made_up(alike, seed), {"size": mixed}))
    every = pd.concat(found)
    every = every[every["level"] == "large"]
    for figure in FIGURES:
        own = every[every["figure"] == figure]
        assert (own["p_value"] < 0.05).sum() <= 0.1 * own["p_value"].notna().sum() + 2
    assert sum((table["q_value"] < 0.05).any() for table in found) <= 2


def test_figures_agree_with_a_slow_loop():
    held = made_up(alike)
    table = place_differences(held, SIZE).set_index(["level", "name", "figure"])
    assert set(table["n"]) == {CITIES // 3, CITIES - CITIES // 3}
    sums = held.by_family["digital"]
    inside = np.array([large()[city] == "large" for city in held.cities])
    expected = sums[inside].mean() - sums[~inside].mean()
    assert table.loc[("large", "digital", "direction"), "difference"] == pytest.approx(expected)
    size = sums[inside].abs().mean()
    assert table.loc[("large", "digital", "importance"), "value"] == pytest.approx(size)
    error, gap = np.abs(held.miss[inside]).sum(), np.abs(held.miss + held.forecast)[inside].sum()
    skill = table.loc[("large", "(view)", "skill"), "value"]
    assert skill == pytest.approx(1 - error / gap)


def test_few_cities_and_few_provinces_are_withheld_with_the_reason():
    held = made_up(alike)
    few = {city: "few" if k < 6 else "other" for k, city in enumerate(provinces())}
    table = place_differences(held, {"few": few})
    assert set(table["withheld"]) == {"fewer than 10 cities on one side"}
    assert table[["value", "difference", "p_value", "q_value"]].isna().all().all()
    apart = {city: "two" if own in ("p00", "p01") else "other" for city, own in provinces().items()}
    table = place_differences(held, {"apart": apart})
    assert set(table["withheld"]) == {"in fewer than 3 provinces on one side"}


def test_a_stand_in_is_named_and_a_city_without_a_level_is_left_out():
    levels = {city: "" if k % 3 == 0 else own for k, (city, own) in enumerate(large().items())}
    table = place_differences(made_up(alike), {"broadband_china": levels})
    assert tuple(table.columns) == PLACE_COLUMNS
    assert set(table["stands_in_for"]) == {"smart_facility"}
    assert set(table["n"] + table["rest"]) == {60}


def test_without_a_truth_skill_and_steepness_are_left_out():
    held = made_up(alike)
    table = place_differences(replace(held, truth=held.truth.iloc[:0]), SIZE)
    assert set(table["figure"]) == {"importance", "direction"}


def test_draws_keep_the_number_of_clusters_on_each_side():
    strata = np.array([1, 1, 1, 2, 2, 0, 3])
    weights = stratified_weights(strata, 50)
    assert (weights[:, strata == 2].sum(axis=1) == 2).all()
    assert (weights[:, [0, 1, 2, 6]].sum(axis=1) == 4).all()
    assert (weights[:, 5] == 0).all()


def test_two_indicators_that_work_together_are_told_from_two_that_add_up():
    def product(law, seed):
        return surface(made_up(law, seed), "a", "b")[1].iloc[0]

    assert all(product(together, seed)["p_value"] < 0.01 for seed in range(3))
    assert product(together, 0)["product"] == pytest.approx(0.8, abs=0.25)
    assert sum(product(alike, seed)["p_value"] < 0.05 for seed in range(10)) <= 1


def test_cells_of_a_surface_are_means_and_an_additive_model_adds_up():
    held = made_up(alike)
    cells, pair = surface(held, "a", "b")
    known = cells[cells["withheld"] == ""]
    assert len(cells) == 16
    assert cells["n"].sum() == len(held.index)
    first = known.iloc[0]
    a, b = held.one("a"), held.one("b")
    inside = (a.values <= first["first_to"]) & (b.values <= first["second_to"])
    both = (a.contributions + b.contributions)[inside]
    assert first["contribution"] == pytest.approx(both.mean())
    assert (known["contribution"] - known["additive"]).abs().max() < 0.3
    assert pair["corner_low"].iloc[0] < 0 < pair["corner_high"].iloc[0]
    assert set(cells.loc[cells["n"] < 10, "withheld"]) <= {"fewer than 10 rows"}


def test_one_call_returns_every_table_of_every_view_and_horizon():
    held = made_up(alike)
    drivers = pd.concat([held.drivers.assign(view=view, horizon=1) for view in ("x", "y")])
    groups = {**SIZE, "province": provinces()}

    def effects(view, horizon, edges):
        ones = {name: np.ones(len(own) - 1) for name, own in edges.items()}
        return {name: Effect(horizon * own, own.astype(int)) for name, own in ones.items()}

    tables = held_tables(drivers, held.truth.assign(horizon=1), groups, effects=effects)
    assert tuple(tables) == HELD_TABLES
    for table in tables.values():
        assert list(table.columns[:2]) == ["view", "horizon"]
        assert set(table["view"]) == {"x", "y"}
    assert (tables["dependence"]["ale"] == 1.0).all()
    assert "looked_at" in tables["shapes"]
    assert leading_pairs(held)[0] == ("a", "b")


def test_a_panel_too_small_for_any_figure_has_tables_that_say_so():
    held = made_up(alike)
    few = held.drivers[held.drivers["city"].isin(list(provinces())[:8])]
    tables = held_tables(
        few.assign(view="x", horizon=1), held.truth.assign(horizon=1), SIZE, effects=lambda *_: {}
    )
    for name in ("dependence", "shapes", "surface", "pairs", "places"):
        assert (tables[name]["withheld"] != "").all(), name
