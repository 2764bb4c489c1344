"""Rows to forecast of a panel whose columns lie in files, their features built in batches."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

from city_resilience.models.forecaster import Forecaster
from city_resilience.reading.early import EarlyRelease
from city_resilience.reading.panel import Panel
from city_resilience.reading.stored_panel import StoredPanel

if TYPE_CHECKING:
    from city_resilience.models.rows import ForecastRows

__all__ = ["batched_rows_of"]


def batched_rows_of(
    forecaster: Forecaster,
    panel: Panel,
    early: tuple[EarlyRelease, ...] = (),
    as_of: dt.date | None = None,
) -> ForecastRows:
    """Return what `Forecaster.rows` does; what the rows read lies beside the panel's columns.

    The panel must stay for as long as the rows are read.
    """
    from city_resilience.batches.dataset import whole_panel
    from city_resilience.batches.rows import batched_rows

    assert isinstance(panel, StoredPanel)
    whole = whole_panel(panel, forecaster.experiment, forecaster.composite)
    specs = [model.spec for model in forecaster.horizons.values()]
    return batched_rows(whole, specs, groups=panel.slices(), early=early, as_of=as_of)
