"""A panel from the standard input, kept in a file of its kind while it is read."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TypeVar

from city_resilience.errors import InputError

__all__ = ["MOST_BYTES", "STDIN", "piped"]

Source = TypeVar("Source")
STDIN = "-"
MOST_BYTES = 2**30
# How files of a kind begin; anything else is text.
_KINDS = {b"PAR1": ".parquet", b"PK\x03\x04": ".xlsx", b"\xd0\xcf\x11\xe0": ".xls"}


@contextmanager
def piped(data: Source) -> Iterator[Source | Path]:
    """Yield where a panel is: a file with what the standard input holds for ``-``, else as given.

    Raises
    ------
    InputError
        If the standard input is empty or larger than 1 GiB.
    """
    if not (isinstance(data, str | Path) and str(data) == STDIN):
        yield data
        return
    content = sys.stdin.buffer.read(MOST_BYTES + 1)
    if not content:
        raise InputError("--data -: the standard input is empty; pipe a panel into the command")
    if len(content) > MOST_BYTES:
        raise InputError("--data -: more than 1 GiB; write it to a file and name that")
    suffix = next((kind for start, kind in _KINDS.items() if content.startswith(start)), ".csv")
    with tempfile.TemporaryDirectory(prefix="city-resilience-") as folder:
        path = Path(folder) / f"stdin{suffix}"
        path.write_bytes(content)
        yield path
