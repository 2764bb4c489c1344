"""mlforecast with xgboost on the city's own lags 1-5 (it reads no other column)."""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd
from frames import Clock, write

LAGS = [1, 2, 3, 4, 5]


def main() -> None:
    """Forecast one year ahead from the gaps known at each origin."""
    work, frame = Path(sys.argv[1]), sys.argv[2]
    gaps = pd.read_parquet(work / "series.parquet")
    gaps = gaps.rename(columns={"city": "unique_id", "year": "ds", "gap": "y"})
    parts, clock = [], Clock()
    for path in sorted((work / "plain").glob("asked_*.parquet")):
        origin = int(path.stem.split("_")[1])
        with clock:
            made = forecast(gaps[gaps["ds"] <= origin])
        made = made[made["ds"] == origin + 1]
        names = {"unique_id": "city", "xgboost": "forecast"}
        parts.append(made.rename(columns=names)[["city", "forecast"]].assign(origin=origin))
        print(f"mlforecast: origin {origin}, {clock.seconds:.0f} s", flush=True)
    write(work, "mlforecast", frame, pd.concat(parts, ignore_index=True), clock)


def forecast(known: pd.DataFrame) -> pd.DataFrame:
    """Fit on all series together; one row for each, the year after its last."""
    from mlforecast import MLForecast
    from xgboost import XGBRegressor

    learner = XGBRegressor(n_jobs=2, random_state=0, objective="reg:absoluteerror")
    return MLForecast({"xgboost": learner}, freq=1, lags=LAGS).fit(known).predict(1)


if __name__ == "__main__":
    main()
