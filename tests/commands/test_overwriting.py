"""No verb writes over what it reads, and a run replaces nothing but its own model."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest

import bundle_inputs
from city_resilience.commands.main import run
from city_resilience.models.bundle import save_bundle
from city_resilience.models.manifest import foreign_files
from pipeline_inputs import SHORT, as_words, write_experiment
from workbook_inputs import write_xlsx, yearbook

pytestmark = pytest.mark.usefixtures("copied_stores")


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("model")
    forecaster = bundle_inputs.small_forecaster(bundle_inputs.small_panel(folder))
    return save_bundle(forecaster, folder / "bundle")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Hold an experiment, its panel as ``panel.csv`` and under the names that verbs write."""
    for name in ("MLFLOW_RUN_ID", "MLFLOW_TRACKING_URI"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    write_experiment(tmp_path)
    for name in ("m.groups.csv", "out/scores.csv", "out/reasons.csv", "out/ablation.csv"):
        Path(name).parent.mkdir(exist_ok=True)
        shutil.copy("panel.csv", name)
    Path("soft.csv").symlink_to("panel.csv")
    Path("hard.csv").hardlink_to("panel.csv")
    Path("page.html").symlink_to("panel.csv")
    Path("sheets").mkdir()
    write_xlsx(Path("sheets/Data_2006.xlsx"), [yearbook(("制造业",), file="Data_2006.xlsx")])
    shutil.copy("sheets/Data_2006.xlsx", "sheets/mine.xlsx")
    pd.DataFrame({"city": ["甲市"], "year": [2005]}).to_csv("sheets/mine.list.csv", index=False)
    Path("results").mkdir()
    Path("results/audit.html").write_text("the audit")
    Path("results/summary.json").write_text("{}")
    return tmp_path


def contents(folder: Path) -> dict[str, bytes]:
    return {str(p): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


TRAINED = ["experiment.toml", "--store", "store"]
OVER: dict[str, tuple[list[str], str]] = {
    "predict": (
        ["predict", "--data", "panel.csv", "--out", "panel.csv", "--model", "MODEL"],
        "panel.csv: would overwrite panel.csv, which is read; choose another name",
    ),
    "predict, soft link": (
        ["predict", "--data", "panel.csv", "--out", "soft.csv", "--model", "MODEL"],
        "soft.csv: would overwrite panel.csv, which is read; choose another name",
    ),
    "predict, hard link": (
        ["predict", "--data", "soft.csv", "--out", "hard.csv", "--model", "MODEL"],
        "hard.csv: would overwrite soft.csv, which is read; choose another name",
    ),
    "predict, another spelling": (
        ["predict", "--data", "panel.csv", "--out", "out/../panel.csv", "--model", "MODEL"],
        "out/../panel.csv: would overwrite panel.csv, which is read; choose another name",
    ),
    "measure": (
        ["measure", "panel.csv", "--window", "2003:2004", "--out", "hard.csv"],
        "hard.csv: would overwrite panel.csv, which is read; choose another name",
    ),
    "measure, its groups": (
        ["measure", "m.groups.csv", "--window", "2003:2004", "--out", "m.csv", "--by", "region"],
        "m.groups.csv: would overwrite m.groups.csv, which is read; choose another name",
    ),
    "check": (
        ["check", "panel.csv", "--out", "page.html"],
        "page.html: would overwrite panel.csv, which is read; choose another name",
    ),
    "import, a named file": (
        ["import", "panel.csv", "sheets", "--out", "panel.csv"],
        "panel.csv: would overwrite panel.csv, which is read; choose another name",
    ),
    "import, a file of the folder": (
        ["import", "sheets", "--out", "sheets/Data_2006.xlsx"],
        "sheets/Data_2006.xlsx: would overwrite sheets/Data_2006.xlsx, which is read; choose "
        "another name",
    ),
    "import, its list": (
        ["import", "sheets", "--out", "sheets/mine.csv"],
        "sheets/mine.list.csv: would overwrite sheets/mine.list.csv, which is read; choose "
        "another name",
    ),
    "train": (
        ["train", *TRAINED, "--data", "out/scores.csv", "--out", "out"],
        "out/scores.csv: would overwrite out/scores.csv, which is read; choose another name",
    ),
    "backtest": (
        ["backtest", "experiment.toml", "--data", "out/reasons.csv", "--out", "out"],
        "out/reasons.csv: would overwrite out/reasons.csv, which is read; choose another name",
    ),
    "study": (
        ["study", "experiment.toml", "--data", "out/ablation.csv", "--out", "out"],
        "out/ablation.csv: would overwrite out/ablation.csv, which is read; choose another name",
    ),
    "report, another file of the results": (
        ["report", "--results", "results", "--out", "results/audit.html"],
        "results/audit.html: would overwrite results/audit.html, which is read; choose another "
        "name",
    ),
    "report, the summary": (
        ["report", "--results", "results", "--out", "results/summary.json"],
        "results/summary.json: output suffix '.json' is not known; end the name in .html, .htm, "
        ".xlsx, .docx",
    ),
}


@pytest.mark.parametrize("case", OVER)
def test_what_is_read_is_not_written_over(case, folder, model, capsys):
    words, expected = OVER[case]
    before = contents(folder)
    assert run([str(model) if word == "MODEL" else word for word in words]) == 2
    captured = capsys.readouterr()
    assert (captured.out, captured.err) == ("", f"city-resilience: {expected}\n")
    assert contents(folder) == before


def test_an_earlier_import_in_the_folder_is_replaced_until_someone_changes_it(folder, capsys):
    words = ["import", "sheets/Data_2006.xlsx", "--out", "sheets/panel.csv", "--headers", "id"]
    assert run(words) == 0
    Path("sheets/mine.list.csv").unlink()
    again = ["import", "sheets", "--out", "sheets/panel.csv", "--headers", "id"]
    assert run(again) == 0
    with Path("sheets/panel.csv").open("a") as file:
        file.write("corrected by hand\n")
    before = contents(folder)
    capsys.readouterr()
    assert run(again) == 2
    assert "sheets/panel.csv, which is read" in capsys.readouterr().err
    assert contents(folder) == before


def lose_manifest(folder: Path) -> None:
    (folder / "manifest.json").unlink()


def damage_manifest(folder: Path) -> None:
    (folder / "manifest.json").write_text('{"format": "city-res')


def older_manifest(folder: Path) -> None:
    text = '{"format": "city-resilience bundle", "format_version": 1}'
    (folder / "manifest.json").write_text(text)


def lose_a_part(folder: Path) -> None:
    next(folder.rglob("*.npz")).unlink()


def empty(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.mkdir()


OWN: list[Callable[[Path], None]] = [
    lose_manifest,
    damage_manifest,
    older_manifest,
    lose_a_part,
    empty,
]


@pytest.mark.parametrize("change", OWN)
def test_a_bundle_that_lost_something_is_still_a_bundle(change, folder, model):
    shutil.copytree(model, "out/model")
    change(Path("out/model"))
    assert foreign_files(Path("out/model")) == []


@pytest.mark.parametrize(
    "change", [OWN[0], *(pytest.param(change, marks=pytest.mark.slow) for change in OWN[1:])]
)
def test_a_bundle_that_lost_something_is_replaced(change, folder, model):
    shutil.copytree(model, "out/model")
    change(Path("out/model"))
    assert run(["train", *TRAINED, "--out", "out", *as_words(SHORT)]) == 0
    assert Path("out/model/manifest.json").is_file()
    assert foreign_files(Path("out/model")) == []


def note_added(folder: Path) -> None:
    (folder / "notes.txt").write_text("mine")


def lost_and_note_added(folder: Path) -> None:
    lose_manifest(folder)
    note_added(folder)


def link_added(folder: Path) -> None:
    (folder / "thesis").symlink_to(folder.parent)


def other_program(folder: Path) -> None:
    (folder / "manifest.json").write_text('{"name": "a web page", "start_url": "/"}')


def no_card(folder: Path) -> None:
    lose_manifest(folder)
    (folder / "MODEL_CARD.md").write_text("# Card of another program")


def only_a_card(folder: Path) -> None:
    card = (folder / "MODEL_CARD.md").read_bytes()
    empty(folder)
    (folder / "MODEL_CARD.md").write_bytes(card)


def a_file(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.write_text("a file")


def a_link(folder: Path) -> None:
    folder.rename("elsewhere")
    folder.symlink_to(Path("elsewhere").absolute())


def a_link_to_nowhere(folder: Path) -> None:
    shutil.rmtree(folder)
    folder.symlink_to("nowhere")


FOREIGN: list[Callable[[Path], None]] = [
    note_added,
    lost_and_note_added,
    link_added,
    other_program,
    no_card,
    only_a_card,
    a_file,
    a_link,
    a_link_to_nowhere,
]


@pytest.mark.parametrize("change", FOREIGN)
def test_anything_else_in_the_place_of_the_model_is_refused(change, folder, model, capsys):
    shutil.copytree(model, "out/model")
    change(Path("out/model"))
    before = contents(folder)
    assert run(["train", *TRAINED, "--out", "out"]) == 2
    err = capsys.readouterr().err
    assert err.startswith("city-resilience: --out out: ")
    assert "'model'" in err
    assert err.endswith("name another folder\n")
    assert contents(folder) == before
