"""The dataset of a panel in files, its indicators in files as well."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path

from city_resilience.batches.cities import CityBatches
from city_resilience.batches.indicators import WholePanel
from city_resilience.experiment.experiment import Experiment
from city_resilience.indicators.formulas.composite import FittedComposite
from city_resilience.reading.early import EarlyRelease
from city_resilience.reading.stored_panel import StoredPanel
from city_resilience.tasks.dataset import Dataset, dated
from city_resilience.tasks.tall import KeptColumns, is_tall

__all__ = ["stored_dataset", "whole_panel"]


def whole_panel(
    panel: StoredPanel, experiment: Experiment, composite: FittedComposite | None = None
) -> WholePanel:
    """Return a panel in files as batches of cities; what is made of it lies beside its columns."""
    batches = CityBatches(panel.grid(), panel.variables, panel.source, panel.headers)
    folder = Path(tempfile.mkdtemp(dir=panel.store.scratch.path))
    return WholePanel(batches, experiment, folder, composite)


def stored_dataset(
    panel: StoredPanel,
    experiment: Experiment,
    *,
    early: tuple[EarlyRelease, ...] = (),
    as_of: dt.date | None = None,
) -> Dataset:
    """Return what `build_dataset` does; outcome and indicators are read from files.

    The panel must stay for as long as the dataset is used.
    """
    whole = whole_panel(panel, experiment)
    dataset = Dataset(
        cities=whole.batches.grid.cities,
        years=whole.batches.grid.years,
        outcome=whole.level,
        indicators=whole.indicators(),
        groups=panel.slices(),
        measure=experiment.outcome.measure,
        composite=whole.composite,
        nation=whole.nation,
        early=early,
        scored_on=experiment.evaluation.truth,
        kept=KeptColumns() if is_tall(*whole.level.shape) else None,
    )
    return dated(dataset, experiment.outcome.publication_delay_days, as_of)
