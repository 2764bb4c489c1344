"""A model of several nations: stored, and what it says of another panel."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import pytest

from city_resilience.audit.training_levels import training_levels
from city_resilience.errors import InputError
from city_resilience.evaluation.live import fit_forecaster
from city_resilience.explain.forecast_table import check_panel, forecast_table
from city_resilience.models.bundle import load_bundle, save_bundle
from city_resilience.models.forecaster import Forecaster
from city_resilience.tracking.serving import example_of, serve, serving_panel
from forecasting_inputs import facts_of, panel_of
from nations_inputs import TRENDS, nations_experiment, nations_panel


@cache
def fitted() -> Forecaster:
    chosen = nations_experiment(model={"members": ["ridge"], "serve": "ridge"})
    weights = {horizon: {"ridge": 1.0} for horizon in chosen.outcome.horizons}
    return fit_forecaster(facts_of(nations_panel(), chosen), chosen, weights)


@pytest.fixture(scope="module")
def stored(tmp_path_factory) -> Forecaster:
    return load_bundle(save_bundle(fitted(), tmp_path_factory.mktemp("nations") / "bundle"))


def test_a_bundle_knows_the_nations_and_forecasts_the_same(stored):
    assert stored.nations == fitted().nations
    assert set(stored.nations) == set(TRENDS)
    tables = [forecast_table(one, one.rows(nations_panel())) for one in (stored, fitted())]
    assert tables[0].equals(tables[1])


def test_ranks_are_within_the_nation(stored):
    table = forecast_table(stored, check_panel(stored, nations_panel()))
    assert list(table.columns[:3]) == ["city", "province", "nation"]
    for _, own in table.groupby(["horizon", "nation"]):
        assert sorted(own["rank"]) == list(range(1, 21))
        assert own.sort_values("rank")["forecast"].is_monotonic_decreasing


def renamed(nation: str, name: str):
    frame = nations_panel().frame.copy()
    rows = frame["nation"] == nation
    frame.loc[rows, "nation"] = name
    return panel_of(frame), rows


def test_a_new_nation_is_flagged(stored):
    panel, rows = renamed("Corland", "Dorland")
    frame = panel.frame.copy()
    frame.loc[rows, "city"] = frame.loc[rows, "city"].str.replace(" C", " D")
    both = panel_of(frame)
    with pytest.raises(InputError, match="40 of 60 training cities"):
        check_panel(stored, both)
    table = forecast_table(stored, check_panel(stored, both, allow_partial=True))
    flagged = table["flags"].str.contains("new_nation")
    assert (flagged == (table["nation"] == "Dorland")).all()
    assert (table["flags"].str.contains("new_city") == flagged).all()


def test_a_city_that_moved_to_another_nation_is_refused(stored):
    panel, _ = renamed("Corland", "Dorland")
    with pytest.raises(InputError, match="is of 'Dorland', and the model was trained"):
        check_panel(stored, panel, allow_partial=True)


def test_a_nation_of_which_half_is_missing_is_refused_however_large_the_panel(stored):
    cities = [city for city in nations_panel().cities if city.endswith(" B")]
    frame = nations_panel().frame
    less = replace(nations_panel(), frame=frame[~frame["city"].isin(cities[:3])])
    with pytest.raises(InputError, match="at most 17 of 20 training cities of Borland"):
        check_panel(stored, panel_of(less.frame))


def test_a_nation_that_reports_a_year_later_is_forecast_from_its_own_year(stored):
    frame = nations_panel().frame.copy()
    late = (frame["city"].isin(nations_panel().cities[:2])) & (frame["year"] == 2013)
    frame.loc[late, "gdp_real"] = None
    table = forecast_table(stored, check_panel(stored, panel_of(frame)))
    stale = table["flags"].str.contains("stale")
    assert table.loc[stale, "rank"].isna().all()
    assert stale.sum() == 4


def test_a_served_model_logs_a_column_far_from_its_level(stored, caplog):
    levels = training_levels(nations_panel(), stored.cities)
    frame = nations_panel().frame
    serve(replace(stored, levels=levels), frame)
    assert not caplog.messages
    serve(replace(stored, levels=levels), frame.assign(population=frame["population"] * 10_000))
    assert any("population" in message for message in caplog.messages)


def test_a_served_model_takes_a_frame_with_the_nations(stored):
    table = serve(stored, nations_panel().frame)
    assert (
        table["nation"].tolist()
        == forecast_table(stored, stored.rows(nations_panel()))["nation"].tolist()
    )
    example = example_of(nations_panel(), stored)
    assert example["nation"].nunique() == 1
    assert serving_panel(stored, example).panel.cities == sorted(set(example["city"]))
