"""Composite indices of several indicators, fitted on the training years of each fold."""

from __future__ import annotations

from city_resilience.indicators.formulas.composite import Index

__all__ = ["INDICES"]

INDICES: tuple[Index, ...] = (
    Index(
        "digital_index",
        "digital",
        "Digital index",
        "数字化综合指数",
        (
            "broadband_subscribers_per_100",
            "ict_employment_share",
            "telecom_relative",
            "mobile_subscribers_per_100",
            "digital_finance_index",
            "broadband_ports_per_100",
            "base_stations_per_10k",
            "software_revenue_per_head",
        ),
    ),
    Index(
        "innovation_index",
        "innovation",
        "Innovation index",
        "创新综合指数",
        (
            "patents_per_10k",
            "inventions_per_10k",
            "green_patents_per_10k",
            "science_spending_share",
            "science_spending_log_per_head",
            "rd_to_gdp",
            "research_employment_share",
            "rd_personnel_per_10k",
            "students_per_10k",
        ),
    ),
)
