"""Lines added to the text of an experiment file; its comments, order and spacing stay."""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Iterator, Mapping
from typing import Any

from city_resilience.errors import InputError

__all__ = ["add_lines", "read_line", "toml_string"]

_HEADER = re.compile(r"\s*\[{1,2}[^\[\]]+\]{1,2}\s*(#.*)?")
_PLAIN_LINE = re.compile(r'"([^"\\]*)" = "([^"\\]*)"')  # without what JSON or TOML escapes
Values = Mapping[str, float | str]


def add_lines(text: str, table: str, values: Values) -> str:
    r"""Return the text of an experiment file with keys added to one of its tables.

    Parameters
    ----------
    text : str
    table : str
        Such as ``data.corrections``; added at the end where the file has none.
    values : mapping of str to float or str
        Keys that the table has already are left as they are.

    Raises
    ------
    InputError
        If the text is no TOML, or has the table in a form that lines cannot be added to.

    Examples
    --------
    >>> print(add_lines('[data]  # mine\ncity = "x"\n', "data", {"a/b/2010": "drop"}))
    [data]  # mine
    city = "x"
    "a/b/2010" = "drop"
    <BLANKLINE>
    """
    try:
        before = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"not valid TOML: {error}; mend that line") from error
    own = _at(before, table)
    new = {key: value for key, value in values.items() if key not in own}
    if not new:
        return text
    wanted = _with(before, table.split("."), new)
    for changed in _attempts(text, table, new):
        if _loaded(changed) == wanted:
            return changed
    raise InputError(
        f"{table} is written in a form that lines cannot be added to; write it as a table "
        f"[{table}] with one line for each key"
    )


def _attempts(text: str, table: str, values: Values) -> Iterator[str]:
    """Yield the text with the lines at the end of the table, below its header, or in a new one."""
    end = "\r\n" if "\r\n" in text else "\n"
    lines = text.split(end)
    lines = lines if lines[-1] else lines[:-1]
    added = [f"{toml_string(key)} = {toml_string(value)}" for key, value in values.items()]
    name = r"\s*\.\s*".join(re.escape(part) for part in table.split("."))
    header = re.compile(rf"\s*\[\s*{name}\s*\]\s*(#.*)?")
    for at in [at for at, line in enumerate(lines) if header.fullmatch(line)]:
        for place in (_last_of(lines, at) + 1, at + 1):
            yield end.join([*lines[:place], *added, *lines[place:]]) + end
    gap = [""] if lines and lines[-1].strip() else []
    yield end.join([*lines, *gap, f"[{table}]", *added]) + end


def _last_of(lines: list[str], header: int) -> int:
    """Return the last line of a table that is neither blank nor a comment."""
    last = header
    for at in range(header + 1, len(lines)):
        if _HEADER.fullmatch(lines[at]):
            break
        if lines[at].strip() and not lines[at].lstrip().startswith("#"):
            last = at
    return last


def toml_string(value: float | str) -> str:
    """Return a value as TOML writes it; JSON escapes the same characters but for DEL."""
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007F")


def read_line(line: str) -> dict[str, float | str]:
    r"""Return the key and the value of a line of an experiment file; nothing for no line.

    Examples
    --------
    >>> read_line('"gdp/a/2010" = "drop"'), read_line(r'"gdp/\"a\"/2010" = 3'), read_line("")
    ({'gdp/a/2010': 'drop'}, {'gdp/"a"/2010': 3}, {})
    """
    plain = _PLAIN_LINE.fullmatch(line)  # thirty times as fast, where a panel has many errors
    return {plain[1]: plain[2]} if plain else tomllib.loads(line)


def _loaded(text: str) -> dict[str, Any] | None:
    try:
        return tomllib.loads(text)
    except tomllib.TOMLDecodeError:
        return None


def _at(values: Mapping[str, Any], table: str) -> Mapping[str, Any]:
    for part in table.split("."):
        values = values.get(part, {})
        if not isinstance(values, Mapping):
            raise InputError(f"{table} is a value, not a table; write it as [{table}]")
    return values


def _with(values: Mapping[str, Any], path: list[str], new: Values) -> dict[str, Any]:
    if not path:
        return {**values, **new}
    inner = values.get(path[0], {})
    return {**values, path[0]: _with(inner, path[1:], new)}
