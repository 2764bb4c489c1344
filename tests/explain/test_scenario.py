"""Scenarios: what moves and what does not, where they are refused or flagged, and the bundle's."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bundle_inputs import small_experiment, small_forecaster, small_panel
from city_resilience.commands.console import open_console
from city_resilience.commands.main import run
from city_resilience.commands.scenario import ScenarioResult, scenario, show
from city_resilience.commands.scenario_view import NO_SKILL, write_scenario
from city_resilience.errors import InputError
from city_resilience.explain.forecast_table import check_panel
from city_resilience.explain.moving import FOLLOWS, SET, Ground, ground_of, move_city
from city_resilience.explain.responses import Asked
from city_resilience.explain.scenario import ASSOCIATION, REFUSED, SCENARIO_COLUMNS, scenario_of
from city_resilience.explain.settings import read_settings
from city_resilience.explain.support import FAR, OUTSIDE_NATION, OUTSIDE_PEERS, support_of
from city_resilience.models.rows import FORECASTING, STRUCTURAL
from city_resilience.report.texts import LANGUAGES, Texts, measure_words
from city_resilience.tasks.dataset import build_dataset
from places import ROOT

DATA = ROOT / "experiments" / "demo" / "panel.csv"
MODEL = ROOT / "models" / "demo"
SAY = Texts(measure_words("growth_gap"))
SHARE, STUDENTS = "ict_employment_share", "students_per_10k"


@pytest.fixture(scope="module")
def ground(tmp_path_factory: pytest.TempPathFactory) -> Ground:
    panel = small_panel(tmp_path_factory.mktemp("panel"))
    forecaster = small_forecaster(panel, small_experiment(outcome={"horizons": [1]}))
    return ground_of(forecaster, panel, check_panel(forecaster, panel))


@pytest.fixture(scope="module")
def city(ground: Ground) -> str:
    """The city whose ICT share is in the middle."""
    ids = ground.rows.dataset.indicators.ids
    values = ground.rows.dataset.indicators.values[:, -1, ids.index(SHARE)]
    return ground.rows.dataset.cities[int(np.argsort(values)[len(values) // 2])]


def value(ground: Ground, rows: object, city: str, id: str) -> float:
    dataset = rows.dataset
    place = dataset.cities.index(city)
    return float(dataset.indicators.values[place, -1, dataset.indicators.ids.index(id)])


def test_an_indicator_moves_through_its_numerator_and_what_is_made_of_it_follows(ground, city):
    moved = move_city(ground, city, read_settings([f"{SHARE}=+10%"]))
    before, after = (
        {id: value(ground, rows, city, id) for id in ground.rows.dataset.indicators.ids}
        for rows in (ground.rows, moved.rows)
    )
    assert after[SHARE] == pytest.approx(1.1 * before[SHARE])
    assert after["ict_location_quotient"] > before["ict_location_quotient"]
    assert after["manufacturing_employment_share"] < before["manufacturing_employment_share"]
    same = ("unit_employment_per_100", STUDENTS, "gap", "gap_mean5", "log_size")
    assert {id: after[id] for id in same} == {id: before[id] for id in same}
    kinds = moved.moves.set_index("name")["kind"]
    assert kinds[SHARE] == SET
    assert kinds["employment_ict"] == FOLLOWS


def test_only_the_city_moves_and_the_nation_is_computed_as_it_then_is(ground, city):
    moved = move_city(ground, city, read_settings([f"{SHARE}=+10%"]))
    others = [name for name in ground.rows.dataset.cities if name != city]
    for name in others[:5]:
        assert value(ground, moved.rows, name, SHARE) == value(ground, ground.rows, name, SHARE)
    quotient = "ict_location_quotient"
    assert value(ground, moved.rows, others[0], quotient) < value(
        ground, ground.rows, others[0], quotient
    )
    np.testing.assert_array_equal(moved.rows.dataset.outcome, ground.rows.dataset.outcome)


@pytest.mark.parametrize(
    "settings", [[f"{SHARE}=+10%"], [f"{STUDENTS}=+10%", "population=+5%"], ["tertiary_share=+2"]]
)
def test_what_is_computed_anew_is_what_the_moved_panel_gives(ground, city, settings):
    moved = move_city(ground, city, read_settings(settings))
    frame = ground.panel.frame.copy()
    for own in moved.moves.itertuples():
        if own.name in frame.columns:
            frame.loc[(frame["city"] == city) & (frame["year"] == own.year), own.name] = own.after
    whole = build_dataset(replace(ground.panel, frame=frame), ground.forecaster.experiment)
    assert whole.indicators.ids == moved.rows.dataset.indicators.ids
    np.testing.assert_array_equal(whole.indicators.values, moved.rows.dataset.indicators.values)
    again = replace(ground.rows, dataset=whole)
    asked = Asked({(FORECASTING, h): m.spec for h, m in ground.forecaster.horizons.items()})
    asked.add(ground.rows, moved)
    for key, spec in asked.specs.items():
        np.testing.assert_array_equal(asked.after[key][0], again.features(spec)[moved.row])
        np.testing.assert_array_equal(asked.before[key][0], ground.rows.features(spec)[moved.row])


def test_a_setting_in_the_denominator_goes_first(ground, city):
    moved = move_city(ground, city, read_settings([f"{STUDENTS}=+10%", "population=+5%"]))
    before = value(ground, ground.rows, city, STUDENTS)
    assert value(ground, moved.rows, city, STUDENTS) == pytest.approx(1.1 * before)


def test_a_value_set_to_what_it_is_changes_nothing(ground, city):
    found = scenario_of(ground, [city], read_settings([f"{STUDENTS}=+0"]), refits=0)
    assert found.table["change"].abs().max() == 0.0
    assert found.table["flags"].str.contains("not_read").all()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        (["student_per_10k=1"], "no indicator or variable.*nearest: 'students_per_10k'"),
        (
            ["software_revenue_to_gdb=1"],
            "the panel lacks what.*'software_revenue_to_gdp'",
        ),
        (["gdp_real=+1%"], "gdp_real is the outcome or a part of it"),
        (["gap=+1"], "the outcome's own past"),
        (["log_size=+0.1"], "made of the outcome or of many variables"),
        (["digital_index=+1"], "made of other indicators; set one of: ict_employment_share"),
        (["digital_finance_index=+10%"], "in log ratio, of which a percentage has no sense"),
        ([f"{SHARE}=+10%", "employment_ict=+20%"], "imply different values of employment_ict"),
        (["tertiary_share=95", "secondary_share=40"], "contradict an identity"),
        ([f"{STUDENTS}=2"], "looks like another unit; its unit is per 10k people"),
        ([f"{STUDENTS}=+9900%"], "looks like another unit; its unit is per 10k people"),
        (["population=+900%"], "no city has ever been outside"),
    ],
)
def test_settings_that_are_refused(ground, city, settings, message):
    read = read_settings(settings)
    with pytest.raises(InputError, match=message):
        support_of(ground, move_city(ground, city, read), read)


def test_unknown_cities_are_refused_with_the_nearest(ground, city):
    with pytest.raises(InputError, match=f"not among the 30 forecast cities; nearest: '{city}'"):
        move_city(ground, city + "x", read_settings([f"{STUDENTS}=+1%"]))


def test_settings_outside_what_peers_have_shown_are_flagged(ground, city):
    ids = ground.rows.dataset.indicators.ids
    highest = float(np.nanmax(ground.rows.dataset.indicators.values[:, :, ids.index(STUDENTS)]))
    read = read_settings([f"{STUDENTS}={highest:.4f}"])
    found = support_of(ground, move_city(ground, city, read), read)
    assert f"{OUTSIDE_PEERS}:{STUDENTS}" in found.flags
    assert found.distance > found.before
    quiet = read_settings([f"{STUDENTS}=+0.1%"])
    calm = support_of(ground, move_city(ground, city, quiet), quiet)
    assert f"{OUTSIDE_PEERS}:{STUDENTS}" not in calm.flags
    assert {flag.partition(":")[0] for flag in found.flags} <= {OUTSIDE_PEERS, OUTSIDE_NATION, FAR}


def test_the_interval_comes_from_refits_and_repeats(ground, city):
    read = read_settings([f"{SHARE}=+10%"])
    first = scenario_of(ground, [city], read, refits=10).table
    again = scenario_of(ground, [city], read, refits=10).table
    pd.testing.assert_frame_equal(first, again)
    assert (first["lower"] < first["upper"]).all()
    assert (first["refits"] == 10).all()
    with pytest.raises(InputError, match="--refits 3: too few"):
        scenario_of(ground, [city], read, refits=3)


def test_both_views_of_a_stored_model_answer_and_every_output_says_what_it_is(tmp_path, capsys):
    city = pd.read_csv(DATA, nrows=1)["city"][0]
    words = ["scenario", city, "--data", str(DATA), "--model", str(MODEL), "--refits", "0"]
    words += ["--set", f"{STUDENTS}=+10%"]
    assert run([*words, "--out", str(tmp_path / "s.csv")]) == 0
    shown = capsys.readouterr().out
    assert SAY("scenario_note")["en"] in shown
    assert "Structural view: How large its errors were in past years is not known" in shown
    again = scenario(city, DATA, f"{STUDENTS}=+10%", model=MODEL, refits=0)
    for name in ("s.json", "s.xlsx"):
        write_scenario(again, tmp_path / name)
    table = pd.read_csv(tmp_path / "s.csv")
    assert tuple(table) == (*SCENARIO_COLUMNS[:-2], "skill", "against", "reason", "note")
    assert all(SAY("scenario_note")[lang] in ASSOCIATION for lang in LANGUAGES)
    assert set(table["view"]) == {FORECASTING, STRUCTURAL}
    assert (table["note"] == ASSOCIATION).all()
    assert table["change"].to_numpy() == pytest.approx(table["scenario"] - table["forecast"])
    assert table["lower"].isna().all()
    book = pd.read_excel(tmp_path / "s.xlsx", engine="openpyxl")
    assert (book["note"] == ASSOCIATION).all()
    stored = json.loads((tmp_path / "s.json").read_text("utf-8"))
    assert stored["note"] == SAY("scenario_note")
    assert {own["shown"] for own in stored["skill"]} == {None}
    assert all(own[lang] for own in stored["skill"] for lang in LANGUAGES)
    assert stored["simulated"] is True
    assert [row["change"] for row in stored["changes"]] == pytest.approx(list(table["change"]))


def test_a_view_without_skill_is_greyed_and_said_so_in_every_output(ground, city, tmp_path, capsys):
    made = scenario_of(ground, [city], read_settings([f"{SHARE}=+10%"]), refits=0)
    every = {"slice": "all", "level": "", "years": 9, "wins": 5, "mae": 1.4, "skill_zero": -0.02}
    every |= {f"mae_{name}": 1.5 for name in ("zero", "group_median", "forecasting")}
    every |= {"skill_forecasting": -0.1, "difference": 0.1, "low": -0.2, "high": 0.4}
    served = {"mae": 1.1, "naive": "zero", "naive_mae": 1.6, "skill": 0.3, "wins": 8, "of": 9}
    skill = {FORECASTING: served | {"shown": True}, STRUCTURAL: {"rows": [every], "shown": False}}
    twice = made.table.assign(view=STRUCTURAL)
    made = replace(made, table=pd.concat([made.table.assign(view=FORECASTING), twice]))
    result = ScenarioResult(made, ("x",), "growth_gap", "m", False, {1: skill}, None)
    flags = result.table.set_index("view")["flags"]
    assert NO_SKILL in flags[STRUCTURAL]
    assert NO_SKILL not in flags[FORECASTING]
    assert result.table["skill"].tolist() == [0.3, -0.02]
    show(result, open_console())
    shown = capsys.readouterr().out
    assert "the indicators alone show no skill: an error of 1.40 pp" in shown
    assert "Its changes are greyed and should not be used." in shown
    assert re.search(r"structural +│ +no skill", shown)
    assert re.search(r"forecasting +│ +\+30 %", shown)
    write_scenario(result, tmp_path / "s.json")
    stored = json.loads((tmp_path / "s.json").read_text("utf-8"))
    worth = {own["view"]: own for own in stored["skill"]}
    assert (worth[FORECASTING]["shown"], worth[STRUCTURAL]["shown"]) == (True, False)
    assert SAY("scenario_greyed")["zh"] in worth[STRUCTURAL]["zh"]


def test_more_than_three_cities_are_shown_in_one_table(ground, capsys):
    several = list(ground.rows.dataset.cities[:5])
    made = scenario_of(ground, several, read_settings([f"{STUDENTS}=+1%"]), refits=0)
    show(ScenarioResult(made, ("x",), "growth_gap", "m", False, {}, None), open_console())
    shown = capsys.readouterr().out
    assert "what moves" not in shown
    assert all(shown.count(name) == 1 for name in several)
    assert SAY("scenario_note")["en"] in shown


def test_of_several_cities_one_that_cannot_be_moved_is_withheld_with_its_reason(ground, city):
    others = [own for own in ground.rows.dataset.cities if own != city]
    highest = max(others, key=lambda own: value(ground, ground.rows, own, STUDENTS))
    read = read_settings([f"{STUDENTS}=+40%"])
    found = scenario_of(ground, [city, highest], read, refits=10)
    assert list(found.refused) == [highest]
    assert "no city has ever been outside" in found.refused[highest]
    rows = found.table.set_index("city")
    alone = scenario_of(ground, [city], read, refits=10).table
    for column in ("change", "lower", "upper"):
        assert rows.loc[city, column] == alone[column].iloc[0]
        assert np.isnan(rows.loc[highest, column])
    assert REFUSED in rows.loc[highest, "flags"]
    assert rows.loc[highest, "reason"] == found.refused[highest]
    with pytest.raises(InputError, match="no city has ever been outside"):
        scenario_of(ground, [highest], read, refits=0)


def test_the_changes_of_a_model_are_its_forecasts_of_the_moved_panel(ground, city):
    read = read_settings([f"{SHARE}=+10%"])
    found = scenario_of(ground, [city], read, refits=0).table
    moved = move_city(ground, city, read)
    forecasts = ground.forecaster.forecast(moved.rows).set_index("city")["forecast"]
    assert found["scenario"].to_numpy() == pytest.approx([forecasts[city]], abs=1e-9)


def test_cities_come_from_a_file_as_in_explain(tmp_path: Path, capsys):
    names = pd.read_csv(DATA)["city"].unique()[:2]
    path = tmp_path / "cities.csv"
    path.write_text(f"remark,城市\n1,{names[0]}\n2,{names[1]}\n3,{names[0]}\n", encoding="utf-8")
    words = ["scenario", "--file", str(path), "--data", str(DATA), "--model", str(MODEL)]
    words += ["--set", f"{STUDENTS}=+1%", "--refits", "0", "--out", str(tmp_path / "s.csv")]
    assert run(words) == 0
    assert pd.read_csv(tmp_path / "s.csv")["city"].unique().tolist() == names.tolist()
    capsys.readouterr()
    words = ["scenario", "A", "--file", str(path), "--data", "x.csv", "--set", "a=1"]
    assert run(words) == 2
    assert "one of the two" in capsys.readouterr().err


def test_a_city_of_the_panel_without_an_outcome_is_refused_with_the_reason(ground, city):
    others = np.flatnonzero(ground.rows.names != city)
    rows = replace(
        ground.rows, cities=ground.rows.cities[others], origins=ground.rows.origins[others]
    )
    with pytest.raises(InputError, match="no forecast, as it has no value of gdp_real in any year"):
        move_city(replace(ground, rows=rows), city, read_settings([f"{STUDENTS}=+1%"]))


def test_an_output_of_another_kind_is_refused_before_anything_is_read(tmp_path):
    with pytest.raises(InputError, match=r"output suffix '.parquet' is not known"):
        scenario("A", DATA, "a=1", model=MODEL, out=tmp_path / "s.parquet")
