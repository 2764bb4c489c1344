"""What the structural view may read: indicators that are not the outcome's past.

The view without the family history asks what tells cities apart when their past is left out. So it
may not hold that past under another name: an indicator whose value is the growth of the outcome,
in part or whole, by its formula, by an accounting identity or on the data is left out. Levels
stay: how rich a city is, is no growth.
"""

from __future__ import annotations

from city_resilience.arrays import Float
from city_resilience.experiment.experiment import Experiment
from city_resilience.indicators.formulas.ratios import change, log_growth
from city_resilience.indicators.formulas.years import lead
from city_resilience.indicators.indicator import Index
from city_resilience.indicators.inputs import lag_of
from city_resilience.indicators.table import load_indices
from city_resilience.tasks.dataset import AsOf, Dataset
from city_resilience.tasks.outcome import COMPOSITE
from city_resilience.tasks.overlap import growth_in_formula, year_correlation

__all__ = ["IN_FORMULA", "ON_DATA", "structural_ids"]

IN_FORMULA = 0.5
"""Correlation with the outcome's growth, by formula, from which an indicator is left out."""
ON_DATA = 0.9
"""The same on the data up to the first scored origin."""


def structural_ids(dataset: Dataset, experiment: Experiment) -> frozenset[str]:
    """Return the indicators and indices that the structural view may read.

    Parameters
    ----------
    dataset : Dataset
        Its data are looked at as of the first scored origin, so that no scored year takes part.
    experiment : Experiment
        Outcome, publication lags, and the overlaps that are accepted by name, which are left out.
    """
    view, settings = dataset.at(experiment.evaluation.first_origin), experiment.features
    growth = _growth(view)
    kept = set()
    for k, spec in enumerate(dataset.indicators.specs):
        if spec.family == "history" or spec.id in settings.accept_overlap:
            continue
        values = lead(view.indicators[:, :, k], lag_of(spec, settings.publication_lag))
        on_data = year_correlation(values, growth)
        if on_data < ON_DATA and growth_in_formula(spec, experiment) < IN_FORMULA:
            kept.add(spec.id)
    return frozenset(kept | {index.id for index in load_indices() if _made_of(index, kept)})


def _growth(view: AsOf) -> Float:
    """Growth of the outcome, or the change of one in points, shape (cities, years)."""
    return change(view.outcome) if view.measure == COMPOSITE else log_growth(view.outcome)


def _made_of(index: Index, kept: set[str]) -> bool:
    return index.family != "history" and bool(kept & set(index.components))
