"""Columns that are far from what they were when a model was trained are named with their years."""

from __future__ import annotations

import io
import re
from dataclasses import replace

import pandas as pd
import pytest

from bundle_inputs import panel_text, small_experiment
from city_resilience.audit.read_audited import read_audited
from city_resilience.audit.training_levels import level_doubts, training_levels
from city_resilience.errors import InputError
from city_resilience.reading.panel import Panel
from city_resilience.reading.read import read_panel

CHOSEN = small_experiment()
NEWEST = 2013
UNITS = {"100m yuan": "10k yuan", "10k persons": "persons", "fraction": "%"}


def source() -> pd.DataFrame:
    return pd.read_csv(io.StringIO(panel_text()))


def whole() -> Panel:
    return read_panel(source(), CHOSEN.data, outcome=CHOSEN.outcome)


def said(changed: pd.DataFrame | Panel, trained: Panel) -> str:
    """Return the refusal of a panel, or its alarms."""
    try:
        read = read_audited(changed, CHOSEN, purpose="predict")
    except InputError as error:
        return str(error)
    levels = training_levels(trained, trained.cities)
    return " ".join(level_doubts(read.audit.panel, levels, trained.cities))


PANEL = whole()
HEADERS = [(name, PANEL.headers[name]) for name in PANEL.variables if name in PANEL.headers][:6]


@pytest.mark.parametrize(("name", "header"), HEADERS)
def test_ten_thousand_times_is_seen_in_all_years_and_in_the_newest(name, header):
    trained = PANEL.truncate(NEWEST - 1)
    frame = source()
    told = said(frame.assign(**{header: frame[header] * 10_000}), trained)
    if name.startswith("gdp_share"):  # no share is above one: the audit refuses it
        assert f"impossible {name}" in told or "is 10,000 times its level" in told, told
    else:
        assert f"{name} (column {header!r}) is 10,000 times its level" in told
        assert re.search(r"in every year, 20\d\d–2013", told)
    newest = frame["year"] == NEWEST
    told = said(
        frame.assign(**{header: frame[header].where(~newest, frame[header] * 1e4)}), trained
    )
    assert name in told
    assert str(NEWEST) in told


@pytest.mark.parametrize("unit", list(UNITS))
def test_another_unit_in_a_header_is_seen(unit):
    name, header = next(own for own in PANEL.headers.items() if unit in own[1])
    changed = header.replace(unit, UNITS[unit])
    told = said(source().rename(columns={header: changed}), PANEL)
    assert f"{name} (column {changed!r}) is 1/" in told


@pytest.mark.parametrize("year", range(2006, NEWEST))
def test_an_honest_year_more_passes(year):
    assert said(PANEL.truncate(year + 1), PANEL.truncate(year)) == ""


def test_a_wrong_year_within_the_training_is_named_alone():
    frame = source()
    header = PANEL.headers["patents_granted"]
    values = frame[header].astype(float)
    told = said(frame.assign(**{header: values.where(frame["year"] != 2009, values / 50)}), PANEL)
    assert "2009" in told
    assert "patents_granted" in told
    assert "every year" not in told


def test_few_of_the_cities_are_judged_more_widely():
    few = source()
    few = few[few["city"].isin(PANEL.cities[:12])]
    assert said(few, PANEL) == ""
    header = PANEL.headers["population"]
    told = said(few.assign(**{header: few[header] * 10_000}), PANEL)
    assert re.search(r"population .* is [\d,]+ times its level", told)


def test_a_column_without_values_has_no_level():
    frame = PANEL.frame.assign(patents_granted=float("nan"))
    levels = training_levels(replace(PANEL, frame=frame), PANEL.cities)
    assert "patents_granted" not in levels
    assert len(levels) == len(PANEL.variables) - 1
