"""Passes over the batches of a panel, until all that formulas ask of all cities is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

from city_resilience.batches.cities import CityBatches
from city_resilience.batches.columns import GatheredFile
from city_resilience.indicators.formulas.together import Gathered, Key, Part, asking
from city_resilience.memory import Rows

__all__ = ["Passes", "Work"]

Work = Callable[[Rows, list[str]], set[str]]
"""Computes what is named for the cities of a batch; returns what waits for the next pass."""


class Passes:
    """What formulas brought together of all cities so far, and the passes that bring it.

    Parameters
    ----------
    batches : CityBatches
    folder : Path
        Where columns of all cities are kept.
    """

    def __init__(self, batches: CityBatches, folder: Path) -> None:
        self._batches, self._folder = batches, folder
        self._known: dict[Key, Any] = {}
        self._numbers = count()

    def until_done(self, names: Iterable[str], work: Work) -> None:
        """Pass over the batches until nothing waits.

        Each pass asks for what waited in the one before. What a batch computes while another
        batch lets it wait comes again.

        Parameters
        ----------
        names : iterable of str
            What is to be computed.
        work : callable
        """
        pending = list(names)
        while pending:
            waiting: set[str] = set()
            found: dict[Key, Any] = {}
            keep = partial(self._keep, found)
            for rows, first in self._batches.batches():
                with asking(self._known, first, keep):
                    waiting |= work(rows, pending)
            self._known |= found
            pending = [name for name in pending if name in waiting]

    def _keep(self, found: dict[Key, Any], key: Key, part: Part) -> None:
        """Add a part to what was found so far; columns go to a file."""
        if key not in found and isinstance(part, Gathered):
            found[key] = GatheredFile(self._folder / f"gathered_{next(self._numbers)}")
        found[key] = part.onto(found.get(key))
