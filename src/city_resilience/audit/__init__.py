"""Audit a panel: what is doubtful in it, and the lines of an experiment file that settle it."""

from city_resilience.audit.audited import Audited, audit_panel, refuse_errors
from city_resilience.audit.checks import CHECKS, Check
from city_resilience.audit.finding import SEVERITIES, Finding, Severity, accepted_by
from city_resilience.audit.held import held_out, hold_out
from city_resilience.audit.opening import inspect_panel, open_panel

__all__ = [
    "CHECKS",
    "SEVERITIES",
    "Audited",
    "Check",
    "Finding",
    "Severity",
    "accepted_by",
    "audit_panel",
    "held_out",
    "hold_out",
    "inspect_panel",
    "open_panel",
    "refuse_errors",
]
