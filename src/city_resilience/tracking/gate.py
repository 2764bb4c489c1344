"""The champion gate: what speaks for and against a challenger, and who becomes champion."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import pandas as pd

from city_resilience.errors import GateRefused, InputError
from city_resilience.evaluation.paired import Paired, pair_backtests
from city_resilience.experiment.gate import Gate
from city_resilience.explain.beside import DriversBeside, pair_drivers
from city_resilience.explain.driver_tables import HELD_OUT
from city_resilience.foreign import read_table
from city_resilience.models.rows import FORECAST
from city_resilience.tracking.champions import crown
from city_resilience.tracking.contender import Contender, contender_of, outcome_words
from city_resilience.tracking.registry import ModelVersion, champion_of, run_file
from city_resilience.tracking.store import Store
from city_resilience.tracking.verdict import RULINGS, Behind, Reason, Ruling, Verdict, ruling_of

__all__ = [
    "DRIVERS",
    "VERDICT_AGAINST",
    "VERDICT_REASONS",
    "Promotion",
    "bars",
    "data_reason",
    "first_verdict",
    "judge_versions",
    "paired_reasons",
    "promote",
    "scored_by",
]

DRIVERS = "drivers"
"""Folder of a run that has the table of held-out drivers."""
VERDICT_AGAINST, VERDICT_REASONS = "verdict_against", "verdict_reasons"
"""Tags of a version: the champion it was judged against, and the codes of the reasons."""
NOT_COMPARED = ("few_rows", "other_truths", "not_refitted", "no_scores")
"""Reasons for which errors could not be compared."""
How = Literal["already", "forced", "first", "refitted", "gate", "rolled_back"]


@dataclass(frozen=True)
class Promotion:
    """Why a version is champion now.

    Attributes
    ----------
    reason : str
        ``already`` (it was before), ``forced``, ``first`` (there was none), ``refitted`` (it has
        the champion's recipe), ``gate`` (it passed) or ``rolled_back``.
    why : str
        In words: the gate's, or those of who forced it or went back.
    previous : int or None
        The version that was champion.
    """

    version: ModelVersion
    reason: How
    why: str = ""
    previous: int | None = None


def first_verdict(own: Contender, behind: Behind | None) -> Verdict:
    """Return the verdict on a model that has no champion beside it."""
    reasons = (Reason("first"), *_audit_errors(own))
    verdict = Verdict(reasons, rules=own.experiment.gate, measure=own.outcome.measure)
    return verdict.behind(behind) if behind else verdict


def bars(own: Contender, champion: Contender) -> tuple[Reason, ...]:
    """Return the reasons for which a model never takes the champion's place; none if it may."""
    return tuple(_bars(own, champion, own.experiment.gate))


def _bars(own: Contender, champion: Contender, rules: Gate) -> Iterator[Reason]:
    yield from _audit_errors(own)
    if not own.same_outcome(champion):
        kinds = {"own": outcome_words(own.outcome), "other": outcome_words(champion.outcome)}
        yield Reason("other_outcome", kinds)
    elif times := own.times(champion):
        told = f"{float(f'{times:.3g}'):,g}"
        yield Reason.of("other_unit", variable=own.outcome.variable, times=told)
    common, every = len(own.cities & champion.cities), max(len(champion.cities), 1)
    if common / every < rules.min_cities:
        share = {"share": common / every, "least": rules.min_cities}
        yield Reason.of("few_cities", own=common, other=every, **share)


def _audit_errors(own: Contender) -> list[Reason]:
    return [Reason.of("audit_errors", n=own.audit_errors)] if own.audit_errors else []


def data_reason(own: Contender, champion: Contender) -> Reason | None:
    """Say what the data make of a model with the champion's recipe, or of older data; else None."""
    years = {"origin": own.origin, "before": champion.origin}
    if own.origin < champion.origin:
        return Reason("older_data", years)
    if not own.recipe or own.recipe != champion.recipe:
        return None
    if own.origin > champion.origin:
        refit = own.experiment.gate.refit == "promote"
        return Reason("refit" if refit else "newer_data", years)
    same = own.fingerprint == champion.fingerprint
    return Reason("same_data" if same else "revised_data", years)


def paired_reasons(
    paired: Paired, drivers: DriversBeside | None, rules: Gate
) -> tuple[Reason, ...]:
    """Return what the errors, the coverage and the drivers of two models say by the rules."""
    return tuple(_paired_reasons(paired, drivers, rules))


def _paired_reasons(paired: Paired, drivers: DriversBeside | None, rules: Gate) -> Iterator[Reason]:
    if paired.common_share < rules.min_common or not paired.rows:
        shares = {"share": paired.common_share, "least": rules.min_common}
        about = {"common": paired.common, "rows": paired.rows, **shares}
        yield Reason("few_rows", about)
        return
    if paired.different:
        yield Reason.of("other_truths", different=paired.different, common=paired.common)
        return
    errors = {
        "challenger": paired.challenger_mae,
        "champion": paired.champion_mae,
        "horizon": int(paired.first_horizon["horizon"].iloc[0]),
        "won": paired.won,
        "years": paired.years,
    }
    lower = paired.difference < 0
    yield Reason("lower" if lower else "not_lower", errors)
    if lower and paired.gain < rules.min_gain:
        yield Reason.of("small_gain", gain=paired.gain, least=rules.min_gain)
    if lower and paired.won < rules.min_years * paired.years:
        least = rules.min_years
        yield Reason.of("few_years", won=paired.won, years=paired.years, least=least)
    if paired.coverage_lost > rules.coverage_loss:
        held, before = paired.coverage
        yield Reason.of("coverage_lost", own=held, other=before, most=rules.coverage_loss)
    if drivers and drivers.challenger < rules.min_stability:
        own, other = (f"{value:.2f}" for value in (drivers.challenger, drivers.champion))
        yield Reason.of("unsteady", own=own, other=other, least=f"{rules.min_stability:.2f}")


def judge_versions(challenger: ModelVersion, champion: ModelVersion, store: Store) -> Verdict:
    """Return the verdict on two registered versions, from the files of their runs.

    Raises
    ------
    InputError
        If the files of a model are gone.
    """
    own, other = contender_of(challenger, store), contender_of(champion, store)
    sides = ((own, challenger), (other, champion))
    rules, data = own.experiment.gate, data_reason(own, other)
    reasons = [*bars(own, other), *([data] if data else [])]
    refit = bool(own.recipe) and own.recipe == other.recipe
    anew = not refit and all(RULINGS[one.code].needs == "rollback" for one in reasons)
    paired, drivers = Paired(), None
    try:
        left, right = (scored_by(one, version, store) for one, version in sides)
        paired = pair_backtests(left, right, rules.min_common)
        drivers = _drivers(challenger, champion, store)
        reasons += paired_reasons(paired, drivers, rules) if anew else ()
    except InputError as error:
        reasons += [] if reasons else [Reason.of("no_scores", problem=str(error))]
    return Verdict(tuple(reasons), champion.reference, paired, drivers, rules, own.outcome.measure)


def scored_by(own: Contender, version: ModelVersion, store: Store) -> pd.DataFrame:
    """Return the backtest of what a version serves, from the panel alone.

    Raises
    ------
    InputError
        If its run has none.
    """
    frame = read_table(run_file(version, "backtest.parquet", store))
    served = frame["model"] == own.experiment.model.serve
    if "information" in frame:
        served &= frame["information"] == FORECAST
    return frame[served]


def _drivers(
    challenger: ModelVersion, champion: ModelVersion, store: Store
) -> DriversBeside | None:
    """Compare the drivers of two versions; None where a run has no table of them."""
    name = f"{DRIVERS}/{HELD_OUT}"
    try:
        left, right = (read_table(run_file(own, name, store)) for own in (challenger, champion))
    except InputError:
        return None
    return pair_drivers(left, right)


def promote(
    version: ModelVersion, store: Store, *, force: bool = False, reason: str = ""
) -> Promotion:
    """Make a version the champion, and write down why.

    Parameters
    ----------
    force : bool
        Also if the gate refuses; ``reason`` must then say why.
    reason : str
        Added to the history of champions.

    Raises
    ------
    InputError
        If a forced promotion has no reason.
    GateRefused
        If the gate refuses, unless forced; if its data are older, or the model may never take the
        champion's place, always.
    """
    if force and not reason.strip():
        raise InputError('--force: no reason is given; say why with --reason "WHY"')
    with store.turn():
        champion = champion_of(version.name, store)
        promotion = _judged(version, champion, store, force, reason.strip())
        if promotion.reason != "already":
            crown(version, promotion.previous, promotion.reason, promotion.why, store)
    return promotion


def _judged(
    version: ModelVersion, champion: ModelVersion | None, store: Store, force: bool, reason: str
) -> Promotion:
    if champion is None:
        return Promotion(version, "first", reason)
    if champion.version == version.version:
        return Promotion(version, "already")
    ruling, codes, why = _ruled(version, champion, store)
    if force and ruling.needs not in ("rollback", "never"):
        return Promotion(version, "forced", reason, champion.version)
    if ruling.needs in ("nothing", "promote"):
        passed = "lower" in codes
        told = (why if passed else "", reason)
        how: How = "gate" if passed else "refitted"
        return Promotion(version, how, "; ".join(filter(None, told)), champion.version)
    raise GateRefused(
        f"{version.reference} is not promoted: {why}; {_way_out(ruling, codes, version)}"
    )


def _ruled(
    version: ModelVersion, champion: ModelVersion, store: Store
) -> tuple[Ruling, tuple[str, ...], str]:
    """Return the verdict of the training if it was against this champion, else judge anew."""
    codes = tuple(filter(None, version.tags.get(VERDICT_REASONS, "").split(",")))
    told = version.tags.get(VERDICT_AGAINST) == champion.reference
    if told and codes and set(codes) <= set(RULINGS):
        return ruling_of(codes), codes, version.tags.get("gate", "")
    verdict = judge_versions(version, champion, store)
    return verdict.ruling, verdict.codes, verdict.words()


def _way_out(ruling: Ruling, codes: tuple[str, ...], version: ModelVersion) -> str:
    if ruling.needs == "rollback":
        return f"go back with city-resilience rollback {version.name} --to {version.version}"
    if ruling.needs == "never":
        return "--force does not help here; train it on the champion's outcome and cities"
    compared = set(codes).isdisjoint(NOT_COMPARED)
    start = "" if compared else "train both on the same panel, or "
    return f'{start}give --force with --reason "WHY" to promote it all the same'
