"""The summary says what the frames say, in numbers and in words."""

from __future__ import annotations

import json
import re
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from city_resilience.errors import InputError
from city_resilience.evaluation.scores import compare_models
from city_resilience.explain.slices import drivers_by_group
from city_resilience.report.cities import driver_groups
from city_resilience.report.headline import headline_sentence
from city_resilience.report.report_page import render_report
from city_resilience.report.summary import summarise
from city_resilience.report.texts import Texts
from report_inputs import Inputs, make_inputs

SMALL = {"cities": 12, "origins": range(2010, 2020), "horizons": (1, 2)}


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    return make_inputs(**SMALL)


@pytest.fixture(scope="module")
def summary(inputs: Inputs) -> dict:
    return summarise(**inputs.all())


def sentence_of(summary: dict) -> dict[str, str]:
    """The headline of the shortest horizon in words."""
    found = summary["by_horizon"]["1"]["headline"]
    return headline_sentence(found, 1, summary["interval_level"], Texts(summary["measure"]))


def test_summary_is_plain_json(summary: dict) -> None:
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary


def test_best_naive_has_the_smallest_mean_error(inputs: Inputs, summary: dict) -> None:
    scores = inputs.scores[(inputs.scores["slice"] == "all") & (inputs.scores["horizon"] == 2)]
    errors = scores.set_index("model")["mae"]
    rows = summary["by_horizon"]["2"]["skill"]
    [best] = [row for row in rows if row["best_naive"]]
    assert best["model"] == errors[["zero", "last", "mean5", "damped"]].idxmin()
    assert [row["mae"] for row in rows] == sorted(row["mae"] for row in rows)
    assert [row["model"] for row in rows if row["served"]] == ["blend"]


def test_years_won_agree_with_a_slow_count(inputs: Inputs, summary: dict) -> None:
    part = summary["by_horizon"]["1"]
    wins = 0
    for _, rows in inputs.backtest.query("horizon == 1").groupby("origin"):
        miss = {
            model: float(np.mean([abs(r.forecast - r.truth) for r in own.itertuples()]))
            for model, own in rows.groupby("model")
        }
        wins += miss["blend"] < miss[part["headline"]["naive"]]
    assert (part["years"]["wins"], part["years"]["of"]) == (wins, len(SMALL["origins"]))


def test_parts_of_a_city_add_up_to_its_forecast(summary: dict) -> None:
    for horizon, part in summary["by_horizon"].items():
        for entry in summary["cities"]:
            made = part["parts"][entry["city"]]
            forecast = entry["h"][horizon]["forecast"]
            named = sum(size for _, _, size in made["top"]) + made["rest"]
            assert made["base"] + made["missing"] + named == pytest.approx(forecast, abs=1e-4)
            assert sum(made["families"].values()) == pytest.approx(named, abs=1e-5)


def test_family_bars_agree_with_a_slow_loop(inputs: Inputs, summary: dict) -> None:
    rows = inputs.drivers.query("horizon == 1 and family == 'history'")
    sizes = [abs(own["contribution"].sum()) for _, own in rows.groupby("city")]
    bars = dict(summary["by_horizon"]["1"]["families"]["families"])
    assert bars["history"] == pytest.approx(np.mean(sizes), abs=1e-4)


def test_a_group_of_too_few_cities_has_a_count_and_no_figure(inputs: Inputs) -> None:
    scores = inputs.scores.copy()
    few = (scores["slice"] == "group:region") & (scores["level"] == "West")
    kept = ["model", "horizon", "slice", "level", "n", "years"]
    scores.loc[few, [name for name in scores if name not in kept]] = np.nan
    rows = summarise(**replace(inputs, scores=scores).all())["by_horizon"]["1"]["groups"]
    east, west = (next(row for row in rows if row["level"] == name) for name in ("East", "West"))
    assert west["withheld"] is True
    assert east["withheld"] is False
    assert west["n"] == scores[few & (scores["model"] == "blend")]["n"].iloc[0]
    assert (west["mae"], west["mae_naive"], west["mae_history"]) == (None, None, None)
    assert east["mae"] > 0


def test_driver_groups_show_the_families_asked_for_and_withhold_few(inputs: Inputs) -> None:
    cities = sorted(inputs.forecast["city"].unique())
    region = {city: "West" if k < 3 else "East" for k, city in enumerate(cities)}
    table = drivers_by_group(inputs.drivers, {"region": region}, 5)
    east, west = driver_groups(table, 2, ["history", "digital", "talent"])
    assert [name for name, *_ in east["families"]] == ["history", "digital", "talent"]
    assert (east["n"], east["withheld"], west["n"], west["withheld"]) == (9, False, 3, True)
    assert all(size is None and mean is None for _, size, mean in west["families"])
    own = table.query("level == 'East' and horizon == 2").set_index("family")
    assert east["families"][0][1] == pytest.approx(own.loc["history", "mean_abs"], abs=1e-4)


def test_unobserved_family_is_listed_and_never_a_driver() -> None:
    summary = summarise(**make_inputs(cities=8, horizons=(1,)).all())
    part = summary["by_horizon"]["1"]
    assert {"family": "agglomeration", "status": {"code": "ended", "year": 2016}} in summary[
        "coverage"
    ]["absent"]
    assert "agglomeration" not in dict(part["families"]["families"])
    named = {
        summary["indicators"][index]["family"]
        for made in part["parts"].values()
        for index, _, _ in made["top"]
    }
    assert named
    assert "agglomeration" not in named
    assert all(made["missing_count"] == 1 for made in part["parts"].values())


def test_indicator_without_a_value_in_one_city_is_not_named_there(inputs: Inputs) -> None:
    drivers = inputs.drivers.copy()
    city = drivers["city"].iloc[0]
    blank = (drivers["city"] == city) & (drivers["indicator"] == "gap_last")
    drivers.loc[blank, "value"] = np.nan
    drivers.loc[blank, "contribution"] = 9.0
    summary = summarise(**replace(inputs, drivers=drivers).all())
    made = summary["by_horizon"]["1"]["parts"][city]
    assert "gap_last" not in [summary["indicators"][i]["id"] for i, _, _ in made["top"]]
    assert made["missing"] >= 8


@pytest.mark.parametrize(
    ("difference", "english", "chinese"),
    [
        (
            (-0.06, -0.1, -0.02),
            "reduce the error by another 0.060 pp (95 % interval 0.020 to 0.100 pp)",
            "再降低 0.060",
        ),
        (
            (-0.04, -0.09, 0.01),
            "no effect of the indicators was found (change of the error −0.040",
            "未发现各项指标有可识别的影响",
        ),
        ((0.05, 0.01, 0.09), "increase the error by 0.050 pp", "使误差增大 0.050"),
        ((-0.01, -0.019, -0.002), "(95 % interval 0.002 to 0.019 pp)", "区间 0.002 至 0.019"),
        ((-0.04, np.nan, np.nan), "there are too few years to say", "年份太少"),
        ((np.nan, np.nan, np.nan), "is not known", "未知"),
    ],
)  # fmt: skip
def test_headline_says_what_indicators_add(
    inputs: Inputs, difference: tuple[float, float, float], english: str, chinese: str
) -> None:
    scores = inputs.scores.copy()
    columns = ["difference_history", "difference_low", "difference_high"]
    scores.loc[(scores["model"] == "blend") & (scores["slice"] == "all"), columns] = difference
    summary = summarise(**replace(inputs, scores=scores).all())
    sentence = sentence_of(summary)
    assert english in sentence["en"]
    assert chinese in sentence["zh"]


def test_headline_admits_a_model_worse_than_naive(inputs: Inputs) -> None:
    summary = summarise(**replace(inputs, info={**inputs.info, "served": "zero"}).all())
    assert summary["served"] == "zero"
    scores = inputs.scores.copy()
    scores.loc[scores["model"] == "blend", "mae"] *= 2
    sentence = sentence_of(summarise(**replace(inputs, scores=scores).all()))
    assert re.search(r"\d+ % more than the best naive rule", sentence["en"])
    assert "in only 0 of 10 years" in sentence["en"]


def test_few_years_are_called_weak_evidence() -> None:
    few = summarise(**make_inputs(cities=6, origins=range(2015, 2019), horizons=(1,)).all())
    assert few["by_horizon"]["1"]["headline"]["few"]
    assert "Only 4 origin years" in render_report(few)
    many = summarise(**make_inputs(cities=6, horizons=(1,)).all())
    assert not many["by_horizon"]["1"]["headline"]["few"]
    assert "origin years were scored at this horizon" not in render_report(many)


def test_served_model_without_scores_is_named(inputs: Inputs) -> None:
    info = {**inputs.info, "served": "blnd"}
    with pytest.raises(InputError, match=r"served model 'blnd' has no row .* nearest: 'blend'"):
        summarise(**replace(inputs, info=info).all())


def test_shuffled_rows_change_nothing(inputs: Inputs, summary: dict) -> None:
    names = ("backtest", "scores", "forecast", "drivers", "coverage")
    mixed = {name: getattr(inputs, name).sample(frac=1, random_state=3) for name in names}
    assert summarise(**replace(inputs, **mixed).all()) == summary


def test_scores_read_back_from_csv_change_nothing(inputs: Inputs, summary: dict, tmp_path) -> None:
    inputs.scores.to_csv(tmp_path / "scores.csv", index=False)
    scores = pd.read_csv(tmp_path / "scores.csv")
    assert summarise(**replace(inputs, scores=scores).all()) == summary


def test_missing_provinces_groups_horizons_and_forecast_are_borne(inputs: Inputs) -> None:
    bare = make_inputs(**SMALL, provinces=False, groups=False)
    city = bare.forecast["city"].iloc[0]
    kept = bare.forecast[(bare.forecast["city"] != city) | (bare.forecast["horizon"] == 1)]
    summary = summarise(**replace(bare, forecast=kept).all())
    [entry] = [entry for entry in summary["cities"] if entry["city"] == city]
    assert list(entry["h"]) == ["1"]
    assert entry["province"] == ""
    assert summary["by_horizon"]["1"]["groups"] == []
    assert not summary["has_intervals"]
    none = replace(bare, forecast=bare.forecast.iloc[:0], drivers=bare.drivers.iloc[:0])
    empty = summarise(**none.all())
    assert empty["cities"] == []
    assert empty["by_horizon"]["1"]["families"]["families"] == []


def test_targets_of_the_heading_are_those_of_the_common_origin(summary: dict) -> None:
    assert summary["targets"] == [2021, 2022]


def test_a_backtest_alone_has_a_summary(inputs: Inputs, summary: dict) -> None:
    info = {**inputs.info, "served": "blend"}
    names = ("backtest.parquet", "scores.csv", "coverage.csv")
    kept = {name: inputs.all()["tables"][name] for name in names}
    alone = summarise(inputs.experiment, kept, info)
    assert alone["cities"] == []
    assert alone["coverage"] == summary["coverage"]
    for horizon, part in summary["by_horizon"].items():
        for name in ("skill", "years", "headline", "groups", "outcomes"):
            assert alone["by_horizon"][horizon][name] == part[name]


def test_wins_and_sign_tests_come_from_the_comparisons(inputs: Inputs) -> None:
    table = compare_models(inputs.backtest, "blend")
    rows = summarise(**inputs.all(comparisons=table))["by_horizon"]["2"]["skill"]
    own = table[table["horizon"] == 2].set_index("versus")
    for row in rows:
        if row["served"]:
            assert (row["wins"], row["sign_test_p"]) == (None, None)
        else:
            assert row["wins"] == own.loc[row["model"], "wins"]
            assert row["sign_test_p"] == pytest.approx(
                own.loc[row["model"], "sign_test_p"], abs=1e-4
            )
