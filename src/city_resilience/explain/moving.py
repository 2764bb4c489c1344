"""One city moved: its variables set, what depends on them following, its indicators computed anew.

Everything happens in the variables of the panel. An indicator that is a ratio moves through its
numerator, and whatever else is made of that variable follows. Only the asked city moves; sums and
means over all cities are computed anew as they then are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd

from city_resilience.arrays import Float
from city_resilience.catalogue.variables import Variable
from city_resilience.errors import InputError, nearest
from city_resilience.explain.forecast_table import check_city
from city_resilience.explain.identities import follow
from city_resilience.explain.numerator import numerator_of, solved
from city_resilience.explain.settings import PREFIX, Setting
from city_resilience.indicators.compute import Computer
from city_resilience.indicators.indicator import Indicator
from city_resilience.indicators.inputs import lag_of, variables_behind
from city_resilience.indicators.outcome import OutcomeSeries
from city_resilience.indicators.table import load_indices, load_table
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.rows import ForecastRows
from city_resilience.reading.panel import Grid, Panel
from city_resilience.tasks.outcome import with_outcome

__all__ = [
    "FOLLOWS",
    "INDICATOR",
    "SET",
    "VARIABLE",
    "Ground",
    "MovedCity",
    "ground_of",
    "move_city",
]

SET, FOLLOWS = "set", "follows"
MOVE_COLUMNS = (
    *("name", "of", "kind", "unit", "year", "before", "after", "because", "label", "label_zh"),
)
INDICATOR, VARIABLE = "indicator", "variable"
Cells = dict[int, dict[str, float]]
"""Year → variable → value of one city."""


@dataclass(frozen=True)
class Ground:
    """What the scenarios of a panel start from.

    Attributes
    ----------
    forecaster : Forecaster
    panel : Panel
    rows : ForecastRows
        Every city, unmoved.
    grid : Grid
        Variables, the outcome among them.
    series : OutcomeSeries
    read : mapping of str to ndarray, shape (rows,)
        Year in which each indicator of the models is read, before its publication lag; NaN where
        a row has no value.
    held : frozenset of str
        Variables that no scenario may move: those of the outcome.
    """

    forecaster: Forecaster
    panel: Panel
    rows: ForecastRows
    grid: Grid
    series: OutcomeSeries
    read: Mapping[str, Float]
    held: frozenset[str]

    @property
    def specs(self) -> dict[str, Indicator]:
        """The indicators of the panel by id."""
        return {spec.id: spec for spec in self.rows.dataset.indicators.specs}

    def row_of(self, city: str) -> int:
        """Return the row of a city.

        Raises
        ------
        InputError
            If it has no forecast.
        """
        names = self.rows.names.tolist()
        check_city(city, names, self.forecaster.experiment, self.rows)
        return int(names.index(city))

    def year_of(self, id: str, row: int) -> int | None:
        """Return the year whose value of an indicator a row reads; None where it has none."""
        if id in self.read:
            year = self.read[id][row]
            return None if np.isnan(year) else int(year)
        dataset, origin = self.rows.dataset, int(self.rows.origins[row])
        values = dataset.at(origin).indicators[
            self.rows.cities[row], :, dataset.indicators.ids.index(id)
        ]
        known = np.flatnonzero(np.isfinite(values))
        return int(dataset.years[known[-1]]) if known.size else None


@dataclass(frozen=True)
class MovedCity:
    """A city after a scenario.

    Attributes
    ----------
    city : str
    row : int
        Its row among those of the ground.
    rows : ForecastRows
        The rows of the moved panel.
    moves : DataFrame
        ``name, of, kind, unit, year, before, after, because, label, label_zh``: what was set
        (``kind`` is ``set``) and what followed (``follows``), indicators that were set among them;
        ``of`` is ``indicator`` or ``variable``.
    """

    city: str
    row: int
    rows: ForecastRows
    moves: pd.DataFrame


@dataclass(frozen=True)
class _Target:
    """Where an indicator shall be, in the year whose variables make it."""

    setting: Setting
    spec: Indicator
    year: int
    before: float
    after: float


@dataclass
class _City:
    """A city on its way: which of its variables are set, and which may not move."""

    ground: Ground
    row: int
    cells: Cells = field(default_factory=dict)
    texts: dict[str, str] = field(default_factory=dict)
    held: dict[int, set[str]] = field(default_factory=dict)
    targets: list[_Target] = field(default_factory=list)

    @property
    def place(self) -> int:
        return int(self.ground.rows.cities[self.row])

    def values(self, year: int) -> dict[str, float]:
        """Known values of the city in a year."""
        column = self.ground.grid.column(year)
        every = {name: float(v[self.place, column]) for name, v in self.ground.grid.values.items()}
        return {name: value for name, value in every.items() if np.isfinite(value)}

    def followed(self, cells: Cells) -> tuple[Cells, dict[str, str]]:
        """Return all values that move with some that are set, and why."""
        found: Cells = {}
        because: dict[str, str] = {}
        for year, own in cells.items():
            held = {*self.ground.held, *self.held.get(year, ())} - set(own)
            moved = follow(self.values(year), own, held)
            found[year] = dict(moved.values)
            because |= moved.because
        return found, because

    def grid(self, cells: Cells) -> Grid:
        """Return the grid with the values of the city replaced."""
        values = dict(self.ground.grid.values)
        for year, own in cells.items():
            for name, value in own.items():
                values[name] = values[name].copy()
                values[name][self.place, self.ground.grid.column(year)] = value
        return replace(self.ground.grid, values=values)

    def indicator(self, spec: Indicator, grid: Grid, year: int) -> float:
        """Return an indicator of the city in a year, before its publication lag."""
        values = Computer(grid, self.ground.series).values(spec)
        return float(values[self.place, grid.column(year)])

    def set(self, name: str, year: int, value: float, text: str) -> None:
        """Set a variable, unless another setting gave it another value."""
        known = self.cells.get(year, {}).get(name)
        if known is not None and abs(known - value) > 1e-9 * max(abs(known), abs(value)):
            raise InputError(
                f"--set {text} and --set {self.texts[name]} imply different values of {name}: "
                f"{value:.6g} and {known:.6g}; leave one of them out"
            )
        self.cells.setdefault(year, {})[name] = value
        self.texts[name] = text


def ground_of(forecaster: Forecaster, panel: Panel, rows: ForecastRows) -> Ground:
    """Prepare a panel for scenarios.

    Parameters
    ----------
    rows : ForecastRows
        Of the panel, as `check_panel` returns them.
    """
    outcome = panel.resolved(forecaster.experiment.outcome)
    lags = forecaster.experiment.features.publication_lag
    grid, _, series = with_outcome(panel.grid(), panel.variables, outcome, panel.source, lags)
    read: dict[str, Float] = {}
    for view in forecaster.views.values():
        for model in view.horizons.values():
            names, _, ages = rows.indicators(model.spec)
            read |= {name: rows.origins - ages[:, k] for k, name in enumerate(names)}
    held = {outcome.variable, outcome.column, outcome.deflator, outcome.weight, series.id} - {""}
    if outcome.composite is not None:
        specs = {spec.id: spec for spec in load_table()}
        parts = (specs[name] for name in outcome.composite.components if name in specs)
        held |= {name for spec in parts for name in variables_behind(spec)}
    return Ground(forecaster, panel, rows, grid, series, read, frozenset(held))


def move_city(ground: Ground, city: str, settings: Sequence[Setting]) -> MovedCity:
    """Move a city as some settings say.

    Raises
    ------
    InputError
        If the city has no forecast, a name is unknown, has no value or is the outcome, a value
        cannot be reached, or the settings contradict each other or an identity.
    """
    row = ground.row_of(city)
    own = _City(ground, row)
    asked = sorted(settings, key=lambda setting: _indicator(ground, setting) is not None)
    for setting in asked:
        spec = _indicator(ground, setting)
        if spec is None:
            _set_variable(own, setting)
        else:
            _set_indicator(own, setting, spec)
    cells, because = own.followed(own.cells)
    _check_reached(own, cells)
    return MovedCity(city, row, _rows(own, cells), _moves(own, cells, because))


def _indicator(ground: Ground, setting: Setting) -> Indicator | None:
    """Return the indicator that a setting names; None for a variable.

    Raises
    ------
    InputError
        If it names nothing that the panel has.
    """
    name, specs = setting.name.removeprefix(PREFIX), ground.specs
    if name in specs and name == setting.name:
        return specs[name]
    if name in ground.panel.variables:
        return None
    absent = ground.rows.dataset.indicators.absent
    if name in absent:
        raise InputError(f"--set {setting.text}: indicator {name!r}: {absent[name]}; set another")
    index = next((index for index in load_indices() if index.id == name), None)
    if index is not None:
        offered = [part for part in index.components if part in specs]
        raise InputError(
            f"--set {setting.text}: {name} is made of other indicators; set one of: "
            f"{', '.join(offered)}"
        )
    raise InputError(
        f"--set {setting.text}: no indicator or variable {name!r}{_nearest(ground, name)}; "
        "give the id of an indicator or a variable of the panel"
    )


def _nearest(ground: Ground, name: str) -> str:
    """Say which names are nearest; one that only the table has is said to be absent here."""
    here = {*ground.specs, *ground.panel.variables}
    every = [*sorted(here), *ground.rows.dataset.indicators.absent]
    near = nearest(name, every)
    lacking = [repr(id) for id in every if repr(id) in near and id not in here]
    return f"{near}, where the panel lacks what {', '.join(lacking)} needs" if lacking else near


def _set_variable(own: _City, setting: Setting) -> None:
    ground, name = own.ground, setting.name.removeprefix(PREFIX)
    if name in ground.held:
        raise InputError(
            f"--set {setting.text}: {name} is the outcome or a part of it, whose past is as it "
            "was observed; set an indicator or another variable"
        )
    year = _year_of_variable(own, name)
    if year is None:
        city = ground.rows.names[own.row]
        raise InputError(f"--set {setting.text}: {city} has no value of {name}; set another")
    unit = ground.panel.variables[name].unit
    own.set(name, year, setting.value(own.values(year)[name], unit), setting.text)


def _year_of_variable(own: _City, name: str) -> int | None:
    """Return the year in which the models read a variable of the city, else its newest one."""
    ground, lags = own.ground, own.ground.forecaster.experiment.features.publication_lag
    values = ground.grid.values[name][own.place]
    last = ground.grid.column(int(ground.rows.origins[own.row])) - lags.get(name, 0)
    known = {int(ground.grid.years[k]) for k in np.flatnonzero(np.isfinite(values[: last + 1]))}
    through = [
        s for s in ground.specs.values() if s.id in ground.read and name in variables_behind(s)
    ]
    years = [(ground.year_of(spec.id, own.row), lag_of(spec, lags)) for spec in through]
    read = {year - lag for year, lag in years if year is not None} & known
    return max(read or known, default=None)


def _set_indicator(own: _City, setting: Setting, spec: Indicator) -> None:
    """Set the numerator of an indicator to where the indicator is as asked."""
    ground, lags = own.ground, own.ground.forecaster.experiment.features.publication_lag
    year = ground.year_of(spec.id, own.row)
    if year is None:
        city = ground.rows.names[own.row]
        raise InputError(f"--set {setting.text}: {city} has no value of {spec.id}; set another")
    year -= lag_of(spec, lags)
    numerator = numerator_of(spec, own.values(year), setting.text, ground.held)
    before = own.indicator(spec, ground.grid, year)
    target = setting.value(before, spec.unit)
    own.held.setdefault(year, set()).update(numerator.held)

    def reached(values: Mapping[str, float]) -> float:
        cells = {at: dict(known) for at, known in own.cells.items()}
        cells.setdefault(year, {}).update(values)
        return own.indicator(spec, own.grid(own.followed(cells)[0]), year)

    for name, value in solved(numerator, target, reached, setting.text).items():
        own.set(name, year, value, setting.text)
    own.targets.append(_Target(setting, spec, year, before, target))


def _check_reached(own: _City, cells: Cells) -> None:
    """Refuse settings of which a later one undid an earlier one."""
    grid = own.grid(cells)
    for target in own.targets:
        value = own.indicator(target.spec, grid, target.year)
        size = max(abs(target.after), abs(target.before), 1e-9)
        if not abs(value - target.after) <= 1e-6 * size:
            raise InputError(
                f"--set {target.setting.text}: {target.spec.id} would be {value:.6g} beside the "
                f"other settings, not {target.after:.6g}; leave one of them out"
            )


def _rows(own: _City, cells: Cells) -> ForecastRows:
    """Compute anew the indicators that are made of what moved."""
    ground = own.ground
    dataset, moved = ground.rows.dataset, {name for values in cells.values() for name in values}
    touched = [
        (place, spec)
        for place, spec in enumerate(dataset.indicators.specs)
        if moved & set(variables_behind(spec))
    ]
    lags = ground.forecaster.experiment.features.publication_lag
    values, computer = dataset.indicators.values.copy(), Computer(own.grid(cells), ground.series)
    for place, spec in touched:
        values[:, :, place] = computer.values(spec, lags)
    moved_on = replace(dataset, indicators=replace(dataset.indicators, values=values))
    return replace(ground.rows, dataset=moved_on)


def _moves(own: _City, cells: Cells, because: Mapping[str, str]) -> pd.DataFrame:
    """List what moved: indicators and variables that were set, then what followed."""
    variables = own.ground.panel.variables
    through = {id(t.setting): t.setting.text for t in own.targets}.values()
    rows: list[tuple[Any, ...]] = [
        (t.spec.id, INDICATOR, SET, t.spec.unit, t.year, t.before, t.after, t.setting.text, t.spec)
        for t in own.targets
    ]
    for year, values in cells.items():
        old = own.values(year)
        for name, value in values.items():
            text, meant = own.texts.get(name, ""), variables.get(name)
            kind = SET if text and text not in through else FOLLOWS
            about = (name, VARIABLE, kind, meant.unit if meant else "", year)
            rows.append((*about, old[name], value, text or because.get(name, ""), meant))
    rows.sort(key=lambda row: row[2] == FOLLOWS)
    return pd.DataFrame(
        [(*row[:-1], *_labels_of(row[-1], row[0])) for row in rows], columns=list(MOVE_COLUMNS)
    )


def _labels_of(meant: Indicator | Variable | None, name: str) -> tuple[str, str]:
    english = (meant.label_en if meant else "") or name
    return english, (meant.label_zh if meant else "") or english
