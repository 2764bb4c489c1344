"""What the page about issued forecasts shows, as plain values."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import pandas as pd

from city_resilience.evaluation.scores import WITHOUT_BREAKS
from city_resilience.issued.changes import leading
from city_resilience.issued.scoring import ISSUE, ISSUED, NEWEST
from city_resilience.report.formatting import plain_rows

if TYPE_CHECKING:
    from city_resilience.issued.alarms import Alarm
    from city_resilience.issued.changes import Changed
    from city_resilience.issued.record import IssuedForecast

__all__ = ["Found", "changed_part", "monitor_summary"]

WHOLE = (
    *("horizon", "years", "n", "year", "year_before", "rank", "rank_before"),
    *("target_year", "target_year_before"),
)
MOST_GROUPED = 200
"""Rows by group that the page shows."""


@dataclass(frozen=True)
class Found:
    """What is known of the issued forecasts of a model, and of the newest panel.

    Attributes
    ----------
    scores, survey, drift : DataFrame
        Of `issued_scores`, `survey_table` and `drift_of`.
    changed : Changed or None
        Of `changed_since`.
    alarms : tuple of Alarm
        Of `score_alarms` and `drift_alarms`.
    backtest : mapping
        Of `backtest_beside`.
    issued : tuple of IssuedForecast
        All that was issued, in order.
    """

    scores: pd.DataFrame
    survey: pd.DataFrame
    drift: pd.DataFrame
    changed: Changed | None
    alarms: tuple[Alarm, ...]
    backtest: Mapping[tuple[str, int], Mapping[str, float]]
    issued: tuple[IssuedForecast, ...]


def monitor_summary(
    found: Found, labels: Mapping[str, tuple[str, str]], about: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the summary that ``monitor.json`` holds and the page lays out.

    Parameters
    ----------
    labels : mapping
        Indicator id → (English label, Chinese label).
    about : mapping
        Further entries: ``title``, ``measure``, ``model``, ``simulated``, ``limits`` …
    """
    return {
        **about,
        "issues": [_issue(one) for one in found.issued],
        **_scores(found),
        "survey": [_named(row) for row in plain_rows(found.survey, WHOLE)],
        "drift": [_labelled(row, labels) for row in plain_rows(found.drift, WHOLE)],
        "changed": changed_part(found.changed),
        "alarms": [_plain(asdict(alarm)) for alarm in found.alarms],
    }


def _issue(one: IssuedForecast) -> dict[str, Any]:
    names = ("id", "version", "origin", "information", "status", "fingerprint", "supersedes")
    at = f"{one.issued_at:%Y-%m-%d %H:%M}"
    return {**{name: getattr(one, name) for name in names}, "issued_at": at}


def _scores(found: Found) -> dict[str, Any]:
    """Return the rows of all issues, of each, and by group, each with what it stands beside."""
    own = found.scores[found.scores["vintage"] == NEWEST]
    rules = own[own["model"] == own["best_naive"]]
    keys = ["issue_information", "status", "horizon", "slice", "level"]
    ours = own[own["model"] == ISSUED].merge(
        rules[[*keys, "mae"]].rename(columns={"mae": "rule_mae"}), on=keys, how="left"
    )
    rows = [_named(row) for row in plain_rows(ours, WHOLE)]
    for row in rows:
        row["backtest"] = dict(found.backtest.get((row["information"], row["horizon"]), {}))
    grouped = [row for row in rows if row["slice"].startswith("group:")]
    for row in grouped:
        row["group"] = row["slice"].removeprefix("group:")
    at = {one.id: f"{one.issued_at:%Y-%m-%d %H:%M}" for one in found.issued}
    gone = {one.supersedes for one in found.issued}
    each = [row for row in rows if row["slice"] == ISSUE]
    for row in each:
        row |= {"issued_at": at.get(row["level"], ""), "superseded": row["level"] in gone}
    clean = {_about(row): row["mae"] for row in rows if row["slice"] == WITHOUT_BREAKS}
    whole = [row for row in rows if row["slice"] == "all"]
    for row in whole:
        row["mae_without_breaks"] = clean.get(_about(row))
    return {
        "scores": whole,
        "each": each,
        "groups": grouped[:MOST_GROUPED],
    }


def _about(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["information"], row["status"], row["horizon"]


def _named(row: dict[str, Any]) -> dict[str, Any]:
    return {**row, "information": row.pop("issue_information")}


def _labelled(row: dict[str, Any], labels: Mapping[str, tuple[str, str]]) -> dict[str, Any]:
    en, zh = labels.get(row["indicator"], (row["indicator"],) * 2)
    return {**row, "en": en, "zh": zh or en}


def changed_part(changed: Changed | None) -> dict[str, Any] | None:
    """Return what a page shows of an issued forecast beside the one before it."""
    if changed is None:
        return None
    horizons = sorted(changed.rows["horizon"].unique())
    rows = plain_rows(leading(changed.rows, horizons), WHOLE)
    texts = ("province", "driver_1", "driver_1_before")
    for row in rows:
        row |= {name: row[name] or "" for name in texts}
    return {"before": changed.before.id, "now": changed.now.id, "rows": rows}


def _plain(value: Any) -> Any:
    """Return an alarm without types of numpy."""
    if isinstance(value, dict):
        return {key: _plain(own) for key, own in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(own) for own in value]
    return value.item() if hasattr(value, "item") else value
