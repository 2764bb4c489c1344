"""What is doubtful about a panel is printed, stands in the manifest, and ends with 3 if strict."""

from __future__ import annotations

import io
import json
from pathlib import Path

import pandas as pd
import pytest

from bundle_inputs import panel_text, small_forecaster, small_panel, write_panel
from city_resilience.commands.main import run
from city_resilience.commands.predict import predict
from city_resilience.models.bundle import load_bundle, save_bundle

HEADER, OTHER = "Patents granted (count)", "Resident population (10k persons)"


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    panel = small_panel(tmp_path_factory.mktemp("panel"))
    return save_bundle(small_forecaster(panel), tmp_path_factory.mktemp("model") / "bundle")


def call(model: Path, data: Path, out: Path, *more: str) -> int:
    words = ["predict", "--data", str(data), "--model", str(model), "--out", str(out), *more]
    return run([*words, "--drivers", "0"])


def wrong(folder: Path, header: str = HEADER, first: int = 0) -> Path:
    frame = pd.read_csv(io.StringIO(panel_text()))
    rows = frame["year"] >= first
    frame[header] = frame[header].astype(float).where(~rows, frame[header] * 10_000)
    path = folder / "wrong.csv"
    frame.to_csv(path, index=False)
    return path


def test_the_bundle_keeps_the_levels(model):
    levels = load_bundle(model).levels
    assert levels["patents_granted"].first == 2000
    assert len(levels["patents_granted"].medians) == 14


def test_a_panel_like_the_trained_one_raises_none(model, tmp_path, capsys):
    out = tmp_path / "out.csv"
    assert call(model, write_panel(tmp_path), out, "--strict", "--quiet") == 0
    assert capsys.readouterr() == ("", "")
    assert json.loads(Path(f"{out}.manifest.json").read_text("utf-8"))["alarms"] == []


def test_a_wrong_column_is_told_and_counts_under_strict(model, tmp_path, capsys):
    data, out = wrong(tmp_path), tmp_path / "out.csv"
    assert call(model, data, out) == 0
    told = capsys.readouterr().err
    assert f"Alarm: patents_granted (column '{HEADER}') is 10,000 times its level" in told
    [alarm] = json.loads(Path(f"{out}.manifest.json").read_text("utf-8"))["alarms"]
    assert f"Alarm: {alarm}\n" == told
    before = out.read_bytes()
    out.unlink()
    assert call(model, data, out, "--strict") == 3
    assert out.read_bytes() == before
    last = capsys.readouterr().err.splitlines()[-1]
    assert last.startswith("city-resilience: out.csv: written, with 1 alarm; ")


def test_an_error_of_the_audit_refuses(model, tmp_path, capsys):
    out = tmp_path / "out.csv"
    assert call(model, wrong(tmp_path, OTHER, 2013), out, "--strict") == 2
    assert "unit population 2013" in capsys.readouterr().err
    assert not out.exists()


def test_alarms_are_of_the_result_too(model, tmp_path):
    assert len(predict(wrong(tmp_path), model, drivers=0).alarms) == 1


def test_data_that_run_backwards_are_told_unless_meant(model, tmp_path, capsys):
    frame = pd.read_csv(io.StringIO(panel_text()))
    data, out = tmp_path / "older.csv", tmp_path / "out.csv"
    frame[frame["year"] < 2013].to_csv(data, index=False)
    assert call(model, data, out, "--strict", "--quiet") == 3
    told = capsys.readouterr().err
    assert "the data run backwards: the panel ends in 2012, and the model has learnt from" in told
    assert "2013; bring the newer panel, or say --origin 2012 if it is meant" in told
    assert call(model, data, out, "--strict", "--quiet", "--origin", "2012") == 0
