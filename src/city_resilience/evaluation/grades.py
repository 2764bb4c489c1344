"""How firm a driver is. The rule stands here and nowhere else.

A driver, an indicator or a family, is judged by three figures:

- how often its size in a refit beats that of its shadow: the same columns, given to other cities,
  in another refit at the same origin;
- how often it points the same way: for an indicator the sign of the correlation of its value with
  its contribution, for a family whether it ranks the cities as in the model that is served;
- for a family, what the data lose without it: the p-value of its conditional importance.

An indicator is no firmer than its family: copies share the credit at random, their family has it
whole. A family whose loss cannot be tested, for want of years, is likely at most.

How often noise passes, by theory. Let a driver that is noise have the estimate t ~ N(0, 1) and in
each of 50 refits t + N(0, 1), and each of its five shadows N(0, 1) + N(0, 1), since a shadow is as
much chance as the noise itself. Then 0.7 % of noise is firm by the first two figures (6 % likely),
and 40 % of drivers with t = 3, 87 % of those with t = 4 are. For a family the third figure comes
on top, which lets 5 % of noise through (20 %) by itself. So few pass both that the grade needs no
further correction for how many families there are; the q-values beside the p-values are for those
who read the losses alone.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

__all__ = ["FIRM", "GRADES", "LIKELY", "RULES", "UNSTABLE", "Rule", "capped", "grade"]

FIRM, LIKELY, UNSTABLE = "firm", "likely", "unstable"
GRADES = (FIRM, LIKELY, UNSTABLE)


@dataclass(frozen=True)
class Rule:
    """What a grade asks for.

    Attributes
    ----------
    shadow : float
        Least share of the comparisons with a shadow in which the driver is larger.
    sign : float
        Least share of the refits in which it points the same way.
    p : float
        The p-value of a family's loss has to lie below.
    """

    grade: str
    shadow: float
    sign: float
    p: float


RULES = (Rule(FIRM, 0.95, 0.95, 0.05), Rule(LIKELY, 0.80, 0.80, 0.20))
"""From the firmest on; what fulfils none of them is unstable."""


def grade(shadow_share: float, sign_share: float, p_value: float | None = None) -> str:
    """Grade a driver by its figures.

    Parameters
    ----------
    p_value : float, optional
        Of a family; NaN where its loss cannot be tested. An indicator has none.

    Examples
    --------
    >>> grade(0.99, 1.0), grade(0.99, 1.0, 0.10), grade(0.99, 1.0, math.nan), grade(0.7, 1.0)
    ('firm', 'likely', 'likely', 'unstable')
    """
    for rule in RULES:
        tested = p_value is None or p_value < rule.p
        if p_value is not None and math.isnan(p_value):
            tested = rule.grade != FIRM
        if shadow_share >= rule.shadow and sign_share >= rule.sign and tested:
            return rule.grade
    return UNSTABLE


def capped(own: str, family: str) -> str:
    """Return the grade of an indicator, no firmer than that of its family.

    Examples
    --------
    >>> capped("firm", "likely"), capped("unstable", "firm")
    ('likely', 'unstable')
    """
    return max(own, family, key=GRADES.index)
