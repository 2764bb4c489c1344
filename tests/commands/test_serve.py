"""``train --serve``: another candidate than the experiment's, the best naive rule among them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from city_resilience.commands import main
from city_resilience.commands.predict import predict
from city_resilience.commands.source import BEST_NAIVE, load, serving
from city_resilience.commands.train import train
from city_resilience.evaluation.baselines import NAIVE
from city_resilience.models.bundle import load_bundle
from city_resilience.report.texts import model_name
from pipeline_inputs import RIDGE, as_words, write_experiment

pytestmark = [pytest.mark.tracking, pytest.mark.usefixtures("copied_stores")]
HISTORY = 'features.families=["history"]'
QUICK = ('model.members=["persistence", "lasting_gap"]', "model.parameters={}", HISTORY)
MEMBERS = {"persistence", "lasting_gap"}


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    return write_experiment(tmp_path_factory.mktemp("serve"))


def test_the_best_naive_rule_is_trained_stored_and_read_back(place):
    out = place.parent / "out"
    store = str(place.parent / "store")
    found = train(place, out=out, overrides=QUICK, store=store, serve=BEST_NAIVE)
    rule = found.source.experiment.model.serve
    scores = found.evaluation.scores
    rules = scores[(scores["slice"] == "all") & (scores["horizon"] == 1)]
    rules = rules[rules["model"].isin(NAIVE)].set_index("model")["mae"]
    assert rule == rules.idxmin()
    assert found.summary["served"] == rule
    forecast = pd.read_csv(out / "forecast.csv")
    assert (forecast["lower"] < forecast["upper"]).all()
    again = predict(place.parent / "panel.csv", out / "model", drivers=0).table
    np.testing.assert_allclose(again["forecast"], forecast["forecast"], atol=1e-9)
    stored = load_bundle(out / "model")
    assert [set(model.weights) for model in stored.horizons.values()] == [{rule}, {rule}]
    card = (out / "model" / "MODEL_CARD.md").read_text("utf-8")
    assert f"In use: {model_name(rule, 'en')}" in card


def test_the_command_says_which_rule_is_served(place, capsys):
    words = as_words(["outcome.horizons=[1]", *QUICK])
    store = str(place.parent / "other")
    assert main.run(["train", str(place), *words, "--serve", "last", "--store", store]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "Served the naive rule last gap; no learner is behind it" in out


def test_a_model_behind_a_rule_stays_challenger_and_the_rule_that_it_names_becomes_champion(
    place, capsys
):
    weak = [*RIDGE, "model.parameters.ridge.alpha=1e8"]
    store = ["--store", str(place.parent / "weak")]
    words = ["train", str(place), *as_words(weak), *store]
    assert main.run(words) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert "Registered small/1 as challenger" in out
    assert "Serve it city-resilience promote small/1" in out
    assert "Or the rule --serve best-naive (" in out
    assert main.run([*words, "--serve", BEST_NAIVE]) == 0
    out = " ".join(capsys.readouterr().out.split())
    assert re.search(r"Registered small/2 as [a-z ]*champion ", out)
    assert "Behind at h = 1" not in out


def test_another_candidate_changes_the_recipe_and_nothing_else(place):
    source = load(place, overrides=QUICK)
    assert serving(source, "") is source
    other = serving(source, "persistence")
    assert other.experiment.model.serve == "persistence"
    assert set(other.experiment.model.members) == MEMBERS
    assert other.recipe == other.experiment.digest() != source.recipe
    assert other.dataset is source.dataset


def test_an_unknown_candidate_ends_with_2_and_writes_nothing(place, capsys):
    out = place.parent / "never"
    words = ["train", str(place), "--serve", "best", "--out", str(out)]
    assert main.run([*words, "--store", str(place.parent / "none")]) == 2
    assert "model.serve: no candidate 'best'" in " ".join(capsys.readouterr().err.split())
    assert not out.exists()
