"""Where the repository is, and the real data beside it that tests may read."""

from __future__ import annotations

from pathlib import Path

__all__ = ["CITIES", "PROVINCES", "ROOT", "SHARED"]

ROOT = Path(__file__).parents[2]
SHARED = ROOT.parent / "shared" / "data"
CITIES, PROVINCES = "china_prefecture/city_panel.csv", "china_provinces/panel.csv"
"""Files in ``SHARED``, as the marker ``real_data`` takes them."""
