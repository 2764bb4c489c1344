"""Disks that are full or read-only, and names that are too long: seen before the work, exit 2."""

from __future__ import annotations

import errno
import os
import re
import shutil
from pathlib import Path

import pandas as pd
import pytest

from city_resilience import disk
from city_resilience.commands.main import run
from city_resilience.disk import fault_of, obstacle
from city_resilience.errors import InputError
from city_resilience.files import write_table
from city_resilience.publishing import publishing
from pipeline_inputs import EXPERIMENT, write_experiment
from places import ROOT

GOLDEN = max(ROOT.glob("tests/golden/bundle_*"), key=lambda path: int(path.name.split("_")[1]))
PANEL, MODEL = str(GOLDEN / "panel.csv"), str(GOLDEN / "growth_gap" / "model")
FULL, READ_ONLY = os.strerror(errno.ENOSPC), os.strerror(errno.EROFS)


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    write_experiment(tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


WRITERS = {
    "predict": ("predict", "--data", PANEL, "--model", MODEL, "--out", "out.csv"),
    "check": ("check", "panel.csv", "--out", "out.html"),
    "measure": ("measure", "panel.csv", "--window", "2003:2004:2006", "--out", "out.xlsx"),
    "new": ("new", "panel.csv", "--yes", "--out", "out.toml"),
    "train": ("train", "experiment.toml", "--out", "out"),
    "store": ("train", "experiment.toml", "--store", "out"),
    "backtest": ("backtest", "experiment.toml", "--out", "out"),
    "report": ("report", "--results", ".", "--out", "out.html"),
}


@pytest.mark.parametrize("kind", ["full", "read-only"])
@pytest.mark.parametrize("verb", WRITERS)
def test_a_place_that_takes_nothing_is_seen_before_the_work(
    verb, kind, folder, monkeypatch, capsys
):
    def never(*_, **__):
        pytest.fail("the work had begun")

    if kind == "full":
        usage = shutil.disk_usage(folder)._replace(free=0)
        monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    else:
        access = os.access
        monkeypatch.setattr(os, "access", lambda path, mode: mode != os.W_OK and access(path, mode))
        monkeypatch.setattr(disk, "_is_read_only", lambda _: True)
    monkeypatch.setattr("city_resilience.commands.evaluation.evaluate", never)
    before = sorted(folder.rglob("*"))
    assert run(list(WRITERS[verb])) == 2
    error = capsys.readouterr().err
    assert re.search(rf"out\b.*: .*\({FULL if kind == 'full' else READ_ONLY}\)", error)
    assert "Traceback" not in error
    assert sorted(folder.rglob("*")) == before


@pytest.mark.parametrize("name", ["n" * 240 + ".csv", "城" * 80 + ".csv", "n" * 300 + ".csv"])
def test_a_name_that_is_too_long_is_seen_before_the_work(name, folder, capsys):
    assert run(["predict", "--data", PANEL, "--model", MODEL, "--out", name]) == 2
    assert "its name has " in capsys.readouterr().err
    assert obstacle(folder / ("城" * 60 + ".csv")) == ""
    assert obstacle(folder / ("n/" * 3000) / "x.csv") == os.strerror(errno.ENAMETOOLONG)
    assert obstacle(folder / "panel.csv" / "x.csv") == os.strerror(errno.EEXIST)


def full(*_, **__):
    raise OSError(errno.ENOSPC, FULL)


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
def test_a_disk_that_fills_up_is_named_as_the_user_named_it(suffix, folder, monkeypatch):
    path = folder / f"out{suffix}"
    path.write_text("older")
    frame = pd.DataFrame({"city": ["A"]})
    for name in ("to_csv", "to_parquet"):
        monkeypatch.setattr(pd.DataFrame, name, full)
    monkeypatch.setattr(Path, "write_bytes", full)
    expected = rf"^{re.escape(str(path))}: cannot be written \({FULL}\); free some space"
    with pytest.raises(InputError, match=expected):
        write_table(frame, path)
    assert path.read_text() == "older"
    expected = rf"^{re.escape(str(folder / 'run' / f'a{suffix}'))}: cannot be written"
    with pytest.raises(InputError, match=expected), publishing(folder / "run") as fresh:
        write_table(frame, fresh / f"a{suffix}")
    assert not (folder / "run").exists()


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (OSError(errno.ENOSPC, FULL, "/disk/x"), f"/disk/x: cannot be read or written ({FULL})"),
        (PermissionError(errno.EACCES, "Permission denied", "y"), "y: cannot be read or written"),
        (MemoryError(), "the memory does not suffice"),
        (RuntimeError("(sqlite3) database or disk is full"), "the store cannot be written to"),
        (RuntimeError("attempt to write a readonly database"), "the store cannot be written to"),
    ],
)
def test_what_comes_from_disk_or_memory_is_no_internal_error(error, told, monkeypatch, capsys):
    def failing(*_, **__):
        raise ValueError("while writing") from error

    monkeypatch.setattr("city_resilience.commands.check.check", failing)
    assert run(["check", "panel.csv"]) == 2
    assert told in capsys.readouterr().err
    assert fault_of(ValueError("a fault of the program")) == ""
    assert fault_of(FileNotFoundError(errno.ENOENT, "No such file")) == ""


def test_the_name_of_an_experiment_has_an_end(folder, capsys):
    write_experiment(folder, text=EXPERIMENT.replace('"small"', f'"{"n" * 101}"'))
    assert run(["backtest", "experiment.toml"]) == 2
    assert "key 'name': string should have at most 100 characters" in capsys.readouterr().err
