"""Charts as SVG: marks are where their values are, and nothing of a text is lost or run."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree

import pytest

from city_resilience.report.drawing import Axis, Bars, Chart, Mark, Series, draw_chart, ticks_of

TITLE = {"en": "", "zh": ""}


def _chart(series: Series, *marks: Mark) -> Chart:
    return Chart((series,), Axis(TITLE, 0, 10), Axis(TITLE, 0, 4), marks)


def _of_class(chart: Chart, name: str) -> list[ElementTree.Element]:
    root = ElementTree.fromstring(str(draw_chart(chart)))
    return [node for node in root.iter() if name in node.get("class", "").split()]


def test_places_are_in_proportion_to_values() -> None:
    (line,) = _of_class(_chart(Series("own", "curve", [0, 5, 10], [0, 2, 4])), "own")
    places = [tuple(map(float, pair.split())) for pair in re.split("[ML]", line.get("d", ""))[1:]]
    (x0, y0), (x1, y1), (x2, y2) = places
    assert x1 == pytest.approx((x0 + x2) / 2, abs=0.1)
    assert y1 == pytest.approx((y0 + y2) / 2, abs=0.1)
    assert x0 < x2
    assert y0 > y2


def test_a_missing_value_breaks_the_line_and_has_no_dot() -> None:
    series = Series("own", "line", [0, 1, 2, 3], [1, None, 2, 3])
    line, dots = _of_class(_chart(series), "own")
    assert line.get("d", "").count("M") == 2
    assert dots.get("d", "").count("z") == 3


def test_a_band_lies_between_its_ends_and_a_strip_has_their_width() -> None:
    series = Series("own", "band", [0, 10], [1, 1], top=[3, 3])
    (band,) = _of_class(_chart(series, Mark("strip", "x", 2, 4)), "own")
    assert band.get("d", "").endswith("Z")
    (strip,) = _of_class(_chart(series, Mark("strip", "x", 2, 4)), "strip")
    assert float(strip.get("width", 0)) == pytest.approx(0.2 * (460 - 42 - 10), abs=1)


@pytest.mark.parametrize(
    ("low", "high"), [(0, 1e-6), (-3.2, 7.7), (0.4, 1.0), (1990, 2023), (-1e7, 3e7), (2, 2)]
)
def test_ticks_are_few_and_inside(low: float, high: float) -> None:
    ticks = ticks_of(low, high)
    assert 1 <= len(ticks) <= 6
    assert all(low - 1e-9 <= tick <= high + 1e-9 * max(1, abs(high)) for tick in ticks)
    assert len(ticks) >= 2 or low == high


def test_bars_are_in_percent_of_the_largest() -> None:
    bars = Bars.of([(TITLE, 4.0), (TITLE, 1.0), (TITLE, 0.0)])
    assert bars is not None
    assert [row.width for row in bars.rows] == [100.0, 25.0, 0.0]
    assert Bars.of([]) is None
