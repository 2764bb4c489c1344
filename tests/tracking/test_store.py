"""Where the store is, and that it comes into being once."""

from __future__ import annotations

import os
import sqlite3
import subprocess
import sys
from pathlib import Path

import pytest

from city_resilience.errors import InputError
from city_resilience.tracking.interface import opening_of
from city_resilience.tracking.store import Store, open_store, resolve_store, store_words

pytestmark = pytest.mark.tracking


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "MLFLOW_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def test_store_lies_beside_the_experiments(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    experiment = tmp_path / "project" / "experiments" / "demo" / "experiment.toml"
    experiment.parent.mkdir(parents=True)
    expected = f"sqlite:///{tmp_path.as_posix()}/project/.city-resilience/mlflow.db"
    assert resolve_store("", experiment) == expected
    monkeypatch.chdir(experiment.parent)
    assert resolve_store("") == expected
    assert resolve_store("", "experiment.toml") == expected


def test_store_lies_in_the_current_folder_otherwise(tmp_path: Path) -> None:
    expected = f"sqlite:///{tmp_path.as_posix()}/.city-resilience/mlflow.db"
    assert resolve_store("", tmp_path / "own" / "mine.toml") == expected


def test_environment_then_option_decide(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MLFLOW_TRACKING_URI", "http://tracking.example:5000")
    assert resolve_store() == "http://tracking.example:5000"
    here = tmp_path.as_posix()
    assert resolve_store("runs") == f"sqlite:///{here}/runs/mlflow.db"
    assert resolve_store("runs/my.db") == f"sqlite:///{here}/runs/my.db"
    assert resolve_store("sqlite:///rel.db") == f"sqlite:///{here}/rel.db"


def test_words_of_a_store_find_it_again(tmp_path: Path) -> None:
    assert store_words(Store(resolve_store(), "")) == ()
    for given, words in (
        ("runs", ("--store", str(tmp_path / "runs"))),
        ("my runs.db", ("--store", f"sqlite:///{tmp_path.as_posix()}/my runs.db")),
    ):
        uri = resolve_store(given)
        assert store_words(Store(uri, "")) == words
        assert resolve_store(words[1]) == uri


def test_a_run_is_opened_by_a_command_or_at_the_address_of_its_server(tmp_path: Path) -> None:
    assert opening_of(Store(resolve_store(), ""), "1", "r") == "city-resilience ui --run r"
    quoted = opening_of(Store(resolve_store("my runs"), ""), "1", "r")
    assert quoted == f"city-resilience ui --run r --store '{tmp_path}/my runs'"
    server = Store("http://tracking.example:5000/", "")
    page = "http://tracking.example:5000/#/experiments/1/runs/r?workflowType=machine_learning"
    assert opening_of(server, "1", "r") == page


@pytest.mark.parametrize(
    ("store", "message"),
    [
        ("sqlite://", "a database in memory keeps nothing"),
        ("sqlite:///:memory:", "a database in memory keeps nothing"),
        ("file:///somewhere", "MLflow no longer keeps runs in plain folders"),
        ("what?", "a store's path cannot have a '\\?'"),
    ],
)
def test_unusable_store(store: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        resolve_store(store)


def test_missing_store_is_an_error_and_is_not_created(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"there is no store yet; run 'city-resilience train'"):
        open_store(resolve_store(), create=False)
    assert list(tmp_path.iterdir()) == []


def test_file_that_is_no_store(tmp_path: Path) -> None:
    (tmp_path / "notes.db").write_text("not a database, " * 100)
    with pytest.raises(InputError, match="not a store this MLflow can open") as error:
        open_store(resolve_store("notes.db"), create=False)
    assert "\n" not in str(error.value)


def test_database_of_something_else_is_left_alone(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "photos.db") as database:
        database.execute("CREATE TABLE photos (id INTEGER)")
    database.close()
    with pytest.raises(InputError, match="a database without MLflow's tables"):
        open_store(resolve_store("photos.db"), create=True)
    with sqlite3.connect(tmp_path / "photos.db") as database:
        tables = database.execute("SELECT name FROM sqlite_master").fetchall()
    database.close()
    assert tables == [("photos",)]


def test_importing_the_room_imports_no_mlflow_and_touches_nothing(tmp_path: Path) -> None:
    code = "import sys, city_resilience.commands.train; sys.exit('mlflow' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
    assert list(tmp_path.iterdir()) == []


WORKER = """
import sys
from city_resilience.experiment.load import experiment_from
from city_resilience.tracking.metrics import Metric
from city_resilience.tracking.runs import track
from city_resilience.tracking.store import open_store
experiment = experiment_from({"name": "same", "evaluation": {"first_origin": 2010}}, "test")
store = open_store(sys.argv[1], create=True)
with track(store, experiment, fingerprint="f00") as run:
    run.record([Metric("mae_h1", 1.0)])
"""


@pytest.mark.slow
def test_four_processes_meet_a_fresh_store(tmp_path: Path) -> None:
    place = tmp_path / "新 store #1"
    processes = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, str(place)],
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )
        for _ in range(4)
    ]
    ended = [(*process.communicate(timeout=300), process.returncode) for process in processes]
    assert ended == [("", "", 0)] * 4
    store = open_store(resolve_store(str(place)), create=False)
    experiment = store.client.get_experiment_by_name("same")
    runs = store.client.search_runs([experiment.experiment_id])
    assert [run.info.status for run in runs] == ["FINISHED"] * 4
    assert experiment.artifact_location == (place / "artifacts" / "same").as_uri()
    assert sorted(os.listdir(place)) == ["mlflow.db", "mlflow.db.lock"]
    assert [p.name for p in tmp_path.iterdir()] == [place.name]
