"""Audits as the engine gives them, made of real findings on a made-up panel."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from city_resilience.reading.account import Account, ColumnRead, RowsAside
from city_resilience.reading.issues import Issue, Place

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
SPIKE = Issue(
    "error",
    "spike",
    "1,121 stands between 1.05 and 1.21 in the years around it, a thousand times as much.",
    variable="employment_finance",
    city="达州市",
    years=(2013,),
    value=1121.0,
    expected=1.12,
    factor=1000.0,
    place=Place(row=512, header="从业_金融业(万人)"),
    correction='"employment_finance/达州市/2013" = "*0.001"',
)
GAP = Issue(
    "warning",
    "hole",
    "No city has a value, and all have one before and after.",
    variable="unit_employment",
    years=(2013, 2014),
    cities=296,
)
ROWS = Issue("note", "boundary", "The city has 4 of 24 years.", city="三沙市")

ACCOUNT = Account(
    columns=(
        ColumnRead("城市", "city"),
        ColumnRead("年份", "year"),
        ColumnRead(
            *("从业_金融业(人)", "variable", "employment_finance", "10k persons"),
            written="人",
            factor=0.0001,
        ),
        ColumnRead("灯光指数", why="unknown"),
    ),
    rows=7110,
    aside=(RowsAside("territory", 6, ((2, 4), (90, 92)), ("全国", "浙江省")),),
)


def make_audit(
    findings: Iterable[Issue] = (SPIKE, GAP, ROWS),
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
        "issues": [finding.as_dict() for finding in found],
        "unmasked": [],
        "refusal": "",
        "accepted": dict(accepted or {}),
        "coverage": [
            {"variable": id, "year": year, "share": years.get(year, 0.0)}
            for id, years in shares.items()
            for year in range(YEARS[0], YEARS[1] + 1)
        ],
        "account": ACCOUNT.as_dict(),
    }


def _warning(number: int) -> Issue:
    return Issue(
        "warning",
        "jump",
        "The level moves by 34 % within a year and stays there.",
        variable="population",
        city=f"City {number:03d}",
        years=(2010,),
        value=412.5 + number,
        expected=308.0 + number,
        place=Place(row=100 + number, header="常住人口(万人)"),
        correction=f'"population/City {number:03d}/2010" = "drop"',
    )
