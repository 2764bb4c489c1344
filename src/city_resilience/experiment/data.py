"""The tables about the panel: where it is, how it is read and corrected, what of it is accepted."""

from __future__ import annotations

import re
from typing import Literal

from pydantic import Field, model_validator

from city_resilience.experiment.family import OWN_FAMILIES, Family
from city_resilience.experiment.table import Table

__all__ = ["Audit", "Column", "Data", "Scope", "Sheets"]

Scope = Literal["whole_city", "districts"]
_CELLS = re.compile(r"\*|\d{4}(-\d{4})?")
_CORRECTION = re.compile(r"drop( zeros)?|\*\s*\d+(\.\d+)?(e[+-]?\d+)?", re.IGNORECASE)


class Column(Table):
    """A column of the user's own that becomes a variable and an indicator.

    ``id`` defaults to the header. ``direction`` is +1, -1 or 0 (more is better, worse, unknown).
    """

    family: Family
    id: str = ""
    unit: str = ""
    label_en: str = ""
    label_zh: str = ""
    direction: Literal[-1, 0, 1] = 0

    @model_validator(mode="after")
    def _not_the_past(self) -> Column:
        if self.family not in OWN_FAMILIES:
            known = ", ".join(OWN_FAMILIES)
            raise ValueError(f"family 'history' is the outcome's own past; choose one of: {known}")
        return self


class Data(Table):
    """Where the panel is, how its keys are called, and which of its cells are corrected.

    With ``gazetteer = "china"`` the names of cities are resolved to official units; its groups
    may then be named in ``groups`` without a column of that name. ``scope`` is the territory that
    is read where a column tells it. ``corrections`` map ``"variable/city/year"`` to a value in the
    catalogue's unit, ``"drop"``, ``"drop zeros"`` or a factor such as ``"*0.001"``; city and year
    may be ``*``, the year also a range such as ``2011-2014``.
    """

    path: str = ""
    sheet: str = ""
    city: str = ""
    year: str = ""
    province: str = ""
    groups: tuple[str, ...] = ()
    gazetteer: Literal["none", "china"] = "none"
    source: str = "not stated"
    licence: str = "not stated"
    simulated: bool = False
    units: dict[str, str] = Field(default_factory=dict)
    columns: dict[str, Column] = Field(default_factory=dict)
    scope: Scope = "whole_city"
    corrections: dict[str, float | str] = Field(default_factory=dict)

    @model_validator(mode="after")
    def _corrections_read(self) -> Data:
        for key, value in self.corrections.items():
            if key.count("/") < 2 or not _CELLS.fullmatch(key.rsplit("/", 1)[1]):
                raise ValueError(
                    f"corrections: {key!r} is not 'variable/city/year' with a year, a range such "
                    "as 2011-2014, or *"
                )
            if isinstance(value, str) and not _CORRECTION.fullmatch(value):
                raise ValueError(
                    f"corrections: {key!r} wants a number, 'drop', 'drop zeros' or a factor such "
                    "as '*0.001'"
                )
        return self


class Audit(Table):
    """What to do with the audit's findings.

    ``accept`` maps the id of an issue (``kind/variable/city/years``, parts may be ``*``) to the
    reason why the data are right. With ``mask_errors`` cells with an audit error that is neither
    accepted nor corrected are treated as unknown wherever the panel is used.
    """

    accept: dict[str, str] = Field(default_factory=dict)
    mask_errors: bool = True


class Sheets(Table):
    """How sheets become a panel, for ``import``.

    ``years`` are rules such as ``name-1`` or ``Data_*=name-1``; ``units`` maps a header, variable
    or ``variable/year`` to a unit; ``prefer`` lists file patterns that decide where files
    disagree.
    """

    years: tuple[str, ...] = ()
    units: dict[str, str] = Field(default_factory=dict)
    prefer: tuple[str, ...] = ()
