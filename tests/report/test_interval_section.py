"""The section on intervals says what the tables say."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from city_resilience.evaluation.interval_scores import reliability, score_intervals
from city_resilience.evaluation.sums import score_sums
from city_resilience.models.intervals import EVENTS
from city_resilience.report.drawing import Chart
from city_resilience.report.figures import draw_covered
from city_resilience.report.intervals import interval_part, interval_sentence
from city_resilience.report.texts import Texts, measure_words
from city_resilience.report.totals import totals_part, totals_sentence


@pytest.fixture(scope="module")
def rows() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    frame = pd.DataFrame({"city": [f"c{k}" for k in range(40)] * 6, "horizon": 1})
    frame["origin"] = np.repeat(range(2010, 2016), 40)
    frame["truth"] = frame["unbroken"] = rng.standard_normal(240)
    frame["forecast"] = 0.0
    for name, half in (("", 1.7), ("_80", 1.3)):
        frame[f"lower{name}"], frame[f"upper{name}"] = -half, half
    frame["plain_lower"], frame["plain_upper"] = -2.5, 2.5
    frame[list(EVENTS)] = 0.25
    frame["crps"] = 0.5
    return frame


def said(part, measure="growth_gap"):
    return interval_sentence(part, Texts(measure_words(measure)))


def test_sentence_figures_and_groups_are_those_of_the_tables(rows):
    groups = {"half": {f"c{k}": "a" if k < 30 else "b" for k in range(40)}}
    table = score_intervals(rows, groups, min_group=20)
    part = interval_part(table, reliability(rows), 1)
    whole = table[table["slice"] == "all"].iloc[0]
    years = table[table["slice"] == "year"]
    for text in said(part).values():
        assert f"{100 * whole['coverage']:.0f}" in text
        worst = f"{100 * years['coverage'].min():.0f}"
        assert text.index(worst) < text.index(f"{100 * whole['coverage']:.0f}")
        assert f"{100 * years['coverage_80'].min():.0f}" in text
        assert "3.4" in text
        assert "{" not in text
    assert "They are better." in said(part)["en"]
    assert part["worst"]["year"] == int(years.loc[years["coverage"].idxmin(), "level"])
    assert [period["origins"] for period in part["periods"]] == ["2010–2011", "2012–2015"]
    late = years[years["level"].astype(int) >= 2012]["coverage"]
    assert part["periods"][1]["coverage"] == pytest.approx(late.mean(), abs=1e-4)
    assert part["periods"][1]["worst"]["coverage"] == pytest.approx(late.min(), abs=1e-4)
    assert part["years"]["year"] == list(range(2010, 2016))
    np.testing.assert_allclose(part["years"]["coverage"], years["coverage"], atol=1e-3)
    withheld = {row["level"]: row["withheld"] for row in part["groups"]}
    assert withheld == {"a": False, "b": True}
    [chances] = part["chances"]
    assert (chances["low"], chances["high"]) == (0.2, 0.3)
    assert chances["events"]["p_below_0"]["probability"] == 0.25
    came = (rows["truth"] < 0).mean()
    assert chances["events"]["p_below_0"]["frequency"] == pytest.approx(came, abs=1e-4)
    drawn = draw_covered({"intervals": part}, {}, Texts())
    assert isinstance(drawn, Chart)
    assert list(drawn.series[0].y) == part["years"]["coverage"]


def test_plain_intervals_that_do_better_are_said_to(rows):
    wide = rows.assign(lower=-9.0, upper=9.0)
    part = interval_part(score_intervals(wide), reliability(wide), 1)
    assert "Intervals of equal width were better." in said(part)["en"]
    same = rows.assign(lower=rows["plain_lower"], upper=rows["plain_upper"])
    part = interval_part(score_intervals(same), reliability(same), 1)
    assert "No difference was found." in said(part, "sensitivity")["en"]
    assert "(ratio). The 80 %" in said(part, "sensitivity")["en"]
    one = rows[rows["origin"] == 2010]
    part = interval_part(score_intervals(one), reliability(one), 1)
    assert "too few years" in said(part)["en"]


def test_without_intervals_there_is_no_part(rows):
    assert interval_part(None, None, 1) is None
    table = score_intervals(rows)
    assert interval_part(table, reliability(rows), 2) is None
    assert draw_covered({"intervals": None}, {}, Texts()) is None


def test_totals_say_how_many_lay_inside_the_worst_year_first():
    years = pd.DataFrame({"group": "province", "level": ["A", "B"] * 4, "horizon": 1})
    years["origin"] = np.repeat(range(2010, 2014), 2)
    years["truth"] = [0, 0, 0, 9, 0, 0, 0, 0]
    years["forecast"], years["lower"], years["upper"], years["cities"] = 0.0, -1.0, 1.0, 3
    live = years[years["origin"] == 2013].assign(coverage=0.9)
    part = totals_part(live, score_sums(years), 1)
    assert [row["level"] for row in part["rows"]] == ["A", "B"]
    assert part["record"]["worst"] == 0.5
    assert part["record"]["coverage"] == 0.875
    found = totals_sentence(part, Texts(measure_words("growth_gap")))
    assert found["en"] == (
        "Of the totals by province, 50 % lay inside their bands of 90 % in the worst year "
        "(origin 2011), and 88 % over all years."
    )
    assert "50%" in found["zh"]
    alone = totals_part(live, None, 1)
    assert (
        totals_sentence(alone, Texts())["en"] == "No total of a group was scored in earlier years."
    )
    assert totals_part(live, None, 2) is None


def test_outcomes_without_level_breaks_stand_beside_all(rows):
    broken = rows.assign(unbroken=rows["truth"].where(rows.index % 7 != 0))
    assert interval_part(score_intervals(rows), reliability(rows), 1)["unbroken"] is None
    table = score_intervals(broken)
    own = table[table["slice"] == "without_breaks"].set_index("level")
    assert own.loc["all years", "n"] == broken["unbroken"].notna().sum()
    assert list(own.index) == ["all years", *map(str, range(2010, 2016))]
    kept = broken[broken["unbroken"].notna()]
    inside = kept["truth"].between(kept["lower"], kept["upper"]).groupby(kept["origin"]).mean()
    assert own.loc["all years", "coverage"] == pytest.approx(inside.mean())
    part = interval_part(table, reliability(broken), 1)
    assert part["unbroken"]["coverage"] == pytest.approx(inside.mean(), abs=1e-4)
    assert part["unbroken"]["worst"]["coverage"] == pytest.approx(inside.min(), abs=1e-3)
    for text in said(part).values():
        assert f"{100 * part['unbroken']['worst']['coverage']:.0f}" in text


def test_the_rule_year_is_said(rows):
    tables = score_intervals(rows), reliability(rows)
    assert "four years of five" not in said(interval_part(*tables, 1))["en"]
    found = said(interval_part(*tables, 1, "year"))
    assert found["en"].startswith("These intervals are made to hold their share of the cities")
    assert "五年中有四年" in found["zh"]
