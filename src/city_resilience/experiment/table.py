"""What all tables of the experiment file have in common: they are strict and frozen."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["Table"]


class Table(BaseModel):
    """A table of the experiment file; an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
