"""A tall panel: what rests on a sample says so wherever it is read."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bundle_inputs import small_forecaster, small_panel
from city_resilience.commands.run import evaluate_and_fit, summarise_run, write_run
from city_resilience.commands.source import Source, load
from city_resilience.evaluation.backtest import run_backtest
from city_resilience.models.bundle import load_bundle
from city_resilience.progress import silent
from city_resilience.reading.marks import mark_tables
from city_resilience.reading.read import read_panel
from city_resilience.tracking.metrics import column_types
from city_resilience.tracking.serving import example_of
from pipeline_inputs import CITIES, small_frame, write_experiment

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


def test_panel_in_files_trains_as_that_in_memory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("city_resilience.tasks.tall.TALL", 10)
    experiment, panel = write_experiment(tmp_path), tmp_path / "panel.parquet"
    small_frame().to_parquet(panel, index=False)
    lagged = "features.publication_lag={population=1}"

    def loaded(rows: int) -> Source:
        monkeypatch.setattr("city_resilience.reading.read.MOST_ROWS", rows)
        return load(experiment, panel, (*CHOSEN, lagged))

    whole, stored = loaded(10_000), loaded(10)
    known, read = whole.dataset.indicators, stored.dataset.indicators
    assert isinstance(read.values, np.memmap)
    assert (read.ids, read.absent) == (known.ids, known.absent)
    np.testing.assert_array_equal(read.values, known.values)
    found, same = (run_backtest(own.dataset, own.experiment, silent) for own in (whole, stored))
    pd.testing.assert_frame_equal(same.frame, found.frame, check_exact=True)
    for name, table in mark_tables(whole.panel).items():
        pd.testing.assert_frame_equal(mark_tables(stored.panel)[name], table)
    assert column_types(stored.panel) == column_types(whole.panel)
    assert stored.panel.city_years == whole.panel.city_years == len(whole.panel.frame)
    assert "frame" not in vars(stored.panel)


def test_example_of_a_model_is_the_same_of_a_panel_in_files(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_frame().to_parquet(tmp_path / "panel.parquet", index=False)
    forecaster = small_forecaster(small_panel(tmp_path))
    whole = read_panel(tmp_path / "panel.parquet", outcome="gdp_real")
    monkeypatch.setattr("city_resilience.reading.read.MOST_ROWS", 10)
    stored = read_panel(tmp_path / "panel.parquet", outcome="gdp_real")
    example = example_of(stored, forecaster)
    pd.testing.assert_frame_equal(example, example_of(whole, forecaster))
    assert 0 < len(example) < len(whole.frame)
    assert "frame" not in vars(stored)
