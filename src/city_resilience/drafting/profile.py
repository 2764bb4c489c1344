"""A table column by column, before anything is decided about it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from city_resilience.arrays import Float, Int, Mask
from city_resilience.catalogue.header import unit_in_brackets
from city_resilience.catalogue.sheets import load_sheet_rules, plain
from city_resilience.catalogue.variables import Match
from city_resilience.catalogue.words import load_words, met, words_of
from city_resilience.drafting.decimals import find_decimal
from city_resilience.drafting.guess import Answers, Question, listed
from city_resilience.errors import InputError, nearest
from city_resilience.reading.cells import cell_text
from city_resilience.reading.column_cells import as_text, as_years, read_numbers
from city_resilience.reading.number_style import Decimal
from city_resilience.reading.opening import RawTable
from city_resilience.reading.wording import Wording, key_of, match_header, split_year

__all__ = ["HEADER_ENDS", "ColumnProfile", "TableProfile", "is_wide", "profile_table"]

_NUMERIC = 0.95  # share of the filled cells
_BRACKETS = re.compile(r"[(\[【（〔][^()\[\]【】（）〔〕]*[)\]】）〕]")
_MONEY = re.compile(
    r"\b(?:yuan|rmb|cny|usd|dollars?|eur|euros?|gbp|pounds?|yen|jpy|won|krw|rupiah|idr|rupees?|inr|pesos?|"
    r"mxn|cop|clp|ars|reais|brl|rand|zar|rub|rubles?|roubles?|lira|zloty|pln|kron[aoe]r?|sek|nok|dkk|francs?|"
    r"chf|baht|thb|dong|vnd|ringgit|myr|forint|huf|naira|shillings?|meur|teur|musd)\b|[€$£¥₹₩]|元|円|원|руб"
)
_SCALES = re.compile(
    r"\b(?:thousand|million|billion|trillion|bn|mn|mio|mrd|milliard\w*|millones|milhoes|juta|miliar)\b"
)
_NO_DIGIT = re.compile(r"[^0-9]*")
_WIDE_YEARS = 3
_YEARS = range(1800, 2201)
_EXACT = 2.0**53  # integers that a float holds exactly
HEADER_ENDS = 200  # characters at either end of a header that its words are taken from


@dataclass(frozen=True, eq=False)
class ColumnProfile:
    """A column of a table.

    Attributes
    ----------
    position : int
    header : str
        As in the file.
    cells : Series
        As `RawTable.load` returns them.
    decimal : str
        What the file says about the mark of decimals.
    """

    position: int
    header: str
    cells: pd.Series
    decimal: Decimal = ""

    @cached_property
    def words(self) -> str:
        """The header as words are compared, with its units and remarks."""
        return words_of(_shortened(self.header))

    @cached_property
    def name(self) -> str:
        """The header as words are compared, without what stands in brackets."""
        return words_of(_shortened(_BRACKETS.sub(" ", self.header))) or self.words

    @cached_property
    def unit(self) -> str:
        """Unit that is stated, with its prices, of the catalogue or of any currency; else ""."""
        parts = [part.strip("([【（〔)]】）〕 ") for part in _BRACKETS.findall(self.header)]
        pieces = [piece.strip() for part in parts for piece in re.split(r"[,;，；]", part)]
        if any(map(_is_money, pieces)):
            return ", ".join(pieces)
        if parts:
            return unit_in_brackets(self.header)
        words = self.words.split()
        start = next((at for at, word in enumerate(words) if at and _is_money(word)), len(words))
        return " ".join(words[start:])

    @cached_property
    def filled(self) -> Mask:
        """Where a cell holds something, shape (rows,)."""
        if self.cells.dtype.kind in "iuf":
            return np.asarray(pd.notna(self.cells.array))
        return np.asarray(self._coded[0] >= 0)

    @cached_property
    def texts(self) -> pd.Series:
        """Cells as text."""
        return as_text(self.cells)

    @cached_property
    def codes(self) -> Int:
        """Number of each distinct text, -1 where blank."""
        if self.cells.dtype.kind in "iuf":
            codes, _ = pd.factorize(self.cells.array)
            return np.asarray(codes, dtype=np.int64)
        return self._coded[0]

    @cached_property
    def _coded(self) -> tuple[Int, list[str]]:
        """Number of each distinct text, -1 where blank, and these texts."""
        at, distinct = pd.factorize(self.cells.to_numpy(dtype=object, na_value=None))
        known: dict[str, int] = {}
        numbers = [
            known.setdefault(text, len(known)) if text else -1 for text in map(cell_text, distinct)
        ]
        return np.array([*numbers, -1], dtype=np.int64)[at], list(known)

    @cached_property
    def _is_words(self) -> bool:
        """Whether too many cells hold no digit for a column of numbers or years."""
        if self.cells.dtype.kind in "iufb":
            return False
        codes, texts = self._coded
        words = np.fromiter(map(_holds_no_number, texts), dtype=bool, count=len(texts))
        rows = codes[codes >= 0]
        return bool(words[rows].sum() > (1 - _NUMERIC) * len(rows) + 1e-9)

    @cached_property
    def distinct(self) -> int:
        """How many different values it holds."""
        return int(self.codes.max(initial=-1)) + 1

    @cached_property
    def numbers(self) -> Float | None:
        """Values, NaN where blank or unreadable; None for a column that holds no numbers."""
        if self._is_words:
            return None
        read = read_numbers(self.cells, self.decimal)
        known = int(np.isfinite(read.values).sum())
        return read.values if known and known >= _NUMERIC * self.filled.sum() else None

    @cached_property
    def years(self) -> Int | None:
        """Year of each row, 0 where none; None for a column that does not hold years."""
        if self._is_words:
            return None
        years = as_years(self.cells)
        plausible = (years >= _YEARS[0]) & (years <= _YEARS[-1])
        enough = plausible.sum() >= max(1.0, _NUMERIC * self.filled.sum())
        return np.where(plausible, years, 0) if enough else None

    @cached_property
    def whole(self) -> bool:
        """Whether it holds whole numbers alone."""
        numbers = self.numbers
        return numbers is not None and bool(np.all(np.mod(numbers[np.isfinite(numbers)], 1) == 0))

    @cached_property
    def wording(self) -> Wording:
        """What the catalogue makes of the header."""
        return match_header(self.header, {})

    @property
    def is_long(self) -> bool:
        """Whether the middle of the header is not looked at."""
        return len(self.header) > 2 * HEADER_ENDS

    @property
    def match(self) -> Match | None:
        """The variable of the catalogue, None where there is none or its unit does not fit."""
        return self.wording.match

    def says(self, mark: str) -> bool:
        """Whether the header has one of the words of a mark."""
        return self._is_marked and bool(load_words().marks[mark].search(self.words))

    @cached_property
    def _is_marked(self) -> bool:
        """Whether the header has a word of any mark."""
        return load_words().marks.any_line.search(self.words) is not None

    @cached_property
    def noun(self) -> str:
        """What the header calls a place, "" where it does not."""
        return met(load_words().nouns, self.name)


@dataclass(frozen=True)
class TableProfile:
    """A table.

    Attributes
    ----------
    name, source : str
        The file as it was named, for errors; its name without folders, empty for a frame.
    columns : tuple of ColumnProfile
        Those with a header and at least one value.
    chinese : bool
        Whether most headers are Chinese.
    decimal : str
        Mark of decimals that the experiment has to state, "" for none.
    questions : tuple of Question
        What is to be known before a number can be read.
    raw : RawTable or None
        The opened table.
    """

    name: str
    source: str
    columns: tuple[ColumnProfile, ...]
    chinese: bool
    decimal: Decimal = ""
    questions: tuple[Question, ...] = ()
    raw: RawTable | None = None

    def find(self, header: str, flag: str) -> ColumnProfile:
        """Return a column by its header.

        Raises
        ------
        InputError
            If there is none.
        """
        headers = [column.header for column in self.columns]
        if header not in headers:
            raise InputError(
                f"--{flag} {header!r} is not a column{nearest(header, headers)}; columns found: "
                f"{listed(headers, quoted=False)}"
            )
        return self.columns[headers.index(header)]


def profile_table(table: RawTable, answers: Answers) -> TableProfile:
    """Look at each column of an opened table; rows about another scope are left out.

    Raises
    ------
    InputError
        If it has no rows.
    """
    headers, coded = table.headers, load_words().marks["code"]
    cells = table.load([at for at, head in enumerate(headers) if coded.search(words_of(head))])
    if cells.empty:
        raise InputError(f"{table.name}: a header and no rows; export the panel again")
    whole = _of_whole_places(headers, cells)
    cells = cells if whole.all() else cells[whole]
    decimal, question = find_decimal(cells, table.decimal, answers)
    columns = [
        ColumnProfile(at, header, cells[at], decimal or table.decimal)
        for at, header in enumerate(headers)
        if header
    ]
    _fill_numbers(columns)
    chinese = [bool(re.search(r"[\u3400-\u9fff]", header)) for header in headers if header]
    return TableProfile(
        table.name,
        table.source,
        tuple(column for column in columns if column.filled.any()),
        chinese=sum(chinese) * 2 > len(chinese),
        decimal=decimal,
        questions=(question,) if question else (),
        raw=table,
    )


def _fill_numbers(columns: Iterable[ColumnProfile]) -> None:
    """Find what there is to know of all columns of plain numbers at once, as each would alone."""
    plain = [column for column in columns if column.cells.dtype in (np.float64, np.int64)]
    if not plain:
        return
    cells = np.stack([column.cells.to_numpy(dtype=np.float64) for column in plain])
    known = np.isfinite(cells)
    usual = ~np.isinf(cells).any(axis=1) & known.any(axis=1)
    usual &= (np.where(known, np.abs(cells), 0) < _EXACT).all(axis=1)
    whole = np.mod(np.where(known, cells, 0.0), 1) == 0
    years = (cells >= _YEARS[0]) & (cells <= _YEARS[-1])
    ordered = np.sort(cells, axis=1)
    distinct = (ordered[:, 1:] > ordered[:, :-1]).sum(axis=1) + 1
    for at in np.flatnonzero(usual).tolist():
        found = {"filled": known[at], "numbers": cells[at]}
        found |= {"whole": bool(np.all(whole[at])), "distinct": int(distinct[at])}
        plain[at].__dict__.update(found if np.any(years[at]) else {**found, "years": None})


def is_wide(headers: Iterable[str]) -> bool:
    """Tell whether years stand across the head of a table: ``GDP_2010``, ``2011``, ``2012年``.

    Examples
    --------
    >>> is_wide(["city", "2010", "2011", "2012"]), is_wide(["city", "year", "GDP, 2010 prices"])
    (True, False)
    """
    split = [split_year(header) for header in headers]
    years = {year for _, year in split if year}
    names = [name for name, year in split if year]
    repeated = len(set(names)) < len(names)
    return len(years) >= _WIDE_YEARS and repeated


def _of_whole_places(headers: Sequence[str], cells: pd.DataFrame) -> Mask:
    """Return the rows that are about whole places, where a column tells the scope."""
    kept = np.ones(len(cells), dtype=bool)
    scopes = load_sheet_rules().scopes
    for at, header in enumerate(headers):
        if header and key_of(header) == "scope":
            words = as_text(cells[at])
            found = words.map({word: scopes.get(plain(word), "") for word in words.unique()})
            kept &= found.isin(["", "whole_city"]).to_numpy(dtype=bool)
    return kept


def _holds_no_number(text: str) -> bool:
    """Whether a text has no digit of any script, and so is neither a number nor a year.

    Examples
    --------
    >>> _holds_no_number("n/a"), _holds_no_number("x½"), _holds_no_number("true")
    (True, False, False)
    """
    if text.isascii():
        return _NO_DIGIT.fullmatch(text) is not None and text.casefold() not in ("true", "false")
    return not any(map(str.isnumeric, text))


def _shortened(header: str) -> str:
    """Leave out the middle of a header that goes on for pages."""
    if len(header) <= 2 * HEADER_ENDS:
        return header
    return f"{header[:HEADER_ENDS]} {header[-HEADER_ENDS:]}"


def _is_money(text: str) -> bool:
    """Whether a text is about money or names a scale."""
    return bool(_MONEY.search(text.casefold()) or _SCALES.search(text.casefold()))
