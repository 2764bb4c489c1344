"""All that guesses are made from."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Literal

import pandas as pd

from city_resilience.catalogue.gazetteer.gazetteer import load_gazetteer
from city_resilience.drafting.columns import Role
from city_resilience.drafting.keys import Keys
from city_resilience.drafting.outcome import OutcomeGuess
from city_resilience.drafting.profile import TableProfile
from city_resilience.drafting.schedule import Schedule
from city_resilience.reading.places import name_rows

__all__ = ["Gazetteer", "Overview", "look_up"]


@dataclass(frozen=True)
class Gazetteer:
    """How many of the names of places a gazetteer knows.

    Attributes
    ----------
    share : float
        Of the distinct names, of those that are or could be cities.
    unknown : tuple of str
        Names that mean no unit, or several.
    """

    share: float = 0.0
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True)
class Overview:
    """What is known of a panel once its columns are told apart.

    Attributes
    ----------
    table : TableProfile
    keys : Keys
    outcome : OutcomeGuess
    roles : tuple of Role
    schedule : Schedule
    noun, noun_from : str
    first, last : int
        Years with an outcome for nearly all places.
    path, sheet, encoding : str
        What ``[data]`` names.
    name, label : str
        Name that was asked for; what the panel is called by its file or folder.
    gazetteer : Gazetteer
    """

    table: TableProfile
    keys: Keys
    outcome: OutcomeGuess
    roles: tuple[Role, ...]
    schedule: Schedule
    noun: str
    noun_from: str
    first: int
    last: int
    path: str = ""
    sheet: str = ""
    encoding: str = ""
    name: str = ""
    label: str = ""
    gazetteer: Gazetteer = field(default=Gazetteer())

    def of_use(self, use: Literal["known", "own", "left"]) -> list[Role]:
        """Return the other columns of one use."""
        return [role for role in self.roles if role.use == use]


def look_up(keys: Keys) -> Gazetteer:
    """Resolve the names of places, where they are Chinese."""
    names = keys.city.texts
    kept = (keys.cities >= 0) & (keys.city.texts != "").to_numpy(dtype=bool)
    provinces = keys.province.texts if keys.province else pd.Series("", index=names.index)
    rows = sorted({*zip(names[kept], provinces[kept], strict=True)})
    if not rows or not re.search(r"[\u3400-\u9fff]", "".join(name for name, _ in rows)):
        return Gazetteer()
    texts, larger = zip(*rows, strict=True)
    named = name_rows(
        load_gazetteer("china"),
        range(len(rows)),
        {"city": texts, "year": [keys.last] * len(rows), "province": larger},
        "",
    )
    cities = {texts[row] for row in named.cities}
    unknown = {texts[row] for row in named.missing}
    total = len(cities | unknown)
    return Gazetteer(len(cities) / total if total else 0.0, tuple(sorted(unknown)))
