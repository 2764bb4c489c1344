"""What a draft is made of: guesses with their reasons, and questions that are for the user."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from city_resilience.errors import InputError

__all__ = [
    "FLAGS",
    "Answers",
    "Guess",
    "Question",
    "chosen",
    "listed",
    "refuse_unanswered",
    "values_of",
]

FLAGS = {
    "city": "column that names the places",
    "year": "column of years",
    "province": "column of the larger unit that a place belongs to",
    "nation": "column of countries, in a panel of several: each is compared with its own",
    "outcome": "column that is forecast",
    "scale": "what the outcome's numbers are: level, log, per_head, rate or index",
    "weight": "column by which per-head values, rates and indices are weighted",
    "decimal": "mark of decimals in a text file, a comma or a point",
    "direction": "of a rate: 1 more is better, -1 less is better",
}
"""What can be answered ahead, by the name of the flag."""

Answers = Mapping[str, str]
_SHOWN = 8


@dataclass(frozen=True)
class Guess:
    """A key of the experiment file.

    Attributes
    ----------
    key : tuple of str
        Tables and key, such as ``("data", "city")``.
    value : object
        What is written; None writes the comment alone.
    comment : str
        Why, in a line or a few.
    """

    key: tuple[str, ...]
    value: Any
    comment: str = ""


@dataclass(frozen=True)
class Question:
    """What the panel leaves open.

    Attributes
    ----------
    flag : str
        Key of `FLAGS`.
    text : str
        The question.
    options : tuple of (str, str)
        Answers and what each means, the likeliest first.
    """

    flag: str
    text: str
    options: tuple[tuple[str, str], ...]


def chosen(question: Question, answers: Answers) -> str:
    """Return the answer to a question: the given one, else the likeliest.

    Raises
    ------
    InputError
        If the given one is not among its options.
    """
    given = answers.get(question.flag, "")
    known = [option for option, _ in question.options]
    if given and given not in known:
        raise InputError(
            f"--{question.flag} {given!r} is not among {', '.join(map(repr, known))}; "
            f"{question.text}"
        )
    return given or known[0]


def refuse_unanswered(questions: Iterable[Question], source: str) -> None:
    """Refuse to guess what only the user knows.

    Raises
    ------
    InputError
        Names each question and the flags that answer it.
    """
    asked = [_asked(question) for question in questions]
    if asked:
        raise InputError(
            f"{source or 'the panel'}: {'; '.join(asked)}. --yes takes the first of each; "
            "nothing was written"
        )


def _asked(question: Question) -> str:
    options = " or ".join(
        f"--{question.flag} {_shell(option)}{meaning and f' ({meaning})'}"
        for option, meaning in question.options
    )
    return f"{question.text} give {options}"


def _shell(text: str) -> str:
    import shlex

    return shlex.quote(text)


def values_of(guesses: Iterable[Guess]) -> dict[str, Any]:
    """Return guesses as the tables of an experiment."""
    values: dict[str, Any] = {}
    for guess in guesses:
        if guess.value is None:
            continue
        table = values
        for name in guess.key[:-1]:
            table = table.setdefault(name, {})
        table[guess.key[-1]] = guess.value
    return values


def listed(names: Sequence[str], quoted: bool = True) -> str:
    """Return some names, and how many more there are.

    Examples
    --------
    >>> listed(["a", "b"]), listed(list("abcdefghij"), quoted=False)
    ("'a', 'b'", 'a, b, c, d, e, f, g, h and 2 more')
    """
    shown = ", ".join(repr(name) if quoted else name for name in names[:_SHOWN])
    rest = len(names) - _SHOWN
    return f"{shown} and {rest} more" if rest > 0 else shown
