"""``check --settle`` and ``--since``, and what settling an error unmasks."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import pandas as pd
import pytest

from city_resilience.audit.audit import audit_panel
from city_resilience.audit.settling import settling_of, unmasked_by
from city_resilience.commands import settle
from city_resilience.commands.check import check
from city_resilience.commands.main import run
from city_resilience.experiment.data import Audit
from city_resilience.experiment.load import load_experiment
from city_resilience.reading.corrections import apply_corrections
from city_resilience.reading.read import read_panel
from pipeline_inputs import small_frame, write_experiment

ICT = "Employment in information transmission, computer services and software (10k persons)"
WORDS = ["check", "panel.csv", "--settle", "experiment.toml"]


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def spoilt(*factors: float) -> list[str]:
    """Write a panel with ICT cells of one city typed wrong; return the keys of the cells."""
    frame = small_frame()
    city, years = sorted(frame["city"].unique())[3], sorted(frame["year"].unique())
    keys = []
    for year, factor in zip(years[len(years) // 2 :], factors, strict=False):
        frame.loc[(frame["city"] == city) & (frame["year"] == year), ICT] *= factor
        keys.append(f"employment_ict/{city}/{year}")
    write_experiment(Path.cwd(), frame)
    return keys


def test_lines_are_shown_and_written_once(capsys):
    (key,) = spoilt(1000)
    file = Path("experiment.toml")
    before = "# mine\n" + file.read_text("utf-8")
    file.write_text(before, encoding="utf-8")
    assert run([*WORDS, "--yes"]) == 0
    shown = capsys.readouterr().out
    assert f'[data.corrections]\n"{key}" = "*0.001"\nexperiment.toml: 1 line added' in shown
    text = file.read_text("utf-8")
    assert text.startswith(before)
    assert load_experiment(file).data.corrections == {key: "*0.001"}
    assert run([*WORDS, "--yes"]) == 0
    assert "experiment.toml: nothing to add" in capsys.readouterr().out
    assert file.read_text("utf-8") == text


def test_nothing_is_written_without_being_asked(capsys):
    spoilt(1000)
    before = Path("experiment.toml").read_bytes()
    assert run(WORDS) == 2
    assert "add --yes" in capsys.readouterr().err
    assert Path("experiment.toml").read_bytes() == before


@pytest.mark.parametrize("answer", [True, False])
def test_a_terminal_is_asked(answer, monkeypatch, capsys):
    spoilt(1000)
    before = Path("experiment.toml").read_bytes()
    asked = []
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr(settle.click, "confirm", lambda text: asked.append(text) or answer)
    assert run(WORDS) == 0
    assert asked == ["Write these lines into experiment.toml?"]
    assert (Path("experiment.toml").read_bytes() != before) is answer


def test_an_experiment_that_the_lines_would_break_stays(capsys):
    spoilt(1000)
    file = Path("experiment.toml")
    inline = file.read_text("utf-8").replace(
        "[data]\n", '[data]\ncorrections = { "loans/A/2001" = "drop" }\n'
    )
    file.write_text(inline, encoding="utf-8")
    assert run([*WORDS, "--yes"]) == 2
    assert "experiment.toml: data.corrections is written in a form" in capsys.readouterr().err
    assert file.read_text("utf-8") == inline
    assert sorted(path.name for path in Path.cwd().iterdir()) == ["experiment.toml", "panel.csv"]


def test_an_error_without_a_line_is_named(capsys):
    frame = small_frame()
    write_experiment(Path.cwd(), pd.concat([frame, frame.iloc[[10]]]))
    before = Path("experiment.toml").read_bytes()
    assert run([*WORDS, "--yes"]) == 0
    assert (
        "No line settles this: 1 city-year stands in more than one row" in capsys.readouterr().out
    )
    assert Path("experiment.toml").read_bytes() == before


def test_another_experiment_beside_the_settled_one_is_refused(capsys):
    spoilt(1000)
    assert run([*WORDS, "--experiment", "other.toml"]) == 2
    assert "leave out --experiment" in capsys.readouterr().err


def test_only_what_is_new_is_shown_since_an_earlier_audit(capsys):
    spoilt(1000)
    assert run(["check", "panel.csv", "--out", "first.json"]) == 0
    capsys.readouterr()
    assert run(["check", "panel.csv", "--since", "first.json", "--out", "again.json"]) == 0
    count = len(json.loads(Path("first.json").read_text("utf-8"))["issues"])
    shown = capsys.readouterr().out
    assert f"Since first.json: 0 new issues, 0 gone, {count} unchanged" in shown
    assert "1 error: train refuses this panel" in shown
    assert "employment_ict/" not in shown
    assert Path("first.json").read_bytes() == Path("again.json").read_bytes()
    _, key = spoilt(1, 1000)
    assert run(["check", "panel.csv", "--since", "first.json"]) == 0
    shown = capsys.readouterr().out
    assert f'[data.corrections] "{key}" = "drop"' in shown
    assert ", 1 gone, " in shown


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"issues": [], "accepted": []}', '{"issues": 3}']
)
def test_since_wants_an_audit(text, capsys):
    spoilt(1000)
    Path("first.json").write_text(text, encoding="utf-8")
    assert run(["check", "panel.csv", "--since", "first.json"]) == 2
    assert "--since first.json: no audit; name a file written by" in capsys.readouterr().err
    assert run(["check", "panel.csv", "--since", "none.json"]) == 2
    assert run(["check", "panel.csv", "--since", "first.json", "--out", "first.json"]) == 2
    assert "would overwrite" in capsys.readouterr().err


def test_what_settling_unmasks_is_what_the_next_check_finds(capsys):
    spoilt(1e4, 1, 1, 30)
    panel = read_panel("panel.csv")
    first = audit_panel(panel)
    settling = settling_of(first.errors)
    announced = unmasked_by(settling, first, Audit())
    again = audit_panel(
        apply_corrections(panel, settling.corrections), settings=Audit(accept=settling.accept)
    )
    known = {issue.id for issue in first.issues}
    assert {issue.id for issue in announced} == {i.id for i in again.open_issues} - known
    assert run(["check", "panel.csv", "--out", "audit.json"]) == 0
    shown = capsys.readouterr().out
    saved = json.loads(Path("audit.json").read_text("utf-8"))["unmasked"]
    assert [issue["id"] for issue in saved] == [issue.id for issue in announced]
    assert announced
    assert "Once these errors are settled with the lines proposed, one more issue appears:" in shown


def test_marks_of_either_reading_are_not_settled_by_dropping_them():
    rows = "A;2010;1,234\nA;2011;1,225\nB;2010;3,333\nB;2011;4,444\n"
    Path("marks.csv").write_text(f"city;year;gdp\n{rows}", encoding="utf-8")
    issues = read_panel(Path("marks.csv")).issues
    assert len(issues) == 4
    assert 'set decimal = "," or decimal = "." under [data]' in str(issues[0])
    settling = settling_of(issues)
    assert settling.count == 0
    assert settling.left == issues


def test_an_outcome_of_which_nothing_can_be_read_is_not_accepted(capsys):
    rows = "".join(f"{city},{year},n/k {year}\n" for city in "ABC" for year in range(2000, 2012))
    Path("panel.csv").write_text("city,year,GDP (million EUR)\n" + rows)
    Path("experiment.toml").write_text(
        'name = "e"\n[outcome]\nvariable = "gdp_nominal"\n[evaluation]\nfirst_origin = 2008\n'
    )
    audit = check("panel.csv", "experiment.toml")
    (dead,) = (issue for issue in audit.errors if issue.kind == "dead")
    assert not dead.acceptable
    assert "name another outcome" in str(dead)
    assert settling_of([dead]).left == (dead,)
    run([*WORDS, "--yes"])
    assert not load_experiment("experiment.toml").audit.accept
