"""Cities in the summary: forecasts, what each is made of, and the families behind them all."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from city_resilience.explain.contributions import (
    BASE,
    BASE_FAMILY,
    NOT_OBSERVED,
    family_sums,
    leading,
    mean_sizes,
)
from city_resilience.models.intervals import BELOW_ZERO, EVENTS
from city_resilience.report.formatting import rounded, text_of, whole
from city_resilience.report.tiers import clear_of, tier_of

__all__ = [
    "cities_table",
    "contributions",
    "driver_groups",
    "families",
    "indicator_list",
    "leading_values",
]

SHOWN = 12
SIDE_BY_SIDE = 12
"""Indicators whose values are shown of every city."""

Labels = Mapping[str, tuple[str, str, str, str]]


def indicator_list(drivers: pd.DataFrame, labels: Labels) -> list[dict[str, str]]:
    """Return id, labels, family and unit of every indicator that has a contribution."""
    pairs = drivers.loc[drivers["indicator"] != BASE, ["indicator", "family"]]
    found = []
    for name, family in sorted(set(pairs.itertuples(index=False, name=None))):
        en, zh, _, unit = labels.get(name, ("", "", family, ""))
        found.append(
            {"id": name, "en": en or name, "zh": zh or en or name, "family": family, "unit": unit}
        )
    return found


def cities_table(
    forecast: pd.DataFrame, moved: Mapping[tuple[str, str], Mapping[str, Any]] | None = None
) -> list[dict[str, Any]]:
    """Return one entry per city with its forecast at each horizon (pp).

    Parameters
    ----------
    forecast : DataFrame
    moved : mapping, optional
        As of `moved_horizons`: what is known of a city and horizon from a release.

    Returns
    -------
    list of dict
        ``city``, ``province`` ("" = unknown), ``nation`` where there are several, ``origin``
        and ``h``: horizon (text) → ``target``, ``forecast``, ``lower``, ``upper``, ``lower_80``,
        ``upper_80``, ``rank``, ``coverage``, ``flags``, the chances, ``tier``, ``clear`` and,
        where a release moved it, ``nowcast``.
    """
    table: dict[str, dict[str, Any]] = {}
    for row in forecast.sort_values(["city", "horizon"]).to_dict("records"):
        about = {"province": text_of(row.get("province")), "origin": whole(row["origin"])}
        about |= {"nation": text_of(row["nation"])} if "nation" in row else {}
        entry = table.setdefault(row["city"], {"city": str(row["city"]), **about, "h": {}})
        horizon = str(int(row["horizon"]))
        told = (moved or {}).get((entry["city"], horizon))
        entry["h"][horizon] = _city_horizon(row) | ({"nowcast": dict(told)} if told else {})
    return list(table.values())


def contributions(
    drivers: pd.DataFrame, horizon: int, indicators: list[dict[str, str]], observed: set[str]
) -> dict[str, dict[str, Any]]:
    """Return per city what its forecast at one horizon is made of.

    Only indicators that have a value, of families that are observed at the live origin, can be
    named; all others are summed in ``missing``. ``base`` + ``missing`` + ``rest`` + the named
    contributions = the forecast, and so does ``base`` + ``missing`` + ``families``.

    Parameters
    ----------
    drivers : DataFrame
        The tidy drivers of the live forecast.
    observed : set of str
        Families with live or carried values at the live origin.

    Returns
    -------
    dict
        City → ``base``, ``families`` (family → pp), ``top`` (``[indicator index, value, pp]``,
        largest first), ``rest``, ``rest_count``, ``missing``, ``missing_count``,
        ``observed`` (share of the indicators that have a value).
    """
    rows = drivers[drivers["horizon"] == horizon]
    own = rows[rows["indicator"] != BASE]
    seen = own[own["family"].isin(observed) & own["value"].notna()]
    named = leading(seen, SHOWN)
    index = {entry["id"]: i for i, entry in enumerate(indicators)}
    top: dict[str, list[list[Any]]] = {}
    columns = named[["city", "indicator", "value", "contribution"]]
    for city, name, value, size in columns.itertuples(index=False):
        top.setdefault(city, []).append([index[name], _short(value), rounded(size, 6)])
    sums = family_sums(rows, observed).pivot_table("contribution", "city", "family")
    count, known, shown = (frame.groupby("city").size() for frame in (own, seen, named))
    total, told = (frame.groupby("city")["contribution"].sum() for frame in (seen, named))
    found = {}
    for city, by_family in sums.to_dict("index").items():
        parts = {name: rounded(size, 6) for name, size in by_family.items() if pd.notna(size)}
        n = int(known.get(city, 0))
        found[str(city)] = {
            "base": parts.pop(BASE_FAMILY, 0.0),
            "missing": parts.pop(NOT_OBSERVED, 0.0),
            "families": parts,
            "top": top.get(city, []),
            "rest": rounded(total.get(city, 0.0) - told.get(city, 0.0), 6),
            "rest_count": n - int(shown.get(city, 0)),
            "missing_count": int(count.get(city, 0)) - n,
            "observed": rounded(n / max(int(count.get(city, 0)), 1)),
        }
    return found


def families(
    drivers: pd.DataFrame, horizon: int, indicators: list[dict[str, str]], observed: set[str]
) -> dict[str, Any]:
    """Return mean absolute contributions over cities by family and for leading indicators (pp).

    A family's contribution in a city is the sum over its indicators, taken before the absolute
    value. Families that are not observed at the live origin are left out.
    """
    rows = drivers[drivers["horizon"] == horizon]
    index = {entry["id"]: i for i, entry in enumerate(indicators)}
    by_family = mean_sizes(rows, observed=observed)
    by_indicator = mean_sizes(rows, "indicator", observed)[:SHOWN]
    return {
        "families": [[str(name), rounded(size)] for name, size in by_family.items()],
        "indicators": [[index[name], rounded(size)] for name, size in by_indicator.items()],
    }


def leading_values(
    drivers: pd.DataFrame, indicators: list[dict[str, str]], observed: set[str]
) -> dict[str, Any] | None:
    """Return the values of the leading indicators, which stand beside those of the peers.

    They are those that the forecasts of the shortest horizon rest on most.

    Returns
    -------
    dict or None
        ``indicators``: their places among all, the leading one first; ``rows``: city → values, in
        the unit of each, None where unknown. None without drivers.
    """
    if drivers.empty:
        return None
    rows = drivers[drivers["horizon"] == drivers["horizon"].min()]
    index = {entry["id"]: i for i, entry in enumerate(indicators)}
    leading = list(mean_sizes(rows, "indicator", observed)[:SIDE_BY_SIDE].index)
    own = rows[rows["indicator"].isin(leading)]
    table = own.pivot_table("value", "city", "indicator", dropna=False).reindex(columns=leading)
    return {
        "indicators": [index[name] for name in leading],
        "rows": {
            str(city): [_short(value) for value in values]
            for city, values in zip(table.index, table.to_numpy(), strict=True)
        },
    }


def driver_groups(
    table: pd.DataFrame | None, horizon: int, families: Sequence[str]
) -> list[dict[str, Any]]:
    """Return contributions by family within groups of cities at one horizon.

    Parameters
    ----------
    table : DataFrame or None
        Columns ``group, level, n, horizon, family, mean_abs, mean`` (pp); the figures are missing
        where a group is too small.
    families : sequence of str
        Families to show, in this order.

    Returns
    -------
    list of dict
        ``group``, ``level``, ``n`` (cities), ``withheld``, and ``families``: family, mean size,
        mean (pp) of each that is there.
    """
    if table is None:
        return []
    found: dict[tuple[str, str], dict[str, Any]] = {}
    own = table[(table["horizon"] == horizon) & table["family"].isin(set(families))]
    order = own["family"].map({name: place for place, name in enumerate(families)})
    own = own.assign(order=order).sort_values(["group", "level", "order"])
    for row in own.to_dict("records"):
        group, level = str(row["group"]), text_of(row["level"])
        about = {"group": group, "level": level, "n": whole(row["n"])}
        entry = found.setdefault((group, level), {**about, "withheld": True, "families": []})
        entry["withheld"] &= bool(pd.isna(row["mean_abs"]))
        entry["families"].append([row["family"], rounded(row["mean_abs"]), rounded(row["mean"])])
    return list(found.values())


def _city_horizon(row: Mapping[str, Any]) -> dict[str, Any]:
    lower, upper = (rounded(row.get(name)) for name in ("lower", "upper"))
    chances = {name: rounded(row.get(name)) for name in EVENTS}
    return {
        "target": whole(row["target_year"]),
        "forecast": rounded(row["forecast"]),
        "lower": lower,
        "upper": upper,
        **{name: rounded(row.get(name)) for name in ("lower_80", "upper_80")},
        "rank": whole(row.get("rank")),
        "coverage": rounded(row.get("coverage")),
        **chances,
        "tier": tier_of(chances[BELOW_ZERO]),
        "clear": clear_of(lower, upper),
        "flags": [flag for flag in re.split(r"[;,|\s]+", text_of(row.get("flags"))) if flag],
    }


def _short(value: float) -> float | None:
    return float(f"{value:.4g}") if np.isfinite(value) else None
