"""The composite: by hand, by a slow loop, frozen on its window, stored and read again."""

import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from city_resilience.errors import InputError
from city_resilience.indicators.formulas.composite import FittedComposite, entropy_weights

NAN = np.nan
YEARS = np.arange(2000, 2008)
NAMES = ("broadband", "patents", "pollution")
SIGNS = (1, 1, -1)

# Four cities, one year, three components; the third is a cost.
#   x        x'             Σx'  p                 -Σ p ln p      e = ./ln 4  1 - e
#   0 1 1 2  0 1/2 1/2 1    2    0 1/4 1/4 1/2     1.5 ln 2       0.75        0.25
#   10 10 20 20  0 0 1 1    2    0 0 1/2 1/2       ln 2           0.5         0.5
#   5 9 9 9  1 0 0 0        1    1 0 0 0           0              0           1
# Σ(1 - e) = 1.75, so that w = 1/7, 2/7, 4/7.
HAND = np.array([[0.0, 1.0, 1.0, 2.0], [10.0, 10.0, 20.0, 20.0], [5.0, 9.0, 9.0, 9.0]])[..., None]


def fitted(values, method="entropy", years=YEARS, window=(2000, 2005), **options):
    options = {"components": NAMES, "directions": SIGNS, **options}
    inside = (years >= window[0]) & (years <= window[1])
    options |= {"complete": True, "when": f"{window[0]}-{window[1]}"}
    return FittedComposite.fit(values[:, :, inside], method=method, **options)


def hand(method):
    return fitted(HAND, method, years=np.array([2000]), window=(2000, 2000))


def test_entropy_weights_and_sum_by_hand():
    index = hand("entropy")
    np.testing.assert_allclose(index.weights, [1 / 7, 2 / 7, 4 / 7], rtol=1e-14)
    # Σ w x' = 4/7; 1/14; 1/14 + 2/7; 1/7 + 2/7.
    scores = index.apply(HAND)[:, 0]
    np.testing.assert_allclose(scores, [4 / 7, 1 / 14, 5 / 14, 3 / 7], rtol=1e-14)


def test_topsis_by_hand():
    # 7 v = (0, 0, 4), (1/2, 0, 0), (1/2, 2, 0), (1, 2, 0); 7 ideal = (1, 2, 4), anti-ideal = 0.
    # 7 D+ = √5, √20.25 = 4.5, √16.25, 4 and 7 D- = 4, 0.5, √4.25, √5.
    expected = [
        4 / (4 + math.sqrt(5)),
        0.1,
        math.sqrt(4.25) / (math.sqrt(4.25) + math.sqrt(16.25)),
        math.sqrt(5) / (4 + math.sqrt(5)),
    ]
    index = hand("topsis")
    np.testing.assert_allclose(index.apply(HAND)[:, 0], expected, rtol=1e-14)
    np.testing.assert_allclose(index.ideal, [1 / 7, 2 / 7, 4 / 7], rtol=1e-14)
    assert index.anti_ideal == (0.0, 0.0, 0.0)


def slow(values, window):
    """Both indices by loops over city-years, as the textbook writes them."""
    cells = [
        (city, year)
        for city in range(values.shape[1])
        for year in range(values.shape[2])
        if window[0] <= YEARS[year] <= window[1]
    ]
    low = [min(values[j, c, t] for c, t in cells) for j in range(3)]
    high = [max(values[j, c, t] for c, t in cells) for j in range(3)]

    def scaled(j, c, t):
        if SIGNS[j] > 0:
            return (values[j, c, t] - low[j]) / (high[j] - low[j])
        return (high[j] - values[j, c, t]) / (high[j] - low[j])

    information = []
    for j in range(3):
        total = sum(scaled(j, c, t) for c, t in cells)
        e = 0.0
        for c, t in cells:
            p = scaled(j, c, t) / total
            e -= p * math.log(p) / math.log(len(cells)) if p > 0 else 0.0
        information.append(1 - e)
    weights = [d / sum(information) for d in information]
    sums, closeness = np.empty(values.shape[1:]), np.empty(values.shape[1:])
    for c in range(values.shape[1]):
        for t in range(values.shape[2]):
            v = [weights[j] * scaled(j, c, t) for j in range(3)]
            sums[c, t] = sum(v)
            plus = math.sqrt(sum((weights[j] - v[j]) ** 2 for j in range(3)))
            minus = math.sqrt(sum(x**2 for x in v))
            closeness[c, t] = minus / (plus + minus)
    return weights, sums, closeness


def components(seed=0, cities=6):
    return np.random.default_rng(seed).lognormal(1, 0.6, (3, cities, len(YEARS)))


def test_both_methods_against_a_slow_loop():
    values = components()
    weights, sums, closeness = slow(values, (2000, 2005))
    inside = YEARS <= 2005
    np.testing.assert_allclose(fitted(values).weights, weights, rtol=1e-12)
    np.testing.assert_allclose(fitted(values).apply(values), sums, rtol=1e-11)
    found = fitted(values, "topsis").apply(values)
    np.testing.assert_allclose(found[:, inside], closeness[:, inside], rtol=1e-11)


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.sampled_from(["entropy", "topsis"]), st.floats(0.01, 100))
def test_past_scores_stand_when_a_year_is_added(seed, method, factor):
    values = components(seed)
    later = values.copy()
    later[..., 7] *= factor
    before = fitted(values[..., :7], method, years=YEARS[:7])
    after = fitted(later, method)
    assert before == after
    np.testing.assert_array_equal(before.apply(values[..., :7]), after.apply(later)[:, :7])


@pytest.mark.parametrize("method", ["entropy", "topsis"])
def test_the_order_of_the_cities_changes_no_bit(method):
    values = components(cities=40)
    order = np.random.default_rng(9).permutation(40)
    one, other = fitted(values, method), fitted(values[:, order], method)
    assert one == other
    np.testing.assert_array_equal(one.apply(values)[order], other.apply(values[:, order]))


@pytest.mark.parametrize("method", ["entropy", "topsis"])
def test_better_never_scores_worse_also_beyond_the_window(method):
    values = components()
    index = fitted(values, method)
    scores = index.apply(values)
    for j, sign in enumerate(SIGNS):
        better = values.copy()
        better[j] += sign * 50.0
        assert (index.apply(better) >= scores - 1e-12).all()
    beyond = values.copy()
    beyond[0] += 1e3
    if method == "entropy":
        assert (index.apply(beyond) > 1).all()  # not clipped
    else:
        assert (index.apply(beyond) <= 1).all()


def test_a_constant_component_has_no_weight_and_is_named():
    values = components()
    values[1] = 3.0
    index = fitted(values)
    assert index.weights[1] == 0.0
    assert sum(index.weights) == pytest.approx(1.0)
    values[1, 0, 7] = NAN
    assert np.isfinite(index.apply(values)).all()
    assert np.isfinite(fitted(values, "topsis").apply(values)).all()


def test_nothing_that_varies_is_refused():
    with pytest.raises(InputError, match=r"no component varies in 2000-2005 \(broadband"):
        fitted(np.ones((3, 4, 8)))
    with pytest.raises(ValueError, match="constant"):
        entropy_weights(np.zeros((2, 5)))


def test_one_component_has_all_the_weight():
    index = fitted(components()[:1], components=NAMES[:1], directions=(1,))
    assert index.weights == (1.0,)


def test_a_missing_component_leaves_its_city_year_out_of_fit_and_scores():
    values = components()
    holed = values.copy()
    holed[1, 2, 3] = NAN
    index = fitted(holed)
    others = np.delete(values[:, :, :6].reshape(3, -1), 2 * 6 + 3, axis=1)
    assert index == fitted(others[:, :, None], years=YEARS[:1])
    scores = index.apply(holed)
    assert np.isnan(scores[2, 3])
    assert np.isfinite(scores).sum() == scores.size - 1


@pytest.mark.parametrize("method", ["entropy", "topsis"])
def test_stored_as_json_and_read_again(method):
    index = fitted(components(), method)
    again = FittedComposite.from_dict(json.loads(json.dumps(index.as_dict())))
    assert again == index
    np.testing.assert_array_equal(again.apply(components(5)), index.apply(components(5)))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"directions": (1, 2, 1)}, r"directions \(1, 2, 1\)"),
        ({"directions": (1, 1)}, r"directions \(1, 1\) of 3 components"),
        ({"method": "mean"}, "no method 'mean'; use one of entropy, pca, topsis"),
        ({"window": (1990, 1995)}, "0 city-years of 1990-1995"),
    ],
)
def test_bad_settings_are_named(options, message):
    with pytest.raises(InputError, match=message):
        fitted(components(), **options)


def test_a_stored_composite_that_does_not_hang_together_is_refused():
    stored = fitted(components()).as_dict()
    with pytest.raises(InputError, match="3 components, but 1 values of weights"):
        FittedComposite.from_dict({**stored, "weights": [1.0]})
    with pytest.raises(InputError, match="keys colour"):
        FittedComposite.from_dict({**stored, "colour": 1})
    for number in (10**400, float("inf"), float("nan"), "1"):
        with pytest.raises(InputError, match="a value of weights is no number"):
            FittedComposite.from_dict({**stored, "weights": [number, 0.5, 0.5]})
