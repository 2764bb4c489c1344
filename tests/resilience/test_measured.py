"""A panel measured over windows: columns, reasons counted, extremes, and what is refused."""

import numpy as np
import pandas as pd
import pytest

from audit_inputs import panel_of
from city_resilience.catalogue.industries import industry_ids
from city_resilience.errors import InputError
from city_resilience.indicators.formulas.composite import FittedComposite
from city_resilience.reading.panel import Panel
from city_resilience.resilience import measures
from city_resilience.resilience.growth import pair_rules
from city_resilience.resilience.measure_panel import measure_panel
from city_resilience.resilience.measures import MEASURES, measure_of
from city_resilience.resilience.reasons import REASONS, measured
from city_resilience.resilience.summaries import count_reasons, extremes, resistance_and_recovery
from city_resilience.resilience.window import Window

NAN = np.nan
FIRST = 2004
YEARS = 10
SHOCK = Window(2008, 2009, 2011)
INDUSTRIES = list(industry_ids("manufacturing", "ict", "trade"))


def levels(seed: int, cities: int = 12) -> np.ndarray:
    rng = np.random.default_rng(seed)
    growth = 0.06 + rng.normal(0, 0.03, (cities, YEARS))
    growth[:, 5] -= 0.12  # the shock of 2009
    return np.exp(rng.normal(4, 1, (cities, 1)) + np.cumsum(growth, axis=1))


@pytest.fixture
def values() -> dict[str, np.ndarray]:
    staff = {name: levels(seed) for seed, name in enumerate(INDUSTRIES, 1)}
    return {"gdp_real": levels(0), "employment": sum(staff.values()), **staff}


@pytest.fixture
def panel(values) -> Panel:
    return panel_of(values, first=FIRST)


def everything(panel, windows=(SHOCK,), **options):
    names = [name for name in MEASURES if name != "composite"]
    return measure_panel(panel, "gdp_real", names, windows, **options)


@pytest.mark.parametrize("text", ["2008:2009", "2008:2009:2011"])
def test_a_window_reads_back_as_it_is_written(text):
    assert str(Window.parse(text)) == text


@pytest.mark.parametrize(
    "text", ["2008", "2008-2009", "08:09", "2008:2009:", "2008:2009:2010:2011"]
)
def test_a_window_of_another_form_is_refused(text):
    with pytest.raises(InputError, match="expected START:END"):
        Window.parse(text)


@pytest.mark.parametrize("text", ["2009:2008", "2008:2008", "2008:2009:2009", "2008:2011:2010"])
def test_a_window_whose_years_do_not_rise_is_refused(text):
    with pytest.raises(InputError, match=f"window {text}: its years must rise"):
        Window.parse(text)


def test_what_a_measure_says_of_its_years():
    years = {
        name: tuple(getattr(SHOCK, year) for year in measure.timing.years)
        for name, measure in MEASURES.items()
    }
    assert years["growth_gap"] == years["resistance"] == (2008, 2009)
    assert years["recovery"] == (2009, 2011)
    assert years["quadrant"] == (2008, 2009, 2011)
    assert years["trend_deviation"] == (2008, 2009)
    known = {name: measure.known_from(SHOCK) for name, measure in MEASURES.items()}
    assert (known["resistance"], known["recovery"], known["quadrant"]) == (2009, 2011, 2011)
    assert known["time_to_recover"] is None
    assert MEASURES["growth_gap"].known_from(Window(2010, 2013)) == 2013
    assert MEASURES["recovery"].known_from(Window(2010, 2013)) is None


def test_a_forecast_of_a_measure_stands_on_the_year_before_it_begins():
    origins = {name: measure.stands_on(SHOCK) for name, measure in MEASURES.items()}
    assert origins.pop("recovery") == 2009
    assert set(origins.values()) == {2008}


def test_a_measure_in_a_unit_of_its_own_is_one_entry(panel, monkeypatch):
    def percent(start, end, floor, gone, nation):
        return measured(100.0 * (end / start - 1), *pair_rules(start, end, gone))

    made = measures.Measure("growth", "%", "grew", "growth", "增长", *measures.both_forms(percent))
    monkeypatch.setitem(measures._BY_ID, made.id, made)
    frame = measure_panel(panel, "gdp_real", ["growth"], [SHOCK])
    level = panel.grid().values["gdp_real"]
    expected = 100.0 * (level[:, 5] / level[:, 4] - 1)
    np.testing.assert_array_equal(frame["growth"], expected)
    np.testing.assert_array_equal(measure_of("growth").label(level, 1)[:, 4], expected)
    assert (made.kind, made.mark, made.unit_words) == ("horizon", "%", "%")


def test_one_row_per_city_and_window_with_a_value_or_a_reason_for_every_measure(panel):
    windows = (SHOCK, Window(2009, 2012), Window(2012, 2013, 2015), Window(2012, 2015))
    frame = everything(panel, windows)
    assert len(frame) == 12 * 4
    assert not frame.duplicated(["city", "window"]).any()
    for name, measure in MEASURES.items():
        if name == "composite":
            continue
        known = frame[f"{name}_reason"] == ""
        has = (frame[name] != "") if measure.categories else frame[name].notna()
        pd.testing.assert_series_equal(has, known, check_names=False)
        assert set(frame[f"{name}_reason"]) <= set(REASONS)
    by_window = frame.set_index("window")
    assert set(by_window.loc["2009:2012", "recovery_reason"]) == {"no_recovery_window"}
    assert set(by_window.loc["2012:2013:2015", "recovery_reason"]) == {"not_yet"}
    assert set(by_window.loc["2012:2015", "growth_gap_reason"]) == {"not_yet"}
    assert by_window.loc["2009:2012", "recovery_end"].isna().all()


def test_numbers_by_hand_in_the_frame():
    panel = panel_of(
        {"gdp_real": np.array([[100.0, 99.0, 104.0], [100.0, 95.0, 98.0]])}, first=2008
    )
    frame = measure_panel(
        panel, "gdp_real", ["resistance", "recovery", "quadrant"], [Window(2008, 2009, 2010)]
    )
    # The nation: 200, 194, 202, that is -3 % and +4.124 %.
    np.testing.assert_allclose(frame["resistance"], [2 / 3, -2 / 3], rtol=1e-12)
    np.testing.assert_allclose(frame["recovery"], [5 / 99 * 194 / 8 - 1, 3 / 95 * 194 / 8 - 1])
    assert frame["quadrant"].tolist() == ["resistant, recovered", "not resistant, not recovered"]
    gap = 100 * np.log(np.array([0.99, 0.95]) * 200 / 194)
    np.testing.assert_allclose(frame["growth_gap_pp"], gap, rtol=1e-12)
    gap = 100 * np.log(np.array([104 / 99, 98 / 95]) * 194 / 202)
    np.testing.assert_allclose(frame["recovery_growth_gap_pp"], gap, rtol=1e-12)


def test_the_gap_in_points_stands_beside_ratios_and_only_there(panel):
    assert "growth_gap_pp" in measure_panel(panel, "gdp_real", ["sensitivity"], [SHOCK])
    assert "growth_gap_pp" not in measure_panel(panel, "gdp_real", ["trend_deviation"], [SHOCK])
    frame = measure_panel(panel, "gdp_real", ["growth_gap", "relative_resistance"], [SHOCK])
    np.testing.assert_array_equal(frame["growth_gap"], frame["growth_gap_pp"])
    label = MEASURES["growth_gap"].label(panel.grid().values["gdp_real"], 1)
    np.testing.assert_array_equal(frame["growth_gap"], label[:, 2008 - FIRST])


def test_a_still_nation_leaves_the_gap_and_says_why_the_ratio_is_gone():
    start = np.array([[1000.0], [10.0]])
    panel = panel_of({"gdp_real": start * np.array([[1, 1.004], [1, 0.93]])}, first=2008)
    frame = measure_panel(panel, "gdp_real", ["resistance"], [Window(2008, 2009)])
    assert frame["resistance_reason"].tolist() == ["nation_still"] * 2
    assert frame["growth_gap_pp"].notna().all()
    lower = measure_panel(panel, "gdp_real", ["resistance"], [Window(2008, 2009)], floor=0.001)
    assert lower["resistance"].notna().all()


def test_employment_and_output_that_disagree_in_sign_are_both_reported():
    output = np.array([[100.0, 108.0], [100.0, 102.0]])
    staff = np.array([[50.0, 49.0], [50.0, 53.0]])
    panel = panel_of({"gdp_real": output, "employment": staff}, first=2008)
    frames = {
        name: measure_panel(panel, name, ["resistance"], [Window(2008, 2009)])
        for name in ("gdp_real", "employment")
    }
    np.testing.assert_allclose(frames["gdp_real"]["resistance"], [0.6, -0.6], rtol=1e-12)
    np.testing.assert_allclose(frames["employment"]["resistance"], [-2.0, 2.0], rtol=1e-12)


def test_a_city_that_vanishes_is_named_and_moves_nobody_else(values):
    whole = everything(panel_of(values, first=FIRST))
    fewer = everything(panel_of({k: v[1:] for k, v in values.items()}, first=FIRST))
    gone = {k: v.copy() for k, v in values.items()}
    for array in gone.values():
        array[0, 2009 - FIRST :] = NAN
    frame = everything(panel_of(gone, first=FIRST))
    reasons = frame.loc[0, [c for c in frame if c.endswith("_reason")]]
    assert set(reasons) == {"vanished", "no_industries"}
    numbers = whole.select_dtypes("number").columns
    np.testing.assert_array_equal(frame.loc[1:, numbers], fewer[numbers])


def test_real_output_is_nominal_output_over_its_deflator(values):
    prices = np.broadcast_to(1.04 ** np.arange(YEARS), (12, YEARS)).copy()
    prices[3, 2009 - FIRST] = 0.0
    columns = {**values, "gdp_nominal": values["gdp_real"] * prices, "gdp_deflator": prices}
    panel = panel_of(columns, first=FIRST)
    real = measure_panel(panel, "gdp_real", ["resistance", "trend_deviation"], [SHOCK])
    deflated = measure_panel(
        panel,
        "gdp_nominal",
        ["resistance", "trend_deviation"],
        [SHOCK],
        deflator="gdp_deflator",
    )
    assert deflated.loc[3, "resistance_reason"] == "no_end"
    others = deflated.index != 3
    np.testing.assert_allclose(
        deflated.loc[others, "trend_deviation"], real.loc[others, "trend_deviation"], atol=1e-9
    )


def test_effects_add_up_city_by_city_and_the_mix_explains_the_resistance(panel, values):
    names = ["structure_effect", "agency_effect", "resistance"]
    options = {"counterfactual": "industry_mix", "industries": INDUSTRIES}
    frame = measure_panel(panel, "employment", names, [SHOCK], **options)
    start, end = (values["employment"][:, year - FIRST] for year in (2008, 2009))
    nation = (end.sum() - start.sum()) / start.sum()
    total = frame["structure_effect"] + frame["agency_effect"]
    np.testing.assert_allclose(total, end - start - nation * start, atol=1e-10)
    expected = nation * start + frame["structure_effect"]
    np.testing.assert_allclose(
        frame["resistance"] * expected.abs(), frame["agency_effect"], atol=1e-10
    )
    same = measure_panel(panel, "employment", names, [SHOCK], counterfactual="industry_mix")
    pd.testing.assert_frame_equal(frame, same)


def test_shuffled_rows_measure_the_same(panel):
    frame = panel.frame.sample(frac=1, random_state=5).reset_index(drop=True)
    shuffled = Panel(frame, panel.variables, panel.groups, panel.notes, panel.source)
    pd.testing.assert_frame_equal(everything(shuffled), everything(panel))


def test_a_later_year_changes_no_measure_of_a_window_that_is_over(panel):
    measured = [n for n in MEASURES if n not in ("composite", "time_to_recover")]
    for windows in ([SHOCK], [SHOCK, Window(2007, 2008)]):
        whole = measure_panel(panel, "gdp_real", measured, windows)
        cut = measure_panel(panel.truncate(2011), "gdp_real", measured, windows)
        pd.testing.assert_frame_equal(whole, cut)


def test_composite_at_the_end_and_at_the_start(panel):
    grid = panel.grid()
    stacked = np.stack([grid.values[name] for name in INDUSTRIES])
    stacked[0, 4, 5] = NAN
    index = FittedComposite.fit(stacked[:, :, :5], components=INDUSTRIES, complete=True)
    frame = measure_panel(
        panel, "gdp_real", ["composite"], [SHOCK, Window(2012, 2020)], composite=index
    )
    scores = index.apply(np.stack([grid.values[name] for name in INDUSTRIES]))
    np.testing.assert_array_equal(frame["composite"][:12], scores[:, 2009 - FIRST])
    np.testing.assert_array_equal(frame["composite_start"][:12], scores[:, 2008 - FIRST])
    assert set(frame["composite_reason"][12:]) == {"not_yet"}
    with pytest.raises(InputError, match="needs a fitted composite"):
        measure_panel(panel, "gdp_real", ["composite"], [SHOCK])


def test_reasons_are_counted_so_that_they_add_up_to_all_cities(values):
    values["gdp_real"][0, 2009 - FIRST :] = NAN
    values["gdp_real"][1, 2008 - FIRST] = NAN
    counted = count_reasons(everything(panel_of(values, first=FIRST), [SHOCK, Window(2010, 2012)]))
    assert (counted.groupby(["measure", "window"])["cities"].sum() == 12).all()
    one = counted.query("measure == 'resistance' and window == '2008:2009:2011'")
    assert dict(zip(one["reason"], one["cities"], strict=True)) == {
        "": 10,
        "no_start": 1,
        "vanished": 1,
    }
    with pytest.raises(InputError, match="give a frame of measure_panel"):
        count_reasons(pd.DataFrame({"window": []}))


def test_most_and_least_resistant_cities(panel):
    frame = everything(panel)
    found = extremes(frame, "resistance", "2008:2009:2011", most=3)
    ordered = frame.sort_values("resistance", ascending=False)["city"].tolist()
    assert found["city"].tolist() == [*ordered[:3], *ordered[:-4:-1]]
    assert found["side"].tolist() == ["most"] * 3 + ["least"] * 3
    assert found["rank"].tolist() == [1, 2, 3, 1, 2, 3]
    assert len(extremes(frame, "resistance", "2008:2009:2011", most=99)) == 12
    with pytest.raises(InputError, match="it has 2008:2009:2011"):
        extremes(frame, "resistance", "2019:2020")
    with pytest.raises(InputError, match="'quadrant' is not a number"):
        extremes(frame, "quadrant", "2008:2009:2011")


def test_correlation_of_resistance_and_recovery_against_scipy(panel):
    from scipy import stats

    frame = everything(panel, [SHOCK, Window(2006, 2007)])
    found = resistance_and_recovery(frame).set_index("window")
    one = frame[frame["window"] == str(SHOCK)]
    pair = one["resistance"], one["recovery"]
    assert found.loc[str(SHOCK), "n"] == 12
    assert found.loc[str(SHOCK), "pearson"] == pytest.approx(stats.pearsonr(*pair).statistic)
    assert found.loc[str(SHOCK), "spearman"] == pytest.approx(stats.spearmanr(*pair).statistic)
    assert found.loc["2006:2007", "n"] == 0
    assert np.isnan(found.loc["2006:2007", "pearson"])
    with pytest.raises(InputError, match="'recovery' is not in the frame"):
        resistance_and_recovery(frame.drop(columns="recovery"))


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"outcome": "gdp_rael"}, r"outcome 'gdp_rael' is not a column; nearest: 'gdp_real'"),
        ({"measures": ["hp_trend"]}, "'hp_trend' is refused"),
        ({"measures": []}, "nothing to measure"),
        ({"windows": []}, "nothing to measure"),
        ({"windows": [Window(1998, 2009)]}, "window 1998:2009.*2004-2013"),
        ({"floor": 1.0}, "floor 1.0: expected a fraction"),
        ({"counterfactual": "mix"}, "'mix': choose among plain, industry_mix"),
        ({"deflator": "cpi"}, "deflator 'cpi' is not a column"),
        ({"measures": ["agency_effect"], "industries": []}, "no column of employment by industry"),
        ({"measures": ["agency_effect"], "industries": ["ict"]}, "industry 'ict' is not a column"),
        ({"counterfactual": "industry_mix"}, "must share one unit"),
    ],
)
def test_bad_requests_are_named(panel, changes, message):
    request = {
        "outcome": "gdp_real",
        "measures": ["resistance"],
        "windows": [SHOCK],
        **changes,
    }
    with pytest.raises(InputError, match=message):
        measure_panel(panel, **request)
