"""From the sizes of drivers in many fits to ranks, signs, losses and grades."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Int, Mask
from city_resilience.evaluation.conditional import q_values, year_test
from city_resilience.evaluation.driver_sizes import FAMILY, INDICATOR
from city_resilience.evaluation.grades import UNSTABLE, capped, grade

__all__ = ["STABILITY_COLUMNS", "drift", "rank_sets", "stability_table"]

STABILITY_COLUMNS = (
    *("view", "horizon", "level", "name", "family", "size", "share"),
    *("rank", "rank_low", "rank_high", "sign", "sign_share", "shadow_share"),
    *("loss", "loss_low", "loss_high", "p_value", "q_value", "grade", "ordered"),
)
LEVEL = 0.95
FIT = ["origin", "number"]


def stability_table(rows: pd.DataFrame) -> pd.DataFrame:
    """Judge the drivers of each view and horizon.

    Parameters
    ----------
    rows : DataFrame
        ``KEPT_COLUMNS`` of plain fits, refits and shadows.

    Returns
    -------
    DataFrame
        ``STABILITY_COLUMNS``, families before indicators, the largest first. ``size`` is the mean
        over the refits (unit of the measure; 0 where a fit does not have the driver) and ``share``
        its part of the sum; ``rank_low, rank_high`` hold 95 % of the ranks in the refits;
        ``sign`` is the more frequent one and ``sign_share`` its share of the refits (for a family,
        which has no sign, the share in which it ranks the cities as in the model that is served);
        ``shadow_share`` is how often a refit has it larger than its shadow at the same origin;
        ``loss`` to ``q_value`` are of families alone, see `year_test`; ``ordered`` says that no
        other interval of ranks of the same list overlaps.
    """
    tables = [pd.DataFrame(columns=list(STABILITY_COLUMNS))]
    for (view, horizon), own in rows.groupby(["view", "horizon"], sort=False):
        families = _with_losses(_judged(own[own["level"] == FAMILY]), own, int(horizon))
        families["grade"] = [
            grade(row.shadow_share, row.sign_share, row.p_value) for row in families.itertuples()
        ]
        of_family = dict(zip(families["name"], families["grade"], strict=True))
        indicators = _judged(own[own["level"] == INDICATOR])
        indicators["grade"] = [
            capped(grade(row.shadow_share, row.sign_share), of_family.get(row.family, UNSTABLE))
            for row in indicators.itertuples()
        ]
        for level, table in ((FAMILY, families), (INDICATOR, indicators)):
            about = {"view": view, "horizon": horizon, "level": level}
            tables.append(table.assign(**about).reindex(columns=list(STABILITY_COLUMNS)))
    return pd.concat(tables[1:] or tables, ignore_index=True)


def _judged(rows: pd.DataFrame) -> pd.DataFrame:
    """Return what the refits and shadows say of the drivers of one list."""
    made = {kind: _by_fit(rows[rows["kind"] == kind], "size") for kind in ("refit", "shadow")}
    size = made["refit"].fillna(0.0)
    mean = size.mean()
    low, high = rank_sets(size.to_numpy())
    signs = _by_fit(rows[rows["kind"] == "refit"], "sign").reindex(columns=size.columns)
    family = rows.drop_duplicates("name").set_index("name")["family"].reindex(size.columns)
    is_family = bool((rows["level"] == FAMILY).any())
    up, down = (signs == 1).mean().to_numpy(), (signs == -1).mean().to_numpy()
    table = pd.DataFrame(
        {
            "name": size.columns,
            "family": family.to_numpy(),
            "size": mean.to_numpy(),
            "share": mean.to_numpy() / max(mean.sum(), np.finfo(float).tiny),
            "rank": mean.rank(ascending=False, method="first").astype(int).to_numpy(),
            "rank_low": low,
            "rank_high": high,
            "sign": 0 if is_family else np.sign(np.round(up - down, 9)).astype(int),
            "sign_share": up if is_family else np.maximum(up, down),
            "shadow_share": _beats(size, made["shadow"].reindex(columns=size.columns)),
            "ordered": _apart(low, high),
        }
    )
    return table.sort_values("rank", ignore_index=True)


def _by_fit(rows: pd.DataFrame, what: str) -> pd.DataFrame:
    return rows.pivot_table(index=FIT, columns="name", values=what, aggfunc="first", sort=True)


def rank_sets(sizes: Float) -> tuple[Int, Int]:
    """Return the ranks, 1 = largest, that hold 95 % of those of each driver.

    Parameters
    ----------
    sizes : ndarray, shape (refits, drivers)

    Returns
    -------
    low, high : ndarray of int, shape (drivers,)
        Rounded outwards.

    Examples
    --------
    >>> rank_sets(np.array([[3.0, 2.0, 1.0], [3.0, 1.0, 2.0]]))
    (array([1, 2, 2]), array([1, 3, 3]))
    """
    from scipy.stats import rankdata

    ranks = rankdata(-sizes, axis=1) if sizes.size else np.empty(sizes.shape)
    if not sizes.size:
        return np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    low = np.quantile(ranks, 0.5 - LEVEL / 2, axis=0, method="lower")
    high = np.quantile(ranks, 0.5 + LEVEL / 2, axis=0, method="higher")
    return np.floor(low).astype(np.int64), np.ceil(high).astype(np.int64)


def _apart(low: Int, high: Int) -> Mask:
    """Whether no other interval overlaps with each."""
    meets = (low[:, None] <= high[None, :]) & (low[None, :] <= high[:, None])
    apart: Mask = meets.sum(axis=1) == 1
    return apart


def _beats(size: pd.DataFrame, shadow: pd.DataFrame) -> list[float]:
    """How often a driver of a refit is larger than its shadow at the same origin."""
    origins = size.index.get_level_values("origin")
    wins, pairs = np.zeros(size.shape[1]), np.zeros(size.shape[1])
    for origin in sorted(set(origins) & set(shadow.index.get_level_values("origin"))):
        own = size[origins == origin].to_numpy()
        other = shadow[shadow.index.get_level_values("origin") == origin].to_numpy()
        wins += (own[:, None] > other[None]).sum(axis=(0, 1))
        pairs += len(own) * np.isfinite(other).sum(axis=0)
    return [float(won / of) if of else np.nan for won, of in zip(wins, pairs, strict=True)]


def _with_losses(table: pd.DataFrame, rows: pd.DataFrame, horizon: int) -> pd.DataFrame:
    """Add what is lost without each family, over the scored origins at which it has columns."""
    plain = rows[(rows["kind"] == "plain") & rows["loss"].notna()].sort_values("origin")
    tests = [
        year_test(plain.loc[plain["name"] == name, "loss"].to_numpy(), horizon)
        for name in table["name"]
    ]
    p = np.array([test.p for test in tests], dtype=np.float64)
    return table.assign(
        loss=[test.loss for test in tests],
        loss_low=[test.low for test in tests],
        loss_high=[test.high for test in tests],
        p_value=p,
        q_value=q_values(p),
    )


def drift(plain: pd.DataFrame) -> list[Mapping[str, Any]]:
    """Return the share of each family in the sizes of all, by view, horizon and origin."""
    own = plain[plain["level"] == FAMILY]
    whole = own.groupby(["view", "horizon", "origin"])["size"].transform("sum")
    share = (own["size"] / whole.where(whole > 0)).fillna(0.0)
    shown = own.assign(share=share.round(4), size=own["size"].round(6))
    columns = ["view", "horizon", "origin", "family", "size", "share"]
    records: list[Mapping[str, Any]] = shown[columns].to_dict("records")
    return records
