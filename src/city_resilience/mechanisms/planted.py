"""Made-up designs whose effects are known: to test the estimators.

The law
-------
City i of province p(i) in year t, with the treatment ``x`` (an effect of the city, one of the year
and AR(1) series of the city and, with the share ``shared`` of the variance, of its province), the
mediator ``m``, a control ``k``, the threshold variable ``q``, the policy ``d`` and the spatial
weights ``W`` of the nearest places (rows add to 1)::

    m = to_mediator x + e1
    y = slope(q, i) x + from_mediator m + 0.5 k + spillover (W x) + policy(i, t) + city + year + e2

``slope`` is ``direct``, or ``above`` where ``q`` exceeds ``threshold``, plus ``half_gap`` in the
half ``b`` of the places. ``policy`` grows with
the years since a place joined, faster for those that joined early, so that two-way effects are
biased.
``e2`` mixes a shock of the province and year (share ``shared`` of its variance) and its own.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from city_resilience.arrays import Float, Int
from city_resilience.mechanisms.design import NEVER, Design, Policy, Series
from city_resilience.mechanisms.nearest import nearest_weights

__all__ = ["Law", "Planted", "planted_design"]

PERSISTENCE = 0.6
COHORTS = (0.4, 0.6)
"""Where in the years the two cohorts join, as shares of their number."""
FIRST_YEAR = 2006


@dataclass(frozen=True)
class Law:
    """Effects that are planted; see the module.

    Attributes
    ----------
    direct, to_mediator, from_mediator, spillover : float
    above : float or None
        Slope where the threshold variable exceeds ``threshold``; ``direct`` when None.
    threshold : float
        In standard deviations of the threshold variable.
    half_gap : float
        What the slope of the group ``half=b`` has beyond that of ``half=a``.
    policy : float
        Effect in the year a place of the early cohort joins, and its growth each year after; half
        of it for the late cohort. 0 plants none.
    shared : float
        Share of the variance of the outcome's error, and of the treatment, that is of the province
        and year.
    noise : float
        Standard deviation of the outcome's error.
    """

    direct: float = 0.0
    to_mediator: float = 0.0
    from_mediator: float = 0.0
    spillover: float = 0.0
    above: float | None = None
    threshold: float = 0.0
    half_gap: float = 0.0
    policy: float = 0.0
    shared: float = 0.0
    noise: float = 1.0


@dataclass(frozen=True)
class Planted:
    """A design and what holds in it.

    Attributes
    ----------
    design : Design
        Outcome ``y``, treatment ``x``, control ``k``, mediator ``m``, threshold variable ``q``,
        policy ``pilot``, group ``half`` (``a`` or ``b``).
    truth : mapping of str to float
        ``total`` (direct and mediated), ``direct``, ``indirect``, ``share`` (indirect of total),
        ``spillover``, ``below``, ``above``, ``threshold``, ``half:a`` and ``half:b`` (totals of the
        halves), ``half_gap``, ``att`` (mean effect over treated place-years) and ``event:K`` by
        years since joining.
    """

    design: Design
    truth: Mapping[str, float]


def planted_design(
    seed: int,
    law: Law = Law(),
    cities: int = 80,
    years: int = 15,
    provinces: int = 16,
) -> Planted:
    """Draw a design under a law.

    Parameters
    ----------
    seed : int
    law : Law
    cities, years, provinces : int
    """
    rng = np.random.default_rng(seed)
    shape = (cities, years)
    province = np.sort(np.arange(cities) % provinces)
    places = rng.uniform((100.0, 25.0), (120.0, 40.0), (provinces, 2))[province]
    places = places + rng.normal(0.0, 0.8, places.shape)
    x, k = _latent(rng, shape, province, law.shared), _latent(rng, shape)
    q = rng.normal(size=(cities, 1)) + 0.5 * _latent(rng, shape)
    q = (q - q.mean()) / q.std()
    m = law.to_mediator * x + _latent(rng, shape)
    lag = nearest_weights(places, 5) @ x
    above = law.direct if law.above is None else law.above
    slope = np.where(q > law.threshold, above, law.direct)
    since = _joined(rng, cities, years)
    effect = _policy(law.policy, since, years)
    shock = rng.normal(size=(provinces, years))[province]
    error = np.sqrt(law.shared) * shock + np.sqrt(1 - law.shared) * rng.normal(size=shape)
    y = slope * x + law.from_mediator * m + 0.5 * k + law.spillover * lag + effect
    y += rng.normal(size=(cities, 1)) + rng.normal(size=(1, years)) + law.noise * error
    half = np.where(rng.permutation(cities) < cities // 2, "a", "b")
    y += law.half_gap * x * (half == "b")[:, None]
    design = Design(
        cities=tuple(f"city {i:03d}" for i in range(cities)),
        years=np.arange(FIRST_YEAR, FIRST_YEAR + years, dtype=np.int64),
        outcomes={"y": Series("y", y, "Outcome", "结果", behind=frozenset(["y"]))},
        treatments={
            "x": Series("x", x, "Index", "指数", family="digital", behind=frozenset(["x"]))
        },
        controls={"k": Series("k", k, "Control", "控制变量", behind=frozenset(["k"]))},
        mediators={
            "m": Series("m", m, "Channel", "渠道", family="innovation", behind=frozenset(["m"]))
        },
        thresholds={"q": Series("q", q, "Threshold", "门槛变量", behind=frozenset(["q"]))},
        groups={"half": half},
        province=np.asarray([f"province {p:02d}" for p in province]),
        coordinates=places,
        policies={
            "pilot": Policy(
                "pilot", _calendar(since), np.zeros(cities, dtype=bool), "Pilot", "试点"
            )
        },
        simulated=True,
    )
    return Planted(design, _truth(law, above, effect, since, years))


def _latent(
    rng: np.random.Generator, shape: tuple[int, int], province: Int | None = None, shared: float = 0
) -> Float:
    """Return an effect of the city, one of the year, and AR(1) series, added up."""
    series = _autoregressive(rng, shape)
    if province is not None and shared > 0:
        common = _autoregressive(rng, (int(province.max()) + 1, shape[1]))[province]
        series = np.sqrt(shared) * common + np.sqrt(1 - shared) * series
    return rng.normal(size=(shape[0], 1)) + rng.normal(size=(1, shape[1])) + series


def _autoregressive(rng: np.random.Generator, shape: tuple[int, int]) -> Float:
    """Return stationary AR(1) series of variance 1, one a row."""
    news = rng.normal(size=shape)
    news[:, 1:] *= np.sqrt(1 - PERSISTENCE**2)
    series = news.copy()
    for t in range(1, shape[1]):
        series[:, t] = PERSISTENCE * series[:, t - 1] + news[:, t]
    return series


def _joined(rng: np.random.Generator, cities: int, years: int) -> Int:
    """Return the year's position in which each place joins; -1 for the third that never does."""
    early, late = (int(share * years) for share in COHORTS)
    return rng.permutation(np.resize([early, late, -1], cities)).astype(np.int64)


def _policy(size: float, since: Int, years: int) -> Float:
    """Return the effect of the policy, shape (cities, years)."""
    after = np.arange(years) - since[:, None] + 1
    strength = np.where(since == since[since >= 0].min(), size, size / 2)
    joined = (since[:, None] >= 0) & (after > 0)
    return np.where(joined, strength[:, None] * after, 0.0)


def _calendar(since: Int) -> Int:
    return np.where(since >= 0, FIRST_YEAR + since, NEVER).astype(np.int64)


def _truth(law: Law, above: float, effect: Float, since: Int, years: int) -> dict[str, float]:
    indirect = law.to_mediator * law.from_mediator
    total = law.direct + indirect
    treated = (since[:, None] >= 0) & (np.arange(years) >= since[:, None])
    events = np.arange(years) - since[:, None]
    truth = {
        "total": total,
        "direct": law.direct,
        "indirect": indirect,
        "share": indirect / total if total else np.nan,
        "spillover": law.spillover,
        "below": law.direct,
        "above": above,
        "threshold": law.threshold,
        "half:a": total,
        "half:b": total + law.half_gap,
        "half_gap": law.half_gap,
        "att": float(effect[treated].mean()),
    }
    for event in range(int(events[treated].max()) + 1):
        rows = treated & (events == event)
        truth[f"event:{event}"] = float(effect[rows].mean())
    return truth
