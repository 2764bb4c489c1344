"""The benchmark of planted mechanisms: few seeds, and that it tells what does not hold."""

from __future__ import annotations

import importlib.util
import sys
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from city_resilience.mechanisms import channels as splitting
from city_resilience.mechanisms.estimate import Estimate, normal_interval
from city_resilience.mechanisms.planted import Law, planted_design
from places import ROOT


@pytest.fixture(scope="module")
def script():
    path = ROOT / "benchmarks" / "planted_mechanisms.py"
    spec = importlib.util.spec_from_file_location("planted_mechanisms", path)
    module = importlib.util.module_from_spec(spec)
    sys.modules["planted_mechanisms"] = module
    batches = splitting.BATCHES
    spec.loader.exec_module(module)
    yield module
    splitting.BATCHES = batches


def made(script, se=1.0, bias=0.0):
    """An estimator that draws its estimate around the truth, with a stated error."""

    def draw(planted, seed):
        truth = planted.truth["total"]
        value = truth + bias + np.random.default_rng(seed + 10_000).normal()
        one = Estimate("made", "y", "x", "x", value, se, *normal_interval(value, se))
        return [script.Found(truth, replace(one, inference="normal"))]

    return script.Estimator(draw, Law(direct=1.0))


def table_of(script, monkeypatch, seeds=range(60), **made_as):
    monkeypatch.setattr(script, "ESTIMATORS", {"made": made(script, **made_as)})
    return script.run(["made"], seeds, 1)


@pytest.mark.parametrize(
    ("made_as", "holds"), [({}, "yes"), ({"se": 0.5}, "no"), ({"bias": 3.0}, "no")]
)
def test_what_does_not_hold_its_level_is_told(script, monkeypatch, made_as, holds):
    table = table_of(script, monkeypatch, **made_as)
    assert list(table["errors"]) == list(script.ERRORS)
    assert set(table["holds"]) == {holds}
    assert table["bias"].tolist() == pytest.approx([made_as.get("bias", 0.0)] * 2, abs=0.3)


def test_rows_of_other_estimators_stay_in_the_file(script, monkeypatch, tmp_path):
    two = {"first": made(script), "made": made(script)}
    monkeypatch.setattr(script, "ESTIMATORS", two)
    out = tmp_path / "table.csv"
    script.run(["made"], range(3), 1, out)
    script.run(["first"], range(4), 1, out)
    script.run(["made"], range(2), 1, out)
    written = pd.read_csv(out)
    assert written["estimator"].tolist() == ["first", "first", "made", "made"]
    assert written["seeds"].tolist() == [4, 4, 2, 2]


def test_few_seeds_of_the_baseline_and_the_threshold(script):
    pytest.importorskip("linearmodels")
    pytest.importorskip("diff_diff")
    table = script.run(["thresholds"], range(4), 1)
    wild = script.run(["baseline"], range(1), 1)
    assert {"wild_province", "conley", "driscoll_kraay"} <= set(wild["inference"])
    slopes = table[table["term"].str.startswith("regime") & (table["inference"] == "province")]
    assert (slopes["bias"].abs() < 0.1).all()
    first = table[table["term"] == "threshold:1:q"]
    assert (first["coverage"] >= 0.5).all()
    assert (first["rejected"] <= 0.5).all()


def test_claims_are_supported_where_they_are_planted_and_nowhere_else(script):
    pytest.importorskip("linearmodels")
    pytest.importorskip("diff_diff")
    verdicts = {
        law: {f.estimate.term: f.estimate.p for f in script.of_verdicts(planted_design(0, law), 0)}
        for law in (script.ALL, script.NO_EFFECT)
    }
    claims = ["K1", "K2", "K5", "K9"]
    assert verdicts[script.ALL] == dict.fromkeys(claims, 0.0)
    assert verdicts[script.NO_EFFECT] == dict.fromkeys(claims, 1.0)
