"""``mlflow run`` ends in one run, in one store."""

from __future__ import annotations

import math
import os
import platform
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import click
import numpy as np
import pytest
import yaml

from city_resilience.commands import main as program
from places import ROOT

NO_ENTRY = {
    "models": "a group of commands about what is registered",
    "ui": "a server: the run that mlflow opens for it would only end when somebody stops it",
}
VERBS = tuple(name for name in program.VERBS if name not in NO_ENTRY)
EXPERIMENT = ROOT / "scripts" / "tiny.toml"


def write_panel(path: Path, cities: int = 24, first: int = 2000, years: int = 18) -> None:
    """Write output of made-up cities that grow at random."""
    growth = np.random.default_rng(3).normal(0.06, 0.03, (cities, years))
    output = 100 * np.exp(np.cumsum(growth, axis=1))
    rows = [
        f"Town {i:02d},{first + t},{output[i, t]:.3f}" for i in range(cities) for t in range(years)
    ]
    path.write_text("\n".join(["city,year,gdp_real", *rows]) + "\n", encoding="utf-8")


def test_entry_points_are_the_verbs_but_for_those_with_a_reason():
    assert set(NO_ENTRY) <= set(program.VERBS)
    project = yaml.safe_load((ROOT / "MLproject").read_text("utf-8"))
    assert set(project["entry_points"]) == {"main", *VERBS}
    assert project["entry_points"]["main"] == project["entry_points"]["train"]
    for name, entry in project["entry_points"].items():
        verb = "train" if name == "main" else name
        assert entry["command"].startswith(f"python scripts/project.py {verb} ")
    assert (ROOT / project["python_env"]).is_file()


def test_entry_points_use_options_that_exist():
    project = yaml.safe_load((ROOT / "MLproject").read_text("utf-8"))
    for verb in VERBS:
        command = program.main.get_command(click.Context(program.main), verb)
        assert command is not None
        known = {option for param in command.params for option in param.opts}
        words = project["entry_points"][verb]["command"].split()
        assert {word for word in words if word.startswith("--")} <= known, verb


def beside_the_project() -> set[Path]:
    """Folders that mlflow keeps in the project, from runs by hand that are none of the test's."""
    return {path for name in ("mlruns", "mlartifacts") for path in ROOT.glob(f"{name}/**")}


def pyenv_has_this_python() -> bool:
    """MLflow's default manager asks pyenv for the Python it runs on, and fetches another."""
    if shutil.which("pyenv") is None:
        return False
    listed = subprocess.run(
        ["pyenv", "versions", "--bare"], capture_output=True, text=True, check=False
    )
    return platform.python_version() in listed.stdout.split()


def test_program_of_the_entry_points_needs_no_installed_package(tmp_path):
    """Without site-packages only what the standard library lacks is missing."""
    program = "import runpy, sys; sys.path.pop(0); runpy.run_path(sys.argv.pop(1), run_name='x')"
    done = subprocess.run(
        [sys.executable, "-S", "-c", program, str(ROOT / "scripts" / "project.py")],
        cwd=tmp_path,
        env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert "No module named 'city_resilience'" not in done.stderr
    assert "PackageNotFoundError" not in done.stderr
    assert "No module named 'click'" in done.stderr


@pytest.mark.slow
@pytest.mark.tracking
@pytest.mark.skipif(sys.platform == "win32", reason="checked on POSIX shells")
def test_mlflow_run_with_local_ends_in_one_run_in_one_store(tmp_path):
    mlflow_run(tmp_path, "--env-manager", "local")


@pytest.mark.slow
@pytest.mark.tracking
@pytest.mark.skipif(sys.platform == "win32", reason="checked on POSIX shells")
@pytest.mark.skipif(not pyenv_has_this_python(), reason="pyenv has no Python of this version")
def test_mlflow_run_builds_its_environment_and_ends_in_one_run(tmp_path):
    mlflow_run(tmp_path)
    assert len(list((tmp_path / "envs").glob("mlflow-*"))) == 1


def mlflow_run(tmp_path: Path, *options: str) -> None:
    shutil.copy(EXPERIMENT, tmp_path / "experiment.toml")
    write_panel(tmp_path / "panel.csv")
    store = tmp_path / "store.db"
    environment = os.environ | {
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        "MLFLOW_TRACKING_URI": f"sqlite:///{store}",
        "MLFLOW_DISABLE_TELEMETRY": "true",
        "MLFLOW_ENV_ROOT": str(tmp_path / "envs"),
    }
    for name in ("MLFLOW_RUN_ID", "MLFLOW_EXPERIMENT_ID", "MLFLOW_EXPERIMENT_NAME", "PYTHONPATH"):
        environment.pop(name, None)
    parameters = {
        "experiment": tmp_path / "experiment.toml",
        "data": tmp_path / "panel.csv",
        "out": tmp_path / "out",
    }
    command = [sys.executable, "-m", "mlflow", "run", str(ROOT), *options]
    for name, value in parameters.items():
        command += ["-P", f"{name}={value}"]
    before = beside_the_project()
    done = subprocess.run(
        command,
        cwd=tmp_path,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        timeout=1200,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    assert (tmp_path / "out" / "forecast.csv").is_file()

    with closing(sqlite3.connect(store)) as database:
        runs = dict(database.execute("SELECT run_uuid, status FROM runs"))
        children = {
            row[0]
            for row in database.execute(
                "SELECT run_uuid FROM tags WHERE key = 'mlflow.parentRunId'"
            )
        }
        (parent,) = set(runs) - children
        metrics = database.execute(
            "SELECT value FROM latest_metrics WHERE run_uuid = ?", (parent,)
        ).fetchall()
        versions = database.execute("SELECT name, run_id FROM model_versions").fetchall()
    assert runs[parent] == "FINISHED"
    assert children, "the candidates have no runs of their own"
    assert any(math.isfinite(value) for (value,) in metrics)
    assert versions == [("tiny", parent)]
    packages = tmp_path / "envs"  # pyproj ships a database of its own
    made = (path for path in tmp_path.rglob("*.db") if packages not in path.parents)
    stores = [path for path in made if path != store]
    assert stores == []
    assert beside_the_project() == before
