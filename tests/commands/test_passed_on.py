"""The forecast that people pass on: one row a city, in their language, nothing a formula."""

from __future__ import annotations

import io
import json
import time
from pathlib import Path

import openpyxl
import pandas as pd
import pytest

from bundle_inputs import CITIES, panel_text, small_forecaster, small_panel, write_panel
from city_resilience.commands.predict import predict
from city_resilience.errors import InputError
from city_resilience.models.bundle import save_bundle
from city_resilience.report.texts import every_text

HEADS = {
    "en": ["City", "Province", "Origin", "Forecast, 1 year ahead", "Rank, 1 year ahead"],
    "zh": ["城市", "省份", "起点", "预测，未来 1 年", "排名，未来 1 年"],
}
SHEETS = {
    "en": ["Forecast", "Notes", "Dictionary", "All rows"],
    "zh": ["预测", "说明", "字段说明", "全部行"],
}


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    panel = small_panel(tmp_path_factory.mktemp("panel"))
    return save_bundle(small_forecaster(panel), tmp_path_factory.mktemp("model") / "bundle")


def hostile(folder: Path) -> Path:
    """Write the panel with a city that is called like a formula."""
    frame = pd.read_csv(io.StringIO(panel_text()))
    first = frame["city"].iloc[0]
    path = folder / "hostile.csv"
    frame.replace({"city": {first: "=cmd()"}}).to_csv(path, index=False)
    return path


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_workbook_has_a_row_for_each_city_in_its_language(lang, model, tmp_path):
    path = tmp_path / "out.xlsx"
    result = predict(write_panel(tmp_path), model, out=path, lang=lang, drivers=2)
    book = openpyxl.load_workbook(path)
    assert book.sheetnames == SHEETS[lang]
    page = book[SHEETS[lang][0]]
    heads = [cell.value for cell in page[1]]
    assert heads[:5] == HEADS[lang]
    assert page.max_row == CITIES + 1
    assert (page.freeze_panes, page.auto_filter.ref.split(":")[0]) == ("B2", "A1")
    coloured = [str(rules.sqref) for rules in page.conditional_formatting]
    assert coloured == [f"D2:D{CITIES + 1}", f"F2:F{CITIES + 1}"]
    first = result.table[result.table["horizon"] == 1]
    assert [row[0].value for row in page.iter_rows(min_row=2)] == first["city"].tolist()
    assert page["D2"].value == pytest.approx(first["forecast"].iloc[0], rel=1e-15)
    assert page["D2"].number_format == "+0.00;−0.00;0.00"
    words = "".join(str(cell.value or "") for cell in page[2])
    assert (any("一" <= own <= "鿿" for own in words)) == (lang == "zh")
    dictionary = [cell.value for cell in book[SHEETS[lang][2]]["A"]][1:]
    assert dictionary == heads
    notes = {row[0].value: row[1].value for row in book[SHEETS[lang][1]].iter_rows()}
    index = ("en", "zh").index(lang)
    assert notes[("Simulated data", "模拟数据")[index]] == every_text()["banner_simulated"][lang]
    assert notes[("Newest year of data", "最新数据年份")[index]] == "2013"


def test_drivers_are_named_in_chinese(model, tmp_path):
    predict(write_panel(tmp_path), model, out=tmp_path / "out.xlsx", lang="zh", drivers=1)
    page = openpyxl.load_workbook(tmp_path / "out.xlsx").worksheets[0]
    columns = {cell.value: cell.column_letter for cell in page[1]}
    named = [cell.value for cell in page[columns["主要依据 1，未来 1 年"]]][1:]
    assert all(any("一" <= own <= "鿿" for own in name) for name in named)


def test_same_inputs_give_the_same_workbook(model, tmp_path, monkeypatch):
    data = write_panel(tmp_path)
    first = predict(data, model, out=tmp_path / "a.xlsx", lang="zh").out
    later = time.time() + 90_000
    monkeypatch.setattr(time, "time", lambda: later)
    second = predict(data, model, out=tmp_path / "b.xlsx", lang="zh").out
    assert Path(str(first)).read_bytes() == Path(str(second)).read_bytes()


def test_csv_in_a_language_is_rounded_with_all_digits_beside_it(model, tmp_path):
    data, out = write_panel(tmp_path), tmp_path / "out.csv"
    result = predict(data, model, out=out, lang="zh")
    table = pd.read_csv(out, dtype=str)
    assert list(table)[:5] == HEADS["zh"]
    assert len(table) == CITIES
    own = result.table[result.table["horizon"] == 1]["forecast"]
    assert table["预测，未来 1 年"].tolist() == [f"{value:.2f}" for value in own]
    pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / "out.parquet"), result.table)
    manifest = json.loads(Path(f"{out}.manifest.json").read_text("utf-8"))
    assert list(manifest["beside"]) == ["out.parquet"]
    assert manifest["lang"] == "zh"


def test_a_language_is_refused_where_only_programs_read(model, tmp_path):
    with pytest.raises(InputError, match="has names for programs alone"):
        predict(write_panel(tmp_path), model, out=tmp_path / "a.parquet", lang="zh")
    with pytest.raises(InputError, match="--lang: no language 'fr'"):
        predict(write_panel(tmp_path), model, out=tmp_path / "a.csv", lang="fr")


def test_a_city_called_like_a_formula_stays_a_name(model, tmp_path):
    data = hostile(tmp_path)
    predict(data, model, out=tmp_path / "out.csv", drivers=0)
    assert "\n'=cmd()," in (tmp_path / "out.csv").read_text("utf-8-sig")
    predict(data, model, out=tmp_path / "people.csv", lang="en", drivers=0)
    assert "\n'=cmd()," in (tmp_path / "people.csv").read_text("utf-8-sig")
    predict(data, model, out=tmp_path / "out.xlsx", drivers=0)
    book = openpyxl.load_workbook(tmp_path / "out.xlsx")
    for page in (book.worksheets[0], book.worksheets[3]):
        found = [cell for row in page.iter_rows() for cell in row if cell.value == "=cmd()"]
        assert {cell.data_type for cell in found} == {"s"}
