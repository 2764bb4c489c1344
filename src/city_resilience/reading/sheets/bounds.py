"""Where the head of a table ends and its body begins."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import islice

from city_resilience.catalogue.sheets import load_sheet_rules, plain
from city_resilience.reading.cells import cell_year, parse_cell
from city_resilience.reading.sheet import Sheet
from city_resilience.reading.wording import single_line

__all__ = ["find_body"]

_SCAN = 40


def find_body(sheet: Sheet, names: int, is_unit_name: Mapping[str, bool]) -> int:
    """Return the first row of the table's body, from 0.

    It is the first row whose name is that of a city, province or total, or most of whose other
    cells are numbers and not a row of years or of column counts.

    Parameters
    ----------
    names : int
        Position of the column of names.
    is_unit_name : mapping of str to bool
        Text of a name cell to whether the gazetteer knows it as a place or total.
    """
    filled = (row for row, cells in enumerate(sheet.rows) if any(map(single_line, cells)))
    first = 0
    for row in islice(filled, _SCAN):
        first = first or row + 1
        name = single_line(sheet.at(row, names))
        if is_unit_name.get(name, False):
            return row
        cells = enumerate(sheet.rows[row])
        others = [cell for at, cell in cells if at != names and single_line(cell)]
        figures = [cell for cell in others if _is_figure(cell)]
        if len(figures) * 2 > len(others) and not _is_head(name, others):
            return row
    return min(len(sheet.rows), first)


def _is_figure(cell: object) -> bool:
    """Tell whether a cell that is not blank is a number, or says that there is none."""
    read = parse_cell(cell)
    return read.known or not read.fault


def _is_head(name: str, others: Sequence[object]) -> bool:
    """Tell a row of years, or one that counts the columns, from a row of figures."""
    years = [cell_year(cell) for cell in others]
    if all(years) and (not name or plain(name) in load_sheet_rules().keys):
        return True
    if all(years) and len(set(years)) == len(years) > 1:
        return True
    texts = [single_line(cell) for cell in others]
    counting = all(load_sheet_rules().counting.match(text) for text in texts)
    return counting and len(set(texts)) == len(texts) > 2
