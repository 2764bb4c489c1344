"""Coverage in the summary: which families were observed at which origin."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any

import pandas as pd

from city_resilience.report.plain import plain, plain_text, whole

__all__ = ["coverage_table", "observed_families", "status_of"]

_LIVE = {"live", "carried"}
_WORDS = {"never observed": "never", "no indicator in this panel": "none"}


def status_of(text: str) -> dict[str, Any]:
    """Read a coverage status.

    Returns
    -------
    dict
        ``code``: "live", "carried", "since", "never", "none" or "other"; ``year`` for "since"
        and for "carried" when stated; ``text`` for "other".

    Examples
    --------
    >>> status_of("not observed since 2016")
    {'code': 'since', 'year': 2016}
    """
    if text in _LIVE:
        return {"code": text}
    dated = re.fullmatch(r"(not observed since|carried from) (\d{4})", text)
    if dated:
        return {"code": "carried" if text.startswith("carried") else "since", "year": int(dated[2])}
    return {"code": _WORDS[text]} if text in _WORDS else {"code": "other", "text": text}


def observed_families(coverage: pd.DataFrame, live: int | None) -> set[str]:
    """Return the families with live or carried values at the live origin."""
    rows = coverage[coverage["origin"] == live]
    codes = [status_of(plain_text(status))["code"] for status in rows["status"]]
    return {family for family, code in zip(rows["family"], codes, strict=True) if code in _LIVE}


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
        "share": plain(row["share"]),
        "age": plain(row.get("age"), 2),
        "indicators": whole(row.get("indicators")),
        "used": whole(row.get("used")),
        "status": status_of(plain_text(row["status"])),
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
        status = cell["status"] if cell else {"code": "none"}
        if status["code"] not in _LIVE and (live is not None or cell):
            absent.append({"family": family, "status": status})
    return absent
