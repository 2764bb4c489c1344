"""The nowcast in the summary of a run: beside the forecast, and never mixed with it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

import pandas as pd

from city_resilience.evaluation.nowcast_scores import EVERY, quoted_cities
from city_resilience.evaluation.periods import PERIOD
from city_resilience.models.intervals import BELOW_ZERO, EVENTS
from city_resilience.models.rows import FORECAST, NOWCAST
from city_resilience.report.formatting import plain_rows, rounded, whole
from city_resilience.report.texts import Both, Texts, both, joined
from city_resilience.report.tiers import clear_of, tier_of

__all__ = [
    "group_words",
    "moved_cities",
    "moved_horizons",
    "nowcast_part",
    "nowcast_sentence",
    "panel_alone",
    "release_names",
    "slope_sentences",
]

_LIVE = ("city", "horizon", "forecast", "lower", "upper", "rank", "early_release", "information")
_SHOWN = ("forecast", "lower", "upper", "lower_80", "upper_80", *EVENTS)
_COUNTS = ("horizon", "years", "n", "wins", "rank", "place", "levels", "told", "counted", "origins")
_WHOLE = frozenset((*_COUNTS, "worst_year", "first_told", "last_told"))
Row = Mapping[str, Any]


def panel_alone(table: pd.DataFrame) -> pd.DataFrame:
    """Return the rows of a table that know the panel alone."""
    if "information" not in table:
        return table
    return table[table["information"] == FORECAST].reset_index(drop=True)


def nowcast_part(tables: Mapping[str, pd.DataFrame]) -> dict[str, Any] | None:
    """Return what is shown of the nowcast; None for a run without early releases.

    Returns
    -------
    dict or None
        ``releases``, ``slopes``: the rows of ``nowcast_releases.csv`` and ``nowcast_slopes.csv``;
        ``by_horizon``: horizon (text) → ``quoted``, the comparison with the forecast without
        cities that a release tells their own outcome, ``every``, that with them (None where there
        are none such), ``periods``, ``years``, a ``code`` ("better", "same", "worse", "few") and
        ``coverage``, of its intervals; ``live``: nowcast and move of each city, by horizon.
    """
    sides = tables.get("nowcast_scores.csv")
    if sides is None:
        return None
    intervals = tables["intervals.csv"]
    own = intervals[(intervals["information"] == NOWCAST) & (intervals["slice"] == "all")]
    covered = {row["horizon"]: row for row in plain_rows(own.drop(columns="information"), _WHOLE)}
    live = tables.get("nowcast.csv")
    return {
        "releases": plain_rows(tables["nowcast_releases.csv"], _WHOLE),
        "slopes": plain_rows(tables["nowcast_slopes.csv"], _WHOLE),
        "by_horizon": {
            str(horizon): {
                **_compared(plain_rows(part, _WHOLE), quoted_cities(sides)),
                "coverage": covered.get(horizon),
            }
            for horizon, part in sides.groupby("horizon")
        },
        "live": [] if live is None else plain_rows(live[list(_LIVE)], _WHOLE),
    }


def moved_cities(part: Row | None) -> dict[str, dict[str, dict[str, Any]]]:
    """Return the live nowcasts: city → horizon (text) → ``nowcast, moved, lower, upper``."""
    found: dict[str, dict[str, dict[str, Any]]] = {}
    for row in part["live"] if part else ():
        if row["information"] == NOWCAST:
            found.setdefault(row["city"], {})[str(row["horizon"])] = {
                "nowcast": row["forecast"],
                "moved": row["early_release"],
                **{name: row[name] for name in ("lower", "upper")},
            }
    return found


def moved_horizons(table: pd.DataFrame | None) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the nowcasts of the cities that a release moved, by city and horizon (text).

    Parameters
    ----------
    table : DataFrame or None
        As of ``forecast_table``.

    Returns
    -------
    dict
        What `CityPlace` says of ``nowcast``.
    """
    if table is None:
        return {}
    moved = table[table["information"] == NOWCAST]
    shown = moved.reindex(columns=list(_SHOWN))
    found = {}
    for row, own in zip(moved.to_dict("records"), shown.to_dict("records"), strict=True):
        known = {name: rounded(own[name]) for name in _SHOWN}
        found[str(row["city"]), str(int(row["horizon"]))] = {
            **known,
            "rank": whole(row["rank"]),
            "moved": rounded(row["early_release"]),
            "tier": tier_of(known[BELOW_ZERO]),
            "clear": clear_of(known["lower"], known["upper"]),
        }
    return found


def _compared(rows: list[dict[str, Any]], quoted: str) -> dict[str, Any]:
    """Return the comparison at one horizon, that of the quoted cities first."""
    rows = [{**row, "recent": False} for row in rows]
    whole_row = {row["cities"]: row for row in rows if row["slice"] == "all"}
    own = [row for row in rows if row["cities"] == quoted]
    periods = [row for row in own if row["slice"] == PERIOD]
    return {
        "quoted": whole_row[quoted],
        "every": whole_row[EVERY] if quoted != EVERY else None,
        "code": _code(whole_row[quoted]),
        "periods": [
            {**row, "level": row["level"].replace("-", "–"), "recent": place > 0}
            for place, row in enumerate(sorted(periods, key=lambda row: row["level"]))
        ],
        "years": [row for row in own if row["slice"] == "year"],
    }


def _code(row: Row) -> str:
    if row["high"] is None:
        return "few"
    if row["high"] < 0:
        return "better"
    return "worse" if row["low"] > 0 else "same"


def release_names(releases: Iterable[Row], say: Texts) -> Both:
    """Name releases with their vintage, which stands wherever a figure rests on them."""
    names = (
        say(
            "release_name",
            label={"en": own["label_en"], "zh": own["label_zh"]},
            vintage=say(f"vintage_{own['vintage']}"),
        )
        for own in releases
    )
    return joined(names, say("list_comma"))


def group_words(group: str, say: Texts) -> Both:
    """Name what a release is about in the middle of a sentence."""
    return say.find(f"early_group_{group}") or both(lambda _: group)


def nowcast_sentence(part: Row, horizon: str, say: Texts) -> Both:
    """Say what early releases made of the error at a horizon, and for which cities."""
    own = part["by_horizon"][horizon]
    about = {"ahead": say.count("ahead", int(horizon))}
    counted = [own for own in part["releases"] if own["counted"]]
    about["releases"] = release_names(counted or part["releases"], say)
    found = say(f"nowcast_{own['code']}", **about, **own["quoted"])
    if own["every"] is None:
        return found
    return joined((found, say("nowcast_lone", **own["every"])), say("space"))


def slope_sentences(part: Row, horizon: str, say: Texts) -> Iterator[Both]:
    """Say how much of a surprise is passed on at a horizon, by release and kind of city."""
    first = [own for own in part["slopes"] if str(own["horizon"]) == horizon and own["place"] == 1]
    labels = {own["release"]: [own] for own in part["releases"]}
    for name in dict.fromkeys(own["release"] for own in first):
        rows = [own for own in first if own["release"] == name]
        about = {
            "release": release_names(labels[name], say),
            "group": group_words(rows[0]["group"], say),
            "way": say(f"way_{rows[0]['way']}"),
        }
        kinds = joined(
            (_passed_on(row, about["group"], say) for row in rows), say("list_semicolon")
        )
        gain = say("slope_gain", gain=rows[0]["gain"]) if rows[0]["gain"] else say("slope_no_gain")
        key = "slope_first" if horizon == min(part["by_horizon"], key=int) else "slope_longer"
        ahead = say.count("ahead", int(horizon))
        yield say(key, ahead=ahead, kinds=kinds, gain=gain, **about)


def _passed_on(row: Row, group: Both, say: Texts) -> Both:
    place = "city" if row["group"] == "city" else "group"
    key = f"slope_{row['kind']}_{place}"
    found = say(key, surprise=row["surprise"], group=group)
    if not row["error"]:
        return found
    return joined((found, say("slope_error", error=row["error"])))
