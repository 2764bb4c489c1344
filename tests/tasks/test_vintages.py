"""Each origin reads the panel of its day, and nothing of a later one."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from city_resilience.errors import InputError
from city_resilience.planted import as_printed
from city_resilience.reading.panel import Panel
from city_resilience.tasks.dataset import AsOf, build_dataset
from city_resilience.tasks.real_time import vintage_rows
from forecasting_inputs import (
    SCALED,
    panel_of,
    poisoned,
    scaled_panel,
    small_panel,
)
from vintage_inputs import (
    DELAY,
    ORIGINS,
    SIZES,
    asked,
    dataset_of,
    errors,
    gaps,
    published,
    vintage,
    vintages,
)


def assert_same_view(one: AsOf, other: AsOf) -> None:
    assert (one.origin, one.ids, one.families) == (other.origin, other.ids, other.families)
    np.testing.assert_array_equal(one.years, other.years)
    np.testing.assert_array_equal(one.outcome, other.outcome)
    np.testing.assert_array_equal(one.indicators, other.indicators)
    for horizon in (1, 2):
        np.testing.assert_array_equal(one.labels(horizon), other.labels(horizon))


def test_an_origin_sees_the_panel_that_was_out_on_its_day():
    dataset = dataset_of(vintages(), asked())
    for origin in ORIGINS:
        alone = build_dataset(vintage(origin), asked()).at(origin)
        assert_same_view(dataset.at(origin), alone)
    assert_same_view(dataset.at(2013), build_dataset(small_panel(), asked()).at(2013))


def test_weights_and_nations_are_those_of_the_panel_of_the_day():
    outcome = {**SCALED["per_head"], "horizons": [1], "publication_delay_days": DELAY}
    scaled = asked(outcome=outcome)
    panel = scaled_panel("per_head")
    off = panel.frame.assign(population=panel.frame["population"] * 1.1 ** (panel.frame.index % 3))
    dated = {published(origin): panel_of(off).truncate(origin) for origin in ORIGINS}
    nations = panel_of(small_panel().frame.assign(nation=small_panel().frame["region"]))
    grown = {published(origin): revised_of(nations, origin) for origin in ORIGINS}
    for chosen, newest, panels in ((scaled, panel, dated), (asked(), nations, grown)):
        dataset = dataset_of(panels, chosen, newest)
        for origin in (2007, 2011):
            alone = build_dataset(panels[published(origin)], chosen).at(origin)
            assert_same_view(dataset.at(origin), alone)
            assert not np.array_equal(
                dataset.at(origin).labels(1), build_dataset(newest, chosen).at(origin).labels(1)
            )


def revised_of(panel: Panel, origin: int) -> Panel:
    return panel_of(as_printed(panel.frame, origin, "gdp_real", SIZES, errors()))


def test_without_revisions_real_time_is_the_panel_cut_at_the_origin():
    dataset = dataset_of(vintages(sizes=()), asked())
    plain = build_dataset(small_panel(), asked())
    for origin in (*ORIGINS, 2013):
        assert_same_view(dataset.at(origin), plain.at(origin))


def test_a_panel_that_came_out_a_day_late_is_not_read():
    dated = vintages()
    late = published(2010) + dt.timedelta(10)
    dated[late] = dated.pop(published(2010))
    with pytest.raises(InputError, match=r"from 2010 is made on 2012-03-30.*up to 2009"):
        dataset_of(dated, asked())
    dated[published(2010) - dt.timedelta(30)] = vintage(2010)
    assert dataset_of(dated, asked()).vintage(2010).day == published(2010) - dt.timedelta(30)


def test_later_panels_change_nothing_that_an_earlier_origin_sees():
    dated = vintages()
    spoilt = {day: poisoned(own, 1999, seed=day.year) for day, own in dated.items()}
    mixed = {day: (dated if day <= published(2009) else spoilt)[day] for day in dated}
    before = dataset_of(dated, asked())
    after = dataset_of(mixed, asked(), poisoned(small_panel(), 1999, seed=9))
    for origin in range(2006, 2010):
        assert_same_view(before.at(origin), after.at(origin))
        for past in range(2005, origin):
            one, other = (own.truths(origin, [past], 1)[past] for own in (before, after))
            np.testing.assert_array_equal(one, other)
    assert not np.array_equal(before.at(2010).outcome, after.at(2010).outcome)


def test_a_vintage_may_hold_years_after_the_origin_and_they_are_not_seen():
    dated = vintages()
    dated[published(2009)] = vintage(2011)
    dataset = dataset_of(dated, asked())
    view = dataset.at(2009)
    assert view.outcome.shape[1] == 10
    assert_same_view(view, build_dataset(vintage(2011), asked()).at(2009))


def test_truth_is_the_newest_or_that_of_its_first_publication():
    newest, first = (
        dataset_of(vintages(), asked(evaluation={"first_origin": 2008, "truth": which}))
        for which in ("newest", "first")
    )
    for horizon in (1, 2):
        truth = gaps(small_panel(), 2008, 2008 + horizon)
        np.testing.assert_allclose(newest.truth(2008, horizon), truth, atol=1e-9)
        printed = gaps(vintage(2008 + horizon), 2008, 2008 + horizon)
        np.testing.assert_allclose(first.truth(2008, horizon), printed, atol=1e-9)
        assert np.abs(truth - printed).mean() > 1.0
    np.testing.assert_array_equal(newest.truth(2012, 1), first.truth(2012, 1))
    assert np.isnan(first.truth(2013, 1)).all()


def test_a_first_publication_without_earlier_panels_is_refused():
    with pytest.raises(InputError, match=r"first published is known from earlier panels alone"):
        dataset_of({}, asked(evaluation={"first_origin": 2008, "truth": "first"}))


def test_cities_and_indicators_are_those_of_the_newest_panel():
    gone, late = small_panel().cities[3], small_panel().cities[7]
    frame = small_panel().frame
    newest = panel_of(frame[frame["city"] != gone])

    def cut(panel: Panel) -> Panel:
        own = panel.frame
        return panel_of(own[own["city"] != late].drop(columns="college_students"))

    dated = {day: cut(panel) for day, panel in vintages().items()}
    dataset = dataset_of(dated, asked(), newest)
    view = dataset.at(2009)
    assert dataset.cities == tuple(newest.cities)
    assert view.ids == dataset.at(2013).ids
    assert np.isnan(view.outcome[dataset.cities.index(late)]).all()
    assert np.isnan(view.indicators[:, :, view.ids.index("students_per_10k")]).all()
    both = panel_of(vintage(2009).frame.query("city not in [@gone, @late]"))
    known = np.array([city != late for city in dataset.cities])
    np.testing.assert_allclose(
        dataset.truths(2009, [2008], 1)[2008][known], gaps(both, 2008, 2009), atol=1e-9
    )


def test_origins_before_the_oldest_panel_read_that_one_and_it_is_said():
    dated = {day: own for day, own in vintages().items() if day >= published(2009)}
    dataset = dataset_of(dated, asked())
    rows = vintage_rows(dataset, [2007, 2008, 2009, 2010, 2013]).set_index("origin")
    assert rows["real_time"].tolist() == [False, False, True, True, True]
    assert rows["vintage"].tolist() == [
        *(published(2009).isoformat(),) * 3,
        published(2010).isoformat(),
        "",
    ]
    assert_same_view(dataset.at(2007), build_dataset(vintage(2009), asked()).at(2007))


def test_what_was_revised_since_is_counted_by_origin():
    rows = vintage_rows(dataset_of(vintages(), asked()), [2008, 2013]).set_index("origin")
    cities = len(small_panel().cities)
    assert rows.loc[2008, "revised"] == 2 * cities
    assert rows.loc[2008, "outcomes"] == 9 * cities
    moved = np.abs(gaps(vintage(2008), 2007, 2008) - gaps(small_panel(), 2007, 2008)).mean()
    assert rows.loc[2008, "label_revision"] == pytest.approx(moved)
    assert rows.loc[2013, ["revised", "label_revision"]].tolist() == [0, 0.0]


def test_panels_of_other_places_or_measures_of_a_whole_panel_are_refused():
    frame = small_panel().frame
    foreign = panel_of(frame.assign(city="X" + frame["city"]))
    with pytest.raises(InputError, match="no city and year of the newest panel"):
        dataset_of({dt.date(2010, 1, 1): foreign}, asked())
    blank = replace(small_panel(), frame=frame.assign(gdp_real=np.nan))
    with pytest.raises(InputError, match="has the outcome of no year"):
        dataset_of({dt.date(2007, 1, 1): blank}, asked())
    windows = {"measure": "resistance", "windows": ["2004:2005:2006", "2008:2009:2010"]}
    chosen = asked(outcome={"horizons": [1], **windows})
    with pytest.raises(InputError, match="resistance is computed from one panel as a whole"):
        dataset_of({dt.date(2010, 1, 1): small_panel()}, chosen)
