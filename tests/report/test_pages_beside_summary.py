"""A city beside its peers, the values of leading indicators, and what came of the last issue."""

from __future__ import annotations

from pathlib import Path
from statistics import median

import pytest

from city_resilience.issued.record import read_issues
from city_resilience.report.beside import beside_peers, peers_values
from city_resilience.report.grading import Grades
from city_resilience.report.issued_before import issued_before, with_issued
from city_resilience.report.summary import Summary, summarise
from issued_inputs import add_made_up, made_up_rows
from page_visits import placed_inputs

GRADED = Grades(
    {
        ("forecasting", 1, "family", "history"): {"grade": "firm"},
        ("forecasting", 1, "family", "digital"): {"grade": "unstable"},
    }
)


@pytest.fixture(scope="module")
def summary() -> Summary:
    return summarise(**placed_inputs(cities=12).all())


def test_a_city_stands_beside_the_forecasts_of_its_peers(summary: Summary) -> None:
    cities = summary["cities"]
    told = {own["city"]: own["h"]["1"]["forecast"] for own in cities}
    found = beside_peers(cities, {}, GRADED, 1)
    assert set(found) == set(told)
    for own in cities:
        theirs = [told[name] for name in own["peers"]]
        assert found[own["city"]]["of"] == len(theirs) == 2
        assert found[own["city"]]["median"] == pytest.approx(median(theirs), abs=1e-4)
        assert found[own["city"]]["below"] == sum(value < told[own["city"]] for value in theirs)
        assert found[own["city"]]["families"] == []


def test_only_graded_families_say_where_it_differs(summary: Summary) -> None:
    parts = summary["by_horizon"]["1"]["parts"]
    own = summary["cities"][0]
    found = beside_peers(summary["cities"], parts, GRADED, 1)[own["city"]]["families"]
    theirs = [parts[name]["families"]["history"] for name in own["peers"]]
    apart = parts[own["city"]]["families"]["history"] - sum(theirs) / len(theirs)
    assert found == [("history", pytest.approx(apart, abs=1e-4))]


def test_leading_values_are_those_of_the_drivers(summary: Summary) -> None:
    inputs, levels = placed_inputs(cities=12), summary["levels"]
    assert levels["indicators"][0] == summary["by_horizon"]["1"]["families"]["indicators"][0][0]
    ids = [summary["indicators"][place]["id"] for place in levels["indicators"]]
    live = inputs.drivers[inputs.drivers["horizon"] == 1].set_index(["city", "indicator"])
    for city, values in levels["rows"].items():
        for name, value in zip(ids, values, strict=True):
            known = live.loc[(city, name), "value"]
            assert value == (None if known != known else pytest.approx(known, rel=1e-3))


def test_medians_of_peers_leave_out_what_is_unknown() -> None:
    values = {"a": [1.0, None], "b": [3.0, None], "c": [None, 5.0]}
    assert peers_values(["a", "b", "c", "elsewhere"], values) == [2.0, 5.0]
    assert peers_values([], values) is None


def test_the_last_issue_with_known_outcomes_is_shown_beside_them(
    tmp_path: Path, summary: Summary
) -> None:
    """Issues of other origins, and those whose outcomes are to come, are passed by."""
    name = summary["run"]["name"]
    for origin in (2018, 2019, 2020, 2021):
        add_made_up(tmp_path, model=name, origin=origin)
    issues = read_issues(tmp_path, name)
    found = issued_before(summary, issues, "1")
    assert found is not None
    assert (found["origin"], found["target"]) == (2020, 2021)
    assert with_issued(summary, issues)["1"]["issued"] == found
    assert issued_before({**summary, "measure": {"id": "sensitivity"}}, issues, "1") is None
    rows = issues.rows(next(one for one in issues.issued if one.origin == 2020))
    assert found["rows"] == {}, "the made-up issue is of other cities"
    assert len(rows) == len(made_up_rows(2020))


def test_an_issue_is_shown_of_the_cities_that_it_has(tmp_path: Path) -> None:
    known = sorted(set(made_up_rows()["city"]))
    summary = summarise(**placed_inputs(cities=12, names=tuple(known)).all())
    one = add_made_up(tmp_path, model=summary["run"]["name"], origin=2020)
    issues = read_issues(tmp_path, summary["run"]["name"])
    rows = issues.rows(one)
    own = rows[rows["horizon"] == 1].set_index("city")
    found = issued_before(summary, issues, "1")
    assert found is not None
    assert set(found["rows"]) == set(own.index)
    came = summary["by_horizon"]["1"]["outcomes"]["2020"]
    for city, row in found["rows"].items():
        assert row["forecast"] == pytest.approx(own.loc[city, "forecast"], abs=1e-4)
        place = came["city"].index(summary["outcome_cities"].index(city))
        assert row["truth"] == came["truth"][place]
