"""Each check of the referee's list, on a design that has the fault and on one that has not."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from city_resilience.experiment.mechanisms import Mechanisms
from city_resilience.mechanisms.answer import Answer
from city_resilience.mechanisms.context import Context
from city_resilience.mechanisms.design import NEVER, Design, Policy
from city_resilience.mechanisms.filled_years import carried, interpolated
from city_resilience.mechanisms.influence import left_out
from city_resilience.mechanisms.planted import Law, planted_design
from city_resilience.mechanisms.policies import partial_places
from city_resilience.mechanisms.referee import CHECKS, referee
from city_resilience.mechanisms.refusals import LEAST_CLUSTERS
from city_resilience.mechanisms.sample import sample_of
from city_resilience.report.referee import referee_rows
from city_resilience.report.texts import Texts

pytest.importorskip("linearmodels")
pytest.importorskip("diff_diff")
SETTINGS = Mechanisms()
PLAIN = planted_design(3, Law(direct=0.5), cities=120, years=21, provinces=40).design


def column(table: str, name: str, **changes: object) -> Design:
    """Return the plain design with a column of one of its tables changed."""
    columns = dict(getattr(PLAIN, table))
    columns[name] = replace(columns[name], **changes)
    return replace(PLAIN, **{table: columns})


def straight() -> Design:
    """Return a design whose control is on a line for six years of half of the places."""
    values = np.round(PLAIN.controls["k"].values + 5, 6)
    values[:60, 4:10] = np.round(np.linspace(values[:60, 4], values[:60, 9], 6).T, 6)
    return column("controls", "k", values=values)


def filled_outcome() -> Design:
    """Return a design whose relation stands on filled rows alone."""
    x, values = PLAIN.treatments["x"].values, PLAIN.outcomes["y"].values.copy()
    kept = np.arange(PLAIN.shape[1]) % 4 > 1
    x = np.where(kept, x, np.roll(x, 1, axis=1))
    x[:, 1:] = np.where(kept[1:], x[:, 1:], x[:, :-1])
    values -= np.where(carried(x), 0.0, 1.0 * x)
    treatments = {"x": replace(PLAIN.treatments["x"], values=x)}
    outcomes = {"y": replace(PLAIN.outcomes["y"], values=values)}
    return replace(PLAIN, treatments=treatments, outcomes=outcomes)


def index(frozen: bool) -> Design:
    return column("treatments", "x", components=("a", "b"), frozen=frozen)


def real_growth(behind: str) -> Design:
    """Return a design of real growth with a control over a variable."""
    own = column("outcomes", "y", behind=frozenset(["gdp_real"]))
    k = replace(own.controls["k"], behind=frozenset(["fdi", behind]))
    return replace(own, controls={"k": k})


def feedback() -> Design:
    """Return a design whose index follows the outcome of the year before."""
    x = PLAIN.treatments["x"].values.copy()
    x[:, 1:] += 0.8 * PLAIN.outcomes["y"].values[:, :-1]
    return column("treatments", "x", values=x)


def one_province() -> Design:
    """Return a design whose relation is that of one province."""
    own = PLAIN.province == PLAIN.province[0]
    x = PLAIN.treatments["x"].values
    y = PLAIN.outcomes["y"].values - 0.5 * x + np.where(own[:, None], 5.0, -0.1) * x
    return column("outcomes", "y", values=y)


def ranked(effect: float) -> Design:
    """Return a design of which the first ten places are municipalities with another relation."""
    rank = np.where(np.arange(120) < 10, "municipality", "prefecture")
    x = PLAIN.treatments["x"].values
    y = PLAIN.outcomes["y"].values + np.where(np.arange(120) < 10, effect, 0.0)[:, None] * x
    return replace(column("outcomes", "y", values=y), groups={"rank": rank})


def policies(*own: Policy) -> Design:
    return replace(PLAIN, policies={one.name: one for one in own})


def policy(name: str, since: np.ndarray, partial: int = 0) -> Policy:
    return Policy(name, since.astype(np.int64), np.arange(120) < partial)


def chosen_early() -> Design:
    """Return a design whose places do better in the year before they join."""
    early = PLAIN.years == PLAIN.policies["pilot"].since[:, None] - 1
    return column("outcomes", "y", values=PLAIN.outcomes["y"].values + 2.0 * early)


SINCE = PLAIN.policies["pilot"].since
HALF = np.where(np.arange(120) % 2 == 0, 2012, NEVER)
OTHER_HALF = np.where(np.arange(120) % 2 == 1, 2015, NEVER)
NEIGHBOUR = {"x": PLAIN.treatments["x"], "w": replace(PLAIN.treatments["x"], name="w")}
FAULTS: dict[str, tuple[Callable[[], Design], Callable[[], Design]]] = {
    "overlap": (lambda: column("mediators", "m", behind=frozenset(["y", "z"])), lambda: PLAIN),
    "other_prices": (lambda: real_growth("gdp_nominal"), lambda: real_growth("loans")),
    "filled_years": (straight, lambda: PLAIN),
    "without_filled": (filled_outcome, straight),
    "index_weights": (lambda: index(False), lambda: index(True)),
    "collinear": (lambda: replace(PLAIN, treatments=NEIGHBOUR), lambda: PLAIN),
    "little_variation": (
        lambda: column(
            "treatments", "x", values=PLAIN.treatments["x"].values + 20.0 * HALF[:, None]
        ),
        lambda: PLAIN,
    ),
    "censored": (
        lambda: column("outcomes", "y", censored=0.2),
        lambda: column("outcomes", "y", censored=0.0),
    ),
    "shocks_only": (
        lambda: column("outcomes", "y", windows=("2008:2009:2011",)),
        lambda: PLAIN,
    ),
    "no_provinces": (lambda: replace(PLAIN, province=np.empty(0, dtype=str)), lambda: PLAIN),
    "few_clusters": (lambda: planted_design(0, provinces=9).design, lambda: PLAIN),
    "short_panel": (lambda: planted_design(0).design, lambda: PLAIN),
    "shared_errors": (lambda: planted_design(0, Law(shared=0.4)).design, lambda: PLAIN),
    "anticipation": (feedback, lambda: PLAIN),
    "influence": (one_province, lambda: PLAIN),
    "municipalities": (lambda: ranked(6.0), lambda: ranked(0.0)),
    "forbidden": (lambda: PLAIN, lambda: policies(policy("one", HALF))),
    "policy_anticipation": (chosen_early, lambda: PLAIN),
    "few_treated_provinces": (
        lambda: policies(policy("pilot", np.where(PLAIN.province < "province 05", 2012, NEVER))),
        lambda: PLAIN,
    ),
    "concurrent_pilots": (
        lambda: policies(policy("one", HALF), policy("two", SINCE)),
        lambda: policies(policy("one", HALF), policy("two", OTHER_HALF)),
    ),
    "county_pilots": (
        lambda: policies(policy("own", HALF, partial=8)),
        lambda: policies(policy("own", np.where(np.arange(120) < 8, NEVER, HALF), partial=8)),
    ),
}


def looking_ahead(design: Design, years: int) -> Design:
    """Return a design whose outcome is the mean of a year and of those that follow it."""
    y = design.outcomes["y"].values
    late = [np.roll(y, -k, axis=1) for k in range(years)]
    mean = np.mean(late, axis=0)
    mean[:, y.shape[1] - years + 1 :] = np.nan
    return replace(design, outcomes={"y": replace(design.outcomes["y"], values=mean)})


def test_years_whose_outcome_reaches_beyond_joining_are_no_years_before() -> None:
    design = looking_ahead(planted_design(1, Law(policy=0.5), years=18).design, 3)
    settings = SETTINGS.model_copy(update={"horizon": 3})
    (own,) = CHECKS["policy_anticipation"](Context(design, settings))
    assert own.found is False
    (own,) = CHECKS["policy_anticipation"](Context(design, SETTINGS))
    assert own.found is True


def test_an_index_of_years_that_growth_spans_is_no_index_after_it() -> None:
    plain = replace(planted_design(1, Law(direct=0.5), years=18).design, policies={})
    design, settings = looking_ahead(plain, 3), SETTINGS.model_copy(update={"horizon": 3})
    (own,) = CHECKS["anticipation"](Context(design, settings))
    assert own.found is False
    assert own.estimates[0].years == 18 - 3
    (own,) = CHECKS["anticipation"](Context(design, SETTINGS))
    assert own.found is True
    x = plain.treatments["x"].values.copy()
    x[:, 3:] += 2.0 * design.outcomes["y"].values[:, :-3]
    treatments = {"x": replace(plain.treatments["x"], values=x)}
    after = replace(plain, treatments=treatments, outcomes=design.outcomes)
    (own,) = CHECKS["anticipation"](Context(after, settings))
    assert own.found is True


def answers(check: str, design: Design) -> list[Answer]:
    return CHECKS[check](Context(design, SETTINGS))


@cache
def of_faults(check: str) -> tuple[list[Answer], list[Answer]]:
    """Return what a check says of the design with its fault, and of that without it."""
    faulty, sound = FAULTS[check]
    return answers(check, faulty()), answers(check, sound())


def test_every_check_has_a_fault_here() -> None:
    assert set(FAULTS) == set(CHECKS)


@pytest.mark.parametrize("check", FAULTS)
def test_a_fault_is_found_and_where_there_is_none_it_is_not(check: str) -> None:
    faulty, clear = of_faults(check)
    assert any(one.found for one in faulty)
    assert clear
    assert [one for one in clear if one.found is not False] == []


def test_figures_are_those_that_were_planted() -> None:
    (lines,) = answers("filled_years", straight())
    assert lines.names == ["k"]
    assert lines.figures["interpolated"] == pytest.approx(60 * 4 / (120 * 21))
    assert lines.figures["places"] == 60
    two = policies(policy("one", HALF), policy("two", OTHER_HALF))
    (apart,) = answers("concurrent_pilots", two)
    assert (apart.figures["both"], apart.figures["share"]) == (0, 0.0)
    (coded,) = answers("county_pilots", FAULTS["county_pilots"][0]())
    assert (coded.figures["coded"], coded.grave) == (4, True)
    (few,) = answers("few_clusters", planted_design(0, provinces=LEAST_CLUSTERS - 1).design)
    assert (few.figures["provinces"], few.grave) == (LEAST_CLUSTERS - 1, True)


def test_a_column_that_follows_a_pilot_has_its_partial_places() -> None:
    pilot = policy("pilot", np.where(np.arange(120) < 8, NEVER, HALF), partial=8)
    late = replace(pilot, name="late", since=np.where(HALF == NEVER, NEVER, 2014))
    assert partial_places(HALF, [late, pilot]).tolist() == pilot.partial.tolist()
    assert not partial_places(OTHER_HALF, [late, pilot]).any()
    assert not partial_places(np.full(120, NEVER), [pilot]).any()


def test_words_name_variables_and_provinces_in_the_language() -> None:
    figures = {"slope": 1.0, "low": 0.5, "high": 1.5, "turned": 0}
    figures |= {"without_low": "浙江省", "without_high": "Bavaria"}
    answers_of = [Answer(False, figures=figures).plain("influence")]
    shared = Answer(True, names=["m"], figures={"many": 1, "of": 3, "variables": ["gdp"]})
    answers_of.append(shared.plain("overlap"))
    labels = {"m": {"en": "Channel", "zh": "渠道"}, "gdp": {"en": "Output", "zh": "产值"}}
    alone, overlap = (row["words"] for row in referee_rows(answers_of, labels, Texts()))
    assert "without Zhejiang" in alone["en"]
    assert "without Bavaria" in alone["en"]
    assert "剔除浙江省" in alone["zh"]
    assert "(Output): Channel" in overlap["en"]
    assert "产值" in overlap["zh"]


@pytest.mark.parametrize(
    ("check", "provinces", "least"),
    [("anticipation", 9, 10), ("policy_anticipation", 9, 10), ("shared_errors", 4, 5)],
)
def test_what_few_provinces_cannot_test_says_so(check, provinces, least) -> None:
    few = planted_design(0, provinces=provinces).design
    (own,) = CHECKS[check](Context(few, SETTINGS))
    (row,) = referee_rows([own.plain(check)], {}, Texts())
    assert (own.found, row["state"], row["grave"]) == (None, "none", False)
    words = f"Not tested: {provinces} provinces, and a test needs {least}."
    assert row["words"]["en"] == words


def test_an_estimate_without_a_province_is_that_of_a_fit_without_it() -> None:
    own = planted_design(1, cities=40, years=8, provinces=6).design
    design = replace(own, outcomes={"y": replace(own.outcomes["y"], values=_holed(own))})
    out = left_out(sample_of(design, "y", ["x", "k"]))
    names = np.unique(design.province)
    for number, found in zip(out.province, out.without, strict=True):
        kept = sample_of(design, "y", ["x", "k"], cities=design.province != names[number])
        assert found == pytest.approx(_slope(kept))
    assert out.whole == pytest.approx(_slope(sample_of(design, "y", ["x", "k"])))


def _holed(design: Design) -> np.ndarray:
    values = design.outcomes["y"].values.copy()
    values[np.random.default_rng(0).random(values.shape) < 0.2] = np.nan
    return values


def _slope(sample) -> float:
    dummies = [sample.city[:, None] == np.unique(sample.city)]
    dummies.append(sample.year[:, None] == np.unique(sample.year))
    table = np.column_stack([sample.x, *dummies])
    return float(np.linalg.lstsq(table, sample.y, rcond=None)[0][0])


def test_lines_and_repeats_of_few_digits_or_few_years_are_let_pass() -> None:
    rounded = np.array([[5.0, 6.0, 7.0, 8.0, 9.0, 10.0, 11.0]])
    assert not interpolated(rounded).any()
    grown = np.round(100 * 1.07 ** np.arange(8.0), 4)[None]
    assert interpolated(grown)[0].tolist() == [False, *[True] * 6, False]
    short = np.array([[812.11, 845.37, 878.63, 911.89, 905.10, 950.00, 999.31]])
    assert not interpolated(short).any()
    repeated = np.array([[0.12, 0.12, 1.2345, 1.2345, 3.3]])
    assert carried(repeated)[0].tolist() == [False, False, False, True, False]
    assert not carried(np.full((3, 5), 16410.0)).any()


def test_every_answer_has_words_in_both_languages_and_no_figure_is_missing() -> None:
    small = planted_design(0, cities=40, years=8, provinces=10).design
    told = list(referee(Context(small, SETTINGS)).about["answers"])
    assert {one["id"] for one in told} == set(CHECKS)
    for check in FAULTS:
        told += [one.plain(check) for own in of_faults(check) for one in own]
    rows = referee_rows(told, {"x": {"en": "Index", "zh": "指数"}}, Texts())
    assert {(row["id"], row["state"]) for row in rows} >= {
        (check, state) for check in CHECKS for state in ("found", "clear")
    }
    for row in rows:
        assert "nan" not in row["words"]["en"] + row["words"]["zh"]
        assert row["words"]["en"] != row["words"]["zh"]


@pytest.mark.parametrize(("noun", "grave"), [("city", True), ("state", False)])
def test_cities_without_provinces_are_a_grave_point_and_states_are_none(noun, grave) -> None:
    design = replace(PLAIN, province=np.empty(0, dtype=str), noun=noun)
    (own,) = answers("no_provinces", design)
    assert own.plain("no_provinces")["grave"] is grave
