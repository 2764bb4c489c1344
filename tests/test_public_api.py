"""The front door: what is exported is documented, cheap to import, and does what verbs do."""

from __future__ import annotations

import ast
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest

import city_resilience
from city_resilience.commands.main import run
from pipeline_inputs import RIDGE, as_words, small_frame, write_experiment
from places import ROOT

pytestmark = pytest.mark.usefixtures("copied_stores")

PAGE = (ROOT / "docs" / "python.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```python\n(.*?)```", PAGE, re.DOTALL)


def test_what_is_exported_is_what_the_page_lists():
    listed = re.findall(r"^\| `(\w+)` \|", PAGE, re.MULTILINE)
    assert sorted(["__version__", *listed]) == sorted(city_resilience.__all__)
    assert sorted(city_resilience.__all__) == dir(city_resilience)
    for name in city_resilience.__all__:
        assert getattr(city_resilience, name) is not None


def test_the_types_are_of_the_same_names():
    stub = Path(city_resilience.__file__).with_suffix(".pyi").read_text(encoding="utf-8")
    homes = {}
    for node in ast.parse(stub).body:
        if isinstance(node, ast.ImportFrom):
            homes |= {name.asname: node.module for name in node.names}
    assert homes.keys() == set(city_resilience.__all__) - {"__version__"}
    for name, home in homes.items():
        assert getattr(city_resilience, name).__module__ == home


def test_an_unknown_name_is_no_attribute():
    with pytest.raises(AttributeError, match="no attribute 'forecast_all'"):
        city_resilience.forecast_all  # noqa: B018


def test_importing_it_is_cheap():
    code = "import json, sys, city_resilience; print(json.dumps(sorted(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    found = json.loads(done.stdout)
    assert not {"pandas", "numpy", "pydantic", "click", "mlflow", "xgboost"} & set(found)
    assert [name for name in found if name.startswith("city_resilience.")] == []


def test_the_page_runs(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for name in ("experiments/demo", "models/demo"):
        shutil.copytree(ROOT / name, tmp_path / name)
    before = sorted(tmp_path.rglob("*"))
    names: dict[str, object] = {}
    for block in BLOCKS:
        exec(compile(block, "docs/python.md", "exec"), names)
    assert sorted(tmp_path.rglob("*")) == before
    assert len(names["forecast"].table) == 280 * 3
    assert names["evaluated"].evaluation.scores["horizon"].unique().tolist() == [1]


def test_a_frame_and_a_file_give_the_same(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    write_experiment(tmp_path)
    by_frame = city_resilience.train(
        city_resilience.load_experiment("experiment.toml", RIDGE), small_frame(), store="a"
    )
    forecast = city_resilience.predict(small_frame(), "small@champion", store="a", out="new/f.csv")
    words = ["train", "experiment.toml", *as_words(RIDGE)]
    assert run([*words, "--out", "out", "--store", "b"]) == 0
    written = pd.read_parquet("out/backtest.parquet")
    pd.testing.assert_frame_equal(by_frame.evaluation.backtest.frame, written)
    assert by_frame.version.reference == "small/1"
    assert by_frame.out is None
    assert forecast.out == Path("new/f.csv")
    assert forecast.manifest["model"]["reference"] == "small/1"
    assert pd.read_csv("new/f.csv")["forecast"].tolist() == pytest.approx(
        by_frame.live.forecast["forecast"].tolist(), abs=1e-12
    )
    folders = sorted(path.name for path in tmp_path.iterdir() if path.is_dir())
    assert folders == ["a", "b", "new", "out"]
