"""The batch script: from a panel file and a model folder to a forecast file and its manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from city_resilience import __version__
from city_resilience.audit.read_audited import read_audited
from city_resilience.errors import InputError, nearest
from city_resilience.explain.forecast_table import check_panel, forecast_table, unobserved_families
from city_resilience.files import check_suffix, refuse_overwriting, write_json, write_table
from city_resilience.models.bundle import load_bundle
from city_resilience.models.forecaster import Forecaster, ForecastRows, available_from
from city_resilience.models.intervals import REFERENCE, check_coverage
from city_resilience.models.manifest import read_manifest
from city_resilience.models.versions import package_versions
from city_resilience.reading.panel import Panel

__all__ = ["predict"]


def predict(
    data_path: Path | str,
    out_path: Path | str,
    *,
    model_folder: Path | str,
    drivers: int = 0,
    cities: Sequence[str] = (),
    allow_partial: bool = False,
    sheet: str = "",
    coverage: float = REFERENCE,
    model: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """Forecast every city of a panel file and write the forecast and its manifest.

    Parameters
    ----------
    data_path : Path
        The whole panel, in the layout the model was trained on.
    out_path : Path
        Ends in ``.csv``, ``.xlsx`` or ``.parquet``; the manifest goes to
        ``<out_path>.manifest.json``.
    model_folder : Path
        A model bundle.
    drivers : int
        Number of leading drivers per row, as columns ``driver_1`` and so on.
    cities : sequence of str
        Cities to write; all are forecast. Empty = all.
    allow_partial : bool
        Accept a panel with less than 90 % of the training cities at the origin.
    sheet : str
        Sheet of a workbook; "" = the experiment's.
    coverage : float
        Nominal coverage of ``lower`` to ``upper``.
    model : mapping
        Name, version and store of a registered model, echoed into the manifest.

    Returns
    -------
    dict
        The manifest.

    Raises
    ------
    InputError
        If the model, the panel or the place to write is not usable; nothing is written then.
    """
    out_path = Path(out_path)
    check_suffix(out_path)
    refuse_overwriting([out_path], [data_path])
    if drivers < 0:
        raise InputError(f"--drivers {drivers}: the number of drivers is negative; give 0 or more")
    check_coverage(coverage, "--coverage")
    forecaster = load_bundle(model_folder)
    panel = _read(data_path, forecaster, sheet)
    rows = check_panel(forecaster, panel, allow_partial=allow_partial)
    _check_cities(cities, rows)
    table = forecast_table(forecaster, panel, rows, drivers=drivers, coverage=coverage)
    if cities:
        table = table[table["city"].isin(list(cities))].reset_index(drop=True)
    write_table(table, out_path)
    manifest = _manifest(forecaster, panel, rows, table, out_path) | {
        "model": _model(model_folder, forecaster, model or {})
    }
    write_json(manifest, out_path.with_name(out_path.name + ".manifest.json"))
    return manifest


def _read(data_path: Path | str, forecaster: Forecaster, sheet: str) -> Panel:
    return read_audited(data_path, forecaster.experiment, purpose="predict", sheet=sheet).panel


def _check_cities(cities: Sequence[str], rows: ForecastRows) -> None:
    known = [rows.dataset.cities[city] for city in rows.cities]
    for city in cities:
        if city not in known:
            raise InputError(
                f"--city {city!r}: not among the {len(known)} cities of the panel"
                f"{nearest(city, known)}; give a name as it stands in the panel"
            )


def _manifest(
    forecaster: Forecaster, panel: Panel, rows: ForecastRows, table: pd.DataFrame, out: Path
) -> dict[str, Any]:
    delay = forecaster.experiment.outcome.publication_delay_days
    flags = table["flags"][table["flags"] != ""].str.split(";").explode()
    return {
        "file": out.name,
        "sha256": hashlib.sha256(out.read_bytes()).hexdigest(),
        "rows": len(table),
        "cities": int(table["city"].nunique()),
        "origin": rows.origin,
        "available_from": available_from(rows.origin, delay).isoformat(),
        "horizons": [int(h) for h in np.unique(table["horizon"])],
        "flags": {name: int(count) for name, count in flags.value_counts().sort_index().items()},
        "unobserved_families": unobserved_families(forecaster, rows),
        "masked_cells": list(panel.masked),
        "simulated": forecaster.experiment.data.simulated,
        "data": {"file": Path(panel.source).name, "fingerprint": panel.fingerprint()},
        "versions": {"city-resilience": __version__, **package_versions()},
    }


def _model(
    folder: Path | str, forecaster: Forecaster, registered: Mapping[str, str]
) -> dict[str, Any]:
    manifest = read_manifest(folder)
    return {
        "name": forecaster.experiment.name,
        **registered,
        "origin": forecaster.origin,
        "experiment_digest": forecaster.experiment.digest(),
        "data_fingerprint": forecaster.fingerprint,
        "trained_with": {"city-resilience": manifest.package_version, **manifest.versions},
    }
