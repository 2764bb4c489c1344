"""Passes over the batches of a panel, until all that formulas ask of all cities is known."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from itertools import count
from pathlib import Path
from typing import Any

from city_resilience.batches.cities import CityBatches
from city_resilience.batches.columns import GatheredFile
from city_resilience.indicators.formulas.together import Gathered, Key, Part, asking

__all__ = ["Passes", "Work"]

Work = Callable[[slice, list[str]], set[str]]
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
            batches = zip(self._batches.slices(), self._batches.first(), strict=True)
            for rows, first in batches:
                with asking(self._known, first) as own:
                    waiting |= work(rows, pending)
                for key, part in own.parts.items():
                    found[key] = part.onto(found[key] if key in found else self._empty(part))
            self._known |= found
            pending = [name for name in pending if name in waiting]

    def _empty(self, part: Part) -> GatheredFile | None:
        """Return where the columns of a part are kept; anything else is kept in memory."""
        if not isinstance(part, Gathered):
            return None
        return GatheredFile(self._folder / f"gathered_{next(self._numbers)}")
