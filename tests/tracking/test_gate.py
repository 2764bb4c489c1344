"""The champion gate compares like with like."""

from __future__ import annotations

import pandas as pd
import pytest

from city_resilience.commands.run import behind_naive
from city_resilience.errors import InputError
from city_resilience.tracking.gate import Behind, Verdict, champion_gate


def backtest(errors: dict[tuple[int, int], float], cities: int = 10) -> pd.DataFrame:
    """Rows of forecasts that miss by ``errors[horizon, origin]``, up and down in turn."""
    rows = [
        (f"city {c}", origin, horizon, 1.0 * c, 1.0 * c + error * (-1) ** c)
        for (horizon, origin), error in errors.items()
        for c in range(cities)
    ]
    return pd.DataFrame(rows, columns=["city", "origin", "horizon", "truth", "forecast"])


def test_lower_mean_of_yearly_errors_passes() -> None:
    verdict = champion_gate(
        backtest({(1, 2010): 1.0, (1, 2011): 2.0}), backtest({(1, 2010): 0.9, (1, 2011): 2.4})
    )
    assert verdict.passes
    assert verdict.challenger_mae == pytest.approx(1.5)
    assert verdict.champion_mae == pytest.approx(1.65)
    assert verdict.difference == pytest.approx(-0.15)
    assert [(p.origin, p.rows) for p in verdict.pairs.itertuples()] == [(2010, 10), (2011, 10)]
    assert "1.5000 pp, is lower than the champion's 1.6500 pp (better in 1 of 2 years)" in (
        verdict.words()
    )


def test_years_count_alike_however_many_cities_they_have() -> None:
    few = backtest({(1, 2010): 1.0}, cities=10)
    many = backtest({(1, 2011): 1.0}, cities=100)
    champion = pd.concat([few, many], ignore_index=True)
    challenger = champion.copy()
    challenger.loc[challenger["origin"] == 2010, "forecast"] += 4.0
    challenger.loc[challenger["origin"] == 2011, "forecast"] = challenger["truth"] + 0.5
    assert champion_gate(challenger, champion).challenger_mae == pytest.approx((4.0 + 0.5) / 2)


def test_tie_does_not_pass() -> None:
    frame = backtest({(1, 2010): 1.0})
    verdict = champion_gate(frame, frame)
    assert not verdict.passes
    assert verdict.difference == 0.0
    assert "is not lower than" in verdict.words()


def test_first_horizon_decides() -> None:
    verdict = champion_gate(
        backtest({(1, 2010): 1.1, (3, 2010): 1.0}), backtest({(1, 2010): 1.0, (3, 2010): 9.0})
    )
    assert not verdict.passes
    assert [pair.horizon for pair in verdict.pairs.itertuples()] == [1, 3]


def test_only_common_rows_count_and_order_does_not() -> None:
    champion = backtest({(1, 2010): 1.0}, cities=20)
    challenger = backtest({(1, 2010): 0.9}, cities=20)
    challenger.loc[3, "forecast"] = float("nan")
    champion.loc[3, "forecast"] = 1000.0
    verdict = champion_gate(challenger.sample(frac=1, random_state=0), champion)
    assert verdict.passes
    assert verdict.champion_mae == pytest.approx(1.0)
    assert verdict.common_share == pytest.approx(0.95)


def test_a_newer_year_is_left_out_of_the_comparison() -> None:
    verdict = champion_gate(
        backtest({(1, 2010): 0.5, (1, 2011): 9.0}), backtest({(1, 2009): 9.0, (1, 2010): 1.0})
    )
    assert verdict.passes
    assert [pair.origin for pair in verdict.pairs.itertuples()] == [2010]


def test_too_few_common_rows_refuse_with_words() -> None:
    verdict = champion_gate(
        backtest({(1, 2010): 0.0}, cities=10), backtest({(1, 2010): 1.0}, cities=20)
    )
    assert not verdict.passes
    assert verdict.pairs.empty
    assert verdict.words() == (
        "not comparable: the models share 10 of 20 scored rows (50%), 90% are needed"
    )
    nothing = backtest({(1, 2010): 1.0}).iloc[:0]
    assert not champion_gate(nothing, nothing).passes


def test_other_outcomes_refuse_with_words() -> None:
    champion = backtest({(1, 2010): 1.0})
    challenger = backtest({(1, 2010): 0.5})
    challenger.loc[0, "truth"] += 0.01
    verdict = champion_gate(challenger, champion)
    assert not verdict.passes
    assert "the outcomes differ on 1 of 10 common rows" in verdict.words()


def test_frame_of_several_models_is_an_error() -> None:
    frame = backtest({(1, 2010): 1.0})
    with pytest.raises(InputError, match="backtest of the champion: city 0 2010, horizon 1, is"):
        champion_gate(frame, pd.concat([frame, frame]))


BEHIND = Behind("damped", 1, 12)


@pytest.mark.parametrize("decision", ["first", "lower"])
def test_a_naive_rule_that_is_ahead_stands_in_the_way(decision):
    verdict = Verdict(decision).against(BEHIND)
    assert not verdict.passes
    assert verdict.decision == "behind_naive"
    for language, word in (("en", "12 % above that of the best naive rule"), ("zh", "12%")):
        assert word in verdict.words(language)
        assert "nan" not in verdict.words(language)


@pytest.mark.parametrize("decision", ["not_lower", "same_recipe", "few_rows"])
def test_what_stays_challenger_anyhow_keeps_its_reason(decision):
    assert Verdict(decision).against(BEHIND).decision == decision
    assert Verdict("lower").against(None).passes


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
