"""The size class and the outcome of a panel whose columns lie in files, batch by batch."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from city_resilience.experiment.outcome import Outcome
from city_resilience.reading import checks
from city_resilience.reading.issues import Issue
from city_resilience.reading.panel import Panel
from city_resilience.reading.size import newest_known, size_columns, size_of_cities
from city_resilience.reading.stored_panel import StoredPanel

__all__ = ["is_amount", "stored_with_outcome", "stored_with_size"]


def is_amount(panel: Panel, settings: Outcome) -> bool:
    """Say whether an outcome must be positive."""
    kind = panel.variables[settings.variable].kind
    return settings.scale not in ("log", "rate") and kind != "log"


def stored_with_size(panel: StoredPanel, scope: str) -> StoredPanel:
    """Add the size class of each city."""
    columns = size_columns(panel.variables, scope)
    parts: dict[str, list[pd.DataFrame]] = {basis: [] for basis in columns}
    for rows in panel.in_order() if columns else ():
        frame = panel.of(rows, columns.values()).frame
        for basis, column in columns.items():
            parts[basis].append(newest_known(frame, column))
    newest = {basis: pd.concat(part) for basis, part in parts.items()}
    classes, note = size_of_cities(newest, panel.store.shape[0])
    sized = panel.grouped("size", [classes.get(city, "") for city in panel.store.cities])
    return replace(sized, notes=(*panel.notes, note))


def stored_with_outcome(panel: StoredPanel, settings: Outcome, found: pd.Series) -> StoredPanel:
    """Check the outcome; values of an amount that are not positive are left out.

    Parameters
    ----------
    panel : StoredPanel
    settings : Outcome
    found : Series
        By row, the outcomes as the file has them that are not above zero.
    """
    outcome, header = settings.variable, panel.headers[settings.variable]
    issues: list[Issue] = []
    wrong = []
    filled = False
    for rows in panel.in_order():
        values = panel.store.numbers[outcome].rows(rows)
        filled |= bool(np.isfinite(values).any())
        if is_amount(panel, settings) and (values <= 0).any():
            batch = panel.of(rows, [outcome])
            by_row = batch.frame.set_axis(pd.Index(batch.rows), axis="index").sort_index()
            cells = by_row[outcome].astype(object)
            known = found.index.intersection(cells.index)
            cells[known] = found[known].astype(object)
            issues += checks.check_positive(header, outcome, by_row, cells)
            wrong.append(np.flatnonzero(values <= 0) + rows.start * panel.store.shape[1])
    if not filled:
        blank = pd.DataFrame({outcome: [np.nan]})
        issues += checks.check_filled(header, outcome, blank)
    issues.sort(key=lambda issue: issue.place.row)
    panel = replace(panel, issues=(*panel.issues, *issues))
    return panel.blanked({outcome: np.concatenate(wrong)}) if wrong else panel
