"""Registered versions compared by what their runs left, and made champion."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

from city_resilience.errors import GateRefused
from city_resilience.models.manifest import read_manifest
from city_resilience.tracking.gate import Verdict, champion_gate
from city_resilience.tracking.registry import (
    RECIPE,
    ModelVersion,
    bundle_of,
    champion_of,
    run_file,
    set_champion,
)
from city_resilience.tracking.store import Store

__all__ = ["Promotion", "compare_versions", "promote"]


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
    frame = pd.read_parquet(run_file(version, "backtest.parquet", store))
    return frame[frame["model"] == serve]
