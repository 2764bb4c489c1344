"""The constant code that MLflow runs when it loads a registered model.

MLflow copies this file into the model and executes it; everything of consequence is in the
installed package, and the model itself is the bundle, read as data. Our own ``predict`` reads the
bundle directly and never comes here.
"""

from __future__ import annotations

from typing import Any

import pandas as pd

from city_resilience.models.bundle import load_bundle
from city_resilience.tracking.backend import silenced
from city_resilience.tracking.serving import serve

with silenced():
    from mlflow.models import set_model
    from mlflow.pyfunc import PythonModel, PythonModelContext

__all__ = ["ServedForecaster"]


class ServedForecaster(PythonModel):  # type: ignore[misc]
    """Loads the bundle and forecasts panels."""

    def load_context(self, context: PythonModelContext) -> None:
        """Read the bundle beside this file."""
        self.forecaster = load_bundle(context.artifacts["bundle"])
        self.read_paths = bool((context.model_config or {}).get("read_paths", False))

    def predict(
        self,
        context: PythonModelContext,  # noqa: ARG002 - MLflow passes it by name
        model_input: pd.DataFrame,
        params: dict[str, Any] | None = None,
    ) -> pd.DataFrame:
        """Forecast every city of a long frame, see `city_resilience.tracking.serving.serve`."""
        return serve(self.forecaster, model_input, params, read_paths=self.read_paths)


set_model(ServedForecaster())
