"""Magnitudes that variables have in any country: bounds so wide that only a unit breaks them."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["MAGNITUDES", "Magnitude"]


@dataclass(frozen=True)
class Magnitude:
    """Bounds of the median city-year of ``variable / over * per``, in catalogue units.

    ``over`` may name two variables, the first over the second, or none.
    """

    variable: str
    over: tuple[str, ...]
    least: float
    most: float
    per: float = 1.0


MAGNITUDES: tuple[Magnitude, ...] = (
    Magnitude("population", (), 0.5, 2e4),
    Magnitude("land_area", (), 20.0, 3e6),
    Magnitude("population_density", (), 0.5, 3e4),
    Magnitude("road_area_per_head", (), 0.2, 300.0),
    Magnitude("population_density", ("population", "land_area"), 0.2, 5.0, per=1e-4),
    Magnitude("gdp_per_head", ("gdp_nominal", "population"), 0.2, 5.0, per=1e-4),
    Magnitude("gdp_real", ("population",), 0.02, 100.0),
    Magnitude("gdp_nominal", ("population",), 0.02, 100.0),
    Magnitude("gdp_real", ("gdp_nominal",), 0.1, 10.0),
    Magnitude("gsp", ("employment",), 10.0, 5e3),
    Magnitude("employment", ("population",), 0.1, 1.0),
    Magnitude("unit_employment", ("population",), 0.01, 1.0),
    Magnitude("private_employment", ("population",), 0.002, 1.0),
    Magnitude("registered_unemployed", ("population",), 1e-4, 0.2),
    Magnitude("registered_population", ("population",), 0.2, 5.0),
    Magnitude("college_students", ("population",), 2e-4, 0.3),
    Magnitude("loans", ("gdp_nominal",), 0.02, 30.0),
    Magnitude("deposits", ("gdp_nominal",), 0.02, 30.0),
    Magnitude("fiscal_expenditure", ("gdp_nominal",), 0.02, 3.0),
    Magnitude("fiscal_revenue", ("gdp_nominal",), 0.005, 1.0),
    Magnitude("retail_sales", ("gdp_nominal",), 0.03, 2.0),
    Magnitude("fixed_asset_investment", ("gdp_nominal",), 0.03, 4.0),
    Magnitude("trade", ("gdp_nominal",), 5e-4, 10.0),
    Magnitude("fdi", ("gdp_nominal",), 5e-4, 10.0),
    Magnitude("co2", ("population",), 0.1, 200.0),
    Magnitude("mobile_subscribers", ("population",), 0.02, 5.0),
    Magnitude("broadband_subscribers", ("population",), 0.002, 1.5),
    Magnitude("telecom_revenue", ("gdp_nominal",), 5e-4, 0.7),
    Magnitude("rd_expenditure", ("gdp_nominal",), 1e-4, 0.2),
    Magnitude("education_spending", ("fiscal_expenditure",), 0.02, 0.6),
    Magnitude("science_spending", ("fiscal_expenditure",), 1e-4, 0.3),
    Magnitude("rural_income", ("urban_income",), 0.05, 2.0),
)
"""Bounds that are compared where the panel has the variables."""
