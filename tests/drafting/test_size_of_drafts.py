"""A draft costs no more than its panel's size: counted, so that no clock decides."""

from __future__ import annotations

import pytest

from city_resilience.commands.new import draft_experiment
from city_resilience.drafting import settling
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
    opening, audit = read.open_table, settling.audit_panel
    monkeypatch.setattr(read, "open_table", lambda *own: opened.append(1) or opening(*own))
    monkeypatch.setattr(
        settling, "audit_panel", lambda *own, **more: audited.append(1) or audit(*own, **more)
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
