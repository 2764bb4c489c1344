"""The recent record in the summary and on the page: figures of the scores, and a plain sentence."""

from __future__ import annotations

import pandas as pd
import pytest

from city_resilience.report.periods import (
    period_scores,
    recent_sentence,
    skill_note,
    standing_words,
)
from city_resilience.report.report_page import render_report
from city_resilience.report.summary import summarise
from city_resilience.report.texts import Texts, measure_words
from report_inputs import make_inputs

NAIVE = ["zero", "last", "mean5", "damped"]
SAY = Texts(measure_words("growth_gap"))


def scores_of(before: float, recent: float, *, horizon: int = 1) -> pd.DataFrame:
    """Scores by period in which the blend has given errors and every naive rule others."""
    rules = {"zero": 1.65, "last": 2.1, "mean5": 1.8, "damped": 1.7, "history_only": 1.6}
    rows = [
        {"model": model, "horizon": horizon, "slice": name, "level": level, "mae": mae}
        | {"years": len(years) if name == "period" else 1}
        for period, years, own in (
            ("2010-2018", range(2010, 2019), before),
            ("2019-2022", range(2019, 2023), recent),
        )
        for model, mae in {**rules, "blend": own, "ridge": 0.1}.items()
        for name, level in (("period", period), *(("year", str(year)) for year in years))
    ]
    return pd.DataFrame(rows)


def test_rows_are_the_scores_of_the_served_model_and_every_naive_rule():
    scores = scores_of(1.1, 1.64)
    found = period_scores(scores, 1, "blend")
    assert found["models"] == ["blend", *NAIVE, "history_only"]
    assert [(row["first"], row["last"], row["years"], row["recent"]) for row in found["rows"]] == [
        (2010, 2018, 9, False),
        (2019, 2022, 4, True),
    ]
    for row, level in zip(found["rows"], ("2010-2018", "2019-2022"), strict=True):
        own = scores[scores["level"] == level].set_index("model")["mae"]
        assert row["mae"] == own[found["models"]].tolist()
    before, recent = found["rows"]
    assert standing_words(before, "blend", SAY)["en"] == "the blend"
    assert standing_words(recent, "blend", SAY) == {"en": "level", "zh": "相当"}
    assert period_scores(scores, 2, "blend") == {"models": [], "rows": []}


@pytest.mark.parametrize(
    ("recent", "english", "chinese"),
    [
        (
            1.64,
            "not clearly better than “no gap” (mean error 1.64 @ 4 of 4",
            "并不明显优于“零差距”",
        ),
        (
            1.66,
            "not clearly better than “no gap” (mean error 1.66 @ 0 of 4",
            "并不明显优于“零差距”",
        ),
        (1.73, "worse than “no gap” (mean error 1.73 @ 0 of 4", "不如“零差距”"),
    ],
)
def test_a_forecast_no_better_than_a_naive_rule_is_said_to_be_so(recent, english, chinese):
    rows = period_scores(scores_of(1.1, recent), 1, "blend")["rows"]
    said = recent_sentence(rows, SAY)
    assert said is not None
    english = english.replace("@", "against 1.65 pp, smaller in")
    assert said["en"] == f"Since 2019 the forecast is {english} years, origins 2019–2022)."
    assert chinese in said["zh"]
    assert "2019" in said["zh"]


def test_nothing_is_said_where_the_forecast_is_ahead_or_the_origins_are_few():
    rows = period_scores(scores_of(1.9, 1.3), 1, "blend")["rows"]
    assert recent_sentence(rows, SAY) is None
    assert "+21 % since 2019, against “no gap”" in skill_note(rows, SAY)["en"]
    behind = period_scores(scores_of(1.9, 1.9), 1, "blend")["rows"]
    assert recent_sentence(behind[:1], SAY) is None
    assert skill_note(behind[:1], SAY) == SAY("tile_skill_note")
    alone = scores_of(1.9, 1.9)
    rows = period_scores(alone[alone["model"] == "blend"], 1, "blend")["rows"]
    assert recent_sentence(rows, SAY) is None
    assert standing_words(rows[1], "blend", SAY)["en"] == "–"


def test_a_served_naive_rule_stands_beside_the_others():
    found = period_scores(scores_of(1.1, 1.64), 1, "zero")
    assert found["models"] == ["zero", "last", "mean5", "damped", "history_only"]
    assert found["rows"][1]["standing"]["rule"] == "damped"


def test_page_has_the_periods_of_each_horizon_and_the_sentence_on_top():
    inputs = make_inputs(cities=12, origins=range(2012, 2019), horizons=(1, 3))
    scores = inputs.scores
    late = ["2015-2018", *map(str, range(2015, 2019))]
    own = (scores["horizon"] == 3) & (scores["model"] == "blend")
    scores.loc[own & scores["level"].isin(late), "mae"] = 9.0
    summary = summarise(**inputs.all())
    page = render_report(summary)
    section = page[page.index('id="periods-box"') : page.index('id="groups-box"')]
    assert section.count("2015–2018") == 2
    for part in summary["by_horizon"].values():
        for mae in part["periods"]["rows"][1]["mae"]:
            assert f"<td>{mae:.2f}<" in section
    top = page[page.index('<section id="headline"') : page.index('<section id="drivers"')]
    assert top.count("Since 2015 the forecast is worse than") == 1
    assert "自 2015 年以来，预测不如" in top


def test_page_says_that_few_origins_are_one_period():
    inputs = make_inputs(cities=12, origins=range(2012, 2017), horizons=(1,))
    page = render_report(summarise(**inputs.all()))
    assert "Only 5 origin years were scored at this horizon, too few to show the last" in page
    assert "Since 2012" not in page
