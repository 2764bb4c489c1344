"""Audits as the engine gives them, made of real findings on a made-up panel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from city_resilience.audit.finding import Finding

YEARS = (2000, 2023)
VARIABLES = {
    "gdp_real": ("Real GDP", "实际地区生产总值", "100m yuan", "outcome", range(2000, 2024), 1.0),
    "population": ("Population", "常住人口", "10k persons", "control", range(2000, 2024), 0.62),
    "employment_finance": (
        "Employment in finance",
        "金融业从业人员",
        "10k persons",
        "agglomeration",
        range(2005, 2017),
        0.96,
    ),
    "unit_employment": (
        "Employment in units",
        "单位从业人员",
        "10k persons",
        "agglomeration",
        [*range(2005, 2013), 2015, 2016],
        0.96,
    ),
    "digital_finance_index": (
        "Digital finance index",
        "数字普惠金融指数",
        "index",
        "digital",
        range(2011, 2021),
        0.9966,
    ),
    "land_area": ("Land area", "行政区域土地面积", "km2", "place", [], 0.0),
}
SPIKE = Finding(
    "spike",
    "error",
    "employment_finance",
    "达州市",
    (2013,),
    "1,121 stands between 1.05 and 1.21 in the years around it, a thousand times as much.",
    value=1121.0,
    expected=1.12,
    factor=1000.0,
    cell="row 512, column '从业_金融业(万人)'",
    correction='"employment_finance/达州市/2013" = "*0.001"',
)
GAP = Finding(
    "hole",
    "warning",
    "unit_employment",
    "",
    (2013, 2014),
    "No city has a value, and all have one before and after.",
    cities=296,
)
ROWS = Finding("boundary", "note", "", "三沙市", (), "The city has 4 of 24 years.")


def make_audit(
    findings: Iterable[Finding] = (SPIKE, GAP, ROWS),
    accepted: Mapping[str, str] | None = None,
    more: int = 0,
) -> dict[str, Any]:
    """Return an audit as a plain mapping, with so many further warnings."""
    found = [*findings, *(_warning(number) for number in range(more))]
    shares = {id: dict.fromkeys(entry[4], entry[5]) for id, entry in VARIABLES.items()}
    return {
        "source": "data/city_panel.csv",
        "cities": 296,
        "years": list(YEARS),
        "outcome": "gdp_real",
        "variables": {
            id: {"label_en": en, "label_zh": zh, "unit": unit, "family": family}
            for id, (en, zh, unit, family, _, _) in VARIABLES.items()
        },
        "findings": [finding.as_dict() for finding in found],
        "accepted": dict(accepted or {}),
        "coverage": [
            {"variable": id, "year": year, "share": years.get(year, 0.0)}
            for id, years in shares.items()
            for year in range(YEARS[0], YEARS[1] + 1)
        ],
    }


def _warning(number: int) -> Finding:
    return Finding(
        "jump",
        "warning",
        "population",
        f"City {number:03d}",
        (2010,),
        "The level moves by 34 % within a year and stays there.",
        value=412.5 + number,
        expected=308.0 + number,
        cell=f"row {100 + number}, column '常住人口(万人)'",
        correction=f'"population/City {number:03d}/2010" = "drop"',
    )
