"""Composite indices inside a task: fitted on its training years, kept with its features."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from city_resilience.arrays import Float
from city_resilience.experiment.training import Features
from city_resilience.indicators.formulas.composite import FittedComposite, varies
from city_resilience.indicators.indicator import Index
from city_resilience.indicators.table import load_indices, load_table
from city_resilience.tasks.dataset import AsOf

__all__ = ["FittedIndex", "fit_indices", "index_series", "with_indices"]


LEAST_COMPONENTS = 2


@dataclass(frozen=True)
class FittedIndex:
    """An index of the table as one task has it.

    Attributes
    ----------
    id, family : str
        As in the table of indices.
    fitted : FittedComposite
        Ranges and weights of the training years, of the components that a panel offers.
    """

    id: str
    family: str
    fitted: FittedComposite

    @property
    def components(self) -> tuple[str, ...]:
        """Ids of the indicators it was fitted on."""
        return self.fitted.components


def fit_indices(view: AsOf, settings: Features, horizon: int) -> tuple[FittedIndex, ...]:
    """Fit the indices of the table on the training years of a view.

    An index is made of those of its components that the view offers and `components_of` lets in;
    with fewer than two it is left out.

    Parameters
    ----------
    view : AsOf
    settings : Features
        ``composite_indices`` is the method, or ``none``.
    horizon : int
        The last ``horizon`` years of the view have no label and train nothing.
    """
    if settings.composite_indices == "none":
        return ()
    end = max(len(view.years) - horizon, 0)
    return tuple(_fitted(view, settings, end))


def _fitted(view: AsOf, settings: Features, end: int) -> Iterator[FittedIndex]:
    directions = {spec.id: spec.direction for spec in load_table()}
    for index in load_indices():
        if index.family not in settings.families or index.id in settings.exclude:
            continue
        offered = _components(index, view, settings)
        values = view.indicators[:, :end, [view.ids.index(name) for name in offered]]
        vary = np.array([varies(values[:, :, k]) for k in range(len(offered))], dtype=bool)
        if vary.sum() < LEAST_COMPONENTS:
            continue
        components = tuple(name for name, ok in zip(offered, vary, strict=True) if ok)
        fitted = FittedComposite.fit(
            np.moveaxis(values[:, :, vary], -1, 0),
            components=components,
            directions=[directions[name] for name in components],
            method="pca" if settings.composite_indices == "pca" else "entropy",
        )
        yield FittedIndex(index.id, index.family, fitted)


def _components(index: Index, view: AsOf, settings: Features) -> list[str]:
    """Return the components on offer, without those that overlap with the label by consent."""
    return [n for n in index.components if n in view.ids and n not in settings.accept_overlap]


def index_series(view: AsOf, index: FittedIndex) -> Float:
    """Return an index of every city and year of a view, shape (cities, years)."""
    position = {name: k for k, name in enumerate(view.ids)}
    components = view.indicators[:, :, [position[name] for name in index.components]]
    return index.fitted.apply(np.moveaxis(components, -1, 0))


def with_indices(view: AsOf, indices: Sequence[FittedIndex]) -> AsOf:
    """Return the view with indices among its indicators; it must offer their components."""
    if not indices:
        return view
    layers = [index_series(view, index) for index in indices]
    return replace(
        view,
        indicators=np.concatenate([view.indicators, np.stack(layers, axis=-1)], axis=-1),
        ids=(*view.ids, *(index.id for index in indices)),
        families=(*view.families, *(index.family for index in indices)),
    )
