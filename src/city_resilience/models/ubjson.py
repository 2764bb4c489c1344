"""A check of a stored booster before xgboost sees it.

xgboost ends the whole process on a file that is cut short, and follows node numbers without
looking. So the UBJSON (https://ubjson.org, the subset that xgboost writes) is read here first,
within its bounds, and its trees are checked to be trees over the given columns.
"""

from __future__ import annotations

import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from city_resilience.errors import InputError

__all__ = ["check_booster", "read_ubjson"]

DEEPEST = 20
_NUMBERS = {
    "i": ("b", "i1"),
    "U": ("B", "u1"),
    "I": ("h", ">i2"),
    "l": ("i", ">i4"),
    "L": ("q", ">i8"),
    "d": ("f", ">f4"),
    "D": ("d", ">f8"),
}
_CONSTANTS = {"Z": None, "T": True, "F": False}
_NODES = (
    "base_weights",
    "default_left",
    "left_children",
    "loss_changes",
    "parents",
    "right_children",
    "split_conditions",
    "split_indices",
    "split_type",
    "sum_hessian",
)
_CATEGORIES = ("categories", "categories_nodes", "categories_segments", "categories_sizes")
_NO_TREE = "its trees are not trees over the columns of the model"


class _Reader:
    """Reads values one after the other; every step checks that the bytes are there."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = 0

    def take(self, count: int) -> bytes:
        end = self.at + count
        if count < 0 or end > len(self.data):
            raise ValueError(f"ends within a value at byte {self.at}")
        self.at, part = end, self.data[self.at : end]
        return part

    def peek(self) -> str:
        return chr(self.data[self.at]) if self.at < len(self.data) else ""

    def mark(self) -> str:
        return chr(self.take(1)[0])

    def number(self, mark: str) -> int | float:
        if mark not in _NUMBERS:
            raise ValueError(f"unknown type {mark!r} at byte {self.at}")
        form = ">" + _NUMBERS[mark][0]
        value: int | float = struct.unpack(form, self.take(struct.calcsize(form)))[0]
        return value

    def length(self) -> int:
        value = self.number(self.mark())
        if not isinstance(value, int) or not 0 <= value <= len(self.data):
            raise ValueError(f"impossible length {value} at byte {self.at}")
        return value

    def text(self) -> str:
        return self.take(self.length()).decode()

    def value(self, depth: int = 0) -> Any:
        mark = self.mark()
        if depth > DEEPEST:
            raise ValueError("too many levels")
        if mark in _CONSTANTS:
            return _CONSTANTS[mark]
        if mark == "S":
            return self.text()
        if mark == "{":
            return self.table(depth)
        return self.array(depth) if mark == "[" else self.number(mark)

    def table(self, depth: int) -> dict[str, Any]:
        values = {}
        while self.peek() != "}":
            key = self.text()
            if key in values:
                raise ValueError(f"key {key!r} twice")
            values[key] = self.value(depth + 1)
        self.take(1)
        return values

    def array(self, depth: int) -> Any:
        if self.peek() == "$":
            self.take(1)
            mark = self.mark()
            if mark not in _NUMBERS or self.mark() != "#":
                raise ValueError(f"unknown array at byte {self.at}")
            kind = np.dtype(_NUMBERS[mark][1])
            return np.frombuffer(self.take(self.length() * kind.itemsize), dtype=kind)
        if self.peek() == "#":
            self.take(1)
            return [self.value(depth + 1) for _ in range(self.length())]
        values = []
        while self.peek() != "]":
            values.append(self.value(depth + 1))
        self.take(1)
        return values


def read_ubjson(data: bytes) -> Any:
    r"""Read one UBJSON value; typed arrays become numpy arrays.

    Raises
    ------
    ValueError
        If the bytes are not one whole value.

    Examples
    --------
    >>> read_ubjson(b"{i\x01aSi\x02xyi\x01b[$l#i\x01\x00\x00\x00\x07}")
    {'a': 'xy', 'b': array([7], dtype='>i4')}
    """
    reader = _Reader(data)
    value = reader.value()
    if reader.at != len(data):
        raise ValueError(f"{len(data) - reader.at} bytes after the end")
    return value


def check_booster(data: bytes, columns: int) -> None:
    """Check that a file holds a gradient-boosted tree model over some columns.

    Raises
    ------
    InputError
        If it is not UBJSON, or no such model.
    """
    try:
        value = read_ubjson(data)
        learner = value["learner"]
        booster = learner["gradient_booster"]
        param = learner["learner_model_param"]
        _require(booster["name"] == "gbtree", "it is not a model of trees")
        _require(isinstance(learner["objective"]["name"], str), "it has no objective")
        _require(int(param["num_feature"]) == columns, f"it is not made for {columns} columns")
        _require(int(param["num_target"]) == 1, "it has several targets")
        _require(int(param["num_class"]) == 0, "it has classes")
        _check_model(booster["model"], columns)
    except (ValueError, KeyError, TypeError, AttributeError, IndexError) as error:
        raise InputError(f"booster.ubj: not a booster ({error}); export the model again") from error


def _check_model(model: Mapping[str, Any], columns: int) -> None:
    trees = model["trees"]
    param = model["gbtree_model_param"]
    bounds = np.asarray(model["iteration_indptr"], dtype=np.int64)
    _require(int(param["num_trees"]) == len(trees) > 0, "it does not hold the trees it counts")
    width = int(param["num_parallel_tree"])
    _require(width > 0 and len(trees) % width == 0, "its trees are not whole rounds")
    rounds = np.arange(0, len(trees) + 1, width)
    _require(np.array_equal(bounds, rounds), "its iterations do not fit")
    _require(list(model["tree_info"]) == [0] * len(trees), "its trees have groups")
    _require(not any(len(part) for part in model.get("cats", {}).values()), "it has categories")
    for number, tree in enumerate(trees):
        _require(tree["id"] == number, "its trees are not in order")
        _check_tree(tree, columns)


def _check_tree(tree: Mapping[str, Any], columns: int) -> None:
    param = tree["tree_param"]
    nodes = int(param["num_nodes"])
    arrays = {name: np.asarray(tree[name]) for name in _NODES}
    sized = all(a.shape == (nodes,) for a in arrays.values()) and nodes > 0
    _require(sized and int(param["num_feature"]) == columns, _NO_TREE)
    _require(int(param["num_deleted"]) == 0 and int(param["size_leaf_vector"]) <= 1, _NO_TREE)
    _require(not any(len(tree[name]) for name in _CATEGORIES), "it has categories")
    _require(not arrays["split_type"].any(), "it has categories")
    left, right = (arrays[n].astype(np.int64) for n in ("left_children", "right_children"))
    inner = left >= 0
    children = np.concatenate([left[inner], right[inner]])
    owner = np.tile(np.flatnonzero(inner), 2)
    _require(_is_tree(children, owner, nodes) and bool((right[~inner] == -1).all()), _NO_TREE)
    _require(bool((left[~inner] == -1).all()), _NO_TREE)
    _require(bool((arrays["parents"].astype(np.int64)[children] == owner).all()), _NO_TREE)
    split = arrays["split_indices"].astype(np.int64)
    _require(bool(((split >= 0) & (split < columns)).all()), _NO_TREE)
    values = np.concatenate([arrays["split_conditions"], arrays["base_weights"]])
    _require(bool(np.isfinite(values).all()), "it holds values that are not finite")


def _is_tree(children: NDArray[np.int64], owner: NDArray[np.int64], nodes: int) -> bool:
    """Every node but the first is the child of exactly one node before it."""
    return np.array_equal(np.sort(children), np.arange(1, nodes)) and bool((children > owner).all())


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise ValueError(otherwise)
