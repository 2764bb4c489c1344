"""What a run records, as plain values: parameters, metrics, and the columns of the panel."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator, Mapping
from typing import Any, NamedTuple

import pandas as pd

from city_resilience.evaluation.scores import SCORES
from city_resilience.experiment.experiment import Experiment
from city_resilience.reading.panel import Panel

__all__ = ["Metric", "column_types", "flat_metrics", "flat_params"]

LONGEST_PARAM = 6000
_KEY = re.compile(r"[A-Za-z0-9_-]+")


class Metric(NamedTuple):
    """One metric: its key, its value and its step (a year, or 0)."""

    key: str
    value: float
    step: int = 0


def flat_params(experiment: Experiment) -> dict[str, str]:
    """Flatten an experiment to ``section.key`` and text.

    Keys of the top level stand under ``experiment.``, so that they cannot clash with the
    parameters of an MLflow project. A table with free names (headers, units) is one JSON text.

    Examples
    --------
    >>> from city_resilience.experiment.load import experiment_from
    >>> values = {"name": "demo", "evaluation": {"first_origin": 2010}}
    >>> flat_params(experiment_from(values, "here"))["evaluation.first_origin"]
    '2010'
    """
    params: dict[str, str] = {}
    for key, value in experiment.model_dump(mode="json").items():
        if isinstance(value, dict):
            params |= dict(_flat(key, value))
        else:
            params[f"experiment.{key}"] = _text(value)
    return params


def flat_metrics(scores: pd.DataFrame, model: str) -> list[Metric]:
    """Return the scores of one model: overall ``mae_h1``, and by year ``by_year/mae_h1``.

    MLflow's page makes a section of charts of what stands before the stroke.

    Parameters
    ----------
    scores : DataFrame
        Tidy scores: model, horizon, slice, level and the columns of ``SCORES``. Group slices
        stay in the artifact; values that are not finite are left out.
    """
    rows = scores[(scores["model"] == model) & scores["slice"].isin(["all", "year"])]
    names = [name for name in SCORES if name in rows]
    values = []
    for row in rows.to_dict("records"):
        yearly = row["slice"] == "year"
        for name in names:
            if row[name] is not None and math.isfinite(row[name]):
                key = f"{'by_year/' if yearly else ''}{name}_h{row['horizon']}"
                values.append(Metric(key, float(row[name]), int(row["level"]) if yearly else 0))
    return values


def column_types(panel: Panel) -> list[tuple[str, str]]:
    """Return the columns of a panel and MLflow's names of their types."""
    kinds = {"year": "long"} | dict.fromkeys(panel.variables, "double")
    return [(str(name), kinds.get(str(name), "string")) for name in panel.frame.columns]


def _flat(prefix: str, table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        nested = isinstance(value, dict) and value and all(_KEY.fullmatch(k) for k in value)
        if nested and prefix != "data":
            yield from _flat(f"{prefix}.{key}", value)
        else:
            yield f"{prefix}.{key}", _text(value)


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_PARAM else text[: LONGEST_PARAM - 1] + "…"
