"""A small reader of JSON schemas, as far as the schema of the experiment file goes."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

__all__ = ["mistakes"]

_KINDS: dict[str, Any] = {
    "string": lambda v: isinstance(v, str),
    "boolean": lambda v: isinstance(v, bool),
    "integer": lambda v: isinstance(v, int) and not isinstance(v, bool),
    "number": lambda v: isinstance(v, int | float) and not isinstance(v, bool),
    "array": lambda v: isinstance(v, list),
    "object": lambda v: isinstance(v, dict),
}
_BOUNDS: dict[str, Any] = {
    "minimum": lambda v, bound: v >= bound,
    "maximum": lambda v, bound: v <= bound,
    "exclusiveMinimum": lambda v, bound: v > bound,
    "exclusiveMaximum": lambda v, bound: v < bound,
    "minItems": lambda v, bound: len(v) >= bound,
    "maxItems": lambda v, bound: len(v) <= bound,
    "maxLength": lambda v, bound: len(v) <= bound,
    "maxProperties": lambda v, bound: len(v) <= bound,
    "minProperties": lambda v, bound: len(v) >= bound,
    "pattern": lambda v, bound: re.search(bound, v) is not None,
    "enum": lambda v, bound: v in bound,
    "required": lambda v, bound: set(bound) <= set(v),
}
_OTHER = {"$schema", "title", "description", "default", "examples", "definitions", "then", "else"}
_OTHER |= {"type", "$ref", "anyOf", "if", "properties", "additionalProperties", "items"}


def mistakes(value: Any, schema: dict[str, Any], whole: dict[str, Any], at: str = "") -> list[str]:
    """Return the places where a value breaks a schema, of which all words must be known here."""
    assert set(schema) <= _OTHER | set(_BOUNDS), set(schema)
    return list(_mistakes(value, schema, whole, at))


def _mistakes(value: Any, schema: dict[str, Any], whole: dict[str, Any], at: str) -> Iterator[str]:
    if "$ref" in schema:
        name = schema["$ref"].removeprefix("#/definitions/")
        yield from mistakes(value, whole["definitions"][name], whole, at)
    if "type" in schema and not _KINDS[schema["type"]](value):
        yield f"{at}: no {schema['type']}"
        return
    yield from (f"{at}: {word}" for word in _BOUNDS if _broken(word, value, schema))
    if "anyOf" in schema and all(mistakes(value, one, whole, at) for one in schema["anyOf"]):
        yield f"{at}: anyOf"
    if "if" in schema:
        branch = "else" if mistakes(value, schema["if"], whole, at) else "then"
        yield from mistakes(value, schema.get(branch, {}), whole, at)
    if isinstance(value, dict):
        yield from _of_object(value, schema, whole, at)
    if isinstance(value, list):
        items = schema.get("items", {})
        each = items if isinstance(items, list) else [items] * len(value)
        for number, (item, one) in enumerate(zip(value, each, strict=False)):
            yield from mistakes(item, one, whole, f"{at}[{number}]")


def _broken(word: str, value: Any, schema: dict[str, Any]) -> bool:
    return word in schema and not _BOUNDS[word](value, schema[word])


def _of_object(
    value: dict[str, Any], schema: dict[str, Any], whole: dict[str, Any], at: str
) -> Iterator[str]:
    known, other = schema.get("properties", {}), schema.get("additionalProperties", True)
    for key, item in value.items():
        within = f"{at}.{key}"
        if key in known:
            yield from mistakes(item, known[key], whole, within)
        elif other is False:
            yield f"{within}: unknown"
        elif other is not True:
            yield from mistakes(item, other, whole, within)
