"""Measure a panel over the windows of shocks: one row per city and window, reasons beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any, get_args

import numpy as np
import pandas as pd

from city_resilience.arrays import Float
from city_resilience.catalogue.industries import industry_ids
from city_resilience.errors import InputError, check_known
from city_resilience.experiment.outcome import Outcome
from city_resilience.indicators.formulas.composite import FittedComposite
from city_resilience.reading.panel import Grid, Panel
from city_resilience.resilience.growth import FLOOR, growth_gap_between
from city_resilience.resilience.measures import Measure, measure_of
from city_resilience.resilience.reasons import Measured, reason_ids
from city_resilience.resilience.scale import outcome_series
from city_resilience.resilience.window import Window
from city_resilience.resilience.window_data import Counterfactual, WindowData

__all__ = ["measure_panel"]


def measure_panel(
    panel: Panel,
    outcome: Outcome | str,
    measures: Sequence[str],
    windows: Sequence[Window],
    *,
    counterfactual: Counterfactual = "plain",
    floor: float = FLOOR,
    industries: Sequence[str] | None = None,
    deflator: str = "",
    composite: FittedComposite | None = None,
) -> pd.DataFrame:
    """Measure every city of a panel over every window.

    Parameters
    ----------
    panel : Panel
    outcome : Outcome or str
        What is measured: its variable, scale, weight and direction count; or the id of a variable.
    measures : sequence of str
        Ids of `MEASURES`.
    windows : sequence of Window
    counterfactual : {"plain", "industry_mix"}
        What resistance and recovery expect: the nation's growth, or that of the city's industry
        mix. The mix measures the change of the sum of the industries, so the outcome must be in
        their unit.
    floor : float
        Least absolute national growth over the window, as a fraction, for which a ratio is given.
    industries : sequence of str, optional
        Variable ids that add up to the city; by default the 19 industries of urban-unit
        employment, those that the panel has.
    deflator : str
        Variable id of a price index; the outcome is divided by it.
    composite : FittedComposite, optional
        For the measure ``composite``.

    Returns
    -------
    DataFrame
        Per city and window ``city, province, nation`` (when known), ``window, start, end,
        recovery_end``; beside any ratio ``growth_gap_pp`` (and ``recovery_growth_gap_pp`` when
        the expansion is measured); per measure its value, ``<measure>_reason`` ("" = known) and
        its further columns: ``<effect>_pp``, ``time_to_recover_censored`` and ``_observed``,
        ``composite_start``.

    Raises
    ------
    InputError
        If a name is unknown, a window starts outside the panel, a measure lacks its input, or the
        scale does not go with the outcome or a measure.
    """
    chosen = [measure_of(name) for name in dict.fromkeys(measures)]
    _check(chosen, windows, panel, counterfactual, floor)
    grid = panel.grid()
    needs = {need for measure in chosen for need in measure.needs}
    mixed = counterfactual == "industry_mix" and "counterfactual" in needs
    needed = mixed or "industries" in needs
    settings = outcome if isinstance(outcome, Outcome) else Outcome(variable=outcome)
    used = {"deflator": deflator, "counterfactual": counterfactual}
    settings = panel.resolved(settings.model_copy(update=used))
    outcome = settings.variable
    for name, role in ((outcome, "outcome"), (deflator, "deflator")):
        if name:
            _column(grid, panel, name, role)
    series = outcome_series(grid.values, panel.variables, settings, chosen)
    data = WindowData(
        years=grid.years,
        outcome=series.level,
        nation=series.nation.within(grid.nation),
        industries=_industries(grid, panel, industries, needed, outcome if mixed else ""),
        counterfactual=counterfactual,
        floor=floor,
        composite=composite,
        components=_components(grid, panel, chosen, composite),
    )
    return pd.concat([_by_nation(grid, data, chosen, w) for w in windows], ignore_index=True)


def _check(
    chosen: Sequence[Measure],
    windows: Sequence[Window],
    panel: Panel,
    counterfactual: str,
    floor: float,
) -> None:
    if counterfactual not in (known := get_args(Counterfactual)):
        raise InputError(f"counterfactual {counterfactual!r}: choose among {', '.join(known)}")
    if not 0 <= floor < 1:
        raise InputError(f"floor {floor}: expected a fraction such as 0.01, from 0 to below 1")
    if not chosen or not windows:
        raise InputError("nothing to measure: give at least one measure and one window")
    for window in windows:
        if window.start not in panel.years:
            raise InputError(
                f"window {window}: {panel.source} has the years "
                f"{panel.years[0]}-{panel.years[-1]}; start in one of them"
            )


def _column(grid: Grid, panel: Panel, name: str, role: str) -> Float:
    then = "add the column or name another"
    check_known(name, grid.values, f"{panel.source}: {role}", "is not a column", then)
    return grid.values[name]


def _industries(
    grid: Grid, panel: Panel, industries: Sequence[str] | None, needed: bool, outcome: str
) -> Float:
    """Industries stacked, shape (cities, years, k); of the outcome's unit when that is named."""
    if not needed:
        return np.empty((*grid.shape, 0))
    names = [n for n in industry_ids() if n in grid.values] if industries is None else industries
    if not names:
        raise InputError(
            f"{panel.source}: no column of employment by industry, which the measures asked for "
            "need; add the columns or name others as industries"
        )
    stacked = np.stack([_column(grid, panel, n, "industry") for n in names], axis=-1)
    units = {panel.variables[name].unit for name in (*names, *([outcome] if outcome else []))}
    if len(units) > 1:
        raise InputError(
            f"{panel.source}: industries and outcome must share one unit to be compared, found "
            f"{', '.join(sorted(units))}; name industries of the outcome, or an outcome in theirs"
        )
    return stacked


def _components(
    grid: Grid, panel: Panel, chosen: Sequence[Measure], composite: FittedComposite | None
) -> Float | None:
    if not any("components" in measure.needs for measure in chosen):
        return None
    if composite is None:
        raise InputError("measure 'composite' needs a fitted composite; none was given")
    return np.stack([_column(grid, panel, n, "component") for n in composite.components])


def _by_nation(
    grid: Grid, data: WindowData, chosen: Sequence[Measure], window: Window
) -> pd.DataFrame:
    """Measure the cities of each nation by themselves, in the order of the grid."""
    parts = data.nation.parts()
    frames = [_rows(grid.of(rows), data.of(rows, own), chosen, window) for rows, own in parts]
    return pd.concat(frames).sort_values("city", kind="stable", ignore_index=True)


def _rows(grid: Grid, data: WindowData, chosen: Sequence[Measure], window: Window) -> pd.DataFrame:
    columns: dict[str, Any] = {"city": list(grid.cities)}
    known = {"province": grid.province, "nation": grid.nation}
    columns |= {name: levels for name, levels in known.items() if levels is not None}
    columns |= {"window": str(window), "start": window.start, "end": window.end}
    recovery_end = pd.NA if window.recovery_end is None else window.recovery_end
    columns["recovery_end"] = pd.array([recovery_end] * len(grid.cities), dtype="Int64")
    gap = partial(data.between, growth_gap_between)
    if any(measure.ratio for measure in chosen):
        columns["growth_gap_pp"] = gap(window.start, window.end).values
    if any("recovery" in measure.needs for measure in chosen):
        columns["recovery_growth_gap_pp"] = gap(window.end, window.recovery_end).values
    for measure in chosen:
        columns |= _columns(measure, measure.over_window(data, window))
    return pd.DataFrame(columns)


def _columns(measure: Measure, found: Measured) -> Mapping[str, Any]:
    values: Any = found.values
    if measure.categories:
        position = np.where(found.reasons == 0, found.values, 0).astype(np.int64)
        words = np.array(measure.categories)[position]
        values = np.where(found.reasons == 0, words, "")
    beside = {f"{measure.id}_{suffix}": column for suffix, column in found.beside.items()}
    return {measure.id: values, f"{measure.id}_reason": reason_ids(found.reasons), **beside}
