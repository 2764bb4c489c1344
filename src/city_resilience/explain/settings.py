"""Settings of a scenario: what is moved, and whither."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from city_resilience.errors import InputError

__all__ = ["PREFIX", "Setting", "read_settings"]

PREFIX = "variable:"
"""Stands before a name that is an indicator too, where the variable is meant."""
_AMOUNT = re.compile(r"(?P<sign>[+-]?)(?P<number>\d+(?:\.\d+)?(?:[eE][+-]?\d+)?)(?P<percent>%?)")
_LOGARITHMS = ("log", "pp", "nats")


@dataclass(frozen=True)
class Setting:
    """One setting.

    Attributes
    ----------
    text : str
        As it was written.
    name : str
        Indicator or variable.
    how : {"to", "by", "times"}
        ``amount`` is the new value, is added, or what the value is multiplied by.
    percent : bool
        Whether a value "to" was written in percent.
    """

    text: str
    name: str
    how: Literal["to", "by", "times"]
    amount: float
    percent: bool = False

    def value(self, now: float, unit: str) -> float:
        """Return the new value of what is ``now``, in its unit.

        Raises
        ------
        InputError
            If a percentage has no sense in that unit.
        """
        if self.how == "by":
            return now + self.amount
        if self.how == "times":
            if unit.startswith(_LOGARITHMS):
                raise InputError(
                    f"--set {self.text}: {self.name} is in {unit}, of which a percentage has no "
                    f"sense; give a difference in its unit, such as {self.name}=+0.1"
                )
            return now * self.amount
        if not self.percent:
            return self.amount
        if unit not in ("%", "fraction"):
            raise InputError(
                f"--set {self.text}: {self.name} is in {unit or 'no unit'}, no percentage; write "
                f"+{100 * self.amount:g}% for a change, or a value in its unit"
            )
        return 100.0 * self.amount if unit == "%" else self.amount


def read_settings(texts: Sequence[str]) -> tuple[Setting, ...]:
    """Read settings such as ``students_per_10k=+10%``, ``=+5``, ``=-5`` or ``=120``.

    Raises
    ------
    InputError
        If one is written otherwise, sets what another one sets, or there is none.

    Examples
    --------
    >>> [(s.name, s.how, s.amount) for s in read_settings(["a=+10%", "b=-5", "c=0.4"])]
    [('a', 'times', 1.1), ('b', 'by', -5.0), ('c', 'to', 0.4)]
    """
    found = tuple(map(_setting, texts))
    if not found:
        raise InputError(
            "--set: nothing is set; say what moves, such as "
            "--set broadband_subscribers_per_100=+10%"
        )
    names = [setting.name for setting in found]
    twice = next((name for name in names if names.count(name) > 1), "")
    if twice:
        raise InputError(f"--set {twice}: it is set twice; leave one of them out")
    return found


def _setting(text: str) -> Setting:
    name, equals, amount = text.rpartition("=")
    match = _AMOUNT.fullmatch(amount.strip().replace("\u2212", "-"))
    if not equals or not name.strip() or match is None:
        raise InputError(
            f"--set {text!r}: expected NAME=VALUE, NAME=+5, NAME=-5 or NAME=+10%; a signed number "
            "is a change, in the unit of what is set"
        )
    size = float(match["number"])
    signed = -size if match["sign"] == "-" else size
    percent = bool(match["percent"])
    if match["sign"] and percent:
        return Setting(text, name.strip(), "times", 1.0 + signed / 100.0)
    if match["sign"]:
        return Setting(text, name.strip(), "by", signed)
    return Setting(text, name.strip(), "to", size / 100.0 if percent else size, percent)
