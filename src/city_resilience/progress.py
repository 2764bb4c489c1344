"""How long work tells its caller where it stands."""

from __future__ import annotations

from typing import Protocol

__all__ = ["Progress", "silent"]


class Progress(Protocol):
    """Called with what is done, how many parts are done, and how many there are."""

    def __call__(self, what: str, done: int, total: int, /) -> None:
        """Take note."""


def silent(_what: str, _done: int, _total: int, /) -> None:
    """Take no note."""
