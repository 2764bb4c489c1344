"""Prices, finance, openness, budget, demand and the labour market."""

from __future__ import annotations

from functools import partial
from typing import Any

from city_resilience.indicators.formulas.ratios import (
    change,
    log_growth,
    log_ratio,
    log_relative,
    ratio,
)
from city_resilience.indicators.indicator import Float, Indicator

__all__ = ["ENTRIES"]


def _entry(
    id: str,
    label_en: str,
    label_zh: str,
    unit: str,
    *how: Any,
) -> Indicator:
    """Entry of the family control; ``how`` is inputs, function and direction."""
    return Indicator(id, "control", label_en, label_zh, unit, *how)


def _growth(id: str, variable: str, label_en: str, label_zh: str, direction: int = 0) -> Indicator:
    return _entry(id, label_en, label_zh, "log points", (variable,), log_growth, direction)


def _to_gdp(variable: str, label_en: str, label_zh: str, direction: int = 0) -> Indicator:
    return _entry(
        f"{variable}_to_gdp",
        f"{label_en} over GDP",
        f"{label_zh}占GDP比重",
        "%",
        (variable, "gdp_nominal"),
        _percent,
        direction,
    )


def _deflator_growth(nominal: Float, real: Float) -> Float:
    return log_growth(ratio(nominal, real))


def _unemployment(registered: Float, unit: Float, private: Float) -> Float:
    """Registered unemployed over them and all staff of units and private firms, percent."""
    return ratio(registered, registered + unit + private, per=100.0)


_percent = partial(ratio, per=100.0)


def _points(fraction: Float) -> Float:
    return 100.0 * fraction


def _points_change(fraction: Float) -> Float:
    return 100.0 * change(fraction)


ENTRIES: tuple[Indicator, ...] = (
    _entry(
        "deflator",
        "GDP deflator: nominal over real GDP",
        "GDP平减指数（名义/实际）",
        "ratio",
        ("gdp_nominal", "gdp_real"),
        ratio,
    ),
    _entry(
        "deflator_growth",
        "Growth of the GDP deflator",
        "GDP平减指数增长",
        "log points",
        ("gdp_nominal", "gdp_real"),
        _deflator_growth,
    ),
    _growth("nominal_gdp_growth", "gdp_nominal", "Growth of nominal GDP", "名义GDP增长", 1),
    _growth("employment_growth", "employment", "Growth of employment", "就业增长", 1),
    _growth(
        "unit_employment_growth",
        "unit_employment",
        "Growth of urban-unit employment",
        "单位从业人员增长",
        1,
    ),
    _to_gdp("loans", "Loans", "贷款余额"),
    _to_gdp("deposits", "Deposits", "存款余额"),
    _entry(
        "loans_to_deposits", "Loans over deposits", "存贷比", "ratio", ("loans", "deposits"), ratio
    ),
    _growth("loans_growth", "loans", "Growth of loans", "贷款增长"),
    _growth("deposits_growth", "deposits", "Growth of deposits", "存款增长"),
    _entry(
        "fdi_to_gdp",
        "Foreign direct investment over GDP",
        "外商直接投资与GDP之比",
        "million usd per 100m yuan",
        ("fdi", "gdp_nominal"),
        ratio,
        1,
    ),
    _to_gdp("trade", "Foreign trade", "进出口总额"),
    _to_gdp("fixed_asset_investment", "Fixed-asset investment", "固定资产投资"),
    _to_gdp("fiscal_expenditure", "Fiscal expenditure", "财政支出"),
    _to_gdp("fiscal_revenue", "Fiscal revenue", "财政收入"),
    _to_gdp("retail_sales", "Retail sales", "社会消费品零售总额"),
    _entry(
        "urban_rural_income",
        "Urban over rural income",
        "城乡收入比",
        "ratio",
        ("urban_income", "rural_income"),
        ratio,
        -1,
    ),
    _growth("urban_income_growth", "urban_income", "Growth of urban income", "城镇居民收入增长"),
    _growth("rural_income_growth", "rural_income", "Growth of rural income", "农村居民收入增长"),
    _entry(
        "wage_relative",
        "Log average wage, relative to the cities' mean",
        "平均工资对数（相对城市均值）",
        "log ratio",
        ("wage",),
        log_relative,
    ),
    _entry(
        "registered_unemployment",
        "Registered unemployed in the urban labour force",
        "城镇登记失业率",
        "%",
        ("registered_unemployed", "unit_employment", "private_employment"),
        _unemployment,
        -1,
    ),
    _entry(
        "unemployment_rate", "Unemployment rate", "失业率", "%", ("unemployment_rate",), _points, -1
    ),
    _entry(
        "unemployment_change",
        "Change of the unemployment rate",
        "失业率变化",
        "pp",
        ("unemployment_rate",),
        _points_change,
        -1,
    ),
    _entry(
        "private_capital_to_output",
        "Private capital over output",
        "私人资本与产出之比",
        "ratio",
        ("private_capital", "gsp"),
        ratio,
    ),
    _entry(
        "log_private_capital_per_worker",
        "Log of private capital per worker",
        "人均私人资本对数",
        "log 100 usd per worker",
        ("private_capital", "employment"),
        log_ratio,
    ),
    _growth(
        "private_capital_growth", "private_capital", "Growth of private capital", "私人资本增长"
    ),
)
