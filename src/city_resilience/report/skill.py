"""Accuracy in the summary: skill table, errors by origin year, outcomes, groups."""

from __future__ import annotations

from typing import Any

import pandas as pd

from city_resilience.errors import InputError, nearest
from city_resilience.evaluation.candidates import HISTORY_ONLY, candidate_kind
from city_resilience.evaluation.scores import SCORES, WITHOUT_BREAKS
from city_resilience.report.plain import plain, plain_list, plain_text, whole

__all__ = ["best_naive", "groups", "outcomes", "skill_table", "yearly"]


def best_naive(overall: pd.DataFrame) -> str | None:
    """Return the naive baseline with the lowest mean absolute error over the scored years.

    Parameters
    ----------
    overall : DataFrame
        Rows of the scores with slice "all" at one horizon.
    """
    naive = overall[[candidate_kind(model) == "naive" for model in overall["model"]]]
    naive = naive.dropna(subset=["mae"])
    return str(naive.loc[naive["mae"].idxmin(), "model"]) if len(naive) else None


def skill_table(scores: pd.DataFrame, horizon: int, served: str) -> list[dict[str, Any]]:
    """Return one row per model at a horizon, smallest mean absolute error first.

    Differences are MAE minus the MAE of history only, averaged over years, in pp: below zero
    is better than history only.

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
    naive = best_naive(overall)
    return [
        {
            "model": row["model"],
            "kind": candidate_kind(row["model"]),
            "served": row["model"] == served,
            "best_naive": row["model"] == naive,
            "n": whole(row.get("n")),
            "years": whole(row.get("years")),
            **{name: plain(row.get(name)) for name in SCORES},
        }
        for row in overall.sort_values(["mae", "model"]).to_dict("records")
    ]


def yearly(scores: pd.DataFrame, horizon: int, served: str, naive: str | None) -> dict[str, Any]:
    """Return mean absolute errors by origin year and the years won by the served model.

    Returns
    -------
    dict
        ``years``; ``mae`` with lists for ``served``, ``naive``, ``history`` (None where not
        scored); ``wins`` over ``of`` years against the best naive baseline.
    """
    rows = _slice(scores, horizon, "year")
    year = rows["level"].map(_year)
    table = rows.assign(year=year).pivot_table(index="year", columns="model", values="mae")
    table = table[table[served].notna()] if served in table else table.iloc[:0]
    names = {"served": served, "naive": naive, "history": HISTORY_ONLY}
    errors = {role: table.get(name) for role, name in names.items()}
    base = errors["naive"]
    both = table.index[base.notna()] if base is not None else table.index[:0]
    return {
        "years": [int(value) for value in table.index],
        "mae": {
            role: [None] * len(table) if column is None else plain_list(column)
            for role, column in errors.items()
        },
        "wins": int((table.loc[both, served] < base[both]).sum()) if len(both) else 0,
        "of": len(both),
    }


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
    measures = _slice(scores, horizon, "year")
    measures = measures[measures["model"] == served]
    by_year = {_year(level): index for index, level in measures["level"].items()}
    found = {}
    for origin, rows in chosen.groupby("origin"):
        index = by_year.get(int(origin))
        found[str(int(origin))] = {
            "target": int(rows["target_year"].iloc[0]),
            "n": len(rows),
            "city": [row.setdefault(str(city), len(row)) for city in rows["city"]],
            "forecast": plain_list(rows["forecast"], 3),
            "truth": plain_list(rows["truth"], 3),
            **{
                name: None if index is None else plain(measures.loc[index, name])
                for name in ("mae", "rank_correlation", "sign_hit_rate")
            },
        }
    return found


def groups(
    scores: pd.DataFrame, horizon: int, served: str, naive: str | None
) -> list[dict[str, Any]]:
    """Return one row per group column and level with the served, naive and history errors.

    A group whose figures are withheld has ``n`` and no figure, and ``withheld`` is true. The rows
    without flagged level breaks, where there are such, come last as a group of their own.
    """
    sliced = scores["slice"].str.startswith("group:") | (scores["slice"] == WITHOUT_BREAKS)
    rows = scores[(scores["horizon"] == horizon) & sliced]
    found = []
    for (slice_, level), part in rows.groupby(["slice", "level"], sort=True):
        models = part.drop_duplicates("model").set_index("model")
        if served not in models.index:
            continue
        errors = models["mae"]
        found.append(
            {
                "group": str(slice_).removeprefix("group:"),
                "level": plain_text(level),
                "n": whole(models.loc[served, "n"]),
                "withheld": bool(pd.isna(errors[served])),
                "mae": plain(errors[served]),
                "mae_naive": plain(errors.get(naive)),
                "mae_history": plain(errors.get(HISTORY_ONLY)),
                "skill_naive": plain(models.loc[served, "skill_naive"]),
                "rank_correlation": plain(models.loc[served, "rank_correlation"]),
            }
        )
    return found


def _slice(scores: pd.DataFrame, horizon: int, name: str) -> pd.DataFrame:
    return scores[(scores["horizon"] == horizon) & (scores["slice"] == name)]


def _year(level: Any) -> int:
    return int(float(level))
