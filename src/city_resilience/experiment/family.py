"""The families of indicators that an experiment may name."""

from __future__ import annotations

from typing import Literal, get_args

__all__ = ["FAMILIES", "OWN_FAMILIES", "POLICY", "ColumnFamily", "Family", "OwnFamily"]

OwnFamily = Literal[
    "digital",
    "innovation",
    "green_innovation",
    "talent",
    "structure",
    "agglomeration",
    "place",
    "control",
]
ColumnFamily = Literal[OwnFamily, "policy"]
Family = Literal[OwnFamily, "history"]
POLICY = "policy"
"""What a column says that `mechanisms` reads as a policy: it is no indicator."""
OWN_FAMILIES: tuple[OwnFamily, ...] = get_args(OwnFamily)
"""Families of a column of the user's own: history is the outcome's past."""
FAMILIES: tuple[Family, ...] = (*OWN_FAMILIES[:-1], "history", OWN_FAMILIES[-1])
