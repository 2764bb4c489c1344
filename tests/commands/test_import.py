"""``import``: from a folder of sheets to a checked panel, and back through the reader."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from city_resilience.catalogue.gazetteer.gazetteer import load_gazetteer
from city_resilience.commands.main import run
from city_resilience.experiment.data import Data
from city_resilience.reading.read import read_panel
from city_resilience.reading.sheets.importer import import_sheets
from city_resilience.reading.sheets.labelled import HEADERS, _header, labelled
from workbook_inputs import CITIES, write_xlsx, yearbook

LABELS = ("年末总人口(万人)", "制造业", "建成区面积(平方公里)", "人口密度(人/平方公里)")


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    sheets = tmp_path / "sheets"
    sheets.mkdir()
    for year in (2006, 2007, 2008):
        changed = {(4, 4): "5,97"} if year == 2007 else {}
        write_xlsx(
            sheets / f"Data_{year}.xlsx",
            [yearbook(LABELS, file=f"Data_{year}.xlsx", changed=changed)],
        )
    return sheets


@pytest.mark.parametrize("suffix", [".csv", ".xlsx", ".parquet"])
@pytest.mark.parametrize("headers", HEADERS)
def test_the_panel_reads_back_as_it_was(folder, suffix, headers):
    out = folder.parent / f"panel{suffix}"
    assert run(["import", "sheets", "--out", str(out), "--headers", headers]) == 0
    imported = import_sheets([folder])
    for scope in ("whole_city", "districts"):
        expected = imported.panel(scope)
        panel = read_panel(out, Data(gazetteer="china", scope=scope))
        left = panel.frame.set_index(["city", "year"])
        right = expected.frame.set_index(["city", "year"])
        for variable in expected.variables:
            np.testing.assert_allclose(left[variable].loc[right.index], right[variable])
        assert set(panel.cities) == set(CITIES)


def test_the_list_and_the_manifest_stand_beside_the_panel(folder, capsys):
    assert run(["import", "sheets", "--out", "panel.csv", "--audit", "audit.html"]) == 0
    listing = pd.read_csv("panel.list.csv", dtype=str)
    lost = listing[listing["level"] == "lost"].iloc[0]
    assert (lost["file"], lost["row"], lost["column"], lost["found"]) == (
        "Data_2007.xlsx",
        "5",
        "E",
        "5,97",
    )
    manifest = json.loads(Path("panel.csv.manifest.json").read_text("utf-8"))
    assert manifest["years"] == [2005, 2006, 2007]
    assert manifest["listed"]["lost cell"] == 1
    assert set(manifest["sources"]) == {f"Data_{year}.xlsx" for year in (2006, 2007, 2008)}
    assert Path("audit.html").read_text("utf-8").startswith("<!doctype html>")
    shown = capsys.readouterr().out
    assert "Lost: Data_2007.xlsx Sheet1 E5 (太原市 2006 employment_manufacturing): 5,97" in shown
    assert "city-resilience check panel.csv" in shown


def test_a_doubted_unit_is_shown(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    names = [unit.name for unit in load_gazetteer("china").cities.values()][:12]
    for year in range(2006, 2010):
        unit, size = ("人", 1.0) if year == 2009 else ("万人", 1.0)
        rows = "".join(f"{name},{size + at}\n" for at, name in enumerate(names))
        Path(f"Data_{year}.csv").write_text(f"城市,城镇私营和个体从业人员({unit})\n{rows}", "utf-8")
    assert run(["import", ".", "--out", "panel/p.csv"]) == 0
    shown = capsys.readouterr().out
    assert "Doubt: private_employment: Data_2009.csv B (2008 private_employment)" in shown
    assert "0 not in the panel, 1 doubtful" in shown
    assert pd.read_csv("panel/p.list.csv")["level"].tolist().count("warning") == 1


def test_the_manifest_tells_files_of_one_name_in_two_folders_apart(folder):
    twin = folder.parent / "again" / "Data_2006.xlsx"
    twin.parent.mkdir()
    twin.write_bytes((folder / "Data_2006.xlsx").read_bytes())
    sources = ["sheets/Data_2006.xlsx", "again/Data_2006.xlsx"]
    assert run(["import", *sources, "--out", "twice.csv"]) == 0
    manifest = json.loads(Path("twice.csv.manifest.json").read_text("utf-8"))
    assert set(manifest["sources"]) == set(sources)


def test_the_same_sheets_give_the_same_file(folder):
    for name in ("a.csv", "b.csv"):
        assert run(["import", "sheets", "--out", name]) == 0
    assert Path("a.csv").read_bytes() == Path("b.csv").read_bytes()
    assert Path("a.list.csv").read_bytes() == Path("b.list.csv").read_bytes()


def test_an_output_inside_the_folder_is_not_read_again(folder):
    assert run(["import", "sheets", "--out", "sheets/panel.csv", "--headers", "id"]) == 0
    first = Path("sheets/panel.csv").read_bytes()
    assert run(["import", "sheets", "--out", "sheets/panel.csv", "--headers", "id"]) == 0
    assert Path("sheets/panel.csv").read_bytes() == first


def test_the_experiment_names_years_units_and_own_columns(folder):
    write_xlsx(
        folder / "own.xlsx", [yearbook(("智慧设施",), file="own.xlsx", names=tuple(CITIES)[:3])]
    )
    Path("experiment.toml").write_text(
        'name = "x"\n[evaluation]\nfirst_origin = 2005\n'
        '[sheets]\nyears = ["own.xlsx=2006", "name"]\n'
        '[data.columns]\n"智慧设施" = {family = "digital", id = "smart"}\n',
        encoding="utf-8",
    )
    words = ["import", "sheets", "--out", "panel.csv", "--experiment", "experiment.toml"]
    assert run(words) == 0
    panel = pd.read_csv("panel.csv")
    assert "智慧设施" in panel
    assert set(panel.loc[panel["智慧设施"].notna(), "年份"]) == {2006}
    assert set(panel["年份"]) == {2006, 2007, 2008}


REFUSED = {
    "no folder": (["none", "--out", "p.csv"], "none: no such file or folder; correct the path"),
    "bad suffix": (
        ["sheets", "--out", "p.txt"],
        "p.txt: output suffix '.txt' is not known; end the name in .csv, .xlsx, .parquet",
    ),
    "bad year": (
        ["sheets", "--out", "p.csv", "--year", "edition"],
        "--year 'edition': expected a year, 'name' (the year in the file's name) or 'name-1' (the "
        "year before it), for some files as PATTERN=RULE, for example --year 'Data_*=name-1'",
    ),
    "bad audit": (
        ["sheets", "--out", "p.csv", "--audit", "audit.pdf"],
        "audit.pdf: output suffix '.pdf' is not known; end the name in .html, .json",
    ),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals_are_one_line_and_write_nothing(folder, capsys, case):
    words, expected = REFUSED[case]
    before = sorted(Path.cwd().rglob("*"))
    assert run(["import", *words]) == 2
    assert capsys.readouterr().err == f"city-resilience: {expected}\n"
    assert sorted(Path.cwd().rglob("*")) == before


def test_a_bad_file_in_the_folder_ends_the_import(folder, capsys):
    (folder / "Data_2009.xlsx").write_bytes(b"%PDF-1.7")
    assert run(["import", "sheets", "--out", "panel.csv"]) == 2
    captured = capsys.readouterr()
    assert captured.err.count("\n") == 1
    assert "Data_2009.xlsx: a PDF, not a workbook" in captured.err
    assert not Path("panel.csv").exists()


def test_every_variable_of_the_catalogue_is_found_by_the_header_it_is_written_with():
    from city_resilience.catalogue.variables import load_catalogue

    catalogue = load_catalogue()
    for variable in catalogue.variables.values():
        if variable.family == "key":
            continue
        for headers in HEADERS:
            match = catalogue.resolve(_header(variable, headers))
            assert match is not None, variable.id
            assert (match.variable.id, match.factor, match.remarks) == (variable.id, 1.0, ())


def test_chinese_headers_name_scope_and_keys():
    imported = import_sheets_of(yearbook(LABELS))
    table = labelled(imported.frame(), imported.variables, "zh")
    assert list(table.columns[:5]) == ["省份", "城市", "城市代码", "年份", "统计范围"]
    assert set(table["统计范围"]) == {"全市", "市辖区"}


def import_sheets_of(*sheets):
    from city_resilience.reading.sheets.importer import assemble

    return assemble(sheets)


@pytest.mark.parametrize("experiment", [False, True])
def test_check_says_the_same_number_of_issues(folder, experiment, capsys):
    text = f"""name = "x"
[data.corrections]
"employment_manufacturing/{next(iter(CITIES))}/2006" = "drop"
[outcome]
variable = "registered_population"
[evaluation]
first_origin = 2012
[audit.accept]
"dead/*/*/*" = "not in these sheets"
"""
    Path("experiment.toml").write_text(text, encoding="utf-8")
    words = ["--experiment", "experiment.toml"] if experiment else []
    assert run(["import", "sheets", "--out", "panel.csv", "--audit", "import.json", *words]) == 0
    shown = capsys.readouterr().out
    command = next(line for line in shown.splitlines() if line.startswith("Audit")).split(": ")[-1]
    assert run([*command.split()[1:], "--out", "check.json"]) == 0
    ids = [
        {issue["id"] for issue in json.loads(Path(name).read_text("utf-8"))["issues"]}
        for name in ("import.json", "check.json")
    ]
    assert ids[0] == ids[1]


@pytest.mark.parametrize("noun", ["city", "county"])
def test_the_screen_calls_places_what_the_experiment_does(tmp_path, monkeypatch, capsys, noun):
    monkeypatch.chdir(tmp_path)
    rows = [f"{name},{year},{5 + year - 2010}" for name in "AB" for year in (2010, 2011)]
    Path("a.csv").write_text("\n".join(["city,year,gdp_nominal", *rows]) + "\n")
    tables = '[outcome]\nvariable = "gdp_nominal"\n[evaluation]\nfirst_origin = 2011\n'
    Path("my.toml").write_text(f'name = "my"\nnoun = "{noun}"\n{tables}')
    words = ["import", "a.csv", "--out", "p.csv", "--gazetteer", "none"]
    assert run([*words, "--experiment", "my.toml", "--audit", "audit.json"]) == 0
    shown = capsys.readouterr().out
    many = {"city": "cities", "county": "counties"}[noun]
    assert f"Panel  p.csv: 2 {many}, 4 values" in shown
    assert f"{many} with a value" in shown
    assert json.loads(Path("audit.json").read_text("utf-8"))["noun"] == noun
