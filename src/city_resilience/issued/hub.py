"""Issued forecasts and outcomes in the layout of the forecast hubs (hubverse).

A horizon is in years, an origin date is the last day of the origin year, and the target ends on the
last day of its year. What is live and what is reconstructed, forecasts and nowcasts are models of
their own, so that no score mixes them.
"""

from __future__ import annotations

import datetime as dt
import io
import re
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from city_resilience.errors import InputError
from city_resilience.issued.record import QUANTILES, IssuedForecast, Issues
from city_resilience.models.intervals import BELOW_TWO, BELOW_ZERO
from city_resilience.models.rows import NOWCAST
from city_resilience.tasks.dataset import Dataset, common_origin

__all__ = [
    "LIMITS",
    "OUTPUT_TYPES",
    "TASK_IDS",
    "check_abbreviation",
    "hub_model",
    "model_output",
    "oracle_output",
    "origin_date",
    "outcomes",
    "parquet",
    "time_series",
]

TASK_IDS = ("origin_date", "target", "horizon", "location", "target_end_date")
OUTPUT_TYPES = ("mean", "median", "quantile", "cdf", "sample")
LIMITS: Mapping[float, str] = {-2.0: BELOW_TWO, 0.0: BELOW_ZERO}
"""Limits of the cdf, and the column with the probability of ending below each."""
_ABBREVIATION = re.compile(r"[A-Za-z0-9_]{1,50}")
_WHERE = ["target", "horizon", "location", "target_end_date"]


def check_abbreviation(text: str, where: str) -> str:
    """Return an abbreviation that a hub takes.

    Raises
    ------
    InputError
        If it has other characters than letters, digits and _.
    """
    if not _ABBREVIATION.fullmatch(text):
        raise InputError(
            f"{where} {text!r}: no abbreviation of a hub; give letters, digits and _, at most 50"
        )
    return text


def hub_model(one: IssuedForecast, team: str) -> str:
    """Return the model of a hub that an issued forecast is of: TEAM-MODEL."""
    ending = ("_nowcast" if one.information == NOWCAST else "") + (
        "" if one.is_live else "_reconstructed"
    )
    return f"{team}-{one.model.replace('-', '_')}{ending}"


def origin_date(year: int) -> dt.date:
    """Return the last day of a year."""
    return dt.date(int(year), 12, 31)


def model_output(issues: Issues, one: IssuedForecast) -> pd.DataFrame:
    """Lay out an issued forecast as a submission.

    The median is the forecast, which is fitted to absolute errors; mean, quantiles and cdf are of
    the past errors around it. Samples share an index across places, and no index across horizons.
    Cities that were forecast from an older year than the others are left out.

    Returns
    -------
    DataFrame
        ``TASK_IDS``, output_type, output_type_id (NaN for mean and median) and value.
    """
    rows = issues.rows(one)
    rows = rows[rows["origin"] == one.origin]
    parts = [_filled(rows, one, *cells) for cells in _cells(rows)]
    parts += _samples(issues, one, rows)
    whole = pd.concat(parts, ignore_index=True)
    return whole[whole["value"].notna()].reset_index(drop=True)


def _cells(rows: pd.DataFrame) -> Iterator[tuple[str, float, pd.Series]]:
    """Yield output type, its id, and the values of every row."""
    yield "median", np.nan, rows["forecast"]
    yield "mean", np.nan, rows["mean"]
    for name, level in QUANTILES.items():
        yield "quantile", level, rows[name]
    for limit, name in LIMITS.items():
        yield "cdf", limit, rows[name]


def _filled(
    rows: pd.DataFrame, one: IssuedForecast, kind: str, id: float | pd.Series, value: pd.Series
) -> pd.DataFrame:
    ends = {year: origin_date(year) for year in rows["target_year"].unique()}
    return pd.DataFrame(
        {
            "origin_date": origin_date(one.origin),
            "target": one.measure,
            "horizon": rows["horizon"].astype("int32"),
            "location": rows["city"],
            "target_end_date": rows["target_year"].map(ends),
            "output_type": kind,
            "output_type_id": id,
            "value": value,
        }
    )


def _samples(issues: Issues, one: IssuedForecast, rows: pd.DataFrame) -> Iterator[pd.DataFrame]:
    """Yield the draws of each horizon; a draw has one index for all places of a horizon."""
    drawn = issues.samples(one)
    names = [name for name in drawn.columns if name not in ("city", "horizon")]
    keyed = rows[["city", "horizon", "target_year"]].merge(drawn, on=["city", "horizon"])
    places = {horizon: k for k, horizon in enumerate(sorted(keyed["horizon"].unique()))}
    for k, name in enumerate(names, 1):
        index = keyed["horizon"].map(places) * len(names) + k
        yield _filled(keyed, one, "sample", index.astype("float64"), keyed[name])


def outcomes(dataset: Dataset, horizons: tuple[int, ...]) -> pd.DataFrame:
    """Return what came to pass: target, horizon, location, target_end_date, observation.

    Of every origin whose outcome is known by the common origin of the panel.
    """
    last = common_origin(dataset.outcome, dataset.years)
    parts = []
    for horizon in horizons:
        known = last - dataset.wait(horizon)
        for year in dataset.years[dataset.years <= known].tolist():
            truth = dataset.truth(year, horizon)
            parts.append(
                pd.DataFrame(
                    {
                        "target": dataset.measure,
                        "horizon": np.int32(horizon),
                        "location": list(dataset.cities),
                        "target_end_date": origin_date(year + horizon),
                        "observation": truth,
                    }
                )
            )
    whole = pd.concat(parts, ignore_index=True)
    return whole[whole["observation"].notna()].reset_index(drop=True)


def time_series(vintages: Mapping[dt.date, pd.DataFrame]) -> pd.DataFrame:
    """Join the outcomes of several vintages, each with the day of its publication as ``as_of``."""
    parts = [own.assign(as_of=day) for day, own in sorted(vintages.items())]
    return pd.concat(parts, ignore_index=True)


def oracle_output(newest: pd.DataFrame) -> pd.DataFrame:
    """Lay out outcomes as a forecast would be that had known them."""
    plain = newest.rename(columns={"observation": "oracle_value"})
    parts = [
        plain.assign(output_type=kind, output_type_id=np.nan)
        for kind in OUTPUT_TYPES
        if kind != "cdf"
    ]
    parts += [
        plain.assign(
            output_type="cdf",
            output_type_id=limit,
            oracle_value=(plain["oracle_value"] <= limit).astype("float64"),
        )
        for limit in LIMITS
    ]
    whole = pd.concat(parts, ignore_index=True)
    return whole[[*_WHERE, "output_type", "output_type_id", "oracle_value"]]


def parquet(frame: pd.DataFrame) -> bytes:
    """Write a table of a hub with the types that its settings say."""
    import pyarrow
    import pyarrow.parquet

    table = pyarrow.Table.from_pandas(frame, schema=_schema(frame), preserve_index=False)
    file = io.BytesIO()
    pyarrow.parquet.write_table(table.replace_schema_metadata(None), file, compression="zstd")
    return file.getvalue()


def _schema(frame: pd.DataFrame) -> Any:
    import pyarrow

    days = dict.fromkeys(("origin_date", "target_end_date", "as_of"), pyarrow.date32())
    texts = dict.fromkeys(("target", "location", "output_type"), pyarrow.string())
    known = {**days, **texts, "horizon": pyarrow.int32()}
    return pyarrow.schema([(name, known.get(name, pyarrow.float64())) for name in frame.columns])
