"""A forecast of a panel in files has the bytes of that of the same panel in memory."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd
import pytest

from bundle_inputs import panel_text, small_forecaster, small_panel
from city_resilience.batches.rows import BatchedRows
from city_resilience.commands.predict import predict
from city_resilience.models.bundle import save_bundle
from city_resilience.workers import spreading_on
from travelling import travelled

PARTS = {
    "reading.read.MOST_ROWS": 10,
    "reading.stored_panel.BATCH_CITIES": 16,
    "batches.rows.BATCH": 16,
    "models.forecaster.TOGETHER": 7,
    "explain.leading.PART": 7,
}


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    import io

    folder = tmp_path_factory.mktemp("streamed")
    pd.read_csv(io.StringIO(panel_text())).to_parquet(folder / "panel.parquet", index=False)
    forecaster = small_forecaster(small_panel(folder))
    return folder / "panel.parquet", save_bundle(forecaster, folder / "bundle")


@pytest.mark.parametrize("more", [{}, {"lang": "zh", "cities": ["Dravash"]}])
def test_streamed_forecast_has_the_bytes_of_that_in_memory(
    made: tuple[Path, Path],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    more: dict[str, object],
) -> None:
    panel, model = made

    def run(name: str) -> object:
        return predict(
            panel,
            model,
            out=tmp_path / name / "out.csv",
            groups=tmp_path / name / "groups.csv",
            **more,
        ).rows

    monkeypatch.setattr("city_resilience.commands.laid_out.ROWS_TOGETHER", 7)
    whole = run("whole")
    for name, size in PARTS.items():
        monkeypatch.setattr(f"city_resilience.{name}", size)
    assert isinstance(run("parts"), BatchedRows) > isinstance(whole, BatchedRows)
    with spreading_on(travelled):
        run("elsewhere")
    files = sorted(path.name for path in (tmp_path / "whole").iterdir())
    for file in files:
        for name in ("parts", "elsewhere"):
            own, other = (tmp_path / folder / file for folder in (name, "whole"))
            assert own.read_bytes() == other.read_bytes()
    assert json.loads((tmp_path / "parts" / "out.csv.manifest.json").read_text())["rows"]


def test_parquet_has_a_row_group_for_each_part(
    made: tuple[Path, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    import pyarrow.parquet

    panel, model = made
    table = predict(panel, model, out=tmp_path / "whole.parquet").table
    for name, size in {**PARTS, "commands.laid_out.ROWS_TOGETHER": 7}.items():
        monkeypatch.setattr(f"city_resilience.{name}", size)
    predict(panel, model, out=tmp_path / "parts.parquet")
    assert pyarrow.parquet.ParquetFile(tmp_path / "parts.parquet").num_row_groups > 3
    for name in ("whole", "parts"):
        found = pd.read_parquet(tmp_path / f"{name}.parquet")
        pd.testing.assert_frame_equal(found, table)
