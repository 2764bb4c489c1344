"""Read, name and check a panel of cities and years."""

from city_resilience.panel.decode import check_workbook, csv_encoding
from city_resilience.panel.faults import Fault, Faults
from city_resilience.panel.headers import own_source
from city_resilience.panel.panel import Grid, Panel
from city_resilience.panel.read import read_panel

__all__ = [
    "Fault",
    "Faults",
    "Grid",
    "Panel",
    "check_workbook",
    "csv_encoding",
    "own_source",
    "read_panel",
]
