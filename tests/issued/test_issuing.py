"""From a trained model to the record: what is kept, whether it is live, and its copy in MLflow."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import pytest

from bundle_inputs import small_forecaster, small_panel
from city_resilience.commands.main import run
from city_resilience.commands.predict import predict
from city_resilience.commands.recording import RECORD, Kept, issue_trained, kept_of, record_folder
from city_resilience.commands.stored import find_stored
from city_resilience.commands.train import Trained, train
from city_resilience.errors import InputError
from city_resilience.evaluation.baselines import BASELINES
from city_resilience.evaluation.interval_scores import crps
from city_resilience.experiment.issued import Issued as Settings
from city_resilience.issued.distribution import samples_of, sharing
from city_resilience.issued.issuing import Made, Traced, issue_forecast, issued_rows
from city_resilience.issued.record import (
    LEVELS,
    NAIVE_COLUMNS,
    QUANTILES,
    SAMPLES,
    TABLE,
    read_issues,
)
from city_resilience.models.bundle import load_bundle, open_bundle, save_bundle
from city_resilience.models.intervals import Calibration, city_positions, city_scale
from city_resilience.models.rows import ForecastRows
from city_resilience.reading.marks import MARKS
from city_resilience.reading.panel import Panel
from city_resilience.tracking.issued_copies import COPIES
from city_resilience.tracking.registry import champion_of
from city_resilience.tracking.store import open_store
from issued_inputs import sums_of
from nowcast_inputs import LAST, write_nowcast
from nowcast_inputs import TABLE as RELEASE

pytestmark = pytest.mark.tracking

TRACED = Traced(version="", model_digest="", fingerprint="")


class Story(NamedTuple):
    """A training that issued, its panel and release, and the store beside the record."""

    trained: Trained
    data: Path
    early: Path
    store: str
    record: Path


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, copied_stores: None) -> Story:
    folder = tmp_path_factory.mktemp("issued")
    experiment = write_nowcast(folder, f"{RELEASE}\n[issued]\non_train = true\n")
    store = str(folder / "store")
    early = folder / "release.csv"
    trained = train(experiment, store=store, serve="best-naive", early=early, vintage="2015-03-30")
    return Story(trained, folder / "panel.csv", early, store, record_folder(None, store))


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Panel:
    return small_panel(tmp_path_factory.mktemp("panel"))


@pytest.fixture(scope="module")
def made(panel: Panel) -> Made:
    """A forecast of a model without intervals."""
    forecaster = small_forecaster(panel)
    rows = forecaster.rows(panel)
    return Made(forecaster, rows, forecaster.forecast(rows))


def test_train_issues_what_it_forecast(story: Story) -> None:
    issues, live = read_issues(story.record), story.trained.live
    bundle = open_bundle(find_stored("small@champion", story.store).folder)
    told = zip(issues.issued, ("forecast", "nowcast"), (live.forecast, live.nowcast), strict=False)
    for number, (one, information, table) in enumerate(told, 1):
        assert (one.id, one.version) == (f"{LAST}-{information}-{number}", "small/1")
        assert (one.measure, one.unit, one.status) == ("growth_gap", "pp", "reconstructed")
        assert (one.model_digest, one.vintage) == (bundle.digest, "2015-03-30")
        assert one.fingerprint == bundle.forecaster.fingerprint
        assert set(one.files) == {TABLE, SAMPLES, MARKS}
        rows = issues.rows(one)
        assert rows[table.columns].equals(table.astype(rows[table.columns].dtypes.to_dict()))
    assert number == 2


def test_a_version_that_is_not_champion_is_not_issued(story: Story) -> None:
    trained, before = story.trained, sums_of(story.record)
    challenger = replace(trained.version, aliases=("challenger",))
    store = open_store(story.store, create=False)
    told = issue_trained(
        Kept(story.record, ""), trained.source, trained.live, "", challenger, store
    )
    assert (told, sums_of(story.record)) == ((), before)


def test_train_refuses_options_of_a_record_that_it_does_not_write(story: Story) -> None:
    settings = story.trained.source.experiment
    plain = settings.model_copy(update={"issued": Settings()})
    with pytest.raises(InputError, match="--vintage: is for the record alone; write on_train"):
        kept_of(plain, None, "2015-03-30", story.store, None)
    with pytest.raises(InputError, match="--vintage 'spring': no day"):
        kept_of(settings, None, "spring", story.store, None)
    assert kept_of(plain, None, None, story.store, None) is None


def test_setting_of_the_issue_changes_no_digest(story: Story) -> None:
    settings = story.trained.source.experiment
    plain = settings.model_copy(update={"issued": Settings()})
    assert settings.issued.on_train
    assert settings.digest() == plain.digest()
    assert "issued" not in plain.model_dump(mode="json")


def test_predict_issues_the_same_forecast_and_supersedes(
    story: Story, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "forecast.csv"
    words = ["predict", "--data", str(story.data), "--out", str(out), "--store", story.store]
    more = ["--early", str(story.early), "--issue", "--vintage", "2015-03-31"]
    assert run([*words, *more]) == 0
    said = " ".join(capsys.readouterr().out.split())
    issues = read_issues(story.record)
    old, new = issues.issued[1], issues.issued[-1]
    assert f"Issued: {new.id} of small, reconstructed, superseding {old.id}" in said
    assert (new.supersedes, new.vintage) == (old.id, "2015-03-31")
    pd.testing.assert_frame_equal(issues.rows(new), issues.rows(old))
    assert pd.read_csv(out)["forecast"].tolist() == issues.rows(new)["forecast"].tolist()
    assert issues.samples(new).equals(issues.samples(old))


def test_run_of_the_version_has_a_copy_of_each_issue(story: Story) -> None:
    store = open_store(story.store, create=False)
    version = champion_of("small", store)
    issues = read_issues(story.record)
    tags = store.client.get_run(version.run_id).data.tags
    place = Path(store.client.get_run(version.run_id).info.artifact_uri.removeprefix("file://"))
    for one in issues.issued:
        assert tags[f"{COPIES}.{one.id}"] == issues.sum_of(one)
        assert sums_of(place / COPIES / one.id) == sums_of(issues.folder / one.id)


def test_what_could_not_be_copied_is_said_and_copied_next_time(
    story: Story, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = open_store(story.store, create=False)

    def full(*arguments: object) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr("mlflow.MlflowClient.log_artifacts", full)
        first = predict(story.data, "small", store=story.store, issue=True).issued
    assert "No space left" in first.problem
    second = predict(story.data, "small", store=story.store, issue=True).issued
    assert second.problem == ""
    tags = store.client.get_run(second.run_id).data.tags
    assert {f"{COPIES}.{one.issued.id}" for one in (first, second)} <= tags.keys()


def test_quantiles_and_samples_are_of_the_errors_that_the_bounds_rest_on(story: Story) -> None:
    issues = read_issues(story.record)
    one = issues.issued[0]
    rows = issues.rows(one)
    assert (rows[list(QUANTILES)].diff(axis=1).iloc[:, 1:] >= 0).all(axis=None)
    forecaster = load_bundle(find_stored("small", story.store).folder)
    live = ForecastRows.of(story.trained.source.dataset)
    scale = city_scale(live.dataset.at(live.origin))[live.cities]
    first = rows[rows["horizon"] == 1]
    calibration = forecaster.horizons[1].calibration
    assert calibration is not None
    expected = calibration.quantiles(first["forecast"].to_numpy(), scale, np.array(LEVELS))
    assert first[list(QUANTILES)].to_numpy() == pytest.approx(expected.T)
    within = first[["mean"]].to_numpy() - first[["q010"]].to_numpy()
    assert (within > 0).all()
    drawn = issues.samples(one)
    assert drawn.shape == (len(rows), 102)
    both = drawn.merge(rows, on=["city", "horizon"])
    share = both.filter(regex=r"^d\d{3}$").le(both["q500"], axis=0).mean(axis=1)
    assert share.mean() == pytest.approx(0.5, abs=0.1)


def test_quantiles_of_a_nowcast_are_of_the_errors_of_nowcasts(story: Story) -> None:
    issues = read_issues(story.record)
    rows = issues.rows(issues.issued[1]).query("horizon == 1")
    told = (rows["information"] == "nowcast").to_numpy()
    assert told.any()
    forecaster = load_bundle(find_stored("small", story.store).folder)
    live = ForecastRows.of(story.trained.source.dataset)
    scale = city_scale(live.dataset.at(live.origin))[live.cities]
    (calibration,) = forecaster.nowcasts[1].calibrations.values()
    expected = calibration.quantiles(rows["forecast"].to_numpy(), scale, np.array(LEVELS))
    assert rows[list(QUANTILES)].to_numpy()[told] == pytest.approx(expected.T[told])
    alone = forecaster.horizons[1].calibration
    assert alone is not None
    other = alone.quantiles(rows["forecast"].to_numpy(), scale, np.array(LEVELS))
    assert rows[list(QUANTILES)].to_numpy()[told] != pytest.approx(other.T[told])


def test_crps_of_the_backtest_can_be_computed_from_the_record(story: Story) -> None:
    """The levels of the hubs hold those of `crps`: twice the mean pinball loss over 5 % steps."""
    issues = read_issues(story.record)
    first = issues.rows(issues.issued[0]).query("horizon == 1")
    truth = first["forecast"].to_numpy() + 0.7
    levels = np.arange(1, 20) / 20.0
    held = first[[f"q{round(1000 * level):03d}" for level in levels]].to_numpy().T
    error = truth - held
    loss = np.maximum(levels[:, None] * error, (levels[:, None] - 1.0) * error)
    live = ForecastRows.of(story.trained.source.dataset)
    scale = city_scale(live.dataset.at(live.origin))[live.cities]
    calibration = load_bundle(find_stored("small", story.store).folder).horizons[1].calibration
    expected = crps(calibration, first["forecast"].to_numpy(), scale, truth)
    assert 2.0 * loss.mean(axis=0) == pytest.approx(expected)


def test_cities_of_a_group_share_a_draw_and_horizons_do_not(made: Made) -> None:
    """Errors of one shock a year and one a group and year are drawn as they came."""
    dataset, origins = made.rows.dataset, np.arange(1980, 2012)
    rng = np.random.default_rng(4)
    code = np.unique(dataset.groups["province"], return_inverse=True)[1]
    shocks = rng.normal(size=(len(origins), 1)) + rng.normal(size=(len(origins), code.max() + 1))
    errors = shocks[:, code] + 0.5 * rng.normal(size=(len(origins), len(code)))
    calibration = Calibration(
        wait=1,
        origin=np.repeat(origins, len(code)),
        residual=errors.ravel(),
        scale=np.ones(errors.size),
        city=np.tile(city_positions(dataset.cities, made.forecaster.cities), len(origins)),
        rule="year",
    )
    models = {
        horizon: replace(own, calibration=calibration)
        for horizon, own in made.forecaster.horizons.items()
    }
    forecaster = replace(made.forecaster, horizons=models)
    drawn = samples_of(forecaster, made.rows, forecaster.forecast(made.rows), {})
    wide = drawn.set_index(["horizon", "city"]).T.corr()
    place = dict(zip(dataset.cities, code, strict=True))
    one = wide.loc[1, 1]
    same = np.array([[place[a] == place[b] and a != b for b in one] for a in one])
    other = np.array([[place[a] != place[b] for b in one] for a in one])
    within, among = one.to_numpy()[same].mean(), one.to_numpy()[other].mean()
    assert within > among + 0.2 > 0.4
    assert abs(wide.loc[1, 2].to_numpy().mean()) < 0.15


def test_naive_rules_are_those_of_that_day(made: Made) -> None:
    rows = issued_rows(made)
    view = made.rows.dataset.at(made.rows.origin)
    least = made.forecaster.experiment.features.min_history
    for column, name in NAIVE_COLUMNS.items():
        for horizon, part in rows.groupby("horizon"):
            every = BASELINES[name].forecast(view, int(horizon), least)[made.rows.cities]
            expected = np.where(made.rows.stale, np.nan, every)
            assert part[column].to_numpy() == pytest.approx(expected, nan_ok=True)
    region = dict(zip(made.rows.dataset.cities, made.rows.dataset.groups["region"], strict=True))
    assert rows["group_region"].tolist() == [region[city] for city in rows["city"]]
    assert sharing(made.rows)[0] == "province"


def test_a_model_without_intervals_is_issued_without_them(made: Made, tmp_path: Path) -> None:
    one = issue_forecast(tmp_path, made, TRACED)
    issues = read_issues(tmp_path)
    assert set(one.files) == {TABLE}  # no samples
    assert issues.rows(one)[["lower", "mean", *QUANTILES]].isna().all(axis=None)
    assert issues.samples(one).empty


def at(year: int, month: int, day: int) -> dt.datetime:
    return dt.datetime(year, month, day, 23, 59, tzinfo=dt.UTC)


def test_live_is_what_was_issued_before_an_outcome_could_be_known(
    made: Made, panel: Panel, tmp_path: Path
) -> None:
    """The outcome of 2014, the first that is forecast, is published by 2016-03-30."""
    known = at(2016, 3, 30)
    late = known + dt.timedelta(days=1)
    earlier = ForecastRows.of(made.rows.dataset, origin=made.rows.origin - 1)
    before = replace(made, rows=earlier, table=made.forecaster.forecast(earlier))
    younger = replace(made, forecaster=replace(made.forecaster, origin=made.rows.origin + 1))
    older = replace(made, forecaster=replace(made.forecaster, origin=made.rows.origin - 1))
    cases = [
        (made, TRACED, known, "live"),
        (made, TRACED, late, "reconstructed"),
        (made, replace(TRACED, newest=False), known, "reconstructed"),
        (before, TRACED, at(2014, 6, 1), "reconstructed"),
        (younger, TRACED, known, "reconstructed"),
        (older, TRACED, known, "live"),
    ]
    found = [issue_forecast(tmp_path, own, traced, now=now) for own, traced, now, _ in cases]
    assert [one.status for one in found] == [status for *_, status in cases]
    assert found[0].known_from == known.date()
    assert found[0].issued_at == known.replace(microsecond=0)


def test_what_cannot_be_issued_is_refused_before_any_work(
    made: Made, tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    model = str(save_bundle(made.forecaster, tmp_path / "model"))
    words = ["predict", "--data", "none.csv", "--out", str(tmp_path / "f.csv"), "--model", model]
    refused = {
        ("--issue", "--city", "x"): "a forecast is issued whole; leave --city out",
        ("--issue", "--vintage", "spring"): "--vintage 'spring': no day",
        ("--record", str(tmp_path)): "--record: is for the record alone; add --issue",
        ("--issue", "--each", "csv"): "--each: goes without --groups, --early and --issue",
    }
    for more, said in refused.items():
        assert run([*words, *more]) == 2
        assert said in capsys.readouterr().err
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://127.0.0.1:1")
    monkeypatch.delenv(RECORD, raising=False)
    assert run([*words, "--issue"]) == 2
    assert f"name it with --record or {RECORD}" in capsys.readouterr().err
    with pytest.raises(InputError, match="not the loaded model"):
        predict("none.csv", made.forecaster, issue=True)
    monkeypatch.setenv(RECORD, str(tmp_path / "kept"))
    assert record_folder() == tmp_path / "kept"
    assert not (tmp_path / "f.csv").exists()
    assert not (tmp_path / "kept").exists()


def test_what_is_said_of_an_issue_is_plain_json(made: Made, tmp_path: Path) -> None:
    one = issue_forecast(tmp_path, made, replace(TRACED, vintage="2015-04-01"))
    about = json.loads((tmp_path / one.model / one.id / "issue.json").read_text("utf-8"))
    assert about["vintage"] == "2015-04-01"
    assert about["issued_at"].endswith("+00:00")
    assert about["files"] == one.files
