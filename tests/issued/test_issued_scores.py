"""Issued forecasts beside what came to pass, against slow loops and hand-made outcomes."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from city_resilience.evaluation.interval_scores import crps
from city_resilience.indicators.compute import IndicatorValues
from city_resilience.issued.record import NAIVE_COLUMNS, QUANTILES
from city_resilience.issued.scoring import (
    CUMULATIVE,
    FIRST,
    ISSUE,
    ISSUED,
    NEWEST,
    issued_scores,
    quantile_crps,
    scored_rows,
    survey_table,
)
from city_resilience.models.intervals import Calibration
from city_resilience.tasks.dataset import Dataset

CITIES = tuple(f"City {k:02d}" for k in range(12))
YEARS = np.arange(2010, 2018, dtype=np.int64)


def dataset(last: int = 2017, factor: float = 1.0) -> Dataset:
    """Return a panel with outcomes up to a year, the newest year of the first city revised."""
    growth = np.random.default_rng(3).normal(0.05, 0.03, (len(CITIES), len(YEARS)))
    level = 100.0 * np.exp(np.cumsum(growth, axis=1))
    level[0, -1] *= factor
    years = YEARS[last >= YEARS]
    level = level[:, : len(years)]
    nothing = IndicatorValues((), np.empty((*level.shape, 0)), {})
    return Dataset(CITIES, years, level, nothing, {}, "growth_gap")


def issue(origin: int, number: int = 1, status: str = "live", shift: float = 0.0) -> pd.DataFrame:
    """Return the table of one issue, horizons 1 and 2."""
    rng = np.random.default_rng(origin)
    parts = []
    for horizon in (1, 2):
        forecast = rng.normal(0.0, 2.0, len(CITIES)) + shift
        spread = {name: forecast + 4.0 * (level - 0.5) for name, level in QUANTILES.items()}
        naive = {name: rng.normal(0.0, 3.0, len(CITIES)) for name in NAIVE_COLUMNS}
        parts.append(
            pd.DataFrame(
                {
                    "city": CITIES,
                    "province": "P",
                    "origin": origin,
                    "horizon": horizon,
                    "target_year": origin + horizon,
                    "forecast": forecast,
                    "lower": forecast - 3.0,
                    "upper": forecast + 3.0,
                    "lower_80": forecast - 2.0,
                    "upper_80": forecast + 2.0,
                    "coverage": 0.9,
                    **spread,
                    **naive,
                    "naive_zero": 0.0,
                }
            )
        )
    about = {"issue": f"{origin}-forecast-{number}", "issue_information": "forecast"}
    return pd.concat(parts, ignore_index=True).assign(**about, status=status)


@pytest.fixture(scope="module")
def issued() -> pd.DataFrame:
    return pd.concat([issue(origin, k + 1) for k, origin in enumerate(range(2012, 2017))])


@pytest.fixture(scope="module")
def rows(issued: pd.DataFrame) -> pd.DataFrame:
    return scored_rows(issued.reset_index(drop=True), {NEWEST: dataset()})


def test_every_known_outcome_is_scored_and_no_other(rows: pd.DataFrame) -> None:
    level = pd.DataFrame(dataset().outcome, index=CITIES, columns=YEARS)
    assert len(rows) == len(CITIES) * (5 + 4)
    assert rows["target_year"].max() == 2017
    for row in rows.sample(20, random_state=0).to_dict("records"):
        start, end = row["origin"], row["target_year"]
        own = np.log(level.loc[row["city"], end] / level.loc[row["city"], start])
        nation = np.log(level[end].sum() / level[start].sum())
        assert row["truth"] == pytest.approx(100 * (own - nation))
        assert row["error"] == pytest.approx(row["forecast"] - row["truth"])
        assert row["inside"] == float(abs(row["error"]) <= 3.0)
        assert row["error_zero"] == pytest.approx(-row["truth"])


def test_an_outcome_of_few_cities_is_not_known_yet(issued: pd.DataFrame) -> None:
    early = dataset()
    early.outcome[2:, -1] = np.nan
    rows = scored_rows(issued.reset_index(drop=True), {NEWEST: early})
    assert rows["target_year"].max() == 2016


def test_crps_is_that_of_the_backtest() -> None:
    rng = np.random.default_rng(0)
    errors = Calibration.of(
        1,
        {2000: rng.normal(size=200)},
        {2000: np.zeros(200)},
        {2000: np.ones(200)},
    )
    forecast, truth = rng.normal(size=30), rng.normal(size=30)
    levels = np.arange(1, 20) / 20
    spread = errors.quantiles(forecast, np.ones(30), levels)
    ours = quantile_crps(spread.T, levels, truth)
    assert ours == pytest.approx(crps(errors, forecast, np.ones(30), truth))


def test_scores_are_means_of_yearly_means(rows: pd.DataFrame) -> None:
    table = issued_scores(rows)
    own = table[(table["model"] == ISSUED) & (table["slice"] == "all")].set_index("horizon")
    for horizon, part in rows.groupby("horizon"):
        years = [abs(year["error"]).mean() for _, year in part.groupby("origin")]
        inside = [year["inside"].mean() for _, year in part.groupby("origin")]
        zero = [abs(year["error_zero"]).mean() for _, year in part.groupby("origin")]
        found = own.loc[horizon]
        assert found["mae"] == pytest.approx(np.mean(years))
        assert found["coverage"] == pytest.approx(np.mean(inside))
        assert found["best_naive"] == "zero"
        assert found["skill_naive"] == pytest.approx(1 - np.mean(years) / np.mean(zero))
        assert found["promised"] == 0.9
    assert (table.loc[table["model"] != ISSUED, "coverage"].isna()).all()


def test_cumulative_scores_end_with_those_of_all(rows: pd.DataFrame) -> None:
    table = issued_scores(rows)
    ours = table[table["model"] == ISSUED]
    last = ours[(ours["slice"] == CUMULATIVE) & (ours["level"] == "2016")]
    every = ours[(ours["slice"] == "all") & (ours["horizon"] == 1)]
    assert last["horizon"].tolist() == [1]
    assert last["mae"].tolist() == every["mae"].tolist()
    assert (ours["slice"] == ISSUE).sum() == 9


def test_groups_are_scored_and_small_ones_only_counted(rows: pd.DataFrame) -> None:
    levels = {city: "few" if k < 3 else "many" for k, city in enumerate(CITIES)}
    table = issued_scores(rows, {"size": levels}, min_group=5)
    own = table[(table["slice"] == "group:size") & (table["model"] == ISSUED)]
    by_level = own[own["horizon"] == 1].set_index("level")
    assert np.isnan(by_level.loc["few", "mae"])
    assert by_level.loc["few", "n"] == 15
    assert by_level.loc["many", "mae"] > 0


def test_scores_without_level_breaks_leave_out_the_windows_over_them(rows: pd.DataFrame) -> None:
    flagged = {(CITIES[0], 2015), (CITIES[1], 2013)}
    table = issued_scores(rows, flagged=flagged)
    own = table[(table["slice"] == "without_breaks") & (table["model"] == ISSUED)]
    spans = [
        any(o < year <= t and c == city for c, year in flagged)
        for city, o, t in zip(rows["city"], rows["origin"], rows["target_year"], strict=True)
    ]
    kept = rows[~np.array(spans)]
    one = kept[kept["horizon"] == 2]
    mae = one["error"].abs().groupby(one["origin"]).mean().mean()
    assert own.set_index("horizon").loc[2, "mae"] == pytest.approx(mae)
    assert own["n"].tolist() == kept.groupby("horizon").size().tolist()
    assert "without_breaks" not in set(issued_scores(rows)["slice"])


def test_the_last_live_issue_of_an_origin_counts_and_none_made_up_later(
    issued: pd.DataFrame,
) -> None:
    again = issue(2013, 6, "live", shift=1.0)
    later = issue(2013, 7, "reconstructed", shift=-9.0)
    whole = pd.concat([issued, again, later], ignore_index=True)
    rows = scored_rows(whole, {NEWEST: dataset()})
    counted = rows[rows["counts"] & (rows["issue_origin"] == 2013)]
    assert set(counted["issue"]) == {"2013-forecast-6"}
    table = issued_scores(rows)
    issues = table.loc[table["slice"] == ISSUE, "level"]
    assert {"2013-forecast-2", "2013-forecast-6", "2013-forecast-7"} <= set(issues)
    status = table.loc[table["slice"] != ISSUE, "status"]
    assert set(status) == {"live"}


def test_live_and_reconstructed_are_never_averaged(issued: pd.DataFrame) -> None:
    old = issue(2011, 6, "reconstructed")
    rows = scored_rows(pd.concat([issued, old], ignore_index=True), {NEWEST: dataset()})
    own = issued_scores(rows)
    own = own[(own["slice"] == "all") & (own["model"] == ISSUED) & (own["horizon"] == 1)]
    assert own.set_index("status")["years"].to_dict() == {"live": 5, "reconstructed": 1}


def test_a_city_forecast_from_an_older_year_is_scored_but_counts_in_no_average(
    issued: pd.DataFrame,
) -> None:
    whole = issued.reset_index(drop=True)
    stale = (whole["city"] == CITIES[0]) & (whole["issue"] == "2014-forecast-3")
    whole.loc[stale, ["origin", "target_year"]] -= 1
    rows = scored_rows(whole, {NEWEST: dataset()})
    own = rows[(rows["issue"] == "2014-forecast-3") & (rows["city"] == CITIES[0])]
    assert len(own) == 2
    assert not own["counts"].any()
    assert (own["issue_origin"] == 2014).all()


def test_each_outcome_is_scored_as_first_published_and_as_revised(issued: pd.DataFrame) -> None:
    whole = issued.reset_index(drop=True)
    panels = {"2017": dataset(2016), "2018": dataset(), "2019": dataset(factor=1.1)}
    rows = scored_rows(whole, panels)
    first, newest = (rows[rows["vintage"] == name] for name in (FIRST, NEWEST))
    assert len(first) == len(newest)
    moved = newest["truth"].to_numpy() - first["truth"].to_numpy()
    revised = (first["target_year"] == 2017).to_numpy()
    assert (moved[~revised] == 0).all()
    assert (moved[revised] != 0).all()
    before = scored_rows(whole, {NEWEST: dataset()})
    merged = first.merge(before, on=["issue", "city", "horizon"], suffixes=("", "_alone"))
    assert merged["truth"].tolist() == pytest.approx(merged["truth_alone"].tolist())


def test_survey_table_has_horizon_period_vintage_and_baseline(issued: pd.DataFrame) -> None:
    older = pd.concat([issue(origin, 9, "live") for origin in (2010, 2011)])
    whole = pd.concat([older, issued], ignore_index=True)
    whole["issue"] = whole["origin"].astype(str) + "-forecast-1"
    rows = scored_rows(whole, {"a": dataset(2016), "b": dataset(factor=1.1)})
    table = survey_table(rows)
    keys = ["vintage", "horizon", "period", "baseline"]
    assert not table.duplicated(keys).any()
    assert set(table["period"]) == {"all", "2010-2011", "2010-2012", "2012-2015", "2013-2016"}
    own = table[(table["vintage"] == NEWEST) & (table["horizon"] == 1) & (table["period"] == "all")]
    part = rows[(rows["vintage"] == NEWEST) & (rows["horizon"] == 1)]
    by_year = part.groupby("origin")
    ours = by_year["error"].agg(lambda e: np.sqrt((e**2).mean())).mean()
    theirs = by_year["error_zero"].agg(lambda e: np.sqrt((e**2).mean())).mean()
    zero = own.set_index("baseline").loc["zero"]
    assert zero["rmse_ratio"] == pytest.approx(ours / theirs)
    assert zero["low"] < zero["difference"] < zero["high"]


def test_nothing_known_makes_empty_tables(issued: pd.DataFrame) -> None:
    rows = scored_rows(issued.reset_index(drop=True), {NEWEST: dataset(2012)})
    assert rows.empty
    assert issued_scores(rows).empty
    assert survey_table(rows).empty
