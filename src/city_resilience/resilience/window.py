"""The window of a shock: its start, its end, and the end of the recovery."""

from __future__ import annotations

import re
from dataclasses import dataclass

from city_resilience.errors import InputError

__all__ = ["Window"]

_FORM = re.compile(r"(\d{4}):(\d{4})(?::(\d{4}))?")


@dataclass(frozen=True, order=True)
class Window:
    """Years between which a shock is measured.

    Attributes
    ----------
    start : int
        Last year before the shock.
    end : int
        Last year of the contraction, after the start.
    recovery_end : int or None
        Last year of the expansion that follows, after the end.

    Raises
    ------
    InputError
        If the years do not rise.
    """

    start: int
    end: int
    recovery_end: int | None = None

    def __post_init__(self) -> None:
        last = self.end + 1 if self.recovery_end is None else self.recovery_end
        if not self.start < self.end < last:
            raise InputError(f"window {self}: its years must rise, as in 2008:2009:2011")

    def __str__(self) -> str:
        """Return the window as it is written: ``2008:2009`` or ``2008:2009:2011``."""
        tail = "" if self.recovery_end is None else f":{self.recovery_end}"
        return f"{self.start}:{self.end}{tail}"

    @classmethod
    def parse(cls, text: str) -> Window:
        """Read ``START:END`` or ``START:END:RECOVERY_END``.

        Raises
        ------
        InputError
            If the text has another form, or the years do not rise.

        Examples
        --------
        >>> Window.parse("2008:2009:2011")
        Window(start=2008, end=2009, recovery_end=2011)
        """
        found = _FORM.fullmatch(text.strip())
        if not found:
            raise InputError(
                f"window {text!r}: expected START:END or START:END:RECOVERY_END in four-digit "
                "years, as in 2008:2009 or 2008:2009:2011"
            )
        start, end, recovery_end = found.groups()
        return cls(int(start), int(end), None if recovery_end is None else int(recovery_end))
