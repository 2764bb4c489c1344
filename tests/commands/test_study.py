"""The verb study from a file to a folder, and its way into the report."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest

from city_resilience.commands.main import run
from city_resilience.evaluation.study.parts import PARTS
from city_resilience.evaluation.study.study import read_study
from city_resilience.tracking.store import open_store
from pipeline_inputs import small_frame, write_experiment

pytestmark = [pytest.mark.tracking, pytest.mark.usefixtures("copied_stores")]

WINDOWS = 'outcome.windows=["2003:2004:2006", "2008:2009:2011"]'
DATES = ("created", "seconds")
FOLDER = "study"
FEW = ("--refits", "5")


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An experiment with its study beside it."""
    folder = tmp_path_factory.mktemp("small")
    path, out = write_experiment(folder), str(folder / FOLDER)
    assert run(["study", str(path), "--out", out, "--shock-origins", "2010,2009", *FEW]) == 0
    return folder


def studied(out: Path) -> dict:
    return json.loads((out / "study.json").read_text("utf-8"))


def test_every_part_has_a_table_and_its_rows_in_the_study(folder):
    study = studied(folder / FOLDER)
    assert list(study["parts"]) == list(PARTS)
    for name, part in study["parts"].items():
        table = pd.read_csv(folder / FOLDER / f"{name}.csv", encoding="utf-8-sig")
        assert table.columns.tolist() == part["columns"]
        assert len(table) == len(part["rows"]) > 0
    assert study["experiment"] == "small"
    assert study["simulated"] is True
    assert {row["origin"] for row in study["parts"]["shock"]["rows"]} == {2009, 2010}


def test_a_study_names_no_city_and_no_place_on_the_machine(folder):
    text = (folder / FOLDER / "study.json").read_text("utf-8")
    text += "".join((folder / FOLDER / f"{name}.csv").read_text("utf-8") for name in PARTS)
    assert [city for city in small_frame()["city"].unique() if city in text] == []
    assert str(folder) not in text
    assert folder.name not in text.replace("small", "")


def test_the_same_study_twice_gives_the_same_figures(folder, tmp_path):
    path = write_experiment(tmp_path / "again")
    words = [
        "study",
        str(path),
        "--out",
        str(tmp_path / "out"),
        "--shock-origins",
        "2010,2009",
        *FEW,
    ]
    assert run(words) == 0
    first, second = studied(folder / FOLDER), studied(tmp_path / "out")
    for study in (first, second):
        study.pop("seconds")
        for part in study["parts"].values():
            for name in DATES:
                part.pop(name)
    assert first == second


def test_one_part_keeps_the_others_of_the_same_recipe(folder, tmp_path, capsys):
    out = tmp_path / "out"
    shutil.copytree(folder / FOLDER, out)
    path = folder / "experiment.toml"
    assert run(["study", str(path), "--out", str(out), "--only", "random_split,shock"]) == 0
    assert "Kept from before: ablation, diebold_mariano" in capsys.readouterr().out
    assert list(studied(out)["parts"]) == list(PARTS)
    other = ["--set", "features.carry_forward=1"]
    assert run(["study", str(path), "--out", str(out), "--only", "random_split", *other]) == 0
    assert list(studied(out)["parts"]) == ["random_split"]
    assert not (out / "ablation.csv").exists()


def test_tables_that_are_no_part_of_a_study_stay_in_the_folder(folder, tmp_path):
    for name in ("intervals.csv", "shock.csv"):
        (tmp_path / name).write_text("mine", "utf-8")
    words = [
        "study",
        str(folder / "experiment.toml"),
        "--out",
        str(tmp_path),
        "--only",
        "random_split",
    ]
    assert run(words) == 0
    assert (tmp_path / "random_split.csv").is_file()
    for name in ("intervals.csv", "shock.csv"):
        assert (tmp_path / name).read_text("utf-8") == "mine"


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--only", "random_spit"], "no part 'random_spit'; nearest: 'random_split'"),
        (["--shock-origins", "2040"], "the panel can score origins from 2001 to 2012"),
        (["--shock-origins", "07"], "expected years such as 2007,2014, found '07'"),
        (["--set", "outcome.measure=resistance", "--set", WINDOWS], "resistance is about shocks"),
    ],
)
def test_bad_usage_is_one_line_and_writes_nothing(folder, tmp_path, capsys, words, message):
    out = tmp_path / "out"
    assert run(["study", str(folder / "experiment.toml"), "--out", str(out), *words]) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not out.exists()


def test_screen_answers_in_a_sentence(folder, tmp_path, capsys):
    words = ["study", str(folder / "experiment.toml"), "--out", str(tmp_path / "o")]
    assert run([*words, "--only", "ablation"]) == 0
    text = capsys.readouterr().out
    assert "SIMULATED DATA" in text
    assert "Does digital help?" in text
    assert "the cities are made up" in text
    assert "leaving it out changes the error by" in text
    assert "@" not in text


def test_screen_calls_places_what_the_experiment_does(folder, tmp_path, capsys):
    for file in ("experiment.toml", "panel.csv"):
        if (folder / file).exists():
            (tmp_path / file).write_bytes((folder / file).read_bytes())
    path = tmp_path / "experiment.toml"
    path.write_text('noun = "district"\n' + path.read_text("utf-8"), "utf-8")
    words = ["study", str(path), "--out", str(tmp_path / "o"), "--only", "ablation"]
    assert run(words) == 0
    text = capsys.readouterr().out
    assert "the districts are made up" in text
    assert "cities" not in text


@pytest.mark.slow
def test_training_takes_the_study_beside_the_experiment_into_its_report(folder, tmp_path, capsys):
    path, store = folder / "experiment.toml", str(tmp_path / "store")
    out = tmp_path / "out"
    assert run(["train", str(path), "--out", str(out), "--store", store]) == 0
    assert "is in the report, made with this recipe and panel" in capsys.readouterr().out
    summary = json.loads((out / "summary.json").read_text("utf-8"))
    assert summary["study"]["same"] is True
    assert 'id="study-blocks"' in (out / "report.html").read_text("utf-8")
    grades = pd.read_csv(out / "drivers" / "grades.csv")
    metrics = open_store(store, create=False).client.get_run(summary["run"]["run_id"]).data.metrics
    logged = {name for name in metrics if "_grade_h" in name}
    families = grades[grades["level"] == "family"]
    assert len(logged) == len(families) > 0
    assert {metrics[name] for name in logged} <= {0.0, 1.0, 2.0}
    assert {"grades.csv", "grades.xlsx", "grades.parquet"} <= {
        file.name for file in (out / "drivers").iterdir()
    }
    other = tmp_path / "other"
    words = ["--set", "features.carry_forward=1", "--out", str(other), "--store", store]
    assert run(["train", str(path), *words]) == 0
    assert "another recipe or panel" in capsys.readouterr().out
    summary = json.loads((other / "summary.json").read_text("utf-8"))
    assert summary["study"]["same"] is False
    assert not (other / "drivers" / "grades.csv").exists()
    without_and_with(folder, tmp_path, store)


def without_and_with(folder: Path, tmp_path: Path, store: str) -> None:
    """An experiment without a study says how to get one; report adds it afterwards."""
    path, out = write_experiment(tmp_path / "bare"), tmp_path / "bare_out"
    assert run(["train", str(path), "--out", str(out), "--store", store]) == 0
    page = (out / "report.html").read_text("utf-8")
    assert 'id="study-none"' in page
    assert 'id="study-blocks"' not in page
    added = tmp_path / "added.html"
    words = ["report", "--results", str(out), "--study", str(folder / FOLDER), "--out", str(added)]
    assert run(words) == 0
    assert 'id="study-blocks"' in added.read_text("utf-8")


def test_a_file_that_is_no_study_is_refused_with_what_to_do(folder, tmp_path, capsys):
    path = write_experiment(tmp_path / "bad")
    (path.parent / FOLDER).mkdir()
    for text in ("{", "[]", '{"format": 9}', '{"format": 1, "parts": {"x": {}}}'):
        (path.parent / FOLDER / "study.json").write_text(text, "utf-8")
        assert run(["train", str(path), "--store", str(tmp_path / "store")]) == 2
        error = capsys.readouterr().err
        assert "study.json" in error
        assert "write it again with: city-resilience study" in error
    assert read_study(folder / FOLDER)["experiment"] == "small"
