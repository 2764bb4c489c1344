"""What is wrong in a file while it is read: raised at once, or kept for an audit."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import islice

from city_resilience.errors import InputError

__all__ = ["Fault", "Faults"]

_MOST = 200


@dataclass(frozen=True)
class Fault:
    """One thing that keeps a cell or row from being read.

    Attributes
    ----------
    kind : str
        ``row``, ``cell``, ``unit``, ``duplicate``, ``outcome`` or ``name``.
    problem : str
        What is wrong, where, and what was found.
    hint : str
        What to do.
    row : int
        Row in the file; 0 where it is about a whole column.
    variable : str
        Variable id; empty where it is about a row.
    """

    kind: str
    problem: str
    hint: str
    row: int = 0
    variable: str = ""


class Faults:
    """Collects faults, or refuses the file at the first one.

    Parameters
    ----------
    path : str
        The file, for errors.
    keep : bool
        Whether to collect. Of one check at most 200 are kept.
    """

    def __init__(self, path: str, *, keep: bool = False) -> None:
        self.path = path
        self.keep = keep
        self.found: list[Fault] = []

    def take(self, faults: Iterable[Fault]) -> None:
        """Take what a check found.

        Raises
        ------
        InputError
            At the first fault, unless faults are kept.
        """
        for fault in islice(faults, _MOST):
            if not self.keep:
                raise InputError(f"{self.path}: {fault.problem}; {fault.hint}")
            self.found.append(fault)
