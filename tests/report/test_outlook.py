"""The outlook says what the frames say: tiers, lists, provinces, trust and each city's record."""

from __future__ import annotations

import json

import numpy as np
import pandas as pd
import pytest

from city_resilience.report.city_lists import (
    changed_list,
    city_lists,
    concentrated,
    moved_list,
    reasons_of,
)
from city_resilience.report.city_records import city_records
from city_resilience.report.grading import Grades
from city_resilience.report.group_rows import group_rows
from city_resilience.report.nowcast import moved_horizons
from city_resilience.report.outlook import nowcast_outlook, with_changed
from city_resilience.report.summary import summarise, with_study
from city_resilience.report.tiers import TIERS, overlap, tier_of, tier_rows
from city_resilience.report.trust import trust
from report_inputs import Inputs, make_inputs

SMALL = {"cities": 30, "origins": range(2010, 2020), "horizons": (1, 2)}


@pytest.fixture(scope="module")
def inputs() -> Inputs:
    return make_inputs(**SMALL, intervals=True)


def with_chances(inputs: Inputs) -> dict:
    """What `summarise` takes, with chances, 80 % intervals and what was stated before."""
    rng = np.random.default_rng(4)
    spread = inputs.forecast["forecast"]
    inputs.forecast["p_below_0"] = 1 / (1 + np.exp(spread))
    inputs.forecast["p_below_minus_2"] = 1 / (1 + np.exp(spread + 2))
    inputs.forecast["p_worst_tenth"] = 1 / (1 + np.exp(spread + 3))
    own = inputs.backtest[inputs.backtest["model"] == "blend"]
    stated = own.assign(p_below_0=rng.uniform(0, 1, len(own)))
    taken = inputs.all()
    taken["tables"]["stated"] = stated
    return taken


def live(*chances: float) -> list[dict]:
    """Forecasts of made-up cities, as `live_rows` returns them."""
    return [
        {
            "city": f"City {at}",
            "forecast": round(1 - 2 * chance, 3),
            "p_below_0": chance,
            "p_worst_tenth": chance / 3,
            "tier": tier_of(chance),
            "clear": "",
        }
        for at, chance in enumerate(chances)
    ]


def test_every_chance_falls_into_the_tier_whose_limits_hold_it() -> None:
    for chance in np.linspace(0, 1, 101):
        [name] = [
            name for name, low, high in TIERS if low <= chance < high or (high == 1 and chance == 1)
        ]
        assert tier_of(float(chance)) == name


def test_tiers_say_how_often_theirs_fell_below_zero_before(inputs: Inputs) -> None:
    taken = with_chances(inputs)
    stated = taken["tables"]["stated"].query("horizon == 1")
    rows = summarise(**taken)["by_horizon"]["1"]["outlook"]["tiers"]
    for row in rows:
        at = [
            below.truth < 0
            for below in stated.itertuples()
            if row["low"] <= below.p_below_0 < row["high"]
        ]
        assert row["n"] == len(at) > 20
        assert row["below"] == pytest.approx(sum(at) / len(at), abs=1e-4)
    assert sum(row["cities"] for row in rows) == 29


def test_a_tier_of_few_city_years_has_a_count_and_no_share() -> None:
    stated = pd.DataFrame({"horizon": 1, "p_below_0": [0.9] * 19 + [0.1] * 20, "truth": -1.0})
    rows = {row["tier"]: row for row in tier_rows(live(0.9), stated, 1)}
    assert (rows["likely_behind"]["n"], rows["likely_behind"]["below"]) == (19, None)
    assert (rows["likely_ahead"]["n"], rows["likely_ahead"]["below"]) == (20, 1.0)
    assert tier_rows([{"tier": None}], stated, 1) == []


def test_overlap_of_the_ends_agrees_with_a_slow_loop(inputs: Inputs) -> None:
    shares = []
    for _, rows in inputs.backtest.query("model == 'blend' and horizon == 2").groupby("origin"):
        ordered = sorted(rows.itertuples(), key=lambda row: row.forecast)
        pairs = [(a.truth, b.truth) for a in ordered[:3] for b in ordered[-3:]]
        shares.append(sum(a > b for a, b in pairs) / len(pairs))
    assert overlap(inputs.backtest, 2, "blend") == pytest.approx(np.mean(shares), abs=1e-4)


def test_an_order_that_tells_nothing_overlaps_by_half() -> None:
    rows = [("blend", 1, origin, c % 7, 1.0) for origin in (1, 2) for c in range(40)]
    backtest = pd.DataFrame(rows, columns=["model", "horizon", "origin", "forecast", "truth"])
    assert overlap(backtest.assign(city="x"), 1, "blend") == 0.5


def test_record_of_a_city_agrees_with_a_slow_loop(inputs: Inputs) -> None:
    backtest = inputs.backtest.query("model == 'blend' and horizon == 1")
    backtest = backtest.assign(lower=backtest["forecast"] - 1, upper=backtest["forecast"] + 1)
    city = "Alby"
    own = city_records(backtest, 1, "blend")[city]
    rows = [row for row in backtest.itertuples() if row.city == city]
    every = [abs(row.forecast - row.truth) for row in backtest.itertuples()]
    misses = [abs(row.forecast - row.truth) for row in rows]
    assert own["years"] == len(rows) == 10
    assert own["mae"] == pytest.approx(np.mean(misses), abs=1e-4)
    assert own["average"] == pytest.approx(np.mean(every), abs=1e-4)
    assert own["zero"] == pytest.approx(np.mean([abs(row.truth) for row in rows]), abs=1e-4)
    assert own["signs"] == sum(row.forecast * row.truth > 0 for row in rows)
    assert (own["inside"], own["inside_of"]) == (sum(miss <= 1 for miss in misses), 10)
    assert own["target"] == 2020
    assert own["truth"] == pytest.approx(rows[-1].truth, abs=1e-4)


def test_a_forecast_of_exactly_zero_has_no_sign(inputs: Inputs) -> None:
    own = next(iter(city_records(inputs.backtest, 1, "zero").values()))
    assert (own["signs"], own["signs_of"], own["inside_of"]) == (0, 0, 0)
    assert own["mae"] == own["zero"]


def scores_of(recent: float, before: float, wins: int = 3) -> pd.DataFrame:
    """Scores of four recent and six earlier years, errors of the model against 1 of "no gap"."""
    rows = [("all", "", before), ("period", "2010-2015", before), ("period", "2016-2019", recent)]
    rows += [("year", str(year), before) for year in range(2010, 2016)]
    rows += [("year", str(2016 + k), 0.5 if k < wins else 2.0) for k in range(4)]
    frames = [
        pd.DataFrame(rows, columns=["slice", "level", "mae"]).assign(model=model, horizon=1)
        for model in ("blend", "zero")
    ]
    frames[1]["mae"] = 1.0
    return pd.concat(frames).assign(rank_correlation=0.3, sign_hit_rate=0.6)


@pytest.mark.parametrize(
    ("recent", "before", "wins", "code"),
    [
        (0.75, 0.7, 4, "good"),
        (0.75, 0.85, 4, "fair"),
        (0.85, 0.7, 3, "fair"),
        (0.75, 0.7, 2, "low"),
        (0.96, 0.69, 4, "low"),
        (1.1, 0.5, 3, "low"),
    ],
)
def test_trust_follows_its_rule(recent: float, before: float, wins: int, code: str) -> None:
    found = trust(scores_of(recent, before, wins), None, 1, "blend")
    assert (found["code"], found["rule"]) == (code, "zero")
    newest, older = found["periods"]
    assert (newest["first"], newest["last"], newest["recent"]) == (2016, 2019, True)
    assert (newest["skill"], newest["wins"]) == (pytest.approx(1 - recent), wins)
    assert older["skill"] == pytest.approx(1 - before)


def test_trust_is_fair_at_most_where_few_years_were_scored() -> None:
    scores = scores_of(0.5, 0.5, 4)
    scores = scores[(scores["slice"] != "period") | (scores["level"] == "2016-2019")]
    found = trust(scores, None, 1, "blend")
    assert found["code"] == "fair"
    assert found["periods"][0]["recent"] is False


def test_trust_is_unknown_without_a_rule_to_stand_beside() -> None:
    scores = scores_of(0.5, 0.5)
    assert trust(scores[scores["model"] == "blend"], None, 1, "blend")["code"] == "unknown"
    assert trust(scores, None, 1, "zero")["rule"] == ""


PARTS = {
    "City 0": {
        "top": [[0, 1.0, -0.9], [1, 1.0, -0.4], [2, 1.0, 0.7]],
        "families": {"digital": -1.3, "talent": 0.7},
    }
}
INDICATORS = [{"id": id, "en": id.upper(), "zh": id, "unit": "pp"} for id in ("a", "b", "c")]


def graded(**grades: str) -> Grades:
    """Grades of indicators, and of families where the name is one."""
    return Grades(
        {
            ("forecasting", 1, "family" if name == "digital" else "indicator", name): {"grade": own}
            for name, own in grades.items()
        }
    )


@pytest.mark.parametrize(
    ("grades", "sign", "expected"),
    [
        (graded(a="unstable", b="likely"), -1, ("b", -0.4)),
        (graded(a="firm", b="likely"), -1, ("a", -0.9)),
        (graded(a="firm", c="firm"), 1, ("c", 0.7)),
        (graded(digital="firm"), -1, ("digital", -1.3)),
        (graded(digital="firm"), 1, None),
        (graded(a="unstable"), -1, None),
    ],
)
def test_a_reason_is_a_graded_driver_that_pulls_the_same_way(
    grades: Grades, sign: int, expected: tuple[str, float] | None
) -> None:
    reasons = reasons_of(PARTS["City 0"], INDICATORS, grades, 1, sign)
    first = reasons[0] if reasons else None
    assert (first and (first["id"], first["contribution"])) == expected


def test_lists_hold_ten_by_their_chances_and_name_what_is_concentrated() -> None:
    rows = live(*np.linspace(0.05, 0.95, 25).round(3))
    levels = {row["city"]: "South" if at > 20 else "North" for at, row in enumerate(rows)}
    levels["City 15"] = ""
    found = city_lists(rows, levels, PARTS, INDICATORS, Grades({}, "no_study"), 1)
    assert [row["city"] for row in found["risk"]] == [f"City {at}" for at in range(24, 14, -1)]
    assert [row["city"] for row in found["promising"]] == [f"City {at}" for at in range(10)]
    assert found["promising"][0]["chance"] == 0.95
    assert found["by_chance"] == {"risk": 0.1, "promising": 0.5}
    assert found["concentrated"] == [["South", 4]]
    assert found["why_none"] == "no_study"
    assert all(row["reason"] is None for row in found["risk"])


def test_a_list_is_concentrated_where_random_draws_seldom_are() -> None:
    rng = np.random.default_rng(1)
    every = ["A"] * 6 + ["B"] * 30 + [""] * 24
    draws = [rng.choice(every, 10, replace=False).tolist() for _ in range(4000)]
    assert np.mean([concentrated(draw, every) != [] for draw in draws]) < 0.05
    share = np.mean([draw.count("A") >= 4 for draw in draws])
    assert 2 * share < 0.05 < 2 * np.mean([draw.count("A") >= 3 for draw in draws])
    assert concentrated(["A"] * 4 + ["B"] * 4 + [""] * 2, every) == [["A", 4]]
    assert concentrated(["A"] * 3 + ["B"] * 5 + [""] * 2, every) == []
    assert concentrated([], []) == []


def test_changes_are_those_of_their_horizon() -> None:
    rows = [
        {"city": "Alby", "horizon": h, "moved": -0.5 * h, "forecast_before": 1.0} for h in (1, 2)
    ]
    [own] = changed_list({"rows": [*rows, {**rows[1], "city": "Gone"}]}, 2, {"Alby"})
    assert (own["city"], own["change"], own["before"]) == ("Alby", -1.0, 1.0)
    assert changed_list(None, 1, {"Alby"}) == []


def test_a_reason_that_half_of_a_list_have_is_shared_and_the_next_one_stands_beside_it() -> None:
    rows = live(0.9, 0.8, 0.7)
    parts = {row["city"]: PARTS["City 0"] for row in rows[:2]}
    found = city_lists(rows, {}, parts, INDICATORS, graded(a="firm", b="likely", c="firm"), 1)
    assert found["shared"] == {"risk": "a", "promising": "c"}
    by_city = {row["city"]: row for row in found["risk"]}
    own = by_city["City 1"]
    assert (own["reason"]["value"], own["also"]["id"], own["also"]["unit"]) == (1.0, "b", "pp")
    assert by_city["City 2"]["reason"] is None
    alone = city_lists(rows, {}, {"City 0": parts["City 0"]}, INDICATORS, graded(a="firm"), 1)
    assert alone["shared"] == {}


def test_a_change_has_the_driver_whose_part_changed_most_the_same_way() -> None:
    row = {"city": "City 0", "horizon": 1, "moved": -0.5, "forecast_before": 0.1}
    told = {**row, "driver_1_before": "A: -0.25"}
    grades = graded(a="firm")
    here = (1, {"City 0"}, PARTS, INDICATORS)
    [own] = changed_list({"rows": [told]}, *here, grades)
    assert own["reason"]["id"] == "a"
    assert own["reason"]["contribution"] == pytest.approx(-0.65)
    for other in ({**told, "moved": 0.5}, {**told, "driver_1_before": "Z: -0.25"}, row):
        assert changed_list({"rows": [other]}, *here, grades)[0]["reason"] is None
    assert changed_list({"rows": [told]}, *here, graded(a="unstable"))[0]["reason"] is None


def test_moves_of_early_releases_are_listed_by_their_size() -> None:
    rows = [
        {**row, "moved": move}
        for row, move in zip(live(0.9, 0.5, 0.2), (0.1, -0.4, None), strict=True)
    ]
    assert [(row["city"], row["change"]) for row in moved_list(rows)] == [
        ("City 1", -0.4),
        ("City 0", 0.1),
    ]
    assert moved_list(rows)[0]["before"] == pytest.approx(0.4)


def test_a_nowcast_has_an_outlook_of_its_own(inputs: Inputs) -> None:
    taken = with_chances(inputs)
    summary = summarise(**taken)
    assert summary["by_horizon"]["1"]["nowcast_outlook"] is None
    told = {"forecast": -9.0, "lower": -9.5, "upper": -8.5, "lower_80": -9.3, "upper_80": -8.7}
    told |= {"p_below_0": 0.99, "p_worst_tenth": 0.98, "tier": "likely_behind", "clear": "behind"}
    cities = [{**city, "h": dict(city["h"])} for city in summary["cities"]]
    own = next(city for city in cities if city["origin"] == summary["origin"])
    own["h"]["1"] = {**own["h"]["1"], "nowcast": {**told, "rank": 29, "moved": -9.0}}
    forecast = summary["by_horizon"]["1"]["outlook"]
    found = nowcast_outlook(cities, forecast, 1)
    assert found["lists"]["risk"][0]["city"] == own["city"]
    assert found["lists"]["changed"][0]["change"] == -9.0
    assert found["behind"] == forecast["behind"] + 1
    assert sum(row["cities"] for row in found["tiers"]) == found["cities"] == forecast["cities"]
    assert all(row["forecast"] is None for row in found["group"]["rows"])
    assert nowcast_outlook(summary["cities"], forecast, 1) is None


def test_provinces_count_their_cities_and_take_their_interval_from_the_total() -> None:
    rows = live(0.8, 0.55, 0.3, 0.1)
    rows[0]["clear"] = "behind"
    cities = [
        {"city": row["city"], "province": name, "groups": {}, "output": size}
        for row, name, size in zip(rows, ("N", "N", "S", ""), (10.0, 30.0, 40.0, 20.0), strict=True)
    ]
    total = {"group": "province", "level": "N", "forecast": -0.2, "lower": -1.0, "upper": 0.6}
    found = group_rows(rows, cities, {"rows": [total]}, "province")
    north, south = found["rows"]
    assert (north["level"], north["n"], north["below"], north["behind"]) == ("N", 2, 2, 1)
    assert (north["forecast"], north["lower"], north["upper"]) == (-0.2, -1.0, 0.6)
    assert (north["mean"], north["share"], north["expected_below"]) == (-0.35, 0.4, 1.4)
    assert north["cities"] == ["City 0", "City 1"]
    assert north["tiers"] == {"likely_behind": 1, "open": 1}
    assert (south["forecast"], south["mean"], south["share"]) == (None, 0.4, 0.4)
    assert group_rows(rows, cities, None, "") is None


def test_summary_has_an_outlook_that_json_can_hold(inputs: Inputs) -> None:
    summary = summarise(**with_chances(inputs))
    assert json.loads(json.dumps(summary, allow_nan=False)) == summary
    for horizon, part in summary["by_horizon"].items():
        own = part["outlook"]
        stale = [city for city in summary["cities"] if city["origin"] != summary["origin"]]
        assert own["cities"] == len(summary["cities"]) - len(stale) == 29
        assert own["group"]["group"] == "province"
        assert sum(row["n"] for row in own["group"]["rows"]) == 29
        assert own["lists"]["why_none"] == "no_study"
        listed = {row["city"] for name in ("risk", "promising") for row in own["lists"][name]}
        assert not listed & {city["city"] for city in stale}
        clear = [city["h"][horizon]["clear"] for city in summary["cities"] if city not in stale]
        assert (own["behind"], own["ahead"]) == (clear.count("behind"), clear.count("ahead"))


def test_without_chances_the_lists_go_by_the_forecast() -> None:
    own = summarise(**make_inputs(**SMALL).all())["by_horizon"]["1"]["outlook"]
    assert own["tiers"] == []
    assert own["lists"]["risk"][0]["chance"] is None
    worst = own["group"]["rows"][0]["cities"][0]
    assert worst in [row["city"] for row in own["lists"]["risk"]]


def test_a_study_of_the_same_recipe_gives_reasons(inputs: Inputs) -> None:
    summary = summarise(**with_chances(inputs))
    names = [entry["id"] for entry in summary["indicators"]]
    rows = [
        {"view": "forecasting", "horizon": 1, "level": "indicator", "name": name, "grade": "firm"}
        for name in names
    ]
    study = {
        "experiment": "demo",
        "measure": summary["measure"]["id"],
        "origins": [2010, 2019],
        "digest": summary["run"]["digest"],
        "cities": 30,
        "version": "1",
        "served": "blend",
        "naive": {},
        "fingerprint": "0f3a9c1be8d24766",
        "parts": {"stability": {"created": "2026-01-01", "about": {"refits": 30}, "rows": rows}},
    }
    told = with_study(summary, study)["by_horizon"]["1"]["outlook"]["lists"]
    assert told["why_none"] == ""
    assert all(row["reason"]["contribution"] < 0 for row in told["risk"] if row["reason"])
    assert any(row["reason"] for row in told["risk"])
    other = with_study(summary, {**study, "digest": "another"})
    assert other["by_horizon"]["1"]["outlook"]["lists"]["why_none"] == "other_recipe"


def test_changes_since_the_last_issue_join_the_lists(inputs: Inputs) -> None:
    summary = summarise(**with_chances(inputs))
    row = {"city": "Alby", "horizon": 1, "moved": 0.4, "forecast_before": -0.1}
    parts = with_changed(summary, {"rows": [row]})
    assert [own["city"] for own in parts["1"]["outlook"]["lists"]["changed"]] == ["Alby"]
    assert parts["2"]["outlook"]["lists"]["changed"] == []
    assert summary["by_horizon"]["1"]["outlook"]["lists"]["changed"] == []


def test_a_nowcast_stands_beside_the_forecast_it_moved(inputs: Inputs) -> None:
    moved = {"forecast": -2.0, "lower": -3.0, "upper": -1.0, "p_below_0": 0.97, "rank": 30}
    table = pd.DataFrame(
        [
            {
                "city": "Alby",
                "horizon": 1,
                **moved,
                "early_release": -1.5,
                "information": "nowcast",
            },
            {
                "city": "Bren",
                "horizon": 1,
                **moved,
                "early_release": None,
                "information": "forecast",
            },
        ]
    )
    found = moved_horizons(table)
    assert list(found) == [("Alby", "1")]
    own = found["Alby", "1"]
    assert (own["tier"], own["clear"], own["moved"]) == ("likely_behind", "behind", -1.5)
    assert own["lower_80"] is None
    assert moved_horizons(None) == {}
