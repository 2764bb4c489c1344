"""``measure``, shocks as something to foresee, and outcomes other than the growth gap."""

from __future__ import annotations

import tomllib
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from city_resilience.commands.main import run
from city_resilience.errors import InputError
from city_resilience.evaluation.shocks import LATER, UNSEEN, run_shocks, score_shocks
from city_resilience.experiment.load import experiment_from
from city_resilience.resilience.measures import MEASURES
from city_resilience.resilience.window import Window
from city_resilience.tasks.dataset import build_dataset
from forecasting_inputs import backtest_of, experiment, facts_of, panel_of, poisoned, small_panel
from pipeline_inputs import EXPERIMENT, small_frame, write_experiment

pytestmark = pytest.mark.usefixtures("copied_stores")

WINDOWS = [Window(2003, 2004, 2005), Window(2006, 2007, 2008), Window(2009, 2010, 2011)]


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    monkeypatch.chdir(tmp_path)
    small_frame().to_csv("panel.csv", index=False)
    return tmp_path


def test_measure_writes_values_reasons_the_gap_and_groups(folder, capsys):
    words = ["--window", "2003:2004:2006", "--window", "2012:2013", "--out", "m.csv"]
    assert run(["measure", "panel.csv", *words, "--by", "region"]) == 0
    frame = pd.read_csv("m.csv")
    assert len(frame) == 2 * frame["city"].nunique()
    first = frame[frame["window"] == "2003:2004:2006"]
    assert first[["resistance", "recovery", "growth_gap_pp"]].notna().all().all()
    later = frame[frame["window"] == "2012:2013"]
    assert set(later["recovery_reason"]) == {"no_recovery_window"}
    medians = pd.read_csv("m.groups.csv")
    assert set(medians["group"]) == {"region"}
    small = medians[medians["n"] < 10]
    assert small["median"].isna().all()
    shown = capsys.readouterr().out
    assert "Missing: recovery 2012:2013" in shown
    assert "Resistance and recovery, 2003:2004:2006: rank correlation" in shown


REFUSED = {
    "measure": (["--measure", "resistence"], "resistence"),
    "window": (["--window", "2004:2003"], "its years must rise"),
    "window text": (["--window", "2004"], "expected START:END"),
    "outcome": (["--outcome", "gdp"], "no column holds the outcome 'gdp'; nearest: 'gdp_real'"),
    "two-sided": (["--measure", "hp_trend"], "a two-sided filter uses years after the shock"),
    "composite": (["--measure", "composite"], "give --experiment"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_refusals_are_one_line_and_write_nothing(folder, capsys, case):
    words, expected = REFUSED[case]
    if "--window" not in words:
        words = [*words, "--window", "2003:2004:2006"]
    assert run(["measure", "panel.csv", *words, "--out", "m.csv"]) == 2
    captured = capsys.readouterr()
    message, *paste = captured.err.splitlines()
    assert message.startswith("city-resilience: ")
    tomllib.loads("\n".join(paste))  # below it stand lines of an experiment file alone
    assert expected in captured.err
    assert not Path("m.csv").exists()


def labels_of(dataset) -> dict[Window, np.ndarray]:
    label = MEASURES["growth_gap"].label(dataset.outcome, 1)
    return {window: label[:, window.start - int(dataset.years[0])] for window in WINDOWS}


def test_later_shocks_are_foreseen_from_what_was_over_before_they_began():
    chosen = experiment(outcome={"measure": "resistance", "windows": [str(w) for w in WINDOWS]})
    dataset = facts_of(small_panel(), chosen)
    frame = run_shocks(dataset, chosen, labels_of(dataset))
    assert set(frame["test"]) == {LATER, UNSEEN}
    later = frame[frame["test"] == LATER]
    assert set(later["window"]) == {str(w) for w in WINDOWS[1:]}
    scores = score_shocks(frame)
    assert scores.loc[scores["model"] == "median", "rank_correlation"].isna().all()
    best = scores[scores["model"].isin(("zero", "median", "last_gap_rescaled"))]
    assert (best.groupby(["test", "window"])["skill_naive"].max() <= 1e-12).all()


def test_nothing_after_the_start_of_a_shock_reaches_its_forecast():
    chosen = experiment(outcome={"measure": "resistance", "windows": [str(w) for w in WINDOWS]})
    clean, panel = facts_of(small_panel(), chosen), poisoned(small_panel(), 2009)
    labels = labels_of(clean)
    forecasts = []
    for dataset in (clean, facts_of(panel, chosen)):
        frame = run_shocks(dataset, chosen, labels)
        rows = frame[(frame["test"] == LATER) & (frame["window"] == str(WINDOWS[2]))]
        forecasts.append(rows.set_index(["model", "city"])["forecast"].sort_index())
    pd.testing.assert_series_equal(*forecasts, check_exact=True)


def test_one_shock_is_no_experiment():
    chosen = experiment(outcome={"measure": "resistance", "windows": ["2003:2004"]})
    dataset = facts_of(small_panel(), chosen)
    with pytest.raises(InputError, match="needs two or more"):
        run_shocks(dataset, chosen, {Window(2003, 2004): np.zeros(len(dataset.cities))})


def test_a_shock_experiment_runs_and_train_refuses_it(folder, capsys):
    windows = 'windows = ["2003:2004", "2006:2007", "2010:2011"]\n'
    windows = f'[outcome]\nmeasure = "resistance"\n{windows}'
    text = EXPERIMENT.replace("[outcome]\nhorizons = [1, 2]\n", windows)
    write_experiment(folder, text=text)
    assert run(["backtest", "experiment.toml", "--out", "out"]) == 0
    assert {"test", "window", "model", "mae"} <= set(pd.read_csv("out/scores.csv").columns)
    assert run(["train", "experiment.toml", "--out", "model", "--store", "store"]) == 2
    assert "evaluate it with city-resilience backtest" in capsys.readouterr().err


def test_a_measure_about_shocks_wants_windows():
    chosen = experiment(outcome={"measure": "resistance"})
    with pytest.raises(InputError, match=r"outcome\.windows"):
        facts_of(small_panel(), chosen)
    with pytest.raises(InputError, match="nearest: 'resistance'"):
        facts_of(small_panel(), experiment(outcome={"measure": "resistence"}))


def test_a_nominal_outcome_over_its_deflator_is_the_real_one():
    panel = small_panel()
    frame = panel.frame.copy()
    years = frame["year"] - frame["year"].min()
    frame["gdp_deflator"] = 1.03**years
    frame["gdp_nominal"] = frame["gdp_real"] * frame["gdp_deflator"]
    both = panel_of(frame)
    real = facts_of(both, experiment())
    deflated = build_dataset(
        both, experiment(outcome={"variable": "gdp_nominal", "deflator": "gdp_deflator"})
    )
    np.testing.assert_allclose(deflated.at(2009).labels(1), real.at(2009).labels(1), atol=1e-9)
    with pytest.raises(InputError, match="deflator"):
        facts_of(both, experiment(outcome={"deflator": "price_index"}))


COMPOSITE = {
    "measure": "composite",
    "composite": {
        "components": {"ict_employment_share": 1, "patents_per_10k": 1},
        "window": [2000, 2006],
    },
}


def composite_experiment(**features):
    return experiment(outcome=COMPOSITE, features={"carry_forward": 3, **features})


def test_a_composite_is_frozen_and_its_past_stays_when_a_year_is_added():
    chosen = composite_experiment()
    whole, cut = (build_dataset(p, chosen) for p in (small_panel(), small_panel().truncate(2011)))
    assert whole.composite == cut.composite
    np.testing.assert_array_equal(whole.at(2011).outcome, cut.at(2011).outcome)
    again = build_dataset(small_panel(seed=1), chosen, whole.composite)
    assert again.composite == whole.composite


def test_a_composite_is_forecast_without_its_components_only(folder, capsys):
    outcome = (
        '[outcome]\nhorizons = [1, 2]\nmeasure = "composite"\n[outcome.composite]\n'
        "window = [2000, 2008]\ncomponents = {ict_employment_share = 1, patents_per_10k = 1}\n"
    )
    text = EXPERIMENT.replace("[outcome]\nhorizons = [1, 2]\n", outcome)
    write_experiment(folder, text=text)
    assert run(["backtest", "experiment.toml"]) == 2
    refused = capsys.readouterr().err
    assert "ict_employment_share" in refused or "patents_per_10k" in refused
    excluded = 'exclude = ["ict_employment_share", "patents_per_10k"]'
    (folder / "experiment.toml").write_text(
        text.replace("carry_forward = 0", f"carry_forward = 0\n{excluded}")
    )
    words = ["train", "experiment.toml", "--out", "out", "--store", "store"]
    assert run(words) == 0
    forecast = Path("out/forecast.csv").read_bytes()
    assert run(["predict", "--data", "panel.csv", "--model", "out/model", "--out", "f.csv"]) == 0
    left, right = pd.read_csv("f.csv"), pd.read_csv("out/forecast.csv")
    pd.testing.assert_series_equal(left["forecast"], right["forecast"])
    assert b"composite" in Path("out/model/manifest.json").read_bytes()
    assert forecast


def test_the_window_of_a_composite_ends_before_the_first_origin():
    late = {**COMPOSITE, "composite": {**COMPOSITE["composite"], "window": [2000, 2012]}}
    with pytest.raises(InputError, match="after the first origin"):
        facts_of(small_panel(), experiment(outcome=late))


def test_every_horizon_measure_can_be_forecast():
    for measure in (m for m in MEASURES.values() if m.kind == "horizon"):
        chosen = experiment(
            outcome={"measure": measure.id, "horizons": [1]},
            evaluation={"first_origin": 2010, "warmup_origins": 1},
            model={"members": ["persistence", "ridge"]},
        )
        frame = backtest_of(chosen).frame
        assert np.isfinite(frame["forecast"]).all(), measure.id


def test_experiments_are_strict_about_outcomes():
    base = {"name": "x", "evaluation": {"first_origin": 2010}}
    with pytest.raises(InputError, match="go together"):
        experiment_from({**base, "outcome": {"measure": "composite"}}, "here")
    one = {"components": {"a": 1}, "window": [2000, 2005]}
    with pytest.raises(InputError, match="at least two"):
        experiment_from({**base, "outcome": {"measure": "composite", "composite": one}}, "here")


def test_a_composite_is_measured_although_its_components_are_no_features(folder):
    text = EXPERIMENT.replace(
        "[outcome]\nhorizons = [1, 2]\n",
        '[outcome]\nhorizons = [1, 2]\nmeasure = "composite"\n[outcome.composite]\n'
        "window = [2000, 2008]\ncomponents = {ict_employment_share = 1, patents_per_10k = 1}\n",
    ).replace(
        "carry_forward = 0",
        'carry_forward = 0\nexclude = ["ict_employment_share", "patents_per_10k"]',
    )
    write_experiment(folder, text=text)
    words = ["measure", "panel.csv", "--measure", "composite", "--window", "2008:2009"]
    assert run([*words, "--experiment", "experiment.toml", "--out", "out.csv"]) == 0
    assert pd.read_csv("out.csv")["composite"].notna().mean() > 0.9


def test_masked_cells_of_other_variables_are_not_told(folder, capsys):
    frame = pd.read_csv("panel.csv")
    for header in ("Patents granted (count)", "Real GDP (100m yuan)"):
        row = frame.index[frame["year"] == 2010][3]
        frame.loc[row, header] = frame.loc[row, header] * 1e4
    frame.to_csv("spoilt.csv", index=False)
    words = ["measure", "spoilt.csv", "--window", "2008:2009", "--measure", "resistance"]
    assert run([*words, "--out", "out.csv"]) == 0
    said = capsys.readouterr().out
    assert "gdp_real: masked as almost certainly wrong" in said
    assert "patents_granted: masked" not in said
