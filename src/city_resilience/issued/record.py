"""The record of issued forecasts: what each holds, and how it is read back and verified.

A record is a folder with one folder per model, and in it one per issued forecast, named by its id:
``issue.json`` says what it is and has the SHA-256 of its tables and of the ``issue.json`` before
it; ``index.json`` beside them has the SHA-256 of each ``issue.json``. What was issued is never
changed: a later one of the same origin, information and status supersedes it, and both stay.
"""

from __future__ import annotations

import datetime as dt
import hashlib
import io
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from pydantic import TypeAdapter, ValidationError

from city_resilience.errors import InputError, nearest
from city_resilience.evaluation.baselines import NAIVE
from city_resilience.foreign import decoding, read_bytes, read_json
from city_resilience.models.rows import FORECAST_COLUMNS
from city_resilience.unfinished import settle

__all__ = [
    "ABOUT",
    "ID",
    "INDEX",
    "LEVELS",
    "LIVE",
    "MODEL",
    "NAIVE_COLUMNS",
    "QUANTILES",
    "RECONSTRUCTED",
    "ROW_COLUMNS",
    "SAMPLES",
    "TABLE",
    "IssuedForecast",
    "Issues",
    "models_of",
    "newest",
    "number_of",
    "read_index",
    "read_issues",
]

ABOUT, TABLE, SAMPLES, INDEX = "issue.json", "forecast.parquet", "samples.parquet", "index.json"
LIVE, RECONSTRUCTED = "live", "reconstructed"
ID = re.compile(r"(?P<origin>\d{4})-(?P<information>forecast|nowcast)-(?P<number>[1-9]\d{0,6})")
MODEL = re.compile(r"[A-Za-z0-9_-]{1,200}")
LEVELS = (0.01, 0.025, *(round(0.05 * k, 2) for k in range(1, 20)), 0.975, 0.99)
QUANTILES: Mapping[str, float] = {f"q{round(1000 * level):03d}": level for level in LEVELS}
"""Column of each level that the forecast hubs ask for: ``q010``, ``q025``, ``q050`` … ``q990``."""
NAIVE_COLUMNS: Mapping[str, str] = {f"naive_{name}": name for name in NAIVE}
"""Column of what each naive rule said on the day of the issue."""
ROW_COLUMNS: Mapping[str, str] = {
    **FORECAST_COLUMNS,
    "mean": "float64",
    **dict.fromkeys(QUANTILES, "float64"),
    **dict.fromkeys(NAIVE_COLUMNS, "float64"),
}
"""Columns that each table has: a forecast's, the mean of its distribution, its quantiles, and the
naive rules'. Beside them ``nation``, ``group_<name>`` for other groups of cities, and the leading
drivers ``driver_1`` …, where there are any."""
MOST_ABOUT, MOST_TABLE, MOST_INDEX = 1_000_000, 256_000_000, 64_000_000
AGAIN = "bring it back from a copy, such as that of its run in MLflow"


@dataclass(frozen=True)
class IssuedForecast:
    """What is said of one issued forecast; see `Issues.rows` for its table.

    Attributes
    ----------
    id : str
        ORIGIN-INFORMATION-NUMBER; the number counts what was issued of the model.
    model, version : str
        Its name, and NAME/VERSION where it is registered.
    model_digest : str
        SHA-256 of the manifest of its bundle.
    origin : int
        The common origin.
    information : {"forecast", "nowcast"}
        What it rests on: the panel alone, or early releases as well.
    issued_at : datetime
        UTC, whole seconds.
    known_from : date
        Day on which the first of the outcomes that it forecasts can be known.
    status : {"live", "reconstructed"}
    fingerprint, vintage : str
        Of the panel; the vintage is its day of publication, "" where none was told.
    measure, unit : str
        What is forecast.
    supersedes : str
        Id of the one before of the same origin, set of information and status, so that none that
        is reconstructed takes the place of a live one; "" for none.
    program : str
        Version of this program.
    previous : str
        SHA-256 of the ``issue.json`` of the one issued before; "" for the first.
    files : mapping of str to str
        SHA-256 of each table beside ``issue.json``.
    """

    id: str
    model: str
    version: str
    model_digest: str
    origin: int
    information: Literal["forecast", "nowcast"]
    issued_at: dt.datetime
    known_from: dt.date
    status: Literal["live", "reconstructed"]
    fingerprint: str
    vintage: str
    measure: str
    unit: str
    supersedes: str = ""
    program: str = ""
    previous: str = ""
    files: dict[str, str] = field(default_factory=dict)

    @property
    def of(self) -> tuple[int, str, str]:
        """Origin, set of information and status: of those of one kind the last one stands."""
        return self.origin, self.information, self.status

    @property
    def is_live(self) -> bool:
        """Whether it was issued before any of its outcomes could be known."""
        return self.status == LIVE


@dataclass(frozen=True)
class Issues:
    """All that was issued of a model, verified.

    Attributes
    ----------
    folder : Path
        That of the model in the record.
    issued : tuple of IssuedForecast
        In the order in which they were issued.
    """

    folder: Path
    model: str
    issued: tuple[IssuedForecast, ...]

    @cached_property
    def table(self) -> pd.DataFrame:
        """Rows of all: ``issue``, ``issue_information``, ``status``, ``issued_at``, and `rows`."""
        parts = [
            self.rows(one).assign(
                issue=one.id,
                issue_information=one.information,
                status=one.status,
                issued_at=one.issued_at,
            )
            for one in self.issued
        ]
        first = ["issue", "issue_information", "status", "issued_at"]
        if not parts:
            return pd.DataFrame(columns=[*first, *ROW_COLUMNS])
        whole = pd.concat(parts, ignore_index=True)
        return whole[[*first, *(name for name in whole.columns if name not in first)]]

    def rows(self, one: IssuedForecast) -> pd.DataFrame:
        """Return the table of an issued forecast: ``ROW_COLUMNS`` and what stands beside them."""
        return self._read(one, TABLE, ROW_COLUMNS)

    def samples(self, one: IssuedForecast) -> pd.DataFrame:
        """Return its joint samples: city, horizon, and a column ``d001`` … for each draw.

        No row where the model has no intervals.
        """
        if SAMPLES not in one.files:
            return pd.DataFrame({"city": [], "horizon": []}).astype({"horizon": "int64"})
        return self._read(one, SAMPLES, {"city": "str", "horizon": "int64"})

    def file(self, one: IssuedForecast, name: str) -> bytes:
        """Return a file of an issued forecast, verified.

        Raises
        ------
        InputError
            If it is not there, or not as it was issued.
        """
        path = self.folder / one.id / name
        return _verified(path, one.files.get(name, ""), MOST_TABLE)

    def sum_of(self, one: IssuedForecast) -> str:
        """Return the SHA-256 of the ``issue.json`` of an issued forecast."""
        data = _verified(self.folder / one.id / ABOUT, "", MOST_ABOUT)
        return hashlib.sha256(data).hexdigest()

    def newest(self, information: str = "", origin: int | None = None) -> IssuedForecast | None:
        """Return the one issued last, of a set of information and an origin where they are given.

        None where there is none.
        """
        asked = [
            one
            for one in self.issued
            if information in ("", one.information) and origin in (None, one.origin)
        ]
        return asked[-1] if asked else None

    @property
    def standing(self) -> tuple[IssuedForecast, ...]:
        """Those that no later one supersedes."""
        superseded = {one.supersedes for one in self.issued}
        return tuple(one for one in self.issued if one.id not in superseded)

    def _read(self, one: IssuedForecast, name: str, columns: Mapping[str, str]) -> pd.DataFrame:
        return _table(self.file(one, name), self.folder / one.id / name, columns)


def models_of(record: Path | str) -> tuple[str, ...]:
    """Return the models of which something was issued."""
    record = Path(record)
    if not record.is_dir():
        return ()
    return tuple(sorted(own.name for own in record.iterdir() if own.is_dir() and _ids(own)))


def read_issues(record: Path | str, model: str = "") -> Issues:
    """Read and verify all that was issued of a model.

    Parameters
    ----------
    record : Path
        Folder of the record.
    model : str
        Its name; "" = the only one.

    Raises
    ------
    InputError
        If nothing was issued, or something that was is changed or gone, by its name.
    """
    record = Path(record)
    known = models_of(record)
    if not known:
        raise InputError(f"{record}: nothing has been issued there; run predict with --issue first")
    if not model and len(known) > 1:
        raise InputError(f"{record}: has {', '.join(known)}; name one of these models")
    if model and model not in known:
        raise InputError(
            f"{record}: nothing has been issued of the model {model!r}{nearest(model, known)}; "
            f"it has {', '.join(known)}"
        )
    model = model or known[0]
    folder = record / model
    settle(folder)
    return Issues(folder, model, read_index(folder))


def newest(record: Path | str, model: str = "", information: str = "") -> IssuedForecast | None:
    """Return what was issued last of a model; None where nothing was."""
    if not models_of(record):
        return None
    return read_issues(record, model).newest(information)


def read_index(folder: Path) -> tuple[IssuedForecast, ...]:
    """Read what was issued of a model in its folder, in order, and verify all of it.

    Raises
    ------
    InputError
        If something is changed, gone, or none of this record.
    """
    listed = _listed(folder)  # first: what another process issues meanwhile is newer than it
    ids = sorted(_ids(folder), key=number_of)
    if gone := sorted(set(listed) - set(ids), key=number_of):
        raise InputError(f"{folder / gone[0]}: was issued and is gone; {AGAIN}")
    last = max(map(number_of, listed), default=0)
    found, sums = [], {}
    for id in ids:
        if id not in listed and number_of(id) <= last:
            raise InputError(
                f"{folder / id}: is none of what was issued there, {INDEX} does not list it; move "
                "it away"
            )
        one, own = _read_about(folder / id, listed.get(id, ""))
        found.append(one)
        sums[own] = id
        _check_files(folder / id, one)
    for one in found:
        if one.previous and one.previous not in sums:
            raise InputError(
                f"{folder}: what was issued before {one.id} is changed or gone; {AGAIN}"
            )
    _check_order(folder, found)
    return tuple(found)


def number_of(id: str) -> int:
    """Return the number in an id."""
    return int(id.rpartition("-")[2])


def _ids(folder: Path) -> list[str]:
    return [own.name for own in folder.iterdir() if own.is_dir() and ID.fullmatch(own.name)]


def _listed(folder: Path) -> dict[str, str]:
    """Return the SHA-256 of each ``issue.json`` that the index lists."""
    path = folder / INDEX
    try:
        found = read_json(path, "remove it, and the next issue writes it anew", MOST_INDEX)
    except FileNotFoundError:
        return {}
    issues = found.get("issues") if isinstance(found, dict) else None
    if not isinstance(issues, dict) or not all(
        ID.fullmatch(id) and isinstance(own, str) for id, own in issues.items()
    ):
        raise InputError(f"{path}: no index of issued forecasts; bring it back from a copy")
    return issues


def _read_about(folder: Path, listed: str) -> tuple[IssuedForecast, str]:
    path = folder / ABOUT
    data = _verified(path, listed, MOST_ABOUT)
    try:
        one = _READER.validate_json(data)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(map(str, first["loc"]))
        raise InputError(
            f"{path}: {where}: {first['msg'].lower()}; it was changed, {AGAIN}"
        ) from error
    named = ID.fullmatch(one.id)
    told = named and (int(named["origin"]), named["information"]) == (one.origin, one.information)
    if one.id != folder.name or one.model != folder.parent.name or not told:
        raise InputError(
            f"{path}: is {one.id!r} of {one.model!r}, not what its folder says; {AGAIN}"
        )
    return one, hashlib.sha256(data).hexdigest()


def _check_files(folder: Path, one: IssuedForecast) -> None:
    """Refuse a folder that holds anything but what was issued."""
    there = {own.name for own in folder.iterdir()} - {ABOUT}
    if foreign := sorted(there - set(one.files)):
        raise InputError(f"{folder / foreign[0]}: was not issued with {one.id}; move it away")
    for name, own in one.files.items():
        _verified(folder / name, own, MOST_TABLE)


def _check_order(folder: Path, found: Sequence[IssuedForecast]) -> None:
    """Refuse one that says it supersedes what it cannot."""
    before: dict[str, IssuedForecast] = {}
    for one in found:
        old = before.get(one.supersedes)
        if one.supersedes and (old is None or old.of != one.of):
            raise InputError(
                f"{folder / one.id}: supersedes {one.supersedes!r}, which was not issued before it "
                f"of the same origin; {AGAIN}"
            )
        before[one.id] = one


def _verified(path: Path, listed: str, most: int) -> bytes:
    """Read a file and refuse one whose SHA-256 is another than was listed; "" = not listed."""
    try:
        data = read_bytes(path, most, AGAIN)
    except FileNotFoundError:
        raise InputError(f"{path}: was issued and is gone; {AGAIN}") from None
    own = hashlib.sha256(data).hexdigest()
    if listed and own != listed:
        raise InputError(f"{path}: was changed after it was issued; {AGAIN}")
    return data


def _table(data: bytes, path: Path, columns: Mapping[str, str]) -> pd.DataFrame:
    import pyarrow.parquet

    with decoding(path, "not a readable Parquet file", AGAIN):
        read = pyarrow.parquet.ParquetFile(io.BytesIO(data)).read()
        read.validate(full=True)
        frame: pd.DataFrame = read.to_pandas(ignore_metadata=True)
    if missing := [name for name in columns if name not in frame]:
        raise InputError(f"{path}: has no column {missing[0]!r}; {AGAIN}")
    with decoding(path, "has values of another type than was issued", AGAIN):
        return frame.astype(dict(columns))


_READER: TypeAdapter[Any] = TypeAdapter(IssuedForecast)
