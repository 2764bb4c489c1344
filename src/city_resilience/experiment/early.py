"""The tables about early releases: what larger units publish before the cities do."""

from __future__ import annotations

from operator import not_
from typing import ClassVar, Literal

from pydantic import Field, field_validator

from city_resilience.experiment.table import Table

__all__ = ["CITY", "NATION", "Concept", "Kind", "Prices", "Release", "Vintage"]

Kind = Literal["growth", "index", "chained", "level"]
Prices = Literal["real", "nominal"]
Concept = Literal["same", "other"]
Vintage = Literal["revised", "first"]
CITY, NATION = "city", "nation"
"""Groups of a release beside the panel's own: each place by itself, and all places together."""


class Release(Table):
    """A file of figures that are published before the panel's; NAME is a name of your own."""

    named_by: ClassVar[str] = "NAME"

    path: str = Field(
        default="",
        exclude_if=not_,
        description="File of the release, relative to the experiment file; --early on the command "
        "line goes before it.",
        examples=["provinces.csv"],
    )
    sheet: str = Field(
        default="",
        exclude_if=not_,
        description="Sheet of a workbook; needed where it has more than one.",
        examples=["Accounts"],
    )
    group: str = Field(
        description='Whom the figures are about: a group of the panel such as "province", "nation" '
        'for all its places together (each nation, where data.nation tells several), or "city" for '
        "places that report early.",
        examples=["province"],
    )
    key: str = Field(
        default="",
        exclude_if=not_,
        description="Header of the column that names the groups; found by the name of the group, "
        "else the only column of text, when left out.",
        examples=["province"],
    )
    year: str = Field(
        default="",
        exclude_if=not_,
        description="Header of the column of years; found by its usual names when left out.",
        examples=["year"],
    )
    column: str = Field(
        description="Header of the column of figures.", examples=["real_growth_percent"]
    )
    kind: Kind = Field(
        description="What the figures are: growth in percent (growth), an index of the previous "
        "year = 100 (index), an index of one base (chained) or amounts (level).",
        examples=["growth"],
    )
    prices: Prices = Field(
        default="real",
        description="Whether the growth is at constant prices (real) or at those of each year "
        "(nominal).",
        examples=["nominal"],
    )
    concept: Concept = Field(
        default="same",
        description="Whether the figures are of the outcome itself (same), or of a quantity that "
        "is defined in another way (other).",
        examples=["other"],
    )
    delay_days: int = Field(
        default=45,
        ge=0,
        le=3650,
        description="Days after the end of a year until its figures are published.",
        examples=[60],
    )
    date: str = Field(
        default="",
        exclude_if=not_,
        description="Header of a column with the date on which each figure was published; "
        "delay_days counts where a cell of it is blank.",
        examples=["published"],
    )
    vintage: Vintage = Field(
        default="revised",
        description="Whether the file holds the figures as they were first printed (first), or as "
        "they were revised later; it is said wherever a figure rests on them.",
        examples=["first"],
    )
    label_en: str = Field(
        default="",
        exclude_if=not_,
        description="English name of the release in the report.",
        examples=["Provincial growth"],
    )
    label_zh: str = Field(
        default="",
        exclude_if=not_,
        description="Chinese name of the release in the report.",
        examples=["分省增速"],
    )

    @field_validator("group", "column")
    @classmethod
    def _stated(cls, value: str) -> str:
        if not value.strip():
            raise ValueError("it is empty; name a group of the panel, and the header of figures")
        return value
