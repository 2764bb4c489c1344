"""What of the scores of issued forecasts, and of the drift of indicators, is beyond its limit."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from city_resilience.experiment.monitor import Monitor
from city_resilience.issued.drift import ENDED
from city_resilience.issued.scoring import CUMULATIVE, ISSUED, NEWEST

__all__ = ["BACKTEST_COLUMNS", "Alarm", "backtest_beside", "drift_alarms", "score_alarms"]

BACKTEST_COLUMNS = ("mae", "rank_correlation", "coverage")
_WHOLE = "all"


@dataclass(frozen=True)
class Alarm:
    """Something beyond its limit.

    Attributes
    ----------
    code : {"coverage", "skill", "error", "drift", "missing", "ended"}
    figures : mapping
        What its sentence is filled with.
    """

    code: str
    figures: Mapping[str, Any]


def backtest_beside(
    scores: pd.DataFrame, intervals: pd.DataFrame, served: str
) -> dict[tuple[str, int], dict[str, float]]:
    """Return what the backtest said of the model that is served.

    Parameters
    ----------
    scores, intervals : DataFrame
        ``scores.csv`` and ``intervals.csv`` of its run.

    Returns
    -------
    dict
        Set of information and horizon → ``BACKTEST_COLUMNS``.
    """
    found: dict[tuple[str, int], dict[str, float]] = {}
    for table, columns in ((scores, BACKTEST_COLUMNS[:2]), (intervals, BACKTEST_COLUMNS[2:])):
        own = table[table["slice"] == _WHOLE]
        if "model" in own:
            own = own[own["model"] == served]
        told = own["information"] if "information" in own else pd.Series("forecast", own.index)
        for row in own.assign(information=told).to_dict("records"):
            key = str(row["information"]), int(row["horizon"])
            known = {name: float(row[name]) for name in columns if np.isfinite(row[name])}
            found.setdefault(key, {}).update(known)
    return found


def score_alarms(
    scores: pd.DataFrame,
    limits: Monitor,
    backtest: Mapping[tuple[str, int], Mapping[str, float]],
) -> Iterator[Alarm]:
    """Yield what of the scores is beyond its limit: coverage, skill, error beside the backtest.

    Parameters
    ----------
    scores : DataFrame
        Of `issued_scores`; the outcomes count as the newest panel has them.
    backtest : mapping
        Of `backtest_beside`; empty where it is not known.
    """
    ours = scores[(scores["model"] == ISSUED) & (scores["vintage"] == NEWEST)]
    for row in ours[ours["slice"] == _WHOLE].to_dict("records"):
        about = _about(row)
        if row["skill_naive"] < limits.least_skill:
            more = {"skill": row["skill_naive"], "limit": limits.least_skill}
            yield Alarm("skill", about | more | {"rule": row["best_naive"]})
        known = backtest.get((row["issue_information"], row["horizon"]), {}).get("mae")
        if known and row["mae"] > limits.most_error * known:
            more = {"mae": row["mae"], "backtest": known, "times": row["mae"] / known}
            yield Alarm("error", about | more | {"limit": limits.most_error})
    for row in _coverages(ours):
        if row["coverage"] < row["promised"] - limits.short_coverage:
            more = {name: row[name] for name in ("coverage", "promised")}
            yield Alarm("coverage", _about(row) | more | {"limit": limits.short_coverage})


def _coverages(ours: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the rows whose coverage is held to its limit: all issues, and the newest scored one."""
    keys = ["issue_information", "status", "horizon"]
    for _, part in ours.groupby(keys):
        yield from _records(part[part["slice"] == _WHOLE])
        last = part[part["slice"] == CUMULATIVE]["level"].max()
        newest = part[(part["slice"] == "year") & (part["level"] == last)]
        if (part[part["slice"] == _WHOLE]["years"] > 1).any():
            yield from _records(newest)


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): own for key, own in row.items()} for row in frame.to_dict("records")]


def _about(row: Mapping[Any, Any]) -> dict[str, Any]:
    about = {name: row[name] for name in ("status", "years", "n")}
    return about | {
        "information": row["issue_information"],
        "horizon": int(row["horizon"]),
        "origin": row["level"] if row["slice"] == "year" else "",
    }


def drift_alarms(drift: pd.DataFrame) -> Iterator[Alarm]:
    """Yield an alarm for each indicator that drifted or lost cities, one for all that ended.

    Parameters
    ----------
    drift : DataFrame
        Of `drift_of`.
    """
    raised = drift[drift["alarm"] != ""]
    over = raised["alarm"] == ENDED
    for row in raised[~over].to_dict("records"):
        kinds = row["alarm"].split(";")
        about = {name: row[name] for name in ("indicator", "family", "year_before", "year")}
        if moved := tuple(kind for kind in kinds if kind != "missing"):
            yield Alarm("drift", about | {kind: row[kind] for kind in moved} | {"kinds": moved})
        if "missing" in kinds:
            yield Alarm("missing", about | {k: row[k] for k in ("share_before", "share")})
    for year, part in raised[over].groupby("year_before"):
        names = part["indicator"].tolist()
        yield Alarm("ended", {"year": int(year), "indicators": tuple(names), "n": len(names)})
