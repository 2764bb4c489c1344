"""Shocks: features known before one, its resistance or recovery after it.

Models learn from earlier shocks and forecast a later one; and, across all shocks, cities of
provinces that were held out. The second test has other cities' outcomes of the same shock to
learn from, which nobody has in advance: it says what is common to cities, not what can be foreseen.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.errors import InputError
from city_resilience.experiment import Experiment
from city_resilience.indicators.formulas.history import growth_gap_past
from city_resilience.models.learners import LEARNERS, learner_parameters
from city_resilience.progress import Progress, silent
from city_resilience.resilience.measures import MEASURES
from city_resilience.resilience.window import Window
from city_resilience.tasks.dataset import Dataset
from city_resilience.tasks.features import choose_features, feature_matrix
from city_resilience.tasks.task import Sample

__all__ = ["LATER", "SHOCK_COLUMNS", "UNSEEN", "run_shocks", "score_shocks"]

Float = NDArray[np.float64]
LATER, UNSEEN = "later shock", "unseen provinces"
SHOCK_COLUMNS = ("test", "window", "model", "city", "truth", "forecast")
_LEAST_ROWS = 30
_CONSTANT = ("zero", "median")
_NAIVE = (*_CONSTANT, "same as before", "last gap, rescaled")


@dataclass(frozen=True)
class _Task:
    """Rows to learn from and rows to forecast, with the last yearly gap of each."""

    sample: Sample
    gaps: Float
    asked: Float
    asked_gaps: Float
    before: Float


def run_shocks(
    dataset: Dataset,
    experiment: Experiment,
    labels: Mapping[Window, Float],
    progress: Progress = silent,
) -> pd.DataFrame:
    """Forecast each shock from earlier ones, and provinces that were held out of all.

    Parameters
    ----------
    dataset : Dataset
    experiment : Experiment
        Learners and feature settings.
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
    parts = [_later(dataset, experiment, labels, window) for window in windows]
    provinces = _provinces(dataset)
    for done, province in enumerate(provinces, start=1):
        parts.append(_unseen(dataset, experiment, labels, province))
        progress("provinces held out", done, len(provinces))
    found = [part for part in parts if part is not None and len(part)]
    if not found:
        raise InputError(
            "outcome.windows: no shock has an earlier one whose outcome was known before it "
            f"began, with {_LEAST_ROWS} cities; name earlier shocks"
        )
    frame = pd.concat(found, ignore_index=True)
    return frame.sort_values(["test", "window", "model", "city"], ignore_index=True)


def score_shocks(frame: pd.DataFrame) -> pd.DataFrame:
    """Score each model of each test and window, with its skill against the best naive rule.

    Returns
    -------
    DataFrame
        ``test, window, model, n, mae, rmse, rank_correlation, skill_naive``; errors in the unit of
        the measure, skill against the naive rule with the lowest error in that row's test and
        window (which flatters the rule).
    """
    rows = []
    for (test, window, model), part in frame.groupby(["test", "window", "model"]):
        error = part["forecast"] - part["truth"]
        constant = model in _CONSTANT or part["forecast"].nunique() < 2
        rank = np.nan if constant else part["forecast"].corr(part["truth"], method="spearman")
        mae, rmse = float(error.abs().mean()), float(np.sqrt((error**2).mean()))
        rows.append((test, window, model, len(part), mae, rmse, float(rank)))
    names = ["test", "window", "model", "n", "mae", "rmse", "rank_correlation"]
    scores = pd.DataFrame(rows, columns=names)
    naive = scores[scores["model"].isin(_NAIVE)].groupby(["test", "window"])["mae"].min()
    best = pd.MultiIndex.from_frame(scores[["test", "window"]]).map(naive)
    scores["skill_naive"] = 1 - scores["mae"] / best.to_numpy(dtype=np.float64)
    order = ["test", "window", "mae", "model"]
    return scores.sort_values(order, ignore_index=True)


def _provinces(dataset: Dataset) -> list[str]:
    province = dataset.groups.get("province")
    return [] if province is None else sorted(set(province.tolist()) - {""})


def _known_at(labels: Mapping[Window, Float], year: int) -> list[Window]:
    """Return the shocks whose outcome was known when a year was the newest."""
    return [w for w in sorted(labels) if (w.recovery_end or w.end) <= year]


def _later(
    dataset: Dataset, experiment: Experiment, labels: Mapping[Window, Float], window: Window
) -> pd.DataFrame | None:
    """Forecast one shock from those that were over before it began."""
    start = _start(experiment, window)
    earlier = _known_at(labels, start)
    if not earlier:
        return None
    everyone = np.ones(len(dataset.cities), dtype=bool)
    task = _task(dataset, experiment, labels, (earlier, everyone), (window, everyone))
    if len(task.sample.labels) < _LEAST_ROWS:
        return None
    return _forecast(dataset, experiment, task, (LATER, window), labels[window], everyone)


def _unseen(
    dataset: Dataset, experiment: Experiment, labels: Mapping[Window, Float], province: str
) -> pd.DataFrame | None:
    """Forecast the cities of one province in every shock from all other provinces."""
    inside = dataset.groups["province"] == province
    parts = []
    for window in sorted(labels):
        task = _task(dataset, experiment, labels, ([window], ~inside), (window, inside))
        if len(task.sample.labels) >= _LEAST_ROWS:
            about = (UNSEEN, window)
            parts.append(_forecast(dataset, experiment, task, about, labels[window], inside))
    return pd.concat(parts, ignore_index=True) if parts else None


def _start(experiment: Experiment, window: Window) -> int:
    """Return the newest year before what is measured begins."""
    recovery = "recovery" in MEASURES[experiment.outcome.measure].needs
    return window.end if recovery else window.start


def _task(
    dataset: Dataset,
    experiment: Experiment,
    labels: Mapping[Window, Float],
    learnt: tuple[Sequence[Window], NDArray[np.bool_]],
    asked: tuple[Window, NDArray[np.bool_]],
) -> _Task:
    """Lay out features as of the start of the shock that is forecast."""
    windows, teachers = learnt
    window, pupils = asked
    start = _start(experiment, window)
    view = dataset.at(start)
    spec = choose_features(view, experiment.features, 1)
    matrix = feature_matrix(view, spec)
    yearly = growth_gap_past(view.outcome, 1)
    rows, values, gaps, ages = [], [], [], []
    for one in windows:
        column = _start(experiment, one) - int(dataset.years[0])
        known = np.isfinite(labels[one]) & teachers & (column >= 0)
        rows.append(matrix[known, column])
        values.append(labels[one][known])
        gaps.append(yearly[known, column])
        ages.append(np.full(np.count_nonzero(known), start - _start(experiment, one)))
    before = labels[windows[-1]] if window not in windows else np.full(len(pupils), np.nan)
    past = {own.id for own in dataset.specs if own.family == "history"}
    return _Task(
        sample=Sample(
            features=np.concatenate(rows),
            labels=np.concatenate(values),
            columns=spec.columns,
            history=spec.family_columns(past),
            ages=np.concatenate(ages).astype(np.float64),
            cities=np.zeros(0, dtype=np.intp),
        ),
        gaps=np.nan_to_num(np.concatenate(gaps)),
        asked=matrix[pupils, -1],
        asked_gaps=np.nan_to_num(yearly[pupils, -1]),
        before=before[pupils],
    )


def _forecast(
    dataset: Dataset,
    experiment: Experiment,
    task: _Task,
    about: tuple[str, Window],
    truth: Float,
    pupils: NDArray[np.bool_],
) -> pd.DataFrame:
    """Forecast the cities asked for with every candidate; those without a truth are left out."""
    test, window = about
    known = np.isfinite(truth[pupils])
    cities = np.array(dataset.cities, dtype=object)[pupils][known]
    frames = [
        pd.DataFrame(
            {
                "test": test,
                "window": str(window),
                "model": model,
                "city": cities,
                "truth": truth[pupils][known],
                "forecast": forecast[known],
            }
        )
        for model, forecast in _candidates(experiment, task)
    ]
    return pd.concat(frames, ignore_index=True)


def _candidates(experiment: Experiment, task: _Task) -> Iterator[tuple[str, Float]]:
    """Yield the naive rules, each learner on all columns, their mean, and the mean on history."""
    count = len(task.asked)
    middle = float(np.median(task.sample.labels))
    yield "zero", np.zeros(count)
    yield "median", np.full(count, middle)
    if np.isfinite(task.before).any():
        yield "same as before", np.where(np.isfinite(task.before), task.before, middle)
    yield "last gap, rescaled", _rescaled(task)
    everything = np.arange(len(task.sample.columns))
    for label, columns in (("", everything), ("history only: ", task.sample.history)):
        members = []
        for name, values in learner_parameters(experiment.model).items():
            if name == "persistence" or not len(columns):
                continue
            sample = task.sample.only(columns)
            fitted = LEARNERS[name].fit(sample, values, experiment.model.seed)
            members.append(fitted.predict(task.asked[:, columns]))
            if not label:
                yield name, members[-1]
        if members:
            yield f"{label}mean of learners", np.mean(members, axis=0)


def _rescaled(task: _Task) -> Float:
    """The city's last yearly gap times the slope that earlier shocks show, least squares."""
    square = float(task.gaps @ task.gaps)
    middle = float(np.median(task.sample.labels))
    slope = float(task.gaps @ (task.sample.labels - middle)) / square if square else 0.0
    return np.asarray(middle + slope * task.asked_gaps)
