"""A draft costs no more than its panel's size: counted, so that no clock decides."""

from __future__ import annotations

import pandas as pd
import pytest

from city_resilience.commands.new import draft_experiment
from city_resilience.drafting import profile, settling
from city_resilience.drafting.profile import ColumnProfile
from city_resilience.reading import read
from city_resilience.tasks.dataset import AsOf
from foreign_panels import PANELS


def test_a_panel_is_read_once_however_often_its_errors_are_settled(monkeypatch):
    frame = PANELS["indonesia"].make(24)
    number = draft_experiment(frame).overview.outcome.column.header
    frame[number] = frame[number].astype(float)
    frame.loc[[30, 31, 90], number] *= 1000.0
    opened: list[int] = []
    audited: list[int] = []
    opening, audit = read.open_table, settling.audit_errors
    monkeypatch.setattr(read, "open_table", lambda *own: opened.append(1) or opening(*own))
    monkeypatch.setattr(
        settling, "audit_errors", lambda *own, **more: audited.append(1) or audit(*own, **more)
    )
    draft = draft_experiment(frame)
    assert draft.experiment.data.corrections
    assert len(opened) == 1
    assert len(audited) >= 2


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
