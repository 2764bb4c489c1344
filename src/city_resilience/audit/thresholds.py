"""Every number that decides what the audit finds, with where it comes from.

Most were set on panels whose faults are known, so that each fault is found and what is right is
left alone: the cities and provinces of China (tests/test_audit_real.py, where the data are there),
the demo and the US states, and made-up paths spoilt on purpose (tests/test_audit_spikes.py and
others). Where that is all there is to say, the line says "chosen".

Distances are ratios; a *usual move* is the standard deviation of what cities of similar size move
in a year beyond the nation (`usual_moves`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

__all__ = ["Departure"]


@dataclass(frozen=True)
class Departure:
    """How far a cell must be off: by a factor, and by so many usual moves of its neighbours."""

    factor: float
    moves: float

    def reached(self, off: NDArray[np.float64], surprise: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Say which cells are off by so much; NaN never is.

        Parameters
        ----------
        off : ndarray
            ln of how far the cell is off, either sign.
        surprise : ndarray
            The same in usual moves, without a sign.
        """
        return np.asarray((np.abs(off) >= np.log(self.factor)) & (surprise >= self.moves))


# --- what a cell is compared with -------------------------------------------------------------

# Years of a city's own past that its level is the median of: as many as carry_forward allows.
PAST_YEARS = 5
# Known years on either side of a cell in hindsight: the fewest whose median shrugs off one error.
SIDE_YEARS = 3
# What is under ten steps of a column's rounding is mostly rounding: 0.01 beside 0.04 is no fall.
ROUNDING_STEPS = 10
# Share of multiples that makes a step: one value in ten may be written more finely.
ROUNDED_SHARE = 0.9
# A column with more negative values than this is of a signed variable and has no logarithm.
NEGATIVE_SHARE = 0.05
# Values that the rounding of a column is read from; more would cost time and change nothing.
ROUNDING_SAMPLE = 2000

# Fifths of the cities by size: small cities move more than large ones.
SIZE_GROUPS = 5
# Least usual move: growth rates of one unit differ by 2 % from year to year in any panel here.
LEAST_USUAL_MOVE = 0.02
# A group's usual move is at least this part of all cities', lest a calm group alarm at noise.
LEAST_OF_ALL = 0.5
# Cities from which a 95th percentile has a value beyond it.
ENOUGH_CITIES = 20
# 1.96 standard deviations hold 95 % of a normal law, 1.15 hold 75 %.
FAR_QUANTILE, FAR_DEVIATIONS = 0.95, 1.96
NEAR_QUANTILE, NEAR_DEVIATIONS = 0.75, 1.15
# Surprise is shown and sorted up to here.
MOST_SURPRISE = 999.0

# --- masked as of the cell's own year ---------------------------------------------------------
# Far wider than what hindsight needs: a masked cell is unknown to every forecast.

# Off by a power of ten; the smallest that is then no growth is a hundred, with room for rounding.
MASKED = Departure(50.0, 8.0)
# So far off that it needs no power of ten.
MASKED_ANYHOW = Departure(500.0, 15.0)
# A variable that leaves its path counts as company of the others of that city and year.
LEFT = Departure(2.0, 4.0)
# Known years before a cell without which nothing is masked.
MASK_KNOWN = 3
# In a city and year in which more variables than this leave, or more than a tenth of those known,
# something happened to the city, and no cell is mistyped.
ALONE, ALONE_SHARE = 2, 0.1
# Where more of a year is impossible, the variable is not what it is taken for.
ODD_SHARE = 0.2
# A share above one by more than rounding to half a percent.
MOST_SHARE = 1.005
# A zero where ten rounding steps and a factor of ten more were to be expected.
ZERO = Departure(10.0, 8.0)

# --- one cell off its path --------------------------------------------------------------------

# Worth a warning: chosen so that the China panel has under 180 (tests/test_audit_real.py).
DOUBTED = Departure(1.3, 6.0)
# The outcome is what everything is measured by: looked at more strictly, by the same steps.
DOUBTED_OUTCOME = Departure(1.1, 4.0)
WRONG_OUTCOME = Departure(1.25, 8.0)
# Wrong: chosen so that every error of the China panel is 3.5 times off its series (same test).
WRONG = Departure(5.0, 8.0)
# A cell that a power of ten puts back on its path needs less surprise,
WRONG_POWER = Departure(5.0, 6.0)
# and one with years on one side only needs more, in a year in which hardly another variable leaves.
WRONG_EDGE = Departure(5.0, 15.0)
EDGE_LEAVING, EDGE_KNOWN = 2, 3
# The city's own moves count too: four of their upper quartile, which is at least half a percent.
OWN_MOVES, LEAST_OWN_MOVE = 4.0, 0.005
# How far the two sides may disagree, relative to how far the cell is off them, for an error,
# for one that a power of ten mends, and for a warning.
SIDES_AGREE, SIDES_AGREE_POWER, SIDES_AGREE_WARNING = 0.5, 0.3, 0.6
# From this many other variables off at once, a city-year is not one mistyped cell: no factor.
OTHERS_LEAVING = 3
# Decades that a ratio may be from a power of ten: a factor of 1.41.
POWER_TOLERANCE = 0.15

# --- levels that shift ------------------------------------------------------------------------

JUMP = Departure(1.2, 8.0)
JUMP_OUTCOME = Departure(1.1, 5.0)
# The level after a shift is its own if it keeps two thirds of it.
STAYS = 1 / 3
# A year's median change in deviations of the years' medians.
BREAK = Departure(1.1, 5.0)
# Or three cities in four move the same way by a fifth, and the median by a half.
MOVED, SAME_WAY, BREAK_ALIKE = 1.2, 0.75, 1.5
# Or the cities scatter three times as widely as usual, at least three of them and one in twenty.
WIDER, WIDER_CITIES, WIDER_ONE_IN = 3.0, 3, 20
# Lower bounds of what scatter and median changes of a calm variable are compared with.
LEAST_SCATTER, LEAST_YEAR_MOVE = 0.01, 0.02
# Changes between years without which none is usual.
LEAST_CHANGES = 4

# --- values that stand in the wrong place -----------------------------------------------------

EXCHANGED = Departure(1.1, 3.0)
# Two cities that hold each other's value may be chance unless both are far off.
EXCHANGED_PAIR_MOVES = 8.0
# Sorted values against sorted expectations: in the median, at most, and at most for a pair.
EXCHANGED_USUALLY, EXCHANGED_AT_MOST, EXCHANGED_PAIR = 0.02, 0.15, 0.05
# Mean log distance under which an exchange would change nothing.
EXCHANGED_WORTH = 0.25
# Fewest numbers of a copied row; years and digits of a copied series: fewer agree by chance.
COPIED_VARIABLES, COPIED_YEARS, COPIED_STEPS = 3, 5, 100

# --- parts and totals -------------------------------------------------------------------------

# Rounding of published parts and totals.
EXCEEDS = 0.01
# Where a part exceeds its total more often, the two are of another scope or unit.
EXCEEDS_COMMONLY = 0.05
# A contradiction is masked on the side whose past it leaves by a factor of three.
CONTRADICTS = Departure(3.0, 8.0)
CONTRADICTS_KNOWN = 2

# --- units ------------------------------------------------------------------------------------

# Decades that a year may be from a power of ten, and how closely its cities must move together.
YEAR_DECADES, YEAR_TOGETHER = 0.2, 0.35
# Years after which a column is back in its old unit.
RETURNS_WITHIN = 3
# One city against the others over all years, in their scatter; and cities that make a scatter.
OTHER_CITY = Departure(50.0, 8.0)
LEAST_CITIES = 10
LEAST_CITY_SCATTER = 0.1
# A share that never exceeds one percent is a fraction labelled percent.
TINY_SHARE = 0.01

# --- gaps -------------------------------------------------------------------------------------

# A year with under half of the usual cities is a hole; a newest year with so few is fading.
THIN = 0.5
# Nothing is noted of a variable with this share of its city-years.
WHOLE = 0.995

# --- boundaries -------------------------------------------------------------------------------

# A panel of which the gazetteer knows fewer cities is of another country; and how many are asked.
KNOWN_NAMES, NAMES_ASKED = 0.5, 50

# --- findings that are merged -----------------------------------------------------------------
# Chosen so that the list of a panel of 300 cities can be read: each about one thing to look up.

# Variables that leave their path in a city and year as one finding.
TOGETHER = 3
# Surprise from which a cell of a variable stays a finding of its own, and how many jumps may.
ALONE_SPIKE, ALONE_JUMP, JUMPS_EACH = 10.0, 15.0, 1
# Years after an error in which its path may seem to jump back.
RETURN_YEARS = 4
# Variables that stop together, and runs of zeros in one variable.
STOPPED_TOGETHER, ZEROS_TOGETHER = 4, 5
# Names in a list, of cities with holes, and contradicting cities that are findings of their own.
NAMED, NAMED_HOLES, SUMS_EACH = 5, 3, 5
