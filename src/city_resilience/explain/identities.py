"""Identities that a scenario keeps: when one variable of a city moves, others follow.

Shares that add up to one stay so, the others of them in proportion. A whole grows with a part of
it; where the whole is held, its other parts shrink in proportion. In a product of two the other
one follows. What was rounded or defined otherwise before stays so.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

from city_resilience.catalogue.shipped import shipped_toml
from city_resilience.catalogue.variables import Variable, load_catalogue
from city_resilience.errors import InputError

__all__ = ["Followed", "follow"]

ONE = "1"
CLOSE, SLACK = 1e-9, 0.01
KINDS = ("shares", "sums", "products", "others")
"""Order in which identities are settled; all of a kind before the next."""


@dataclass(frozen=True)
class Followed:
    """Where the variables of a city and year have moved.

    Attributes
    ----------
    values : mapping of str to float
        New values of those that moved, the ones that were set among them.
    because : mapping of str to str
        Why each that followed did.
    """

    values: Mapping[str, float]
    because: Mapping[str, str]


@dataclass(frozen=True)
class _Tie:
    """An identity among variables with known values; ``first`` is who follows, in order."""

    kind: str
    whole: str
    parts: tuple[str, ...]
    reason: str
    first: tuple[str, ...] = ()

    @property
    def names(self) -> frozenset[str]:
        return frozenset((self.whole, *self.parts))


def follow(
    values: Mapping[str, float], moved: Mapping[str, float], held: Collection[str] = ()
) -> Followed:
    """Let the variables of one city and year follow those that a scenario sets.

    Parameters
    ----------
    values : mapping of str to float
        Known values, in the units of the catalogue.
    moved : mapping of str to float
        New values of those that are set.
    held : collection of str
        Variables that may not move, such as the outcome.

    Raises
    ------
    InputError
        If the new values contradict an identity, or leave what a variable can be.

    Examples
    --------
    >>> shares = {f"gdp_share_{name}": x for name, x in
    ...           (("primary", 0.1), ("secondary", 0.5), ("tertiary", 0.4))}
    >>> followed = follow(shares, {"gdp_share_tertiary": 0.52})
    >>> {name: round(value, 3) for name, value in sorted(followed.values.items())}
    {'gdp_share_primary': 0.08, 'gdp_share_secondary': 0.4, 'gdp_share_tertiary': 0.52}
    """
    for name, value in moved.items():
        if name in load_catalogue().variables:
            _check_value(load_catalogue().variables[name], value)
    state = _State(_plain(values), _plain(moved), frozenset(held))
    ties = tuple(_ties(state.old))
    dirty = {tie for tie in ties if tie.names & set(moved)}
    while dirty:
        kind = min((tie.kind for tie in dirty), key=KINDS.index)
        now = [tie for tie in ties if tie in dirty and tie.kind == kind]
        for tie in now:
            changed = state.settle(tie)
            dirty |= {other for other in ties if other.names & changed}
        dirty -= set(now)
    _check_possible(state)
    return Followed(_stored(state.new), state.because)


def _logs() -> frozenset[str]:
    return frozenset(row["whole"] for row in _shipped()["logarithms"])


@cache
def _shipped() -> Mapping[str, list[dict[str, Any]]]:
    return shipped_toml("identities.toml", "explain")


def _plain(values: Mapping[str, float]) -> dict[str, float]:
    """Take logarithms back: the identities are of amounts."""
    return {name: _amount(name, x) if name in _logs() else x for name, x in values.items()}


def _amount(name: str, logarithm: float) -> float:
    try:
        return math.exp(logarithm)
    except OverflowError as error:
        raise InputError(
            f"--set: {name} would be {logarithm:.6g}, a logarithm of more than any amount; correct "
            "the value"
        ) from error


def _stored(values: Mapping[str, float]) -> dict[str, float]:
    return {name: _logarithm(name, x) if name in _logs() else x for name, x in values.items()}


def _logarithm(name: str, amount: float) -> float:
    if amount <= 0:
        raise InputError(
            f"--set: the amount behind {name} would be {amount:.6g}, which has no logarithm; "
            "correct the value"
        )
    return math.log(amount)


def _ties(known: Mapping[str, float]) -> Iterator[_Tie]:
    """Yield the identities that the known values take part in."""
    variables = load_catalogue().variables
    wholes = dict.fromkeys(v.sums_to for v in variables.values() if v.sums_to)
    for whole in wholes:
        parts = tuple(v.id for v in variables.values() if v.sums_to == whole and v.id in known)
        if parts and (whole == ONE or known.get(whole, 0.0) > 0):
            what = "shares add up to 100 %" if whole == ONE else f"the parts of {whole} add up"
            yield _Tie("shares" if whole == ONE else "sums", whole, parts, what)
    for tie in _products():
        if all(known.get(name, 0.0) > 0 for name in tie.names):
            yield tie


@cache
def _products() -> tuple[_Tie, ...]:
    """Products, growth and logarithms: the whole moves in proportion to each part."""
    shipped = _shipped()
    ties = [
        _Tie("products", row["whole"], tuple(row["of"]), row["reason"], tuple(row["first"]))
        for row in shipped["products"]
    ]
    for variable in load_catalogue().variables.values():
        for own in variable.identities:
            quick = tuple(name for name in own.of if name not in own.slow)
            first = (*quick, own.whole) if own.slow else (own.whole, *own.of)
            if own.how != "sum":
                ties.append(_Tie("others", own.whole, own.of, own.reason, first))
    for row in shipped["logarithms"]:
        names = (row["whole"], *row["of"])
        ties.append(_Tie("others", names[0], names[1:], row["reason"], names))
    return tuple(ties)


@dataclass
class _State:
    """Values before and after, and why they moved."""

    old: Mapping[str, float]
    new: dict[str, float]
    held: frozenset[str]
    because: dict[str, str] = field(default_factory=dict)

    def fixed(self, name: str) -> bool:
        """Whether a variable has moved already, or may not."""
        return name == ONE or name in self.new or name in self.held

    def now(self, name: str) -> float:
        return 1.0 if name == ONE else self.new.get(name, self.old.get(name, math.nan))

    def before(self, name: str) -> float:
        return 1.0 if name == ONE else self.old[name]

    def settle(self, tie: _Tie) -> set[str]:
        """Let whoever must follow an identity do so; returns the names that moved."""
        unknown = [name for name in tie.names if name != ONE and name not in self.old]
        if unknown:
            return set()
        found = self._sum(tie) if tie.kind in ("shares", "sums") else self._product(tie)
        moved = {name: x for name, x in found.items() if abs(x - self.now(name)) > CLOSE * abs(x)}
        self.new.update(moved)
        self.because.update(dict.fromkeys(moved, tie.reason))
        return set(moved)

    def _sum(self, tie: _Tie) -> dict[str, float]:
        change = sum(self.now(name) - self.before(name) for name in tie.parts)
        if not self.fixed(tie.whole):
            return {tie.whole: self.old[tie.whole] + change}
        settled = [name for name in tie.parts if self.fixed(name)]
        free = [name for name in tie.parts if name not in settled]
        left = self.now(tie.whole) - sum(map(self.now, settled))
        had = self.before(tie.whole) - sum(map(self.before, settled))
        slack = SLACK * self.now(tie.whole)
        if left < -slack:
            raise _contradiction(tie, f"{_said(settled, self.now)} are more than the whole")
        if free and had > 0:
            return {name: self.old[name] * max(left, 0.0) / had for name in free}
        rest = self.before(tie.whole) - sum(map(self.before, tie.parts))
        if not free and self._complete(tie, rest) and abs(left - rest) > slack:
            raise _contradiction(tie, f"{_said(settled, self.now)} are not the whole")
        return {}

    def _complete(self, tie: _Tie, rest: float) -> bool:
        slack = SLACK if tie.whole == ONE else load_catalogue().variables[tie.whole].sum_slack
        return abs(rest) <= slack * self.before(tie.whole)

    def _product(self, tie: _Tie) -> dict[str, float]:
        ratio = {name: self.now(name) / self.old[name] for name in tie.names}
        parts = math.prod(ratio[name] for name in tie.parts)
        if abs(ratio[tie.whole] - parts) <= CLOSE * abs(parts):
            return {}
        follower = next((name for name in tie.first if not self.fixed(name)), "")
        if not follower:
            if abs(ratio[tie.whole] - parts) <= SLACK * abs(parts):
                return {}
            raise _contradiction(tie, f"{_said([tie.whole, *tie.parts], self.now)} do not agree")
        if follower == tie.whole:
            return {follower: self.old[follower] * parts}
        others = parts / ratio[follower]
        if others <= 0:
            raise _contradiction(tie, f"{_said([tie.whole, *tie.parts], self.now)} do not agree")
        return {follower: self.old[follower] * ratio[tie.whole] / others}


def _said(names: Collection[str], value_of: Callable[[str], float]) -> str:
    return ", ".join(f"{name} = {value_of(name):.4g}" for name in names)


def _contradiction(tie: _Tie, found: str) -> InputError:
    return InputError(
        f"--set: the settings contradict an identity: {tie.reason}, but {found}; leave one of "
        "them out, or correct its value"
    )


def _check_possible(state: _State) -> None:
    """Refuse what a variable of the catalogue cannot be."""
    variables = load_catalogue().variables
    for name in state.old:
        variable = variables.get(name)
        if variable is not None and name in state.new:
            _check_value(variable, state.new[name])
        if variable is not None and {name, variable.part_of} & set(state.new):
            _check_part(variable, state)


def _check_value(variable: Variable, value: float) -> None:
    if variable.never_negative and value < 0:
        raise InputError(
            f"--set: {variable.id} would be {value:.4g}, below zero; correct the value"
        )
    if variable.kind == "share" and value > 1 + SLACK:
        raise InputError(
            f"--set: {variable.id} would be {value:.0%}, a share over 100 %; its unit is "
            f"{variable.unit}; correct the value"
        )


def _check_part(variable: Variable, state: _State) -> None:
    value, whole = state.now(variable.id), state.now(variable.part_of)
    if value > whole * (1 + SLACK):
        raise InputError(
            f"--set: {variable.id} would be {value:.4g}, more than {variable.part_of} "
            f"({whole:.4g}), of which it is a part; correct the value"
        )
