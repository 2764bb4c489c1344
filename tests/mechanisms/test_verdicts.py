"""Verdicts on claims: each verdict and each reason, on made tables."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from city_resilience.experiment.mechanisms import Mechanisms
from city_resilience.mechanisms.channels import BATCH, BATCHES, LEAST_DRAWS
from city_resilience.mechanisms.claims import CLAIMS
from city_resilience.mechanisms.context import Context, Part, Refusal
from city_resilience.mechanisms.design import Design
from city_resilience.mechanisms.estimate import Estimate
from city_resilience.mechanisms.planted import planted_design
from city_resilience.mechanisms.refusals import REASONS as REFUSALS
from city_resilience.mechanisms.resampling import percentiles, wild_draws
from city_resilience.mechanisms.verdicts import (
    REASONS,
    SUPPORTED,
    UNSUPPORTED,
    UNTESTABLE,
    cautious,
    holm,
    verdicts,
)
from city_resilience.report.texts import every_text

LIKE = Estimate("controls", "y", "x", "x", 1.0, 0.2, 0.5, 1.5, 0.001, "province", clusters=16)
CURVE = Part([replace(LIKE, model="curve", term=f"spec:{k}") for k in range(10)])


def design_of(**changes: Any) -> Design:
    own = planted_design(0, cities=6, years=4, provinces=3).design
    return replace(own, **changes)


def judged(
    claim: str, found: dict[str, Part], design: Design | None = None, **settings: Any
) -> Any:
    """The summary of a claim and its rows."""
    context = Context(design or design_of(), Mechanisms(**settings), found=found)
    about = verdicts(context).about
    own = next(one for one in about["claims"] if one["claim"] == claim)
    return own, [row for row in about["rows"] if row["claim"] == claim]


def k1(*estimates: Estimate, curve: Part | None = CURVE, **parts: Part) -> Any:
    found = {"baseline": Part(estimates), **({"curve": curve} if curve else {}), **parts}
    return judged("K1", found)


def test_a_relation_that_meets_every_condition_is_supported():
    own, (row,) = k1(LIKE)
    assert (own["verdict"], row["verdict"], row["reasons"]) == (SUPPORTED, SUPPORTED, [])
    assert (row["same_sign"], row["specifications"]) == (1.0, 10)
    assert (own["tested"], own["supported"], own["reasons"]) == (1, 1, [])


def signed_curve(below: int) -> Part:
    return Part(
        [replace(one, estimate=-1.0 if k < below else 1.0) for k, one in enumerate(CURVE.estimates)]
    )


@pytest.mark.parametrize(
    ("changes", "curve", "reasons"),
    [
        ({"low": -0.1}, CURVE, ["zero"]),
        ({"estimate": -1.0, "low": -1.5, "high": -0.5}, signed_curve(10), ["opposite", "signs"]),
        ({}, signed_curve(2), []),
        ({}, signed_curve(3), ["signs"]),
    ],
)
def test_conditions_that_do_not_hold_are_named(changes, curve, reasons):
    own, (row,) = k1(replace(LIKE, **changes), curve=curve)
    assert row["reasons"] == reasons
    assert row["verdict"] == own["verdict"] == (UNSUPPORTED if reasons else SUPPORTED)


@pytest.mark.parametrize(
    ("about", "grave", "against"),
    [
        ({"treatment": "x"}, True, ["filled_years"]),
        ({}, True, ["filled_years"]),
        ({"treatment": "x"}, False, []),
        ({"outcome": "other", "treatment": "x"}, True, []),
        ({"policy": "pilot"}, True, []),
    ],
)
def test_a_grave_answer_of_the_referee_stands_against_what_it_is_about(about, grave, against):
    answer = {"id": "filled_years", "outcome": "", "treatment": "", "policy": "", "grave": grave}
    own, (row,) = k1(LIKE, referee=Part(about={"answers": [answer | about]}))
    assert (row["reasons"], row["referee"]) == (["referee"] * len(against), against)
    assert own["verdict"] == (UNSUPPORTED if against else SUPPORTED)


def test_what_was_not_run_or_was_refused_cannot_be_tested():
    assert k1(LIKE, curve=None)[1][0]["reasons"] == ["no_curve"]
    assert judged("K1", {})[1][0]["reasons"] == ["no_part"]
    refused = Part((), [Refusal("few_rows", "y, x, controls", "7 rows")])
    own, (row,) = judged("K1", {"baseline": refused})
    assert (own["verdict"], row["verdict"], row["reasons"]) == (
        UNTESTABLE,
        UNTESTABLE,
        ["few_rows"],
    )
    assert own["missing"] == []
    few = replace(LIKE, clusters=3)
    assert k1(few, replace(few, inference="city", clusters=80))[1][0]["reasons"] == ["no_interval"]


@pytest.mark.parametrize(
    ("about", "reason"),
    [
        ("y, x", "few_shocks"),
        ("y, x, ln:Size, total", "few_shocks"),
        ("y, x, ln:Size_total", "no_part"),
    ],
)
def test_a_refusal_is_read_whatever_commas_names_have_and_of_the_whole_relation(about, reason):
    mediator = replace(design_of().mediators["m"], name="ln:Size, total", family="innovation")
    design = design_of(mediators={mediator.name: mediator})
    refused = Part((), [Refusal("few_shocks", about, "0 shocks")])
    assert judged("K2", {"channels": refused}, design)[1][0]["reasons"] == [reason]


def test_the_widest_valid_interval_counts():
    wild = replace(LIKE, inference="wild_province", low=-0.2, high=2.0, clusters=6)
    narrow = replace(LIKE, inference="city", low=0.9, high=1.1, clusters=80)
    few = replace(LIKE, inference="province_year", low=-9.0, high=9.0, clusters=8)
    nowhere = replace(LIKE, inference="wild_province", low=np.nan, p=np.nan)
    assert cautious([narrow, LIKE, wild, few]) == wild
    assert cautious([narrow, LIKE, few, nowhere]) == LIKE
    assert cautious([narrow, replace(narrow, inference="bootstrap_city")]) is None


@pytest.mark.parametrize("bounds", [(-np.inf, np.inf), (np.nan, np.nan), (np.nan, 1.5)])
def test_an_interval_without_a_bound_reaches_without_end(bounds):
    wild = replace(LIKE, inference="wild_province", low=bounds[0], high=bounds[1], p=0.3)
    assert cautious([LIKE, wild]) == wild
    assert k1(LIKE, wild)[1][0]["reasons"] == ["zero"]


def test_less_time_to_recover_is_more_resilience():
    design = design_of()
    design = replace(design, outcomes={"time_to_recover": replace(design.outcomes["y"])})
    down = replace(LIKE, outcome="time_to_recover", estimate=-1.0, low=-1.5, high=-0.5)
    curve = Part(
        [replace(one, outcome="time_to_recover", estimate=-1.0) for one in CURVE.estimates]
    )
    _, (row,) = judged("K1", {"baseline": Part([down]), "curve": curve}, design)
    assert (row["verdict"], row["same_sign"]) == (SUPPORTED, 1.0)


def test_an_outcome_that_is_open_about_resilience_tests_no_claim_about_its_sign():
    design = design_of()
    design = replace(design, outcomes={"sensitivity": design.outcomes["y"]})
    own, (row,) = judged("K1", {"baseline": Part([replace(LIKE, outcome="sensitivity")])}, design)
    assert (own["verdict"], row["reasons"]) == (UNTESTABLE, ["no_direction"])
    design = replace(design, groups={"rank": np.array(["a", "b"] * 3)})
    tests = Part([equality("rank", 0.001, outcome="sensitivity")])
    assert judged("K10", {"places": tests}, design)[0]["verdict"] == SUPPORTED


def channel(**changes: Any) -> Estimate:
    like = replace(LIKE, model="channels", term="indirect:m", inference="bootstrap_province")
    return replace(like, **changes)


def test_a_channel_is_judged_by_its_indirect_part_and_its_family():
    adjusted = channel(inference="benjamini_hochberg", low=np.nan, high=np.nan)
    found = {"channels": Part([channel(), adjusted])}
    own, (row,) = judged("K2", found)
    assert (own["verdict"], row["through"], row["inference"]) == (
        SUPPORTED,
        "m",
        "bootstrap_province",
    )
    own, (row,) = judged("K3", found)
    assert (own["verdict"], row["reasons"]) == (UNTESTABLE, ["no_indicator"])
    assert own["missing"] == list(CLAIMS["K3"].indicators)


@pytest.mark.parametrize(
    ("direction", "path", "reasons"),
    [(1, 0.5, []), (1, -0.5, ["away"]), (-1, -0.5, []), (-1, 0.5, ["away"]), (0, -0.5, [])],
)
def test_more_of_the_index_must_go_with_more_of_what_a_channel_stands_for(direction, path, reasons):
    design = design_of()
    design = replace(design, mediators={"m": replace(design.mediators["m"], direction=direction)})
    rows = [channel(), channel(term="to_mediator:m", estimate=path)]
    own, (row,) = judged("K2", {"channels": Part(rows)}, design)
    assert row["reasons"] == reasons
    assert own["verdict"] == (UNSUPPORTED if reasons else SUPPORTED)


def test_indices_of_named_indicators_test_the_claims_about_them():
    found = {"baseline": Part([LIKE]), "curve": CURVE}
    settings: dict[str, Any] = {"treatments": {"x": {"components": {"ict_employment_share": 1}}}}
    assert judged("K6", found, **settings)[0]["verdict"] == SUPPORTED
    assert judged("K5", found, **settings)[0]["reasons"] == ["no_indicator"]


def equality(group: str, p: float, **changes: Any) -> Estimate:
    like = replace(LIKE, model="interacted_own_years", term=f"equality:{group}", p=p)
    return replace(like, low=np.nan, high=np.nan, **changes)


@pytest.mark.parametrize(
    ("group", "wild", "verdict", "reasons"),
    [
        ("rank", {"p": 0.01}, SUPPORTED, []),
        ("行政等级", {"p": 0.2}, UNSUPPORTED, ["equal"]),
        ("rank", {"p": 0.2, "clusters": 4}, SUPPORTED, []),
    ],
)
def test_places_differ_where_every_valid_inference_rejects_equality(group, wild, verdict, reasons):
    tests = [
        equality(group, 0.001),
        equality(group, **wild, inference="wild_province"),
        equality(group, 0.9, inference="city"),
        equality(group, 0.9, note="holm"),
    ]
    design = design_of(groups={group: np.array(["a", "b"] * 3)})
    own, (row,) = judged("K10", {"places": Part(tests)}, design)
    assert (own["verdict"], row["verdict"], row["reasons"]) == (verdict, verdict, reasons)
    assert judged("K12", {"places": Part(tests)}, design)[0]["reasons"] == ["no_group"]


def test_tests_of_equality_are_corrected_once_over_the_rows_of_their_claim():
    tests = [equality(name, p) for name, p in (("region", 0.02), ("yangtze_belt", 0.03))]
    groups = {name: np.array(["a", "b"] * 3) for name in ("region", "yangtze_belt")}
    own, rows = judged("K9", {"places": Part(tests)}, design_of(groups=groups))
    assert [row["adjusted"] for row in rows] == [0.04, 0.04]
    assert own["verdict"] == SUPPORTED
    few = [replace(one, inference="city") for one in tests]
    own, rows = judged("K9", {"places": Part(few)}, design_of(groups=groups))
    assert (own["verdict"], own["reasons"]) == (UNTESTABLE, ["no_interval"])


@pytest.mark.parametrize(
    ("p", "reasons"), [(0.5, []), (0.01, ["pre_trend"]), (np.nan, ["no_pre_trend"])]
)
def test_a_policy_with_trends_before_is_not_supported(p, reasons):
    design = design_of()
    policy = replace(design.policies["pilot"], name="broadband_china")
    design = replace(design, policies={"broadband_china": policy})
    like = replace(LIKE, treatment="broadband_china", term="att")
    rows = [replace(like, model=model) for model in ("two_way", "not_yet", "callaway_santanna")]
    rows += [replace(like, model="not_yet", term="pre_trend", p=p)]
    rows[2] = replace(rows[2], estimate=2.0)
    _, (row,) = judged("K5", {"timing": Part(rows)}, design)
    assert (row["estimate"], row["reasons"]) == (2.0, reasons)


def test_a_claim_stands_only_after_the_correction_for_its_rows():
    mediators = {f"m{k}": replace(design_of().mediators["m"], name=f"m{k}") for k in range(9)}
    rows = [channel(term="indirect:m0", p=0.02)]
    rows += [channel(term=f"indirect:m{k}", low=-1.0, p=0.5) for k in range(1, 9)]
    own, _ = judged("K2", {"channels": Part(rows)}, design_of(mediators=mediators))
    assert (own["verdict"], own["supported"], own["reasons"]) == (UNSUPPORTED, 1, ["multiplicity"])
    rows[0] = channel(term="indirect:m0", p=0.001)
    own, _ = judged("K2", {"channels": Part(rows)}, design_of(mediators=mediators))
    assert (own["verdict"], own["shown"] >= 1) == (SUPPORTED, True)
    rows[1] = channel(term="indirect:m1", estimate=-1, low=-1.5, high=-0.5, p=0.001)
    own, _ = judged("K2", {"channels": Part(rows)}, design_of(mediators=mediators))
    assert (own["verdict"], own["opposite"], own["reasons"]) == (UNSUPPORTED, 1, ["contradicted"])


def test_reasons_come_with_the_tests_that_have_them_the_most_frequent_first():
    mediators = {f"m{k}": replace(design_of().mediators["m"], name=f"m{k}") for k in range(3)}
    rows = [channel(term=f"indirect:m{k}", low=-1.0, p=0.5) for k in (0, 1)]
    rows += [channel(term="indirect:m2", estimate=-1, low=-1.5, high=-0.5, p=0.2)]
    own, _ = judged("K2", {"channels": Part(rows)}, design_of(mediators=mediators))
    assert own["counts"] == {"zero": 2, "opposite": 1}
    assert own["reasons"] == ["zero", "opposite"]
    assert judged("K1", {})[0]["counts"] == {}


def test_the_rows_of_a_claim_are_its_table():
    part = verdicts(Context(design_of(), found={"baseline": Part([LIKE]), "curve": CURVE}))
    (row,) = part.estimates
    assert (row.model, row.term, row.note, row.p) == ("K1", "x", SUPPORTED, 0.001)
    reasons = {reason for own in part.about["rows"] for reason in own["reasons"]}
    assert reasons <= {*REASONS, *REFUSALS}
    assert [own["claim"] for own in part.about["claims"]] == list(CLAIMS)


def test_holm_is_that_of_statsmodels_example():
    assert holm([0.01, 0.02, 0.03]) == pytest.approx([0.03, 0.04, 0.04])


def test_every_reason_has_words_in_the_texts_of_the_report():
    known = every_text()
    assert [reason for reason in REASONS if f"mech_reason_{reason}" not in known] == []
    wanted = {f"mech_{kind}_{reason}" for reason in REFUSALS for kind in ("refused", "way")}
    assert sorted(wanted - set(known)) == []


def test_p_values_of_bootstraps_can_stand_a_correction_for_many_tests():
    assert 40 / (1 + wild_draws(20)) < 0.05
    assert wild_draws(9999) == 9999
    least = percentiles(np.ones(LEAST_DRAWS + BATCH * BATCHES), clusters=31)[2]
    assert 160 * least < 0.05
