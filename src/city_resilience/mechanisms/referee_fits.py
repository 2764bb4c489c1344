"""Checks of the referee's list that fit the outcomes and indices once more."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from city_resilience.arrays import Float, Int, Mask
from city_resilience.mechanisms.answer import Answer, Figure, Pair, fitted_pairs
from city_resilience.mechanisms.baseline import lagged, usable_controls
from city_resilience.mechanisms.comparisons import comparisons
from city_resilience.mechanisms.context import Context, Refusal
from city_resilience.mechanisms.design import NEVER, Design, Policy, ahead_of, reach_of
from city_resilience.mechanisms.estimate import LEVEL, Estimate
from city_resilience.mechanisms.fixed_effects import both_clusters, terms_of, two_way
from city_resilience.mechanisms.influence import left_out
from city_resilience.mechanisms.referee_design import filled
from city_resilience.mechanisms.refusals import (
    FEW_CLUSTERS,
    LEAST_CLUSTERS,
    LEAST_PROVINCES,
    LEAST_ROWS,
    LEAST_TREATED,
    least_years,
    refusal_of,
)
from city_resilience.mechanisms.sample import Sample, sample_of, within, without_singletons
from city_resilience.mechanisms.timing import rows_of

__all__ = [
    "anticipation",
    "collinear",
    "few_clusters",
    "forbidden",
    "influence",
    "little_variation",
    "municipalities",
    "policy_anticipation",
    "shared_errors",
    "short_panel",
    "without_filled",
]

LEAST_TIME_CLUSTERS = 20
"""Years below which inference by clusters of years, or Driscoll and Kraay's, rejects too often."""
MOST_EXPLAINED = 0.9
"""Share of an index that the controls, or another index, explain: a variance inflation of 10."""
LEAST_LEFT = 0.05
"""Share of the variance of an index that effects of city and year should leave."""
LEAST_SHARED = 0.05
"""Correlation of errors of one province and year from which clusters by city are too small."""
LEAST_FORBIDDEN = 0.05
"""Share of the weights of a two-way estimate from which forbidden comparisons are named."""
MUNICIPALITY, RANK = "municipality", "rank"


def few_clusters(context: Context) -> list[Answer]:
    """Find samples with so few provinces that asymptotic inference by clusters is unsure."""
    found = []
    for pair in fitted_pairs(context):
        cities, at = np.unique(pair.sample.city, return_index=True)
        counts = np.unique(pair.sample.province[at], return_counts=True)[1]
        figures = {"provinces": len(counts), "largest": float(counts.max() / len(cities))}
        few = len(counts) < FEW_CLUSTERS
        found.append(pair.found(few, figures=figures, grave=len(counts) < LEAST_CLUSTERS))
    return found


def short_panel(context: Context) -> list[Answer]:
    """Find samples with too few years for clusters of years."""
    found = []
    for pair in fitted_pairs(context):
        years = pair.sample.counts["years"]
        found.append(pair.found(years < LEAST_TIME_CLUSTERS, figures={"years": years}))
    return found


def shared_errors(context: Context) -> list[Answer]:
    """Find errors that places of a province share in a year, which clusters by city leave out."""
    found = []
    for pair in fitted_pairs(context):
        if few := _too_few(pair.sample, LEAST_PROVINCES):
            found.append(pair.found(None, figures=few))
            continue
        fits = {way: two_way(pair.sample, way) for way in ("city", "province")}
        cells = np.column_stack([pair.sample.province, pair.sample.year])
        cell = np.unique(cells, axis=0, return_inverse=True)[1].ravel()
        shared = _intraclass(fits["city"].residuals, cell)
        if not np.isfinite(shared):
            found.append(pair.found(None))
            continue
        ratio = fits["province"].se(pair.treatment) / fits["city"].se(pair.treatment)
        figures = {"shared": shared, "ratio": ratio}
        found.append(pair.found(shared >= LEAST_SHARED, figures=figures))
    return found


def _intraclass(values: Float, cell: Int) -> float:
    """Return the correlation of values of one cell, by the analysis of variance; else NaN."""
    counts = np.bincount(cell)
    cells, rows = len(counts), len(values)
    if cells < 2 or rows - cells < 2:
        return float("nan")
    means = np.bincount(cell, values) / counts
    inside = ((values - means[cell]) ** 2).sum() / (rows - cells)
    between = (counts * (means - values.mean()) ** 2).sum() / (cells - 1)
    size = (rows - (counts**2).sum() / rows) / (cells - 1)
    return float((between - inside) / (between + (size - 1) * inside))


def anticipation(context: Context) -> list[Answer]:
    """Find that the index of a year after goes with an outcome, beside the index up to then.

    For growth to the year after, the index of that year beside its own; for growth over h years,
    the index of the last beside those before, which the growth may follow. Growth may then come
    first, and the index follow it; or both follow something else, in the same year too.
    """
    design, found = context.design, []
    for pair in fitted_pairs(context, annual=True):
        values = design.series(pair.treatment).values
        ahead = ahead_of(design.outcomes[pair.outcome], context.settings.horizon)
        within_reach = [f"ahead:{years}" for years in range(1, ahead + 1)]
        controls = usable_controls(design, pair.outcome, pair.treatment)
        columns = [_led(values, years) for years in (ahead + 1, *range(ahead + 1))]
        columns += [design.series(name).values for name in controls]
        names = ("lead", pair.treatment, *within_reach, *controls)
        sample = sample_of(design, pair.outcome, columns, names=names)
        found.append(_lead(sample, pair.like("lead"), treatment=pair.treatment))
    return found


def _led(values: Float, years: int) -> Float:
    """Return values of some years after, shape as given; NaN in the last years."""
    return lagged(values[:, ::-1], years)[:, ::-1]


def policy_anticipation(context: Context) -> list[Answer]:
    """Find that the year before joining differs from those before, beside places not yet joined.

    Years whose outcome reaches beyond that of joining are left out. Either the policy was expected,
    or it works in the year in which it begins already.
    """
    design, found = context.design, []
    annual = [name for name, own in design.outcomes.items() if not own.windows]
    for outcome in annual:
        for name, policy in design.policies.items():
            ahead = ahead_of(design.outcomes[outcome], context.settings.horizon)
            sample = _before_joining(design, outcome, policy, ahead)
            if len(np.unique(sample.city[sample.x[:, 0] > 0])) < LEAST_TREATED:
                found.append(Answer(None, outcome, policy=name))
                continue
            like = Estimate("lead", outcome, name, "", float("nan"))
            found.append(_lead(sample, like, policy=name))
    return found


def _before_joining(design: Design, outcome: str, policy: Policy, ahead: int) -> Sample:
    """Return the rows that no joining touches yet; x marks the last year before one does."""
    first = policy.since - ahead
    since = np.where(policy.since == NEVER, np.iinfo(np.int64).max, first)[:, None]
    last = (design.years == since - 1).astype(float)
    last[np.broadcast_to(design.years >= since, last.shape)] = np.nan
    return sample_of(design, outcome, [last], names=["lead"], cities=~policy.partial)


def _lead(sample: Sample, like: Estimate, treatment: str = "", policy: str = "") -> Answer:
    few = _too_few(sample, LEAST_CLUSTERS)
    bare = Answer(None, like.outcome, treatment, policy, figures=few)
    if few or refusal_of(sample, like.outcome) is not None:
        return bare
    (one,) = terms_of(two_way(sample, "province"), ["lead"], like)
    figures = {"slope": one.estimate, "low": one.low, "high": one.high, "p": one.p}
    early = bool(one.p < 1 - LEVEL)
    return replace(bare, found=early, figures=figures, grave=True, estimates=[one])


def _too_few(sample: Sample, least: int) -> dict[str, Figure]:
    """Return the provinces of a sample and how many a test needs, nothing where it has them."""
    provinces = len(np.unique(sample.province))
    return {"provinces": provinces, "least": least} if provinces < least else {}


def forbidden(context: Context) -> list[Answer]:
    """Find two-way estimates of a policy that rest on comparisons with places that had joined."""
    design, found = context.design, []
    annual = [name for name, own in design.outcomes.items() if not own.windows]
    for outcome in annual:
        for name, policy in design.policies.items():
            ahead = ahead_of(design.outcomes[outcome], context.settings.horizon)
            rows = rows_of(design, outcome, policy, ahead, name)
            if isinstance(rows, Refusal):
                found.append(Answer(None, outcome, policy=name))
                continue
            figures = comparisons(rows)
            much = np.nanmax([figures["forbidden"], figures["negative"]]) >= LEAST_FORBIDDEN
            figures = {key: value for key, value in figures.items() if np.isfinite(value)}
            figures.setdefault("negative", 0.0)
            found.append(Answer(bool(much), outcome, policy=name, figures=figures))
    return found or [Answer(None)]


def influence(context: Context) -> list[Answer]:
    """Find estimates whose sign rests on one province, or that move by a standard error."""
    found = []
    for pair in fitted_pairs(context):
        out = left_out(pair.sample)
        if not np.isfinite(out.without).any():
            found.append(pair.found(None))
            continue
        se = two_way(pair.sample, both_clusters(pair.sample)[-1]).se(pair.treatment)
        low, high = int(np.nanargmin(out.without)), int(np.nanargmax(out.without))
        turned = out.turned
        names = _provinces(context.design, pair.sample, out.province[[low, high]])
        figures = {
            "slope": out.whole,
            "low": float(out.without[low]),
            "high": float(out.without[high]),
            "without_low": names[0],
            "without_high": names[1],
            "turned": len(turned),
            "turning": ", ".join(_provinces(context.design, pair.sample, turned)),
        }
        moved = np.nanmax(np.abs(out.without - out.whole)) > se
        found.append(
            pair.found(bool(moved or len(turned)), figures=figures, grave=bool(len(turned)))
        )
    return found


def _provinces(design: Design, sample: Sample, numbers: Iterable[int]) -> list[str]:
    """Return names of provinces of a sample; of a place where the panel has no provinces."""
    at = [int(sample.city[sample.province == number][0]) for number in numbers]
    return [
        (str(design.province[k]) if len(design.province) else "") or design.cities[k] for k in at
    ]


def municipalities(context: Context) -> list[Answer]:
    """Find estimates that rest on the municipalities, which are provinces of their own."""
    design = context.design
    rank = design.groups.get(RANK)
    if rank is None or not (rank == MUNICIPALITY).any():
        return [Answer(None)]
    return [_changed(context, p, rank[p.sample.city] != MUNICIPALITY, "without_municipalities")
            for p in fitted_pairs(context)]  # fmt: skip


def without_filled(context: Context) -> list[Answer]:
    """Find estimates that change without the rows whose variables were filled."""
    design, found = context.design, []
    masks = {name: lines | repeats for name, (lines, repeats) in filled(design).items()}
    for pair in fitted_pairs(context):
        rows = _filled_rows(context, pair, masks)
        if not rows.any():
            found.append(pair.found(None))
            continue
        found.append(_changed(context, pair, ~rows, "without_filled"))
    return found


def _filled_rows(context: Context, pair: Pair, masks: dict[str, Mask]) -> Mask:
    """Return the rows of a pair with a filled year in the outcome, the index or a control."""
    design, sample = context.design, pair.sample
    at = (sample.city, sample.year - design.years[0])
    rows = np.zeros(len(sample), dtype=bool)
    for name in (pair.outcome, *sample.names):
        own = design.series(name)
        for variable in {name, *own.behind} & set(masks):
            mask = masks[variable]
            if name == pair.outcome and not own.windows:
                mask = _until(mask, reach_of(own, context.settings.horizon))
            rows |= mask[at]
    return rows


def _until(mask: Mask, years: int) -> Mask:
    """Return whether a year or one of those that follow is marked."""
    found = mask.copy()
    for k in range(1, min(years, mask.shape[1] - 1) + 1):
        found[:, :-k] |= mask[:, k:]
    return found


def _changed(context: Context, pair: Pair, kept: Mask, model: str) -> Answer:
    """Compare the estimate with that of some rows: found where it moves by a standard error."""
    part = without_singletons(pair.sample.of(kept))
    figures: dict[str, float] = {"rows": int((~kept).sum()), "of": len(kept)}
    if refusal_of(part, pair.outcome, least_years(context.design, pair.outcome)) is not None:
        return pair.found(None, figures=figures)
    way = both_clusters(part)[-1]
    whole = two_way(pair.sample, way)
    (one,) = terms_of(two_way(part, way), [pair.treatment], pair.like(model))
    before, se = whole.coefficient(pair.treatment), whole.se(pair.treatment)
    turned = bool(np.sign(one.estimate) == -np.sign(before))
    figures |= {"slope": before, "without": one.estimate, "turned": int(turned)}
    moved = abs(one.estimate - before) > se
    return pair.found(bool(moved or turned), figures=figures, grave=turned, estimates=[one])


def collinear(context: Context) -> list[Answer]:
    """Find indices that the controls, or another index, explain within cities and years."""
    design, found = context.design, []
    for pair in fitted_pairs(context):
        explained = _explained(pair.sample)
        others = [name for name in design.treatments if name != pair.treatment]
        alike = {name: _likeness(design, pair, name) for name in others}
        closest = max(alike, key=alike.__getitem__, default="")
        most = alike.get(closest, 0.0)
        figures = {
            "explained": explained,
            "inflation": 1 / max(1 - explained, 1e-12),
            "alike": most,
        }
        names = [closest] if closest else []
        much = max(explained, most) >= MOST_EXPLAINED
        found.append(pair.found(bool(much), names=names, figures=figures))
    return found


def _explained(sample: Sample) -> float:
    """Return the share of the first variable that the others explain, effects out."""
    left = within(sample, sample.x)
    own, rest = left[:, 0], left[:, 1:]
    if not rest.shape[1]:
        return 0.0
    scaled = rest / np.where(rest.std(axis=0) > 0, rest.std(axis=0), 1.0)
    if not own @ own > 0:
        return 1.0
    residual = own - scaled @ np.linalg.lstsq(scaled, own, rcond=None)[0]
    return float(1 - (residual @ residual) / (own @ own))


def _likeness(design: Design, pair: Pair, other: str) -> float:
    """Return the squared correlation of two indices, effects out; 0 where they do not meet."""
    sample = sample_of(design, pair.outcome, [pair.treatment, other])
    return _explained(sample) if len(sample) >= LEAST_ROWS else 0.0


def little_variation(context: Context) -> list[Answer]:
    """Find indices that effects of city and year hold nearly whole."""
    found = []
    for pair in fitted_pairs(context):
        own = pair.sample.x[:, 0]
        left = float(within(pair.sample, own).var() / own.var())
        found.append(pair.found(left < LEAST_LEFT, figures={"left": left}))
    return found
