"""A draft costs no more than its panel's size: counted, so that no clock decides."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from city_resilience.audit import remembered
from city_resilience.commands import new
from city_resilience.commands.new import draft_experiment
from city_resilience.drafting import draft as drafts
from city_resilience.drafting import profile, settling
from city_resilience.drafting.profile import ColumnProfile
from city_resilience.errors import InputError
from city_resilience.reading import opening as opening_module
from city_resilience.reading import read
from city_resilience.reading.csv_file import CsvFile
from city_resilience.reading.opening import open_table
from city_resilience.tasks.dataset import AsOf
from foreign_panels import PANELS


@pytest.fixture
def with_errors():
    frame = PANELS["indonesia"].make(24)
    number = draft_experiment(frame).overview.outcome.column.header
    frame[number] = frame[number].astype(float)
    frame.loc[[30, 31, 90], number] *= 1000.0
    return frame


def test_a_panel_is_read_once_however_often_its_errors_are_settled(
    monkeypatch, tmp_path, with_errors
):
    path = tmp_path / "panel.csv"
    with_errors.to_csv(path, index=False)
    opened: list[int] = []
    parsed: list[int] = []
    audited: list[int] = []
    opening, audit, frame = opening_module.open_table, settling.audit_errors, CsvFile.frame
    for module in (read, drafts):
        monkeypatch.setattr(
            module, "open_table", lambda *own, **more: opened.append(1) or opening(*own, **more)
        )
    monkeypatch.setattr(CsvFile, "frame", lambda *own: parsed.append(1) or frame(*own))
    monkeypatch.setattr(
        settling, "audit_errors", lambda *own, **more: audited.append(1) or audit(*own, **more)
    )
    draft = draft_experiment(path)
    assert draft.experiment.data.corrections
    assert len(opened) == len(parsed) == 1
    assert len(audited) >= 2


def test_what_the_years_let_expect_is_computed_again_only_for_corrected_columns(
    monkeypatch, with_errors
):
    looked: list[int] = []
    trajectory = remembered.trajectory_of
    monkeypatch.setattr(
        remembered,
        "trajectory_of",
        lambda values, nation: looked.append(len(values)) or trajectory(values, nation),
    )
    draft_experiment(with_errors)
    first, *later = looked
    assert first > 2
    assert later
    assert set(later) == {1}


def test_a_draft_of_a_file_with_a_stated_decimal_mark_is_that_of_the_frame(tmp_path):
    frame = PANELS["indonesia"].make(24)
    path = tmp_path / "panel.csv"
    frame.to_csv(path, index=False, sep=";", decimal=",")
    drafts = [draft_experiment(one) for one in (frame, path)]
    keys = [{guess.key: guess.value for guess in draft.guesses} for draft in drafts]
    added = {("data", "path"), ("data", "decimal"), ("name",), ("title",), ("title_zh",)}
    assert {k: v for k, v in keys[1].items() if k not in added} == {
        k: v for k, v in keys[0].items() if k not in added
    }


@pytest.mark.parametrize(
    "cells",
    [
        [1.0, 2.0, np.nan, 2.0],
        [1.5, np.inf, 3.0, 4.0],
        [2001, 2002, 2001, 2003],
        [2001.0, 2002.5, 2001.0, np.nan],
        [1, 2**60, 2**60 + 1, 3],
        [np.nan] * 4,
        [0.0, -0.0, 0.0, 1.0],
    ],
)
def test_columns_looked_at_together_say_what_each_says_alone(cells):
    frame = pd.DataFrame({"city": list("abcd"), "x": cells, "y": [1, 2, 3, 4]})
    together = {c.header: c for c in profile.profile_table(open_table(frame), {}).columns}
    alone = ColumnProfile(1, "x", frame["x"])
    if not alone.filled.any():
        assert "x" not in together
        return
    for fact in ("filled", "numbers", "whole", "distinct", "years", "codes"):
        np.testing.assert_array_equal(getattr(together["x"], fact), getattr(alone, fact))


@pytest.mark.parametrize("more", [0, 30])
def test_labels_are_made_once_for_all_indicators_that_may_overlap(monkeypatch, more):
    frame = PANELS["indonesia"].make(24)
    for at in range(more):
        frame[f"smart poles {at}"] = range(1, len(frame) + 1)
    asked: list[int] = []
    labels = AsOf.labels
    monkeypatch.setattr(AsOf, "labels", lambda view, h: asked.append(h) or labels(view, h))
    draft = draft_experiment(frame)
    assert sorted(asked) == sorted(draft.experiment.outcome.horizons)


def test_columns_of_words_are_not_read_as_numbers_or_years(monkeypatch):
    frame = PANELS["indonesia"].make(24)
    for at in range(40):
        frame[f"remark {at}"] = [f"note {'ab'[row % 2]}" for row in range(len(frame))]
    frame["typed"] = [f"1,{row:03d},000" for row in range(len(frame))]
    read: list[object] = []
    numbers = profile.read_numbers
    monkeypatch.setattr(
        profile, "read_numbers", lambda column, mark: read.append(1) or numbers(column, mark)
    )
    draft_experiment(frame)
    assert 0 < len(read) < 30


def test_the_middle_of_a_header_of_pages_is_not_searched():
    cells = pd.Series([1.0, 2.0])
    for header in ("Population " + "per yuan " * 900 + "(10k persons)", "x" * 9000):
        column = ColumnProfile(0, header, cells)
        assert len(column.words) <= 401
    assert ColumnProfile(0, "Population " + "per yuan " * 900, cells).says("population")


def test_headers_whose_middle_is_not_looked_at_are_named_and_counted(tmp_path):
    frame = PANELS["indonesia"].make(24)
    assert not any("two ends" in line for line in lines(frame, tmp_path))
    frame["Smart poles " + "x" * 500] = range(len(frame))
    draft = draft_experiment(frame)
    assert "first and last 200 characters" in draft.text
    assert "poles xxxxxx" in draft.text.replace("\n# ", " ")
    assert any(line.strip().startswith("headers     1 are") for line in lines(frame, tmp_path))


def lines(frame: pd.DataFrame, folder: Path) -> list[str]:
    draft = draft_experiment(frame, folder / "my.toml", force=True)
    return list(new._lines(draft, "panel.csv"))


def test_more_columns_than_an_experiment_declares_are_refused_before_the_audit(monkeypatch):
    frame = PANELS["indonesia"].make(24)
    more = {f"smart poles {at}": np.arange(len(frame)) + at for at in range(1001)}
    monkeypatch.setattr(settling, "audit_errors", lambda *own, **more: pytest.fail("audited"))
    with pytest.raises(InputError, match=r"1,0\d\d columns .* at most 1,000; leave out"):
        draft_experiment(pd.concat([frame, pd.DataFrame(more)], axis="columns"))
