"""The part about staggered policies: its rows, its checks on other rows and its refusals."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from city_resilience.experiment.mechanisms import Mechanisms
from city_resilience.mechanisms.context import Context, Part, Refusal
from city_resilience.mechanisms.design import NEVER, Design, Policy, ahead_of
from city_resilience.mechanisms.planted import Law, planted_design
from city_resilience.mechanisms.policies import adoption_years
from city_resilience.mechanisms.timing import near_since, rows_of, timing

pytest.importorskip("linearmodels")
pytest.importorskip("diff_diff")
JOINED = {"early": 2012, "late": 2015}


def with_policy(design: Design, **changes: Any) -> Design:
    own = replace(design.policies["pilot"], **changes)
    return replace(design, policies={**design.policies, "pilot": own})


def run(design: Design, **settings: Any) -> Part:
    return timing(Context(design, Mechanisms(**{"neighbours": 1, **settings})))


@pytest.fixture(scope="module")
def part() -> Part:
    """Two policies, the second joined by the early cohort a year later; two county pilots."""
    design = planted_design(0, Law(policy=0.5)).design
    pilot = design.policies["pilot"]
    other = np.where(pilot.since == JOINED["early"], JOINED["early"] + 1, NEVER)
    other[np.flatnonzero(pilot.since == NEVER)[:2]] = JOINED["late"]
    partial = np.zeros(80, dtype=bool)
    partial[np.flatnonzero(pilot.since == NEVER)[-2:]] = True
    both = {
        "pilot": replace(pilot, partial=partial),
        "other": Policy("other", other, ~(other >= 0)),
    }
    return run(replace(design, policies=both))


def test_estimators_stand_side_by_side_with_both_clusters(part: Part) -> None:
    table = part.table.query("treatment == 'pilot'")
    att = table[table["term"] == "att"].set_index(["model", "inference"])["estimate"]
    models = ["two_way", "callaway_santanna", "not_yet", "imputation", "anticipation"]
    models += ["without_concurrent", "without_neighbours", "neighbours"]
    assert set(att.index) == {(m, way) for m in models for way in ("city", "province")}
    assert att["two_way", "city"] < att["imputation", "city"] - 0.3
    assert abs(att["neighbours", "city"]) < 0.6
    events = table[table["term"].str.startswith("event")]
    assert set(events["inference"]) == {"province"}
    terms = set(table.loc[table["model"] == "not_yet", "term"])
    assert {"pre_trend", "honest:0.5", "honest:1", "breakdown", "event:-2", "event:8"} <= terms
    shares = table.set_index("term")["estimate"]
    assert 0 < shares["forbidden"] < 1
    assert 0 <= shares["negative"] < 1


def test_places_are_counted(part: Part) -> None:
    places = part.about["places"]["y"]["pilot"]
    assert places["joined"] == sum(places["years"].values()) == 54
    assert places["concurrent"] == {"other": 27}
    assert (places["partial"], places["never"], places["joined_before"]) == (2, 24, 0)
    assert places["window"] == [2006, 2020]
    rows = part.table.query("treatment == 'pilot' and inference == 'city' and term == 'att'")
    cities = rows.set_index("model")["cities"]
    assert cities["not_yet"] == 78
    assert cities["without_concurrent"] == 78 - 27 - 2
    assert cities["without_neighbours"] == 78 - places["near"]
    assert cities["neighbours"] == 24


def test_near_places_are_those_among_the_nearest_of_one_that_joined() -> None:
    design = planted_design(3).design
    policy, places = design.policies["pilot"], design.coordinates
    assert places is not None
    lon, lat = np.radians(places).T
    half = (1 - np.cos(lat[:, None] - lat)) + np.cos(lat[:, None]) * np.cos(lat) * (
        1 - np.cos(lon[:, None] - lon)
    )
    slow = np.full(80, NEVER)
    for one in np.flatnonzero(policy.since != NEVER):
        for other in np.argsort(half[one])[1:4]:
            if policy.since[other] == NEVER:
                year = policy.since[one]
                slow[other] = min(year, slow[other]) if slow[other] else year
    found = near_since(design, policy, 3)
    assert found is not None
    assert found.tolist() == slow.tolist()
    assert near_since(replace(design, coordinates=None), policy, 3) is None


def test_an_effect_on_neighbours_is_found_and_leaves_the_estimate() -> None:
    design = planted_design(7, Law(policy=0.5), cities=160).design
    near = near_since(design, design.policies["pilot"], 1)
    assert near is not None
    spilt = np.where((near[:, None] != NEVER) & (design.years >= near[:, None]), 3.0, 0.0)
    own = design.outcomes["y"]
    part = run(replace(design, outcomes={"y": replace(own, values=own.values + spilt)}))
    rows = part.table.query("inference == 'city' and term == 'att'").set_index("model")
    assert rows.loc["neighbours", "low"] < 3.0 < rows.loc["neighbours", "high"]
    clean = run(design).table.query("inference == 'city' and term == 'att'").set_index("model")
    assert rows.loc["not_yet", "estimate"] < clean.loc["not_yet", "estimate"] - 0.3
    assert rows.loc["without_neighbours", "estimate"] == pytest.approx(
        clean.loc["without_neighbours", "estimate"]
    )


def test_another_policy_of_controls_is_left_out_and_leaves_the_estimate() -> None:
    design = planted_design(7, Law(policy=0.5), cities=160).design
    never = np.flatnonzero(design.policies["pilot"].since == NEVER)
    other = np.full(160, NEVER)
    other[never[: len(never) // 2]] = JOINED["early"] + 2
    spilt = 3.0 * ((other[:, None] != NEVER) & (design.years >= other[:, None]))
    own = design.outcomes["y"]
    policies = {**design.policies, "other": Policy("other", other, other < NEVER)}
    outcomes = {"y": replace(own, values=own.values + spilt)}
    both = replace(design, policies=policies, outcomes=outcomes, coordinates=None)
    whole, alone, clean = (
        run(one).table.query("inference == 'city' and term == 'att' and treatment == 'pilot'")
        for one in (both, replace(both, outcomes=design.outcomes), design)
    )
    rows, kept, free = (one.set_index("model")["estimate"] for one in (whole, alone, clean))
    assert rows["not_yet"] < free["not_yet"] - 0.5
    assert rows["without_concurrent"] == pytest.approx(kept["without_concurrent"])
    early = replace(policies["other"], since=np.where(other == NEVER, NEVER, 2009))
    before = run(replace(both, policies={**policies, "other": early})).table
    kept_of = set(before.loc[before["model"] == "without_concurrent", "treatment"])
    assert "pilot" not in kept_of


def test_a_column_of_the_user_gives_the_same_rows() -> None:
    design = planted_design(1, Law(policy=0.5)).design
    pilot = design.policies["pilot"]
    zero_one = ((pilot.since[:, None] != NEVER) & (design.years >= pilot.since[:, None])) * 1.0
    repeated = np.repeat(pilot.since[:, None], len(design.years), axis=1).astype(float)
    for values in (zero_one, repeated):
        own = replace(pilot, since=adoption_years(values, design.years, "mine"))
        got = rows_of(design, "y", own, 0, "mine")
        assert not isinstance(got, Refusal)
        assert got.since.tolist() == np.repeat(pilot.since, len(design.years)).tolist()


def since_of(case: str, since: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    joined = np.flatnonzero(since != NEVER)
    changed = since.copy()
    if case == "few_treated":
        changed[joined[9:]] = NEVER
    if case == "joined_before":
        changed[joined[5:]] = 2000
    if case == "few_before":
        changed[joined] = 2008
    if case == "no_controls":
        changed[:] = 2012
    if case == "later":
        changed[joined] = 2021
    return changed


@pytest.mark.parametrize(
    ("case", "reason", "found"),
    [
        ("few_treated", "few_treated", "9 places by 2020"),
        ("later", "few_treated", "0 places by 2020"),
        ("joined_before", "joined_before", "49 of 54 places"),
        ("few_before", "few_before", "0 of 54 places"),
        ("no_controls", "no_controls", "0 places"),
    ],
)
def test_what_the_data_cannot_carry_is_refused_by_name(case: str, reason: str, found: str) -> None:
    design = planted_design(0).design
    policy = design.policies["pilot"]
    part = run(with_policy(design, since=since_of(case, policy.since)))
    assert [(r.reason, r.about, r.found) for r in part.refused] == [(reason, "y, pilot", found)]
    assert not part.estimates


def test_without_places_that_never_join_others_stand_in() -> None:
    design = planted_design(0, Law(policy=0.5)).design
    since = np.where(design.policies["pilot"].since == NEVER, 2018, design.policies["pilot"].since)
    part = run(with_policy(replace(design, coordinates=None), since=since))
    assert {r.reason for r in part.refused} == {"few_never", "no_coordinates"}
    models = {e.model for e in part.estimates if np.isfinite(e.estimate)}
    assert models == {"two_way", "not_yet", "imputation", "anticipation"}


def test_outcomes_over_shocks_are_left_out_and_years_are_consecutive() -> None:
    design = planted_design(0, Law(policy=0.5)).design
    own = design.outcomes["y"]
    values = own.values.copy()
    values[:, 1] = np.nan
    shocks = replace(own, name="shock", windows=("2008:2009:2011",))
    part = run(replace(design, outcomes={"y": replace(own, values=values), "shock": shocks}))
    assert {e.outcome for e in part.estimates} == {"y"}
    assert part.about["places"]["y"]["pilot"]["window"] == [2008, 2020]


def test_growth_over_years_reaches_back_and_a_composite_does_not() -> None:
    own = planted_design(0).design.outcomes["y"]
    assert [ahead_of(own, h) for h in (1, 3)] == [0, 2]
    assert ahead_of(replace(own, own_year=True), 3) == 0


def test_cohorts_of_few_places_are_left_to_the_imputation() -> None:
    design = planted_design(0, Law(policy=0.5)).design
    pilot = design.policies["pilot"]
    joined = np.flatnonzero(pilot.since != NEVER)
    since = np.zeros(80, dtype=np.int64)
    since[joined[:11]] = 2009 + np.arange(11)
    part = run(with_policy(replace(design, coordinates=None), since=since))
    assert ("small_cohorts", "y, pilot", "11 of 11 places") in {
        (r.reason, r.about, r.found) for r in part.refused
    }
    assert {e.model for e in part.estimates} == {"two_way", "imputation"}
    by_city = [e for e in part.estimates if e.model == "imputation" and e.inference == "city"]
    assert by_city[0].se > 0.2
