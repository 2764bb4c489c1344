"""Columns that an experiment declares: own columns, and the outcome where it is one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from city_resilience.catalogue.header import unit_in_brackets
from city_resilience.catalogue.variables import Match, Variable, load_catalogue
from city_resilience.experiment.data import Column
from city_resilience.experiment.outcome import Outcome
from city_resilience.reading.wording import factor_of, unspaced

__all__ = ["outcome_match", "own_match"]

_KINDS = {"log": "log", "rate": "index", "index": "index", "per_head": "ratio"}


def own_match(header: str, column: Column, units: Mapping[str, str]) -> Match:
    """Make a variable of a declared column; one with a catalogue id is converted to its unit.

    Parameters
    ----------
    header : str
        As the file has it.
    column : Column
        What the experiment declares.
    units : mapping of str to str
        Declared units by header or id.
    """
    name = column.id or header
    by_header = {unspaced(key): unit for key, unit in units.items()}
    unit = by_header.get(unspaced(header)) or units.get(name) or column.unit
    unit = unit or unit_in_brackets(header)
    known = load_catalogue().variables.get(name)
    factor = (factor_of(unit, known) if unit else 1.0) if known else None
    variable = Variable(
        id=name,
        label_en=column.label_en or (known.label_en if known else header),
        label_zh=column.label_zh or (known.label_zh if known else header),
        unit=known.unit if known and factor is not None else unit,
        family=column.family,
        direction=column.direction,
        kind=known.kind if known else "level",
    )
    return Match(variable, unit, 1.0 if factor is None else factor)


def outcome_match(header: str, outcome: Outcome, units: Mapping[str, str]) -> Match:
    """Make a variable of the column that an experiment declares as its outcome.

    Parameters as `own_match`; it belongs to no family of indicators.
    """
    declared = Column(
        family="control",
        id=outcome.variable,
        unit=outcome.unit,
        label_en=outcome.label_en,
        label_zh=outcome.label_zh,
        direction=outcome.direction,
    )
    found = own_match(header, declared, units)
    kind = _KINDS.get(outcome.scale, found.variable.kind)
    return replace(found, variable=replace(found.variable, family="outcome", kind=kind))
