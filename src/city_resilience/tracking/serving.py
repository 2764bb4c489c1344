"""What a registered model does when MLflow serves it: a long frame in, forecasts out."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from city_resilience.audit.read_audited import AuditedPanel, read_audited
from city_resilience.audit.training_levels import level_doubts
from city_resilience.errors import InputError
from city_resilience.explain.contributions import contributions
from city_resilience.explain.forecast_table import check_panel, forecast_table
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.versions import installed_versions
from city_resilience.reading.panel import Panel

__all__ = ["DATA_COLUMN", "example_of", "requirements", "serve", "serving_panel"]

_LOGGER = logging.getLogger(__name__)
DATA_COLUMN = "data"
EXAMPLE_CITIES = 4
EXAMPLE_YEARS = 10
PACKAGES = (
    *("city-resilience", "mlflow", "numpy", "pandas", "pyarrow", "scipy"),
    *("scikit-learn", "shap", "xgboost-cpu", "xgboost"),
)


def requirements() -> list[str]:
    """Return the pinned packages a served model needs."""
    return [f"{name}=={version}" for name, version in installed_versions(PACKAGES).items()]


def serve(
    forecaster: Forecaster,
    frame: pd.DataFrame,
    params: Mapping[str, Any] | None = None,
    *,
    read_paths: bool = False,
) -> pd.DataFrame:
    """Forecast every city of a panel given as a frame.

    Parameters
    ----------
    frame : DataFrame
        Columns city, year, and the variables of the training panel by id, in catalogue units.
        Or one row with a column ``data``, the path of a panel file.
    params : mapping
        ``drivers`` (number of leading drivers) and ``allow_partial``.
    read_paths : bool
        Whether ``data`` may be used. A server should not read files that its clients name.

    Returns
    -------
    DataFrame
        The columns of ``forecast.csv``; ``rank`` is a float, empty for stale cities.

    Raises
    ------
    InputError
        If the panel is not usable.

    Notes
    -----
    What is doubtful about the panel goes to the log as a warning.
    """
    params = params or {}
    read = _read(forecaster, frame.dropna(axis="columns", how="all"), read_paths)
    for alarm in _alarms(forecaster, read):
        _LOGGER.warning("%s", alarm)
    rows = check_panel(
        forecaster, read.panel, allow_partial=bool(params.get("allow_partial", False))
    )
    most = int(params.get("drivers", 0))
    drivers = contributions(forecaster, rows) if most else None
    table = forecast_table(forecaster, rows, drivers, most=most)
    return table.assign(rank=table["rank"].astype("float64"))


def serving_panel(forecaster: Forecaster, frame: pd.DataFrame) -> AuditedPanel:
    """Check a long frame whose columns are variable ids, as a panel.

    Its cells are taken as corrected; the corrections of the experiment are for its file.
    """
    data = forecaster.experiment.data
    own = {column.id or header: column for header, column in data.columns.items()}
    file_only = {"city": "", "year": "", "province": "", "sheet": "", "units": {}}
    file_only |= {"nation": "nation" if data.nation else ""}
    asked = data.model_copy(update=file_only | {"columns": own, "corrections": {}})
    experiment = forecaster.experiment.model_copy(update={"data": asked})
    return read_audited(frame, experiment, purpose="predict")


def _alarms(forecaster: Forecaster, read: AuditedPanel) -> Iterator[str]:
    """Yield what `city-resilience predict` would raise as an alarm about the columns."""
    yield from level_doubts(read.audit.panel, forecaster.levels, forecaster.cities)
    yield from read.audit.scale_doubts
    yield from read.panel.masked


def example_of(panel: Panel, forecaster: Forecaster) -> pd.DataFrame:
    """Return a few cities and years of a panel, of one nation, to show what the model takes."""
    nations = forecaster.nations or ("",) * len(forecaster.cities)
    own = [city for city, of in zip(forecaster.cities, nations, strict=True) if of == nations[0]]
    most = max(EXAMPLE_CITIES, forecaster.experiment.data.nation_min_cities if nations[0] else 0)
    cities = sorted(set(own).intersection(panel.cities))[:most]
    frame = panel.among(cities).frame
    return frame[frame["year"] > forecaster.origin - EXAMPLE_YEARS].reset_index(drop=True)


def _read(forecaster: Forecaster, frame: pd.DataFrame, read_paths: bool) -> AuditedPanel:
    if DATA_COLUMN not in frame:
        return serving_panel(forecaster, frame)
    if not read_paths:
        raise InputError(
            "data: this model does not read files that a request names; send the panel itself, "
            'or load the model with model_config={"read_paths": True}'
        )
    if len(frame) != 1:
        raise InputError(f"data: {len(frame)} rows, found more than one path; give one path")
    path = str(frame[DATA_COLUMN].iloc[0])
    return read_audited(path, forecaster.experiment, purpose="predict")
