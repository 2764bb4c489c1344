"""Time and memory of all indicators, beside the same arithmetic written directly in numpy.

Usage: python benchmarks/indicators.py [CITIES YEARS]    (default: 10000 50)

A made grid has every variable of the catalogue. The direct way (`indicators_direct.py`) computes
each formula in a line or two and every intermediate result once, without reasons for what is
missing and with few checks, and fills an array of the same shape; both must agree. They take
turns, three times, and the fastest run of each counts. Memory is the peak of a process that makes
the grid and the indicators, less that of one that only imports the package. What goes over pairs
of industries or of cities is also given apart.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator

import numpy as np
from indicators_direct import direct

from city_resilience.arrays import Float
from city_resilience.catalogue.industries import industry_ids
from city_resilience.catalogue.variables import load_catalogue
from city_resilience.indicators.compute import compute_indicators
from city_resilience.indicators.table import load_table
from city_resilience.reading.panel import Grid

RUNS = 3


def main() -> None:
    """Print seconds, ratios and peak memory."""
    cities, years = map(int, sys.argv[1:3] if len(sys.argv) > 2 else (10_000, 50))
    if len(sys.argv) > 3:
        if sys.argv[3] != "nothing":
            way = {"table": through_table, "direct": direct}[sys.argv[3]]
            way(made_grid(cities, years), [spec.id for spec in load_table()])
        print(high_water())
        return
    print(f"{cities:,} cities × {years} years, {len(load_table())} indicators")
    show_memory(cities, years)  # first: a child's peak counts from what its parent holds
    grid = made_grid(cities, years)
    for label, wanted in sections():
        table, by_hand = compared(grid, wanted)
        print(f"{label}: {table:.2f} s, direct {by_hand:.2f} s, ratio {table / by_hand:.2f}")


def show_memory(cities: int, years: int) -> None:
    """Print the peaks of processes of their own beside the size of the input."""
    variables = len(made_grid(2, years).values)
    size, indicators = (8e-6 * cities * years * count for count in (variables, len(load_table())))
    print(f"input: {variables} variables, {size:,.0f} MB; indicators {indicators:,.0f} MB")
    base = peak_of("nothing", cities, years)
    for way in ("table", "direct"):
        used = peak_of(way, cities, years) - base
        print(
            f"{way}: peak {used:,.0f} MB with input and indicators, {used / size:.2f} × the input"
        )


def sections() -> Iterator[tuple[str, list[str]]]:
    """Yield the whole table and its parts."""
    ids = [spec.id for spec in load_table()]
    pairs = [name for name in ids if "relatedness" in name]
    places = [name for name in ids if "neighbours" in name or "market_potential" in name]
    yield "all", ids
    yield "all but the two below", [name for name in ids if name not in (*pairs, *places)]
    yield "relatedness density", pairs
    yield "neighbours and market potential", places


def made_grid(cities: int, years: int) -> Grid:
    """Every variable of the catalogue; 3 % of the cells are unknown."""
    rng = np.random.default_rng(0)
    ids = [v.id for v in load_catalogue().variables.values() if v.family != "key"]
    values = {name: rng.lognormal(1.0, 0.4, (cities, years)) for name in ids}
    values["unit_employment"] = 1.02 * sum(values[name] for name in industry_ids())
    values["theil_negative"] *= -1.0
    values["invention_patents"] = 0.2 * values["patents_granted"]
    for array in values.values():
        array.flat[rng.integers(0, array.size, array.size // 33)] = np.nan
    places = np.column_stack([rng.uniform(80, 125, cities), rng.uniform(22, 48, cities)])
    province = np.array([f"province {at % 31}" for at in range(cities)])
    names = tuple(f"city {at:05d}" for at in range(cities))
    return Grid(names, np.arange(2025 - years, 2025), values, province, places)


def compared(grid: Grid, wanted: list[str]) -> tuple[float, float]:
    """Return the seconds of the table and of the direct way, which must agree."""
    seconds: dict[str, list[float]] = {"table": [], "direct": []}
    samples = {}
    for _ in range(RUNS):
        for name, way in (("table", through_table), ("direct", direct)):
            started = time.perf_counter()
            indicators = way(grid, wanted)
            seconds[name].append(time.perf_counter() - started)
            samples[name] = indicators[:: len(indicators) // 50 or 1].copy()
            del indicators
    check(wanted, **samples)
    return min(seconds["table"]), min(seconds["direct"])


def check(wanted: list[str], table: Float, direct: Float) -> None:
    """Stop where the two ways differ."""
    for at, name in enumerate(wanted):
        first, second = table[..., at], direct[..., at]
        if not np.allclose(first, second, rtol=1e-6, atol=1e-8, equal_nan=True):
            sys.exit(f"benchmarks/indicators.py: the two ways differ in {name}")


def through_table(grid: Grid, wanted: list[str]) -> Float:
    """Compute indicators as the product does."""
    known = load_catalogue().variables
    chosen = set(wanted)
    exclude = [spec.id for spec in load_table() if spec.id not in chosen]
    variables = {name: known[name] for name in grid.values}
    return compute_indicators(grid, "gdp_real", variables, exclude=exclude).values


def peak_of(way: str, cities: int, years: int) -> float:
    """Peak memory of a process of its own, MB."""
    words = [sys.executable, __file__, str(cities), str(years), way]
    return float(subprocess.run(words, capture_output=True, text=True, check=True).stdout)


def high_water() -> float:
    """Peak memory of this process, MB."""
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / (1e6 if sys.platform == "darwin" else 1e3)


if __name__ == "__main__":
    main()
