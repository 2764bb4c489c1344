"""The champion gate: paired yearly errors of two models on identical rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import pandas as pd

from city_resilience.errors import InputError
from city_resilience.report.texts import load_texts

__all__ = ["Decision", "Verdict", "YearPair", "champion_gate"]

KEYS = ["city", "origin", "horizon"]
LEAST_SHARE = 0.9
TRUTH_TOLERANCE = 1e-6
Decision = Literal[
    "first", "lower", "not_lower", "same_recipe", "few_rows", "other_outcomes", "not_refitted"
]


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
    decision : str
        ``first`` (there is no champion), ``lower`` or ``not_lower`` (the challenger's error), or
        why nothing was compared: ``same_recipe``, ``few_rows``, ``other_outcomes``,
        ``not_refitted``.
    pairs : tuple of YearPair
        All horizons.
    common, rows, different : int
        Scored rows that both models have, those of the larger of both, and common rows whose
        outcomes differ.
    problem : str
        Why the champion could not be refitted.
    """

    decision: Decision
    pairs: tuple[YearPair, ...] = ()
    common: int = 0
    rows: int = 0
    different: int = 0
    problem: str = ""

    @property
    def passes(self) -> bool:
        """Whether the challenger shall take the champion's place."""
        return self.decision == "lower"

    @property
    def first_horizon(self) -> tuple[YearPair, ...]:
        """The pairs that decide."""
        return tuple(pair for pair in self.pairs if pair.horizon == self.pairs[0].horizon)

    @property
    def challenger_mae(self) -> float | None:
        """Mean over the years of the first horizon, pp; None when nothing was compared."""
        return _mean([pair.challenger for pair in self.first_horizon])

    @property
    def champion_mae(self) -> float | None:
        """As `challenger_mae`."""
        return _mean([pair.champion for pair in self.first_horizon])

    @property
    def difference(self) -> float | None:
        """Challenger minus champion, pp."""
        challenger, champion = self.challenger_mae, self.champion_mae
        return None if challenger is None or champion is None else challenger - champion

    @property
    def common_share(self) -> float:
        """Scored rows that both models have, relative to the larger of both."""
        return self.common / self.rows if self.rows else 0.0

    def words(self, language: str = "en", measure: str = "growth_gap") -> str:
        """Give the reason in one sentence, errors in the unit of the measure."""
        first = self.first_horizon
        return load_texts(measure)[language][f"gate_{self.decision}"].format(
            challenger=f"{self.challenger_mae or 0:.4f}",
            champion=f"{self.champion_mae or 0:.4f}",
            horizon=first[0].horizon if first else "",
            won=sum(pair.challenger < pair.champion for pair in first),
            years=len(first),
            common=self.common,
            rows=self.rows,
            share=f"{self.common_share:.0%}",
            least=f"{LEAST_SHARE:.0%}",
            different=self.different,
            problem=self.problem,
        )


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
    verdict = Verdict("few_rows", common=len(both), rows=max(len(left), len(right)))
    if verdict.common_share < LEAST_SHARE:
        return verdict
    if differ := int(((both["truth"] - both["truth_champion"]).abs() > TRUTH_TOLERANCE).sum()):
        return replace(verdict, decision="other_outcomes", different=differ)
    verdict = replace(verdict, decision="not_lower", pairs=_pairs(both))
    lower = (verdict.difference or 0.0) < 0
    return replace(verdict, decision="lower") if lower else verdict


def _mean(errors: Sequence[float]) -> float | None:
    return sum(errors) / len(errors) if errors else None


def _common_origins(rows: pd.DataFrame, other: pd.DataFrame) -> pd.DataFrame:
    """Keep the origins and horizons that the other backtest scored as well."""
    keys = ["origin", "horizon"]
    return rows.merge(other[keys].drop_duplicates(), on=keys)


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
