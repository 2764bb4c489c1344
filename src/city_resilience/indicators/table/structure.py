"""Structure of output and employment."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

import numpy as np

from city_resilience.indicators.formulas.agglomeration import employment_share
from city_resilience.indicators.formulas.ratios import change, ratio
from city_resilience.indicators.formulas.structure import (
    layered_upgrading,
    oriented_theil,
    rationalisation,
    sector_ratio,
)
from city_resilience.indicators.indicator import EMPLOYMENT_TOTAL, Float, Indicator
from city_resilience.indicators.table.industries import INDUSTRIES

__all__ = ["ENTRIES", "balance_of_sectors", "share_change"]

_SECTORS = (("primary", "第一产业", -1), ("secondary", "第二产业", 0), ("tertiary", "第三产业", 1))
_SHARES = tuple(f"gdp_share_{name}" for name, *_ in _SECTORS)
_STAFF = tuple(f"employment_{name}" for name, *_ in _SECTORS)
# These have indicators of their own in the families digital and talent.
_ELSEWHERE = ("ict", "research")


def share_change(fraction: Float, years: int) -> Float:
    """Change of a share over the last ``years`` years, percentage points."""
    return 100.0 * change(fraction, years)


def balance_of_sectors(*sectors: Float) -> Float:
    """Theil index of three sectors: output shares, then employment (see `rationalisation`)."""
    return rationalisation(np.stack(sectors[:3]), np.stack(sectors[3:]))


def _percent(fraction: Float) -> Float:
    return 100.0 * fraction


def _sector_shares() -> Iterator[Indicator]:
    for name, zh, direction in _SECTORS:
        variable = f"gdp_share_{name}"
        yield Indicator(
            f"{name}_share",
            "structure",
            f"Share of the {name} sector in GDP",
            f"{zh}占GDP比重",
            "%",
            (variable,),
            _percent,
            direction,
        )
        for years in (1, 3):
            yield Indicator(
                f"{name}_share_change{years}",
                "structure",
                f"Change of the {name} sector's share over {years} year{'s' * (years > 1)}",
                f"{zh}占比{years}年变化",
                "pp",
                (variable,),
                partial(share_change, years=years),
                direction,
            )


def _industry_shares() -> Iterator[Indicator]:
    for name, en, zh in INDUSTRIES:
        if name not in _ELSEWHERE:
            yield Indicator(
                f"{name}_employment_share",
                "structure",
                f"Share of {en} in employment",
                f"{zh}就业占比",
                "%",
                (f"employment_{name}", EMPLOYMENT_TOTAL),
                employment_share,
            )


def _sector_employment() -> Iterator[Indicator]:
    for name, zh, direction in _SECTORS:
        yield Indicator(
            f"{name}_sector_employment",
            "structure",
            f"Share of the {name} sector in total employment",
            f"{zh}就业占全部就业比重",
            "%",
            (f"employment_{name}", "employment"),
            partial(ratio, per=100.0),
            direction,
        )


ENTRIES: tuple[Indicator, ...] = (
    *_sector_shares(),
    Indicator(
        "structure_upgrading",
        "structure",
        "Structure upgrading: services over industry",
        "产业结构高级化（三产/二产）",
        "ratio",
        ("gdp_share_tertiary", "gdp_share_secondary"),
        sector_ratio,
        1,
    ),
    Indicator(
        "layered_upgrading",
        "structure",
        "Layered structure index, 1 to 3",
        "产业结构层次系数",
        "1 to 3",
        _SHARES,
        layered_upgrading,
        1,
    ),
    Indicator(
        "sector_imbalance",
        "structure",
        "Imbalance of output and employment by sector (Theil, 0 = balanced)",
        "产业结构合理化（泰尔指数，0为均衡）",
        "index",
        (*_SHARES, *_STAFF),
        balance_of_sectors,
        -1,
    ),
    Indicator(
        "sector_imbalance_published",
        "structure",
        "Published index of imbalance by sector (Theil, 0 = balanced)",
        "已发布产业结构合理化指数（换算为泰尔指数，0为均衡）",
        "index",
        (),
        oriented_theil,
        -1,
        ("theil_index", "theil_reciprocal", "theil_negative"),
    ),
    Indicator(
        "employment_upgrading",
        "structure",
        "Employment in services over employment in industry",
        "就业结构高级化（三产/二产就业）",
        "ratio",
        ("employment_tertiary", "employment_secondary"),
        sector_ratio,
        1,
    ),
    Indicator(
        "employment_layers",
        "structure",
        "Layered index of employment by sector, 1 to 3",
        "就业结构层次系数",
        "1 to 3",
        _STAFF,
        layered_upgrading,
        1,
    ),
    Indicator(
        "industry_to_gdp",
        "structure",
        "Industrial value added over GDP",
        "工业增加值占GDP比重",
        "%",
        ("industrial_value_added", "gdp_nominal"),
        partial(ratio, per=100.0),
    ),
    Indicator(
        "private_employment_ratio",
        "structure",
        "Private and self-employed per urban-unit employee",
        "私营个体与单位从业人员之比",
        "ratio",
        ("private_employment", "unit_employment"),
        ratio,
        1,
    ),
    *_sector_employment(),
    *_industry_shares(),
)
