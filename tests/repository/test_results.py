"""The tables of the READMEs are those of the committed results."""

from __future__ import annotations

import subprocess
import sys

import pandas as pd
import pytest

from places import ROOT

EXPERIMENTS = sorted(path.parent.name for path in ROOT.glob("experiments/*/results.csv"))


def test_every_experiment_has_results():
    assert set(EXPERIMENTS) == {p.parent.name for p in ROOT.glob("experiments/*/experiment.toml")}


def test_readme_tables_are_made_of_the_committed_results():
    script = [sys.executable, str(ROOT / "scripts/results_table.py"), "--check"]
    done = subprocess.run(script, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize("name", EXPERIMENTS)
def test_results_hold_no_city(name):
    results = pd.read_csv(ROOT / "experiments" / name / "results.csv", dtype={"level": str})
    assert "city" not in results
    if "slice" in results:
        assert {"all", "year"} <= set(results["slice"])
        groups = results[results["slice"].str.startswith("group:")]
        assert (groups.loc[groups["mae"].notna(), "n"] > 1).all()
    else:
        assert (results["n"] > 100).all()  # a shock is scored over all of its cities
