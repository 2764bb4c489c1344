"""Talent: research staff, students and graduates, digital and low-carbon skills."""

from __future__ import annotations

from functools import partial

from city_resilience.indicators.formulas.agglomeration import employment_quotient, employment_share
from city_resilience.indicators.formulas.ratios import log_growth, per_head, ratio
from city_resilience.indicators.indicator import EMPLOYMENT_TOTAL, Indicator

__all__ = ["ENTRIES"]


def _per_10k(id: str, variable: str, label_en: str, label_zh: str) -> Indicator:
    return Indicator(
        f"{id}_per_10k",
        "talent",
        f"{label_en} per 10,000 people",
        f"每万人{label_zh}",
        "per 10k people",
        (variable, "population"),
        partial(per_head, per=1e4),
        1,
    )


def _growth(id: str, variable: str, label_en: str, label_zh: str) -> Indicator:
    return Indicator(
        f"{id}_growth",
        "talent",
        f"Growth of {label_en}",
        f"{label_zh}增长",
        "log points",
        (variable,),
        log_growth,
        1,
    )


ENTRIES: tuple[Indicator, ...] = (
    Indicator(
        "research_employment_share",
        "talent",
        "Research and technical staff in employment",
        "科研技术服务业就业占比",
        "%",
        ("employment_research", EMPLOYMENT_TOTAL),
        employment_share,
        1,
    ),
    Indicator(
        "rd_personnel_per_10k",
        "talent",
        "R&D personnel per 10,000 people",
        "每万人研发人员全时当量",
        "per 10k people",
        ("rd_personnel", "population"),
        partial(per_head, per=1e4),
        1,
    ),
    Indicator(
        "students_per_10k",
        "talent",
        "College students per 10,000 people",
        "每万人在校大学生",
        "per 10k people",
        ("college_students", "population"),
        partial(per_head, per=1e4),
        1,
    ),
    Indicator(
        "graduates_per_10k",
        "talent",
        "Bachelor graduates per 10,000 people",
        "每万人本科毕业生",
        "per 10k people",
        ("graduates", "population"),
        partial(per_head, per=1e4),
        1,
    ),
    Indicator(
        "education_spending_share",
        "talent",
        "Education spending in the budget",
        "教育支出占财政支出比重",
        "%",
        ("education_spending", "fiscal_expenditure"),
        partial(ratio, per=100.0),
        1,
    ),
    Indicator(
        "research_location_quotient",
        "talent",
        "Research and technical services location quotient",
        "科研技术服务业区位商",
        "nation = 1",
        ("employment_research", EMPLOYMENT_TOTAL),
        employment_quotient,
        1,
    ),
    Indicator(
        "rd_personnel_per_10k_workers",
        "talent",
        "R&D personnel per 10,000 workers",
        "每万名就业人员研发人员全时当量",
        "per 10k workers",
        ("rd_personnel", "employment"),
        partial(ratio, per=1e4),
        1,
    ),
    _growth("rd_personnel", "rd_personnel", "R&D personnel", "研发人员"),
    _growth("graduates", "graduates", "bachelor graduates", "本科毕业生"),
    _growth("students", "college_students", "college students", "在校大学生"),
    _per_10k("digital_talent", "digital_talent", "Digital talent", "数字人才"),
    _per_10k("low_carbon_talent", "low_carbon_talent", "Low-carbon talent", "低碳人才"),
)
