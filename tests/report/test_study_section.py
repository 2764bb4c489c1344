"""The study in the report: its answer in words, its blocks, and what it says of another recipe."""

from __future__ import annotations

import re
from copy import deepcopy
from typing import Any

import pytest

from city_resilience.errors import InputError
from city_resilience.evaluation.study.parts import PARTS
from city_resilience.report.report_page import render_report
from city_resilience.report.study import answer_words, study_part
from city_resilience.report.study_tables import (
    BLOCKS,
    block_sentence,
    block_table,
    measured_horizons,
)
from city_resilience.report.summary import summarise, with_study
from city_resilience.report.texts import LANGUAGES, Texts, measure_words, words
from report_inputs import make_inputs
from study_inputs import small_study


@pytest.fixture(scope="module")
def study() -> dict[str, Any]:
    return small_study()


def with_digital(study: dict[str, Any], without: str, added: str, few: bool = False) -> Any:
    """The study, its digital family judged as asked."""
    changed = deepcopy(study)
    for row in changed["parts"]["ablation"]["rows"]:
        if row["family"] == "digital" and row["origin"] == "all":
            row["outcome"] = without if row["variant"] == "without" else added
            row["underpowered"] = few
    return changed


NOTHING = "nothing"


def answer_of(study: Any) -> dict[str, str]:
    """The answer in words at the horizon of the study."""
    return answer_words(study_part(study, {}), "1", Texts(measure_words(study["measure"])))


SAY = Texts(measure_words("growth_gap"))


@pytest.mark.parametrize(
    ("without", "added", "en", "zh"),
    [
        ("helps", "helps", "Yes. Digital", "能。数字类"),
        (NOTHING, "helps", "Only in place of other indicators", "只能替代其他类别"),
        (NOTHING, NOTHING, "No effect was found. Digital", "未发现可识别的影响。数字类"),
        (NOTHING, "hurts", "No, it makes forecasts less accurate.", "不能，反而降低准确度。"),
        ("hurts", "helps", "No, it makes forecasts less accurate.", "不能，反而降低准确度。"),
    ],
)
def test_answer_says_what_was_found(study, without, added, en, zh):
    answer = answer_of(with_digital(study, without, added))
    assert answer["en"].startswith(en)
    assert answer["zh"].startswith(zh)
    assert re.search(r"leaving it out changes the error by \S+ pp \(\S+ to \S+ over", answer["en"])


def test_few_years_are_said_where_nothing_was_found(study):
    words = "a true difference would often be missed"
    for outcome, said in ((NOTHING, True), ("helps", False)):
        answer = answer_of(with_digital(study, outcome, outcome, few=True))
        assert (words in answer["en"]) is said
    answer = answer_of(with_digital(study, NOTHING, NOTHING))
    assert words not in answer["en"]


def test_a_panel_without_digital_is_not_judged(study):
    changed = deepcopy(study)
    part = changed["parts"]["ablation"]
    part["rows"] = [row for row in part["rows"] if row["family"] != "digital"]
    answer = answer_of(changed)
    assert answer["en"].startswith("No digital indicator entered")


def test_every_part_has_a_block_in_both_languages(study):
    part = study_part(study, {})
    assert set(BLOCKS) == set(PARTS) == set(part["parts"])
    for name in BLOCKS:
        for horizon in measured_horizons(part, name):
            table = block_table(part, name, horizon, SAY)
            assert table.rows
            assert {len(row) for row in table.rows} == {len(table.heads)}
            texts = [block_sentence(part, name, horizon, SAY), *(h.text for h in table.heads)]
            cells = (cell for row in table.rows for cell in row)
            texts += [t for cell in cells for t in (cell.text, *cell.lines) if isinstance(t, dict)]
            for lang in LANGUAGES:
                assert all(text[lang] for text in texts)
                assert not any(re.search(r"[{}@]|study_", text[lang]) for text in texts)


def test_parts_that_found_nothing_say_so(study):
    changed = deepcopy(study)
    for part in changed["parts"].values():
        part["rows"] = []
    assert study_part(changed, {})["answer"] == {}
    page = render_report(with_study(bare_summary(), changed))
    for name in BLOCKS:
        assert measured_horizons(study_part(changed, {}), name) == []
        assert words(f"study_{name}_missing", "zh") in page


def test_only_some_parts_make_only_their_blocks(study):
    changed = deepcopy(study)
    changed["parts"] = {"random_split": changed["parts"]["random_split"]}
    page = render_report(with_study(bare_summary(), changed))
    assert re.findall(r'data-part="(\w+)"', page) == ["random_split"]
    assert study_part(changed, {})["answer"] == {}


@pytest.mark.parametrize(
    ("run", "same"),
    [
        ({}, True),
        ({"fingerprint": "fp"}, True),
        ({"fingerprint": "another"}, False),
        ({"digest": "another"}, False),
        ({"learners": {"ridge": {"alpha": 1.0}}}, False),
        ({"served": "ridge"}, False),
    ],
)
def test_another_recipe_or_panel_is_told(study, run, same):
    assert study_part(study, run)["same"] is same


def bare_summary() -> Any:
    return summarise(**make_inputs(cities=4, origins=range(2015, 2018), horizons=(1,)).all())


def test_page_shows_the_study_or_how_to_get_one(study):
    inputs = make_inputs(cities=4, origins=range(2015, 2018), horizons=(1,))
    bare = summarise(**inputs.all())
    page = render_report(bare)
    assert 'id="study-none"' in page
    inputs.info["study"] = study
    page = render_report(summarise(**inputs.all()))
    assert 'id="study-blocks"' in page
    assert 'id="study-none"' not in page
    assert render_report(with_study(bare, study)) == page


def test_a_study_of_another_experiment_is_refused(study):
    bare = bare_summary()
    with pytest.raises(InputError, match=r"about experiment 'other', the report about 'demo'"):
        with_study(bare, {**study, "experiment": "other"})
    with pytest.raises(InputError, match="about measure"):
        with_study(bare, {**study, "measure": "composite"})


def test_a_measure_in_other_units_speaks_of_them(study):
    answer = answer_of({**study, "measure": "composite"})
    assert " points (" in answer["en"]
    assert "pp" not in answer["en"]


def test_a_horizon_that_was_not_measured_shows_another_and_says_so(study):
    bare = summarise(**make_inputs(cities=4, origins=range(2015, 2018), horizons=(1, 2)).all())
    page = render_report(with_study(bare, study))
    shown = re.findall(r'<div data-h="(1 2)">|<span data-h="(2)">.*?Measured one year ahead', page)
    assert [one or other for one, other in shown].count("1 2") == 2 * len(BLOCKS) + 1
    assert [one or other for one, other in shown].count("2") == len(BLOCKS) + 1
