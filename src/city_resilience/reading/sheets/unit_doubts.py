"""Units doubted by magnitude: a column far from what other sheets of the same variable hold."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.catalogue.variables import Variable
from city_resilience.errors import InputError
from city_resilience.reading.issues import Issue, Place
from city_resilience.reading.wording import factor_of

__all__ = ["settle_units"]

_APART = 1.5
_NEAR = 0.5
_LEAST = 10
# What has one unit: a column may hold several variables, one below the other.
_COLUMN = ("variable", "scope", "year", "file", "sheet", "column", "unit")


def settle_units(
    cells: pd.DataFrame, variables: Mapping[str, Variable], declared: Mapping[str, str]
) -> tuple[pd.DataFrame, list[Issue]]:
    """Compare the magnitude of each column with its variable's in the other years and sheets.

    A column whose stated unit puts its median city more than 30 times off the others, and whose
    numbers fit as they stand in the catalogue's unit, is read in that unit and listed as doubtful.
    One that fits neither way is only listed. Declared units are not doubted.

    Parameters
    ----------
    cells : DataFrame
        ``CELL_COLUMNS``.
    declared : mapping of str to str
        Units by header, variable id, or ``variable/year``.

    Returns
    -------
    cells : DataFrame
        With the values of doubtful columns in the unit that fits.
    issues : list of Issue

    Raises
    ------
    InputError
        If a declared unit is none, or cannot be converted to the variable's.
    """
    cells = _as_declared(cells, variables, declared)
    numbers = cells.groupby(list(_COLUMN), sort=True).ngroup().to_numpy()
    columns = _medians(cells, numbers)
    scale = np.ones(int(numbers.max()) + 1)
    issues = []
    for (name, _), group in columns.groupby(["variable", "scope"]):
        variable = variables[str(name)]
        if len(group) < 3 or name in declared:
            continue
        years, medians = group["year"].to_numpy(), group["median"].to_numpy()
        for at, row in group.to_dict("index").items():
            others = medians[years != row["year"]]
            if len(others) < 2 or _key(variable.id, row["year"]) in declared:
                continue
            apart = float(row["median"] - np.median(others))
            if abs(apart) > _APART:
                unit, scale[at] = _fitting(row["unit"], variable, apart)
                issues.append(_issue(row, variable, apart, unit))
    return _scaled(cells, scale[numbers]), issues


def _medians(cells: pd.DataFrame, numbers: NDArray[np.int64]) -> pd.DataFrame:
    """Return each column's key and the median log10 of its positive values, if it has enough."""
    positive = (cells["value"] > 0).to_numpy()
    sizes = np.log10(cells.loc[positive, "value"]).groupby(numbers[positive])
    medians = sizes.agg(["median", "size"])
    first = np.unique(numbers, return_index=True)[1]
    keys = cells[list(_COLUMN)].iloc[first].reset_index(drop=True)
    return keys.join(medians[medians["size"] >= _LEAST], how="inner")


def _as_declared(
    cells: pd.DataFrame, variables: Mapping[str, Variable], declared: Mapping[str, str]
) -> pd.DataFrame:
    """Convert the cells of a variable and year from the unit that is declared for them.

    Raises
    ------
    InputError
        If a declared unit is none, or cannot be converted to the variable's.
    """
    scale = np.ones(len(cells))
    for key, unit in declared.items():
        name, _, year = key.partition("/")
        if not year or name not in variables:
            continue
        factor = factor_of(unit, variables[name])
        if factor is None:
            raise InputError(
                f"sheets.units: {key!r}: unit {unit!r} cannot be converted to "
                f"{variables[name].unit!r}; correct the unit"
            )
        chosen = (cells["variable"] == name) & (cells["year"].astype(str) == year)
        stated = [factor_of(text, variables[name]) or 1.0 for text in cells.loc[chosen, "unit"]]
        scale[chosen.to_numpy()] = factor / np.array(stated)
    return _scaled(cells, scale)


def _scaled(cells: pd.DataFrame, scale: NDArray[np.float64]) -> pd.DataFrame:
    if (scale == 1.0).all():
        return cells
    return cells.assign(**{name: cells[name] * scale for name in ("value", "step", "rounding")})


def _key(variable: str, year: int) -> str:
    return f"{variable}/{year}"


def _fitting(stated: str, variable: Variable, apart: float) -> tuple[str, float]:
    """Return the unit in which a column would fit, and the factor that brings it there.

    Tried is the catalogue's own unit where another is stated and, for a share without a unit,
    percent.
    """
    unit, factor = variable.unit if stated else "%", factor_of(stated or "%", variable)
    if factor is None:
        return "", 1.0
    factor = 1 / factor if stated else factor
    near = factor != 1.0 and abs(apart + np.log10(factor)) <= _NEAR
    return (unit, factor) if near else ("", 1.0)


def _issue(row: Mapping[str, Any], variable: Variable, apart: float, fitting: str) -> Issue:
    unit = row["unit"] or "no unit"
    times = 10 ** abs(apart)
    size = f"{times:,.0f} times {'above' if apart > 0 else 'below'} its other years"
    key = _key(variable.id, row["year"])
    if fitting:
        as_stated = row["unit"] or variable.unit
        reason = (
            f"the header says {unit}, but then the median city is {size}; read as {fitting}, which "
            f'fits; if the header is right, set "{key}" = "{as_stated}" in [sheets.units]'
        )
    else:
        reason = (
            f"the median city is {size}, and the header says {unit}; if it is wrong, state the "
            f'unit, "{key}" = "…" in [sheets.units]'
        )
    return Issue(
        "warning",
        "unit",
        reason,
        place=Place(row["file"], row["sheet"], column=int(row["column"])),
        found=unit,
        likely=fitting,
        variable=variable.id,
        years=(int(row["year"]),),
    )
