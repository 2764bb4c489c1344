"""Data files that ship with the package."""

from __future__ import annotations

import csv
import tomllib
from collections.abc import Mapping
from importlib.resources import files
from typing import Any

__all__ = ["shipped_rows", "shipped_toml"]


def shipped_toml(name: str, room: str = "catalogue") -> dict[str, Any]:
    """Return the content of a TOML file of a room of the package."""
    return tomllib.loads(_text(name, room))


def shipped_rows(name: str, room: str = "catalogue") -> list[Mapping[str, str]]:
    """Return the rows of a CSV file of a room of the package."""
    return list(csv.DictReader(_text(name, room).splitlines()))


def _text(name: str, room: str) -> str:
    return files("city_resilience").joinpath(room, name).read_text("utf-8")
