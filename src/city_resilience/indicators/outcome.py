"""The outcome as indicators and measures read it."""

from __future__ import annotations

from dataclasses import dataclass

from city_resilience.arrays import Float, Positions
from city_resilience.indicators.formulas.nation import SUM, Nation

__all__ = ["OutcomeSeries"]


@dataclass(frozen=True)
class OutcomeSeries:
    """An outcome as a positive series, and the nation that its places make up.

    Attributes
    ----------
    id : str
        Id of the variable.
    level : ndarray, shape (cities, years)
        Positive; its log growth is what is measured. NaN = unknown.
    nation : Nation
        How the cities make up their nation.
    output : ndarray, shape (cities, years), optional
        What adds up over cities: the level, or the amount per head times the weight. None where
        no sum has a sense.
    points : ndarray, shape (cities, years), optional
        A rate in points, larger = better.
    """

    id: str
    level: Float
    nation: Nation = SUM
    output: Float | None = None
    points: Float | None = None

    def of(self, cities: Positions | slice, nation: Nation) -> OutcomeSeries:
        """Return the outcome of the cities of one nation."""
        output, points = self.output, self.points
        return OutcomeSeries(
            self.id,
            self.level[cities],
            nation,
            None if output is None else output[cities],
            None if points is None else points[cities],
        )
