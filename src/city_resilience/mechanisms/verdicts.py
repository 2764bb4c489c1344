"""What the other parts say about each claim: supported, not supported, or not testable.

The rule of a row, one outcome and one digital index (and one channel, group or policy)
---------------------------------------------------------------------------------------
``untestable``
    No part tests it: the reason is an id of `REASONS` or of `refusals.REASONS`.
``supported``
    The widest interval among the valid ways of inference leaves zero out in the claimed direction,
    at least `LEAST_SHARE` of the specifications of the curve have that sign, and nothing of weight
    on the referee's list stands against it. The curve varies the relation itself, so channels and
    policies are judged without it. Through a channel, more of the index must also go with more of
    what the channel stands for; a policy also needs a test of trends that does not reject. A claim
    that places differ is supported where the test of equality rejects at 5 % by each valid way of
    inference.
``not_supported``
    Else, with every condition that does not hold.

The rule of a claim
-------------------
Supported if, after the correction of Holm (1979) for all its rows, one that is supported still
rejects zero and none rejects it in the other direction; untestable if all rows are.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

import numpy as np

from city_resilience.mechanisms.claims import CLAIMS, Claim
from city_resilience.mechanisms.context import Context, Part
from city_resilience.mechanisms.estimate import COLUMNS, LEVEL, Estimate, normal_interval
from city_resilience.mechanisms.evidence import Test, objections, sign_shares, tests_of
from city_resilience.mechanisms.refusals import LEAST_CLUSTERS, LEAST_PROVINCES
from city_resilience.resilience.measures import MEASURES

__all__ = [
    "LEAST_SHARE",
    "REASONS",
    "SUPPORTED",
    "UNSUPPORTED",
    "UNTESTABLE",
    "cautious",
    "claimed_sign",
    "holm",
    "verdicts",
]

SUPPORTED, UNSUPPORTED, UNTESTABLE = "supported", "not_supported", "untestable"
LEAST_SHARE = 0.8
"""Share of the specifications that have the claimed sign."""
CAUTIOUS = ("wild_province", "province", "province_cr2", "province_year", "bootstrap_province")
"""Ways of inference whose clusters hold what places of a province share."""
REASONS: Mapping[str, str] = MappingProxyType(
    {
        "no_indicator": "the design has no indicator of it",
        "no_group": "the panel does not divide places so",
        "no_part": "the part that tests it was not run",
        "no_curve": "the specification curve was not run",
        "no_interval": "no valid inference: too few clusters",
        "no_direction": "more of the outcome is neither more nor less resilience",
        "zero": "the interval includes zero",
        "opposite": "the interval is on the other side of zero",
        "signs": "fewer than 80 % of the specifications have the sign",
        "equal": "the test of equality does not reject",
        "away": "more of the index goes with less of what the channel stands for",
        "pre_trend": "places that joined moved apart before they joined",
        "no_pre_trend": "no test says how places that joined moved before",
        "referee": "the referee's list stands against it",
        "multiplicity": "no row stands after the correction for their number",
        "contradicted": "another row is clear on the other side after the correction",
    }
)
"""Why a claim is not supported or cannot be tested, in English."""


def claimed_sign(outcome: str) -> int:
    """Return the sign of a relation with more resilience; 0 where a measure leaves that open.

    Examples
    --------
    >>> [claimed_sign(one) for one in ("growth_gap:unit_employment", "time_to_recover")]
    [1, -1]
    """
    own = MEASURES.get(outcome.partition(":")[0])
    return own.better if own else 1


def cautious(estimates: Iterable[Estimate]) -> Estimate | None:
    """Return the estimate with the widest interval among the valid ways of inference.

    Parameters
    ----------
    estimates : iterable of Estimate
        One term. Clusters of provinces need `refusals.LEAST_CLUSTERS`, their wild bootstrap five.
        An interval without a bound, although its test has a p-value, reaches without end.
    """
    return max(_valid(estimates), key=_width, default=None)


def _valid(estimates: Iterable[Estimate]) -> list[Estimate]:
    """Return the estimates whose inference holds what places of a province share."""
    return [
        one
        for one in estimates
        if one.clusters >= _least(one.inference)
        and (np.isfinite(one.p) or np.isfinite([one.low, one.high]).all())
    ]


def _width(one: Estimate) -> float:
    width = one.high - one.low
    return width if np.isfinite(width) else np.inf


def _least(inference: str) -> float:
    if inference == "wild_province":
        return LEAST_PROVINCES
    return LEAST_CLUSTERS if inference in CAUTIOUS else np.inf


def holm(p: Sequence[float]) -> list[float]:
    """Return p-values after the correction of Holm (1979); NaN stays.

    Examples
    --------
    >>> holm([0.01, 0.04, float("nan"), 0.03])
    [0.03, 0.06, nan, 0.06]
    """
    known = [k for k in np.argsort(p) if np.isfinite(p[k])]
    found, most = [float("nan")] * len(p), 0.0
    for rank, k in enumerate(known):
        most = max(most, min(1.0, (len(known) - rank) * p[k]))
        found[k] = round(most, 12)
    return found


def verdicts(context: Context) -> Part:
    """Judge each claim from what the other parts found.

    Returns
    -------
    Part
        Estimates with the claim as the model, what it goes through as the term and the verdict as
        the note. ``about`` has ``rows`` (one a test: ``claim, outcome, treatment, through,
        verdict, reasons``, the figures of the estimate, ``adjusted``, ``same_sign``,
        ``specifications``), ``claims`` (one a claim: ``claim``, labels, ``verdict, reasons,
        counts`` (reason to tests that have it), ``tested, supported, opposite, missing`` and
        ``shown``, the number of the row that stands for it), and the ``rule``.
    """
    shares = sign_shares(context)
    rows: list[dict[str, Any]] = []
    claims = []
    for id, claim in CLAIMS.items():
        own = [
            _judged(id, test, shares, objections(context, test))
            for test in tests_of(context, claim)
        ]
        adjusted = holm([row["p"] for row in own])
        own = [{**row, "adjusted": p} for row, p in zip(own, adjusted, strict=True)]
        claims.append(_summed(id, claim, own, len(rows)))
        rows += own
    about = {
        "claims": claims,
        "rows": rows,
        "rule": {"least_share": LEAST_SHARE, "level": LEVEL, "inference": list(CAUTIOUS)},
    }
    return Part([_estimate_of(row) for row in rows if row["verdict"] != UNTESTABLE], (), about)


def _judged(
    id: str,
    test: Test,
    shares: Mapping[tuple[str, str], tuple[float, int]],
    against: list[str],
) -> dict[str, Any]:
    """Return the row of a test with its verdict."""
    one = _equality(test) if test.differs else cautious(test.estimates)
    row = _bare_row(id, test, one)
    if one is None:
        return {**row, "verdict": UNTESTABLE, "reasons": [test.why or "no_interval"]}
    row["p"] = row["p"] if np.isfinite(row["p"]) else _p_of(one)
    sign = claimed_sign(test.outcome)
    if not (sign or test.differs):
        return {**row, "verdict": UNTESTABLE, "reasons": ["no_direction"]}
    reasons = _differs(one) if test.differs else _clear(one, sign)
    if test.shares:
        share, row["specifications"] = shares.get((test.outcome, test.treatment), (np.nan, 0))
        row["same_sign"] = share if sign > 0 else 1 - share
        reasons += _signs(row, reasons)
    reasons += [*test.against, *(["referee"] if against else [])]
    row["referee"] = against
    verdict = UNTESTABLE if reasons == ["no_curve"] else UNSUPPORTED if reasons else SUPPORTED
    return {**row, "verdict": verdict, "reasons": reasons}


def _bare_row(id: str, test: Test, one: Estimate | None) -> dict[str, Any]:
    figures = {name: getattr(one, name, np.nan) for name in ("estimate", "low", "high", "p")}
    counts = {name: getattr(one, name, 0) for name in ("n", "cities", "years", "clusters")}
    return {
        "claim": id,
        "outcome": test.outcome,
        "treatment": test.treatment,
        "through": test.through,
        "differs": test.differs,
        **figures,
        **counts,
        "inference": one.inference if one else "",
        "same_sign": np.nan,
        "specifications": 0,
        "referee": [],
    }


def _signs(row: Mapping[str, Any], reasons: Sequence[str]) -> list[str]:
    """Return what the specifications say; without a curve nothing more where it is lost anyway."""
    if not row["specifications"]:
        return [] if reasons else ["no_curve"]
    return ["signs"] if row["same_sign"] < LEAST_SHARE else []


def _clear(one: Estimate, sign: int) -> list[str]:
    """Return why an interval is not clear of zero on the claimed side."""
    bounds = np.nan_to_num(one.low, nan=-np.inf), np.nan_to_num(one.high, nan=np.inf)
    low, high = sorted(sign * bound for bound in bounds)
    return [] if low > 0 else ["opposite" if high < 0 else "zero"]


def _equality(test: Test) -> Estimate | None:
    """Return the test of equality with the largest p-value among the valid ways of inference."""
    known = [one for one in _valid(test.estimates) if np.isfinite(one.p)]
    return max(known, key=lambda one: one.p, default=None)


def _differs(one: Estimate) -> list[str]:
    return [] if one.p < 1 - LEVEL else ["equal"]


def _p_of(one: Estimate) -> float:
    """Return the p-value of an interval whose method gives none, by the normal law."""
    width = one.high - one.low
    reach = normal_interval(0.0, 1.0)[1]
    return normal_interval(one.estimate, width / 2 / reach)[2]


def _summed(id: str, claim: Claim, rows: Sequence[dict[str, Any]], first: int) -> dict[str, Any]:
    """Return the summary of a claim over its rows."""
    tested = [k for k, row in enumerate(rows) if row["verdict"] != UNTESTABLE]
    level = 1 - LEVEL
    sure = [k for k in tested if rows[k]["adjusted"] < level]
    supported = [k for k in tested if rows[k]["verdict"] == SUPPORTED]
    opposite = [k for k in tested if "opposite" in rows[k]["reasons"]]
    firm = [k for k in supported if k in sure]
    against = set(opposite) & set(sure)
    holds = firm and not against
    shown = min(firm, key=lambda k: rows[k]["p"]) if holds else next(iter(tested), 0)
    counts = _counted([rows[k] for k in tested] or rows)
    reasons = list(counts)
    if supported:
        reasons = [*([] if firm else ["multiplicity"]), *(["contradicted"] if against else [])]
    lacking = not tested and {"no_indicator", "no_group"} & set(reasons)
    return {
        "claim": id,
        "label_en": claim.label_en,
        "label_zh": claim.label_zh,
        "verdict": SUPPORTED if holds else UNSUPPORTED if tested else UNTESTABLE,
        "reasons": reasons,
        "counts": counts if tested else {},
        "tested": len(tested),
        "rows": len(rows),
        "supported": len(supported),
        "opposite": len(opposite),
        "missing": list(claim.indicators or claim.groups) if lacking else [],
        "shown": first + shown,
    }


def _counted(rows: Sequence[Mapping[str, Any]]) -> dict[str, int]:
    """Return the reasons of rows with how many have each, the most frequent first."""
    found = Counter(reason for row in rows for reason in row["reasons"])
    return dict(found.most_common())


def _estimate_of(row: Mapping[str, Any]) -> Estimate:
    """Return a row as an estimate: the claim is the model, the verdict the note."""
    kept = {name: row[name] for name in COLUMNS if name in row}
    term = row["through"] or row["treatment"]
    return Estimate(**kept, model=row["claim"], term=term, note=row["verdict"])
