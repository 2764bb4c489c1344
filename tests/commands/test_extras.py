"""A plain installation predicts, checks and imports; what it lacks ends in one clear line."""

from __future__ import annotations

import json
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from importlib.metadata import packages_distributions, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from city_resilience.commands.extras import EXTRAS, missing_package
from city_resilience.models.manifest import FORMAT_VERSION
from places import ROOT

PANEL = ROOT / "experiments" / "demo" / "panel.csv"
EXPERIMENT = ROOT / "experiments" / "demo" / "experiment.toml"
GOLDEN = ROOT / "tests" / "golden" / f"bundle_{FORMAT_VERSION}"
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
FOR_WORK_ON_THE_CODE = ("dev", "docs")

# Runs commands as if only the modules that are not in argv[1] were installed, in one process.
PROGRAM = """
import contextlib, io, json, sys
class Absent:
    names = frozenset(sys.argv.pop(1).split(","))
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] in self.names:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
sys.meta_path.insert(0, Absent())
from city_resilience.commands.main import run
found = []
for words in json.loads(sys.argv[1]):
    out, err = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
        code = run(words)
    found.append((code, err.getvalue()))
print(json.dumps(found))
"""
PREDICT = ("predict", "--data", GOLDEN / "panel.csv", "--model", GOLDEN / "growth_gap" / "model")
RUNS = {
    "a folder": (*PREDICT, "--out", "f.csv"),
    "a workbook": (*PREDICT, "--drivers", 0, "--out", "f.xlsx"),
    "a page": ("check", PANEL, "--experiment", EXPERIMENT, "--out", "audit.html"),
}
REFUSED = {
    "train": (("train", EXPERIMENT, "--out", "out"), "train"),
    "backtest": (("backtest", EXPERIMENT, "--out", "out"), "train"),
    "mechanisms": (("mechanisms", EXPERIMENT, "--out", "out"), "mechanisms"),
    "a Parquet file": ((*PREDICT, "--drivers", 0, "--out", "f.parquet"), "parquet"),
    "an issued forecast": (("predict", "--data", PANEL, "--out", "f.csv", "--issue"), "parquet"),
}


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


@dataclass(frozen=True)
class Plain:
    """What commands wrote and said where only the plain installation is there."""

    folder: Path
    said: dict[str, tuple[int, str]]


@pytest.fixture(scope="module")
def plain(tmp_path_factory: pytest.TempPathFactory) -> Plain:
    absent = absent_modules()
    assert set().union(*(packages for packages in EXTRAS.values())) <= set(absent.split(","))
    folder = tmp_path_factory.mktemp("plain")
    commands = {**{name: words for name, (words, _) in REFUSED.items()}, **RUNS}
    every = json.dumps([[str(word) for word in words] for words in commands.values()])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, absent, every],
        cwd=folder,
        capture_output=True,
        text=True,
        encoding="utf-8",
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return Plain(folder, dict(zip(commands, json.loads(done.stdout), strict=True)))


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


@pytest.mark.parametrize("name", RUNS)
def test_predict_and_check_need_no_extra(plain, name):
    assert plain.said[name] == [0, ""]
    assert (plain.folder / str(RUNS[name][-1])).is_file()


@pytest.mark.parametrize("name", REFUSED)
def test_a_missing_extra_ends_in_one_line(plain, name):
    words, extra = REFUSED[name]
    code, said = plain.said[name]
    assert code == 2, said
    assert said.startswith("city-resilience: ")
    assert said.endswith(f'install it: pip install "city-resilience[{extra}]"\n')
    assert said.count("\n") == 1
    assert words[-1] != "out" or not (plain.folder / "out").exists()


def test_another_missing_module_is_an_internal_error():
    assert missing_package(ModuleNotFoundError("No module named 'x'", name="x")) is None
    assert missing_package(ValueError("mlflow")) is None
    assert missing_package(None) is None
