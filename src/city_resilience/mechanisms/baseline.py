"""Two-way fixed effects of each outcome on each digital index, in the columns of a paper.

What identifies: differences between places in how an index moves over the years, beside the
controls. Nothing here says that the index comes first: places may digitise because they grow.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import product

import numpy as np

from city_resilience.arrays import Float
from city_resilience.mechanisms.context import Context, Part, Refusal
from city_resilience.mechanisms.design import Design
from city_resilience.mechanisms.estimate import Estimate
from city_resilience.mechanisms.fixed_effects import both_clusters, terms_of, two_way
from city_resilience.mechanisms.projected import crossed
from city_resilience.mechanisms.refusals import (
    FEW_CLUSTERS,
    LEAST_CLUSTERS,
    LEAST_PROVINCES,
    least_years,
    refusal_of,
    shared_components,
)
from city_resilience.mechanisms.resampling import wild_draws
from city_resilience.mechanisms.sample import Sample, sample_of, without_singletons
from city_resilience.mechanisms.small_clusters import conley, wild_provinces

__all__ = [
    "LEAST_PERIODS",
    "baseline",
    "columns_of",
    "lagged",
    "plain_sample",
    "province_years",
    "usable_controls",
    "winsorised",
]

LEAST_PERIODS = 8
"""Years below which no inference rests on them: errors of a year, Driscoll and Kraay."""


def lagged(values: Float, years: int) -> Float:
    """Return values of some years before, shape as given; NaN in the first years."""
    before = np.full_like(values, np.nan)
    before[:, years:] = values[:, : max(values.shape[1] - years, 0)]
    return before


def usable_controls(design: Design, outcome: str, treatment: str) -> tuple[str, ...]:
    """Return the controls that share no variable with the outcome and are not the treatment."""
    own = design.series(treatment)
    return tuple(
        name
        for name, one in design.controls.items()
        if not shared_components(design, outcome, name)
        and name != treatment
        and name not in own.components
    )


def plain_sample(design: Design, outcome: str, treatment: str) -> Sample:
    """Return the rows with the treatment and the usable controls."""
    return sample_of(design, outcome, [treatment, *usable_controls(design, outcome, treatment)])


def columns_of(context: Context, outcome: str, treatment: str) -> dict[str, Sample]:
    """Return the sample of each column: alone, with controls, lagged."""
    design = context.design
    controls = usable_controls(design, outcome, treatment)
    values = design.series(treatment).values
    samples = {
        "alone": sample_of(design, outcome, [treatment]),
        "controls": sample_of(design, outcome, [treatment, *controls]),
    }
    for years in context.settings.lags:
        before = [lagged(values, years), *(design.series(name).values for name in controls)]
        samples[f"lag:{years}"] = sample_of(design, outcome, before, names=(treatment, *controls))
    return samples


def baseline(context: Context) -> Part:
    """Fit each outcome on each digital index.

    Returns
    -------
    Part
        Models ``alone``, ``controls``, ``lag:K``, ``province_year`` (effects of each province in
        each year in place of those of the year) and ``winsorised``; each with clusters by city and,
        where there are five, by province, ``controls`` with all ways of inference that the rows
        allow.
    """
    design, found, refused = context.design, list[Estimate](), list[Refusal]()
    asked = list(product(design.outcomes, design.treatments))
    for done, (outcome, treatment) in enumerate(asked):
        context.progress("baseline", done, len(asked))
        estimates, refusals = _pair(context, outcome, treatment)
        found.extend(estimates)
        refused.extend(refusals)
    context.progress("baseline", len(asked), len(asked))
    about = {"winsorise": context.settings.winsorise, "draws": wild_draws(context.settings.draws)}
    return Part(found, refused, about)


def _pair(context: Context, outcome: str, treatment: str) -> tuple[list[Estimate], list[Refusal]]:
    """Return the columns of one outcome and one treatment."""
    about, found, refused = f"{outcome}, {treatment}", list[Estimate](), list[Refusal]()
    if shared := shared_components(context.design, outcome, treatment):
        return [], [Refusal("component", about, ", ".join(sorted(shared)))]
    samples = columns_of(context, outcome, treatment)
    for model, sample in samples.items():
        why = refusal_of(sample, f"{about}, {model}", least_years(context.design, outcome))
        if why is not None:
            refused.append(why)
            continue
        like = Estimate(model, outcome, treatment, treatment, np.nan)
        found.extend(_clustered(sample, like))
        if model == "controls":
            found.extend(_further(context, sample, like))
            refused.extend(_few(sample, about))
    return found, refused


def _clustered(sample: Sample, like: Estimate) -> list[Estimate]:
    """Return a column with clusters by city and by province."""
    fits = (two_way(sample, inference) for inference in both_clusters(sample))
    return [one for fit in fits for one in terms_of(fit, sample.names, like)]


def _few(sample: Sample, about: str) -> list[Refusal]:
    provinces = len(np.unique(sample.province))
    few = provinces < LEAST_CLUSTERS
    return [Refusal("few_clusters", about, f"{provinces} provinces")] if few else []


def _further(context: Context, sample: Sample, like: Estimate) -> list[Estimate]:
    """Return the other ways of inference, and the columns that change the column of controls."""
    design, settings, first = context.design, context.settings, sample.names[:1]
    found = []
    provinces = len(np.unique(sample.province))
    if len(np.unique(sample.year)) >= LEAST_PERIODS:
        both = ("province_year",) if provinces >= LEAST_PROVINCES else ()
        fits = (two_way(sample, way) for way in (*both, "driscoll_kraay"))
        found += [one for fit in fits for one in terms_of(fit, first, like)]
    if LEAST_PROVINCES <= provinces < FEW_CLUSTERS:
        draws = wild_draws(settings.draws)
        found.append(wild_provinces(sample, like, draws=draws, seed=settings.seed))
    if design.coordinates is not None and np.isfinite(design.coordinates[sample.city]).all():
        found.append(conley(sample, design.coordinates, like))
    if settings.winsorise:
        clipped = replace(sample, y=winsorised(sample.y, settings.winsorise))
        clipped = replace(clipped, x=winsorised(sample.x, settings.winsorise))
        found += _clustered(clipped, replace(like, model="winsorised"))
    rows = province_years(sample, "")
    if isinstance(rows, Sample):
        fits = (two_way(rows, way, time="province_year") for way in both_clusters(rows))
        own = replace(like, model="province_year")
        found += [one for fit in fits for one in terms_of(fit, sample.names, own)]
    return found


def province_years(sample: Sample, about: str) -> Sample | Refusal:
    """Return the rows that effects of each province in each year can be fitted on, or why none are.

    Where fewer than half of the provinces and years have two places, the rest says little.
    """
    cells = crossed(sample.province, sample)
    if (np.bincount(cells) > 1).mean() < 0.5:
        return Refusal("few_clusters", about, "1 place a province")
    rows = without_singletons(sample, by_province=True)
    why = refusal_of(replace(rows, year=crossed(rows.province, rows)), about)
    return why or rows


def winsorised(values: Float, share: float) -> Float:
    """Return values with those beyond the quantiles ``share`` and ``1 - share`` set to these."""
    low, high = np.quantile(values, [share, 1 - share], axis=0)
    return np.asarray(np.clip(values, low, high))
