"""Data coverage in the summary: which families were observed at which origin."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import pandas as pd

from city_resilience.report.formatting import rounded, whole

__all__ = ["LIVE", "coverage_table", "live_families"]

LIVE = {"live", "carried"}


def live_families(coverage: pd.DataFrame, live: int | None) -> set[str]:
    """Return the families with live or carried values at the live origin."""
    rows = coverage[coverage["origin"] == live]
    return set(rows.loc[rows["status"].isin(LIVE), "family"])


def coverage_table(
    coverage: pd.DataFrame, families: Iterable[str], live: int | None
) -> dict[str, Any]:
    """Return coverage by origin and family, and the families without live values.

    Parameters
    ----------
    families : iterable of str
        Families of the experiment, in its order.
    live : int or None
        Origin of the current forecast.

    Returns
    -------
    dict
        ``families``; ``origins``: list of ``origin``, ``live``, ``cells`` (one per family, None
        where there is no row); ``absent``: families without live values and their status.
    """
    present = set(coverage["family"])
    wanted = list(families)
    order = [f for f in wanted if f in present] + sorted(present - set(wanted))
    rows = {(int(row["origin"]), row["family"]): _cell(row) for row in coverage.to_dict("records")}
    origins = sorted({origin for origin, _ in rows}, reverse=True)
    return {
        "families": order,
        "origins": [
            {
                "origin": origin,
                "live": origin == live,
                "cells": [rows.get((origin, family)) for family in order],
            }
            for origin in origins
        ],
        "absent": _absent(rows, wanted, order, live),
    }


def _cell(row: dict[str, Any]) -> dict[str, Any]:
    return {
        "share": rounded(row["share"]),
        "age": rounded(row.get("age"), 2),
        "indicators": whole(row.get("indicators")),
        "used": whole(row.get("used")),
        "status": {"code": str(row["status"]), "year": whole(row.get("last_year"))},
    }


def _absent(
    rows: dict[tuple[int, str], dict[str, Any]],
    wanted: list[str],
    order: list[str],
    live: int | None,
) -> list[dict[str, Any]]:
    absent = []
    for family in order + [f for f in wanted if f not in order]:
        cell = rows.get((live, family)) if live is not None else None
        status = cell["status"] if cell else {"code": "none", "year": None}
        if status["code"] not in LIVE and (live is not None or cell):
            absent.append({"family": family, "status": status})
    return absent
