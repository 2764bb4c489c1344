"""Overlap lint: refuse an indicator that is the label, or a part of it, under another name.

What a city's outcome has reached by the origin is honest knowledge; the label is what it does from
there on. So an indicator that says in its formula that it reads the outcome may hold its *level*
(output per head, carbon per output), and the family history may hold its past growth. Any other
indicator that equals the outcome's growth or the measure at the same date, by its formula, by an
accounting identity or on the data, would hand the outcome's own past to another family, and the
worth of that family beyond history alone would be made up. One that equals the label itself has
the answer in it.

Correlations are taken within years, as the measure compares cities of one year: a common trend is
no overlap. They see the panel as of the first scored origin, so that no scored year takes part.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from city_resilience.arrays import Float
from city_resilience.errors import InputError, check_known
from city_resilience.experiment.experiment import Experiment
from city_resilience.indicators.formulas.history import growth_gap_past
from city_resilience.indicators.formulas.nation import SUM
from city_resilience.indicators.formulas.ratios import (
    change,
    log_growth,
    log_level,
    within_year_rank,
)
from city_resilience.indicators.formulas.years import lag, lead
from city_resilience.indicators.indicator import (
    GAP,
    NATION,
    OUTCOME,
    OUTPUT,
    POINTS,
    PROVINCE,
    Indicator,
)
from city_resilience.indicators.inputs import lag_of, variables_behind
from city_resilience.tasks.dataset import AsOf, Dataset
from city_resilience.tasks.identities import Draw, draw_variables, identities_of
from city_resilience.tasks.outcome import COMPOSITE

__all__ = [
    "THRESHOLD",
    "Overlap",
    "find_overlaps",
    "growth_in_formula",
    "refuse_overlaps",
    "year_correlation",
]

How = Literal["component", "formula", "identity", "correlation"]
Found = tuple[How, float, str]
Pair = tuple[str, Float, str, Float]
Sides = list[tuple[str, Float]]

THRESHOLD = 0.999
AGREEMENT = 0.9  # least rank correlation beside a linear one, so that no single cell decides
FEWEST = 30  # city-years
FEWEST_CITIES = 20  # levels persist, so few cities agree by chance
ROUNDING = 1e-12
MOST_CITIES = 2000  # evenly spaced; an overlap is one in any of them


@dataclass(frozen=True)
class Overlap:
    """An indicator that overlaps with the label.

    Attributes
    ----------
    indicator : str
        Id of the indicator.
    label : str
        Measure and outcome, such as ``growth_gap of gdp_real``.
    how : str
        ``component``, ``formula``, ``identity`` or ``correlation``: what gave it away.
    value : float
        The correlation, in absolute size; 1 for a component.
    reason : str
        What was found, in words.
    """

    indicator: str
    label: str
    how: How
    value: float
    reason: str


def find_overlaps(
    dataset: Dataset, experiment: Experiment, components: Sequence[str] = ()
) -> tuple[Overlap, ...]:
    """Return the indicators that overlap with the label, at most one each.

    Parameters
    ----------
    dataset : Dataset
        The panel; it is seen as of the first scored origin.
    experiment : Experiment
        Outcome, measure, horizons and publication lags.
    components : sequence of str
        Ids of the indicators or variables that a composite label is made of.

    Raises
    ------
    InputError
        If ``features.accept_overlap`` names an indicator that does not exist.
    """
    _check_accepted(dataset, experiment)
    view = _sample(dataset.at(experiment.evaluation.first_origin))
    outcome = experiment.outcome
    made_of = ", ".join(outcome.composite.components) if outcome.composite else outcome.variable
    sides = _outcome_sides(view, experiment)
    overlaps = []
    for k, spec in enumerate(dataset.indicators.specs):
        found = _component(spec, components)
        if found is None and spec.family != "history":
            found = _by_formula(spec, experiment) or _on_data(view, k, spec, experiment, sides)
        if found is not None:
            overlaps.append(Overlap(spec.id, f"{outcome.measure} of {made_of}", *found))
    return tuple(overlaps)


def refuse_overlaps(overlaps: Sequence[Overlap], accepted: Sequence[str] = ()) -> None:
    """Refuse overlaps that the experiment does not accept by name.

    Raises
    ------
    InputError
        Naming the first pair, what was found, and the settings that leave out or accept all.
    """
    refused = [overlap for overlap in overlaps if overlap.indicator not in accepted]
    if not refused:
        return
    first = refused[0]
    others = f" (and {len(refused) - 1} more)" if len(refused) > 1 else ""
    names = ", ".join(f'"{name}"' for name in sorted({o.indicator for o in refused}))
    kept = ", ".join(f'"{name}"' for name in sorted({*accepted, *(o.indicator for o in refused)}))
    raise InputError(
        f"features: indicator {first.indicator!r} overlaps with the label {first.label!r}: "
        f"{first.reason}{others}; leave out with features.exclude = [{names}] or accept by name "
        f"with features.accept_overlap = [{kept}]"
    )


def year_correlation(a: Float, b: Float) -> float:
    """Correlate two arrays (cities, years) within years.

    Each year's mean is taken off first. An overlap may bend (growth in percent and in log
    points), so the larger of the linear and the rank correlation counts, in absolute size, if the
    other is at least 0.9 too; else the smaller.

    Returns
    -------
    float
        0 with fewer than 30 city-years or without variation.

    Examples
    --------
    >>> a = np.random.default_rng(0).normal(size=(20, 3))
    >>> round(year_correlation(a, 5 - 2 * a), 3), round(year_correlation(a, np.exp(a)), 3)
    (1.0, 0.896)
    """
    both = np.isfinite(a) & np.isfinite(b)
    if both.sum() < FEWEST:
        return 0.0
    a, b = np.where(both, a, np.nan), np.where(both, b, np.nan)
    linear = _pooled(a, b)
    if linear < AGREEMENT:
        return linear
    ranks = _pooled(within_year_rank(a), within_year_rank(b))
    return max(linear, ranks) if ranks >= AGREEMENT else ranks


def _enough(side: Float) -> bool:
    """Whether anything can be correlated with a side."""
    return int(np.isfinite(side).sum()) >= FEWEST


def _pooled(a: Float, b: Float) -> float:
    """Absolute correlation of deviations from the year's mean; both unknown in the same cells."""
    first, second = _deviations(a), _deviations(b)
    scale = np.sqrt((first**2).sum() * (second**2).sum())
    return float(min(abs((first * second).sum() / scale), 1.0)) if scale > 0 else 0.0


def _deviations(x: Float) -> Float:
    """Deviations from the year's mean, 0 where unknown or no more than rounding."""
    count = np.maximum(np.isfinite(x).sum(axis=0), 1)
    away = np.where(np.isfinite(x), x - np.nansum(x, axis=0) / count, 0.0)
    return np.where(np.abs(away) > ROUNDING * np.nanmax(np.abs(x)), away, 0.0)


def _check_accepted(dataset: Dataset, experiment: Experiment) -> None:
    known = {*dataset.indicators.ids, *dataset.indicators.absent}
    for name in experiment.features.accept_overlap:
        where = "features.accept_overlap: no indicator"
        check_known(name, known, where, then="remove it or correct its name")


def _sample(view: AsOf) -> AsOf:
    step = -(-len(view.outcome) // MOST_CITIES)
    cities = slice(None, None, step)
    return replace(
        view,
        outcome=view.outcome[cities],
        indicators=view.indicators[cities],
        nation=view.nation.of(cities),
    )


def _component(spec: Indicator, components: Sequence[str]) -> Found | None:
    """Find an indicator that is a component of the label, or reads a variable that is one."""
    shared = [name for name in (spec.id, *variables_behind(spec)) if name in components]
    if not shared:
        return None
    part = "it is a component of it" if shared[0] == spec.id else f"{shared[0]!r} is part of both"
    return "component", 1.0, part


def growth_in_formula(spec: Indicator, experiment: Experiment) -> float:
    """Return how far an indicator is the outcome's growth by its formula, from 0 to 1.

    The correlation, within years and in absolute size, of its value with the growth of the outcome
    on made-up variables; the largest over the accounting identities of the outcome. A level has
    about 0, the growth of nominal output beside that of real output much.
    """
    series = _outcome(experiment)
    drawn = (own for _, _, own in _draws(spec, experiment))
    found = [
        year_correlation(values, log_growth(own.values[series]))
        for own in drawn
        if (values := _on_made_up(spec, own, series)) is not None
    ]
    return max(found, default=0.0)


def _by_formula(spec: Indicator, experiment: Experiment) -> Found | None:
    """Find an indicator whose formula gives the outcome's growth whatever the data."""
    for how, reason, drawn in _draws(spec, experiment):
        value = _probed(spec, drawn, _outcome(experiment))
        if value >= THRESHOLD:
            return how, value, reason
    return None


def _draws(spec: Indicator, experiment: Experiment) -> Iterator[tuple[How, str, Draw]]:
    """Draw made-up variables that a formula reads, in each way that could make it the outcome's.

    Variables that have nothing in common, and for each accounting identity of the outcome
    variables that fulfil it. None for a composite: no formula of the table gives it, and its
    components are named.
    """
    outcome = _outcome(experiment)
    if outcome == COMPOSITE:
        return
    read = {*variables_behind(spec), *({outcome} if _reads(spec, outcome) else ())}
    if outcome in read:
        words = f"its formula gives the growth of {outcome}, whatever the data"
        yield "formula", words, draw_variables(sorted(read), None)
    for identity in identities_of(outcome, experiment.outcome):
        if read & (identity.variables - {outcome}):
            drawn = draw_variables(sorted({outcome, *read}), identity)
            yield "identity", identity.reason, drawn


def _on_made_up(spec: Indicator, drawn: Draw, outcome: str) -> Float | None:
    """Compute a formula on made-up variables; None if it reads what cannot be drawn."""
    made = drawn.values[outcome]
    special = {
        **dict.fromkeys((OUTCOME, OUTPUT), made),
        NATION: SUM,
        PROVINCE: drawn.province,
        GAP: growth_gap_past(made),
    }
    names = [*spec.inputs, *spec.optional]
    if any(name not in special and name not in drawn.values for name in names):
        return None
    found: Float = spec(*(special.get(name, drawn.values.get(name)) for name in names))
    return found


def _probed(spec: Indicator, drawn: Draw, outcome: str) -> float:
    """Return the best correlation of a formula on made-up variables with the outcome's growth."""
    values = _on_made_up(spec, drawn, outcome)
    if values is None:
        return 0.0
    growth = log_growth(drawn.values[outcome])
    forms = [values] if _reads(spec, outcome) else [values, change(values), log_growth(values)]
    return max(year_correlation(form, growth) for form in forms)


def _reads(spec: Indicator, outcome: str) -> bool:
    """Whether the formula says that it reads the outcome."""
    return bool({OUTCOME, OUTPUT, POINTS, GAP, outcome} & {*spec.inputs, *variables_behind(spec)})


def _outcome(experiment: Experiment) -> str:
    """Id of the series that is forecast: the variable, it over its deflator, or the composite."""
    outcome = experiment.outcome
    if outcome.measure == COMPOSITE:
        return COMPOSITE
    return f"{outcome.variable}_deflated" if outcome.deflator else outcome.variable


def _on_data(
    view: AsOf, k: int, spec: Indicator, experiment: Experiment, sides: Sides
) -> Found | None:
    """Find an indicator that the panel shows to be the label, the measure or the outcome."""
    if not any(map(_enough, (*(side for _, side in sides), view.outcome))):
        return None
    lags = experiment.features.publication_lag
    values = lead(view.indicators[:, :, k], lag_of(spec, lags))
    for what, own, whose, target in _pairs(view, values, spec, experiment, sides):
        value = year_correlation(own, target)
        if value >= THRESHOLD:
            reason = (
                f"{what} correlates {value:.4f} with {whose} at the same date (city-years up to "
                f"{view.origin}), so it is that under another name"
            )
            return "correlation", value, reason
    return None


def _outcome_sides(view: AsOf, experiment: Experiment) -> Sides:
    """Return what the value of an indicator is compared with: name and array."""
    outcome, measure = _outcome(experiment), experiment.outcome.measure
    sides = []
    for h in experiment.outcome.horizons:
        years = f"{h} year{'s' * (h > 1)}"
        label = view.labels(h)
        sides.append((f"{measure} over the next {years}, the label itself,", label))
        sides.append((f"{measure} over the last {years}", lag(label, h)))
    in_points = outcome == COMPOSITE
    growth = change(view.outcome) if in_points else log_growth(view.outcome)
    return [*sides, (f"the {'change' if in_points else 'growth'} of {outcome}", growth)]


def _pairs(
    view: AsOf, values: Float, spec: Indicator, experiment: Experiment, sides: Sides
) -> Iterator[Pair]:
    """What is compared: name and array of the indicator's side, then of the outcome's side."""
    outcome = _outcome(experiment)
    yield from (("its value", values, *side) for side in sides)
    grown, growth = sides[-1]
    if _reads(spec, outcome):
        return
    yield "its change", change(values), grown, growth
    yield "its growth", log_growth(values), grown, growth
    if np.isfinite(view.outcome).any(axis=1).sum() >= FEWEST_CITIES:
        yield "its value", values, outcome, view.outcome
        yield "its logarithm", log_level(values), f"log {outcome}", log_level(view.outcome)
