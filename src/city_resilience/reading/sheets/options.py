"""How sheets are read: the year of their data, declared units and columns, the gazetteer."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import PurePosixPath

from city_resilience.catalogue.gazetteer.gazetteer import Gazetteer, load_gazetteer
from city_resilience.catalogue.sheets import load_sheet_rules
from city_resilience.catalogue.variables import Match
from city_resilience.errors import InputError, nearest
from city_resilience.experiment.data import Data
from city_resilience.experiment.experiment import Experiment
from city_resilience.reading.declared import outcome_match, own_match
from city_resilience.reading.number_style import Decimal
from city_resilience.reading.opening import fits
from city_resilience.reading.wording import (
    catalogue_names,
    match_header,
    single_line,
    unspaced,
)

__all__ = ["Options", "YearRules", "options_of", "parse_year_rules"]

_RULE = re.compile(r"(?P<name>name)(?P<shift>[+-]\d{1,2})?|(?P<year>(?:18|19|20|21)\d{2})")
_NAMED = re.compile(r"(?<!\d)((?:19|20)\d{2})(?!\d)")
_EDITION = re.compile(r"年鉴|yearbook", re.IGNORECASE)


@dataclass(frozen=True)
class YearRules:
    """Rules that the user gave: a pattern of file names and what their data year is.

    Attributes
    ----------
    rules : tuple of (pattern, rule)
        Rule is ``name``, ``name-1``, ``name+0`` … or a year; the first pattern that fits counts.
    """

    rules: tuple[tuple[str, str], ...] = ()

    def year_of(self, file: str, sheet: str, titles: Sequence[str]) -> tuple[int | None, str]:
        """Return the data year of a sheet without a column of years, and how it was found.

        Without a rule of the user's the title counts, then the sheet's name, then the file's
        name, which is taken as the edition of a yearbook.
        """
        named = _only_year(PurePosixPath(file).stem)
        for pattern, rule in self.rules:
            if fits(file, pattern):
                found = _RULE.fullmatch(rule)
                assert found is not None
                if found["year"]:
                    return int(found["year"]), f"--year {rule}"
                return _shifted(named, int(found["shift"] or 0)), f"--year {rule}"
        for text, how in (*((title, "the title") for title in titles), (sheet, "the sheet's name")):
            year = _stated(text) if how == "the title" else _only_year(text)
            if year is not None:
                edition = load_sheet_rules().edition if _EDITION.search(text) else 0
                return year + edition, f"{how} {text!r}"
        how = (
            f"the file's name, read as the edition of a yearbook with data of the year before; "
            f"if {named} is the year of the data, give --year name"
        )
        return _shifted(named, load_sheet_rules().edition), how


@dataclass(frozen=True)
class Options:
    """How sheets are read.

    Attributes
    ----------
    years : YearRules
        Rules for the data year of sheets without a column of years.
    units : mapping of str to str
        Declared units by header, variable id or ``variable/year``.
    own : mapping of str to Match
        Headers of the user's own columns, with what they mean.
    prefer : tuple of str
        Patterns of file names that decide where files disagree, the most trusted first.
    decimal : str
        The mark of decimals, ``,`` or ``.``; empty where the cells of a column decide.
    encoding : str
        Of text files; empty where each file tells it.
    variable : str
        What columns hold that are headed by years alone, where the table does not say it.
    keys : mapping of str to str
        Declared headers of key columns to the catalogue's own words for them.
    country : str
        Gazetteer that names are resolved with; ``none`` takes them as they stand.
    china : bool
        Whether the experiment says that the places are in China.
    """

    years: YearRules = field(default_factory=YearRules)
    units: Mapping[str, str] = field(default_factory=dict)
    own: Mapping[str, Match] = field(default_factory=dict)
    prefer: tuple[str, ...] = ()
    country: str = "china"
    decimal: Decimal = ""
    encoding: str = ""
    variable: str = ""
    keys: Mapping[str, str] = field(default_factory=dict)
    china: bool = False

    @property
    def yuan(self) -> bool:
        """Whether money of which nothing says the currency is yuan."""
        return self.china or self.country == "china"

    @property
    def gazetteer(self) -> Gazetteer | None:
        """The gazetteer, None where there is none."""
        return None if self.country == "none" else load_gazetteer(self.country)

    def own_column(self, header: str) -> Match | None:
        """Return what the user says of a header, however it is spaced."""
        if not self.own:
            return None
        named = (match for name, match in self.own.items() if unspaced(name) == unspaced(header))
        return next(named, None)


def options_of(
    experiment: Experiment | None,
    *,
    years: Sequence[str] = (),
    prefer: Sequence[str] = (),
    country: str = "china",
    variable: str = "",
    encoding: str = "",
) -> Options:
    """Return what an experiment says about sheets, after what is said on the way in.

    Parameters
    ----------
    experiment : Experiment or None
        Its ``[sheets]``, ``[data.columns]`` and the outcome's own column count.
    years, prefer : sequence of str
        Rules that come before those of the experiment.
    variable : str
        What columns of bare years hold, as a header says it: ``GDP (million yuan)``.
    encoding : str
        Of text files, before that of the experiment.

    Raises
    ------
    InputError
        If the variable is none of the catalogue's.
    """
    if variable and match_header(variable, {}).match is None:
        near = nearest(variable, catalogue_names())
        raise InputError(
            f"--variable {variable!r}: not in the catalogue{near}; give one of its names, with "
            "the unit in brackets where it is another"
        )
    plain = Options(
        parse_year_rules(years),
        prefer=tuple(prefer),
        country=country,
        variable=variable,
        encoding=encoding,
    )
    if experiment is None:
        return plain
    sheets, outcome = experiment.sheets, experiment.outcome
    columns = experiment.data.columns.items()
    own = {header: own_match(header, column, sheets.units) for header, column in columns}
    if outcome.column:
        own[outcome.column] = outcome_match(outcome.column, outcome, sheets.units)
    return replace(
        plain,
        years=parse_year_rules([*years, *sheets.years]),
        units=sheets.units,
        own=own,
        prefer=(*prefer, *sheets.prefer),
        decimal=experiment.data.decimal,
        encoding=encoding or experiment.data.encoding,
        keys=_declared_keys(experiment.data),
        china=experiment.data.gazetteer == "china",
    )


def _declared_keys(data: Data) -> dict[str, str]:
    words = {"city": "city", "year": "year", "province": "province", "code": "city_code"}
    stated = ((getattr(data, key), word) for key, word in words.items())
    return {unspaced(header): word for header, word in stated if header}


def parse_year_rules(items: Iterable[str]) -> YearRules:
    """Read ``--year`` options: ``RULE`` for all files, or ``PATTERN=RULE`` for some.

    Raises
    ------
    InputError
        If a rule is neither a year nor ``name``, ``name-1`` and the like.

    Examples
    --------
    >>> parse_year_rules(["Data_*=name-1", "name"]).rules
    (('Data_*', 'name-1'), ('*', 'name'))
    """
    rules = []
    for item in items:
        pattern, equals, rule = item.rpartition("=")
        if not _RULE.fullmatch(rule.strip()):
            raise InputError(
                f"--year {item!r}: expected a year, 'name' (the year in the file's name) or "
                "'name-1' (the year before it), for some files as PATTERN=RULE, for example "
                "--year 'Data_*=name-1'"
            )
        rules.append((pattern if equals else "*", rule.strip()))
    return YearRules(tuple(rules))


def _only_year(text: str) -> int | None:
    years = set(_NAMED.findall(single_line(text)))
    return int(years.pop()) if len(years) == 1 else None


def _stated(title: str) -> int | None:
    for pattern in load_sheet_rules().title:
        years = {found[1] for found in pattern.finditer(title)}
        if len(years) == 1:
            return int(years.pop())
    return None


def _shifted(year: int | None, shift: int) -> int | None:
    return None if year is None else year + shift
