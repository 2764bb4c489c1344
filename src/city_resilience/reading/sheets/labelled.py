"""An imported panel as people open it: headers in Chinese, English or as ids, with units."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Literal, get_args

import pandas as pd

from city_resilience.catalogue.sheets import load_sheet_rules
from city_resilience.catalogue.units import CURRENCIES, parse_unit
from city_resilience.catalogue.variables import Variable, load_catalogue

__all__ = ["HEADERS", "Headers", "labelled"]

Headers = Literal["zh", "en", "id"]
HEADERS: tuple[Headers, ...] = get_args(Headers)
_KEYS = ("province", "city", "city_code", "year", "scope")


def labelled(
    frame: pd.DataFrame,
    variables: Mapping[str, Variable],
    headers: Headers,
    own: Mapping[str, str] | None = None,
) -> pd.DataFrame:
    """Return a panel with the headers and scopes of a language; reading it back finds them all.

    Parameters
    ----------
    frame : DataFrame
        As ``Imported.frame`` returns it.
    headers : str
        ``zh`` (``从业_制造业(万人)``), ``en`` (``Employment in manufacturing (10k persons)``) or
        ``id`` (``employment_manufacturing``, in the catalogue's units).
    own : mapping of str to str, optional
        Id of each of the user's own columns to its header, which is kept.
    """
    catalogue = load_catalogue()
    names = {key: _key(key, catalogue.variables[key], headers) for key in _KEYS}
    names |= {name: _header(variable, headers) for name, variable in variables.items()}
    names |= own or {}
    if headers == "zh":
        frame = frame.assign(scope=frame["scope"].map(load_sheet_rules().scope_labels))
    return frame.rename(columns=names)


def _key(key: str, variable: Variable, headers: Headers) -> str:
    return {"zh": variable.label_zh, "en": variable.label_en, "id": key}[headers]


def _is_money(name: str) -> bool:
    known = load_catalogue().variables.get(name)
    unit = parse_unit(known.unit) if known else None
    return unit is not None and unit.numerator in CURRENCIES


def _header(variable: Variable, headers: Headers) -> str:
    if headers == "id":
        return variable.id
    if not variable.unit and _is_money(variable.id):
        headers = "en"  # a Chinese header without a unit is read as yuan
    label = variable.label_zh if headers == "zh" else variable.label_en
    units_zh = load_sheet_rules().units_zh
    unit = units_zh.get(variable.unit, variable.unit) if headers == "zh" else variable.unit
    prices = {"zh": "不变价", "en": "constant prices"}[headers] if variable.kind == "volume" else ""
    stated = ", ".join(filter(None, (unit, prices)))
    gap = "" if headers == "zh" else " "
    return f"{label}{gap}({stated})" if stated else label
