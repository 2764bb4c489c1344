"""The tables about the panel: where it is, how it is read and corrected, what of it is accepted."""

from __future__ import annotations

import datetime as dt
import re
from operator import not_
from typing import Any, Literal

from pydantic import Field, field_validator, model_validator

from city_resilience.experiment.family import OWN_FAMILIES, POLICY, ColumnFamily
from city_resilience.experiment.table import Table

__all__ = ["LEAST_CITIES", "MOST_COLUMNS", "Audit", "Column", "Data", "Scope", "Sheets"]

Scope = Literal["whole_city", "districts"]
LEAST_CITIES = 5
MOST_COLUMNS = 1_000
_DAY = re.compile(r"\d{4}-\d{2}-\d{2}")
_CELLS = re.compile(r"\*|\d{4}(-\d{4})?")
_CORRECTION = re.compile(r"drop( zeros)?|\*\s*\d+(\.\d+)?(e[+-]?\d+)?", re.IGNORECASE)


def _is_day(text: str) -> bool:
    try:
        dt.date.fromisoformat(text)
    except ValueError:
        return False
    return True


class Column(Table):
    """A column that becomes an indicator or a policy; HEADER is its header, in quotes."""

    family: ColumnFamily = Field(
        description="The family of indicators that the column joins; all but history, which is "
        "the outcome's own past. A column of the family policy is no indicator: mechanisms.pilots "
        "may name it.",
        examples=["digital"],
    )
    id: str = Field(
        default="",
        description="Short name in files and tables; the header when left out.",
        examples=["smart_lamp_posts"],
    )
    unit: str = Field(
        default="",
        description="Unit, shown beside the value; nothing is converted, unless id is one of the "
        "catalogue's.",
        examples=["sites"],
    )
    label_en: str = Field(
        default="", description="English name in the report.", examples=["Smart lamp posts"]
    )
    label_zh: str = Field(
        default="", description="Chinese name in the report.", examples=["智慧灯杆数"]
    )
    direction: Literal[-1, 0, 1] = Field(
        default=0,
        description="1 if more is thought to be better, -1 if worse, 0 if unknown.",
        examples=[1],
    )

    @field_validator("family", mode="before")
    @classmethod
    def _not_the_past(cls, family: Any) -> Any:
        if family == "history":
            known = ", ".join((*OWN_FAMILIES, POLICY))
            raise ValueError(f"family 'history' is the outcome's own past; choose one of: {known}")
        return family


class Data(Table):
    """Where the panel is, how its keys are called, and which of its cells are corrected."""

    path: str = Field(
        default="",
        description="File of the panel, relative to the experiment file; --data on the command "
        "line goes before it.",
        examples=["panel.xlsx"],
    )
    vintages: dict[str, str] = Field(
        default_factory=dict,
        exclude_if=not_,
        description="Earlier panels, the day on which each was published → its file, relative to "
        "the experiment file. The backtest then reads at each origin the newest that was out on "
        "the day of the forecast.",
        examples=[{"2019-03-30": "panel_2019.csv", "2020-03-30": "panel_2020.csv"}],
    )
    coordinates: str = Field(
        default="",
        exclude_if=not_,
        description="File with a row for each place: its name, longitude and latitude in degrees, "
        "under headers that say so; relative to the experiment file. It puts the places on the "
        "map of the report and goes into no forecast. Left out, the panel's own columns or the "
        "gazetteer place them.",
        examples=["coordinates.csv"],
    )
    sheet: str = Field(
        default="",
        description="Sheet of a workbook; needed where it has more than one.",
        examples=["Panel"],
    )
    city: str = Field(
        default="",
        description="Header of the column that names the places; found by its usual names when "
        "left out.",
        examples=["municipality"],
    )
    year: str = Field(
        default="",
        description="Header of the column of years; found by its usual names when left out.",
        examples=["period"],
    )
    province: str = Field(
        default="",
        description="Header of the column of the larger unit that a place belongs to; found by "
        "its usual names when left out.",
        examples=["state"],
    )
    code: str = Field(
        default="",
        exclude_if=not_,
        description="Header of a column with the official code of a place; the code decides "
        "between places of one name.",
        examples=["ibge_code"],
    )
    decimal: Literal["", ".", ","] = Field(
        default="",
        exclude_if=not_,
        description="The mark of decimals in cells of text, a point or a comma; the other one then "
        "groups thousands. Each column's own cells tell it when left out.",
        examples=[","],
    )
    encoding: str = Field(
        default="",
        exclude_if=not_,
        description="Encoding of a text file, such as utf-8, cp1250 or shift_jis. The file itself "
        "tells it when left out; one that may be in several is refused. What can be read as UTF-8 "
        "is UTF-8.",
        examples=["cp1250"],
    )
    nation: str = Field(
        default="",
        exclude_if=not_,
        description="Header of the column of nations, in a panel of several: gaps, ranks, shares, "
        "neighbours and naive rules are then relative to the place's own nation. All places are "
        "one nation when left out.",
        examples=["country"],
    )
    nation_min_cities: int = Field(
        default=LEAST_CITIES,
        ge=2,
        exclude_if=lambda least: least == LEAST_CITIES,
        description="A nation with fewer places that have an outcome is left out: of five like "
        "places each is a fifth of what it is compared with, of fewer more, so that its gap "
        "would mostly be one to itself.",
        examples=[10],
    )
    groups: tuple[str, ...] = Field(
        default=(),
        description="Columns whose values group the places in tables of scores and drivers. With "
        'gazetteer = "china" its groups need no column.',
        examples=[["macro_region", "size_class"]],
    )
    gazetteer: Literal["none", "china"] = Field(
        default="none",
        description='Resolve the names of places to official units: "china" or "none".',
        examples=["none"],
    )
    source: str = Field(
        default="not stated",
        description="Where the data come from, for the report and the model card.",
        examples=["Municipal accounts of the statistical office"],
    )
    licence: str = Field(
        default="not stated",
        description="Under which terms the data may be used, for the report and the model card.",
        examples=["CC BY 4.0"],
    )
    simulated: bool = Field(
        default=False,
        description="The data are made up; every page then says so.",
        examples=[False],
    )
    units: dict[str, str] = Field(
        default_factory=dict,
        description="Unit of a column, by header or variable, where the header states none or a "
        "wrong one.",
        examples=[{"gdp_nominal": "万元"}],
    )
    columns: dict[str, Column] = Field(default_factory=dict, max_length=MOST_COLUMNS)
    scope: Scope = Field(
        default="whole_city",
        description="Territory that is read where a column or header tells it: the whole city or "
        "its urban districts.",
        examples=["whole_city"],
    )
    corrections: dict[str, float | str] = Field(
        default_factory=dict,
        description='"variable/city/year" → a value in the catalogue\'s unit, "drop", "drop '
        'zeros" or a factor such as "*0.001". City and year may be *, the year also a range '
        "such as 2011-2014. check proposes these lines.",
        examples=[{"loans/Alba/2011-2012": "drop", "gdp_nominal/*/2015": "*0.001"}],
    )

    @field_validator("vintages")
    @classmethod
    def _vintages_dated(cls, vintages: dict[str, str]) -> dict[str, str]:
        for day, path in vintages.items():
            if not _DAY.fullmatch(day) or not _is_day(day):
                raise ValueError(f"{day!r} is no day of publication; write it as 2020-03-30")
            if not path.strip():
                raise ValueError(f"the panel of {day} has no file; name it")
        return vintages

    @model_validator(mode="after")
    def _corrections_read(self) -> Data:
        for key, value in self.corrections.items():
            if key.count("/") < 2 or not _CELLS.fullmatch(key.rsplit("/", 1)[1]):
                raise ValueError(
                    f"corrections: {key!r} is not 'variable/city/year' with a year, a range such "
                    "as 2011-2014, or *"
                )
            if isinstance(value, str) and not _CORRECTION.fullmatch(value):
                raise ValueError(
                    f"corrections: {key!r} wants a number, 'drop', 'drop zeros' or a factor such "
                    "as '*0.001'"
                )
        return self


class Audit(Table):
    """What to do with the audit's issues."""

    accept: dict[str, str] = Field(
        default_factory=dict,
        description="Issues that are right as they are, by id (kind/variable/city/years, parts "
        "may be *) → the reason why.",
        examples=[{"jump/gdp_nominal/Alba/2014": "a county was merged into the city"}],
    )
    mask_errors: bool = Field(
        default=True,
        description="Treat a cell with an audit error that is neither accepted nor corrected as "
        "unknown, wherever the panel is used.",
        examples=[True],
    )


class Sheets(Table):
    """How sheets become a panel, for `import`."""

    years: tuple[str, ...] = Field(
        default=(),
        description='Rules for the year of the data: "name", "name-1" (the file\'s name holds the '
        "edition) or a year; with PATTERN= in front for some files only.",
        examples=[["Data_*=name-1", "extra.xlsx=2016"]],
    )
    units: dict[str, str] = Field(
        default_factory=dict,
        description="Unit by header, variable or variable/year, where the sheets state none or a "
        "wrong one.",
        examples=[{"loans/2009": "万元"}],
    )
    prefer: tuple[str, ...] = Field(
        default=(),
        description="Patterns of file names that decide where files disagree, the first one first.",
        examples=[["revised_*"]],
    )
