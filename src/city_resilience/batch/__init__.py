"""Predict from a file to a file; nothing here needs training data or a tracking store."""

from city_resilience.batch.folder import check_folder, publish, staging_folder
from city_resilience.batch.predict import add_drivers, check_panel, forecast_table, predict
from city_resilience.batch.tables import check_suffix, write_bytes, write_json, write_table

__all__ = [
    "add_drivers",
    "check_folder",
    "check_panel",
    "check_suffix",
    "forecast_table",
    "predict",
    "publish",
    "staging_folder",
    "write_bytes",
    "write_json",
    "write_table",
]
