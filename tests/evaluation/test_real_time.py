"""The backtest in real time: it differs from that on one panel by what was planted."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from city_resilience.evaluation.backtest import Backtest, backtest_at, run_backtest
from city_resilience.evaluation.engine import SERVED, Engine, forecast_members
from city_resilience.reading.panel import Panel
from city_resilience.tasks.dataset import build_dataset
from city_resilience.tasks.task import prepare_task
from early_inputs import release_frame, release_of
from forecasting_inputs import poisoned, small_panel
from vintage_inputs import asked, dataset_of, gaps, published, vintage, vintages

SCORED = range(2008, 2012)


def rolled(dated: dict[dt.date, Panel], panel: Panel | None = None, **changes: Any) -> Backtest:
    chosen = asked(**changes)
    return run_backtest(dataset_of(dated, chosen, panel), chosen, views=True)


@pytest.fixture(scope="module")
def real() -> Backtest:
    return rolled(vintages())


@pytest.fixture(scope="module")
def pseudo() -> Backtest:
    return rolled({})


def of(backtest: Backtest, model: str, horizon: int = 1) -> pd.DataFrame:
    frame = backtest.frame
    rows = frame[(frame["model"] == model) & (frame["horizon"] == horizon)]
    return rows.set_index(["origin", "city"]).sort_index()


def by_origin(values: dict[int, np.ndarray]) -> np.ndarray:
    return np.concatenate([values[origin] for origin in sorted(values)])


@pytest.mark.parametrize("horizon", [1, 2])
def test_naive_rules_differ_by_the_revisions_that_were_planted(real, pseudo, horizon):
    final, origins = small_panel(), sorted(set(of(real, "last", horizon).index.get_level_values(0)))

    def revision(years: int) -> np.ndarray:
        """By how much the mean gap of the last years was printed above the final one."""
        found = {
            o: np.mean(
                [
                    gaps(vintage(o), y - 1, y) - gaps(final, y - 1, y)
                    for y in range(o, o - years, -1)
                ],
                axis=0,
            )
            for o in origins
        }
        return by_origin(found)

    for model, planted in (("zero", 0.0), ("last", revision(1)), ("mean5", revision(5))):
        one, other = of(real, model, horizon), of(pseudo, model, horizon)
        moved = (one["forecast"] - other["forecast"]).to_numpy()
        np.testing.assert_allclose(moved, planted, atol=1e-9)
        np.testing.assert_array_equal(one["truth"], other["truth"])
        miss = (other["forecast"] - other["truth"]).to_numpy()
        square = ((one["forecast"] - one["truth"]) ** 2).mean() - (miss**2).mean()
        assert square == pytest.approx(np.mean(2 * miss * planted + planted**2), abs=1e-9)
    assert np.std(revision(1)) == pytest.approx(2.0, rel=0.2)


def test_members_forecast_as_a_run_on_the_panel_of_the_day_would(real):
    chosen = asked()
    for origin in (2008, 2011):
        alone = build_dataset(vintage(origin), chosen)
        assert int(alone.years[-1]) == origin
        task = prepare_task(alone.at(origin), 1, chosen)
        assert task is not None
        found = forecast_members(task, SERVED, chosen.model)
        np.testing.assert_array_equal(real.whole[1].members[origin], found)


def test_vintages_without_revisions_change_nothing(pseudo):
    same = rolled(vintages(sizes=()))
    pd.testing.assert_frame_equal(same.frame, pseudo.frame, check_exact=True)
    pd.testing.assert_frame_equal(same.intervals, pseudo.intervals, check_exact=True)
    pd.testing.assert_frame_equal(same.weights, pseudo.weights, check_exact=True)


def test_revisions_of_an_indicator_alone_leave_the_rules_as_they_are(pseudo):
    found = rolled(vintages(variable="patents_granted", sizes=(30.0, 10.0)))
    for model in ("zero", "last", "mean5", "damped", "ar_ridge", "persistence", "history_only"):
        np.testing.assert_array_equal(of(found, model)["forecast"], of(pseudo, model)["forecast"])
    for model in ("ridge", "blend", "structural"):
        assert (of(found, model)["forecast"] != of(pseudo, model)["forecast"]).mean() > 0.9


def test_panels_that_came_later_change_no_forecast_bound_or_weight(real):
    last = 2010
    dated = {
        day: poisoned(own, 1999, seed=day.year) if day > published(last) else own
        for day, own in vintages().items()
    }
    after = rolled(dated, poisoned(small_panel(), 1999, seed=9))
    for name, columns in (
        ("frame", ["forecast", "lower", "upper"]),
        ("intervals", ["lower_80", "upper_80", "p_below_0"]),
        ("weights", ["weight", "slope"]),
    ):
        one, other = (known_by(getattr(own, name), last)[columns] for own in (real, after))
        pd.testing.assert_frame_equal(one, other, check_exact=True)
    later = of(real, "blend").loc[last + 1 :, "forecast"]
    assert (later != of(after, "blend").loc[last + 1 :, "forecast"]).mean() > 0.9


def known_by(frame: pd.DataFrame, last: int) -> pd.DataFrame:
    keys = [key for key in ("model", "city", "origin", "horizon", "member") if key in frame]
    return frame[frame["origin"] <= last].set_index(keys).sort_index()


def test_a_truth_as_first_published_moves_the_score_of_no_gap_by_its_revision(real):
    first = rolled(
        vintages(), evaluation={"first_origin": 2008, "warmup_origins": 2, "truth": "first"}
    )
    one, other = of(first, "zero"), of(real, "zero")
    planted = by_origin({o: gaps(vintage(o + 1), o, o + 1) for o in SCORED})
    known = one.index.get_level_values("origin").isin(SCORED)
    np.testing.assert_allclose(one["truth"][known], planted, atol=1e-9)
    np.testing.assert_array_equal(one["forecast"], other["forecast"])
    np.testing.assert_array_equal(of(first, "ridge")["forecast"], of(real, "ridge")["forecast"])


def test_slopes_of_early_releases_learn_from_truths_of_their_day():
    release = release_of(small_panel(), release_frame(small_panel()))
    chosen = asked(outcome={"horizons": [1], "publication_delay_days": 90})

    def nowcasts(dated: dict[dt.date, Panel], panel: Panel) -> pd.DataFrame:
        dataset = replace(dataset_of(dated, chosen, panel), early=(release,))
        found = backtest_at(Engine(dataset, chosen), list(SCORED)).nowcast
        assert found is not None
        return found.frame.query("origin <= 2010").set_index(["origin", "city"]).sort_index()

    dated = vintages()
    spoilt = {
        day: poisoned(own, 1999, seed=day.year) if day > published(2010) else own
        for day, own in dated.items()
    }
    one, other = nowcasts(dated, small_panel()), nowcasts(spoilt, poisoned(small_panel(), 1999))
    pd.testing.assert_series_equal(one["forecast"], other["forecast"], check_exact=True)
    assert (one["truth"] != other["truth"]).all()
