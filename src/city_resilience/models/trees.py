"""Trees as xgboost serves them: boosted or averaged, kept as its JSON.

xgboost follows node numbers without looking, so what is read from a file is first checked to be
trees over the given columns, and only that is handed on. Few rows are forecast without it, to the
same bit: importing it takes longer.
"""

from __future__ import annotations

import gzip
import io
import json
import sys
import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property, partial
from typing import Any, ClassVar, Self

import numpy as np

from city_resilience.arrays import Float, Positions
from city_resilience.errors import InputError
from city_resilience.models.tree import Tree, joined, leaves_of
from city_resilience.models.tree_values import tree_values
from city_resilience.workers import worker_count

__all__ = ["Trees", "rounded_to"]

MOST_ROUNDING = 1e-3  # pp; a larger difference is no rounding and must show
MOST_BYTES = 64 * 2**20
LEAST_BYTES = 8 * 2**20  # JSON of so many bytes takes little memory, whatever it holds
MOST_RATIO = 50
MOST_WALKED = 2**20  # trees x rows that take less time than to import xgboost; 1/8 to load them
WALKED_TOGETHER = 2**18  # trees x rows, so that memory stays small
ROOT = 2**31 - 1  # what xgboost calls the parent of a root
_UNREADABLE = (
    *(ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError, RecursionError),
    *(OSError, EOFError, zlib.error, MemoryError, RuntimeError),
)


@dataclass(frozen=True)
class Trees:
    """A sum of regression trees, as a booster of xgboost.

    Attributes
    ----------
    load : callable
        Makes the booster.
    grown : tuple of Tree
        Trees that are there without it: most forests are never stored nor explained.
    added : float
        What is added to the sum of those.
    """

    kind: ClassVar[str] = "trees"
    file: ClassVar[str] = "trees.json.gz"

    load: Callable[[], Any]
    grown: tuple[Tree, ...] = ()
    added: float = 0.0

    @classmethod
    def of(cls, trees: Sequence[Tree], added: float, columns: int) -> Self:
        """Keep trees over ``columns`` columns until xgboost is asked for them."""
        return cls(partial(_loaded, tuple(trees), added, columns), tuple(trees), added)

    @cached_property
    def booster(self) -> Any:
        """The trees as xgboost has them."""
        return self.load()

    @cached_property
    def parts(self) -> tuple[tuple[Tree, ...], float]:
        """The trees as arrays, and the value that is added to their sum."""
        if self.grown:
            return self.grown, self.added
        trees, base = _read(bytes(self.booster.save_raw("json")), self.booster.num_features())
        return tuple(trees), base

    def predict(self, features: Float) -> Float:
        """Forecast rows of shape (n, columns): by xgboost, or without it to the same bit.

        Rows of earlier calls count, so that many parts of few rows are worth its import too.
        """
        rows = vars(self).get("_walked_rows", 0) + len(features)
        most = MOST_WALKED // 8 if "xgboost" in sys.modules else MOST_WALKED
        few = len(self.grown) * rows <= most
        if self.grown and few and "booster" not in vars(self):
            vars(self)["_walked_rows"] = rows
            return _walked(self.grown, self.added, features)
        return np.asarray(self.booster.inplace_predict(features), dtype=np.float64)

    def contributions(self, features: Float) -> tuple[Float, float]:
        """SHAP values, those of ``pred_contribs``: each column a player, see `player_values`."""
        return self.player_values(features, np.arange(features.shape[1]))

    def player_values(self, features: Float, players: Positions) -> tuple[Float, float]:
        """Shapley values of groups of columns, which add up to the forecast; see `tree_values`."""
        values, base = tree_values(*self.parts, features, players)
        return rounded_to(self.predict(features), values, base), base

    def to_bytes(self) -> bytes:
        """Return the JSON of xgboost, compressed; it holds no more than the trees need."""
        columns = self.booster.num_features()
        trees, base = _read(bytes(self.booster.save_raw("json")), columns)
        text = json.dumps(_document(trees, base, columns), separators=(",", ":"))
        return gzip.compress(text.encode(), mtime=0)

    @classmethod
    def from_bytes(cls, data: bytes, columns: int) -> Self:
        """Read the file back, checked to be trees over the columns.

        Raises
        ------
        InputError
            If it is anything else, or unpacks to more than 64 MB or 50 times its size.
        """
        try:
            most = min(MOST_BYTES, max(LEAST_BYTES, MOST_RATIO * len(data)))
            text = gzip.GzipFile(fileobj=io.BytesIO(data)).read(most + 1)
            if len(text) > most:
                raise ValueError(f"it unpacks to more than {most:,} bytes")
            return cls.of(*_read(text, columns), columns)
        except _UNREADABLE as error:
            raise InputError(
                f"{cls.file}: no trees over {columns} columns ({error or type(error).__name__}); "
                "export the model again"
            ) from error


def rounded_to(forecast: Float, values: Float, base: float) -> Float:
    """Give what float32 sums of a row differ by to its largest value, in place."""
    rounding = forecast - values.sum(axis=1) - base
    small = np.where(np.abs(rounding) < MOST_ROUNDING, rounding, 0.0)
    if values.size:
        values[np.arange(len(values)), np.abs(values).argmax(axis=1)] += small
    return values


def _loaded(trees: Sequence[Tree], base: float, columns: int) -> Any:
    import xgboost

    booster = xgboost.Booster({"nthread": worker_count()})
    booster.load_model(bytearray(json.dumps(_document(trees, base, columns)).encode()))
    return booster


def _walked(trees: Sequence[Tree], added: float, features: Float) -> Float:
    """Forecast rows as xgboost does: in float32, one tree added after another."""
    tree, roots = joined(trees)
    values = features.astype(np.float32)
    total = np.full(len(values), np.float32(added))
    step = max(1, WALKED_TOGETHER // len(roots))
    for first in range(0, len(values), step):
        part = slice(first, first + step)
        leaf = leaves_of(tree, roots, values[part])
        for own in tree.condition[leaf].reshape(len(roots), -1):
            total[part] += own
    return total.astype(np.float64)


def _read(text: bytes, columns: int) -> tuple[list[Tree], float]:
    """Return the trees of a document of xgboost, and the value that is added to their sum."""
    learner = json.loads(text)["learner"]
    stated = learner["learner_model_param"]
    if int(stated["num_feature"]) != columns:
        raise ValueError(f"made for {stated['num_feature']} columns")
    base = float(str(stated["base_score"]).strip("[]"))
    trees = [_tree(tree, columns) for tree in learner["gradient_booster"]["model"]["trees"]]
    if not trees or not np.isfinite(base):
        raise ValueError("no tree, or a base that is not finite")
    return trees, base


def _tree(found: Mapping[str, Any], columns: int) -> Tree:
    left = np.array(found["left_children"], dtype=np.int32)
    right = np.array(found["right_children"], dtype=np.int32)
    with np.errstate(over="ignore"):  # what is no float32 is not finite, and refused below
        tree = Tree(
            left,
            np.array(found["split_indices"], dtype=np.int32),
            np.array(found["split_conditions"], dtype=np.float32),
            np.array(found["default_left"], dtype=np.bool_),
            np.array(found["sum_hessian"], dtype=np.float32),
        )
    arrays = (right, tree.feature, tree.condition, tree.missing_left, tree.cover)
    if left.ndim != 1 or not left.size or any(each.shape != left.shape for each in arrays):
        raise ValueError("arrays of a tree of different lengths")
    if any(found["split_type"]) or not np.isfinite([tree.condition, tree.cover]).all():
        raise ValueError("a split that is no number")
    inner = np.flatnonzero(left != -1)
    below = left[inner]
    sound = np.array_equal(np.sort(below), np.arange(1, left.size, 2))
    sound &= bool((below > inner).all() and (right[inner] == below + 1).all())
    sound &= bool(((tree.feature[inner] >= 0) & (tree.feature[inner] < columns)).all())
    if not sound:
        raise ValueError("a node points outside its tree or the columns")
    return tree


def _document(trees: Sequence[Tree], base: float, columns: int) -> dict[str, Any]:
    """Lay trees out as xgboost's JSON; see "Introduction to Model IO" in its documentation."""
    count = len(trees)
    model = {
        "gbtree_model_param": {"num_parallel_tree": "1", "num_trees": str(count)},
        "iteration_indptr": list(range(count + 1)),
        "tree_info": [0] * count,
        "trees": [_node_lists(tree, k, columns) for k, tree in enumerate(trees)],
    }
    stated = {"base_score": repr(base), "num_class": "0", "num_target": "1"}
    return {
        "learner": {
            "attributes": {},
            "feature_names": [],
            "feature_types": [],
            "gradient_booster": {"model": model, "name": "gbtree"},
            "learner_model_param": {**stated, "num_feature": str(columns)},
            "objective": {"name": "reg:squarederror", "reg_loss_param": {"scale_pos_weight": "1"}},
        },
        "version": [3, 0, 0],
    }


def _node_lists(tree: Tree, id: int, columns: int) -> dict[str, Any]:
    nodes = len(tree.left)
    inner = np.flatnonzero(tree.left != -1)
    parents = np.full(nodes, ROOT)
    parents[tree.left[inner]] = parents[tree.left[inner] + 1] = inner
    nothing: list[int] = []
    return {
        "base_weights": [0.0] * nodes,
        "categories": nothing,
        "categories_nodes": nothing,
        "categories_segments": nothing,
        "categories_sizes": nothing,
        "default_left": tree.missing_left.astype(int).tolist(),
        "id": id,
        "left_children": tree.left.tolist(),
        "loss_changes": [0.0] * nodes,
        "parents": parents.tolist(),
        "right_children": np.where(tree.left < 0, -1, tree.left + 1).tolist(),
        "split_conditions": tree.condition.tolist(),
        "split_indices": tree.feature.tolist(),
        "split_type": [0] * nodes,
        "sum_hessian": tree.cover.tolist(),
        "tree_param": {
            "num_deleted": "0",
            "num_feature": str(columns),
            "num_nodes": str(nodes),
            "size_leaf_vector": "1",
        },
    }
