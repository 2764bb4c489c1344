"""What is known of places besides forecasts: where, how large, their past, and data problems."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from city_resilience.audit.read_audited import read_audited
from city_resilience.commands.source import Source, load
from city_resilience.errors import InputError
from city_resilience.experiment.load import experiment_from, load_experiment
from city_resilience.report.city_places import Places, city_places, city_problems
from city_resilience.report.group_rows import group_past
from city_resilience.simulate import simulate_panel

BROKEN = 7
LAST = 2011


def source(frame: pd.DataFrame, groups: list[str] | None = None, **tables: dict) -> Source:
    """A source of an experiment on a frame."""
    values = {"name": "test", "evaluation": {"first_origin": 2007}}
    values["data"] = {"groups": ["region", "size_class"] if groups is None else groups}
    return load(experiment_from({**values, **tables}, "experiment.toml"), frame)


def frame_of() -> pd.DataFrame:
    return simulate_panel(cities=40, years=12).frame


def places_of(found: Source) -> Places:
    return city_places(found.panel, found.dataset, found.audited, found.coordinates)


@pytest.fixture(scope="module")
def found() -> Source:
    return source(frame_of())


def test_past_gaps_agree_with_a_slow_calculation(found: Source) -> None:
    places, frame = places_of(found), frame_of()
    assert places["past_years"] == list(range(2001, LAST + 1))
    nation = frame.groupby("year")["gdp_real"].sum()
    city = sorted(places["cities"])[3]
    own = frame[frame["city"] == city].set_index("year")["gdp_real"]
    for year, gap in zip(places["past_years"], places["cities"][city]["past"], strict=True):
        growth = [np.log(part[year] / part[year - 1]) for part in (own, nation)]
        assert gap == pytest.approx(100 * (growth[0] - growth[1]), abs=0.006)


def test_size_and_groups_are_those_of_the_newest_year(found: Source) -> None:
    newest = frame_of().query("year == @LAST").set_index("city")
    for city, own in places_of(found)["cities"].items():
        assert own["output"] == pytest.approx(newest.loc[city, "gdp_real"], abs=0.01)
        expected = {name: newest.loc[city, name] for name in ("region", "size_class")}
        assert own["groups"] == expected


def test_a_problem_stands_with_its_city_and_says_that_its_cell_is_unknown() -> None:
    frame = frame_of()
    city = sorted(frame["city"].unique())[BROKEN]
    cell = (frame["city"] == city) & (frame["year"] == 2008)
    frame.loc[cell, "college_students"] *= 1000
    audit = read_audited(frame, purpose="check", outcome="gdp_real").audit
    found = city_problems(audit)
    first = found[city][0]
    assert (first["level"], first["first"], first["last"]) == ("error", 2008, 2008)
    assert (first["kind"], first["masked"], first["artefact"]) == ("spike", True, False)
    assert first["variable"]["en"] == "Students in higher education"
    about_one = [issue for issue in audit.open_issues if issue.city]
    assert sum(len(rows) for rows in found.values()) == len(about_one)


def test_an_accepted_break_of_level_stays_in_sight() -> None:
    frame = simulate_panel(cities=40, years=12).frame
    city = sorted(frame["city"].unique())[2]
    later = (frame["city"] == city) & (frame["year"] >= 2006)
    frame.loc[later, "gdp_real"] *= 2.5
    stated = source(frame)
    breaks = {year for own, year in stated.audited.level_breaks if own == city}
    assert breaks == {2006}
    [seen] = [row for row in places_of(stated)["cities"][city]["problems"] if row["artefact"]]
    assert seen["kind"] != "level_break"
    accept = {"*/gdp_real/" + city + "/*": "a county was merged into the city"}
    accepted = source(frame, audit={"accept": accept})
    [kept] = [row for row in places_of(accepted)["cities"][city]["problems"] if row["artefact"]]
    assert (kept["kind"], kept["level"], kept["first"]) == ("level_break", "note", 2006)


def test_places_lie_where_the_panel_says_unless_a_file_is_named() -> None:
    frame = frame_of()
    bare = places_of(source(frame))["cities"]
    assert {(own["lon"], own["lat"]) for own in bare.values()} == {(None, None)}
    frame = frame.assign(longitude=10.123456, latitude=50.0)
    own = source(frame)
    assert {city["lon"] for city in places_of(own)["cities"].values()} == {10.1235}
    name = own.dataset.cities[0]
    moved = city_places(own.panel, own.dataset, own.audited, {name: (1.0, 2.0)})["cities"]
    assert (moved[name]["lon"], moved[name]["lat"]) == (1.0, 2.0)
    assert moved[own.dataset.cities[1]]["lon"] == 10.1235


def test_a_named_file_is_read_beside_the_experiment_and_changes_no_indicator(
    tmp_path: Path,
) -> None:
    frame = frame_of()
    frame.to_csv(tmp_path / "panel.csv", index=False)
    name = sorted(frame["city"].unique())[0]
    (tmp_path / "map.csv").write_text(f"city,longitude,latitude\n{name},5.5,45\n")
    text = 'name = "test"\n[data]\npath = "panel.csv"\n{}[evaluation]\nfirst_origin = 2007\n'
    (tmp_path / "plain.toml").write_text(text.format(""))
    (tmp_path / "mapped.toml").write_text(text.format('coordinates = "map.csv"\n'))
    plain, mapped = (load(tmp_path / f"{own}.toml") for own in ("plain", "mapped"))
    assert places_of(mapped)["cities"][name]["lon"] == 5.5
    assert mapped.recipe == plain.recipe
    assert mapped.dataset.specs == plain.dataset.specs
    assert mapped.panel.fingerprint() == plain.panel.fingerprint()


def test_where_all_count_alike_no_size_is_known() -> None:
    rates = frame_of()
    rates["gdp_real"] = 100 + rates["gdp_share_secondary"].fillna(0.4)
    own = source(rates[["city", "year", "gdp_real"]], [], outcome={"scale": "index"})
    assert {city["output"] for city in places_of(own)["cities"].values()} == {None}


def test_the_past_of_peers_and_provinces_is_their_median_and_mean(found: Source) -> None:
    names = list(found.dataset.cities)
    near = {names[0]: [names[3], names[5], names[9]]}
    cities = city_places(found.panel, found.dataset, found.audited, None, near)["cities"]
    past = [cities[name]["past"] for name in near[names[0]]]
    assert cities[names[0]]["peers"] == near[names[0]]
    assert cities[names[0]]["peers_past"] == pytest.approx(np.median(past, axis=0), abs=0.006)
    assert (cities[names[1]]["peers"], cities[names[1]]["peers_past"]) == ([], [])
    listed = [
        {"city": name, "province": "N" if name < names[2] else "", **cities[name]} for name in names
    ]
    [(level, mean)] = group_past(listed, "province").items()
    assert level == "N"
    own = [cities[name]["past"] for name in names[:2]]
    assert mean == pytest.approx(np.mean(own, axis=0), abs=0.006)


def test_an_experiment_without_its_file_has_no_map_and_a_named_file_must_be_there(
    tmp_path: Path,
) -> None:
    text = 'name = "test"\n[data]\ncoordinates = "map.csv"\n[evaluation]\nfirst_origin = 2007\n'
    (tmp_path / "mapped.toml").write_text(text)
    assert load(load_experiment(tmp_path / "mapped.toml"), frame_of()).coordinates == {}
    with pytest.raises(InputError, match=r"data\.coordinates: no file at .*map\.csv"):
        load(tmp_path / "mapped.toml", frame_of())


def test_a_chinese_city_is_found_by_the_pinyin_of_its_province_too() -> None:
    frame = frame_of()
    names = dict(zip(sorted(frame["city"].unique()), ("郑州市", "洛阳市", "西安市"), strict=False))
    frame = frame.assign(city=frame["city"].replace(names), province="")
    frame.loc[frame["city"].isin(["郑州市", "洛阳市"]), "province"] = "河南省"
    cities = places_of(source(frame))["cities"]
    assert cities["洛阳市"]["keys"] == ["luoyang", "ly", "henan"]
    assert cities["西安市"]["keys"] == ["xian", "xa"]
    assert (cities["洛阳市"]["name_en"], cities["洛阳市"]["lon"]) == ("Luoyang", 112.4539)
