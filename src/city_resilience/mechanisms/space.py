"""Space: what residuals of neighbours share, and relations that reach beyond the place.

Three steps for each outcome and digital index, on the places that have coordinates:

- Moran's I of the residuals of the baseline's column ``controls``, by year and pooled;
- the index of the place and the mean of its nearest places (``slx``);
- the spatial Durbin model (``durbin``) with its direct and indirect effects, and the Lagrange
  multiplier tests (``lagrange``) that say which lag the data ask for, on the largest balanced part.

What identifies: as in the baseline, differences in how indices move over the years, here of places
near each other. Neighbours digitise together for reasons that touch their growth too: a relation
across the border is no proof of a spillover, and weights of nearest places are an assumption.

What libraries do not serve: ``spreg`` has no effects of year, no robust covariance and no
correction for the years in its fixed-effects lag model (see `durbin`, which does), and needs a
balanced panel; none has a dynamic spatial panel with fixed effects, weights that change over the
years, or a Durbin model of an unbalanced panel. ``esda`` has Moran's I of one complete year only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from city_resilience.arrays import Float, Int, Mask
from city_resilience.mechanisms.baseline import usable_controls
from city_resilience.mechanisms.context import Context, Part, Refusal
from city_resilience.mechanisms.design import Design
from city_resilience.mechanisms.durbin import Durbin, fit_durbin, impacts, lagrange_tests
from city_resilience.mechanisms.estimate import Estimate, counted, normal_interval
from city_resilience.mechanisms.fixed_effects import both_clusters, terms_of, two_way
from city_resilience.mechanisms.moran import moran
from city_resilience.mechanisms.nearest import nearest_weights
from city_resilience.mechanisms.projected import projected
from city_resilience.mechanisms.refusals import (
    FEW_CLUSTERS,
    LEAST_PROVINCES,
    LEAST_ROWS,
    least_years,
    refusal_of,
    shared_components,
)
from city_resilience.mechanisms.resampling import wild_draws
from city_resilience.mechanisms.sample import Sample, sample_of, within
from city_resilience.mechanisms.small_clusters import bell_mccaffrey, conley, wild_provinces

__all__ = ["LEAST_DRAWS", "LEAST_PLACES", "NEIGHBOURS", "balanced", "neighbours_mean", "space"]

NEIGHBOURS = "neighbours:"
"""Before the name of a variable: its mean over the nearest places."""
LEAST_PLACES, LEAST_SHARE = 30, 0.5
LEAST_DRAWS = 2000
"""Draws of the coefficients behind intervals of effects, where fewer are asked: they cost nothing,
and the ends of 200 draws are rough."""


def space(context: Context) -> Part:
    """Test what neighbours share, and relations across places.

    Returns
    -------
    Part
        Models ``moran``, ``slx``, ``durbin``, ``lagrange``; ``about`` counts the places without
        coordinates, and what each balanced part leaves out.
    """
    design, settings = context.design, context.settings
    placed = _placed(design)
    about: dict[str, Any] = {
        "neighbours": settings.neighbours,
        "draws": max(settings.draws, LEAST_DRAWS),
        "places": int(placed.sum()),
        "places_without_coordinates": int((~placed).sum()),
        "balanced": {},
    }
    if refusal := _too_few(design, placed, settings.neighbours):
        return Part((), [refusal], about)
    found, refused = list[Estimate](), list[Refusal]()
    asked = list(product(design.outcomes, design.treatments))
    for done, names in enumerate(asked):
        context.progress("space", done, len(asked))
        part = _pair(context, *names, placed)
        found.extend(part.estimates)
        refused.extend(part.refused)
        if part.about:
            about["balanced"][", ".join(names)] = part.about
    context.progress("space", len(asked), len(asked))
    return Part(found, refused, about)


def _placed(design: Design) -> Mask:
    """Return the places whose coordinates are known, shape (cities,)."""
    if design.coordinates is None:
        return np.zeros(len(design.cities), dtype=bool)
    return np.asarray(np.isfinite(design.coordinates).all(axis=1))


def _too_few(design: Design, placed: Mask, neighbours: int) -> Refusal | None:
    if not placed.any():
        return Refusal("no_coordinates", "space", f"{len(design.cities)} places")
    if placed.sum() < max(LEAST_PLACES, 3 * neighbours):
        return Refusal("few_places", "space", f"{placed.sum()} places, {neighbours} neighbours")
    return None


def _pair(context: Context, outcome: str, treatment: str, placed: Mask) -> Part:
    """Return all that is asked of one outcome and one index."""
    design, about = context.design, f"{outcome}, {treatment}"
    if shared := shared_components(design, outcome, treatment):
        return Part((), [Refusal("component", about, ", ".join(sorted(shared)))])
    controls = usable_controls(design, outcome, treatment)
    plain = sample_of(design, outcome, [treatment, *controls], cities=placed)
    if why := refusal_of(plain, about, least_years(design, outcome)):
        return Part((), [why])
    like = Estimate("", outcome, treatment, "", np.nan)
    found, refused = _moran(context, plain, replace(like, model="moran")), list[Refusal]()
    for part in (_slx(context, like, controls, placed), _durbin(context, plain, like)):
        found.extend(part.estimates)
        refused.extend(part.refused)
    return Part(found, refused, part.about)


def neighbours_mean(design: Design, values: Float, neighbours: int) -> Float:
    """Return the mean of a column over the nearest places, shape (cities, years).

    Parameters
    ----------
    design : Design
        With coordinates.
    values : ndarray, shape (cities, years)
    neighbours : int

    Returns
    -------
    ndarray
        Neighbours are taken among the places with coordinates that know the column in any year, and
        are the same in all years. NaN where one of them is not known in the year: a mean over
        others would move because its places do.
    """
    able = _placed(design) & np.isfinite(values).any(axis=1)
    means = np.full_like(values, np.nan)
    if able.sum() > neighbours and design.coordinates is not None:
        weights = nearest_weights(design.coordinates[able], neighbours)
        unknown = (weights > 0).astype(float) @ ~np.isfinite(values[able]) > 0
        means[able] = np.where(unknown, np.nan, weights @ np.nan_to_num(values[able]))
    return means


def _moran(context: Context, sample: Sample, like: Estimate) -> list[Estimate]:
    """Return Moran's I of the residuals, pooled and by year."""
    design, settings = context.design, context.settings
    left = within(sample, np.column_stack([sample.y, sample.x]))
    fitted = left[:, 1:] @ np.linalg.lstsq(left[:, 1:], left[:, 0], rcond=None)[0]
    cities, city = np.unique(sample.city, return_inverse=True)
    years, year = np.unique(sample.year, return_inverse=True)
    residuals = np.full((len(cities), len(years)), np.nan)
    residuals[city, year] = left[:, 0] - fitted
    weights = nearest_weights(_coordinates(design)[cities], settings.neighbours)
    rng = np.random.default_rng(settings.seed)
    columns = {"pooled": residuals}
    columns.update({str(y): residuals[:, [k]] for k, y in enumerate(years)})
    found = []
    for name, own in columns.items():
        one = replace(like, term=f"moran:{name}", inference="permutation", n=int(_known(own)))
        if _known(own) < LEAST_PLACES:
            continue
        got = moran(weights, own, draws=settings.draws, rng=rng)
        one = replace(one, estimate=got.value, se=got.se, p=got.p, years=own.shape[1])
        found.append(replace(one, cities=int(np.isfinite(own).any(axis=1).sum())))
    return found


def _known(values: Float) -> int:
    return int(np.isfinite(values).sum())


def _coordinates(design: Design) -> Float:
    assert design.coordinates is not None
    return design.coordinates


def _slx(context: Context, like: Estimate, controls: Sequence[str], placed: Mask) -> Part:
    """Return the slopes on the index of the place and on that of its neighbours."""
    design, settings = context.design, context.settings
    own = design.series(like.treatment).values
    lag = neighbours_mean(design, own, settings.neighbours)
    columns = [own, lag, *(design.series(name).values for name in controls)]
    terms = (like.treatment, NEIGHBOURS + like.treatment)
    sample = sample_of(design, like.outcome, columns, names=(*terms, *controls), cities=placed)
    about = f"{like.outcome}, {like.treatment}, slx"
    if why := refusal_of(sample, about, least_years(design, like.outcome)):
        return Part((), [why])
    like = replace(like, model="slx")
    fits = (two_way(sample, way) for way in both_clusters(sample))
    found = [e for fit in fits for e in terms_of(fit, terms, like)]
    provinces = len(np.unique(sample.province))
    if provinces >= LEAST_PROVINCES:
        found += bell_mccaffrey(projected(sample), terms, like)
    for first in (sample, _swapped(sample)):
        found.append(conley(first, _coordinates(design), like))
        if LEAST_PROVINCES <= provinces < FEW_CLUSTERS:
            draws, seed = wild_draws(settings.draws), settings.seed
            found.append(wild_provinces(first, like, draws=draws, seed=seed))
    return Part(found)


def _swapped(sample: Sample) -> Sample:
    """Return the sample with its second variable first."""
    order = [1, 0, *range(2, len(sample.names))]
    return replace(sample, x=sample.x[:, order], names=tuple(sample.names[k] for k in order))


def balanced(sample: Sample) -> Sample:
    """Return the largest balanced part: places that have all of some consecutive years.

    Years count as consecutive that follow each other among the years of the sample. Of parts of
    one size that with more years is taken.
    """
    cities, city = np.unique(sample.city, return_inverse=True)
    years, year = np.unique(sample.year, return_inverse=True)
    known = np.zeros((len(cities), len(years)), dtype=bool)
    known[city, year] = True
    spans = [(a, b) for a in range(len(years)) for b in range(a + 2, len(years) + 1)]
    size = {(a, b): int(known[:, a:b].all(axis=1).sum()) * (b - a) for a, b in spans}
    first, last = max(spans, key=lambda span: (size[span], span[1] - span[0]))
    kept = np.asarray(known[:, first:last].all(axis=1))
    return sample.of(kept[city] & (year >= first) & (year < last))


@dataclass(frozen=True)
class _Block:
    """A balanced part in arrays of its places and years."""

    sample: Sample
    y: Float
    x: Float
    weights: Float
    province: Int


def _block(design: Design, sample: Sample, neighbours: int) -> _Block:
    cities = np.unique(sample.city)
    shape = (len(cities), -1)
    weights = nearest_weights(_coordinates(design)[cities], neighbours)
    x = sample.x.reshape(*shape, sample.x.shape[1])
    province = sample.province.reshape(shape)[:, 0]
    return _Block(sample, sample.y.reshape(shape), x, weights, province)


def _durbin(context: Context, plain: Sample, like: Estimate) -> Part:
    """Return the spatial Durbin model and the tests of its balanced part."""
    design, settings = context.design, context.settings
    about = f"{like.outcome}, {like.treatment}, durbin"
    part = balanced(plain)
    counts = part.counts
    gaps = {**counts, "left_out": len(plain) - len(part)}
    few = counts["cities"] < max(LEAST_PLACES, 3 * settings.neighbours) or len(part) < LEAST_ROWS
    if few or len(part) < LEAST_SHARE * len(plain):
        shown = f"{counts['cities']} places, {len(part)} of {len(plain)} rows"
        return Part((), [Refusal("unbalanced", about, shown)], gaps)
    block = _block(design, part, settings.neighbours)
    lags = np.einsum("ij,jtk->itk", block.weights, block.x)
    both = np.concatenate([block.x, lags], axis=2)
    names = (*part.names, *(NEIGHBOURS + name for name in part.names))
    whole = replace(part, x=both.reshape(len(part), -1), names=names)
    if why := refusal_of(whole, about, least_years(design, like.outcome)):
        return Part((), [why], gaps)
    fit = fit_durbin(block.y, both, block.weights, block.province)
    tests = lagrange_tests(block.y, block.x, block.weights)
    own = counted(replace(like, model="durbin"), part)
    ways = (False, True) if "province" in both_clusters(part) else (False,)
    found = [e for robust in ways for e in _effects(context, fit, own, robust)]
    chi = replace(own, model="lagrange", inference="chi_squared")
    found += [replace(chi, term=t, estimate=v, p=p) for t, (v, p) in tests.items()]
    return Part(found, (), gaps)


def _effects(context: Context, fit: Durbin, like: Estimate, robust: bool) -> list[Estimate]:
    """Return coefficients and effects, with one covariance."""
    settings, variables = context.settings, (len(fit.coefficients) - 1) // 2
    covariance = fit.clustered if robust else fit.covariance
    like = replace(like, inference="province" if robust else "likelihood")
    like = replace(like, clusters=fit.clusters if robust else 0)
    found = []
    at = {like.treatment: 0, NEIGHBOURS + like.treatment: variables, "rho": 2 * variables}
    for term, k in at.items():
        value, se = float(fit.coefficients[k]), float(np.sqrt(covariance[k, k]))
        low, high, p = normal_interval(value, se, fit.clusters - 1 if robust else np.inf)
        found.append(replace(like, term=term, estimate=value, se=se, low=low, high=high, p=p))
    draws = max(settings.draws, LEAST_DRAWS)
    rng = np.random.default_rng(settings.seed)
    effects = impacts(fit, (0, variables), robust=robust, draws=draws, rng=rng)
    for term, (value, se, low, high, p) in effects.items():
        found.append(replace(like, term=term, estimate=value, se=se, low=low, high=high, p=p))
    return found
