"""How large a workbook may be: what would fill the memory is refused before it is opened.

The library that opens workbooks ends the whole process when it runs out of memory, and it makes
room for every cell between the first and the last. So what is not small by a look at its bytes is
opened by a process of its own first.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Collection, Iterable
from pathlib import Path

from city_resilience.errors import InputError
from city_resilience.reading.sheet import Position

__all__ = ["MOST_CELLS", "check_archive", "check_memory", "check_merged", "is_small"]

MOST_BYTES = 1 << 30
MOST_RATIO = 200
RATIO_FROM = 64 << 20
MOST_CELLS = 1 << 26
FEW_CELLS = 1 << 23  # so many are no trouble, however few of them are filled
MOST_MEMORY = 1_000_000_000
PATIENCE = 60.0
# Four digits of rows and two letters of columns are fewer cells than FEW_CELLS.
_FAR = re.compile(rb"""["'][A-Za-z$]*(?:[A-Za-z$]{3}\d|\d{5})""")
_BARE = re.compile(rb"""<(?:\w+:)?c(?:/?>|\s(?![^>]*\br\s*=))""")
_OPEN = """
import sys
try:
    import python_calamine
except ImportError:
    sys.exit(3)
try:
    import resource
    resource.setrlimit(resource.RLIMIT_AS, (int(sys.argv[2]),) * 2)
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
except (ImportError, ValueError, OSError):
    pass
with open(sys.argv[1], "rb") as file:
    try:
        book = python_calamine.load_workbook(file)
        kind = python_calamine.SheetTypeEnum.WorkSheet
        for each in book.sheets_metadata:
            if each.typ == kind:
                sheet = book.get_sheet_by_name(each.name)
                print(sheet.height, sheet.width, each.name.encode().hex())
    except MemoryError:
        sys.exit(4)
    except BaseException:
        pass
"""


def check_archive(path: Path, archive: zipfile.ZipFile) -> None:
    """Refuse an archive that unpacks to more than can be meant.

    Raises
    ------
    InputError
        If it does.
    """
    unpacked = sum(item.file_size for item in archive.infolist())
    ratio = unpacked / max(path.stat().st_size, 1)
    if unpacked > MOST_BYTES or (unpacked > RATIO_FROM and ratio > MOST_RATIO):
        raise InputError(
            f"{path}: unpacks to {unpacked / 1e6:,.0f} MB, {ratio:,.0f} times its size; that "
            "is no table of statistics, save its data as .csv or .parquet"
        )


def is_small(sheets: Collection[bytes], strings: bytes) -> bool:
    """Tell whether sheets of an .xlsx file, as XML, are small whatever stands in them.

    Parameters
    ----------
    strings : bytes
        The texts that their cells share.
    """
    longest = max(map(len, strings.split(b"<si")), default=0)
    for content in sheets:
        shared = content.count(b't="s"') + content.count(b"t='s'")
        if shared * longest > MOST_MEMORY // 4 or _FAR.search(content) or _BARE.search(content):
            return False
    return True


def check_memory(path: Path, unpacked: int) -> None:
    """Open a workbook in a process of its own, and refuse one that would fill the memory.

    Parameters
    ----------
    unpacked : int
        Its size in bytes, unpacked.

    Raises
    ------
    InputError
        If it needs more than 1 GB or 60 s, or spans far more cells than its bytes can fill.
    """
    words = [sys.executable, "-P", "-c", _OPEN, str(path), str(MOST_MEMORY)]
    own = os.environ | {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    try:
        done = subprocess.run(words, capture_output=True, timeout=PATIENCE, env=own, check=False)
    except subprocess.TimeoutExpired as error:
        raise InputError(f"{path}: takes more than {PATIENCE:.0f} s to open; {_DO}") from error
    except OSError:  # no second process can be had here
        return
    for line in done.stdout.decode("ascii", errors="replace").splitlines():
        rows, columns, title = line.split()
        _check_span(path, int(rows), int(columns), bytes.fromhex(title).decode(), unpacked)
    if done.returncode not in (0, 1, 3):
        raise InputError(f"{path}: needs more than {MOST_MEMORY / 1e9:.0f} GB to be opened; {_DO}")


_DO = "delete stray cells far from its tables, or save its data as .csv or .parquet"


def _check_span(path: Path, rows: int, columns: int, title: str, unpacked: int) -> None:
    cells = rows * columns
    if cells > MOST_CELLS or cells > max(FEW_CELLS, unpacked):
        raise InputError(
            f"{path}: the sheet {title!r} spans {rows:,} rows and {columns:,} columns; delete the "
            "stray cells far from the table, or save its data as .csv or .parquet"
        )


def check_merged(
    path: Path, title: str, ranges: Iterable[tuple[Position, Position]], height: int, width: int
) -> None:
    """Refuse a sheet whose merged cells are more than can be meant, as where they overlap.

    Parameters
    ----------
    ranges : iterable of pairs of positions
        First and last cell of each area that is merged.
    height, width : int
        Size of the sheet.

    Raises
    ------
    InputError
        If they are.
    """
    cells = sum(
        max(min(bottom + 1, height) - top, 0) * max(min(right + 1, width) - left, 0)
        for (top, left), (bottom, right) in ranges
    )
    if cells > FEW_CELLS:
        raise InputError(
            f"{path}: the sheet {title!r} merges {cells:,} cells; take the merging off, or save "
            "its data as .csv or .parquet"
        )
