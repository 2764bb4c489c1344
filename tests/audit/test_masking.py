"""Masked cells: as of their own year, each an error of the audit, gone from every calculation."""

import tomllib
from collections import ChainMap
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from audit_inputs import CITIES, FIRST, YEARS, mask_errors, panel_of, smooth
from city_resilience.audit.audit import audit_panel
from city_resilience.audit.masking import find_masked
from city_resilience.audit.read_audited import read_audited
from city_resilience.errors import InputError
from city_resilience.experiment.data import Audit
from city_resilience.experiment.load import experiment_from
from city_resilience.reading.corrections import apply_corrections
from city_resilience.reading.panel import Panel

NAMES = ("employment_finance", "unit_employment", "private_employment", "gdp_share_primary", "fdi")


def spoilt(seed: int) -> Panel:
    """Return a panel with holes, late cities, and errors of every kind that may be masked."""
    rng = np.random.default_rng(seed)
    whole = smooth(seed)
    values = {
        "employment_finance": np.round(0.1 * smooth(seed + 1) / smooth(seed + 1).max() * whole, 4),
        "unit_employment": whole,
        "private_employment": np.round(smooth(seed + 2), 2),
        "gdp_share_primary": rng.uniform(0.1, 0.3, (CITIES, 1)) + rng.normal(0, 0.01, whole.shape),
        "fdi": smooth(seed + 3) * np.exp(rng.normal(0, 1, whole.shape)),
    }
    for array in values.values():
        array[rng.random(array.shape) < 0.05] = np.nan
    for _ in range(6):
        city, at = rng.integers(CITIES), rng.integers(3, YEARS)
        values["employment_finance"][city, at] *= 10.0 ** rng.integers(2, 5)
        values["private_employment"][rng.integers(CITIES), rng.integers(3, YEARS)] = 0.0
        values["gdp_share_primary"][rng.integers(CITIES), rng.integers(YEARS)] = 20.0
        values["unit_employment"][rng.integers(CITIES), rng.integers(3, YEARS)] /= 100
    panel = panel_of(values)
    late = panel.frame["city"].isin(["City 003", "City 011"]) & (panel.frame["year"] < FIRST + 6)
    frame = panel.frame[~late].reset_index(drop=True)
    return replace(panel, frame=frame, rows=np.arange(len(frame)) + 2)


def masked_cells(panel: Panel) -> set[tuple[str, str, int]]:
    grid = panel.grid()
    return {
        (name, grid.cities[city], int(grid.years[at]))
        for name, mask in find_masked(grid, panel.variables).cells.items()
        for city, at in zip(*np.nonzero(mask), strict=True)
    }


@pytest.fixture(scope="module")
def wrong():
    return spoilt(0)


def test_spoilt_panels_mask_cells_of_every_variable_but_the_volatile(wrong):
    assert {name for name, _, _ in masked_cells(wrong)} == set(NAMES) - {"fdi"}


@settings(max_examples=12)
@given(seed=st.integers(0, 10_000), years=st.integers(2, YEARS - 1))
def test_cutting_the_panel_cuts_the_mask(seed, years):
    panel, newest = spoilt(seed), FIRST + years - 1
    known_then = masked_cells(panel.truncate(newest))
    assert known_then == {cell for cell in masked_cells(panel) if cell[2] <= newest}


@settings(max_examples=12)
@given(seed=st.integers(0, 10_000), years=st.integers(1, YEARS - 1))
def test_poisoned_later_years_change_nothing(seed, years):
    panel, newest = spoilt(seed), FIRST + years - 1
    rng = np.random.default_rng(seed)
    frame = panel.frame.copy()
    later = (frame["year"] > newest).to_numpy()
    for name in NAMES:
        poison = rng.choice([-1e9, 0.0, np.nan, 1e12, 1e-9], size=int(later.sum()))
        frame.loc[later, name] = poison
    poisoned = replace(panel, frame=frame)
    before = {cell for cell in masked_cells(panel) if cell[2] <= newest}
    assert {cell for cell in masked_cells(poisoned) if cell[2] <= newest} == before


@settings(max_examples=8)
@given(seed=st.integers(0, 10_000))
def test_every_masked_cell_is_an_error_of_the_audit(seed):
    panel = spoilt(seed)
    found = [f for f in audit_panel(panel).issues if f.level == "error" and f.years]
    errors = {
        (f.variable, f.city, year) for f in found for year in range(f.years[0], f.years[-1] + 1)
    }
    # zeros of many cities are one error, which is about the zeros of its variable and years
    zeros = {f.variable: f.years for f in found if f.kind == "zero" and not f.city}
    frame = panel.frame.set_index(["city", "year"])
    covered = {
        (name, city, year)
        for name, city, year in masked_cells(panel)
        if name in zeros
        and zeros[name][0] <= year <= zeros[name][-1]
        and frame.loc[(city, year), name] == 0
    }
    assert masked_cells(panel) <= errors | covered


@settings(max_examples=6, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_the_lines_of_the_errors_settle_them(seed):
    panel = spoilt(seed)
    errors = audit_panel(panel).errors
    with pytest.raises(InputError, match=f"the audit found {len(errors)} errors"):
        read_audited(panel, purpose="train")
    accept = tomllib.loads("\n".join(error.acceptance for error in errors))
    values = {"name": "settled", "evaluation": {"first_origin": 2010}, "audit": {"accept": accept}}
    accepted = read_audited(panel, experiment_from(values, "here"), purpose="train")
    assert accepted.panel is panel
    assert set(accepted.audit.accepted) == {error.id for error in errors}
    for _ in range(3):  # a cell may be doubted only beside another one that is mended
        lines = [tomllib.loads(error.correction) for error in audit_panel(panel).errors]
        panel = apply_corrections(panel, dict(ChainMap(*lines)))
    assert read_audited(panel, purpose="train").panel is panel


def test_a_hundredfold_shift_that_stays_is_masked_at_first_and_reported():
    values = smooth()
    values[7, 6:] *= 100
    panel = panel_of({"loans": values})
    masked = masked_cells(panel)
    assert ("loans", "City 007", FIRST + 6) in masked
    assert ("loans", "City 007", YEARS + FIRST - 1) not in masked
    first = audit_panel(panel).errors[0]
    assert (first.kind, first.factor) == ("spike", 100.0)
    assert first.reason.endswith("The years after do not return")


def test_masks_have_the_shape_of_the_grid_and_the_names_of_the_variables(wrong):
    grid = wrong.grid()
    masks = find_masked(grid, wrong.variables).cells
    assert list(masks) == list(wrong.variables)
    assert {mask.shape for mask in masks.values()} == {grid.shape}
    assert {mask.dtype for mask in masks.values()} == {np.dtype(bool)}


def test_part_larger_than_its_whole_is_masked_as_the_one_that_left_its_path():
    whole = smooth()
    part = whole * 0.3
    part[4, 7] *= 5
    whole[9, 7] /= 5
    masked = masked_cells(panel_of({"employment_trade": part, "unit_employment": whole}))
    assert masked == {
        ("employment_trade", "City 004", FIRST + 7),
        ("unit_employment", "City 009", FIRST + 7),
    }


def test_part_of_another_scope_is_not_masked():
    whole = smooth()
    assert not masked_cells(panel_of({"employment_trade": whole * 1.5, "unit_employment": whole}))


def test_zero_is_masked_where_the_path_contradicts_it_and_only_there():
    values = smooth()
    values[5, 6] = 0.0
    values[:4] = np.round(0.02 * np.ones((4, YEARS)), 2)
    values[0, 6] = 0.0
    assert masked_cells(panel_of({"private_employment": np.round(values, 2)})) == {
        ("private_employment", "City 005", FIRST + 6)
    }


def test_mask_errors_blanks_the_cells_and_says_so():
    values = smooth()
    values[7, 5] = 77_000_000.0
    panel = panel_of({"loans": values, "co2": smooth(1)})
    before = panel.frame.copy(deep=True)
    after = mask_errors(panel)
    pd.testing.assert_frame_equal(panel.frame, before)
    blank = after.frame["loans"].isna()
    assert after.frame.loc[blank, ["city", "year"]].to_numpy().tolist() == [["City 007", FIRST + 5]]
    pd.testing.assert_frame_equal(after.frame[~blank], before[~blank])
    assert after.notes == (
        f"loans: masked as almost certainly wrong: City 007 {FIRST + 5} (77000000)",
    )


@pytest.mark.parametrize(
    "pattern",
    [
        f"spike/loans/City 007/{FIRST + 5}",
        "spike/loans/City 007/*",
        "spike/*/*/*",
        f"spike/loans/City 007/{FIRST + 4}-{FIRST + 8}",
    ],
)
def test_an_accepted_cell_is_kept(pattern):
    values = smooth()
    values[7, 5] *= 1000
    panel = panel_of({"loans": values})
    assert mask_errors(panel, Audit(accept={pattern: "checked"})) is panel


@pytest.mark.parametrize(
    "pattern", [f"spike/loans/City 007/{FIRST + 4}", "spike/co2/*/*", "jump/*/*/*", "spike"]
)
def test_accepting_something_else_keeps_nothing(pattern):
    values = smooth()
    values[7, 5] *= 1000
    after = mask_errors(panel_of({"loans": values}), Audit(accept={pattern: "checked"}))
    assert after.frame["loans"].isna().sum() == 1


def test_accepting_a_run_of_zeros_by_its_id_keeps_the_run():
    values = np.round(smooth(), 2)
    values[5, 6:9] = 0.0
    panel = panel_of({"private_employment": values})
    (finding,) = audit_panel(panel).errors
    assert finding.id == f"zero/private_employment/City 005/{FIRST + 6}-{FIRST + 8}"
    assert mask_errors(panel, Audit(accept={finding.id: "none there"})) is panel


def test_mask_errors_can_be_switched_off():
    values = smooth()
    values[7, 5] *= 1000
    panel = panel_of({"loans": values})
    assert mask_errors(panel, Audit(mask_errors=False)) is panel


@pytest.mark.parametrize("shape", [(1, 1), (2, 1), (1, 5), (3, 2)])
def test_small_panels_mask_nothing(shape):
    panel = panel_of({"loans": np.full(shape, 5.0), "fdi": np.full(shape, np.nan)})
    assert masked_cells(panel) == set()
