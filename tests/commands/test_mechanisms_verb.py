"""The verb mechanisms from a file to a folder and to a run."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from city_resilience.commands.main import run
from city_resilience.mechanisms.parts import PARTS
from city_resilience.mechanisms.run import read_mechanisms
from city_resilience.tracking.store import open_store
from pipeline_inputs import small_frame, write_experiment

pytest.importorskip("linearmodels")
pytest.importorskip("diff_diff")
pytestmark = [pytest.mark.tracking, pytest.mark.usefixtures("copied_stores")]

CLAIMS = """
[mechanisms]
lags = [1]
draws = 20
[mechanisms.treatments.finance]
components = { digital_finance_index = 1 }
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An experiment, the tables of two parts, and the store of their run."""
    folder = tmp_path_factory.mktemp("small")
    path = write_experiment(folder)
    path.write_text(path.read_text("utf-8") + CLAIMS, "utf-8")
    assert run(words(folder, "--only", "thresholds,baseline")) == 0
    return folder


def words(folder: Path, *more: str, out: str = "out") -> list[str]:
    paths = ["--out", str(folder / out), "--store", str(folder / "store")]
    return ["mechanisms", str(folder / "experiment.toml"), *paths, *more]


def found(folder: Path, out: str = "out") -> dict:
    return json.loads((folder / out / "mechanisms.json").read_text("utf-8"))


def test_each_part_has_a_table_and_its_rows_in_the_file(folder):
    own = found(folder)
    assert list(own["parts"]) == [name for name in PARTS if name in ("baseline", "thresholds")]
    for name, part in own["parts"].items():
        table = pd.read_csv(folder / "out" / f"{name}.csv", encoding="utf-8-sig")
        assert table.columns.tolist() == part["columns"]
        assert len(table) == len(part["rows"]) > 0
    assert own == read_mechanisms(folder / "out")
    assert own["simulated"] is True
    assert own["settings"]["draws"] == 20
    names = {row[key] for row in own["parts"]["baseline"]["rows"] for key in ("outcome", "term")}
    assert names <= set(own["labels"])


def test_it_names_no_city_and_no_place_on_the_machine(folder):
    text = "".join(path.read_text("utf-8") for path in (folder / "out").glob("*.[cj]s*"))
    assert [city for city in small_frame()["city"].unique() if city in text] == []
    assert str(folder) not in text


def test_it_is_logged_as_a_run_with_its_tables(folder):
    client = open_store(str(folder / "store"), create=False).client
    experiment = client.get_experiment_by_name("small")
    logged = client.search_runs([experiment.experiment_id])[-1]
    assert logged.info.status == "FINISHED"
    assert logged.data.tags["city_resilience.command"] == "mechanisms"
    assert logged.data.params["mechanisms.draws"] == "20"
    names = {file.path for file in client.list_artifacts(logged.info.run_id)}
    assert names == {path.name for path in (folder / "out").iterdir()}


def test_a_narrow_screen_has_as_many_numbered_columns_as_it_holds(folder, capsys, monkeypatch):
    monkeypatch.setattr("city_resilience.commands.console.WIDE", 65)
    assert run(words(folder, "--only", "baseline")) == 0
    text = capsys.readouterr().out
    assert "SIMULATED DATA" in text
    assert {"(1)", "(2)", "Inference", "Observations"} <= set(text.replace("│", " ").split())
    assert "(4)" not in text
    assert "The first 3 columns; the files have all." in text
    assert max(len(line) for line in text.splitlines() if line[0] in "┃│") <= 65
    for name in ("tables.tex", "tables.docx", "tables.xlsx"):
        assert (folder / "out" / name).stat().st_size > 0


def test_the_screen_says_how_many_claims_hold_and_a_verdict_for_each(folder, capsys):
    assert run(words(folder, "--only", "baseline,verdicts", out="judged")) == 0
    told = " ".join(capsys.readouterr().out.split())
    claims = found(folder, "judged")["parts"]["verdicts"]["about"]["claims"]
    untestable = sum(own["verdict"] == "untestable" for own in claims)
    assert f"Cannot be tested with these data: {untestable}." in told
    for own in claims:
        assert f"{own['claim']}, {own['label_en']}: " in told


def test_one_part_keeps_the_others_of_the_same_claims(folder, capsys):
    before = found(folder)["parts"]
    assert run(words(folder, "--only", "thresholds")) == 0
    assert "Kept from before: baseline" in capsys.readouterr().out
    assert found(folder)["parts"]["baseline"] == before["baseline"]
    assert found(folder)["parts"]["thresholds"]["rows"] == before["thresholds"]["rows"]
    assert run(words(folder, "--only", "thresholds", "--seed", "3")) == 0
    assert list(found(folder)["parts"]) == ["thresholds"]
    assert not (folder / "out" / "baseline.csv").exists()
    assert "Removed, of other claims, settings or panel: baseline" in capsys.readouterr().out


def test_an_earlier_panel_is_not_written_over(folder, capsys):
    before = (folder / "out" / "thresholds.csv").read_bytes()
    assert run(words(folder, "--set", 'data.vintages.2012-03-30="out/thresholds.csv"')) == 2
    assert "thresholds.csv, which is read" in capsys.readouterr().err
    assert (folder / "out" / "thresholds.csv").read_bytes() == before


def test_its_help_names_all_parts(capsys):
    assert run(["mechanisms", "--help"]) == 0
    assert ", ".join(PARTS) in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (["--only", "basline"], "no part 'basline'; nearest: 'baseline'"),
        (["--set", 'mechanisms.controls=["x"]'], "mechanisms.controls: the panel offers no"),
        (["--set", 'mechanisms.outcomes=["recovery"]'], "windows"),
        (
            [
                "--set",
                'mechanisms.outcomes=["recovery"]',
                "--set",
                'mechanisms.windows=["2012:2013"]',
            ],
            "recovery has no value over 2012:2013",
        ),
        (["--set", 'mechanisms.outcomes=["growth_gap:x"]'], "no variable 'x'"),
        (["--set", "mechanisms.lags=[-1]"], "lags must be ascending years from 1 on"),
        (
            ["--set", "mechanisms.treatments.growth_gap.components.digital_finance_index=1"],
            "mechanisms.treatments.growth_gap: an outcome",
        ),
        (
            [
                "--set",
                "mechanisms.treatments.two.components"
                "={digital_finance_index=1,ict_employment_share=1}",
                "--set",
                "mechanisms.treatments.two.window=[2000,2002]",
            ],
            "mechanisms.treatments.two: no value of digital_finance_index in 2000-2002",
        ),
        (["--draws", "3"], "3 is not in the range 20<=x<=9999"),
    ],
)
def test_bad_usage_is_one_line_and_writes_nothing(folder, capsys, more, message):
    assert run(words(folder, *more, out="none")) == 2
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1
    assert not (folder / "none").exists()
