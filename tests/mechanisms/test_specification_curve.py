"""Specification curve: each row against a fit made here, choices, and the joint test."""

from dataclasses import replace

import numpy as np
import pytest

from city_resilience.experiment.mechanisms import Mechanisms
from city_resilience.mechanisms import curve as module
from city_resilience.mechanisms.baseline import lagged, winsorised
from city_resilience.mechanisms.build import index_values
from city_resilience.mechanisms.context import Context, Part
from city_resilience.mechanisms.curve import curve
from city_resilience.mechanisms.design import Design, Makeup
from city_resilience.mechanisms.joint_test import Scores
from city_resilience.mechanisms.planted import Law, planted_design
from city_resilience.mechanisms.sample import sample_of
from city_resilience.mechanisms.specifications import choices_of

pytest.importorskip("linearmodels")
pytest.importorskip("diff_diff")
SETTINGS = Mechanisms(draws=99, lags=(1,))


def of(design: Design, settings: Mechanisms = SETTINGS) -> Part:
    """Return the part for a design."""
    return curve(Context(design, settings))


def index_design() -> Design:
    """Return a design whose treatment is an index of three components, one of them reversed."""
    design, rng = planted_design(5, Law(direct=0.5)).design, np.random.default_rng(5)
    x = design.treatments["x"]
    parts = np.stack([s * x.values + rng.normal(size=x.values.shape) for s in (1, 1, -1)])
    made = Makeup(parts, (1, 1, -1), np.ones(design.shape[1], dtype=bool))
    values = index_values(parts, made.signs, "equal", made.years)
    own = replace(x, values=values, components=("p", "q", "r"), makeup=made)
    return replace(design, treatments={"x": own})


@pytest.mark.parametrize("inference", ["city", "province"])
@pytest.mark.parametrize(
    ("effects", "lag", "clipped", "controls"),
    [("year", 0, "no", "all"), ("year", 1, "yes", "none"), ("province_year", 0, "yes", "all")],
)
def test_a_specification_is_the_fit_of_its_choices(
    effects: str, lag: int, clipped: str, controls: str, inference: str
) -> None:
    from city_resilience.mechanisms.fixed_effects import two_way

    design = planted_design(1, Law(direct=0.5)).design
    asked = f"controls={controls}; winsorised={clipped}; places=all; years=without:2020"
    described = f"index=own; {asked}; lag={lag}; effects={effects}"
    part = of(design)
    (row,) = (e for e in part.estimates if (e.part_of, e.inference) == (described, inference))
    years = (design.years < 2019) | (design.years > 2020)
    values = lagged(design.treatments["x"].values, lag)
    sample = sample_of(design, "y", [values, "k"], names=("x", "k"), years=years)
    if clipped == "yes":
        sample = replace(sample, y=winsorised(sample.y, 0.01), x=winsorised(sample.x, 0.01))
    if controls == "none":
        sample = replace(sample, x=sample.x[:, :1], names=("x",))
    fit = two_way(sample, inference, time=effects)
    assert row.estimate / row.se == pytest.approx(fit.coefficient("x") / fit.se("x"))
    assert (row.n, row.clusters) == (len(sample), fit.clusters)
    assert row.low < row.estimate < row.high


@pytest.mark.parametrize("shared", [0.0, 0.4])
def test_the_joint_test_finds_a_planted_relation_and_seldom_none(
    shared: float,
) -> None:
    tests = ("p_median", "p_significant", "p_stouffer")
    found = []
    for seed in range(10):
        (own,) = of(planted_design(seed, Law(shared=shared)).design).about["curves"]
        found.append([own[name] < 0.05 for name in tests])
    assert np.sum(found, axis=0).max() <= 2
    (own,) = of(planted_design(0, Law(direct=0.6, shared=shared)).design).about["curves"]
    assert all(own[name] < 0.05 for name in tests)
    assert (own["same_sign"], own["below"]) == (1.0, 0.0)
    assert own["above"] > 0.6


def test_draws_with_all_signs_kept_give_the_estimates_and_their_t() -> None:
    rng = np.random.default_rng(0)
    size, null = rng.uniform(1, 2, (4, 12)), rng.normal(size=(4, 12))
    estimate = null.sum(axis=1) / size.sum(axis=1)
    scores = Scores(estimate, null, size, np.full(4, 1.1), np.full(4, 2.2))
    drawn, t = scores.drawn(np.ones((12, 1)))
    assert drawn[:, 0] == pytest.approx(estimate)
    sums = null - estimate[:, None] * size
    se = np.sqrt(1.1 * (sums**2).sum(axis=1)) / size.sum(axis=1)
    assert t[:, 0] == pytest.approx(estimate / se)


def test_an_index_is_tried_with_each_weights_and_each_component() -> None:
    design = index_design()
    choices = choices_of(design, SETTINGS, "y", "x")
    assert list(choices.index) == ["equal", "entropy", "pca", "only:p", "only:q", "only:r"]
    made = design.treatments["x"].makeup
    assert made is not None
    assert choices.index["only:r"] == pytest.approx(-made.parts[2])
    (own,) = of(design).about["curves"]
    assert own["specifications"] == own["possible"] == 6 * 2 * 2 * 2 * 2 * 2
    assert own["same_sign"] == 1.0


def test_places_years_and_controls_are_left_out_one_after_the_other() -> None:
    design = planted_design(2).design
    rank = np.where(np.arange(80) < 4, "municipality", "prefecture").astype("U20")
    rank[4:9] = "sub_provincial"
    other = replace(design.controls["k"], name="l", values=design.thresholds["q"].values)
    two = {"k": design.controls["k"], "l": other}
    choices = choices_of(replace(design, groups={"rank": rank}, controls=two), SETTINGS, "y", "x")
    assert {key: int(mask.sum()) for key, mask in choices.places.items()} == {
        "all": 80, "without:municipality": 76, "without:municipality+sub_provincial": 71
    }  # fmt: skip
    assert design.years[~choices.years["without:2020"]].tolist() == [2019, 2020]
    assert choices.controls == {
        "all": ("k", "l"), "none": (), "without:k": ("l",), "without:l": ("k",)
    }  # fmt: skip
    shocks = replace(design.outcomes["y"], windows=("2008:2009:2011", "2019:2020:2022"))
    over = choices_of(replace(design, outcomes={"y": shocks}), SETTINGS, "y", "x")
    assert design.years[~over.years["without:2020"]].tolist() == [2019]
    level = replace(design.outcomes["y"], own_year=True)
    own = choices_of(replace(design, outcomes={"y": level}), SETTINGS, "y", "x")
    assert design.years[~own.years["without:2020"]].tolist() == [2020]


def test_of_too_many_specifications_some_are_drawn_and_the_preferred_stays(monkeypatch) -> None:
    monkeypatch.setattr(module, "MOST", 10)
    part = of(planted_design(3).design)
    assert len({e.part_of for e in part.estimates}) == 10
    assert part.about["curves"][0]["possible"] == 32
    notes = [e.part_of for e in part.estimates if e.note == "preferred"]
    assert set(notes) == {part.estimates[0].part_of}
    assert "winsorised=no; places=all; years=all; lag=0; effects=year" in notes[0]


def test_what_cannot_be_fitted_is_counted_or_refused_by_name() -> None:
    design = planted_design(4, years=4).design
    (own,) = of(design, Mechanisms(draws=99, lags=(1, 2))).about["curves"]
    assert own["refused"] == {"few_years": 8}
    assert own["specifications"] == own["possible"] - 8
    index = replace(design.treatments["x"], behind=frozenset(["y"]))
    part = of(replace(design, treatments={"x": index}))
    assert [(r.reason, r.about, r.found) for r in part.refused] == [("component", "y, x", "y")]
    assert not part.estimates
