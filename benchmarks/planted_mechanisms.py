"""Whether the estimators of `mechanisms` hold their level: planted designs, many seeds, one table.

    python benchmarks/planted_mechanisms.py [--seeds 200] [--only ID …] [--workers 2]
        [--out benchmarks/planted_mechanisms.csv]

Each estimator meets made-up designs (80 cities, 15 years, 16 provinces, see
``city_resilience.mechanisms.planted``) whose effects are known, with independent errors and with
errors of which 40 % of the variance is shared by province and year, as is 40 % of the treatment's.
A row of the table is one term with one way of inference:

- ``bias``: mean estimate less truth, where an effect is planted;
- ``coverage``: share of seeds whose 95 % interval holds the truth, with its Monte-Carlo error;
- ``rejected``: share of seeds with p < 0.05 where there is no such effect, with its error;
- ``power``: share of seeds with p < 0.05 where the effect is planted;
- ``holds``: whether coverage is at least 95 % and the rejections at most 5 %, as far as two errors
  of Monte Carlo tell. What does not hold says so here, and no verdict may rest on it;
- ``seconds``: processor seconds that the whole estimator takes of one design.

A row of ``verdicts`` is a claim: ``rejected`` and ``power`` are the shares of seeds in which it is
supported, after every other part has run.

Rows of estimators that are not run stay as they are in the file. An estimator is one entry in
``ESTIMATORS`` and one function.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from itertools import product
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from city_resilience.experiment.mechanisms import Mechanisms
from city_resilience.mechanisms import channels as splitting
from city_resilience.mechanisms.baseline import baseline
from city_resilience.mechanisms.channels import channels
from city_resilience.mechanisms.context import Context, Part
from city_resilience.mechanisms.curve import curve
from city_resilience.mechanisms.double_learning import double_learning
from city_resilience.mechanisms.estimate import LEVEL, Estimate
from city_resilience.mechanisms.parts import PARTS
from city_resilience.mechanisms.places import places
from city_resilience.mechanisms.planted import Law, Planted, planted_design
from city_resilience.mechanisms.space import space
from city_resilience.mechanisms.staggered import STEPS
from city_resilience.mechanisms.thresholds import thresholds
from city_resilience.mechanisms.timing import timing
from city_resilience.mechanisms.verdicts import SUPPORTED, UNTESTABLE

splitting.BATCHES = 0
"""Draws of far quantiles move no share of p-values below 5 %."""
OUT = Path(__file__).with_name("planted_mechanisms.csv")
ERRORS = {"independent": 0.0, "shared by province and year": 0.4}
PLANTED, NULL = "planted", "null"
LIBRARIES = ("numpy", "scipy", "linearmodels", "diff-diff", "doubleml")
KEYS = ["estimator", "model", "term", "part_of", "inference", "errors"]
NO_EFFECT = Law()
JUDGED = ("baseline", "channels", "places", "timing", "curve", "referee")
"""Parts that verdicts read, in the order of the run."""
WRITTEN = 20 * len(ERRORS)
"""Designs after which the table so far is written."""


@dataclass(frozen=True)
class Found:
    """One estimate beside what is true; NaN in ``truth`` where only ``p`` counts."""

    truth: float
    estimate: Estimate


@dataclass(frozen=True)
class Estimator:
    """What is run, on which laws.

    Attributes
    ----------
    run : callable
        ``(planted, seed) -> Found …``, each with a (model, term, part_of, inference) of its own.
    law : Law
        Under which bias and coverage are counted.
    null : Law
        Under which rejections are counted: what the p-values test is not there.
    """

    run: Callable[[Planted, int], Iterable[Found]]
    law: Law
    null: Law = NO_EFFECT


def settings_of(seed: int, **changes: Any) -> Mechanisms:
    """Return settings that leave out what a seed need not repeat."""
    return Mechanisms(**{"draws": 99, "seed": seed, "lags": (), "winsorise": 0, **changes})


def of_part(
    part: Callable[[Context], Part], truths: Mapping[str, str], planted: Planted, seed: int
) -> list[Found]:
    """Run a part and return the terms of ``truths`` (term -> name in ``planted.truth``)."""
    estimates = part(Context(planted.design, settings_of(seed))).estimates
    return [Found(planted.truth[truths[e.term]], e) for e in estimates if e.term in truths]


def of_thresholds(planted: Planted, seed: int) -> list[Found]:
    """Return the first threshold; its slopes where one threshold is kept, as is planted."""
    part = thresholds(Context(planted.design, settings_of(seed)))
    own = {"threshold:1:q": "threshold", "regime:1:q": "below", "regime:2:q": "above"}
    kept = {e.term for e in part.estimates if e.term.startswith("regime")} == set(list(own)[1:])
    found = []
    for one in part.estimates:
        if one.term not in own or (one.term.startswith("regime") and not kept):
            continue
        p = one.p if one.term == "threshold:1:q" else np.nan
        found.append(Found(planted.truth[own[one.term]], replace(one, p=p)))
    return found


SPACE = {
    ("slx", "x"): "direct",
    ("slx", "neighbours:x"): "spillover",
    ("durbin", "direct"): "direct",
    ("durbin", "indirect"): "spillover",
}


def of_space(planted: Planted, seed: int) -> list[Found]:
    """Return slopes on the index and on that of the neighbours, and the Durbin model's effects."""
    estimates = space(Context(planted.design, settings_of(seed))).estimates
    own = [e for e in estimates if (e.model, e.term) in SPACE]
    return [Found(planted.truth[SPACE[e.model, e.term]], e) for e in own]


def of_second_threshold(planted: Planted, seed: int) -> list[Found]:
    """Return the second threshold where there is one."""
    part = thresholds(Context(planted.design, settings_of(seed)))
    return [Found(np.nan, e) for e in part.estimates if e.term == "threshold:2:q"]


def of_timing(planted: Planted, seed: int) -> list[Found]:
    """Return the mean and the events of each estimator, the test of trends and the bounds.

    ``two_way`` is there to show its bias; bounds are of the mean of the first events, and a place
    beside one that joined has no effect.
    """
    truth = dict(planted.truth)
    first = float(np.mean([truth[f"event:{k}"] for k in range(STEPS)]))
    truth |= {"honest:0.5": first, "honest:1": first, "pre_trend": np.nan}
    part = timing(Context(planted.design, settings_of(seed, neighbours=1)))
    found = []
    for one in part.estimates:
        if one.term in truth:
            beside = one.model == "neighbours"
            found.append(Found(0.0 if beside else truth[one.term], one))
        elif one.term.startswith("event:-"):
            found.append(Found(0.0, one))
    return found


def of_places(planted: Planted, seed: int) -> list[Found]:
    """Return the slopes of both halves, their difference, the test of equality and of change."""
    truths = {"half=a": "half:a", "half=b": "half:b"}
    found = []
    for one in places(Context(planted.design, settings_of(seed))).estimates:
        if one.note:
            continue
        truth = np.nan
        if one.term == "difference:a":
            truth = planted.truth["half_gap"]
        elif one.part_of:
            truth = planted.truth[truths[one.part_of]]
        found.append(Found(truth, one))
    return found


def of_curve(planted: Planted, seed: int) -> list[Found]:
    """Return the p-values of the joint tests of all specifications; they bound nothing."""
    settings = settings_of(seed, lags=(1,), winsorise=0.01)
    (own,) = curve(Context(planted.design, settings)).about["curves"]
    like = Estimate("curve", "y", "x", "", own["median"], inference="joint")
    names = ("p_median", "p_significant", "p_stouffer")
    return [Found(np.nan, replace(like, term=name, p=own[name])) for name in names]


def of_verdicts(planted: Planted, seed: int) -> list[Found]:
    """Return for each claim that the design can test whether it is supported, as p of 0 or 1."""
    design = planted.design
    pilot = replace(design.policies["pilot"], name="broadband_china")
    design = replace(design, groups={"region": design.groups["half"]}, policies={pilot.name: pilot})
    settings, made = settings_of(seed, lags=(1,), winsorise=0.01), dict[str, Part]()
    for name in (*JUDGED, "verdicts"):
        made[name] = PARTS[name](Context(design, settings, found=made))
    like = Estimate("verdicts", "y", "x", "", np.nan, inference="widest valid")
    return [
        Found(np.nan, replace(like, term=own["claim"], p=float(own["verdict"] != SUPPORTED)))
        for own in made["verdicts"].about["claims"]
        if own["verdict"] != UNTESTABLE
    ]


PATHS = ("indirect", "direct", "total", "share")
ONE_CHANNEL = Law(direct=0.5, to_mediator=0.5, from_mediator=0.4)
ALL = Law(direct=0.5, to_mediator=0.5, from_mediator=0.4, half_gap=0.4, policy=0.5)
ONE_THRESHOLD = Law(direct=0.2, above=0.8, threshold=0.3)
ESTIMATORS: Mapping[str, Estimator] = {
    "baseline": Estimator(partial(of_part, baseline, {"x": "total"}), Law(direct=0.5)),
    "channels": Estimator(
        partial(of_part, channels, {f"{kind}:m": kind for kind in PATHS}), ONE_CHANNEL
    ),
    "channel_without_first_path": Estimator(
        partial(of_part, channels, {"indirect:m": "indirect"}),
        ONE_CHANNEL,
        Law(direct=0.5, from_mediator=0.4),
    ),
    "channel_without_second_path": Estimator(
        partial(of_part, channels, {"indirect:m": "indirect"}),
        ONE_CHANNEL,
        Law(direct=0.5, to_mediator=0.5),
    ),
    "places": Estimator(of_places, Law(direct=0.3, half_gap=0.4)),
    "curve": Estimator(of_curve, Law(direct=0.3)),
    "double_learning": Estimator(
        partial(of_part, double_learning, {"x": "total"}), Law(direct=0.5)
    ),
    "thresholds": Estimator(of_thresholds, ONE_THRESHOLD, Law(direct=0.3)),
    "second_threshold": Estimator(of_second_threshold, ONE_THRESHOLD, ONE_THRESHOLD),
    "space": Estimator(of_space, Law(direct=0.3, spillover=0.4)),
    "timing": Estimator(of_timing, Law(policy=0.5)),
    "verdicts": Estimator(of_verdicts, ALL),
}


def rows_of(cell: tuple[str, str, int]) -> list[dict[str, Any]]:
    """Run one estimator on the designs of one seed, with and without an effect."""
    name, errors, seed = cell
    own, rows = ESTIMATORS[name], []
    for kind, law in ((PLANTED, own.law), (NULL, own.null)):
        planted = planted_design(seed, replace(law, shared=ERRORS[errors]))
        start = time.process_time()
        found = list(own.run(planted, seed))
        seconds = time.process_time() - start
        cell_of = {"estimator": name, "errors": errors, "kind": kind, "seed": seed}
        rows += [
            {**cell_of, "seconds": seconds, "truth": f.truth, **asdict(f.estimate)} for f in found
        ]
    return rows


def summarised(rows: pd.DataFrame) -> pd.DataFrame:
    """Return bias, coverage and rejections by term, one row each."""
    table = [
        dict(zip(KEYS, key, strict=True)) | _figures(own)
        for key, own in rows.groupby(KEYS, sort=False)
    ]
    return pd.DataFrame(table)


def _figures(rows: pd.DataFrame) -> dict[str, Any]:
    effect, null = rows[rows["kind"] == PLANTED], rows[rows["kind"] == NULL]
    powered = effect[effect["p"].notna()]
    effect = effect[effect["truth"].notna()]
    bounded, tested = effect[effect["low"].notna()], null[null["p"].notna()]
    inside = (bounded["low"] <= bounded["truth"]) & (bounded["truth"] <= bounded["high"])
    coverage, rejected = inside.mean(), (tested["p"] < 1 - LEVEL).mean()
    reach = [2 * _error(LEVEL, len(own)) for own in (bounded, tested)]
    misses = coverage < LEVEL - reach[0] or rejected > 1 - LEVEL + reach[1]
    return {
        "seeds": rows["seed"].nunique(),
        "bias": (effect["estimate"] - effect["truth"]).mean(),
        "coverage": coverage,
        "coverage_error": _error(coverage, len(bounded)),
        "rejected": rejected,
        "rejected_error": _error(rejected, len(tested)),
        "power": (powered["p"] < 1 - LEVEL).mean() if len(powered) else np.nan,
        "holds": "no" if misses else "yes",
        "seconds": rows["seconds"].mean(),
    }


def _error(share: float, seeds: int) -> float:
    """Return the Monte-Carlo error of a share; NaN without seeds."""
    return float(np.sqrt(share * (1 - share) / seeds)) if seeds else np.nan


def machine() -> dict[str, str]:
    """Return machine and versions."""
    libraries = []
    for name in LIBRARIES:
        try:
            libraries.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            continue
    system = f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"
    return {"machine": system, "versions": ", ".join(libraries)}


def run(
    names: Sequence[str], seeds: Sequence[int], workers: int, out: Path | None = None
) -> pd.DataFrame:
    """Run estimators on all seeds; their rows replace those in the file, every twenty seeds."""
    tables = []
    for name in names:
        cells = [(name, errors, seed) for seed, errors in product(seeds, ERRORS)]
        rows: list[dict[str, Any]] = []
        for done, own in enumerate(_mapped(cells, workers), start=1):
            rows += own
            if out is not None and (done % WRITTEN == 0 or done == len(cells)):
                _kept(out, _table(rows)).to_csv(out, index=False, float_format="%.4f")
        tables.append(_table(rows))
    return pd.concat(tables, ignore_index=True)


def _table(rows: list[dict[str, Any]]) -> pd.DataFrame:
    return summarised(pd.DataFrame(rows)).assign(**machine())


def _mapped(cells: list[tuple[str, str, int]], workers: int) -> Iterable[list[dict[str, Any]]]:
    """Yield the rows of each cell, in processes where there is more than one."""
    if workers < 2:
        yield from map(rows_of, cells)
        return
    with ProcessPoolExecutor(workers) as pool:
        for done, own in enumerate(pool.map(rows_of, cells, chunksize=4), start=1):
            print(f"{cells[0][0]} {done}/{len(cells)}", end="\r", flush=True)
            yield own


def _kept(out: Path, table: pd.DataFrame) -> pd.DataFrame:
    """Return the file with the rows of an estimator replaced, in the order of ``ESTIMATORS``."""
    if not out.exists():
        return table
    before = pd.read_csv(out, keep_default_na=False, dtype=str)
    before = before[before["estimator"] != table["estimator"].iloc[0]]
    both = pd.concat([before[before["estimator"].isin(list(ESTIMATORS))], table])
    order = both["estimator"].map({name: at for at, name in enumerate(ESTIMATORS)})
    return both.iloc[np.argsort(order.to_numpy(), kind="stable")]


def main() -> None:
    """Print the table and write it."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seeds", type=int, default=200)
    parser.add_argument("--only", nargs="+", choices=list(ESTIMATORS), default=list(ESTIMATORS))
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--out", type=Path, default=OUT)
    chosen = parser.parse_args()
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    table = run(chosen.only, range(chosen.seeds), chosen.workers, chosen.out)
    shown = table.drop(columns=["machine", "versions"])
    print(shown.to_string(index=False, float_format="%.3f"))
    print("; ".join(machine().values()))


if __name__ == "__main__":
    main()
