"""From issued forecasts and a newer panel to scores, alarms, files, a page and a run."""

from __future__ import annotations

import io
import json
import re
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest

from bundle_inputs import CITIES, panel_text, small_experiment, small_forecaster, small_panel
from city_resilience.commands.main import run
from city_resilience.commands.models import import_model
from city_resilience.commands.monitor import FILES, monitor
from city_resilience.commands.predict import predict
from city_resilience.commands.stored import load_model
from city_resilience.errors import InputError
from city_resilience.models.bundle import save_bundle
from city_resilience.report.monitor import render_monitor
from city_resilience.tasks.dataset import build_dataset
from page_visits import findings_of

ORIGINS = (2010, 2011, 2012)


class Place(NamedTuple):
    model: Path
    older: Path
    record: Path
    panel: Path


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Place:
    folder = tmp_path_factory.mktemp("monitored")
    panel = small_panel(folder)
    forecaster = small_forecaster(panel)
    model = save_bundle(forecaster, folder / "bundle")
    limits = small_experiment(monitor={"least_skill": 0.9, "short_coverage": 1.0})
    before = replace(forecaster, experiment=limits, origin=forecaster.origin - 1)
    older = save_bundle(before, folder / "older")
    for origin in ORIGINS:
        predict(folder / "panel.csv", model, origin=origin, issue=True, record=folder / "issued")
    return Place(model, older, folder / "issued", folder / "panel.csv")


@pytest.fixture(scope="module")
def result(place: Place, tmp_path_factory: pytest.TempPathFactory):
    out = tmp_path_factory.mktemp("out") / "monitor"
    return monitor(place.panel, place.model, record=place.record, out=out)


def test_every_issue_with_a_known_outcome_is_scored(result, place: Place) -> None:
    panel = small_panel(place.panel.parent)
    dataset = build_dataset(panel, small_experiment())
    assert len(result.rows) == CITIES * (3 + 2)
    for row in result.rows.sample(10, random_state=1).to_dict("records"):
        truth = dataset.truth(row["origin"], row["horizon"])
        expected = truth[dataset.cities.index(row["city"])]
        assert row["error"] == pytest.approx(row["forecast"] - expected)
        assert row["error_zero"] == pytest.approx(-expected)
    issues = result.scores[result.scores["slice"] == "issue"]
    assert set(issues["level"]) == {f"{o}-forecast-{k + 1}" for k, o in enumerate(ORIGINS)}
    assert set(result.scores["status"]) == {"reconstructed"}
    assert "group:region" in set(result.scores["slice"])


def test_files_hold_what_was_returned(result) -> None:
    names = {path.name for path in result.out.iterdir()}
    assert names == set(FILES)
    drift = pd.read_csv(result.out / "drift.csv")
    assert drift["indicator"].tolist() == result.drift["indicator"].tolist()
    rows = pd.read_parquet(result.out / "issued_rows.parquet")
    assert rows["error"].tolist() == result.rows["error"].tolist()
    summary = json.loads((result.out / "monitor.json").read_text(encoding="utf-8"))
    assert summary["model"] == "small"
    assert len(summary["issues"]) == 3
    assert (summary["reference"], summary["scores"][0]["backtest"]) == ("panel", {})


def test_page_says_everything_in_both_languages(result) -> None:
    page = (result.out / "monitor.html").read_text(encoding="utf-8")
    body = re.sub(r"<(script|style).*?</\1>", "", page, flags=re.S)
    texts = {lang: re.findall(f'lang="{lang}">([^<]*)', body) for lang in ("en", "zh")}
    texts["en"].remove("\n")  # of the page itself
    assert len(texts["en"]) == len(texts["zh"]) > 40
    assert not re.search(r"[{}]", body)
    assert "已发布的预测有多准" in body
    assert not re.search(r"https?://", body)


@pytest.mark.browser
@pytest.mark.parametrize("width", [1280, 390])
def test_the_page_switches_fits_and_loads_nothing(browser: Any, result, width: int) -> None:
    problems: list[str] = []
    requests: list[str] = []
    page = browser.new_page(viewport={"width": width, "height": 844})
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("request", lambda request: requests.append(request.url))
    page.goto((result.out / "monitor.html").as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.inner_text("#short-title") == "In short"
    assert page.inner_text("header .subtitle").startswith("Model small: 3 issued forecasts")
    page.click("#language")
    assert page.inner_text("#short-title") == "核心结论"
    assert page.title() == "已发布预测与实际值的比较"
    page.close()
    assert problems == []
    assert [url for url in requests if not url.startswith(("file:", "data:"))] == []


@pytest.mark.browser
@pytest.mark.parametrize("lang", ["en", "zh"])
def test_axe_finds_nothing_above_minor(browser: Any, result, lang: str) -> None:
    assert findings_of(browser, result.out / "monitor.html", lang) == []


def test_what_changed_is_beside_the_issue_before(result) -> None:
    changed = result.changed
    assert (changed.before.origin, changed.now.origin) == (2011, 2012)
    one = changed.rows.iloc[0]
    assert one["moved"] == pytest.approx(one["forecast"] - one["forecast_before"])
    by_horizon = changed.rows.groupby("horizon")["moved"]
    assert by_horizon.apply(lambda own: own.abs().is_monotonic_decreasing).all()
    assert len(changed.rows) == 2 * CITIES


def test_report_says_what_changed_where_its_forecast_was_issued(
    place: Place, tmp_path: Path
) -> None:
    from city_resilience.commands.report import write_report
    from city_resilience.report.summary import summarise
    from report_inputs import make_inputs

    summary = summarise(**make_inputs().all())
    run_of = {**summary["run"], "name": "small"}
    results = {**summary, "run": run_of, "origin": 2012}
    (tmp_path / "summary.json").write_text(json.dumps(results), encoding="utf-8")
    out = tmp_path / "pages" / "issued.html"
    reported = write_report(out, tmp_path, record=place.record)
    assert reported.summary["changed"]["before"] == "2011-forecast-2"
    page = out.read_text(encoding="utf-8")
    assert "What changed since the last issue" in page
    assert "与上一期预测相比的变动" in page
    results["origin"] = 2009
    (tmp_path / "summary.json").write_text(json.dumps(results), encoding="utf-8")
    assert write_report(out, tmp_path, record=place.record).summary["changed"] is None
    assert 'id="changed"' not in out.read_text(encoding="utf-8")
    assert "changed" not in write_report(out, tmp_path).summary


def test_alarms_end_with_3_under_strict_alone(place: Place, tmp_path: Path, capsys) -> None:
    frame = pd.read_csv(io.StringIO(panel_text()))
    patents = next(header for header in frame if header.startswith("Patents granted"))
    frame.loc[frame["year"] == frame["year"].max(), patents] = np.nan
    frame.to_csv(tmp_path / "newer.csv", index=False)
    words = ["monitor", "--actuals", str(tmp_path / "newer.csv"), "--model", str(place.older)]
    words += ["--record", str(place.record), "--quiet"]
    assert run(words) == 0
    told = capsys.readouterr()
    assert told.out == ""
    assert "Alarm: forecast, reconstructed, h = 1: skill" in told.err
    assert re.search(
        r"Alarm: 2 indicators of the model have no value after 2012: Patents", told.err
    )
    assert run([*words, "--strict"]) == 3
    assert "alarms, see above; the limits are in [monitor]" in capsys.readouterr().err


def test_first_published_outcomes_are_scored_beside_the_newest(place: Place) -> None:
    frame = pd.read_csv(io.StringIO(panel_text()))
    last = frame["year"].max()
    found = monitor([frame[frame["year"] < last], frame], place.model, record=place.record)
    assert set(found.survey["vintage"]) == {"first", "newest"}
    keys = ["issue", "city", "horizon"]
    kept = found.rows.pivot_table(index=keys, columns="vintage", values="truth")
    assert kept["first"].tolist() == pytest.approx(kept["newest"].tolist())


def test_what_cannot_be_monitored_is_refused(place: Place, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="nothing has been issued there"):
        monitor(place.panel, place.model, record=tmp_path)
    with pytest.raises(InputError, match="names no panel"):
        monitor([], place.model, record=place.record)
    other = small_experiment(outcome={"horizons": [1, 2], "measure": "sensitivity"})
    forecaster = replace(load_model(place.model), experiment=other)
    model = save_bundle(forecaster, tmp_path / "other")
    with pytest.raises(InputError, match="is a forecast of 'growth_gap', the model forecasts"):
        monitor(place.panel, model, record=place.record)
    held = tmp_path / "drift.csv"
    held.write_bytes(place.panel.read_bytes())
    with pytest.raises(InputError, match="would overwrite"):
        monitor(held, place.model, record=place.record, out=tmp_path)


@pytest.mark.tracking
@pytest.mark.usefixtures("copied_stores")
def test_a_registered_model_gets_a_run_of_its_own(place: Place, tmp_path: Path) -> None:
    from city_resilience.tracking.store import open_store

    store = str(tmp_path / "store")
    version = import_model(place.model, store=store)
    found = monitor(place.panel, version.reference, store=store, record=place.record)
    client = open_store(store, create=False).client
    run_of = client.get_run(found.run_id)
    mae = found.scores.query("slice == 'all' and model == 'issued' and horizon == 1")["mae"].item()
    assert run_of.data.metrics["reconstructed_forecast/mae_h1"] == pytest.approx(mae)
    assert run_of.data.tags["city_resilience.command"] == "monitor"
    assert {own.path for own in client.list_artifacts(found.run_id)} == set(FILES)


ABOUT = {"status": "live", "information": "forecast", "horizon": 1, "years": 2, "n": 60}
DRIFTED = {"indicator": "x", "family": "digital", "year_before": 2011, "year": 2012}


@pytest.mark.parametrize(
    ("code", "figures", "expected"),
    [
        (
            "coverage",
            {"coverage": 0.7, "promised": 0.9, "limit": 0.1, "origin": "2011"},
            "forecast, live, h = 1, origin 2011: 70.0 % of the outcomes lay inside intervals that "
            "promise 90 %; the limit is 10.0 points less",
        ),
        (
            "skill",
            {"skill": -0.05, "limit": 0.0, "rule": "zero", "origin": ""},
            "forecast, live, h = 1: skill −5.0 % against the best naive rule (no gap); the limit "
            "is 0.0 %",
        ),
        (
            "error",
            {"mae": 3.0, "backtest": 1.5, "times": 2.0, "limit": 1.5, "origin": ""},
            "forecast, live, h = 1: mean absolute error 3.00 pp, 2.00 times that of the backtest "
            "(1.50 pp); the limit is 1.50 times",
        ),
        (
            "drift",
            {"kinds": ("psi", "spread"), "psi": 0.5, "spread": 0.6931},
            "Broadband (x) has drifted between 2011 and 2012: distribution (PSI), spread "
            "(PSI 0.50; Spread × 2.00)",
        ),
        (
            "missing",
            {"share_before": 0.95, "share": 0.5},
            "Broadband (x): a value for 50 % of the cities in 2012, 95 % at the training",
        ),
        (
            "ended",
            {"year": 2011, "indicators": tuple("abcdefgh"), "n": 8},
            "8 indicators of the model have no value after 2011: a, b, c, d, e, f and 2 more",
        ),
    ],
)
def test_alarms_in_words(code, figures, expected) -> None:
    from city_resilience.report.monitor import alarm_sentence
    from city_resilience.report.texts import Texts, measure_words

    own = figures if code == "ended" else (DRIFTED if code in ("drift", "missing") else ABOUT)
    alarm = {"code": code, "figures": {**own, **figures}}
    said = alarm_sentence(alarm, {"x": ("Broadband", "宽带")}, Texts(measure_words("growth_gap")))
    assert said["en"] == expected
    assert re.search(r"[\u4e00-\u9fff]", said["zh"])


def test_a_page_without_any_outcome_says_so(result) -> None:
    empty = {**result.summary, "scores": [], "each": [], "groups": [], "survey": []}
    page = render_monitor(empty | {"changed": None})
    assert "No outcome of an issued forecast is known yet." in page
