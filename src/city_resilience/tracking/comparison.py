"""Two registered versions beside each other: what is new in recipe, data, scores and forecasts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal

import pandas as pd

from city_resilience.errors import InputError
from city_resilience.evaluation.added import ADDED_COLUMNS, added_origins
from city_resilience.explain.beside import MOVE_COLUMNS, forecasts_beside, sizes_beside
from city_resilience.foreign import read_json, read_table
from city_resilience.models.rows import FORECAST
from city_resilience.reading.marks import MARKS, Revisions, read_marks, revised
from city_resilience.report.texts import Both
from city_resilience.tracking.contender import Contender, contender_of
from city_resilience.tracking.gate import judge_versions, scored_by
from city_resilience.tracking.metrics import flat_params
from city_resilience.tracking.registry import ModelVersion, run_file
from city_resilience.tracking.store import Store
from city_resilience.tracking.verdict import Verdict

__all__ = ["REVISED_FORECASTS", "Comparison", "Kind", "compare_versions"]

REVISED_FORECASTS = "revised_forecasts.csv"
"""File of a run: how far the champion's forecasts move on the revised panel, `forecasts_moved`."""
Kind = Literal["same", "newer", "revised", "older", "recipe"]
_KINDS: Mapping[str, Kind] = {
    "newer_data": "newer",
    "refit": "newer",
    "revised_data": "revised",
    "same_data": "same",
    "older_data": "older",
}
_NO_RECIPE = (
    "experiment.title",
    "experiment.title_zh",
    "data.path",
    "data.coordinates",
    "data.vintages",
    "gate.",
    "monitor.",
    "issued.",
)


@dataclass(frozen=True)
class Comparison:
    """What is new in a version beside another.

    Attributes
    ----------
    kind : str
        ``newer``: the normal year, the same recipe on newer data; ``recipe``: another recipe;
        ``revised``: the same recipe on revised data to the same year; ``same``; ``older``.
    verdict : Verdict
        As `judge_versions` gives it.
    challenger, champion : ModelVersion
    origins : tuple of int
        Newest years of the data of champion and challenger.
    horizons : tuple of int
        Of the challenger.
    recipe : DataFrame
        ``key, champion, challenger``: the keys of the experiments that differ.
    revisions : Revisions or None
        What the challenger's panel says otherwise; None where a run has no marks of its panel.
    added : DataFrame
        As of `added_origins`.
    moved : DataFrame
        As of `forecasts_beside`.
    revised_moves : DataFrame
        As of `forecasts_moved`: how far the champion's forecasts move because of revised figures
        alone, as the training of the challenger found it.
    families, indicators : DataFrame
        As of `sizes_beside`.
    labels : mapping of str to mapping of str to str
        Indicator → language → name.
    """

    kind: Kind
    verdict: Verdict
    challenger: ModelVersion
    champion: ModelVersion
    origins: tuple[int, int]
    horizons: tuple[int, ...]
    recipe: pd.DataFrame
    revisions: Revisions | None = None
    added: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(ADDED_COLUMNS)))
    moved: pd.DataFrame = field(default_factory=lambda: pd.DataFrame(columns=list(MOVE_COLUMNS)))
    revised_moves: pd.DataFrame = field(
        default_factory=lambda: pd.DataFrame(columns=list(MOVE_COLUMNS))
    )
    families: pd.DataFrame = field(default_factory=pd.DataFrame)
    indicators: pd.DataFrame = field(default_factory=pd.DataFrame)
    labels: Mapping[str, Both] = field(default_factory=dict)


def compare_versions(challenger: ModelVersion, champion: ModelVersion, store: Store) -> Comparison:
    """Compare two registered versions by the files of their runs.

    What a run has not kept, or an imported version never had, stays empty.

    Raises
    ------
    InputError
        If the files of a model are gone.
    """
    own, other = contender_of(challenger, store), contender_of(champion, store)
    verdict = judge_versions(challenger, champion, store)
    kinds = [_KINDS[code] for code in verdict.codes if code in _KINDS]
    found = Comparison(
        kind=kinds[0] if kinds else "recipe",
        verdict=verdict,
        challenger=challenger,
        champion=champion,
        origins=(other.origin, own.origin),
        horizons=own.outcome.horizons,
        recipe=_recipes(other, own),
    )
    return _with_files(found, _Side(challenger, own, store), _Side(champion, other, store))


def _recipes(champion: Contender, challenger: Contender) -> pd.DataFrame:
    """Return the keys of the experiments that differ, and decide forecasts."""
    old, new = flat_params(champion.experiment), flat_params(challenger.experiment)
    rows = [
        (key, old.get(key, ""), new.get(key, ""))
        for key in dict.fromkeys([*old, *new])
        if old.get(key) != new.get(key) and not key.startswith(_NO_RECIPE)
    ]
    return pd.DataFrame(rows, columns=["key", "champion", "challenger"])


@dataclass(frozen=True)
class _Side:
    version: ModelVersion
    contender: Contender
    store: Store

    def file(self, name: str) -> Path:
        return run_file(self.version, name, self.store)

    def forecast(self) -> pd.DataFrame:
        return read_table(self.file("forecast.csv"))

    def drivers(self) -> pd.DataFrame:
        return read_table(self.file("drivers.parquet"))

    def backtest(self) -> pd.DataFrame:
        frame = read_table(self.file("backtest.parquet"))
        return frame[frame["information"] == FORECAST]

    def labels(self) -> dict[str, Both]:
        summary = read_json(self.file("summary.json"), "train the model again")
        return {own["id"]: {"en": own["en"], "zh": own["zh"]} for own in summary["indicators"]}


def _with_files(found: Comparison, own: _Side, other: _Side) -> Comparison:
    """Add what the files of both runs tell; what one of them lacks stays empty."""
    parts: dict[str, Any] = {}
    for add in (_marks, _added, _forecasts, _revised_moves):
        try:
            parts |= add(own, other)
        except InputError:
            continue
    return replace(found, **parts)


def _marks(own: _Side, other: _Side) -> dict[str, Any]:
    return {"revisions": revised(read_marks(other.file(MARKS)), read_marks(own.file(MARKS)))}


def _added(own: _Side, other: _Side) -> dict[str, Any]:
    served = own.contender.experiment.model.serve
    known = scored_by(other.contender, other.version, other.store)
    return {"added": added_origins(own.backtest(), served, known, other.forecast())}


def _forecasts(own: _Side, other: _Side) -> dict[str, Any]:
    before, after = other.drivers(), own.drivers()
    return {
        "moved": forecasts_beside(other.forecast(), own.forecast(), before, after),
        "families": sizes_beside(before, after),
        "indicators": sizes_beside(before, after, "indicator"),
        "labels": other.labels() | own.labels(),
    }


def _revised_moves(own: _Side, other: _Side) -> dict[str, Any]:
    """Return what the training found, if it was beside this champion."""
    if own.version.tags.get("verdict_against") != other.version.reference:
        return {}
    return {"revised_moves": read_table(own.file(REVISED_FORECASTS))}
