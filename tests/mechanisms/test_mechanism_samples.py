"""The rows of a regression, and fits with effects of city and year."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from city_resilience.experiment.mechanisms import Mechanisms
from city_resilience.mechanisms.baseline import lagged
from city_resilience.mechanisms.context import Context, Part
from city_resilience.mechanisms.planted import Law, planted_design
from city_resilience.mechanisms.refusals import refusal_of
from city_resilience.mechanisms.sample import Sample, sample_of, within, without_singletons

US_STATES = Path(__file__).parents[2] / "experiments/us_states/panel.csv"


def dummies(sample: Sample) -> np.ndarray:
    """Return an indicator column for each city and year."""
    keys = pd.DataFrame({"city": sample.city, "year": sample.year}).astype(str)
    return pd.get_dummies(keys).to_numpy(float)


def holes(share: float = 0.2) -> Sample:
    """Return a planted sample with rows missing at random."""
    design = planted_design(3, Law(direct=1.0), cities=30, years=8).design
    sample = sample_of(design, "y", ["x", "k"])
    return sample.of(np.random.default_rng(0).random(len(sample)) > share)


@pytest.mark.parametrize("share", [0.0, 0.2])
def test_within_is_the_residual_of_dummies(share: float) -> None:
    sample = holes(share)
    d = dummies(sample)
    expected = sample.x - d @ np.linalg.lstsq(d, sample.x, rcond=None)[0]
    assert within(sample, sample.x) == pytest.approx(expected, abs=1e-7)


@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_effects_are_taken_out_whatever_the_unit(unit: float) -> None:
    sample = holes()
    assert within(sample, sample.x * unit) / unit == pytest.approx(within(sample, sample.x))


def test_one_province_gives_no_interval_by_province() -> None:
    pytest.importorskip("linearmodels")
    from city_resilience.mechanisms.fixed_effects import two_way
    from city_resilience.mechanisms.projected import projected, quick_fit

    sample = replace(holes(), province=np.zeros_like(holes().province))
    for fit in (two_way(sample, "province"), quick_fit(projected(sample), "province")):
        assert fit.clusters == 1
        assert np.isfinite(fit.coefficients).all()
        assert np.isnan(fit.covariance).all()


def test_a_variance_of_two_ways_below_zero_gives_no_interval() -> None:
    """Scores that add up to zero in each province and in each year, but not in both."""
    pytest.importorskip("linearmodels")
    from city_resilience.mechanisms.estimate import Estimate
    from city_resilience.mechanisms.fixed_effects import terms_of, two_way

    city, year = np.divmod(np.arange(16 * 12), 12)
    province = city // 2
    x = (-1.0) ** (province + year)
    y = (-1.0) ** (province // 2 + year // 2)
    sample = Sample(y, x[:, None], ("x",), city, year, province)
    (one,) = terms_of(two_way(sample, "province_year"), ["x"], Estimate("", "y", "x", "x", 0.0))
    assert one.estimate == pytest.approx(0.0, abs=1e-12)
    assert np.isnan([one.se, one.low, one.high, one.p]).all()
    assert two_way(sample, "city").se("x") > 0


@pytest.mark.parametrize("provinces", [1, 2, 4])
def test_no_inference_rests_on_fewer_than_five_provinces(provinces: int) -> None:
    pytest.importorskip("linearmodels")
    pytest.importorskip("diff_diff")
    from city_resilience.mechanisms.parts import PARTS

    law = Law(direct=0.5, policy=0.5)
    design = planted_design(0, law, cities=60, years=9, provinces=provinces).design
    made = dict[str, Part]()
    settings = Mechanisms(draws=20, lags=(), winsorise=0)
    for name in set(PARTS) - {"double_learning", "verdicts"}:
        made[name] = PARTS[name](Context(design, settings, found=made))
    ways = {one.inference for part in made.values() for one in part.estimates}
    assert not ways & {"province", "province_year", "province_cr2", "wild_province"}
    assert any(one.reason == "few_clusters" for one in made["baseline"].refused)
    judged = PARTS["verdicts"](Context(design, settings, found=made)).about["claims"]
    assert {own["verdict"] for own in judged} == {"untestable"}


def test_a_lag_of_more_years_than_the_panel_has_no_value() -> None:
    assert np.isnan(lagged(np.ones((2, 15)), 20)).all()


def test_a_fit_is_that_of_dummies() -> None:
    pytest.importorskip("linearmodels")
    from city_resilience.mechanisms.fixed_effects import two_way

    sample = holes()
    both = np.column_stack([sample.x, dummies(sample)])
    expected = np.linalg.lstsq(both, sample.y, rcond=None)[0][:2]
    fit = two_way(sample)
    assert fit.coefficients == pytest.approx(expected, abs=1e-8)
    left = [
        ((sample.y - z @ np.linalg.lstsq(z, sample.y, rcond=None)[0]) ** 2).sum()
        for z in (both, dummies(sample))
    ]
    assert fit.r2 == pytest.approx(1 - left[0] / left[1])


def test_a_place_alone_in_its_province_and_year_has_no_row() -> None:
    sample = holes()
    alone = replace(sample, province=np.where(sample.city == 0, 99, sample.province))
    kept = without_singletons(alone, by_province=True)
    assert 99 not in kept.province
    cells = np.unique(np.column_stack([kept.province, kept.year]), axis=0, return_counts=True)[1]
    assert cells.min() == 2
    assert len(without_singletons(alone)) == len(sample)


def test_effects_of_province_and_year_are_those_of_dummies() -> None:
    pytest.importorskip("linearmodels")
    from city_resilience.mechanisms.fixed_effects import two_way

    sample = holes()
    keys = pd.Series(sample.province).astype(str) + "/" + pd.Series(sample.year).astype(str)
    cells = pd.get_dummies(keys).to_numpy(float)
    both = np.column_stack([sample.x, dummies(sample), cells])
    expected = np.linalg.lstsq(both, sample.y, rcond=None)[0][:2]
    fit = two_way(sample, time="province_year")
    assert fit.coefficients == pytest.approx(expected, abs=1e-8)


@pytest.mark.parametrize("time", ["year", "province_year"])
@pytest.mark.parametrize("inference", ["city", "province"])
def test_a_quick_fit_is_that_of_linearmodels(time: str, inference: str) -> None:
    pytest.importorskip("linearmodels")
    from city_resilience.mechanisms.fixed_effects import two_way
    from city_resilience.mechanisms.projected import projected, quick_fit

    sample = holes()
    fit = two_way(sample, inference, time=time)
    quick = quick_fit(projected(sample, sample.province if time != "year" else None), inference)
    assert quick.r2 == pytest.approx(fit.r2)
    assert quick.coefficients == pytest.approx(fit.coefficients)
    assert quick.covariance == pytest.approx(fit.covariance)


def test_errors_of_two_years_are_those_of_differences() -> None:
    """White 1980 on differences, HC1: effects of places must not count as variables."""
    pytest.importorskip("linearmodels")
    from city_resilience.mechanisms.fixed_effects import two_way

    sample = sample_of(planted_design(3, Law(direct=1.0), years=2).design, "y", ["x"])
    y, x = (
        values.reshape(-1, 2)[:, 1] - values.reshape(-1, 2)[:, 0]
        for values in (sample.y, sample.x[:, 0])
    )
    z = np.column_stack([x, np.ones(len(x))])
    bread = np.linalg.inv(z.T @ z)
    residual = y - z @ (bread @ z.T @ y)
    white = bread @ (z.T * residual**2 @ z) @ bread * len(x) / (len(x) - 2)
    assert two_way(sample).se("x") == pytest.approx(np.sqrt(white[0, 0]), rel=0.01)


def test_a_city_of_one_row_and_a_year_of_one_row_are_left_out() -> None:
    sample = sample_of(planted_design(0, cities=20, years=5).design, "y", ["x"])
    lonely = (sample.city != 0) | (sample.year == sample.year[0])
    kept = sample_of(planted_design(0, cities=20, years=5).design, "y", ["x"]).of(lonely)
    assert 0 not in without_singletons(kept).city


def test_fixed_effects_of_the_states_are_those_published() -> None:
    """Munnell 1990 in Baltagi, Econometric Analysis of Panel Data, table 2.1, within."""
    pytest.importorskip("linearmodels")
    from city_resilience.mechanisms.fixed_effects import two_way

    panel = pd.read_csv(US_STATES)
    column = {name.split(" (")[0]: name for name in panel}
    public = [c for c in panel if "capital" in c and "Private" not in c]
    x = np.column_stack(
        [
            np.log(panel[public].sum(axis=1)),
            np.log(panel[column["Private capital"]]),
            np.log(panel[column["Employment"]]),
            panel[next(c for c in panel if c.startswith("Unemployment"))],
        ]
    )
    city = pd.factorize(panel["state"])[0].astype(np.int64)
    y = np.log(panel[column["Gross state product"]].to_numpy())
    names = ("public", "private", "employment", "unemployment")
    sample = Sample(y, x, names, city, panel["year"].to_numpy(np.int64), city)
    fit = two_way(sample, time="none")
    assert [f"{value:.3f}" for value in fit.coefficients] == ["-0.026", "0.292", "0.768", "-0.005"]


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda s: s.of(np.arange(90)), "few_rows"),
        (lambda s: s.of(s.year < s.year[0] + 2), "few_years"),
        (
            lambda s: replace(s, x=np.column_stack([s.city.astype(float), s.x[:, 1]])),
            "no_variation",
        ),
        (lambda s: replace(s, x=np.column_stack([s.x[:, 0], 2 * s.x[:, 0] + 1])), "collinear"),
    ],
)
def test_what_cannot_be_fitted_is_refused_by_name(change, reason: str) -> None:
    sample = sample_of(planted_design(1).design, "y", ["x", "k"])
    assert refusal_of(sample, "x") is None
    found = refusal_of(change(sample), "x")
    assert found is not None
    assert found.reason == reason


def test_one_shock_with_an_index_is_too_few_and_says_so() -> None:
    sample = sample_of(planted_design(1).design, "y", ["x", "k"])
    one = without_singletons(sample.of(sample.year == sample.year[0]))
    found = refusal_of(one, "x", years=2)
    assert found is not None
    assert (found.reason, found.found) == ("few_shocks", "0 shocks")
