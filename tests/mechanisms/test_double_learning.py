"""Double machine learning: planted slopes, controls of any form, unseen blocks, refusals."""

from dataclasses import replace

import numpy as np
import pytest

from city_resilience.experiment.mechanisms import Mechanisms
from city_resilience.mechanisms import double_learning as module
from city_resilience.mechanisms.baseline import plain_sample
from city_resilience.mechanisms.context import Context, Part
from city_resilience.mechanisms.design import Design, Series
from city_resilience.mechanisms.double_learning import (
    FORMS,
    blocks,
    cross_fitted,
    double_learning,
    rows_of,
)
from city_resilience.mechanisms.planted import Law, planted_design

pytest.importorskip("doubleml")


def fitted(
    design: Design, monkeypatch: pytest.MonkeyPatch, learners: tuple[str, ...], splits: int
) -> Part:
    monkeypatch.setattr(module, "FORMS", {name: FORMS[name] for name in learners})
    monkeypatch.setattr(module, "SPLITS", splits)
    return double_learning(Context(design, Mechanisms()))


def bent(seed: int, slope: float) -> Design:
    """Return a design whose control moves index and outcome by a step and its size."""
    design = planted_design(seed, Law(direct=slope)).design
    rng = np.random.default_rng(seed)
    k = rng.normal(size=design.shape) + rng.normal(size=(design.shape[0], 1))
    g = 1.5 * (k > 0.5) + 0.5 * np.abs(k)
    x, y = design.treatments["x"], design.outcomes["y"]
    y = replace(y, values=y.values + (slope + 1) * g - 0.5 * design.controls["k"].values)
    return replace(
        design,
        outcomes={"y": y},
        treatments={"x": replace(x, values=x.values + g)},
        controls={"k": Series("k", k)},
    )


@pytest.mark.parametrize("shared", [0.0, 0.4])
def test_planted_slopes_are_in_their_intervals(
    shared: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    inside, found = 0, 0
    for seed in range(10):
        one, none = (
            fitted(planted_design(seed, law).design, monkeypatch, ("linear",), 2).estimates[0]
            for law in (Law(direct=0.5, shared=shared), Law(shared=shared))
        )
        inside += one.low <= 0.5 <= one.high
        found += none.p < 0.05
    assert (one.term, one.inference, one.clusters) == ("x", "province", 16)
    assert inside >= 8
    assert found <= 2


def test_what_a_control_does_in_any_form_is_left_out_by_trees(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    design = bent(0, 0.5)
    part = fitted(design, monkeypatch, tuple(FORMS), 1)
    slopes = {e.model.partition(":")[2]: e for e in part.estimates if e.term == "x"}
    r2 = {e.model.partition(":")[2]: e.estimate for e in part.estimates if e.term == "r2:index"}
    assert slopes["linear"].low > 0.75
    for trees in ("xgboost", "extra_trees"):
        assert abs(slopes[trees].estimate - 0.5) < 0.6 * abs(slopes["linear"].estimate - 0.5)
        assert r2[trees] > r2["linear"]


@pytest.mark.parametrize("years", [4, 15])
def test_a_block_is_forecast_from_other_provinces_and_other_years(years: int) -> None:
    rows = rows_of(plain_sample(planted_design(1, years=years).design, "y", "x"))
    asked = np.zeros(len(rows.z), dtype=int)
    for known, block in blocks(rows, 3):
        asked += block
        assert not set(rows.cluster[known]) & set(rows.cluster[block])
        shared = set(rows.sample.year[known]) & set(rows.sample.year[block])
        assert bool(shared) == (years == 4)
    assert (asked == 1).all()


def test_forecasts_do_not_change_with_what_their_block_hides() -> None:
    design = planted_design(1).design
    rows = rows_of(plain_sample(design, "y", "x"))
    seen: list[np.ndarray] = []

    def noted(x: np.ndarray, y: np.ndarray, asked: np.ndarray, seed: int) -> np.ndarray:
        seen.append(y)
        return np.zeros(len(asked))

    cross_fitted(rows, noted, 0)
    hidden = blocks(rows, 0)[0][1]
    sample = replace(rows.sample, y=np.where(hidden, 1e6, rows.sample.y))
    first = seen[0]
    seen.clear()
    cross_fitted(rows_of(sample), noted, 0)
    assert (seen[0] == first).all()


def test_sensitivity_to_splits_and_to_what_is_not_observed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    part = fitted(planted_design(2, Law(direct=0.5)).design, monkeypatch, ("linear",), 3)
    found = {e.term: e.estimate for e in part.estimates}
    assert found["split:lowest"] < found["x"] < found["split:highest"]
    assert 0 < found["robustness_value:interval"] < found["robustness_value"] < 1
    weak = fitted(planted_design(2).design, monkeypatch, ("linear",), 3)
    assert {e.term: e.estimate for e in weak.estimates}["robustness_value"] < 0.1


def test_what_cannot_be_learnt_is_refused() -> None:
    design = planted_design(0).design
    x = design.treatments["x"]
    asked = {
        "x": x,
        "own": replace(x, name="own", behind=frozenset(["y"])),
        "fixed": replace(x, name="fixed", values=np.repeat(x.values[:, :1], 15, axis=1)),
    }
    part = double_learning(Context(replace(design, treatments=asked, controls={})))
    assert not part.estimates
    assert {(r.reason, r.about) for r in part.refused} == {
        ("no_control_variables", "y, x"),
        ("component", "y, own"),
        ("no_variation", "y, fixed"),
    }
    few = planted_design(0, cities=9, provinces=3).design
    assert [r.reason for r in double_learning(Context(few)).refused] == ["few_clusters"]
