"""City names and headers that are markup, formulas or orders to a terminal stay text everywhere."""

from __future__ import annotations

import ast
import csv
import re
from pathlib import Path

import openpyxl
import pytest

from city_resilience.commands.console import open_console, say, table_of, visible
from city_resilience.commands.main import run
from pipeline_inputs import EXPERIMENT, small_frame, write_experiment
from places import ROOT

OLD, RED, MARKUP, FORMULA = "Ohio [/old]", "\x1b[31mRed\x07", "[bold]Bold", "=1+1"
UNSAFE = re.compile("[\x00-\x09\x0b-\x1f\x7f-\x9f\u202a-\u202e]")
TEXT = EXPERIMENT + '\n[model]\nmembers = ["persistence", "ridge"]\n'
TEXT = re.sub(r"\[model\.parameters[^[]+", "", TEXT).replace("[1, 2]", "[1]")
TEXT = TEXT.replace("[data]", '[data]\ngroups = ["region"]')
TEXT = TEXT.replace("[features]", '[data.columns."[/red] lamps"]\nfamily = "digital"\n\n[features]')


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, copied_stores: None) -> Path:
    """A panel with hostile names, its experiment, and a run of it."""
    folder = tmp_path_factory.mktemp("hostile")
    frame = small_frame()
    names = sorted(frame["city"].unique())
    hostile = dict(zip(names, (OLD, RED, MARKUP, FORMULA), strict=False))
    frame["city"] = frame["city"].replace(hostile)
    frame["region"] = frame["region"].replace({frame["region"].iloc[0]: "[/region]\x1b[1m"})
    frame["[/red] lamps"] = frame.groupby("city").cumcount() + 1.0
    path = write_experiment(folder, frame, TEXT)
    words = ["train", str(path), "--out", str(folder / "out"), "--store", str(folder / "store")]
    assert run(words) == 0
    return folder


def out_of(capfd: pytest.CaptureFixture[str], folder: Path, *words: str) -> str:
    """Run a verb that must end well, in the folder; returns what it printed."""
    places = {"PANEL": "panel.csv", "TOML": "experiment.toml", "MODEL": "out/model", "RUN": "out"}
    found = [str(folder / places[word]) if word in places else word for word in words]
    code = run(found)
    printed = capfd.readouterr()
    assert code == 0, printed.err
    assert not UNSAFE.search(printed.out + printed.err)
    return printed.out


WINDOW = ("--window", "2003:2004:2006")
PRINTED = {
    "check": (("check", "PANEL", "--experiment", "TOML"), ""),
    "backtest": (("backtest", "TOML"), ""),
    "measure": (("measure", "PANEL", *WINDOW, "--by", "region", "--out", "m.csv"), ""),
    "explain": (("explain", OLD, "--data", "PANEL", "--model", "MODEL"), OLD),
    "explain a run": (("explain", RED, "--model", "MODEL"), "\ufffd[31mRed\ufffd"),
    "scenario": (
        ("scenario", MARKUP, "--data", "PANEL", "--model", "MODEL", "--set", "[/red] lamps=13"),
        MARKUP,
    ),
    "report": (("report", "--results", "RUN"), ""),
    "new": (("new", "PANEL", "--yes", "--out", "new.toml"), ""),
}


@pytest.mark.tracking
@pytest.mark.parametrize("case", PRINTED)
def test_every_verb_prints_names_as_text(case, folder, tmp_path, monkeypatch, capfd):
    monkeypatch.chdir(tmp_path)
    words, shown = PRINTED[case]
    assert shown in out_of(capfd, folder, *words)


@pytest.mark.tracking
@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_a_forecast_holds_no_formula_and_no_control_character(suffix, folder, tmp_path, capfd):
    out = tmp_path / f"forecast{suffix}"
    out_of(capfd, folder, "predict", "--data", "PANEL", "--model", "MODEL", "--out", str(out))
    if suffix == ".csv":
        with out.open(encoding="utf-8-sig", newline="") as file:
            cells = {cell for row in csv.reader(file) for cell in row}
        assert {f"'{FORMULA}", OLD, "\ufffd[31mRed\ufffd"} <= cells
        return
    sheet = openpyxl.load_workbook(out).active
    kinds = {str(cell.value): cell.data_type for row in sheet.iter_rows() for cell in row}
    assert kinds[FORMULA] == kinds[OLD] == kinds["\ufffd[31mRed\ufffd"] == "s"


def test_an_error_shows_a_name_as_text(tmp_path, capfd):
    name = f"{RED}.toml"
    assert run(["train", str(tmp_path / name)]) == 2
    error = capfd.readouterr().err
    assert "\ufffd[31mRed\ufffd.toml: no such experiment file" in error
    assert not UNSAFE.search(error)


def test_heads_titles_and_cells_are_text(capfd):
    console = open_console()
    console.print(table_of("[/t]\x1b", [("[/h]\x1b", "{a}")], [{"a": "[/c]\x1b\u202e :smile:"}]))
    say(console, "[/line]\nbreak")
    printed = capfd.readouterr().out
    for text in ("[/t]\ufffd", "[/h]\ufffd", "[/c]\ufffd\ufffd :smile:", "[/line]\ufffdbreak"):
        assert text in printed
    assert not UNSAFE.search(printed)
    assert visible("甲\u3000市\xa0") == "甲\u3000市\xa0"


def test_the_commands_print_through_one_place():
    """No other module of the commands prints, or makes a console of its own."""
    for path in (ROOT / "src" / "city_resilience" / "commands").glob("*.py"):
        if path.name in ("console.py", "plain_console.py"):
            continue
        calls = [
            node
            for node in ast.walk(ast.parse(path.read_text("utf-8")))
            if isinstance(node, ast.Call)
        ]
        names = {ast.unparse(call.func) for call in calls}
        assert not names & {"click.echo", "print", "Console", "click.secho"}, path.name
