"""Panels read with their audit, and the one decision whether a panel goes through."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from city_resilience.audit.audit import Audited, audit_panel
from city_resilience.audit.figures import span
from city_resilience.audit.finding import Finding
from city_resilience.audit.masking import mask_panel
from city_resilience.errors import InputError
from city_resilience.experiment import Audit, Data, Experiment
from city_resilience.reading.faults import Fault, Faults
from city_resilience.reading.panel import Panel
from city_resilience.reading.read import read_panel

__all__ = ["AuditedPanel", "Purpose", "audited_panel", "read_audited", "standing_errors"]

Purpose = Literal["train", "predict", "measure", "check"]
"""What a panel is read for, and so which errors stop it; see `standing_errors`."""

_CHECK_OF = {"duplicate": "duplicate", "unit": "unit", "outcome": "outcome"}
_SHOWN = 3


@dataclass(frozen=True)
class AuditedPanel:
    """A panel that may be used.

    Attributes
    ----------
    panel : Panel
        Corrected, and its almost certainly wrong cells unknown; what everything is computed from.
    audit : Audited
        What was found in the panel before any cell was masked.
    """

    panel: Panel
    audit: Audited


def read_audited(
    source: Path | str,
    experiment: Experiment | None = None,
    *,
    purpose: Purpose,
    outcome: str = "",
    sheet: str = "",
) -> AuditedPanel:
    """Read a panel as an experiment says, audit it, and refuse it or mask its wrong cells.

    Parameters
    ----------
    source : Path
        The file.
    experiment : Experiment, optional
        Its data, audit and outcome count.
    purpose : str
        Which errors refuse the panel.
    outcome : str
        Id of the outcome in place of the experiment's.
    sheet : str
        Sheet of a workbook in place of the experiment's.

    Raises
    ------
    InputError
        If the file is no panel of cities and years, or the panel has errors that stand.
    """
    data = experiment.data if experiment else Data()
    data = data.model_copy(update={"sheet": sheet}) if sheet else data
    outcome = outcome or (experiment.outcome.variable if experiment else "")
    faults = Faults(str(source), keep=True)
    panel = read_panel(source, data, outcome=outcome, faults=faults)
    found = tuple(_findings(panel, faults.found))
    return audited_panel(
        panel, experiment, purpose=purpose, outcome=outcome, found=found, source=source
    )


def audited_panel(
    panel: Panel,
    experiment: Experiment | None = None,
    *,
    purpose: Purpose,
    outcome: str = "",
    found: Sequence[Finding] = (),
    source: Path | str = "",
) -> AuditedPanel:
    """Audit a panel that is there already, and refuse it or mask its wrong cells.

    Parameters
    ----------
    panel : Panel
        Left as it is.
    experiment : Experiment, optional
        Its audit and outcome count.
    purpose, outcome
        As for `read_audited`.
    found : sequence of Finding
        What was found while reading.
    source : Path
        The file, for errors.

    Raises
    ------
    InputError
        If errors stand: names the first three, and the lines that settle them.
    """
    outcome = outcome or (experiment.outcome.variable if experiment else "")
    settings = experiment.audit if experiment else Audit()
    audit = audit_panel(panel, outcome=outcome, settings=settings, faults=found)
    standing = standing_errors(audit, purpose, found)
    unread = [error for error in standing if error in found]
    name = str(source or panel.source or "the panel")
    if unread:
        raise InputError(f"{name}: {unread[0].reason}{_more(unread, 1, name)}")
    if standing:
        raise InputError(_refusal(name, experiment, purpose, standing))
    return AuditedPanel(mask_panel(panel, audit.masked), audit)


def standing_errors(
    audit: Audited, purpose: Purpose, found: Sequence[Finding] = ()
) -> tuple[Finding, ...]:
    """Return the errors for which a panel is refused.

    An error that the experiment accepts never stands, and a corrected cell has none. Nor does, for
    ``predict`` (a panel that is newer than the experiment), an error whose every cell is masked:
    such a cell is unknown to all calculations, and named. ``measure`` masks and goes on: only what
    cannot be read stops it. ``check`` shows all and refuses nothing.

    Parameters
    ----------
    found : sequence of Finding
        Those of the audit's errors that reading found.
    """
    if purpose == "check":
        return ()
    if purpose == "measure":
        return tuple(error for error in audit.errors if error in found)
    masks = purpose == "predict"
    return tuple(
        error
        for error in audit.errors
        if not (masks and error not in found and audit.masked.covers(error))
    )


def _refusal(
    source: str, experiment: Experiment | None, purpose: Purpose, errors: Sequence[Finding]
) -> str:
    """Name the first three errors, how many more there are, and the lines that settle them."""
    count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
    whose = f"experiment {experiment.name!r} neither corrects" if experiment else "nobody corrects"
    listed = "; ".join(_settled(error) for error in errors[:_SHOWN])
    again = "; correct the file, or train the model again with such lines"
    again = again if purpose == "predict" else ""
    return (
        f"{source}: the audit found {count} that {whose} nor accepts: {listed}{again}"
        f"{_more(errors, _SHOWN, '')}; see all with city-resilience check {source} --out audit.html"
    )


def _more(errors: Sequence[Finding], shown: int, source: str) -> str:
    """Say how many more there are, and, of a source, where to see them."""
    if len(errors) <= shown:
        return ""
    see = f"; see all with city-resilience check {source}" if source else ""
    return f"; and {len(errors) - shown} more{see}"


def _settled(error: Finding) -> str:
    when = span(error.years[0], error.years[-1]) if error.years else ""
    place = " ".join(part for part in (error.variable, error.city, when) if part)
    where = f" ({error.cell})" if error.cell else ""
    lines = [f"{error.correction} in [data.corrections]"] if error.correction else []
    lines.append(f"{error.acceptance} in [audit.accept]")
    return f"{error.check} {place}{where}: {error.reason}; set {' or '.join(lines)}"


def _findings(panel: Panel, faults: Sequence[Fault]) -> Iterator[Finding]:
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
