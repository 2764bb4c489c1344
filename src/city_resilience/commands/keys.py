"""The keys of the experiment file on a terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from city_resilience.commands.console import table_of
from city_resilience.experiment.reference import REQUIRED, experiment_keys

if TYPE_CHECKING:
    from rich.table import Table

__all__ = ["key_tables"]

_COLUMNS = (
    ("Key", "{key}"),
    ("Meaning", "{meaning}"),
    ("Type", "{kind}"),
    ("Example", "{example}"),
)


def key_tables(table: str = "") -> Iterator[Table]:
    """Lay out the keys of the experiment file, one table for each of its tables.

    Parameters
    ----------
    table : str
        Only this table and those within it, such as ``"outcome"``; all when empty.

    Raises
    ------
    InputError
        If there is no such table.
    """
    keys = experiment_keys(table)
    default = ("; default " + keys["default"]).where(keys["default"] != REQUIRED, f"; {REQUIRED}")
    keys["kind"] = keys["type"] + default.where(keys["default"] != "", "")
    for name, rows in keys.groupby("table", sort=False):
        yield table_of(f"[{name}]" if name else "at the top", _COLUMNS, rows.to_dict("records"))
