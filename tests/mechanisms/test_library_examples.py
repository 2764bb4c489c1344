"""Fits and errors against published numbers, against libraries called directly, and slow loops."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
import pytest

from city_resilience.mechanisms.estimate import Estimate
from city_resilience.mechanisms.planted import Law, planted_design
from city_resilience.mechanisms.sample import Sample, sample_of
from city_resilience.mechanisms.small_clusters import conley, wild_provinces

LIKE = Estimate("controls", "y", "x", "x", np.nan)
FIRMS = 11


def grunfeld(firms: int = FIRMS) -> Sample:
    """Return investment of the first firms of statsmodels' data, on value and capital."""
    pytest.importorskip("linearmodels")
    from statsmodels.datasets import grunfeld as own

    data = own.load_pandas().data
    firm = pd.factorize(data["firm"])[0].astype(np.int64)
    x = data[["value", "capital"]].to_numpy(float)
    year = data["year"].to_numpy(np.int64)
    sample = Sample(data["invest"].to_numpy(float), x, ("value", "capital"), firm, year, firm)
    return sample.of(firm < firms)


def panel_ols(sample: Sample, **effects: object):
    """Return linearmodels' model of a sample and its index, without this project's code."""
    from linearmodels.panel import PanelOLS

    index = pd.MultiIndex.from_arrays([sample.city, sample.year], names=["city", "year"])
    x = pd.DataFrame(sample.x, index=index, columns=list(sample.names))
    return PanelOLS(pd.Series(sample.y, index=index, name="y"), x, **effects), index


def holes(seed: int = 3, **size: int) -> Sample:
    design = planted_design(seed, Law(direct=0.5, shared=0.4), **size).design
    sample = sample_of(design, "y", ["x", "k"])
    return sample.of(np.random.default_rng(0).random(len(sample)) > 0.2)


def within_dummies(sample: Sample) -> tuple[np.ndarray, np.ndarray]:
    """Return what dummies of city and year leave of the variables, and the residuals."""
    keys = pd.DataFrame({"city": sample.city, "year": sample.year}).astype(str)
    d = pd.get_dummies(keys).to_numpy(float)
    both = np.column_stack([sample.x, sample.y])
    left = both - d @ np.linalg.lstsq(d, both, rcond=None)[0]
    x, y = left[:, :-1], left[:, -1]
    return x, y - x @ np.linalg.lstsq(x, y, rcond=None)[0]


def test_grunfelds_investment_is_that_of_the_documentation() -> None:
    """linearmodels, "Comparison with pandas PanelOLS and FamaMacBeth"."""
    from city_resilience.mechanisms.fixed_effects import two_way

    fit = two_way(grunfeld(), time="none")
    assert [f"{b:.4f}" for b in fit.coefficients] == ["0.1101", "0.3100"]
    assert f"{fit.r2:.4f}" == "0.7667"


def test_ten_firms_are_those_of_the_textbook() -> None:
    """Within estimates of plm's Grunfeld; Baltagi prints .110 and .310, and .118 and .358."""
    from city_resilience.mechanisms.fixed_effects import two_way

    fit = two_way(grunfeld(10), time="none")
    assert [f"{b:.6f}" for b in fit.coefficients] == ["0.110124", "0.310065"]
    assert [f"{b:.3f}" for b in two_way(grunfeld(10)).coefficients] == ["0.118", "0.358"]


def test_clusters_by_city_are_linearmodels_own() -> None:
    from city_resilience.mechanisms.fixed_effects import two_way

    sample = grunfeld()
    model, _ = panel_ols(sample, entity_effects=True)
    direct = model.fit(cov_type="clustered", cluster_entity=True, group_debias=True)
    found = two_way(sample, "city", time="none").covariance
    assert found == pytest.approx(direct.cov.to_numpy(), rel=1e-10)


def test_driscoll_kraay_is_linearmodels_own_and_the_sum_of_years() -> None:
    from city_resilience.mechanisms.fixed_effects import two_way

    sample = holes()
    model, _ = panel_ols(sample, entity_effects=True, time_effects=True)
    direct = model.fit(cov_type="kernel", kernel="bartlett")
    found = two_way(sample, "driscoll_kraay").covariance
    assert found == pytest.approx(direct.cov.to_numpy(), rel=1e-8)
    x, e = within_dummies(sample)
    years = np.unique(sample.year)
    moments = np.stack([(x * e[:, None])[sample.year == year].sum(axis=0) for year in years])
    reach = int(np.floor(4 * (len(years) / 100) ** (2 / 9)))
    middle = moments.T @ moments
    for lag in range(1, reach + 1):
        cross = moments[lag:].T @ moments[:-lag]
        middle += (1 - lag / (reach + 1)) * (cross + cross.T)
    bread = np.linalg.inv(x.T @ x)
    effects = len(np.unique(sample.city)) + len(years) - 1
    rows = len(sample)
    by_hand = rows / (rows - x.shape[1] - effects) * bread @ middle @ bread
    assert found == pytest.approx(by_hand, rel=1e-6)


def test_clusters_of_two_ways_are_linearmodels_own() -> None:
    from city_resilience.mechanisms.fixed_effects import two_way

    sample = holes()
    model, index = panel_ols(sample, entity_effects=True, time_effects=True)
    keys = pd.DataFrame({"province": sample.province, "year": sample.year}, index=index)
    options = {"group_debias": True, "auto_df": False, "count_effects": False}
    direct = model.fit(cov_type="clustered", clusters=keys, **options)
    found = two_way(sample, "province_year").covariance
    assert found == pytest.approx(direct.cov.to_numpy(), rel=1e-8)


def kilometres(one: np.ndarray, other: np.ndarray) -> float:
    """Return the distance of two places along a great circle, by the law of cosines."""
    (a, b), (c, d) = np.radians(one), np.radians(other)
    cosine = np.sin(b) * np.sin(d) + np.cos(b) * np.cos(d) * np.cos(a - c)
    return 6371.01 * float(np.arccos(np.clip(cosine, -1, 1)))


@pytest.mark.parametrize("years", [2, 5])
def test_errors_over_space_are_those_of_two_loops(years: int) -> None:
    pytest.importorskip("diff_diff")
    design = planted_design(0, Law(direct=0.5, shared=0.4), cities=24, years=years).design
    sample = sample_of(design, "y", ["x", "k"])
    at = design.coordinates
    assert at is not None
    x, e = within_dummies(sample)
    scores, middle = x * e[:, None], np.zeros((2, 2))
    for i in range(len(sample)):
        for j in range(len(sample)):
            weight = 0.0
            if sample.city[i] == sample.city[j]:
                weight = 1.0
            elif sample.year[i] == sample.year[j]:
                weight = max(0.0, 1 - kilometres(at[sample.city[i]], at[sample.city[j]]) / 800)
            middle += weight * np.outer(scores[i], scores[j])
    bread = np.linalg.inv(x.T @ x)
    expected = np.sqrt((bread @ middle @ bread)[0, 0])
    assert conley(sample, at, LIKE, reach=800).se == pytest.approx(expected, rel=1e-4)


def wild_share(sample: Sample, null: float) -> float:
    """Return the share of all sign vectors whose statistic is larger, with the null imposed."""
    x, y = within_dummies(sample)[0], within_dummies(replace(sample, x=sample.x[:, :0]))[1]
    bread = np.linalg.inv(x.T @ x)
    groups = np.unique(sample.province)
    member = (sample.province[:, None] == groups).astype(float)

    def statistic(own: np.ndarray) -> float:
        b = bread @ (x.T @ own)
        sums = member.T @ (x * (own - x @ b)[:, None])
        return float(abs(b[0] - null) / np.sqrt((bread @ sums.T @ sums @ bread)[0, 0]))

    rest, target = x[:, 1:], y - null * x[:, 0]
    kept = rest @ np.linalg.lstsq(rest, target, rcond=None)[0]
    left = target - kept
    observed, larger = statistic(y), 0
    for signs in product([-1.0, 1.0], repeat=len(groups)):
        drawn = null * x[:, 0] + kept + left * (member @ np.asarray(signs))
        larger += statistic(drawn) > observed * (1 + 1e-9)
    return larger / 2 ** len(groups)


@pytest.mark.parametrize(("seed", "direct"), [(0, 0.0), (1, 0.1), (2, 0.3)])
def test_the_wild_bootstrap_of_few_provinces_is_that_of_all_signs(seed: int, direct: float) -> None:
    pytest.importorskip("diff_diff")
    design = planted_design(seed, Law(direct=direct), cities=35, years=6, provinces=7).design
    sample = sample_of(design, "y", ["x", "k"])
    found = wild_provinces(sample, LIKE, draws=199, seed=0)
    assert found.p == pytest.approx(max(wild_share(sample, 0.0), 1 / 129))
    beyond = 1e-3 * (found.high - found.low)
    for end, out in ((found.low, -beyond), (found.high, beyond)):
        assert wild_share(sample, end + out) < 0.05 <= wild_share(sample, end - out)
