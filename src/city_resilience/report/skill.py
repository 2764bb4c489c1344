"""Accuracy in the summary: scores by model, errors by origin year, outcomes, groups."""

from __future__ import annotations

from typing import Any

import pandas as pd

from city_resilience.errors import InputError, nearest
from city_resilience.evaluation.baselines import NAIVE
from city_resilience.evaluation.candidates import HISTORY_ONLY, candidate_kind
from city_resilience.evaluation.scores import SCORES, WITHOUT_BREAKS, best_naive
from city_resilience.report.formatting import rounded, rounded_all, text_of, whole

__all__ = ["group_scores", "model_scores", "outcomes", "yearly_errors"]

_COMPARED = ("wins", "sign_test_p")
_HISTORY = ("skill_history", "difference_history", "difference_low", "difference_high")
DIGITS = 6  # the terminal shows three: a figure rounded to four first would not always agree

NO_GAP = "zero"
"""The rule that every chart of errors shows: each city grows as the nation."""


def model_scores(
    scores: pd.DataFrame, horizon: int, served: str, comparisons: pd.DataFrame | None = None
) -> list[dict[str, Any]]:
    """Return one row per model at a horizon, smallest mean absolute error first.

    Differences are MAE minus the MAE of history only, averaged over years, in pp: below zero
    is better than history only. A skill or difference against the model itself is None. ``wins``
    (years in which the served model had the smaller error) and ``sign_test_p`` are None where the
    model was not compared.

    Raises
    ------
    InputError
        If the served model has no score at this horizon.
    """
    overall = _slice(scores, horizon, "all")
    known = list(overall["model"])
    if served not in known:
        raise InputError(
            f"scores: the served model {served!r} has no row with slice 'all' "
            f"at horizon {horizon}, found {', '.join(known) or 'none'}{nearest(served, known)}; "
            "score the served model or name another one"
        )
    naive = best_naive(overall).get(horizon)
    versus: dict[str, Any] = {}
    if comparisons is not None:
        own = comparisons[comparisons["horizon"] == horizon]
        versus = own.set_index("versus").to_dict("index")
    return [
        {
            "model": row["model"],
            "kind": candidate_kind(row["model"]),
            "served": row["model"] == served,
            "best_naive": row["model"] == naive,
            "n": whole(row.get("n")),
            "years": whole(row.get("years")),
            **{name: rounded(row.get(name), DIGITS) for name in SCORES},
            **dict.fromkeys(("skill_naive",) if row["model"] == naive else ()),
            **dict.fromkeys(_HISTORY if row["model"] == HISTORY_ONLY else ()),
            **{name: rounded(versus.get(row["model"], {}).get(name), DIGITS) for name in _COMPARED},
        }
        for row in overall.sort_values(["mae", "model"]).to_dict("records")
    ]


def yearly_errors(
    scores: pd.DataFrame, horizon: int, served: str, naive: str | None
) -> dict[str, Any]:
    """Return mean absolute errors by origin year and the years won by the served model.

    Returns
    -------
    dict
        ``years``; ``errors``: ``role`` ("served", "naive" for the best naive rule, "zero",
        "history", "other" for the other naive rules), ``model``, ``mae`` by year (None where not
        scored) of each that was scored; ``skill_zero``: of the served model against "no gap" by
        year; ``wins`` over ``of`` years against the best naive rule.
    """
    rows = _slice(scores, horizon, "year")
    year = rows["level"].map(_year)
    table = rows.assign(year=year).pivot_table(index="year", columns="model", values="mae")
    table = table[table[served].notna()] if served in table else table.iloc[:0]
    names = {served: "served"}
    for model, role in ((naive or "", "naive"), (NO_GAP, "zero"), (HISTORY_ONLY, "history")):
        names.setdefault(model, role)
    names |= {model: "other" for model in NAIVE if model not in names}
    both = table.index[table[naive].notna()] if naive in table else table.index[:0]
    return {
        "years": [int(value) for value in table.index],
        "errors": [
            {"role": role, "model": model, "mae": rounded_all(table[model])}
            for model, role in names.items()
            if model in table and table[model].notna().any()
        ],
        "skill_zero": _yearly_skill(table, served),
        "wins": int((table.loc[both, served] < table.loc[both, naive]).sum()) if len(both) else 0,
        "of": len(both),
    }


def _yearly_skill(table: pd.DataFrame, served: str) -> list[float | None]:
    """Return the share of the error of "no gap" that the served model saves, by year."""
    if NO_GAP not in table or served not in table or served == NO_GAP:
        return [None] * len(table)
    return rounded_all(1 - table[served] / table[NO_GAP])


def outcomes(
    backtest: pd.DataFrame, scores: pd.DataFrame, horizon: int, served: str, row: dict[str, int]
) -> dict[str, Any]:
    """Return, by origin year, the served forecasts beside what happened (pp).

    Parameters
    ----------
    row : dict
        City name to its index in the summary's list of names; extended with new names.

    Returns
    -------
    dict
        Origin year (text) → ``target``, ``city`` (indices), ``forecast``, ``truth``, ``n``,
        ``mae``, ``rank_correlation``, ``sign_hit_rate`` of that year.
    """
    chosen = backtest[(backtest["model"] == served) & (backtest["horizon"] == horizon)]
    chosen = chosen.dropna(subset=["truth", "forecast"]).sort_values(["origin", "city"])
    by_year = _slice(scores, horizon, "year")
    by_year = by_year[by_year["model"] == served]
    scored = {_year(own["level"]): own for own in by_year.to_dict("records")}
    return {
        str(int(origin)): {
            "target": int(rows["target_year"].iloc[0]),
            "n": len(rows),
            "city": [row.setdefault(str(city), len(row)) for city in rows["city"]],
            "forecast": rounded_all(rows["forecast"], 3),
            "truth": rounded_all(rows["truth"], 3),
            **{
                name: rounded(scored.get(int(origin), {}).get(name))
                for name in ("mae", "rank_correlation", "sign_hit_rate")
            },
        }
        for origin, rows in chosen.groupby("origin")
    }


def group_scores(
    scores: pd.DataFrame, horizon: int, served: str, naive: str | None
) -> list[dict[str, Any]]:
    """Return one row per group column and level with the served, naive and history errors.

    A group whose figures are withheld has ``n`` and no figure, and ``withheld`` is true. The rows
    without flagged level breaks, where there are such, come last as a group of their own.
    """
    sliced = scores["slice"].str.startswith("group:") | (scores["slice"] == WITHOUT_BREAKS)
    rows = scores[(scores["horizon"] == horizon) & sliced].sort_values(["slice", "level"])
    found: dict[tuple[str, str], dict[str, dict[str, Any]]] = {}
    for row in rows.to_dict("records"):
        key = row["slice"].removeprefix("group:"), text_of(row["level"])
        found.setdefault(key, {}).setdefault(row["model"], row)
    return [
        {
            "group": group,
            "level": level,
            "n": whole(own["n"]),
            "withheld": bool(pd.isna(own["mae"])),
            "mae": rounded(own["mae"]),
            "mae_naive": rounded(models.get(naive or "", {}).get("mae")),
            "mae_history": rounded(models.get(HISTORY_ONLY, {}).get("mae")),
            "skill_naive": rounded(own["skill_naive"]),
            "rank_correlation": rounded(own["rank_correlation"]),
        }
        for (group, level), models in found.items()
        if (own := models.get(served))
    ]


def _slice(scores: pd.DataFrame, horizon: int, name: str) -> pd.DataFrame:
    return scores[(scores["horizon"] == horizon) & (scores["slice"] == name)]


def _year(level: Any) -> int:
    return int(float(level))
