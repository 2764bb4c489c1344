"""The words of the report: both languages, each key used, a measure in its own words and unit."""

from __future__ import annotations

import ast
import re
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from string import Formatter

import pytest

from city_resilience.audit.rules import RULES
from city_resilience.catalogue.gazetteer.gazetteer import load_gazetteer
from city_resilience.catalogue.gazetteer.groups import GROUPS
from city_resilience.report.report_page import render_report
from city_resilience.report.summary import summarise
from city_resilience.report.texts import LANGUAGES, Texts, every_text, measure_words, words
from city_resilience.resilience import measures
from report_inputs import make_inputs

SOURCE = Path(str(files("city_resilience")))
ROOMS = ("report", "commands", "tracking")
GAP_WORDS = ("pp", "percentage points", "百分点", "growth gap", "增长差", "{unit", "{me")


def _asked_in_python(text: str) -> tuple[set[str], list[str]]:
    """Return texts of a module that could be keys, and patterns of those that it makes."""
    whole, patterns = set(), []
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            whole.add(node.value.removesuffix("#"))
        elif isinstance(node, ast.JoinedStr):
            parts = [
                re.escape(part.value) if isinstance(part, ast.Constant) else r"\w+"
                for part in node.values
            ]
            patterns.append("".join(parts).removesuffix(r"\#"))
    return whole, patterns


def _asked_in_template(text: str) -> tuple[set[str], list[str]]:
    whole = set(re.findall(r'"(\w+)#?"', text))
    patterns = [
        rf"{start}\w+{end}"
        for start, end in re.findall(r'"(\w+_)" [+~] [\w.]+(?: [+~] "(\w+)")?', text)
    ]
    return whole, patterns


def asked() -> tuple[set[str], list[str]]:
    """Return every key that the code could ask for: as a whole, and as patterns."""
    whole: set[str] = set()
    patterns: list[str] = []
    paths = [path for room in ROOMS for path in sorted((SOURCE / room).rglob("*"))]
    for path in paths:
        if path.suffix in {".py", ".j2"}:
            read = _asked_in_python if path.suffix == ".py" else _asked_in_template
            found = read(path.read_text("utf-8"))
            whole |= found[0]
            patterns += found[1]
    return whole, [pattern for pattern in patterns if re.match(r"\w{2,}", pattern)]


def test_both_languages_hold_the_same_figures() -> None:
    for key, text in every_text().items():
        gaps = [
            {name for _, name, _, _ in Formatter().parse(text[lang]) if name} for lang in LANGUAGES
        ]
        own = {name for name in gaps[0] ^ gaps[1] if not name.startswith("unit_")}
        assert own == set(), key


def test_every_text_is_used() -> None:
    whole, patterns = asked()
    kinds = [rf"{kind}_\w+" for kind in ("family", "flag", "group", "level", "unit", "unit_long")]
    kinds += [rf"{kind}_\w+" for kind in ("unit_head", "unit_note", "measure", "against")]
    kinds += [rf"{kind}_\w+" for kind in ("out_nation", "out_group")]
    patterns = [*patterns, *kinds]
    unused = [
        key
        for key in every_text()
        if key not in whole
        and key.removesuffix("_long") not in whole
        and key.removesuffix("_one") not in whole
        and not any(re.fullmatch(pattern, key) for pattern in patterns)
    ]
    assert unused == []


def test_every_text_that_is_asked_for_exists() -> None:
    asked_for: set[str] = set()
    for path in (SOURCE / "report").rglob("*"):
        if path.suffix == ".py":
            asked_for |= set(re.findall(r'\bsay(?:\.count)?\(\s*"(\w+)"', path.read_text("utf-8")))
        elif path.suffix == ".j2":
            text = path.read_text("utf-8")
            asked_for |= set(re.findall(r'\b(?:t|say|slots)\("(\w+)"(?! [+~])', text))
            asked_for |= set(re.findall(r'_box\("(\w+)"', text))
    assert len(asked_for) > 120
    known = every_text()
    assert sorted(key for key in asked_for if key not in known and f"{key}_one" not in known) == []


def test_groups_and_levels_of_the_gazetteer_have_names() -> None:
    known, gazetteer = every_text(), load_gazetteer("china")
    own = [name for name in GROUPS if name != "size"]
    levels = {
        (name, gazetteer.group_label(code, name)) for code in gazetteer.cities for name in own
    }
    assert [name for name in (*GROUPS, "province") if f"group_{name}" not in known] == []
    assert {
        (name, level)
        for name, level in levels
        if f"level_{name}_{level}" not in known and f"level_{level}" not in known
    } == set()
    assert "Broadband China" in known["group_broadband_china"]["en"]
    assert "宽带中国" in known["group_broadband_china"]["zh"]


@pytest.mark.parametrize("measure", ["relative_resistance", "sensitivity", "composite"])
def test_another_measure_is_reported_in_its_own_words_and_unit(measure: str) -> None:
    summary = {**summarise(**make_inputs(cities=4, origins=range(2015, 2018)).all())}
    own = measure_words(measure)
    page = render_report({**summary, "measure": own})
    static = page[page.index("<body>") : page.index("<script>")]
    static = re.sub(
        r'<script type.*?</script>|<dl class="settings">.*?</dl>|<ul class="bars">.*?</ul>',
        "",
        static,
        flags=re.S,
    )
    text = re.sub(r"<[^>]+>", " ", static)
    for word in GAP_WORDS:
        assert not re.search(rf"(?<![a-z]){re.escape(word)}(?![a-z])", text), word
    for lang in LANGUAGES:
        assert own[lang] in Texts(own)("axis_forecast")[lang]
        assert own[lang] in Texts(own)("reading_1")[lang]


def test_the_growth_gap_is_reported_in_percentage_points() -> None:
    say = Texts(measure_words("growth_gap"))
    assert say("mae") == {"en": "MAE, pp", "zh": "MAE（百分点）"}
    assert say("axis_forecast")["en"] == "Forecast growth gap, pp"
    assert Texts(measure_words("sensitivity"))("mae")["en"] == "MAE, ratio"
    assert say.figure(1.234) == {"en": "1.23 pp", "zh": "1.23 个百分点"}


def test_a_made_up_measure_in_percent_is_reported_to_the_end(monkeypatch) -> None:
    made_up = replace(
        measures.MEASURES["growth_gap"],
        id="shortfall",
        unit="%",
        label_en="output shortfall",
        label_zh="产出缺口",
    )
    known = {**measures.MEASURES, "shortfall": made_up}
    monkeypatch.setattr(measures, "MEASURES", known)
    inputs = make_inputs(cities=6, origins=range(2010, 2020), horizons=(1, 2), intervals=True)
    outcome = inputs.experiment.outcome.model_copy(update={"measure": "shortfall"})
    experiment = inputs.experiment.model_copy(update={"outcome": outcome})
    summary = summarise(**{**inputs.all(), "experiment": experiment})
    assert summary["measure"]["unit"] == "%"
    page = render_report(summary).replace("\u00a0", " ")
    for text in ("MAE, %", "MAE（%）", "Forecast output shortfall, %", "产出缺口预测"):
        assert text in page
    assert re.search(r"mean error of the blend is \d\.\d\d %", page)


def test_one_code_in_one_language() -> None:
    assert words("status_ended", "en", year=2016) == "not observed since 2016"
    assert words("status_ended", "zh", year=2016) == "自 2016 年后无观测"


def test_checks_of_the_audit_have_names_in_both_languages() -> None:
    assert all(check.label_en and check.label_zh for check in RULES)


def test_chinese_cells_of_a_page_write_a_share_without_a_space() -> None:
    summary = summarise(**make_inputs(cities=6, origins=range(2010, 2020), intervals=True).all())
    page = render_report(summary).replace("\u00a0", " ")
    chinese = re.findall(r'<span lang="zh">([^<]*)</span>', page)
    assert [text for text in chinese if re.search(r"\d %", text)] == []
    assert any(re.fullmatch(r"\+?\d+%", text) for text in chinese)


def test_levels_of_the_shipped_panels_have_their_own_words():
    say = Texts()
    assert say.level("size_class", "medium") == {"en": "medium", "zh": "中"}
    assert say.level("size", "medium")["en"] == "medium: 0.5 to 1 million"
    assert say.level("census_region", "Midwest") == {"en": "Midwest", "zh": "中西部"}
    assert say.name("group", "census_region")["en"] == "Census region"
