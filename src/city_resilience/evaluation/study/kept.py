"""Refits that were finished, kept in a file so that a study that broke off goes on from there."""

from __future__ import annotations

import hashlib
import json
import threading
import time
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd

from city_resilience.errors import InputError
from city_resilience.files import write_table
from city_resilience.foreign import decoding

__all__ = ["KEPT_COLUMNS", "KEPT_FILE", "Kept", "key_of"]

KEPT_FILE = "refits.parquet"
FIT = ("view", "kind", "origin", "number")
KEPT_COLUMNS = (*FIT, "horizon", "level", "name", "family", "size", "sign", "loss")
VERSION = 2
"""To be raised when refits of the same recipe would be others."""
EVERY = 5.0

Fit = tuple[Any, ...]


def key_of(recipe: Mapping[str, Any], fingerprint: str, seed: int) -> str:
    """Return what tells whether two refits of one number are the same."""
    told = json.dumps([VERSION, recipe, fingerprint, seed], sort_keys=True)
    return hashlib.sha256(told.encode()).hexdigest()[:16]


class Kept:
    """Rows of the fits that are done.

    Parameters
    ----------
    path : Path, optional
        File that holds them; without one they are gone with the process.
    key : str
        Of `key_of`: rows of another recipe or panel are not read, and are replaced.
    """

    def __init__(self, path: Path | None = None, key: str = "") -> None:
        self._path, self._key = path, key
        self._rows = {} if path is None else _read(path, key)
        self._lock, self._written = threading.Lock(), time.monotonic()

    def has(self, fit: Fit, horizons: Iterable[int]) -> bool:
        """Whether a fit (view, kind, origin, number) is done at some horizons."""
        with self._lock:
            return {*horizons} <= {row["horizon"] for row in self._rows.get(fit, ())}

    def add(self, fit: Fit, rows: Iterable[Mapping[str, Any]]) -> None:
        """Keep what a fit gave; the file is written every few seconds."""
        with self._lock:
            self._rows[fit] = [dict(zip(FIT, fit, strict=True)) | dict(row) for row in rows]
            if time.monotonic() - self._written > EVERY:
                self._write()

    def rows(self, fits: Iterable[Fit]) -> pd.DataFrame:
        """Return the rows of some fits, as ``KEPT_COLUMNS``, in their order."""
        found = [row for fit in fits for row in self._rows.get(fit, ())]
        return pd.DataFrame(found, columns=list(KEPT_COLUMNS))

    def write(self) -> None:
        """Write the file."""
        with self._lock:
            self._write()

    def _write(self) -> None:
        self._written = time.monotonic()
        if self._path is not None and self._rows:
            write_table(self.rows(sorted(self._rows)).assign(key=self._key), self._path)


def _read(path: Path, key: str) -> dict[Fit, list[dict[str, Any]]]:
    """Read the rows of a key, none where there is no file."""
    if not path.is_file():
        return {}
    again = "remove the file and the refits are made again"
    with decoding(path, "no table of refits", again):
        frame = pd.read_parquet(path)
    if missing := {*KEPT_COLUMNS, "key"} - set(frame.columns):
        raise InputError(
            f"{path}: no table of refits, the column {sorted(missing)[0]!r} is not there; move the "
            "file away or name another folder"
        )
    frame = frame[frame["key"] == key][list(KEPT_COLUMNS)]
    return {fit: rows.to_dict("records") for fit, rows in frame.groupby(list(FIT), sort=False)}
