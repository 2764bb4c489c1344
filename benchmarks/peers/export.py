"""Export the rows of the backtest for other tools; runs in the environment of the product.

    python export.py EXPERIMENT DATA WORK

Two frames of the same rows at each origin: ``plain`` (last five yearly gaps, log level, raw columns
of that year) and ``features`` (what the product's learners see). ``series.parquet`` is the gap of
every city and year, for tools that make their own lags.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.commands.source import Source, load
from city_resilience.evaluation.checks import scored_origins
from city_resilience.indicators.formulas.history import growth_gap_past
from city_resilience.indicators.formulas.years import lag
from city_resilience.tasks.dataset import Dataset
from city_resilience.tasks.task import prepare_task

HORIZON = 1
LAGS = 5


def plain_columns(source: Source, end: int) -> dict[str, NDArray[np.float64]]:
    """Raw columns and own lags of every city and year up to a column, shape (cities, years)."""
    dataset = source.dataset
    level = dataset.outcome[:, :end]
    gap = growth_gap_past(level)
    own = {f"gap_lag{k}": lag(gap, k) for k in range(LAGS)}
    raw = {f"raw_{name}": values[:, :end] for name, values in source.panel.grid().values.items()}
    return {**own, "log_level": np.log(level), **raw}


def frames_at(source: Source, origin: int) -> dict[str, tuple[pd.DataFrame, pd.DataFrame]]:
    """Return, for each frame, training rows with labels and the rows asked for."""
    dataset: Dataset = source.dataset
    view = dataset.at(origin)
    task = prepare_task(view, HORIZON, source.experiment)
    assert task is not None
    labels = view.labels(HORIZON)
    labels[:, : source.experiment.features.min_history] = np.nan
    city, year = np.nonzero(np.isfinite(labels))
    keys = {"city": np.array(dataset.cities)[city], "year": dataset.years[year]}
    asked = {"city": np.array(dataset.cities), "year": np.full(len(dataset.cities), origin)}
    columns = plain_columns(source, len(view.years))
    names = ["|".join(column) for column in task.spec.columns]
    return {
        "plain": (
            pd.DataFrame({**keys, "label": task.learnt.labels}).join(
                pd.DataFrame({n: v[city, year] for n, v in columns.items()})
            ),
            pd.DataFrame(asked).join(pd.DataFrame({n: v[:, -1] for n, v in columns.items()})),
        ),
        "features": (
            pd.DataFrame({**keys, "label": task.learnt.labels}).join(
                pd.DataFrame(task.learnt.features, columns=names)
            ),
            pd.DataFrame(asked).join(pd.DataFrame(task.asked, columns=names)),
        ),
    }


def series(source: Source) -> pd.DataFrame:
    """One row for each city and year with a gap; the gap of a year needs no later year."""
    dataset = source.dataset
    gap = growth_gap_past(dataset.outcome)
    city, year = np.nonzero(np.isfinite(gap))
    keys = {"city": np.array(dataset.cities)[city], "year": dataset.years[year]}
    return pd.DataFrame({**keys, "gap": gap[city, year]})


def main() -> None:
    """Write ``WORK/series.parquet`` and ``WORK/FRAME/{train,asked}_ORIGIN.parquet``."""
    experiment, data, work = sys.argv[1], sys.argv[2], Path(sys.argv[3])
    source = load(experiment, data)
    series(source).to_parquet(work / "series.parquet", index=False)
    newest = int(source.dataset.years[-1])
    for origin in scored_origins(source.dataset, source.experiment):
        if origin + HORIZON > newest:
            continue
        for name, (train, asked) in frames_at(source, origin).items():
            (work / name).mkdir(parents=True, exist_ok=True)
            train.to_parquet(work / name / f"train_{origin}.parquet", index=False)
            asked.to_parquet(work / name / f"asked_{origin}.parquet", index=False)
        print(f"exported origin {origin}", flush=True)


if __name__ == "__main__":
    main()
