"""Channels: planted paths, no path, the bootstrap against refits, sensitivity, refusals."""

from dataclasses import replace

import numpy as np
import pytest

from city_resilience.experiment.mechanisms import Mechanisms
from city_resilience.mechanisms.channels import Paths, channels, paths_of
from city_resilience.mechanisms.context import Context, Part
from city_resilience.mechanisms.design import Series
from city_resilience.mechanisms.planted import Law, Planted, planted_design
from city_resilience.mechanisms.resampling import clusters_of, moments_of, percentiles
from city_resilience.mechanisms.sample import Sample, sample_of

LAW = Law(direct=0.5, to_mediator=0.5, from_mediator=0.4)
SETTINGS = Mechanisms(draws=40)


@pytest.fixture(autouse=True)
def _few_draws(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("city_resilience.mechanisms.channels.BATCHES", 0)


def split(planted: Planted, settings: Mechanisms = SETTINGS) -> Part:
    return channels(Context(planted.design, settings))


def rows(part: Part, mediator: str = "m") -> dict[str, object]:
    own = [e for e in part.estimates if e.term.endswith(f":{mediator}")]
    return {e.term.removesuffix(f":{mediator}"): e for e in own if e.inference[:4] in ("boot", "")}


@pytest.mark.parametrize("shared", [0.0, 0.4])
def test_planted_paths_are_in_their_intervals(shared: float) -> None:
    inside = dict.fromkeys(("to_mediator", "indirect", "direct", "total", "share"), 0)
    for seed in range(10):
        planted = planted_design(seed, replace(LAW, shared=shared))
        found = rows(split(planted))
        truth = {**planted.truth, "to_mediator": LAW.to_mediator}
        for kind in inside:
            inside[kind] += found[kind].low <= truth[kind] <= found[kind].high
        total = found["indirect"].estimate + found["direct"].estimate
        assert total == pytest.approx(found["total"].estimate)
    assert min(inside.values()) >= 8


@pytest.mark.parametrize("law", [Law(), Law(to_mediator=0.5), Law(from_mediator=0.4, shared=0.4)])
def test_no_indirect_part_is_seldom_found(law: Law) -> None:
    p = [rows(split(planted_design(seed, law)))["indirect"].p for seed in range(10)]
    assert sum(value < 0.05 for value in p) <= 2


def test_where_few_draws_are_beyond_zero_more_are_drawn(monkeypatch: pytest.MonkeyPatch) -> None:
    strong, none = planted_design(0, LAW), planted_design(0)
    few = [rows(split(one))["indirect"] for one in (strong, none)]
    monkeypatch.setattr("city_resilience.mechanisms.channels.BATCHES", 2)
    monkeypatch.setattr("city_resilience.mechanisms.channels.BATCH", 3000)
    more = [rows(split(one))["indirect"] for one in (strong, none)]
    assert more[0].p < few[0].p < 0.01
    assert more[0].low == pytest.approx(few[0].low, abs=0.02)
    assert more[1] == few[1]


def refitted(sample: Sample, cities: np.ndarray) -> tuple[float, float, float]:
    """Return a, b and total by dummies, on cities that may be drawn more than once."""
    parts = [np.flatnonzero(sample.city == c) for c in cities]
    at = np.concatenate(parts)
    city = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    dummies = np.column_stack(
        [city[:, None] == np.unique(city), sample.year[at][:, None] == np.unique(sample.year)]
    ).astype(float)
    y, m, rest = sample.y[at], sample.x[at, 0], sample.x[at, 1:]
    plain, full = np.column_stack([rest, dummies]), np.column_stack([m, rest, dummies])
    to, total = (np.linalg.lstsq(plain, own, rcond=None)[0][0] for own in (m, y))
    return to, np.linalg.lstsq(full, y, rcond=None)[0][0], total


def test_a_draw_is_a_refit_with_dummies_of_the_drawn_cities() -> None:
    design = planted_design(3, LAW, cities=24, years=6, provinces=12).design
    sample = sample_of(design, "y", ["m", "x", "k"])
    sample = sample.of(np.arange(len(sample)) % 7 > 0)
    name, clusters = clusters_of(sample)
    weights = np.random.default_rng(0).multinomial(12, np.full(12, 1 / 12), size=3)
    moments = moments_of(sample, np.column_stack([sample.y, sample.x]), clusters)
    paths = paths_of(moments.weighted(np.vstack([np.ones(12), weights])))
    assert name == "province"
    own = np.unique(sample.city)
    province = np.asarray([clusters[sample.city == c][0] for c in own])
    for k, weight in enumerate([np.ones(12, dtype=int), *weights]):
        expected = refitted(sample, np.repeat(own, weight[province]))
        got = (paths.to_mediator[k], paths.from_mediator[k], paths.total[k])
        assert got == pytest.approx(expected)


def test_a_draw_without_a_year_is_a_refit_too() -> None:
    design = planted_design(3, LAW, cities=24, years=6, provinces=12).design
    sample = sample_of(design, "y", ["m", "x", "k"])
    sample = sample.of((sample.year < sample.year.max()) | (sample.province == 0))
    clusters = clusters_of(sample)[1]
    weight = np.asarray([0, 2] + [1] * 10)
    moments = moments_of(sample, np.column_stack([sample.y, sample.x]), clusters)
    paths = paths_of(moments.weighted(weight[None, :].astype(float)))
    own = np.unique(sample.city)
    cities = np.repeat(own, weight[[clusters[sample.city == c][0] for c in own]])
    got = (paths.to_mediator[0], paths.from_mediator[0], paths.total[0])
    assert got == pytest.approx(refitted(sample, cities))


def confounded(rho: float) -> Paths:
    """Return the paths where the errors of mediator and outcome are correlated."""
    design = planted_design(0, cities=400, years=20).design
    rng = np.random.default_rng(1)
    e2, own = rng.normal(size=(2, *design.shape))
    x = design.treatments["x"].values
    m = 0.6 * x + 1.5 * e2
    y = 0.3 * x + 0.5 * m + 2 * (rho * e2 + np.sqrt(1 - rho**2) * own)
    design = replace(design, outcomes={"y": Series("y", y)}, mediators={"m": Series("m", m)})
    sample = sample_of(design, "y", ["m", "x"])
    columns = np.column_stack([sample.y, sample.x])
    return paths_of(moments_of(sample, columns, clusters_of(sample)[1]).drawn(20, 0))


@pytest.mark.parametrize("rho", [-0.4, 0.0, 0.3])
def test_the_indirect_part_at_the_true_correlation_of_errors_is_the_true_one(rho: float) -> None:
    paths = confounded(rho)
    assert paths.indirect_at(rho)[0] == pytest.approx(0.3, abs=0.02)
    assert paths.indirect_at(0.0) == pytest.approx(paths.indirect)
    assert paths.indirect_at(float(paths.rho_zero[0]))[0] == pytest.approx(0.0, abs=1e-12)
    assert paths.r2_all[0] < paths.r2_unexplained[0] == paths.rho_zero[0] ** 2
    if rho:
        assert abs(paths.indirect[0] - 0.3) > 0.1


def test_intervals_widen_with_few_clusters_and_p_ends_them_at_zero() -> None:
    draws = np.random.default_rng(0).normal(2.0, 1.0, 200_001)
    low, high, p = percentiles(draws, 1000)
    assert (low, high, p) == pytest.approx((2 - 1.96, 2 + 1.96, 0.0455), abs=0.02)
    few = percentiles(draws, 10)
    assert few[1] - few[0] == pytest.approx(2 * 2.262 * np.sqrt(10 / 9), abs=0.05)
    assert percentiles(draws - low, 1000)[2] == pytest.approx(0.05, abs=1e-4)


def test_p_values_are_adjusted_over_mediators_and_a_small_total_is_noted() -> None:
    planted = planted_design(1, replace(LAW, direct=-0.2))
    m = planted.design.mediators["m"]
    rng = np.random.default_rng(0)
    noise = {n: replace(m, name=n, values=rng.normal(size=m.values.shape)) for n in ("u", "v")}
    part = split(replace(planted, design=replace(planted.design, mediators={"m": m, **noise})))
    plain = [e.p for e in part.estimates if e.term[:9] == "indirect:" and e.inference[:4] == "boot"]
    adjusted = [e.p for e in part.estimates if e.inference == "benjamini_hochberg"]
    assert adjusted[0] == pytest.approx(3 * plain[0])
    assert all(a >= p for a, p in zip(adjusted, plain, strict=True))
    assert rows(part)["share"].note == "total_near_zero"


def test_what_cannot_be_a_mediator_is_refused_by_name() -> None:
    design = planted_design(0).design
    m, x = design.mediators["m"], design.treatments["x"]
    asked = {
        "outcome": replace(m, name="outcome", behind=frozenset(["y", "other"])),
        "index": replace(m, name="index", behind=frozenset(["x"])),
        "x": replace(x, behind=frozenset()),
        "fixed": replace(m, name="fixed", values=np.repeat(m.values[:, :1], 15, axis=1)),
        "twice": replace(m, name="twice", values=2 * design.controls["k"].values),
        "short": replace(m, name="short", values=np.where(design.years < 2008, m.values, np.nan)),
    }
    part = split(Planted(replace(design, mediators=asked), {}))
    assert not part.estimates
    assert {r.about.rsplit(", ")[-1]: (r.reason, r.found) for r in part.refused} == {
        "outcome": ("component", "y"),
        "index": ("component", "x"),
        "x": ("component", "x"),
        "fixed": ("no_variation", "fixed"),
        "twice": ("collinear", "k"),
        "short": ("few_years", "2 years"),
    }
    mine = {"x": replace(x, behind=frozenset(["y"]))}
    part = split(Planted(replace(design, treatments=mine), {}))
    assert [(r.reason, r.found) for r in part.refused] == [("component", "y")]


def test_what_reads_the_outcome_by_a_special_input_is_known_to() -> None:
    from city_resilience.indicators.inputs import reads_outcome
    from city_resilience.indicators.table import load_table

    table = {spec.id: spec for spec in load_table()}
    assert reads_outcome(table["market_potential"])
    assert not reads_outcome(table["tertiary_share"])


def test_cities_are_drawn_where_provinces_are_few() -> None:
    few = planted_design(2, LAW, provinces=6)
    found = rows(split(few))["indirect"]
    assert (found.inference, found.clusters) == ("bootstrap_city", 80)
    assert 0 < found.low < found.estimate < found.high
