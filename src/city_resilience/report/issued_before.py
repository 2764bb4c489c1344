"""The last issued forecast whose outcome is known, for each city."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from city_resilience.report.formatting import rounded

if TYPE_CHECKING:
    from city_resilience.issued.record import IssuedForecast, Issues

__all__ = ["issued_before", "with_issued"]

FIGURES = ("forecast", "lower", "upper")


def with_issued(summary: Mapping[str, Any], issues: Issues) -> dict[str, Any]:
    """Return the parts of a summary by horizon, each with ``issued`` where one can be judged."""
    return {
        h: part if (own := issued_before(summary, issues, h)) is None else {**part, "issued": own}
        for h, part in summary["by_horizon"].items()
    }


def issued_before(
    summary: Mapping[str, Any], issues: Issues, horizon: str
) -> dict[str, Any] | None:
    """Return the last issue of which the outcomes of a horizon are known, beside these.

    Of an origin, what was issued live goes before what was issued when its outcomes could be known.

    Parameters
    ----------
    summary : mapping
        Its ``outcomes`` say what came of an origin, as of the panel of the report.
    issues : Issues
        Of the model.
    horizon : str

    Returns
    -------
    dict or None
        ``id``, ``day`` of issue, ``origin``, ``target``, ``live``, and ``rows``: city →
        ``forecast``, ``lower``, ``upper``, ``truth``. None where there is no such issue.
    """
    outcomes = summary["by_horizon"][horizon]["outcomes"]
    known = [
        one
        for one in issues.standing
        if one.information == "forecast"
        and one.measure == summary["measure"]["id"]
        and str(one.origin) in outcomes
    ]
    if not known:
        return None
    newest = max(known, key=lambda one: (one.origin, one.is_live, one.issued_at))
    came = outcomes[str(newest.origin)]
    names = (summary["outcome_cities"][place] for place in came["city"])
    truths = dict(zip(names, came["truth"], strict=True))
    return {
        "id": newest.id,
        "day": newest.issued_at.date().isoformat(),
        "origin": newest.origin,
        "target": came["target"],
        "live": newest.is_live,
        "rows": _rows(newest, issues, int(horizon), truths),
    }


def _rows(
    one: IssuedForecast, issues: Issues, horizon: int, truths: Mapping[str, float | None]
) -> dict[str, dict[str, Any]]:
    table = issues.rows(one)
    own = table[(table["horizon"] == horizon) & (table["origin"] == one.origin)]
    return {
        row["city"]: {
            **{name: rounded(row[name]) for name in FIGURES},
            "truth": truths[row["city"]],
        }
        for row in own.to_dict("records")
        if truths.get(row["city"]) is not None
    }
