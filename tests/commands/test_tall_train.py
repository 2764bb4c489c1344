"""A tall panel: what rests on a sample says so wherever it is read."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from city_resilience.commands.run import evaluate_and_fit, summarise_run, write_run
from city_resilience.commands.source import load
from city_resilience.models.bundle import load_bundle
from city_resilience.progress import silent
from pipeline_inputs import CITIES, write_experiment

LISTED, ROWS = 12, 100
CHOSEN = (
    'model.members=["persistence", "xgboost_all_years"]',
    "outcome.horizons=[1]",
    "evaluation.first_origin=2011",
    'features.families=["history", "structure"]',
)


def test_samples_are_told_and_all_cities_are_forecast_and_scored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in {"TALL": 10, "LISTED_CITIES": LISTED, "SAMPLED_ROWS": ROWS}.items():
        monkeypatch.setattr(f"city_resilience.tasks.tall.{name}", value)
    source, out = load(write_experiment(tmp_path), overrides=CHOSEN), tmp_path / "out"
    out.mkdir()
    evaluated, live = evaluate_and_fit(source, "", silent)
    write_run(out, source, evaluated, live, summarise_run(source, evaluated, live))
    listed = f"{LISTED} of the {CITIES} cities, drawn at random, are explained and listed"
    assert pd.read_csv(out / "forecast.csv")["city"].nunique() == CITIES
    assert pd.read_parquet(out / "drivers.parquet")["city"].nunique() == LISTED
    assert pd.read_parquet(out / "drivers" / "held_out.parquet")["city"].nunique() == LISTED
    scores = evaluated.scores
    served = scores[(scores["model"] == "blend") & (scores["slice"] == "all")]
    assert served["n"].item() >= (CITIES - 1) * served["years"].item()
    summary = json.loads((out / "summary.json").read_text())
    assert (summary["city_count"], len(summary["cities"])) == (CITIES, LISTED)
    page = (out / "report.html").read_text("utf-8")
    assert f"{LISTED} of the {CITIES} cities, drawn at random, are listed here" in page
    for text in (
        page,
        (out / "model" / "MODEL_CARD.md").read_text("utf-8"),
        (out / "model" / "manifest.json").read_text("utf-8"),
    ):
        assert listed in text
        assert f"about {ROWS} rows" in text
    assert load_bundle(out / "model").notes == live.forecaster.notes != ()
