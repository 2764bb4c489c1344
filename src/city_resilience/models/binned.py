"""What boosters learn from of a tall panel: features in bins, read part by part.

xgboost's histogram method needs of a feature only in which of ``max_bin`` bins a row lies: one
byte where an array has eight. ``QuantileDMatrix`` makes the bins from parts of the rows, without an
array of all. Members with as many bins share them: their edges are quantiles of all rows alike, not
weighted by the members' weights.
"""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from threading import Lock
from typing import TYPE_CHECKING, Any

import numpy as np

from city_resilience.tasks.tall import TallRows

if TYPE_CHECKING:
    import xgboost

    from city_resilience.arrays import Float

__all__ = ["MOST_BINNED", "binned"]

MOST_BINNED = 2**32
"""Bytes of bins above which they lie on disk: folds run side by side, and a laptop has 8 GB."""


class _Bins:
    """The matrices made of some rows, by number of bins; one fit at a time weighs its rows."""

    def __init__(self) -> None:
        self.lock, self.made = Lock(), dict[int, Any]()


@contextmanager
def binned(
    features: TallRows, labels: Float, weights: Float | None, max_bin: int
) -> Iterator[xgboost.DMatrix]:
    """Give a fit features in bins, with labels and its weights.

    Bins are made once for rows, columns and number of bins. Above ``MOST_BINNED`` bytes they are
    read from a folder on disk, which goes with them.
    """
    bins: _Bins = vars(features).setdefault("binned", _Bins())
    with bins.lock:
        if max_bin not in bins.made:
            rows = replace(features)  # xgboost's iterator must not hold what holds its matrix
            cells = features.shape[0] * features.shape[1]
            make = _on_disk if cells > MOST_BINNED else _in_memory
            bins.made[max_bin] = make(rows, labels, max_bin)
        data = bins.made[max_bin]
        data.set_weight(np.empty(0) if weights is None else weights)
        yield data


def _in_memory(features: TallRows, labels: Float, max_bin: int) -> Any:
    import xgboost

    return xgboost.QuantileDMatrix(_parts(features, labels), max_bin=max_bin, nthread=1)


def _on_disk(features: TallRows, labels: Float, max_bin: int) -> Any:
    import xgboost

    folder = tempfile.mkdtemp(prefix="city-resilience-")

    class OnDisk(xgboost.ExtMemQuantileDMatrix):  # type: ignore[misc]
        def __del__(self) -> None:
            super().__del__()  # which looks for its files
            shutil.rmtree(folder, ignore_errors=True)

    parts = _parts(features, labels, f"{folder}/bins")
    return OnDisk(parts, max_bin=max_bin, nthread=1)


def _parts(features: TallRows, labels: Float, prefix: str | None = None) -> Any:
    """Return an iterator of xgboost over the rows."""
    import xgboost

    class Parts(xgboost.DataIter):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__(cache_prefix=prefix, release_data=True)
            self.reset()

        def next(self, input_data: Any) -> bool:
            rows, part = next(self.parts, (None, None))
            if part is None:
                return False
            input_data(data=part, label=labels[rows].astype(np.float32))
            return True

        def reset(self) -> None:
            self.parts = features.parts()

    return Parts()
