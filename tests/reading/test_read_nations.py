"""The nation of each place: read, completed, and left out or refused where it cannot serve."""

from __future__ import annotations

from itertools import product

import pandas as pd
import pytest

from city_resilience.errors import InputError
from city_resilience.experiment.data import Data
from city_resilience.reading.read import read_panel

SIZES = {"Arland": 6, "Borland": 5, "Corland": 3}
DATA = Data(nation="country")


def table(**sizes: int) -> pd.DataFrame:
    places = [
        (f"{nation[:2]}{at}", nation) for nation, n in (sizes or SIZES).items() for at in range(n)
    ]
    return pd.DataFrame(
        [
            {"city": city, "year": year, "country": nation, "gdp_real": 10.0 + year - 2000}
            for (city, nation), year in product(places, range(2000, 2006))
        ]
    )


def test_a_nation_of_too_few_places_is_left_out_by_name():
    panel = read_panel(table(), DATA, outcome="gdp_real")
    assert set(panel.frame["nation"]) == {"Arland", "Borland"}
    assert panel.grid().nation.tolist() == ["Arland"] * 6 + ["Borland"] * 5
    aside = panel.account.aside[0]
    assert (aside.why, aside.rows, aside.names) == ("small_nation", 18, ("Corland (3)",))
    assert "nations of fewer than 5 places with an outcome left out: Corland (3)" in panel.notes
    assert panel.account.kept == len(panel.frame)


def test_a_smaller_nation_may_be_asked_for():
    data = DATA.model_copy(update={"nation_min_cities": 3})
    assert set(read_panel(table(), data, outcome="gdp_real").frame["nation"]) == set(SIZES)


def test_only_places_with_an_outcome_count():
    frame = table()
    frame.loc[frame["city"] == "Bo0", "gdp_real"] = None
    panel = read_panel(frame, DATA, outcome="gdp_real")
    assert panel.account.aside[0].names == ("Borland (4)", "Corland (3)")


def test_places_without_a_nation_are_left_out_by_name():
    frame = table()
    frame.loc[frame["city"] == "Ar3", "country"] = ""
    panel = read_panel(frame, DATA, outcome="gdp_real")
    assert "Ar3" not in panel.cities
    assert ("no_nation", ("Ar3",)) in {(one.why, one.names) for one in panel.account.aside}


def test_a_blank_cell_has_the_nation_of_the_other_rows():
    frame = table()
    frame.loc[(frame["city"] == "Ar3") & (frame["year"] == 2003), "country"] = None
    panel = read_panel(frame, DATA, outcome="gdp_real")
    assert set(panel.frame.loc[panel.frame["city"] == "Ar3", "nation"]) == {"Arland"}


def test_a_place_that_changes_its_nation_is_refused_with_the_line():
    frame = table()
    frame.loc[9, "country"] = "Borland"
    with pytest.raises(
        InputError, match=r"row 10, column 'country': 'Ar1' is of 'Borland', .* row 7"
    ):
        read_panel(frame, DATA, outcome="gdp_real")


def test_names_that_two_nations_share_are_told_apart():
    frame = table()
    frame["city"] = frame["city"].str[2:]
    panel = read_panel(frame, DATA, outcome="gdp_real")
    assert panel.cities[:3] == ["0 (Arland)", "0 (Borland)", "1 (Arland)"]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ({"nation": "state"}, r"no column 'state', named in \[data\] nation"),
        ({"nation": "country", "province": "country"}, "named as province and as nation"),
        ({"nation": "country", "groups": ("country",)}, "a key and cannot be a group"),
        ({"nation": "country", "nation_min_cities": 7}, "no nation has 7 .* Arland has most, 6"),
    ],
)
def test_what_cannot_be_is_refused(data, message):
    with pytest.raises(InputError, match=message):
        read_panel(table(), Data(**data), outcome="gdp_real")


def test_a_column_called_nation_is_no_group():
    with pytest.raises(InputError, match="nation"):
        read_panel(
            table().rename(columns={"country": "nation"}),
            Data(groups=("nation",)),
            outcome="gdp_real",
        )


def test_provinces_of_one_name_carry_their_nation():
    frame = table().assign(province="Central")
    frame.loc[frame["country"] != "Borland", "province"] = "West"
    frame.loc[frame["city"] == "Ar1", "province"] = "Central"
    frame.loc[frame["city"] == "Ar2", "province"] = ""
    panel = read_panel(frame, DATA, outcome="gdp_real")
    assert set(panel.frame["province"]) == {"Central (Arland)", "Central (Borland)", "West", ""}


def test_official_places_keep_their_nation():
    """With a gazetteer the nation is still a column of the file."""
    north = ["北京市", "天津市", "石家庄市", "唐山市", "太原市", "济南市"]
    south = ["广州市", "深圳市", "南宁市", "海口市", "福州市"]
    frame = pd.DataFrame(
        [
            {"城市": city, "年份": year, "半边": "北" if city in north else "南", "gdp_real": 5.0}
            for city, year in product([*north, *south], range(2000, 2003))
        ]
    )
    panel = read_panel(frame, Data(nation="半边", gazetteer="china"), outcome="gdp_real")
    assert set(panel.frame.loc[panel.frame["nation"] == "南", "city"]) == set(south)
    assert panel.grid().nation is not None
