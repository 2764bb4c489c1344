"""The champion gate compares like with like, and its rules decide."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from city_resilience.audit.training_levels import ColumnLevel
from city_resilience.commands.judging import behind_naive
from city_resilience.errors import InputError
from city_resilience.evaluation.paired import Paired, pair_backtests
from city_resilience.experiment.experiment import Experiment
from city_resilience.experiment.gate import Gate
from city_resilience.explain.beside import DriversBeside, pair_drivers
from city_resilience.explain.contributions import BASE
from city_resilience.report.texts import every_text
from city_resilience.tracking.contender import Contender
from city_resilience.tracking.gate import bars, data_reason, first_verdict, paired_reasons
from city_resilience.tracking.verdict import RULINGS, Behind, Reason, Verdict, ruling_of

Errors = dict[tuple[int, int], float]


def backtest(errors: Errors, cities: int = 10) -> pd.DataFrame:
    """Rows of forecasts that miss by ``errors[horizon, origin]``, up and down in turn."""
    rows = [
        (f"city {c}", origin, horizon, 1.0 * c, 1.0 * c + error * (-1) ** c)
        for (horizon, origin), error in errors.items()
        for c in range(cities)
    ]
    return pd.DataFrame(rows, columns=["city", "origin", "horizon", "truth", "forecast"])


def bounded(frame: pd.DataFrame, inside: int) -> pd.DataFrame:
    """Give each row an interval that holds the outcome in so many cities of ten."""
    held = frame.groupby(["origin", "horizon"]).cumcount() < inside
    upper = frame["truth"] + np.where(held, 1.0, -1.0)
    return frame.assign(lower=frame["truth"] - 2.0, upper=upper)


def verdict(
    challenger: pd.DataFrame,
    champion: pd.DataFrame,
    drivers: DriversBeside | None = None,
    **rules: Any,
) -> Verdict:
    gate = Gate(**rules)
    paired = pair_backtests(challenger, champion, gate.min_common)
    reasons = paired_reasons(paired, drivers, gate)
    return Verdict(reasons, "small/1", paired, drivers, gate)


def test_lower_mean_of_yearly_errors_passes() -> None:
    found = verdict(
        backtest({(1, 2010): 1.0, (1, 2011): 2.0}), backtest({(1, 2010): 0.9, (1, 2011): 2.4})
    )
    assert (found.decision, found.promotes, found.codes) == ("promote", True, ("lower",))
    assert found.paired.challenger_mae == pytest.approx(1.5)
    assert found.paired.champion_mae == pytest.approx(1.65)
    assert found.paired.difference == pytest.approx(-0.15)
    assert found.paired.gain == pytest.approx(0.15 / 1.65)
    pairs = found.paired.pairs
    assert [(p.origin, p.rows) for p in pairs.itertuples()] == [(2010, 10), (2011, 10)]
    assert "1.500 pp, is lower than the champion's 1.650 pp (better in 1 of 2 years)" in (
        found.words()
    )
    assert "1.500 个百分点，低于现用模型的 1.650" in found.words("zh").replace("  ", " ")


def test_years_count_alike_however_many_cities_they_have() -> None:
    few = backtest({(1, 2010): 1.0}, cities=10)
    many = backtest({(1, 2011): 1.0}, cities=100)
    champion = pd.concat([few, many], ignore_index=True)
    challenger = champion.copy()
    challenger.loc[challenger["origin"] == 2010, "forecast"] += 4.0
    challenger.loc[challenger["origin"] == 2011, "forecast"] = challenger["truth"] + 0.5
    paired = pair_backtests(challenger, champion, 0.9)
    assert paired.challenger_mae == pytest.approx((4.0 + 0.5) / 2)


def test_tie_does_not_pass() -> None:
    frame = backtest({(1, 2010): 1.0})
    found = verdict(frame, frame)
    assert (found.decision, found.codes) == ("keep", ("not_lower",))
    assert found.paired.difference == 0.0
    assert "is not lower than" in found.words()


def test_first_horizon_decides() -> None:
    found = verdict(
        backtest({(1, 2010): 1.1, (3, 2010): 1.0}), backtest({(1, 2010): 1.0, (3, 2010): 9.0})
    )
    assert not found.promotes
    assert [pair.horizon for pair in found.paired.pairs.itertuples()] == [1, 3]


def test_only_common_rows_count_and_order_does_not() -> None:
    champion = backtest({(1, 2010): 1.0}, cities=20)
    challenger = backtest({(1, 2010): 0.9}, cities=20)
    challenger.loc[3, "forecast"] = float("nan")
    champion.loc[3, "forecast"] = 1000.0
    found = verdict(challenger.sample(frac=1, random_state=0), champion)
    assert found.promotes
    assert found.paired.champion_mae == pytest.approx(1.0)
    assert found.paired.common_share == pytest.approx(0.95)
    assert verdict(challenger, champion, min_common=0.96).codes == ("few_rows",)


def test_a_newer_year_is_left_out_of_the_comparison() -> None:
    found = verdict(
        backtest({(1, 2010): 0.5, (1, 2011): 9.0}), backtest({(1, 2009): 9.0, (1, 2010): 1.0})
    )
    assert found.promotes
    assert [pair.origin for pair in found.paired.pairs.itertuples()] == [2010]


def test_too_few_common_rows_refuse_with_words() -> None:
    found = verdict(backtest({(1, 2010): 0.0}, cities=10), backtest({(1, 2010): 1.0}, cities=20))
    assert (found.decision, found.ruling.needs) == ("undecided", "force")
    assert found.paired.pairs.empty
    assert found.words() == (
        "not comparable: the models share 10 of 20 scored rows (50 %), 90 % are needed"
    )
    nothing = backtest({(1, 2010): 1.0}).iloc[:0]
    assert verdict(nothing, nothing).codes == ("few_rows",)


def test_other_truths_refuse_with_words() -> None:
    champion = backtest({(1, 2010): 1.0})
    challenger = backtest({(1, 2010): 0.5})
    challenger.loc[0, "truth"] += 0.01
    found = verdict(challenger, champion)
    assert (found.decision, found.ruling.needs) == ("undecided", "force")
    assert "the outcomes differ on 1 of 10 common rows" in found.words()


def test_frame_of_several_models_is_an_error() -> None:
    frame = backtest({(1, 2010): 1.0})
    with pytest.raises(InputError, match="backtest of the champion: city 0 2010, horizon 1, is"):
        pair_backtests(frame, pd.concat([frame, frame]), 0.9)


BETTER = {(1, year): error for year, error in zip(range(2010, 2014), (0.1, 1.1, 1.1, 1.1))}  # noqa: B905
EVEN = dict.fromkeys(BETTER, 1.0)


@pytest.mark.parametrize(
    ("rules", "codes"),
    [
        ({"min_years": 0.25}, ("lower",)),
        ({}, ("lower", "few_years")),
        ({"min_years": 0.25, "min_gain": 0.16}, ("lower", "small_gain")),
        ({"min_years": 0.25, "min_gain": 0.14}, ("lower",)),
    ],
)
def test_years_and_gain_are_asked_for_by_the_experiment(rules, codes) -> None:
    found = verdict(backtest(BETTER), backtest(EVEN), **rules)
    assert found.codes == codes
    assert found.decision == ("promote" if codes == ("lower",) else "undecided")
    assert found.ruling.needs == ("nothing" if codes == ("lower",) else "force")


@pytest.mark.parametrize(
    ("inside", "loss", "passes"),
    [(8, 0.05, False), (8, 0.15, True), (9, 0.05, True), (10, 0.0, True)],
)
def test_a_loss_of_coverage_is_counted_below_ninety_percent(inside, loss, passes) -> None:
    challenger = bounded(backtest({(1, 2010): 0.5}), inside)
    champion = bounded(backtest({(1, 2010): 1.0}), 10)
    found = verdict(challenger, champion, coverage_loss=loss)
    assert found.paired.coverage == (inside / 10, 1.0)
    assert found.promotes is passes
    assert ("held 80.0 % of the outcomes" in found.words()) is not passes
    assert verdict(backtest({(1, 2010): 0.5}), champion).promotes  # one has no interval


def drivers(sizes: dict[int, list[float]], view: str = "forecasting") -> pd.DataFrame:
    """Contributions of indicators a, b, c … at each origin, and a base that is no driver."""
    rows = [
        (view, city, origin, 1, name, sign * size)
        for origin, own in sizes.items()
        for city, sign in (("one", 1.0), ("two", -1.0))
        for name, size in [(BASE, 99.0), *zip("abcdefgh", own)]  # noqa: B905
    ]
    columns = ["view", "city", "origin", "horizon", "indicator", "contribution"]
    return pd.DataFrame(rows, columns=columns)


def test_steadiness_is_the_rank_correlation_from_origin_to_origin() -> None:
    steady = drivers({2010: [1.0, 2.0, 3.0, 4.0], 2011: [1.1, 2.1, 3.3, 9.0]})
    turned = drivers({2010: [1.0, 2.0, 3.0, 4.0], 2011: [4.0, 3.0, 2.0, 1.0]})
    found = pair_drivers(turned, steady)
    assert found == DriversBeside(-1.0, 1.0, 0.0, 4)
    beside = (backtest({(1, 2010): 0.5}), backtest({(1, 2010): 1.0}))
    assert verdict(*beside, found).promotes, "asks for nothing unless the experiment does"
    asked = verdict(*beside, found, min_stability=0.5)
    assert asked.codes == ("lower", "unsteady")
    assert "rank correlation of -1.00 from origin to origin (champion 1.00)" in asked.words()


def test_models_with_few_drivers_are_not_ranked() -> None:
    rule = drivers({2010: [1.0], 2011: [1.0]})
    whole = drivers({2010: [1.0, 2.0, 3.0], 2011: [1.0, 2.0, 3.0]})
    assert pair_drivers(rule, whole) is None
    assert pair_drivers(whole, drivers({2019: [1.0, 2.0, 3.0]})) is None
    assert pair_drivers(whole, drivers({2010: [1.0, 2.0, 3.0]}, "structural")) is None


BEHIND = Behind("damped", 1, 12)
OWN = Experiment.model_validate({"name": "small", "evaluation": {"first_origin": 2010}})
CITIES = frozenset(f"city {c}" for c in range(20))


def contender(**values: Any) -> Contender:
    levels = {"gdp_real": ColumnLevel(2000, (1.0, 1.1, None, 1.2))}
    return replace(Contender(OWN, "r1-1", 2020, "f1", CITIES, 0, levels), **values)


def of_outcome(**outcome: Any) -> Experiment:
    return OWN.model_copy(update={"outcome": OWN.outcome.model_copy(update=outcome)})


@pytest.mark.parametrize(
    ("own", "code", "words"),
    [
        ({"audit_errors": 2}, "audit_errors", "audit errors that nothing settles: 2"),
        ({"cities": frozenset(list(CITIES)[:17])}, "few_cities", "17 of the champion's 20 cities"),
        ({"experiment": of_outcome(variable="employment")}, "other_outcome", "(employment, gro"),
        ({"experiment": of_outcome(measure="sensitivity")}, "other_outcome", "(gdp_real, sens"),
        ({"experiment": of_outcome(scale="log")}, "other_outcome", "(gdp_real, log, growth_gap)"),
        (
            {"levels": {"gdp_real": ColumnLevel(2001, (10.31, 9.0, 10.41))}},
            "other_unit",
            "10,000 times as large",
        ),
    ],
)
def test_what_never_takes_the_champions_place(own, code, words) -> None:
    challenger = contender(**own)
    [reason] = bars(challenger, contender())
    found = Verdict((reason, Reason("lower", {**dict.fromkeys(LOWER, 1)})))
    assert (reason.code, found.decision, found.ruling.needs) == (code, "keep", "never")
    assert words in found.words()


LOWER = ("challenger", "champion", "horizon", "won", "years")


def test_what_is_let_through() -> None:
    near = {"gdp_real": ColumnLevel(1999, (1.0, 1.1, 1.0, 1.0))}
    assert bars(contender(), contender()) == ()
    assert bars(contender(levels=near, cities=CITIES | {"new"}), contender()) == ()
    assert bars(contender(experiment=of_outcome(horizons=(1,))), contender()) == ()
    fewer = contender(
        cities=frozenset(list(CITIES)[:17]),
        experiment=OWN.model_copy(update={"gate": Gate(min_cities=0.85)}),
    )
    assert bars(fewer, contender()) == ()


@pytest.mark.parametrize(
    ("own", "code", "decision"),
    [
        ({"origin": 2021, "fingerprint": "f2"}, "newer_data", "undecided"),
        ({"fingerprint": "f2"}, "revised_data", "undecided"),
        ({}, "same_data", "keep"),
        ({"origin": 2019}, "older_data", "keep"),
        ({"origin": 2019, "recipe": "r2-1"}, "older_data", "keep"),
        ({"origin": 2021, "recipe": "r2-1"}, None, None),
    ],
)
def test_data_are_newer_revised_the_same_or_run_backwards(own, code, decision) -> None:
    found = data_reason(contender(**own), contender())
    assert (found.code if found else None) == code
    if found:
        assert Verdict((found,)).decision == decision


def test_a_refit_takes_its_place_where_the_experiment_says_so() -> None:
    eager = OWN.model_copy(update={"gate": Gate(refit="promote")})
    found = data_reason(contender(origin=2021, experiment=eager), contender())
    assert found is not None
    assert (found.code, Verdict((found,)).promotes) == ("refit", True)
    assert OWN.digest() == eager.digest(), "the rules of the gate change no forecast"


@pytest.mark.parametrize("code", ["first", "lower"])
def test_a_naive_rule_that_is_ahead_stands_in_the_way(code) -> None:
    first = first_verdict(contender(), BEHIND)
    found = Verdict((Reason(code, dict.fromkeys(LOWER, 1)),)).behind(BEHIND)
    assert (first.decision, found.decision) == ("undecided", "undecided")
    assert found.ruling.needs == "promote"
    for language, word in (("en", "12 % above that of the best naive rule"), ("zh", "12%")):
        assert word in found.words(language)
        assert "nan" not in found.words(language)
    assert first_verdict(contender(), None).promotes
    assert first_verdict(contender(audit_errors=1), None).decision == "keep"


def test_every_reason_has_its_words_and_the_most_reserved_decides() -> None:
    keys = {key.removeprefix("gate_") for key in every_text() if key.startswith("gate_")}
    assert keys == set(RULINGS)
    assert ruling_of(["lower", "unsteady", "older_data"]) == ("keep", "rollback")


def test_a_verdict_is_written_with_figures_and_words() -> None:
    pairs = bounded(backtest(BETTER), 9), backtest(EVEN)
    value = verdict(*pairs, DriversBeside(0.5, float("nan"), 0.1, 3)).as_dict()
    assert (value["decision"], value["needs"], value["champion"]) == (
        *("undecided", "force"),
        "small/1",
    )
    assert [reason["code"] for reason in value["reasons"]] == ["lower", "few_years"]
    assert value["words"]["zh"].count("；") == 1
    years = value["compared"]["years"]
    assert [row["origin"] for row in years] == [2010, 2011, 2012, 2013]
    assert (years[0]["inside"], years[0]["inside_champion"]) == (0.9, None)
    assert value["drivers"]["champion"] is None
    assert value["rules"]["min_years"] == 0.5
    assert Verdict((Reason("first"),), paired=Paired()).as_dict()["compared"]["mae"] is None


def test_behind_is_a_whole_percent_as_the_report_words_it():
    scores = pd.DataFrame(
        [
            ("zero", 1, 1.0, 0.0),
            ("blend", 1, 1.004, -0.004),
            ("zero", 2, 1.0, 0.0),
            ("blend", 2, 1.08, -0.08),
        ],
        columns=["model", "horizon", "mae", "skill_naive"],
    ).assign(slice="all", level="all")
    assert behind_naive(scores, "blend") == (Behind("zero", 2, 8),)
