"""The arithmetic of every indicator in plain numpy, for `indicators.py` to time against.

Formulas by the id of an indicator, or by the kind of its formula where several share one; what
several need is computed once. Made data only: a few of the product's checks are not repeated.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, partial
from typing import Any

import numpy as np
from scipy.sparse import csr_array

from city_resilience.arrays import Float
from city_resilience.catalogue.industries import broad_groups, broad_positions, industry_ids
from city_resilience.indicators.indicator import OUTCOME, Indicator
from city_resilience.indicators.table import load_table
from city_resilience.reading.panel import Grid

__all__ = ["direct"]

STAFF = [f"employment_{sector}" for sector in ("primary", "secondary", "tertiary")]
SHARES = [f"gdp_share_{sector}" for sector in ("primary", "secondary", "tertiary")]


def back(x: Float, years: int) -> Float:
    """Values of some years before."""
    earlier = np.full(x.shape, np.nan)
    earlier[:, years:] = x[:, :-years]
    return earlier


def over(x: Float, y: Float, per: float = 1.0) -> Float:
    """A ratio."""
    return per * x / y


def relative(x: Float) -> Float:
    """Log, relative to the mean of the year."""
    return np.log(x / np.nanmean(x, axis=0))


def growth(x: Float, years: int = 1) -> Float:
    """Log points."""
    return 100.0 * np.log(x / back(x, years))


def quotient(part: Float, whole: Float) -> Float:
    """Share relative to the nation's."""
    both = np.isfinite(part) & np.isfinite(whole)
    nation = np.where(both, part, 0.0).sum(axis=0) / np.where(both, whole, 0.0).sum(axis=0)
    return part / whole / nation


def together(a: Float, b: Float) -> Float:
    """Co-agglomeration of two location quotients."""
    return 1.0 - np.abs(a - b) / (a + b) + a + b


def gap_over(y: Float, h: int = 1) -> Float:
    """Growth gap to the nation."""
    earlier = back(y, h)
    both = np.isfinite(y) & np.isfinite(earlier)
    now, then = (np.where(both, x, 0.0).sum(axis=0) for x in (y, earlier))
    return 100.0 * (np.log(y / earlier) - np.log(now / then))


def layered(a: Float, b: Float, c: Float) -> Float:
    """Layered structure index."""
    return (a + 2.0 * b + 3.0 * c) / (a + b + c)


def direct(grid: Grid, wanted: list[str]) -> Float:
    """Compute indicators in plain numpy."""
    shared, chosen = Shared(grid), set(wanted)
    indicators = np.empty((*grid.shape, len(wanted)))
    specs = [spec for spec in load_table() if spec.id in chosen]
    with np.errstate(all="ignore"):
        for start in range(0, len(specs), 8):
            part = [shared.indicator(spec) for spec in specs[start : start + 8]]
            indicators[:, :, start : start + len(part)] = np.stack(part, axis=-1)
    return indicators


class Shared:
    """Intermediate results, and the formulas by the id of the indicator or the kind of formula."""

    def __init__(self, grid: Grid) -> None:
        self.grid, self.v, self.y = grid, grid.values, grid.values["gdp_real"]

    def indicator(self, spec: Indicator) -> Float:
        """Return one indicator: by its id, else by its kind from its inputs."""
        if spec.id in FORMULAS:
            return FORMULAS[spec.id](self)
        function: Any = spec.function
        options = function.keywords if isinstance(function, partial) else {}
        kind = getattr(function, "func", function).__name__
        if kind in OF_TOTAL:
            return OF_TOTAL[kind](self.v[spec.inputs[0]], self.total)
        return KINDS[kind](*(self.y if n == OUTCOME else self.v[n] for n in spec.inputs), **options)

    @cached_property
    def staff(self) -> Float:
        """Industries whose sum does not contradict the total."""
        stacked = np.stack([self.v[name] for name in industry_ids()])
        apart = np.abs(np.log(stacked.sum(axis=0) / self.total))
        return np.where(apart <= np.log(2.0), stacked, np.nan)

    @cached_property
    def total(self) -> Float:
        """Stated staff, else the sum of the industries."""
        unit, summed = self.v["unit_employment"], sum(self.v[name] for name in industry_ids())
        column = np.maximum.accumulate(np.where(np.isfinite(unit), np.arange(unit.shape[1]), 0), 1)
        last = back(np.take_along_axis(unit, column, axis=1), 1)
        jump = np.abs(np.log(summed / last))
        return np.where(np.isfinite(unit), unit, np.where(jump > np.log(2.0), np.nan, summed))

    @cached_property
    def shares(self) -> Float:
        """Shares of the industries in each city."""
        return self.staff / self.staff.sum(axis=0)

    @cached_property
    def nation(self) -> Float:
        """Shares of the industries in the nation."""
        totals = np.where(np.isfinite(self.shares), self.staff, 0.0).sum(axis=1)
        return totals / totals.sum(axis=0)

    @cached_property
    def services(self) -> Float:
        """Staff of producer services."""
        return sum(self.v[name] for name in broad_groups()["producer services"])

    @cached_property
    def broad(self) -> list[tuple[Float, Float]]:
        """Shares within each broad group, and of the group."""
        parts = (self.shares[group] for group in broad_positions())
        return [(part, part.sum(axis=0)) for part in parts]

    @cached_property
    def densities(self) -> tuple[Float, Float]:
        """Relatedness density of present and of absent industries."""
        present = (self.shares > (1 + 1e-9) * self.nation[:, None]).transpose(2, 1, 0)
        present = np.ascontiguousarray(present, dtype=float)
        pairs = present.transpose(0, 2, 1) @ present
        own = np.arange(19)
        pairs[:, own, own] = 0.0
        s, t = pairs.sum(axis=1), pairs.sum(axis=(1, 2))[:, None]
        inverse = 1.0 / (t - s)
        expected = s[:, :, None] * s[:, None, :] * (inverse[:, :, None] + inverse[:, None, :]) / 2
        related = pairs / expected
        density = present @ (100.0 * related / related.sum(axis=1)[:, None, :])
        known = np.isfinite(self.shares[0])
        inside = (density * present).sum(axis=2) / present.sum(axis=2)
        outside = (density * (1 - present)).sum(axis=2) / (1 - present).sum(axis=2)
        return np.where(known, inside.T, np.nan), np.where(known, outside.T, np.nan)

    @cached_property
    def gap(self) -> Float:
        """Growth gap of the last year."""
        return gap_over(self.y)

    def window(self, years: int, reduce: Callable[..., Float]) -> Float:
        """A moment of the last gaps."""
        stacked = np.stack([self.gap, *(back(self.gap, n) for n in range(1, years))])
        enough = np.isfinite(stacked).sum(axis=0) >= (years if years < 5 else 3)
        return np.where(enough, reduce(np.where(enough, stacked, 0.0), axis=0), np.nan)

    @cached_property
    def province_gap(self) -> Float:
        """Growth gap of the province."""
        both = np.isfinite(self.y) & np.isfinite(back(self.y, 1))
        now, then = np.where(both, self.y, 0.0), np.where(both, back(self.y, 1), 0.0)
        names, member = np.unique(self.grid.province, return_inverse=True)
        grown = np.empty((len(names), self.y.shape[1]))
        for at in range(len(names)):
            grown[at] = np.log(now[member == at].sum(axis=0) / then[member == at].sum(axis=0))
        nation = np.log(now.sum(axis=0) / then.sum(axis=0))
        return np.where(np.isfinite(self.y), 100.0 * (grown[member] - nation), np.nan)

    @cached_property
    def near(self) -> Any:
        """Inverse distances."""
        lon, lat = np.radians(self.grid.coordinates).T
        unit = (np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat))
        rows, columns, weights = [], [], []
        limit = np.inf if len(lon) <= 2000 else np.sin(500.0 / (2 * 6371.0088)) ** 2
        for start in range(0, len(lon), 256):
            half = sum((x[start : start + 256, None] - x) ** 2 for x in unit) / 4.0
            row, column = np.nonzero(half <= limit)
            row, column = row[start + row != column], column[start + row != column]
            rows.append(start + row)
            columns.append(column)
            weights.append(1 / np.maximum(2 * 6371.0088 * np.arcsin(np.sqrt(half[row, column])), 1))
        places = (np.concatenate(rows), np.concatenate(columns))
        return csr_array((np.concatenate(weights), places), shape=(len(lon), len(lon)))

    def around(self, x: Float, least: float = 0.5, *, mean: bool = True) -> Float:
        """Weighted mean or sum over the neighbours."""
        known = np.isfinite(x).astype(float)
        total, now = self.near @ np.where(known > 0, x, 0.0), self.near @ known
        enough = now >= least * (self.near @ np.maximum.accumulate(known, axis=1))
        return np.where(enough, total / now if mean else total, np.nan)

    @cached_property
    def gap_around(self) -> Float:
        """Growth gap of the neighbours."""
        return self.around(self.gap)

    @cached_property
    def foreign(self) -> Float:
        """Market potential of the other cities."""
        return self.around(self.y, 0.9, mean=False)

    @cached_property
    def potential(self) -> Float:
        """Market potential."""
        area = self.v["land_area"]
        column = np.maximum.accumulate(np.where(np.isfinite(area), np.arange(area.shape[1]), 0), 1)
        own = 2.0 / 3.0 * np.sqrt(np.take_along_axis(area, column, axis=1) / np.pi)
        return self.foreign + self.y / own


OF_TOTAL: dict[str, Callable[..., Float]] = {
    "employment_share": partial(over, per=100.0),
    "employment_quotient": quotient,
}
KINDS: dict[str, Callable[..., Float]] = {
    "ratio": over,
    "share": partial(over, per=100.0),
    "log_growth": growth,
    "log_relative": relative,
    "log_level": np.log,
    "log_ratio": lambda x, y: np.log(x / y),
    "location_quotient": quotient,
    "value": lambda x, per=1.0: per * x,
    "change": lambda x, years=1, per=1.0: per * (x - back(x, years)),
    "layered_upgrading": layered,
}
FORMULAS: dict[str, Callable[[Shared], Float]] = {
    "ict_employment_share": lambda s: np.where(
        np.isfinite(s.v["ict_employment_share"]),
        100.0 * s.v["ict_employment_share"],
        100.0 * s.v["employment_ict"] / s.total,
    ),
    "digital_finance_growth": lambda s: (
        relative(s.v["digital_finance_index"]) - back(relative(s.v["digital_finance_index"]), 1)
    ),
    "base_stations_5g_per_10k": lambda s: np.where(
        s.grid.years >= 2019, 1e4 * s.v["base_stations_5g"] / s.v["population"], np.nan
    ),
    "neighbours_ict_share": lambda s: s.around(100.0 * s.v["employment_ict"] / s.total),
    "neighbours_digital_finance": lambda s: s.around(relative(s.v["digital_finance_index"])),
    "log_output_per_head": lambda s: relative(s.y / s.v["population"]),
    "log_output_per_worker": lambda s: relative(s.y / s.v["employment"]),
    "output_per_land_area": lambda s: relative(s.y / s.v["land_area"]),
    "neighbours_output_per_head": lambda s: s.around(relative(s.y / s.v["population"])),
    "neighbours_gap": lambda s: s.gap_around,
    "gap_less_neighbours": lambda s: s.gap - s.gap_around,
    "market_potential": lambda s: relative(s.potential),
    "foreign_market_potential": lambda s: relative(s.foreign),
    "science_spending_log_growth": lambda s: (
        100.0 * (s.v["science_spending_log"] - back(s.v["science_spending_log"], 1))
    ),
    "science_spending_log_per_head": lambda s: relative(
        np.exp(s.v["science_spending_log"]) / s.v["population"]
    ),
    "carbon_intensity_growth": lambda s: growth(s.v["co2"] / s.v["gdp_real"]),
    "deflator_growth": lambda s: growth(s.v["gdp_nominal"] / s.v["gdp_real"]),
    "registered_unemployment": lambda s: (
        100.0
        * s.v["registered_unemployed"]
        / (s.v["registered_unemployed"] + s.v["unit_employment"] + s.v["private_employment"])
    ),
    "urbanisation": lambda s: (
        100.0
        * np.where(
            np.isfinite(s.v["urbanisation"]),
            s.v["urbanisation"],
            s.v["urban_population"] / s.v["population"],
        )
    ),
    "sector_imbalance": lambda s: theil([s.v[n] for n in SHARES], [s.v[n] for n in STAFF]),
    "sector_imbalance_published": lambda s: np.where(
        np.isfinite(s.v["theil_index"]),
        s.v["theil_index"],
        np.where(
            np.isfinite(s.v["theil_reciprocal"]),
            1 / s.v["theil_reciprocal"],
            -s.v["theil_negative"],
        ),
    ),
    "producer_services_location_quotient": lambda s: quotient(s.services, s.total),
    "manufacturing_services_coagglomeration": lambda s: together(
        quotient(s.v["employment_manufacturing"], s.total), quotient(s.services, s.total)
    ),
    "manufacturing_ict_coagglomeration": lambda s: together(
        quotient(s.v["employment_manufacturing"], s.total),
        quotient(s.v["employment_ict"], s.total),
    ),
    "ict_services_coagglomeration": lambda s: together(
        quotient(s.v["employment_ict"], s.total),
        quotient(s.services - s.v["employment_ict"], s.total),
    ),
    "industry_hhi": lambda s: (s.shares**2).sum(axis=0),
    "industry_entropy": lambda s: -(s.shares * np.log(s.shares)).sum(axis=0),
    "unrelated_variety": lambda s: -sum(whole * np.log(whole) for _, whole in s.broad),
    "related_variety": lambda s: sum(
        (part * np.log(whole / part)).sum(axis=0) for part, whole in s.broad
    ),
    "krugman_specialisation": lambda s: np.abs(s.shares - s.nation[:, None]).sum(axis=0),
    "relatedness_density_present": lambda s: s.densities[0],
    "relatedness_density_absent": lambda s: s.densities[1],
    "log_urban_density": lambda s: np.log(1e4 * s.v["urban_population"] / urban_land(s.v)),
    "output_per_built_up_area": lambda s: relative(s.y / urban_land(s.v)),
    "gap": lambda s: s.gap,
    **{f"gap_lag{n}": lambda s, n=n: back(s.gap, n) for n in (1, 2, 3, 4)},
    **{f"gap_mean{n}": lambda s, n=n: s.window(n, np.mean) for n in (2, 3)},
    "gap_mean5": lambda s: s.window(5, np.nanmean),
    "gap_sd5": lambda s: s.window(5, partial(np.nanstd, ddof=1)),
    "gap_min5": lambda s: s.window(5, np.nanmin),
    "gap_max5": lambda s: s.window(5, np.nanmax),
    "gap_median5": lambda s: s.window(5, np.nanmedian),
    **{f"gap_cumulative{n}": lambda s, n=n: gap_over(s.y, n) for n in (2, 3)},
    "province_gap": lambda s: s.province_gap,
    "province_gap_lag1": lambda s: back(s.province_gap, 1),
    "province_gap_mean3": lambda s: (
        (s.province_gap + back(s.province_gap, 1) + back(s.province_gap, 2)) / 3.0
    ),
    "gap_less_province": lambda s: s.gap - s.province_gap,
}


def theil(outputs: list[Float], staff: list[Float]) -> Float:
    """Theil index of the balance of sectors."""
    y, people = np.stack(outputs) / sum(outputs), np.stack(staff) / sum(staff)
    return (y * np.log(y / people)).sum(axis=0)


def urban_land(v: Any) -> Float:
    """Built-up area, else construction land."""
    return np.where(np.isfinite(v["built_up_area"]), v["built_up_area"], v["construction_land"])
