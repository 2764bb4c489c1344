"""What is said and shown of a tall panel, of which some parts rest on a sample."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from city_resilience.catalogue.nouns import of_places
from city_resilience.experiment.experiment import Experiment
from city_resilience.models.learners import LEARNERS
from city_resilience.report.texts import Both, Texts
from city_resilience.tasks import tall
from city_resilience.tasks.dataset import Dataset

__all__ = ["listed_rows", "listed_sentence", "tall_notes"]

BY_CITY = ("backtest.parquet", "forecast.csv", "nowcast.csv", "stated")
"""Tables whose rows are shown one by one."""


def listed_rows(tables: Mapping[str, pd.DataFrame], dataset: Dataset) -> dict[str, pd.DataFrame]:
    """Return tables with the listed cities alone where their rows are shown one by one."""
    if dataset.kept is None:
        return dict(tables)
    listed = {dataset.cities[at] for at in dataset.listed.tolist()}
    return {
        name: own[own["city"].isin(listed)].reset_index(drop=True) if name in BY_CITY else own
        for name, own in tables.items()
    }


def listed_sentence(summary: Mapping[str, Any], say: Texts) -> Both | None:
    """Say how many of the cities are listed; None where all are."""
    listed, cities = len(summary["cities"]), summary["city_count"]
    return say("listed", listed=listed, cities=cities) if listed < cities else None


def tall_notes(dataset: Dataset, experiment: Experiment, *, live: bool) -> Iterator[str]:
    """Say of a tall panel what rests on a sample; nothing of another.

    Parameters
    ----------
    live : bool
        Whether there are forecasts of the newest year.
    """
    if dataset.kept is None:
        return
    count, shown = len(dataset.cities), len(dataset.listed)
    some = [LEARNERS[name] for name in experiment.model.members if not LEARNERS[name].in_parts]
    if some:
        names = ", ".join(own.label_en for own in some)
        yield of_places(
            f"{names}: fitted on cities drawn at random, about {tall.SAMPLED_ROWS:,} rows at each "
            "origin; the other members are fitted on all rows.",
            experiment.noun,
        )
    text = (
        f"{shown:,} of the {count:,} cities, drawn at random, are explained and listed; the scores "
        "are of all cities."
    )
    if live:
        text = f"{text[:-1]}, and forecast.csv holds the forecasts of all."
    yield of_places(text, experiment.noun)
