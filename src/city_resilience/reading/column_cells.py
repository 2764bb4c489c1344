"""Cells of a column as names, years or numbers; all vectorised."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from city_resilience.catalogue.sheets import load_sheet_rules
from city_resilience.reading.decode import MISSING

__all__ = ["as_numbers", "as_text", "as_years"]

_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?|[+-]?inf(?:inity)?"


def as_text(column: pd.Series) -> pd.Series:
    """Return cells as text without surrounding white space; empty where there is none.

    Whole numbers lose the ``.0`` that a spreadsheet or a blank cell in the column gives them.
    """
    if column.dtype.kind == "f":
        whole = column.isna() | (np.isfinite(column) & (column % 1 == 0))
        column = column.astype("Int64") if bool(whole.all()) else column
    return column.astype(object).where(column.notna(), "").astype(str).str.strip()


def as_years(column: pd.Series) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Return years and which cells are not a year (0 there).

    ``2010``, ``2010.0``, ``"２０１０"`` and ``2010年`` are years.
    """
    text = as_text(column).str.normalize("NFKC")
    digits = text.str.extract(r"^(\d{4})(?:\.0*)?\s*(?:年度?)?$", expand=False)
    bad = digits.isna().to_numpy(dtype=bool)
    return digits.fillna("0").astype(np.int64).to_numpy(), bad


def as_numbers(column: pd.Series) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return numbers, NaN where the cell is missing, and which cells are no number.

    Full-width digits and the true minus sign count as digits and minus, and footnote marks behind
    a number do not count; a comma is no part of a number, since it may be a decimal as well as a
    thousands mark.
    """
    if column.dtype.kind in "iufb":
        return column.to_numpy(dtype=np.float64), np.zeros(len(column), dtype=bool)
    marks = load_sheet_rules().footnote
    text = as_text(column).str.replace(marks, "", regex=True).str.strip()
    text = text.str.normalize("NFKC").str.replace("−", "-", regex=False)
    missing = text.isin(MISSING).to_numpy(dtype=bool)
    number = text.str.fullmatch(_NUMBER, case=False).to_numpy(dtype=bool)
    values = np.full(len(text), np.nan)
    values[number] = text[number].to_numpy(dtype=object).astype(np.float64)
    return values, ~(missing | number)
