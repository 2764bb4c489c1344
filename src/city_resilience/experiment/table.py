"""What all tables of the experiment file have in common.

A key is described once, where it is declared: its type, default, description and an example. The
reference and the JSON schema are made of that.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict

__all__ = ["Table"]


class Table(BaseModel):
    """A table of the experiment file; it is strict and frozen, and an unknown key is an error."""

    model_config = ConfigDict(extra="forbid", frozen=True)
