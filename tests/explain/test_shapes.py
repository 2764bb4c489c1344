"""Shapes: planted steps, bends and flat ends are found, a straight line is not called broken."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from city_resilience.explain.held_tables import held_tables
from city_resilience.explain.resampling import RowClusters, with_q_values
from city_resilience.explain.shapes import DEPENDENCE_COLUMNS, SHAPE_COLUMNS, dependence, shape_of
from city_resilience.explain.thresholds import NONE, _Rows, find_break, normal_scores
from held_inputs import made_up, provinces


def line(values, steep):
    del steep
    return values["a"] + 0.6 * values["b"]


def step(values, steep):
    del steep
    return 2.0 * (values["a"] > 0.3) + 0.6 * values["b"]


def bend(values, steep):
    del steep
    return 2.0 * np.minimum(values["a"], 0.0) + 0.6 * values["b"]


def test_a_step_is_found_where_it_was_planted_and_its_height_is_told():
    found = [shape_of(made_up(step, seed).one("a")).iloc[0] for seed in range(3)]
    assert [row["form"] for row in found] == ["step"] * 3
    assert sum(row["threshold_low"] <= 0.3 <= row["threshold_high"] for row in found) >= 2
    assert np.mean([row["break_size"] for row in found]) == pytest.approx(2.0, abs=0.3)
    assert all(row["threshold_high"] - row["threshold_low"] < 1.5 for row in found)


def test_a_straight_line_has_no_threshold_and_no_flat_end():
    found = [shape_of(made_up(line, seed).one("a")).iloc[0] for seed in range(300, 312)]
    assert sum(row["form"] != NONE for row in found) <= 2
    assert sum(row["flat"] != "" for row in found) <= 1
    assert {row["trend"] for row in found} == {"rising"}
    assert all(np.isnan(row["threshold"]) for row in found if row["form"] == NONE)


def test_a_relation_that_levels_off_is_bent_and_flat_at_that_end():
    found = [shape_of(made_up(bend, seed).one("a")).iloc[0] for seed in range(4)]
    assert sum(row["form"] == "kink" for row in found) >= 3
    assert sum(row["flat"] == "high" for row in found) >= 3
    row = found[0]
    assert row["slope_low"] > 1.0 > abs(row["slope_high"])


def test_without_a_truth_the_shape_is_of_the_contribution_alone():
    held = made_up(line)
    row = shape_of(replace(held, truth=held.truth.iloc[:0]).one("a")).iloc[0]
    assert row["spearman"] == pytest.approx(1.0)
    assert row[["form", "threshold", "p_value", "slope_low"]].isna().all()


def test_a_falling_and_a_mixed_relation_are_told_apart():
    falling = shape_of(made_up(line, model=(-1.0, 0.6, 0.0)).one("a")).iloc[0]
    assert (falling["trend"], falling["one_signed"]) == ("falling", 1.0)
    held = made_up(line)
    drivers = held.drivers.copy()
    own = drivers["indicator"] == "a"
    drivers.loc[own, "contribution"] = drivers.loc[own, "value"].abs()
    assert shape_of(replace(held, drivers=drivers).one("a")).iloc[0]["trend"] == "mixed"


def test_local_means_agree_with_a_slow_loop_and_lie_in_their_band():
    own = made_up(line, model=(1.0, 0.6, 0.0)).one("a")
    curve = dependence(own)
    assert tuple(curve.columns) == DEPENDENCE_COLUMNS
    assert curve["n"].sum() == len(own.values)
    for k, row in enumerate(curve.itertuples()):
        low = own.values >= row[4] if k == 0 else own.values > row[4]
        inside = low & (own.values <= row.to)
        assert row.contribution == pytest.approx(own.contributions[inside].mean())
        assert row.low <= row.contribution <= row.high
    assert curve["contribution"].is_monotonic_increasing


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (lambda rows: rows[rows["origin"] == 2010], "90 rows, at least 120"),
        (
            lambda rows: rows.assign(value=rows["value"].clip(-2, 2).round()),
            "different values, at least 8",
        ),
    ],
)
def test_too_few_rows_or_values_are_withheld_with_the_reason(change, reason):
    held = made_up(line)
    own = replace(held, drivers=change(held.drivers)).one("a")
    for table, columns in ((dependence(own), DEPENDENCE_COLUMNS), (shape_of(own), SHAPE_COLUMNS)):
        assert tuple(table.columns) == columns
        assert reason in table["withheld"].iloc[0]
        assert table.drop(columns=["indicator", "family", "n", "cities"]).iloc[0].notna().sum() <= 2


def test_few_provinces_are_withheld():
    held = made_up(line)
    few = {city: f"p{k % 6}" for k, city in enumerate(held.provinces)}
    reason = shape_of(replace(held, provinces=few).one("a"))["withheld"].iloc[0]
    assert reason == "6 provinces, at least 8 are needed"


def test_the_order_of_rows_and_the_scale_of_an_indicator_do_not_matter():
    held = made_up(step)
    row = shape_of(held.one("a")).iloc[0]
    mixed = held.drivers.sample(frac=1, random_state=3)
    pd.testing.assert_series_equal(shape_of(replace(held, drivers=mixed).one("a")).iloc[0], row)
    scaled = held.drivers.assign(value=np.exp(held.drivers["value"]))
    other = shape_of(replace(held, drivers=scaled).one("a")).iloc[0]
    assert other["p_value"] == row["p_value"]
    assert other["threshold"] == pytest.approx(np.exp(row["threshold"]), rel=0.1)


def test_the_break_is_the_one_of_a_slow_search():
    held = made_up(step, seed=3)
    own = held.one("a")
    found = find_break(own.values, own.residuals, own.years, own.clusters, draws=50)
    scores, years = normal_scores(own.values), pd.get_dummies(own.years).to_numpy(dtype=float)
    best = {}
    for place in np.unique(np.quantile(scores, np.linspace(0.15, 0.85, 36))):
        design = np.column_stack([years, scores, own.values, scores > place])
        rest = np.linalg.lstsq(design, own.residuals, rcond=None)[1][0]
        best[rest] = place
    order = np.argsort(scores)
    expected = np.interp(best[min(best)], scores[order], own.values[order])
    assert found.at == pytest.approx(expected)


def test_places_in_the_draws_are_those_of_weighted_regressions():
    own = made_up(step, seed=3).one("a")
    weights = own.clusters.weights(12)
    rows = _Rows.of(own.values, own.residuals, own.years)
    years, z = pd.get_dummies(own.years).to_numpy(dtype=float), rows.scores
    for form in ("step", "kink"):
        found = rows.drawn_places(form, weights)
        for at, drawn in zip(found, weights, strict=True):
            root = np.sqrt(drawn)[:, None]
            rest = {}
            for place in rows.places:
                beyond = (z > place) if form == "step" else np.maximum(z - place, 0.0)
                design = np.column_stack([years, z, own.values, beyond]) * root
                slopes = np.linalg.lstsq(design, own.residuals * root[:, 0], rcond=None)[0]
                left = own.residuals * root[:, 0] - design @ slopes
                rest[float(left @ left)] = place
            assert at == rest[min(rest)]


def test_clusters_are_drawn_whole_and_in_blocks_of_years():
    rows = pd.DataFrame({"city": ["a", "b", "c", "a", "b", "c"], "origin": [1, 1, 1, 2, 2, 2]})
    names = {"a": "p", "b": "p", "c": "q", **{f"x{k}": f"r{k}" for k in range(9)}}
    more = pd.DataFrame({"city": [f"x{k}" for k in range(9)], "origin": 1})
    clusters = RowClusters.by(pd.concat([rows, more]), names)
    weights = clusters.weights(300)
    assert clusters.count == 11
    np.testing.assert_array_equal(weights[:, 0], weights[:, 1])
    assert (weights[:, 0] != weights[:, 2]).any()
    assert weights.mean() == pytest.approx(1.0, abs=0.1)


def test_q_values_are_those_of_benjamini_and_hochberg():
    table = with_q_values(pd.DataFrame({"p_value": [0.01, np.nan, 0.04, 0.03], "withheld": ""}))
    assert list(table.columns) == ["p_value", "q_value", "looked_at", "withheld"]
    np.testing.assert_allclose(table["q_value"], [0.03, np.nan, 0.04, 0.04])
    assert set(table["looked_at"]) == {3}


def test_a_threshold_is_told_only_where_it_stands_after_all_looks():
    held = made_up(step)
    drivers = held.drivers.assign(view="x", horizon=1)
    table = held_tables(drivers, held.truth.assign(horizon=1), {"province": provinces()})
    shapes = table["shapes"].set_index("indicator")
    assert shapes.loc["a", "form"] == "step"
    assert shapes.loc["a", "q_value"] < 0.05
    told = shapes["q_value"] <= 0.05
    assert (shapes.loc[~told, "form"] == NONE).all()
    assert shapes.loc[~told, "threshold"].isna().all()
