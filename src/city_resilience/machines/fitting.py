"""Boosters that are fitted by all workers together, where the rows of one fit outgrow a worker.

`xgboost.dask` keeps every row in the memory of some worker for as long as the fit takes, and adds
up their histograms. Two workers do not find the trees that one finds: each draws its own rows for
``subsample``, and a leaf of the absolute error is the mean of the medians that the workers have in
it. Two fits on as many workers are the same.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import CancelledError
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from itertools import pairwise
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from city_resilience.errors import InputError

if TYPE_CHECKING:
    import xgboost
    from distributed import Client

__all__ = ["Fit", "fit_elsewhere", "fit_on_workers", "fitting_on"]

TRIES = 3
WORKER_SECONDS = 60
PART = 2**18
"""Rows that are laid out and sent at once: 100 MB for a hundred columns."""

Fit: TypeAlias = (
    "Callable[[Any, ArrayLike, ArrayLike | None, Mapping[str, Any], int], xgboost.Booster]"
)
"""Features of shape (rows, columns), labels, weights, parameters, rounds."""
_elsewhere: ContextVar[tuple[int, Fit] | None] = ContextVar("fit elsewhere", default=None)


@contextmanager
def fitting_on(client: Client, rows: int) -> Iterator[None]:
    """Fit boosters of more rows than ``rows`` on all workers of a client in what follows."""

    def fit(*given: Any) -> xgboost.Booster:
        return fit_on_workers(client, *given)

    before = _elsewhere.set((rows, fit))
    try:
        yield
    finally:
        _elsewhere.reset(before)


def fit_elsewhere(rows: int) -> Fit | None:
    """Return what fits a booster of so many rows; None where it is fitted in this process."""
    found = _elsewhere.get()
    return found[1] if found is not None and rows > found[0] else None


def fit_on_workers(
    client: Client,
    features: Any,
    labels: ArrayLike,
    weights: ArrayLike | None,
    parameters: Mapping[str, Any],
    rounds: int,
) -> xgboost.Booster:
    """Fit a booster on rows that are dealt out to all workers, one part after another.

    A fit that loses a worker begins anew when another has taken its place, or after
    `WORKER_SECONDS` with those that are left.

    Parameters
    ----------
    features : array-like, shape (rows, columns)
        Laid out some rows at a time, as float32.
    labels, weights : array-like, shape (rows,)
    parameters : mapping
        Of ``xgboost.train``; the threads are those of each worker.

    Raises
    ------
    InputError
        If workers are lost again and again.
    """
    import xgboost
    from distributed import KilledWorker

    lost = CancelledError, KilledWorker, OSError, xgboost.core.XGBoostError
    rows = features, labels, np.ones(len(features)) if weights is None else weights
    for _ in range(TRIES):
        workers = _workers(client)
        try:
            return _fitted(client, workers, rows, parameters, rounds)
        except lost as error:
            last = error
            with suppress(TimeoutError):
                client.wait_for_workers(len(workers), timeout=WORKER_SECONDS)
    raise InputError(
        f"--fit-rows: a fit of {len(features):,} rows ended {TRIES} times ("
        f"{str(last).splitlines()[0]}); its rows are in the memory of the workers, twice over "
        "while they are binned: use more of them"
    ) from last


def _workers(client: Client) -> list[str]:
    return sorted(client.scheduler_info(n_workers=-1)["workers"])


def _fitted(
    client: Client,
    workers: Sequence[str],
    rows: Sequence[Any],
    parameters: Mapping[str, Any],
    rounds: int,
) -> xgboost.Booster:
    import xgboost.dask
    from xgboost.collective import Config

    own = {name: value for name, value in parameters.items() if name != "nthread"}
    bins = {"max_bin": own["max_bin"]} if "max_bin" in own else {}
    host = client.scheduler.address.rpartition("://")[2].rpartition(":")[0]
    told = Config(tracker_host_ip=host if host.startswith("127.") else None)
    dealt = [*_dealt(len(rows[0]), len(workers))]
    with warnings.catch_warnings(), client.as_current():
        warnings.simplefilter("ignore")
        x, y, weight = (_spread_out(client, source, dealt, workers) for source in rows)
        data = xgboost.dask.DaskQuantileDMatrix(client, x, y, weight=weight, **bins)
        found = xgboost.dask.train(client, own, data, num_boost_round=rounds, coll_cfg=told)
    booster: xgboost.Booster = found["booster"]
    return booster


def _dealt(rows: int, workers: int) -> Iterator[tuple[int, slice]]:
    """Yield a worker and the rows that it gets next, about as many for each in all."""
    edges = np.linspace(0, rows, workers + 1).astype(int).tolist()
    for worker, (first, last) in enumerate(pairwise(edges)):
        for start in range(first, last, PART):
            yield worker, slice(start, min(start + PART, last))


def _spread_out(
    client: Client, source: Any, dealt: Sequence[tuple[int, slice]], workers: Sequence[str]
) -> Any:
    """Send parts of an array to their workers; returns them as one array of Dask."""
    import dask.array
    from dask import delayed

    parts = []
    for worker, rows in dealt:
        part: NDArray[np.float32] = np.asarray(source[rows], dtype=np.float32)
        sent = client.scatter(part, workers=[workers[worker]], hash=False)
        parts.append(dask.array.from_delayed(delayed(sent), part.shape, part.dtype))
    return dask.array.concatenate(parts)
