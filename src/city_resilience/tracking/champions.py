"""The history of champions of a registered model: who followed whom, when and why.

Each change is a tag of the registered model that is never written again. A change that another
program made to the alias is shown as one that nobody recorded.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from city_resilience.tracking.backend import silenced
from city_resilience.tracking.leftovers import HISTORY
from city_resilience.tracking.registry import (
    ModelVersion,
    champion_of,
    set_champion,
    versions_of,
)
from city_resilience.tracking.store import Store

__all__ = [
    "UNRECORDED",
    "Change",
    "crown",
    "history_of",
    "previous_champion",
    "record_change",
    "way_back",
]

LONGEST_REASON = 1000
UNRECORDED = "unrecorded"
"""How a champion came to be that no command of ours made one."""


@dataclass(frozen=True)
class Change:
    """A version became champion.

    Attributes
    ----------
    previous : int or None
        The champion before, None where there was none.
    at : str
        Date and time, UTC; "" where it is not known.
    how : str
        ``first``, ``gate``, ``refitted``, ``forced``, ``rolled_back`` or ``unrecorded``.
    reason : str
        In words.
    """

    version: int
    previous: int | None
    at: str
    how: str
    reason: str


def crown(version: ModelVersion, previous: int | None, how: str, reason: str, store: Store) -> None:
    """Make a version the champion and write it down; the caller holds the store's turn."""
    set_champion(version, store)
    record_change(version.name, Change(version.version, previous, "", how, reason), store)


@silenced()
def record_change(name: str, change: Change, store: Store) -> str:
    """Write a change down as of now; returns the key of its tag."""
    now = dt.datetime.now(dt.UTC)
    number = 1 + max((number for number, _, _ in _tags(name, store)), default=0)
    key = f"{HISTORY}{number:05d}.{now:%Y%m%dT%H%M%S.%f}"
    value = vars(change) | {
        "at": f"{now:%Y-%m-%d %H:%M:%S}",
        "reason": change.reason[:LONGEST_REASON],
    }
    store.client.set_registered_model_tag(name, key, json.dumps(value, ensure_ascii=False))
    return key


@silenced()
def history_of(name: str, store: Store) -> list[Change]:
    """Return the champions of a registered model, the first one first.

    A last one is ``unrecorded`` where the champion is not the one that was written down last.
    """
    changes = [change for _, _, change in sorted(_tags(name, store), key=lambda own: own[:2])]
    champion = champion_of(name, store)
    newest = changes[-1].version if changes else None
    if champion is not None and champion.version != newest:
        changes.append(Change(champion.version, newest, "", UNRECORDED, ""))
    return changes


def way_back(name: str, store: Store) -> int | None:
    """Return the version that a rollback goes back to, None where there is none in the store."""
    known = {own.version for own in versions_of(name, store)}
    changes = history_of(name, store)
    return previous_champion([change for change in changes if change.version in known])


def previous_champion(changes: Sequence[Change]) -> int | None:
    """Return the version to go back to: each step back leaves one champion behind.

    Examples
    --------
    >>> def change(version, how): return Change(version, None, "", how, "")
    >>> one, two, three = change(1, "first"), change(2, "gate"), change(3, "gate")
    >>> previous_champion([one, two, three])
    2
    >>> previous_champion([one, two, three, change(2, "rolled_back")])
    1
    """
    reigns: list[int] = []
    for change in changes:
        if change.how == "rolled_back" and change.version in reigns:
            del reigns[reigns.index(change.version) :]
        reigns.append(change.version)
    earlier = [version for version in reigns if version != reigns[-1]]
    return earlier[-1] if earlier else None


def _tags(name: str, store: Store) -> list[tuple[int, str, Change]]:
    """Return number, key and content of the changes that were written down."""
    tags = store.client.get_registered_model(name).tags
    return [
        (int(key.split(".")[1]), key, _change(value))
        for key, value in dict(tags).items()
        if key.startswith(HISTORY) and key.split(".")[1].isdigit()
    ]


def _change(value: str) -> Change:
    try:
        known: dict[str, Any] = json.loads(value)
        return Change(**{key: known[key] for key in Change.__dataclass_fields__})
    except (ValueError, TypeError, KeyError):
        return Change(0, None, "", UNRECORDED, "")
