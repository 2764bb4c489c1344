"""The audit of a panel in files is the same wherever its batches were audited."""

from __future__ import annotations

import io

import pandas as pd

from bundle_inputs import panel_text
from city_resilience.commands.check import check
from city_resilience.workers import spreading_on
from travelling import travelled


def test_batches_that_travel_find_what_is_found_here(tmp_path, monkeypatch):
    frame = pd.read_csv(io.StringIO(panel_text()))
    number = frame.select_dtypes("number").columns[-1]
    frame.loc[frame.index[5], number] *= 1e4
    frame.to_parquet(tmp_path / "panel.parquet", index=False)
    monkeypatch.setattr("city_resilience.reading.read.MOST_ROWS", 10)
    monkeypatch.setattr("city_resilience.reading.stored_panel.BATCH_CITIES", 7)
    here, sizes = check(tmp_path / "panel.parquet").as_dict(), []

    def engine(calls, shared):
        sizes.append(len(calls))
        return travelled(calls, shared)

    with spreading_on(engine):
        there = check(tmp_path / "panel.parquet").as_dict()
    assert there == here
    assert here["issues"]
    assert min(sizes) > 1
