"""Surprises of groups, and the slopes by which a nowcast passes them on."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from city_resilience.indicators.formulas.nation import SUM
from city_resilience.models.nowcast import Telling, fit_slopes, steps_of
from city_resilience.models.surprise import (
    KINDS,
    Told,
    adding_up_error,
    surprises,
    ways_of,
    years_told,
)
from early_panel import FIRST, SIZES, make_panel

ORIGIN = 2010


def _told(made, forecast=None, release=None, **more):
    release = release or made.release()
    view = made.with_early(release).at(ORIGIN)
    cities = len(view.outcome)
    forecast = np.zeros(cities) if forecast is None else forecast
    return surprises(view, view.early[0], forecast, 1, **more), view


def test_surprises_of_groups_add_up_to_nothing_by_their_shares() -> None:
    told, view = _told(make_panel())
    size = view.outcome[:, -1]
    assert abs(float((size * told.inputs[:, 0]).sum() / size.sum())) < 1e-12
    assert np.abs(told.inputs[:, 0]).max() > 0.5


def test_a_forecast_that_adds_up_leaves_no_surprise() -> None:
    made = make_panel()
    ahead = made.growth[:, ORIGIN - 2000 + 1][made.member]
    told, _ = _told(made, forecast=ahead)
    assert np.abs(told.inputs[:, 0]).max() < 1e-9


def test_a_city_that_is_its_own_province_is_told_its_own_outcome() -> None:
    made = make_panel()
    told, view = _told(made)
    alone = made.member == SIZES.index(1)
    assert set(told.kind[alone]) == {KINDS.index("alone")}
    assert set(told.kind[~alone]) == {KINDS.index("member")}
    truth = made.dataset.truth(ORIGIN, 1)
    size = view.outcome[:, -1]
    middle = float((size * made.growth[made.member, ORIGIN - 1999]).sum() / size.sum())
    assert told.inputs[alone, 0][0] == pytest.approx(
        made.growth[0, ORIGIN - 1999] - middle, abs=1e-9
    )
    assert told.inputs[alone, 0][0] == pytest.approx(truth[alone][0], abs=0.2)


def test_the_error_of_adding_up_is_the_mean_distance_from_the_members_sum() -> None:
    made = make_panel()
    noise = np.random.default_rng(3).normal(0.0, 2.0, made.growth.shape)
    view = made.with_early(
        made.release(name="same"),
        made.release(made.growth + 4.0, "shifted"),
        made.release(made.growth + noise, "other"),
    ).at(ORIGIN)
    same, shifted, other = (adding_up_error(view, own) for own in view.early)
    assert same == pytest.approx(0.0, abs=1e-9)
    assert shifted == pytest.approx(0.0, abs=1e-9)
    total = np.bincount(made.member, view.outcome[:, -1])
    past = noise[:, 1 : ORIGIN - FIRST + 1]
    slow = [
        abs(past[group, year] - np.average(past[:, year], weights=total))
        for group in range(len(SIZES))
        for year in range(past.shape[1])
    ]
    assert other == pytest.approx(float(np.mean(slow)))


def test_a_release_that_always_says_more_shows_its_error_of_adding_up() -> None:
    made = make_panel()
    bias = np.array([3.0, 0.0, 0.0, 0.0, 0.0])[:, None]
    plain, _ = _told(made)
    told, view = _told(made, release=made.release(made.growth + bias))
    size = view.outcome[:, -1]
    share = size[made.member == 0].sum() / size.sum()
    expected = np.where(made.member == 0, 3.0 * (1 - share), -3.0 * share)
    assert told.inputs[:, 1] == pytest.approx(-expected, abs=1e-9)
    assert told.inputs[:, 0] - plain.inputs[:, 0] == pytest.approx(expected, abs=1e-9)


def test_one_group_alone_tells_nothing() -> None:
    made = make_panel()
    growth = made.growth.copy()
    growth[1:] = np.nan
    told, _ = _told(made, release=made.release(growth))
    assert not told.known.any()


def test_a_wild_figure_is_clipped() -> None:
    made = make_panel()
    growth = made.growth.copy()
    growth[2, ORIGIN - 1999] += 400.0
    told, _ = _told(made, release=made.release(growth))
    sizes = np.unique(np.abs(told.inputs[:, 0]).round(9))
    assert (
        sizes.max()
        <= 6.0 * np.median([np.abs(told.inputs[made.member == k, 0][0]) for k in range(len(SIZES))])
        + 1e-9
    )
    assert sizes.max() < 400.0


def test_nominal_growth_may_count_by_its_order_alone() -> None:
    made = make_panel()
    release = replace(made.release(), nominal=True)
    told, view = _told(made, release=release, way="ranks")
    stretched = replace(made.release(made.growth * 7.0 + 1.0), nominal=True)
    again, _ = _told(made, release=stretched, way="ranks")
    assert ways_of(view.early[0]) == ("growth", "ranks")
    assert again.inputs[:, 0] == pytest.approx(told.inputs[:, 0], abs=1e-9)
    assert np.abs(told.inputs[:, 0]).max() > 0.1


def test_cities_that_report_early_tell_of_the_others_in_their_province() -> None:
    made = make_panel()
    dataset = made.dataset
    grown = np.full(dataset.outcome.shape, np.nan)
    grown[:, 1:] = 100.0 * np.diff(np.log(dataset.outcome), axis=1)
    grown[1::2, ORIGIN - 1999] = np.nan
    member = np.arange(len(dataset.cities))
    release = replace(
        made.release(), group="city", levels=dataset.cities, member=member, growth=grown
    )
    release = replace(release, published=np.ones_like(grown, dtype=np.int64))
    told, view = _told(made, release=release, province=made.member.astype(np.int64))
    quiet = (member % 2 == 1) & (made.member != 0)
    assert set(told.kind[quiet]) == {KINDS.index("neighbour")}
    inside = made.member == 2
    tellers = inside & (member % 2 == 0)
    mean = np.average(told.inputs[tellers, 0], weights=view.outcome[tellers, -1])
    assert told.inputs[quiet & inside, 0] == pytest.approx(mean)


def test_slopes_are_recovered_by_kind_and_never_negative() -> None:
    rng = np.random.default_rng(0)
    past = []
    for _ in range(6):
        kind = np.repeat([0, 1], 40)
        inputs = rng.normal(size=(80, 2))
        slope = np.where(kind == 0, 1.0, 0.6)
        past.append((Told(inputs, kind), slope * inputs[:, 0] - 0.5 * inputs[:, 1]))
    slopes = fit_slopes(("r", "growth"), past)
    assert slopes is not None
    assert slopes.by_kind["alone"][0] > slopes.by_kind["member"][0] > 0.4
    assert min(min(pair) for pair in slopes.by_kind.values()) >= 0.0


def test_one_origin_is_too_few_to_learn_from() -> None:
    told = Told(np.ones((5, 2)), np.ones(5, dtype=np.int64))
    assert fit_slopes(("r", "growth"), [(told, np.ones(5))]) is None


def test_years_are_told_until_the_first_hole() -> None:
    made = make_panel()
    growth = made.growth.copy()
    growth[:, ORIGIN - 2000 + 3] = np.nan
    late = replace(made.dataset, delay_days=365 * 8, early=(made.release(growth),))
    assert years_told(late.at(ORIGIN).early[0]) == 2


def test_a_longer_horizon_is_told_what_was_told_of_the_published_years() -> None:
    made = make_panel()
    view = made.with_early(made.release()).at(ORIGIN)
    telling = Telling(view, made.member.astype(np.int64))
    (alternatives,) = steps_of(view.early)
    cities = len(view.outcome)
    first = telling.of(1, 0, alternatives[0], np.zeros(cities))
    second = telling.of(2, 0, alternatives[0], np.full(cities, 9.0))
    assert first is not None
    assert second is first


def test_surprises_are_those_of_the_own_nation() -> None:
    """Two countries, one of which grows by 4 points more: that is no surprise of a province."""
    made = make_panel()
    nation = np.where(made.member < 3, "A", "B")
    faster = np.where(nation == "B", 4.0, 0.0)[:, None] * np.arange(len(made.dataset.years)) / 100
    dataset = replace(
        made.dataset,
        outcome=made.dataset.outcome * np.exp(faster),
        nation=made.dataset.nation.within(nation),
    )
    growth = made.growth + np.where(np.arange(len(SIZES)) < 3, 0.0, 4.0)[:, None]
    view = replace(dataset, early=(made.release(growth),)).at(ORIGIN)
    told = surprises(view, view.early[0], np.zeros(len(nation)), 1)
    size = view.outcome[:, -1]
    for name in "AB":
        own = nation == name
        assert abs(float((size * told.inputs[:, 0])[own].sum())) < 1e-9
        alone = replace(made.dataset, outcome=dataset.outcome[own], nation=SUM)
        release = made.release(growth)
        release = replace(release, member=release.member[own])
        indicators = replace(alone.indicators, values=alone.indicators.values[own])
        alone = replace(alone, indicators=indicators, early=(release,)).at(ORIGIN)
        again = surprises(alone, alone.early[0], np.zeros(int(own.sum())), 1)
        np.testing.assert_array_equal(told.inputs[own], again.inputs)
