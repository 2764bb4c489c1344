"""Errors that a user can cause and mend.

``CityResilienceError``
├── ``InputError``   bad data, configuration or usage: exit code 2
├── ``GateRefused``  a promotion gate said no: exit code 3
└── ``AlarmRaised``  done, with an alarm, where that was asked to count: exit code 3

Every message is one line: what is wrong, where (file, row, key), what was found, what to do. Lines
of an experiment file that settle it stand below, ready to paste.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Collection, Iterable

__all__ = [
    "AlarmRaised",
    "CityResilienceError",
    "GateRefused",
    "InputError",
    "check_known",
    "nearest",
    "without_password",
]

_PASSWORD = re.compile(r"(://[^/\s:@]*:)[^/\s@]+@")


class CityResilienceError(Exception):
    """Base of all errors whose message is meant for the user."""

    exit_code = 1


class InputError(CityResilienceError):
    """Bad input, configuration or usage; nothing has been written.

    The message names no password that stands in the address of a store.

    Attributes
    ----------
    paste : str
        Lines of an experiment file that settle it, "" for none.
    """

    exit_code = 2

    def __init__(self, message: str, paste: str = "") -> None:
        super().__init__(without_password(message))
        self.paste = paste


class GateRefused(CityResilienceError):
    """A gate refused what the command asked for."""

    exit_code = 3


class AlarmRaised(CityResilienceError):
    """The output is written, and something about the data is doubtful."""

    exit_code = 3


def without_password(text: str) -> str:
    """Return a text in which the passwords of addresses are stars.

    Examples
    --------
    >>> without_password("postgresql://me:secret@host/store: no answer")
    'postgresql://me:***@host/store: no answer'
    """
    return _PASSWORD.sub(r"\1***@", text)


def nearest(name: str, known: Iterable[str], most: int = 3, alike: float = 0.5) -> str:
    """Return a clause with the known names closest to a misspelt one.

    Parameters
    ----------
    name : str
        The name that was not found.
    known : iterable of str
        The names that exist.
    most : int
        How many to name at the most.
    alike : float
        From 0 to 1: how alike they must be, whatever their capitals.

    Returns
    -------
    str
        ``"; nearest: 'a', 'b'"``, or an empty string where nothing is close.

    Examples
    --------
    >>> nearest("horizn", ["horizon", "seed"])
    "; nearest: 'horizon'"
    """
    folded = {each.casefold(): each for each in reversed(list(known))}
    close = difflib.get_close_matches(name.casefold(), list(folded), n=most, cutoff=alike)
    matches = [folded[each] for each in close]
    return "; nearest: " + ", ".join(repr(m) for m in matches) if matches else ""


def check_known(name: str, known: Collection[str], what: str, no: str = "", then: str = "") -> None:
    """Refuse a name that is not among the known ones, and name the nearest of these.

    Parameters
    ----------
    what : str
        Where it stands, and what it is no one of: ``model.members: no learner``.
    no : str
        What follows the name, such as ``is not a column``.
    then : str
        What to do; choose among the known ones where it is not given.

    Raises
    ------
    InputError
        If it is not known.
    """
    if name not in known:
        refused = " ".join(filter(None, (what, repr(name), no)))
        then = then or f"choose among {', '.join(known)}"
        raise InputError(f"{refused}{nearest(name, known)}; {then}")
