"""Read a folder of yearbook sheets into one panel, and list all that could not be placed."""

from city_resilience.workbooks.importer import Imported, assemble, import_sheets
from city_resilience.workbooks.labelled import HEADERS, Headers, labelled
from city_resilience.workbooks.listing import LISTING_COLUMNS, Entry, column_letter
from city_resilience.workbooks.sheet import Sheet, file_labels, find_files
from city_resilience.workbooks.table import Options
from city_resilience.workbooks.years import YearRules, parse_year_rules

__all__ = [
    "HEADERS",
    "LISTING_COLUMNS",
    "Entry",
    "Headers",
    "Imported",
    "Options",
    "Sheet",
    "YearRules",
    "assemble",
    "column_letter",
    "file_labels",
    "find_files",
    "import_sheets",
    "labelled",
    "parse_year_rules",
]
