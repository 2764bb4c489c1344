"""Intervals from earlier origins only: exact quantiles, adaptation, probabilities, scores."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from city_resilience.errors import InputError
from city_resilience.evaluation.backtest import run_backtest
from city_resilience.evaluation.interval_scores import crps, reliability, score_intervals
from city_resilience.evaluation.live import fit_forecaster
from city_resilience.models.arrays import pack_arrays, unpack_arrays
from city_resilience.models.bundle import load_bundle, save_bundle
from city_resilience.models.conformal import MOST_WIDER, interval_score
from city_resilience.models.intervals import (
    EVENTS,
    LAYOUT,
    Calibration,
    city_scale,
    interval_rows,
)
from city_resilience.resilience.measures import MEASURES
from forecasting_inputs import backtest_of, experiment, facts_of, poisoned, small_panel

GROWTH_GAP = MEASURES["growth_gap"].label


def calibration(residuals, scales=None, horizon=1) -> Calibration:
    truths = {2000 + k: np.asarray(v, dtype=np.float64) for k, v in enumerate(residuals)}
    zeros = {origin: np.zeros(len(truth)) for origin, truth in truths.items()}
    ones = {origin: np.ones(len(truth)) for origin, truth in truths.items()}
    given = {2000 + k: np.asarray(v, dtype=np.float64) for k, v in enumerate(scales or [])}
    return Calibration.of(horizon, truths, zeros, given or ones)


def test_plain_quantile_is_the_ceil_rank_of_split_conformal():
    residual = np.arange(1, 20) * np.where(np.arange(19) % 2, 1.0, -1.0)  # 19 values, 1 to 19
    plain = calibration([residual])
    assert plain.kind == "plain"
    assert plain.wider == 1.0
    # ceil(20 * 0.9) = 18, ceil(20 * 0.8) = 16
    np.testing.assert_array_equal(plain.half_width(np.ones(2)), [18.0, 18.0])
    np.testing.assert_array_equal(plain.half_width(np.ones(1), 0.8), [16.0])
    assert np.isnan(plain.half_width(np.ones(1), 0.96)).all()


def test_plain_quantile_agrees_with_mapie():
    from mapie.regression import SplitConformalRegressor
    from sklearn.dummy import DummyRegressor

    rng = np.random.default_rng(1)
    residual = rng.standard_t(3, 137)
    dummy = DummyRegressor(strategy="constant", constant=0.0).fit(np.zeros((2, 1)), [0.0, 0.0])
    for coverage in (0.8, 0.9, 0.95):
        theirs = SplitConformalRegressor(dummy, confidence_level=coverage, prefit=True)
        theirs.conformalize(np.zeros((137, 1)), residual)
        _, bounds = theirs.predict_interval(np.zeros((1, 1)))
        ours = calibration([residual]).half_width(np.ones(1), coverage)
        np.testing.assert_allclose(ours, bounds[0, 1], rtol=1e-12)


@given(seed=st.integers(0, 10_000), coverage=st.sampled_from([0.5, 0.8, 0.9]))
@settings(max_examples=30)
def test_a_quantile_covers_at_least_its_share_of_the_residuals(seed, coverage):
    rng = np.random.default_rng(seed)
    residual = rng.standard_t(2, rng.integers(20, 200))
    half = calibration([residual]).half_width(np.ones(1), coverage)[0]
    assert np.mean(np.abs(residual) <= half) >= coverage


def test_scaling_by_volatility_is_taken_where_it_had_the_lower_score():
    rng = np.random.default_rng(0)
    scales = [rng.uniform(0.5, 4, 300) for _ in range(6)]
    spread = calibration([s * rng.standard_normal(300) for s in scales], scales)
    assert spread.kind == "volatility"
    half = spread.half_width(np.array([1.0, 3.0]))
    assert half[1] == pytest.approx(3 * half[0])
    alike = calibration([rng.standard_normal(300) for _ in scales], scales)
    assert alike.kind == "plain"


def test_after_a_bad_year_intervals_widen_and_never_fall_below_nominal():
    rng = np.random.default_rng(3)
    calm = [rng.standard_normal(200) for _ in range(8)]
    bad = [*calm, 2.5 * rng.standard_normal(200)]
    assert calibration(calm).wider == pytest.approx(1.0, abs=0.05)
    assert 1.1 < calibration(bad).wider <= MOST_WIDER
    shrinking = [rng.standard_normal(200) * size for size in (4, 2, 1, 0.5)]
    assert calibration(shrinking).wider == 1.0
    recovered = [*bad, *(rng.standard_normal(200) * 0.5 for _ in range(6))]
    assert calibration(recovered).wider < calibration(bad).wider


@pytest.mark.parametrize(("errors", "widens"), [(2.5, False), (3.5, True)])
def test_misses_widen_only_beyond_three_standard_errors(errors, widens):
    even = np.linspace(-1.0, 1.0, 200)
    missed = round(200 * (0.1 + errors * np.sqrt(0.1 * 0.9 / 200)))
    newest = np.concatenate([np.full(missed, 1.01), np.zeros(200 - missed)])
    before = calibration([even, even])
    assert before.wider == 1.0
    assert (calibration([even, even, newest]).wider > 1.0) is widens


def test_a_few_cities_and_one_bad_year_do_not_widen_without_bound():
    bad = calibration([np.linspace(-1, 1, 12), np.linspace(-1, 1, 12), np.linspace(-50, 50, 12)])
    assert bad.wider <= MOST_WIDER


def by_year(residuals, **more) -> Calibration:
    return replace(calibration(residuals, **more), rule="year")


def test_the_rule_year_is_the_width_that_held_in_four_years_of_five():
    years = [np.arange(1.0, 11.0) * size for size in (1, 2, 3, 4, 10)]  # ninth of ten: 9, 18 … 90
    assert by_year(years[:4]).half_width(np.ones(1))[0] == pytest.approx(36.0)  # (4 + 1) 0.8 = 4
    # (5 + 1) 0.8 = 4.8: between 36 and 90
    assert by_year(years).half_width(np.ones(1))[0] == pytest.approx(36 + 0.8 * (90 - 36))
    assert by_year(years[:2]).half_width(np.ones(1))[0] == pytest.approx(18.0)


def test_the_rule_year_has_one_width_and_is_never_narrower_than_plain():
    rng = np.random.default_rng(4)
    scales = [rng.uniform(0.5, 4, 300) for _ in range(6)]
    spread = by_year([s * rng.standard_normal(300) for s in scales], scales=scales)
    assert spread.kind == "plain"
    half = spread.half_width(np.array([1.0, 3.0]))
    assert half[0] == half[1] >= spread.plain_half_width()
    wild = by_year([np.linspace(-50, 50, 900), *[np.linspace(-1, 1, 90)] * 9])
    assert wild.wider == 1.0
    assert np.isnan(by_year([]).half_width(np.ones(1))).all()


def test_intervals_of_the_rule_year_nest_and_agree_with_quantiles_and_chances():
    rng = np.random.default_rng(5)
    years = by_year([rng.standard_normal(200) * size for size in (1, 3, 1, 2, 1, 1)])
    one = np.ones(1)
    halves = [years.half_width(one, share)[0] for share in (0.5, 0.8, 0.9, 0.95)]
    assert halves == sorted(halves)
    quantiles = years.quantiles(np.zeros(1), one, np.array([0.05, 0.5, 0.95]))[:, 0]
    assert quantiles[0] < quantiles[1] < quantiles[2]
    below = years.probability_below(np.zeros(1), one, -halves[2])[0]
    above = 1 - years.probability_below(np.zeros(1), one, halves[2])[0]
    assert below + above == pytest.approx(0.1, abs=0.01)


def test_with_a_shock_in_each_year_the_rule_year_holds_in_more_years():
    rng = np.random.default_rng(6)
    held = {"split": [], "year": []}
    for _ in range(60):
        shocks = np.exp(rng.normal(0, 0.4, 11))
        *past, now = [rng.standard_normal(150) * shock for shock in shocks]
        for rule, found in held.items():
            half = replace(calibration(past), rule=rule).half_width(np.ones(150))
            found.append(np.mean(np.abs(now) <= half) >= 0.9)
    assert np.mean(held["year"]) == pytest.approx(0.8, abs=0.1)
    assert np.mean(held["split"]) < np.mean(held["year"]) - 0.1


def test_known_at_leaves_out_what_was_not_over():
    whole = calibration([np.ones(30)] * 6, horizon=2)
    assert np.unique(whole.known_at(2004).origin).tolist() == [2000, 2001, 2002]
    nothing = calibration([], horizon=2)
    assert nothing.half_width(np.ones(1)).tolist() != [0.0]
    assert np.isnan(nothing.half_width(np.ones(1))).all()
    assert np.isnan(nothing.probability_below(np.zeros(1), np.ones(1), 0.0)).all()


def test_probabilities_are_shares_of_past_scores():
    plain = calibration([[-3.0, -1.0, 0.0, 2.0]])
    found = plain.probability_below(np.array([0.0, 5.0, -9.0]), np.ones(3), 0.5)
    np.testing.assert_allclose(found, [3.5 / 5, 0.5 / 5, 4.5 / 5])


def _worst(calibration, forecast):
    scale = np.ones(len(forecast))
    return calibration.probability_below(forecast, scale, calibration.worst_limit(forecast, scale))


def test_a_tenth_of_the_cities_is_expected_among_the_worst_tenth():
    rng = np.random.default_rng(5)
    plain = calibration([rng.standard_normal(500)])
    forecast = rng.normal(0, 2, 200)
    worst = _worst(plain, forecast)
    assert worst.mean() == pytest.approx(0.1, abs=0.005)
    assert np.corrcoef(forecast, worst)[0, 1] < -0.6
    with_unknown = _worst(plain, np.append(forecast, np.nan))
    np.testing.assert_allclose(with_unknown[:-1], worst)
    assert np.isnan(with_unknown[-1])


def test_scale_is_the_root_of_the_mean_gap_drawn_to_all_cities():
    view = facts_of(small_panel()).at(2008)
    gaps = np.abs(GROWTH_GAP(view.outcome, 1)[:, :-1])
    pooled = np.nanmean(gaps)
    for row, scale in zip(gaps, city_scale(view), strict=True):
        known = row[np.isfinite(row)]
        expected = np.sqrt((known.sum() + 3 * pooled) / (len(known) + 3))
        assert scale == pytest.approx(expected)


def test_interval_score_by_hand():
    found = interval_score(np.array([0.0, 5.0, -3.0]), np.full(3, -1.0), np.full(3, 2.0), 0.9)
    np.testing.assert_allclose(found, [3.0, 3.0 + 20 * 3.0, 3.0 + 20 * 2.0])


def test_crps_is_near_that_of_the_normal_law():
    rng = np.random.default_rng(0)
    plain = calibration([rng.standard_normal(20_000)])
    truth = np.array([0.0, 1.0])
    found = crps(plain, np.zeros(2), np.ones(2), truth)
    exact = np.array([0.2337, 0.6024])  # Gneiting & Raftery 2007, N(0, 1)
    np.testing.assert_allclose(found, exact, atol=0.03)


CHOSEN = experiment(evaluation={"first_origin": 2008, "warmup_origins": 3})


@pytest.fixture(scope="module")
def backtest():
    return backtest_of(CHOSEN)


def test_bounds_of_an_origin_come_from_origins_that_were_over(backtest):
    dataset = facts_of(small_panel(), CHOSEN)
    served = backtest.frame[backtest.frame["model"] == "blend"]
    for horizon, whole in backtest.calibrations.items():
        for origin, rows in served[served["horizon"] == horizon].groupby("origin"):
            known = whole.origin + horizon <= origin
            past = (getattr(whole, name)[known] for name in LAYOUT)
            scale = city_scale(dataset.at(int(origin)))
            scale = scale[np.isin(dataset.cities, rows["city"])]
            half = Calibration(horizon, *past).half_width(scale)
            np.testing.assert_allclose(rows["upper"] - rows["forecast"], half)
            np.testing.assert_allclose(rows["forecast"] - rows["lower"], half)
    others = backtest.frame[backtest.frame["model"] != "blend"]
    assert others[["lower", "upper"]].isna().all(axis=None)


def test_poison_after_the_origin_changes_no_bound(backtest):
    panel = poisoned(small_panel(), 2010)
    again = run_backtest(facts_of(panel, CHOSEN), CHOSEN)
    keys = ["model", "city", "origin", "horizon"]
    before, after = (b.frame[b.frame["origin"] <= 2010] for b in (backtest, again))
    joined = before.merge(after, on=keys, suffixes=("", "_after"))
    assert len(joined) > 100
    for name in ("lower", "upper"):
        np.testing.assert_array_equal(joined[name], joined[f"{name}_after"])
    probabilities = backtest.intervals.merge(
        again.intervals, on=keys[1:], suffixes=("", "_after")
    ).query("origin <= 2010")
    for name in EVENTS[:2]:
        np.testing.assert_array_equal(probabilities[name], probabilities[f"{name}_after"])


def test_served_intervals_nest_widen_with_the_horizon_and_survive_the_bundle(tmp_path, backtest):
    panel = small_panel()
    forecaster = fit_forecaster(
        facts_of(panel, CHOSEN),
        CHOSEN,
        backtest.served_weights,
        calibrations=backtest.calibrations,
    )
    again = load_bundle(save_bundle(forecaster, tmp_path / "model"))
    table = forecaster.forecast(forecaster.rows(panel))
    pd.testing.assert_frame_equal(table, again.forecast(again.rows(panel)), check_exact=True)
    assert (table["coverage"] == 0.9).all()
    assert (table["lower"] < table["lower_80"]).all()
    assert (table["upper_80"] < table["upper"]).all()
    width = (table["upper"] - table["lower"]).to_numpy().reshape(2, -1)
    assert (width[1] >= width[0]).all()
    wide = forecaster.forecast(forecaster.rows(panel), coverage=0.95)
    assert (wide["upper"] > table["upper"]).all()
    assert (wide["upper_80"] == table["upper_80"]).all()
    assert table[list(EVENTS)].ge(0).all(axis=None)
    assert (table["p_below_minus_2"] <= table["p_below_0"]).all()
    with pytest.raises(InputError, match="coverage: 1 is not above 0 and below 1"):
        forecaster.forecast(forecaster.rows(panel), coverage=1.0)


def test_a_bundle_keeps_the_rule_and_numbers_its_own_cities(tmp_path):
    chosen = experiment(
        outcome={"horizons": [1]},
        evaluation={"first_origin": 2008, "warmup_origins": 3},
        model={"members": ["persistence"], "interval": "year"},
    )
    frame = small_panel().frame.copy()
    frame.loc[frame["city"] == frame["city"].min(), "gdp_real"] = np.nan  # never in the model
    panel = replace(small_panel(), frame=frame)
    dataset = facts_of(panel, chosen)
    found = run_backtest(dataset, chosen)
    forecaster = fit_forecaster(
        dataset, chosen, found.served_weights, calibrations=found.calibrations
    )
    own = forecaster.horizons[1].calibration
    assert own.rule == "year"
    before = found.calibrations[1]
    assert [forecaster.cities[k] for k in own.city] == [dataset.cities[k] for k in before.city]
    again = load_bundle(save_bundle(forecaster, tmp_path / "model"))
    assert again.horizons[1].calibration.rule == "year"
    pd.testing.assert_frame_equal(
        again.forecast(again.rows(panel)), forecaster.forecast(forecaster.rows(panel))
    )


def test_a_model_without_residuals_has_empty_bounds(backtest):
    panel = small_panel()
    bare = fit_forecaster(facts_of(panel, CHOSEN), CHOSEN, backtest.served_weights)
    table = bare.forecast(bare.rows(panel))
    assert table[["lower", "upper", "coverage", *EVENTS]].isna().all(axis=None)


@pytest.mark.parametrize(
    ("name", "change", "message"),
    [
        ("scale", lambda a: a * 0, "scale is not positive"),
        ("origin", lambda a: a[::-1].copy(), "out of order"),
        ("residual", lambda a: a * np.nan, "not finite"),
        ("scale", lambda a: a[:-1], "should be f8 of shape"),
        ("city", lambda a: a + 1, "none of the model's 9"),
        ("city", lambda a: a - 1, "none of the model's 9"),
    ],
)
def test_a_spoilt_calibration_is_refused(name, change, message):
    whole = calibration([np.ones(9), np.arange(9.0)])
    arrays = unpack_arrays(whole.to_bytes(), "calibration.npz", LAYOUT)
    again = Calibration.from_bytes(whole.to_bytes(), 1, cities=9)
    assert again.half_width(np.ones(1)) == whole.half_width(np.ones(1))
    arrays[name] = change(arrays[name])
    with pytest.raises(InputError, match=message):
        Calibration.from_bytes(pack_arrays(arrays), 1, cities=9)


def test_scores_by_hand_and_withheld_for_few_cities(backtest):
    rows = backtest.intervals
    groups = {"half": dict.fromkeys(rows["city"].unique()[:3], "few")}
    table = score_intervals(rows, groups, min_group=5).set_index(["horizon", "slice", "level"])
    known = rows[(rows["horizon"] == 1) & rows["upper"].notna()]
    inside = (known["truth"] >= known["lower"]) & (known["truth"] <= known["upper"])
    yearly = inside.groupby(known["origin"]).mean()
    assert table.loc[(1, "all", ""), "coverage"] == pytest.approx(yearly.mean())
    assert table.loc[(1, "all", ""), "years"] == len(yearly)
    assert np.isnan(table.loc[(1, "group:half", "few"), "coverage"])
    assert table.loc[(1, "group:half", "few"), "n"] > 0
    row = table.loc[(1, "all", "")]
    assert row["low"] <= row["difference"] <= row["high"]
    assert row["difference"] == pytest.approx(row["interval_score"] - row["plain_score"])


def test_reliability_compares_with_what_came_to_pass():
    rng = np.random.default_rng(0)
    stated = rng.uniform(0, 1, 4000)
    frame = pd.DataFrame({"origin": [2000] * 4000, "horizon": 1, "upper": 0.0})
    frame["truth"] = np.where(rng.uniform(0, 1, 4000) < stated, -1.0, 1.0)
    frame[list(EVENTS)] = 0.1
    frame["p_below_0"] = stated
    table = reliability(frame)
    bins = table[(table["event"] == "p_below_0") & (table["bin"] != "")]
    assert (bins["probability"] - bins["frequency"]).abs().max() < 0.06
    assert bins["n"].sum() == 4000


def test_on_noise_coverage_is_nominal():
    chosen = experiment(
        outcome={"horizons": [1]}, evaluation={"first_origin": 2008, "warmup_origins": 3}
    )
    covered = []
    for seed in range(6):
        panel = small_panel(cities=40, years=13, seed=seed, noise=True)
        rows = run_backtest(facts_of(panel, chosen), chosen).intervals
        covered += ((rows["truth"] >= rows["lower"]) & (rows["truth"] <= rows["upper"])).tolist()
    error = 3 * np.sqrt(0.09 / len(covered))
    assert 0.9 - error < np.mean(covered) < 0.93 + error


def test_residuals_pair_truths_with_forecasts():
    found = Calibration.of(
        1,
        {2000: np.array([1.0, np.nan, 3.0])},
        {2000: np.array([0.5, 1.0, np.nan])},
        {2000: np.array([1.0, 2.0, 3.0])},
    )
    assert found.origin.tolist() == [2000]
    assert found.residual.tolist() == [0.5]
    assert found.scale.tolist() == [1.0]


def test_rows_hold_plain_bounds_beside():
    plain = calibration([np.linspace(-1, 1, 40)])
    rows = interval_rows(plain, np.zeros(2), np.ones(2))
    np.testing.assert_array_equal(rows["plain_upper"], rows["upper"])
