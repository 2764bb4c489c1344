"""From an as-of view to a feature matrix: carrying forward, ranks within the year, ages.

A series whose newest usable year lies ``shift`` years before the origin is read ``shift`` years
late in *every* row, so the training rows have the age pattern of the row that is served.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from city_resilience.arrays import Float, Positions
from city_resilience.errors import InputError, nearest
from city_resilience.experiment.training import Features
from city_resilience.tasks.dataset import AsOf
from city_resilience.tasks.indices import FittedIndex, fit_indices, with_indices
from city_resilience.tasks.series import Series, carried, ranks_of
from city_resilience.tasks.tall import TallMatrix

__all__ = [
    "FORMS",
    "FeatureSpec",
    "check_offered",
    "choose_features",
    "feature_columns",
    "feature_matrix",
    "features_by_year",
    "features_in_year",
    "indicators_in_year",
    "laid_out",
    "read_indicators",
]


FORMS = ("value", "rank", "age")


@dataclass(frozen=True)
class FeatureSpec:
    """Which columns a model sees, and how late each series is read.

    Attributes
    ----------
    columns : tuple of (indicator id, form)
        Form is ``value``, ``rank`` (within nation and year, 0 to 1) or ``age`` (years).
    shifts : mapping of str to int
        Years by which an indicator is read late.
    limits : mapping of str to int
        Most years an indicator may be old.
    dropped : mapping of str to str
        Indicators left out of this task, with the reason.
    indices : tuple of FittedIndex
        Composite indices among the columns, as fitted on the training years.
    """

    columns: tuple[tuple[str, str], ...]
    shifts: Mapping[str, int]
    limits: Mapping[str, int]
    dropped: Mapping[str, str] = field(default_factory=dict)
    indices: tuple[FittedIndex, ...] = ()

    @property
    def needed(self) -> tuple[str, ...]:
        """Indicators that a panel must offer: those of the columns, and components of indices."""
        components = [name for index in self.indices for name in index.components]
        made = {index.id for index in self.indices}
        return tuple(dict.fromkeys([*(n for n, _ in self.columns if n not in made), *components]))

    @property
    def indicators(self) -> tuple[str, ...]:
        """Indicators of the columns, each once, in their order."""
        return tuple(dict.fromkeys(name for name, _ in self.columns))

    def only(self, columns: Positions) -> FeatureSpec:
        """Return the spec on some of its columns, given as rising positions."""
        kept = tuple(self.columns[k] for k in columns)
        names = {name for name, _ in kept}
        return replace(
            self,
            columns=kept,
            shifts={name: years for name, years in self.shifts.items() if name in names},
            limits={name: years for name, years in self.limits.items() if name in names},
            indices=tuple(index for index in self.indices if index.id in names),
        )

    def family_columns(self, ids: Collection[str]) -> Positions:
        """Return the positions of the columns that belong to some indicators."""
        return np.flatnonzero([name in ids for name, _ in self.columns])


def _live_shares(series: Series, oldest: int) -> Float:
    """Share of reporting cities with a value, by age: shape (oldest + 1, k)."""
    reporting = series.view.reporting
    shares = np.zeros((oldest + 1, len(series.ids)))
    for k in range(len(series.ids)):
        known = np.isfinite(series.observed(k)[:, -1 - oldest :][reporting])
        newest_first = known.mean(axis=0)[::-1]
        shares[: len(newest_first), k] = newest_first
    return shares


def yearly_shares(view: AsOf, values: Float) -> Float:
    """Share of each year's reporting cities that have a value, shape (years, ...).

    Parameters
    ----------
    values : ndarray, shape (cities, years, ...)
    """
    reporting = np.isfinite(view.outcome)
    over = reporting.reshape(*reporting.shape, *(1,) * (values.ndim - 2))
    known = (np.isfinite(values) & over).sum(axis=0)
    counts = np.maximum(reporting.sum(axis=0), 1).reshape(-1, *(1,) * (values.ndim - 2))
    shares: Float = known / counts
    return shares


def choose_features(view: AsOf, settings: Features, horizon: int) -> FeatureSpec:
    """Decide, from the view alone, which indicators enter a task and how late they are read.

    An indicator enters if at least ``min_coverage`` of the reporting cities have a value at the
    origin or, when carrying is on, in one of the years it may be carried from; and if the
    training years hold one year as well covered. History is never carried. Composite indices
    are fitted here and take their place among the indicators.
    """
    fitted = fit_indices(view, settings, horizon)
    series = Series(view, fitted)
    ids, every = series.ids, range(len(series.ids))
    limits = [0 if f == "history" else settings.carry_forward for f in series.families]
    shares = _live_shares(series, max(limits, default=0))
    usable = (shares >= settings.min_coverage) & (np.arange(len(shares))[:, None] <= limits)
    live = np.asarray(usable.any(axis=0))
    shifts = np.where(live, usable.argmax(axis=0), 0).tolist()
    training = slice(settings.min_history, len(view.years) - horizon)
    read = series.carried(shifts, limits)
    trained = np.array(
        [
            bool((yearly_shares(view, read(k, "value"))[training] >= settings.min_coverage).any())
            for k in every
        ],
        dtype=bool,
    )
    kept = np.flatnonzero(live & trained)
    columns = [(ids[k], form) for k in kept for form in ("value", "rank")]
    columns += [(ids[k], "age") for k in _distinct_ages(lambda k: read(k, "age"), kept)]
    return FeatureSpec(
        columns=tuple(columns),
        shifts={ids[k]: shifts[k] for k in kept},
        limits={ids[k]: limits[k] for k in kept},
        dropped={
            ids[k]: "no value at the origin" if not live[k] else "no value in training years"
            for k in every
            if not (live[k] and trained[k])
        },
        indices=tuple(index for index in fitted if index.id in {ids[k] for k in kept}),
    )


def read_indicators(
    view: AsOf, spec: FeatureSpec, first: int = 0
) -> tuple[tuple[str, ...], Float, Float]:
    """Read the indicators of a spec as the model sees them, from some year of the view on.

    Returns
    -------
    names : tuple of str, length m
    values, age : ndarray, shape (cities, years, m)
        Values in the indicators' units and their ages in years.

    Raises
    ------
    InputError
        If the panel does not offer an indicator of the spec.
    """
    check_offered(spec.needed, view.ids)
    view = with_indices(view, spec.indices)
    position = {name: k for k, name in enumerate(view.ids)}
    names = spec.indicators
    values, age = carried(
        view.indicators[:, :, [position[name] for name in names]],
        np.array([spec.shifts[name] for name in names], dtype=np.int64),
        np.array([spec.limits[name] for name in names], dtype=np.int64),
        first,
    )
    return names, values, age


def check_offered(needed: Iterable[str], offered: Collection[str]) -> None:
    """Refuse a panel without an indicator that a model needs.

    Raises
    ------
    InputError
        Names the first of them and the nearest id.
    """
    if missing := [name for name in needed if name not in offered]:
        raise InputError(
            f"the panel does not offer {len(missing)} indicator(s) the model was trained on: "
            f"{', '.join(missing[:5])}{nearest(missing[0], offered)}; "
            "add their columns or use a model trained without them"
        )


def feature_columns(view: AsOf, spec: FeatureSpec) -> TallMatrix:
    """Return what `feature_matrix` would hold, column by column, of a tall panel.

    Raises
    ------
    InputError
        If the panel does not offer an indicator of the spec.
    """
    check_offered(spec.needed, view.ids)
    series = Series(view, spec.indices)
    return TallMatrix(
        tuple(
            series.kept(name, form, spec.shifts[name], spec.limits[name])
            for name, form in spec.columns
        )
    )


def features_by_year(view: AsOf, spec: FeatureSpec) -> Float | TallMatrix:
    """Return `feature_matrix`, or what is read like it of a tall panel."""
    return feature_matrix(view, spec) if view.kept is None else feature_columns(view, spec)


def feature_matrix(view: AsOf, spec: FeatureSpec, years: Positions | slice = slice(None)) -> Float:
    """Build the columns of a spec for every city.

    Parameters
    ----------
    years : ndarray of int, optional
        Positions of the years that are laid out; every year of the view when left out.

    Returns
    -------
    ndarray, shape (cities, years, columns)

    Raises
    ------
    InputError
        If the panel does not offer an indicator of the spec.
    """
    names, values, age = read_indicators(view, spec)
    values, age = values[:, years], age[:, years]
    return laid_out(spec, names, values, ranks_of(values, view.nation), age)


def features_in_year(view: AsOf, spec: FeatureSpec, year: int) -> Float:
    """Build the columns of a spec for every city in one year, as `feature_matrix` has them.

    Returns
    -------
    ndarray, shape (cities, columns)
    """
    names, values, age = indicators_in_year(view, spec, year)
    return laid_out(spec, names, values, ranks_of(values, view.nation), age)


def indicators_in_year(
    view: AsOf, spec: FeatureSpec, year: int
) -> tuple[tuple[str, ...], Float, Float]:
    """Read the indicators of a spec in one year, as `read_indicators` has them.

    Returns
    -------
    names : tuple of str, length m
    values, age : ndarray, shape (cities, m)
    """
    last = int(year - view.years[0])
    read = slice(max(last - max(spec.limits.values(), default=0), 0), last + 1)
    near = replace(
        view,
        years=view.years[read],
        outcome=view.outcome[:, read],
        indicators=view.indicators[:, read],
    )
    names, values, age = read_indicators(near, spec, len(near.years) - 1)
    return names, values[:, 0], age[:, 0]


def laid_out(
    spec: FeatureSpec, names: tuple[str, ...], values: Float, ranks: Float, age: Float
) -> Float:
    """Lay values, ranks and ages out in the order of the columns of a spec.

    Parameters
    ----------
    names : tuple of str, length m
        Ids of the indicators.
    values, ranks, age : ndarray, shape (..., m)

    Returns
    -------
    ndarray, shape (..., columns)
    """
    forms = {"value": values, "rank": ranks, "age": age}
    place = {name: k for k, name in enumerate(names)}
    columns = [forms[form][..., place[name]] for name, form in spec.columns]
    if not columns:
        return np.empty((*values.shape[:-1], 0))
    return np.stack(columns, axis=-1)


def _distinct_ages(age_of: Callable[[int], Float], kept: Positions) -> list[int]:
    seen: set[bytes] = set()
    distinct = []
    for k in kept.tolist():
        age = np.ascontiguousarray(age_of(k))
        finite = age[np.isfinite(age)]
        if not finite.size or finite.min() == finite.max():
            continue
        key = hashlib.sha256(age.data).digest()
        if key not in seen:
            seen.add(key)
            distinct.append(k)
    return distinct
