"""The overlap lint: the label under another name is refused, what is known at the origin is not."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from city_resilience.catalogue.variables import Variable
from city_resilience.errors import InputError
from city_resilience.evaluation.checks import check_experiment
from city_resilience.experiment.experiment import Experiment
from city_resilience.indicators.formulas.history import growth_gap_past
from city_resilience.indicators.formulas.ratios import log_growth, log_relative, value
from city_resilience.indicators.formulas.years import lag
from city_resilience.indicators.indicator import OUTCOME, Indicator
from city_resilience.reading.panel import Panel
from city_resilience.tasks.dataset import Dataset
from city_resilience.tasks.identities import COMBINE, draw_variables, load_identities
from city_resilience.tasks.overlap import find_overlaps, refuse_overlaps, year_correlation
from forecasting_inputs import experiment, facts_of, poisoned, small_panel

FIRST = 2009
BY_SECTOR, *_, OF_STAFF = load_identities()


def with_column(own, panel: Panel | None = None) -> Panel:
    """Add a column of the user's own, a function of the outcome (cities, years)."""
    panel = panel or small_panel()
    frame = panel.frame.copy()
    table = frame.pivot_table(index="city", columns="year", values="gdp_real")
    values = pd.DataFrame(own(table.to_numpy()), index=table.index, columns=table.columns)
    frame["own"] = values.to_numpy()[
        values.index.get_indexer(frame["city"]), values.columns.get_indexer(frame["year"])
    ]
    variable = Variable("own", "Own", "自有", "index", "control", 0)
    return replace(panel, frame=frame, variables={**panel.variables, "own": variable})


def noisy(signal, correlation: float):
    rng = np.random.default_rng(5)
    noise = rng.normal(size=signal.shape) * np.nanstd(signal)
    return signal + noise * np.sqrt(1 / correlation**2 - 1)


def found_in(panel: Panel, chosen: Experiment | None = None):
    chosen = chosen or experiment()
    return find_overlaps(facts_of(panel, chosen), chosen)


def with_spec(spec: Indicator) -> Dataset:
    """Dataset with one more indicator, whose values are noise."""
    dataset = facts_of(small_panel())
    noise = np.random.default_rng(0).normal(size=(*dataset.outcome.shape, 1))
    indicators = replace(
        dataset.indicators,
        specs=(*dataset.indicators.specs, spec),
        values=np.concatenate([dataset.indicators.values, noise], axis=-1),
    )
    return replace(dataset, indicators=indicators)


def made(function, *inputs: str, family: str = "control") -> Indicator:
    return Indicator("made", family, "Made", "自制", "index", inputs, function)


def test_the_shipped_indicators_do_not_overlap():
    assert found_in(small_panel()) == ()


@pytest.mark.parametrize(
    ("own", "words"),
    [
        (lambda y: y, "its growth correlates 1.0000 with the growth of gdp_real"),
        (lambda y: 0.037 * y, "its growth correlates 1.0000 with the growth of gdp_real"),
        (lambda y: 1e6 + 3.0 * y, "its value correlates 1.0000 with gdp_real"),
        (lambda y: -np.log(y), "its change correlates 1.0000 with the growth of gdp_real"),
        (log_growth, "its value correlates 1.0000 with growth_gap over the last 1 year"),
        (lambda y: 100 * (y / lag(y, 1) - 1), "growth_gap over the last 1 year"),
        (lambda y: 100 * y / lag(y, 1), "growth_gap over the last 1 year"),
        (growth_gap_past, "growth_gap over the last 1 year"),
        (lambda y: growth_gap_past(y, h=2), "growth_gap over the last 2 years"),
        (lambda y: np.roll(growth_gap_past(y), -1, axis=1), "next 1 year, the label itself,"),
    ],
    ids=["copy", "scaled", "shifted", "log", "growth", "percent", "index", "gap", "gap2", "lead"],
)
def test_the_outcome_under_another_name_is_found(own, words):
    [overlap] = found_in(with_column(own))
    assert (overlap.indicator, overlap.how) == ("own", "correlation")
    assert overlap.label == "growth_gap of gdp_real"
    assert overlap.value >= 0.999
    assert words in overlap.reason


@pytest.mark.parametrize(
    "own",
    [
        lambda y: noisy(log_growth(y), 0.99),
        lambda y: y * np.exp(noisy(np.zeros_like(y) + np.log(y), 0.9) - np.log(y)),
        lambda y: lag(growth_gap_past(y), 1),
        lambda y: np.broadcast_to(np.mean(log_growth(y), axis=0), y.shape),
        np.ones_like,
    ],
    ids=["noisy", "noisy-level", "older-past", "national", "constant"],
)
def test_what_is_only_related_is_left_alone(own):
    assert found_in(with_column(own)) == ()


def test_a_copy_that_is_published_late_is_still_a_copy():
    chosen = experiment(features={"publication_lag": {"own": 2}})
    [overlap] = found_in(with_column(log_growth), chosen)
    assert overlap.indicator == "own"


def test_the_lint_does_not_look_at_scored_years():
    panel = with_column(lambda y: noisy(log_growth(y), 0.99))
    assert found_in(poisoned(panel, FIRST)) == found_in(panel)
    copied = with_column(log_growth)
    assert found_in(poisoned(copied, FIRST)) == found_in(copied)


def test_training_is_refused_in_one_line_that_names_the_pair_and_the_settings():
    panel = with_column(log_growth)
    chosen = experiment()
    with pytest.raises(InputError) as refused:
        check_experiment(facts_of(panel, chosen), chosen)
    message = str(refused.value)
    assert "\n" not in message
    assert "indicator 'own' overlaps with the label 'growth_gap of gdp_real'" in message
    assert 'features.exclude = ["own"]' in message
    assert 'features.accept_overlap = ["own"]' in message


@pytest.mark.parametrize("key", ["accept_overlap", "exclude"])
def test_accepted_and_excluded_indicators_pass(key):
    chosen = experiment(features={key: ["own"]})
    check_experiment(facts_of(with_column(log_growth), chosen), chosen)


def test_an_accepted_name_that_does_not_exist_is_said():
    chosen = experiment(features={"accept_overlap": ["log_sise"]})
    with pytest.raises(InputError, match=r"accept_overlap: no indicator 'log_sise'.*'log_size'"):
        found_in(small_panel(), chosen)


def composite(**features) -> Experiment:
    components = {"patents_growth": 1, "ict_employment_share": 1}
    outcome = {"measure": "composite", "composite": {"components": components}}
    outcome["composite"]["window"] = [2000, 2006]
    return experiment(outcome=outcome, features=features)


def test_components_of_a_composite_are_refused_unless_excluded_or_accepted():
    chosen = composite()
    with pytest.raises(InputError, match="'composite of patents_growth, ict_employment_share'"):
        check_experiment(facts_of(small_panel(), chosen), chosen)
    dataset = facts_of(small_panel(), chosen)
    found = find_overlaps(dataset, chosen, list(chosen.outcome.composite.components))
    assert {overlap.how for overlap in found} == {"component"}
    names = sorted({overlap.indicator for overlap in found})
    for key in ("exclude", "accept_overlap"):
        settled = composite(**{key: names})
        check_experiment(facts_of(small_panel(), settled), settled)


def test_the_composite_under_another_name_is_found_by_correlation():
    chosen = composite(exclude=["patents_growth", "ict_employment_share"])
    level = facts_of(small_panel(), chosen).outcome
    [overlap] = found_in(with_column(lambda _: 3 + 0.5 * level), chosen)
    assert (overlap.indicator, overlap.how) == ("own", "correlation")
    assert found_in(small_panel(), chosen) == ()


def test_several_overlaps_are_all_in_the_settings():
    dataset = facts_of(small_panel())
    overlaps = find_overlaps(dataset, experiment(), ["patents_growth", "population"])
    assert {o.how for o in overlaps} == {"component"}
    names = {o.indicator for o in overlaps}
    assert {"patents_growth", "log_population", "log_output_per_head"} <= names
    with pytest.raises(InputError, match=rf"and {len(names) - 1} more\); leave out"):
        refuse_overlaps(overlaps)
    refuse_overlaps(overlaps, sorted(names))


def test_a_formula_that_gives_the_growth_of_the_outcome_is_found_without_data():
    [overlap] = find_overlaps(with_spec(made(log_growth, OUTCOME)), experiment())
    assert (overlap.indicator, overlap.how) == ("made", "formula")
    assert find_overlaps(with_spec(made(log_relative, OUTCOME)), experiment()) == ()
    past = made(growth_gap_past, OUTCOME, family="history")
    assert find_overlaps(with_spec(past), experiment()) == ()


@pytest.mark.parametrize(
    ("outcome", "spec", "closes"),
    [
        ("gdp_nominal", made(log_growth, "gdp_per_head"), True),
        ("gdp_nominal", made(value, "gdp_per_head"), True),
        ("gdp_nominal", made(lambda *x: sum(x), *BY_SECTOR.of), True),
        (
            "gdp_nominal",
            made(lambda *x: log_growth(sum(x[:2])), *BY_SECTOR.of),
            False,
        ),
        ("gdp_nominal", made(log_growth, "value_added_primary"), False),
        ("gdp_nominal", made(log_growth, "gdp_real"), False),
        ("gdp_real", made(lambda n, d: n / d, "gdp_nominal", "gdp_deflator"), True),
        ("gdp_real", made(log_growth, "gdp_nominal"), False),
        ("gdp_real", made(lambda n, r: log_growth(n / r), "gdp_nominal", "gdp_real"), False),
        ("gdp_real", made(value, "gdp_index"), True),
        ("employment", made(lambda *x: sum(x), *OF_STAFF.of), True),
        ("employment", made(lambda *x: x[0] / sum(x), *OF_STAFF.of), False),
    ],
)
def test_an_indicator_that_closes_an_identity_of_the_outcome_is_found(outcome, spec, closes):
    chosen = experiment(outcome={"variable": outcome, "horizons": [1]})
    hows = [o.how for o in find_overlaps(with_spec(spec), chosen) if o.indicator == "made"]
    assert hows == (["identity"] if closes else [])


@pytest.mark.parametrize("identity", load_identities(), ids=lambda identity: identity.whole)
def test_made_up_variables_fulfil_their_identity(identity):
    drawn = draw_variables(["loans"], identity).values
    parts = np.stack([drawn[name] for name in identity.of])
    np.testing.assert_array_equal(drawn[identity.whole], COMBINE[identity.how](parts))
    others = [log_growth(drawn[name]) for name in (*identity.of, "loans")]
    for k, one in enumerate(others):
        assert all(year_correlation(one, other) < 0.5 for other in others[:k])


def test_the_correlation_is_of_deviations_from_the_year():
    rng = np.random.default_rng(2)
    a = rng.normal(size=(30, 6))
    b = 0.3 * a + rng.normal(size=a.shape)
    deviations = [(x - x.mean(axis=0)).ravel() for x in (a, b)]
    expected = abs(np.corrcoef(*deviations)[0, 1])
    assert year_correlation(a, b + 100 * np.arange(6)) == pytest.approx(expected)


def test_one_cell_does_not_make_an_overlap():
    rng = np.random.default_rng(4)
    a, b = rng.normal(size=(2, 30, 6))
    a[3, 2], b[3, 2] = 1e4, 3e4
    assert year_correlation(a, b) < 0.9


def test_too_few_city_years_say_nothing():
    a = np.random.default_rng(4).normal(size=(9, 3))
    assert year_correlation(a, a) == 0.0


def test_the_past_of_a_composite_is_its_own():
    chosen = composite(exclude=["patents_growth", "ict_employment_share"])
    dataset, plain = facts_of(small_panel(), chosen), facts_of(small_panel())
    change = np.full(dataset.outcome.shape, np.nan)
    change[:, 1:] = np.diff(dataset.outcome, axis=1)
    gap = dataset.indicators.values[:, :, dataset.indicators.ids.index("gap")]
    less_nation = gap - change
    for year in less_nation.T:
        known = year[np.isfinite(year)]
        assert known.size == 0 or np.ptp(known) < 1e-9
    assert np.isfinite(gap).mean() > 0.5
    other = plain.indicators.values[:, :, plain.indicators.ids.index("gap")]
    both = np.isfinite(gap) & np.isfinite(other)
    assert abs(np.corrcoef(gap[both], other[both])[0, 1]) < 0.9
    families = [spec.family for spec in dataset.indicators.specs]
    assert len(set(dataset.indicators.ids)) == len(families)
    assert "history" in families


def test_a_composite_without_the_family_history_has_no_past():
    components = {"patents_growth": 1, "ict_employment_share": 1}
    chosen = experiment(
        outcome={
            "measure": "composite",
            "composite": {"components": components, "window": [2000, 2006]},
        },
        features={"families": ["digital"], "exclude": ["ict_employment_share"]},
    )
    assert {spec.family for spec in facts_of(small_panel(), chosen).indicators.specs} == {"digital"}
