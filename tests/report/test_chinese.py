"""Chinese as a professional writes it: the words that were given up stand nowhere a reader looks.

The list is of phrases; single words that are not used stand in the glossary, which has a test.
"""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from city_resilience.audit.rules import RULES
from city_resilience.evaluation.candidates import candidate_labels
from city_resilience.indicators.table import load_table
from city_resilience.report.texts import every_text
from city_resilience.resilience.measures import MEASURES
from places import ROOT

GIVEN_UP = (
    *(
        "有多大把握",
        "数字化？",
        "是否成真",
        "所述可能性",
        "观测到了什么",
        "随机划分会声称什么",
        "不是本领",
    ),
    *("换一些年份", "换一批城市", "在冲击之前能帮上忙吗", "区间的各种做法", "普通分割共形"),
    *(
        "按学习的尺度",
        "按落空双向调整",
        "宽度与落空合计",
        "技能分",
        "朴素基准",
        "衰减的",
        "收缩后的",
    ),
    *("可测量的作用", "可测量的贡献", "水平断裂", "水平永久变动", "结转", "上年之前", "其他控制"),
    *("实验哈希", "配方", "现时预测", "比全国更稳", "撑住", "超额增长", "所用预测的平均贡献大小"),
)
SAID = {
    "nav_intervals": "不确定性",
    "intervals_title": "预测的不确定性有多大？",
    "study_title": "数字化指标能否改进预测？",
    "chances_title": "概率预测是否可靠",
    "stated_chance": "预测概率",
    "came_to_pass": "实际发生比例",
    "coverage_title": "数据覆盖与时效",
    "study_random_split_title": "随机划分会高估多少",
    "study_diebold_mariano_title": "对年份的稳健性",
    "study_skill_intervals_title": "对城市样本的稳健性",
    "study_shock_title": "冲击来临前的预测表现",
    "study_interval_ways_title": "不同区间方法比较",
    "study_way_learned": "按模型估计的离散程度",
    "level_inside": "区内",
    "level_outside": "区外",
    "family_control": "金融与其他因素",
    "experiment": "模型方案",
    "experiment_digest": "方案指纹",
    "nation_sum": "全部样本城市合计",
    "drivers_title": "预测主要依据哪些因素",
}


def shown() -> Iterator[tuple[str, str]]:
    """Yield where a Chinese text stands, and the text."""
    yield from ((key, text["zh"]) for key, text in every_text().items())
    yield from ((spec.id, spec.label_zh) for spec in load_table())
    yield from ((own.id, own.label_zh) for own in MEASURES.values())
    yield from ((own.id, own.label_zh) for own in RULES)
    yield from candidate_labels("zh").items()
    explain = Path(str(files("city_resilience.explain")))
    for table in tomllib.loads((explain / "dictionary.toml").read_text("utf-8")).values():
        yield from ((name, text[1]) for name, text in table.items())
    yield from (("README.zh.md", line) for line in _lines(ROOT / "README.zh.md"))


def _lines(path: Path) -> list[str]:
    return path.read_text("utf-8").splitlines()


@pytest.mark.parametrize("phrase", GIVEN_UP)
def test_no_chinese_text_has_a_phrase_that_was_given_up(phrase: str) -> None:
    assert [where for where, text in shown() if phrase in text] == []


@pytest.mark.parametrize(("key", "text"), SAID.items())
def test_headings_are_those_of_the_profession(key: str, text: str) -> None:
    assert every_text()[key]["zh"] == text


def test_a_number_stands_apart_from_chinese_words() -> None:
    close = re.compile(r"[\u4e00-\u9fff]\d|\d[\u4e00-\u9fff]")
    names = re.compile(r"20万|50万|\d+万")  # a number of 万 is one word
    found = {
        key: text["zh"]
        for key, text in every_text().items()
        if not key.startswith(("level_", "noun_")) and close.search(names.sub("", text["zh"]))
    }
    assert found == {}


def test_no_chinese_head_has_an_english_unit_or_a_narrow_comma() -> None:
    heads = {key: text["zh"] for key, text in every_text().items() if "{unit_head}" in text["zh"]}
    assert len(heads) > 20
    assert [key for key, text in heads.items() if ", {unit_head}" in text or "(" in text] == []
    assert every_text()["unit_head_pp"]["zh"] == "百分点"


def test_the_skill_is_explained_where_it_stands_first() -> None:
    for key in ("tile_skill_note", "tile_skill_note_recent", "skill_foot"):
        assert "误差降幅（skill score）" in every_text()[key]["zh"]
