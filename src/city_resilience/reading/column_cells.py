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


def as_years(column: pd.Series) -> NDArray[np.int64]:
    """Return years, 0 where a cell is none.

    ``2010``, ``2010.0``, ``"２０１０"`` and ``2010年`` are years.
    """
    text = as_text(column).str.normalize("NFKC")
    digits = text.str.extract(r"^(\d{4})(?:\.0*)?\s*(?:年度?)?$", expand=False)
    return np.asarray(digits.fillna("0"), dtype=np.int64)


def as_numbers(column: pd.Series) -> tuple[NDArray[np.float64], dict[int, str]]:
    """Return numbers, NaN where there is none, and by position why a cell is no number.

    Full-width digits and the true minus sign count as digits and minus, and footnote marks behind
    a number do not count; a comma is no part of a number, since it may be a decimal as well as a
    thousands mark.
    """
    if column.dtype.kind in "iufb":
        return _finite(column.to_numpy(dtype=np.float64, na_value=np.nan), {})
    marks = load_sheet_rules().footnote
    text = as_text(column).str.replace(marks, "", regex=True).str.strip()
    text = text.str.normalize("NFKC").str.replace("−", "-", regex=False)
    missing = text.isin(MISSING).to_numpy(dtype=bool)
    number = text.str.fullmatch(_NUMBER, case=False).to_numpy(dtype=bool)
    values = np.full(len(text), np.nan)
    values[number] = text[number].to_numpy(dtype=object).astype(np.float64)
    wrong = np.flatnonzero(~(missing | number)).tolist()
    return _finite(values, dict.fromkeys(wrong, "number expected"))


def _finite(
    values: NDArray[np.float64], wrong: dict[int, str]
) -> tuple[NDArray[np.float64], dict[int, str]]:
    infinite = np.isinf(values)
    wrong |= dict.fromkeys(np.flatnonzero(infinite).tolist(), "infinite value")
    return np.where(infinite, np.nan, values), wrong
