"""Stability: what is planted is firm, noise is not, and a study that broke off goes on."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from city_resilience.errors import InputError
from city_resilience.evaluation import refits as fits
from city_resilience.evaluation.driver_sizes import Contributed, sizes
from city_resilience.evaluation.engine import Engine
from city_resilience.evaluation.grades import FIRM, LIKELY, UNSTABLE, grade
from city_resilience.evaluation.shadows import halves, lenders, shadowed
from city_resilience.evaluation.study.context import Settings
from city_resilience.evaluation.study.kept import Kept
from city_resilience.evaluation.study.stability import stability
from city_resilience.evaluation.study.stability_table import STABILITY_COLUMNS, rank_sets
from city_resilience.evaluation.study.study import run_study
from forecasting_inputs import SMALL, facts_of, poisoned, small_panel
from study_inputs import chosen, context_of, with_noise

PLANTED = "ict_employment_share"
MEMBERS = {
    "members": ["persistence", "ridge", "xgboost"],
    "parameters": {"xgboost": SMALL["xgboost"]},
}
EVALUATION = {"first_origin": 2004, "warmup_origins": 1}


def planted(dataset):
    """One digital indicator that tells half of the next year's gap; all but history is noise."""
    for family in {spec.family for spec in dataset.indicators.specs} - {"history"}:
        dataset = with_noise(dataset, family, seed=3)
    place = dataset.indicators.ids.index(PLANTED)
    values = dataset.indicators.values.copy()
    for column, year in enumerate(dataset.years[:-1]):
        gap = dataset.truth(int(year), 1)
        told = np.nan_to_num(gap) / np.nanstd(gap)
        values[:, column, place] = told + values[:, column, place]
    return replace(dataset, indicators=replace(dataset.indicators, values=values))


@pytest.fixture(scope="module")
def found():
    asked = chosen(evaluation=EVALUATION, model=MEMBERS)
    dataset = planted(facts_of(small_panel(), asked))
    return stability(context_of(small_panel(), asked, dataset, refits=20))


def test_a_planted_signal_is_firm_and_points_up(found):
    table = found.table
    for view in ("forecasting", "structural"):
        own = table[table["view"] == view].set_index(["level", "name"])
        assert own.loc[("family", "digital"), "grade"] == FIRM
        driver = own.loc[("indicator", PLANTED)]
        assert (driver["grade"], driver["sign"]) == (FIRM, 1)
    structural = own.loc["indicator"]
    assert structural["rank"].idxmin() == PLANTED
    assert structural.loc[PLANTED, "rank_high"] <= 2


def test_noise_is_not_firm(found):
    own = found.table[~found.table["family"].isin(["digital", "history"])]
    assert len(own) > 20
    assert (own["grade"] == FIRM).mean() <= 0.05
    assert (own["grade"] == UNSTABLE).mean() > 0.8


def test_the_table_is_complete_and_in_order(found):
    table = found.table
    assert tuple(table.columns) == STABILITY_COLUMNS
    assert found.about["clusters"] == "province"
    assert found.about["origins"]["structural"] == [2009, 2010, 2011, 2012, 2013]
    for (_, level), own in table.groupby(["view", "level"]):
        assert own["rank"].tolist() == list(range(1, len(own) + 1))
        assert own["size"].is_monotonic_decreasing
        assert own["share"].sum() == pytest.approx(1.0)
        assert (own["rank_low"] <= own["rank_high"]).all()
        assert own["loss"].notna().all() == (level == "family")
    families = table[table["level"] == "family"].set_index(["view", "name"])["grade"]
    order = (FIRM, LIKELY, UNSTABLE)
    for row in table[table["level"] == "indicator"].itertuples():
        assert order.index(row.grade) >= order.index(families[row.view, row.family])
    years = {row["origin"] for row in found.about["drift"]}
    assert years == set(range(2004, 2014))


def test_drivers_whose_ranks_overlap_cannot_be_ordered(found):
    for _, own in found.table.groupby(["view", "level"]):
        for row in own.itertuples():
            others = own[own["name"] != row.name]
            meets = (others["rank_low"] <= row.rank_high) & (others["rank_high"] >= row.rank_low)
            assert row.ordered == (not meets.any())
    low, high = rank_sets(np.array([[3.0, 2.0, 1.0], [3.0, 1.0, 2.0]]))
    assert (low.tolist(), high.tolist()) == ([1, 2, 2], [1, 3, 3])


def test_later_years_change_nothing_that_is_explained():
    asked = chosen(evaluation={"first_origin": 2007, "last_origin": 2012, "warmup_origins": 1})
    rows = []
    for panel in (small_panel(), poisoned(small_panel(), 2011)):
        context = context_of(panel, asked, refits=5)
        stability(context)
        every = pd.DataFrame(
            [row for own in context.kept._rows.values() for row in own]
        ).sort_values(["view", "kind", "origin", "number", "level", "name"], ignore_index=True)
        rows.append(every[every["origin"] < 2011].reset_index(drop=True))
        known = every[(every["kind"] == "refit") & (every["origin"] == 2011)]
        assert len(known)
    assert set(rows[0]["kind"]) == {"plain", "refit", "shadow"}
    pd.testing.assert_frame_equal(*rows, check_exact=True)


@pytest.fixture
def counted(monkeypatch):
    """How many members were fitted; stops with an error where ``stop`` is set."""
    count: Counter[str] = Counter()
    fit = fits.fit_member

    def once(*args):
        count["fits"] += 1
        if count["stop"] and count["fits"] >= count["stop"]:
            raise InterruptedError
        return fit(*args)

    monkeypatch.setattr(fits, "fit_member", once)
    return count


def test_a_study_that_broke_off_goes_on(counted, tmp_path):
    asked = chosen()
    dataset, settings = facts_of(small_panel(), asked), Settings(draws=20, refits=6)

    def run(name, **changes):
        file = tmp_path / name
        made = run_study(dataset, asked, "fp", parts=["stability"], refits=file, **changes)
        return made["parts"]["stability"]

    whole = run("whole.parquet", settings=settings)
    fitted = counted["fits"]
    counted.update(fits=-counted["fits"], stop=fitted // 2)
    with pytest.raises(InterruptedError):
        run("broken.parquet", settings=settings)
    counted.update(fits=-counted["fits"], stop=-counted["stop"])
    again = run("broken.parquet", settings=settings)
    assert 0 < counted["fits"] < fitted
    for name in ("rows", "about"):
        assert again[name] == whole[name]
    counted.update(fits=-counted["fits"])
    assert run("whole.parquet", settings=settings)["rows"] == whole["rows"]
    assert counted["fits"] == 0
    more = run("whole.parquet", settings=Settings(draws=20, refits=8))
    assert 0 < counted["fits"] < fitted
    assert more["about"]["refits"] == 8
    counted.update(fits=-counted["fits"])
    run("whole.parquet", settings=Settings(draws=20, refits=6, seed=1))
    assert counted["fits"] == fitted


def test_a_file_of_another_kind_is_not_written_over(tmp_path):
    file = tmp_path / "refits.parquet"
    pd.DataFrame({"mine": [1]}).to_parquet(file)
    with pytest.raises(InputError, match="no table of refits, the column"):
        Kept(file, "key")
    file.write_text("no table", "utf-8")
    with pytest.raises(InputError, match="remove the file"):
        Kept(file, "key")


def test_a_naive_rule_has_no_refits_but_the_structural_view_has():
    asked = chosen(model={"members": ["persistence", "ridge"], "serve": "damped"})
    table = stability(context_of(small_panel(), asked, refits=5)).table
    assert set(table["view"]) == {"structural"}


def test_every_horizon_adds_to_the_one_before():
    asked = chosen(outcome={"horizons": [1, 2]}, model={"members": ["persistence", "ridge"]})
    context = context_of(small_panel(), asked, refits=5, every_horizon=True)
    found = stability(context)
    assert set(found.table["horizon"]) == {1, 2}
    assert found.about["origins"]["forecasting"] == [2008, 2009, 2010, 2011, 2013]
    own = found.table[found.table["level"] == "family"]
    assert own[own["horizon"] == 2]["loss"].notna().all()
    assert own[own["horizon"] == 2]["p_value"].isna().all()


@pytest.fixture(scope="module")
def task():
    asked = chosen()
    return Engine(facts_of(small_panel(), asked), asked).task(2011, 1)


def test_a_shadow_is_the_series_of_another_city(task):
    clusters = np.arange(len(task.asked)) // 4
    lender = lenders(clusters, np.random.default_rng(0))
    assert sorted(lender) == list(range(len(lender)))
    columns = np.array([3, 4])
    moved = shadowed(task, columns, lender)
    others = np.setdiff1d(np.arange(len(task.spec.columns)), columns)
    np.testing.assert_array_equal(moved.learnt.features[:, others], task.learnt.features[:, others])
    np.testing.assert_array_equal(moved.asked[:, columns], task.asked[lender][:, columns])
    place = {key: k for k, key in enumerate(zip(task.learnt.cities, task.learnt.ages, strict=True))}
    for row in range(0, len(task.learnt.labels), 17):
        other = place[lender[task.learnt.cities[row]], task.learnt.ages[row]]
        expected = task.learnt.features[other][columns]
        np.testing.assert_array_equal(moved.learnt.features[row][columns], expected)
    np.testing.assert_array_equal(moved.learnt.labels, task.learnt.labels)


def test_neighbours_lend_to_neighbours():
    clusters = np.arange(120) // 12
    rng, together = np.random.default_rng(1), []
    for _ in range(20):
        lender = lenders(clusters, rng)
        pairs = [(k, k + 1) for k in range(119) if clusters[k] == clusters[k + 1]]
        together.append(np.mean([clusters[lender[a]] == clusters[lender[b]] for a, b in pairs]))
    assert np.mean(together) > 0.5


def test_a_city_without_a_row_lends_that_of_its_own_lender(task):
    kept = ~((task.learnt.cities == 2) & (task.learnt.ages > 3))
    short = replace(task, learnt=task.learnt.rows(kept))
    lender = np.roll(np.arange(len(task.asked)), -1)
    moved = shadowed(short, np.array([0]), lender)
    row = np.flatnonzero((short.learnt.cities == 1) & (short.learnt.ages == 5))[0]
    other = np.flatnonzero((short.learnt.cities == 3) & (short.learnt.ages == 5))[0]
    assert moved.learnt.features[row, 0] == short.learnt.features[other, 0]


def test_every_family_is_a_shadow_in_one_half():
    first, second = halves({"a", "b", "c"}, [1])
    assert sorted(first + second) == ["a", "b", "c"]
    assert halves({"a"}, [1]) == (("a",),)


def test_a_city_without_the_value_counts_as_nothing():
    known = np.array([1.0, 2.0, 3.0, np.nan])
    own = Contributed(
        {"a": known, "b": known[::-1]},
        {"a": np.array([-1.0, 0.0, 1.0, 0.0]), "b": np.array([0.0, -1.0, 0.0, 1.0])},
    )
    found = {own.name: own for own in sizes(own, {"a": "f", "b": "f"}, own)}
    assert (found["a"].size, found["a"].sign) == (0.5, 1)
    assert (found["b"].size, found["b"].sign) == (0.5, -1)
    assert (found["f"].size, found["f"].sign) == (1.0, 1)


def passing(t: float, p: np.ndarray | None = None) -> dict[str, float]:
    """The share of indicators, or of families with p-values, that get each grade, by theory."""
    rng, many = np.random.default_rng(0), 3000
    truth = np.full((many, 1), t) if t else rng.normal(size=(many, 1))
    refits = truth + rng.normal(size=(many, 50))
    shadows = rng.normal(size=(many, 5)) + rng.normal(size=(many, 5))
    beats = (np.abs(refits)[:, :, None] > np.abs(shadows)[:, None]).mean(axis=(1, 2))
    up = (refits > 0).mean(axis=1)
    if p is None:
        found = [grade(*own) for own in zip(beats, np.maximum(up, 1 - up), strict=True)]
    else:
        found = [grade(*own) for own in zip(beats, up, rng.choice(p, many), strict=True)]
    return {name: found.count(name) / many for name in (FIRM, LIKELY)}


def test_the_rule_passes_as_much_noise_as_it_says():
    noise = passing(0.0)
    assert noise[FIRM] == pytest.approx(0.007, abs=0.004)
    assert noise[FIRM] + noise[LIKELY] == pytest.approx(0.06, abs=0.015)
    assert passing(4.0)[FIRM] == pytest.approx(0.87, abs=0.03)
    families = passing(0.0, np.linspace(0, 1, 1001))
    assert families[FIRM] <= 0.006
    assert families[FIRM] + families[LIKELY] <= 0.04
