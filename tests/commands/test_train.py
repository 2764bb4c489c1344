"""Whole runs on a small simulated panel: files, run, registered versions, gate, failures."""

from __future__ import annotations

import contextlib
import io
import json
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from subprocess import Popen
from typing import Any

import numpy as np
import pandas as pd
import pytest

from city_resilience.commands import compare, judging, main, train, ui
from city_resilience.commands.evaluation import evaluate
from city_resilience.commands.explain import explain_city
from city_resilience.commands.source import load
from city_resilience.evaluation.backtest import run_backtest
from city_resilience.evaluation.candidates import BLEND
from city_resilience.explain.contributions import BASE
from city_resilience.models.bundle import load_bundle
from city_resilience.models.intervals import EVENTS
from city_resilience.progress import silent
from city_resilience.tracking import interface
from city_resilience.tracking.registry import (
    bundle_of,
    champion_of,
    find_version,
    list_models,
    run_file,
)
from city_resilience.tracking.store import Store, open_store
from city_resilience.tracking.table_view import VIEW_TAG
from pipeline_inputs import CITIES, LAST, SHORT, small_frame, with_stale_city, write_experiment

pytestmark = pytest.mark.tracking

FILES = {
    "audit.html",
    "audit.json",
    "backtest.parquet",
    "comparisons.csv",
    "brief.docx",
    "coverage.csv",
    "drift_reference.parquet",
    "drivers",
    "drivers.parquet",
    "drivers_by_group.csv",
    "drivers_structural.parquet",
    "dropped.csv",
    "forecast.csv",
    "forecast_groups.csv",
    "intervals.csv",
    "model",
    "panel_fingerprint.csv",
    "panel_marks.parquet",
    "reliability.csv",
    "report.html",
    "report.xlsx",
    "scores.csv",
    "structural.csv",
    "sums.csv",
    "summary.json",
    "verdict.json",
    "weights.csv",
}
CRIPPLED = (
    'model.members=["ridge"]',
    "model.serve=ridge",
    "model.parameters.ridge.alpha=1e8",
)
FORCED = ("--force", "--reason", "a test")
DRIVERS = ["driver_1", "driver_2", "driver_3"]


class Story:
    """Five trainings and a forced promotion in one store; the newest year comes in the last.

    ``aliases`` are those right after each training.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.store_path = str(folder / "store")
        self.whole, self.stale = with_stale_city(small_frame(), 2010)
        self.whole.to_csv(folder / "whole.csv", index=False)
        self.experiment = write_experiment(folder, self.whole[self.whole["year"] < LAST])
        self.panels = {"first": folder / "panel.csv", "better": folder / "whole.csv"}
        self.first = self.train("first")
        self.tie = self.train("tie")
        self.after_tie = self.champion()
        self.worse = self.command(
            "train",
            str(self.experiment),
            *(word for item in CRIPPLED for word in ("--set", item)),
            *("--out", str(folder / "worse"), "--require-promotion"),
        )
        self.after_worse = self.champion()
        self.refused = self.command("promote", "small@challenger")
        self.forced = self.command("promote", "small@challenger", *FORCED)
        self.after_forced = self.champion()
        self.better = self.train("better", data=str(self.panels["better"]))
        self.after_better = self.champion()

    def train(self, name: str, **options: Any) -> train.Trained:
        out = self.folder / name
        return train.train(self.experiment, out=out, store=self.store_path, **options)

    def command(self, *words: str) -> tuple[int, str, str]:
        out, err = io.StringIO(), io.StringIO()
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            code = main.run([*words, "--store", self.store_path])
        return code, out.getvalue(), err.getvalue()

    @property
    def store(self) -> Store:
        return open_store(self.store_path, create=False)

    def champion(self) -> int:
        found = champion_of("small", self.store)
        assert found is not None
        return found.version


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, copied_stores: None) -> Iterator[Story]:
    with pytest.MonkeyPatch.context() as patch:
        patch.delenv("MLFLOW_RUN_ID", raising=False)
        patch.delenv("MLFLOW_TRACKING_URI", raising=False)
        yield Story(tmp_path_factory.mktemp("story"))


def yearly_mae(frame: pd.DataFrame, model: str, horizon: int = 1) -> float:
    rows = frame[(frame["model"] == model) & (frame["horizon"] == horizon)].dropna(subset="truth")
    errors = (rows["forecast"] - rows["truth"]).abs()
    return float(errors.groupby(rows["origin"]).mean().mean())


def runs_of(story: Story, name: str = "small") -> list[Any]:
    found = story.store.client.get_experiment_by_name(name)
    return list(story.store.client.search_runs([found.experiment_id]))


def test_output_folder_holds_the_files_of_the_contract(story):
    for name in ("first", "tie", "worse", "better"):
        assert {path.name for path in (story.folder / name).iterdir()} == FILES
    backtest = pd.read_parquet(story.folder / "first" / "backtest.parquet")
    assert backtest.columns.tolist() == [
        *("model", "city", "origin", "horizon", "target_year"),
        *("truth", "forecast", "lower", "upper", "information"),
    ]
    assert set(backtest["information"]) == {"forecast"}
    assert sorted(backtest["origin"].unique()) == [2010, 2011]
    forecast = pd.read_csv(story.folder / "first" / "forecast.csv")
    assert forecast.columns.tolist() == [
        *("city", "province", "origin", "horizon", "target_year", "forecast", "lower", "upper"),
        *("coverage", "rank", "flags", "lower_80", "upper_80"),
        *("p_below_0", "p_below_minus_2", "p_worst_tenth", "information", "early_release"),
        *DRIVERS,
    ]
    assert forecast.groupby("horizon")["city"].nunique().to_dict() == {1: CITIES, 2: CITIES}
    for outer, inner in (("lower", "lower_80"), ("upper_80", "upper")):
        assert (forecast[outer] < forecast[inner]).all()
    assert set(forecast["coverage"]) == {0.9}
    intervals = pd.read_csv(story.folder / "first" / "intervals.csv", keep_default_na=False)
    assert set(intervals["slice"]) >= {"all", "period", "year", "group:province"}
    assert set(pd.read_csv(story.folder / "first" / "reliability.csv")["event"]) == set(EVENTS)


def test_scores_are_those_of_the_backtest(story):
    backtest = pd.read_parquet(story.folder / "first" / "backtest.parquet")
    scores = pd.read_csv(story.folder / "first" / "scores.csv", keep_default_na=False)
    rows = scores[(scores["slice"] == "all") & (scores["model"] == BLEND)]
    for horizon, mae in zip(rows["horizon"], rows["mae"].astype(float), strict=True):
        assert mae == pytest.approx(yearly_mae(backtest, BLEND, horizon), abs=1e-12)


def test_one_parent_run_with_a_child_per_candidate(story):
    runs = {run.info.run_id: run for run in runs_of(story)}
    parent = runs[story.first.run_id]
    assert parent.info.status == "FINISHED"
    children = [
        run
        for run in runs.values()
        if run.data.tags.get("mlflow.parentRunId") == story.first.run_id
    ]
    candidates = set(pd.read_parquet(story.folder / "first" / "backtest.parquet")["model"])
    assert sorted(run.data.tags["candidate"] for run in children) == sorted(candidates)
    assert all(run.info.status == "FINISHED" for run in children)
    assert sum("mlflow.parentRunId" not in run.data.tags for run in runs.values()) == 4
    assert parent.data.params["evaluation.first_origin"] == "2010"
    assert len(parent.inputs.dataset_inputs) == 1
    dataset = parent.inputs.dataset_inputs[0].dataset
    assert (dataset.name, dataset.digest) == ("small", story.first.source.panel.fingerprint())
    logged = {item.path for item in story.store.client.list_artifacts(story.first.run_id)}
    assert logged >= FILES


def test_the_table_of_runs_reads_well_in_mlflow(story):
    """As MLflow's page asks for them: newest first, its columns from the tag of the view."""
    newest_first = runs_of(story)
    tags = story.store.client.get_experiment_by_name("small").tags
    assert tags["mlflow.experimentKind"] == "custom_model_development"
    columns = json.loads(tags[VIEW_TAG])["selectedColumns"]
    assert columns == sorted(columns), "MLflow shows them in this order"
    assert columns[:2] == ["metrics.`mae_h1`", "metrics.`mae_h2`"]
    parents = [run for run in newest_first if "mlflow.parentRunId" not in run.data.tags]
    assert all(re.fullmatch(r"\d{4}-\d\d-\d\d [\d:]{8}", run.info.run_name) for run in parents)
    for parent in parents:
        children = [
            run
            for run in newest_first
            if run.data.tags.get("mlflow.parentRunId") == parent.info.run_id
        ]
        served = parent.data.params["model.serve"]
        assert [children[0].info.run_name, children[-1].info.run_name] == [served, "last"]
        assert children[0].data.metrics["mae_h1"] == parent.data.metrics["mae_h1"]
        for row in (parent, *children):
            shown = [name for name in columns if name.split("`")[1] in row.data.metrics]
            assert shown[:2] == columns[:2]


def test_scores_by_year_are_a_line_over_years(story):
    run = story.first.run_id
    points = story.store.client.get_metric_history(run, "by_year/mae_h1")
    assert [point.step for point in points] == [2010, 2011]
    mean = np.mean([point.value for point in points])
    assert mean == pytest.approx(
        yearly_mae(story.first.evaluation.backtest.frame, BLEND), abs=1e-12
    )


def test_a_training_says_how_to_open_its_run(story, capsys, monkeypatch):
    first = story.first
    words = ["ui", "--run", first.run_id, "--store", story.store_path]
    assert shlex.split(first.opening) == ["city-resilience", *words]
    train.show(first)
    shown = capsys.readouterr().out
    assert f"\nOpen it     {first.opening}\n" in shown
    account = first.source.panel.account
    read = len(account.columns) - len(account.left_out)
    assert f"\nRead        {read} of {len(account.columns)} columns" in shown
    assert f"{account.kept:,} of {account.rows:,} rows" in shown
    assert first.summary["run"]["account"] == account.as_dict()
    # The command finds the run; a server is not started for this.
    monkeypatch.setattr(interface, "serve_pages", lambda store, port: Popen(["true"]))
    monkeypatch.setattr(ui, "_wait_for_answer", lambda store, root, server: None)
    assert main.run(words) == 0
    lines = capsys.readouterr().out.splitlines()
    name = story.store.client.get_run(first.run_id).info.run_name
    number = story.store.client.get_experiment_by_name("small").experiment_id
    own, runs, model = [line.rsplit(maxsplit=1) for line in lines[:3]]
    kind = "?workflowType=machine_learning"
    page = f"/#/experiments/{number}/runs"
    assert own[0].strip() == f"run {name}"
    assert own[1].endswith(f"{page}/{first.run_id}{kind}")
    assert runs[0].strip() == "runs of small"
    assert runs[1].endswith(f"{page}{kind}&viewStateShareKey=scores")
    assert model[0].strip() == "model small"
    assert model[1].endswith(f"/#/models/small{kind}")


def test_registered_version_says_what_it_is_and_how_to_call_it(story):
    from mlflow.models import Model

    version = find_version("small/1", story.store)
    model = Model.load(version.source.removeprefix("file://"))
    inputs = model.signature.inputs.input_names()
    assert {"city", "year", "gdp_real"} <= set(inputs)
    assert {"forecast", "horizon", "flags"} <= set(model.signature.outputs.input_names())
    assert model.saved_input_example_info is not None
    card = story.store.client.get_model_version("small", "1").description
    assert card.startswith("# Model card: A small simulated panel")
    assert "- Source: city_resilience.simulate, seed 5\n- Licence: Apache-2.0\n" in card
    assert "SIMULATED DATA" in card
    assert f"| the blend | 1 | {2 * (CITIES - 1)} |" in card
    assert version.run_id == story.first.run_id
    assert float(version.tags["mae_h1"]) == pytest.approx(
        yearly_mae(story.first.evaluation.backtest.frame, BLEND), abs=1e-6
    )


def test_drivers_and_base_add_up_to_the_forecast(story):
    for name in ("first", "worse", "better"):
        drivers = pd.read_parquet(story.folder / name / "drivers.parquet")
        assert (drivers["indicator"] == BASE).sum() == 2 * CITIES
        sums = drivers.groupby(["city", "horizon"])["contribution"].sum()
        forecast = pd.read_csv(story.folder / name / "forecast.csv")
        forecast = forecast.set_index(["city", "horizon"])["forecast"]
        assert len(sums) == len(forecast) == 2 * CITIES
        assert (sums - forecast).abs().max() < 1e-5
        assert forecast.groupby("horizon").std().min() > (1e-9 if name == "worse" else 0.1)


def test_family_without_live_values_is_never_a_driver(story):
    coverage = pd.read_csv(story.folder / "better" / "coverage.csv").set_index(["origin", "family"])
    ended = coverage.loc[(LAST, "green_innovation"), ["status", "last_year"]]
    assert tuple(ended) == ("ended", 2011)
    assert coverage.loc[(2010, "green_innovation"), "status"] == "live"
    specs = {spec.id: spec for spec in story.better.source.dataset.indicators.specs}
    green = {spec.label_en for spec in specs.values() if spec.family == "green_innovation"}
    assert green
    named = story.better.live.forecast[DRIVERS].melt()["value"]
    labels = set(named[named != ""].str.rpartition(": ")[0])
    assert len(labels) > 3
    assert not labels & green
    assert "green_innovation" not in set(story.better.live.drivers["family"])


def test_stale_city_is_flagged_and_has_no_rank(story):
    forecast = pd.read_csv(story.folder / "better" / "forecast.csv", keep_default_na=False)
    stale = forecast[forecast["city"] == story.stale]
    assert stale["flags"].str.split(";").str[0].tolist() == ["stale", "stale"]
    assert stale["origin"].tolist() == [2010, 2010]
    assert stale["rank"].tolist() == ["", ""]
    others = forecast[forecast["city"] != story.stale]
    assert not others["flags"].str.contains("stale").any()
    assert not forecast["flags"].str.contains("new_city").any()
    assert (others["origin"] == LAST).all()
    for _, rows in others.groupby("horizon"):
        assert sorted(rows["rank"].astype(int)) == list(range(1, CITIES))
        best = rows.loc[rows["rank"].astype(int).idxmin(), "forecast"]
        assert float(best) == rows["forecast"].astype(float).max()


def test_first_version_is_champion_without_contest(story):
    assert story.first.version.aliases == ("challenger", "champion")
    assert (
        story.first.verdict.words()
        == "this is the first version, so it becomes champion without a comparison"
    )


def test_same_recipe_is_a_tie_and_stays_challenger(story):
    assert story.tie.version.reference == "small/2"
    assert story.tie.version.aliases == ("challenger",)
    assert "gives the same errors" in story.tie.verdict.words()
    assert story.after_tie == 1
    first, tie = (pd.read_csv(story.folder / name / "forecast.csv") for name in ("first", "tie"))
    pd.testing.assert_frame_equal(first, tie, check_exact=True)


def test_worse_recipe_stays_challenger_and_required_promotion_ends_with_3(story):
    code, out, err = story.worse
    assert (code, out) == (3, "")
    assert err.startswith("city-resilience: small/3 stays challenger: the challenger's mean yearly")
    assert err.count("\n") == 1
    assert story.after_worse == 1
    champion = yearly_mae(story.first.evaluation.backtest.frame, BLEND)
    backtest = pd.read_parquet(story.folder / "worse" / "backtest.parquet")
    challenger = yearly_mae(backtest, "ridge")
    assert challenger > champion
    assert f"{challenger:.3f} pp, is not lower than the champion's {champion:.3f} pp" in err
    version = find_version("small/3", story.store)
    assert story.store.client.get_run(version.run_id).info.status == "FINISHED"


def test_promote_obeys_the_gate_unless_forced(story):
    code, _, err = story.refused
    assert code == 3
    assert err.startswith("city-resilience: small/3 is not promoted: the challenger's mean yearly")
    code, out, _ = story.forced
    assert (code, out) == (0, "small/3 is champion now (forced: a test)\n")
    assert story.after_forced == 3


def test_the_champion_is_refitted_with_its_own_horizons(story, monkeypatch):
    version = find_version("small/1", story.store)
    monkeypatch.setattr(judging, "champion_of", lambda name, store: version)
    changes = ("outcome.horizons=[1]", *CRIPPLED)
    source = load(story.experiment, str(story.panels["first"]), changes)
    refitted = []

    def recorded(dataset, experiment, *rest, **options):
        refitted.append(experiment)
        return run_backtest(dataset, experiment, *rest, **options)

    evaluation = evaluate(source)
    monkeypatch.setattr(judging, "run_backtest", recorded)
    judging.judge(source, evaluation, story.first.live, story.store, silent)
    assert source.experiment.outcome.horizons == (1,)
    stored = load_bundle(bundle_of(version, story.store)).experiment
    assert [own.outcome for own in refitted] == [stored.outcome]
    assert stored.outcome.horizons == (1, 2)


def test_better_recipe_beats_the_champion_refitted_on_the_new_panel(story):
    assert story.better.version.reference == "small/4"
    assert story.better.version.aliases == ("challenger", "champion")
    assert story.after_better == 4
    own = story.better.evaluation.backtest.frame
    source = load(story.experiment, str(story.panels["better"]), CRIPPLED)
    refitted = evaluate(source).backtest.frame
    keys = ["city", "origin", "horizon"]
    rows = [f[f["model"] == m][keys] for f, m in ((own, BLEND), (refitted, "ridge"))]
    np.testing.assert_array_equal(*(part.sort_values(keys).to_numpy() for part in rows))
    assert own["origin"].max() == LAST - 1
    challenger, champion = yearly_mae(own, BLEND), yearly_mae(refitted, "ridge")
    assert challenger < champion
    assert (
        f"{challenger:.3f} pp, is lower than the champion's {champion:.3f} pp"
        in story.better.verdict.words()
    )


PREDICTED = {"small@champion": "better", "small/1": "first"}


def in_a_new_process(program: str, *words: object, cwd: Path) -> None:
    """Run a program that must say nothing of an error, and warn of nothing that a user causes."""
    done = subprocess.run(
        [sys.executable, "-W", "error::UserWarning", "-c", program, *map(str, words)],
        cwd=cwd,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")


@pytest.fixture(scope="module")
def predicted(story, tmp_path_factory) -> Path:
    """Return the folder of forecasts by registered models, made in one new process."""
    folder = tmp_path_factory.mktemp("predicted")
    commands = [
        [
            *("predict", "--data", str(story.panels[run]), "--out", f"{run}.csv"),
            *("--model", model, "--store", story.store_path),
        ]
        for model, run in PREDICTED.items()
    ]
    program = "import json, sys; from city_resilience.commands.main import run; "
    program += "sys.exit(max([run(words) for words in json.loads(sys.argv[1])]))"
    in_a_new_process(program, json.dumps(commands), cwd=folder)
    names = [f"{run}.csv{end}" for run in PREDICTED.values() for end in ("", ".manifest.json")]
    assert sorted(path.name for path in folder.iterdir()) == sorted(names)
    return folder


@pytest.mark.parametrize("run", PREDICTED.values())
def test_predict_in_a_new_process_gives_the_runs_forecast_byte_for_byte(story, predicted, run):
    expected = (story.folder / run / "forecast.csv").read_bytes()
    assert (predicted / f"{run}.csv").read_bytes() == expected


def test_predict_from_a_folder_needs_nothing_of_the_tracking_store(story, tmp_path):
    program = "import sys; sys.modules['mlflow'] = None; "
    program += "from city_resilience.commands.main import entry; entry()"
    words = ["predict", "--data", story.panels["first"], "--out", tmp_path / "out.csv"]
    model = story.folder / "first" / "model"
    in_a_new_process(program, *words, "--model", model, cwd=tmp_path)
    expected = (story.folder / "first" / "forecast.csv").read_bytes()
    assert (tmp_path / "out.csv").read_bytes() == expected
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.csv", "out.csv.manifest.json"]


def test_both_views_of_a_city_are_stored_with_their_skill(story):
    city, model = story.better.live.forecast["city"].iloc[0], story.folder / "better" / "model"
    stored = explain_city(city, model=model).summary
    computed = explain_city(city, story.panels["better"], model=model).summary
    assert [view["view"] for view in stored["views"]] == ["forecasting", "structural"]
    for own, again in zip(stored["views"], computed["views"], strict=True):
        for key in ("families", "indicators", "skill", "nil", "rank", "base"):
            assert own[key] == again[key], key
        assert own["forecast"] == pytest.approx(again["forecast"], abs=1e-5)
        assert own["skill"] is not None
    assert stored["record"] == computed["record"]
    assert stored["missing"] == ["past", "changed", "peers", "analogues"]
    assert (computed["missing"], stored["past"]) == ([], [])
    structural = story.better.evaluation.structural
    row = structural[(structural["horizon"] == 1) & (structural["slice"] == "all")].iloc[0]
    assert stored["views"][1]["nil"] == (not (row["skill_zero"] > 0 and row["high"] < 0))


def test_stored_drivers_report_and_export_are_found_again(story, tmp_path):
    city = story.better.live.forecast["city"].iloc[0]
    code, stored, _ = story.command("explain", city, "--model", "small@champion")
    assert code == 0
    assert "By family" in stored
    _, computed, _ = story.command(
        "explain", city, "--model", "small@champion", "--data", str(story.panels["better"])
    )
    *same, last = stored.splitlines()
    assert last.startswith("Not shown without the panel (--data): the past of this city, ")
    assert [line for line in computed.splitlines() if line in same] == same
    code, _, _ = story.command("report", "--model", "small/1", "--out", str(tmp_path / "r.html"))
    assert code == 0
    linked = (story.folder / "first" / "report.html").read_text("utf-8")
    to_files = r"<a href=[^ >]*(?:report\.xlsx|brief\.docx)[^>]*>.*?</a>"
    page, links = re.subn(to_files, "", linked)
    assert links == 2
    assert (tmp_path / "r.html").read_text("utf-8") == page
    code, _, _ = story.command("models", "export", "small/4", str(tmp_path / "exported"))
    assert code == 0
    manifests = [
        (folder / "manifest.json").read_bytes()
        for folder in (tmp_path / "exported", story.folder / "better" / "model")
    ]
    assert manifests[0] == manifests[1]
    code, listed, _ = story.command("models", "list")
    assert code == 0
    assert [line.split()[3] for line in listed.splitlines() if "│ small" in line] == list("4321")


def test_compare_shows_the_years(story):
    code, out, _ = story.command("compare", "small/3", "small/1")
    assert code == 0
    assert [line.split()[3] for line in out.splitlines() if line.startswith("│ 1 ")] == [
        "2010",
        "2011",
    ]
    assert "is not lower than" in out
    assert "small/3 beside small/1: another recipe (keys that differ: 3)" in out
    assert "model.parameters" in out


def test_compare_in_a_normal_year_shows_what_the_new_year_brought(story):
    found = compare.compare("small/4", "small/1", store=story.store_path)
    assert (found.kind, found.verdict.codes) == ("newer", ("newer_data",))
    assert found.origins == (LAST - 1, LAST)
    backtest = story.better.evaluation.backtest.frame
    served = backtest[backtest["model"] == BLEND]
    assert found.added[["horizon", "origin"]].to_numpy().tolist() == [[1, 2012], [2, 2011]]
    for row in found.added.itertuples():
        own = served[(served["horizon"] == row.horizon) & (served["origin"] == row.origin)]
        assert row.mae == pytest.approx((own["forecast"] - own["truth"]).abs().mean())
    # The model of then forecast what the model of now forecasts at that origin.
    first = found.added.iloc[0]
    assert first["issued"] == pytest.approx(first["mae"], rel=0.05)
    assert found.revisions is not None
    assert (found.revisions.new["years"], found.revisions.counts["revised"]) == ([LAST], 0)
    assert found.revised_moves.empty
    own, other = (pd.read_csv(story.folder / name / "forecast.csv") for name in ("better", "first"))
    both = own.merge(other, on=["city", "horizon"], suffixes=("", "_before"))
    moved = found.moved.set_index(["city", "horizon"])["move"]
    expected = both.set_index(["city", "horizon"])
    expected = expected["forecast"] - expected["forecast_before"]
    pd.testing.assert_series_equal(
        moved.sort_index(), expected.sort_index(), check_names=False, atol=1e-12
    )
    code, out, _ = story.command("compare", "small/4", "small/1")
    assert code == 0
    assert "small/4 beside small/1: the normal year" in out
    kinds = {("small/2", "small/1"): "same", ("small/1", "small/4"): "older"}
    for pair, kind in kinds.items():
        other = compare.compare(*pair, store=story.store_path)
        assert (other.kind, other.verdict.codes) == (kind, (f"{kind}_data",))


def test_revised_figures_alone_move_the_champions_forecasts(story, tmp_path):
    frame = pd.read_csv(story.panels["first"])
    city, gdp = frame["city"].iloc[0], "Real GDP (100m yuan)"
    newest = (frame["city"] == city) & (frame["year"] == LAST - 1)
    frame.loc[newest, gdp] *= 1.02
    frame.to_csv(tmp_path / "revised.csv", index=False)
    champion = find_version("small/1", story.store)
    source = load(story.experiment, str(tmp_path / "revised.csv"))
    moved = judging.moved_by_revisions(champion, source, story.store)
    assert moved.iloc[0]["city"] == city
    assert moved.iloc[0]["move"] != pytest.approx(0, abs=0.01)
    same = load(story.experiment, str(story.panels["first"]))
    assert judging.moved_by_revisions(champion, same, story.store).empty


def test_the_verdict_is_a_file_an_artifact_and_a_tag(story):
    store = story.store
    expected = {1: "promote", 2: "keep", 3: "keep", 4: "promote"}
    for number, decision in expected.items():
        version = find_version(f"small/{number}", store)
        assert version.tags["verdict"] == decision
        run = store.client.get_run(version.run_id)
        assert run.data.tags["city_resilience.verdict"] == decision
    worse = json.loads((story.folder / "worse" / "verdict.json").read_text())
    logged = run_file(find_version("small/3", store), "verdict.json", store)
    assert json.loads(logged.read_text()) == worse
    assert (worse["decision"], worse["champion"]) == ("keep", "small/1")
    assert worse["words"]["en"] in story.worse[2]
    years = worse["compared"]["years"]
    assert [row["origin"] for row in years if row["horizon"] == 1] == [2010, 2011]
    held = [row["inside"] for row in years if row["inside"] is not None]
    assert all(0 <= share <= 1 for share in held)
    assert -1 <= worse["drivers"]["champion"] <= 1, "the champion is refitted and explained"
    assert story.better.verdict.champion == "small/3"


@pytest.mark.parametrize(
    ("broken", "existing"),
    [
        ("city_resilience.commands.run.write_report", False),
        ("city_resilience.commands.judging.register", True),
    ],
)
def test_failure_leaves_no_file_and_no_version_and_a_failed_run(
    story, tmp_path, monkeypatch, broken, existing
):
    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr(broken, fail)
    out, name = tmp_path / "out", f"failing_{existing}"
    if existing:
        out.mkdir()
        (out / "forecast.csv").write_text("older")
    with pytest.raises(RuntimeError, match="the power went"):
        train.train(
            story.experiment,
            out=out,
            store=story.store_path,
            overrides=[f"name={name}", *SHORT],
        )
    if existing:
        assert [path.name for path in out.iterdir()] == ["forecast.csv"]
        assert (out / "forecast.csv").read_text() == "older"
    else:
        assert not out.exists()
    assert {version.name for version in list_models(story.store)} == {"small"}
    parents = [r for r in runs_of(story, name) if "mlflow.parentRunId" not in r.data.tags]
    assert [run.info.status for run in parents] == ["FAILED"]


def test_foreign_model_folder_is_not_replaced(story, tmp_path):
    (tmp_path / "model").mkdir()
    (tmp_path / "model" / "thesis.docx").write_text("years of work")
    code, _, err = story.command("train", str(story.experiment), "--out", str(tmp_path))
    assert code == 2
    assert err.endswith(
        "'thesis.docx' in its 'model' is no part of a model bundle and would be replaced; name "
        "another folder\n"
    )
    assert (tmp_path / "model" / "thesis.docx").read_text() == "years of work"
