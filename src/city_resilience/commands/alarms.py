"""What is doubtful about a panel that is forecast: told, written down, counted if strict."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from city_resilience.audit.read_audited import AuditedPanel
from city_resilience.audit.training_levels import level_doubts
from city_resilience.commands.early import Early
from city_resilience.models.forecaster import Forecaster

__all__ = ["alarms_of", "run_backwards"]


def alarms_of(
    forecaster: Forecaster,
    read: AuditedPanel,
    early: Early,
    unobserved: Mapping[str, float],
    data: str,
) -> tuple[str, ...]:
    """Return what is doubtful about a panel, one sentence each; none for a panel like the trained.

    Parameters
    ----------
    read : AuditedPanel
        Columns far from their level at training, masked cells and doubts about the scale of the
        outcome are alarms. What the audit only warns of is told by ``check``.
    early : Early
        A release without a file is an alarm.
    unobserved : mapping of str to float
        Of ``unobserved_families``.
    data : str
        Name of the panel, for what to do next.
    """
    return tuple(_alarms(forecaster, read, early, unobserved, data))


def _alarms(
    forecaster: Forecaster,
    read: AuditedPanel,
    early: Early,
    unobserved: Mapping[str, float],
    data: str,
) -> Iterator[str]:
    yield from level_doubts(read.audit.panel, forecaster.levels, forecaster.cities)
    yield from read.audit.scale_doubts
    for cells in read.panel.masked:
        yield f"{cells}; see city-resilience check {data}"
    for name in early.missing:
        served = ", and the forecast is served" if forecaster.nowcasts else ""
        yield f"early.{name}: no file of this release; give it with --early {name}=PATH{served}"
    for family, share in unobserved.items():
        yield (
            f"{family}: only {share:.0%} of the values the model uses are observed; bring newer "
            "data of it, or train the model again"
        )


def run_backwards(forecaster: Forecaster, origin: int) -> tuple[str, ...]:
    """Return the alarm about a panel that ends before the one that the model was trained on."""
    if origin >= forecaster.origin:
        return ()
    return (
        f"the data run backwards: the panel ends in {origin}, and the model has learnt from "
        f"{forecaster.origin}; bring the newer panel, or say --origin {origin} if it is meant",
    )
