"""The batch script: from a panel file and a model folder to a forecast file and its manifest."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from city_resilience import __version__
from city_resilience.audit import open_panel
from city_resilience.batch.tables import check_suffix, write_json, write_table
from city_resilience.bundle import load_bundle, package_versions, read_manifest
from city_resilience.drivers import contributions, leading
from city_resilience.errors import InputError, nearest
from city_resilience.forecasting import Forecaster, ServedRows, available_from
from city_resilience.forecasting.intervals import REFERENCE, check_coverage
from city_resilience.panel import Panel

__all__ = ["add_drivers", "check_panel", "forecast_table", "predict", "unobserved_families"]

LEAST_YEARS = 6
LEAST_SHARE = 0.9
LEAST_SHOWN = 0.005


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


def check_panel(forecaster: Forecaster, panel: Panel, *, allow_partial: bool = False) -> ServedRows:
    """Check that a panel is enough for a forecaster and return the rows it would forecast.

    Raises
    ------
    InputError
        If the panel has fewer than 6 years, lacks an indicator of the model, or, unless
        ``allow_partial``, holds less than 90 % of the training cities at its common origin.
    """
    source = panel.source or "panel"
    if len(panel.years) < LEAST_YEARS:
        raise InputError(
            f"{source}: {len(panel.years)} year(s), {panel.years[0]}-{panel.years[-1]}; "
            f"give the whole panel, at least {LEAST_YEARS} years"
        )
    rows = forecaster.served_rows(panel)
    _check_indicators(forecaster, rows, source)
    present = {
        rows.facts.cities[city]
        for city, origin in zip(rows.cities, rows.origins, strict=True)
        if origin == rows.origin
    }
    absent = [city for city in forecaster.cities if city not in present]
    share = 1 - len(absent) / max(len(forecaster.cities), 1)
    if share < LEAST_SHARE and not allow_partial:
        raise InputError(
            f"{source}: {len(forecaster.cities) - len(absent)} of {len(forecaster.cities)} "
            f"training cities have an outcome in {rows.origin}, missing {', '.join(absent[:3])} "
            f"and others; give the whole panel or pass --allow-partial"
        )
    return rows


def forecast_table(
    forecaster: Forecaster,
    panel: Panel,
    rows: ServedRows | None = None,
    *,
    drivers: int | pd.DataFrame = 0,
    most: int = 3,
    coverage: float = REFERENCE,
) -> pd.DataFrame:
    """Return the forecast of every city, with its leading drivers where asked for.

    ``train`` writes this table as ``forecast.csv`` and ``predict`` as its output.

    Parameters
    ----------
    drivers : int or DataFrame
        Number of leading drivers, computed here; or the drivers frame when it is there already,
        of which ``most`` are taken.
    """
    rows = rows or forecaster.served_rows(panel)
    table = forecaster.forecast(panel, rows, coverage)
    labels = {spec.id: spec.label_en for spec in rows.facts.specs}
    if isinstance(drivers, pd.DataFrame):
        return add_drivers(table, drivers, most, labels)
    if drivers == 0:
        return table
    return add_drivers(table, contributions(forecaster, panel, rows), drivers, labels)


def add_drivers(
    table: pd.DataFrame, drivers: pd.DataFrame, most: int, labels: Mapping[str, str]
) -> pd.DataFrame:
    """Append the leading drivers of each row as text, for example ``"broadband: +0.42"``.

    Parameters
    ----------
    table : DataFrame
        Forecasts with ``city`` and ``horizon``.
    drivers : DataFrame
        As of ``drivers.contributions``; an indicator without a value for the city, or with a
        contribution that rounds to zero, is not named.
    most : int
        Columns ``driver_1`` to ``driver_<most>``; "" where a row has fewer.
    labels : mapping
        Indicator id to label.
    """
    observed = drivers[drivers["value"].notna() & (drivers["contribution"].abs() >= LEAST_SHOWN)]
    named = leading(observed, most)
    found = {
        (city, horizon, place): f"{labels.get(name, name)}: {value:+.2f}"
        for city, horizon, place, name, value in zip(
            *(named[c] for c in ("city", "horizon", "place", "indicator", "contribution")),
            strict=True,
        )
    }
    keys = list(zip(table["city"], table["horizon"], strict=True))
    columns = {
        f"driver_{k}": [found.get((*key, k), "") for key in keys] for k in range(1, most + 1)
    }
    return table.assign(**columns)


def _read(data_path: Path | str, forecaster: Forecaster, sheet: str) -> Panel:
    return open_panel(data_path, forecaster.experiment, sheet=sheet)


def _check_indicators(forecaster: Forecaster, rows: ServedRows, source: str) -> None:
    offered = rows.facts.cube
    needed = {name for m in forecaster.horizons.values() for name in m.spec.needed}
    missing = sorted(needed - set(offered.ids))
    if not missing:
        return
    named = "; ".join(f"{m} ({offered.absent.get(m, 'not in the panel')})" for m in missing[:5])
    raise InputError(
        f"{source}: {len(missing)} of {len(needed)} indicators that the model was trained on are "
        f"not offered: {named}{nearest(missing[0], offered.ids)}; add their columns or use a "
        "model trained without them"
    )


def _check_cities(cities: Sequence[str], rows: ServedRows) -> None:
    known = [rows.facts.cities[city] for city in rows.cities]
    for city in cities:
        if city not in known:
            raise InputError(
                f"--city {city!r}: not among the {len(known)} cities of the panel"
                f"{nearest(city, known)}; give a name as it stands in the panel"
            )


def unobserved_families(forecaster: Forecaster, rows: ServedRows) -> dict[str, float]:
    """Return the families the model uses whose indicators are hardly observed any more.

    Returns
    -------
    dict
        Family to the share of its values that are there at the served rows, where that is below
        the experiment's ``min_coverage``.
    """
    families = {spec.id: spec.family for spec in rows.facts.specs}
    known: dict[str, list[float]] = {}
    for model in forecaster.horizons.values():
        names, values = rows.indicators(model.spec)
        for name, share in zip(names, np.isfinite(values).mean(axis=0), strict=True):
            known.setdefault(families[name], []).append(float(share))
    least = forecaster.experiment.features.min_coverage
    means = {family: float(np.mean(shares)) for family, shares in known.items()}
    return {family: share for family, share in means.items() if share < least}


def _manifest(
    forecaster: Forecaster, panel: Panel, rows: ServedRows, table: pd.DataFrame, out: Path
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
        "held_out": list(panel.held),
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
