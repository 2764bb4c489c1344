"""Values that no city can have, and zeros where a blank was meant."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from city_resilience.audit.figures import shown, span
from city_resilience.audit.finding import Finding, correction_line
from city_resilience.audit.masking import SIGNED
from city_resilience.audit.subject import Look
from city_resilience.audit.trajectories import Mask

__all__ = ["impossible", "runs", "zeros"]


def impossible(look: Look) -> Iterator[Finding]:
    """Find negative values and shares above one; many in a variable are one finding."""
    masked = look.subject.masked_by(look.id, "impossible")
    for city, at in zip(*np.nonzero(masked), strict=True):
        value = float(look.values[city, at])
        rule = "is negative" if value < 0 else "is a share above one"
        yield look.subject.cell(
            "impossible", "error", look.id, (int(city), int(at)), f"{shown(value)} {rule}"
        )
    rest = _out_of_range(look) & ~masked
    if rest.any():
        yield _doubtful(look, rest)


def _out_of_range(look: Look) -> Mask:
    negative = look.values < 0
    if look.variable.kind in ("log", "index") or look.id in SIGNED:
        negative = np.zeros_like(negative)
    if look.variable.kind == "share":
        return np.asarray(negative | (look.values > 1.005))
    return negative


def _doubtful(look: Look, cells: Mask) -> Finding:
    worst = float(look.values[cells][np.argmax(np.abs(look.values[cells]))])
    rule = "lies outside 0 to 1" if look.variable.kind == "share" else "is negative"
    years = look.years[np.flatnonzero(cells.any(axis=0))]
    many = float(cells.sum()) > 0.2 * float(np.isfinite(look.values).sum())
    shares = look.variable.kind == "share" and worst > 1
    return Finding(
        "impossible",
        "error" if many and look.variable.kind == "share" else "warning",
        look.id,
        "",
        (int(years[0]), int(years[-1])),
        f"{look.id} {rule} in {int(cells.sum())} city-years, up to {shown(worst)}: is it what its "
        "header says, in that unit?",
        factor=100.0 if shares and many else None,
        cities=int(cells.any(axis=1).sum()),
        correction=correction_line(look.id, "*", "*", "*0.01") if shares and many else "",
    )


def zeros(look: Look) -> Iterator[Finding]:
    """Find zeros that the city's path contradicts: one finding for each run of years."""
    masked = look.subject.masked_by(look.id, "zero")
    for city in np.flatnonzero(masked.any(axis=1)):
        for first, last in runs(masked[city]):
            yield _zero(look, int(city), first, last)


def _zero(look: Look, city: int, first: int, last: int) -> Finding:
    subject, path = look.subject, look.path.past
    expected = float(np.exp(path.expected[city, first]))
    years = (int(look.years[first]), int(look.years[last]))
    when = f"{years[0]}" if first == last else f"{years[0]}-{years[1]}"
    position = int(subject.positions[city, first])
    name = subject.grid.cities[city]
    return Finding(
        "zero",
        "error",
        look.id,
        name,
        years,
        f"0 in {span(*years)} where the years before let expect {shown(expected, 3)}{look.unit}: "
        "a blank written as zero?",
        value=0.0,
        expected=expected,
        cell=subject.panel.cell(position, look.id) if position >= 0 else "",
        correction=correction_line(look.id, name, when, "drop"),
        surprise=float(
            min((path.expected - path.floor)[city, first] / path.spread[city, first], 999.0)
        ),
    )


def runs(mask: Mask) -> list[tuple[int, int]]:
    """Return first and last position of each run of True.

    Examples
    --------
    >>> runs(np.array([False, True, True, False, True]))
    [(1, 2), (4, 4)]
    """
    edges = np.flatnonzero(np.diff(np.concatenate([[0], mask.astype(np.int8), [0]])))
    return [(int(start), int(end) - 1) for start, end in edges.reshape(-1, 2)]
