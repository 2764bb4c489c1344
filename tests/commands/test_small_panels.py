"""Small panels: no page or screen shows a value that is not there, and few years say so."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from city_resilience.commands.main import run

NAN = re.compile(r"(?<![A-Za-z])[+-]?nan(?![A-Za-z])", re.IGNORECASE)
EXPERIMENT = """
name = "six"
noun = "district"
[data.columns.stuff]
family = "digital"
[outcome]
column = "gva"
unit = "million EUR"
label_en = "Gross value added"
label_zh = "总增加值"
horizons = [1]
[features]
min_history = 2
[evaluation]
first_origin = FIRST
warmup_origins = 1
min_group = 2
[model.parameters.xgboost]
rounds = 20
[model.parameters.xgboost_all_years]
rounds = 20
[model.parameters.extra_trees_history]
trees = 20
"""


@pytest.fixture
def folder(tmp_path, monkeypatch):
    rng = np.random.default_rng(0)
    level = 100 * np.arange(1, 7)[:, None] * np.exp(rng.normal(0.04, 0.03, (6, 8)).cumsum(axis=1))
    rows = [(f"Place {i}", 2012 + t, level[i, t], rng.random()) for i in range(6) for t in range(8)]
    frame = pd.DataFrame(rows, columns=["city", "year", "gva", "stuff"])
    frame.to_csv(tmp_path / "six.csv", index=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def said(capsys, *words: str) -> str:
    assert run(list(words)) == 0
    return capsys.readouterr().out


def shown(page: Path) -> str:
    """Return what a reader sees of a page, without its scripts and styles."""
    text = re.sub(r"<(script|style).*?</\1>", "", page.read_text("utf-8"), flags=re.DOTALL)
    return re.sub(r"<[^>]*>", " ", text)


@pytest.mark.tracking
@pytest.mark.usefixtures("copied_stores")
@pytest.mark.parametrize("first", [2017, 2018])
def test_six_districts_in_eight_years(folder, capsys, first):
    Path("six.toml").write_text(EXPERIMENT.replace("FIRST", str(first)), "utf-8")
    out = said(
        capsys,
        *(
            "train",
            "six.toml",
            "--data",
            "six.csv",
            "--out",
            "out",
            "--store",
            str(folder / "store"),
        ),
    )
    assert not NAN.search(out)
    assert "Share of districts with a value" in out
    page = shown(folder / "out" / "report.html")
    assert not NAN.search(page)
    assert "districts" in page
    assert not re.search(r"\bcities\b", page)
    assert "全国" not in page
    if first == 2017:
        assert "Horizon 1: the coverage rests on one scored year." in out
        assert "This rests on one scored year (origin 2018)" in page
    else:
        assert "scores of one year" in out


def test_measures_of_two_places_have_no_correlation(folder, capsys):
    frame = pd.read_csv("six.csv")
    frame[frame["city"].isin(["Place 0", "Place 1"])].to_csv("two.csv", index=False)
    Path("two.toml").write_text(EXPERIMENT.replace("FIRST", "2017"), "utf-8")
    out = said(
        capsys,
        *("measure", "two.csv", "--experiment", "two.toml", "--window", "2013:2014:2016"),
        *("--out", "m.csv"),
    )
    assert not NAN.search(out)
    assert "no correlation, 2 districts are too few or all alike" in out
