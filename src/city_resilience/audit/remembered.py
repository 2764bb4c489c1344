"""What values let expect, kept for a second look, or for the variables whose values stayed."""

from __future__ import annotations

from collections import deque
from dataclasses import fields
from typing import Any

import numpy as np

from city_resilience.arrays import Float, Mask, Strings
from city_resilience.audit.expected import Past, Trajectory, past_of, trajectory_of

__all__ = ["Pasts", "Trajectories"]


class Trajectories:
    """The trajectories that were asked for last, for audits of one panel as it is corrected."""

    def __init__(self) -> None:
        self._asked: tuple[Float, Strings | None] | None = None
        self._known: Trajectory | None = None

    def of(self, values: Float, nation: Strings | None = None) -> Trajectory:
        """Return what both sides of each cell let expect, bit for bit as `trajectory_of` does.

        Parameters
        ----------
        values : ndarray, shape (variables, cities, years)
        nation : ndarray of str, shape (cities,), optional
        """
        changed = self._changed(values, nation)
        if self._known is None or changed.all():
            self._known = trajectory_of(values, nation)
        elif changed.any():
            self._known = _with(self._known, changed, trajectory_of(values[changed], nation))
        self._asked = values, nation
        return self._known

    def _changed(self, values: Float, nation: Strings | None) -> Mask:
        if self._asked is None:
            return np.ones(len(values), dtype=bool)
        before, places = self._asked
        if before.shape != values.shape or not _equal(places, nation):
            return np.ones(len(values), dtype=bool)
        same = (values == before) | (np.isnan(values) & np.isnan(before))
        return np.asarray(~same.all(axis=(1, 2)))


class Pasts:
    """What the past of each cell lets expect, looked at twice: for what is masked, and by rules.

    Both go through the same stacks of variables in the same order; a stack is forgotten as soon as
    it was looked at again.
    """

    def __init__(self) -> None:
        self._known: deque[Past] = deque()

    def look_back(self, values: Float, nation: Strings | None = None) -> Past:
        """Return `past_of` some variables, and remember it."""
        past = past_of(values, nation)
        self._known.append(past)
        return past

    def expect(self, values: Float, nation: Strings | None = None) -> Trajectory:
        """Return `trajectory_of` the variables that were asked for first."""
        return trajectory_of(values, nation, self._known.popleft())


def _equal(one: Strings | None, other: Strings | None) -> bool:
    if one is None or other is None:
        return one is other
    return np.array_equal(one, other)


def _with(known: Trajectory, changed: Mask, new: Trajectory) -> Trajectory:
    """Return trajectories with those of some variables in place of the ones before."""
    own: dict[str, Any] = {
        field.name: _mixed(known, new, field.name, changed) for field in fields(known)[1:]
    }
    past: dict[str, Any] = {
        field.name: _mixed(known.past, new.past, field.name, changed) for field in fields(Past)
    }
    return Trajectory(Past(**past), **own)


def _mixed(known: object, new: object, name: str, changed: Mask) -> Any:
    mixed = np.array(getattr(known, name))
    mixed[changed] = getattr(new, name)
    return mixed
