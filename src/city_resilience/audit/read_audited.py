"""Panels read with their audit: for training, for serving, and for looking at all that is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from city_resilience.audit.audit import Audited, audit_panel
from city_resilience.audit.finding import Finding
from city_resilience.audit.masking import mask_errors
from city_resilience.experiment import Audit, Data, Experiment
from city_resilience.reading.faults import Fault, Faults
from city_resilience.reading.panel import Panel
from city_resilience.reading.read import read_panel

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
    return mask_errors(panel, experiment.audit)


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
    assert panel.rows is not None
    positions = {int(row): at for at, row in enumerate(panel.rows)} if faults else {}
    for fault in faults:
        at = positions.get(fault.row)
        place = None if at is None else panel.frame.iloc[at]
        yield Finding(
            check=_CHECK_OF.get(fault.kind, "unreadable"),
            severity="error",
            variable=fault.variable,
            city="" if place is None else str(place["city"]),
            years=() if place is None else (int(place["year"]),),
            reason=f"{fault.problem}; {fault.hint}",
            cell=_cell(panel, fault, at),
        )


def _cell(panel: Panel, fault: Fault, at: int | None) -> str:
    if at is not None:
        return panel.cell(at, fault.variable)
    return f"row {fault.row}" if fault.row else ""
