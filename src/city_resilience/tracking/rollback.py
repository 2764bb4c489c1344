"""The way back: an earlier champion, or a version on older data, takes the champion's place."""

from __future__ import annotations

from city_resilience.errors import GateRefused, InputError
from city_resilience.tracking.champions import crown, history_of, way_back
from city_resilience.tracking.contender import contender_of
from city_resilience.tracking.gate import Promotion, bars
from city_resilience.tracking.registry import (
    ModelVersion,
    champion_of,
    find_name,
    find_version,
)
from city_resilience.tracking.store import Store
from city_resilience.tracking.verdict import Verdict

__all__ = ["rollback"]


def rollback(name: str, store: Store, *, to: int | None = None, reason: str = "") -> Promotion:
    """Make an earlier version the champion again, and write down why.

    Parameters
    ----------
    name : str
        The registered model; "" where the store holds only one.
    to : int, optional
        Its version; the champion before this one when it is not given.
    reason : str
        Kept in the history of champions.

    Raises
    ------
    InputError
        If there is no champion, no such version or none before, or that version was never champion
        and its data are no older.
    GateRefused
        If that version was never champion and may never take the champion's place.
    """
    with store.turn():
        champion = _champion(name, store)
        target = _target(champion, to, store)
        if target.version == champion.version:
            return Promotion(target, "already")
        why = reason.strip()
        crown(target, champion.version, "rolled_back", why, store)
    return Promotion(target, "rolled_back", why, champion.version)


def _champion(name: str, store: Store) -> ModelVersion:
    name = find_name(name, store)
    champion = champion_of(name, store)
    if champion is None:
        raise InputError(f"{name}: it has no champion to go back from; promote a version")
    return champion


def _target(champion: ModelVersion, to: int | None, store: Store) -> ModelVersion:
    """Return the version to go back to."""
    if to is None:
        before = way_back(champion.name, store)
        if before is None:
            raise InputError(
                f"{champion.name}: no champion before version {champion.version} is known; name "
                "the version with --to ('city-resilience models list' shows all)"
            )
        return find_version(f"{champion.name}/{before}", store)
    target = find_version(f"{champion.name}/{to}", store)
    known = {change.version for change in history_of(champion.name, store)}
    if to != champion.version and to not in known:
        _check_older(target, champion, store)
    return target


def _check_older(target: ModelVersion, champion: ModelVersion, store: Store) -> None:
    """Refuse to go back to what is no way back, or may never take the champion's place."""
    own, other = contender_of(target, store), contender_of(champion, store)
    if own.origin >= other.origin:
        raise InputError(
            f"{target.reference} was never champion and its data end in {own.origin}, those of "
            f"{champion.reference} in {other.origin}: that is no rollback; use city-resilience "
            f"promote {target.reference}"
        )
    if barred := bars(own, other):
        raise GateRefused(f"{target.reference} is not promoted: {Verdict(barred).words()}")
