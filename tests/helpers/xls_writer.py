"""Writes small .xls workbooks (BIFF8 in a compound file), which no installed library does.

Layouts: [MS-XLS] 2.4 (records) and [MS-CFB] 2.1 to 2.6 (header, FAT, directory).
"""

from __future__ import annotations

import struct
from collections.abc import Iterable
from pathlib import Path

from city_resilience.reading.sheet import Position, Sheet

SECTOR = 512
FREE, END, FAT = 0xFFFFFFFF, 0xFFFFFFFE, 0xFFFFFFFD
ERRORS = {"#DIV/0!": 7, "#N/A": 42}


def write_xls(path: Path, sheets: Iterable[Sheet]) -> Path:
    """Write sheets with their numbers, texts, truth values, errors and merged cells."""
    bodies = [(sheet.name or "Sheet1", _body(sheet)) for sheet in sheets]
    front = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0005, 0, 1997, 0, 0))
    front += _record(0x0042, struct.pack("<H", 1200))
    bounds = [len(_bound(0, name)) for name, _ in bodies]
    start = len(front) + sum(bounds) + 4
    for name, body in bodies:
        front += _bound(start, name)
        start += len(body)
    content = front + _record(0x000A) + b"".join(body for _, body in bodies)
    path.write_bytes(_compound(content))
    return path


def _record(kind: int, data: bytes = b"") -> bytes:
    return struct.pack("<HH", kind, len(data)) + data


def _bound(start: int, name: str) -> bytes:
    text = name.encode("utf-16-le")
    return _record(0x0085, struct.pack("<IBBBB", start, 0, 0, len(text) // 2, 1) + text)


def _body(sheet: Sheet) -> bytes:
    cells = b"".join(
        _cell(row, column, cell)
        for row, cells in enumerate(sheet.rows)
        for column, cell in enumerate(cells)
        if cell is not None and (row, column) not in sheet.covered
    )
    size = struct.pack("<IIHHH", 0, len(sheet.rows), 0, sheet.width, 0)
    start = _record(0x0809, struct.pack("<HHHHII", 0x0600, 0x0010, 0, 1997, 0, 0))
    return start + _record(0x0200, size) + cells + _merged(sheet.covered) + _record(0x000A)


def _cell(row: int, column: int, cell: object) -> bytes:
    at = struct.pack("<HHH", row, column, 0)
    if isinstance(cell, bool):
        return _record(0x0205, at + struct.pack("<BB", cell, 0))
    if cell in ERRORS:
        return _record(0x0205, at + struct.pack("<BB", ERRORS[str(cell)], 1))
    if isinstance(cell, int | float):
        return _record(0x0203, at + struct.pack("<d", cell))
    text = str(cell).encode("utf-16-le")
    return _record(0x0204, at + struct.pack("<HB", len(text) // 2, 1) + text)


def _merged(covered: dict[Position, Position]) -> bytes:
    ends: dict[Position, Position] = {}
    for at, anchor in covered.items():
        ends[anchor] = max(at, ends.get(anchor, at))
    areas = [
        struct.pack("<HHHH", top, bottom, left, right)
        for (top, left), (bottom, right) in ends.items()
    ]
    groups = (areas[at : at + 1000] for at in range(0, len(areas), 1000))
    return b"".join(_record(0x00E5, struct.pack("<H", len(g)) + b"".join(g)) for g in groups)


def _compound(content: bytes) -> bytes:
    content = content.ljust(-(-max(len(content), 4096) // SECTOR) * SECTOR, b"\0")
    body = len(content) // SECTOR
    tables = next(n for n in range(1, 110) if n * SECTOR // 4 >= n + 1 + body)
    links = [FAT] * tables + [END, *range(tables + 2, tables + 1 + body), END]
    links += [FREE] * (tables * SECTOR // 4 - len(links))
    header = b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(16)
    header += struct.pack("<HHHHH", 0x3E, 3, 0xFFFE, 9, 6) + bytes(6)
    header += struct.pack("<IIIIIIIII", 0, tables, tables, 0, 4096, END, 0, END, 0)
    header += struct.pack("<109I", *range(tables), *[FREE] * (109 - tables))
    directory = _entry("Root Entry", 5, 1, END, 0) + _entry(
        "Workbook", 2, FREE, tables + 1, len(content)
    )
    return (
        header + struct.pack(f"<{len(links)}I", *links) + directory.ljust(SECTOR, b"\0") + content
    )


def _entry(name: str, kind: int, child: int, start: int, size: int) -> bytes:
    text = (name + "\0").encode("utf-16-le")
    front = text.ljust(64, b"\0") + struct.pack("<HBBIII", len(text), kind, 1, FREE, FREE, child)
    return front + bytes(36) + struct.pack("<IQ", start, size)
