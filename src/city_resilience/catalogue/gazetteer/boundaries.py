"""Years in which a unit's area changed, so that growth into them is an artefact."""

from __future__ import annotations

from collections.abc import Mapping

from city_resilience.catalogue.gazetteer.tables import read_table

__all__ = ["read_changes"]

Changes = dict[str, list[tuple[int, str]]]


def read_changes(country: str) -> Changes:
    """Return, by code, each affected data year with what moved, for both ends of a move."""
    changes: Changes = {}
    for row in read_table(country, "boundary_changes"):
        origin = row["from_name"] or "direct rule of the province"
        if row["from_adcode"]:
            _add(changes, row["from_adcode"], row, f"went to {row['to_name']}")
        _add(changes, row["to_adcode"], row, f"came from {origin}")
    return changes


def _add(changes: Changes, adcode: str, row: Mapping[str, str], moved: str) -> None:
    first = int(row["first_data_year_affected"])
    for year in range(first, int(row["last_data_year_affected"] or first) + 1):
        later = f" in {first}; some series show it in {year}" if year > first else ""
        changes.setdefault(adcode, []).append((year, f"{row['units']} {moved}{later}"))
