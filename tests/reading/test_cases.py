"""Small inputs that are easily read wrong, each with its panel or its refusal."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from city_resilience.audit.audit import audit_panel
from city_resilience.errors import InputError
from city_resilience.experiment.data import Data
from city_resilience.experiment.experiment import Experiment
from city_resilience.reading.opening import open_sheets
from city_resilience.reading.read import read_panel
from city_resilience.reading.sheets.body import CELL_COLUMNS
from city_resilience.reading.sheets.importer import Imported, import_sheets
from city_resilience.reading.sheets.keys import find_keys
from city_resilience.reading.sheets.merge import merge_cells
from city_resilience.reading.sheets.options import Options, options_of
from city_resilience.reading.sheets.reading import read_sheet
from places import SHARED

CASES = SHARED.parent / "cases"
PLAIN = Options(country="none")

LATIN1 = (
    "city,year,gdp_nominal\nSão Bento,2018,120\nCórdoba,2018,300\nBrécourt,2018,99\n"
    "Münster,2018,210\n"
)
SEMICOLON = "city;year;gdp_nominal\nAlba;2019;10,5\nAlba;2020;11,5\n"
THOUSANDS = (
    'city,GDP per capita 2019,GDP per capita 2020\nAlba," 8,200 "," 9,143 "\n'
    'Born," 10,002 "," 10,875 "\n'
)
NAMESAKES = (
    "年份,省份,城市代码,城市,人均道路面积(平方米)\n2011,吉林省,220000,吉林,9.56\n"
    "2011,吉林省,220100,长春市,11.2\n2011,吉林省,220200,吉林市,10\n2012,吉林省,220000,吉林,12.6\n"
    "2012,吉林省,220100,长春市,11.9\n"
)
MIXED = (
    "city,year,gdp_nominal\n東 Alpha,2019,10\n東 Alpha,2020,11\n東 Beta,2019,30\n東 Beta,2020,36\n"
    "港 Gamma,2019,5\n港 Gamma,2020,6\n"
)
TOTALS = "city,gdp 2018,gdp 2019\nAlba,100,110\nBorn,50,52\nCory,30,36\nTOTAL,180,198\n"
BARE = "City,CODE,2010,2011\nAlba,1,323,267\nBorn,4,600,520\n"
BARE_ZH = "城市,省份,2010,2011\n郑州市,河南省,3023,3267\n洛阳市,河南省,2600,2520\n"
OWN = (
    "city,gdp 2018,gdp 2019,smart poles 2018,smart poles 2019\nAlba,100,103,12,15\n"
    "Born,200,210,30,31\n"
)
POLES = {"smart poles": {"family": "digital", "id": "smart_poles"}}
CHINA = Data(gazetteer="china")


def case(tmp_path: Path, name: str, text: str, encoding: str = "utf-8") -> list[Path]:
    """Return the file of the test, and the shared one where there is one."""
    own = tmp_path / name
    own.write_bytes(text.encode(encoding))
    return [own, *(path for path in [CASES / name] if path.exists())]


def cells(imported: Imported) -> dict[tuple[str, int, str], float]:
    columns = zip(*(imported.cells[c] for c in ("city", "year", "variable", "value")), strict=True)
    return {(city, year, name): pytest.approx(value) for city, year, name, value in columns}


def test_latin_words_are_not_read_as_chinese(tmp_path):
    for path in case(tmp_path, "latin1.csv", LATIN1, "latin-1"):
        panel = read_panel(path)
        assert {"São Bento", "Córdoba", "Brécourt", "Münster"} <= set(panel.cities)
        assert f"{path.name}: read as Windows-1252" in panel.notes
        assert ("São Bento", 2018, "gdp_nominal") in cells(import_sheets([path], PLAIN))


def test_semicolons_part_cells_with_decimal_commas(tmp_path):
    for path in case(tmp_path, "semicolon.csv", SEMICOLON):
        found = cells(import_sheets([path], PLAIN))
        assert found == {("Alba", 2019, "gdp_nominal"): 10.5, ("Alba", 2020, "gdp_nominal"): 11.5}


def test_commas_that_group_thousands_in_every_cell_are_read_and_stated(tmp_path):
    for path in case(tmp_path, "thousands.csv", THOUSANDS):
        imported = import_sheets([path], PLAIN)
        assert {city_year[:2]: v for city_year, v in cells(imported).items()} == {
            ("Alba", 2019): 8200,
            ("Alba", 2020): 9143,
            ("Born", 2019): 10002,
            ("Born", 2020): 10875,
        }
        assert any("thousands mark" in issue.reason for issue in imported.issues)


@pytest.mark.parametrize(("mark", "values"), [(",", [1.234, 12.5]), (".", None), ("", None)])
def test_a_comma_that_may_be_either_is_asked_about(tmp_path, mark, values):
    path = tmp_path / "panel.csv"
    path.write_text("city;year;gdp_nominal\nAlba;2019;1,234\nBorn;2019;12,5\n")
    panel = read_panel(path, Data(decimal=mark))
    if values:
        assert panel.frame["gdp_nominal"].tolist() == values
        return
    assert panel.frame["gdp_nominal"].isna().any()
    assert len(panel.issues) == (1 if mark else 2)
    assert mark or 'decimal = "," or "." in [data]' in panel.issues[0].reason


@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
@pytest.mark.parametrize("suffix", ["csv", "tsv"])
def test_every_separator_is_recognised(tmp_path, separator, suffix):
    path = tmp_path / f"panel.{suffix}"
    rows = ["city,year,gdp_nominal", "Alba,2019,10.5", "Born,2019,11.25"]
    path.write_text("\n".join(row.replace(",", separator) for row in rows))
    assert read_panel(path).frame["gdp_nominal"].tolist() == [10.5, 11.25]


@pytest.mark.parametrize(
    ("words", "encoding"),
    [
        ("São Bento Münster", "utf-8"),
        ("São Bento Münster", "utf-8-sig"),
        ("São Bento Münster", "utf-16"),
        ("São Bento Münster", "utf-16-le"),
        ("São Bento Münster", "utf-16-be"),
        ("São Bento Münster", "cp1252"),
        ("Москва Казань", "cp1251"),
        ("亳州市 漯河市", "gb18030"),
        ("亳州市 漯河市", "utf-16-le"),
        ("서울특별시종로구 부산광역시해운대구", "cp949"),
    ],
)
def test_every_encoding_is_recognised(tmp_path, words, encoding):
    path, (first, second) = tmp_path / "panel.csv", words.rsplit(" ", 1)
    path.write_bytes(f"city,year,gdp_nominal\n{first},2019,1\n{second},2019,2\n".encode(encoding))
    assert set(read_panel(path).cities) == {first, second}


def test_an_encoding_that_is_not_known_names_those_tried(tmp_path):
    path = tmp_path / "panel.csv"
    path.write_bytes("city,year,gdp_nominal\nМосква,2019,1\nТула,2019,2\n".encode("koi8_r"))
    with pytest.raises(
        InputError, match=r"not UTF-8, Windows-949, GB18030, .* or Windows-1253 text, byte"
    ):
        read_panel(path)


def test_a_stata_file_is_read_with_its_labels(tmp_path):
    path = tmp_path / "panel.dta"
    frame = pd.DataFrame({"city": [1, 2, 1, 2], "year": [2018, 2018, 2019, 2019]})
    frame["gdp_nominal"] = [1.5, 2.5, None, 3.5]
    frame.to_stata(path, write_index=False, value_labels={"city": {1: "Alba", 2: "Born"}})
    panel = read_panel(path)
    assert panel.cities == ["Alba", "Born"]
    assert panel.frame["gdp_nominal"].isna().tolist() == [False, True, False, False]
    assert len(import_sheets([path], PLAIN).cells) == 3


def test_a_damaged_stata_file_is_refused(tmp_path):
    path = tmp_path / "panel.dta"
    path.write_bytes(b"<stata_dta>no more")
    with pytest.raises(InputError, match="not a readable Stata file"):
        read_panel(path)


def test_the_code_decides_between_a_province_and_its_city(tmp_path):
    for path in case(tmp_path, "namesake_codes.csv", NAMESAKES):
        imported = import_sheets([path], Options())
        found = {key[:2]: value for key, value in cells(imported).items()}
        assert found["吉林市", 2011] == 10
        assert ("吉林市", 2012) not in found
        notes = [issue for issue in imported.issues if issue.kind == "row"]
        assert [(issue.found, issue.reason) for issue in notes] == [
            ("吉林省 (2)", "2 rows of kind province left out")
        ]
        panel = read_panel(path, CHINA)
        values = panel.frame.set_index(["city", "year"]).iloc[:, -1]
        assert values["吉林市", 2011] == 10
        assert ("吉林市", 2012) not in values.index
        assert ("territory", ("吉林",)) in {(a.why, a.names) for a in panel.account.aside}


def test_a_declared_code_tells_places_of_one_name_apart(tmp_path):
    path = tmp_path / "panel.csv"
    path.write_text(
        "city,ibge,year,gdp_nominal\nBom,01,2018,1\nBom,02,2018,2\nBom,01,2019,3\nBom,02,2019,4\n"
        "Cory,03,2018,5\nCory,04,2019,6\n"
    )
    panel = read_panel(path, Data(code="ibge"))
    assert panel.cities == ["Bom (01)", "Bom (02)", "Cory"]
    assert panel.frame["gdp_nominal"].tolist() == [1, 3, 2, 4, 5, 6]
    path.write_text(path.read_text().replace("ibge", "code"))
    assert ("Bom (02)", 2019, "gdp_nominal") in cells(import_sheets([path], PLAIN))


def test_names_stay_as_they_are_without_a_gazetteer(tmp_path):
    for path in case(tmp_path, "mixed_script_names.csv", MIXED):
        found = cells(import_sheets([path], PLAIN))
        assert {key[:2]: value for key, value in found.items()} == {
            ("東 Alpha", 2019): 10,
            ("東 Alpha", 2020): 11,
            ("東 Beta", 2019): 30,
            ("東 Beta", 2020): 36,
            ("港 Gamma", 2019): 5,
            ("港 Gamma", 2020): 6,
        }


@pytest.mark.parametrize("total", ["TOTAL", "合计", "Gesamt", "Grand total", "Sum", "Итого"])
def test_a_total_is_set_aside_by_its_name_and_listed(tmp_path, total):
    name = "total_row_zh.csv" if total == "合计" else "total_row.csv"
    for path in case(tmp_path, name, TOTALS.replace("TOTAL", total)):
        imported = import_sheets([path], PLAIN)
        assert {city for city, _, _ in cells(imported)} == {"Alba", "Born", "Cory"}
        assert [i.reason for i in imported.issues] == ["a sum or mean of rows; left out"]
    path = tmp_path / "long.csv"
    path.write_text(f"city,year,gdp_nominal\nAlba,2018,1\nBorn,2018,2\n{total},2018,3\n")
    panel = read_panel(path)
    assert panel.cities == ["Alba", "Born"]
    assert [(a.why, a.names) for a in panel.account.aside] == [("total", (total,))]


def test_a_row_that_is_the_sum_of_the_others_is_doubted_whatever_its_name(tmp_path):
    path = tmp_path / "total_row.csv"
    path.write_text(TOTALS.replace("TOTAL", "Whole Land"))
    audited = audit_panel(import_sheets([path], PLAIN).panel())
    (issue,) = [issue for issue in audited.errors if issue.kind == "row_sum"]
    assert issue.city == "Whole Land"
    assert issue.correction == '"gdp_nominal/Whole Land/2018-2019" = "drop"'
    assert issue.acceptance
    path.write_text(TOTALS.replace("TOTAL", "Dale").replace("198", "190").replace("180", "170"))
    assert not audit_panel(import_sheets([path], PLAIN).panel()).errors


def test_whole_numbers_of_workbooks_are_exact(tmp_path):
    pairs = {"Alba": (3, 2.6), "Born": (2.7, 3.1), "Cory": (4, 4.4), "Dale": (3.1, 3.3)}
    own = [tmp_path / "disagree_a.xlsx", tmp_path / "disagree_b.xlsx"]
    for at, path in enumerate(own):
        rows = [(name, 2015, pair[at]) for name, pair in pairs.items()]
        pd.DataFrame(rows, columns=["city", "year", "unemployment rate (%)"]).to_excel(
            path, index=False
        )
    shared = [CASES / path.name for path in own]
    for files in [own, *([shared] if shared[0].exists() else [])]:
        numbers = [
            number
            for path in files
            for sheet in open_sheets(path)
            for number in read_sheet(sheet, find_keys(sheet, None), PLAIN).cells
        ]
        merged, conflicts = merge_cells(pd.DataFrame(numbers, columns=list(CELL_COLUMNS)))
        assert len(conflicts) == 4
        assert merged.empty


@pytest.mark.parametrize(
    ("name", "text", "country"),
    [("wide_bare_years.csv", BARE, "none"), ("wide_bare_years_zh.csv", BARE_ZH, "china")],
)
def test_bare_years_are_read_where_their_variable_is_told_else_listed(
    tmp_path, name, text, country
):
    options = Options(country=country)
    for path in case(tmp_path, name, text):
        began = time.monotonic()
        with pytest.raises(InputError, match="no header that says of what"):
            import_sheets([path], options)
        told = cells(import_sheets([path], replace(options, variable="gdp_nominal")))
        assert time.monotonic() - began < 2
        assert len(told) == 4
    named = tmp_path / "GDP.csv"
    named.write_text(text)
    assert cells(import_sheets([named], options)) == told


def test_a_variable_for_bare_years_is_one_of_the_catalogue():
    with pytest.raises(InputError, match="not in the catalogue; nearest: 'gdp_nominal'"):
        options_of(None, variable="gdp_nominel")


def test_own_columns_with_years_across_are_read(tmp_path):
    experiment = Experiment(name="own", data={"columns": POLES}, evaluation={"first_origin": 2019})
    for path in case(tmp_path, "own_wide.csv", OWN):
        found = cells(import_sheets([path], options_of(experiment, country="none")))
        poles = {key[:2]: value for key, value in found.items() if key[2] == "smart_poles"}
        assert poles == {
            ("Alba", 2018): 12,
            ("Alba", 2019): 15,
            ("Born", 2018): 30,
            ("Born", 2019): 31,
        }


def test_import_honours_the_declared_keys(tmp_path):
    path = tmp_path / "panel.csv"
    path.write_text("Kreis;Berichtsjahr;gdp_nominal\nAlba;2018;10,5\nBorn;2018;11\n")
    data = {"city": "Kreis", "year": "Berichtsjahr"}
    experiment = Experiment(name="own", data=data, evaluation={"first_origin": 2019})
    found = cells(import_sheets([path], options_of(experiment, country="none")))
    assert found == {("Alba", 2018, "gdp_nominal"): 10.5, ("Born", 2018, "gdp_nominal"): 11}


def test_a_header_that_is_nearly_known_is_met_with_the_names_that_are(tmp_path):
    path = tmp_path / "panel.csv"
    path.write_text("CITY,Year,GDP_NOMINAL,Employmnt\nAlba,2018,1,2\nBorn,2018,2,3\n")
    panel = read_panel(path)
    assert list(panel.variables) == ["gdp_nominal"]
    (note,) = (note for note in panel.notes if "Employmnt" in note)
    assert "nor declared; nearest: 'employment'" in note
    imported = import_sheets([path], PLAIN)
    assert any("nearest: 'employment'" in issue.reason for issue in imported.issues)


def test_a_table_with_years_across_is_sent_to_import(tmp_path):
    path = tmp_path / "panel.csv"
    path.write_text(OWN)
    with pytest.raises(InputError, match=r"city-resilience import FILE --out panel\.csv"):
        read_panel(path)


@pytest.mark.parametrize("header", ["county", "District", "region", "state", "区县", "地区"])
def test_a_table_with_years_across_names_its_places_by_any_noun(header, tmp_path):
    table = f"code,{header},country,gdp 2018,gdp 2019\n1,Alba,Z,100,103\n2,Born,Z,200,210\n"
    path = tmp_path / "table.csv"
    path.write_text(table, encoding="utf-8")
    found = cells(import_sheets([path], PLAIN))
    assert found[("Alba", 2019, "gdp_nominal")] == 103
    assert {city for city, _, _ in found} == {"Alba", "Born"}
