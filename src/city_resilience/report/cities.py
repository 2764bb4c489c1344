"""Cities in the summary: forecasts, what each is made of, and the families behind them all."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from city_resilience.explain.contributions import (
    BASE,
    BASE_FAMILY,
    NOT_OBSERVED,
    family_sums,
    mean_sizes,
)
from city_resilience.models.intervals import EVENTS
from city_resilience.report.formatting import rounded, text_of, whole

__all__ = ["cities_table", "contributions", "driver_groups", "families", "indicator_list"]

LEADING = 3
SHOWN = 12

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


def cities_table(forecast: pd.DataFrame) -> list[dict[str, Any]]:
    """Return one entry per city with its forecast at each horizon (pp).

    Returns
    -------
    list of dict
        ``city``, ``province`` ("" = unknown), ``origin`` and ``h``: horizon (text) →
        ``target``, ``forecast``, ``lower``, ``upper``, ``rank``, ``coverage``, ``flags``.
    """
    table = []
    for city, rows in forecast.groupby("city", sort=True):
        first = rows.iloc[0]
        table.append(
            {
                "city": str(city),
                "province": text_of(first.get("province")),
                "origin": whole(first["origin"]),
                "h": {str(int(row["horizon"])): _city_horizon(row) for row in _records(rows)},
            }
        )
    return table


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
    index = {entry["id"]: i for i, entry in enumerate(indicators)}
    rows = rows.assign(
        seen=rows["family"].isin(observed) & rows["value"].notna() & (rows["indicator"] != BASE),
        index=rows["indicator"].map(index).fillna(-1).astype(int),
        size=rows["contribution"].abs(),
    ).sort_values(["city", "size", "indicator"], ascending=[True, False, True])
    columns = {
        name: rows[name].to_numpy()
        for name in ("contribution", "seen", "indicator", "index", "value")
    }
    sums = family_sums(rows, observed).groupby("city")
    by_family = {city: part.set_index("family")["contribution"] for city, part in sums}
    cities = rows["city"].to_numpy()
    changes = np.flatnonzero(cities[1:] != cities[:-1]) + 1
    bounds = [0, *changes.tolist(), len(rows)] if len(rows) else []
    return {
        str(cities[start]): _city_parts(
            {name: col[start:end] for name, col in columns.items()}, by_family[cities[start]]
        )
        for start, end in pairwise(bounds)
    }


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


def driver_groups(
    table: pd.DataFrame, horizon: int, families: Sequence[str]
) -> list[dict[str, Any]]:
    """Return contributions by family within groups of cities at one horizon.

    Parameters
    ----------
    table : DataFrame
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
    rows = table[(table["horizon"] == horizon) & table["family"].isin(set(families))]
    found = []
    for (group, level), part in rows.groupby(["group", "level"], sort=True):
        own = part.set_index("family")
        found.append(
            {
                "group": str(group),
                "level": text_of(level),
                "n": whole(part["n"].iloc[0]),
                "withheld": bool(part["mean_abs"].isna().all()),
                "families": [
                    [name, rounded(own.loc[name, "mean_abs"]), rounded(own.loc[name, "mean"])]
                    for name in families
                    if name in own.index
                ],
            }
        )
    return found


def _records(rows: pd.DataFrame) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = rows.sort_values("horizon").to_dict("records")
    return records


def _city_horizon(row: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "target": whole(row["target_year"]),
        "forecast": rounded(row["forecast"]),
        "lower": rounded(row.get("lower")),
        "upper": rounded(row.get("upper")),
        "rank": whole(row.get("rank")),
        "coverage": rounded(row.get("coverage")),
        **{name: rounded(row.get(name)) for name in EVENTS},
        "flags": [flag for flag in re.split(r"[;,|\s]+", text_of(row.get("flags"))) if flag],
    }


def _city_parts(part: Mapping[str, Any], by_family: pd.Series) -> dict[str, Any]:
    size, seen = part["contribution"], part["seen"]
    base = part["indicator"] == BASE
    missing = ~seen & ~base
    named = np.flatnonzero(seen)[:SHOWN]
    rest = np.flatnonzero(seen)[SHOWN:]
    index, value = part["index"], part["value"]
    named_families = by_family.drop([BASE_FAMILY, NOT_OBSERVED], errors="ignore")
    return {
        "base": rounded(by_family.get(BASE_FAMILY, 0.0), 6),
        "families": {str(name): rounded(total, 6) for name, total in named_families.items()},
        "top": [[int(index[i]), _short(value[i]), rounded(size[i], 6)] for i in named],
        "rest": rounded(size[rest].sum(), 6),
        "rest_count": len(rest),
        "missing": rounded(by_family.get(NOT_OBSERVED, 0.0), 6),
        "missing_count": int(missing.sum()),
        "observed": rounded(seen.sum() / max(int((~base).sum()), 1)),
    }


def _short(value: float) -> float | None:
    return float(f"{value:.4g}") if np.isfinite(value) else None
