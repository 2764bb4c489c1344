"""Innovation and green innovation."""

from __future__ import annotations

from functools import partial

import numpy as np

from city_resilience.indicators.formulas.ratios import (
    change,
    log_growth,
    log_relative,
    per_head,
    ratio,
    share,
    value,
)
from city_resilience.indicators.indicator import Indicator

__all__ = ["ENTRIES"]

# Counts over a population in 10k persons are per 10,000 people as they stand.
_per_10k_people = partial(per_head, per=1.0)
_percent = partial(ratio, per=100.0)


def _growth(id: str, variable: str, label_en: str, label_zh: str) -> Indicator:
    return Indicator(id, "innovation", label_en, label_zh, "log points", (variable,), log_growth, 1)


def _per_head(id: str, variable: str, label_en: str, label_zh: str) -> Indicator:
    """Yuan per person of a variable in 100m yuan, the population being in 10k persons."""
    return Indicator(
        f"{id}_per_head",
        "innovation",
        label_en,
        label_zh,
        "yuan per person",
        (variable, "population"),
        partial(per_head, per=1e4),
        1,
    )


ENTRIES: tuple[Indicator, ...] = (
    Indicator(
        "patents_per_10k",
        "innovation",
        "Patents granted per 10,000 people",
        "每万人专利授权数",
        "per 10k people",
        ("patents_granted", "population"),
        _per_10k_people,
        1,
    ),
    Indicator(
        "patents_growth",
        "innovation",
        "Growth of patents granted",
        "专利授权数增长",
        "log points",
        ("patents_granted",),
        log_growth,
        1,
    ),
    Indicator(
        "patents_filed_per_10k",
        "innovation",
        "Patent applications per 10,000 people",
        "每万人专利申请数",
        "per 10k people",
        ("patents_filed", "population"),
        _per_10k_people,
        1,
    ),
    Indicator(
        "inventions_per_10k",
        "innovation",
        "Invention patents per 10,000 people",
        "每万人发明专利数",
        "per 10k people",
        ("invention_patents", "population"),
        _per_10k_people,
        1,
    ),
    Indicator(
        "rd_to_gdp",
        "innovation",
        "R&D expenditure over GDP",
        "研发经费占GDP比重",
        "%",
        ("rd_expenditure", "gdp_nominal"),
        _percent,
        1,
    ),
    Indicator(
        "technology_market_to_gdp",
        "innovation",
        "Technology market turnover over GDP",
        "技术市场成交额占GDP比重",
        "%",
        ("technology_market", "gdp_nominal"),
        _percent,
        1,
    ),
    Indicator(
        "rd_institutions_per_10k",
        "innovation",
        "Industrial R&D institutions per 10,000 people",
        "每万人工业企业研发机构",
        "per 10k people",
        ("industrial_rd_institutions", "population"),
        _per_10k_people,
        1,
    ),
    Indicator(
        "science_spending_share",
        "innovation",
        "Science spending in the budget",
        "科学技术支出占财政支出比重",
        "%",
        ("science_spending", "fiscal_expenditure"),
        _percent,
        1,
    ),
    Indicator(
        "science_spending_log",
        "innovation",
        "Log of science and technology spending",
        "科学技术支出对数",
        "log",
        ("science_spending_log",),
        value,
        1,
    ),
    _growth(
        "inventions_growth", "invention_patents", "Growth of invention patents", "发明专利增长"
    ),
    Indicator(
        "invention_share",
        "innovation",
        "Inventions in patents granted",
        "发明专利占专利授权比重",
        "%",
        ("invention_patents", "patents_granted"),
        share,
        1,
    ),
    _per_head("rd", "rd_expenditure", "R&D expenditure per head", "人均研发经费"),
    _growth("rd_growth", "rd_expenditure", "Growth of R&D expenditure", "研发经费增长"),
    _per_head(
        "technology_market",
        "technology_market",
        "Technology market turnover per head",
        "人均技术市场成交额",
    ),
    _growth(
        "technology_market_growth",
        "technology_market",
        "Growth of technology market turnover",
        "技术市场成交额增长",
    ),
    _growth(
        "rd_institutions_growth",
        "industrial_rd_institutions",
        "Growth of industrial R&D institutions",
        "工业企业研发机构增长",
    ),
    Indicator(
        "patents_per_rd_person",
        "innovation",
        "Patents granted per person-year of R&D",
        "研发人员人均专利授权数",
        "per person-year",
        ("patents_granted", "rd_personnel"),
        partial(ratio, per=1e-4),
        1,
    ),
    Indicator(
        "digital_patents_per_10k",
        "innovation",
        "Digital-economy patents per 10,000 people",
        "每万人数字经济专利数",
        "per 10k people",
        ("digital_patents", "population"),
        _per_10k_people,
        1,
    ),
    # The column is a logarithm already, of a sum whose unit is not stated.
    Indicator(
        "science_spending_log_growth",
        "innovation",
        "Growth of science and technology spending (from its log)",
        "科学技术支出增长（由对数）",
        "log points",
        ("science_spending_log",),
        lambda log: 100.0 * change(log),
        1,
    ),
    Indicator(
        "science_spending_log_per_head",
        "innovation",
        "Log of science and technology spending per head, less the year's mean",
        "人均科学技术支出对数（减当年均值）",
        "log ratio",
        ("science_spending_log", "population"),
        lambda log, population: log_relative(ratio(np.exp(log), population)),
        1,
    ),
    Indicator(
        "green_patents_per_10k",
        "green_innovation",
        "Green patents per 10,000 people",
        "每万人绿色专利数",
        "per 10k people",
        ("green_patents", "population"),
        _per_10k_people,
        1,
    ),
    Indicator(
        "green_patents_growth",
        "green_innovation",
        "Growth of green patents",
        "绿色专利数增长",
        "log points",
        ("green_patents",),
        log_growth,
        1,
    ),
    Indicator(
        "green_patent_share",
        "green_innovation",
        "Green patents in patents granted",
        "绿色专利占专利授权比重",
        "%",
        ("green_patents", "patents_granted"),
        _percent,
        1,
    ),
    Indicator(
        "green_finance_log",
        "green_innovation",
        "Log of green finance",
        "绿色金融对数",
        "log",
        ("green_finance_log",),
        value,
        1,
    ),
    Indicator(
        "green_finance_index",
        "green_innovation",
        "Green finance index",
        "绿色金融指数",
        "index",
        ("green_finance_index",),
        value,
        1,
    ),
    Indicator(
        "carbon_intensity",
        "green_innovation",
        "Carbon dioxide per real GDP",
        "单位实际GDP碳排放",
        "tonnes per 10k yuan",
        ("co2", "gdp_real"),
        ratio,
        -1,
    ),
    Indicator(
        "carbon_intensity_growth",
        "green_innovation",
        "Growth of carbon dioxide per real GDP",
        "单位实际GDP碳排放增长",
        "log points",
        ("co2", "gdp_real"),
        lambda co2, gdp: log_growth(ratio(co2, gdp)),
        -1,
    ),
    Indicator(
        "green_patents_to_gdp",
        "green_innovation",
        "Green patents per 100m yuan of real GDP",
        "每亿元实际GDP绿色专利数",
        "per 100m yuan",
        ("green_patents", "gdp_real"),
        ratio,
        1,
    ),
    Indicator(
        "carbon_per_head",
        "green_innovation",
        "Carbon dioxide per head",
        "人均碳排放",
        "tonnes per person",
        ("co2", "population"),
        ratio,
        -1,
    ),
)
