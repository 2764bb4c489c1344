"""The model card tells from which data a model comes, how well it forecasts, and its limits."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bundle_inputs import small_experiment, small_forecaster, small_panel
from city_resilience.models.forecaster import Forecaster
from city_resilience.report.card import model_card


@pytest.fixture(scope="module")
def forecaster(tmp_path_factory: pytest.TempPathFactory) -> Forecaster:
    return small_forecaster(small_panel(tmp_path_factory.mktemp("panel")))


def test_card_states_data_scores_and_simulation(forecaster: Forecaster) -> None:
    empty = dict.fromkeys(("skill_history", "difference_history", "difference_low"))
    common = {"n": 30, "rank_correlation": 0.5, "difference_high": None, **empty}
    skill = [
        {"model": "blend", "mae": 1.25, "skill_naive": 0.1667, **common},
        {"model": "last", "mae": 1.5, "skill_naive": None, **common},
    ]
    periods = {
        "models": ["blend", "zero", "last"],
        "rows": [
            {
                "first": first,
                "last": last,
                "recent": code != "ahead",
                "years": 4,
                "mae": [mae, 1.65, None],
                "standing": {
                    "code": code,
                    "rule": "zero",
                    "mae": mae,
                    "mae_rule": 1.65,
                    "skill": 1 - mae / 1.65,
                    "wins": wins,
                },
            }
            for first, last, code, mae, wins in (
                (2004, 2007, "ahead", 1.1, 4),
                (2008, 2011, "level", 1.64, 2),
            )
        ],
    }
    parts = {"1": {"skill": skill, "periods": periods}}
    card = model_card(forecaster, {"by_horizon": parts}, "30 cities, 2000-2013")
    assert card.startswith("# Model card: A small simulated panel\n\n> **SIMULATED DATA.**")
    assert "- Licence: Apache-2.0\n" in card
    assert "- Panel: 30 cities, 2000-2013\n" in card
    assert f"`{forecaster.fingerprint}`" in card
    weights = "xgboost on recent years 0.300, ridge on ranks 0.500, extra trees 0.200\n"
    assert f"columns; weights: {weights}- h = 2: added to h = 1; " in card
    assert "|---|\n| the blend | 1 | 30 | 1.250 | 0.500 | +16.7 % | – | – | – | – |\n" in card
    assert "| last gap | 1 | 30 | 1.500 | 0.500 | – |" in card
    assert "Not evaluated" not in card
    assert (
        "| h (years) | Origins | the blend | no gap | last gap | Skill | Better in | Ahead |\n"
        in card
    )
    assert "| 1 | 2004–2007 | 1.100 | 1.650 | – | +33.3 % | 4 of 4 | the blend |\n" in card
    assert "| 1 | 2008–2011 | 1.640 | 1.650 | – | +0.6 % | 2 of 4 | level |\n" in card
    assert (
        "**h = 1:** Since 2008 the forecast is not clearly better than “no gap” (mean error 1.64"
        in card
    )


def test_card_without_scores_says_so() -> None:
    real = small_experiment(data={"source": "yearbook", "licence": "CC BY 4.0"})
    forecaster = Forecaster(real, 2013, ("a",), {}, "f00")
    card = model_card(forecaster)
    assert "SIMULATED" not in card
    assert "Not evaluated" in card
    assert "- Source: yearbook" in card
    assert card.endswith("is not covered.\n")


def test_card_says_what_a_place_is_called_and_compared_with() -> None:
    counties = Forecaster(small_experiment(noun="county"), 2013, ("a",), {}, "f00")
    summary = {"by_horizon": {}, "measure": {"nation": "mean_growth"}}
    card = model_card(counties, summary)
    assert "Sign: above 0: grew faster than the mean growth of all counties" in card
    assert "- Training counties: 1\n" in card


def test_card_says_at_which_share_of_its_size_a_horizon_is_taken(forecaster: Forecaster) -> None:
    horizons = {
        h: replace(own, slope=0.618 if h == 1 else 1.0) for h, own in forecaster.horizons.items()
    }
    card = model_card(replace(forecaster, horizons=horizons))
    said = "taken at 62 % of its size, because that is what the last origins deserved"
    assert card.count(said) == 1
    assert f"extra trees 0.200; {said}\n- h = 2" in card


def test_card_says_how_far_scores_are_in_real_time(forecaster: Forecaster) -> None:
    limits = (
        "- Drivers are associated with the forecast; they do not say what would raise resilience."
    )
    plain = model_card(forecaster)
    assert f"origin, but in the data as revised since.\n{limits}\n" in plain
    part = {"origins": 3, "in_time": 2, "revised": 0.25, "revision": 1.5, "errors": 0}
    card = model_card(forecaster, {"by_horizon": {}, "vintages": part})
    told = "each origin, in the figures of its day. Real time: 2 of 3 scored origins read the panel"
    assert told in card
    assert f"1.50 pp off on average.\n{limits}\n" in card
