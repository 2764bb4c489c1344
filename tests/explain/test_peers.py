"""Peers and analogues: distances by hand, nothing after the origin, what happened next."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from city_resilience.evaluation.live import fit_forecaster
from city_resilience.explain.analogues import analogues_of
from city_resilience.explain.changes import changed, rows_before
from city_resilience.explain.contributions import BASE, contributions
from city_resilience.explain.peers import SIZE, peers_by_city, peers_of
from city_resilience.models.rows import ForecastRows
from city_resilience.tasks.features import read_indicators
from forecasting_inputs import experiment, facts_of, poisoned, small_panel

ORIGIN = 2010


@pytest.fixture(scope="module")
def panel():
    return small_panel()


@pytest.fixture(scope="module")
def forecaster(panel):
    chosen = experiment(outcome={"horizons": [1]})
    return fit_forecaster(facts_of(panel, chosen), chosen, {1: {"ridge": 0.5, "xgboost": 0.5}})


@pytest.fixture(scope="module")
def rows(panel):
    return ForecastRows.of(facts_of(panel))


def test_the_peers_of_all_are_those_of_each(rows):
    found = peers_by_city(rows, oldest=3)
    assert set(found) == set(rows.names)
    for city in rows.names:
        assert tuple(found[city]) == peers_of(rows, city, oldest=3).cities


def test_the_distance_of_peers_is_the_stated_mean_of_its_parts(rows):
    dataset, city = rows.dataset, rows.names[4]
    found = peers_of(rows, city, oldest=3)
    assert len(found.table) == 10
    assert city not in found.cities
    assert found.table["distance"].is_monotonic_increasing
    parts = found.table[["groups", "size", "structure"]]
    np.testing.assert_allclose(found.table["distance"], np.sqrt(parts.mean(axis=1)))
    own, other = (dataset.cities.index(name) for name in (city, found.cities[0]))
    squares = []
    for name in set(SIZE) & set(dataset.indicators.ids):
        values = dataset.indicators.values[:, -1, dataset.indicators.ids.index(name)]
        scaled = np.clip((values - np.nanmean(values)) / np.nanstd(values), -3, 3)
        squares.append((scaled[own] - scaled[other]) ** 2)
    assert len(squares) >= 2
    assert found.table["size"][0] == pytest.approx(0.5 * np.mean(squares))
    differ, chance = [], []
    for name in found.groupings:
        levels = dataset.groups[name]
        differ.append(levels[own] != levels[other])
        chance.append(1 - sum(np.mean(levels == one) ** 2 for one in set(levels.tolist())))
    assert found.table["groups"][0] == pytest.approx(np.mean(differ) / np.mean(chance))


def test_each_part_is_one_on_average_between_cities_at_random(rows):
    most = len(rows.dataset.cities)
    every = [peers_of(rows, city, 3, most).table for city in rows.names]
    for part in ("groups", "size", "structure"):
        # With a city's own pair of distance 0 the mean would be exactly 1, but for cut values.
        mean = np.mean([table[part].mean() for table in every])
        assert mean == pytest.approx(most / (most - 1), rel=0.05)


def test_peers_are_of_the_own_nation_and_have_an_outcome(rows):
    dataset = rows.dataset
    nations = np.where(np.arange(len(dataset.cities)) % 2 == 0, "A", "B").astype(np.str_)
    split = replace(rows, dataset=replace(dataset, groups={**dataset.groups, "nation": nations}))
    nation = dict(zip(dataset.cities, nations.tolist(), strict=True))
    city = rows.names[4]
    assert {nation[name] for name in peers_of(split, city).cities} == {nation[city]}
    outcome = dataset.outcome.copy()
    nearest = peers_of(rows, city).cities[0]
    outcome[dataset.cities.index(nearest), -1] = np.nan
    silent = replace(rows, dataset=replace(dataset, outcome=outcome))
    assert nearest not in peers_of(silent, city).cities


def test_analogues_are_the_nearest_city_years_with_a_known_outcome(rows, forecaster):
    city, spec = rows.names[7], forecaster.horizons[1].spec
    found = analogues_of(rows, city, spec, 1)
    view = rows.dataset.at(rows.origin)
    names, values, _ = read_indicators(view, spec)
    families = {one.id: one.family for one in rows.dataset.specs}
    scaled = np.full(values.shape, np.nan)
    for at in np.ndindex(values.shape[1:]):
        one = values[:, at[0], at[1]]
        if np.isfinite(one).any():
            scaled[:, at[0], at[1]] = np.clip((one - np.nanmean(one)) / np.nanstd(one), -3, 3)
    own = rows.dataset.cities.index(city)
    labels = view.labels(1)
    for row in found.table.itertuples():
        other, year = rows.dataset.cities.index(row.city), row.year - view.years[0]
        assert row.outcome == labels[other, year]
        away = {}
        for k, name in enumerate(names):
            gap = (scaled[other, year, k] - scaled[own, -1, k]) ** 2
            if np.isfinite(gap):
                away.setdefault(families[name], []).append(gap)
        expected = np.sqrt(np.mean([0.5 * np.mean(one) for one in away.values()]))
        assert row.distance == pytest.approx(expected)
    assert city not in set(found.table["city"])
    assert found.table["city"].is_unique
    assert (found.table["target_year"] <= rows.origin).all()
    outcome = found.table["outcome"]
    assert found.summary == {
        "median": outcome.median(),
        "low": outcome.min(),
        "high": outcome.max(),
    }


def test_nothing_after_the_origin_moves_peers_analogues_or_changes(panel, forecaster):
    plain, spoilt = (
        ForecastRows.of(facts_of(one), ORIGIN) for one in (panel, poisoned(panel, ORIGIN))
    )
    city, spec = plain.names[3], forecaster.horizons[1].spec
    assert peers_of(plain, city, 3).table.equals(peers_of(spoilt, city, 3).table)
    first, second = (analogues_of(rows, city, spec, 2) for rows in (plain, spoilt))
    assert first.table.equals(second.table)
    assert (first.every, first.compared) == (second.every, second.compared)
    tables = [
        changed(forecaster, rows, contributions(forecaster, rows)) for rows in (plain, spoilt)
    ]
    assert tables[0].equals(tables[1])


def test_changes_add_up_to_the_change_of_the_forecast(rows, forecaster):
    drivers = contributions(forecaster, rows)
    table = changed(forecaster, rows, drivers)
    now = forecaster.forecast(rows).set_index("city")["forecast"]
    then = forecaster.forecast(rows_before(rows)).set_index("city")["forecast"]
    total = table.groupby("city")["change"].sum()
    np.testing.assert_allclose(total, (now - then).reindex(total.index), atol=2e-5)
    np.testing.assert_allclose(table[table["indicator"] == BASE]["change"], 0.0, atol=1e-12)


def test_the_forecast_before_is_that_of_the_panel_without_its_last_year(panel, forecaster, rows):
    frame = panel.frame[panel.frame["year"] < rows.origin].reset_index(drop=True)
    shorter = forecaster.forecast(forecaster.rows(replace(panel, frame=frame)))
    before = forecaster.forecast(rows_before(rows))
    np.testing.assert_allclose(
        before.set_index("city")["forecast"], shorter.set_index("city")["forecast"], atol=1e-9
    )
