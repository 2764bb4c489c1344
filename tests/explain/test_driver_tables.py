"""Tables of drivers: every view, every format, and no sheet that is too long."""

from __future__ import annotations

import pandas as pd

from city_resilience.evaluation.live import fit_forecaster
from city_resilience.explain import driver_tables as own
from forecasting_inputs import experiment, facts_of, small_panel


def test_tables_are_made_and_written_in_every_format(tmp_path, monkeypatch):
    chosen = experiment()
    weights = {"persistence": 0.4, "xgboost": 0.6}
    fitted = fit_forecaster(facts_of(small_panel(), chosen), chosen, {1: weights, 2: weights})
    tables = own.driver_tables(fitted, fitted.rows(small_panel()))
    assert list(tables) == list(own.TABLES)
    for frame in tables.values():
        assert frame.columns[0] == "view"
        assert set(frame["view"]) == {"forecasting"}
    monkeypatch.setattr(own, "MOST_SHEET_ROWS", len(tables["families"]))
    own.write_driver_tables(tables, tmp_path)
    for name, frame in tables.items():
        pd.testing.assert_frame_equal(pd.read_parquet(tmp_path / f"{name}.parquet"), frame)
        assert len(pd.read_csv(tmp_path / f"{name}.csv")) == len(frame)
        is_short = len(frame) <= len(tables["families"])
        assert (tmp_path / f"{name}.xlsx").exists() == is_short
