"""How firm a driver is. The rule stands here and nowhere else.

A driver, an indicator or a family, is judged by three figures:

- how often its size in a refit beats that of its shadow: the same columns, given to other cities,
  in another refit at the same origin;
- how often it points the same way: for an indicator the sign of the correlation of its value with
  its contribution, for a family whether it ranks the cities as in the model that is served;
- for a family, what the data lose without it: the p-value of its conditional importance.

An indicator is no firmer than its family: copies share the credit at random, their family has it
whole. A family whose loss cannot be tested, for want of years, is likely at most.

How often noise passes, by theory. Let a driver that is noise have the estimate t ~ N(0, 1), in
each of 50 refits t + N(0, 1), and each of its five shadows N(0, 1) + N(0, 1), since a shadow is as
much chance as the noise itself. Then 0.7 % of noise indicators are firm and 6 % likely, and 40 % of
indicators with t = 3, 87 % of those with t = 4 are firm. The loss of a family is a test of its own:
what acts through others alone, as in an interaction, is small and yet missed. So a family has to be
larger than its shadow only more often than not; of noise 6 % do so and point one way in 95 % of the
refits, of which the test lets through 5 %: 0.3 % are firm, 3 % likely. No real panel was looked at
for these figures; that a planted interaction is small beside its shadow was seen on the demo. So
few pass that the grade needs no further correction for how many families there are; the q-values
beside the p-values are for those who read the losses alone.
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
        Least share of the comparisons with a shadow in which the driver is larger; for a family
        with a tested loss, half of them.
    sign : float
        Least share of the refits in which it points the same way.
    p : float
        The p-value of a family's loss has to lie below.
    """

    grade: str
    shadow: float
    sign: float
    p: float


HALF = 0.5
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
    >>> grade(0.99, 1.0), grade(0.7, 1.0)
    ('firm', 'unstable')
    >>> grade(0.7, 1.0, 0.01), grade(0.7, 1.0, 0.10), grade(0.99, 1.0, 0.30)
    ('firm', 'likely', 'unstable')
    >>> grade(0.99, 1.0, math.nan), grade(0.7, 1.0, math.nan)
    ('likely', 'unstable')
    """
    untested = p_value is not None and math.isnan(p_value)
    for rule in RULES:
        shadow, passed = rule.shadow, not (untested and rule.grade == FIRM)
        if p_value is not None and not untested:
            shadow, passed = HALF, p_value < rule.p
        if shadow_share >= shadow and sign_share >= rule.sign and passed:
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
