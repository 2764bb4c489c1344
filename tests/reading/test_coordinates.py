"""A file of coordinates places the panel's cities, and says what is wrong with it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from city_resilience.errors import InputError
from city_resilience.reading.coordinates import read_coordinates
from places import ROOT

CITIES = ("Alba", "Brno", "Como")


def write(folder: Path, text: str) -> Path:
    path = folder / "coordinates.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_cities_of_the_panel_are_placed_and_others_left_out(tmp_path: Path) -> None:
    path = write(tmp_path, "Town,Latitude,Longitude\nBrno,49.2,16.6\nAlba,44.7,8.03\nOslo,60,11\n")
    assert read_coordinates(path, CITIES) == {"Brno": (16.6, 49.2), "Alba": (8.03, 44.7)}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("city,lon,lat\nAlba,8,44\n", "longitude and latitude, found city, lon, lat"),
        ("longitude,latitude\n8,44\n", "needs a column of names"),
        ("city,longitude,latitude\nAlba,8,44\nAlba,9,45\n", "row 3 names 'Alba' again"),
        ("city,longitude,latitude\nAlba,181,44\n", "row 2: expected degrees from -180 to 180"),
        ("city,longitude,latitude\nAlba,8,-91\n", "row 2: expected degrees from -90 to 90"),
        ("city,longitude,latitude\nAlba,8°E,44\n", "row 2: expected degrees"),
        ("city,longitude,latitude\nOslo,11,60\n", "names no place of the panel"),
    ],
)
def test_a_file_that_cannot_be_meant_is_refused(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        read_coordinates(write(tmp_path, text), CITIES)


def test_a_missing_file_names_the_key(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"data\.coordinates: no file at .*correct the path"):
        read_coordinates(tmp_path / "none.csv", CITIES)


def test_a_blank_cell_places_nothing(tmp_path: Path) -> None:
    path = write(tmp_path, "city,longitude,latitude\nAlba,,44\nBrno,16.6,49.2\n")
    assert read_coordinates(path, CITIES) == {"Brno": (16.6, 49.2)}


@pytest.mark.parametrize(
    ("name", "column", "count"), [("demo", "city", 280), ("us_states", "state", 48)]
)
def test_every_place_of_a_shipped_panel_is_on_its_map(name: str, column: str, count: int) -> None:
    folder = ROOT / "experiments" / name
    places = pd.read_csv(folder / "panel.csv")[column].unique()
    assert len(places) == count
    found = read_coordinates(folder / "coordinates.csv", places)
    assert sorted(found) == sorted(places)
    assert len(set(found.values())) == count
