"""The nowcast on screen: a table beside the forecast, and what of a prediction is a nowcast."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from city_resilience.models.forecaster import NO_EARLY
from city_resilience.models.rows import NOWCAST

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from city_resilience.report.texts import Texts

__all__ = ["nowcast_lines", "nowcast_table", "told_lines"]

COLUMNS = (
    ("h", "{horizon}"),
    ("cities", "{cities}"),
    ("forecast", "{forecast:.3f}"),
    ("nowcast", "{nowcast:.3f}"),
    ("lower by", "{skill:+.1%}"),
    ("wins", "{wins} of {years:}"),
    ("difference (95 %)", "{difference:+.3f} ({low:+.3f} to {high:+.3f})"),
    ("in 90 %: worst year", "{worst[worst_coverage]:.0%} ({worst[worst_year]})"),
    ("all", "{worst[coverage]:.0%}"),
)
STALE = "stale"


def nowcast_table(part: Mapping[str, Any], unit: str) -> Table:
    """Lay out the errors of nowcast and forecast at every horizon; the quoted row stands out."""
    from city_resilience.commands.console import table_of
    from city_resilience.evaluation.nowcast_scores import SEVERAL

    words = {SEVERAL: "not told"}
    records = [
        {
            **row,
            "horizon": horizon if quoted else "",
            "cities": words.get(row["cities"], row["cities"]),
            "worst": (own["coverage"] if not quoted or not own["every"] else None) or _NONE,
            "served": quoted,
        }
        for horizon, own in part["by_horizon"].items()
        for row, quoted in ((own["quoted"], True), (own["every"], False))
        if row
    ]
    table = table_of(f"Nowcast beside forecast, MAE ({unit})", COLUMNS, records)
    if any(own["every"] for own in part["by_horizon"].values()):
        table.caption = (
            "A group of one, or a city that reports early, is told its own outcome: the first row "
            "of a horizon is without such cities."
        )
    return table


_NONE = dict.fromkeys(("worst_coverage", "worst_year", "coverage"))


def nowcast_lines(part: Mapping[str, Any], say: Texts) -> Iterator[str]:
    """Say what the nowcast is worth at the shortest horizon, and whether there is one now."""
    from city_resilience.report.nowcast import nowcast_sentence

    yield nowcast_sentence(part, next(iter(part["by_horizon"])), say)["en"]
    if all(own["first_told"] is None for own in part["releases"]):
        yield (
            "No release has a figure beyond the newest origin by the day of the forecast: there "
            "is a record of nowcasts, and none of the coming years."
        )


def told_lines(table: pd.DataFrame, missing: Sequence[str]) -> Iterator[str]:
    """Say how many rows of a prediction are nowcasts, and why others are the forecast.

    Parameters
    ----------
    table : DataFrame
        As of ``forecast_table``, of a model with early releases.
    missing : sequence of str
        Releases that were not given.
    """
    told = int((table["information"] == NOWCAST).sum())
    yield f"{told} of {len(table)} rows are nowcasts"
    quiet = table[table["information"] != NOWCAST]
    if quiet.empty:
        return
    flags = quiet["flags"].str.split(";")
    stale = int(flags.map(lambda own: STALE in own).sum())
    why = [f"{stale} of a place whose series ends early"] if stale else []
    if rest := len(quiet) - stale:
        why.append(f"{rest} {_reason(told, missing)}")
    yield f"{len(quiet)} rows are the forecast, flagged {NO_EARLY}: {'; '.join(why)}"


def _reason(told: int, missing: Sequence[str]) -> str:
    if missing and not told:
        return f"because no file is given of {', '.join(missing)}"
    if not told:
        return "because no release has a figure beyond the origin by the day of the forecast"
    absent = f" (no file is given of {', '.join(missing)})" if missing else ""
    why = "their group has no figure, or passes nothing on"
    return f"of places that no release moves: {why}{absent}"
