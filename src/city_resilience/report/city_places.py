"""What is known of the places of a run besides forecasts: where, how large, past, problems."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TypedDict

import numpy as np

from city_resilience.arrays import Float
from city_resilience.audit.audit import AUDIT_LEVELS, AuditResult
from city_resilience.catalogue.gazetteer.search import english_name, search_keys
from city_resilience.catalogue.variables import Variable
from city_resilience.experiment.outcome import Outcome
from city_resilience.reading.issues import Issue
from city_resilience.reading.panel import Panel
from city_resilience.report.city_shocks import city_shocks, nation_growth, shock_windows
from city_resilience.report.formatting import rounded, rounded_all
from city_resilience.report.outlook_shapes import CityPlace, Problem, Shock
from city_resilience.tasks.dataset import AsOf, Dataset, common_origin

__all__ = ["Places", "city_places", "city_problems", "unknown_place"]

MOST = 8
"""Problems of a city that are listed."""
NOWHERE = (math.nan, math.nan)
PLACED = 4
"""Decimals of coordinates, about ten metres."""
LEVEL_BREAK = "level_break"
BOUNDARY = "boundary"
_NOT_GROUPS = ("province", "nation")


class Places(TypedDict):
    """The places of a panel: the years of ``past``, the nation's growth, and each place."""

    past_years: list[int]
    nation_growth: list[float | None]
    cities: dict[str, CityPlace]


def city_places(
    panel: Panel,
    dataset: Dataset,
    audit: AuditResult,
    coordinates: Mapping[str, tuple[float, float]] | None = None,
    peers: Mapping[str, Sequence[str]] | None = None,
    outcome: Outcome | None = None,
) -> Places:
    """Return what the page shows of the listed places of a panel besides their forecasts.

    Parameters
    ----------
    panel : Panel
    dataset : Dataset
    audit : AuditResult
        Of the panel before anything was masked.
    coordinates : mapping, optional
        City to longitude and latitude, in place of the panel's own.
    peers : mapping, optional
        City to the names of its peers.
    outcome : Outcome, optional
        What is forecast; where that is growth gaps of a sum, past shocks are looked back on.
    """
    origin = common_origin(dataset.outcome, dataset.years)
    view = dataset.at(origin)
    past = view.labels(1)[:, :-1]
    output, problems = _output(view.counts), city_problems(audit)
    where = _where(panel, coordinates or {})
    province = dataset.groups.get("province")
    growth, shocks = _nation_and_shocks(panel, view, past, outcome)
    row = {city: at for at, city in enumerate(dataset.cities)}
    cities: dict[str, CityPlace] = {}
    for at in dataset.listed.tolist():
        city = dataset.cities[at]
        own, near = problems.get(city, []), list((peers or {}).get(city, ()))
        cities[city] = {
            "lon": rounded(where.get(city, NOWHERE)[0], PLACED),
            "lat": rounded(where.get(city, NOWHERE)[1], PLACED),
            "groups": {
                name: str(levels[at])
                for name, levels in dataset.groups.items()
                if name not in _NOT_GROUPS and levels[at] != ""
            },
            "keys": _keys(city, within := "" if province is None else str(province[at])),
            "name_en": english_name(city, within),
            "output": rounded(output[at], 2),
            "past": rounded_all(past[at], 2),
            "problems": own[:MOST],
            "problem_count": len(own),
            "peers": near,
            "peers_past": _medians(past[[row[name] for name in near]]),
            "shocks": shocks.get(city, []),
        }
    years = [int(year) for year in view.years[1:]]
    return {"past_years": years, "nation_growth": growth, "cities": cities}


def unknown_place() -> CityPlace:
    """Return what is known of a place of which nothing is known."""
    return {
        "lon": None,
        "lat": None,
        "groups": {},
        "keys": [],
        "name_en": "",
        "output": None,
        "past": [],
        "problems": [],
        "problem_count": 0,
        "peers": [],
        "peers_past": [],
        "shocks": [],
    }


def city_problems(audit: AuditResult) -> dict[str, list[Problem]]:
    """Return the open issues of each city, the gravest first, and accepted breaks of its level."""
    found: dict[str, list[Problem]] = {}
    for issue in sorted(audit.open_issues, key=lambda issue: AUDIT_LEVELS.index(issue.level)):
        if issue.city:
            found.setdefault(issue.city, []).append(_problem(issue, audit))
    names = _names(audit.outcome, audit.panel.variables)
    for city, year in sorted(audit.level_breaks):
        own = found.setdefault(city, [])
        if not any(row["artefact"] and row["first"] == year for row in own):
            own.append(_row("note", LEVEL_BREAK, names, (year, year), artefact=True))
    return found


def _problem(issue: Issue, audit: AuditResult) -> Problem:
    names = _names(issue.variable, audit.panel.variables)
    years = (issue.years[0], issue.years[-1]) if issue.years else (None, None)
    artefact = bool(issue.years) and (issue.city, issue.years[0]) in audit.level_breaks
    about_level = issue.kind == BOUNDARY or issue.variable == audit.outcome
    row = _row(issue.level, issue.kind, names, years, artefact=artefact and about_level)
    return {**row, "masked": audit.masked.touches(issue)}


def _row(
    level: str,
    kind: str,
    names: dict[str, str],
    years: tuple[int | None, int | None],
    *,
    artefact: bool,
) -> Problem:
    return {
        "level": level,  # type: ignore[typeddict-item]
        "kind": kind,
        "variable": names,
        "first": years[0],
        "last": years[1],
        "masked": False,
        "artefact": artefact,
    }


def _names(id: str, variables: Mapping[str, Variable]) -> dict[str, str]:
    variable = variables.get(id)
    if variable is None:
        return {"en": id, "zh": id}
    return {"en": variable.label_en, "zh": variable.label_zh or variable.label_en}


def _keys(city: str, province: str) -> list[str]:
    """Return what a city is searched by: its own keys, and its province in pinyin."""
    return list(dict.fromkeys((*search_keys(city, province), *search_keys(province)[:1])))


def _where(
    panel: Panel, stated: Mapping[str, tuple[float, float]]
) -> dict[str, tuple[float, float]]:
    """Return longitude and latitude of the cities, NaN where unknown; what is stated counts."""
    grid = panel.grid()
    if grid.coordinates is None:
        return dict(stated)
    pairs = zip(grid.cities, grid.coordinates.tolist(), strict=True)
    return {city: (lon, lat) for city, (lon, lat) in pairs} | dict(stated)


def _nation_and_shocks(
    panel: Panel, view: AsOf, past: Float, outcome: Outcome | None
) -> tuple[list[float | None], dict[str, list[Shock]]]:
    """Return the nation's growth by year and the shocks of each city, where growth is forecast."""
    adds_up = view.nation.way == "sum" and view.nation.own is None
    if outcome is None or outcome.measure != "growth_gap" or not adds_up:
        return [], {}
    growth = nation_growth(view.outcome, past)
    windows = shock_windows(view.years[1:], growth, outcome.windows)
    return rounded_all(growth, 2), city_shocks(panel, outcome, windows)


def _medians(past: Float) -> list[float | None]:
    """Return the medians over cities by year, none for no city."""
    columns = (own[np.isfinite(own)] for own in past.T) if len(past) else ()
    return [rounded(np.median(own), 2) if len(own) else None for own in columns]


def _output(counts: Float) -> Float:
    """Return how much each city counts, NaN where all count alike."""
    known = counts[np.isfinite(counts)]
    alike = len(known) == 0 or bool(np.all(known == known[0]))
    return np.full(len(counts), np.nan) if alike else counts
