"""Both rules for intervals on the same forecasts, and the bands of groups' totals.

    python benchmarks/interval_rules.py EXPERIMENT [--data CSV]

By horizon and rule: share of outcomes inside 90 % intervals in the worst year and over all years,
mean width, that of ``year`` over that of ``split``, and interval score; the same of ``largest``, a
width that held in every known year, which no rule made of earlier years exceeds. Then the totals of
provinces, or of the first group, by year.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from unittest.mock import patch

import pandas as pd

from city_resilience.commands.source import load
from city_resilience.evaluation.backtest import run_backtest
from city_resilience.evaluation.checks import scored_origins
from city_resilience.evaluation.interval_scores import score_intervals
from city_resilience.evaluation.served_intervals import Past, served_intervals
from city_resilience.evaluation.sums import score_sums
from city_resilience.models import intervals
from city_resilience.models.conformal import year_quantile

SHOWN = ["worst_year", "worst_coverage", "coverage", "width", "interval_score", "coverage_80"]


def largest(absolute: pd.Series, origin: pd.Series, coverage: float) -> float:
    """Return the largest of the years' quantiles."""
    return year_quantile(absolute, origin, coverage, held=1.0)


def by_year(table: pd.DataFrame) -> str:
    """Lay out the coverage of each year."""
    found = table.pivot_table(index="horizon", columns="level", values="coverage")
    return str(found.round(2).to_string())


def main() -> None:
    """Print the tables."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", maxsplit=1)[0])
    parser.add_argument("experiment")
    parser.add_argument("--data", type=Path)
    asked = parser.parse_args()
    source = load(Path("experiments") / asked.experiment / "experiment.toml", asked.data)
    dataset, scored = source.dataset, scored_origins(source.dataset, source.experiment)
    found = run_backtest(dataset, source.experiment)
    tables = {"split": score_intervals(found.intervals)}
    past = Past(dataset, "year")
    tables["year"] = score_intervals(served_intervals(past, found.served, scored))
    with patch.object(intervals, "year_quantile", largest):
        tables["largest"] = score_intervals(served_intervals(past, found.served, scored))
    for name, table in tables.items():
        every = table[table["slice"] == "all"].set_index("horizon")
        ratio = every["width"] / tables["split"].query("slice == 'all'").set_index("horizon").width
        print(f"{name}\n{every[SHOWN].assign(ratio=ratio).round(3).to_string()}")
        years = table[table["slice"] == "year"]
        print(by_year(years))
    sums = score_sums(found.sums)
    print(sums[sums["slice"] == "all"].round(3).to_string())
    years = sums[sums["slice"] == "year"]
    print(by_year(years))


if __name__ == "__main__":
    main()
