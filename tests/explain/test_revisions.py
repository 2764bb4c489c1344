"""How far forecasts move with revised figures: by what was revised, and by nothing else."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from city_resilience.errors import InputError
from city_resilience.evaluation.live import fit_forecaster
from city_resilience.explain.beside import MOVE_COLUMNS
from city_resilience.explain.contributions import contributions
from city_resilience.explain.revisions import forecasts_moved
from city_resilience.models.forecaster import Forecaster
from city_resilience.reading.panel import Panel
from forecasting_inputs import experiment, facts_of, panel_of, small_panel

ORIGIN = 2011


def revised_panel(name: str, factors: dict[str, float]) -> Panel:
    """Return the panel with two years more, in which a variable of the origin is revised."""
    frame = small_panel().frame.copy()
    for city, factor in factors.items():
        frame.loc[(frame["city"] == city) & (frame["year"] == ORIGIN), name] *= factor
    return panel_of(frame)


def fitted(serve: str) -> Forecaster:
    asked = experiment(model={"members": ["ridge"], "serve": serve})
    weights = {horizon: {"ridge": 1.0} for horizon in asked.outcome.horizons}
    return fit_forecaster(facts_of(small_panel().truncate(ORIGIN), asked), asked, weights)


@pytest.fixture(scope="module")
def ridge() -> Forecaster:
    return fitted("ridge")


def then(forecaster: Forecaster) -> tuple[pd.DataFrame, pd.DataFrame]:
    rows = forecaster.rows(small_panel().truncate(ORIGIN))
    return forecaster.forecast(rows), contributions(forecaster, rows)


def test_newer_years_alone_move_nothing(ridge):
    moved = forecasts_moved(ridge, small_panel(), *then(ridge))
    assert list(moved.columns) == list(MOVE_COLUMNS)
    assert len(moved) == 2 * len(small_panel().cities)
    assert (moved["move"] == 0.0).all()
    assert (moved["change"] == 0.0).all()


def test_the_rule_of_the_last_gap_moves_by_the_revised_growth():
    forecaster, panel = fitted("last"), small_panel()
    factors = {panel.cities[3]: 1.05, panel.cities[8]: 0.98}
    moved = forecasts_moved(forecaster, revised_panel("gdp_real", factors), *then(forecaster))
    level = panel.frame.pivot_table(index="city", columns="year", values="gdp_real")
    now = level[ORIGIN] * pd.Series(factors).reindex(level.index).fillna(1.0)
    nation = np.log(now.sum() / level[ORIGIN].sum())
    expected = 100 * (np.log(now / level[ORIGIN]) - nation)
    for _, own in moved.groupby("horizon"):
        found = own.set_index("city")["move"].sort_index()
        pd.testing.assert_series_equal(found, expected, check_names=False, rtol=0, atol=1e-9)
    assert set(moved["city"][:4]) == set(factors)
    assert (moved["indicator"] == "gap").all()
    np.testing.assert_allclose(moved["change"], moved["move"], rtol=0, atol=1e-9)


def test_the_indicator_that_moved_a_forecast_most_is_named(ridge):
    city = small_panel().cities[5]
    moved = forecasts_moved(ridge, revised_panel("patents_granted", {city: 1.5}), *then(ridge))
    first = moved.iloc[0]
    assert first["city"] == city
    assert "patent" in first["indicator"] or "innovation" in first["indicator"]
    own = moved[moved["city"] == city]
    assert (own["change"].abs() <= own["move"].abs() * 2).all()
    assert (own["move"] != 0.0).all()


def test_a_panel_without_the_origin_is_refused(ridge):
    with pytest.raises(InputError, match=f"the model stands on {ORIGIN}"):
        forecasts_moved(ridge, small_panel().truncate(ORIGIN - 1), *then(ridge))
