"""Checks of the referee's list that read the design itself: its columns and its policies."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from itertools import combinations

import numpy as np

from city_resilience.arrays import Float, Mask
from city_resilience.mechanisms.answer import Answer, Figure
from city_resilience.mechanisms.context import Context
from city_resilience.mechanisms.design import NEVER, Design, Policy, Series
from city_resilience.mechanisms.filled_years import carried, interpolated
from city_resilience.mechanisms.refusals import LEAST_CLUSTERS

__all__ = [
    "LEAST_FILLED",
    "LEAST_OVERLAP",
    "censored",
    "columns_of",
    "concurrent_pilots",
    "county_pilots",
    "few_treated_provinces",
    "filled",
    "filled_years",
    "index_weights",
    "no_provinces",
    "other_prices",
    "overlap",
    "shocks_only",
]

LEAST_FILLED = 0.005
"""Share of the values of a series from which filled years are named."""
TWINS = {"gdp_real": "gdp_nominal", "gdp_nominal": "gdp_real"}
"""Variables that measure one quantity at other prices."""
LEAST_OVERLAP = 0.1
"""Share of the places of a policy that also joined another from which it is named."""


def columns_of(design: Design) -> Mapping[str, Series]:
    """Return outcomes, indices, controls, channels and thresholds by name."""
    tables = (design.outcomes, design.treatments, design.controls, design.mediators)
    return {name: own for table in (*tables, design.thresholds) for name, own in table.items()}


def overlap(context: Context) -> list[Answer]:
    """Find columns that are computed from one variable: each outcome and each index with the rest.

    A shared variable moves both columns, whatever else holds.
    """
    design = context.design
    others = {**design.mediators, **design.controls}
    found = []
    for name, own in design.outcomes.items():
        found.append(replace(_shared(own, others), outcome=name))
        for index, one in design.treatments.items():
            shared = _shared(own, {index: one})
            found.append(replace(shared, outcome=name, treatment=index, grave=True))
    for name, own in design.treatments.items():
        rest = {key: one for key, one in others.items() if key not in own.components}
        found.append(replace(_shared(own, rest), treatment=name))
    return found


def _shared(own: Series, others: Mapping[str, Series]) -> Answer:
    """Compare the variables behind a column with those behind others."""
    shared = {n: own.behind & s.behind for n, s in others.items() if s.values is not own.values}
    names = [name for name, variables in shared.items() if variables]
    every = sorted(frozenset[str]().union(*shared.values()))
    figures: dict[str, Figure] = {"many": len(names), "of": len(shared), "variables": every}
    return Answer(bool(names), names=names, figures=figures)


def other_prices(context: Context) -> list[Answer]:
    """Find columns over the outcome's own variable at other prices, such as loans over nominal GDP.

    What moves the denominator moves the outcome with it, whatever else holds (division bias).
    """
    design, found = context.design, []
    others = {**design.treatments, **design.mediators, **design.controls}
    for name, own in design.outcomes.items():
        twins = {twin for one, twin in TWINS.items() if one in own.behind} - own.behind
        read = {key for key, one in others.items() if not own.behind & one.behind}
        names = [key for key in others if key in read and others[key].behind & twins]
        figures: dict[str, Figure] = {"variables": sorted(twins), "of": len(read)}
        found.append(Answer(bool(names) if twins else None, name, names=names, figures=figures))
    return found


def filled(design: Design) -> Mapping[str, tuple[Mask, Mask]]:
    """Return the years of each column and of each variable behind one that were filled.

    Returns
    -------
    mapping of str to two ndarray of bool, shape (cities, years)
        Interpolated, and carried from the year before; only series that have at least
        `LEAST_FILLED` of both. Columns are read where the design keeps no variable behind them;
        outcomes, which are changes, never.
    """
    series = {
        **{name: own.values for name, own in design.variables.items()},
        **{
            name: own.values
            for name, own in columns_of(design).items()
            if name not in design.outcomes and own.behind.isdisjoint(design.variables)
        },
    }
    found = {}
    for name, values in series.items():
        masks = (interpolated(values), carried(values))
        known = max(int(np.isfinite(values).sum()), 1)
        if (masks[0] | masks[1]).sum() >= LEAST_FILLED * known:
            found[name] = masks
    return found


def filled_years(context: Context) -> list[Answer]:
    """Find series with years that were filled before the panel was made."""
    design = context.design
    every = {**columns_of(design), **design.variables}
    found = []
    for name, (lines, repeats) in filled(design).items():
        known = np.isfinite(every[name].values)
        figures = {
            "interpolated": _share(lines, known),
            "carried": _share(repeats, known),
            "places": int((lines | repeats).any(axis=1).sum()),
        }
        found.append(Answer(True, names=[name], figures=figures))
    read = len(design.variables) or len(every) - len(design.outcomes)
    return found or [Answer(False, figures={"of": read})]


def _share(mask: Mask, known: Mask) -> float:
    return float(mask.sum() / max(int(known.sum()), 1))


def index_weights(context: Context) -> list[Answer]:
    """Find indices whose ranges and weights come from all years, the later ones included."""
    found = []
    for name, own in context.design.treatments.items():
        many = len(own.components)
        state = None if many < 2 else not own.frozen
        found.append(Answer(state, treatment=name, figures={"many": many}))
    return found


def shocks_only(context: Context) -> list[Answer]:
    """Find outcomes that are known over shocks alone: one value of a place for each."""
    return [
        Answer(bool(own.windows), outcome=name, figures={"shocks": len(own.windows)})
        for name, own in context.design.outcomes.items()
    ]


def censored(context: Context) -> list[Answer]:
    """Find outcomes that lack the places which do worst: those not recovered when the data end."""
    return [
        Answer(own.censored > 0, outcome=name, figures={"share": own.censored}, grave=True)
        for name, own in context.design.outcomes.items()
        if np.isfinite(own.censored)
    ] or [Answer(None)]


def concurrent_pilots(context: Context) -> list[Answer]:
    """Find policies that the same places joined."""
    design = context.design
    if len(design.policies) < 2:
        return [Answer(None, policy=name) for name in design.policies] or [Answer(None)]
    return [_together(design, *two) for two in combinations(design.policies.values(), 2)]


def _together(design: Design, one: Policy, other: Policy) -> Answer:
    joined = [policy.since != NEVER for policy in (one, other)]
    both = int((joined[0] & joined[1]).sum())
    shares = [both / max(int(own.sum()), 1) for own in joined]
    figures = {"both": both, "share": shares[0], "share_other": shares[1]}
    figures["correlation"] = _correlation(*(_moved(design, p) for p in (one, other)))
    names = [other.name]
    return Answer(max(shares) >= LEAST_OVERLAP, policy=one.name, names=names, figures=figures)


def _moved(design: Design, policy: Policy) -> Float:
    """Return whether places have joined, without effects of city and year."""
    on = (policy.since[:, None] != NEVER) & (design.years >= policy.since[:, None])
    values = on.astype(float)
    left: Float = values - values.mean(axis=0) - values.mean(axis=1, keepdims=True) + values.mean()
    return left


def _correlation(one: Float, other: Float) -> float:
    size = float(np.sqrt((one**2).sum() * (other**2).sum()))
    return float((one * other).sum() / size) if size > 0 else 0.0


def county_pilots(context: Context) -> list[Answer]:
    """Find policies that count a place as a whole of which only a county takes part."""
    found = []
    for name, policy in context.design.policies.items():
        coded = policy.partial & (policy.since != NEVER)
        figures = {
            "coded": int(coded.sum()),
            "partial": int(policy.partial.sum()),
            "joined": int((policy.since != NEVER).sum()),
        }
        found.append(Answer(bool(coded.any()), policy=name, figures=figures, grave=True))
    return found or [Answer(None)]


def no_provinces(context: Context) -> list[Answer]:
    """Find a panel without provinces, whose errors are clustered by place alone.

    Grave for cities, which share what happens to their province in a year.
    """
    named = context.design.province[context.design.province != ""]
    shared = len(named) > len(np.unique(named))
    figures: dict[str, Figure] = {"provinces": len(np.unique(named))}
    return [Answer(not shared, figures=figures, grave=context.design.noun == "city")]


def few_treated_provinces(context: Context) -> list[Answer]:
    """Find policies that places of few provinces joined, or that hardly any place stayed out of."""
    design, found = context.design, []
    for name, policy in design.policies.items():
        joined = (policy.since != NEVER) & ~policy.partial
        provinces = len(np.unique(design.province[joined])) if len(design.province) else None
        never = int((~joined & ~policy.partial).sum())
        if provinces is None:
            found.append(Answer(None, policy=name))
            continue
        figures = {"provinces": provinces, "joined": int(joined.sum()), "never": never}
        found.append(Answer(provinces < LEAST_CLUSTERS, policy=name, figures=figures, grave=True))
    return found or [Answer(None)]
