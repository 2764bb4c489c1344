"""Words for places and for their nation: one table, and every text of ours in them."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import get_args

import numpy as np
import pytest

from city_resilience.errors import InputError
from city_resilience.experiment.experiment import Experiment, Noun
from city_resilience.explain.forecast_table import driver_labels
from city_resilience.indicators.formulas.nation import Nation, Way
from city_resilience.indicators.table import load_table
from city_resilience.report.texts import LANGUAGES, Texts, every_text, measure_words, placed
from city_resilience.tasks.dataset import common_origin

NOUNS = get_args(Noun)
WAYS = get_args(Way)
CITY = re.compile(r"(?i)\bcit(y|ies)\b")


@pytest.mark.parametrize("noun", NOUNS)
def test_every_noun_has_its_words(noun):
    for key in (f"noun_{noun}", f"noun_{noun}_many"):
        assert all(every_text()[key][lang] for lang in LANGUAGES)


@pytest.mark.parametrize("noun", [noun for noun in NOUNS if noun != "city"])
def test_no_text_speaks_of_cities_where_they_are_something_else(noun):
    for key, text in every_text().items():
        if key.startswith("noun_"):
            continue
        found = placed(text, noun)
        names = re.sub(r"\{[^}]*\}|(?i:city)[ -]resilience", "", found["en"])
        assert not CITY.search(names), key
        assert "城市" not in re.sub("城市经济(韧性|结构)", "", found["zh"]), key
        figures = [re.findall(r"\{(\w+)", own["en"]) for own in (text, found)]
        assert figures[0] == figures[1], key


def test_a_panel_of_cities_has_the_texts_as_they_stand():
    for text in every_text().values():
        assert placed(text, "city") is text


@pytest.mark.parametrize("way", WAYS)
def test_every_nation_is_called_what_it_is(way):
    weighted = Nation(way, None).id
    say = Texts(measure_words("growth_gap", "county", weighted))
    told = say("reading_1_growth_gap")
    assert "the nation" not in told["en"]
    assert "全国" not in told["zh"]
    assert "all counties" in told["en"]
    assert "县" in told["zh"]


def test_a_rate_is_explained_in_points():
    told = Texts(measure_words("growth_gap", "state", "mean_of_logs_weighted"))("reading_1_rate")
    assert (
        "the state's rate, in points, less the change of the weighted mean of all states"
        in (told["en"])
    )


def test_drivers_and_refusals_speak_of_places():
    own = {"columns": {"City lights": {"family": "digital", "id": "city_lights"}}}
    settings = Experiment(name="n", noun="county", data=own, evaluation={"first_origin": 2019})
    specs = list(load_table())
    specs.append(replace(specs[0], id="city_lights", label_en="City lights"))
    labels = driver_labels(specs, settings)
    assert labels["neighbours_ict_share"] == "ICT share of employment in neighbouring counties"
    assert labels["city_lights"] == "City lights"
    assert [name for name, label in labels.items() if CITY.search(label)] == ["city_lights"]
    with pytest.raises(InputError, match=r"90% of the counties.*leave out counties without"):
        common_origin(np.array([[1.0], [np.nan]]), np.array([2010]), "county")
