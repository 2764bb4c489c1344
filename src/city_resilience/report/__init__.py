"""The report: a plain summary first, figures from it, then one self-contained HTML file."""

from city_resilience.report.audit_page import render_audit, write_audit
from city_resilience.report.html import render_report, write_report
from city_resilience.report.summary import summarise, with_study

__all__ = [
    "render_audit",
    "render_report",
    "summarise",
    "with_study",
    "write_audit",
    "write_report",
]
