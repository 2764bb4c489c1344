"""Planted panels: their laws are what they say, and the same seed gives the same panel."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from city_resilience.planted import BREAK_AT, LAWS, STEEP_SIZE, planted_panel, threshold_value


def next_gap(frame: pd.DataFrame) -> pd.Series:
    """Gap of the year after each row, pp, and the last gap taken out at its planted slope."""
    growth = 100 * np.log(frame["gdp_real"]).groupby(frame["city"]).diff()
    total = frame.groupby("year")["gdp_real"].transform("sum")
    nation = 100 * np.log(total).groupby(frame["city"]).diff()
    gap = growth - nation
    return gap.groupby(frame["city"]).shift(-1) - 0.2 * gap


def score_of(values: pd.Series) -> pd.Series:
    logs = np.log(values)
    return (logs - logs.mean()) / logs.std()


def slope(x: pd.Series, y: pd.Series) -> float:
    known = x.notna() & y.notna()
    return float(np.polyfit(x[known], y[known], 1)[0])


def drawn(law: str) -> tuple[pd.DataFrame, pd.Series, pd.Series]:
    frame = planted_panel(law, 300, 16, seed=1)
    return frame, next_gap(frame), score_of(frame["employment_ict"] / frame["unit_employment"])


def test_slopes_are_those_of_the_linear_law():
    frame, gap, ict = drawn("linear")
    assert slope(ict, gap) == pytest.approx(1.7, abs=0.15)
    assert slope(score_of(frame["patents_granted"] / frame["population"]), gap) == pytest.approx(
        1.0, abs=0.2
    )
    assert abs(slope(score_of(frame["wage"]), gap)) < 0.2


def test_the_threshold_is_a_step_at_the_value_that_is_stated():
    frame, gap, _ = drawn("threshold")
    share = 100 * frame["employment_ict"] / frame["unit_employment"]
    above = share > threshold_value()
    assert 0.25 < above.mean() < 0.45
    assert gap[above].mean() - gap[~above].mean() == pytest.approx(2.5, abs=0.2)
    near = share.between(threshold_value(BREAK_AT - 0.3), threshold_value(BREAK_AT + 0.3))
    apart = gap[near & above].mean() - gap[near & ~above].mean()
    assert apart == pytest.approx(2.5, abs=0.5)


def test_large_cities_alone_are_steeper_in_the_law_of_the_group():
    for law, expected in (("group", 1.5), ("no_group", 0.0)):
        frame, gap, ict = drawn(law)
        large = frame["size_class"] == STEEP_SIZE
        difference = slope(ict[large], gap[large]) - slope(ict[~large], gap[~large])
        assert difference == pytest.approx(expected, abs=0.3)


def test_copies_go_along_and_nothing_drives_noise():
    frame, gap, ict = drawn("copies")
    copies = [ict] + [
        score_of(frame[name] / frame["population"])
        for name in ("broadband_subscribers", "mobile_subscribers")
    ]
    related = np.corrcoef(copies)
    assert (related[np.triu_indices(3, 1)] > 0.8).all()
    assert (related[np.triu_indices(3, 1)] < 0.98).all()
    frame, gap, ict = drawn("noise")
    assert abs(slope(ict, gap)) < 0.15


@pytest.mark.parametrize("law", LAWS)
def test_every_law_has_a_panel_that_its_seed_decides(law):
    first, again, other = (planted_panel(law, 40, 8, seed) for seed in (1, 1, 2))
    pd.testing.assert_frame_equal(first, again)
    assert not first["gdp_real"].equals(other["gdp_real"])
    assert first.notna().all().all()
