"""The views of a model, each as a forecaster by itself."""

from __future__ import annotations

from city_resilience.models.forecaster import Forecaster

__all__ = ["views_of"]


def views_of(forecaster: Forecaster) -> dict[str, Forecaster]:
    """Return the views that a model has by name, the forecasting one first."""
    return {name: forecaster.view(name) for name in forecaster.views}
