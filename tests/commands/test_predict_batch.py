"""Panels from a pipe, in parts and in folders; earlier origins; files that come together."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pandas as pd
import pytest

from bundle_inputs import panel_text, small_forecaster, small_panel, write_panel
from city_resilience.commands import forecast_files, forecasting
from city_resilience.commands.main import run
from city_resilience.commands.predict import predict
from city_resilience.errors import InputError
from city_resilience.models.bundle import save_bundle


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    panel = small_panel(tmp_path_factory.mktemp("panel"))
    return save_bundle(small_forecaster(panel), tmp_path_factory.mktemp("model") / "bundle")


def source() -> pd.DataFrame:
    return pd.read_csv(io.StringIO(panel_text()))


def forecast_of(data: object, model: Path, folder: Path, **more: object) -> bytes:
    return Path(
        str(predict(data, model, out=folder / "one.csv", drivers=0, **more).out)
    ).read_bytes()


@pytest.mark.parametrize("kind", ["csv", "parquet", "xlsx"])
def test_a_pipe_is_read_and_written(kind, model, tmp_path, monkeypatch, capsys):
    data = tmp_path / f"panel.{kind}"
    writers = {"csv": "to_csv", "parquet": "to_parquet", "xlsx": "to_excel"}
    getattr(source(), writers[kind])(data, index=False)
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data.read_bytes())))
    words = ["predict", "--data", "-", "--out", "-", "--model", str(model), "--drivers", "0"]
    assert run(words) == 0
    written = capsys.readouterr()
    assert written.err == ""
    expected = forecast_of(data, model, tmp_path).removeprefix(b"\xef\xbb\xbf")
    assert written.out.encode() == expected


def test_an_empty_pipe_is_refused(model, monkeypatch, capsys):
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    assert run(["predict", "--data", "-", "--out", "-", "--model", str(model)]) == 2
    assert "--data -: the standard input is empty" in capsys.readouterr().err


def test_parts_of_a_panel_are_the_panel(model, tmp_path):
    parts = tmp_path / "parts"
    for year, rows in source().groupby("year"):
        (parts / f"year={year}").mkdir(parents=True)
        rows.drop(columns="year").to_parquet(parts / f"year={year}" / "0.parquet", index=False)
    assert forecast_of(parts, model, tmp_path) == forecast_of(
        write_panel(tmp_path), model, tmp_path
    )
    with pytest.raises(InputError, match="would be a part of the panel in"):
        predict(parts, model, out=parts / "forecast.csv")


def test_an_earlier_origin_is_the_panel_that_ended_with_it(model, tmp_path):
    frame = source()
    then = frame[frame["year"] <= 2010]
    (tmp_path / "then").mkdir()
    then.to_csv(tmp_path / "then" / "panel.csv", index=False)
    expected = forecast_of(tmp_path / "then" / "panel.csv", model, tmp_path)
    assert forecast_of(write_panel(tmp_path), model, tmp_path, origin=2010) == expected
    with pytest.raises(InputError, match="--origin 1900: the panel has the years 2000-2013"):
        forecast_of(write_panel(tmp_path), model, tmp_path, origin=1900)


def test_an_earlier_origin_is_said_to_be_no_forecast_of_then(model, tmp_path, capsys):
    words = ["predict", "--data", str(write_panel(tmp_path)), "--model", str(model)]
    assert run([*words, "--out", str(tmp_path / "o.csv"), "--origin", "2010"]) == 0
    assert "the model learnt from data up to 2013" in capsys.readouterr().out


def panels(folder: Path) -> Path:
    (folder / "panels").mkdir()
    for name in ("north", "south"):
        source().to_csv(folder / "panels" / f"{name}.csv", index=False)
    return folder / "panels"


def each(model: Path, folder: Path, *more: str) -> int:
    places = ["--data", str(folder / "panels"), "--out", str(folder / "out")]
    return run(
        ["predict", *places, "--model", str(model), "--each", "csv", "--drivers", "0", *more]
    )


def test_each_panel_of_a_folder_and_only_what_is_not_done(model, tmp_path, capsys):
    folder = panels(tmp_path)
    assert each(model, tmp_path) == 0
    out = tmp_path / "out"
    first = {path.name: path.stat().st_mtime_ns for path in out.iterdir()}
    assert sorted(first) == [
        f"{n}.csv{end}" for n in ("north", "south") for end in ("", ".manifest.json")
    ]
    expected = forecast_of(folder / "north.csv", model, tmp_path)
    assert (out / "north.csv").read_bytes() == expected
    capsys.readouterr()
    (out / "south.csv.manifest.json").unlink()  # as a run that was cut off leaves it
    (folder / "west.csv").write_bytes((folder / "north.csv").read_bytes())
    assert each(model, tmp_path) == 0
    assert "2 panels forecast, 1 were done already" in capsys.readouterr().out
    assert (out / "north.csv").stat().st_mtime_ns == first["north.csv"]
    assert each(model, tmp_path, "--coverage", "0.8") == 0
    assert "3 panels forecast, 0 were done" in capsys.readouterr().out


def test_a_refused_panel_does_not_stop_the_others(model, tmp_path, capsys):
    (panels(tmp_path) / "a.csv").write_text("city,year\nx,2000\n")
    assert each(model, tmp_path) == 2
    told = capsys.readouterr().err
    assert "Refused: " in told
    assert "1 panel of 3 refused" in told
    assert sorted(p.name for p in (tmp_path / "out").glob("*.csv")) == ["north.csv", "south.csv"]


def test_two_panels_of_one_name_are_refused(model, tmp_path, capsys):
    folder = panels(tmp_path)
    source().to_parquet(folder / "north.parquet", index=False)
    assert each(model, tmp_path) == 2
    assert "would both be forecast into north.csv" in capsys.readouterr().err


def test_the_manifest_comes_last_and_goes_first(model, tmp_path, monkeypatch):
    data, out = write_panel(tmp_path), tmp_path / "out.csv"
    predict(data, model, out=out, drivers=0)
    before = out.read_bytes()

    @contextmanager
    def cut(paths: list[Path]) -> Iterator[list[Path]]:
        paths[-1].unlink()
        raise KeyboardInterrupt
        yield paths

    monkeypatch.setattr(forecast_files, "appearing", cut)
    with pytest.raises(KeyboardInterrupt):
        predict(data, model, out=out, drivers=0)
    monkeypatch.undo()
    assert out.read_bytes() == before
    assert not Path(f"{out}.manifest.json").exists()
    predict(data, model, out=out, drivers=0)
    assert Path(f"{out}.manifest.json").exists()


def test_runs_at_once_leave_a_pair_that_belongs_together(model, tmp_path):
    data, out = write_panel(tmp_path), tmp_path / "out.csv"
    with ThreadPoolExecutor(4) as pool:
        jobs = [
            pool.submit(predict, data, model, out=out, drivers=0, coverage=0.8 + k / 100)
            for k in range(8)
        ]
        for job in jobs:
            job.result()
    manifest = json.loads(Path(f"{out}.manifest.json").read_text("utf-8"))
    assert manifest["sha256"] == hashlib.sha256(out.read_bytes()).hexdigest()
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "out.csv",
        "out.csv.manifest.json",
        "panel.csv",
    ]


def test_a_model_that_is_replaced_meanwhile_is_named_as_it_was_read(model, tmp_path, monkeypatch):
    folder = tmp_path / "model"
    shutil.copytree(model, folder)
    read = (folder / "manifest.json").read_bytes()
    forecast = forecasting.forecast_panel

    def replaced(*words: object) -> forecasting.Predicted:
        newer = json.loads(read) | {"package_version": "99.0"}
        (folder / "manifest.json").write_text(json.dumps(newer), encoding="utf-8")
        return forecast(*words)

    monkeypatch.setattr(forecasting, "forecast_panel", replaced)
    result = predict(write_panel(tmp_path), folder, out=tmp_path / "out.csv", drivers=0)
    assert result.manifest["inputs"]["model"] == hashlib.sha256(read).hexdigest()
    assert result.manifest["model"]["trained_with"]["city-resilience"] != "99.0"
