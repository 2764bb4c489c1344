"""The columns of the baseline and its ways of inference."""

from dataclasses import replace

import numpy as np
import pytest

from city_resilience.experiment.mechanisms import Mechanisms
from city_resilience.mechanisms.baseline import baseline, lagged, plain_sample
from city_resilience.mechanisms.context import Context
from city_resilience.mechanisms.curve import curve
from city_resilience.mechanisms.estimate import Estimate
from city_resilience.mechanisms.planted import Law, planted_design
from city_resilience.mechanisms.projected import projected
from city_resilience.mechanisms.sample import sample_of
from city_resilience.mechanisms.small_clusters import bell_mccaffrey, conley, wild_provinces

pytest.importorskip("linearmodels")
pytest.importorskip("diff_diff")
SETTINGS = Mechanisms(draws=99)
LIKE = Estimate("controls", "y", "x", "x", np.nan)
WAYS = {"city", "province", "province_year", "driscoll_kraay", "wild_province", "conley"}


@pytest.mark.parametrize("units", [(1.0, 1e6), (1e-7, 1.0)])
def test_inference_of_few_provinces_is_the_same_in_any_units(units, recwarn) -> None:
    sample = sample_of(planted_design(3, cities=40, years=8, provinces=10).design, "y", ["x", "k"])
    rows = []
    for each in (sample, replace(sample, x=sample.x * units)):
        wild = wild_provinces(each, LIKE, draws=99, seed=0)
        rows += [[*bell_mccaffrey(projected(each), ["x", "k"], LIKE), wild]]
    for one, other, unit in zip(*rows, (*units, units[0]), strict=True):
        assert other.p == pytest.approx(one.p)
        figures = [other.estimate, other.se, other.low, other.high]
        expected = [one.estimate, one.se, one.low, one.high]
        assert np.multiply(figures, unit) == pytest.approx(expected)
    assert not recwarn.list


def test_remarks_of_a_library_on_its_memory_stay_off_the_screen(monkeypatch, recwarn) -> None:
    monkeypatch.setattr("diff_diff.conley._CONLEY_SPARSE_N_THRESHOLD", 10)
    design = planted_design(3, cities=30, years=4, provinces=10).design
    conley(sample_of(design, "y", ["x"]), design.coordinates, LIKE, reach=20_000)
    assert not recwarn.list


def test_all_columns_and_ways_hold_the_planted_effect() -> None:
    planted = planted_design(4, Law(direct=0.5, to_mediator=0.5, from_mediator=0.4))
    part = baseline(Context(planted.design, SETTINGS))
    own = [e for e in part.estimates if e.term == "x"]
    assert {e.inference for e in own if e.model == "controls"} == WAYS
    assert {e.model for e in own} == {
        "alone", "controls", "lag:1", "lag:2", "winsorised", "province_year"
    }  # fmt: skip
    for one in own:
        if not one.model.startswith("lag"):
            assert one.low - 0.1 < planted.truth["total"] < one.high + 0.1
            assert one.low < one.estimate < one.high
    assert not part.refused


@pytest.mark.parametrize("shared", [0.0, 0.4])
def test_no_effect_is_seldom_found(shared: float) -> None:
    found = []
    for seed in range(10):
        sample = plain_sample(planted_design(seed, Law(shared=shared)).design, "y", "x")
        found.append(wild_provinces(sample, LIKE, draws=99, seed=seed).p < 0.05)
    assert sum(found) <= 2


def test_errors_over_space_at_no_distance_are_those_of_the_city() -> None:
    from city_resilience.mechanisms.fixed_effects import two_way

    design = planted_design(6).design
    assert design.coordinates is not None
    apart = np.column_stack([np.linspace(0, 170, 80), np.zeros(80)])
    sample = plain_sample(design, "y", "x")
    uniform = conley(sample, apart, LIKE, reach=1e-6)
    by_city = two_way(sample, "city")
    assert uniform.estimate == pytest.approx(by_city.coefficient("x"))
    assert uniform.se == pytest.approx(by_city.se("x"), rel=0.2)


def test_a_lag_is_that_of_the_years_before() -> None:
    values = np.arange(6.0).reshape(2, 3)
    assert lagged(values, 1)[:, 1:].tolist() == values[:, :-1].tolist()
    assert np.isnan(lagged(values, 1)[:, 0]).all()


def test_what_shares_a_variable_with_the_outcome_is_refused_or_no_control() -> None:
    design = planted_design(0).design
    own = replace(design.controls["k"], behind=frozenset(["y"]))
    assert plain_sample(replace(design, controls={"k": own}), "y", "x").names == ("x",)
    index = replace(design.treatments["x"], behind=frozenset(["y"]))
    part = baseline(Context(replace(design, treatments={"x": index}), SETTINGS))
    assert [(r.reason, r.found) for r in part.refused] == [("component", "y")]


def test_few_provinces_are_named() -> None:
    design = planted_design(0, provinces=4).design
    part = baseline(Context(design, SETTINGS))
    assert [(r.reason, r.found) for r in part.refused] == [("few_clusters", "4 provinces")]


def test_an_index_of_the_province_has_no_column_with_effects_of_province_and_year() -> None:
    design = planted_design(3, Law(direct=0.5)).design
    x = design.treatments["x"]
    values = x.values.copy()
    for name in np.unique(design.province):
        values[design.province == name] = values[design.province == name].mean(axis=0)
    design = replace(design, treatments={"x": replace(x, values=values)})
    models = {one.model for one in baseline(Context(design, SETTINGS)).estimates}
    assert models == {"alone", "controls", "lag:1", "lag:2", "winsorised"}
    (own,) = curve(Context(design, SETTINGS)).about["curves"]
    assert set(own["refused"]) == {"no_variation"}
