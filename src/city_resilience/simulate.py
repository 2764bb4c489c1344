"""A simulated panel of made-up cities, with a known law behind every growth gap.

The law
-------
With standard scores ``z`` of latent series that are independent of each other and follow AR(1)
processes (mean 0, variance 1), the gap of city i in year t + 1, in percentage points, is

    u = OWN_PAST * gap_t
        + ICT * z_ict + SHOCK_ICT * z_ict * [year t + 1 is a national contraction]
        + PATENTS * z_patents
        + INTEGRATION * z_ict * z_industry
        + NOISE * normal
    gap_t+1 = u - 100 ln(sum of w exp(u / 100)),   w = the cities' shares in output of year t

so that output-weighted growth over the cities is the national path exactly. The panel shows the
latent series only through what a yearbook would print: staff in information services over staff
of urban units is a log-normal function of ``z_ict``, patents per head of ``z_patents``, the
secondary share of GDP a linear function of ``z_industry``. Every other column is unrelated to the
gap: manufacturing staff, the digital finance index (which starts late), green patents (which stop
early), students.

``noise_only`` draws the same columns and makes every gap independent noise.
"""

from __future__ import annotations

import argparse
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Int, Mask, Strings
from city_resilience.catalogue.variables import load_catalogue

# fmt: off
__all__ = [
    "BURN_IN", "CARRIERS", "PLANTED", "REGIONS", "Simulated", "ar1", "centred", "dealt_provinces",
    "keyed_frame", "made_up_names", "simulate_panel", "with_headers",
]
# fmt: on


OWN_PAST = 0.35
ICT = 1.0
SHOCK_ICT = 1.5
PATENTS = 0.8
INTEGRATION = 0.5
NOISE = 1.5
NOISE_ONLY = 2.5

PERSISTENCE = MappingProxyType(
    {
        "ict": 0.8,
        "patents": 0.8,
        "industry": 0.9,
        "manufacturing": 0.9,
        "green": 0.8,
        "students": 0.95,
        "finance": 0.8,
    }
)
BURN_IN = 10
DIGITS = MappingProxyType({"gdp_real": 6})
HORIZONS = (1, 2, 3)

PLANTED: Mapping[str, str] = MappingProxyType(
    {
        "gap": f"{OWN_PAST} pp per pp of last gap",
        "ict_employment_share": (
            f"{ICT} pp per standard deviation of its logarithm, {ICT + SHOCK_ICT} pp in the two "
            "contractions"
        ),
        "patents_per_10k": f"{PATENTS} pp per standard deviation of its logarithm",
        "secondary_share": f"only with ICT: {INTEGRATION} pp per product of standard deviations",
    }
)
"""Indicators that drive the simulated gap, and how."""

CARRIERS: Mapping[str, tuple[str, ...]] = MappingProxyType(
    {
        "gap": (
            *(f"gap_lag{lag}" for lag in (1, 2, 3, 4)),
            *(f"gap_{name}" for name in ("mean2", "mean3", "mean5", "median5", "min5", "max5")),
            *("gap_cumulative2", "gap_cumulative3", "gap_less_province"),
        ),
        "ict_employment_share": (
            "ict_location_quotient",
            "manufacturing_ict_coagglomeration",
            "digital_index",
        ),
        "patents_per_10k": ("patents_growth", "green_patent_share", "innovation_index"),
        "secondary_share": (
            *("secondary_share_change1", "secondary_share_change3"),
            *("tertiary_share", "tertiary_share_change1", "tertiary_share_change3"),
            "structure_upgrading",
        ),
    }
)
"""For each planted indicator, others that are functions of the same columns."""

# fmt: off
_FIRST = ("Vel", "Tor", "Bra", "Quil", "Dra", "Fen", "Gor", "Hesk", "Jes", "Kel",
          "Lor", "Mab", "Nim", "Osk", "Pel", "Rus", "Sil", "Tre", "Ulm", "Wex")
_MIDDLE = ("", "na", "lo", "ri", "se", "vo", "tha", "mi")
_LAST = ("mora", "dara", "quell", "drith", "zane", "thul", "vash",
         "oria", "benn", "fyre", "gast", "lune", "mirr", "nex")
_PROVINCES = ("Ardeth", "Borwyn", "Caldrix", "Dorune", "Elvast", "Farrow", "Gilmere",
              "Hathor", "Ivorne", "Joskel", "Krevin", "Lystra", "Morvane", "Nethys",
              "Orlune", "Pyrrell", "Quorra", "Rethmar", "Sylvane", "Tavrix")
# fmt: on
REGIONS = ("North", "South", "East", "West")


@dataclass(frozen=True)
class Simulated:
    """A simulated panel and the truth behind it.

    Attributes
    ----------
    frame : DataFrame
        Columns city, year, province, region, size_class, then catalogue ids in catalogue units;
        one row per city and year, sorted.
    truth : DataFrame
        Columns city, origin, horizon, pp. ``expected_gap``: expectation of the growth gap given
        the latent state of the origin year and the calendar of contractions;
        ``foreseeable_gap``: the same for one who expects no contraction after the origin, as
        nothing in the panel announces one.
    contractions : tuple of int
        Years in which the nation shrank.
    """

    frame: pd.DataFrame
    truth: pd.DataFrame
    contractions: tuple[int, ...]

    def expected_gap(self, origin: int, horizon: int, *, calendar: bool = True) -> pd.Series:
        """Return the expected gap at one origin and horizon by city, pp.

        Parameters
        ----------
        origin, horizon : int
        calendar : bool
            Whether contractions after the origin are known, see ``truth``.

        Raises
        ------
        KeyError
            If the origin or the horizon was not simulated.
        """
        rows = self.truth[(self.truth["origin"] == origin) & (self.truth["horizon"] == horizon)]
        if rows.empty:
            raise KeyError(f"no truth for origin {origin}, horizon {horizon}")
        return rows.set_index("city")["expected_gap" if calendar else "foreseeable_gap"]


def simulate_panel(
    cities: int = 280,
    first_year: int = 2000,
    years: int = 20,
    seed: int = 0,
    *,
    noise_only: bool = False,
) -> Simulated:
    """Simulate a panel of made-up cities; see the module for the law.

    Parameters
    ----------
    cities, first_year, years : int
        Size of the panel; at least 2 cities and 4 years.
    seed : int
        Seed of the generator; the same seed gives the same panel.
    noise_only : bool
        Make every gap independent noise that no column and no past tells anything about.

    Raises
    ------
    ValueError
        If the panel would be too small.
    """
    if cities < 2 or years < 4:
        raise ValueError(f"needs at least 2 cities and 4 years, found {cities} and {years}")
    rng = np.random.default_rng(seed)
    latent = {name: ar1(rng, cities, years + BURN_IN, rho) for name, rho in PERSISTENCE.items()}
    shocks = np.zeros(years + BURN_IN + max(HORIZONS), dtype=bool)
    shocks[[BURN_IN + round(0.4 * years), BURN_IN + round(0.75 * years)]] = True
    population = 120.0 * np.exp(0.6 * rng.standard_normal(cities))
    wealth = np.exp(0.2 * rng.standard_normal(cities))
    output, gap = _output(rng, latent, shocks, population * wealth * 2.0, noise_only)
    names = np.array(made_up_names(rng, cities))
    columns = _columns(rng, {name: z[:, BURN_IN:] for name, z in latent.items()}, population)
    columns = {"gdp_real": output[:, BURN_IN:], **columns}
    calendar_years = np.arange(first_year, first_year + years)
    frame = keyed_frame(columns, names, calendar_years, dealt_provinces(rng, cities))
    known, unknown = (
        _expected(latent, calendar, output, gap, noise_only)
        for calendar in (shocks, np.zeros_like(shocks))
    )
    truth = _truth(names, calendar_years, known, unknown)
    contractions = tuple(
        int(first_year + at - BURN_IN) for at in np.flatnonzero(shocks[: BURN_IN + years])
    )
    return Simulated(frame, truth, contractions)


def with_headers(frame: pd.DataFrame) -> pd.DataFrame:
    """Return the frame with the headers of a data file: label and unit of the catalogue."""
    variables = load_catalogue().variables
    headers = {
        name: f"{variables[name].label_en} ({variables[name].unit})"
        for name in frame.columns
        if frame[name].dtype.kind == "f"
    }
    return frame.rename(columns=headers)


def ar1(rng: np.random.Generator, cities: int, years: int, rho: float) -> Float:
    """Draw series of mean 0 and variance 1, shape (cities, years)."""
    series = np.empty((cities, years))
    series[:, 0] = rng.standard_normal(cities)
    for year in range(1, years):
        fresh = rng.standard_normal(cities)
        series[:, year] = rho * series[:, year - 1] + np.sqrt(1 - rho**2) * fresh
    return series


def _driven(latent: Mapping[str, Float], year: int, shock: bool, ahead: int = 0) -> Float:
    """Return what the drivers of a year add to the next, or are expected to ``ahead`` later."""
    ict, patents, industry = (
        PERSISTENCE[name] ** ahead * latent[name][:, year]
        for name in ("ict", "patents", "industry")
    )
    return (ICT + SHOCK_ICT * shock) * ict + PATENTS * patents + INTEGRATION * ict * industry


def centred(push: Float, output: Float) -> Float:
    """Take out the output-weighted growth, so that the nation's gap is zero."""
    weights = output / output.sum()
    return np.asarray(push - 100.0 * np.log(np.sum(weights * np.exp(push / 100.0))))


def _output(
    rng: np.random.Generator,
    latent: Mapping[str, Float],
    shocks: Mask,
    start: Float,
    noise_only: bool,
) -> tuple[Float, Float]:
    """Return output and the gap that each year brought, both (cities, burn-in + years)."""
    shape = latent["ict"].shape
    output, gap = np.empty(shape), np.zeros(shape)
    output[:, 0] = start
    for year in range(1, shape[1]):
        noise = rng.standard_normal(shape[0])
        national = rng.normal(-2.5, 0.3) if shocks[year] else rng.normal(6.0, 0.8)
        driven = OWN_PAST * gap[:, year - 1] + _driven(latent, year - 1, bool(shocks[year]))
        push = np.asarray(NOISE_ONLY * noise if noise_only else driven + NOISE * noise)
        gap[:, year] = centred(push, output[:, year - 1])
        output[:, year] = output[:, year - 1] * np.exp((national + gap[:, year]) / 100.0)
    return output, gap


def _expected(
    latent: Mapping[str, Float],
    shocks: Mask,
    output: Float,
    gap: Float,
    noise_only: bool,
) -> dict[int, Float]:
    """Return the expected cumulative gap by horizon, (cities, burn-in + years) at the origin.

    Neglected is what the surprises add to the nation's growth: their mean, which shrinks with the
    number of cities, and half their variance, some hundredths of a point a year.
    """
    expected = {horizon: np.zeros(gap.shape) for horizon in HORIZONS}
    for year in range(gap.shape[1]):
        last, total = gap[:, year], np.zeros(gap.shape[0])
        for horizon in () if noise_only else HORIZONS:
            shock = bool(shocks[year + horizon])
            driven = _driven(latent, year, shock, ahead=horizon - 1)
            last = np.asarray(OWN_PAST * last + driven)
            total = total + last
            expected[horizon][:, year] = centred(total, output[:, year])
    return expected


def _truth(
    names: Strings,
    years: Int,
    known: Mapping[int, Float],
    unknown: Mapping[int, Float],
) -> pd.DataFrame:
    """Lay out the expectations with and without the calendar, burn-in left out."""
    parts = [
        pd.DataFrame(
            {
                "city": np.repeat(names, len(years)),
                "origin": np.tile(years, len(names)),
                "horizon": horizon,
                "expected_gap": known[horizon][:, BURN_IN:].ravel(),
                "foreseeable_gap": unknown[horizon][:, BURN_IN:].ravel(),
            }
        )
        for horizon in HORIZONS
    ]
    return pd.concat(parts).sort_values(["horizon", "origin", "city"], ignore_index=True)


def made_up_names(rng: np.random.Generator, cities: int) -> list[str]:
    """Draw names of cities, sorted; once all names are taken, they come again with a number."""
    names = [first + middle + last for middle in _MIDDLE for last in _LAST for first in _FIRST]
    rounds = -(-cities // len(names))
    names += [f"{name} {number}" for number in range(2, rounds + 1) for name in names]
    return sorted(rng.permutation(names[: max(cities, len(_FIRST) * len(_LAST))])[:cities].tolist())


def dealt_provinces(rng: np.random.Generator, cities: int) -> Int:
    """Deal the cities out among the provinces; the position of the province of each."""
    return rng.permutation(np.arange(cities) % len(_PROVINCES))


def keyed_frame(
    columns: Mapping[str, Float], names: Strings, years: Int, province: Int
) -> pd.DataFrame:
    """Lay out columns of shape (cities, years) under made-up keys, rounded as in a yearbook."""
    cities = len(names)
    start = columns["population"][:, 0]
    size = np.searchsorted(np.quantile(start, [1 / 3, 2 / 3]), start)
    frame = pd.DataFrame(
        {
            "city": np.repeat(names, len(years)),
            "year": np.tile(years, cities),
            "province": np.repeat(np.array(_PROVINCES)[province], len(years)),
            "region": np.repeat(np.array(REGIONS)[province % len(REGIONS)], len(years)),
            "size_class": np.repeat(np.array(["small", "medium", "large"])[size], len(years)),
        }
    )
    for name, array in columns.items():
        frame[name] = significant(array, DIGITS.get(name, 3)).ravel()
    return frame


def _columns(rng: np.random.Generator, z: Mapping[str, Float], start: Float) -> dict[str, Float]:
    """Return what the yearbook prints of the latent series, (cities, years) by catalogue id."""
    cities, years = z["ict"].shape
    time = np.arange(years)
    growth = 0.004 + 0.008 * rng.standard_normal((cities, 1))
    population = start[:, None] * np.exp(growth * time)
    staff = population * 0.12 * np.exp(0.2 * rng.standard_normal((cities, 1)))
    secondary = 0.42 - 0.004 * time + 0.06 * z["industry"]
    primary = 0.03 + 0.12 * rng.random((cities, 1)) * np.exp(-0.03 * time)
    columns = {
        "population": population,
        "unit_employment": staff,
        "employment_ict": staff * np.exp(np.log(0.015) + 0.5 * z["ict"]),
        "employment_manufacturing": staff * np.exp(np.log(0.25) + 0.35 * z["manufacturing"]),
        "patents_granted": population * np.exp(1.2 + 0.03 * time + 0.8 * z["patents"]),
        "green_patents": population * np.exp(-1.5 + 0.08 * time + 0.7 * z["green"]),
        "college_students": population * np.exp(np.log(0.015) + 0.02 * time + z["students"] / 2),
        "gdp_share_secondary": secondary,
        "gdp_share_tertiary": 1.0 - secondary - primary,
        "digital_finance_index": 60.0 + 6.0 * time + 8.0 * z["finance"],
    }
    columns["digital_finance_index"][:, : round(0.3 * years)] = np.nan
    columns["green_patents"][:, max(years - 2, 1) :] = np.nan
    for name, array in columns.items():
        if name not in ("population", "unit_employment"):
            array[rng.random(array.shape) < 0.01] = np.nan
    return columns


def significant(x: Float, digits: int) -> Float:
    """Round to significant digits, as a printed table does."""
    safe = np.where(np.isfinite(x) & (x != 0), np.abs(x), 1.0)
    scale = 10.0 ** (digits - 1 - np.floor(np.log10(safe)))
    return np.asarray(np.round(x * scale) / scale)


def main(arguments: list[str] | None = None) -> None:
    """Write a simulated panel as CSV: ``python -m city_resilience.simulate --out panel.csv``."""
    parser = argparse.ArgumentParser(
        prog="python -m city_resilience.simulate", description=main.__doc__
    )
    parser.add_argument("--out", type=Path, required=True, help="CSV file to write")
    parser.add_argument("--cities", type=int, default=280)
    parser.add_argument("--first-year", type=int, default=2000)
    parser.add_argument("--years", type=int, default=20)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--noise-only", action="store_true", help="gaps that nothing explains")
    options = vars(parser.parse_args(arguments))
    out = options.pop("out")
    frame = with_headers(simulate_panel(**options).frame)
    frame.to_csv(out, index=False, float_format="%.6g", encoding="utf-8", lineterminator="\n")
    print(f"{out}: {len(frame)} rows, simulated, made-up cities")


if __name__ == "__main__":
    main()
