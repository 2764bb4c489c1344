"""The names of an index that are nearest to a misspelt one, found among many in little time."""

from __future__ import annotations

import difflib
from collections.abc import Iterable, Iterator

import numpy as np

__all__ = ["NearNames"]


class NearNames:
    """Names by the characters in them.

    Only names that share enough characters with a name are compared with it, which are those that
    `difflib` could find at all.

    Parameters
    ----------
    names : iterable of str
    """

    def __init__(self, names: Iterable[str]) -> None:
        self.names = list(names)
        self._lengths = np.array([len(name) for name in self.names])
        having: dict[tuple[str, int], list[int]] = {}
        for at, name in enumerate(self.names):
            for mark in _marks(name):
                having.setdefault(mark, []).append(at)
        self._having = {mark: np.array(found) for mark, found in having.items()}

    def closest(self, name: str, *, most: int, alike: float) -> list[str]:
        """Return the nearest names as `difflib.get_close_matches` does.

        Parameters
        ----------
        most : int
            How many at the most.
        alike : float
            From 0 to 1: how alike they must be.
        """
        having = [self._having[mark] for mark in _marks(name) if mark in self._having]
        if not having:
            return []
        shared = np.bincount(np.concatenate(having), minlength=len(self.names))
        enough = 2 * shared >= alike * (self._lengths + len(name))
        compared = [self.names[at] for at in np.flatnonzero(enough)]
        return difflib.get_close_matches(name, compared, n=most, cutoff=alike)


def _marks(name: str) -> Iterator[tuple[str, int]]:
    """Yield each character with how often it stood before in the name."""
    for at, character in enumerate(name):
        yield character, name.count(character, 0, at)
