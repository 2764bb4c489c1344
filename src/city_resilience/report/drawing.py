"""Charts as plain values, and their drawing as SVG: text stays text, and no script is needed.

An SVG holds marks and the numbers of its axes; titles and names of series stand beside it as HTML,
which breaks lines and is there in both languages. How a mark looks is said by its class in
``charts.css``. Bars need no axes and are laid out by the template.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from city_resilience.report.formatting import unsigned
from city_resilience.report.texts import Both

if TYPE_CHECKING:
    from markupsafe import Markup

__all__ = [
    "Axis",
    "Bar",
    "Bars",
    "Chart",
    "Mark",
    "Series",
    "Step",
    "Whisker",
    "WhiskerRow",
    "Whiskers",
    "draw_chart",
    "ticks_of",
]

WIDTH, LEFT, RIGHT, TOP, FOOT = 460.0, 42.0, 10.0, 8.0, 24.0
"""Of the drawing, in its own units, of which a reader sees about one a pixel."""

MANY = 1000
"""Dots of a cloud from which on those at one place are drawn once."""
Values = Sequence[float | None]
Place = Callable[[float], float]


@dataclass(frozen=True)
class Series:
    """Values that belong together.

    Attributes
    ----------
    style : str
        Class of its marks.
    kind : str
        ``line`` (with a dot at each value), ``curve`` (without), ``dots``, ``band`` or ``spans``
        (between ``y`` and ``top``: filled, or a line at each place).
    x, y, top : sequence of float or None
        Nothing is drawn where one is missing.
    name : text, optional
        Shown in the key.
    """

    style: str
    kind: str
    x: Values
    y: Values
    name: Both | None = None
    top: Values = ()


@dataclass(frozen=True)
class Mark:
    """A line or a strip across the drawing, between two places that are the same for a line.

    Attributes
    ----------
    style : str
        Class: "zero", "promised_90", "threshold" …
    across : str
        ``x`` for places on the axis below, ``y`` for those on the axis at the side, ``both`` for
        the line on which the two are equal.
    """

    style: str
    across: str
    low: float = 0.0
    high: float = 0.0


@dataclass(frozen=True)
class Axis:
    """An axis: its title, its ends, and how its numbers are written ("year", "percent", "")."""

    title: Both
    low: float
    high: float
    form: str = ""


@dataclass(frozen=True)
class Chart:
    """A drawing with two axes."""

    series: tuple[Series, ...]
    x: Axis
    y: Axis
    marks: tuple[Mark, ...] = ()
    height: float = 250.0


@dataclass(frozen=True)
class Bar:
    """A bar: its name, its value, and where it begins and how long it is, in percent."""

    label: Both
    value: float
    left: float
    width: float


@dataclass(frozen=True)
class Bars:
    """Bars below each other."""

    rows: tuple[Bar, ...]

    @classmethod
    def of(cls, rows: Iterable[tuple[Both, float]]) -> Bars | None:
        """Return bars from zero, the largest over the whole width; None without any."""
        found = list(rows)
        most = max((size for _, size in found), default=0.0) or 1.0
        bars = (Bar(label, size, 0.0, round(100 * size / most, 2)) for label, size in found)
        return cls(tuple(bars)) if found else None


@dataclass(frozen=True)
class Whisker:
    """A dot between two ends: its name, its value in words, and its places in percent."""

    label: Both
    value: str
    low: float
    at: float
    high: float
    tone: str = ""
    note: Both | str = ""
    first: bool = False


@dataclass(frozen=True)
class Whiskers:
    """Dots with their intervals below each other, on one scale with zero where it is on it."""

    rows: tuple[Whisker, ...]
    title: Both
    zero: float | None

    @classmethod
    def of(cls, rows: Iterable[WhiskerRow], title: Both, least: float | None) -> Whiskers | None:
        """Return dots and whiskers on a common scale; None without any.

        Parameters
        ----------
        rows : iterable of WhiskerRow
        title : text
            What the scale is of.
        least : float or None
            Where the scale begins; None for one around zero, which is marked.
        """
        found = list(rows)
        if not found:
            return None
        ends = [end for row in found for end in row.ends]
        low = min(0.0, *ends) if least is None else least
        span = max(0.0, *ends) - low or 1.0

        def place(value: float) -> float:
            return round(2 + 96 * (value - low) / span, 1)

        def placed(row: WhiskerRow) -> Whisker:
            low, at, high = map(place, row.ends)
            return Whisker(row.label, row.value, low, at, high, row.tone, row.note, row.first)

        return cls(tuple(map(placed, found)), title, place(0.0) if least is None else None)


@dataclass(frozen=True)
class WhiskerRow:
    """A row before it has its place: ``ends`` are the low end, the value and the high end."""

    label: Both
    value: str
    ends: tuple[float, float, float]
    tone: str = ""
    note: Both | str = ""
    first: bool = False


@dataclass(frozen=True)
class Step:
    """One of the charts that a reader steps through."""

    label: Both
    note: Both
    chart: Chart | Whiskers


def draw_chart(chart: Chart) -> Markup:
    """Return a chart as an SVG element that is as wide as its place."""
    from markupsafe import Markup

    x, y = _places(chart)
    body = [
        *(_mark(mark, chart, x, y) for mark in chart.marks),
        *_grid(chart, x, y),
        *(part for own in chart.series for part in _series(own, x, y)),
    ]
    opening = (
        f'<svg class="chart" viewBox="0 0 {WIDTH:g} {chart.height:g}" aria-hidden="true" '
        'focusable="false">'
    )
    return Markup(opening + "".join(body) + "</svg>")


def ticks_of(low: float, high: float, most: int = 6) -> list[float]:
    """Return round numbers between two ends, at most so many and at least two where there are.

    Examples
    --------
    >>> ticks_of(0, 2.3), ticks_of(2010, 2022, 5)
    ([0.0, 0.5, 1.0, 1.5, 2.0], [2010.0, 2015.0, 2020.0])
    """
    span = high - low
    if not math.isfinite(span) or span <= 0:
        return [low]
    power = 10.0 ** math.floor(math.log10(span / most))
    sizes = (power * factor for factor in (1, 2, 2.5, 5, 10, 20))
    step = next(size for size in sizes if span / size <= most - 0.99)
    first = math.ceil(low / step - 1e-9)
    count = math.floor(high / step + 1e-9) - first + 1
    return [round((first + k) * step, 10) + 0.0 for k in range(count)]


def _places(chart: Chart) -> tuple[Place, Place]:
    """Return the functions from a value to its place from the left and from the top."""

    def scale(axis: Axis, first: float, last: float) -> Place:
        span = (axis.high - axis.low) or 1.0
        return lambda value: round(first + (last - first) * (value - axis.low) / span)

    left, right = LEFT, WIDTH - RIGHT
    return scale(chart.x, left, right), scale(chart.y, chart.height - FOOT, TOP)


def _grid(chart: Chart, x: Place, y: Place) -> Iterable[str]:
    for value in ticks_of(chart.y.low, chart.y.high, 6):
        at = y(value)
        yield f'<path class="rule" d="M{LEFT:g} {at:g}H{WIDTH - RIGHT:g}"/>'
        place = f'x="{LEFT - 6:g}" y="{at + 4:g}"'
        yield f'<text class="side" {place}>{_written(value, chart.y)}</text>'
    for value in _below(chart.x):
        place = f'x="{x(value):g}" y="{chart.height - 7:g}"'
        yield f'<text class="below" {place}>{_written(value, chart.x)}</text>'


def _below(axis: Axis) -> list[float]:
    if axis.form != "year":
        return ticks_of(axis.low, axis.high, 6)
    return [year for year in ticks_of(axis.low, axis.high, 7) if year == round(year)]


def _written(value: float, axis: Axis) -> str:
    if axis.form == "percent":
        return f"{100 * value:.0f}%"
    if axis.form == "year":
        return f"{value:.0f}".replace("-", "−")
    return unsigned(value, 0) if abs(value) >= 1000 else f"{value:.6g}".replace("-", "−")


def _mark(mark: Mark, chart: Chart, x: Place, y: Place) -> str:
    low, high = mark.low, mark.high
    if mark.across == "both":
        low, high = max(chart.x.low, chart.y.low), min(chart.x.high, chart.y.high)
        return f'<path class="{mark.style}" d="M{x(low):g} {y(low):g}L{x(high):g} {y(high):g}"/>'
    if mark.across == "y":
        return f'<path class="{mark.style}" d="M{LEFT:g} {y(low):g}H{WIDTH - RIGHT:g}"/>'
    foot, wide = chart.height - FOOT, x(high) - x(low)
    if wide == 0:
        return f'<path class="{mark.style}" d="M{x(low):g} {TOP:g}V{foot:g}"/>'
    return (
        f'<rect class="{mark.style}" x="{x(low):g}" y="{TOP:g}" width="{wide:g}" '
        f'height="{foot - TOP:g}"/>'
    )


def _series(own: Series, x: Place, y: Place) -> Iterable[str]:
    if own.kind in {"band", "spans"}:
        rows = zip(own.x, own.y, own.top, strict=True)
        known = [(a, b, c) for a, b, c in rows if a is not None and b is not None and c is not None]
    if own.kind == "band":
        edge = [*((a, b) for a, b, _ in known), *((a, c) for a, _, c in reversed(known))]
        yield f'<path class="band {own.style}" d="{_path([edge], x, y)}Z"/>' if edge else ""
        return
    if own.kind == "spans":
        path = "".join(f"M{x(a):g} {y(b):g}V{y(c):g}" for a, b, c in known)
        yield f'<path class="line span {own.style}" d="{path}"/>'
        return
    runs = list(_runs(own.x, own.y))
    if own.kind in {"line", "curve"}:
        yield f'<path class="line {own.style}" d="{_path(runs, x, y)}"/>'
    if own.kind in {"line", "dots"}:
        dots = _dots([(x(a), y(b)) for run in runs for a, b in run], ordered=own.kind == "line")
        yield f'<path class="{"dot" if own.kind == "line" else "cloud"} {own.style}" d="{dots}"/>'


def _dots(places: list[tuple[float, float]], *, ordered: bool) -> str:
    """Return dots one after the other, each from where the last one was.

    Dots of a cloud are moved by one unit at most; of a large one those at one place are one dot.
    """
    if not ordered:
        cells = [(2 * round(a / 2), 2 * round(b / 2)) for a, b in places]
        places = sorted(set(cells) if len(cells) > MANY else cells)
    path, last = "", (0.0, 0.0)
    for at in places:
        across, down = at[0] - last[0], at[1] - last[1]
        path += f"m{across:g}{'' if down < 0 else ' '}{down:g}z"
        last = at
    return path


def _runs(x: Values, y: Values) -> Iterable[list[tuple[float, float]]]:
    """Return the stretches without a gap."""
    run: list[tuple[float, float]] = []
    for a, b in zip(x, y, strict=True):
        if a is not None and b is not None:
            run.append((a, b))
        elif run:
            yield run
            run = []
    if run:
        yield run


def _path(runs: Iterable[Iterable[tuple[float, float]]], x: Place, y: Place) -> str:
    return "".join("M" + "L".join(f"{x(a):g} {y(b):g}" for a, b in run) for run in runs)
