"""Whether the relation differs between groups of places.

For each group of the design: the slope of each level in its own sub-sample; one slope a level in
the full sample, with effects of the year (``interacted``) and of each level in each year
(``interacted_own_years``); a test that the slopes are equal, and how each differs from that of the
largest level. Variables that may change the relation enter as one interaction.

What identifies: as in the baseline, within each level. An index that rises everywhere makes the
slopes of ``interacted`` differ wherever the levels have trends of their own, whatever the relation
is; ``interacted_own_years`` compares places of one level with each other only, and carries the
verdict. Places are not drawn into groups at random: a difference says where the relation is
stronger, not that the group makes it so.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import product
from typing import Any

import numpy as np

from city_resilience.arrays import Float, Int, Strings
from city_resilience.mechanisms.baseline import plain_sample
from city_resilience.mechanisms.context import Context, Part, Refusal
from city_resilience.mechanisms.design import Design
from city_resilience.mechanisms.equality import adjusted, contrasts, wald, wild_wald
from city_resilience.mechanisms.estimate import Estimate, counted
from city_resilience.mechanisms.fixed_effects import terms_of
from city_resilience.mechanisms.projected import Projected, projected, quick_fit
from city_resilience.mechanisms.refusals import (
    FEW_CLUSTERS,
    LEAST_PLACES,
    LEAST_PROVINCES,
    least_years,
    refusal_of,
    shared_components,
)
from city_resilience.mechanisms.resampling import wild_draws
from city_resilience.mechanisms.sample import Sample, without_singletons
from city_resilience.mechanisms.small_clusters import bell_mccaffrey

__all__ = ["COMMON", "OWN_YEARS", "places"]

COMMON, OWN_YEARS = "interacted", "interacted_own_years"
WAYS = ("wild_province", "province_cr2", "province", "city")
"""Ways of inference, the one that multiplicity is counted with first."""


@dataclass(frozen=True)
class _Pair:
    """One outcome and one digital index, on the rows of the baseline's controls."""

    context: Context
    outcome: str
    treatment: str
    sample: Sample

    @property
    def about(self) -> str:
        return f"{self.outcome}, {self.treatment}"

    @property
    def years(self) -> int:
        return least_years(self.context.design, self.outcome)

    def like(self, model: str, part_of: str = "") -> Estimate:
        """Return an estimate without figures."""
        return Estimate(
            model, self.outcome, self.treatment, self.treatment, np.nan, part_of=part_of
        )


def places(context: Context) -> Part:
    """Compare the relation between the levels of each group.

    Returns
    -------
    Part
        Models ``subsample``, ``interacted`` and ``interacted_own_years`` with the slope of each
        level (``part_of``), ``difference:LARGEST`` (the slope of a level less that of the largest),
        ``equality:GROUP`` (F and its p-value) and ``change:VARIABLE`` (change of the slope with one
        standard deviation between places). Rows with the note ``holm`` or ``benjamini_hochberg``
        hold p-values adjusted over all tests of an outcome, index and model; differences and tests
        are each a family. ``about["tests"]`` has the tests of equality, one mapping each.
    """
    design, found, refused = context.design, list[Estimate](), list[Refusal]()
    asked = list(product(design.outcomes, design.treatments))
    for done, (outcome, treatment) in enumerate(asked):
        context.progress("places", done, len(asked))
        got = _checked(context, outcome, treatment)
        if isinstance(got, Refusal):
            refused.append(got)
            continue
        estimates, refusals = _compared(got)
        found.extend([*estimates, *_adjusted(estimates)])
        refused.extend(refusals)
    context.progress("places", len(asked), len(asked))
    return Part(
        found, refused, {"tests": _tests(found), "draws": wild_draws(context.settings.draws)}
    )


def _checked(context: Context, outcome: str, treatment: str) -> _Pair | Refusal:
    design, about = context.design, f"{outcome}, {treatment}"
    if shared := shared_components(design, outcome, treatment):
        return Refusal("component", about, ", ".join(sorted(shared)))
    sample = plain_sample(design, outcome, treatment)
    why = refusal_of(sample, about, least_years(design, outcome))
    return why or _Pair(context, outcome, treatment, sample)


def _compared(pair: _Pair) -> tuple[list[Estimate], list[Refusal]]:
    """Return the estimates of all groups and variables."""
    found, refused = list[Estimate](), list[Refusal]()
    for group, levels in pair.context.design.groups.items():
        estimates, refusals = _group(pair, group, levels)
        found += estimates
        refused += refusals
    for name, own in _moderators(pair).items():
        estimates, refusals = _moderated(pair, name, own)
        found += estimates
        refused += refusals
    return found, refused


def _group(pair: _Pair, group: str, levels: Strings) -> tuple[list[Estimate], list[Refusal]]:
    """Return the estimates of one group of places."""
    own, found, refused = levels[pair.sample.city], list[Estimate](), list[Refusal]()
    kept = dict[str, int]()
    for level in np.unique(own[own != ""]).tolist():
        rows = without_singletons(pair.sample.of(own == level))
        cities, about = len(np.unique(rows.city)), f"{pair.about}, {group}={level}"
        if why := refusal_of(rows, about, pair.years) or _few(cities, about):
            refused.append(why)
            continue
        kept[level] = cities
        left, like = projected(rows), pair.like("subsample", f"{group}={level}")
        found += _inferred(left, [pair.treatment], like, len(np.unique(rows.province)))
    if len(kept) < 2:
        return found, [
            *refused,
            Refusal("few_levels", f"{pair.about}, {group}", f"{len(kept)} levels"),
        ]
    ordered = sorted(kept, key=lambda level: (-kept[level], level))
    sample = without_singletons(pair.sample.of(np.isin(own, ordered)))
    number = np.asarray([ordered.index(level) for level in levels[sample.city]])
    least, refusals = _least_provinces(pair, sample, number, group, ordered)
    for model, cells in ((COMMON, None), (OWN_YEARS, number)):
        split = _split(sample, number, [f"{group}={level}" for level in ordered])
        found += _slopes(pair, projected(split, cells), len(ordered), pair.like(model), least)
    return found, [*refused, *refusals]


def _few(cities: int, about: str) -> Refusal | None:
    return Refusal("small_level", about, f"{cities} places") if cities < LEAST_PLACES else None


def _least_provinces(
    pair: _Pair, sample: Sample, number: Int, group: str, ordered: Sequence[str]
) -> tuple[int, list[Refusal]]:
    """Return the provinces of the level that has fewest, and the levels that have too few."""
    counts = [len(np.unique(sample.province[number == k])) for k in range(len(ordered))]
    refused = [
        Refusal("few_clusters", f"{pair.about}, {group}={level}", f"{count} provinces")
        for level, count in zip(ordered, counts, strict=True)
        if count < LEAST_PROVINCES
    ]
    return min(counts), refused


def _split(sample: Sample, number: Int, names: Sequence[str]) -> Sample:
    """Return a sample with the treatment of each level as a variable of its own."""
    parts = sample.x[:, :1] * (number[:, None] == np.arange(len(names)))
    x = np.column_stack([parts, sample.x[:, 1:]])
    return replace(sample, x=x, names=(*names, *sample.names[1:]))


def _slopes(
    pair: _Pair, left: Projected, levels: int, like: Estimate, least: int
) -> list[Estimate]:
    """Return slopes, their differences to the first level, and the test that they are equal."""
    names = left.sample.names[:levels]
    largest = names[0].partition("=")[2]
    slopes = [
        replace(one, term=pair.treatment, part_of=one.term)
        for one in _inferred(left, names, like, least)
    ]
    differences = [
        replace(one, term=f"difference:{largest}", part_of=one.term)
        for one in _inferred(_against_first(left, levels), names[1:], like, least)
    ]
    return [*slopes, *differences, *_equality(pair, left, levels, like, least)]


def _against_first(left: Projected, levels: int) -> Projected:
    """Return variables whose coefficients are the differences to the first level."""
    x = left.x.copy()
    x[:, 0] = x[:, :levels].sum(axis=1)
    return replace(left, x=x)


def _inferred(left: Projected, terms: Sequence[str], like: Estimate, least: int) -> list[Estimate]:
    """Return terms by the ways of inference that the level with fewest provinces allows."""
    found = terms_of(quick_fit(left, "city"), terms, like)
    if least >= LEAST_PROVINCES:
        found += terms_of(quick_fit(left, "province"), terms, like)
    provinces = len(np.unique(left.sample.province))
    if least >= 2 and LEAST_PROVINCES <= provinces < FEW_CLUSTERS:
        found += bell_mccaffrey(left, terms, like)
    return found


def _equality(
    pair: _Pair, left: Projected, levels: int, like: Estimate, least: int
) -> list[Estimate]:
    """Return the test of equality by the ways of inference that the provinces allow."""
    restrictions, found = contrasts(levels, left.x.shape[1]), list[Estimate]()
    group = left.sample.names[0].partition("=")[0]
    like = counted(replace(like, term=f"equality:{group}"), left.sample)
    for inference in ("city", "province") if least >= LEAST_PROVINCES else ("city",):
        fit = quick_fit(left, inference)
        value, p = wald(fit, restrictions)
        one = replace(like, estimate=value, p=p, inference=inference, clusters=fit.clusters)
        found.append(replace(one, freedom=float(fit.clusters - 1)))
    provinces = len(np.unique(left.sample.province))
    if least >= 2 and LEAST_PROVINCES <= provinces < FEW_CLUSTERS:
        settings = pair.context.settings
        value, _ = wald(quick_fit(left, "province"), restrictions)
        draws = wild_draws(settings.draws)
        p = wild_wald(left, restrictions, draws=draws, seed=settings.seed)
        one = replace(like, estimate=value, p=p, inference="wild_province", clusters=provinces)
        found.append(one)
    return found


def _moderators(pair: _Pair) -> Mapping[str, Float]:
    """Return the variables that may change the slope, by each row's place: standard scores.

    A place has its first known value of the sample's years, so that what the index may have moved
    since does not enter.
    """
    design, sample = pair.context.design, pair.sample
    found = {}
    for name, series in design.thresholds.items():
        if name in design.treatments or shared_components(design, pair.outcome, name):
            continue
        first = _first_known(design, series.values, sample)
        own = first[np.unique(sample.city)]
        if np.nanstd(own) > 0:
            found[name] = ((first - np.nanmean(own)) / np.nanstd(own))[sample.city]
    return found


def _first_known(design: Design, values: Float, sample: Sample) -> Float:
    """Return the first known value of each city, shape (cities,), from the sample's first year."""
    since = values[:, design.years >= sample.year.min()]
    known = np.isfinite(since)
    first = since[np.arange(len(since)), known.argmax(axis=1)]
    return np.where(known.any(axis=1), first, np.nan)


def _moderated(pair: _Pair, name: str, score: Float) -> tuple[list[Estimate], list[Refusal]]:
    """Return how the slope changes with one variable, with common and own effects of the years."""
    known, term = np.isfinite(score), f"change:{name}"
    base = replace(pair.sample, x=np.column_stack([score, pair.sample.x]))
    base = without_singletons(base.of(known))
    score, x = base.x[:, 0], base.x[:, 1:]
    names = (term, *pair.sample.names)
    columns = np.column_stack([score * x[:, 0], x])
    years = np.unique(base.year)[1:]
    trends = score[:, None] * (base.year[:, None] == years)
    found = list[Estimate]()
    own = tuple(f"{name}, {year}" for year in years)
    for model, sample in (
        (COMMON, replace(base, x=columns, names=names)),
        (OWN_YEARS, replace(base, x=np.column_stack([columns, trends]), names=(*names, *own))),
    ):
        if why := refusal_of(sample, f"{pair.about}, {name}, {model}", pair.years):
            return found, [why]
        provinces = len(np.unique(sample.province))
        found += _inferred(projected(sample), [term], pair.like(model), provinces)
    return found, []


def _headline(estimates: Iterable[Estimate]) -> list[Estimate]:
    """Return each term's estimate by the first way of inference that has a p-value."""
    best = dict[tuple[str, ...], Estimate]()
    for way in WAYS:
        for one in estimates:
            if one.inference == way and np.isfinite(one.p):
                best.setdefault((one.model, one.term, one.part_of), one)
    return list(best.values())


def _adjusted(estimates: Sequence[Estimate]) -> list[Estimate]:
    """Return the p-values of differences and of tests, adjusted over each family."""
    families = dict[tuple[str, str], list[Estimate]]()
    for one in _headline(estimates):
        kind = one.term.partition(":")[0]
        if kind in ("difference", "equality", "change"):
            family = "difference" if kind == "difference" else "test"
            families.setdefault((one.model, family), []).append(one)
    found = list[Estimate]()
    for own in families.values():
        for note, values in adjusted([one.p for one in own]).items():
            found += [
                replace(one, p=float(p), low=np.nan, high=np.nan, note=note)
                for one, p in zip(own, values, strict=True)
            ]
    return found


def _tests(estimates: Iterable[Estimate]) -> list[dict[str, Any]]:
    """Return the tests of equality and of change with their adjusted p-values, one mapping each."""
    found = dict[tuple[str, ...], dict[str, Any]]()
    own = [one for one in estimates if one.term.startswith(("equality:", "change:")) and one.note]
    for one in own:
        key = (one.outcome, one.treatment, one.model, one.term)
        row = dict(zip(("outcome", "treatment", "model", "test"), key, strict=True))
        found.setdefault(key, row | {"inference": one.inference, "statistic": one.estimate})
        found[key][one.note] = one.p
    for one in estimates:
        key = (one.outcome, one.treatment, one.model, one.term)
        if key in found and not one.note and one.inference == found[key]["inference"]:
            found[key]["p"] = one.p
    return list(found.values())
