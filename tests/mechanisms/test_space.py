"""Space: neighbours, Moran's I, spillovers that are planted and that are not."""

from dataclasses import replace

import numpy as np
import pytest

from city_resilience.experiment.mechanisms import Mechanisms
from city_resilience.mechanisms.context import Context, Part
from city_resilience.mechanisms.design import Design
from city_resilience.mechanisms.moran import moran
from city_resilience.mechanisms.nearest import nearest_weights
from city_resilience.mechanisms.planted import Law, planted_design
from city_resilience.mechanisms.sample import sample_of
from city_resilience.mechanisms.space import balanced, neighbours_mean, space

SETTINGS = Mechanisms(draws=99)


@pytest.fixture(autouse=True)
def _few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("city_resilience.mechanisms.resampling.LEAST_WILD_DRAWS", 99)


def places(number: int = 60, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).uniform((100, 25), (120, 40), (number, 2))


def test_weights_are_those_of_the_nearest_by_great_circles() -> None:
    at = places(25)
    lon, lat = np.radians(at).T
    weights = nearest_weights(at, 4)
    for i in range(25):
        dlon, dlat = lon - lon[i], lat - lat[i]
        chord = np.sin(dlat / 2) ** 2 + np.cos(lat) * np.cos(lat[i]) * np.sin(dlon / 2) ** 2
        chord[i] = np.inf
        assert set(np.flatnonzero(weights[i])) == set(np.argsort(chord)[:4])
    assert weights.sum(axis=1) == pytest.approx(1)


def test_places_on_one_point_are_neighbours_not_themselves() -> None:
    at = np.concatenate([np.full((6, 2), 30.0), places(10)])
    weights = nearest_weights(at, 3)
    assert np.diag(weights).max() == 0
    assert (np.count_nonzero(weights, axis=1) == 3).all()
    assert weights[:6, :6].sum() == pytest.approx(6)


def test_morans_i_is_that_of_all_pairs_with_gaps() -> None:
    rng = np.random.default_rng(0)
    weights, e = nearest_weights(places(20), 3), rng.normal(size=(20, 4))
    e[rng.random(e.shape) < 0.2] = np.nan
    top = bottom = 0.0
    for t in range(4):
        for i in range(20):
            for j in range(20):
                if np.isfinite(e[i, t] * e[j, t]):
                    top += weights[i, j] * e[i, t] * e[j, t]
                    bottom += weights[i, j]
    expected = np.isfinite(e).sum() / np.nansum(e**2) * top / bottom
    assert moran(weights, e, draws=19, rng=rng).value == pytest.approx(expected)


def test_a_smooth_field_is_found_a_broken_one_too_and_noise_seldom() -> None:
    at, rng = places(), np.random.default_rng(0)
    weights = nearest_weights(at, 5)
    smooth = np.sin(at[:, :1] / 3) + 0.3 * rng.normal(size=(60, 5))
    found = moran(weights, smooth, draws=99, rng=rng)
    assert found.value > 0.3
    assert found.p == pytest.approx(0.01)
    pairs = np.zeros((60, 60))
    pairs[np.arange(60), np.arange(60) ^ 1] = 1.0
    apart = np.where(np.arange(60)[:, None] % 2, 1.0, -1.0) + 0.1 * rng.normal(size=(60, 3))
    assert moran(pairs, apart, draws=99, rng=rng).value == pytest.approx(-1, abs=0.05)
    chance = [
        moran(weights, rng.normal(size=(60, 5)), draws=99, rng=rng).p < 0.05 for _ in range(40)
    ]
    assert sum(chance) <= 6


def test_residuals_that_last_are_not_taken_for_space() -> None:
    weights, rng = nearest_weights(places(), 5), np.random.default_rng(1)
    lasting = [
        moran(
            weights,
            rng.normal(size=(60, 1)) + 0.3 * rng.normal(size=(60, 8)),
            draws=99,
            rng=rng,
        ).p
        for _ in range(40)
    ]
    assert sum(p < 0.05 for p in lasting) <= 6


def test_the_mean_of_neighbours_keeps_its_places() -> None:
    design = planted_design(0, cities=40, years=6).design
    x = design.treatments["x"].values.copy()
    x[3, 2], x[7] = np.nan, np.nan
    means = neighbours_mean(design, x, 4)
    assert design.coordinates is not None
    able = np.arange(40) != 7
    weights = nearest_weights(design.coordinates[able], 4)
    beside = np.flatnonzero(able)[weights[:, 3] > 0]
    assert np.isnan(means[7]).all()
    assert set(np.argwhere(np.isnan(means[able]))[:, 1]) == {2}
    assert set(np.flatnonzero(np.isnan(means[:, 2]))) == {7, *beside}
    full = weights @ x[able][:, 0]
    assert means[able][:, 0] == pytest.approx(full)


def test_the_largest_balanced_part_has_all_of_its_years() -> None:
    design = planted_design(0, cities=40, years=8).design
    sample = sample_of(design, "y", ["x"])
    late = sample.year - sample.year[0] >= 6
    part = balanced(sample.of(~late | (sample.city < 10)))
    assert part.counts == {"n": 240, "cities": 40, "years": 6}
    early = balanced(sample.of(~late | (sample.city < 35)))
    assert early.counts == {"n": 280, "cities": 35, "years": 8}


def test_planted_spillovers_are_recovered() -> None:
    law, inside = Law(direct=0.3, spillover=0.8), {"slx": 0, "durbin": 0}
    for seed in range(10):
        part = run(planted_design(seed, law).design)
        for model, term in (("slx", "neighbours:x"), ("durbin", "indirect")):
            one = picked(part, model, term)
            inside[model] += one.low <= law.spillover <= one.high
            assert one.p < 0.05
    assert min(inside.values()) >= 8


@pytest.mark.parametrize("shared", [0.0, 0.4])
def test_no_spillover_is_seldom_one(shared: float) -> None:
    found = {"slx": 0, "durbin": 0}
    for seed in range(10):
        part = run(planted_design(seed, Law(direct=0.3, shared=shared)).design)
        found["slx"] += picked(part, "slx", "neighbours:x").p < 0.05
        found["durbin"] += picked(part, "durbin", "indirect").p < 0.05
    assert max(found.values()) <= 2


def run(design: Design) -> Part:
    pytest.importorskip("linearmodels")
    pytest.importorskip("diff_diff")
    return space(Context(design, Mechanisms(draws=20)))


def picked(part: Part, model: str, term: str):
    """Return the estimate with clusters by province."""
    own = [e for e in part.estimates if (e.model, e.term, e.inference) == (model, term, "province")]
    return own[0]


def test_errors_that_neighbours_share_are_seen() -> None:
    """Those of a province are, those of a place are not."""
    for shared, found in ((0.4, True), (0.0, False)):
        part = run(planted_design(5, Law(shared=shared)).design)
        pooled = next(e for e in part.estimates if e.term == "moran:pooled")
        assert (pooled.p < 0.05) is found
        lag = next(e for e in part.estimates if e.term == "lm_error")
        assert (lag.p < 0.001) is found
        assert len([e for e in part.estimates if e.model == "moran"]) == 16


def test_all_that_is_asked_is_there_and_gaps_are_counted() -> None:
    design = planted_design(1).design
    x = design.treatments["x"]
    values = x.values.copy()
    values[:10, :3] = np.nan
    assert design.coordinates is not None
    at = design.coordinates.copy()
    at[-2:] = np.nan
    gaps = replace(design, coordinates=at, treatments={"x": replace(x, values=values)})
    part = run(gaps)
    assert part.about["places_without_coordinates"] == 2
    kept = part.about["balanced"]["y, x"]
    assert kept == {"n": 1020, "cities": 68, "years": 15, "left_out": 120}
    asked = {(e.model, e.term, e.inference) for e in part.estimates}
    slx = {"city", "province", "province_cr2", "conley", "wild_province"}
    assert {("slx", t, way) for t in ("x", "neighbours:x") for way in slx} <= asked
    terms = ("x", "neighbours:x", "rho", "direct", "indirect", "total")
    assert {("durbin", t, way) for t in terms for way in ("likelihood", "province")} <= asked
    assert not part.refused


def refused(design: Design, settings: Mechanisms = SETTINGS) -> list[tuple[str, str, str]]:
    return [(r.reason, r.about, r.found) for r in space(Context(design, settings)).refused]


def test_what_space_cannot_do_is_refused_by_name() -> None:
    design = planted_design(2).design
    x = design.treatments["x"]
    assert refused(replace(design, coordinates=None)) == [("no_coordinates", "space", "80 places")]
    many = Mechanisms(draws=20, neighbours=30)
    assert refused(design, many) == [("few_places", "space", "80 places, 30 neighbours")]
    index = {"x": replace(x, behind=frozenset(["y"]))}
    assert refused(replace(design, treatments=index)) == [("component", "y, x", "y")]
    holes = np.where(np.random.default_rng(0).random(x.values.shape) < 0.4, np.nan, x.values)
    part = run(replace(design, treatments={"x": replace(x, values=holes)}))
    assert [(r.reason, r.about) for r in part.refused] == [
        ("few_rows", "y, x, slx"),
        ("unbalanced", "y, x, durbin"),
    ]
