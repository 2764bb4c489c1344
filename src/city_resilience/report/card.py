"""The model card: what a model forecasts, from which data, how well, and what it is not for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from city_resilience.evaluation.scores import SCORES
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.manifest import CARD_HEAD
from city_resilience.report.html import render_text
from city_resilience.report.texts import Texts, measure_sign, measure_words, model_name
from city_resilience.resilience.measures import MEASURES

__all__ = ["model_card"]

SHOWN = tuple(name for name in SCORES if name not in ("rmse", "sign_hit_rate"))


def model_card(
    forecaster: Forecaster, summary: Mapping[str, Any] | None = None, panel: str = ""
) -> str:
    """Write the card of a model as Markdown.

    Parameters
    ----------
    forecaster : Forecaster
    summary : mapping
        What `summarise` returned; its scores are those of the card. Without it the card says that
        the model has not been evaluated.
    panel : str
        The extent of the training panel in a few words.
    """
    outcome = forecaster.experiment.outcome
    parts = (summary or {"by_horizon": {}})["by_horizon"]
    noun = forecaster.experiment.noun
    compared = (summary or {}).get("measure", {}).get("nation", "")
    places = Texts(measure_words(outcome.measure, noun)).of_places
    own = MEASURES[outcome.measure]
    return render_text(
        "card.md.j2",
        head=CARD_HEAD,
        forecaster=forecaster,
        experiment=forecaster.experiment,
        outcome=", ".join(outcome.composite.components) if outcome.composite else outcome.variable,
        horizons=list(forecaster.horizons),
        measure=own,
        sign=measure_sign(own.id, noun, compared) if compared else places(own.sign),
        places=places("cities"),
        label=lambda name: model_name(name, "en"),
        scores=SHOWN,
        rows=[(horizon, row) for horizon, part in parts.items() for row in part["skill"]],
        panel=panel,
        behind=[found for h, part in parts.items() for found in _behind(h, part["skill"])],
    )


def _behind(horizon: str, skill: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, int, str]]:
    """Yield horizon, percent and rule where the best naive rule has the smaller error."""
    naive = next((row["model"] for row in skill if row.get("best_naive")), "")
    for row in skill:
        percent = round(-100 * (row.get("skill_naive") or 0.0)) if row.get("served") else 0
        if naive and percent > 0:
            yield horizon, percent, naive
