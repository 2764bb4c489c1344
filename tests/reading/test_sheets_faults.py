"""What sheets get wrong: found, listed with its place, and never mended in silence."""

from __future__ import annotations

import pytest

from city_resilience.catalogue.gazetteer.gazetteer import load_gazetteer
from city_resilience.errors import InputError
from city_resilience.reading.sheet import Sheet
from workbook_inputs import CITIES, figure, read, values, yearbook

NAMES = tuple(CITIES)


def lost(imported, kind=""):
    table = imported.listing().query("level == 'lost'")
    return table[table["kind"] == kind] if kind else table


def test_a_comma_for_a_point_is_listed_with_its_address_and_never_read_as_597():
    imported = read(yearbook(changed={(4, 6): "5,97"}))
    row = lost(imported, "cell").iloc[0]
    assert (row["file"], row["row"], row["column"]) == ("Data_2006.xlsx", "5", "G")
    assert (row["city"], row["year"], row["variable"]) == ("太原市", "2005", "employment_finance")
    assert (row["found"], row["likely"]) == ("5,97", "5.97")
    assert ("太原市", 2005, "whole_city", "employment_finance") not in values(imported)
    assert not (imported.cells["value"] == 597).any()


@pytest.mark.parametrize(
    ("typed", "meant"),
    [
        ("襄樊市", "襄阳市"),
        ("四安市", "西安市"),
        ("毫州市", "亳州市"),
        ("石 家　庄 市", "石家庄市"),
    ],
)
def test_former_and_mistyped_names_follow_the_code(typed, meant):
    imported = read(yearbook(names=("大连市", typed)))
    assert set(imported.frame()["city"]) == {"大连市", meant}
    if typed != "石 家　庄 市":
        assert typed in " ".join(imported.listing()["reason"])


def test_an_unknown_name_is_lost_with_its_row_and_the_nearest_names():
    imported = read(yearbook(names=("大连市", "石家壮市", "唐山市")))
    row = lost(imported, "name").iloc[0]
    assert (row["found"], row["row"], row["column"]) == ("石家壮市", "4", "A")
    assert "石家庄市" in row["reason"]


def test_an_ambiguous_name_is_not_guessed():
    imported = read(yearbook(names=("大连市", "Suzhou", "唐山市")))
    assert "苏州市 (江苏省) or 宿州市 (安徽省)" in lost(imported, "name").iloc[0]["reason"]


def test_a_name_that_only_its_company_decides():
    # 宜城市 stands for 宣城市, and is a county-level city of Hubei as well
    china = load_gazetteer("china")
    names = [city.name for city in china.cities.values() if city.first <= 2005 <= city.last]
    company = [name for name in names if name.endswith("市") and name != "宣城市"][:80]
    imported = read(yearbook(names=(*company, "宜城市")))
    assert "宣城市" in set(imported.frame()["city"])
    assert "宜城市 taken for 宣城市" in " ".join(imported.listing()["reason"])
    assert "宣城市" not in set(read(yearbook(names=("大连市", "宜城市"))).frame()["city"])


def test_a_dissolved_city_ends():
    assert "巢湖市" in set(read(yearbook(names=("巢湖市", "大连市"))).frame()["city"])
    later = read(yearbook(names=("巢湖市", "大连市"), file="Data_2014.xlsx"))
    assert "巢湖市" not in set(later.frame()["city"])
    assert "had ended by 2013" in lost(later, "row").iloc[0]["reason"]


def test_a_row_with_values_and_no_name_is_listed():
    imported = read(yearbook(changed={(3, 0): None}))
    assert lost(imported, "row").iloc[0]["row"] == "4"
    assert len(imported.frame()["city"].unique()) == len(NAMES) - 1


def test_a_header_that_stands_over_two_different_columns_is_not_read():
    imported = read(yearbook(("制造业", "金融业", "制造业")))
    assert set(imported.variables) == {"employment_finance"}
    assert len(lost(imported, "header")) == 4
    assert lost(imported, "header")["reason"].str.contains("disagree in 8 of 8 rows").all()


def test_a_header_that_stands_over_two_equal_columns_is_read_once():
    sheet = yearbook(("制造业", "金融业"))
    double = Sheet(sheet.file, "", tuple((*row, *row[2:4]) for row in sheet.rows))
    assert values(read(double)) == values(read(sheet))


def test_a_known_header_over_blank_cells_is_listed():
    imported = read(yearbook(changed={(row, 4): None for row in range(2, 2 + len(NAMES))}))
    row = imported.listing().query("kind == 'header'").iloc[0]
    assert (row["level"], row["column"], row["variable"]) == (
        "note",
        "E",
        "employment_manufacturing",
    )


def test_an_unknown_header_is_listed():
    row = lost(read(yearbook(("制造业", "幸福感")))).iloc[0]
    assert (row["kind"], row["found"], row["column"]) == ("header", "幸福感", "E")
    assert "[data.columns]" in row["reason"]


def test_files_that_disagree_give_no_value_unless_one_is_preferred():
    first = yearbook()
    second = yearbook(file="B_2006.xlsx", changed={(2, 2): 555.0})
    key = ("石家庄市", 2005, "whole_city", "registered_population")
    both = read(first, second)
    assert key not in values(both)
    assert "100 or 555" in lost(both, "conflict").iloc[0]["found"]
    assert values(read(first, second, prefer=("B*",)))[key] == 555.0
    assert values(read(second, first, prefer=("Data*",)))[key] == figure(0, 0, 0)


def test_a_rounded_value_agrees_with_the_finer_one():
    finer = yearbook(file="B_2006.xlsx", changed={(2, 2): 100.4})
    coarse = yearbook(changed={(2, 2): 100})
    key = ("石家庄市", 2005, "whole_city", "registered_population")
    assert values(read(finer, coarse))[key] == values(read(coarse, finer))[key] == 100.4


def years_of_staff(header: str, year: int, factor: float = 1.0) -> Sheet:
    names = [*CITIES, "南京市", "无锡市", "徐州市", "常州市"]
    rows = [
        (name, round(factor * (10 + at + 0.1 * (year - 2005)), 4)) for at, name in enumerate(names)
    ]
    return Sheet(f"Data_{year + 1}.xlsx", "", (("城市", header), *rows))


def test_a_unit_that_the_magnitude_denies_is_doubted_and_listed():
    sheets = [years_of_staff("城镇私营和个体从业人员(万人)", year) for year in (2005, 2006, 2007)]
    wrong = years_of_staff("城镇私营和个体从业人员(人)", 2008)
    imported = read(*sheets, wrong)
    assert values(imported)["石家庄市", 2008, "whole_city", "private_employment"] == 10.3
    doubt = imported.listing().query("level == 'warning'").iloc[0]
    assert (doubt["file"], doubt["kind"], doubt["likely"]) == (wrong.file, "unit", "10k persons")
    assert '"private_employment/2008" = "人" in [sheets.units]' in doubt["reason"]


def test_the_experiment_decides_about_a_doubted_unit():
    sheets = [years_of_staff("城镇私营和个体从业人员(万人)", year) for year in (2005, 2006, 2007)]
    wrong = years_of_staff("城镇私营和个体从业人员(人)", 2008)
    key = ("石家庄市", 2008, "whole_city", "private_employment")
    as_said = read(*sheets, wrong, units={"private_employment/2008": "人"})
    assert values(as_said)[key] == pytest.approx(10.3e-4)
    unsaid = years_of_staff("城镇私营和个体从业人员", 2008, 1e4)
    declared = read(*sheets, unsaid, units={"private_employment/2008": "人"})
    assert values(declared)[key] == pytest.approx(10.3)
    assert declared.listing().query("level == 'warning'").empty
    with pytest.raises(InputError, match="cannot be converted"):
        read(*sheets, wrong, units={"private_employment/2008": "元"})


def test_a_unit_that_fits_neither_way_is_only_listed():
    sheets = [years_of_staff("城镇私营和个体从业人员(万人)", year) for year in (2005, 2006, 2007)]
    odd = years_of_staff("城镇私营和个体从业人员(万人)", 2008, 1000.0)
    imported = read(*sheets, odd)
    assert values(imported)["石家庄市", 2008, "whole_city", "private_employment"] == 10300.0
    assert (
        "times above its other years"
        in imported.listing().query("kind == 'unit'").iloc[0]["reason"]
    )


def test_cells_under_a_merged_cell_are_listed():
    sheet = yearbook(changed={(3, 2): None})
    merged = Sheet(sheet.file, "", sheet.rows, {(3, 2): (2, 2)})
    row = lost(read(merged), "cell").iloc[0]
    assert (row["city"], row["row"]) == ("唐山市", "4")
    assert "merged" in row["reason"]


def test_nothing_of_a_sheet_goes_unsaid():
    """Each cell with a number below the head is a value of the panel or in the list."""
    sheet = yearbook(names=(*NAMES[:4], "石家壮市", None), changed={(2, 4): "5,97", (3, 2): "x"})
    imported = read(sheet)
    held = {
        (row, column)
        for row, column in zip(imported.cells["row"], imported.cells["column"], strict=True)
    }
    listed = imported.listing()
    rows_listed = set(listed.loc[listed["kind"].isin(["row", "name"]), "row"])
    cells_listed = set(zip(listed["row"], listed["column"], strict=True))
    for row, cells in enumerate(sheet.rows[2:], start=3):
        for column, cell in enumerate(cells[2:], start=3):
            letter = chr(ord("A") + column - 1)
            said = str(row) in rows_listed or (str(row), letter) in cells_listed
            assert (row, column) in held or said, (row, column, cell)
