"""The committed model: it stays small, it forecasts without a store, and its numbers hold."""

from __future__ import annotations

import os
import subprocess
import sys

import pandas as pd
import pytest

from city_resilience.commands.predict import predict
from city_resilience.experiment.load import load_experiment
from city_resilience.explain.contributions import contributions
from city_resilience.models.bundle import load_bundle
from city_resilience.reading.read import read_panel
from places import ROOT

MODEL = ROOT / "models" / "demo"
PANEL = ROOT / "experiments" / "demo" / "panel.csv"
GOLDEN = ROOT / "tests" / "golden" / "demo_forecast.csv"
KEYS = ["city", "horizon"]
# Libraries of other builds sum in another order: 1e-5 pp is what the project promises elsewhere.
TOLERANCE = 1e-5


@pytest.fixture(scope="module")
def forecast(tmp_path_factory: pytest.TempPathFactory) -> pd.DataFrame:
    out = tmp_path_factory.mktemp("demo") / "forecast.csv"
    predict(PANEL, MODEL, out=out)
    return pd.read_csv(out, keep_default_na=False)


def test_bundle_is_small():
    size = sum(path.stat().st_size for path in MODEL.rglob("*") if path.is_file())
    # Three horizons, each 300 boosted trees as plain UBJSON (0.33 MB) and 100 randomised ones.
    assert 10_000 < size < 2_500_000


def test_forecast_is_the_golden_one(forecast):
    golden = pd.read_csv(GOLDEN)
    assert len(golden) == 280 * 3
    both = golden.merge(forecast, on=KEYS, suffixes=("_golden", ""), validate="one_to_one")
    assert len(both) == len(golden) == len(forecast)
    difference = both["forecast_golden"] - both["forecast"].astype(float)
    assert difference.abs().max() < TOLERANCE
    assert golden.groupby("horizon")["forecast"].std().min() > 1.0


def test_drivers_add_up_to_the_forecast(forecast):
    forecaster = load_bundle(MODEL)
    experiment = forecaster.experiment
    panel = read_panel(PANEL, experiment.data, outcome=experiment.outcome.variable)
    assert panel.fingerprint() == forecaster.fingerprint
    sums = contributions(forecaster, forecaster.rows(panel)).groupby(KEYS)["contribution"].sum()
    expected = forecast.set_index(KEYS)["forecast"].astype(float)
    assert (sums - expected).abs().max() < TOLERANCE
    assert (forecast["driver_1"] != "").all()


def test_model_is_that_of_the_committed_experiment():
    experiment = load_experiment(ROOT / "experiments" / "demo" / "experiment.toml")
    assert load_bundle(MODEL).experiment.digest() == experiment.digest()


def test_card_says_that_the_data_are_simulated():
    card = (MODEL / "MODEL_CARD.md").read_text(encoding="utf-8")
    assert "SIMULATED DATA" in card
    assert "- Licence: Apache-2.0" in card


@pytest.mark.skipif(sys.platform == "win32", reason="the POSIX script")
def test_nightly_script_forecasts_the_demonstration_out_of_the_box(tmp_path, forecast):
    program = tmp_path / "city-resilience"
    program.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m city_resilience "$@"\n')
    program.chmod(0o755)
    settings = {
        "CITY_RESILIENCE_COMMAND": str(program),
        "CITY_RESILIENCE_OUT_DIR": str(tmp_path / "out"),
    }
    done = subprocess.run(
        ["/bin/sh", str(ROOT / "scripts" / "pull_predictions.sh")],
        env={k: v for k, v in os.environ.items() if not k.startswith("CITY_RES")} | settings,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    [written] = (tmp_path / "out").glob("forecast-*.csv")
    pd.testing.assert_frame_equal(pd.read_csv(written, keep_default_na=False), forecast)
    assert (tmp_path / "out" / f"{written.name}.manifest.json").is_file()
