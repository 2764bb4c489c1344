"""``new`` as a user types it: what it writes, asks, prints and refuses."""

from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner

from city_resilience.commands.main import main, run
from foreign_panels import PANELS

OUTCOME = "GRDP by expenditure (billion won)"


@pytest.fixture
def korea(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    PANELS["korea"].make(24).to_csv("korea.csv", index=False)
    return tmp_path


def test_three_commands_are_said_next_and_the_first_works(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    PANELS["germany"].make(24).to_csv("my kreise.csv", index=False)
    assert run(["new", "my kreise.csv"]) == 0
    printed = capsys.readouterr().out
    assert printed.splitlines()[0] == "my kreise.csv: 24 districts, 2004-2021"
    assert "Wrote my_kreise.toml" in printed
    following = printed[printed.index("Next:") :].splitlines()[1:]
    assert following == [
        "  city-resilience check 'my kreise.csv' --experiment my_kreise.toml "
        "--out out/my_kreise/audit.html",
        "  city-resilience train my_kreise.toml --out out/my_kreise",
        "  open out/my_kreise/report.html in a browser",
    ]
    command = ["check", "my kreise.csv", "--experiment", "my_kreise.toml"]
    assert run([*command, "--out", "out/my_kreise/audit.html"]) == 0


def test_an_open_question_without_a_terminal_names_the_flags_and_writes_nothing(korea, capsys):
    assert run(["new", "korea.csv"]) == 2
    said = capsys.readouterr().err
    assert "several columns could be the outcome" in said
    assert f"--outcome '{OUTCOME}'" in said
    assert "--yes takes the first of each; nothing was written" in said
    assert [path.name for path in korea.iterdir()] == ["korea.csv"]


def test_the_flag_and_yes_answer_it(korea):
    assert run(["new", "korea.csv", "--outcome", OUTCOME, "--out", "a.toml"]) == 0
    assert f'column = "{OUTCOME}"' in Path("a.toml").read_text("utf-8")
    assert run(["new", "korea.csv", "--yes", "--out", "b.toml"]) == 0
    assert 'column = "GRDP by production (billion won)"' in Path("b.toml").read_text("utf-8")


def test_a_terminal_is_asked(korea, monkeypatch):
    monkeypatch.setattr("city_resilience.commands.new._at_terminal", lambda: True)
    done = CliRunner().invoke(main, ["new", "korea.csv", "--out", "a.toml"], input="2\n")
    assert done.exit_code == 0, done.output
    assert f"  2  {OUTCOME}" in done.output
    assert f'column = "{OUTCOME}"' in Path("a.toml").read_text("utf-8")


def test_an_older_file_is_replaced_only_by_force(korea, capsys):
    Path("a.toml").write_text("mine", "utf-8")
    assert run(["new", "korea.csv", "--yes", "--out", "a.toml"]) == 2
    assert "--force" in capsys.readouterr().err
    assert Path("a.toml").read_text("utf-8") == "mine"
    assert run(["new", "korea.csv", "--yes", "--out", "a.toml", "--force"]) == 0
    assert Path("a.toml").read_text("utf-8") != "mine"


def test_a_draft_elsewhere_finds_its_panel(korea):
    assert run(["new", "korea.csv", "--yes", "--out", "drafts/a.toml"]) == 0
    assert 'path = "../korea.csv"' in Path("drafts/a.toml").read_text("utf-8")


def test_keys_are_printed_without_a_panel(capsys):
    assert run(["new", "--keys", "evaluation"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("[evaluation]\nfirst_origin (whole number, required)\n")
    assert run(["new", "--keys"]) == 0
    every = capsys.readouterr().out
    assert printed.strip() in every
    assert "[data]" in every
    assert run(["new", "--keys", "evaluations"]) == 2
    assert "nearest: 'evaluation'" in capsys.readouterr().err


def test_without_a_panel_it_is_a_mistake(capsys):
    assert run(["new"]) == 2
    assert "Missing argument 'PANEL'" in capsys.readouterr().err
