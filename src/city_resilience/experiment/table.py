"""What all tables of the experiment file have in common.

A key is described once, where it is declared: its type, default, description and an example. The
reference and the JSON schema are made of that.
"""

from __future__ import annotations

from typing import ClassVar

from pydantic import BaseModel, ConfigDict

__all__ = ["Table"]


class Table(BaseModel):
    """A table of the experiment file; it is strict and frozen, and an unknown key is an error."""

    named_by: ClassVar[str] = '"HEADER"'
    """What stands in the brackets for the name of one of several such tables."""

    model_config = ConfigDict(extra="forbid", frozen=True)
