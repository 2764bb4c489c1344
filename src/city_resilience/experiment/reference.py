"""The reference of the experiment file: every key, and a JSON schema for editors.

All of it is read off the tables' fields, where a key is described.
"""

from __future__ import annotations

import inspect
import json
from collections.abc import Iterator, Mapping
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Any, Literal, Union, get_args, get_origin

from pydantic.fields import FieldInfo

from city_resilience.errors import InputError, nearest
from city_resilience.experiment.experiment import Experiment
from city_resilience.experiment.table import Table

if TYPE_CHECKING:
    import pandas as pd

__all__ = ["REQUIRED", "experiment_keys", "experiment_schema", "experiment_tables"]

REQUIRED = "required"
_EXTENDS = {
    "key": "extends",
    "type": "text",
    "default": '""',
    "meaning": "Another experiment file, relative to this one, whose keys are taken over; keys of "
    "this file are set over its own.",
    "example": '"../base/experiment.toml"',
}
_PLAIN = {str: "text", int: "whole number", float: "number", bool: "true or false"}
_BOUNDS = {"ge": "≥", "gt": ">", "le": "≤", "lt": "<"}


def experiment_keys(table: str = "") -> pd.DataFrame:
    """Return every key of the experiment file.

    Parameters
    ----------
    table : str
        Only the keys of this table and of those within it, such as ``"outcome"``; all when empty.

    Returns
    -------
    DataFrame
        One row for each key, in the order of the file: ``table`` (empty for the keys at the top),
        ``key``, ``type``, ``default`` (``required`` where there is none, empty where it is not
        set), ``meaning`` and ``example``; values are written as in the file.

    Raises
    ------
    InputError
        If there is no such table.

    Examples
    --------
    >>> keys = experiment_keys("evaluation").set_index("key")
    >>> keys.loc["warmup_origins", ["type", "default", "example"]].tolist()
    ['whole number ≥ 0, ≤ 100', '4', '2']
    """
    import pandas as pd

    tables = experiment_tables()
    asked = table.strip("[] ")
    if asked and asked not in tables:
        raise InputError(
            f"no table {asked!r} in an experiment file{nearest(asked, tables)}; choose one of: "
            + ", ".join(filter(None, tables))
        )
    rows = [
        {"table": path, **row}
        for path, model in tables.items()
        if not asked or path == asked or path.startswith(f"{asked}.")
        for row in _rows(path, model)
    ]
    return pd.DataFrame(rows)


def experiment_tables() -> dict[str, type[Table]]:
    """Return the tables of the experiment file by the name in their brackets, "" for its top."""
    return dict(_tables("", Experiment))


def experiment_schema() -> dict[str, Any]:
    """Return a JSON schema (draft 7) of the experiment file, for editors of TOML.

    What is required may also come from the file that is named by ``extends``.
    """
    made = Experiment.model_json_schema(ref_template="#/definitions/{model}")
    schema: dict[str, Any] = {key: _draft_7(value) for key, value in made.items()}
    tables = schema.pop("$defs")
    extends = {"type": "string", "description": _EXTENDS["meaning"]}
    return {
        "$schema": "http://json-schema.org/draft-07/schema#",
        "title": "Experiment file of city-resilience",
        **{key: schema[key] for key in ("description", "type", "additionalProperties")},
        "properties": {"extends": extends, **schema["properties"]},
        "if": {"required": ["extends"]},
        "else": {
            "required": schema["required"],
            "properties": {"evaluation": {"required": tables["Evaluation"].pop("required")}},
        },
        "definitions": tables,
    }


def _draft_7(value: Any) -> Any:
    """Write tuples as draft 7 has them, without what no TOML file holds or an editor shows."""
    if isinstance(value, list):
        return [_draft_7(item) for item in value if item != {"type": "null"}]
    if not isinstance(value, dict):
        return value
    kept = {
        "items" if key == "prefixItems" else key: _draft_7(item)
        for key, item in value.items()
        if not (key == "title" and isinstance(item, str))
        and not (key == "default" and (item is None or "$ref" in value))
    }
    only = kept.pop("anyOf") if len(kept.get("anyOf", ())) == 1 else [{}]
    return {**kept, **only[0]}


def _tables(path: str, model: type[Table]) -> Iterator[tuple[str, type[Table]]]:
    yield path, model
    for key, field in model.model_fields.items():
        inner, named = _table_in(field.annotation)
        if inner is not None:
            within = ".".join(filter(None, (path, key, inner.named_by if named else "")))
            yield from _tables(within, inner)


def _table_in(kind: Any) -> tuple[type[Table] | None, bool]:
    """Return the table that a key holds, and whether it holds several by names of the user's."""
    for part in (kind, *get_args(kind)):
        if inspect.isclass(part) and issubclass(part, Table):
            return part, get_origin(kind) is dict
    return None, False


def _rows(path: str, model: type[Table]) -> Iterator[dict[str, str]]:
    for key, field in model.model_fields.items():
        if not path and key == "name":
            yield _EXTENDS
        inner, named = _table_in(field.annotation)
        if inner is None:
            yield {
                "key": key,
                "type": _type(field.annotation) + _bounds(field),
                "default": _default(field),
                "meaning": field.description or "",
                "example": _toml(field.examples[0]) if field.examples else "",
            }
        else:
            within = ".".join(filter(None, (path, key, inner.named_by if named else "")))
            yield {
                "key": key,
                "type": f"tables [{within}]" if named else f"table [{within}]",
                "default": REQUIRED if field.is_required() else "",
                "meaning": inspect.cleandoc(inner.__doc__ or "").split("\n\n")[0],
                "example": "",
            }


def _type(kind: Any) -> str:
    origin, parts = get_origin(kind), get_args(kind)
    if origin is Literal:
        return "one of " + ", ".join(map(_toml, parts))
    if origin is tuple:
        if parts[1:] == (...,):
            return f"list of: {_type(parts[0])}"
        return f"list of {len(parts)}: {_type(parts[0])}"
    if origin is dict:
        return f"names → {_type(parts[1])}"
    if origin in (Union, UnionType):
        return " or ".join(_type(part) for part in parts if part is not NoneType)
    return _PLAIN[kind]


def _bounds(field: FieldInfo) -> str:
    found = [
        f"{sign} {getattr(rule, name):g}"
        for rule in field.metadata
        for name, sign in _BOUNDS.items()
        if getattr(rule, name, None) is not None
    ]
    return " " + ", ".join(found) if found else ""


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return REQUIRED
    value = field.get_default(call_default_factory=True)
    return "" if value is None else _toml(value)


def _toml(value: Any) -> str:
    """Write a value as TOML has it, on one line."""
    if isinstance(value, Mapping):
        pairs = ", ".join(f"{_name(key)} = {_toml(item)}" for key, item in value.items())
        return f"{{ {pairs} }}" if pairs else "{}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_toml, value))}]"
    return json.dumps(value, ensure_ascii=False)


def _name(key: str) -> str:
    bare = key.isascii() and key.replace("_", "").replace("-", "").isalnum()
    return key if bare else json.dumps(key, ensure_ascii=False)
