"""Time and memory of features of made-up panels of 10,000 to 10,000,000 rows, beside DuckDB.

Run ``python benchmarks/features_scale.py [ROWS …] [--csv PATH]``. Each size is made once on disk:
20 variables at random over 20 years, 3 % of the cells missing, a province for every 300 cities; as
arrays in files, and what the query needs as a table of DuckDB. Then each of these runs in a process
of its own:

- ``five``: five features of every city at the newest year, in batches of cities: the growth gap of
  the year before, the mean gap of five years, a location quotient, relative size, and the gap of
  the province.
- ``query``: the same five by one hand-written query of DuckDB.
- ``all``: every indicator that the panel offers, as value and rank within the year.

The features of both are compared. Processor seconds count, without those of imports and of loading
the tables of the package; the exponents are slopes of their logarithm over that of the rows.
10,000,000 rows take 3 GB of disk.
"""

from __future__ import annotations

import argparse
import json
import platform
import resource
import subprocess
import sys
import tempfile
import time
from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np

YEARS = 20
VARIABLES = (
    *("gdp_real", "telecom_revenue", "population", "gdp_nominal", "loans", "land_area"),
    *("patents_granted", "broadband_subscribers", "mobile_subscribers", "software_revenue"),
    *("retail_sales", "fixed_asset_investment", "trade", "fiscal_expenditure", "fiscal_revenue"),
    *("deposits", "wage", "college_students", "graduates", "unit_employment"),
)
FIVE = ("gap_lag1", "gap_mean5", "telecom_relative", "log_size", "province_gap")
SIZES = (10_000, 100_000, 1_000_000, 10_000_000)
_BLOCK = 50_000

QUERY = """
CREATE TABLE found AS
WITH steps AS (
  SELECT *, lag(gdp) OVER (PARTITION BY city ORDER BY year) AS before FROM panel
), nation AS (
  SELECT year, ln(sum(gdp) FILTER (before > 0) / sum(before) FILTER (gdp > 0)) AS growth,
    avg(gdp) AS mean_gdp,
    sum(telecom) FILTER (people > 0) / sum(people) FILTER (telecom IS NOT NULL) AS per_head
  FROM steps GROUP BY year
), provinces AS (
  SELECT year, province, ln(sum(gdp) FILTER (before > 0) / sum(before) FILTER (gdp > 0)) AS growth
  FROM steps GROUP BY year, province
), gaps AS (
  SELECT city, year, province, gdp, telecom, people, 100 * (ln(gdp / before) - growth) AS gap,
    mean_gdp, per_head, growth
  FROM steps JOIN nation USING (year) WHERE year >= 2015
), windows AS (
  SELECT *, lag(gap) OVER (PARTITION BY city ORDER BY year) AS gap_lag1,
    CASE WHEN count(gap) OVER five >= 3 THEN avg(gap) OVER five END AS gap_mean5
  FROM gaps WINDOW five AS (PARTITION BY city ORDER BY year ROWS 4 PRECEDING)
)
SELECT city, gap_lag1, gap_mean5, telecom / people / per_head AS telecom_relative,
  ln(gdp / mean_gdp) AS log_size,
  CASE WHEN gdp IS NOT NULL THEN 100 * (provinces.growth - windows.growth) END AS province_gap
FROM windows JOIN provinces USING (year, province) WHERE year = 2019 ORDER BY city
"""


def make(folder: Path, rows: int) -> None:
    """Write a made-up panel: an array of shape (cities, years) for each variable, and a table."""
    import duckdb
    import pandas as pd

    cities = rows // YEARS
    rng = np.random.default_rng(0)
    for name in VARIABLES:
        with (folder / name).open("wb") as file:
            for start in range(0, cities, _BLOCK):
                shape = (min(_BLOCK, cities - start), YEARS)
                steps = rng.normal(0.05, 0.05, shape)
                steps[:, 0] += rng.normal(3.0, 1.0, shape[0])
                level = np.exp(np.cumsum(steps, axis=1))
                level[rng.random(shape) < 0.03] = np.nan
                level.tofile(file)
    np.save(folder / "province.npy", rng.integers(0, max(cities // 300, 2), cities))
    with duckdb.connect(str(folder / "table.duckdb")) as table:
        province = np.load(folder / "province.npy")
        for start in range(0, cities, _BLOCK):
            own = np.arange(start, min(start + _BLOCK, cities))
            part = pd.DataFrame(
                {
                    "city": np.repeat(_names(own[0], own[-1] + 1), YEARS),
                    "year": np.tile(np.arange(2000, 2000 + YEARS), len(own)),
                    "province": np.repeat(_provinces(province[own]), YEARS),
                    "gdp": _array(folder, "gdp_real", cities)[own].ravel(),
                    "telecom": _array(folder, "telecom_revenue", cities)[own].ravel(),
                    "people": _array(folder, "population", cities)[own].ravel(),
                }
            )
            part = part.astype({"city": object, "province": object})
            how = "INSERT INTO panel" if start else "CREATE TABLE panel AS"
            table.register("part", part)
            table.execute(f"{how} SELECT * FROM part")


def _array(folder: Path, name: str, cities: int) -> Any:
    return np.memmap(folder / name, np.float64, "r", shape=(cities, YEARS))


def _names(first: int, end: int) -> list[str]:
    return [f"c{number:08}" for number in range(first, end)]


def _provinces(numbers: Any) -> Any:
    return np.array([f"p{number:05}" for number in range(numbers.max() + 1)])[numbers]


def in_batches(folder: Path, *, every: bool) -> None:
    """Build features of every city at the newest year, and write them."""
    import scipy.sparse  # noqa: F401

    from city_resilience.batches.cities import CityBatches
    from city_resilience.batches.indicators import WholePanel
    from city_resilience.batches.rows import batched_rows
    from city_resilience.catalogue.variables import load_catalogue
    from city_resilience.experiment.load import experiment_from
    from city_resilience.indicators.table import load_indices, load_table
    from city_resilience.reading.panel import Grid
    from city_resilience.tasks.features import FeatureSpec

    values = {"name": "scale", "evaluation": {"first_origin": 2010}}
    experiment = experiment_from(values, "scale")
    province = np.load(folder / "province.npy")
    cities = len(province)
    variables = {name: load_catalogue().variables[name] for name in VARIABLES}
    load_table(), load_indices()
    begun = time.process_time()
    grid = Grid(
        tuple(_names(0, cities)),
        np.arange(2000, 2000 + YEARS),
        {name: _array(folder, name, cities) for name in VARIABLES},
        _provinces(province),
    )
    with tempfile.TemporaryDirectory(dir=folder) as scratch:
        panel = WholePanel(CityBatches(grid, variables), experiment, Path(scratch))
        names = _offered(grid, variables) if every else list(FIVE)
        forms = ("value", "rank") if every else ("value",)
        columns = tuple((name, form) for form in forms for name in names)
        none = dict.fromkeys(names, 0)
        spec = FeatureSpec(columns, none, none)
        rows = batched_rows(panel, [spec])
        with (folder / "found").open("wb") as file:
            for start in range(0, len(rows.cities), 4096):
                rows.part(slice(start, start + 4096)).features(spec).tofile(file)
        np.save(folder / "cities.npy", rows.cities)
    _tell(begun, len(columns))


def _offered(grid: Any, variables: Any) -> list[str]:
    """Return the ids of the indicators that some of the cities have."""
    from city_resilience.indicators.compute import compute_indicators

    return list(compute_indicators(grid.of(slice(0, 500)), "gdp_real", variables).ids)


def by_query(folder: Path) -> None:
    """Let DuckDB make the five features."""
    import duckdb

    begun = time.process_time()
    with duckdb.connect(str(folder / "table.duckdb")) as table:
        table.execute(QUERY)
    _tell(begun, len(FIVE))


def _tell(begun: float, columns: int) -> None:
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    own = {"seconds": time.process_time() - begun, "peak_mb": peak, "columns": columns}
    print(json.dumps(own))


def compare(folder: Path) -> None:
    """Hold both results of the five against each other."""
    import duckdb

    found = np.fromfile(folder / "found").reshape(-1, len(FIVE))
    with duckdb.connect(str(folder / "table.duckdb")) as table:
        known = table.execute("SELECT * FROM found").fetchnumpy()
        table.execute("DROP TABLE found")
    rows = np.load(folder / "cities.npy")
    for k, name in enumerate(FIVE):
        expected = np.ma.filled(known[name].astype(float), np.nan)[rows]
        own = found[:, k]
        at_origin = np.isfinite(np.ma.filled(known["log_size"].astype(float), np.nan)[rows])
        np.testing.assert_allclose(own[at_origin], expected[at_origin], rtol=1e-6, atol=1e-7)


def _run(step: str, folder: Path, rows: int) -> dict[str, float]:
    begun = time.perf_counter()
    call = [sys.executable, __file__, "--step", step, "--folder", str(folder), str(rows)]
    out = subprocess.run(call, check=True, stdout=subprocess.PIPE, text=True).stdout
    wall = time.perf_counter() - begun
    return {**json.loads(out), "wall": wall} if out else {}


def main() -> None:
    """Run the sizes and print the table and the exponents."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("rows", nargs="*", type=int, default=list(SIZES))
    parser.add_argument("--csv", type=Path)
    parser.add_argument("--step", help=argparse.SUPPRESS)
    parser.add_argument("--folder", type=Path, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    steps = {
        "make": lambda: make(asked.folder, asked.rows[0]),
        "five": lambda: in_batches(asked.folder, every=False),
        "query": lambda: by_query(asked.folder),
        "compare": lambda: compare(asked.folder),
        "all": lambda: in_batches(asked.folder, every=True),
    }
    if asked.step:
        steps[asked.step]()
        return
    lines = []
    for rows in asked.rows:
        with tempfile.TemporaryDirectory() as folder:
            found = {step: _run(step, Path(folder), rows) for step in steps}
        for step in ("five", "query", "all"):
            lines.append({"rows": rows, "what": step, **found[step]})
            print(f"{rows:>11,} {step:6}", *(f"{k} {v:,.2f}" for k, v in found[step].items()))
        ratio = found["five"]["seconds"] / found["query"]["seconds"]
        print(f"{rows:>11,} five / query {ratio:.2f}", flush=True)
    for step in ("five", "query", "all"):
        own = [(line["rows"], line["seconds"]) for line in lines if line["what"] == step]
        if len(own) > 1:
            print(f"exponent of {step}: {np.polyfit(*np.log(np.array(own)).T, 1)[0]:.3f}")
    if asked.csv:
        _write(asked.csv, lines)


def _write(path: Path, lines: list[dict[str, Any]]) -> None:
    import pandas as pd

    packages = ", ".join(f"{name} {version(name)}" for name in ("numpy", "pandas", "duckdb"))
    machine = f"{platform.machine()}, Python {platform.python_version()}, {packages}"
    pd.DataFrame(lines).assign(machine=machine).round(3).to_csv(path, index=False)


if __name__ == "__main__":
    main()
