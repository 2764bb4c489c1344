"""Forecast how much faster or slower city economies grow than their nation.

Each verb of the command line is a function here; a panel may be a file or a DataFrame. Names are
imported when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOMES = {
    "backtest": "commands.backtest",
    "champion_history": "commands.history",
    "check": "commands.check",
    "clean_store": "commands.models",
    "compare": "commands.compare",
    "draft_experiment": "commands.new",
    "examine_claims": "commands.mechanisms",
    "experiment_keys": "experiment.reference",
    "experiment_schema": "experiment.reference",
    "explain_cities": "commands.explain",
    "explain_city": "commands.explain",
    "export_issued": "commands.export",
    "export_model": "commands.models",
    "import_model": "commands.models",
    "import_sheets": "commands.import_sheets",
    "list_models": "commands.models",
    "load_experiment": "experiment.load",
    "load_model": "commands.stored",
    "measure": "commands.measure",
    "monitor": "commands.monitor",
    "predict": "commands.predict",
    "promote": "commands.promote",
    "read_issues": "issued.record",
    "read_panel": "reading.read",
    "rollback": "commands.rollback",
    "scenario": "commands.scenario",
    "show_model": "commands.models",
    "study": "commands.study",
    "train": "commands.train",
    "ui": "commands.ui",
    "write_report": "commands.report",
}

__version__ = "0.2.0"

__all__ = ["__version__", *_HOMES]  # noqa: PLE0604 names of a table


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(__all__)
