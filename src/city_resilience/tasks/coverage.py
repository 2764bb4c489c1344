"""What was observed at an origin: per family, the share of cities with a value and its age.

The status of a family is ``live``, ``carried`` (from an earlier year), ``ended`` (no longer
observed), ``never`` (observed) or ``none`` (no indicator in the panel).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from city_resilience.arrays import Int, Mask
from city_resilience.experiment.experiment import Experiment
from city_resilience.tasks.dataset import AsOf, Dataset
from city_resilience.tasks.features import FeatureSpec, choose_features, yearly_shares
from city_resilience.tasks.series import Series, carried

__all__ = ["COVERAGE_COLUMNS", "family_coverage"]

COVERAGE_COLUMNS = ("origin", "family", "indicators", "used", "share", "age", "status", "last_year")


def family_coverage(
    dataset: Dataset,
    experiment: Experiment,
    origins: Iterable[int],
    specs: Mapping[tuple[int, int], FeatureSpec],
) -> pd.DataFrame:
    """Tabulate the observation of every family at some origins, at the shortest horizon.

    Parameters
    ----------
    specs : mapping of (int, int) to FeatureSpec
        Columns by origin and horizon; chosen where an origin is not among them.

    Returns
    -------
    DataFrame
        ``COVERAGE_COLUMNS``: indicators the panel offers, how many of them are used, the
        share of reporting cities with a value (mean over the family's indicators, carried values
        included), the mean age of those values in years, the status, and for ``carried`` and
        ``ended`` the newest year with values.
    """
    horizon, parts = min(experiment.outcome.horizons), []
    for origin in origins:
        view, spec = dataset.at(origin), specs.get((origin, horizon))
        spec = spec or choose_features(view, experiment.features, horizon)
        parts.append(_at_origin(view, experiment, spec))
    return pd.concat(parts, ignore_index=True)[list(COVERAGE_COLUMNS)]


def _at_origin(view: AsOf, experiment: Experiment, spec: FeatureSpec) -> pd.DataFrame:
    series = Series(view, spec.indices)
    carry = experiment.features.carry_forward
    limits = np.array([0 if f == "history" else carry for f in series.families], dtype=np.int64)
    shifts = np.array([spec.shifts.get(name, 0) for name in series.ids], dtype=np.int64)
    near = slice(-1 - int(limits.max(initial=0)), None)
    read = np.stack([series.observed(k)[:, near] for k in range(len(series.ids))], axis=-1)
    values, age = carried(read, shifts, limits)
    now = values[view.reporting, -1]
    known = np.isfinite(now)
    ages = age[view.reporting, -1]
    used = np.array([name in spec.shifts for name in series.ids])
    rows: list[tuple[object, ...]] = []
    for family in experiment.features.families:
        own = np.array([f == family for f in series.families])
        if not own.any():
            rows.append((view.origin, family, 0, 0, 0.0, np.nan, "none", None))
            continue
        share = float(known[:, own].mean())
        mean_age = float(np.nanmean(ages[:, own])) if known[:, own].any() else np.nan
        counts = int(own.sum()), int((own & used).sum())
        status = _status(series, own, used, shifts, experiment.features.min_coverage)
        rows.append((view.origin, family, *counts, share, mean_age, *status))
    table = pd.DataFrame(rows, columns=list(COVERAGE_COLUMNS))
    return table.astype({"last_year": "Int64"})


def _status(
    series: Series, own: Mask, used: Mask, shifts: Int, min_coverage: float
) -> tuple[str, int | None]:
    view = series.view
    if (own & used).any():
        age = int(shifts[own & used].min())
        return ("carried", view.origin - age) if age else ("live", None)
    observed = np.stack([series.observed(k) for k in np.flatnonzero(own).tolist()], axis=-1)
    shares = yearly_shares(view, observed).max(axis=1)
    seen = np.flatnonzero(shares >= min_coverage)
    if not seen.size:
        return "never", None
    return "ended", int(view.years[seen[-1]])
