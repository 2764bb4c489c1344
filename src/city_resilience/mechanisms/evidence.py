"""What tests a claim: the terms that the other parts found, by their names, in one place."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from city_resilience.mechanisms.claims import Claim, group_of
from city_resilience.mechanisms.context import Context, Part, Refusal
from city_resilience.mechanisms.design import Design
from city_resilience.mechanisms.estimate import LEVEL, Estimate

__all__ = ["OWN_YEARS", "Test", "objections", "sign_shares", "tests_of"]

BASE, CHANNELS, PLACES, TIMING = "baseline", "channels", "places", "timing"
CURVE, REFEREE = "curve", "referee"
PREFERRED = "controls"
"""Column of the baseline that a verdict reads."""
STAGGERED = ("callaway_santanna", "not_yet")
"""Estimators for staggered timing, the preferred one first."""
OWN_YEARS = "interacted_own_years"
"""Model of the places that a verdict reads."""
Pair = tuple[str, str]


@dataclass(frozen=True)
class Test:
    """One test of a claim.

    Attributes
    ----------
    outcome, treatment : str
    through : str
        Channel, group or policy; "" for the relation itself.
    estimates : sequence of Estimate
        The same term with each way of inference; empty where it was refused.
    why : str
        Id of the reason where there is none.
    against : tuple of str
        Ids of what stands against it whatever its interval says.
    shares : bool
        Whether the specification curve is of this relation.
    differs : bool
        Whether it is a test of equality.
    """

    outcome: str
    treatment: str
    through: str = ""
    estimates: Sequence[Estimate] = ()
    why: str = ""
    against: tuple[str, ...] = ()
    shares: bool = False
    differs: bool = False


def tests_of(context: Context, claim: Claim) -> list[Test]:
    """Return the tests of a claim; one without an estimate says why nothing tests it."""
    design, found = context.design, list[Test]()
    indices = _indices(context, claim) if claim.index else ()
    channels = _channels(design, claim)
    groups = [group for group in design.groups if group_of(group) in claim.groups]
    policies = [policy for policy in claim.policies if policy in design.policies]
    for outcome in design.outcomes:
        found += [_relation(context, outcome, index) for index in indices]
        if not design.outcomes[outcome].windows:
            found += [_policy(context, outcome, policy) for policy in policies]
        for index in design.treatments:
            found += [_channel(context, outcome, index, name) for name in channels]
            found += [_difference(context, outcome, index, group) for group in groups]
    missing = "no_group" if claim.groups else "no_indicator"
    return found or [Test("", "", why=missing)]


def _indices(context: Context, claim: Claim) -> list[str]:
    """Return the digital indices that stand for a claim: all, or those of its indicators alone."""
    named = context.settings.treatments
    own = {
        name: set(named[name].components) if name in named else {name}
        for name in context.design.treatments
    }
    wanted = set(claim.indicators)
    return [name for name, parts in own.items() if not wanted or parts <= wanted]


def _channels(design: Design, claim: Claim) -> list[str]:
    """Return the mediators that stand for a claim."""
    if claim.index and not claim.indicators:
        return []
    return [
        name
        for name, one in design.mediators.items()
        if one.family in claim.families or (claim.index and name in claim.indicators)
    ]


def _relation(context: Context, outcome: str, index: str) -> Test:
    part = context.found.get(BASE)
    own = _relation_of(part, outcome, index)
    return Test(outcome, index, "", own, _why(part, own, outcome, index), shares=True)


def _channel(context: Context, outcome: str, index: str, mediator: str) -> Test:
    part = context.found.get(CHANNELS)
    own = _indirect_of(part, outcome, index, mediator)
    why = _why(part, own, outcome, index, mediator)
    return Test(outcome, index, mediator, own, why, _away(context, outcome, index, mediator))


def _difference(context: Context, outcome: str, index: str, group: str) -> Test:
    part = context.found.get(PLACES)
    own = _difference_of(part, outcome, index, group)
    why = _why(part, own, outcome, index, group)
    return Test(outcome, index, group, own, why, differs=True)


def _policy(context: Context, outcome: str, policy: str) -> Test:
    part = context.found.get(TIMING)
    own = _policy_of(part, outcome, policy)
    why = _why(part, own, outcome, policy)
    return Test(outcome, policy, "", own, why, _trends(part, outcome, policy))


def _why(part: Part | None, own: Sequence[Estimate], *names: str) -> str:
    """Return why nothing tests it: the part was not run, or refused it; "" where it is tested."""
    if own:
        return ""
    refusal = _refusal_about(part, names)
    return refusal.reason if refusal else "no_part"


def _relation_of(part: Part | None, outcome: str, treatment: str) -> list[Estimate]:
    """Return the relation of an outcome and an index, with each way of inference."""
    return _rows(part, outcome, treatment, model=PREFERRED, term=treatment)


def _indirect_of(part: Part | None, outcome: str, treatment: str, mediator: str) -> list[Estimate]:
    """Return the indirect relation through a channel, with each way of inference."""
    return _rows(part, outcome, treatment, term=f"indirect:{mediator}")


def _difference_of(part: Part | None, outcome: str, treatment: str, group: str) -> list[Estimate]:
    """Return the test that the relation is the same in all levels of a group, by each inference.

    Levels have years of their own; p-values are those before any correction.
    """
    own = _rows(part, outcome, treatment, model=OWN_YEARS, term=f"equality:{group}")
    return [one for one in own if not one.note]


def _policy_of(part: Part | None, outcome: str, policy: str) -> list[Estimate]:
    """Return the mean over places and years of a policy, by an estimator for staggered timing."""
    found = (_rows(part, outcome, policy, model=model, term="att") for model in STAGGERED)
    return next(filter(None, found), [])


def _away(context: Context, outcome: str, index: str, mediator: str) -> tuple[str, ...]:
    """Return whether more of the index goes with less of what a channel stands for."""
    own = _rows(context.found.get(CHANNELS), outcome, index, term=f"to_mediator:{mediator}")
    direction = context.design.mediators[mediator].direction
    return ("away",) if any(direction * one.estimate < 0 for one in own) else ()


def _trends(part: Part | None, outcome: str, policy: str) -> tuple[str, ...]:
    """Return whether places that joined moved apart before, or that no test of trends says so."""
    tested = [one.p for one in _rows(part, outcome, policy, term="pre_trend")]
    if not np.isfinite(tested).any():
        return ("no_pre_trend",)
    return ("pre_trend",) if np.nanmin(tested) < 1 - LEVEL else ()


def _rows(part: Part | None, outcome: str, treatment: str, **asked: str) -> list[Estimate]:
    return [
        one
        for one in (part.estimates if part else ())
        if (one.outcome, one.treatment) == (outcome, treatment)
        and not one.part_of
        and all(getattr(one, key) == value for key, value in asked.items())
    ]


def _refusal_about(part: Part | None, names: Iterable[str]) -> Refusal | None:
    """Return the refusal of a part that is about some names or the first of them, the shortest."""
    asked = f"{', '.join(names)}, "
    found = [
        one
        for one in (part.refused if part else ())
        if f"{one.about}, ".startswith(asked) or asked.startswith(f"{one.about}, ")
    ]
    return min(found, key=lambda one: len(one.about), default=None)


def sign_shares(context: Context) -> Mapping[Pair, tuple[float, int]]:
    """Return by outcome and index the share of specifications above zero, and their number."""
    part, found = context.found.get(CURVE), dict[Pair, dict[Pair, bool]]()
    for one in part.estimates if part else ():
        if np.isfinite(one.estimate):
            own = found.setdefault((one.outcome, one.treatment), {})
            own[one.term, one.part_of] = one.estimate > 0
    return {pair: (float(np.mean(list(own.values()))), len(own)) for pair, own in found.items()}


def objections(context: Context, test: Test) -> list[str]:
    """Return the ids of what the referee's list found against a test, grave answers alone."""
    part = context.found.get(REFEREE)
    answers = part.about.get("answers", ()) if part else ()
    about = {"outcome": test.outcome, "treatment": test.treatment, "policy": test.treatment}
    found = [
        one["id"]
        for one in answers
        if one["grave"] and all(one[key] in ("", name) for key, name in about.items())
    ]
    return list(dict.fromkeys(found))
