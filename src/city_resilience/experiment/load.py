"""How an experiment file is read, and what its errors say."""

from __future__ import annotations

import inspect
import json
import re
import tomllib
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, get_args

from pydantic import ValidationError

from city_resilience.errors import InputError, nearest
from city_resilience.experiment.experiment import Experiment
from city_resilience.experiment.table import Table
from city_resilience.foreign import read_text

__all__ = ["experiment_from", "load_experiment"]

MOST_BYTES = 4_000_000
MOST_PARTS = 32
"""Parts of a dotted key, and tables and lists within each other."""
MOST_BASES = 16
LONGEST = 200
"""Letters of a refused value that an error shows."""
MOST_BITS = 63
_TOO_DEEP = f"nested deeper than {MOST_PARTS} levels; write it flatter"
_TOO_LARGE = f"a whole number of more than {MOST_BITS} bits; correct the value"
# tomllib takes the square of the number of parts for a dotted key.
_LONG_KEY = re.compile(
    rf"""(?:\.[ \t]*(?:[\w-]+|"[^"\n]*"|'[^'\n]*')[ \t]*){{{MOST_PARTS}}}""", re.ASCII
)


def load_experiment(
    path: Path | str, overrides: Iterable[str] = (), *, text: str | None = None
) -> Experiment:
    """Read and check an experiment file.

    A file that says ``extends = "other.toml"`` takes over the other's keys, and sets its own over
    them.

    Parameters
    ----------
    path : Path
        The TOML file.
    overrides : iterable of str
        ``section.key=value`` pairs, the value in TOML notation (a bare word is a string).
    text : str, optional
        What the file is about to hold, in place of what it holds.

    Raises
    ------
    InputError
        If the file is missing or no TOML, goes beyond the limits of docs/limits.md, a key is
        unknown, or a value is not allowed.
    """
    path = Path(path)
    values = _read(path, text=text)
    for item in overrides:
        _override(values, item)
    return experiment_from(values, str(path))


def _read(path: Path, seen: tuple[Path, ...] = (), text: str | None = None) -> dict[str, Any]:
    """Read a file and what it extends."""
    values = _parsed(path, text)
    base = values.pop("extends", None)
    if base is None:
        return values
    if path.resolve() in seen:
        raise InputError(f"{path}: key 'extends': the file extends itself; remove the key")
    if len(seen) == MOST_BASES:
        raise InputError(f"{path}: key 'extends': more than {MOST_BASES} files in a row; join some")
    if not isinstance(base, str):
        raise InputError(f"{path}: key 'extends': a file name expected, found {base!r}; correct it")
    return _merged(_read(path.parent / base, (*seen, path.resolve())), values)


def _parsed(path: Path, text: str | None) -> dict[str, Any]:
    example = "name an experiment.toml, for example experiments/demo/experiment.toml"
    try:
        text = read_text(path, MOST_BYTES, example) if text is None else text
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such experiment file; {example}") from error
    if found := _LONG_KEY.search(text):
        line = text.count("\n", 0, found.start()) + 1
        raise InputError(f"{path}: line {line}: a key of more than {MOST_PARTS} parts; shorten it")
    try:
        values = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{path}: not valid TOML: {error}; mend that line") from error
    except RecursionError as error:
        raise InputError(f"{path}: {_TOO_DEEP}") from error
    except ValueError as error:  # Python reads no number of more than 4,300 digits
        raise InputError(f"{path}: {_TOO_LARGE}") from error
    _check_bounds(values, str(path))
    return values


def _check_bounds(values: Mapping[str, Any], where: str) -> None:
    """Refuse numbers that no library takes, and values nested deeper than any key is."""
    level: list[tuple[str, Any]] = [("", values)]
    for _ in range(MOST_PARTS + 1):
        for key, value in level:
            if isinstance(value, int) and value.bit_length() > MOST_BITS:
                raise InputError(f"{where}: key {key!r}: {_TOO_LARGE}")
        level = [pair for key, value in level for pair in _inside(key, value)]
    if level:
        raise InputError(f"{where}: {_TOO_DEEP}")


def _inside(key: str, value: Any) -> Iterable[tuple[str, Any]]:
    if isinstance(value, Mapping):
        return [(f"{key}.{name}" if key else str(name), own) for name, own in value.items()]
    return [(key, own) for own in value] if isinstance(value, list | tuple) else []


def _merged(base: Mapping[str, Any], own: Mapping[str, Any]) -> dict[str, Any]:
    merged = dict(base)
    for key, value in own.items():
        both = isinstance(value, dict) and isinstance(merged.get(key), dict)
        merged[key] = _merged(merged[key], value) if both else value
    return merged


def experiment_from(values: Mapping[str, Any], where: str) -> Experiment:
    """Build an experiment from plain values; ``where`` names their source in errors."""
    _check_bounds(values, where)
    try:
        return Experiment.model_validate(values)
    except ValidationError as error:
        raise InputError(f"{where}: {_first_problem(error)}") from error


def _override(values: dict[str, Any], item: str) -> None:
    key, equals, text = item.partition("=")
    if not equals or not key.strip():
        raise InputError(f"--set {item!r}: expected key=value, for example outcome.horizons=[1,2]")
    try:
        value = tomllib.loads(f"value = {text}")["value"]
    except tomllib.TOMLDecodeError:
        value = text
    except (ValueError, RecursionError) as error:
        raise InputError(f"--set {item[:60]!r}: not a value of TOML; correct the value") from error
    *sections, last = key.strip().split(".")
    for section in sections:
        values = values.setdefault(section, {})
        if not isinstance(values, dict):
            raise InputError(f"--set {item!r}: {section!r} is a value, not a section")
    values[last] = value


def _first_problem(error: ValidationError) -> str:
    problem = error.errors()[0]
    location = [str(part) for part in problem["loc"]]
    key = ".".join(location) or "experiment"
    if problem["type"] == "extra_forbidden":
        known = _keys_at(location[:-1])
        return (
            f"key {key!r} does not exist{nearest(location[-1], known)}; "
            f"remove it or use one of: {', '.join(known)}"
        )
    if problem["type"] == "missing":
        return f"key {key!r} is missing; add it"
    message = problem["msg"].removeprefix("Value error, ")
    message = f"key {key!r}: {message[0].lower()}{message[1:]}"
    if ";" in message:
        return message
    if not isinstance(problem["input"], dict):
        found = json.dumps(problem["input"], ensure_ascii=False, default=str)
        message += f", found {found if len(found) <= LONGEST else f'{found[:LONGEST]}…'}"
    return f"{message}; change the value"


def _keys_at(location: list[str]) -> list[str]:
    model: type[Table] = Experiment
    for part in location:
        if part in model.model_fields:
            kind = model.model_fields[part].annotation
            inside = (each for each in (kind, *get_args(kind)) if inspect.isclass(each))
            model = next((each for each in inside if issubclass(each, Table)), model)
    return sorted(model.model_fields)
