"""Made-up issued forecasts, for the tests of their record."""

from __future__ import annotations

import datetime as dt
import hashlib
import io
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from city_resilience.issued.adding import add_issue
from city_resilience.issued.record import QUANTILES, ROW_COLUMNS, SAMPLES, TABLE, IssuedForecast

DAY = dt.datetime(2024, 4, 2, 9, 0, tzinfo=dt.UTC)


def made_up_draft(model: str = "demo", origin: int = 2022, **changes: Any) -> IssuedForecast:
    """Return what is said of a forecast that is to be issued."""
    plain = {
        "id": "",
        "model": model,
        "version": f"{model}/1",
        "model_digest": "0" * 64,
        "origin": origin,
        "information": "forecast",
        "issued_at": DAY,
        "known_from": dt.date(origin + 3, 3, 31),
        "status": "live",
        "fingerprint": "0123456789abcdef",
        "vintage": "",
        "measure": "growth_gap",
        "unit": "pp",
    }
    return IssuedForecast(**{**plain, **changes})


def made_up_rows(origin: int = 2022, seed: int = 0, cities: int = 4) -> pd.DataFrame:
    """Return rows of as many cities at two horizons, in the columns of a record."""
    rng = np.random.default_rng(seed)
    names = [f"City {k}" for k in range(cities)] * 2
    horizon = np.repeat([1, 2], cities)
    forecast = rng.normal(size=2 * cities)
    offsets = np.linspace(-2.0, 2.0, len(QUANTILES))
    plain = {
        "city": names,
        "province": ["North", "South"] * cities,
        "origin": origin,
        "horizon": horizon,
        "target_year": origin + horizon,
        "forecast": forecast,
        "lower": forecast - 1.6,
        "upper": forecast + 1.6,
        "coverage": 0.9,
        "rank": 1,
        "flags": "",
        "information": "forecast",
        "mean": forecast,
        **{name: forecast + own for name, own in zip(QUANTILES, offsets, strict=True)},
        "naive_zero": 0.0,
        "p_below_0": 0.4,
        "p_below_minus_2": 0.1,
        "p_worst_tenth": 0.1,
    }
    frame = pd.DataFrame(plain).reindex(columns=list(ROW_COLUMNS))
    return frame.astype(dict(ROW_COLUMNS))


def parquet_of(frame: pd.DataFrame) -> bytes:
    """Return a frame as the bytes of a Parquet file."""
    file = io.BytesIO()
    frame.to_parquet(file, index=False)
    return file.getvalue()


def made_up_samples(rows: pd.DataFrame, draws: int = 5) -> pd.DataFrame:
    """Return as many draws of each row, every one another number."""
    names = [f"d{k:03d}" for k in range(1, draws + 1)]
    values = np.arange(len(rows) * draws, dtype=np.float64).reshape(len(rows), draws)
    return pd.concat([rows[["city", "horizon"]], pd.DataFrame(values, columns=names)], axis=1)


def add_made_up(record: Path, seed: int = 0, **changes: Any) -> IssuedForecast:
    """Issue a made-up forecast."""
    draft = made_up_draft(**changes)
    rows = made_up_rows(draft.origin, seed)
    files = {TABLE: parquet_of(rows), SAMPLES: parquet_of(made_up_samples(rows))}
    return add_issue(record, draft, files)


def sums_of(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each file that was issued, without the index."""
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "index.json"
    }
