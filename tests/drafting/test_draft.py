"""Drafts of panels of many kinds: what is guessed, what is asked, and that the file runs."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from city_resilience.commands.backtest import backtest
from city_resilience.commands.check import check
from city_resilience.commands.new import draft_experiment
from city_resilience.errors import InputError
from city_resilience.experiment.load import load_experiment
from city_resilience.reading.read import read_panel
from foreign_panels import PANELS, Foreign, grunfeld
from places import CITIES, PROVINCES, ROOT, SHARED

PLACES = 32
QUICK = ['model.members=["persistence"]', "model.serve=persistence", "outcome.horizons=[1]"]


def write(folder: Path, panel: Foreign) -> Path:
    path = folder / panel.file
    panel.make(PLACES).to_csv(path, index=False)
    return path


def at(value: Any, key: str) -> Any:
    for part in key.split("."):
        value = getattr(value, part)
    return value


def assert_it_runs(draft: Path, panel: Path) -> None:
    """The file loads, check finds no error, and every origin is scored."""
    experiment = load_experiment(draft)
    assert check(panel, experiment).counts["error"] == 0
    evaluation = backtest(draft, overrides=QUICK).evaluation
    scored = evaluation.backtest.frame
    assert scored["origin"].min() == experiment.evaluation.first_origin
    assert scored["forecast"].notna().all()


@pytest.mark.parametrize("kind", PANELS)
def test_a_foreign_panel_is_drafted_right_and_runs_without_an_edit(kind, tmp_path):
    panel = PANELS[kind]
    path, out = write(tmp_path, panel), tmp_path / "my.toml"
    answers = {}
    if panel.asks:
        with pytest.raises(InputError, match=f"--{panel.asks} "):
            draft_experiment(path, out)
        assert not out.exists()
        answers = {panel.asks: panel.answer}
    draft = draft_experiment(path, out, answers=answers)
    assert draft.experiment == load_experiment(out)
    found = {key: at(draft.experiment, key) for key in panel.right}
    assert found == dict(panel.right)
    columns = draft.experiment.data.columns
    assert {header: columns[header].family for header in panel.families} == dict(panel.families)
    last = draft.overview.last - max(draft.experiment.outcome.horizons)
    years = draft.overview.last - draft.overview.first + 1
    assert last - draft.experiment.evaluation.first_origin + 1 >= min(5, years - 3)
    assert_it_runs(out, path)


def test_a_file_with_semicolons_and_decimal_commas_gives_the_same_draft(tmp_path):
    frame, path = PANELS["germany"].make(PLACES), tmp_path / "kreise.csv"
    frame.to_csv(path, index=False, sep=";", decimal=",", encoding="latin-1")
    plain = draft_experiment(frame).experiment
    found = draft_experiment(path, tmp_path / "my.toml").experiment
    assert found.outcome == plain.outcome
    assert found.data.columns == plain.data.columns
    assert found.data.decimal == ","


def test_numbers_that_can_be_read_in_two_ways_are_asked_about(tmp_path):
    frame, path = PANELS["germany"].make(PLACES), tmp_path / "kreise.csv"
    for header in frame.columns[4:]:
        frame[header] = frame[header].map("{:.3f}".format).str.replace(".", ",")
    header = frame.columns[4]
    frame[header] = "1" + frame[header].str[-6:]
    frame = frame[frame.columns[:5]]
    frame.to_csv(path, index=False, sep=";")
    with pytest.raises(InputError, match="--decimal , "):
        draft_experiment(path)


def test_firms_of_grunfeld(tmp_path):
    pytest.importorskip("statsmodels")
    path = tmp_path / "grunfeld.csv"
    grunfeld().to_csv(path, index=False)
    draft = draft_experiment(path, tmp_path / "my.toml")
    assert draft.experiment.noun == "firm"
    assert draft.experiment.outcome.column == "invest"
    assert set(draft.experiment.data.columns) == {"value", "capital"}
    assert_it_runs(tmp_path / "my.toml", path)


def test_us_states_come_out_as_the_shipped_experiment_has_them(tmp_path):
    path = ROOT / "experiments/us_states/panel.csv"
    draft = draft_experiment(path, tmp_path / "my.toml").experiment
    shipped = load_experiment(ROOT / "experiments/us_states/experiment.toml")
    assert (draft.name, draft.noun) == ("us_states", "state")
    assert draft.outcome == shipped.outcome
    assert draft.data.columns == {}
    assert draft.data.province == "census_region"
    assert_it_runs(tmp_path / "my.toml", path)


@pytest.mark.real_data(PROVINCES)
def test_the_provinces_come_out_as_the_shipped_experiment_has_them(tmp_path):
    draft = draft_experiment(SHARED / PROVINCES, tmp_path / "my.toml").experiment
    shipped = load_experiment(ROOT / "experiments/china_provinces/experiment.toml")
    assert (draft.name, draft.noun) == ("china_provinces", "province")
    assert draft.data.city == "region"
    assert draft.outcome == shipped.outcome
    assert draft.data.corrections == shipped.data.corrections
    assert draft.features == shipped.features
    assert draft.evaluation.first_origin == shipped.evaluation.first_origin
    assert_it_runs(tmp_path / "my.toml", SHARED / PROVINCES)


@pytest.mark.slow
@pytest.mark.real_data(CITIES)
def test_the_china_panel_comes_out_as_the_shipped_experiment_has_it(tmp_path):
    draft = draft_experiment(SHARED / CITIES, tmp_path / "my.toml").experiment
    shipped = load_experiment(ROOT / "experiments/china_prefecture/experiment.toml")
    assert draft.data.gazetteer == "china"
    assert draft.outcome == shipped.outcome
    assert set(draft.data.groups) <= set(shipped.data.groups)
    assert set(draft.data.corrections.values()) == {"drop", "drop zeros"}
    years = {re.sub(r"/(\d{4})-\d{4}$", r"/\1", key) for key in shipped.data.corrections}
    assert years <= {re.sub(r"/(\d{4})-\d{4}$", r"/\1", key) for key in draft.data.corrections}
    assert_it_runs(tmp_path / "my.toml", SHARED / CITIES)


def test_an_amount_per_head_without_a_population_asks_for_its_weight(tmp_path):
    frame = PANELS["france"].make(PLACES).drop(columns="Population")
    frame["Emplois (milliers)"] = 10.0 + frame.index % 7
    with pytest.raises(InputError, match="weighted by what"):
        draft_experiment(frame, answers={"outcome": "PIB par habitant (euros)"})
    asked = {"outcome": "PIB par habitant (euros)", "weight": "none"}
    assert draft_experiment(frame, answers=asked).experiment.outcome.scale == "index"
    asked["weight"] = "Emplois (milliers)"
    outcome = draft_experiment(frame, answers=asked).experiment.outcome
    assert (outcome.scale, outcome.weight) == ("per_head", "emplois")


def test_a_rate_that_says_no_direction_asks_for_it():
    frame = PANELS["spain"].make(PLACES).rename(columns={"Tasa de desempleo (%)": "Tasa neta (%)"})
    with pytest.raises(InputError, match="is more of it better"):
        draft_experiment(frame, answers={"outcome": "Tasa neta (%)"})
    draft = draft_experiment(frame, answers={"outcome": "Tasa neta (%)", "direction": "-1"})
    assert draft.experiment.outcome.direction == -1


def test_a_count_that_says_that_large_places_are_large_is_warned_of():
    frame = PANELS["indonesia"].make(PLACES)
    frame["Hospital beds"] = frame["Penduduk (ribu)"] * 2.0
    text = draft_experiment(frame).text
    before = text[: text.index('[data.columns."Hospital beds"]')]
    assert "large places are large" in " ".join(
        before.split("\n\n")[-1].replace("# ", "").split("\n")
    )
    share = text[: text.index('[data.columns."Internet users (%)"]')].split("\n\n")[-1]
    assert "large" not in share


def test_places_of_several_countries_are_compared_with_their_own():
    draft = draft_experiment(PANELS["europe"].make(PLACES))
    assert (draft.experiment.data.nation, draft.experiment.data.province) == ("country", "")
    assert "5 countries: gaps, ranks, shares and naive rules are relative to a place's own" in (
        draft.text.replace("\n# ", " ")
    )


def test_countries_of_too_few_places_are_remarked():
    frame = PANELS["europe"].make(PLACES)
    first = frame.drop_duplicates("region").groupby("country").head(4)["region"]
    draft = draft_experiment(frame[frame["region"].isin(first)])
    assert draft.experiment.data.nation == ""
    assert "5 countries stand in one panel, and every gap is relative to the sum of all" in (
        draft.text.replace("\n# ", " ")
    )
    named = draft_experiment(frame, answers={"province": "country"}).experiment.data
    assert (named.nation, named.province) == ("", "country")


def test_small_countries_are_left_out_and_the_others_train(tmp_path):
    frame, path = PANELS["europe"].make(PLACES), tmp_path / "regions.csv"
    gone = frame.loc[frame["country"] == "Erland", "region"].unique()[3:]
    frame[~frame["region"].isin(gone)].to_csv(path, index=False)
    draft = draft_experiment(path, tmp_path / "my.toml")
    assert "1 of them have fewer than 5 places and are left out" in draft.text.replace("\n# ", " ")
    assert_it_runs(tmp_path / "my.toml", path)


def test_a_country_may_be_named_by_the_user():
    frame = PANELS["europe"].make(PLACES).rename(columns={"country": "bloc"})
    assert draft_experiment(frame).experiment.data.nation == ""
    assert draft_experiment(frame, answers={"nation": "bloc"}).experiment.data.nation == "bloc"


def test_several_currencies_are_asked_about():
    frame = PANELS["europe"].make(PLACES)
    frame["currency"] = frame["country"].map(lambda name: {"Arland": "ARL"}.get(name, "EUR"))
    with pytest.raises(InputError, match="names 2 currencies"):
        draft_experiment(frame)
    asked = draft_experiment(frame, answers={"scale": "index"}).experiment.outcome
    assert asked.scale == "index"


def test_counts_and_ratios_of_output_are_told_apart():
    frame = PANELS["counties"].make(PLACES).drop(columns="jobs")
    frame = frame.rename(columns={"patents_per_10k": "number of firms"})
    frame["number of firms"] = (100 * frame["number of firms"]).round() + 7
    frame["grp"] = frame["number of firms"] * 3.7 + 1
    frame["credit to gdp"] = 0.5 + frame["number of firms"] % 13
    draft = draft_experiment(frame).experiment
    assert draft.outcome.column == "grp"
    assert "number of firms" in draft.data.columns
    assert "credit to gdp" in draft.data.columns


def test_money_without_a_unit_is_not_called_yuan():
    frame = PANELS["counties"].make(PLACES).rename(columns={"patents_per_10k": "loans"})
    draft = draft_experiment(frame)
    column = draft.experiment.data.columns["loans"]
    assert (column.id, column.unit) == ("loans_own", "")
    assert "yuan" not in draft.text


def test_a_series_that_stops_is_carried():
    frame = PANELS["germany"].make(PLACES)
    frame.loc[frame["Jahr"] > 2019, "Breitband ab 50 Mbit/s (%)"] = None
    assert draft_experiment(frame).experiment.features.carry_forward == 2


def test_cells_that_check_calls_wrong_are_dropped():
    frame = PANELS["indonesia"].make(PLACES)
    header = "Penduduk (ribu)"
    frame[header] = frame[header].astype(object)
    frame.loc[5, header] = "about 9"
    frame.loc[40, header] = frame.loc[40, header] * 1000
    corrections = draft_experiment(frame).experiment.data.corrections
    assert set(corrections.values()) == {"drop"}
    assert len(corrections) == 2


def test_growth_of_the_outcome_under_another_name_is_excluded():
    frame = PANELS["counties"].make(PLACES)
    frame["dynamism"] = frame.groupby("fips")["jobs"].pct_change()
    assert draft_experiment(frame).experiment.features.exclude == ("dynamism",)


def across(frame: pd.DataFrame) -> pd.DataFrame:
    keys = ["kabupaten", "tahun"]
    return frame.set_index(keys)["Penduduk (ribu)"].unstack().reset_index()  # noqa: PD010


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda frame: frame.drop(columns="tahun"), "no column of years"),
        (lambda frame: pd.concat([frame, frame]), "keep one row for each place and year"),
        (lambda frame: frame[frame["tahun"] < 2013], "at least 4"),
        (lambda frame: frame.assign(quarter=1), "divides the years"),
        (lambda frame: frame.assign(tahun=frame["tahun"].map("{}Q1".format)), "holds '2010Q1'"),
        (lambda frame: frame.assign(tahun=frame["tahun"] - 1950), "with four digits"),
        (lambda frame: frame.iloc[[0, 13]], "at least 4"),
        (lambda frame: frame[["kabupaten", "tahun"]], "nothing can be forecast"),
        (
            lambda frame: frame.assign(tahun=1900 + 5 * (frame["tahun"] - 2000)),
            "stands every 5 years",
        ),
        (across, "city-resilience import"),
    ],
    ids=[
        "no years",
        "twice",
        "short",
        "quarters",
        "quarters as years",
        "two digits",
        "two rows",
        "no numbers",
        "five years",
        "wide",
    ],
)
def test_what_is_no_panel_is_refused(change, message, tmp_path):
    path = tmp_path / "panel.csv"
    change(PANELS["indonesia"].make(PLACES)).to_csv(path, index=False)
    with pytest.raises(InputError, match=message):
        draft_experiment(path, tmp_path / "my.toml")
    assert list(tmp_path.iterdir()) == [path]


def test_places_that_are_only_numbered_are_found():
    frame = PANELS["logs"].make(PLACES)
    frame["nr"] = frame["province"].astype("category").cat.codes + 13
    draft = draft_experiment(frame.drop(columns="province")).experiment
    assert draft.data.city == "nr"


def test_a_class_is_no_outcome():
    frame = PANELS["logs"].make(PLACES)
    frame["employment class"] = 1 + frame.index % 9
    frame = frame.rename(columns={"lgdp": "lwage"})
    outcome = draft_experiment(frame).experiment.outcome
    assert (outcome.column, outcome.scale) == ("lwage", "log")


def test_rows_by_industry_say_what_they_differ_by():
    frame = PANELS["indonesia"].make(PLACES)
    both = pd.concat([frame.assign(sektor="tani"), frame.assign(sektor="industri")])
    with pytest.raises(InputError, match="they differ by 'sektor'"):
        draft_experiment(both)


def test_twin_names_carry_their_code_or_else_their_state(tmp_path):
    path = tmp_path / "counties.csv"
    frame = PANELS["counties"].make(PLACES)
    for own, mark in ((frame, "code"), (frame.drop(columns="fips"), "province")):
        own.to_csv(path, index=False)
        draft = draft_experiment(path, tmp_path / f"{mark}.toml")
        assert draft.experiment.data.city == "county"
        assert draft.experiment.data.code == ("fips" if mark == "code" else "")
        assert draft.experiment.data.province == "state"
        data, outcome = draft.experiment.data, draft.experiment.outcome
        panel = read_panel(path, data, outcome=outcome)
        assert panel.frame["city"].nunique() == PLACES
        assert not panel.issues
        twin = frame["county"].iloc[0]
        cities = set(panel.frame["city"])
        told = "fips" if mark == "code" else "state"
        assert {f"{twin} ({of})" for of in frame.loc[frame["county"] == twin, told]} <= cities


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"outcome": "Penduduk"}, "--outcome 'Penduduk' is not a column; nearest: "),
        ({"scale": "cubic"}, "--scale 'cubic' is not among level, log"),
        ({"year": "provinsi"}, "its cells are no years"),
        ({"outcome": "provinsi"}, "its cells are no numbers"),
    ],
)
def test_answers_that_fit_nothing_are_refused(answers, message):
    with pytest.raises(InputError, match=re.escape(message)):
        draft_experiment(PANELS["indonesia"].make(PLACES), answers=answers)


def test_the_order_of_rows_and_columns_changes_no_guess():
    frame = PANELS["germany"].make(PLACES)
    shuffled = frame.sample(frac=1.0, random_state=3)[list(reversed(frame.columns))]
    first, second = (draft_experiment(own).experiment for own in (frame, shuffled))
    assert second.outcome == first.outcome
    assert second.evaluation == first.evaluation
    assert second.data.columns == first.data.columns
    assert (second.data.city, second.data.province) == (first.data.city, first.data.province)
