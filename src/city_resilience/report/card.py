"""The model card: what a model forecasts, from which data, how well, and what it is not for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from city_resilience.evaluation.scores import SCORES
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.manifest import CARD_HEAD
from city_resilience.report.html import render_text
from city_resilience.report.periods import recent_sentence, standing_words
from city_resilience.report.texts import Texts, measure_sign, measure_words, model_name
from city_resilience.report.vintages import vintage_sentence
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
    say = Texts(measure_words(outcome.measure, noun))
    places, served = say.of_places, forecaster.experiment.model.serve
    periods = {h: part["periods"] for h, part in parts.items()}
    models = list(dict.fromkeys(name for part in periods.values() for name in part["models"]))
    own, vintages = MEASURES[outcome.measure], (summary or {}).get("vintages")
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
        models=models,
        nowcast=(summary or {}).get("nowcast"),
        real_time=vintage_sentence(vintages, say)["en"] if vintages else "",
        periods=[(h, *row) for h, part in periods.items() for row in _errors(part, models)],
        ahead=lambda row: standing_words(row, served, say)["en"],
        recent=[
            (horizon, sentence["en"])
            for horizon, part in periods.items()
            if (sentence := recent_sentence(part["rows"], say))
        ],
        behind=[found for h, part in parts.items() for found in _behind(h, part["skill"])],
    )


def _errors(
    part: Mapping[str, Any], models: Sequence[str]
) -> Iterator[tuple[Mapping[str, Any], list[float | None]]]:
    """Yield each period with the errors of the models, None where one was not scored."""
    for row in part["rows"]:
        known = dict(zip(part["models"], row["mae"], strict=True))
        yield row, [known.get(name) for name in models]


def _behind(horizon: str, skill: Iterable[Mapping[str, Any]]) -> Iterator[tuple[str, int, str]]:
    """Yield horizon, percent and rule where the best naive rule has the smaller error."""
    naive = next((row["model"] for row in skill if row.get("best_naive")), "")
    for row in skill:
        percent = round(-100 * (row.get("skill_naive") or 0.0)) if row.get("served") else 0
        if naive and percent > 0:
            yield horizon, percent, naive
