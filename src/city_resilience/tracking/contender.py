"""A model as the gate sees it, before or after it is registered: all but its errors."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from city_resilience.audit.thresholds import TRAINED_LEVEL
from city_resilience.audit.training_levels import ColumnLevel
from city_resilience.experiment.experiment import Experiment
from city_resilience.experiment.load import experiment_from
from city_resilience.experiment.outcome import Outcome
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.manifest import read_manifest
from city_resilience.tracking.registry import RECIPE, ModelVersion, bundle_of
from city_resilience.tracking.store import Store

__all__ = ["AUDIT_ERRORS", "Contender", "contender_of", "outcome_words"]

AUDIT_ERRORS = "audit_errors"
"""Tag of a version: errors of its panel that nothing settles."""
OF_OUTCOME = ("variable", "column", "unit", "scale", "measure", "weight", "deflator")
"""What decides in which unit an outcome is forecast."""


@dataclass(frozen=True)
class Contender:
    """What decides whether a model may take another's place, besides its errors.

    Attributes
    ----------
    recipe : str
        What decides the model besides the panel; "" where it is not known.
    audit_errors : int
        Errors of its panel that nothing settles.
    levels : mapping of str to ColumnLevel
        Level of each column of its panel.
    """

    experiment: Experiment
    recipe: str
    origin: int
    fingerprint: str
    cities: frozenset[str]
    audit_errors: int = 0
    levels: dict[str, ColumnLevel] = field(default_factory=dict)

    @classmethod
    def of(cls, forecaster: Forecaster, recipe: str, audit_errors: int = 0) -> Contender:
        """Return a model that was just trained."""
        return cls(
            forecaster.experiment,
            recipe,
            forecaster.origin,
            forecaster.fingerprint,
            frozenset(forecaster.cities),
            audit_errors,
            dict(forecaster.levels),
        )

    @property
    def outcome(self) -> Outcome:
        """What it forecasts."""
        return self.experiment.outcome

    def same_outcome(self, other: Contender) -> bool:
        """Say whether both forecast the same measure of the same variable in the same unit."""
        return all(getattr(self.outcome, k) == getattr(other.outcome, k) for k in OF_OUTCOME)

    def times(self, other: Contender) -> float | None:
        """Return how many times as large its outcome is; None where the unit is the same.

        It is another where medians over the cities differ threefold in most of the same years.
        """
        own, beside = (one.levels.get(self.outcome.variable) for one in (self, other))
        if own is None or beside is None:
            return None
        first = max(own.first, beside.first)
        left, right = (one.as_array()[first - one.first :] for one in (own, beside))
        years = min(len(left), len(right))
        apart = left[:years] - right[:years]
        if not np.isfinite(apart).any():
            return None
        factor = float(np.exp(np.nanmedian(apart)))
        return None if 1 / TRAINED_LEVEL <= factor <= TRAINED_LEVEL else factor


def outcome_words(outcome: Outcome) -> str:
    """Name what is forecast by its keys in the experiment file."""
    parts = (outcome.variable, outcome.unit, outcome.scale, outcome.measure)
    return ", ".join(filter(None, parts))


def contender_of(version: ModelVersion, store: Store) -> Contender:
    """Return a registered version.

    Raises
    ------
    InputError
        If its files are gone or no bundle.
    """
    folder = bundle_of(version, store)
    manifest = read_manifest(folder)
    return Contender(
        experiment_from(manifest.experiment, str(folder)),
        version.tags.get(RECIPE, ""),
        manifest.origin,
        manifest.fingerprint,
        frozenset(manifest.cities),
        int(version.tags.get(AUDIT_ERRORS, "0")),
        {name: ColumnLevel(own.first, own.medians) for name, own in manifest.levels.items()},
    )
