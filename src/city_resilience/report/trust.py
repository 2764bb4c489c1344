"""How far to trust the forecasts of a horizon: the last four scored years, and those before.

The rule, for the skill against "no gap" (every city grows as the nation):

- *good*: at least 20 % in every period, and the smaller error in more than half of its years;
- *fair*: at least 5 % in the last four years, and the smaller error in more than half of them;
- *low*: anything else.

Where there are too few years to set the last four apart, all of them count, and for *fair* at most.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import pandas as pd

from city_resilience.evaluation.candidates import candidate_kind
from city_resilience.evaluation.periods import PERIOD, Period
from city_resilience.report.formatting import rounded
from city_resilience.report.outlook_shapes import Trust, TrustPeriod

__all__ = ["FAIR", "GOOD", "NO_GAP", "trust"]

NO_GAP = "zero"
FAIR, GOOD = 0.05, 0.20
"""Shares of the error of "no gap" by which the forecasts' must be smaller."""
Code = Literal["low", "fair", "good", "unknown"]


def trust(scores: pd.DataFrame, intervals: pd.DataFrame | None, horizon: int, served: str) -> Trust:
    """Return how far the forecasts of a horizon can be trusted, by the rule of the module.

    Parameters
    ----------
    scores : DataFrame
        As of `score`.
    intervals : DataFrame or None
        As of `score_intervals`.
    horizon : int
    served : str
        The model in use.
    """
    own = scores[scores["horizon"] == horizon]
    rule = _rule(own, served)
    yearly = own[own["slice"] == "year"]
    years = yearly.assign(origin=yearly["level"].astype(float).astype(int)).pivot_table(
        index="origin", columns="model", values="mae"
    )
    covered = None if intervals is None else intervals[intervals["horizon"] == horizon]
    levels = sorted(own.loc[own["slice"] == PERIOD, "level"].unique(), reverse=True)
    rows = own[own["slice"] == PERIOD]
    found = [
        _period(rows[rows["level"] == level], _of(level, levels), years, covered, (served, rule))
        for level in levels
    ]
    return {"code": _code(found), "rule": rule, "periods": found}


def _of(level: str, newest_first: Sequence[str]) -> Period:
    return Period.of(level, recent=len(newest_first) > 1 and level == newest_first[0])


def _rule(scores: pd.DataFrame, served: str) -> str:
    """Return "no gap", else the naive rule with the smallest error; "" where there is none."""
    whole = scores[scores["slice"] == "all"].set_index("model")["mae"].dropna()
    if NO_GAP in whole and served != NO_GAP:
        return NO_GAP
    naive = whole[[name != served and candidate_kind(name) == "naive" for name in whole.index]]
    return str(naive.idxmin()) if len(naive) else ""


def _period(
    rows: pd.DataFrame,
    period: Period,
    years: pd.DataFrame,
    covered: pd.DataFrame | None,
    models: tuple[str, str],
) -> TrustPeriod:
    served, rule = models
    by_model = rows.set_index("model")
    own = by_model.loc[served] if served in by_model.index else pd.Series(dtype=float)
    mae, mae_rule = own.get("mae"), by_model["mae"].get(rule)
    pairs = years.loc[period.first : period.last].reindex(columns=[served, rule]).dropna()
    skill = 1 - mae / mae_rule if mae is not None and mae_rule else None
    coverage = None
    if covered is not None:
        at = covered[(covered["slice"] == PERIOD) & (covered["level"] == period.level)]
        coverage = at["coverage"].iloc[0] if len(at) else None
    return {
        "first": period.first,
        "last": period.last,
        "recent": period.recent,
        "mae": rounded(mae),
        "mae_rule": rounded(mae_rule),
        "skill": rounded(skill),
        "wins": int((pairs[served] < pairs[rule]).sum()),
        "years": len(pairs),
        "rank_correlation": rounded(own.get("rank_correlation")),
        "sign_accuracy": rounded(own.get("sign_hit_rate")),
        "coverage": rounded(coverage),
    }


def _code(periods: Sequence[TrustPeriod]) -> Code:
    if not periods or any(own["skill"] is None for own in periods):
        return "unknown"
    if periods[0]["recent"] and all(_ahead(own, GOOD) for own in periods):
        return "good"
    return "fair" if _ahead(periods[0], FAIR) else "low"


def _ahead(period: TrustPeriod, least: float) -> bool:
    skill = period["skill"]
    return skill is not None and skill >= least and 2 * period["wins"] > period["years"]
