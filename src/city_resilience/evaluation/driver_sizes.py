"""How large drivers are in one fit, and which way they point, on rows it was not trained on.

The size of a driver is its mean absolute contribution over the cities, in the unit of the measure;
a city without the indicator's value counts as zero. The contributions of the indicators of a family
are summed before. A horizon's forecast is the sum over the horizons up to it, so are these.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

import numpy as np

from city_resilience.arrays import Float
from city_resilience.models.forecaster import HorizonModel

__all__ = ["FAMILY", "INDICATOR", "Contributed", "Size", "contributed", "sizes"]

INDICATOR, FAMILY = "indicator", "family"


@dataclass(frozen=True)
class Contributed:
    """What indicators contribute to some rows.

    Attributes
    ----------
    values, sums : mapping of str to ndarray, shape (n,)
        Value of each indicator as it was read, and its contribution, 0 where it has no value.
    """

    values: Mapping[str, Float]
    sums: Mapping[str, Float]

    def plus(self, longer: Contributed) -> Contributed:
        """Return those of the sum of two forecasts; values are those that were read last."""
        values = {**self.values, **longer.values}
        nothing = np.zeros(1)
        sums = {k: self.sums.get(k, nothing) + longer.sums.get(k, nothing) for k in values}
        return Contributed(values, sums)

    def of_families(self, family: Mapping[str, str]) -> dict[str, Float]:
        """Return the contributions of families, given the family of each indicator."""
        found: dict[str, Float] = {}
        for name, own in self.sums.items():
            found[family[name]] = found.get(family[name], 0.0) + own
        return found


@dataclass(frozen=True)
class Size:
    """The size of a driver in one fit.

    Attributes
    ----------
    sign : int
        Whether the contribution rises (1) or falls (-1) with the indicator's value over the cities,
        by rank correlation; for a family, whether it rises with its contribution in the model that
        is served. 0 for neither.
    """

    level: str
    name: str
    family: str
    size: float
    sign: int


def contributed(model: HorizonModel, features: Float) -> Contributed:
    """Explain what one horizon adds to rows of shape (n, columns)."""
    names, sums, _ = model.by_indicator(features)
    place = {name: k for k, (name, form) in enumerate(model.spec.columns) if form == "value"}
    values = {name: features[:, place[name]] for name in names}
    known = {name: np.isfinite(own) for name, own in values.items()}
    return Contributed(
        values, {name: np.where(known[name], sums[:, k], 0.0) for k, name in enumerate(names)}
    )


def sizes(
    own: Contributed,
    family: Mapping[str, str],
    served: Contributed | None = None,
    only: Collection[str] = (),
) -> list[Size]:
    """Return the sizes of indicators and of families.

    Parameters
    ----------
    family : mapping of str to str
        Family of each indicator.
    served : Contributed, optional
        Of the model that is served, on the same rows; families get no sign without.
    only : collection of str
        Families that are asked for; all when empty.
    """
    found = [
        Size(INDICATOR, name, family[name], _size(sums), _sign(own.values[name], sums))
        for name, sums in own.sums.items()
        if not only or family[name] in only
    ]
    whole = {} if served is None else served.of_families(family)
    return found + [
        Size(FAMILY, name, name, _size(sums), _sign(whole.get(name, np.zeros(len(sums))), sums))
        for name, sums in own.of_families(family).items()
        if not only or name in only
    ]


def _size(sums: Float) -> float:
    return float(np.abs(sums).mean()) if len(sums) else 0.0


def _sign(value: Float, sums: Float) -> int:
    """Sign of the rank correlation over the rows that have a value."""
    from scipy.stats import rankdata

    known = np.isfinite(value)
    if known.sum() < 3:
        return 0
    ranks = [rankdata(each[known]) - (known.sum() + 1) / 2 for each in (value, sums)]
    return int(np.sign(np.round(ranks[0] @ ranks[1], 9)))
