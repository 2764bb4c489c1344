"""A learner is one entry of one table: registered here, it is trained, stored and reported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from city_resilience.commands.train import train
from city_resilience.evaluation.candidates import candidate_labels
from city_resilience.models.bundle import load_bundle
from city_resilience.models.fitted import Linear
from city_resilience.models.learners import LEARNERS, Hyperparameter, Learner, Values
from city_resilience.tasks.task import Sample
from pipeline_inputs import write_experiment


def fit_shrunken_mean(sample: Sample, values: Values, seed: int) -> Linear:
    del seed
    nothing = np.zeros(len(sample.columns))
    return Linear(nothing, nothing, nothing, float(values["shrink"]) * sample.labels.mean())


MADE_UP = Learner(
    "shrunken_mean",
    "a mean shrunk for this test",
    "测试用的收缩均值",
    fit_shrunken_mean,
    {"shrink": Hyperparameter(0.5, 0.0, 1.0, search=(0.1, 0.9))},
)


@pytest.fixture(scope="module")
def out(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("learner")
    experiment = write_experiment(folder)
    changes = ('model.members=["persistence","shrunken_mean"]', "search.trials=2")
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(LEARNERS, MADE_UP.id, MADE_UP)  # type: ignore[arg-type]
        train(experiment, out=folder / "out", overrides=changes, store=str(folder / "store"))
    return folder / "out"


def test_its_name_is_known_in_both_languages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(LEARNERS, MADE_UP.id, MADE_UP)  # type: ignore[arg-type]
    assert candidate_labels("en")["shrunken_mean"] == MADE_UP.label_en
    assert candidate_labels("zh")["shrunken_mean"] == MADE_UP.label_zh


def test_it_is_scored_searched_and_stored(out: Path) -> None:
    assert "shrunken_mean" in set(pd.read_csv(out / "scores.csv")["model"])
    model = load_bundle(out / "model")
    assert 0.1 <= float(model.experiment.model.parameters["shrunken_mean"]["shrink"]) <= 0.9
    assert "shrunken_mean" in model.horizons[1].members


def test_the_report_names_it_in_both_languages(out: Path) -> None:
    page = (out / "report.html").read_text(encoding="utf-8")
    assert MADE_UP.label_en in page
    assert MADE_UP.label_zh in page
