"""What a spreadsheet may be given: texts that are no formulas, and workbooks of the same bytes."""

from __future__ import annotations

import io
import math
import re
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from city_resilience.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "check_rows",
    "clean_text",
    "each_text",
    "plain_text",
    "plain_workbook",
    "settled_workbook",
]

# Not what XML 1.0 or UTF-8 can hold, and what moves the cursor of a terminal.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff]")
_FORMULA = re.compile(r"[=@\t\r＝＠]|[-+－＋](?=.)(?![\d.,]+(?:e[-+]?\d+)?\s*%?$)", re.IGNORECASE)
_MAY_CHANGE = re.compile(f"{_CONTROL.pattern}|^(?:{_FORMULA.pattern})", re.M | re.I)
"""Found in texts on lines of their own where `clean_text` or `plain_text` may change any."""
ZIP_TIME = (1980, 1, 1, 0, 0, 0)
MOST_ROWS = 1_048_575


def clean_text(text: str) -> str:
    r"""Return a text that every file and terminal can hold: control characters are shown as �.

    Examples
    --------
    >>> clean_text("a\x07b"), clean_text("甲市")
    ('a�b', '甲市')
    """
    return _CONTROL.sub("\ufffd", text)


def plain_text(text: str) -> str:
    """Return a text that no spreadsheet takes for a formula, as it stands in a CSV file.

    What begins like a formula gets an apostrophe before it, as spreadsheets write text; numbers
    and a single dash do not begin like one. See also `clean_text`.

    Examples
    --------
    >>> plain_text("=cmd()"), plain_text("-5"), plain_text("-"), plain_text("Ohio")
    ("'=cmd()", '-5', '-', 'Ohio')
    """
    text = clean_text(text)
    return f"'{text}" if _FORMULA.match(text) else text


def each_text(frame: pd.DataFrame, change: Callable[[str], str]) -> pd.DataFrame:
    """Return a frame with its texts and headers changed; numbers stay as they are.

    ``change`` is `clean_text` or `plain_text`.
    """
    found = {}
    for at in range(frame.shape[1]):
        column = frame.iloc[:, at]
        if column.dtype.kind not in {"O", "T", "U"} and str(column.dtype) not in ("str", "string"):
            continue
        texts = {own for own in column.unique() if isinstance(own, str)}
        if not _MAY_CHANGE.search("\n".join(texts)):
            continue
        if changed := {own: new for own in texts if (new := change(own)) != own}:
            found[at] = column.map(lambda own, by=changed: by.get(own, own))
    columns = [frame.iloc[:, at] if at not in found else found[at] for at in range(frame.shape[1])]
    names = [change(str(name)) for name in frame.columns]
    if not found and names == list(map(str, frame.columns)):
        return frame
    import pandas as pd

    return pd.concat(columns, axis="columns").set_axis(names, axis="columns")


def check_rows(rows: int, path: Path) -> None:
    """Refuse a table that is longer than a sheet.

    Raises
    ------
    InputError
        If it is.
    """
    if rows > MOST_ROWS:
        raise InputError(
            f"{path.name}: {rows:,} rows, and a sheet holds {MOST_ROWS:,}; end the name in .csv or "
            ".parquet"
        )


def plain_workbook(frame: pd.DataFrame, sheet: str) -> bytes:
    """Return a workbook of one sheet, its headers kept in sight, without a formula.

    It is written row by row; pandas makes an object of every cell first.
    """
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell

    book, made = Workbook(write_only=True), io.BytesIO()
    page = book.create_sheet(sheet)
    page.freeze_panes = "A2"

    def plain(value: Any) -> Any:
        if isinstance(value, float) and math.isinf(value):
            return str(value)
        if not isinstance(value, str) or not value.startswith("="):
            return value
        cell = WriteOnlyCell(page, value)
        cell.data_type = "s"
        return cell

    page.append([plain(str(name)) for name in frame.columns])
    columns = []
    for at in range(frame.shape[1]):
        column = frame.iloc[:, at]
        values = column.astype(object).where(column.notna(), None).tolist()
        columns.append(values if column.dtype.kind in "iub" else list(map(plain, values)))
    for row in zip(*columns, strict=True):
        page.append(row)
    book.save(made)
    return settled_workbook(made.getvalue())


def settled_workbook(content: bytes) -> bytes:
    """Return a workbook without the time at which it was made: same content, same bytes."""
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    core = "docProps/core.xml"
    if core in parts:
        parts[core] = re.sub(rb"\d{4}-\d\d-\d\dT[\d:]+Z", b"1980-01-01T00:00:00Z", parts[core])
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, part in parts.items():
            info = zipfile.ZipInfo(name, date_time=ZIP_TIME)
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, part)
    return made.getvalue()
