"""The simulated panel: what is planted is there, and the experiments that ship are valid."""

import numpy as np
import pandas as pd
import pytest

from city_resilience.catalogue.variables import load_catalogue
from city_resilience.experiment.load import load_experiment
from city_resilience.indicators.compute import compute_indicators
from city_resilience.indicators.formulas.history import national_growth
from city_resilience.indicators.table import load_indices, load_table
from city_resilience.reading.read import read_panel
from city_resilience.resilience.measures import MEASURES
from city_resilience.simulate import CARRIERS, NOISE, PLANTED, main, simulate_panel, with_headers
from places import ROOT

GROWTH_GAP = MEASURES["growth_gap"].label

EXPERIMENTS = ROOT / "experiments"


@pytest.fixture(scope="module")
def simulated():
    return simulate_panel(seed=4)


def levels(simulated):
    return simulated.frame.pivot_table(index="city", columns="year", values="gdp_real")


def expected(simulated, horizon, years):
    return np.stack([simulated.expected_gap(year, horizon).to_numpy() for year in years], axis=1)


def test_same_seed_same_panel_other_seed_another(simulated):
    again, other = simulate_panel(seed=4), simulate_panel(seed=5)
    pd.testing.assert_frame_equal(again.frame, simulated.frame)
    pd.testing.assert_frame_equal(again.truth, simulated.truth)
    assert not np.allclose(other.frame["gdp_real"], simulated.frame["gdp_real"])


def test_keys_are_complete_and_names_made_up(simulated):
    frame = simulated.frame
    assert len(frame) == 280 * 20
    assert not frame.duplicated(["city", "year"]).any()
    assert frame["city"].str.fullmatch(r"[A-Z][a-z]{5,}").all()
    assert frame["province"].nunique() == 20
    assert frame["gdp_real"].gt(0).all()
    pd.testing.assert_frame_equal(frame, frame.sort_values(["city", "year"], ignore_index=True))


def test_size_of_the_gap_is_that_of_real_cities(simulated):
    assert 2.0 < np.nanstd(GROWTH_GAP(levels(simulated).to_numpy(), 1)) < 3.0


def test_nation_contracts_in_the_two_years_stated(simulated):
    growth = pd.Series(national_growth(levels(simulated).to_numpy()), levels(simulated).columns)
    assert tuple(growth.index[growth < 0]) == simulated.contractions == (2008, 2015)


@pytest.mark.parametrize("horizon", [1, 2, 3])
def test_expectation_is_unbiased_and_at_h1_leaves_only_the_noise(simulated, horizon):
    years = range(2000, 2020 - horizon)
    label = GROWTH_GAP(levels(simulated).to_numpy(), horizon)[:, : len(years)]
    mean = expected(simulated, horizon, years)
    slope = np.sum(mean * label) / np.sum(mean**2)
    assert slope == pytest.approx(1.0, abs=0.05)
    assert abs(np.mean(label - mean)) < 0.1 * horizon
    if horizon == 1:
        assert np.std(label - mean) == pytest.approx(NOISE, rel=0.05)


def standard_scores(simulated, name, transform=np.log):
    grid = simulated.frame.pivot_table(index="city", columns="year", values=name)
    values = transform(grid.to_numpy())
    return (values - np.nanmean(values, axis=0)) / np.nanstd(values, axis=0)


def test_planted_effects_are_in_the_panel_and_ict_counts_more_in_contractions(simulated):
    frame = simulated.frame.assign(
        ict=simulated.frame["employment_ict"] / simulated.frame["unit_employment"],
        patents=simulated.frame["patents_granted"] / simulated.frame["population"],
    )
    panel = type(simulated)(frame, simulated.truth, simulated.contractions)
    ict, patents = standard_scores(panel, "ict"), standard_scores(panel, "patents")
    industry = standard_scores(panel, "gdp_share_secondary", np.array)
    gap = GROWTH_GAP(levels(panel).to_numpy(), 1)
    last = np.full(gap.shape, np.nan)
    last[:, 1:] = gap[:, :-1]
    shock = np.isin(np.unique(frame["year"]) + 1, simulated.contractions).astype(float)
    columns = [last, ict, ict * shock, patents, ict * industry]
    names = ["gap", "ict", "shock", "patents", "integration"]
    table = np.stack([gap, *columns], axis=-1).reshape(-1, 1 + len(columns))
    table = table[np.isfinite(table).all(axis=1)]
    design = np.column_stack([np.ones(len(table)), table[:, 1:]])
    fitted = dict(zip(names, np.linalg.lstsq(design, table[:, 0])[0][1:], strict=True))
    expected = {"gap": 0.35, "ict": 1.0, "shock": 1.5, "patents": 0.8, "integration": 0.5}
    assert fitted == pytest.approx(expected, abs=0.12)


@pytest.mark.parametrize("horizon", [1, 2, 3])
def test_who_does_not_know_the_calendar_errs_only_before_a_contraction(simulated, horizon):
    for origin in range(2001, 2019):
        known = simulated.expected_gap(origin, horizon)
        unknown = simulated.expected_gap(origin, horizon, calendar=False)
        ahead = [y for y in simulated.contractions if origin < y <= origin + horizon]
        assert known.equals(unknown) is not bool(ahead)


def test_noise_only_gap_is_unrelated_to_its_past_and_to_the_planted_columns():
    noise = simulate_panel(seed=4, noise_only=True)
    gap = GROWTH_GAP(levels(noise).to_numpy(), 1)[:, :-1]
    assert noise.truth["expected_gap"].eq(0).all()
    assert abs(np.corrcoef(gap[:, 1:].ravel(), gap[:, :-1].ravel())[0, 1]) < 0.04
    noise.frame["ict"] = noise.frame["employment_ict"] / noise.frame["unit_employment"]
    ict = standard_scores(noise, "ict")[:, :-1]
    known = np.isfinite(ict)
    assert abs(np.corrcoef(ict[known], gap[known])[0, 1]) < 0.04


def test_planted_and_their_carriers_are_indicators_of_the_table(simulated):
    ids = {spec.id for spec in (*load_table(), *load_indices())}
    assert set(PLANTED) | {name for names in CARRIERS.values() for name in names} <= ids
    assert set(CARRIERS) == set(PLANTED)


def test_headers_of_the_file_resolve_to_the_catalogue(simulated):
    numeric = [c for c in simulated.frame if simulated.frame[c].dtype.kind == "f"]
    renamed = with_headers(simulated.frame)
    headers = renamed.columns[-len(numeric) :]
    found = [load_catalogue().resolve(header) for header in headers]
    assert [match.variable.id for match in found] == numeric
    assert all(match.factor == 1 for match in found)


@pytest.mark.parametrize("options", [{"cities": 1}, {"years": 3}])
def test_impossible_sizes_are_refused(options):
    with pytest.raises(ValueError, match="needs at least 2 cities"):
        simulate_panel(**options)


@pytest.mark.parametrize("cities", [600, 2300])
def test_more_cities_than_names(cities):
    assert simulate_panel(cities=cities, years=4).frame["city"].nunique() == cities


def test_truth_of_an_origin_that_was_not_simulated(simulated):
    with pytest.raises(KeyError, match="origin 1990"):
        simulated.expected_gap(1990, 1)


def test_committed_demo_panel_is_what_the_command_writes(tmp_path, capsys):
    main(["--out", str(tmp_path / "panel.csv")])
    assert "simulated" in capsys.readouterr().out
    written = pd.read_csv(tmp_path / "panel.csv")
    committed = pd.read_csv(EXPERIMENTS / "demo" / "panel.csv")
    pd.testing.assert_frame_equal(committed, written, rtol=1e-4)
    assert (EXPERIMENTS / "demo" / "panel.csv").stat().st_size < 500_000


@pytest.mark.parametrize("name", ["demo", "us_states", "china_provinces", "china_prefecture"])
def test_shipped_experiments_are_valid(name):
    experiment = load_experiment(EXPERIMENTS / name / "experiment.toml")
    assert experiment.name == name
    assert experiment.title
    assert experiment.title_zh
    assert experiment.data.source != "not stated"
    assert experiment.data.licence != "not stated"
    assert experiment.data.simulated == (name == "demo")
    assert (EXPERIMENTS / name / "README.md").is_file()
    assert experiment.outcome.variable in load_catalogue().variables


@pytest.mark.parametrize(("name", "least"), [("demo", 40), ("us_states", 30)])
def test_shipped_panels_can_be_read(name, least):
    experiment = load_experiment(EXPERIMENTS / name / "experiment.toml")
    path = EXPERIMENTS / name / experiment.data.path
    panel = read_panel(path, experiment.data, outcome=experiment.outcome.variable)
    assert panel.groups == experiment.data.groups
    indicators = compute_indicators(panel.grid(), experiment.outcome.variable, panel.variables)
    assert len(indicators.ids) >= least


def test_us_states_are_the_published_figures():
    munnell = pytest.importorskip("linearmodels.datasets.munnell").load()
    ours = pd.read_csv(EXPERIMENTS / "us_states" / "panel.csv")
    assert len(ours) == 816
    assert ours.groupby("census_region")["state"].nunique().to_dict() == {
        "Midwest": 12,
        "Northeast": 9,
        "South": 16,
        "West": 11,
    }
    columns = ["YR", "GSP", "EMP", "HWY", "WATER", "UTIL", "PC", "UNEMP"]
    theirs = munnell[columns].to_numpy(dtype=float)
    np.testing.assert_array_equal(ours.drop(columns=["state", "census_region"]), theirs)
    shortened = ours["state"].str.upper().str.replace(" ", "_").str[:11]
    assert (munnell["STATE"].where(munnell["STATE"] != "TENNESSE", "TENNESSEE") == shortened).all()
