"""Variables looked at side by side: in few steps, and each with the result that it has alone."""

from __future__ import annotations

from dataclasses import fields, replace

import numpy as np
import pytest

from audit_inputs import panel_of, smooth
from city_resilience.audit import audit as audits
from city_resilience.audit import remembered, rules, settling
from city_resilience.audit.audit import audit_errors, audit_panel, audit_served
from city_resilience.audit.expected import Trajectory, trajectory_of
from city_resilience.audit.remembered import Trajectories
from city_resilience.audit.rule import VariableView
from city_resilience.audit.settling import settling_of, unmasked_by
from city_resilience.audit.trajectories import median_of_known, quantile_of_known
from city_resilience.experiment.data import Audit
from city_resilience.reading.read import read_panel


def spoilt(count: int, seed: int = 0, cities: int = 24) -> dict[str, np.ndarray]:
    """Return paths with errors, zeros, gaps, signs and rounding of every kind."""
    rng = np.random.default_rng(seed)
    values = {}
    for at in range(count):
        x = smooth(seed + at, cities=cities)
        if at % 3:
            hit = rng.random(x.shape) < 0.02
            x[hit] *= 10.0 ** rng.integers(-3, 4, hit.sum())
        x[rng.random(x.shape) < 0.02 * (at % 2)] = 0.0
        x[rng.random(x.shape) < 0.1 * (at % 4)] = np.nan
        x = np.round(x, at % 5) if at % 5 else x
        if at % 11 == 5:
            x[:, -3:] = np.nan
        if at % 13 == 6:
            x[:, 4] *= 1000.0
        if at % 17 == 7:
            x[0] = np.nansum(x[1:], axis=0)
        if at % 19 == 8:
            x -= np.nanmedian(x)
        if at % 7 == 6:
            x[1] = x[2]
        values[f"own_{at}"] = x
    return values


def same(stacked: Trajectory, alone: Trajectory) -> None:
    for own in fields(alone)[1:]:
        np.testing.assert_array_equal(getattr(stacked, own.name), getattr(alone, own.name))
    for own in fields(alone.past):
        np.testing.assert_array_equal(
            getattr(stacked.past, own.name), getattr(alone.past, own.name)
        )


@pytest.mark.parametrize("cities", [3, 24, 130])
@pytest.mark.parametrize("nations", [1, 3])
def test_a_variable_has_the_same_bits_beside_others_and_alone(cities, nations):
    values = np.stack(list(spoilt(30, cities=cities).values()))
    nation = None if nations == 1 else np.array([f"N{city % 3}" for city in range(cities)])
    stacked = trajectory_of(values, nation)
    for at in range(len(values)):
        same(stacked.of(at), trajectory_of(values[at], nation))


@pytest.mark.parametrize("nations", [1, 3])
def test_remembered_trajectories_are_those_computed_anew(nations):
    values = np.stack(list(spoilt(30).values()))
    nation = None if nations == 1 else np.array([f"N{city % 3}" for city in range(24)])
    known = Trajectories()
    for at in (None, 4, 4, 11):
        if at is not None:
            values = values.copy()
            values[at, 3:5] *= 7.0
        same(known.of(values, nation), trajectory_of(values, nation))
    same(known.of(values[:, :12], None), trajectory_of(values[:, :12]))


def test_no_rule_is_kept_from_a_variable_that_has_an_issue(monkeypatch):
    panel = panel_of(spoilt(60))
    for outcome in ("", "own_4"):
        found = audit_panel(panel, outcome=outcome).issues
        monkeypatch.setattr(rules, "RULES", tuple(replace(one, may=None) for one in rules.RULES))
        assert audit_panel(panel, outcome=outcome).issues == found
        monkeypatch.undo()
    kinds = {issue.kind for issue in found}
    assert kinds >= {"spike", "jump", "unit", "hole", "dead", "row_sum", "duplicate", "coverage"}


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("cities", [3, 7, 24])
def test_errors_that_are_asked_for_alone_are_those_of_the_whole_audit(seed, cities):
    values = spoilt(40, seed, cities)
    values["gdp_share_primary"] = np.abs(values.pop("own_1")) * 100
    values["gdp_nominal"], values["gdp_primary"] = values.pop("own_2"), values.pop("own_3") * 3
    values["own_0"][:2, 3] = values["own_0"][1::-1, 3]
    panel = panel_of(values)
    for outcome in ("own_4", "gdp_nominal"):
        whole, alone = (audit(panel, outcome=outcome) for audit in (audit_panel, audit_errors))
        assert alone.issues == whole.errors
        assert alone.masked.cells.keys() == whole.masked.cells.keys()
        served = audit_served(panel, outcome=outcome)
        assert (served.errors, served.scale_doubts) == (whole.errors, whole.scale_doubts)
    no_outcome = panel_of({"gdp_real": np.full((cities, 9), np.nan), "own": smooth(1, cities, 9)})
    (error,) = audit_errors(no_outcome, outcome="gdp_real").errors
    assert error.kind == "dead"


def test_every_kind_of_error_is_among_those_asked_for_alone():
    values = spoilt(40) | {"gdp_real": smooth(51, 24), "unit_employment": smooth(52, 24)}
    values["gdp_real"][7, 5] *= 1.5
    values["employment_ict"] = 0.6 * values["unit_employment"]
    values["employment_ict"][2, 5] *= 2.5
    for year in (3, 8):
        values["own_0"][[0, 5, 9], year] = values["own_0"][[5, 9, 0], year]
    panel = panel_of(values)
    errors = audit_errors(panel, outcome="gdp_real").errors
    assert errors == audit_panel(panel, outcome="gdp_real").errors
    kinds = {error.kind for error in errors}
    assert kinds >= {"spike", "unit", "row_sum", "zero", "contradiction", "exchange", "outcome"}


def test_only_variables_with_an_error_are_looked_at_one_by_one(monkeypatch):
    values = {f"own_{at}": smooth(at, cities=5) for at in range(200)}
    values["own_7"][2, 4] *= 1000
    looked: list[str] = []
    trajectory = VariableView.trajectory.func  # type: ignore[attr-defined]

    class Counted(VariableView):
        @property
        def trajectory(self):  # type: ignore[override]
            looked.append(self.id)
            return trajectory(self)

    monkeypatch.setattr(audits, "VariableView", Counted)
    assert audit_errors(panel_of(values)).errors
    assert set(looked) == {"own_7"}


def test_hundreds_of_variables_are_looked_at_in_a_few_steps(monkeypatch):
    asked: list[int] = []
    trajectory = remembered.trajectory_of
    monkeypatch.setattr(
        remembered, "trajectory_of", lambda *own: asked.append(1) or trajectory(*own)
    )
    audit_panel(panel_of({f"own_{at}": smooth(at, cities=5) for at in range(400)}))
    assert len(asked) == 1


@pytest.mark.parametrize("length", [25, 400])
def test_quantiles_are_those_of_numpy(length):
    rng = np.random.default_rng(2)
    x = rng.normal(size=(40, length))
    x[rng.random(x.shape) < 0.4] = np.nan
    x[3], x[4, 1:] = np.nan, np.nan
    medians = [np.median(row[np.isfinite(row)]) if np.isfinite(row).any() else np.nan for row in x]
    np.testing.assert_array_equal(median_of_known(x), medians)
    for share in (0.75, 0.9, 0.95):
        slow = [
            np.quantile(row[np.isfinite(row)], share) if np.isfinite(row).any() else np.nan
            for row in x
        ]
        np.testing.assert_array_equal(quantile_of_known(x, share), slow)


def test_cells_without_a_number_are_dropped_without_another_audit(monkeypatch, tmp_path):
    path = tmp_path / "panel.csv"
    rows = (f"C{at % 40},{2000 + at // 40},{'x' if at % 2 else at + 1}" for at in range(400))
    path.write_text("city,year,gdp_nominal\n" + "\n".join(rows) + "\n")
    audit = audit_panel(read_panel(path))
    settled = settling_of(audit.errors)
    assert len(settled.corrections) == 200
    monkeypatch.setattr(settling, "apply_corrections", lambda *own: pytest.fail("corrected"))
    assert unmasked_by(settled, audit, Audit()) == ()
