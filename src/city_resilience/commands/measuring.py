"""Measures of resilience over the windows of shocks: as a table, and as something to foresee."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import pandas as pd

from city_resilience.audit.read_audited import read_audited
from city_resilience.catalogue.variables import Variable
from city_resilience.commands.intake import Source
from city_resilience.errors import InputError
from city_resilience.evaluation.shocks import run_shocks, score_shocks
from city_resilience.experiment import (
    FAMILIES,
    Experiment,
    Outcome,
    experiment_from,
    load_experiment,
)
from city_resilience.files import check_suffix, refuse_overwriting, write_table
from city_resilience.indicators.formulas.composite import FittedComposite
from city_resilience.progress import Progress, silent
from city_resilience.reading.panel import Panel
from city_resilience.resilience.measure_panel import measure_panel
from city_resilience.resilience.measures import MEASURES
from city_resilience.resilience.summaries import count_reasons
from city_resilience.resilience.window import Window
from city_resilience.tasks.dataset import Dataset, build_dataset

__all__ = [
    "REASONS_FILE",
    "MeasuredFile",
    "ShockEvaluation",
    "evaluate_shocks",
    "group_medians",
    "measure_file",
    "write_shocks",
]

REASONS_FILE = "reasons.csv"
_GROUPS_ENDING = ".groups.csv"


@dataclass(frozen=True)
class ShockEvaluation:
    """Forecasts of shocks, their scores, and why measured values are missing, counted."""

    frame: pd.DataFrame
    scores: pd.DataFrame
    reasons: pd.DataFrame


@dataclass(frozen=True)
class MeasuredFile:
    """A measured panel that was written.

    Attributes
    ----------
    frame : DataFrame
        As ``measure_panel`` returns it, with the groups of each city.
    reasons : DataFrame
        See ``count_reasons``.
    groups : DataFrame
        See `group_medians`; empty where the panel has no groups.
    notes : tuple of str
        What was corrected or masked while reading.
    """

    frame: pd.DataFrame
    reasons: pd.DataFrame
    groups: pd.DataFrame
    notes: tuple[str, ...]


def evaluate_shocks(source: Source, progress: Progress = silent) -> ShockEvaluation:
    """Forecast shocks from earlier ones, and score them.

    Raises
    ------
    InputError
        If the shocks cannot be measured or learnt from.
    """
    outcome = source.experiment.outcome
    windows = [Window.parse(text) for text in outcome.windows]
    measured = measure_panel(
        source.panel,
        outcome.variable,
        [outcome.measure],
        windows,
        counterfactual=outcome.counterfactual,
        floor=outcome.floor,
        deflator=outcome.deflator,
    )
    labels = {}
    for window in windows:
        rows = measured[measured["window"] == str(window)].set_index("city")[outcome.measure]
        labels[window] = rows.reindex(source.dataset.cities).to_numpy(dtype=np.float64)
    frame = run_shocks(source.dataset, source.experiment, labels, progress)
    return ShockEvaluation(frame, score_shocks(frame), count_reasons(measured))


def write_shocks(evaluation: ShockEvaluation, folder: Path) -> None:
    """Write the tables of an evaluation of shocks to a folder."""
    write_table(evaluation.frame, folder / "backtest.parquet")
    write_table(evaluation.scores, folder / "scores.csv")
    write_table(evaluation.reasons, folder / REASONS_FILE)


def measure_file(
    data: str,
    out: Path,
    measures: Sequence[str],
    windows: Sequence[str],
    *,
    experiment_path: str = "",
    outcome: str = "",
    deflator: str = "",
    counterfactual: str = "",
    floor: float | None = None,
    gazetteer: str = "none",
    groups: Sequence[str] = (),
) -> MeasuredFile:
    """Measure a panel file over windows and write the result.

    Cells with an audit error are left out of every denominator, as in training.

    Parameters
    ----------
    data : str
        The panel.
    out : Path
        CSV, XLSX or Parquet by suffix; medians by group go to ``<stem>.groups.csv`` beside it.
    measures, windows : sequence of str
        Ids of the registry; ``START:END`` or ``START:END:RECOVERY_END``.
    experiment_path : str
        Experiment whose data, outcome and composite count; empty for none.
    outcome, deflator, counterfactual, floor
        In place of the experiment's.
    gazetteer, groups
        Without an experiment: how names are resolved, and which groups are added.

    Raises
    ------
    InputError
        If a name is unknown, a window lies outside the panel, or the panel is not usable; nothing
        is written then.
    """
    check_suffix(out)
    medians_path = out.with_name(out.stem + _GROUPS_ENDING)
    refuse_overwriting([out, medians_path], [data])
    experiment = _experiment(experiment_path, outcome, deflator, gazetteer, groups)
    settings = experiment.outcome
    panel = read_audited(data, experiment, purpose="measure").panel
    composite = None
    if "composite" in measures:
        panel, composite = _with_components(panel, experiment)
    frame = measure_panel(
        panel,
        settings.variable,
        measures,
        [Window.parse(text) for text in windows or settings.windows],
        counterfactual=counterfactual or settings.counterfactual,  # type: ignore[arg-type]
        floor=settings.floor if floor is None else floor,
        deflator=settings.deflator,
        composite=composite,
    )
    newest = panel.frame.drop_duplicates("city", keep="last").set_index("city")
    for group in panel.groups:
        frame[group] = frame["city"].map(newest[group])
    medians = group_medians(frame, panel.groups, measures, experiment.evaluation.min_group)
    write_table(frame, out)
    if len(medians):
        write_table(medians, medians_path)
    return MeasuredFile(frame, count_reasons(frame), medians, _notes(panel, settings, measures))


def _notes(panel: Panel, settings: Outcome, measures: Sequence[str]) -> tuple[str, ...]:
    """Return the notes of a panel but for masked cells of variables that are not measured."""
    used = {settings.variable, settings.deflator}
    if "composite" in measures or any("industries" in MEASURES[m].needs for m in measures):
        return panel.notes
    others = {note for note in panel.masked if note.split(":")[0] not in used}
    return tuple(note for note in panel.notes if note not in others)


def group_medians(
    frame: pd.DataFrame, groups: Sequence[str], measures: Sequence[str], least: int
) -> pd.DataFrame:
    """Summarise measures by group, window by window.

    Returns
    -------
    DataFrame
        ``measure, window, group, level, n, median``; the median is withheld where fewer than
        ``least`` cities of a level have a value.
    """
    rows = []
    numbers = [m for m in measures if m in frame and frame[m].dtype.kind == "f"]
    for group in groups:
        for (window, level), part in frame.groupby(["window", group], sort=True):
            for measure in numbers:
                n = int(part[measure].notna().sum())
                median = float(part[measure].median()) if n >= max(least, 1) else np.nan
                rows.append((measure, window, group, level, n, median))
    columns = ["measure", "window", "group", "level", "n", "median"]
    return pd.DataFrame(rows, columns=columns)


def _experiment(
    path: str, outcome: str, deflator: str, gazetteer: str, groups: Sequence[str]
) -> Experiment:
    if path:
        experiment = load_experiment(path)
    else:
        data = {"gazetteer": gazetteer, "groups": tuple(groups)}
        values = {"name": "measure", "evaluation": {"first_origin": 1}, "data": data}
        experiment = experiment_from(values, "measure")
    changes = {"variable": outcome, "deflator": deflator}
    used = {key: value for key, value in changes.items() if value}
    return experiment.model_copy(update={"outcome": experiment.outcome.model_copy(update=used)})


def _with_components(panel: Panel, experiment: Experiment) -> tuple[Panel, FittedComposite]:
    """Return the panel with the composite's indicators as columns, and what was frozen."""
    if experiment.outcome.composite is None:
        raise InputError(
            "measure composite: its components are named in an experiment, under "
            "[outcome.composite]; give --experiment"
        )
    chosen = experiment.outcome.model_copy(update={"measure": "composite"})
    # A forecast leaves the components out of its features; here they are what is asked for.
    every = experiment.features.model_copy(update={"families": FAMILIES, "exclude": ()})
    changed = {"outcome": chosen, "features": every}
    dataset: Dataset = build_dataset(panel, experiment.model_copy(update=changed))
    assert dataset.composite is not None
    row = pd.Index(dataset.cities).get_indexer(panel.frame["city"])
    column = panel.frame["year"].to_numpy() - dataset.years[0]
    specs = {spec.id: spec for spec in dataset.indicators.specs}
    columns, variables = {}, dict(panel.variables)
    for name in dataset.composite.components:
        columns[name] = dataset.indicators.values[row, column, dataset.indicators.ids.index(name)]
        spec = specs[name]
        variables[name] = Variable(name, spec.label_en, spec.label_zh, spec.unit, spec.family)
    widened = replace(panel, frame=panel.frame.assign(**columns), variables=variables)
    return widened, dataset.composite
