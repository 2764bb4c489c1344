"""When predictability falls, what a horizon adds is taken at a share of its size."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from city_resilience.evaluation.backtest import Backtest, run_backtest
from city_resilience.evaluation.engine import SERVED, Engine
from city_resilience.evaluation.live import fit_forecaster
from city_resilience.explain.contributions import contributions
from city_resilience.models.bundle import load_bundle, save_bundle
from city_resilience.models.weights import least_absolute_slope, slope_at
from city_resilience.reading.panel import Panel
from forecasting_inputs import experiment, facts_of, panel_of, poisoned, small_panel
from study_inputs import FAST

ASKED = experiment(
    model=FAST, evaluation={"first_origin": 2009, "warmup_origins": 4}, outcome={"horizons": [1, 2]}
)
BROKEN = 2009


def broken_panel() -> Panel:
    """A panel whose gaps last until a year, and turn around every year after it."""
    panel, rng = small_panel(), np.random.default_rng(3)
    frame = panel.frame.copy()
    gaps = pd.Series(rng.normal(0.0, 0.03, len(panel.cities)), index=panel.cities)
    level = pd.Series(0.0, index=panel.cities)
    for year, rows in frame.groupby("year"):
        turned = -1.0 if year > BROKEN and (year - BROKEN) % 2 else 1.0
        level += 0.05 + turned * gaps + rng.normal(0.0, 0.005, len(level))
        frame.loc[rows.index, "gdp_real"] = 100 * np.exp(level[rows["city"]].to_numpy())
    return panel_of(frame)


@pytest.fixture(scope="module")
def backtest() -> Backtest:
    return run_backtest(facts_of(broken_panel(), ASKED), ASKED)


@pytest.mark.parametrize("seed", range(5))
def test_the_slope_is_that_of_a_search(seed):
    rng = np.random.default_rng(seed)
    forecasts, labels = rng.normal(size=(2, 41))
    grid = np.append(labels / forecasts, 1.0)
    errors = np.abs(labels[:, None] - forecasts[:, None] * grid).sum(axis=0)
    found = least_absolute_slope(forecasts, labels)
    assert np.abs(labels - found * forecasts).sum() == pytest.approx(errors.min())
    assert np.isnan(least_absolute_slope(np.zeros(3), np.ones(3)))


def years_of(slopes: list[float]) -> tuple[dict[int, np.ndarray], dict[int, np.ndarray]]:
    rng = np.random.default_rng(0)
    forecasts = {2000 + k: rng.normal(size=50) for k in range(len(slopes) + 3)}
    truths = {2000 + k: slope * forecasts[2000 + k] for k, slope in enumerate(slopes)}
    return forecasts, truths | {k: np.full(50, np.nan) for k in forecasts if k not in truths}


@pytest.mark.parametrize(
    ("slopes", "expected"),
    [
        ([0.2, 0.2, 0.2], 1.0),
        ([0.2, 0.2, 0.2, 0.2], 0.2),
        ([1.0, 1.0, 1.0, 1.0, 0.1, 0.3], 0.2 + np.std([1, 1, 1, 1, 0.1, 0.3], ddof=1) / 2**0.5),
        (
            [1.0, 0.9, 1.1, 1.2, 0.9, 0.9],
            0.9 + np.std([1, 0.9, 1.1, 1.2, 0.9, 0.9], ddof=1) / 2**0.5,
        ),
        ([1.5, 1.5, 1.4, 1.5], 1.0),
        ([-1.0, -1.0, -1.0, -1.1], 0.0),
    ],
)
def test_a_forecast_shrinks_as_the_last_two_origins_say_beyond_one_standard_error(slopes, expected):
    forecasts, truths = years_of(slopes)
    found = slope_at(2000 + len(slopes), 1, forecasts, truths)
    assert found == pytest.approx(min(expected, 1.0))
    later = {k: v if k < 1999 + len(slopes) else v * 0 + 9.0 for k, v in truths.items()}
    two_years = slope_at(2000 + len(slopes), 2, forecasts, truths)
    assert slope_at(2000 + len(slopes), 2, forecasts, later) == two_years


def test_forecasts_are_weights_times_slope_and_shrink_after_the_break(backtest):
    for horizon, own in backtest.whole.items():
        before = backtest.whole[1] if horizon == 2 else None
        for origin, whole in own.blend.items():
            added, base = own.members[origin], 0.0
            if before is not None:
                added, base = added - before.members[origin], before.blend[origin]
            sized = own.slopes[origin] * (added @ own.weights[origin])
            np.testing.assert_allclose(whole, base + sized, atol=1e-12)
    slopes = backtest.whole[1].slopes
    assert all(slopes[origin] == 1.0 for origin in slopes if origin <= BROKEN)
    assert min(slopes[origin] for origin in slopes if origin > BROKEN) < 0.7
    table = backtest.weights
    assert set(table.columns) == {"model", "origin", "horizon", "member", "weight", "slope"}
    assert table["slope"].between(0, 1).all()
    assert set(table.loc[table["model"] == "history_only", "slope"]) != {1.0}


def test_random_values_after_the_origin_change_no_slope(backtest):
    panel = poisoned(broken_panel(), 2011)
    again = run_backtest(facts_of(panel, ASKED), ASKED)
    for horizon in (1, 2):
        own, other = (found.whole[horizon].slopes for found in (backtest, again))
        until = [origin for origin in own if origin <= 2011]
        assert [own[o] for o in until] == [other[o] for o in until]
        assert own != other
    assert min(backtest.whole[1].slopes[o] for o in (2010, 2011)) < 1.0


def test_a_panel_that_ends_at_the_origin_gives_the_same_slope(backtest):
    panel = broken_panel().truncate(2011)
    engine = Engine(facts_of(panel, ASKED), ASKED)
    rolled = engine.roll([SERVED], (1, 2), list(range(2005, 2012)))["blend"]
    for horizon in (1, 2):
        assert rolled[horizon].slopes[2011] == backtest.whole[horizon].slopes[2011]


def test_the_served_model_takes_the_slope_into_forecast_contributions_and_bundle(
    tmp_path, backtest
):
    panel = broken_panel()
    dataset = facts_of(panel, ASKED)
    full = fit_forecaster(dataset, ASKED, backtest.served_weights)
    sized = fit_forecaster(dataset, ASKED, backtest.served_weights, slopes={1: 0.5, 2: 0.25})
    rows = sized.rows(panel)
    tables = [
        own.forecast(rows).pivot_table("forecast", "city", "horizon") for own in (full, sized)
    ]
    np.testing.assert_allclose(tables[1][1], 0.5 * tables[0][1], atol=1e-12)
    second = 0.25 * (tables[0][2] - tables[0][1])
    np.testing.assert_allclose(tables[1][2] - tables[1][1], second, atol=1e-12)
    explained = contributions(sized, rows).pivot_table(
        index="city", columns="horizon", values="contribution", aggfunc="sum"
    )
    np.testing.assert_allclose(explained, tables[1], atol=1e-9)
    again = load_bundle(save_bundle(sized, tmp_path / "model"))
    assert [model.slope for model in again.horizons.values()] == [0.5, 0.25]
    np.testing.assert_array_equal(
        again.forecast(rows)["forecast"], sized.forecast(rows)["forecast"]
    )


def test_a_member_that_is_served_is_taken_at_its_full_size():
    model = ASKED.model.model_copy(update={"serve": "ridge"})
    asked = ASKED.model_copy(update={"model": model})
    forecaster = fit_forecaster(
        facts_of(small_panel(), asked), asked, {1: {}, 2: {}}, slopes={1: 0.5, 2: 0.5}
    )
    assert [model.slope for model in forecaster.horizons.values()] == [1.0, 1.0]
