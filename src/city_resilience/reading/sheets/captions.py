"""Lines of text between the rows of a table, which change what the rows below them are about."""

from __future__ import annotations

from city_resilience.catalogue.sheets import load_sheet_rules, plain
from city_resilience.reading.issues import Issue
from city_resilience.reading.sheets.context import says_year, units_stated
from city_resilience.reading.sheets.keys import is_place
from city_resilience.reading.sheets.table import Table
from city_resilience.reading.wording import match_header

__all__ = ["above_captions"]

_LONGEST = 20
Years = dict[int, int | None]


def above_captions(table: Table, years: Years) -> tuple[Years, list[Issue]]:
    """Leave out the rows below a line that says another year, unit, scope or variable.

    Parameters
    ----------
    years : dict of int to int or None
        Row to its year.

    Returns
    -------
    years : dict of int to int or None
        Of the rows above the first such line.
    issues : list of Issue
        That line, where rows with numbers stand below it.
    """
    for row in years:
        what = _changed(table, row)
        below = [at for at in years if at > row and table.numbers(at)] if what else []
        if below:
            reason = (
                f"rows {below[0] + 1} to {below[-1] + 1} stand below this line, which says another "
                f"{what}; they are left out, give them a column of it or a sheet of their own"
            )
            issue = table.issue("lost", "row", " ".join(table.sheet.words(row)), reason, row=row)
            return {at: year for at, year in years.items() if at < row}, [issue]
    return years, []


def _changed(table: Table, row: int) -> str:
    """Return what a line of text says that the header rows do not; "" where it is none."""
    texts, rules = list(dict.fromkeys(table.sheet.words(row))), load_sheet_rules()
    if len(texts) != 1 or texts[0] in table.titles:
        return ""
    text = texts[0]
    if units_stated(texts):
        return "" if units_stated(texts) == units_stated(table.titles) else "unit"
    if text.startswith(rules.junk) or is_place(text, table.gazetteer):
        return ""
    if plain(text) in rules.scopes:
        return "scope"
    if match_header(text, table.options.units).match is not None:
        return "variable"
    year = says_year(text) if len(text) < _LONGEST else None
    dated = "year" in table.keys.places or year in (None, table.year)
    return "" if dated else "year"
