"""The page of a city: its files, several cities at once, what it says without the panel."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from bundle_inputs import small_experiment, small_forecaster, small_panel, write_panel
from city_resilience.commands.explain import explain_cities, explain_city
from city_resilience.commands.main import run
from city_resilience.errors import InputError
from city_resilience.models.bundle import load_bundle, save_bundle


@pytest.fixture(scope="module")
def place(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("explain")
    save_bundle(small_forecaster(small_panel(folder), small_experiment()), folder / "model")
    return folder


@pytest.fixture(scope="module")
def cities(place) -> list[str]:
    return sorted(pd.read_csv(place / "panel.csv")["city"].unique())[:3]


def explained(place: Path, *words: str) -> int:
    data, model = str(place / "panel.csv"), str(place / "model")
    return run(["explain", *words, "--data", data, "--model", model])


def test_a_page_is_one_file_that_loads_nothing(place, cities, tmp_path, capsys):
    out = tmp_path / "city.html"
    assert explained(place, cities[0], "--out", str(out), "--lang", "zh") == 0
    assert f"Written to {out}" in capsys.readouterr().out
    page = out.read_text("utf-8")
    assert page.count(f"<h1>{cities[0]}</h1>") == 1
    assert not re.search(r"(?:src|href)=\"(?:https?:)?//", page)
    assert '"lang":"zh"' in page
    for section in ("short", "rests", "changed", "peers", "analogues", "notes"):
        assert f'<section id="{section}"' in page
    assert len(page) < 120_000


def test_json_holds_every_figure_of_the_page(place, cities, tmp_path):
    out = tmp_path / "cities.json"
    assert explained(place, *cities[:2], "--out", str(out)) == 0
    first, second = json.loads(out.read_text("utf-8"))["cities"]
    assert [first["city"], second["city"]] == cities[:2]
    own = explain_city(cities[0], place / "panel.csv", model=place / "model")
    at = first["forecasts"][0]
    assert at["forecast"] == pytest.approx(own.forecast, abs=1e-5)
    assert (at["of"], at["peers_of"]) == (30, 11)
    (view,) = first["views"]
    for level in ("families", "indicators"):
        parts = sum(row["contribution"] for row in view[level])
        rest = view["rest"] if level == "indicators" else 0.0
        total = view["base"] + view["missing"] + rest + parts
        assert total == pytest.approx(own.forecast, abs=1e-5)
    changed = first["changed"]
    moved = sum(row["change"] for row in changed["families"]) + changed["missing"]
    assert moved == pytest.approx(changed["change"], abs=1e-5)
    assert changed["now"] == pytest.approx(own.forecast, abs=1e-5)
    outcomes = [row["outcome"] for row in first["analogues"]["rows"]]
    assert first["analogues"]["median"] == pytest.approx(np.median(outcomes), abs=1e-4)
    assert max(row["target"] for row in first["analogues"]["rows"]) <= first["origin"]
    ranked = [row["distance"] for row in first["peers"]["rows"]]
    assert ranked == sorted(ranked)
    assert all(set(own) >= {"en", "zh", "figures", "grade"} for own in first["sentences"])


def test_the_rank_among_peers_counts_their_forecasts(place, cities):
    own = explain_city(cities[0], place / "panel.csv", model=place / "model")
    peers = [row["forecast"] for row in own.summary["peers"]["rows"]]
    assert own.summary["forecasts"][0]["peers_rank"] == 1 + sum(f > own.forecast for f in peers)
    table = own.tables.table
    same = table[(table["horizon"] == 1) & (table["province"] == own.tables.forecast["province"])]
    rank = 1 + (same["forecast"] > own.forecast).sum()
    assert own.summary["forecasts"][0]["province_rank"] == rank
    assert own.summary["forecasts"][0]["province_of"] == len(same)


def test_a_folder_has_a_page_for_each_city_and_one_that_lists_them(place, cities, tmp_path):
    out = tmp_path / "pages"
    assert explained(place, *cities, "--out", str(out)) == 0
    names = {f"{city}.html" for city in cities}
    assert {path.name for path in out.iterdir()} == {*names, "index.html"}
    index = (out / "index.html").read_text("utf-8")
    assert all(f'href="{name.replace(" ", "%20")}"' in index for name in names)
    assert explained(place, cities[0], "--out", str(tmp_path / "one")) == 0
    assert [path.name for path in (tmp_path / "one").iterdir()] == [f"{cities[0]}.html"]


def test_names_of_files_hold_no_path_and_do_not_meet():
    from city_resilience.commands.city_files import _file_names

    found = _file_names(["../a", "a/b", "A_b", "index", "", "郑州市"])
    assert found == ["_a.html", "a_b.html", "A_b_2.html", "index_2.html", "_.html", "郑州市.html"]


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_markdown_is_in_one_language(place, cities, tmp_path, lang):
    out = tmp_path / "cities.md"
    assert explained(place, *cities[:2], "--out", str(out), "--lang", lang) == 0
    text = out.read_text("utf-8")
    assert re.findall(r"^# (.*)$", text, re.MULTILINE) == cities[:2]
    heading = {"en": "## Peers", "zh": "## 同类城市"}
    assert text.count(heading[lang]) == 2
    assert heading["zh" if lang == "en" else "en"] not in text
    assert "None" not in text
    rows = [line for line in text.splitlines() if line.startswith("|")]
    assert all(line.endswith("|") for line in rows)


@pytest.mark.parametrize(
    "text", ["city,note\n{0},x\n{1},\n", "{0}\n{1}\n{0}\n", "城市\n{0}\n{1}\n"]
)
def test_cities_come_from_a_file(place, cities, tmp_path, text):
    path = tmp_path / "cities.csv"
    path.write_text(text.format(*cities), encoding="utf-8")
    found = explain_cities([cities[2]], place / "panel.csv", model=place / "model", file=path)
    assert [own.city for own in found] == [cities[2], cities[0], cities[1]]


def refused(capsys: pytest.CaptureFixture[str], code: int) -> str:
    assert code == 2
    return capsys.readouterr().err.strip()


def test_what_cannot_be_explained_is_refused_and_nothing_is_written(
    place, cities, tmp_path, capsys
):
    out = tmp_path / "out.json"
    near = refused(capsys, explained(place, cities[0][:-1], "--out", str(out)))
    assert f"; nearest: '{cities[0]}'" in near
    line = refused(capsys, explained(place, *cities, "--out", str(tmp_path / "o.html")))
    assert "a page is of one city, and 3 are named; give a folder" in line
    line = refused(capsys, explained(place, cities[0], "--out", str(tmp_path / "o.pdf")))
    assert "end the name in .html, .htm, .md, .json" in line
    assert "no city is named" in refused(capsys, explained(place))
    (tmp_path / "empty.csv").write_text("city\n", encoding="utf-8")
    line = refused(capsys, explained(place, "--file", str(tmp_path / "empty.csv")))
    assert "names no city" in line
    line = refused(capsys, explained(place, "--file", str(tmp_path / "none.csv")))
    assert "no such file" in line
    assert not out.exists()


def test_a_city_without_an_outcome_is_refused_with_the_reason(place, cities, tmp_path):
    frame = pd.read_csv(write_panel(tmp_path))
    outcome = next(name for name in frame if name.startswith("Real GDP"))
    frame.loc[frame["city"] == cities[0], outcome] = np.nan
    model = load_bundle(place / "model")
    with pytest.raises(InputError, match="no forecast, as it has no value of gdp_real in any year"):
        explain_city(cities[0], frame, model=model)


def test_without_a_study_no_driver_is_named_in_a_sentence(place, cities):
    own = explain_city(cities[0], place / "panel.csv", model=place / "model")
    assert own.summary["graded"]["why"] == "no_study"
    from city_resilience.report.city_page import city_json

    said = city_json(own.summary)["sentences"]
    assert any("run study --refits 50" in one["en"] for one in said)
    assert {one["grade"] for one in said} == {""}
    labels = [row["label"]["en"] for row in own.summary["views"][0]["indicators"]]
    text = " ".join(one["en"] for one in said)
    assert [label for label in labels if label in text] == []


def test_a_city_is_explained_alike_alone_and_among_others(place, cities):
    alone = explain_city(cities[1], place / "panel.csv", model=place / "model")
    among = explain_cities(cities, place / "panel.csv", model=place / "model")[1]
    assert alone.summary == among.summary


def test_later_years_do_not_change_what_is_explained_at_an_earlier_origin(place, cities):
    """The panel without its last year says what the panel says at the origin before."""
    frame = pd.read_csv(place / "panel.csv")
    shorter = frame[frame["year"] < frame["year"].max()]
    now = explain_city(cities[0], frame, model=place / "model")
    then = explain_city(cities[0], shorter, model=place / "model")
    assert now.summary["changed"]["before"] == pytest.approx(then.forecast, abs=1e-5)
    assert then.summary["peers"]["rows"]
    assert max(row["target"] for row in then.summary["analogues"]["rows"]) <= then.origin
