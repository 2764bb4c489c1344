"""The forecast as people pass it on: one row a city, in one language, with notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from city_resilience.report.flags import flag_words
from city_resilience.report.texts import Texts

__all__ = ["Column", "ForecastSheet", "forecast_sheet"]

DIGITS = 2


@dataclass(frozen=True)
class Column:
    """One column of the sheet.

    Attributes
    ----------
    head, meaning, unit : str
        In the language of the sheet.
    kind : str
        ``text``, ``figure`` (with its sign), ``share`` (0 to 1) or ``whole``.
    values : tuple
        One for each city; None where there is none.
    signed : bool
        Whether a figure above and one below zero are told apart by colour.
    """

    head: str
    meaning: str
    unit: str
    kind: str
    values: tuple[Any, ...]
    signed: bool = False


@dataclass(frozen=True)
class ForecastSheet:
    """What a reader gets.

    Attributes
    ----------
    titles : tuple of str
        Names of the sheets: forecast, notes, dictionary, all rows.
    columns : tuple of Column
    notes : tuple of (str, str)
        What each figure stands on: a name and a sentence.
    heads : tuple of str
        Heads of the dictionary.
    """

    titles: tuple[str, ...]
    columns: tuple[Column, ...]
    notes: tuple[tuple[str, str], ...]
    heads: tuple[str, ...]

    def rounded(self) -> pd.DataFrame:
        """Return the table with figures as they are read: two decimals, shares in percent."""
        heads, columns = [], []
        for column in self.columns:
            percent = column.kind == "share"
            heads.append(f"{column.head} (%)" if percent else column.head)
            columns.append([_read(value, column.kind) for value in column.values])
        table = dict(enumerate(columns))
        return pd.DataFrame(table, dtype=object).set_axis(heads, axis="columns")

    def dictionary(self) -> list[tuple[str, str, str]]:
        """Return head, meaning and unit of each column."""
        return [(own.head, own.meaning, own.unit) for own in self.columns]


def forecast_sheet(
    table: pd.DataFrame, say: Texts, lang: str, about: Mapping[str, Any]
) -> ForecastSheet:
    """Lay out a forecast for readers.

    Parameters
    ----------
    table : DataFrame
        Of ``forecast_table``, its drivers named in the language.
    say : Texts
        In the words of the measure.
    lang : str
        ``en`` or ``zh``.
    about : mapping
        ``title``, ``model``, ``origin``, ``available_from``, ``coverage``, ``data``, ``simulated``
        and ``alarms``.
    """
    cities = list(dict.fromkeys(table["city"]))
    parts = {int(h): part.set_index("city").reindex(cities) for h, part in table.groupby("horizon")}
    columns = [
        *_places(parts, cities, say, lang),
        *(own for h, part in parts.items() for own in _figures(h, part, say, lang)),
        _flags(table, cities, say, lang),
        *(own for h, part in parts.items() for own in _drivers(h, part, say, lang)),
    ]
    names = ("sheet_forecast", "sheet_notes", "sheet_dictionary", "sheet_rows")
    titles = tuple(say(f"passed_{name}")[lang] for name in names)
    heads = tuple(say(f"passed_head_{name}")[lang] for name in ("column", "meaning", "unit"))
    return ForecastSheet(titles, tuple(columns), tuple(_notes(say, lang, about)), heads)


def _read(value: Any, kind: str) -> str:
    if value is None:
        return ""
    if kind == "figure":
        return f"{value:.{DIGITS}f}"
    return f"{100 * value:.0f}" if kind == "share" else str(value)


def _places(
    parts: Mapping[int, pd.DataFrame], cities: Sequence[str], say: Texts, lang: str
) -> list[Column]:
    """Return the columns that say which city it is, and from which year it is forecast."""
    first = next(iter(parts.values()))
    columns = [_column("city", cities, say, lang)]
    for key in ("province", "nation"):
        if key in first and any(texts := [_text(own) for own in first[key]]):
            columns.append(_column(key, texts, say, lang))
    return [*columns, _column("origin", _whole(first["origin"]), say, lang, kind="whole")]


def _column(
    key: str, values: Sequence[Any], say: Texts, lang: str, *, kind: str = "text"
) -> Column:
    return Column(say(key)[lang], say(f"passed_{key}_long")[lang], "", kind, tuple(values))


def _figures(h: int, part: pd.DataFrame, say: Texts, lang: str) -> list[Column]:
    """Return forecast, bounds, chance of a value below zero and rank at one horizon."""
    unit = say.name("unit_long", say.unit)[lang]
    ahead = say.count("horizon_years", h)
    coverage = part["coverage"].max()

    def told(key: str, kind: str, values: Sequence[Any], unit: str = "") -> Column:
        figures = {"ahead": ahead, "coverage": f"{100 * coverage:.0f}"}
        head, meaning = (say(f"passed_{key}{end}", **figures)[lang] for end in ("", "_long"))
        return Column(head, meaning, unit, kind, tuple(values), signed=key == "forecast")

    columns = [told("forecast", "figure", _floats(part["forecast"]), unit)]
    if part["lower"].notna().any():
        columns += [told(key, "figure", _floats(part[key]), unit) for key in ("lower", "upper")]
        columns.append(told("below_zero", "share", _floats(part["p_below_0"])))
    return [*columns, told("rank", "whole", _whole(part["rank"]))]


def _flags(table: pd.DataFrame, cities: Sequence[str], say: Texts, lang: str) -> Column:
    """Return what is particular about each city, in words."""
    found: dict[str, dict[str, None]] = {city: {} for city in cities}
    for city, flags in zip(table["city"], table["flags"], strict=True):
        if flags:
            found[city] |= dict.fromkeys(own[lang] for own in flag_words(flags.split(";"), say))
    between = "；" if lang == "zh" else "; "
    return _column("flags", [between.join(own) for own in found.values()], say, lang)


def _drivers(h: int, part: pd.DataFrame, say: Texts, lang: str) -> list[Column]:
    unit = say.name("unit_long", say.unit)[lang]
    names = [name for name in part if str(name).startswith("driver_")]
    ahead = say.count("horizon_years", h)
    return [
        Column(
            say("passed_driver", ahead=ahead, k=k)[lang],
            say("passed_driver_long", ahead=ahead)[lang],
            unit,
            "text",
            tuple(_text(own) for own in part[name]),
        )
        for k, name in enumerate(names, 1)
    ]


def _notes(say: Texts, lang: str, about: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Return what the file is, what it stands on, and what it does not say."""

    def name(key: str) -> str:
        return say(f"passed_note_{key}")[lang]

    notes = [(name("what"), say("passed_note_what_long")[lang])]
    notes += [(name(key), str(about[key])) for key in ("title", "model", "data", "origin")]
    notes.append((name("available_from"), str(about["available_from"])))
    for key in ("interval", "rank", "drivers", "full"):
        text = say(f"passed_note_{key}_long", coverage=f"{100 * about['coverage']:.0f}")[lang]
        notes.append((name(key), text))
    if about["simulated"]:
        notes.insert(0, (name("simulated"), say("banner_simulated")[lang]))
    return notes + [(name("alarm"), alarm) for alarm in about["alarms"]]


def _text(value: Any) -> str:
    return value if isinstance(value, str) else ""


def _floats(values: pd.Series) -> list[float | None]:
    return [None if pd.isna(own) else float(own) for own in values]


def _whole(values: pd.Series) -> list[int | None]:
    return [None if pd.isna(own) else int(own) for own in values]
