"""The units of a country as shipped, and the years in which their area changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from city_resilience.catalogue.shipped import shipped_rows

__all__ = ["BEYOND", "City", "read_changes", "read_cities", "read_table"]

BEYOND = 9999
Changes = dict[str, list[tuple[int, str]]]


@dataclass(frozen=True)
class City:
    """A unit of prefecture level.

    Attributes
    ----------
    adcode, name, short, name_en, province : str
        Current code and names; the last ones of a dissolved unit.
    kind : str
        ``municipality``, ``prefecture_level_city``, ``autonomous_prefecture``, ``prefecture`` or
        ``league``.
    lon, lat : float
        Seat of the government in degrees; the datum is not declared, take ± 0.7 km.
    first, last : int
        Years at whose end the unit existed; 0 and 9999 where open.
    successors : tuple of str
        Codes of the units a dissolved one went to.
    """

    adcode: str
    name: str
    short: str
    name_en: str
    kind: str
    province: str
    lon: float
    lat: float
    first: int
    last: int
    successors: tuple[str, ...]


def read_table(country: str, name: str) -> list[Mapping[str, str]]:
    """Return the rows of a shipped table."""
    return shipped_rows(f"{name}.csv", f"catalogue/gazetteer/{country}")


def read_cities(country: str) -> dict[str, City]:
    """Return the units of a country by code."""
    return {row["adcode"]: _city(row) for row in read_table(country, "cities")}


def _city(row: Mapping[str, str]) -> City:
    return City(
        adcode=row["adcode"],
        name=row["name"],
        short=row["short"],
        name_en=row["name_en"],
        kind=row["type"],
        province=row["province"],
        lon=float(row["lon"]),
        lat=float(row["lat"]),
        first=int(row["valid_from"] or 0),
        last=int(row["valid_to"] or BEYOND),
        successors=tuple(row["successor"].split(";")) if row["successor"] else (),
    )


def read_changes(country: str) -> Changes:
    """Return, by code, each affected data year with what moved, for both ends of a move.

    Growth into such a year is an artefact of the changed area.
    """
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
