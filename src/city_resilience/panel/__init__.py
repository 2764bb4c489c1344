"""Read, name and check a panel of cities and years."""

from city_resilience.panel.panel import Grid, Panel
from city_resilience.panel.read import read_panel

__all__ = ["Grid", "Panel", "read_panel"]
