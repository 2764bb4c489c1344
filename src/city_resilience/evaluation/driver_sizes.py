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
    whole = {} if served is None else served.of_families(family)
    families = own.of_families(family)
    signs = _signs(own.values, own.sums), _signs(whole, families)
    return [
        *(
            Size(INDICATOR, name, family[name], _size(sums), signs[0][name])
            for name, sums in own.sums.items()
            if not only or family[name] in only
        ),
        *(
            Size(FAMILY, name, name, _size(sums), signs[1].get(name, 0))
            for name, sums in families.items()
            if not only or name in only
        ),
    ]


def _size(sums: Float) -> float:
    return float(np.abs(sums).mean()) if len(sums) else 0.0


def _signs(values: Mapping[str, Float], sums: Mapping[str, Float]) -> dict[str, int]:
    """Signs of the rank correlations over the rows that have a value; 0 for fewer than three."""
    import pandas as pd

    names = [name for name in values if name in sums]
    if not names:
        return {}
    value = pd.DataFrame({name: values[name] for name in names})
    known = np.isfinite(value)
    ranks = [
        each.where(known).rank().sub((known.sum() + 1) / 2).fillna(0.0)
        for each in (value, pd.DataFrame({name: sums[name] for name in names}))
    ]
    products = (ranks[0] * ranks[1]).sum().where(known.sum() >= 3, 0.0)
    return {name: int(np.sign(np.round(products[name], 9))) for name in names}
