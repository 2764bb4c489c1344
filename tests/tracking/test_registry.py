"""Runs, registered versions, aliases, and the way back to the bundle."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from bundle_inputs import small_experiment, small_forecaster, small_panel
from city_resilience.errors import GateRefused, InputError
from city_resilience.explain.contributions import contributions
from city_resilience.explain.forecast_table import forecast_table
from city_resilience.models.bundle import load_bundle, save_bundle
from city_resilience.models.bundle_copy import copy_bundle
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.rows import ForecastRows
from city_resilience.processes import own_mark
from city_resilience.reading.panel import Panel
from city_resilience.report.card import model_card
from city_resilience.tracking.backend import import_mlflow
from city_resilience.tracking.champions import history_of
from city_resilience.tracking.gate import promote
from city_resilience.tracking.leftovers import PROCESS, settle_store
from city_resilience.tracking.metrics import Metric, flat_metrics, flat_params
from city_resilience.tracking.registration import register
from city_resilience.tracking.registry import (
    bundle_of,
    champion_of,
    find_model,
    find_version,
    list_models,
)
from city_resilience.tracking.runs import track
from city_resilience.tracking.store import Store, open_store
from city_resilience.tracking.verdict import Behind, Reason, Verdict

pytestmark = pytest.mark.tracking


def verdict_of(code: str, **figures: Any) -> Verdict:
    return Verdict((Reason(code, figures),))


LOWER = verdict_of("lower", challenger=1.0, champion=2.0, horizon=1, won=1, years=1)


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory, copied_stores: None) -> Store:
    return open_store(str(tmp_path_factory.mktemp("store")), create=True)


@pytest.fixture(autouse=True)
def no_run(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("MLFLOW_RUN_ID", raising=False)
    monkeypatch.chdir(tmp_path)


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Panel:
    return small_panel(tmp_path_factory.mktemp("panel"))


def fitted(panel: Panel, name: str) -> Forecaster:
    return small_forecaster(panel, small_experiment(name=name))


def train(
    store: Store,
    panel: Panel,
    forecaster: Forecaster,
    folder: Path,
    verdict: Verdict | None = None,
    *,
    recipe: str = "",
    error: float | None = None,
) -> Any:
    """Register a forecaster; with an error, its run holds a backtest that misses by it."""
    card = model_card(forecaster)
    bundle = save_bundle(forecaster, folder / "saved under any name", card_text=card)
    with track(store, forecaster.experiment, fingerprint=panel.fingerprint()) as run:
        if error is not None:
            frame = pd.DataFrame({"city": ["a", "b"], "origin": 2010, "horizon": 1, "truth": 1.0})
            (folder / "files").mkdir(exist_ok=True)
            served, other = frame.assign(forecast=1.0 + error), frame.assign(forecast=1.0)
            both = pd.concat([served.assign(model="blend"), other.assign(model="other")])
            both.to_parquet(folder / "files" / "backtest.parquet")
            run.artifacts(folder / "files")
        own = {"mae": {"mae_h1": 1.25, "mae_recent_h1": 1.5}, "verdict": verdict, "recipe": recipe}
        return register(run, bundle, forecaster, panel, **own)


def only_run(store: Store, experiment: str, **filters: Any) -> Any:
    found = store.client.get_experiment_by_name(experiment)
    runs = store.client.search_runs([found.experiment_id], **filters)
    assert len(runs) == 1
    return runs[0]


def test_first_version_is_champion_and_gives_its_bundle_back(
    store: Store, panel: Panel, tmp_path: Path
) -> None:
    forecaster = fitted(panel, "first")
    version = train(store, panel, forecaster, tmp_path)
    assert version.aliases == ("challenger", "champion")
    assert version.tags["mae_h1"] == "1.250000"
    assert version.tags["mae_recent_h1"] == "1.500000"
    assert version.tags["origin"] == "2013"
    assert version.tags["fingerprint"] == panel.fingerprint()
    assert version.tags["experiment_digest"] == forecaster.experiment.digest()
    expected = forecaster.forecast(forecaster.rows(panel))
    for reference in ("first", "first@challenger", "models:/first@champion", "models:/first/1"):
        loaded = load_bundle(find_model(reference, lambda: store).folder)
        pd.testing.assert_frame_equal(
            loaded.forecast(loaded.rows(panel)), expected, check_exact=True
        )
    exported = copy_bundle(bundle_of(version, store), tmp_path / "exported")
    pd.testing.assert_frame_equal(load_bundle(exported).forecast(forecaster.rows(panel)), expected)
    description = store.client.get_model_version("first", "1").description
    assert description.startswith("# Model card: A small simulated panel")
    assert "SIMULATED DATA" in description


def test_a_first_version_behind_a_naive_rule_waits_for_a_user(
    store: Store, panel: Panel, tmp_path: Path
) -> None:
    verdict = verdict_of("first").behind(Behind("zero", 1, 10))
    version = train(store, panel, fitted(panel, "behind"), tmp_path, verdict)
    assert version.aliases == ("challenger",)
    assert champion_of("behind", store) is None
    assert promote(version, store).reason == "first"
    assert find_version("behind/1", store).is_champion


def test_later_version_is_challenger_until_a_gate_or_a_user_promotes_it(
    store: Store, panel: Panel, tmp_path: Path
) -> None:
    forecaster = fitted(panel, "later")
    train(store, panel, forecaster, tmp_path)
    second = train(
        store,
        panel,
        forecaster,
        tmp_path,
        verdict_of("few_rows", common=1, rows=2, share=0.5, least=0.9),
    )
    assert second.aliases == ("challenger",)
    assert second.tags["gate"] == (
        "not comparable: the models share 1 of 2 scored rows (50 %), 90 % are needed"
    )
    third = train(store, panel, forecaster, tmp_path, LOWER)
    assert third.aliases == ("challenger", "champion")
    assert (
        promote(find_version("later/2", store), store, force=True, reason="test").reason == "forced"
    )
    champion = champion_of("later", store)
    assert champion is not None
    assert champion.version == 2
    listed = [(v.version, v.aliases) for v in list_models(store) if v.name == "later"]
    assert listed == [(3, ("challenger",)), (2, ("champion",)), (1, ())]


def test_promotion_says_why_and_the_gate_reads_the_backtests_of_the_runs(
    store: Store, panel: Panel, tmp_path: Path
) -> None:
    forecaster = fitted(panel, "promoted")
    first = train(store, panel, forecaster, tmp_path, recipe="old", error=0.5)
    refitted = train(store, panel, forecaster, tmp_path, recipe="old", error=0.5)
    worse = train(store, panel, forecaster, tmp_path, recipe="new", error=0.6)
    better = train(store, panel, forecaster, tmp_path, recipe="new", error=0.4)
    assert promote(first, store).reason == "already"
    assert promote(refitted, store).reason == "refitted"
    with pytest.raises(GateRefused, match=r"promoted/3 is not promoted: .* 0\.600 pp, is not low"):
        promote(worse, store)
    done = promote(better, store)
    assert (done.reason, done.version.reference) == ("gate", "promoted/4")
    assert "0.400 pp, is lower than the champion's 0.500 pp" in done.why
    with pytest.raises(
        InputError, match='--force: no reason is given; say why with --reason "WHY"'
    ):
        promote(worse, store, force=True)
    assert promote(worse, store, force=True, reason="a census").reason == "forced"
    assert [(c.version, c.previous, c.how) for c in history_of("promoted", store)] == [
        (1, None, "first"),
        (2, 1, "refitted"),
        (4, 2, "gate"),
        (3, 4, "forced"),
    ]
    assert history_of("promoted", store)[-1].reason == "a census"
    champion = champion_of("promoted", store)
    assert champion is not None
    assert champion.version == 3


def test_failed_registration_leaves_nothing_behind(
    store: Store, panel: Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forecaster = fitted(panel, "failing")
    real = type(store.client).set_registered_model_alias

    def fail(client: Any, name: str, alias: str, version: str) -> None:
        if alias == "champion":
            raise RuntimeError("the power went")
        real(client, name, alias, version)

    monkeypatch.setattr(type(store.client), "set_registered_model_alias", fail)
    with pytest.raises(RuntimeError, match="the power went"):
        train(store, panel, forecaster, tmp_path)
    assert only_run(store, "failing").info.status == "FAILED"
    assert "failing" not in {v.name for v in list_models(store)}
    with pytest.raises(InputError, match="no registered model 'failing'"):
        find_version("failing", store)
    experiment = store.client.get_experiment_by_name("failing")
    assert store.client.search_logged_models([experiment.experiment_id]) == []
    monkeypatch.undo()
    assert train(store, panel, forecaster, tmp_path).version == 1


def test_a_store_that_dies_while_a_version_is_registered_says_which(
    store: Store, panel: Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forecaster, store = fitted(panel, "dying"), Store(store.uri, store.registry_uri)

    def dead(*_: object) -> None:
        raise import_mlflow().exceptions.MlflowException("API request failed with exception dead")

    client = type(store.client)
    for name in ("set_registered_model_alias", "delete_model_version", "set_terminated"):
        monkeypatch.setattr(client, name, dead)
    with pytest.raises(InputError, match="stopped answering while dying/1 was registered"):
        train(store, panel, forecaster, tmp_path)
    monkeypatch.undo()
    again = Store(store.uri, store.registry_uri)
    [run] = again.client.search_runs([again.experiment_id("dying")])
    assert run.info.status == "RUNNING"
    pid, _, place = own_mark().split(".", 2)
    again.client.set_tag(run.info.run_id, PROCESS, f"{pid}.1.{place}")  # as if it had ended
    settle_store(again)
    assert again.client.get_run(run.info.run_id).info.status == "KILLED"
    assert [v.name for v in list_models(again) if v.name == "dying"] == []
    assert again.client.search_logged_models([run.info.experiment_id]) == []


def test_failed_registration_keeps_the_aliases(
    store: Store, panel: Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forecaster = fitted(panel, "keeping")
    train(store, panel, forecaster, tmp_path)

    def fail(*_: object) -> None:
        raise RuntimeError("the power went")

    monkeypatch.setattr("city_resilience.tracking.registration.find_version", fail)
    with pytest.raises(RuntimeError):
        train(store, panel, forecaster, tmp_path, LOWER)
    versions = [(v.version, v.aliases) for v in list_models(store) if v.name == "keeping"]
    assert versions == [(1, ("challenger", "champion"))]


@pytest.mark.parametrize(
    ("reference", "message"),
    [
        ("frst@champion", "no registered model 'frst'; nearest: 'named'|no registered model"),
        ("named@best", "'named' has no 'best'; aliases: challenger, champion; choose one"),
        ("named/7", "'named' has no '7'; versions: 1; choose one"),
        ("models/named", "not a model folder and not a registered model; write NAME@champion"),
    ],
)
def test_unknown_models(
    reference: str, message: str, store: Store, panel: Panel, tmp_path: Path
) -> None:
    if champion_of("named", store) is None:
        train(store, panel, fitted(panel, "named"), tmp_path)
    with pytest.raises(InputError, match=message) as error:
        find_version(reference, store)
    assert "\n" not in str(error.value)


def test_folder_needs_no_store(panel: Panel, tmp_path: Path) -> None:
    bundle = save_bundle(fitted(panel, "alone"), tmp_path / "alone")

    def no_store() -> Store:
        raise InputError("there is no store yet")

    found = find_model(str(bundle), no_store)
    assert (found.folder, found.version, found.name) == (bundle, None, str(bundle))
    with pytest.raises(InputError, match="there is no store yet"):
        find_model("alone@champion", no_store)
    with pytest.raises(InputError, match="no such model folder, and as a registered model"):
        find_model("unheard_of", no_store)


def test_lost_files_are_reported(store: Store, panel: Panel, tmp_path: Path) -> None:
    import shutil

    version = train(store, panel, fitted(panel, "lost"), tmp_path)
    shutil.rmtree(bundle_of(version, store))
    with pytest.raises(InputError, match="the files of lost version 1 are missing"):
        find_model("lost", lambda: store)


def test_model_is_served_by_mlflow(store: Store, panel: Panel, tmp_path: Path) -> None:
    forecaster = fitted(panel, "served")
    version = train(store, panel, forecaster, tmp_path)
    panel.frame.to_csv(tmp_path / "data.csv", index=False)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what MLflow says about itself
        from mlflow import pyfunc

        model = pyfunc.load_model(version.source)
        answer = model.predict(panel.frame, params={"drivers": 2})
        example = model.predict(model.input_example, params={"allow_partial": True})
        trusting = pyfunc.load_model(version.source, model_config={"read_paths": True})
        from_file = trusting.predict(pd.DataFrame({"data": [str(tmp_path / "data.csv")]}))
        with pytest.raises(InputError, match="does not read files that a request names"):
            model.predict(pd.DataFrame({"data": ["/etc/passwd"]}))
    rows = forecaster.rows(panel)
    expected = forecast_table(forecaster, rows, contributions(forecaster, rows), most=2)
    pd.testing.assert_frame_equal(
        answer, expected.assign(rank=expected["rank"].astype("float64")), check_exact=True
    )
    assert from_file["forecast"].tolist() == expected["forecast"].tolist()
    assert len(example) == 8
    schema = model.metadata.get_input_schema()
    assert {schema.input_dict()[name].type.name for name in panel.variables} == {"double"}
    requirements = (bundle_of(version, store).parents[1] / "requirements.txt").read_text()
    assert "city-resilience==" in requirements
    assert "mlflow==" in requirements


def test_registering_makes_no_forecast_and_states_the_types_of_one(
    store: Store, panel: Panel, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    forecaster = fitted(panel, "signed")
    table = forecast_table(forecaster, forecaster.rows(panel))
    calls: list[ForecastRows] = []
    monkeypatch.setattr(Forecaster, "forecast", lambda self, rows, *rest: calls.append(rows))
    version = train(store, panel, forecaster, tmp_path)
    assert calls == []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # what MLflow says about itself
        from mlflow import pyfunc

        signature = pyfunc.load_model(version.source).metadata.signature
    kinds = {"i": "long", "f": "double", "O": "string", "U": "string"}
    found = [
        (str(name), kinds.get(column.dtype.kind, "string") if name != "rank" else "double")
        for name, column in table.items()
    ]
    assert [(c.name, c.type.name) for c in signature.outputs] == found
    inputs = {c.name: c.type.name for c in signature.inputs}
    assert inputs.pop("data") == "string"
    assert list(inputs) == list(panel.frame.columns)
    assert (inputs["city"], inputs["year"]) == ("string", "long")


def test_run_holds_experiment_data_scores_and_files(
    store: Store, panel: Panel, tmp_path: Path
) -> None:
    experiment = small_experiment(name="logged")
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "forecast.csv").write_text("city\n")
    with track(store, experiment, fingerprint="f00") as run:
        run.record(tags={"note": "x"})
        run.dataset(panel, "small panel", panel.fingerprint())
        run.record([Metric("mae_h1", 1.5), *(Metric("m", float(y), y) for y in range(1700))])
        child = run.candidate("ridge", [Metric("mae_h1", 2.0), Metric("by_year/mae_h1", 2.5, 2011)])
        run.artifacts(tmp_path / "out")
    client = store.client
    parent = client.get_run(run.run_id)
    assert parent.info.status == "FINISHED"
    assert parent.data.metrics["mae_h1"] == 1.5
    assert len(client.get_metric_history(run.run_id, "m")) == 1700
    assert parent.data.params.items() >= flat_params(experiment).items()
    assert parent.data.params["model.parameters.xgboost.rounds"] == "20"
    assert parent.data.tags["city_resilience.fingerprint"] == "f00"
    assert parent.data.tags["city_resilience.simulated"] == "true"
    assert parent.data.tags["note"] == "x"
    [entry] = parent.inputs.dataset_inputs
    assert (entry.dataset.name, entry.dataset.digest) == ("small panel", panel.fingerprint())
    assert [a.path for a in client.list_artifacts(run.run_id)] == ["forecast.csv"]
    nested = client.get_run(child)
    assert nested.info.status == "FINISHED"
    assert nested.data.tags["mlflow.parentRunId"] == run.run_id
    assert nested.data.metrics == {"mae_h1": 2.0, "by_year/mae_h1": 2.5}


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (InputError("bad"), "FAILED"),
        (KeyboardInterrupt(), "KILLED"),
        (GateRefused("no"), "FINISHED"),
    ],
)
def test_run_ends_as_its_command_did(store: Store, error: BaseException, status: str) -> None:
    experiment = small_experiment(name=f"ends_{status}")
    with pytest.raises(type(error)), track(store, experiment, fingerprint="f00"):
        raise error
    assert only_run(store, experiment.name).info.status == status


def test_run_of_mlflow_run_is_adopted(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    client = store.client
    outer = client.create_run(client.create_experiment("outer"))
    client.log_param(outer.info.run_id, "experiment", "experiments/demo/experiment.toml")
    monkeypatch.setenv("MLFLOW_RUN_ID", outer.info.run_id)
    experiment = small_experiment(name="inner")
    with track(store, experiment, fingerprint="f00") as run:
        assert run.run_id == outer.info.run_id
        run.candidate("ridge")
    assert client.get_experiment_by_name("inner") is None
    assert only_run(store, "outer", filter_string="tags.candidate = 'ridge'")
    assert client.get_run(outer.info.run_id).info.status == "FINISHED"
    monkeypatch.setenv("MLFLOW_RUN_ID", "0" * 32)
    with pytest.raises(InputError, match=r"MLFLOW_RUN_ID=0+: no such run in sqlite"):
        track(store, experiment, fingerprint="f00").__enter__()


def test_metrics_of_a_scores_table() -> None:
    scores = pd.DataFrame(
        {
            "model": ["blend", "blend", "blend", "last", "blend", "blend", "blend"],
            "horizon": [1, 1, 1, 1, 1, 1, 2],
            "slice": ["all", "year", "group:region", "all", "period", "period", "period"],
            "level": ["", "2011", "East", "", "2010-2018", "2019-2022", "2018-2022"],
            "mae": [1.0, 2.0, 3.0, 4.0, 0.9, 1.6, 5.0],
            "rmse": [2.0, float("nan"), 3.0, 4.0, 1.9, 2.6, 6.0],
            "skill_naive": [0.5, float("nan"), 0.1, 0.0, 0.6, 0.01, 0.2],
        }
    )
    assert flat_metrics(scores, "blend") == [
        Metric("mae_h1", 1.0),
        Metric("rmse_h1", 2.0),
        Metric("skill_naive_h1", 0.5),
        Metric("mae_recent_h1", 1.6),
        Metric("skill_naive_recent_h1", 0.01),
        Metric("by_year/mae_h1", 2.0, 2011),
    ]


def test_parameters_with_headers_as_names_are_one_text() -> None:
    columns = {"5G基站(个)": {"family": "digital"}}
    params = flat_params(small_experiment(data={"columns": columns}))
    assert '"5G基站(个)"' in params["data.columns"]
    assert params["experiment.name"] == "small"
    assert params["outcome.horizons"] == "[1, 2]"
