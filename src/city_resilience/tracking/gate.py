"""The champion gate: paired yearly errors of two models on identical rows."""

from __future__ import annotations

from dataclasses import dataclass

import pandas as pd

from city_resilience.errors import InputError

__all__ = ["Verdict", "YearPair", "champion_gate"]

KEYS = ["city", "origin", "horizon"]
LEAST_SHARE = 0.9
TRUTH_TOLERANCE = 1e-6


@dataclass(frozen=True)
class YearPair:
    """Mean absolute errors (pp) of both models at one origin and horizon, on the same rows."""

    horizon: int
    origin: int
    challenger: float
    champion: float
    rows: int


@dataclass(frozen=True)
class Verdict:
    """What the gate decided and why.

    Attributes
    ----------
    passes : bool
        Whether the challenger shall become champion.
    words : str
        The reason, one sentence.
    pairs : tuple of YearPair
        All horizons.
    challenger_mae, champion_mae, difference : float or None
        Means over the years of the first horizon, and challenger minus champion, pp; None when
        the models could not be compared.
    common_share : float
        Rows that both models have, relative to the larger of both.
    """

    passes: bool
    words: str
    pairs: tuple[YearPair, ...] = ()
    challenger_mae: float | None = None
    champion_mae: float | None = None
    difference: float | None = None
    common_share: float = 0.0


def champion_gate(challenger: pd.DataFrame, champion: pd.DataFrame) -> Verdict:
    """Compare the backtests of two models that were refitted on the same panel.

    Compared are the origins and horizons that both have. The challenger passes if and only if its
    yearly mean absolute error, averaged over the years of the first horizon, is lower. A tie does
    not pass.

    Parameters
    ----------
    challenger, champion : DataFrame
        Backtest frames of one model each: city, origin, horizon, truth, forecast. Rows without a
        truth or a forecast do not count.

    Raises
    ------
    InputError
        If a frame holds a city, origin and horizon twice.
    """
    left, right = _scored(challenger, "challenger"), _scored(champion, "champion")
    left, right = _common_origins(left, right), _common_origins(right, left)
    both = left.merge(right, on=KEYS, suffixes=("", "_champion"))
    larger = max(len(left), len(right))
    share = len(both) / larger if larger else 0.0
    if share < LEAST_SHARE:
        return Verdict(
            passes=False,
            words=f"not comparable: the models share {len(both)} of {larger} scored rows "
            f"({share:.0%}), {LEAST_SHARE:.0%} are needed",
            common_share=share,
        )
    if differ := int(((both["truth"] - both["truth_champion"]).abs() > TRUTH_TOLERANCE).sum()):
        return Verdict(
            passes=False,
            words=f"not comparable: the outcomes differ on {differ} of {len(both)} common rows; "
            "backtest both models on the same panel",
            common_share=share,
        )
    return _judge(_pairs(both), share)


def _common_origins(rows: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Keep the origins and horizons that the other backtest scored as well."""
    keys = ["origin", "horizon"]
    return rows.merge(other[keys].drop_duplicates(), on=keys)


def _judge(pairs: tuple[YearPair, ...], share: float) -> Verdict:
    first = [pair for pair in pairs if pair.horizon == pairs[0].horizon]
    challenger = sum(pair.challenger for pair in first) / len(first)
    champion = sum(pair.champion for pair in first) / len(first)
    passes = challenger < champion
    better = sum(pair.challenger < pair.champion for pair in first)
    verb = "is lower than" if passes else "is not lower than"
    return Verdict(
        passes=passes,
        words=f"the challenger's mean yearly MAE at h = {first[0].horizon}, {challenger:.4f} pp, "
        f"{verb} the champion's {champion:.4f} pp (better in {better} of {len(first)} years)",
        pairs=pairs,
        challenger_mae=challenger,
        champion_mae=champion,
        difference=challenger - champion,
        common_share=share,
    )


def _scored(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    rows = frame[[*KEYS, "truth", "forecast"]].dropna()
    twice = rows.duplicated(KEYS)
    if twice.any():
        city, origin, horizon = rows.loc[twice, KEYS].iloc[0]
        raise InputError(
            f"backtest of the {name}: {city} {origin}, horizon {horizon}, is there twice; "
            "select the rows of one model"
        )
    return rows


def _pairs(both: pd.DataFrame) -> tuple[YearPair, ...]:
    errors = both.assign(
        challenger=(both["forecast"] - both["truth"]).abs(),
        champion=(both["forecast_champion"] - both["truth"]).abs(),
    )
    yearly = errors.groupby(["horizon", "origin"])[["challenger", "champion"]]
    means, counts = yearly.mean(), yearly.size()
    return tuple(
        YearPair(int(horizon), int(origin), float(a), float(b), int(rows))
        for (horizon, origin), a, b, rows in zip(
            means.index, means["challenger"], means["champion"], counts, strict=True
        )
    )
