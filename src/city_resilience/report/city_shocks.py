"""What past shocks did to each city: its gap over the shock and over the recovery."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from city_resilience.arrays import Float, Int
from city_resilience.experiment.outcome import Outcome
from city_resilience.reading.panel import Panel
from city_resilience.report.formatting import rounded
from city_resilience.report.outlook_shapes import Shock
from city_resilience.resilience.measure_panel import measure_panel
from city_resilience.resilience.window import Window

__all__ = ["AFTER", "MOST_SHOCKS", "city_shocks", "nation_growth", "shock_windows"]

MOST_SHOCKS = 3
BEFORE, AFTER = 3, 2
"""Years before a shock whose mean it falls short of, and of a recovery, where none is named."""
LEAST_FALL = 1.0
"""Percentage points of national growth from which a fall counts as a shock."""


def nation_growth(outcome: Float, past: Float) -> Float:
    """Return the nation's growth by year, percent, NaN where unknown.

    Parameters
    ----------
    outcome : ndarray, shape (cities, years)
    past : ndarray, shape (cities, years - 1)
        Growth gaps of the second year on, log points; growth less the gap is the nation's growth.
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        growth = 100.0 * np.diff(np.log(outcome), axis=1) - past
    known = np.isfinite(growth).any(axis=0)
    log_points = np.full(growth.shape[1], np.nan)
    log_points[known] = np.nanmedian(growth[:, known], axis=0)
    return np.asarray(100.0 * np.expm1(log_points / 100.0))


def shock_windows(years: Int, growth: Float, named: Sequence[str] = ()) -> list[Window]:
    """Return the shocks that a city's page looks back on, oldest first.

    Parameters
    ----------
    years : ndarray of int, shape (years,)
    growth : ndarray, shape (years,)
        Growth of the nation in each.
    named : sequence of str
        Windows of the experiment; where there are none, they are the three years in which the
        nation's growth fell most below its mean of the three years before, by one percentage point
        at least, each with two years of recovery that overlap with no other.
    """
    if named:
        return sorted(map(Window.parse, named), key=lambda window: window.start)
    usual = [growth[at - BEFORE : at].mean() for at in range(BEFORE, len(growth) - AFTER)]
    fall = np.asarray(usual) - growth[BEFORE : len(growth) - AFTER]
    chosen: list[int] = []
    for at in np.argsort(-fall, kind="stable").tolist():
        year = int(years[at + BEFORE])
        if fall[at] >= LEAST_FALL and all(abs(year - own) > AFTER for own in chosen):
            chosen.append(year)
    shocks = sorted(chosen[:MOST_SHOCKS])
    return [Window.parse(f"{year - 1}:{year}:{year + AFTER}") for year in shocks]


def city_shocks(
    panel: Panel, outcome: Outcome, windows: Sequence[Window]
) -> dict[str, list[Shock]]:
    """Return what each shock did to each city, in the order of the windows.

    Parameters
    ----------
    panel : Panel
    outcome : Outcome
        What is forecast.
    windows : sequence of Window
        One that begins outside the panel, or has no recovery, is left out.
    """
    windows = [own for own in windows if own.start in panel.years and own.recovery_end]
    if not windows:
        return {}
    measured = measure_panel(
        panel, outcome, ["resistance", "recovery"], windows, deflator=outcome.deflator
    )
    found: dict[str, list[Shock]] = {}
    for row in measured.to_dict("records"):
        found.setdefault(str(row["city"]), []).append(
            {
                "start": int(row["start"]),
                "end": int(row["end"]),
                "recovery_end": int(row["recovery_end"]),
                "gap": rounded(row["growth_gap_pp"], 2),
                "recovery_gap": rounded(row["recovery_growth_gap_pp"], 2),
                "resistance": rounded(row["resistance"], 2),
                "recovery": rounded(row["recovery"], 2),
            }
        )
    return found
