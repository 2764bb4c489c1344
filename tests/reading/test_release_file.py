"""Early releases are read from any file, laid out by the panel's groups, and refused by name."""

from __future__ import annotations

import datetime as dt
import tomllib

import numpy as np
import pandas as pd
import pytest

from city_resilience.drafting.release import release_lines
from city_resilience.errors import InputError
from city_resilience.experiment.data import Data
from city_resilience.experiment.early import Release
from city_resilience.experiment.load import experiment_from
from city_resilience.reading.early import contradictions
from city_resilience.reading.panel import Panel
from city_resilience.reading.read import read_panel
from city_resilience.reading.release_file import read_release
from early_inputs import GROWTH, published_dates, release_frame, release_of
from forecasting_inputs import small_panel

PANEL = small_panel()
FRAME = release_frame(PANEL)


def chinese_panel() -> Panel:
    rows = [
        (city, year, 100.0 * 1.07 ** (year - 2000) + at)
        for at, city in enumerate(["杭州市", "宁波市", "南京市", "哈尔滨市"])
        for year in range(2000, 2012)
    ]
    frame = pd.DataFrame(rows, columns=["城市", "年份", "gdp_real"])
    return read_panel(frame, Data(gazetteer="china"), outcome="gdp_real")


def changed(**cells: object) -> pd.DataFrame:
    """Return the release with cells of one row changed: of the first province in 2010."""
    frame = FRAME.astype({name: object for name in cells if name in FRAME})
    for name, value in cells.items():
        frame[name] = [
            value if at == 180 else cell for at, cell in enumerate(frame.get(name, [None] * 300))
        ]
    return frame


def test_growth_stands_by_group_and_year():
    release = release_of(PANEL, FRAME)
    assert release.levels == tuple(sorted(set(FRAME["province"])))
    assert release.years.tolist() == list(range(2001, 2016))
    wide = FRAME.pivot_table("growth", "province", "year").to_numpy()
    np.testing.assert_allclose(release.growth, 100 * np.log1p(wide / 100))
    province = PANEL.slices()["province"]
    assert [release.levels[at] for at in release.member] == province.tolist()
    assert dt.date.fromordinal(int(release.published[0, -1])) == dt.date(2016, 2, 14)
    assert release.label_en == release.label_zh == "x"
    assert release.notes == ()


@pytest.mark.parametrize("suffix", ["csv", "tsv", "xlsx", "parquet", "dta", "semicolons"])
def test_files_of_every_kind_say_the_same(tmp_path, suffix):
    path = tmp_path / f"release.{suffix.replace('semicolons', 'csv')}"
    frame = FRAME.round({"growth": 2}).astype({"year": int})
    if suffix == "semicolons":
        path.write_bytes(frame.to_csv(index=False, sep=";", decimal=",").encode("utf-16"))
    elif suffix in ("csv", "tsv"):
        frame.to_csv(path, index=False, sep="," if suffix == "csv" else "\t")
    elif suffix == "xlsx":
        frame.to_excel(path, index=False)
    elif suffix == "parquet":
        frame.to_parquet(path)
    else:
        frame.to_stata(path, write_index=False)
    found = read_release("x", Release.model_validate(GROWTH), path, PANEL)
    np.testing.assert_allclose(found.growth, release_of(PANEL, frame).growth)


def test_order_of_rows_and_columns_says_nothing():
    shuffled = FRAME.sample(frac=1, random_state=2)[["growth", "year", "province"]]
    found, expected = release_of(PANEL, shuffled), release_of(PANEL, FRAME)
    np.testing.assert_array_equal(found.growth, expected.growth)
    np.testing.assert_array_equal(found.published, expected.published)


def test_provinces_and_cities_are_known_by_every_form_of_their_names():
    panel = chinese_panel()
    names = {"浙江": 5.0, "江苏省": 6.0, "Heilongjiang": 7.0}
    frame = pd.DataFrame({"省份": list(names), "年份": 2012, "增速": list(names.values())})
    keys = {**GROWTH, "column": "增速"}
    data = Data(gazetteer="china")
    release = read_release("x", Release.model_validate(keys), frame, panel, data)
    assert release.levels == ("江苏省", "浙江省", "黑龙江省")
    np.testing.assert_allclose(release.growth[:, 0], 100 * np.log([1.06, 1.05, 1.07]))
    frame = pd.DataFrame({"城市": ["杭州", "Nanjing"], "年份": 2012, "增速": [8.1, 8.2]})
    keys = {**keys, "group": "city"}
    release = read_release("x", Release.model_validate(keys), frame, panel, data)
    assert np.isfinite(release.growth[:, 0]).tolist() == [
        n in ("杭州市", "南京市") for n in panel.cities
    ]


def test_a_release_of_the_nation_needs_no_names():
    frame = FRAME[FRAME["province"] == FRAME["province"].iloc[0]].drop(columns="province")
    release = release_of(PANEL, frame, group="nation")
    assert release.levels == ("",)
    assert (release.member == 0).all()
    assert len(release.member) == len(PANEL.cities)


def test_several_nations_publish_each_its_own():
    panel = Panel(PANEL.frame.assign(nation=PANEL.frame["region"]), PANEL.variables, PANEL.groups)
    frame = pd.DataFrame(
        {
            "country": ["West", "East"] * 2,
            "year": [2012] * 2 + [2013] * 2,
            "growth": [1, 2, 3, -4.0],
        }
    )
    release = release_of(panel, frame, group="nation")
    assert release.levels == ("East", "North", "South", "West")
    assert np.isnan(release.growth[1:3]).all()
    np.testing.assert_allclose(np.exp(release.growth[[0, 3]] / 100), [[1.02, 0.96], [1.01, 1.03]])


def test_groups_without_a_name_in_the_panel_have_no_figure():
    frame = PANEL.frame.copy()
    city = PANEL.cities[0]
    frame.loc[frame["city"] == city, "province"] = np.nan
    panel = Panel(frame, PANEL.variables, PANEL.groups)
    release = release_of(panel, FRAME)
    assert release.levels[0] == ""
    assert release.member[0] == 0
    assert np.isnan(release.growth[0]).all()


def test_some_groups_that_are_not_in_the_panel_are_named():
    name = FRAME["province"].iloc[0]
    frame = FRAME.replace({"province": {name: name + "ia"}})
    release = release_of(PANEL, frame)
    row = release.levels.index(name)
    assert np.isnan(release.growth[row]).all()
    assert release.notes == (
        f"early.x: 1 names are no province of the panel, left out: '{name}ia'; nearest: '{name}'",
        f"early.x: no figure of 1 of 20 groups: '{name}'",
    )


REFUSED = {
    "no group is known": (
        FRAME.assign(province=[f"{name}land" for name in FRAME["province"]]),
        {},
        r"no province of the release is one of the panel, the first is 'Ardethland'; nearest: "
        r"'Ardeth'.*name the column that names the groups as key",
    ),
    "unknown group": (
        FRAME,
        {"group": "provinc"},
        r"early\.x\.group: the panel has no group 'provinc'; nearest: 'province'; choose among",
    ),
    "unknown header": (
        FRAME,
        {"column": "grwth"},
        r"no column 'grwth', named in \[early\.x\] column; nearest: 'growth'",
    ),
    "two columns of words": (
        FRAME.rename(columns={"province": "unit"}).assign(source="office"),
        {},
        r"columns 'unit' and 'source' both hold words; name the column of groups as key in \[early",
    ),
    "no names": (FRAME[["year", "growth"]], {}, "no column names the province; name the column"),
    "no years": (
        FRAME.rename(columns={"year": "t"}),
        {},
        r"no column named like years; name the column of years as year in \[early\.x\]",
    ),
    "years beside each other": (
        FRAME.pivot_table("growth", "province", "year").add_prefix("growth ").reset_index(),
        {"column": "growth 2010"},
        r"no column of years, and years in 15 headers \('growth 2001'\); give each group and year",
    ),
    "a list for a figure": (
        changed(growth=[1.0, 2.0]),
        {},
        r"row 181, column 'growth': number expected, found '\[1.0, 2.0\]'",
    ),
    "a number beyond all numbers": (
        changed(growth=10**400),
        {},
        r"row 181, column 'growth': infinite value, found '1000",
    ),
    "a word for a figure": (
        changed(growth="strong"),
        {},
        r"row 181, column 'growth': number expected, found 'strong'; correct the cell",
    ),
    "no year": (
        changed(year=20100),
        {},
        r"row 181, column 'year': year expected, found '20100'",
    ),
    "contradicting rows": (
        pd.concat([FRAME, changed(growth=5.5)]),
        {},
        r"rows 181 and 481 contradict each other about Ardeth in 2010: \S+ and 5\.5; keep one row",
    ),
    "growth said to be an index": (FRAME, {"kind": "index"}, r'set kind = "growth"'),
    "no date": (
        changed(published="soon"),
        {"date": "published"},
        r"row 181, column 'published': date expected, found 'soon'; write it as 2020-01-31",
    ),
    "a date before the year": (
        changed(published="2009-02-14"),
        {"date": "published"},
        "row 181, column 'published': a figure of 2010 cannot be published before that year",
    ),
    "one year of amounts": (
        FRAME[FRAME["year"] == 2010].assign(growth=np.arange(20) * 50.0 + 500),
        {"kind": "level"},
        "no group has 'growth' in two years that follow each other",
    ),
    "a key for the whole": (FRAME, {"group": "nation", "key": "province"}, "remove key"),
    "rows of provinces for the whole": (
        FRAME,
        {"group": "nation"},
        "rows 1 and 2 contradict each other about the nation in 2001",
    ),
    "no figures": (FRAME.assign(growth=np.nan), {}, "column 'growth' holds no figure"),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_cannot_be_meant_is_refused_by_name(case):
    frame, keys, message = REFUSED[case]
    with pytest.raises(InputError, match=message) as refused:
        release_of(PANEL, frame, **keys)
    assert str(refused.value).startswith("the early release: ")


def test_files_that_are_not_there_or_have_several_sheets_are_refused(tmp_path):
    settings = Release.model_validate(GROWTH)
    with pytest.raises(InputError, match=r"no such early release file; correct the path given w"):
        read_release("x", settings, tmp_path / "none.csv", PANEL)
    book = tmp_path / "book.xlsx"
    with pd.ExcelWriter(book) as writer:
        FRAME.to_excel(writer, sheet_name="one", index=False)
        FRAME.to_excel(writer, sheet_name="two", index=False)
    with pytest.raises(InputError, match=r"set sheet in \[early.x\] to one of: 'one', 'two'"):
        read_release("x", settings, book, PANEL)
    named = Release.model_validate({**GROWTH, "sheet": "two"})
    assert np.isfinite(read_release("x", named, book, PANEL).growth).any()


def test_the_same_row_twice_is_no_contradiction_and_counts_from_the_earlier_day():
    dated = published_dates(FRAME)
    both = pd.concat([dated, published_dates(FRAME, 1, 20)])
    release = release_of(PANEL, both, date="published")
    assert dt.date.fromordinal(int(release.published[3, -1])) == dt.date(2016, 1, 20)


@pytest.mark.parametrize(
    ("written", "day"),
    [
        ("2012年1月20日", (2012, 1, 20)),
        ("2012/1/20", (2012, 1, 20)),
        (pd.Timestamp(2012, 1, 20), (2012, 1, 20)),
        ("2011-12-30", (2011, 12, 30)),
        (None, (2012, 2, 14)),
    ],
)
def test_dates_of_publication(written, day):
    frame = FRAME[FRAME["year"] == 2011].assign(published=[written] * 20)
    release = release_of(PANEL, frame, date="published")
    assert {dt.date.fromordinal(int(on)) for on in release.published.ravel()} == {dt.date(*day)}


def test_growth_that_is_hardly_possible_is_named_and_kept():
    release = release_of(PANEL, changed(growth=77.0))
    assert release.notes == (
        "early.x: growth that is hardly possible, kept as it is: Ardeth 2010 (+77 %)",
    )


@pytest.mark.parametrize(
    ("header", "kind", "prices", "told"),
    [
        ("gdp_100m_yuan", "level", "real", "nominal"),
        ("名义增速", "growth", "real", "nominal"),
        ("real_growth", "growth", "nominal", "real"),
        ("gdp_100m_yuan", "level", "nominal", ""),
        ("growth", "growth", "nominal", ""),
    ],
)
def test_prices_that_the_header_denies_are_named(header, kind, prices, told):
    frame = FRAME.rename(columns={"growth": header})
    if kind == "level":
        first = 1.0 + frame["province"].rank(method="dense")
        rise = (1 + frame[header] / 100).groupby(frame["province"]).cumprod()
        frame[header] = 100 * first * rise
    release = release_of(PANEL, frame, column=header, kind=kind, prices=prices)
    said = (
        f"early.x: column {header!r} reads like figures at {told} prices, and is taken as "
        f'{prices}; set prices = "{told}" if it is so'
    )
    assert release.notes == ((said,) if told else ())


def test_releases_that_contradict_each_other_are_named():
    one = release_of(PANEL, FRAME, "one")
    rounded = release_of(PANEL, FRAME.round(1), "two")
    assert list(contradictions([one, rounded])) == []
    other = release_of(PANEL, changed(growth=30.0), "two")
    (said,) = contradictions([one, other])
    assert said.startswith(
        "early releases 'one' and 'two' contradict each other in 1 figures: Ardeth 2010: "
    )
    assert said.endswith("% and 30.0 %")
    for keys in ({"prices": "nominal"}, {"concept": "other"}, {"vintage": "first"}):
        apart = release_of(PANEL, changed(growth=30.0), "two", **keys)
        assert list(contradictions([one, apart])) == []


@pytest.mark.parametrize("kind", ["growth", "index", "level"])
def test_lines_to_paste_declare_a_release_that_can_be_read(kind):
    frame, column = FRAME, "growth"
    if kind == "index":
        frame, column = (
            FRAME.assign(real_index=FRAME["growth"] + 100).drop(columns="growth"),
            "real_index",
        )
    elif kind == "level":
        level = 100 * (1 + FRAME["growth"] / 100).groupby(FRAME["province"]).cumprod()
        scale = 1.0 + FRAME["province"].rank(method="dense")
        frame, column = FRAME.assign(output=level * scale).drop(columns="growth"), "output"
    lines = release_lines(frame, PANEL, Data(), "mine")
    assert lines.splitlines()[0] == "[early.mine]"
    values = tomllib.loads(lines)
    experiment = experiment_from({"name": "x", "evaluation": {"first_origin": 2009}, **values}, "x")
    release = experiment.early["mine"]
    assert (release.group, release.column, release.kind) == ("province", column, kind)
    assert release.prices == ("nominal" if kind == "level" else "real")
    read = read_release("mine", release, frame, PANEL)
    expected = release_of(PANEL, FRAME)
    np.testing.assert_allclose(read.growth[:, -5:], expected.growth[:, -5:])
