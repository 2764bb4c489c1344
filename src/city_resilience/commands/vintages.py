"""The earlier panels of a run: their files, how they are read, and what each origin read."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from pathlib import Path

import pandas as pd

from city_resilience.audit.read_audited import AuditedPanel, read_audited, standing_errors
from city_resilience.errors import InputError
from city_resilience.experiment.experiment import Experiment
from city_resilience.reading.offered import offered
from city_resilience.reading.opening import open_table
from city_resilience.reading.panel import Panel
from city_resilience.reading.read import read_opened
from city_resilience.tasks.dataset import Dataset, build_dataset
from city_resilience.tasks.real_time import in_real_time, vintage_rows

__all__ = ["dated_dataset", "read_vintages", "vintage_files", "vintage_table"]


def vintage_files(experiment: Experiment, folder: Path) -> dict[dt.date, Path]:
    """Return the files of the earlier panels that an experiment names, by their days."""
    named = experiment.data.vintages
    return {dt.date.fromisoformat(day): folder / named[day] for day in sorted(named)}


def read_vintages(
    files: Mapping[dt.date, Path], experiment: Experiment
) -> dict[dt.date, AuditedPanel]:
    """Read and audit earlier panels as an experiment says.

    Cells that are almost certainly wrong are masked. No other error refuses such a panel: a
    correction counts for every panel, so that one for an old panel would change the newest.

    Raises
    ------
    InputError
        If one is not there, or no panel.
    """
    for day, path in files.items():
        if not path.exists():
            raise InputError(
                f"data.vintages: no panel of {day} at {path}; correct its path, which is relative "
                "to the experiment file"
            )
    return {day: _read(path, experiment) for day, path in files.items()}


def _read(path: Path, experiment: Experiment) -> AuditedPanel:
    """Read an earlier panel, which need not have every column that the experiment declares."""
    data = experiment.data
    table = open_table(path, data.sheet, data.decimal, encoding=data.encoding)
    known = offered(data, table.headers)
    panel = read_opened(table, known, experiment.outcome).corrected(known.corrections)
    return read_audited(panel, experiment, purpose="measure")


def dated_dataset(panel: Panel, experiment: Experiment, files: Mapping[dt.date, Path]) -> Dataset:
    """Return the dataset of a panel with the earlier panels of a run, for another experiment."""
    earlier = {day: own.panel for day, own in read_vintages(files, experiment).items()}
    return in_real_time(build_dataset(panel, experiment), panel, earlier, experiment)


def vintage_table(
    dataset: Dataset, origins: Iterable[int], audited: Mapping[dt.date, AuditedPanel]
) -> pd.DataFrame:
    """Return the rows of `vintage_rows`, and which panel it was.

    ``errors`` are those of its audit that the experiment neither corrects nor accepts and that are
    not masked; ``fingerprint`` is that of the panel. Both are empty for the newest panel.
    """
    panels = {day.isoformat(): own for day, own in audited.items()}
    errors = {day: len(standing_errors(own.audit, "predict")) for day, own in panels.items()}
    prints = {day: own.panel.fingerprint() for day, own in panels.items()}
    rows = vintage_rows(dataset, origins)
    read = rows["vintage"]
    return rows.assign(errors=read.map(errors).astype("Int64"), fingerprint=read.map(prints))
