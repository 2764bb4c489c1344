"""Figures of a release: what they can be by their magnitude, and the growth that they say."""

from __future__ import annotations

import re
from typing import Literal

import numpy as np

from city_resilience.arrays import Float, Int
from city_resilience.errors import InputError
from city_resilience.experiment.early import Kind, Prices

__all__ = ["Looks", "check_kind", "growth_of", "looks_of", "prices_of"]

Looks = Literal["growth", "index", "chained", "level", "growth_fraction", "index_fraction"]

_ENOUGH, _STEPS = 5, 20  # figures, and steps from year to year, from which a pattern counts
_AMID, _ASCENDING = (0.25, 0.75), 0.9  # share of rising steps: of rates, of a growing series
_RISE = 1.15  # last over first figure of a series that grows
_NEAR_100, _WITHIN = (75.0, 140.0), (50.0, 200.0)  # median and range of yearly indices
_NEAR_1, _WITHIN_1 = (0.9, 1.3), (0.5, 2.0)
_MOST_PERCENT = 40.0  # median beyond which growth of most groups is no growth in percent
_LARGEST = 1e18
_RESTLESS = 5.0  # log points from year to year, by which rates move and amounts seldom do
_REAL = re.compile(r"\breal|constant|volume|不变|可比|实际", re.IGNORECASE)
_NOMINAL = re.compile(r"nominal|current|名义|现价|当年价", re.IGNORECASE)
_MONEY = re.compile(r"yuan|元|dollar|euro|[$€£¥]", re.IGNORECASE)
_SAID = {
    "growth": "growth in percent",
    "index": "an index of the previous year = 100",
    "chained": "an index of one base",
    "level": "amounts",
    "growth_fraction": "growth as a fraction of 1",
    "index_fraction": "an index of the previous year = 1",
}
_DO = {
    "growth": 'set kind = "growth"',
    "index": 'set kind = "index"',
    "chained": 'set kind = "chained" for an index of one base, or "level" for amounts',
    "level": 'set kind = "level" for amounts, or "chained" for an index of one base',
    "growth_fraction": "write 8 in place of 0.08, as percent",
    "index_fraction": "write 108 in place of 1.08",
}


def looks_of(figures: Float) -> tuple[Looks, ...]:
    """Return what figures can be by their magnitude and course, the likeliest first.

    Parameters
    ----------
    figures : ndarray, shape (groups, years)
        As published; NaN = unknown.

    Examples
    --------
    >>> looks_of(np.array([[8.2, 7.9, -2.1, 6.0]]))
    ('growth',)
    >>> looks_of(np.array([[108.2, 107.9, 98.1, 106.0, 104.4]]))
    ('index', 'chained', 'level')
    """
    known = figures[np.isfinite(figures)]
    middle = float(np.median(known))
    if known.min() <= 0:
        tiny = known.size >= _ENOUGH and np.abs(known).max() < 1
        return ("growth_fraction",) if tiny else ("growth",)
    wanders, ascends = _course(figures)
    if known.size >= _ENOUGH and known.max() < 1:
        return _settled("growth_fraction", wanders)
    if known.size >= _ENOUGH and _lies(known, middle, _NEAR_1, _WITHIN_1) and not ascends:
        return _settled("index_fraction", wanders)
    if _lies(known, middle, _NEAR_100, _WITHIN):
        return _around_100(figures, wanders, ascends)
    return _of_any_size(figures, middle, wanders, ascends)


def prices_of(header: str, kind: str) -> Prices | None:
    """Return the prices that a header tells, amounts of money without a word being nominal.

    Examples
    --------
    >>> prices_of("real_gdp_index", "index"), prices_of("地区生产总值(亿元)", "level")
    ('real', 'nominal')
    """
    words = header.replace("_", " ")
    if _REAL.search(words):
        return "real"
    money = kind == "level" and _MONEY.search(words)
    return "nominal" if money or _NOMINAL.search(words) else None


def check_kind(name: str, header: str, kind: Kind, figures: Float) -> None:
    """Refuse figures that can hardly be what they are said to be.

    Parameters
    ----------
    name, header : str
        Of the release and its column.
    figures : ndarray, shape (groups, years)

    Raises
    ------
    InputError
        Says what they look like, and what to set; growth of -100 percent and less, and amounts
        that are not positive, are refused too.
    """
    known = figures[np.isfinite(figures)]
    if np.abs(known).max() > _LARGEST:
        raise InputError(
            f"early.{name}: column {header!r} holds a figure of {np.abs(known).max():.3g}, which "
            "nothing amounts to; correct it or leave it blank"
        )
    looks = looks_of(figures)
    stray = kind != "growth" and known.min() <= 0 < np.median(known)
    if stray and kind in looks_of(np.where(figures > 0, figures, np.nan)):
        raise InputError(
            f"early.{name}: column {header!r} holds {known.min():.4g} among {_SAID[kind]}, "
            "which are positive; correct the figure or leave it blank"
        )
    if kind not in looks:
        first = looks[0]
        paste = f'[early.{name}]\nkind = "{first}"' if first in ("growth", "index") else ""
        raise InputError(
            f"early.{name}: column {header!r} is said to hold {_SAID[kind]}, but its figures look "
            f"like {_SAID[first]} (median {np.median(known):.4g}, from {known.min():.4g} to "
            f"{known.max():.4g}); {_DO[first]}",
            paste,
        )
    if kind == "growth" and known.min() <= -100:
        raise InputError(
            f"early.{name}: column {header!r} holds growth of {known.min():.4g} %, and nothing "
            "falls by all it has; correct the figure or leave it blank"
        )


def growth_of(figures: Float, published: Int, kind: Kind) -> tuple[Float, Int]:
    """Return figures as growth in log points, and the day from which each is known.

    Parameters
    ----------
    figures, published : ndarray, shape (groups, years)
        Of consecutive years; days as ordinals.

    Returns
    -------
    growth, published : ndarray, shape (groups, years)
        The growth of amounts and of an index of one base needs two years, and is known when both
        are out; the first year has none. NaN and 0 where there is no growth.
    """
    if kind == "growth":
        growth = 100.0 * np.log1p(figures / 100.0)
    elif kind == "index":
        growth = 100.0 * np.log(figures / 100.0)
    else:
        growth = np.full(figures.shape, np.nan)
        growth[:, 1:] = 100.0 * np.diff(np.log(figures), axis=1)
        published = np.maximum(published, np.roll(published, 1, axis=1))
    return growth, np.where(np.isfinite(growth), published, 0)


def _lies(
    known: Float, middle: float, median: tuple[float, float], within: tuple[float, float]
) -> bool:
    around = median[0] <= middle <= median[1]
    return bool(around and known.min() >= within[0] and known.max() <= within[1])


def _settled(likely: Looks, wanders: bool) -> tuple[Looks, ...]:
    return (likely,) if wanders else (likely, "level", "chained")


def _of_any_size(figures: Float, middle: float, wanders: bool, ascends: bool) -> tuple[Looks, ...]:
    """Tell growth in percent from amounts, of which both may be small or large."""
    if middle > _MOST_PERCENT or ascends:
        return ("level", "chained", "growth") if wanders else ("level", "chained")
    return ("growth",) if wanders and _restless(figures) else ("growth", "level", "chained")


def _around_100(figures: Float, wanders: bool, ascends: bool) -> tuple[Looks, ...]:
    """Tell an index of the previous year from one of a base, which is 100 for all in one year."""
    several = len(figures) > 1
    base = several and bool(np.any(np.all(np.abs(figures - 100.0) < 1e-9, axis=0)))
    if ascends or base:
        return ("chained", "level")
    if wanders:
        return ("index",)
    return ("index", "chained") if len(figures) >= _ENOUGH else ("index", "chained", "level")


def _course(figures: Float) -> tuple[bool, bool]:
    """Tell whether figures go up and down as rates do, and whether they grow year by year."""
    steps = np.diff(figures, axis=1)
    steps = steps[np.isfinite(steps)]
    if not steps.size:
        return False, False
    rising = float(np.mean(steps > 0))
    wanders = steps.size >= _STEPS and _AMID[0] <= rising <= _AMID[1]
    first = np.array([row[np.isfinite(row)][0] for row in figures if np.isfinite(row).any()])
    last = np.array([row[np.isfinite(row)][-1] for row in figures if np.isfinite(row).any()])
    grown = float(np.median(last / first)) >= _RISE
    return wanders, rising >= _ASCENDING and grown and figures.shape[1] > 3


def _restless(figures: Float) -> bool:
    moves = np.abs(100.0 * np.diff(np.log(figures), axis=1))
    return bool(np.nanmedian(moves) >= _RESTLESS)
