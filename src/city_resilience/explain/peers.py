"""The peers of a city: the cities nearest to it in place, size and structure at the origin.

The squared distance is the mean of up to three parts, each 1 on average between two cities of the
nation drawn at random (`likeness`):

- groups: the share of the groupings (region, administrative rank, size class) in which two differ;
- size: half the mean squared difference of the standardised indicators `SIZE`;
- structure: the same of the levels of the family ``structure``.

Nothing in it is later than the origin, and nothing in it is the outcome's growth.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Mask, Positions, Strings
from city_resilience.explain.likeness import group_distance, square_distance, standardised
from city_resilience.models.rows import ForecastRows
from city_resilience.tasks.dataset import AsOf, Dataset
from city_resilience.tasks.series import carried

__all__ = ["GROUPINGS", "PARTS", "PEERS", "SIZE", "Peers", "peers_by_city", "peers_of"]

PEERS = 10
GROUPINGS = ("region", "rank", "size", "size_class")
"""Groupings that are compared where a panel has one of them; else all but province and nation."""
SIZE = ("log_size", "log_population", "log_output_per_head", "rate_less_mean", "urbanisation")
PARTS = ("groups", "size", "structure")
CHANGES = ("pp", "log points")
"""Units of indicators that say how a structure changed, not what it is."""


@dataclass(frozen=True)
class Peers:
    """The cities nearest to one.

    Attributes
    ----------
    table : DataFrame
        ``city, province, distance, groups, size, structure``, the nearest first; a part is NaN
        where it is not known.
    groupings : tuple of str
        The groupings that were compared.
    indicators : tuple of str
        The indicators that were compared.
    """

    table: pd.DataFrame
    groupings: tuple[str, ...]
    indicators: tuple[str, ...]

    @property
    def cities(self) -> tuple[str, ...]:
        """Names, the nearest first."""
        return tuple(self.table["city"])


def peers_of(rows: ForecastRows, city: str, oldest: int = 0, most: int = PEERS) -> Peers:
    """Return the peers of a city among the cities of its nation that have a value at the origin.

    Parameters
    ----------
    rows : ForecastRows
        All rows of a panel.
    city : str
        Name of one of them; a stale city is compared at its own origin.
    oldest : int
        How many years old an indicator may be (``features.carry_forward``).
    most : int
        How many peers.
    """
    dataset = rows.dataset
    own = dataset.cities.index(city)
    view = dataset.at(int(rows.origins[rows.cities == own][0]))
    parts, distance = _distances(dataset, own, _standing(view, oldest))
    table = pd.DataFrame({"city": dataset.cities, "province": _provinces(dataset), **parts})
    table.insert(2, "distance", distance)
    near = _nearest(dataset, own, view.reporting, distance, most)
    compared = (*_positions(dataset, SIZE), *_structure(dataset))
    return Peers(
        table=table.iloc[near].reset_index(drop=True),
        groupings=_groupings(dataset)[0],
        indicators=tuple(dataset.indicators.ids[k] for k in compared),
    )


def peers_by_city(rows: ForecastRows, oldest: int = 0, most: int = PEERS) -> dict[str, list[str]]:
    """Return the names of the peers of every city that has a forecast, as of `peers_of`."""
    dataset, found = rows.dataset, {}
    for origin in np.unique(rows.origins):
        view = dataset.at(int(origin))
        values, reporting = _standing(view, oldest), view.reporting
        for own in np.unique(rows.cities[rows.origins == origin]).tolist():
            _, distance = _distances(dataset, own, values)
            near = _nearest(dataset, own, reporting, distance, most)
            found[dataset.cities[own]] = [dataset.cities[at] for at in near.tolist()]
    return found


def _distances(dataset: Dataset, own: int, values: Float) -> tuple[dict[str, Float], Float]:
    """Return the parts of the distance of a city from every city, and the distance."""
    parts = {
        "groups": _of_groups(_groupings(dataset)[1], own, len(dataset.cities)),
        "size": _of_indicators(values, _positions(dataset, SIZE), own),
        "structure": _of_indicators(values, _structure(dataset), own),
    }
    known = [parts[name] for name in PARTS if np.isfinite(parts[name]).any()]
    if not known:
        return parts, np.full(len(dataset.cities), np.nan)
    # With a part left out, a city of which little is known would look near.
    return parts, np.sqrt(np.mean(known, axis=0))


def _nearest(dataset: Dataset, own: int, reporting: Mask, distance: Float, most: int) -> Positions:
    """Return the nearest cities of the same nation that report, by distance, then by name."""
    candidate = reporting & _same_nation(dataset, own) & np.isfinite(distance)
    candidate[own] = False
    near = np.flatnonzero(candidate)
    return np.asarray(near[np.argsort(distance[near], kind="stable")[:most]])


def _standing(view: AsOf, oldest: int) -> Float:
    """Indicators of each city in its newest year that may be read, standardised: (cities, k)."""
    count = view.indicators.shape[-1]
    ages = np.zeros(count, dtype=np.int64), np.full(count, oldest, dtype=np.int64)
    values, _ = carried(view.indicators[:, -1 - oldest :], *ages)
    return standardised(values[:, -1], view.nation)


def _positions(dataset: Dataset, ids: tuple[str, ...]) -> list[int]:
    return [k for k, name in enumerate(dataset.indicators.ids) if name in ids]


def _structure(dataset: Dataset) -> list[int]:
    return [
        k
        for k, spec in enumerate(dataset.indicators.specs)
        if spec.family == "structure" and spec.unit not in CHANGES
    ]


def _of_indicators(values: Float, positions: list[int], own: int) -> Float:
    if not positions or not np.isfinite(values[own, positions]).any():
        return np.full(len(values), np.nan)
    return square_distance(values[own, positions], values[:, positions])


def _groupings(dataset: Dataset) -> tuple[tuple[str, ...], list[Strings]]:
    places = [name for name in dataset.groups if name not in ("province", "nation")]
    named = tuple(name for name in places if name in GROUPINGS) or tuple(places)
    return named, [dataset.groups[name] for name in named]


def _of_groups(levels: list[Strings], own: int, count: int) -> Float:
    known = [level for level in levels if level[own] != ""]
    chance = float(np.mean([_differ_at_random(level) for level in known])) if known else 0.0
    if chance == 0.0:
        return np.full(count, np.nan)
    return group_distance(np.column_stack([level != level[own] for level in known]), chance)


def _differ_at_random(level: Strings) -> float:
    counts = np.unique(level, return_counts=True)[1]
    return float(1.0 - ((counts / counts.sum()) ** 2).sum())


def _same_nation(dataset: Dataset, own: int) -> Mask:
    nations = dataset.groups.get("nation")
    if nations is None:
        return np.ones(len(dataset.cities), dtype=bool)
    same: Mask = nations == nations[own]
    return same


def _provinces(dataset: Dataset) -> Strings:
    blank: Strings = np.full(len(dataset.cities), "", dtype=np.str_)
    return dataset.groups.get("province", blank)
