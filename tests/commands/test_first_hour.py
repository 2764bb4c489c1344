"""What a panel from elsewhere meets first: refusals name what stands there and what to paste."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pandas as pd
import pytest

from city_resilience.audit.read_audited import read_audited
from city_resilience.commands.main import run
from city_resilience.experiment.load import experiment_from, load_experiment

CASES = Path(__file__).parents[3] / "shared" / "cases"
OWN = "city,year,GVA,staff\nAlba,2018,1,2\nAlba,2019,1,3\nBorn,2018,4,5\nBorn,2019,5,5\n"
RUN = {"name": "x", "evaluation": {"first_origin": 2019}}


@pytest.fixture(autouse=True)
def in_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def case(name: str) -> Path:
    path = CASES / name
    if not path.is_file():
        pytest.skip("needs ../shared/cases")
    return path


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> tuple[str, dict[str, object]]:
    """Run a command that must end with 2; return its message and the pasted lines as values."""
    assert run(list(words)) == 2
    line, *pasted = capsys.readouterr().err.splitlines()
    return line, tomllib.loads("\n".join(pasted))


def test_a_panel_without_an_outcome_says_so_and_what_was_left_out(capsys):
    path = case("no_outcome.csv")
    assert run(["check", str(path)]) == 2
    shown = capsys.readouterr()
    assert "train takes this panel" not in shown.out
    line, *pasted = shown.err.splitlines()
    assert "no outcome" in line
    assert "columns left out: 'GVA', 'staff'" in line
    assert f"city-resilience new {path}" in line
    settled = experiment_from({**RUN, **tomllib.loads("\n".join(pasted))}, "here")
    read = read_audited(path, settled, purpose="train")
    assert read.panel.frame["gva"].tolist() == [1.0, 1.0, 4.0, 5.0]


@pytest.mark.parametrize(("named", "column"), [("gva", "GVA"), ("STAFF", "staff"), ("x", "GVA")])
def test_an_outcome_in_a_column_of_its_own_is_declared_by_the_pasted_lines(named, column, capsys):
    Path("panel.csv").write_text(OWN, encoding="utf-8")
    line, pasted = refused(capsys, "check", "panel.csv", "--outcome", named)
    assert f"no column holds the outcome {named!r}" in line
    assert "columns left out: 'GVA', 'staff'" in line
    assert pasted["outcome"]["column"] == column
    read = read_audited("panel.csv", experiment_from({**RUN, **pasted}, "here"), purpose="train")
    assert read.audit.outcome == column.lower()


def test_two_columns_of_one_key_are_told_apart_by_the_pasted_line(capsys):
    text = "city,城市,year,gdp_real\nA,甲,2018,1\nA,甲,2019,1\nB,乙,2018,4\nB,乙,2019,5\n"
    Path("panel.csv").write_text(text, encoding="utf-8")
    line, pasted = refused(capsys, "check", "panel.csv")
    assert "columns 'city' and '城市' both hold the city" in line
    assert pasted == {"data": {"city": "city"}}
    read = read_audited("panel.csv", experiment_from({**RUN, **pasted}, "here"), purpose="train")
    assert read.panel.cities == ["A", "B"]


def test_quarters_are_no_years(capsys):
    line, _ = refused(capsys, "check", str(case("quarters.csv")))
    assert "row 2, column 'year': year expected, found '2012Q1'; sum or average quarters" in line
    assert "and 1 more" in line
    path = str(case("quarters.csv"))
    line, _ = refused(capsys, "import", path, "--gazetteer", "none", "--out", "quarters.csv.csv")
    assert "year expected, found '2012Q1'" in line
    assert not Path("quarters.csv.csv").exists()


@pytest.mark.parametrize("cell", ["2012-Q3", "2012 Q3", "2012年3月", "2012-03", "2012年第3季度"])
def test_months_and_quarters_of_any_writing_are_no_years(cell, capsys):
    Path("panel.csv").write_text(f"city,year,gdp_real\nA,{cell},1\nB,{cell},2\n", encoding="utf-8")
    line, _ = refused(capsys, "check", "panel.csv")
    assert f"year expected, found '{cell}'; sum or average quarters" in line


def test_a_table_that_contradicts_itself_in_every_cell_is_listed(capsys):
    path = str(case("all_conflict.csv"))
    line, _ = refused(capsys, "check", path)
    assert "Alba 2019 (rows 2, 3)" in line
    line, _ = refused(capsys, "import", path, "--gazetteer", "none", "--out", "panel.csv")
    assert "Alba 2019 gdp_nominal: 10 or 30" in line
    assert not list(Path.cwd().iterdir())


@pytest.mark.parametrize(
    ("name", "words", "right"),
    [
        ("per_head_outcome.csv", ["gdp_per_head"], {"Alba": 1.418, "Born": -30.427}),
        (
            "rate_outcome.csv",
            ["unemployment_rate", "--scale", "rate", "--direction", "-1"],
            {"Alba": -1.0, "Born": 1.0},
        ),
        (
            "log_outcome.csv",
            ["ln_gdp", "--scale", "log", "--experiment"],
            {"Ardo": 6.954, "Belv": -3.046},
        ),
    ],
)
def test_an_outcome_of_another_scale_has_its_right_gaps(name, words, right):
    path = case(name)
    experiment = [str(path.with_suffix(".toml"))] if words[-1] == "--experiment" else []
    window = "2010:2011" if experiment else "2018:2019"
    line = ["measure", str(path), "--measure", "growth_gap", "--window", window]
    assert run([*line, "--out", "gaps.csv", "--outcome", *words, *experiment]) == 0
    found = pd.read_csv("gaps.csv").set_index("city")["growth_gap"].round(3)
    assert {city: found[city] for city in right} == right


def test_every_pair_of_values_that_disagrees_is_listed_when_no_value_is_left(capsys):
    files = [str(case("disagree_a.xlsx")), str(case("disagree_b.xlsx"))]
    line, _ = refused(capsys, "import", *files, "--gazetteer", "none", "--out", "panel.csv")
    assert line.count("disagree; no value") == 4
    assert not list(Path.cwd().iterdir())


def test_places_of_one_name_in_two_provinces_are_two_places():
    experiment = load_experiment(case("twin_names.toml"))
    for purpose in ("check", "train"):
        read = read_audited(case("twin_names.csv"), experiment, purpose=purpose)
        assert read.panel.cities == ["Adair (AA)", "Adair (BB)", "Clay"]
        assert "names of several places carry their province: 'Adair'" in read.panel.notes
        assert read.audit.errors == ()
    values = read.panel.frame.set_index(["city", "year"])["gdp_nominal"]
    assert values["Adair (AA)", 2013] / values["Adair (BB)", 2013] == pytest.approx(104 / 880)


def test_one_place_whose_province_changes_stays_one():
    text = "city,province,year,gdp_real\n" + "".join(
        f"{city},{province},{year},{year - 2000}\n"
        for city, provinces in (("A", "PQ"), ("B", "PP"))
        for year, province in zip((2010, 2011), provinces, strict=True)
    )
    Path("panel.csv").write_text(text, encoding="utf-8")
    assert read_audited("panel.csv", purpose="check").panel.cities == ["A", "B"]


def test_a_row_given_twice_is_not_taken_for_a_namesake(capsys):
    text = "city,province,year,gdp_real\nA,P,2010,1\nA,P,2010,2\nB,Q,2010,3\n"
    Path("panel.csv").write_text(text, encoding="utf-8")
    audit = read_audited("panel.csv", purpose="check").audit
    (error,) = audit.errors
    assert "A 2010 (rows 2, 3)" in error.reason
    assert "tells places of one name apart as code or province" in error.hint
    assert "delete" not in error.hint


def test_check_and_train_agree_on_a_panel_that_is_too_short(capsys):
    words = [str(case("twin_names.toml")), "--data", str(case("twin_names.csv"))]
    assert run(["train", *words, "--store", "store"]) == 2
    said = capsys.readouterr().err.removeprefix("city-resilience: ").strip()
    assert run(["check", words[2], "--experiment", words[0]]) == 0
    shown = capsys.readouterr().out
    assert f"No error, but train refuses this panel: {said}" in shown
    assert "train takes this panel" not in shown


def test_without_an_experiment_check_does_not_say_that_train_takes_a_panel(capsys):
    text = "city,year,gdp_real\nA,2018,1\nA,2019,1\nB,2018,4\nB,2019,5\n"
    Path("panel.csv").write_text(text, encoding="utf-8")
    assert run(["check", "panel.csv"]) == 0
    shown = capsys.readouterr().out
    assert "train also needs an experiment that names the outcome" in shown
    assert "train takes" not in shown


def test_an_import_has_the_cities_that_train_has_in_the_file(capsys):
    experiment = load_experiment(case("twin_names.toml"))
    Path("own").mkdir()
    lines = ["import", str(case("twin_names.csv")), "--gazetteer", "none", "--headers", "id"]
    assert (
        run([*lines, "--experiment", str(case("twin_names.toml")), "--out", "own/panel.csv"]) == 0
    )
    imported = pd.read_csv("own/panel.csv")
    read = read_audited(case("twin_names.csv"), experiment, purpose="train")
    assert sorted(set(imported["city"])) == read.panel.cities
    assert len(imported) == len(read.panel.frame)
    assert dict(zip(imported["city"], imported["province"], strict=True))["Adair (BB)"] == "BB"
    again = read_audited("own/panel.csv", purpose="train")
    assert again.panel.cities == read.panel.cities
    assert again.audit.errors == ()


ROWS = [("A", "P", "01"), ("A", "Q", "02"), ("B", "P", "03"), ("B", "P", "04"), ("C", "Q", "05")]


@pytest.mark.parametrize("marks", [("province",), ("code",), ("code", "province")])
def test_any_import_tells_places_of_one_name_apart_as_the_panel_does(marks):
    frame = pd.DataFrame(
        [(*row, year, at + year) for at, row in enumerate(ROWS) for year in (2010, 2011)],
        columns=["city", "province", "code", "year", "gdp_nominal"],
    )
    if "code" not in marks:
        frame = frame[frame["code"] != "04"]  # which nothing else tells from its namesake
    frame = frame[["city", *marks, "year", "gdp_nominal"]]
    frame.to_csv("panel.csv", index=False)
    for year, part in frame.groupby("year"):
        part.to_csv(f"part_{year}.csv", index=False)
    keys = "".join(f'{mark} = "{mark}"\n' for mark in marks)
    settings = 'name = "panel"\n[outcome]\nvariable = "gdp_nominal"\n[data]\n' + keys
    Path("panel.toml").write_text(settings + "[evaluation]\nfirst_origin = 2010\n")
    experiment = load_experiment("panel.toml")
    read = read_audited("panel.csv", experiment, purpose="check").panel
    for files in (["panel.csv"], ["part_2010.csv", "part_2011.csv"]):
        lines = ["import", *files, "--gazetteer", "none", "--experiment", "panel.toml"]
        assert run([*lines, "--headers", "id", "--out", "out.csv"]) == 0
        imported = pd.read_csv("out.csv")
        assert sorted(set(imported["city"])) == read.cities
        assert len(imported) == len(read.frame)
        listed = pd.read_csv("out.list.csv")
        assert listed["reason"].str.contains("carry their").sum() >= 1
        assert (listed["level"] != "lost").all()


def test_a_name_that_one_sheet_tells_apart_is_told_apart_in_all():
    head = "city,province,year,gdp_nominal\n"
    Path("a.csv").write_text(head + "A,P,2010,1\nA,Q,2010,2\nB,P,2010,3\n")
    Path("b.csv").write_text(head + "A,P,2011,4\nB,P,2011,x\n")
    assert run(["import", "a.csv", "b.csv", "--gazetteer", "none", "--out", "out.csv"]) == 0
    assert set(pd.read_csv("out.csv").iloc[:, 1]) == {"A (P)", "A (Q)", "B"}
    lost = pd.read_csv("out.list.csv").query("level == 'lost'")
    assert lost["city"].tolist() == ["B"]
