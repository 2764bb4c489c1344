"""What the audit writes in English stands on its page in Chinese too."""

from __future__ import annotations

import re

import numpy as np
import pytest

from audit_inputs import panel_of, smooth
from city_resilience.audit.audit import audit_panel
from city_resilience.report.audit_reasons import reason_in_chinese
from city_resilience.report.audit_summary import summarise_audit

NAMES = {"loans": "贷款余额", "gdp_real": "实际地区生产总值"}
SAID = {
    "2.4 × 10k persons is 1/17 of the value expected from the years before (41.9), and stays "
    "there: restated, redrawn or redefined?": "数值 2.4 万人为由此前年份推算的数值（41.9）的 1/17，"
    "此后维持该水平：数据修订、区划调整，还是口径变动？",
    "1,121 × 10k persons is 1,000 times the value expected from 2012 and 2014 (1.12): a decimal "
    "point lost, or thousands?": "数值 1,121 万人为由2012年和2014年推算的数值（1.12）的 1,000 倍："
    "漏小数点，或以千为单位？",
    "7 of 40 cities change far more in 2020 than cities usually do: restated or redefined?": (
        "40 个城市中有 7 个在2020年的变动远大于往常：数据修订，还是口径变动？"
    ),
    "2 variables stop with 2016: gdp_real, loans": "2 个变量止于2016年：实际地区生产总值、贷款余额",
    "all cities are 1/10,000 of their usual level in 2010: 万 given for the plain unit; or the "
    "years before are in another unit": (
        "2010年全部城市为通常水平的 1/10,000：以万代个；或此前年份单位不同"
    ),
    "寿县 came from 六安市 in 2015; some series show it in 2016: growth from 2015 to 2016 is that "
    "of another area unless the series were restated; it shows in loans": (
        "寿县由六安市划入（2015年；部分序列2016年才反映）：除非序列经过修订，"
        "2015年至2016年的增长属于不同的辖区；反映在贷款余额"
    ),
}


@pytest.mark.parametrize("english", SAID)
def test_sentences_are_said_in_chinese(english: str) -> None:
    assert reason_in_chinese(english, NAMES, "10k persons") == SAID[english]


def test_places_are_called_as_in_the_experiment() -> None:
    english = "no province has a value in 2020, though there are values before and after"
    chinese = reason_in_chinese(english, {}, noun="province")
    assert chinese == "2020年没有省有数值，而此前和此后都有"


def test_an_unknown_sentence_and_a_hostile_name_stay_as_they_are() -> None:
    for text in ("Nobody wrote this.", "{loans} <b> has it", ""):
        assert reason_in_chinese(text, NAMES) == text
    copied = "{0}</script> has the loans of {x} in every year"
    assert reason_in_chinese(copied, NAMES) == "{0}</script>各年的贷款余额都与{x}相同"


def test_the_page_of_a_spoilt_panel_has_every_reason_in_chinese() -> None:
    values = {"loans": smooth(), "gdp_real": smooth(1)}
    values["loans"][7, 5] *= 1000
    values["loans"][9, 3] = 0
    values["loans"][12, 4] = np.nan
    values["loans"][15] = values["loans"][14]
    values["gdp_real"][3, 8:] *= 0.75
    shown = summarise_audit(audit_panel(panel_of(values), outcome="gdp_real").as_dict())
    reasons = [row["reason"] for row in shown["issues"]]
    assert {row["check"] for row in shown["issues"]} >= {"spike", "hole", "jump", "duplicate"}
    for reason in reasons:
        assert re.search("[\u4e00-\u9fff]", reason["zh"]), reason
        assert not re.search("[a-z]+ [a-z]+ [a-z]+", reason["zh"]), reason
