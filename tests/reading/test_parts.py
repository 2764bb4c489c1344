"""A folder of parts is read as the panel that was parted."""

from __future__ import annotations

import io
from pathlib import Path

import pandas as pd
import pytest

from bundle_inputs import panel_text, small_experiment
from city_resilience.errors import InputError
from city_resilience.reading.read import read_panel

DATA = small_experiment().data


def source() -> pd.DataFrame:
    return pd.read_csv(io.StringIO(panel_text()))


def parted(folder: Path, suffix: str, *, keyed: bool) -> Path:
    for year, rows in source().groupby("year"):
        place = folder / (f"year={year}" if keyed else "")
        place.mkdir(parents=True, exist_ok=True)
        path = place / f"part-{year}{suffix}"
        own = rows.drop(columns="year") if keyed else rows
        own.to_parquet(path, index=False) if suffix == ".parquet" else own.to_csv(path, index=False)
    (folder / "_SUCCESS").touch()
    (folder / ".hidden.csv").write_text("x")
    return folder


@pytest.mark.parametrize("suffix", [".csv", ".parquet"])
@pytest.mark.parametrize("keyed", [True, False])
def test_parts_are_the_panel(suffix, keyed, tmp_path):
    whole = read_panel(source(), DATA, outcome="gdp_real")
    panel = read_panel(parted(tmp_path / "panel", suffix, keyed=keyed), DATA, outcome="gdp_real")
    columns = sorted(whole.frame.columns)
    pd.testing.assert_frame_equal(panel.frame[columns], whole.frame[columns])
    assert panel.source == "panel"


def test_a_part_with_other_headers_is_named(tmp_path):
    folder = parted(tmp_path / "panel", ".csv", keyed=False)
    source().head(3).drop(columns="region").to_csv(folder / "part-2099.csv", index=False)
    with pytest.raises(InputError, match=r"part-2099\.csv: another table .*'region' is only"):
        read_panel(folder, DATA, outcome="gdp_real")
