"""An origin sees of an early release what was published by the day of its forecast, no more."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from city_resilience.errors import InputError
from city_resilience.experiment.early import Release
from city_resilience.experiment.load import load_experiment
from city_resilience.reading.early import EarlyRelease
from city_resilience.reading.panel import Panel
from city_resilience.reading.read import read_panel
from city_resilience.reading.release_file import read_release
from city_resilience.tasks.dataset import AsOf, Dataset, build_dataset
from city_resilience.tasks.early import available_from, early_at, notices_at
from early_inputs import published_dates, release_frame, release_of
from forecasting_inputs import experiment, poisoned, small_panel
from places import CITIES, ROOT, SHARED

PANEL = small_panel()
FRAME = release_frame(PANEL)
NEWEST, DELAY = 2013, 90
RELEASE_FILE = "china_provinces/early_release.csv"


def dataset(
    frame: pd.DataFrame = FRAME, as_of: dt.date | None = None, panel: Panel = PANEL, **keys: object
) -> Dataset:
    release = release_of(panel, frame, **keys)
    return build_dataset(panel, experiment(), early=(release,), as_of=as_of)


def figure(frame: pd.DataFrame, province: str, year: int) -> float:
    row = frame[(frame["province"] == province) & (frame["year"] == year)]
    return float(100 * np.log1p(row["growth"].iloc[0] / 100))


def assert_same_view(one: AsOf, other: AsOf) -> None:
    for own, their in zip(one.early, other.early, strict=True):
        np.testing.assert_array_equal(own.past, their.past)
        np.testing.assert_array_equal(own.beyond, their.beyond)
        assert own.levels == their.levels
    np.testing.assert_array_equal(one.outcome, other.outcome)


@pytest.mark.parametrize("origin", [2006, 2010, NEWEST])
def test_each_city_is_told_the_growth_of_its_province_one_year_ahead(origin):
    view = dataset().at(origin)
    (early,) = view.early
    assert early.past.shape == (20, len(view.years))
    assert early.beyond.shape == (20, 1)
    for city, province in enumerate(PANEL.slices()["province"]):
        assert early.ahead(1)[city] == pytest.approx(figure(FRAME, province, origin + 1))
        assert early.history()[city, -1] == pytest.approx(figure(FRAME, province, origin))
    assert np.isnan(early.ahead(2)).all()
    assert np.isnan(early.history()[:, 0]).all()


@pytest.mark.parametrize(
    ("as_of", "ahead"),
    [
        (None, 1),
        (available_from(NEWEST, DELAY), 1),
        (dt.date(2015, 2, 14), 1),
        (dt.date(2015, 2, 13), 0),
        (dt.date(2016, 2, 14), 2),
        (dt.date(2014, 1, 1), 0),
    ],
)
def test_the_day_of_the_forecast_decides_and_is_as_far_from_every_origin(as_of, ahead):
    whole = dataset(as_of=as_of)
    day = as_of or available_from(NEWEST, DELAY)
    assert whole.day(NEWEST) == day
    for origin in range(2004, NEWEST + 1):
        expected = day.replace(year=day.year - NEWEST + origin)
        assert abs((whole.day(origin) - expected).days) <= (day.month > 2)
        assert whole.at(origin).early[0].beyond.shape[1] == ahead


def test_a_day_on_which_the_newest_year_was_not_over_is_refused():
    with pytest.raises(InputError, match=r"--as-of 2013-12-31: the panel has the outcome of 2013"):
        dataset(as_of=dt.date(2013, 12, 31))


def test_a_day_long_after_the_newest_year_is_refused():
    with pytest.raises(
        InputError, match="--as-of 9999-12-31: more than 10 years after the outcome"
    ):
        dataset(as_of=dt.date(9999, 12, 31))


def test_dates_of_publication_decide_figure_by_figure():
    dated = published_dates(FRAME, month=3, day=1)
    late = dated["province"].isin(["Ardeth", "Borwyn"])
    dated.loc[late, "published"] = [f"{year + 1}-09-01" for year in dated.loc[late, "year"]]
    (early,) = dataset(dated, date="published").at(2010).early
    known = np.isfinite(early.beyond[:, 0])
    assert [name for name, on in zip(early.levels, known, strict=True) if not on] == [
        "Ardeth",
        "Borwyn",
    ]
    assert np.isfinite(early.past[:, 1:]).all()


@pytest.mark.parametrize("origin", [2006, 2010])
@pytest.mark.parametrize("as_of", [None, dt.date(2015, 1, 10), dt.date(2016, 3, 1)])
def test_cutting_off_what_was_not_published_changes_no_view(origin, as_of):
    dated = published_dates(FRAME)
    day = dataset(dated, as_of, date="published").day(origin)
    whole = dataset(dated, as_of, date="published").at(origin)
    out = pd.to_datetime(dated["published"]) <= pd.Timestamp(day)
    assert 0 < out.sum() < len(dated)
    assert_same_view(whole, dataset(dated[out], as_of, date="published").at(origin))


@pytest.mark.parametrize("origin", [2006, 2010])
@pytest.mark.parametrize("kind", ["growth", "level"])
def test_garbage_in_what_was_not_published_changes_no_view(origin, kind):
    frame = FRAME
    if kind == "level":
        rise = 1 + frame["growth"] / 100
        first = 50.0 * (1 + frame["province"].rank(method="dense"))
        frame = frame.assign(growth=rise.groupby(frame["province"]).cumprod() * first)
    whole = dataset(frame, kind=kind).at(origin)
    rng = np.random.default_rng(3)
    later = frame["year"] > origin + 1
    garbage = frame.copy()
    garbage.loc[later, "growth"] *= rng.uniform(0.5, 2.0, int(later.sum()))
    assert np.isfinite(whole.early[0].ahead(1)).all()
    assert_same_view(whole, dataset(garbage, kind=kind).at(origin))


def test_what_the_cities_do_after_the_origin_changes_no_view():
    origin = 2009
    spoilt = poisoned(PANEL, origin)
    assert_same_view(dataset().at(origin), dataset(panel=spoilt).at(origin))
    cut = PANEL.truncate(origin)
    assert_same_view(dataset().at(origin), dataset(panel=cut).at(origin))


def test_the_view_follows_the_groups_and_not_the_order_of_rows():
    release = release_of(PANEL, FRAME)
    order = np.random.default_rng(1).permutation(len(release.levels))
    moved = np.argsort(order)
    shuffled = replace(
        release,
        levels=tuple(release.levels[at] for at in order),
        member=moved[release.member],
        growth=release.growth[order],
        published=release.published[order],
    )
    (one,), (other,) = (
        build_dataset(PANEL, experiment(), early=(each,)).at(2010).early
        for each in (release, shuffled)
    )
    np.testing.assert_array_equal(one.ahead(1), other.ahead(1))
    np.testing.assert_array_equal(one.history(), other.history())


def test_figures_published_after_the_day_are_named_and_not_used():
    release, day = release_of(PANEL, FRAME), dt.date(2015, 1, 10)
    assert list(notices_at([release], NEWEST, day)) == [
        "early.x: 20 figures of 2014 are published from 2015-02-14 on, after the day of the "
        "forecast, 2015-01-10, and are not used",
        "early.x: 20 figures of 2015 are published from 2016-02-14 on, after the day of the "
        "forecast, 2015-01-10, and are not used",
    ]


def test_a_release_that_ends_before_the_origin_is_named():
    release = release_of(PANEL, FRAME[FRAME["year"] <= 2012])
    (said,) = notices_at([release], NEWEST, available_from(NEWEST, DELAY))
    assert said == (
        "early.x: it ends in 2012, and the panel has the outcome of 2013 already, so it says "
        "nothing new; bring its next figures"
    )
    view = build_dataset(PANEL, experiment(), early=(release,)).at(NEWEST).early[0]
    assert view.beyond.shape == (20, 0)
    assert np.isnan(view.ahead(1)).all()


def test_years_that_a_release_does_not_reach_are_unknown():
    release = EarlyRelease(
        name="x",
        group="nation",
        levels=("",),
        member=np.zeros(3, dtype=np.intp),
        years=np.array([2005, 2006], dtype=np.int64),
        growth=np.array([[1.0, 2.0]]),
        published=np.array([[dt.date(2006, 2, 1).toordinal(), 0]]),
    )
    (view,) = early_at([release], np.arange(2000, 2005), dt.date(2009, 1, 1))
    assert np.isnan(view.past).all()
    assert view.beyond.tolist() == [[1.0]]


@pytest.mark.real_data(CITIES, RELEASE_FILE)
def test_the_cities_of_china_are_told_the_real_growth_of_their_provinces():
    chosen = load_experiment(ROOT / "experiments/china_prefecture/experiment.toml")
    panel = read_panel(SHARED / CITIES, chosen.data, outcome=chosen.outcome)
    column = "real_gdp_index_previous_year_100"
    settings = Release(group="province", column=column, kind="index")
    release = read_release("provinces", settings, SHARED / RELEASE_FILE, panel, chosen.data)
    assert release.notes == ()
    facts = build_dataset(panel, chosen, early=(release,))
    file = pd.read_csv(SHARED / RELEASE_FILE).set_index(["province", "year"])[column]
    province = facts.groups["province"]
    assert len(province) == 296
    for origin in range(2010, 2019):
        told = facts.at(origin).early[0].ahead(1)
        published = np.array([file[name, origin + 1] for name in province])
        np.testing.assert_allclose(told, 100 * np.log(published / 100))
