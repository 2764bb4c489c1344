"""One way to write each figure: forms by name, over texts, tables of the study and columns."""

from __future__ import annotations

import re
from collections.abc import Iterator
from importlib.resources import files
from pathlib import Path

import pytest

from city_resilience.report.formatting import Number
from city_resilience.report.summary import summarise
from city_resilience.report.texts import LANGUAGES
from report_inputs import make_inputs

REPORT = Path(str(files("city_resilience.report")))
FORMS = {
    r"mae(_\w+)?|\w+_mae|rmse(_\w+)?|seen": "2",
    r"rank_correlation|rank_(random|forward)|r2_\w+": "2",
    r"interval_score|best_score|crps": "2",
    r"width(_80)?": "1",
    r"skill(_\w+)?|estimate": "0%",
    r"(worst_)?coverage(_80)?|worst(_80)?|sign_hit_rate|\w*share(_before)?|promised|known": "0%",
    r"\w*difference(_seen)?|loss(_low|_high)?|error_(estimate|low|high)": "3",
    r"q_value|adjusted": "3",
    r"lower|upper": "1",
}
ELSEWHERE = (
    # beside a limit, or two versions beside each other
    *("monitor_alarm_", "compare_", "gate_"),
    # of scores, of slopes and of shares, which are no errors
    *("interval_better", "interval_same", "interval_worse", "place_skill_apart"),
)
FIGURE = re.compile(r"\{+(\w+):\+?(\d)([up%]?)\}")


def figures() -> Iterator[tuple[str, str, str]]:
    """Yield the line, the name and the form of every figure that a reader sees."""
    paths = [REPORT / "texts.toml", REPORT / "study_tables.toml", *sorted(REPORT.glob("*.py"))]
    for path in paths:
        key = ""
        for line in path.read_text("utf-8").splitlines():
            if found := re.match(r'\s*(?:Column\(|\[)?"?(\w+)#?"?(?:,| = )', line):
                key = found[1]
            for name, digits, end in FIGURE.findall(line):
                yield key, name, digits + ("%" if end in {"p", "%"} else "")


def test_each_figure_has_one_form() -> None:
    found = [own for own in figures() if not own[0].startswith(ELSEWHERE)]
    assert len(found) > 200
    known = [
        (key, name, form, wanted)
        for key, name, form in found
        for pattern, wanted in FORMS.items()
        if re.fullmatch(pattern, name)
    ]
    assert len(known) > 120
    assert [own for own in known if own[2] != own[3]] == []


def test_no_figure_of_a_page_has_four_digits() -> None:
    assert [own for own in figures() if own[2].rstrip("%") > "3"] == []


def test_nothing_is_compared_with_itself() -> None:
    summary = summarise(**make_inputs(cities=6, origins=range(2010, 2020)).all())
    rows = summary["by_horizon"]["1"]["skill"]
    naive = next(row for row in rows if row["best_naive"])
    history = next(row for row in rows if row["model"] == "history_only")
    assert naive["skill_naive"] is None
    assert (history["skill_history"], history["difference_history"]) == (None, None)
    assert history["skill_naive"] is not None


@pytest.mark.parametrize(
    ("form", "en", "zh"),
    [("0%", "46 %", "46%"), ("+1%", "+45.6 %", "+45.6%"), ("0p", "46", "46"), (",", "0", "0")],
)
def test_a_share_is_written_as_its_language_does(form: str, en: str, zh: str) -> None:
    written = {lang: format(Number(0.456, "", lang), form) for lang in LANGUAGES}
    assert written == {"en": en, "zh": zh}
