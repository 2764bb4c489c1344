"""The families of indicators that an experiment may name."""

from __future__ import annotations

from typing import Literal, get_args

__all__ = ["FAMILIES", "OWN_FAMILIES", "Family"]

Family = Literal[
    "digital",
    "innovation",
    "green_innovation",
    "talent",
    "structure",
    "agglomeration",
    "place",
    "history",
    "control",
]
FAMILIES: tuple[Family, ...] = get_args(Family)
OWN_FAMILIES = tuple(family for family in FAMILIES if family != "history")
"""Families of a column of the user's own: history is the outcome's past."""
