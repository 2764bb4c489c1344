"""Policies that places join in different years: pilots of the gazetteer, or columns of the user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from types import MappingProxyType

import numpy as np

from city_resilience.arrays import Float, Int, Mask
from city_resilience.errors import InputError, check_known
from city_resilience.experiment.experiment import Experiment
from city_resilience.mechanisms.design import NEVER, Policy
from city_resilience.reading.panel import Panel

__all__ = ["PILOTS", "adoption_years", "partial_places", "policies_of"]

PILOTS: Mapping[str, tuple[str, str]] = MappingProxyType(
    {
        "broadband_china": ("Broadband China pilot", "“宽带中国”试点"),
        "low_carbon": ("Low-carbon city pilot", "低碳城市试点"),
        "innovative_city": ("Innovative city pilot", "创新型城市试点"),
    }
)
"""Pilots of the gazetteer, with their names."""
LEAST_ALIKE = 0.5
"""Share of the places of a column that joined a pilot in its year from which it is that pilot's."""


def policies_of(
    panel: Panel, experiment: Experiment, named: tuple[str, ...] | None
) -> dict[str, Policy]:
    """Return the policies of a panel's places.

    Parameters
    ----------
    named : tuple of str, optional
        Pilots of the gazetteer or headers; all pilots of the gazetteer when not given, none where
        the experiment names no gazetteer.

    Raises
    ------
    InputError
        If a name is neither, or the column holds neither years nor 0 and 1.
    """
    country = experiment.data.gazetteer
    offered = PILOTS if country != "none" else {}
    chosen = tuple(offered) if named is None else named
    headers = {header: name for name, header in panel.headers.items()}
    found = {}
    for name in chosen:
        if name in offered:
            found[name] = _of_gazetteer(panel, country, name)
            continue
        column = headers.get(name, name)
        known = [*offered, *panel.variables]
        then = 'name another, or add the column to [data.columns] with family = "policy"'
        check_known(column, known, "mechanisms.pilots: no pilot and no column", then=then)
        label = panel.variables[column]
        since = adoption_years(panel.grid().values[column], panel.grid().years, name)
        pilots = [_of_gazetteer(panel, country, pilot) for pilot in offered]
        partial = partial_places(since, pilots)
        found[name] = Policy(name, since, partial, label.label_en, label.label_zh)
    return found


def partial_places(since: Int, pilots: Iterable[Policy]) -> Mask:
    """Return the places of which only a county takes part in the pilot that a column follows.

    Parameters
    ----------
    since : ndarray of int64, shape (cities,)
        Years of the column.
    pilots : iterable of Policy
        Those of the gazetteer.

    Returns
    -------
    ndarray of bool, shape (cities,)
        Of the pilot that most places of the column joined in its year, if at least `LEAST_ALIKE`
        of them did; else none.
    """
    joined, known = since != NEVER, list(pilots)
    if joined.any() and known:
        shares = [float((pilot.since == since)[joined].mean()) for pilot in known]
        closest = int(np.argmax(shares))
        if shares[closest] >= LEAST_ALIKE:
            return known[closest].partial.copy()
    return np.zeros(len(since), dtype=bool)


def adoption_years(values: Float, years: Int, name: str) -> Int:
    """Return the first year of each place, shape (cities,); `NEVER` for one that did not join.

    Parameters
    ----------
    values : ndarray, shape (cities, years)
        The first year in each row of a place (0 or unknown: never), or 0 and 1 by year.
    years : ndarray of int64, shape (years,)
    name : str
        Header, for errors.

    Raises
    ------
    InputError
        If the values are neither, or a place leaves the policy again or has several years.
    """
    known = values[np.isfinite(values)]
    if known.size and set(np.unique(known)) <= {0.0, 1.0}:
        on = np.nan_to_num(values) > 0
        left = int((np.logical_or.accumulate(on, axis=1) & (values == 0)).any(axis=1).sum())
        if left:
            raise InputError(
                f"mechanisms.pilots: {name!r} goes from 1 back to 0 in {left} of {len(values)} "
                "places; the estimators of staggered timing need a policy that stays: leave these "
                "places out, or give the first year of each"
            )
        since: Int = np.where(on.any(axis=1), years[on.argmax(axis=1)], NEVER).astype(np.int64)
        return since
    first = np.nanmax(np.where(np.isfinite(values), values, 0.0), axis=1)
    fits = (first == NEVER) | ((first >= 1900) & (first <= 2200))
    if not fits.all() or not known.size:
        raise InputError(
            f"mechanisms.pilots: {name!r} holds neither years nor 0 and 1; give the first year of "
            "each place, 0 for a place that did not join"
        )
    several = int(((values > 0) & (values != first[:, None])).any(axis=1).sum())
    if several:
        raise InputError(
            f"mechanisms.pilots: {name!r} holds several years in {several} of {len(values)} "
            "places; give the same year in all rows of a place, that of joining"
        )
    joined: Int = first.astype(np.int64)
    return joined


def _of_gazetteer(panel: Panel, country: str, name: str) -> Policy:
    from city_resilience.catalogue.gazetteer.gazetteer import load_gazetteer
    from city_resilience.catalogue.gazetteer.lookup import Match

    gazetteer = load_gazetteer(country)
    since, partial = [], []
    for city in panel.grid().cities:
        match = gazetteer.resolve(city)
        groups = gazetteer.groups_of(match.adcode) if isinstance(match, Match) else {}
        start = groups.get(name)
        since.append(int(str(start).removeprefix("by ")) if start else NEVER)
        partial.append(groups.get(f"{name}_level") == "partial")
    labels = PILOTS[name]
    return Policy(name, np.asarray(since, dtype=np.int64), np.asarray(partial), *labels)
