"""What of the declared columns a file has, for panels that are older than the experiment."""

from __future__ import annotations

from collections.abc import Sequence

from city_resilience.experiment.data import Data
from city_resilience.reading.headers import groups_looked_up
from city_resilience.reading.wording import match_header, unspaced

__all__ = ["offered"]


def offered(data: Data, headers: Sequence[str]) -> Data:
    """Return the settings without the columns, groups, units and corrections of what is not there.

    Keys stay: without its places and years a file is no panel.

    Parameters
    ----------
    data : Data
    headers : sequence of str
        Of the file.
    """
    named = {unspaced(header) for header in headers}
    absent = {name: own for name, own in data.columns.items() if unspaced(name) not in named}
    gone = {own.id or name for name, own in absent.items()}
    looked_up = groups_looked_up(headers, data)
    found = (match_header(header, data.units).match for header in headers)
    known = {own.variable.id for own in found if own}
    known |= {own.id for own in data.columns.values()} - gone
    changed = {
        "columns": {name: own for name, own in data.columns.items() if name not in absent},
        "groups": tuple(n for n in data.groups if n in looked_up or unspaced(n) in named),
        "units": {n: u for n, u in data.units.items() if unspaced(n) in named or n in known},
        "corrections": {
            key: own for key, own in data.corrections.items() if key.split("/")[0] not in gone
        },
    }
    return data.model_copy(update=changed)
