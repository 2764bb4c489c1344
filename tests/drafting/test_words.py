"""Words of headers: what they meet, and what they must not meet."""

from __future__ import annotations

import pandas as pd
import pytest

from city_resilience.catalogue.words import load_words, met, words_of
from city_resilience.drafting.profile import ColumnProfile
from city_resilience.experiment.family import OWN_FAMILIES


def column(header: str) -> ColumnProfile:
    return ColumnProfile(0, header, pd.Series([1.5, 2.5]))


def test_every_table_names_what_exists():
    words = load_words()
    assert set(words.families) <= set(OWN_FAMILIES)
    assert set(words.directions) == {"better", "worse"}


@pytest.mark.parametrize(
    ("header", "family"),
    [
        ("Broadband subscribers", "digital"),
        ("百人互联网用户数", "digital"),
        ("automobile output", ""),
        ("R&D personnel", "innovation"),
        ("rdExpenditure", "innovation"),
        ("每万人发明专利", "innovation"),
        ("绿色专利", "green_innovation"),
        ("Years of schooling", "talent"),
        ("degree of openness", ""),
        ("高校在校学生", "talent"),
        ("Share of services", "structure"),
        ("人口密度", "agglomeration"),
        ("Net migration", "place"),
        ("portfolio", ""),
        ("Unemployed", "control"),
    ],
)
def test_family_by_words(header, family):
    assert met(load_words().families, words_of(header)) == family


@pytest.mark.parametrize(
    ("header", "mark", "said"),
    [
        ("capital stock", "per_head", False),
        ("GDP per capita", "per_head", True),
        ("gdp_pc", "per_head", True),
        ("人均GDP", "per_head", True),
        ("Employment in real estate, realty", "real", True),
        ("realty", "real", False),
        ("residential land", "population", False),
        ("residents", "population", True),
        ("Number of firms", "code", False),
        ("FIPS", "code", True),
        ("Matrículas no ensino", "idle", False),
        ("No", "idle", True),
        ("corporate tax", "rate", False),
        ("失业率", "rate", True),
    ],
)
def test_marks_of_headers(header, mark, said):
    assert column(header).says(mark) is said


@pytest.mark.parametrize(
    ("header", "unit"),
    [
        ("PDRB (miliar rupiah)", "miliar rupiah"),
        ("GVA (million EUR, 2015 prices)", "million EUR, 2015 prices"),
        ("grdp_billion_won", "billion won"),
        ("jobs", ""),
        ("地区生产总值(亿元)", "亿元"),
        ("Output (our estimate)", ""),
    ],
)
def test_unit_of_a_header(header, unit):
    assert column(header).unit == unit


@pytest.mark.parametrize(
    ("header", "noun"),
    [
        ("kabupaten", "district"),
        ("Landkreis", "district"),
        ("município", "city"),
        ("县", "county"),
        ("区县", "district"),
        ("地级市", "city"),
        ("省份", "province"),
        ("Bundesland", "state"),
        ("country_name", "country"),
        ("企业", "firm"),
        ("NUTS", "region"),
        ("name", ""),
    ],
)
def test_noun_of_a_header(header, noun):
    assert column(header).noun == noun
