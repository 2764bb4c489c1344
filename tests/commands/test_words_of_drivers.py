"""No output about drivers, levers or scenarios says that one thing makes another."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pandas as pd
import pytest

from bundle_inputs import small_experiment, small_forecaster, small_panel
from city_resilience.catalogue.shipped import shipped_toml
from city_resilience.commands import explain, scenario
from city_resilience.commands.main import run
from city_resilience.models.bundle import save_bundle
from city_resilience.report.sentences import causal_words
from city_resilience.report.texts import LANGUAGES

QUOTED = re.compile(r"“[^”]*”")
"""Names of indicators and advice of the literature stand as they are, in quotation marks."""
MARKED = {
    "students_per_10k": {"largest_step": 5.0},
    "patents_per_10k": {"cost": 2.0, "cost_unit": "million yuan"},
    "manufacturing_employment_share": {},
    "data_centre_racks_per_10k": {},
}


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("words")
    chosen = small_experiment(outcome={"horizons": [1]}, actionable=MARKED)
    save_bundle(small_forecaster(small_panel(folder), chosen), folder / "model")
    return folder


def own_words(text: str, lang: str = "en") -> list[str]:
    return causal_words(QUOTED.sub("", text), lang)


def asked(place: Path, *words: str) -> list[str]:
    return [*words, "--data", str(place / "panel.csv"), "--model", str(place / "model")]


def weakest(place: Path, word: str = "tudents") -> str:
    """A city that is short of what a header names, per head."""
    panel = pd.read_csv(place / "panel.csv")
    newest = panel[panel["year"] == panel["year"].max()]
    amount, people = (next(own for own in newest if name in own) for name in (word, "opulation"))
    return str(newest.loc[(newest[amount] / newest[people]).idxmin(), "city"])


def test_terminal_and_sentences_of_a_city(place, tmp_path, capsys):
    out = tmp_path / "city.json"
    assert run(asked(place, "explain", weakest(place), "--out", str(out))) == 0
    shown = capsys.readouterr().out
    assert "Beside the medians of its peers the city falls short most in “" in shown
    assert "is the model's association, not an effect" in shown
    assert "the panel does not have it" in shown
    assert own_words(shown) == []
    (city,) = json.loads(out.read_text("utf-8"))["cities"]
    assert city["levers"]["rows"][0]["curve"]
    for lang in LANGUAGES:
        text = " ".join(own[lang] for own in city["sentences"])
        assert len(text) > 200
        assert own_words(text, lang) == []


def test_advice_stands_in_quotation_marks_with_its_source(place, capsys):
    assert run(asked(place, "explain", weakest(place, "atents"))) == 0
    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith("- ")]
    assert lines
    assert all(re.fullmatch(r"- “[^”]+” \([^)]+\)", line) for line in lines)


def test_terminal_and_files_of_a_scenario(place, tmp_path, capsys):
    out = tmp_path / "s.json"
    words = ["scenario", weakest(place), "--set", "students_per_10k=+40%", "--out", str(out)]
    assert run([*asked(place, *words), "--refits", "0"]) == 0
    assert own_words(capsys.readouterr().out) == []
    stored = json.loads(out.read_text("utf-8"))
    for lang in LANGUAGES:
        assert (
            own_words(" ".join(own[lang] for own in (stored["note"], *stored["skill"])), lang) == []
        )


@pytest.mark.parametrize("verb", [explain.command, scenario.command])
def test_help_texts(verb):
    assert (
        own_words(" ".join([verb.help or "", *(str(p.to_info_dict()) for p in verb.params)])) == []
    )


def test_reasons_of_what_follows_in_a_scenario():
    every = [
        row["reason"]
        for rows in shipped_toml("identities.toml", "explain").values()
        for row in rows
    ]
    assert len(every) > 5
    assert [words for reason in every if (words := own_words(reason))] == []
