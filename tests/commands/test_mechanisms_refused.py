"""What the verb mechanisms refuses by name on a planted panel, each with the way out."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import pytest

from city_resilience.commands.main import run
from city_resilience.mechanisms.run import read_mechanisms

pytest.importorskip("linearmodels")
pytest.importorskip("diff_diff")
pytestmark = [pytest.mark.tracking, pytest.mark.usefixtures("copied_stores")]

CITIES, YEARS = 60, range(2005, 2011)
EXPERIMENT = """
name = "planted"
[data.columns]
Free = { family = "digital" }
Index = { family = "digital" }
Steady = { family = "digital" }
Short = { family = "digital" }
Twin = { family = "control" }
Zone = { family = "policy" }
[evaluation]
first_origin = 2007
[mechanisms]
draws = 20
lags = [1]
controls = ["Twin"]
mediators = ["carbon_intensity"]
pilots = ["Zone"]
[mechanisms.treatments]
free = { components = { Free = 1 } }
index = { components = { Index = 1 } }
steady = { components = { Steady = 1 } }
short = { components = { Short = 1 } }
"""


def planted() -> pd.DataFrame:
    """Sixty places in four provinces, with a column of each fault."""
    draw, n = np.random.default_rng(0), len(YEARS)
    keys = [(f"P{i % 4}", f"C{i:02d}", year) for i in range(CITIES) for year in YEARS]
    table = pd.DataFrame(keys, columns=["province", "city", "year"])
    table["gdp_real"] = np.exp(draw.normal(5, 0.1, len(table)))
    table["co2_emissions"] = draw.uniform(1, 2, len(table))
    table["Index"] = draw.normal(size=len(table))
    table["Free"] = draw.normal(size=len(table))
    table["Twin"] = 2 * table["Index"] + 1
    table["Steady"] = np.repeat(draw.normal(size=CITIES), n)
    table["Short"] = draw.normal(size=len(table))
    table.loc[table["year"] > YEARS[1], "Short"] = np.nan
    table["Zone"] = ((table["city"] < "C04") & (table["year"] >= YEARS[3])).astype(int)
    return table


@pytest.fixture(scope="module")
def refused(tmp_path_factory: pytest.TempPathFactory) -> Mapping[str, Mapping[str, Any]]:
    folder = tmp_path_factory.mktemp("refused")
    planted().to_csv(folder / "panel.csv", index=False)
    path = folder / "experiment.toml"
    path.write_text(EXPERIMENT, "utf-8")
    words = ["--out", str(folder / "out"), "--store", str(folder / "store")]
    parts = ["--only", "baseline,channels,timing"]
    assert run(["mechanisms", str(path), "--data", str(folder / "panel.csv"), *words, *parts]) == 0
    found = read_mechanisms(folder / "out")["parts"].values()
    return {f"{one['reason']} {one['about']}": one for part in found for one in part["refused"]}


@pytest.mark.parametrize(
    ("name", "found", "way_out"),
    [
        ("few_clusters growth_gap, free", "4 provinces", "add a province column"),
        ("few_years growth_gap, short, alone", "2 years", "name a treatment or an outcome with"),
        ("few_treated growth_gap, Zone", "4 places by 2009", "a policy that more places joined"),
        ("no_variation growth_gap, steady, alone", "steady", "a treatment that changes over time"),
        ("component growth_gap, index, carbon_intensity", "gdp_real", "name another mediator"),
        ("collinear growth_gap, index, controls", "Twin", "drop one of them"),
    ],
)
def test_it_is_refused_by_name_with_the_figure_and_the_way_out(refused, name, found, way_out):
    assert refused[name]["found"] == found
    assert way_out in refused[name]["way_out"]
    assert refused[name]["what"]
