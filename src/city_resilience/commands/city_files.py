"""The files that ``explain --out`` writes: a page for each city, or one file for several."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from city_resilience.errors import InputError
from city_resilience.files import (
    check_folder,
    check_suffix,
    refuse_overwriting,
    write_bytes,
    write_json,
)
from city_resilience.publishing import publishing
from city_resilience.reading.opening import open_table
from city_resilience.report.city_page import city_json, render_city, render_index, render_markdown
from city_resilience.report.html import write_page

__all__ = ["check_out", "names_in_file", "write_cities"]

PAGES, MARKDOWN, JSON = (".html", ".htm"), ".md", ".json"
SUFFIXES = (*PAGES, MARKDOWN, JSON)
INDEX = "index.html"
HEADERS = ("city", "name", "城市", "城市名称", "地区", "地级市")
NOT_IN_NAMES = re.compile(r'[\x00-\x1f<>:"/\\|?*]+')


def check_out(out: Path | str | None, cities: int, reads: Iterable[object] = ()) -> Path | None:
    """Return the place to write to, checked before anything is computed.

    Raises
    ------
    InputError
        If the suffix is not known, an HTML page would be of several cities, or a file that is read
        would be overwritten.
    """
    if out is None:
        return None
    path = Path(out)
    if not path.suffix or path.is_dir():
        check_folder(path)
        return path
    if check_suffix(path, SUFFIXES) in PAGES and cities > 1:
        raise InputError(
            f"--out {path}: a page is of one city, and {cities} are named; give a folder for a "
            f"page of each, or end the name in {MARKDOWN} or {JSON} for one file"
        )
    refuse_overwriting([path], reads)
    return path


def write_cities(summaries: Sequence[Mapping[str, Any]], out: Path, lang: str) -> None:
    """Write the summaries of cities, as the suffix says.

    A name without a suffix is a folder: it gets a page for each city and, of several, a page
    ``index.html`` that lists them.
    """
    suffix = out.suffix.lower()
    if not suffix or out.is_dir():
        _write_folder(summaries, out, lang)
    elif suffix == JSON:
        write_json({"cities": [city_json(own) for own in summaries]}, out)
    elif suffix == MARKDOWN:
        write_bytes(render_markdown(summaries, lang or "en").encode(), out)
    else:
        write_page(render_city(summaries[0], lang), out)


def _write_folder(summaries: Sequence[Mapping[str, Any]], out: Path, lang: str) -> None:
    names = _file_names([str(own["city"]) for own in summaries])
    with publishing(out) as folder:
        for summary, name in zip(summaries, names, strict=True):
            write_page(render_city(summary, lang), folder / name)
        if len(summaries) > 1:
            write_page(render_index(summaries, names, lang), folder / INDEX)


def _file_names(cities: Sequence[str]) -> list[str]:
    """Return a name of a file for each city, no two alike even where capitals do not count."""
    taken, names = {INDEX}, []
    for city in cities:
        stem = NOT_IN_NAMES.sub("_", city).strip(" .") or "_"
        name, place = f"{stem}.html", 2
        while name.casefold() in taken:
            name, place = f"{stem}_{place}.html", place + 1
        taken.add(name.casefold())
        names.append(name)
    return names


def names_in_file(path: Path | str) -> list[str]:
    """Return the names of cities in a file, each once.

    They are its column of cities, or its first column where no header is one of cities; the first
    row is a city then as well.

    Raises
    ------
    InputError
        If it cannot be read or names no city.
    """
    if not Path(path).exists():
        raise InputError(f"--file {path}: no such file; correct the path")
    table = open_table(path, what="list of cities")
    headers = [header.casefold() for header in table.headers]
    place = next((headers.index(name) for name in HEADERS if name in headers), None)
    first = list(table.headers[:1]) if place is None else []
    cells = table.load(range(len(headers)))[place or 0] if headers else ()
    names = (str(cell).strip() for cell in (*first, *cells) if cell is not None)
    found = list(dict.fromkeys(name for name in names if name and name != "nan"))
    if not found:
        raise InputError(f"--file {path}: names no city; write one a row below the header 'city'")
    return found
