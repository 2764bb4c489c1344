"""A plain installation predicts, checks and imports; what it lacks ends in one clear line."""

from __future__ import annotations

import subprocess
import sys
import tomllib
from importlib.metadata import packages_distributions, requires

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from city_resilience.commands.extras import EXTRAS, missing_package
from places import ROOT

PANEL = ROOT / "experiments" / "demo" / "panel.csv"
EXPERIMENT = ROOT / "experiments" / "demo" / "experiment.toml"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
FOR_WORK_ON_THE_CODE = ("dev", "docs")

# Runs the command line as if only the modules that are not in argv[1] were installed.
PROGRAM = """
import sys
class Absent:
    names = frozenset(sys.argv.pop(1).split(","))
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
from city_resilience.commands.main import run
sys.exit(run())
"""


def names_of(lines: list[str]) -> set[str]:
    found = [Requirement(line) for line in lines]
    return {
        canonicalize_name(requirement.name)
        for requirement in found
        if requirement.name != PROJECT["name"]
        and (requirement.marker is None or requirement.marker.evaluate({"extra": ""}))
    }


def absent_modules() -> str:
    """Every installed module that a plain installation does not bring, joined by commas."""
    plain, left = set(), names_of(PROJECT["dependencies"])
    while left:
        name = left.pop()
        plain.add(name)
        left |= names_of(requires(name) or []) - plain
    bring = packages_distributions()
    # What several distributions share (a folder of tests, a namespace) cannot be absent.
    return ",".join(
        module
        for module, distributions in bring.items()
        if {canonicalize_name(name) for name in distributions}.isdisjoint(
            plain | {canonicalize_name(PROJECT["name"]), "setuptools", "pip"}
        )
    )


@pytest.fixture(scope="module")
def plain(tmp_path_factory):
    """Return a function that runs a verb where only the plain installation is there."""
    absent = absent_modules()
    assert {"mlflow", "sklearn", "pyarrow", "plotly", "optuna"} <= set(absent.split(","))
    folder = tmp_path_factory.mktemp("plain")

    def verb(*words: object) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-c", PROGRAM, absent, *map(str, words)],
            cwd=folder,
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=300,
            check=False,
        )

    return verb


def test_extras_are_those_of_the_project():
    extras = PROJECT["optional-dependencies"]
    own = {
        extra: names_of(lines)
        for extra, lines in extras.items()
        if extra not in FOR_WORK_ON_THE_CODE
    }
    named = {extra: set(packages.values()) for extra, packages in EXTRAS.items()}
    assert own.pop("all") == set()
    assert own["train"] - named["parquet"] == named["train"]
    assert own | {"train": named["train"]} == named


def test_predict_from_a_folder_needs_no_extra(plain, tmp_path):
    done = plain(
        "predict", "--data", PANEL, "--model", ROOT / "models" / "demo", "--out", tmp_path / "f.csv"
    )
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "f.csv").is_file()


def test_predict_writes_a_workbook_without_extras(plain, tmp_path):
    out = tmp_path / "f.xlsx"
    model = ROOT / "models" / "demo"
    done = plain("predict", "--data", PANEL, "--model", model, "--out", out, "--drivers", 0)
    assert done.returncode == 0, done.stderr
    assert out.is_file()


def test_check_writes_its_page_without_extras(plain, tmp_path):
    out = tmp_path / "audit.html"
    done = plain("check", PANEL, "--experiment", EXPERIMENT, "--out", out)
    assert done.returncode == 0, done.stderr
    assert out.is_file()


@pytest.mark.parametrize(
    ("words", "extra"),
    [
        (["train", EXPERIMENT, "--out", "out"], "train"),
        (["backtest", EXPERIMENT, "--out", "out"], "train"),
        (
            [
                *("predict", "--data", PANEL, "--model", ROOT / "models" / "demo"),
                *("--drivers", "0", "--out", "f.parquet"),
            ],
            "parquet",
        ),
        (["predict", "--data", PANEL, "--out", "f.csv", "--issue"], "parquet"),
    ],
    ids=["train", "backtest", "a Parquet file", "an issued forecast"],
)
def test_a_missing_extra_ends_in_one_line(plain, words, extra):
    done = plain(*words)
    assert done.returncode == 2, done.stderr
    assert done.stderr.startswith("city-resilience: ")
    assert done.stderr.endswith(f'install it: pip install "city-resilience[{extra}]"\n')
    assert done.stderr.count("\n") == 1


def test_another_missing_module_is_an_internal_error():
    assert missing_package(ModuleNotFoundError("No module named 'x'", name="x")) is None
    assert missing_package(ValueError("mlflow")) is None
    assert missing_package(None) is None
