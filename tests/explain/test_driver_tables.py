"""Tables of drivers: every view, every format, and no sheet that is too long."""

from __future__ import annotations

import pandas as pd
import pytest

from city_resilience.evaluation.live import fit_forecaster
from city_resilience.evaluation.study.stability_table import STABILITY_COLUMNS
from city_resilience.explain import driver_tables as own
from city_resilience.explain.dictionary import dictionary
from city_resilience.explain.families import FAMILY_COLUMNS
from city_resilience.explain.held_out import HELD_OUT_COLUMNS
from city_resilience.explain.interactions import INTERACTION_COLUMNS
from city_resilience.explain.places import PLACE_COLUMNS
from city_resilience.explain.shapes import DEPENDENCE_COLUMNS, SHAPE_COLUMNS
from city_resilience.explain.surface import PAIR_COLUMNS, SURFACE_COLUMNS
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


def test_the_dictionary_tells_every_column_of_every_table_in_both_languages(tmp_path):
    columns = {
        "families_held_out": ("view", *FAMILY_COLUMNS, "rows", "cities"),
        "interactions": ("view", *INTERACTION_COLUMNS),
        "contributions": HELD_OUT_COLUMNS,
        "dependence": ("view", "horizon", *DEPENDENCE_COLUMNS),
        "shapes": ("view", "horizon", *SHAPE_COLUMNS, "q_value", "looked_at"),
        "surface": ("view", "horizon", *SURFACE_COLUMNS),
        "pairs": ("view", "horizon", *PAIR_COLUMNS, "q_value", "looked_at"),
        "places": ("view", "horizon", *PLACE_COLUMNS),
        "grades": STABILITY_COLUMNS,
    }
    own.write_driver_tables(
        {k: pd.DataFrame(columns=list(v)) for k, v in columns.items()}, tmp_path
    )
    table = pd.read_excel(tmp_path / "dictionary.xlsx", engine="openpyxl")
    assert len(table) == sum(len(names) for names in columns.values())
    assert table.notna().all().all()
    with pytest.raises(KeyError, match="made_up"):
        dictionary({"places": ["made_up"]})
