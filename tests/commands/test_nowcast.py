"""Nowcasts end to end: beside the forecast, never mixed with it, and the same when served."""

from __future__ import annotations

import contextlib
import io
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from city_resilience.commands import main, models, run, train
from city_resilience.commands.evaluation import Evaluation
from city_resilience.commands.explain import explain_city
from city_resilience.commands.nowcast import told_lines
from city_resilience.commands.predict import predict
from city_resilience.commands.source import load
from city_resilience.errors import InputError
from city_resilience.explain.contributions import contributions, early_id, with_early
from city_resilience.models.bundle import load_bundle
from city_resilience.models.forecaster import NO_EARLY
from city_resilience.models.rows import ForecastRows
from city_resilience.progress import silent
from city_resilience.report.report_page import render_report
from city_resilience.tracking.registry import list_models
from city_resilience.tracking.store import open_store
from nowcast_inputs import panel_frame, release_frame, write_nowcast

pytestmark = pytest.mark.tracking

FIGURES = ["forecast", "lower", "upper", "lower_80", "upper_80", "p_below_0", "p_worst_tenth"]
EARLY = early_id("provinces")


@dataclass(frozen=True)
class Both:
    """One panel, trained with the release of its provinces, and evaluated without any."""

    folder: Path
    told: train.Trained
    shown: str
    alone: Evaluation
    alone_live: run.Live

    def table(self, name: str) -> pd.DataFrame:
        return pd.read_csv(self.folder / "out" / name, keep_default_na=False, na_values=[""])

    @property
    def model(self) -> Path:
        return self.folder / "out" / "model"


@pytest.fixture(scope="module")
def both(tmp_path_factory: pytest.TempPathFactory, copied_stores: None) -> Both:
    folder = tmp_path_factory.mktemp("nowcast")
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_RUN_ID", raising=False)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        told = train.train(
            write_nowcast(folder),
            out=folder / "out",
            early=folder / "release.csv",
            store=str(folder / "store"),
        )
        shown = io.StringIO()
        with contextlib.redirect_stdout(shown):
            train.show(told)
    source = load(write_nowcast(tmp_path_factory.mktemp("alone"), tables=""))
    alone, live = run.evaluate_and_fit(source, "", silent)
    return Both(folder, told, shown.getvalue(), alone, live)


def _of(table: pd.DataFrame, information: str) -> pd.DataFrame:
    own = table[table["information"] == information]
    return own.drop(columns="information").reset_index(drop=True)


def test_tables_hold_both_sets_and_the_forecast_is_that_without_releases_bit_for_bit(both):
    told, alone = both.told.evaluation.tables(), both.alone.tables()
    for name in ("backtest.parquet", "scores.csv", "intervals.csv"):
        assert set(told[name]["information"]) == {"forecast", "nowcast"}
        pd.testing.assert_frame_equal(
            _of(told[name], "forecast"), _of(alone[name], "forecast"), check_exact=True
        )
    for name in ("comparisons.csv", "coverage.csv", "reliability.csv", "weights.csv"):
        pd.testing.assert_frame_equal(told[name], alone[name], check_exact=True)
    pd.testing.assert_frame_equal(
        both.told.live.forecast, both.alone_live.forecast, check_exact=True
    )
    assert set(told) - set(alone) == {
        *("nowcast_scores.csv", "nowcast_releases.csv", "nowcast_slopes.csv")
    }


def test_the_table_of_nowcasts_says_by_how_much_releases_moved_the_forecast(both):
    forecast, nowcast = both.table("forecast.csv"), both.table("nowcast.csv")
    assert forecast.columns.tolist() == nowcast.columns.tolist()
    assert set(forecast["information"]) == {"forecast"}
    assert forecast["early_release"].isna().all()
    assert set(nowcast["information"]) == {"nowcast"}
    moved = nowcast["forecast"] - forecast["forecast"]
    np.testing.assert_allclose(moved, nowcast["early_release"], atol=1e-9)
    assert moved.abs().mean() > 0.5


def test_contributions_add_up_to_the_nowcast(both):
    forecaster, rows = both.told.live.forecaster, ForecastRows.of(both.told.source.dataset)
    moved = forecaster.early_moves(rows, forecaster.forecast(rows))
    drivers = with_early(contributions(forecaster, rows), rows, moved)
    sums = drivers.groupby(["city", "horizon"])["contribution"].sum()
    own = both.told.live.nowcast.set_index(["city", "horizon"])["forecast"]
    np.testing.assert_allclose(sums.sort_index(), own.sort_index(), atol=1e-5)
    assert set(drivers.loc[drivers["indicator"] == EARLY, "family"]) == {"early_release"}


def test_bounds_lie_around_a_nowcast_that_no_slope_of_its_horizon_moves(both):
    whole, rows = both.told.live.forecaster, ForecastRows.of(both.told.source.dataset)
    forecaster = replace(whole, nowcasts={1: whole.nowcasts[1]})
    alone = forecaster.forecast(rows)
    table = forecaster.nowcast(rows, alone, forecaster.early_moves(rows, alone))
    longer = table[(table["horizon"] == 2) & (table["information"] == "nowcast")]
    assert len(longer) > 20
    middle = (longer["lower"] + longer["upper"]) / 2.0
    np.testing.assert_allclose(middle, longer["forecast"], atol=1e-9)


def test_a_measure_that_releases_say_nothing_of_is_refused_before_anything_is_fitted(tmp_path):
    file = write_nowcast(tmp_path)
    with pytest.raises(InputError, match="tells of growth_gap and not of relative_resistance"):
        load(
            file,
            overrides=["outcome.measure=relative_resistance"],
            with_early=True,
            early=tmp_path / "release.csv",
        )


def test_the_stored_model_serves_the_nowcast_of_its_training(both):
    found = predict(panel_frame(), load_bundle(both.model), early=release_frame()).table
    own = both.told.live.nowcast
    assert found[["city", "horizon", "information", "flags"]].equals(
        own[["city", "horizon", "information", "flags"]]
    )
    np.testing.assert_allclose(found[FIGURES], own[FIGURES], rtol=1e-9)
    assert found.filter(like="driver_").equals(own.filter(like="driver_"))


def test_without_the_release_the_forecast_is_served_flagged_and_it_is_said_why(both, capsys):
    found = predict(panel_frame(), load_bundle(both.model))
    alone = both.alone_live.forecast
    np.testing.assert_allclose(found.table[FIGURES], alone[FIGURES], rtol=1e-9)
    assert found.table["flags"].str.endswith(NO_EARLY).all()
    assert set(found.table["information"]) == {"forecast"}
    words = ["predict", "--data", both.folder / "panel.csv", "--model", both.model]
    assert main.run([*map(str, words), "--out", str(both.folder / "p.csv")]) == 0
    shown = capsys.readouterr()
    assert "Early: 0 of 60 rows are nowcasts\n" in shown.out
    assert (
        "60 rows are the forecast, flagged no_early_release: 60 because no file is given of "
        in (shown.out)
    )
    assert "and the forecast is served" in shown.err
    manifest = json.loads((both.folder / "p.csv.manifest.json").read_text("utf-8"))
    assert manifest["information"] == {"forecast": 60}
    assert manifest["early"]["missing"] == ["provinces"]


def test_a_group_without_a_figure_is_forecast_and_the_others_are_told(both):
    frame = release_frame()
    silent_one = frame["province"].iloc[0]
    frame = frame[(frame["province"] != silent_one) | (frame["year"] <= 2013)]
    table = predict(panel_frame(), load_bundle(both.model), early=frame).table
    quiet = table[table["information"] == "forecast"]
    assert set(quiet["province"]) == {silent_one}
    first, second = told_lines(table, ())
    assert first == f"{len(table) - len(quiet)} of {len(table)} rows are nowcasts"
    assert f"{len(quiet)} of places that no release moves" in second


def test_a_city_is_explained_with_what_the_release_adds(both):
    city = both.told.live.nowcast["city"].iloc[0]
    bundle = load_bundle(both.model)
    found = explain_city(city, panel_frame(), model=bundle, early=release_frame())
    own = both.told.live.nowcast.query("city == @city and horizon == 1").iloc[0]
    assert found.information == "nowcast"
    assert found.forecast == pytest.approx(own["forecast"], abs=1e-5)
    part = found.drivers.set_index("indicator").loc[EARLY]
    assert part["contribution"] == pytest.approx(own["early_release"])
    assert found.labels[EARLY] == "Growth of the provinces (revised vintage)"
    stored = explain_city(city, model=both.model)
    assert stored.information == "forecast"
    assert "needs --data and --early" in stored.notes[0]
    missing = explain_city(city, panel_frame(), model=bundle)
    assert missing.notes[-1].startswith("early.provinces: no file of this release")
    with pytest.raises(InputError, match="--early: without --data"):
        explain_city(city, model=both.model, early=release_frame())


def test_releases_and_slopes_are_tabled(both):
    (release,) = both.table("nowcast_releases.csv").to_dict("records")
    assert (release["release"], release["vintage"], release["prices"]) == (
        *("provinces", "revised", "real"),
    )
    assert (release["first_told"], release["told"], release["levels"]) == (2014, 20, 20)
    assert release["adding_up_error"] < 0.001
    slopes = both.table("nowcast_slopes.csv").set_index(["horizon", "kind"])
    assert slopes.loc[(1, "member"), "surprise"] == pytest.approx(1.0, abs=0.1)
    assert (slopes["gain"] > 0).all()


def _quoted(both: Both) -> dict[str, Any]:
    sides = both.table("nowcast_scores.csv")
    return sides.query("horizon == 1 and cities == 'several' and slice == 'all'").iloc[0].to_dict()


def test_screen_page_and_card_quote_the_figure_without_lone_cities(both):
    own, folder = _quoted(both), both.folder / "out"
    assert "Nowcast beside forecast, MAE (pp)" in both.shown
    said = (
        f"the mean error falls from {own['forecast']:.2f} pp (forecast) to {own['nowcast']:.2f} pp "
        "(nowcast) with “Growth of the provinces” (revised vintage)"
    )
    assert said in both.shown
    page = (folder / "report.html").read_text("utf-8").replace("\u00a0", " ")
    assert said in page
    assert 'id="nowcast-none"' not in page
    assert page.count('class="num nowcast"') == page.count('class="num moved"') == 1 + 30
    card = (both.model / "MODEL_CARD.md").read_text("utf-8")
    assert f"| {own['forecast']:.3f} | {own['nowcast']:.3f} |" in card
    assert "| Growth of the provinces | province | real | same | revised |" in card


@pytest.mark.browser
def test_the_table_of_cities_sorts_by_the_move_and_a_city_says_its_nowcast(both, browser):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.goto((both.folder / "out" / "report.html").as_uri())
    page.click("#nowcast summary")
    for h in (1, 2):
        page.click(f'#horizons [data-horizon="{h}"]')
        page.click('[data-sort="forecast"]')
        page.click('[data-sort="moved"]')
        shown = page.locator('#city-table [data-column="moved"]').all_inner_texts()
        moves = [float(text.replace("\u2212", "-")) for text in shown]
        assert moves == sorted(moves, reverse=True)
        own = both.told.live.nowcast.query("horizon == @h").nlargest(1, "early_release").iloc[0]
        assert moves[0] == pytest.approx(own["early_release"], abs=0.005)
        assert page.inner_text("#nowcast-sentence").count("(nowcast)") == 1
    page.click("#city-table tbody a")
    page.wait_for_selector("#place .falls .bar")
    said = page.inner_text("#place").replace("\u2212", "-").replace("\u00a0", " ")
    assert f"Nowcast, with what is already published: {own['forecast']:+.1f} pp, moved by" in said
    page.close()
    assert problems == []


def test_a_run_and_its_version_say_what_the_nowcast_is_worth(both, capsys):
    own, store = _quoted(both), open_store(str(both.folder / "store"), create=False)
    metrics = store.client.get_run(both.told.run_id).data.metrics
    assert metrics["nowcast/mae_h1"] == pytest.approx(own["nowcast"])
    assert metrics["nowcast/forecast_mae_h1"] == pytest.approx(own["forecast"])
    assert metrics["nowcast/skill_h1"] == pytest.approx(own["skill"])
    (version,) = list_models(store)
    assert version.tags["nowcast"] == "provinces (revised vintage)"
    assert float(version.tags["nowcast_mae_h1"]) == pytest.approx(own["nowcast"], abs=1e-6)
    models.show([version])
    shown = capsys.readouterr().out
    assert "nowcast h=1" in shown
    assert f"{own['nowcast']:.3f}" in shown


def test_a_page_without_a_nowcast_of_the_coming_years_says_so(both):
    summary = both.told.summary
    part = summary["nowcast"]
    releases = [{**own, "first_told": None, "last_told": None} for own in part["releases"]]
    page = render_report({**summary, "nowcast": {**part, "live": [], "releases": releases}})
    assert 'id="nowcast-none"' in page
    assert 'class="num nowcast"' not in page
