"""Nowcasts at rolling origins: worth what releases tell, and blind to what comes later."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from city_resilience.errors import InputError
from city_resilience.evaluation.nowcast_scores import lone_cities
from city_resilience.evaluation.nowcasts import Rolls, check_early, roll_nowcasts
from city_resilience.experiment.outcome import Outcome
from early_panel import FIRST, make_panel, no_gap

OUTCOME = Outcome(variable="gdp_real", horizons=(1, 2))


def _errors(dataset, forecasts, horizon):
    return {
        origin: float(np.abs(values - dataset.truth(origin, horizon)).mean())
        for origin, values in forecasts[horizon].items()
    }


def test_a_release_lowers_the_error_of_its_members_by_far() -> None:
    made = make_panel()
    dataset, served = made.with_early(made.release()), no_gap(made.dataset)
    found = roll_nowcasts(dataset, served, OUTCOME)
    for horizon, most in ((1, 0.75), (2, 0.9)):
        before, after = (_errors(dataset, f, horizon) for f in (served, found.forecasts))
        late = [origin for origin in after if origin >= FIRST + 8]
        assert sum(after[o] for o in late) < most * sum(before[o] for o in late)


def test_with_the_provinces_shuffled_nothing_is_gained() -> None:
    changes = []
    for seed in range(6):
        made = make_panel(seed)
        shuffled = made.growth[np.random.default_rng(seed).permutation(5)]
        dataset, served = made.with_early(made.release(shuffled)), no_gap(made.dataset)
        found = roll_nowcasts(dataset, served, OUTCOME)
        before, after = (_errors(dataset, f, 1) for f in (served, found.forecasts))
        changes.append(np.mean([after[o] / before[o] - 1.0 for o in after]))
    assert np.mean(changes) > -0.02


def test_the_moves_of_the_releases_add_up_to_the_nowcast() -> None:
    made = make_panel()
    dataset, served = made.with_early(made.release()), no_gap(made.dataset)
    found = roll_nowcasts(dataset, served, OUTCOME)
    for horizon, by_origin in found.forecasts.items():
        for origin, values in by_origin.items():
            moves = sum(found.moved[horizon][origin].values(), np.zeros(len(values)))
            assert values == pytest.approx(served[horizon][origin] + moves, abs=1e-12)


def test_what_comes_after_an_origin_changes_none_of_its_nowcasts() -> None:
    made = make_panel()
    served = no_gap(made.dataset)
    whole = roll_nowcasts(made.with_early(made.release()), served, OUTCOME)
    origin = FIRST + 9
    rng = np.random.default_rng(1)
    outcome, growth = made.dataset.outcome.copy(), made.growth.copy()
    outcome[:, origin - FIRST + 1 :] = rng.uniform(1.0, 9.0, outcome[:, origin - FIRST + 1 :].shape)
    growth[:, origin - FIRST + 2 :] = rng.normal(0.0, 50.0, growth[:, origin - FIRST + 2 :].shape)
    poisoned = replace(made.dataset, outcome=outcome, early=(made.release(growth),))
    again = roll_nowcasts(poisoned, served, OUTCOME)
    for horizon in (1, 2):
        for early in (o for o in whole.forecasts[horizon] if o <= origin):
            assert np.array_equal(whole.forecasts[horizon][early], again.forecasts[horizon][early])
    later = whole.forecasts[1][origin + 2]
    assert not np.array_equal(later, again.forecasts[1][origin + 2])


def test_releases_about_one_group_are_alternatives_and_the_better_one_counts() -> None:
    made = make_panel()
    noise = np.random.default_rng(2).normal(0.0, 5.0, made.growth.shape)
    poor = made.release(noise, "poor")
    dataset, served = made.with_early(poor, made.release()), no_gap(made.dataset)
    found = roll_nowcasts(dataset, served, OUTCOME)
    late = [used for origin, used in found.used[1].items() if origin >= FIRST + 9]
    assert {own.release for used in late for own in used} == {"provinces"}
    assert found.live[1][0][0].release == "provinces"
    assert found.live[1][0][0].gain > 0.3


def test_intervals_stand_on_the_errors_of_the_releases_that_move_a_forecast():
    made = make_panel()
    ended = made.growth.copy()
    ended[:, 10:] = np.nan
    blurred = made.growth + np.random.default_rng(3).normal(0.0, 2.0, made.growth.shape)
    sharp, blunt = made.release(ended, "sharp"), made.release(blurred, "blunt")
    dataset, served = made.with_early(sharp, blunt), no_gap(made.dataset)
    rolls = Rolls(dataset, served, OUTCOME)
    late = FIRST + 12
    assert set(rolls.of(rolls.names).moved[1][late]) == {"blunt"}
    alone = roll_nowcasts(made.with_early(blunt), served, OUTCOME).forecasts[1]
    learnt = rolls.residuals(1, late)
    assert all(np.array_equal(values, alone[origin]) for origin, values in learnt.items())
    assert set(rolls.residuals(1, FIRST + 4)) == set(served[1])  # nothing is learnt yet
    assert set(rolls.kinds(1)) == {"sharp", "blunt"}
    past = [o for o in learnt if o <= FIRST + 8]
    errors = [_errors(dataset, {1: own}, 1) for own in (learnt, rolls.of(["sharp"]).forecasts[1])]
    assert np.mean([errors[0][o] for o in past]) > np.mean([errors[1][o] for o in past])


def test_without_a_figure_beyond_the_origin_there_is_no_nowcast() -> None:
    made = make_panel()
    growth = made.growth.copy()
    growth[:, FIRST + 9 - FIRST :] = np.nan
    found = roll_nowcasts(made.with_early(made.release(growth)), no_gap(made.dataset), OUTCOME)
    assert max(found.forecasts[1]) == FIRST + 7


def test_cities_that_a_release_tells_their_own_outcome_are_left_out_of_the_quoted_figure() -> None:
    made = make_panel()
    cities = made.dataset.cities
    lone = lone_cities(made.with_early(made.release()))
    assert lone == tuple(name for name in cities if name.startswith("A"))
    member = np.arange(len(cities))
    growth = np.full((len(cities), made.growth.shape[1]), np.nan)
    growth[[2, 7]] = 5.0
    early = replace(made.release(), group="city", levels=cities, member=member, growth=growth)
    assert lone_cities(made.with_early(early)) == (cities[2], cities[7])


def test_releases_go_with_the_growth_gap() -> None:
    made = make_panel()
    dataset = replace(made.with_early(made.release()), measure="relative_resistance")
    with pytest.raises(InputError, match="growth_gap and not of relative_resistance"):
        check_early(dataset)
