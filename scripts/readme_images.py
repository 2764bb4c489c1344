"""Take the pictures of the README: first screens, maps and a city in both languages, and others.

    city-resilience train experiments/demo/experiment.toml --out out/demo
    city-resilience train experiments/us_states/experiment.toml --out out/us_states
    python scripts/readme_images.py out/demo out/us_states

Only the simulated cities of ``demo`` and the public figures of ``us_states`` are shown. Needs the
browser of the tests (Chromium) and Pillow, which comes with the locked packages.
"""

from __future__ import annotations

import html
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from pathlib import Path
from urllib.parse import quote

import pandas as pd
from openpyxl import Workbook
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[1]
IMAGES = ROOT / "docs" / "images"
PANEL = ROOT / "experiments" / "demo" / "panel.csv"
COLOURS = 192
MOST_BYTES = 200_000
POPULATION = "Resident population (10k persons)"
MANUFACTURING = "Employment in manufacturing (10k persons)"
PATENTS = "Patents granted (count)"
FAULTS = (  # which city, year and column, and the factor by which the cell is wrong
    (3, 2014, "Real GDP (100m yuan)", 10.0),
    (25, 2012, MANUFACTURING, 0.001),
    (40, 2015, "Students in higher education (10k persons)", 0.0),
    (60, 2010, POPULATION, 10_000.0),
)
MESS = {(4, 3): "5,97", (5, 1): "１７３．４", (5, 5): "1 164①", (7, 4): "…"}
SHEET_ROWS = 11
STYLE = """\
body { margin: 0; background: #fff; font: 15px sans-serif } #all { width: 1060px; padding: 22px }
table { border-collapse: collapse; margin-bottom: 18px; width: 100% }
td, th { border: 1px solid #c9cfd6; padding: 4px 9px; font-weight: 400; white-space: pre }
td { text-align: right } th { background: #eef1f4; color: #667 } .text { text-align: left }
.marked { background: #fdeeb8 } p { margin: 0 0 8px; color: #445; font-weight: 600 }
pre { background: #14202c; color: #e6edf3; padding: 16px; border-radius: 6px; margin: 0;
  font: 13.5px/1.45 'DejaVu Sans Mono', monospace; white-space: pre-wrap }"""


def run(*words: str, folder: Path) -> str:
    """Run the program in a folder and return what it printed."""
    command = [sys.executable, "-m", "city_resilience", *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    return done.stdout


def sheet_rows(panel: pd.DataFrame, year: int) -> list[list[object]]:
    """Return a yearbook table of made-up cities: a title, two rows of headers, the figures."""
    rows: list[list[object]] = [
        [f"2-1  主要经济指标  Main Indicators ({year}年)", *[""] * 5],
        ["城市", "年末总人口 (万人)", "", "1. 制造业 (人) Manufacturing", "", "专利授权量 (件)"],
        ["", "全市", "市辖区", "全市", "市辖区", "全市"],
    ]
    for city in panel[panel["year"] == year].head(16).to_dict("records"):
        people, staff = city[POPULATION], city[MANUFACTURING]
        cells = [people, round(0.37 * people, 1), staff, round(0.6 * staff, 2), city[PATENTS]]
        rows.append([f" {city['city']} ", *cells])
    return [*rows, ["注：①含新区数据。", *[""] * 5]]


def write_sheet(rows: Iterable[Sequence[object]], path: Path) -> None:
    """Write rows as a workbook with one sheet."""
    book = Workbook()
    page = book.create_sheet("2-1", 0)
    for row in rows:
        page.append([None if cell == "" else cell for cell in row])
    book.remove(book.worksheets[1])
    book.save(path)


def import_page(panel: pd.DataFrame, folder: Path) -> Path:
    """Import two messy sheets and lay out one of them with what the program said."""
    (folder / "yearbooks").mkdir()
    rows = sheet_rows(panel, 2018)
    for (row, column), text in MESS.items():
        rows[row][column] = text
    write_sheet(sheet_rows(panel, 2017), folder / "yearbooks" / "Data_2018.xlsx")
    write_sheet(rows, folder / "yearbooks" / "Data_2019.xlsx")
    words = ("import", "yearbooks", "--out", "panel.csv", "--gazetteer", "none")
    said = f"$ city-resilience {' '.join(words)}\n{run(*words, folder=folder)}"
    table = "".join(_table_row(number, row) for number, row in enumerate(rows[:SHEET_ROWS]))
    heads = "".join(f"<th>{letter}</th>" for letter in " ABCDEF")
    page = folder / "import.html"
    page.write_text(
        f"<meta charset=utf-8><style>{STYLE}</style><div id=all>"
        "<p>yearbooks/Data_2019.xlsx (simulated data, made-up cities)</p>"
        f"<table><tr>{heads}</tr>{table}</table><pre>{html.escape(said)}</pre></div>",
        "utf-8",
    )
    return page


def _table_row(number: int, row: Sequence[object]) -> str:
    cells = ""
    for column, cell in enumerate(row):
        kinds = ["marked"] * ((number, column) in MESS) + ["text"] * (number < 3 or column == 0)
        shown = f"{cell:g}" if isinstance(cell, float) else str(cell)
        cells += f'<td class="{" ".join(kinds)}">{html.escape(shown)}</td>'
    return f"<tr><th>{number + 1}</th>{cells}</tr>"


def audit_page(panel: pd.DataFrame, folder: Path) -> Path:
    """Audit the demo panel with some cells made wrong."""
    wrong, cities = panel.copy(), panel["city"].unique()
    for city, year, column, factor in FAULTS:
        at = (wrong["city"] == cities[city]) & (wrong["year"] == year)
        wrong[column] = wrong[column].astype(float)
        wrong.loc[at, column] *= factor
    wrong.to_csv(folder / "panel_with_errors.csv", index=False)
    words = ("check", "panel_with_errors.csv", "--outcome", "gdp_real", "--out", "audit.html")
    run(*words, folder=folder)
    return folder / "audit.html"


@dataclass(frozen=True)
class Picture:
    """What is opened and kept: a part of the page, or all that a screen of a size shows.

    Attributes
    ----------
    fragment : str
        Address inside the page, and others that are gone to from there.
    size : tuple of int
        Width and height of the screen, in pixels.
    part : str
        Selector of the part that is kept; "" for the whole screen.
    """

    fragment: str = ""
    size: tuple[int, int] = (1440, 900)
    part: str = ""


REPORT = {
    "first": Picture(),
    "map": Picture(size=(900, 1000), part="figure.map"),
    "city": Picture("#/city/{city}", (1180, 980)),
}
OTHERS = {
    "null": Picture("#/?h=2 #skill", (1180, 560)),
    "import": Picture(size=(1104, 800), part="#all"),
    "audit": Picture("#issues", (1180, 790)),
}


def take(browser: Browser, source: Path, own: Picture, name: str, lang: str = "en") -> None:
    """Open a page in the browser, in a language, and keep a small picture of it."""
    page = browser.new_page(
        viewport={"width": own.size[0], "height": own.size[1]},
        locale={"en": "en-US", "zh": "zh-CN"}[lang],
    )
    first, *others = own.fragment.split(" ")
    page.goto(f"{source.resolve().as_uri()}{first}")
    for other in others:
        page.evaluate("other => { location.hash = other; }", other)
    page.wait_for_timeout(800)
    target = IMAGES / f"{name}.png"
    shown = page.locator(own.part).first if own.part else page
    shown.screenshot(path=target)
    page.close()
    with Image.open(target) as picture:
        small = picture.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    small.save(target, optimize=True)
    if target.stat().st_size > MOST_BYTES:
        raise SystemExit(f"{target.name} has more than {MOST_BYTES:,} bytes; show less of the page")


def take_reports(browser: Browser, folders: Mapping[str, Path]) -> None:
    """Take first screen, map and the page of the first city at risk, of each run."""
    for run_name, folder in folders.items():
        summary = json.loads((folder / "summary.json").read_text("utf-8"))
        lists = next(iter(summary["by_horizon"].values()))["outlook"]["lists"]
        city = quote(lists["risk"][0]["city"])
        for (kind, own), lang in product(REPORT.items(), ("en", "zh")):
            at = replace(own, fragment=own.fragment.format(city=city))
            take(browser, folder / "report.html", at, f"{kind}_{run_name}_{lang}", lang)


def main(arguments: list[str]) -> int:
    """Run the script."""
    demo, states = map(Path, arguments)
    panel = pd.read_csv(PANEL)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as player:
        folder = Path(name)
        browser = player.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox"]
        )
        take_reports(browser, {"demo": demo, "us_states": states})
        take(browser, states / "report.html", OTHERS["null"], "null")
        take(browser, import_page(panel, folder), OTHERS["import"], "import")
        take(browser, audit_page(panel, folder), OTHERS["audit"], "audit")
        browser.close()
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
