"""Shocks: features known before one, its resistance or recovery after it.

Models learn from earlier shocks and forecast a later one; and, across all shocks, cities of
provinces that were held out. The second test has other cities' outcomes of the same shock to
learn from, which nobody has in advance: it says what is common to cities, not what can be foreseen.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Mask
from city_resilience.catalogue.nouns import of_places
from city_resilience.errors import InputError
from city_resilience.evaluation.engine import (
    HISTORY,
    SERVED,
    Variant,
    forecast_members,
    past_only,
)
from city_resilience.evaluation.explained import explain_members
from city_resilience.evaluation.scores import yearly
from city_resilience.evaluation.shock_intervals import shock_coverage, shock_intervals
from city_resilience.evaluation.views import structural_variant
from city_resilience.experiment.experiment import Experiment
from city_resilience.indicators.formulas.history import growth_gap_past
from city_resilience.models.learners import learner_parameters
from city_resilience.models.rows import STRUCTURAL
from city_resilience.progress import Progress, silent
from city_resilience.resilience.measures import MEASURES, Measure
from city_resilience.resilience.window import Window
from city_resilience.tasks.dataset import Dataset
from city_resilience.tasks.task import Task, prepare_window_task
from city_resilience.workers import spread

__all__ = [
    "LATER",
    "SHOCK_COLUMNS",
    "SHOCK_DRIVERS",
    "UNSEEN",
    "known_values",
    "run_shocks",
    "score_shocks",
    "shock_drivers",
]

Labels = Mapping[Window, Float]
LATER, UNSEEN = "later_shock", "unseen_provinces"
SHOCK_COLUMNS = ("test", "window", "model", "city", "truth", "forecast", "lower", "upper")
SHOCK_DRIVERS = ("window", "indicator", "family", "size", "mean", "rows")
MEAN = "mean_of_learners"
OF_YEARLY_GAPS = ("persistence", "lasting_gap")  # members that know no label of a shock
_LEAST_ROWS = 30
_NAIVE = ("zero", "median", "same_as_before", "last_gap_rescaled")


@dataclass(frozen=True)
class _Shock:
    """One test of one shock.

    Attributes
    ----------
    task : Task
        Features as of the year before what is measured begins.
    gaps : ndarray, shape (cities, years)
        Yearly growth gaps up to then, 0 where unknown.
    before : ndarray, shape (cities,)
        Values of the newest shock that is learnt from; NaN where unknown.
    truth : ndarray, shape (cities,)
        Measured values.
    """

    test: str
    window: Window
    task: Task
    gaps: Float
    before: Float
    truth: Float


def run_shocks(
    dataset: Dataset, experiment: Experiment, labels: Labels, progress: Progress = silent
) -> pd.DataFrame:
    """Forecast each shock from earlier ones, and provinces that were held out of all.

    Parameters
    ----------
    dataset : Dataset
    experiment : Experiment
        Measure, learners and feature settings.
    labels : mapping of Window to ndarray, shape (cities,)
        Measured values, NaN where unknown.

    Returns
    -------
    DataFrame
        ``SHOCK_COLUMNS``: one row for each test, window, model and city with a measured value.

    Raises
    ------
    InputError
        If fewer than two shocks are given, or none can be learnt from an earlier one.
    """
    windows = sorted(labels)
    if len(windows) < 2:
        raise InputError(
            "outcome.windows: an experiment on shocks needs two or more, one to learn from; "
            f"found {', '.join(map(str, windows)) or 'none'}"
        )
    structural = structural_variant(dataset, experiment)
    later = [_later(dataset, experiment, labels, window) for window in windows]
    same = [_shock(dataset, experiment, UNSEEN, w, labels[w], {w: labels[w]}) for w in windows]
    province = dataset.groups.get("province", np.array([]))
    inside = [province == name for name in sorted(set(province.tolist()) - {""})]
    every = [*(shock for shock in later if shock is not None), *same]
    first = len(every) - len(same)
    calls = [partial(_forecast, place, None, structural) for place in range(first)]
    calls += [
        partial(_forecast, place, cities, structural)
        for cities in inside
        for place in range(first, len(every))
    ]
    shared = every, dataset.cities, experiment
    found = [part for part in spread(calls, shared, "shocks", progress) if len(part)]
    if not found:
        raise InputError(
            "outcome.windows: no shock has an earlier one whose outcome was known before it "
            f"began, with {_LEAST_ROWS} {of_places('cities', experiment.noun)}; name earlier shocks"
        )
    frame = pd.concat(found, ignore_index=True)
    frame = frame.sort_values(["test", "window", "model", "city"], ignore_index=True)
    places = dict(zip(dataset.cities, province.tolist(), strict=False))
    return shock_intervals(frame, UNSEEN, places, _spans(experiment, windows))[list(SHOCK_COLUMNS)]


def _spans(experiment: Experiment, windows: Iterable[Window]) -> dict[str, tuple[int, int]]:
    """Return the year that the features of each shock stand on, and that its values are of."""
    measure, found = MEASURES[experiment.outcome.measure], {}
    for window in windows:
        known = measure.known_from(window)
        last = window.recovery_end or window.end
        found[str(window)] = measure.stands_on(window), last if known is None else known
    return found


def shock_drivers(dataset: Dataset, experiment: Experiment, labels: Labels) -> pd.DataFrame:
    """Explain the forecasts of each shock from earlier ones, by the structural view.

    Parameters
    ----------
    labels : mapping of Window to ndarray, shape (cities,)
        Measured values, NaN where unknown.

    Returns
    -------
    DataFrame
        ``SHOCK_DRIVERS``: by window and indicator, ``size`` the mean absolute contribution over the
        cities with a measured value, in the unit of the measure, ``mean`` the mean, ``rows`` how
        many labels were learnt from. Empty where there is nothing to learn from.
    """
    variant, parts = structural_variant(dataset, experiment), []
    family = {spec.id: spec.family for spec in dataset.specs}
    for window in sorted(labels) if variant is not None else ():
        shock = _later(dataset, experiment, labels, window)
        if variant is None or shock is None or len(shock.task.learnt.labels) < _LEAST_ROWS:
            continue
        assert variant.columns is not None
        members = variant.members(experiment.model)
        columns = variant.columns(shock.task)
        _, own = explain_members(shock.task, columns, members, experiment.model.seed)
        values, _ = own.taken(np.full(len(members), 1.0 / len(members)))
        values = values[np.isfinite(shock.truth)]
        table = pd.DataFrame({"indicator": own.spec.indicators, "mean": values.mean(axis=0)})
        table["family"] = [family[name] for name in own.spec.indicators]
        table["size"] = np.abs(values).mean(axis=0)
        parts.append(table.assign(window=str(window), rows=len(shock.task.learnt.labels)))
    found = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame()
    found = found.reindex(columns=list(SHOCK_DRIVERS))
    return found.sort_values(["window", "size"], ascending=[True, False], ignore_index=True)


def score_shocks(frame: pd.DataFrame) -> pd.DataFrame:
    """Score each model of each test and window, with its skill against the best naive rule.

    Returns
    -------
    DataFrame
        ``test, window, model, n, mae, rmse, rank_correlation, skill_naive, coverage, width``;
        errors in the unit of the measure, skill against the naive rule with the lowest error in
        that row's test and window (which flatters the rule); share of the truths inside the 90 %
        interval and its mean width, NaN where no interval could be made. The median has no rank
        correlation: it differs between held-out provinces alone, as their own cities are missing.
    """
    keys = {"test": "horizon", "window": "origin"}
    scores = yearly(frame.rename(columns=keys)).rename(columns={v: k for k, v in keys.items()})
    scores = scores[["test", "window", "model", "n", "mae", "rmse", "rank_correlation"]].copy()
    scores.loc[scores["model"] == "median", "rank_correlation"] = np.nan
    naive = scores[scores["model"].isin(_NAIVE)].groupby(["test", "window"])["mae"].min()
    best = pd.MultiIndex.from_frame(scores[["test", "window"]]).map(naive)
    scores = scores.assign(skill_naive=1 - scores["mae"] / best.to_numpy(dtype=np.float64))
    scores = scores.merge(shock_coverage(frame), on=["test", "window", "model"], how="left")
    order = ["test", "window", "mae", "model"]
    return scores.sort_values(order, ignore_index=True)


def known_values(measure: Measure, window: Window, values: Float, year: int) -> Float:
    """Return the measured values of a shock that were known in a data year, NaN for the others.

    A measure that counts the years until an event is known of a city from that event on.
    """
    known = measure.known_from(window)
    known_from = window.start + values if known is None else np.full(values.shape, known)
    return np.where(known_from <= year, values, np.nan)


def _later(
    dataset: Dataset, experiment: Experiment, labels: Labels, window: Window
) -> _Shock | None:
    """Forecast one shock from what was known of others when it began; None if that is nothing."""
    measure = MEASURES[experiment.outcome.measure]
    start = measure.stands_on(window)
    known = {one: known_values(measure, one, labels[one], start) for one in sorted(labels)}
    learnt = {one: values for one, values in known.items() if np.isfinite(values).any()}
    if not learnt:
        return None
    return _shock(dataset, experiment, LATER, window, labels[window], learnt)


def _shock(
    dataset: Dataset,
    experiment: Experiment,
    test: str,
    window: Window,
    truth: Float,
    learnt: Labels,
) -> _Shock:
    """Lay out features as of the start of a shock, and the values to learn from."""
    measure = MEASURES[experiment.outcome.measure]
    view = dataset.at(measure.stands_on(window))
    rows = [(measure.stands_on(one), values) for one, values in learnt.items()]
    before = np.full(len(truth), np.nan) if window in learnt else learnt[list(learnt)[-1]]
    return _Shock(
        test,
        window,
        prepare_window_task(view, rows, experiment.features),
        np.nan_to_num(view.nation.apart(lambda own, x: growth_gap_past(x, own), view.outcome)),
        before,
        truth,
    )


def _forecast(
    place: int,
    inside: Mask | None,
    structural: Variant | None,
    shocks: Sequence[_Shock],
    cities: Sequence[str],
    experiment: Experiment,
) -> pd.DataFrame:
    """Forecast the cities of a group from all others, or all from all, with every candidate.

    Cities without a truth are left out, and all with too few rows to learn from.
    """
    shock = shocks[place]
    learnt = shock.task.learnt
    asked = np.ones(len(shock.truth), dtype=np.bool_)
    if inside is not None:
        learnt, asked = learnt.rows(~inside[learnt.cities]), inside
    if len(learnt.labels) < _LEAST_ROWS:
        return pd.DataFrame()
    found = {
        **_naive(shock, replace(shock.task, learnt=learnt), asked),
        **_learners(shock.task, experiment, inside),
        **_without_history(shock.task, experiment, structural, inside),
    }
    known = asked & np.isfinite(shock.truth)
    rows = {"city": np.array(cities, dtype=object)[known], "truth": shock.truth[known]}
    about = {"test": shock.test, "window": str(shock.window)}
    frames = [
        pd.DataFrame({**about, "model": model, **rows, "forecast": forecast[known]})
        for model, forecast in found.items()
    ]
    return pd.concat(frames, ignore_index=True)


def _naive(shock: _Shock, task: Task, asked: Mask) -> dict[str, Float]:
    """Forecast by rules: no gap, the middle label, the shock before, the last gap rescaled.

    The last is the city's yearly gap times the slope that the labels show, by least squares.
    """
    labels = task.learnt.labels
    middle = float(np.median(labels))
    column = shock.gaps.shape[1] - 1 - task.learnt.ages.astype(np.int64)
    gaps = shock.gaps[task.learnt.cities, column]
    square = float(gaps @ gaps)
    slope = float(gaps @ (labels - middle)) / square if square else 0.0
    found = {
        "zero": np.zeros(len(asked)),
        "median": np.full(len(asked), middle),
        "last_gap_rescaled": middle + slope * shock.gaps[:, -1],
    }
    before = np.isfinite(shock.before)
    if before[asked].any():
        found["same_as_before"] = np.where(before, shock.before, middle)
    return found


def _learners(task: Task, experiment: Experiment, inside: Mask | None) -> dict[str, Float]:
    """Forecast with each learner on all columns, their mean, and the mean on history alone."""
    known = learner_parameters(experiment.model)
    parameters = {name: values for name, values in known.items() if name not in OF_YEARLY_GAPS}
    if not parameters or not task.spec.columns:
        return {}
    held_out = None if inside is None else np.where(inside, 0, -1)
    every, history = (
        replace(own, held_out=held_out, parameters=parameters) for own in (SERVED, HISTORY)
    )
    members = forecast_members(task, every, experiment.model)
    found = dict(zip(parameters, members.T, strict=True))
    found[MEAN] = members.mean(axis=1)
    if len(task.learnt.history):
        past = past_only(parameters, members)
        own = forecast_members(task, history, experiment.model, past)
        found[f"{HISTORY.id}: {MEAN}"] = own.mean(axis=1)
    return found


def _without_history(
    task: Task, experiment: Experiment, structural: Variant | None, inside: Mask | None
) -> dict[str, Float]:
    """Forecast with the mean of the learners of the structural view."""
    if structural is None or structural.columns is None or not len(structural.columns(task)):
        return {}
    held_out = None if inside is None else np.where(inside, 0, -1)
    variant = replace(structural, held_out=held_out)
    return {STRUCTURAL: forecast_members(task, variant, experiment.model).mean(axis=1)}
