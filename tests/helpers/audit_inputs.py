"""Panels for tests of the audit: smooth paths of made-up cities, to be spoilt."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.audit.masking import find_masked, mask_panel
from city_resilience.catalogue.variables import Variable, load_catalogue
from city_resilience.experiment.data import Audit
from city_resilience.reading.panel import Panel

CITIES, YEARS, FIRST = 40, 12, 2005


def smooth(seed: int = 0, cities: int = CITIES, years: int = YEARS) -> NDArray[np.float64]:
    """Return paths, shape (cities, years), of cities that grow with their nation."""
    rng = np.random.default_rng(seed)
    size = np.exp(rng.uniform(np.log(10), np.log(1e4), (cities, 1)))
    growth = 0.06 + rng.normal(0, 0.01, (cities, 1)) + rng.normal(0, 0.02, (cities, years))
    return np.asarray(size * np.exp(np.cumsum(growth, axis=1)))


def variables(names: Mapping[str, object] | list[str]) -> dict[str, Variable]:
    """Return catalogue variables, or plain ones for names it does not have."""
    known = load_catalogue().variables
    return {name: known.get(name, Variable(name, name, name)) for name in names}


def panel_of(
    values: Mapping[str, NDArray[np.float64]],
    names: list[str] | None = None,
    first: int = FIRST,
) -> Panel:
    """Return a panel with a row for every city and year."""
    shape = next(iter(values.values())).shape
    names = names or [f"City {city:03d}" for city in range(shape[0])]
    frame = pd.DataFrame(
        {
            "city": np.repeat(names, shape[1]),
            "year": np.tile(np.arange(first, first + shape[1]), shape[0]),
            **{name: array.ravel() for name, array in values.items()},
        }
    )
    headers = {name: f"{name} header" for name in values}
    return Panel(
        frame=frame,
        variables=variables(list(values)),
        source="panel.csv",
        rows=np.arange(len(frame)) + 2,
        headers=headers,
    )


def mask_errors(panel: Panel, settings: Audit | None = None) -> Panel:
    """Return a panel without the cells that are almost certainly wrong, as `read_audited` does."""
    return mask_panel(panel, find_masked(panel.grid(), panel.variables, settings))
