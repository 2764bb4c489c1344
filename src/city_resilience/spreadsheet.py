"""What a spreadsheet may be given: texts that are no formulas, and workbooks of the same bytes."""

from __future__ import annotations

import io
import math
import re
import sys
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
    "csv_text",
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
_MANY = 4096  # rows that are worth more than to import a writer


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


def csv_text(frame: pd.DataFrame, header: bool) -> str:
    """Return a frame as CSV with all digits of its numbers, as pandas writes it.

    Where pyarrow is there it writes many rows, whose texts it makes of numbers ten times as fast.
    """
    rows = _arrow_rows(frame) if len(frame) >= _MANY and "pyarrow" in sys.modules else None
    if rows is None:
        return str(frame.to_csv(index=False, header=header, lineterminator="\n"))
    return str(frame[:0].to_csv(index=False, lineterminator="\n")) * header + rows


def _arrow_rows(frame: pd.DataFrame) -> str | None:
    """Return rows without a header; None where a text is to be quoted, or of another kind."""
    import pyarrow
    from pyarrow import compute, csv

    columns = [frame.iloc[:, at] for at in range(frame.shape[1])]
    kinds = [str(column.dtype) for column in columns]
    if not {*kinds} <= {"str", "int64", "Int64", "float64"} or len(kinds) < 2:
        return None
    texts = {at: pyarrow.array(columns[at]) for at, kind in enumerate(kinds) if kind == "str"}
    quoted = (compute.match_substring_regex(own, '[",\r\n]') for own in texts.values())
    if any(compute.any(own).as_py() for own in quoted):
        return None
    for at, kind in enumerate(kinds):
        if kind != "str":
            texts[at] = _number_texts(columns[at])
    table = pyarrow.table({str(at): texts[at].cast("string") for at in range(len(kinds))})
    written = io.BytesIO()
    csv.write_csv(table, written, csv.WriteOptions(include_header=False, quoting_style="none"))
    return written.getvalue().decode()


def _number_texts(column: pd.Series) -> Any:
    """Return numbers as Python writes them, an Arrow array; pyarrow writes some in another way."""
    import numpy as np
    import pyarrow
    from pyarrow import compute

    texts = pyarrow.array(column).cast("string")
    if column.dtype != float:
        return texts
    numbers = column.to_numpy()
    with np.errstate(invalid="ignore"):
        usual = (np.abs(numbers) >= 1e-3) & (np.abs(numbers) < 1e9) & (numbers % 1 != 0)
    own = [None if math.isnan(number) else repr(number) for number in numbers[~usual].tolist()]
    return compute.replace_with_mask(texts, pyarrow.array(~usual), pyarrow.array(own, "string"))


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
