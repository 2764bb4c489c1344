"""What one ``train`` computes, it computes once."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from city_resilience.audit.audit import audit_panel
from city_resilience.audit.masking import find_masked
from city_resilience.commands.train import train
from city_resilience.explain.contributions import contributions
from city_resilience.indicators.compute import compute_indicators
from city_resilience.models.forecaster import Forecaster
from city_resilience.reading.panel import Panel
from city_resilience.reading.read import read_panel
from pipeline_inputs import RIDGE, write_experiment

pytestmark = [pytest.mark.tracking, pytest.mark.usefixtures("copied_stores")]

FUNCTIONS = (read_panel, audit_panel, find_masked, compute_indicators, contributions)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """Count the calls of functions, wherever their names were imported to."""
    found: Counter[str] = Counter()

    def counted(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
        def call(*arguments: Any, **options: Any) -> Any:
            found[name] += 1
            return function(*arguments, **options)

        return call

    ours = [module for name, module in sys.modules.items() if name.startswith("city_resilience.")]
    for function in FUNCTIONS:
        for module in ours:
            if vars(module).get(function.__name__) is function:
                wrapper = counted(function.__name__, function)
                monkeypatch.setattr(module, function.__name__, wrapper)
    grid = vars(Panel)["_grid"]
    monkeypatch.setattr(grid, "func", counted("grid", grid.func))
    monkeypatch.setattr(Forecaster, "forecast", counted("forecast", Forecaster.forecast))
    return found


def test_grid_scan_indicators_and_live_forecast_are_made_once(
    calls: Counter[str], tmp_path: Path
) -> None:
    folders = {"out": tmp_path / "out", "store": str(tmp_path / "store")}
    train(write_experiment(tmp_path), overrides=RIDGE, **folders)
    names = [*(function.__name__ for function in FUNCTIONS), "grid", "forecast"]
    assert calls == {**dict.fromkeys(names, 1), "contributions": 4}  # live, held out
