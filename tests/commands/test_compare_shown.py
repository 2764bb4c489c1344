"""What ``compare`` says of a normal year, another recipe, revised data and older data."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest

from city_resilience.commands import compare
from city_resilience.evaluation.added import ADDED_COLUMNS
from city_resilience.evaluation.paired import Paired
from city_resilience.explain.beside import DriversBeside
from city_resilience.reading.marks import Revisions
from city_resilience.tracking.comparison import Comparison
from city_resilience.tracking.registry import ModelVersion
from city_resilience.tracking.verdict import Reason, Verdict


def version(number: int, **tags: str) -> ModelVersion:
    return ModelVersion("mine", number, (), tags, "2026-11-30 12:00:00", "run", "source")


def revisions(cells: list[tuple[str, str, int, str]], **new: Any) -> Revisions:
    nothing: dict[str, Any] = {"variables": [], "cities": [], "years": []}
    table = pd.DataFrame(cells, columns=["variable", "city", "year", "change"])
    return Revisions(table, 4000, nothing | new, dict(nothing))


def moves(*sizes: float, **more: Any) -> pd.DataFrame:
    found = pd.DataFrame({"city": [f"c{k}" for k in range(len(sizes))], "move": sizes})
    read = {"indicator": "gap_lag1", "value_before": 1.0, "value": 2.0, "change": 0.5}
    return found.assign(horizon=1, origin=2021, before=0.0, after=found["move"], **read, **more)


FIGURES = {"challenger": 1.6, "champion": 1.5, "horizon": 1, "won": 3, "years": 7}
NEWER = {"origin": 2021, "before": 2020}


def comparison(kind: Any, code: str, figures: dict[str, Any], **parts: Any) -> Comparison:
    return Comparison(
        kind=kind,
        verdict=Verdict((Reason(code, figures),), "mine/1"),
        challenger=version(2, mae_h1="1.500000"),
        champion=version(1, mae_h1="1.600000"),
        origins=(2020, 2021),
        horizons=(1,),
        recipe=parts.pop("recipe", pd.DataFrame(columns=["key", "champion", "challenger"])),
        revisions=parts.pop("revisions", revisions([])),
        labels={"gap_lag1": {"en": "Last gap", "zh": "上年增长差距"}},
        **parts,
    )


def spoken(found: Comparison, language: str = "en") -> list[str]:
    return [text[language] for text in compare.sentences(found)]


def test_the_normal_year_shows_what_is_new_and_no_row_of_zeros(capsys):
    row = (1, 2020, 30, 1.7, 1.5, "zero", 1.9, 0.4, 0.9, 1.72)
    added = pd.DataFrame([row], columns=list(ADDED_COLUMNS))
    found = comparison(
        *("newer", "newer_data", NEWER),
        added=added,
        moved=moves(-2.0, 1.0),
        revisions=revisions([], years=[2021], variables=["gdp_real"]),
        families=pd.DataFrame([("history", 0.5, 0.7, 0.2)], columns=list(SIZES)),
    )
    said = spoken(found)
    assert said[0].startswith(
        "mine/2 beside mine/1: the normal year, the same recipe on newer data,"
    )
    assert said[1] == (
        "Origin 2020, h = 1: the error is 1.700 pp, of the earlier origins 1.500 pp on average, of "
        "the best naive rule (no gap) 1.900 pp. 90.0 % of its outcomes lie inside the 90 % "
        "intervals. What mine/1 forecast then missed by 1.720 pp."
    )
    assert said[2] == "Data: years 2021, columns gdp_real added, nothing gone."
    assert said[3] == "Revised: none of the 4,000 values that both panels have."
    assert said[4] == "Forecasts moved by 1.500 pp on average, 2.000 pp at the most."
    assert "起点 2020 年，预测期 1 年：误差 1.700 个百分点" in spoken(found, "zh")[1]
    compare.show(found)
    out = capsys.readouterr().out
    assert "Last gap" in out
    assert "Own history" in out
    assert "MAE" not in out
    assert "+0.000" not in out
    assert "Verdict: undecided; the recipe is that of the champion, on data to 2021" in out


SIZES = ("family", "before", "after", "change")


def test_a_score_that_is_not_known_is_not_told():
    row = (1, 2020, 30, 1.7, 1.5, "zero", 1.9, 0.4, float("nan"), float("nan"))
    added = pd.DataFrame([row], columns=list(ADDED_COLUMNS))
    told = spoken(comparison("newer", "newer_data", NEWER, added=added))[1]
    assert told.endswith("(no gap) 1.900 pp.")


def test_another_recipe_shows_keys_years_coverage_and_drivers(capsys):
    years = range(2010, 2017)
    pairs = pd.DataFrame({"horizon": 1, "origin": list(years), "rows": 10})
    pairs["challenger"], pairs["champion"] = [1.0] * 3 + [2.0] * 4, 1.5
    pairs["inside"], pairs["inside_champion"] = 0.8, 0.9
    recipe = [("model.members", '["ridge"]', '["xgboost"]')]
    found = comparison(
        *("recipe", "not_lower", FIGURES),
        recipe=pd.DataFrame(recipe, columns=["key", "champion", "challenger"]),
    )
    drivers = DriversBeside(0.9, 0.8, 0.5, 7)
    verdict = replace(found.verdict, paired=Paired(pairs, 70, 70), drivers=drivers)
    found = replace(found, verdict=verdict)
    compare.show(found)
    out = capsys.readouterr().out
    lines = out.splitlines()
    [before], [recent] = (
        [line for line in lines if level in line] for level in ("2010-2012", "2013-2016")
    )
    assert "1.000" in before
    assert "-0.500" in before
    assert "2.000" in recent
    assert "+0.500" in recent
    assert "80.0%" in recent
    assert "another recipe (keys that differ: 1), on data to 2021 and 2020." in lines[0]
    assert any("model.members" in line and '["xgboost"]' in line for line in lines)
    assert "Inside the 90 % intervals: 80.0 % of the outcomes, champion 90.0 %." in lines
    told = "Drivers: 7 of the ten largest are the same; rank correlation from origin to origin"
    assert f"{told} 0.90 (champion 0.80), between both 0.50." in lines
    assert "Verdict: keep the champion; the challenger's mean yearly MAE at h = 1," in out


def test_revised_data_say_what_was_revised_and_what_moves_because_of_it(capsys):
    cells = [("gdp_real", "c0", 2019, "revised"), ("gdp_real", "c0", 2020, "filled")]
    found = comparison(
        *("revised", "revised_data", {"origin": 2021}),
        revisions=revisions(cells),
        moved=moves(0.5, -0.1),
        revised_moves=moves(0.25, -0.05),
    )
    said = spoken(found)
    assert "the same recipe on revised data, both to 2021" in said[0]
    assert said[1:5] == [
        "Revised: 1 of 4,000 values in 2 city-years; 1 filled, 0 withdrawn.",
        "Mean yearly error at h = 1: 1.500 pp on the revised figures, 1.600 pp before.",
        "Forecasts moved by 0.300 pp on average, 0.500 pp at the most.",
        "By the revised figures alone, the forecasts of mine/1 move by 0.150 pp on average, "
        "0.250 pp at the most (c0).",
    ]
    assert "4,000 个数值中有 1 个改变" in spoken(found, "zh")[1]
    compare.show(found)
    assert "Values revised" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("kind", "code", "words"),
    [
        ("same", "same_data", "the same recipe on the same data to 2021. Nothing is new."),
        ("older", "older_data", "the data run backwards, to 2021 instead of 2020."),
    ],
)
def test_nothing_new_and_older_data_are_said(kind, code, words):
    found = comparison(kind, code, NEWER, revisions=None)
    assert spoken(found) == [
        f"mine/2 beside mine/1: {words}",
        "Revised: not known, a run has no marks of its panel.",
    ]


def test_drivers_that_enter_and_leave_the_ten_largest_are_named():
    names = ["gap_lag1", *(f"i{k}" for k in range(10))]
    sizes = pd.DataFrame({"indicator": names, "before": [0.0, *range(10, 0, -1)]})
    sizes["after"] = [20.0, *range(10, 0, -1)]
    said = spoken(comparison("newer", "newer_data", NEWER, indicators=sizes))
    assert said[-1] == "New among the ten largest drivers: Last gap; no longer: i9."
