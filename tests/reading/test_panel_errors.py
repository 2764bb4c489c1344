import numpy as np
import pandas as pd
import pytest

from city_resilience.errors import InputError
from city_resilience.experiment.data import Column, Data
from city_resilience.reading.read import read_panel

GOOD = "city,year,gdp_real,fdi,zone\nA,2010,5,1,x\nB,2010,6,2,y\n"

TWINS = ", or name the column that tells places of one name apart as code or province in [data]"


def refusal(path, data=None, outcome="") -> str:
    """What keeps a file from being a panel, else the first issue of its rows and cells."""
    try:
        panel = read_panel(path, data, outcome=outcome)
    except InputError as error:
        message = str(error)
        assert message.startswith(f"{path}: ")
        message = message.removeprefix(f"{path}: ")
    else:
        issue = panel.issues[0]
        assert issue.level == "error"
        assert bool(issue.correction) == issue.acceptable == bool(issue.city)
        message = str(issue)
    assert "\n" not in message
    return message


CASES = {
    "no city": (
        "citty,year,gdp_real\nA,2010,5\n",
        {},
        "no city column; nearest: 'citty'; rename it to 'city' or name it as city in [data]; "
        "columns found: citty, year, gdp_real",
    ),
    "no year": (
        "城市,年分,gdp_real\nA,2010,5\n",
        {},
        "no year column; nearest: '年分'; rename it to 'year' or name it as year in [data]; "
        "columns found: 城市, 年分, gdp_real",
    ),
    "no headers": (
        ",,\nA,2010,5\n",
        {},
        "row 1 holds no headers; put the headers into the first row",
    ),
    "header only": ("city,year,gdp_real\n", {}, "a header and no rows; export the panel again"),
    "blank rows only": (
        "city,year,gdp_real\n,,\n\n",
        {},
        "a header and no rows; export the panel again",
    ),
    "two cities": (
        "city,城市,year\nA,A,2010\n",
        {},
        "columns 'city' and '城市' both hold the city; name the right one as city in [data]",
    ),
    "same variable": (
        "city,year,real GDP,实际GDP(亿元)\nA,2010,5,5\n",
        {},
        "columns 'real GDP' and '实际GDP(亿元)' both hold gdp_real; remove or rename one",
    ),
    "own id twice": (
        GOOD,
        {"columns": {"zone": Column(family="place", id="fdi")}},
        "columns 'fdi' and 'zone' both hold fdi; remove or rename one",
    ),
    "own id is a key": (
        GOOD,
        {"columns": {"zone": Column(family="place", id="year")}},
        "column 'zone' has the id 'year', which is a key or group; give it another id in "
        "[data.columns]",
    ),
    "declared city": (
        GOOD,
        {"city": "citi"},
        "no column 'citi', named in [data] city; nearest: 'city'; correct the name",
    ),
    "declared province": (
        GOOD,
        {"province": "zones"},
        "no column 'zones', named in [data] province; nearest: 'zone'; correct the name",
    ),
    "group": (
        GOOD,
        {"groups": ("zonne",)},
        "no column 'zonne', named in [data] groups; nearest: 'zone'; correct the name",
    ),
    "group is a key": (
        GOOD,
        {"groups": ("city",)},
        "column 'city' is a key and cannot be a group; remove it from groups in [data]",
    ),
    "own column": (
        GOOD,
        {"columns": {"zome": Column(family="place")}},
        "no column 'zome', named in [data.columns]; nearest: 'zone'; correct the name",
    ),
    "own column twice in the file": (
        "city,year,x,x\nA,2010,5,6\n",
        {"columns": {"x": Column(family="place")}},
        "column 'x', named in [data.columns], stands 2 times in the header; rename all but one",
    ),
    "unit of nothing": (
        GOOD,
        {"units": {"gdp_reel": "亿元"}},
        "no column or variable 'gdp_reel', named in [data.units]; nearest: 'gdp_real'; correct "
        "the name",
    ),
    "unknown unit": (
        GOOD,
        {"units": {"gdp_real": "heaps"}},
        "column 'gdp_real': declared unit 'heaps' is not known; write one such as '亿元', "
        "'100m yuan', '10k persons', '%' or 'fraction'",
    ),
    "unit that does not fit": (
        GOOD,
        {"units": {"gdp_real": "吨"}},
        "column 'gdp_real': unit '吨' cannot be converted to '100m yuan', the unit of gdp_real; "
        "declare its unit in [data.units] or its meaning in [data.columns]",
    ),
    "outcome in another unit": (
        "city,year,real GDP (km2)\nA,2010,5\nB,2010,5\n",
        {"outcome": "gdp_real"},
        "column 'real GDP (km2)': unit 'km2' cannot be converted to '100m yuan', "
        "the unit of gdp_real; declare its unit in [data.units] or its meaning in [data.columns]",
    ),
    "text": (
        'city,year,gdp_real,从业_公共管理社会组织(万人)\nA,2010,5,1\nB,2010,6,"5,97"\nC,2010,6,x\n',
        {},
        "row 3, column '从业_公共管理社会组织(万人)': number expected, found '5,97'; correct the "
        "cell or leave it blank",
    ),
    "text after a blank row": (
        "city,year,gdp_real\nA,2010,5\n\nB,2010,six\n",
        {},
        "row 4, column 'gdp_real': number expected, found 'six'; correct the cell or leave it "
        "blank",
    ),
    "text in an own column": (
        GOOD,
        {"columns": {"zone": Column(family="place")}},
        "row 2, column 'zone': number expected, found 'x'; correct the cell or leave it blank",
    ),
    "infinite": (
        "city,year,gdp_real\nA,2010,5\nB,2010,-inf\n",
        {},
        "row 3, column 'gdp_real': infinite value, found '-inf'; correct the cell or leave it "
        "blank",
    ),
    "blank city": (
        "city,year,gdp_real\nA,2010,5\n  ,2010,6\n",
        {},
        "row 3, column 'city': blank city; fill it in or delete the row",
    ),
    "bad year": (
        "city,year,gdp_real\nA,2010,5\nB,二〇一〇,6\n",
        {},
        "row 3, column 'year': year expected, found '二〇一〇'; write a year such as 2010 or "
        "delete the row",
    ),
    "half year": (
        "city,year,gdp_real\nA,2010.5,5\nB,2010,6\n",
        {},
        "row 2, column 'year': year expected, found '2010.5'; write a year such as 2010 or "
        "delete the row",
    ),
    "blank year": (
        "city,year,gdp_real\nA,2010,5\n数据来源：统计局,,\n",
        {},
        "row 3, column 'year': year expected, found a blank cell; write a year such as 2010 or "
        "delete the row",
    ),
    "a duplicate": (
        "city,year,gdp_real\nA,2010,5\nB,2010,6\nA,2010,7\n",
        {},
        "1 city-year stands in more than one row: A 2010 (rows 2, 4); keep one row for each city "
        f"and year{TWINS}",
    ),
    "duplicates": (
        "city,year,gdp_real\n" + "D,2010,5\nC,2010,5\nB,2010,6\nA,2010,7\n" * 2,
        {},
        "4 city-years stand in more than one row: A 2010 (rows 5, 9), B 2010 (rows 4, 8), "
        f"C 2010 (rows 3, 7), …; keep one row for each city and year{TWINS}",
    ),
    "one city": (
        "city,year,gdp_real\nA,2010,5\nA,2011,6\n",
        {},
        "only one city, found 'A'; resilience is relative to a nation, bring at least two cities",
    ),
    "outcome absent": (
        GOOD,
        {"outcome": "gdp_nominal"},
        "no column holds the outcome 'gdp_nominal'; nearest: 'gdp_real'; variables found: fdi, "
        "gdp_real; columns left out: 'zone'; set variable in [outcome] to one of them or rename "
        "the column",
    ),
    "outcome without values": (
        "city,year,gdp_real\nA,2010,\nB,2010,-\n",
        {"outcome": "gdp_real"},
        "column 'gdp_real': the outcome has no value in any row; fill it in",
    ),
    "outcome zero": (
        "city,year,real GDP\nA,2010,5\nB,2010,0\n",
        {"outcome": "gdp_real"},
        "row 3, column 'real GDP': positive outcome expected, found '0' for B in 2010; correct "
        "the cell or leave it blank",
    ),
    "outcome negative": (
        "city,year,real GDP (10k yuan)\nB,2011,-20000\nA,2010,5\n",
        {"outcome": "gdp_real"},
        "row 2, column 'real GDP (10k yuan)': positive outcome expected, found '-20000' for B in "
        "2011; correct the cell or leave it blank",
    ),
    "share that is a percentage": (
        "city,year,第二产业占GDP比重\nA,2010,46\nB,2010,44\n",
        {},
        "column '第二产业占GDP比重': states no unit and has a median of 45, so it is no fraction "
        "of 1; write the unit into the header or into [data.units], for example '%'",
    ),
    "too many cells": (
        "city,year,gdp_real\nA,2010,5\nB,2010,1,234\n",
        {},
        "row 3 has 4 cells, the header has 3; put quotes around cells that contain a comma",
    ),
    "too many cells everywhere": (
        "city,year,gdp_real\nA,2010,1,234\nB,2010,1,234\n",
        {},
        "rows have more cells than the header, which has 3; put quotes around cells that contain "
        "a comma",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_bad_panel(tmp_path, case):
    text, settings, expected = CASES[case]
    settings = dict(settings)
    outcome = settings.pop("outcome", "")
    path = tmp_path / "panel.csv"
    path.write_text(text, encoding="utf-8")
    assert refusal(path, Data(**settings), outcome) == expected


def test_missing_file(tmp_path):
    expected = "no such panel file; correct the path given with --data"
    assert refusal(tmp_path / "absent.csv") == expected


def test_folder(tmp_path):
    kinds = ".csv, .tsv, .xlsx, .xls, .ods, .parquet or .dta"
    expected = f"a folder, not a panel file; name a {kinds} file"
    assert refusal(tmp_path) == expected


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (
            "panel.xlsb",
            b"x",
            "suffix '.xlsb' is not supported; save it as .xlsx or .csv",
        ),
        ("panel.csv", b"", "the file is empty; export it again"),
        ("panel.xlsx", b"", "the file is empty; export it again"),
        (
            "panel.xlsx",
            b"no workbook",
            "not a readable XLSX workbook; open it in a spreadsheet and save it again",
        ),
        (
            "panel.xlsx",
            b"PK\x03\x04 cut short",
            "not a readable XLSX workbook; open it in a spreadsheet and save it again",
        ),
        ("panel.parquet", b"no parquet file", "not a readable Parquet file; write it again"),
        (
            "panel.csv",
            "city,year\nA,2010\n".encode("utf-16")[:-1],
            "not UTF-16 text, byte 0x0a at offset 34; save it as CSV UTF-8",
        ),
        (
            "panel.csv",
            b"\xef\xbb\xbfcity,year\nA\xff,2010\n",
            "not UTF-8 text, byte 0xff at offset 14; save it as CSV UTF-8",
        ),
    ],
)
def test_unreadable_file(tmp_path, name, content, expected):
    path = tmp_path / name
    path.write_bytes(content)
    assert refusal(path) == expected


@pytest.mark.parametrize(
    ("sheet", "expected"),
    [
        (
            "",
            "2 sheets and none is named; set sheet in [data] (or --sheet "
            "of new, check and predict) to one of: 'notes', 'panel'",
        ),
        (
            "pannel",
            "no sheet 'pannel'; nearest: 'panel'; set sheet in [data] to one of: 'notes', 'panel'",
        ),
    ],
)
def test_sheets(tmp_path, sheet, expected):
    path = tmp_path / "book.xlsx"
    with pd.ExcelWriter(path) as book:
        for name in ("notes", "panel"):
            pd.DataFrame({"city": ["A"]}).to_excel(book, sheet_name=name)
    assert refusal(path, Data(sheet=sheet)) == expected


def test_row_of_a_workbook_cell(tmp_path):
    path = tmp_path / "panel.xlsx"
    frame = pd.DataFrame({"city": ["A", "B"], "year": [2010, 2010], "fdi": [1.5, "5,97"]})
    frame.to_excel(path, index=False)
    assert refusal(path) == (
        "row 3, column 'fdi': number expected, found '5,97'; correct the cell or leave it blank"
    )


def test_infinite_value_in_parquet(tmp_path):
    path = tmp_path / "panel.parquet"
    pd.DataFrame({"city": ["A", "B"], "year": [2010, 2010], "fdi": [1.5, np.inf]}).to_parquet(path)
    assert refusal(path) == (
        "row 3, column 'fdi': infinite value, found 'inf'; correct the cell or leave it blank"
    )


def test_undecodable_byte_beyond_the_first_block(tmp_path):
    path = tmp_path / "panel.csv"
    path.write_bytes(b"city,year\n" + b"A,2010\n" * 200_000 + b"\xff")
    assert refusal(path) == (
        "not UTF-8, Windows-949, GB18030, EUC-JP, Shift-JIS, Big5, Windows-1252, Windows-1250, "
        "ISO 8859-2, Windows-1254, Windows-1257, Windows-1251 or Windows-1253 text, byte 0xff at "
        "offset 1400010; save it as CSV UTF-8, or say which with --encoding, or encoding under "
        "[data]"
    )


def test_a_mistyped_year_is_refused(tmp_path):
    path = tmp_path / "panel.csv"
    path.write_text("city,year,fdi\nA,2010,1\nB,2010,2\nB,9011,2\n")
    assert refusal(path) == (
        "row 4, column 'year': year from 1800 to 2200 expected, found '9011'; correct the cell"
    )


def test_a_repeated_row_of_a_panel_of_states_is_called_that(tmp_path):
    path = tmp_path / "panel.csv"
    rows = [f"{name},{year},1" for name in ("Ohio", "Utah") for year in range(2010, 2014)]
    path.write_text("\n".join(["state,year,fdi", *rows, rows[0]]))
    assert refusal(path) == (
        "1 city-year stands in more than one row: Ohio 2010 (rows 2, 10); keep one row for each "
        f"city and year{TWINS}"
    )
    path.write_text("\n".join(["state,year,fdi", *rows, *rows]))
    assert refusal(path).startswith("no city column")


@pytest.mark.parametrize("named", ["第二产业占GDP比重", "gdp_share_secondary"])
def test_the_unit_of_a_share_settles_it(tmp_path, named):
    text, settings, _, *_ = CASES["share that is a percentage"]
    path = tmp_path / "panel.csv"
    path.write_text(text, encoding="utf-8")
    panel = read_panel(path, Data(**settings, units={named: "%"}))
    assert not panel.issues
    assert panel.frame["gdp_share_secondary"].tolist() == pytest.approx([0.46, 0.44])
