"""Panels read with their audit: for training, for serving, and for looking at all that is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from city_resilience.audit.audited import Audited, audit_panel
from city_resilience.audit.finding import Finding
from city_resilience.audit.held import hold_out
from city_resilience.experiment import Audit, Data, Experiment
from city_resilience.panel import Fault, Faults, Panel, read_panel

__all__ = ["inspect_panel", "open_panel"]

_CHECK_OF = {"duplicate": "duplicate", "unit": "unit", "outcome": "outcome"}


def open_panel(path: Path | str, experiment: Experiment, *, sheet: str = "") -> Panel:
    """Read a panel as an experiment says, its corrections made and its wrong cells held out.

    Parameters
    ----------
    path : Path
    experiment : Experiment
        Its data, audit and outcome count.
    sheet : str
        Sheet of a workbook, in place of the experiment's.

    Raises
    ------
    InputError
        As `panel.read_panel`.
    """
    data = experiment.data
    if sheet:
        data = data.model_copy(update={"sheet": sheet})
    panel = read_panel(path, data, outcome=experiment.outcome.variable)
    return hold_out(panel, experiment.audit)


def inspect_panel(
    path: Path | str,
    data: Data | None = None,
    *,
    outcome: str = "",
    settings: Audit | None = None,
) -> tuple[Panel, Audited]:
    """Read a panel and audit it; rows and cells that cannot be read are findings, not errors.

    Returns
    -------
    panel : Panel
        Without the rows and cells that cannot be read.
    audited : Audited

    Raises
    ------
    InputError
        If the file is no table of cities and years at all.
    """
    faults = Faults(str(path), keep=True)
    panel = read_panel(path, data, outcome=outcome, faults=faults)
    found = tuple(_findings(panel, faults.found))
    return panel, audit_panel(panel, outcome=outcome, settings=settings, faults=found)


def _findings(panel: Panel, faults: list[Fault]) -> Iterator[Finding]:
    order = np.argsort(panel.rows) if panel.rows is not None else np.empty(0, dtype=np.intp)
    rows = panel.rows[order] if panel.rows is not None else order
    for fault in faults:
        at = int(np.searchsorted(rows, fault.row))
        known = at < len(rows) and rows[at] == fault.row
        place = panel.frame.iloc[int(order[at])] if known else None
        column = f", column {panel.headers[fault.variable]!r}" * (fault.variable in panel.headers)
        yield Finding(
            check=_CHECK_OF.get(fault.kind, "unreadable"),
            severity="error",
            variable=fault.variable,
            city=str(place["city"]) if place is not None else "",
            years=(int(place["year"]),) if place is not None else (),
            reason=f"{fault.problem}; {fault.hint}",
            cell=f"row {fault.row}{column}" if fault.row else "",
        )
