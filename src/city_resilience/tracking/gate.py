"""The champion gate: paired yearly errors of two models on identical rows; who is champion."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Literal

import pandas as pd

from city_resilience.errors import GateRefused, InputError
from city_resilience.foreign import read_table
from city_resilience.models.manifest import read_manifest
from city_resilience.report.texts import Texts, measure_words
from city_resilience.tracking.registry import (
    RECIPE,
    ModelVersion,
    bundle_of,
    champion_of,
    run_file,
    set_champion,
)
from city_resilience.tracking.store import Store

__all__ = [
    "Behind",
    "Decision",
    "Promotion",
    "Verdict",
    "champion_gate",
    "compare_versions",
    "promote",
]

KEYS = ["city", "origin", "horizon"]
PAIR_COLUMNS = ["horizon", "origin", "challenger", "champion", "rows"]
LEAST_SHARE = 0.9
TRUTH_TOLERANCE = 1e-6
Decision = Literal[
    "first",
    "lower",
    "behind_naive",
    "not_lower",
    "same_recipe",
    "few_rows",
    "other_outcomes",
    "not_refitted",
]


@dataclass(frozen=True)
class Behind:
    """A naive rule with smaller errors at a horizon, by how many percent of its own error."""

    naive: str
    horizon: int
    percent: int


@dataclass(frozen=True)
class Verdict:
    """What the gate decided and why.

    Attributes
    ----------
    decision : str
        ``first`` (there is no champion), ``lower`` or ``not_lower`` (the challenger's error),
        ``behind_naive`` (it would have been one of the first two, and a naive rule has smaller
        errors), or why nothing was compared: ``same_recipe``, ``few_rows``, ``other_outcomes``,
        ``not_refitted``.
    pairs : DataFrame
        Columns ``PAIR_COLUMNS``: the mean absolute errors (pp) of both models at each horizon and
        origin, on the same rows; empty where nothing was compared.
    common, rows, different : int
        Scored rows that both models have, those of the larger of both, and common rows whose
        outcomes differ.
    problem : str
        Why the champion could not be refitted.
    behind : Behind or None
        The naive rule that is ahead.
    """

    decision: Decision
    pairs: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=PAIR_COLUMNS))
    common: int = 0
    rows: int = 0
    different: int = 0
    problem: str = ""
    behind: Behind | None = None

    def against(self, behind: Behind | None) -> Verdict:
        """Return the verdict with what a naive rule that is ahead at the first horizon makes of it.

        It stands in the way of a model that would become champion; the others stay as they are.
        """
        if behind is None or self.decision not in ("first", "lower"):
            return self
        return replace(self, decision="behind_naive", behind=behind)

    @property
    def passes(self) -> bool:
        """Whether the challenger shall take the champion's place."""
        return self.decision == "lower"

    @property
    def first_horizon(self) -> pd.DataFrame:
        """The pairs that decide."""
        return self.pairs[self.pairs["horizon"] == self.pairs["horizon"].min()]

    @property
    def challenger_mae(self) -> float:
        """Mean over the years of the first horizon, pp; NaN when nothing was compared."""
        return float(self.first_horizon["challenger"].mean())

    @property
    def champion_mae(self) -> float:
        """As `challenger_mae`."""
        return float(self.first_horizon["champion"].mean())

    @property
    def difference(self) -> float:
        """Challenger minus champion, pp."""
        return self.challenger_mae - self.champion_mae

    @property
    def common_share(self) -> float:
        """Scored rows that both models have, relative to the larger of both."""
        return self.common / self.rows if self.rows else 0.0

    def words(self, language: str = "en", measure: str = "growth_gap") -> str:
        """Give the reason in one sentence, errors in the unit of the measure."""
        first, say = self.first_horizon, Texts(measure_words(measure))
        behind = self.behind or Behind("", 0, 0)
        found = say(
            f"gate_{self.decision}",
            challenger=self.challenger_mae,
            champion=self.champion_mae,
            horizon=behind.horizon or first["horizon"].min(),
            naive=say.name("model", behind.naive) if behind.naive else "",
            percent=behind.percent,
            won=(first["challenger"] < first["champion"]).sum(),
            years=len(first),
            common=self.common,
            rows=self.rows,
            share=f"{self.common_share:.0%}",
            least=f"{LEAST_SHARE:.0%}",
            different=self.different,
            problem=self.problem,
        )
        return found[language]


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
    return replace(verdict, decision="lower") if verdict.difference < 0 else verdict


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


def _pairs(both: pd.DataFrame) -> pd.DataFrame:
    errors = both.assign(
        challenger=(both["forecast"] - both["truth"]).abs(),
        champion=(both["forecast_champion"] - both["truth"]).abs(),
        rows=1,
    )
    yearly = errors.groupby(["horizon", "origin"], as_index=False)
    return yearly.agg({"challenger": "mean", "champion": "mean", "rows": "sum"})[PAIR_COLUMNS]


@dataclass(frozen=True)
class Promotion:
    """Why a version is champion now.

    Attributes
    ----------
    reason : str
        ``already`` (it was before), ``forced``, ``first`` (there was none), ``refitted`` (it has
        the champion's recipe) or ``gate`` (its errors are lower).
    verdict : Verdict or None
        The gate's, where it was asked.
    """

    version: ModelVersion
    reason: Literal["already", "forced", "first", "refitted", "gate"]
    verdict: Verdict | None = None


def compare_versions(challenger: ModelVersion, champion: ModelVersion, store: Store) -> Verdict:
    """Return the gate's verdict on two versions, from the backtests of their runs."""
    return champion_gate(_served_backtest(challenger, store), _served_backtest(champion, store))


def promote(version: ModelVersion, store: Store, *, force: bool = False) -> Promotion:
    """Make a version the champion.

    Raises
    ------
    GateRefused
        If its errors are not lower than the champion's and its recipe is another, unless forced.
    """
    with store.turn():
        champion = champion_of(version.name, store)
        promotion = _judged(version, champion, store, force)
        if promotion.reason != "already":
            set_champion(version, store)
    return promotion


def _judged(
    version: ModelVersion, champion: ModelVersion | None, store: Store, force: bool
) -> Promotion:
    if champion is None:
        return Promotion(version, "first")
    if champion.version == version.version:
        return Promotion(version, "already")
    if force:
        return Promotion(version, "forced")
    if champion.same_recipe(version.tags.get(RECIPE)):
        return Promotion(version, "refitted")
    verdict = compare_versions(version, champion, store)
    if not verdict.passes:
        raise GateRefused(
            f"{version.reference} is not promoted: {verdict.words()}; "
            "train both on the same panel, or give --force"
        )
    return Promotion(version, "gate", verdict)


def _served_backtest(version: ModelVersion, store: Store) -> pd.DataFrame:
    serve = read_manifest(bundle_of(version, store)).experiment["model"]["serve"]
    frame = read_table(run_file(version, "backtest.parquet", store))
    return frame[frame["model"] == serve]
