"""Every number that decides what the audit finds, with where it comes from.

None is estimated. They were chosen on panels whose faults are known, so that each fault is found
and what is right is left alone: the cities and provinces of China, the US states, the demo, and
made-up trajectories spoilt on purpose (tests/audit/). To say how much hangs on each, it was then
varied alone, by a third to a half down and by half to twice up, on these four panels; uncorrected,
China's cities have 45 errors, 153 warnings and 80 masked cells.
"Idle" means that neither variation changed any issue there.

Distances are ratios. A *usual move* is the standard deviation of what cities of similar size move
in a year beyond the nation (`expected.usual_moves`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from city_resilience.arrays import Float, Mask

__all__ = ["Departure"]


@dataclass(frozen=True)
class Departure:
    """How far a cell must be off: by a factor, and by so many usual moves of its neighbours."""

    factor: float
    moves: float

    def reached(self, off: Float, surprise: Float) -> Mask:
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

# Known years of a city's past that its level is the median of; idle at 4 and 6.
PAST_YEARS = 5
# Known years on either side in hindsight: three are the fewest whose median outvotes one error.
SIDE_YEARS = 3
# What is under so many steps of its rounding is rounding; at 5 and 20 some 20 issues change.
ROUNDING_STEPS = 10
# Share of a year's values that are multiples of a rounding step; 0.99 is idle.
ROUNDED_SHARE = 0.9
# Share of negative values from which a year is of a signed variable, without logarithms; idle.
NEGATIVE_SHARE = 0.05
# Values of a year that its rounding is read from: for speed alone; idle.
ROUNDING_SAMPLE = 2000
# Share of them that is looked at first: a few more than the tenth that may be no multiples.
ROUNDING_FIRST = 0.15

# Groups of cities by size, for small ones move more; at 4 China has 2 errors more.
SIZE_GROUPS = 5
# Least usual move, so that a calm variable makes no alarm; at 0.03 ten of China's jumps go.
LEAST_USUAL_MOVE = 0.02
# Least usual move of a group as part of that of all cities; at 0.75 one of China's errors goes.
LEAST_OF_ALL = 0.5
# Cities from which a 95th percentile has any beyond it; a smaller group takes that of all.
ENOUGH_CITIES = 20
# A normal law has 95 % within 1.96 standard deviations, and 75 % within 1.15.
FAR_QUANTILE, FAR_DEVIATIONS = 0.95, 1.96
NEAR_QUANTILE, NEAR_DEVIATIONS = 0.75, 1.15
# A normal law's standard deviation in median absolute deviations.
MAD_DEVIATIONS = 1.4826

# --- how surprising it is, for the order of warnings -------------------------------------------

# Largest surprise that is told apart.
MOST_SURPRISE = 999.0
# What has no usual move: a copy, a part of another scope, and each power of ten of a unit.
COPY_SURPRISE, SCOPE_SURPRISE, POWER_SURPRISE = 100.0, 50.0, 10.0

# --- masked as of the cell's own year ---------------------------------------------------------

# Off by about a power of ten, of which a hundred is the least; at 99 China masks 75 cells.
MASKED = Departure(50.0, 8.0)
# Off by so much that it needs no power of ten; idle.
MASKED_ANYHOW = Departure(500.0, 15.0)
# What counts as leaving, for the number of variables that leave in a city and year; idle.
LEFT = Departure(2.0, 4.0)
# Fewest known years before a masked cell; at 2 China masks 84 cells, at 4 it masks 70.
MASK_KNOWN = 3
# If more variables than so many, and than this share, leave, the city changed and no cell did.
ALONE, ALONE_SHARE = 2, 0.1
# Share of a year's cells from which "impossible" is about the variable, not about cells.
ODD_SHARE = 0.2
# Largest share of a whole: one, and the rounding of half a percent.
MOST_SHARE = 1.005
# How far above rounding a zero's expectation lies; 12 usual moves lose one of China's cells.
ZERO = Departure(10.0, 8.0)

# --- one cell off its path --------------------------------------------------------------------

# Worth a warning; at 4.2 usual moves China has 33 other ones, at 9 it loses 8 of its errors.
DOUBTED = Departure(1.3, 6.0)
# Of the outcome, which everything is measured by: stricter; at 1.2 or 6 a US issue goes.
DOUBTED_OUTCOME = Departure(1.1, 4.0)
# Of the outcome almost certainly wrong; idle, tests/audit/test_spikes.py has 1.5 times.
WRONG_OUTCOME = Departure(1.25, 8.0)
# Almost certainly wrong; at a factor of 3 China has 7 more errors, at 12 usual moves 10 fewer.
WRONG = Departure(5.0, 8.0)
# The same where a power of ten puts the cell back; at 9 usual moves China has 4 errors fewer.
WRONG_POWER = Departure(5.0, 6.0)
# The same where one side alone is known; idle.
WRONG_EDGE = Departure(5.0, 15.0)
# There, most variables leaving in the city and year (at 1 an error goes), and known years (idle).
EDGE_LEAVING, EDGE_KNOWN = 2, 3
# In upper quartiles of the city's own moves (at 7, 3 errors go), and the least quartile (idle).
OWN_MOVES, LEAST_OWN_MOVE = 4.0, 0.005
# Most disagreement of the two sides in an error, one of a power of ten, and a warning; at half as
# much again 2 and 1 more errors, and 4 other warnings.
SIDES_AGREE, SIDES_AGREE_POWER, SIDES_AGREE_WARNING = 0.5, 0.3, 0.6
# Other variables that leave from which no factor is proposed: not one slip of the pen; idle.
OTHERS_LEAVING = 3
# Decades from a power of ten, which growth and noise may make; at 0.09 one of China's errors goes.
POWER_TOLERANCE = 0.15

# --- levels that shift ------------------------------------------------------------------------

# A city's level; at 5.6 usual moves China has 49 other jumps, at 12 it loses 34.
JUMP = Departure(1.2, 8.0)
# Of the outcome: stricter; at 3.5 usual moves China has 13 more, at 7.5 it has 10 fewer.
JUMP_OUTCOME = Departure(1.1, 5.0)
# Part of a shift that may be lost again; at a half the demo has 31 more jumps and China 53.
STAYS = 1 / 3
# A year's median change; at 3.5 deviations of the years the provinces have 7 more breaks.
BREAK = Departure(1.1, 5.0)
# Or by a factor (at 1.25 the provinces have 8 more), most cities the same way by a factor.
BREAK_ALIKE, SAME_WAY, MOVED = 1.5, 0.75, 1.2
# Or so many times the usual scatter (at 2 China has 15 more): fewest cities, and one in so many.
WIDER, WIDER_CITIES, WIDER_ONE_IN = 3.0, 3, 20
# Least usual scatter and least deviation of the years, for calm variables; nearly idle.
LEAST_SCATTER, LEAST_YEAR_MOVE = 0.01, 0.02
# Fewest changes that have a usual one; idle.
LEAST_CHANGES = 4

# --- values that stand in the wrong place -----------------------------------------------------

# Cities that may hold one another's values; idle.
EXCHANGED = Departure(1.1, 3.0)
# Two that fit each other are likelier chance: least usual moves of both; idle.
EXCHANGED_PAIR_MOVES = 8.0
# Log distance of sorted values: median (at 0.03 China has a doubtful one), most, most of a pair.
EXCHANGED_USUALLY, EXCHANGED_AT_MOST, EXCHANGED_PAIR = 0.02, 0.15, 0.05
# Least mean log distance that the exchange moved values by; idle.
EXCHANGED_WORTH = 0.25
# Fewest numbers of a copied row, and years and rounding steps of a copied series; idle.
COPIED_VARIABLES, COPIED_YEARS, COPIED_STEPS = 3, 5, 100

# --- parts and totals -------------------------------------------------------------------------

# Part over total that rounding explains; idle.
EXCEEDS = 0.01
# Share of a year's cells from which two variables are of another scope or unit; idle.
EXCEEDS_COMMONLY = 0.05
# How far the wrong side left its past, and known years of it; idle.
CONTRADICTS = Departure(3.0, 8.0)
CONTRADICTS_KNOWN = 2

# --- units ------------------------------------------------------------------------------------

# Decades of a year's median from a power of ten, and log scatter of its cities; idle.
YEAR_DECADES, YEAR_TOGETHER = 0.2, 0.35
# Years within which a column is back in its old unit; idle.
RETURNS_WITHIN = 3
# One city against the others, in their scatter over all years; idle.
OTHER_CITY = Departure(50.0, 8.0)
# Fewest cities that have a scatter, and the least that surprise is counted in; idle.
LEAST_CITIES, LEAST_CITY_SCATTER = 10, 0.1
# Largest value of a share from which it is a fraction of a percent; idle.
TINY_SHARE = 0.01

# --- a newer panel beside the one a model was trained on ----------------------------------------

# Factor between the medians of a year in both panels; the same where many training cities are
# missing, and the share of them from which the panel is taken as whole.
TRAINED_LEVEL, TRAINED_LEVEL_PART, TRAINED_PRESENT = 3.0, 100.0, 0.8
# Usual scatters of the yearly moves that a year outside the training may be further, and the
# factor from which it is never believed.
TRAINED_MOVES, TRAINED_MOST = 4.0, 1000.0
# Factor within which all years are off alike, and are told in one sentence.
TRAINED_ALIKE = 3.0

# --- the scale of the outcome -----------------------------------------------------------------

# Places without which nothing is said from values.
SCALE_PLACES = 3
# Largest logarithm of an amount that is measured; standard deviation over the places of ln(value),
# and usual yearly move of it, below which values between 1 and that are logarithms. Logarithms of
# outputs have 0.05-0.15 and 0.01; outputs themselves 0.5-1.5 and 0.03-0.1.
LARGEST_LOG, LOG_SPREAD, LOG_MOVE = 30.0, 0.3, 0.012
# The same standard deviation below which values under one are shares.
RATE_SPREAD = 0.7
# Least standard deviation of ln(population) with which an amount is compared, and the slope on it
# below which it is none: amounts have 0.7-1.2, amounts per head about 0.
SIZE_SPREAD, SIZE_SLOPE = 0.3, 0.4
# Fewest places of a province, and the share of its years in which its row is no sum of them.
PROVINCE_PLACES, PROVINCE_SHARE = 3, 0.9

# --- a row that is the sum of the others --------------------------------------------------------

# How far it may be off, fewest others, and share of the years of a variable in which it must be so.
ROW_SUM, ROW_SUM_OTHERS, ROW_SUM_YEARS = 0.001, 3, 0.5

# --- gaps and boundaries ----------------------------------------------------------------------

# Share of the usual cities under which a year is a hole, or a variable fading; 0.3 is idle.
THIN = 0.5
# Share of city-years above which the extent of a variable is not noted.
WHOLE = 0.995
# Share of names known to the gazetteer under which a panel is of another country; and how many
# names are asked.
KNOWN_NAMES, NAMES_ASKED = 0.5, 50

# --- issues that are merged: so that the list of 300 cities can be read (at most 180 warnings) ----

# Variables that leave in one city and year; at 2 China has 55 other warnings.
TOGETHER = 3
# Surprise of a spike and of a jump that stand alone, and most such jumps of a variable.
ALONE_SPIKE, ALONE_JUMP, JUMPS_EACH = 10.0, 15.0, 1
# Years after an error in which the path only seems to jump back; idle at 3 and 5.
RETURN_YEARS = 4
# Variables that stop in one year, and runs of zeros of one variable; idle.
STOPPED_TOGETHER, ZEROS_TOGETHER = 4, 5
# Names in a list, cities with holes in one, and cities off a sum that stand alone; for reading.
NAMED, NAMED_HOLES, SUMS_EACH = 5, 3, 5
