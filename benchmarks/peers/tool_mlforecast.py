"""mlforecast with xgboost on the city's own lags 1-5 (it reads no other column)."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pandas as pd
from frames import write


def main() -> None:
    """Forecast one year ahead from the series known at each origin."""
    from mlforecast import MLForecast
    from xgboost import XGBRegressor

    work, frame = Path(sys.argv[1]), sys.argv[2]
    parts, seconds = [], 0.0
    for path in sorted((work / "plain").glob("asked_*.parquet")):
        origin = int(path.stem.split("_")[1])
        train = pd.read_parquet(work / "plain" / f"train_{origin}.parquet")
        asked = pd.read_parquet(path)
        rows = pd.concat([train, asked])[["city", "year", "gap_lag0"]].dropna()
        series = rows.rename(columns={"city": "unique_id", "year": "ds", "gap_lag0": "y"})
        start = time.perf_counter()
        model = MLForecast(
            {"xgboost": XGBRegressor(n_jobs=2, random_state=0, objective="reg:absoluteerror")},
            freq=1,
            lags=[1, 2, 3, 4, 5],
        ).fit(series)
        made = model.predict(1)
        seconds += time.perf_counter() - start
        found = asked[["city"]].merge(
            made.rename(columns={"unique_id": "city", "xgboost": "forecast"}), how="left"
        )
        parts.append(found.assign(origin=origin, forecast=found["forecast"].fillna(0.0)))
        print(f"mlforecast: origin {origin}, {seconds:.0f} s", flush=True)
    forecasts = pd.concat(parts, ignore_index=True)[["city", "origin", "forecast"]]
    write(work, "mlforecast", frame, forecasts, seconds)


if __name__ == "__main__":
    main()
