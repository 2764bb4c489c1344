"""Panels read with their audit, and the one decision whether a panel goes through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pandas as pd

from city_resilience.audit.audit import AuditResult, audit_panel, audit_served
from city_resilience.audit.masking import mask_panel
from city_resilience.audit.wording import span
from city_resilience.errors import InputError
from city_resilience.experiment.data import Audit, Data
from city_resilience.experiment.experiment import Experiment
from city_resilience.experiment.outcome import Outcome
from city_resilience.progress import Progress, silent
from city_resilience.reading.issues import Issue, refuse_unread
from city_resilience.reading.panel import Panel
from city_resilience.reading.read import read_panel

__all__ = ["AuditedPanel", "Purpose", "let_through", "read_audited", "standing_errors"]

Purpose = Literal["train", "predict", "measure", "check"]
"""What a panel is read for, and so which errors stop it; see `standing_errors`."""

_SHOWN = 3


@dataclass(frozen=True)
class AuditedPanel:
    """A panel that may be used.

    Attributes
    ----------
    panel : Panel
        Corrected, and its almost certainly wrong cells unknown; what everything is computed from.
    audit : AuditResult
        What was found in the panel before any cell was masked.
    """

    panel: Panel
    audit: AuditResult


def read_audited(
    source: Path | str | pd.DataFrame | Panel,
    experiment: Experiment | None = None,
    *,
    purpose: Purpose,
    outcome: str = "",
    sheet: str = "",
    encoding: str = "",
    served: bool = False,
    progress: Progress = silent,
) -> AuditedPanel:
    """Read a panel as an experiment says, audit it, and refuse it or mask its wrong cells.

    Parameters
    ----------
    source : Path, DataFrame or Panel
        As for `read_panel`, or a panel that is read already.
    experiment : Experiment, optional
        Its data, audit and outcome count.
    purpose : str
        Which errors refuse the panel.
    outcome : str
        Id of the outcome in place of the experiment's.
    sheet, encoding : str
        Sheet of a workbook and encoding of a text file in place of the experiment's.
    served : bool
        Look for what `audit_served` finds alone, which is quicker.
    progress : callable, optional
        Told where a panel of any size stands: rows read, batches of cities audited.

    Raises
    ------
    InputError
        If the source is no panel of cities and years, or the panel has errors that stand: names
        the first three, and the lines that settle them.
    """
    forecast = experiment.outcome if experiment else Outcome(variable="")
    if outcome and outcome != forecast.variable:
        forecast = Outcome(variable=outcome)
    settings = experiment.audit if experiment else Audit()
    if isinstance(source, Panel):
        panel = source
    else:
        data = experiment.data if experiment else Data()
        stated = {"sheet": sheet, "encoding": encoding}
        data = data.model_copy(update={key: own for key, own in stated.items() if own})
        panel = read_panel(source, data, outcome=forecast, progress=progress)
    name = str(source) if isinstance(source, (str, Path)) else panel.source
    if purpose != "check":
        refuse_unread(panel.issues, settings.accept, name)
    look = audit_served if served else audit_panel
    audit = look(panel, outcome=forecast.variable, settings=settings, progress=progress)
    return let_through(audit, experiment, purpose=purpose, name=name)


def let_through(
    audit: AuditResult, experiment: Experiment | None, *, purpose: Purpose, name: str
) -> AuditedPanel:
    """Refuse an audited panel, or mask its wrong cells.

    Parameters
    ----------
    audit : AuditResult
    experiment : Experiment, optional
    purpose : str
        Which errors refuse the panel.
    name : str
        Where the panel comes from, for the refusal.

    Raises
    ------
    InputError
        If the panel has errors that stand.
    """
    audit = audit.called(experiment.noun if experiment else audit.noun)
    standing = standing_errors(audit, purpose)
    if standing:
        raise InputError(_refusal(name, experiment, purpose, standing))
    return AuditedPanel(mask_panel(audit.panel, audit.masked), audit)


def standing_errors(audit: AuditResult, purpose: Purpose) -> tuple[Issue, ...]:
    """Return the errors for which a panel is refused whose every row and cell could be read.

    An error that the experiment accepts never stands, and a corrected cell has none. Nor does, for
    ``predict`` (a panel that is newer than the experiment), an error whose every cell is masked:
    such a cell is unknown to all calculations, and named. ``measure`` masks and goes on. ``check``
    shows all and refuses nothing.
    """
    if purpose in ("check", "measure"):
        return ()
    masks = purpose == "predict"
    return tuple(error for error in audit.errors if not (masks and audit.masked.covers(error)))


def _refusal(
    source: str, experiment: Experiment | None, purpose: Purpose, errors: Sequence[Issue]
) -> str:
    """Name the first three errors, how many more there are, and the lines that settle them."""
    count = "1 error" if len(errors) == 1 else f"{len(errors)} errors"
    whose = f"experiment {experiment.name!r} neither corrects" if experiment else "nobody corrects"
    parts = [_settled(error) for error in errors[:_SHOWN]]
    if purpose == "predict":
        parts.append("correct the file, or train the model again with such lines")
    if len(errors) > _SHOWN:
        parts.append(f"and {len(errors) - _SHOWN} more")
    parts.append(f"see all with city-resilience check {source or 'DATA'} --out audit.html")
    start = f"{source or 'the panel'}: the audit found {count} that {whose} nor accepts: "
    return start + "; ".join(parts)


def _settled(error: Issue) -> str:
    where = f"({error.place})" if str(error.place) else ""
    about = (error.kind, error.variable, error.city, span(error.years), where)
    return f"{' '.join(filter(None, about))}: {error.reason}; set {error.settings}"
