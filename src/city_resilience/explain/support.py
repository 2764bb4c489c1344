"""How far a scenario lies from what comparable cities have ever shown.

What is set may not leave the range that the nation's cities have had in any year up to the origin,
and is flagged outside the peers' 5-95 %. What follows is flagged. The whole row is compared with
the rows that a model learns from: the distance to the nearest of them of another city, beside the
same distance of those rows themselves.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from city_resilience.arrays import Float, Mask, Positions
from city_resilience.errors import InputError
from city_resilience.explain.moving import INDICATOR, VARIABLE, Ground, MovedCity
from city_resilience.explain.peers import peers_of
from city_resilience.explain.settings import PREFIX, Setting
from city_resilience.tasks.features import (
    FeatureSpec,
    feature_matrix,
    features_in_year,
    indicators_in_year,
)

__all__ = ["FAR", "OUTSIDE_NATION", "OUTSIDE_PEERS", "Nearness", "Support", "support_of"]

OUTSIDE_PEERS, OUTSIDE_NATION, FAR = "outside_peers", "outside_nation", "far_from_training"
"""Flags of a scenario; the first two with the name of what lies outside."""
LOW, HIGH = 0.05, 0.95
OTHER_UNIT = 30.0
"""So many times as large or small as is usual, a value looks like one in another unit."""
SAMPLE = 1000


@dataclass(frozen=True)
class Support:
    """What is said of a scenario's distance to the data.

    Attributes
    ----------
    flags : tuple of str
        ``outside_peers:NAME``, ``outside_nation:NAME``, ``far_from_training``.
    notes : tuple of str
        The same as sentences.
    distance, before : float
        Distance to the nearest training row of another city, after the scenario and before it,
        in standard deviations of a column.
    share, share_before : float
        Share of the training rows that are nearer to such a row.
    """

    flags: tuple[str, ...]
    notes: tuple[str, ...]
    distance: float
    before: float
    share: float
    share_before: float


def support_of(
    ground: Ground,
    moved: MovedCity,
    settings: tuple[Setting, ...],
    near: Nearness | None = None,
) -> Support:
    """Compare a scenario with what cities have shown.

    Parameters
    ----------
    near : Nearness, optional
        That of the ground, where it is known already.

    Raises
    ------
    InputError
        If something is set outside the range that the nation's cities have ever had, or looks as
        if it were in another unit.
    """
    peers = _peers(ground, moved)
    told = list(_set(ground, moved, settings, peers))
    told += _followers(ground, moved, peers, {setting.name for setting in settings})
    near = near or Nearness.of(ground)
    before, after = _distances(ground, moved, near)
    share_before, share = near.share(before), near.share(after)
    if share > HIGH and after > before:
        note = (
            f"the whole row is farther from the rows that the model learns from than "
            f"{share:.0%} of those are from each other (before: {share_before:.0%})"
        )
        told.append((FAR, note))
    flags, notes = (tuple(pair[k] for pair in told) for k in (0, 1))
    return Support(flags, notes, after, before, share, share_before)


def _set(
    ground: Ground, moved: MovedCity, settings: tuple[Setting, ...], peers: Positions
) -> Iterator[tuple[str, str]]:
    """Yield flags and sentences for what is set; refuse what no city has had."""
    moves = moved.moves
    for setting in settings:
        name, variable = setting.name.removeprefix(PREFIX), _is_variable(ground, setting)
        own = (moves["name"] == name) & (moves["of"] == (VARIABLE if variable else INDICATOR))
        row = moves[own].iloc[0]
        seen = _seen(ground, name, variable=variable)
        nation = seen[_nation(ground, moved)]
        _refuse_outside(setting, row["after"], row["before"], nation, seen[peers], row["unit"])
        if _is_outside(row["after"], seen[peers]):
            yield f"{OUTSIDE_PEERS}:{name}", _outside(name, row["after"], row["unit"], seen[peers])


def _distances(ground: Ground, moved: MovedCity, near: Nearness) -> tuple[float, float]:
    """Return how far the row of the city is from the training rows, before and after."""
    spec = ground.forecaster.horizons[min(ground.forecaster.horizons)].spec
    origin, place = int(ground.rows.origins[moved.row]), ground.rows.cities[[moved.row]]
    before, after = (
        features_in_year(where.dataset.at(where.origin), spec, origin)[place]
        for where in (ground.rows, moved.rows)
    )
    return float(near.distances(before, place)[0]), float(near.distances(after, place)[0])


def _is_variable(ground: Ground, setting: Setting) -> bool:
    return setting.name.startswith(PREFIX) or setting.name not in ground.specs


def _peers(ground: Ground, moved: MovedCity) -> Positions:
    """Positions of the peers and the city itself; of the nation where it has no peers."""
    oldest = ground.forecaster.experiment.features.carry_forward
    names = peers_of(ground.rows, moved.city, oldest).cities
    if not names:
        return np.flatnonzero(_nation(ground, moved))
    cities = ground.rows.dataset.cities
    return np.array([cities.index(name) for name in (*names, moved.city)])


def _nation(ground: Ground, moved: MovedCity) -> Mask:
    """Cities of the nation, shape (cities,)."""
    dataset = ground.rows.dataset
    levels = dataset.groups.get("nation", np.full(len(dataset.cities), ""))
    same: Mask = levels == levels[ground.rows.cities[moved.row]]
    return same


def _seen(ground: Ground, name: str, *, variable: bool) -> Float:
    """Values of an indicator or a variable up to the origin, shape (cities, years)."""
    dataset = ground.rows.dataset
    if variable:
        return ground.grid.values[name][:, : ground.grid.column(ground.rows.origin) + 1]
    return dataset.at(ground.rows.origin).indicators[:, :, dataset.indicators.ids.index(name)]


def _is_outside(value: float, seen: Float) -> bool:
    if not np.isfinite(seen).any():
        return False
    low, high = np.nanquantile(seen, (LOW, HIGH))
    return not low <= value <= high


def _outside(name: str, value: float, unit: str, seen: Float) -> str:
    ends = np.nanquantile(seen, (LOW, HIGH))
    now, low, high = _apart(value, *ends)
    return (
        f"{name} would be {now}{_in_unit(unit)}, outside the {low} to {high} that nine tenths of "
        "the values of its peers lie in"
    )


def _apart(value: float, low: float, high: float) -> tuple[str, str, str]:
    """Write a value and a range that it leaves with as many digits as tell them apart."""
    written = [f"{number:.4g}" for number in (value, low, high)]
    for digits in range(5, 13):
        if written[0] not in written[1:]:
            break
        written = [f"{number:.{digits}g}" for number in (value, low, high)]
    return written[0], written[1], written[2]


def _in_unit(unit: str) -> str:
    return f" ({unit})" if unit else ""


def _refuse_outside(
    setting: Setting, after: float, before: float, nation: Float, peers: Float, unit: str
) -> None:
    low, high = np.nanmin(nation), np.nanmax(nation)
    if _other_unit(after, before, nation, peers):
        usual = np.nanmedian(peers)
        raise InputError(
            f"--set {setting.text}: {setting.name} would be {after:.4g}, {after / before:.3g} "
            f"times the city's own {before:.4g} (median of its peers {usual:.4g}), which looks "
            f"like another unit; its unit is {unit or 'none'}; give the value in it"
        )
    if not low <= after <= high:
        now, least, most = _apart(after, low, high)
        raise InputError(
            f"--set {setting.text}: {setting.name} would be {now}{_in_unit(unit)}, and no city has "
            f"ever been outside {least} to {most}; the model knows nothing of such cities, so give "
            "a value in that range"
        )


def _other_unit(after: float, before: float, nation: Float, peers: Float) -> bool:
    """Whether a value is some magnitudes off; signed values tell it from their usual size."""
    usual = float(np.nanquantile(np.abs(peers), HIGH))
    signed = bool(np.nanmin(nation) < 0)
    if not _is_outside(after, peers) or before == 0 or usual == 0:
        return False
    own = usual if signed else before
    ratio = abs(after / own)
    return ratio >= OTHER_UNIT or (not signed and 0 < ratio <= 1 / OTHER_UNIT)


def _followers(
    ground: Ground, moved: MovedCity, peers: Positions, named: set[str]
) -> Iterator[tuple[str, str]]:
    """Yield flags and sentences for indicators of the models that followed out of a range."""
    done = set(named)
    units = {name: spec.unit for name, spec in ground.specs.items()}
    for view in ground.forecaster.views.values():
        for model in view.horizons.values():
            for name, old, new in _read(ground, moved, model.spec):
                if name in done or name not in units or not abs(new - old) > 1e-9 * abs(new):
                    continue
                done.add(name)
                seen = _seen(ground, name, variable=False)
                nation = seen[_nation(ground, moved)]
                if not np.nanmin(nation) <= new <= np.nanmax(nation):
                    told = f"{name} follows to {new:.4g}{_in_unit(units[name])}"
                    yield f"{OUTSIDE_NATION}:{name}", f"{told}, where no city has ever been"
                elif _is_outside(new, seen[peers]) and not _is_outside(old, seen[peers]):
                    yield (
                        f"{OUTSIDE_PEERS}:{name}",
                        _outside(name, new, units[name], seen[peers]),
                    )


def _read(
    ground: Ground, moved: MovedCity, spec: FeatureSpec
) -> Iterator[tuple[str, float, float]]:
    """Yield the indicators that a model reads of the city, before and after."""
    origin, city = int(ground.rows.origins[moved.row]), ground.rows.cities[moved.row]
    names, before, _ = indicators_in_year(ground.rows.dataset.at(ground.rows.origin), spec, origin)
    after = indicators_in_year(moved.rows.dataset.at(moved.rows.origin), spec, origin)[1]
    yield from zip(names, before[city].tolist(), after[city].tolist(), strict=True)


@dataclass(frozen=True)
class Nearness:
    """How near rows are to those that a model learns from, and how near those are to each other.

    Attributes
    ----------
    columns : ndarray of int
        Columns of the features that are compared: values.
    centre, scale : ndarray, shape (columns,)
    rows : ndarray, shape (n, columns)
        Standard scores of the training rows of the shortest horizon.
    cities : ndarray of int, shape (n,)
    usual : ndarray
        Distance of some of these rows to the nearest one of another city.
    """

    columns: Positions
    centre: Float
    scale: Float
    rows: Float
    cities: Positions
    usual: Float

    @classmethod
    def of(cls, ground: Ground) -> Nearness:
        """Return that of a ground."""
        horizon = min(ground.forecaster.horizons)
        spec = ground.forecaster.horizons[horizon].spec
        rows, cities = _training_rows(ground, spec, horizon)
        columns = np.flatnonzero([form == "value" for _, form in spec.columns])
        scaled, centre, scale = _standardised(rows[:, columns])
        picked = np.linspace(0, len(scaled) - 1, min(SAMPLE, len(scaled))).astype(np.intp)
        usual = _nearest(scaled[picked], cities[picked], scaled, cities)
        return cls(columns, centre, scale, scaled, cities, usual)

    def distances(self, features: Float, cities: Positions) -> Float:
        """Return the distance of rows to the nearest of another city, shape (rows,)."""
        scaled = np.nan_to_num((features[:, self.columns] - self.centre) / self.scale)
        return _nearest(scaled, cities, self.rows, self.cities)

    def share(self, distance: float) -> float:
        """Return the share of the training rows that are nearer than that."""
        return float((self.usual < distance).mean())

    def far(self, before: Float, after: Float, cities: Positions) -> Mask:
        """Say which rows went out of reach of the training rows, shape (rows,)."""
        was, now = self.distances(before, cities), self.distances(after, cities)
        beyond = np.array([self.share(float(own)) > HIGH for own in now], dtype=bool)
        return beyond & (now > was)


def _training_rows(ground: Ground, spec: FeatureSpec, horizon: int) -> tuple[Float, Positions]:
    """Features of the rows whose label is known at the origin, and the city of each."""
    view = ground.rows.dataset.at(ground.rows.origin)
    matrix = feature_matrix(view, spec)
    known = np.isfinite(view.labels(horizon))
    city, year = np.nonzero(known)
    return matrix[city, year], city


def _standardised(rows: Float) -> tuple[Float, Float, Float]:
    """Standard scores, a missing one being average; centre and scale of each column."""
    known = np.isfinite(rows)
    count = np.maximum(known.sum(axis=0), 1)
    centre = np.where(known, rows, 0.0).sum(axis=0) / count
    spread = np.sqrt((np.where(known, rows - centre, 0.0) ** 2).sum(axis=0) / count)
    scale = np.where(spread > 0, spread, 1.0)
    return np.where(known, (rows - centre) / scale, 0.0), centre, scale


def _nearest(points: Float, cities: Positions, rows: Float, owners: Positions) -> Float:
    """Root mean square distance of points to the nearest row of another city, shape (n,)."""
    squares = (points**2).sum(axis=1)[:, None] + (rows**2).sum(axis=1) - 2.0 * points @ rows.T
    squares[cities[:, None] == owners] = np.inf
    nearest: Float = np.sqrt(np.maximum(squares.min(axis=1), 0.0) / max(points.shape[1], 1))
    return nearest
