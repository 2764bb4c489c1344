"""Specification curve: how the relation changes with choices that could as well be others.

Each specification is two-way fixed effects, see `baseline`; `specifications` lists the choices.
Sets of controls are compared on the rows that have all controls. Estimates are in standard
deviations of the outcome for one of the index, both of what is left within places and years, so
that outcomes and weights compare (Mummolo and Peterson 2018).

What identifies: no more than in the baseline. The curve tells how much rests on choices; what all
specifications share, it cannot tell.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np

from city_resilience.arrays import Float, Int
from city_resilience.mechanisms.baseline import lagged, province_years, winsorised
from city_resilience.mechanisms.context import Context, Part, Refusal
from city_resilience.mechanisms.design import Design
from city_resilience.mechanisms.estimate import LEVEL, Estimate, counted
from city_resilience.mechanisms.fixed_effects import both_clusters
from city_resilience.mechanisms.joint_test import Scores, joint, stacked
from city_resilience.mechanisms.projected import (
    Projected,
    cluster_sums,
    debias,
    numbered,
    projected,
)
from city_resilience.mechanisms.refusals import (
    LEAST_CLUSTERS,
    least_years,
    refusal_of,
    shared_components,
)
from city_resilience.mechanisms.sample import Sample, sample_of
from city_resilience.mechanisms.specifications import Cell, Choices, choices_of, described
from city_resilience.mechanisms.verdicts import claimed_sign

__all__ = ["MOST", "curve"]

MOST = 2000
"""Specifications of an outcome and an index; of more, so many are drawn at random."""


@dataclass(frozen=True)
class _Fits:
    """The sets of controls of one cell.

    Attributes
    ----------
    scores : Scores
        By province, or by city where the design has few provinces.
    se : mapping of str to ndarray, shape (sets,)
        By the way of inference.
    clusters : mapping of str to int
    """

    scores: Scores
    se: Mapping[str, Float]
    clusters: Mapping[str, int]


def curve(context: Context) -> Part:
    """Fit all specifications of each outcome and digital index.

    Returns
    -------
    Part
        Model ``curve``, the specification in ``part_of``, with clusters by city and by province;
        the first of a pair has the note ``preferred``. ``about["curves"]`` holds `joint` of each
        outcome and index, and of each index over all outcomes (``outcome`` is ""; the sign is that
        of more resilience, outcomes that leave it open are not in it), with ``possible``
        specifications and those ``refused`` by reason.
    """
    design, found, refused = context.design, list[Estimate](), list[Refusal]()
    curves, kept = list[dict[str, Any]](), dict[str, list[Scores]]()
    asked = list(product(design.treatments, design.outcomes))
    for done, (treatment, outcome) in enumerate(asked):
        context.progress("curve", done, len(asked))
        if shared := shared_components(design, outcome, treatment):
            about = f"{outcome}, {treatment}"
            refused.append(Refusal("component", about, ", ".join(sorted(shared))))
            continue
        estimates, scores, counts = _pair(context, outcome, treatment)
        if isinstance(scores, Refusal):
            refused.append(scores)
            continue
        found += estimates
        curves.append(_summary(context, outcome, treatment, scores) | counts)
        if sign := claimed_sign(outcome):
            kept.setdefault(treatment, []).append(_signed(scores, sign))
    for treatment, own in kept.items():
        if len(own) > 1:
            curves.append(_summary(context, "", treatment, stacked(own)))
    context.progress("curve", len(asked), len(asked))
    return Part(found, refused, {"curves": curves, "draws": context.settings.draws, "most": MOST})


def _summary(context: Context, outcome: str, treatment: str, scores: Scores) -> dict[str, Any]:
    settings = context.settings
    own = joint(scores, draws=settings.draws, seed=settings.seed)
    inference = "province" if _by_province(context.design) else "city"
    return {"outcome": outcome, "treatment": treatment, "inference": inference} | own


def _signed(scores: Scores, sign: int) -> Scores:
    return replace(scores, estimate=sign * scores.estimate, null=sign * scores.null)


def _by_province(design: Design) -> bool:
    return len(np.unique(design.province)) >= LEAST_CLUSTERS


def _pair(
    context: Context, outcome: str, treatment: str
) -> tuple[list[Estimate], Scores | Refusal, dict[str, Any]]:
    """Return the rows, the scores and the counts of one outcome and one index."""
    design, settings = context.design, context.settings
    choices = choices_of(design, settings, outcome, treatment)
    found, tables, why = list[Estimate](), list[Scores](), list[tuple[Refusal, int]]()
    preferred, possible = "preferred", len(list(choices.cells())) * len(choices.controls)
    for cell, sets, left in _prepared(context, choices, outcome, treatment):
        if isinstance(left, Refusal):
            why.append((left, len(sets)))
            continue
        fits = _fitted(left, [choices.controls[key] for key in sets], design)
        tables.append(fits.scores)
        like = counted(Estimate("curve", outcome, treatment, treatment, np.nan), left.sample)
        for k, key in enumerate(sets):
            row = replace(like, part_of=described(cell, key), note=preferred)
            found += _rows(fits, k, row)
            preferred = ""
    counts = Counter[str]()
    for refusal, number in why:
        counts[refusal.reason] += number
    if not tables:
        return [], why[0][0], {}
    return found, stacked(tables), {"possible": possible, "refused": dict(counts)}


def _prepared(
    context: Context, choices: Choices, outcome: str, treatment: str
) -> Iterator[tuple[Cell, list[str], Projected | Refusal]]:
    """Yield each cell with its sets of controls and its projected rows, scaled."""
    settings, chosen = context.settings, _chosen(choices, context.settings.seed)
    samples = dict[tuple[Any, ...], Sample | Refusal]()
    scales = dict[tuple[Any, ...], Float]()
    for cell, sets in chosen.items():
        rows = (cell.index, cell.places, cell.years, cell.lag)
        if rows not in samples:
            samples[rows] = _sample(context.design, choices, cell, outcome, treatment)
        sample = samples[rows]
        if isinstance(sample, Refusal):
            yield cell, sets, sample
            continue
        if cell.winsorised == "yes":
            clipped = winsorised(np.column_stack([sample.y, sample.x]), settings.winsorise)
            sample = replace(sample, y=clipped[:, 0], x=clipped[:, 1:])
        key = (*rows, cell.winsorised)
        if cell.effects == "year" or key not in scales:
            left = projected(sample)
            scales[key] = np.asarray([left.y.std(), left.x[:, 0].std()])
        if cell.effects == "province_year":
            own = province_years(sample, f"{outcome}, {treatment}, province_year")
            if isinstance(own, Refusal):
                yield cell, sets, own
                continue
            left = projected(own, own.province)
        y, x = scales[key]
        yield cell, sets, replace(left, y=left.y / y, x=left.x / np.asarray([x, *_ones(left)]))


def _ones(left: Projected) -> Float:
    return np.ones(left.x.shape[1] - 1)


def _chosen(choices: Choices, seed: int) -> dict[Cell, list[str]]:
    """Return the sets of controls of each cell, drawn at random where there are too many."""
    every = list(product(choices.cells(), choices.controls))
    if len(every) > MOST:
        drawn = np.random.default_rng(seed).choice(len(every) - 1, MOST - 1, replace=False) + 1
        every = [every[k] for k in (0, *np.sort(drawn))]
    found = dict[Cell, list[str]]()
    for cell, key in every:
        found.setdefault(cell, []).append(key)
    return found


def _sample(
    design: Design, choices: Choices, cell: Cell, outcome: str, treatment: str
) -> Sample | Refusal:
    """Return the complete rows of a cell with all controls, or why they cannot be fitted."""
    values = lagged(choices.index[cell.index], cell.lag)
    sample = sample_of(
        design,
        outcome,
        [values, *choices.names],
        names=(treatment, *choices.names),
        cities=choices.places[cell.places],
        years=choices.years[cell.years],
    )
    about = f"{outcome}, {treatment}, {cell.index}, lag {cell.lag}"
    return refusal_of(sample, about, least_years(design, outcome)) or sample


def _fitted(left: Projected, sets: Sequence[Sequence[str]], design: Design) -> _Fits:
    """Fit one sample with several sets of controls, by the products of its columns."""
    names, x = left.sample.names, left.x
    own, residual = np.empty((len(sets), len(x))), np.empty((len(sets), len(x)))
    both = np.column_stack([x[:, 0], left.y])
    for k, controls in enumerate(sets):
        z = x[:, [names.index(name) for name in controls]]
        gone = z @ np.linalg.lstsq(z.T @ z, z.T @ both, rcond=None)[0] if controls else 0.0
        own[k], residual[k] = (both - gone).T
    size = (own**2).sum(axis=1)
    estimate = (own * residual).sum(axis=1) / size
    city = numbered(left.sample.city)
    null, squares = (cluster_sums(values.T, city) for values in (own * residual, own**2))
    variables = np.asarray([1 + len(controls) for controls in sets])
    first = np.unique(city, return_index=True)[1]
    province = numbered(left.sample.province)[first]
    se, clusters, factors = {}, {}, {}
    keys = {"city": np.arange(len(first)), "province": province}
    for inference in both_clusters(left.sample):
        key = keys[inference]
        sums = cluster_sums(null - estimate * squares, key)
        rows = key[city]
        factors[inference] = debias(left, rows, variables)
        se[inference] = np.sqrt((sums**2).sum(axis=0) * factors[inference]) / size
        clusters[inference] = len(sums)
    way = "province" if _by_province(design) else "city"
    key, number = _positions(left.sample, design, first, way)
    wide = [np.zeros((number, len(sets))) for _ in range(2)]
    for table, sums in zip(wide, (null, squares), strict=True):
        np.add.at(table, key, sums)
    reach = np.full(len(sets), _quantile(clusters[way] - 1))
    scores = Scores(estimate, wide[0].T, wide[1].T, factors[way], reach)
    return _Fits(scores, se, clusters)


def _positions(sample: Sample, design: Design, first: Int, way: str) -> tuple[Int, int]:
    """Return the number that each city's cluster has in all specifications, and how many are."""
    if way == "city":
        return sample.city[first], len(design.cities)
    return sample.province[first], len(design.cities) + len(np.unique(design.province))


@lru_cache(maxsize=1024)
def _quantile(freedom: int) -> float:
    from scipy import stats

    return float(stats.t.ppf((1 + LEVEL) / 2, freedom))


def _rows(fits: _Fits, k: int, like: Estimate) -> list[Estimate]:
    """Return one specification by both clusters."""
    from scipy import special

    found, value = [], float(fits.scores.estimate[k])
    for inference, clusters in fits.clusters.items():
        se, freedom = float(fits.se[inference][k]), clusters - 1
        if freedom < 1 or not se > 0:
            continue
        reach = _quantile(freedom) * se
        one = replace(
            like,
            estimate=value,
            se=se,
            low=value - reach,
            high=value + reach,
            p=float(2 * special.stdtr(freedom, -abs(value) / se)),
            inference=inference,
            clusters=clusters,
            freedom=float(freedom),
        )
        found.append(one)
    return found
