"""The model card: what a model forecasts, from which data, how well, and what it is not for."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Any

from city_resilience.experiment import Experiment
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.manifest import CARD_HEAD
from city_resilience.resilience.measures import MEASURES

__all__ = ["card_figures", "model_card"]

SCORE_COLUMNS = {
    "model": "Model",
    "horizon": "h (years)",
    "n": "Forecasts",
    "mae": "Mean yearly MAE",
    "rank_correlation": "Rank correlation",
    "skill_naive": "Skill vs best naive",
    "skill_history": "Skill vs history only",
    "difference_history": "MAE minus history only",
    "difference_low": "95 % low",
    "difference_high": "95 % high",
}
SIMULATED = (
    "> **SIMULATED DATA.** The cities are made up and the data come from a generator. "
    "Nothing here describes a real place."
)
LIMITS = """\
- Scores are pseudo-real-time: one revised vintage of the data, cut at each origin.
- Drivers are associated with the forecast; they do not say what would raise resilience.
- An indicator that is no longer observed is listed so and is never named as a driver.
- A restated level or a moved boundary in the outcome is scored as if it were resilience.
- Ranks and national growth need the whole panel: at least 6 years and at least 90 % of the
  training cities.
- Intervals stand on the misses of earlier years; a shock unlike any of them is not covered."""


def card_figures(values: Mapping[str, Any]) -> dict[str, Any]:
    """Turn what a caller knows about a model into plain JSON values.

    Parameters
    ----------
    values : mapping
        ``panel`` (str, one line on its extent), ``scores`` (the tidy scores frame
        or its records) and anything else that JSON can hold. Of the scores the rows of slice
        ``all`` are kept.
    """
    dataset = {key: value for key, value in values.items() if key != "scores"}
    scores = values.get("scores")
    if scores is not None:
        dataset["scores"] = [_plain(row) for row in _records(scores) if _overall(row)]
    return dataset


def model_card(forecaster: Forecaster, values: Mapping[str, Any] | None = None) -> str:
    """Write the card of a model as Markdown.

    Parameters
    ----------
    forecaster : Forecaster
    values : mapping
        As for `card_figures`.
    """
    dataset = card_figures(values or {})
    experiment = forecaster.experiment
    data, outcome = experiment.data, experiment.outcome
    measure = MEASURES[outcome.measure]
    horizons = ", ".join(str(h) for h in forecaster.horizons)
    lines = [f"{CARD_HEAD}{experiment.title or experiment.name}", ""]
    if experiment.title_zh:
        lines += [experiment.title_zh, ""]
    if data.simulated:
        lines += [SIMULATED, ""]
    lines += [
        "## What it forecasts",
        "",
        f"`{outcome.measure}` of `{_outcome(experiment)}`, {horizons} year(s) ahead, in "
        f"{measure.unit_words}. Errors below are in the same unit.",
        "",
        f"Sign: {measure.sign}.",
        "",
        "## Data",
        "",
        f"- Source: {data.source}",
        f"- Licence: {data.licence}",
        f"- Origin (newest data year of the outcome): {forecaster.origin}",
        f"- Training cities: {len(forecaster.cities)}",
        f"- Fingerprint of the panel: `{forecaster.fingerprint or 'not stated'}`",
    ]
    if dataset.get("panel"):
        lines.append(f"- Panel: {dataset['panel']}")
    lines += ["", "## Model", "", *_members(forecaster), "", "## Scores", ""]
    lines += _scores(dataset.get("scores", []))
    lines += [
        "",
        "## Intended use",
        "",
        "Comparing the outlook of cities within the panel it was trained on, by analysts who "
        "read each score beside the naive baselines and beside history only. Not for ranking "
        "officials, not for single decisions about a city without looking at its data.",
        "",
        "## Limits",
        "",
        LIMITS,
        "",
    ]
    return "\n".join(lines)


def _outcome(experiment: Experiment) -> str:
    composite = experiment.outcome.composite
    return ", ".join(composite.components) if composite else experiment.outcome.variable


def _members(forecaster: Forecaster) -> list[str]:
    experiment = forecaster.experiment
    lines = [f"- Served: `{experiment.model.serve}`, seed {experiment.model.seed}"]
    for horizon, model in forecaster.horizons.items():
        before = forecaster.before(horizon)
        adds = f"what it adds to h = {before}; " if before else ""
        weights = ", ".join(f"{name} {weight:.3f}" for name, weight in model.weights.items())
        lines.append(
            f"- h = {horizon}: {adds}{len(model.spec.columns)} columns; weights: {weights}"
        )
    return [*lines, f"- Experiment `{experiment.name}`, digest `{experiment.digest()}`"]


def _scores(records: Iterable[Mapping[str, Any]]) -> list[str]:
    records = list(records)
    if not records:
        return ["Not evaluated: no scores were handed over when this model was stored."]
    columns = [name for name in SCORE_COLUMNS if any(name in row for row in records)]
    lines = [
        "| " + " | ".join(SCORE_COLUMNS[name] for name in columns) + " |",
        "|" + "---|" * len(columns),
    ]
    for row in sorted(records, key=lambda r: (r.get("horizon", 0), r.get("mae") or 0.0)):
        lines.append("| " + " | ".join(_cell(row.get(name)) for name in columns) + " |")
    return lines


def _cell(value: Any) -> str:
    if value is None:
        return "–"
    return f"{value:.3f}" if isinstance(value, float) else str(value)


def _records(scores: Any) -> list[Mapping[str, Any]]:
    return scores.to_dict("records") if hasattr(scores, "to_dict") else list(scores)


def _overall(row: Mapping[str, Any]) -> bool:
    return str(row.get("slice", "all")) == "all"


def _plain(row: Mapping[str, Any]) -> dict[str, Any]:
    """Keep the columns of the card, numpy scalars as Python's, not-a-number as None."""
    plain = {}
    for name in SCORE_COLUMNS:
        if name not in row:
            continue
        value = row[name]
        value = value.item() if hasattr(value, "item") else value
        plain[name] = None if isinstance(value, float) and math.isnan(value) else value
    return plain
