"""Families of indicators, taken out of the served recipe and added to history alone.

Each is a variant of the recipe on other columns; nothing else changes, and the blend of a variant
is weighted by what that variant forecast at earlier origins. A family is judged over the origins at
which it has columns.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from city_resilience.arrays import Positions
from city_resilience.evaluation.candidates import HISTORY_ONLY
from city_resilience.evaluation.engine import Rolled, Variant
from city_resilience.evaluation.forecasts import forecast_frame
from city_resilience.evaluation.scores import yearly
from city_resilience.evaluation.significance import COMPARED, compare_errors, underpowered
from city_resilience.evaluation.study.context import Context, Part
from city_resilience.tasks.task import Task

__all__ = [
    "ABLATION_COLUMNS",
    "ADDED",
    "BEYOND",
    "EVERY_YEAR",
    "WITHOUT",
    "Change",
    "ablation",
    "changes",
    "variant_forecasts",
]

WITHOUT, ADDED, BEYOND = "without", "added", "beyond"
"""Variants: a family left out, a family added to history alone, all families beyond history."""
ALL_FAMILIES, EVERY_YEAR = "all", "all"
ABLATION_COLUMNS = (
    *("horizon", "family", "variant", "origin", "columns", "years", "n"),
    *("mae", "mae_reference", "skill_naive", *COMPARED, "outcome", "underpowered"),
)


@dataclass(frozen=True)
class Change:
    """What is done with a family.

    Attributes
    ----------
    family : str
        Id of the family, ``all`` for all of them.
    name : str
        ``WITHOUT``, ``ADDED`` or ``BEYOND``.
    ids : frozenset of str
        Indicators of the family.
    """

    family: str
    name: str
    ids: frozenset[str] = frozenset()

    @property
    def id(self) -> str:
        """Name of the variant."""
        return f"{self.name}: {self.family}"

    def columns(self, task: Task) -> Positions:
        """Return the columns that members see."""
        own = task.spec.family_columns(self.ids)
        if self.name == WITHOUT:
            return np.setdiff1d(np.arange(len(task.spec.columns)), own)
        return np.union1d(task.learnt.history, own)


def changes(context: Context) -> list[Change]:
    """Return what is done: each family that has a column left out, then each added to history."""
    family = {spec.id: spec.family for spec in context.engine.dataset.specs}
    specs = [spec for horizon in context.horizons for spec in context.specs(horizon).values()]
    present = {family[name] for spec in specs for name, _ in spec.columns}
    ids = {
        own: frozenset(name for name in family if family[name] == own)
        for own in dict.fromkeys(family.values())
        if own in present
    }
    left_out = [Change(own, WITHOUT, ids[own]) for own in ids]
    return [*left_out, *(Change(own, ADDED, ids[own]) for own in ids if own != "history")]


def variant_forecasts(context: Context) -> dict[Change, dict[int, Rolled]]:
    """Forecast all origins without each family, and with it added to history, by horizon."""
    found = changes(context)
    variants = [Variant(change.id, change.columns) for change in found]
    rolled = context.engine.roll(variants, context.horizons, context.origins, "families")
    return {change: rolled[change.id] for change in found}


def ablation(context: Context) -> Part:
    """Measure what each family is worth, by origin and in the mean.

    Returns
    -------
    Part
        ``ABLATION_COLUMNS``. ``difference`` is the MAE of the variant minus that of its reference
        (pp): the served recipe for ``without``, history alone for the others. ``low, high`` is
        the t interval over paired years, ``city_low, city_high`` the bootstrap over cities;
        ``outcome`` is helps, hurts or nothing, and the first two only where both intervals agree.
    """
    dataset = context.engine.dataset
    beyond = frozenset(spec.id for spec in dataset.specs if spec.family != "history")
    together = Change(ALL_FAMILIES, BEYOND, beyond)
    forecasts = variant_forecasts(context)
    tables = []
    for horizon in context.horizons:
        rows = context.rows(context.served, horizon).assign(model=together.id)
        tables.append(_table(context, together, rows, horizon))
        for change, rolled in forecasts.items():
            if any(_columns(context, change, horizon).values()):
                own = rolled[horizon].of(context.served)
                served = {o: values for o, values in own.items() if o in context.scored}
                rows = forecast_frame(dataset, horizon, {change.id: served})
                tables.append(_table(context, change, rows, horizon))
    return Part(pd.concat(tables, ignore_index=True))


def _columns(context: Context, change: Change, horizon: int) -> dict[int, int]:
    """How many columns the family has at each scored origin."""
    specs = context.specs(horizon).items()
    return {o: len(spec.family_columns(change.ids)) for o, spec in specs if o in context.scored}


def _table(context: Context, change: Change, rows: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """Score a variant against its reference over all origins with columns, and at each."""
    naive, columns = context.naive[horizon], _columns(context, change, horizon)
    reference = context.served if change.name == WITHOUT else HISTORY_ONLY
    others = [context.rows(name, horizon) for name in dict.fromkeys((reference, naive))]
    frame = pd.concat([rows, *others])
    found = _by_origin(yearly(frame), (change.id, reference, naive), columns)
    judged = frame[frame["origin"].isin([o for o, count in columns.items() if count])]
    if len(judged):
        settings = context.settings
        compared = compare_errors(judged, change.id, reference, settings.draws, settings.seed)
        years = found[found["columns"] > 0]
        found = pd.concat([_overall(change, years, compared, horizon), found])
    found = found.assign(horizon=horizon, family=change.family, variant=change.name)
    return found.reindex(columns=list(ABLATION_COLUMNS))


def _by_origin(
    scores: pd.DataFrame, models: tuple[str, str, str], columns: Mapping[int, int]
) -> pd.DataFrame:
    """Lay out the errors of a variant, its reference and the naive rule by origin."""
    own, reference, naive = models
    years = scores.pivot_table(index="origin", columns="model", values="mae")
    counts = scores[scores["model"] == own].set_index("origin")["n"]
    table = pd.DataFrame({"mae": years[own], "mae_reference": years[reference], "n": counts})
    table["mae_naive"] = years[naive]
    table["skill_naive"] = 1 - table["mae"] / table["mae_naive"]
    table["difference"] = table["mae"] - table["mae_reference"]
    table["columns"] = [columns[origin] for origin in table.index]
    return table.assign(years=1, origin=table.index.astype(str))


def _overall(
    change: Change, years: pd.DataFrame, compared: Mapping[str, float], horizon: int
) -> pd.DataFrame:
    """Judge a variant over the origins at which the family has columns."""
    means = years[["mae", "mae_reference", "mae_naive"]].mean()
    sign = 1.0 if change.name == WITHOUT else -1.0
    bounds = [sign * compared[name] for name in ("low", "high", "city_low", "city_high")]
    row = {
        "origin": EVERY_YEAR,
        "years": len(years),
        "n": int(years["n"].sum()),
        **means,
        "skill_naive": 1 - means["mae"] / means["mae_naive"],
        **compared,
        "outcome": _outcome([bounds[:2], bounds[2:]]),
        "underpowered": underpowered(len(years), horizon),
    }
    return pd.DataFrame([row])


def _outcome(intervals: Sequence[Sequence[float]]) -> str:
    """Say whether a family helps, from intervals in which above zero means that it does."""
    if all(min(pair) > 0 for pair in intervals):
        return "helps"
    if all(max(pair) < 0 for pair in intervals):
        return "hurts"
    return "nothing"
