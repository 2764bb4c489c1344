"""Committed figures: which are repeated, and that a difference is found."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pandas as pd
import pytest

from places import ROOT


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "scripts"))
    import repeat_results

    return repeat_results


def test_panels_that_are_committed_are_repeated_and_the_private_ones_said(script):
    names = [path.parent.name for path in ROOT.glob("experiments/*/experiment.toml")]
    public = {name for name in names if script.is_public(ROOT / "experiments" / name)}
    assert public == {"demo", "us_states"}
    why = dict(script.skipped(ROOT))
    assert why["experiments/china_prefecture/results.csv"] == script.PRIVATE
    assert why["experiments/demo/study/ablation.csv"] == script.STUDY


@pytest.mark.parametrize("name", ["demo", "us_states"])
def test_every_table_of_a_public_experiment_is_repeated_or_has_a_reason(name, script):
    kept = {*script.TABLES.values(), script.COVERAGE}
    for path in (ROOT / "experiments" / name).rglob("*.csv"):
        repeated = path.parent.name == name and path.name in kept
        assert (script.why_skipped(ROOT, path) == "") is repeated, path
        assert script.why_skipped(ROOT, path) != "no command repeats it", path


def test_a_figure_row_or_column_that_differs_is_found(tmp_path, script):
    committed = ROOT / "experiments" / "us_states" / "results.csv"
    made = tmp_path / "scores.csv"
    table = pd.read_csv(committed, dtype={"level": str})

    def found(changed: pd.DataFrame) -> Any:
        changed.to_csv(made, index=False)
        return script.compared("results.csv", committed, made, 4, script.TOLERANCE)

    assert found(table.sample(frac=1.0, random_state=0)).same
    within = found(table.assign(mae=table["mae"] + 0.9 * script.TOLERANCE))
    assert within.same
    assert within.largest > 0
    moved = table.copy()
    moved.loc[3, "mae"] += 0.01
    assert (found(moved).different, found(moved).same) == (1, False)
    moved.loc[3, "mae"] = None
    assert found(moved).different == 1
    assert found(table.iloc[1:]).trouble == "rows differ"
    assert found(table.drop(columns="rmse")).trouble == "columns differ: rmse"
