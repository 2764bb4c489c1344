"""The audit's page, its JSON and its summary on the terminal show all of it, and nothing else."""

from __future__ import annotations

import io
import json
import re
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from city_resilience.commands import check
from city_resilience.errors import InputError
from city_resilience.reading.account import Account, ColumnRead
from city_resilience.reading.issues import Issue, Place
from city_resilience.report.account import account_line
from city_resilience.report.audit_page import render_audit, write_audit
from city_resilience.report.audit_summary import summarise_audit
from report_audit_inputs import GAP, ROWS, SPIKE, VARIABLES, make_audit

HOSTILE = "<script>alert(1)</script>"
VOID = {"meta", "link", "input", "br"}


class Page(HTMLParser):
    """Collect what a page refers to, its tags, scripts, and the text of each of its elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.references: list[tuple[str, str]] = []
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.texts: list[str] = []
        self.scripts: dict[str, str] = {}
        self._script = ""
        self.feed(text)
        self.close()

    def handle_starttag(self, tag, attrs) -> None:
        values = dict(attrs)
        self.elements.append((tag, values))
        names = ("src", "href", "srcset", "poster", "action", "data", "background")
        self.references += [(tag, values[name]) for name in names if name in values]
        if tag == "script":
            self._script = values.get("id", "page")

    def handle_endtag(self, tag) -> None:
        if tag == "script":
            self._script = ""

    def handle_data(self, data) -> None:
        if self._script:
            self.scripts[self._script] = self.scripts.get(self._script, "") + data
        elif data.strip():
            self.texts.append(data.strip())

    def with_attribute(self, name: str) -> list[str]:
        return [values[name] for _, values in self.elements if name in values]


def _terminal(audit) -> str:
    stream = io.StringIO()
    check.show(audit, Console(file=stream, width=120))
    return stream.getvalue()


def test_page_refers_to_nothing_outside() -> None:
    text = render_audit(make_audit(more=3))
    page = Page(text)
    assert page.references
    assert [ref for ref in page.references if not re.match(r"#|data:", ref[1])] == []
    assert "default-src 'none'" in text
    assert not re.search(r"https?://|url\(|@import", text)


def test_page_stays_light() -> None:
    assert len(render_audit(make_audit(more=300)).encode()) < 700_000


def test_hostile_names_stay_inert() -> None:
    city = Issue(
        "error",
        "spike",
        HOSTILE,
        place=Place(file=HOSTILE, column=1),
        variable="gdp_real",
        city=HOSTILE,
        years=(2001,),
    )
    audit = make_audit([city], {city.id: HOSTILE, HOSTILE: HOSTILE})
    audit["source"] = HOSTILE
    audit["variables"]["gdp_real"]["label_en"] = HOSTILE
    page = Page(render_audit(audit))
    scripts = [values.get("id") for tag, values in page.elements if tag == "script"]
    assert scripts == ["data", None]
    assert page.texts.count(HOSTILE) >= 5
    assert json.loads(page.scripts["data"])["title"]["zh"] == "script> 的审核"


def test_every_finding_stands_in_the_page_with_both_settings() -> None:
    audit = make_audit(more=40)
    texts = [text.replace("\u00a0", " ") for text in Page(render_audit(audit)).texts]
    for issue in audit["issues"]:
        assert issue["acceptance"] in texts
        assert issue["reason"] in texts
        assert str(Place(**issue["place"])) in [*texts, ""]
        assert not issue["correction"] or issue["correction"] in texts
    assert {"1,121", "10k persons", "× 1,000", "296 cities", "2013–2014"} <= {
        part for text in texts for part in (text, text.removeprefix(" ").strip("· "))
    }


def test_accepted_issues_stand_apart_and_no_longer_stop_training() -> None:
    summary = summarise_audit(
        make_audit(accepted={SPIKE.id: "seen in the yearbook", "a/b/c/*": ""})
    )
    assert [row["id"] for row in summary["issues"]] == [GAP.id, ROWS.id]
    assert [(entry["why"], bool(entry["row"])) for entry in summary["accepted"]] == [
        ("seen in the yearbook", True),
        ("", False),
    ]
    assert summary["verdict"]["en"] == (
        "No error: train takes this panel; 1 warning; 1 note; 2 issues accepted in the experiment."
    )
    assert summary["level"] == "warning"


@pytest.mark.parametrize(
    ("issues", "verdict"),
    [
        ([SPIKE], "1 error: train refuses this panel until it is corrected or accepted."),
        ([SPIKE, SPIKE], "2 errors: train refuses this panel until they are corrected or"),
        ([], "No error, no warning, no note: train takes this panel."),
    ],
)
def test_verdict_in_plain_words(issues, verdict) -> None:
    assert summarise_audit(make_audit(issues))["verdict"]["en"].startswith(verdict)


def test_heat_map_has_one_cell_a_variable_and_year() -> None:
    page = Page(render_audit(make_audit()))
    cells = [
        values["class"] for tag, values in page.elements if tag == "td" and values.get("class")
    ]
    steps = [cell for cell in cells if re.fullmatch(r"s\d", cell)]
    assert len(steps) == len(VARIABLES) * 24
    assert {"s0", "s3", "s5", "s6"} == set(steps)


def test_coverage_tells_beginnings_ends_and_holes() -> None:
    summary = summarise_audit(make_audit())
    lines = {line["id"]: line for group in summary["series"] for line in group["lines"]}
    assert summary["series"][0]["lines"][0]["id"] == "gdp_real"
    assert lines["unit_employment"]["note"]["en"] == "2005–2016 · none in 2013–2014"
    assert lines["population"]["note"]["zh"] == "每年 · 2000–2023 年不足 75%"
    assert lines["land_area"]["note"]["en"] == "no value at all"
    assert (lines["unit_employment"]["late"], lines["unit_employment"]["early"]) == (2005, 2016)
    assert summary["coverage"]["en"] == (
        "Of 6 variables, with values in every year: 2; beginning after 2000: 3; ending before "
        "2023: 3; with years without any value in between: 1; with years in which fewer than 75 % "
        "of the cities have a value: 1; without any value: 1."
    )


def test_page_holds_both_languages() -> None:
    page = Page(render_audit(make_audit(more=2, accepted={"a/b/c/*": "why"})))
    spans = [values["lang"] for tag, values in page.elements if tag == "span" and "lang" in values]
    assert spans.count("en") == spans.count("zh") > 100
    assert len(page.with_attribute("data-en")) == len(page.with_attribute("data-zh")) > 0
    assert {"Employment in finance", "金融业从业人员", "Issues", "问题"} <= set(page.texts)


def test_page_and_terminal_are_the_same_each_time() -> None:
    assert render_audit(make_audit(more=5)) == render_audit(make_audit(more=5))
    assert _terminal(make_audit(more=5)) == _terminal(make_audit(more=5))


def test_suffix_decides_the_format(tmp_path: Path) -> None:
    audit = make_audit()
    page = write_audit(audit, tmp_path / "new" / "audit.HTML")
    assert page.read_text(encoding="utf-8") == render_audit(audit)
    record = write_audit(audit, tmp_path / "audit.json")
    assert json.loads(record.read_text(encoding="utf-8")) == json.loads(json.dumps(audit))
    with pytest.raises(InputError, match=r"audit\.htm: output suffix '.htm' is not known"):
        write_audit(audit, tmp_path / "audit.htm")
    (tmp_path / "folder.html").mkdir()
    with pytest.raises(InputError, match="is a folder"):
        write_audit(audit, tmp_path / "folder.html")


def test_terminal_says_what_page_says_in_few_lines() -> None:
    text = _terminal(make_audit(more=200))
    lines = text.splitlines()
    assert len(lines) < 60
    assert lines[0].startswith("data/city_panel.csv: 296 cities, 2000–2023, 6 variables")
    assert "1 error: train refuses this panel" in lines[1]
    assert f"    [data.corrections] {SPIKE.correction}" in lines
    assert f"    [audit.accept] {GAP.acceptance}" in lines
    assert f"error: Employment in finance, 达州市, 2013 · {SPIKE.place}" in lines
    assert "… and 198 more warnings" in lines
    assert "--out audit.html" in lines[-1]


def test_columns_and_rows_that_are_not_in_the_panel_are_named_on_screen_and_page() -> None:
    lines = _terminal(make_audit()).splitlines()
    assert lines[2:7] == [
        "Columns of the file: 4, keys: 2, variables: 1, left out: 1, converted to another unit: 1",
        "Rows: 7,104 of 7,110 are in the panel, set aside: 6",
        "    converted: '从业_金融业(人)' (人 → 10k persons, × 0.0001)",
        "    left out, neither in the catalogue nor declared: '灯光指数'",
        "    rows set aside, a province, total, county or repeated header: 6 (全国, 浙江省)",
    ]
    page = render_audit(make_audit())
    for text in ("灯光指数", "2–4, 90–92", "全国, 浙江省", "变量目录中没有，方案中也未声明"):
        assert text in page


def test_long_lists_of_an_account_are_cut_on_screen_alone() -> None:
    columns = tuple(ColumnRead(f"own {at}", why="unknown") for at in range(40))
    account = Account(columns, 10, ()).as_dict()
    shown = _terminal({**make_audit(), "account": account})
    assert "'own 4' and 35 more" in shown
    assert "own 5" not in shown
    assert "own 39" in render_audit({**make_audit(), "account": account})
    line = account_line(account, "panel.csv")
    assert line == (
        "0 of 40 columns (left out: 'own 0', 'own 1', 'own 2' and 37 more), 10 of 10 rows; "
        "see all with city-resilience check panel.csv"
    )


def test_outcome_may_be_unknown() -> None:
    audit = {**make_audit(), "outcome": ""}
    assert _terminal(audit).splitlines()[0].endswith("296 cities, 2000–2023, 6 variables.")
    assert summarise_audit(audit)["size"]["zh"] == "296 个城市，2000–2023 年，6 个变量。"


def test_one_city_and_one_variable_are_said_in_the_singular() -> None:
    audit = make_audit(findings=())
    own = {"gdp_real": audit["variables"]["gdp_real"]}
    coverage = [row for row in audit["coverage"] if row["variable"] == "gdp_real"]
    found = summarise_audit({**audit, "cities": 1, "variables": own, "coverage": coverage})
    assert found["size"]["en"].startswith("1 city, 2000–2023, 1 variable; outcome: ")
    assert found["size"]["zh"].startswith("1 个城市，2000–2023 年，1 个变量；")
    assert found["coverage"]["en"].startswith("The one variable ")


def test_terminal_takes_names_for_no_markup() -> None:
    city = Issue(
        "error",
        "spike",
        "[red]why",
        variable="gdp_real",
        city="[/bold]\x1b[31m",
        years=(2001,),
    )
    text = _terminal(make_audit([city]))
    assert "[/bold]\ufffd[31m" in text
    assert "    [red]why" in text
    assert "\x1b" not in text
