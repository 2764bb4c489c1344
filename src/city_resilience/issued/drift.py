"""How far the indicators of a newer panel have drifted from those that a model was trained on.

An indicator may move from year to year: prices, subscribers and whole distributions do. What it
may do is read from its own past. Between the years of the training each distance is measured as it
is measured to the newer year, and the newer one is judged among those by a t test
(Smyth 2004: its scatter is drawn to that of the other indicators with the weight of four years).
All tests of a panel are taken together (Benjamini & Hochberg 1995, which also holds for tests that
depend on each other positively: Benjamini & Yekutieli 2001). An alarm is significant and large.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Int
from city_resilience.errors import InputError
from city_resilience.experiment.monitor import Monitor
from city_resilience.issued.distances import STATISTICS, quantiles_of
from city_resilience.models.forecaster import Forecaster
from city_resilience.tasks.dataset import Dataset

__all__ = [
    "DRIFT_COLUMNS",
    "ENDED",
    "FEW",
    "REFERENCE_COLUMNS",
    "Series",
    "compared",
    "drift_of",
    "drift_reference",
    "indicators_read",
    "judged",
    "series_of",
]

POINTS = 101
LEAST_VALUES = 10
LEAST_STEPS = 5
MOST_APART = 2
PRIOR_STEPS = 4.0
_SPACED = np.linspace(0.0, 1.0, POINTS)
_QUANTILES = tuple(f"q{k:03d}" for k in range(POINTS))
FEW, ENDED, JUDGED = "few_years", "ended", "judged"
"""What is said of an indicator: too few years to judge it, no value any more, or judged."""


_STEPS = tuple(
    f"{what}_{name}_{apart}"
    for apart in range(1, MOST_APART + 1)
    for name in STATISTICS
    for what in ("n", "mean", "scatter")
)
REFERENCE_COLUMNS = ("indicator", "family", "origin", "year", "share", *_QUANTILES, *_STEPS)
DRIFT_COLUMNS = (
    *("indicator", "family", "status", "year_before", "year", "share_before", "share"),
    *STATISTICS,
    *(f"p_{name}" for name in STATISTICS),
    *("adjusted", "alarm"),
)


@dataclass(frozen=True)
class Series:
    """An indicator of some cities by year.

    Attributes
    ----------
    values : ndarray, shape (cities, years)
        NaN = unknown.
    """

    name: str
    family: str
    years: Int
    values: Float

    def known(self, column: int) -> Float:
        """Return the values of a year that are known, in order."""
        own = self.values[:, column]
        return np.sort(own[np.isfinite(own)])

    def newest(self) -> int | None:
        """Return the column of the newest year with enough values, None for none."""
        enough = np.flatnonzero(np.isfinite(self.values).sum(axis=0) >= LEAST_VALUES)
        return int(enough[-1]) if enough.size else None

    def share(self, column: int) -> float:
        """Return the share of the cities with a value in a year."""
        return float(np.isfinite(self.values[:, column]).mean())


def series_of(dataset: Dataset, origin: int, cities: Collection[str]) -> Iterator[Series]:
    """Yield each indicator of a dataset for the training cities, up to an origin.

    Raises
    ------
    InputError
        If none of the cities is there.
    """
    rows = np.isin(np.array(dataset.cities, dtype=object), list(cities))
    if not rows.any():
        raise InputError("none of the model's cities is in the panel; bring the panel it forecasts")
    view = dataset.at(origin)
    for k, (name, family) in enumerate(zip(view.ids, view.families, strict=True)):
        yield Series(name, family, view.years, view.indicators[rows, :, k])


def indicators_read(forecaster: Forecaster) -> set[str]:
    """Return the ids of the indicators that a model reads, in either view."""
    models = [own for view in forecaster.views.values() for own in view.horizons.values()]
    return {name for model in models for name in model.spec.indicators}


def drift_reference(
    dataset: Dataset, origin: int, cities: Collection[str], read: Collection[str]
) -> pd.DataFrame:
    """Return what a training panel knew of the indicators that its model reads.

    Parameters
    ----------
    dataset : Dataset
    origin : int
        Origin of the model.
    cities : collection of str
        Training cities.
    read : collection of str
        Ids of the indicators.

    Returns
    -------
    DataFrame
        ``REFERENCE_COLUMNS``: quantiles of the newest year with values, its share of cities, and
        for years one and two apart the number, mean and standard deviation of what is tested of
        each distance.
    """
    rows = [
        _known_of(series, column)
        for series in series_of(dataset, origin, cities)
        if series.name in read and (column := series.newest()) is not None
    ]
    return pd.DataFrame(rows, columns=list(REFERENCE_COLUMNS))


def _known_of(series: Series, column: int) -> dict[str, Any]:
    found: dict[str, Any] = {
        "indicator": series.name,
        "family": series.family,
        "origin": int(series.years[-1]),
        "year": int(series.years[column]),
        "share": series.share(column),
    }
    found |= zip(_QUANTILES, quantiles_of(series.known(column), _SPACED).tolist(), strict=True)
    for apart in range(1, MOST_APART + 1):
        for name, steps in _past_steps(series, apart).items():
            known = steps[np.isfinite(steps)]
            scatter = float(known.std(ddof=1)) if len(known) > 1 else np.nan
            mean = float(known.mean()) if len(known) else np.nan
            own = {"n": len(known), "mean": mean, "scatter": scatter}
            found |= {f"{what}_{name}_{apart}": value for what, value in own.items()}
    return found


def _past_steps(series: Series, apart: int) -> dict[str, Float]:
    """Return what is tested of each distance between years so far apart."""
    years = [series.known(column) for column in range(len(series.years))]
    pairs = [
        (quantiles_of(before, _SPACED), after)
        for before, after in zip(years, years[apart:], strict=False)
        if min(len(before), len(after)) >= LEAST_VALUES
    ]
    return {
        name: own.tested(np.array([own.distance(*pair) for pair in pairs]))
        for name, own in STATISTICS.items()
    }


def drift_of(
    reference: pd.DataFrame,
    dataset: Dataset,
    origin: int,
    cities: Collection[str],
    limits: Monitor | None = None,
) -> pd.DataFrame:
    """Compare the indicators of a newer panel with those of a training.

    Parameters
    ----------
    reference : DataFrame
        Of `drift_reference`.
    dataset : Dataset
        Of the newer panel.
    origin : int
        Its origin.
    cities : collection of str
        The training cities.
    limits : Monitor, optional

    Returns
    -------
    DataFrame
        ``DRIFT_COLUMNS``, one row for each indicator of the reference. Each distance is from the
        newest year of the training to the newest of the panel; ``level`` and ``spread`` have a
        sign, and their ``p_…`` are two-sided. ``adjusted`` is the least p of the indicator after
        Benjamini and Hochberg.
        ``alarm`` joins by ";" what is significant and above its limit, ``missing`` where the share
        of cities with a value fell by more than its limit, and ``ended`` where no value is new.
    """
    newer = {series.name: series for series in series_of(dataset, origin, cities)}
    rows = [compared(known, newer.get(str(known["indicator"]))) for known in _records(reference)]
    return judged(pd.DataFrame(rows), reference, limits or Monitor())


def _records(frame: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): own for key, own in row.items()} for row in frame.to_dict("records")]


def compared(known: Mapping[str, Any], newer: Series | None) -> dict[str, Any]:
    """Return the distances of one indicator; of one without values only how many it had.

    Parameters
    ----------
    known : mapping
        Its row of the reference.
    newer : Series or None
        Of the training cities, up to the origin of the newer panel.
    """
    alive = known["year"] >= known["origin"]
    found = {key: known[key] for key in ("indicator", "family")}
    found |= {"year_before": known["year"], "share_before": known["share"] if alive else 0.0}
    column = None if newer is None else newer.newest()
    if newer is None or column is None:
        return {**found, "status": ENDED, "share": 0.0}
    year, share = int(newer.years[column]), newer.share(len(newer.years) - 1)
    ended = year < newer.years[-1]
    found |= {"year": year, "share": share, "status": ENDED if ended else JUDGED}
    if ended and alive and year <= known["year"]:
        return found
    quantiles = np.array([known[name] for name in _QUANTILES])
    values = newer.known(column)
    return found | {name: own.distance(quantiles, values) for name, own in STATISTICS.items()}


def judged(distances: pd.DataFrame, reference: pd.DataFrame, limits: Monitor) -> pd.DataFrame:
    """Test the distances, all taken together, and say which are alarms; see `drift_of`.

    Parameters
    ----------
    distances : DataFrame
        Rows of `compared`, in the order of the reference.
    """
    table = distances.reindex(columns=list(DRIFT_COLUMNS))
    apart = (table["year"].fillna(0) - table["year_before"]).clip(1, MOST_APART).astype(int)
    tests = np.column_stack([_tested(table, reference, name, apart) for name in STATISTICS])
    table[[f"p_{name}" for name in STATISTICS]] = tests
    adjusted = _together(tests)
    table["adjusted"] = pd.DataFrame(adjusted).min(axis=1)
    untested = ~np.isfinite(tests).any(axis=1)
    table.loc[untested & (table["status"] == JUDGED), "status"] = FEW
    least = {name: getattr(limits, name) for name in STATISTICS}
    least["spread"] = float(np.log(limits.spread))
    large = np.column_stack([table[name].abs() >= least[name] for name in STATISTICS])
    drifted = (adjusted <= limits.false_alarms) & large
    fewer = (table["share_before"] - table["share"]).to_numpy() > limits.missing
    table["alarm"] = [
        ";".join(
            [name for name, on in zip(STATISTICS, own, strict=True) if on]
            + ([ENDED if share == 0 else "missing"] if less else [])
        )
        for own, less, share in zip(drifted, fewer, table["share"], strict=True)
    ]
    return table


def _tested(table: pd.DataFrame, reference: pd.DataFrame, name: str, apart: pd.Series) -> Float:
    """Return the p of a distance among those of the training; NaN where untested."""
    from scipy.stats import t

    own, found = STATISTICS[name], np.full(len(table), np.nan)
    values = own.tested(table[name].to_numpy(dtype=np.float64))
    for years in range(1, MOST_APART + 1):
        steps, mean, scatter = (
            reference[f"{what}_{name}_{years}"].to_numpy(dtype=np.float64)
            for what in ("n", "mean", "scatter")
        )
        enough = (steps >= LEAST_STEPS) & np.isfinite(scatter)
        if not enough.any():
            continue
        usual = float(np.median(scatter[enough] ** 2))
        spread = (PRIOR_STEPS * usual + (steps - 1) * scatter**2) / (PRIOR_STEPS + steps - 1)
        spread = np.maximum(spread, own.least**2)
        here = enough & (apart == years).to_numpy()
        off = (values[here] - mean[here]) / np.sqrt(spread[here] * (1 + 1 / steps[here]))
        freedom = steps[here] - 1 + PRIOR_STEPS
        found[here] = 2 * t.sf(np.abs(off), freedom) if own.added is None else t.sf(off, freedom)
    return found


def _together(tests: Float) -> Float:
    """Adjust all tests together after Benjamini and Hochberg; NaN where there is none."""
    from scipy.stats import false_discovery_control

    known = np.isfinite(tests)
    adjusted = np.full(tests.shape, np.nan)
    if known.any():
        adjusted[known] = false_discovery_control(tests[known], method="bh")
    return adjusted
