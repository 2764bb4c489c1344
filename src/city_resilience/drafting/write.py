"""Guesses as a TOML file, each with its reason as a comment."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from city_resilience.drafting.guess import Guess
from city_resilience.experiment.added_lines import toml_string

__all__ = ["render"]

_WIDTH = 98
_BARE = re.compile(r"[A-Za-z0-9_-]+")
_ORDER = ("data", "audit", "outcome", "features", "evaluation")


def render(guesses: Iterable[Guess], head: Sequence[str]) -> str:
    """Return the text of an experiment file.

    Parameters
    ----------
    guesses : iterable of Guess
        Keys of the same table keep their order.
    head : sequence of str
        Lines of comment above all.

    Examples
    --------
    >>> print(render([Guess(("name",), "a"), Guess(("data", "city"), "x", "why")], ["Drafted."]))
    # Drafted.
    <BLANKLINE>
    name = "a"
    <BLANKLINE>
    [data]
    # why
    city = "x"
    <BLANKLINE>
    """
    tables: dict[tuple[str, ...], list[Guess]] = {}
    for guess in guesses:
        tables.setdefault(_table(guess), []).append(guess)
    blocks = ["\n".join(line for text in head for line in _comment(text))]
    blocks += [
        "\n".join(_block(name, tables[name])).rstrip() for name in sorted(tables, key=_place)
    ]
    return "\n\n".join(blocks) + "\n"


def _table(guess: Guess) -> tuple[str, ...]:
    if isinstance(guess.value, Mapping) or (guess.value is None and len(guess.key) == 1):
        return guess.key
    return guess.key[:-1]


def _place(name: tuple[str, ...]) -> tuple[int, int]:
    """Sort tables as the reference does; of equal rank they keep their order."""
    return (_ORDER.index(name[0]) + 1 if name else 0), int(len(name) > 1)


def _block(name: tuple[str, ...], guesses: Sequence[Guess]) -> Iterator[str]:
    whole = guesses[0].value if isinstance(guesses[0].value, Mapping) else None
    if whole is not None:
        yield from _comment(guesses[0].comment)
    if name:
        yield f"[{'.'.join(map(_key, name))}]"
    if whole is not None:
        yield from (f"{_key(key)} = {_value(value)}" for key, value in whole.items())
        return
    for guess in guesses:
        yield from _comment(guess.comment)
        yield "" if guess.value is None else f"{_key(guess.key[-1])} = {_value(guess.value)}"


def _comment(text: str) -> list[str]:
    if not text.isprintable():
        text = "".join(c if c.isprintable() else " " for c in text)
    plain = " ".join(text.split())
    if len(plain) <= _WIDTH:
        return [f"# {plain}"] if plain else []
    return [
        f"# {line}"
        for line in textwrap.wrap(plain, _WIDTH, break_long_words=False, break_on_hyphens=False)
    ]


def _key(name: str) -> str:
    return name if _BARE.fullmatch(name) else toml_string(name)


def _value(value: Any) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, str):
        return toml_string(value)
    if isinstance(value, list | tuple):
        return f"[{', '.join(map(_value, value))}]"
    return repr(value)
