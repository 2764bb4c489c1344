"""Small files of a panel, in every layout that is read, mutated at random."""

from __future__ import annotations

import io
import random
import string
import warnings
from collections.abc import Callable

import pandas as pd

__all__ = ["KINDS", "made_up", "mutated_file", "with_bytes"]

ENCODINGS = (
    "utf-8",
    "utf-8-sig",
    "utf-16",
    "utf-16-le",
    "gb18030",
    "latin-1",
    "cp1251",
    "shift_jis",
)
HEADERS = (
    *(
        "city",
        "year",
        "gdp_nominal",
        "GDP (million EUR)",
        "人口(万人)",
        "城市",
        "年份",
        "code",
        "CODE",
    ),
    *(
        "province",
        "省份",
        "scope",
        "unit",
        "indicator",
        "value",
        "2010",
        "2011年",
        "gdp 2012",
        "",
        " ",
    ),
    *("growth rate (%)", "Quarter", "备注", "GDP", "employment", "Länge", "全市", "市辖区", "name"),
)
CELLS = (
    *(
        "",
        " ",
        "-",
        "…",
        "n/a",
        "1,234",
        "12,5",
        "1.234,5",
        "1 234",
        "5,97",
        "1e400",
        "inf",
        "-inf",
    ),
    *(
        "TOTAL",
        "合计",
        "2010Q1",
        "2010-12-31",
        "2010",
        "10%",
        "１２",
        "3*",
        "=1+1",
        "#DIV/0!",
        "\x00",
    ),
    *(
        "São Bento",
        "吉林",
        "吉林市",
        "220000",
        "単",
        "'",
        '"',
        '"a',
        "a;b",
        "a\tb",
        "\r",
        "\n",
        "∞",
    ),
    *("9" * 400, "1" * 18, "true", "False", "²", "٣", "1\u200b2", "\ud7ff", "1_000", "0x1f", "nan"),
)
PLACES = ("Alba", "Born", "Cory", "São Bento", "郑州市", "洛阳市", "吉林", "Dale (AA)", "1. Eden")


def made_up(chance: random.Random) -> list[list[str]]:
    """Return a table of text cells: long, with years across, or one row for each indicator."""
    places = chance.sample(PLACES, chance.randint(1, 5))
    years = range(2010, 2010 + chance.randint(1, 4))
    shape = chance.choice(["long", "wide", "bare", "indicator", "transposed"])

    def figure() -> str:
        return f"{chance.uniform(0, 10 ** chance.randint(0, 5)):.{chance.randint(0, 3)}f}"

    if shape == "long":
        rows = [[p, str(y), figure(), figure()] for p in places for y in years]
        return [["city", "year", "gdp_nominal", "employment"], *rows]
    if shape == "indicator":
        rows = [[p, "GDP", "亿元", *(figure() for _ in years)] for p in places]
        return [["城市", "指标", "单位", *map(str, years)], *rows]
    if shape == "transposed":
        return [["year", *places], *([str(y), *(figure() for _ in places)] for y in years)]
    front = "gdp " if shape == "wide" else ""
    rows = [[p, figure(), *(figure() for _ in years)] for p in places]
    return [["city", "code", *(f"{front}{y}" for y in years)], *rows]


def mutated_file(seed: int) -> tuple[str, bytes]:
    """Return the suffix and the content of a small file."""
    chance = random.Random(seed)
    table = made_up(chance)
    for _ in range(chance.choice([0, 1, 1, 2, 3, 6])):
        chance.choice(_CHANGES)(table, chance)
    suffix = chance.choice(list(KINDS))
    content = KINDS[suffix](table, chance)
    for _ in range(chance.choice([0, 0, 0, 1, 4])):
        content = with_bytes(content, chance)
    return suffix, content


def _change_cell(table: list[list[str]], chance: random.Random) -> None:
    row = chance.choice(table) if table else []
    if row:
        row[chance.randrange(len(row))] = chance.choice(CELLS)


def _change_header(table: list[list[str]], chance: random.Random) -> None:
    if table and table[0]:
        table[0][chance.randrange(len(table[0]))] = chance.choice(HEADERS)


def _fill_column(table: list[list[str]], chance: random.Random) -> None:
    at, cell = chance.randrange(6), chance.choice(CELLS)
    for row in table[1:]:
        if at < len(row):
            row[at] = cell


def _drop_row(table: list[list[str]], chance: random.Random) -> None:
    if table:
        del table[chance.randrange(len(table))]


def _repeat_row(table: list[list[str]], chance: random.Random) -> None:
    if table:
        table.insert(chance.randrange(len(table) + 1), list(chance.choice(table)))


def _drop_cell(table: list[list[str]], chance: random.Random) -> None:
    row = chance.choice(table) if table else []
    if row:
        del row[chance.randrange(len(row))]


def _add_row(table: list[list[str]], chance: random.Random) -> None:
    row = [chance.choice((*CELLS, *HEADERS)) for _ in range(chance.randint(0, 5))]
    table.insert(chance.randrange(len(table) + 1), row)


def _drop_column(table: list[list[str]], chance: random.Random) -> None:
    at = chance.randrange(6)
    for row in table:
        del row[at : at + 1]


def _shuffle(table: list[list[str]], chance: random.Random) -> None:
    chance.shuffle(table)


_CHANGES: tuple[Callable[[list[list[str]], random.Random], None], ...] = (
    *(_change_cell, _change_cell, _change_header, _fill_column, _drop_row, _repeat_row),
    *(_drop_cell, _add_row, _drop_column, _shuffle),
)


def with_bytes(content: bytes, chance: random.Random) -> bytes:
    """Return bytes of which some are cut, put in, changed or taken out."""
    if not content:
        return content
    at, kind = chance.randrange(len(content)), chance.randrange(4)
    if kind == 0:
        return content[:at]
    if kind == 1:
        return content[:at] + chance.randbytes(chance.randint(1, 4)) + content[at:]
    if kind == 2:
        return content[:at] + bytes([chance.randrange(256)]) + content[at + 1 :]
    return content[:at] + content[at + chance.randint(1, 20) :]


def _text(table: list[list[str]], chance: random.Random) -> bytes:
    mark = chance.choice([",", ",", ";", "\t", "|", " "])
    quote = chance.choice(["", "", '"'])
    lines = [mark.join(f"{quote}{cell}{quote}" for cell in row) for row in table]
    text = chance.choice(["\n", "\r\n", "\r"]).join(lines)
    return text.encode(chance.choice(ENCODINGS), errors="replace")


def _cells(table: list[list[str]], chance: random.Random) -> list[list[object]]:
    typed = chance.random() < 0.7
    allowed = "".join(c for c in map(chr, range(32)) if c not in "\t\n\r")

    def cell(text: str) -> object:
        text = text.translate(dict.fromkeys(map(ord, allowed)))
        try:
            return float(text) if typed and set(text) <= set(string.digits + ".") else text
        except ValueError:
            return text

    return [[cell(text) for text in row] for row in table]


def _workbook(table: list[list[str]], chance: random.Random) -> bytes:
    from openpyxl import Workbook

    book, out = Workbook(), io.BytesIO()
    for row in _cells(table, chance):
        book.active.append(row)
    if chance.random() < 0.1:
        book.create_sheet("more").append(["city", "2010"])
    book.save(out)
    return out.getvalue()


def _frame(table: list[list[str]], chance: random.Random) -> pd.DataFrame:
    header, *rows = table or [[]]
    names = [
        f"{name}" if header.count(name) == 1 else f"{name}{at}" for at, name in enumerate(header)
    ]
    width = len(names)
    return pd.DataFrame([(row + [""] * width)[:width] for row in rows], columns=names, dtype=str)


def _parquet(table: list[list[str]], chance: random.Random) -> bytes:
    frame = _frame(table, chance)
    for name in frame.columns:
        if chance.random() < 0.5:
            numbers = pd.to_numeric(frame[name], errors="coerce")
            frame[name] = numbers if numbers.notna().all() else frame[name]
    out = io.BytesIO()
    frame.to_parquet(out, index=False)
    return out.getvalue()


def _stata(table: list[list[str]], chance: random.Random) -> bytes:
    frame, out = _frame(table, chance), io.BytesIO()
    names = {}
    for at, name in enumerate(frame.columns):
        plain = "".join(c if c.isalnum() and c.isascii() else "_" for c in name)[:20]
        names[name] = plain if plain[:1].isalpha() and plain not in names.values() else f"v{at}"
    frame = frame.rename(columns=names)
    for name in frame.columns:
        numbers = pd.to_numeric(frame[name], errors="coerce")
        if numbers.notna().all() and (numbers.abs() < 1e300).all():
            frame[name] = numbers
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            frame.to_stata(out, write_index=False, version=118)
    except (ValueError, LookupError, OverflowError):
        return b"<stata_dta>"
    return out.getvalue()


KINDS: dict[str, Callable[[list[list[str]], random.Random], bytes]] = {
    ".csv": _text,
    ".tsv": _text,
    ".xlsx": _workbook,
    ".parquet": _parquet,
    ".dta": _stata,
}
