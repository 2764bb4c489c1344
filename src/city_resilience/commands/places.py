"""The places of a run for its summary: where they lie, their past, their peers, their problems."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from city_resilience.commands.source import Source
from city_resilience.explain.every_lever import every_lever
from city_resilience.explain.moving import ground_of
from city_resilience.explain.peers import peers_by_city
from city_resilience.models.rows import ForecastRows
from city_resilience.report.city_places import Places, city_places

if TYPE_CHECKING:
    from city_resilience.models.forecaster import Forecaster

__all__ = ["levers_of", "places_of"]


def places_of(source: Source, *, live: bool) -> Places:
    """Return what is known of the places besides forecasts.

    Parameters
    ----------
    source : Source
    live : bool
        Whether there are forecasts of the newest year, with which peers are compared.
    """
    oldest = source.experiment.features.carry_forward
    return city_places(
        source.panel,
        source.dataset,
        source.audited,
        source.coordinates,
        peers_by_city(_listed(source), oldest) if live else None,
        source.experiment.outcome,
    )


def levers_of(source: Source, forecaster: Forecaster) -> dict[str, Any] | None:
    """Return the levers of every city, None where the experiment marks none."""
    if not source.experiment.actionable:
        return None
    rows = ForecastRows.of(source.dataset)
    peers = peers_by_city(_listed(source), source.experiment.features.carry_forward)
    return every_lever(ground_of(forecaster, source.panel, rows), peers)


def _listed(source: Source) -> ForecastRows:
    """Return the rows of the cities that are shown one by one."""
    return ForecastRows.of(source.dataset).among(source.dataset.listed)
