"""Small inputs that are easily read wrong, each with its panel or its refusal."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from city_resilience.errors import InputError
from city_resilience.experiment.data import Data
from city_resilience.reading.read import read_panel
from city_resilience.reading.sheets.importer import Imported, import_sheets
from city_resilience.reading.sheets.options import Options
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
    path.write_bytes("city,year,gdp_nominal\n東京都,2019,1\n大阪府,2019,2\n".encode("shift_jis"))
    with pytest.raises(
        InputError, match="not UTF-8, Windows-949, GB18030, Windows-1252 or Windows"
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
