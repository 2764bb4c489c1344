"""Which column is forecast, and what its numbers are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np

from city_resilience.arrays import Float
from city_resilience.catalogue.words import load_words, met, without_log
from city_resilience.drafting.guess import Answers, Question, chosen
from city_resilience.drafting.keys import Keys
from city_resilience.drafting.profile import ColumnProfile, TableProfile
from city_resilience.errors import InputError

__all__ = ["Candidate", "OutcomeGuess", "find_outcome", "is_trusted"]

ALIKE = "none"
COMMON = 0.9  # share of the places that a year needs to be an origin
_SCALES = ("level", "log", "per_head", "index", "rate")
_MOST_OPTIONS = 6
_MOST_GRADES = 12  # different whole numbers that may be classes or ranks and no amounts
_RELATED = re.compile(
    r"\b(?:to|of|in|over|per|by) (?:the )?(?:gdp|grp|grdp|gva|gsp|output|pib|bip)\b"
)
_CONSTANT = re.compile(
    r"(?:19|20)\d{2} ?(?:prices?|euros?|dollars?|us|年价|年不变|年可比)|prices? of (?:19|20)\d{2}"
)


@dataclass(frozen=True, eq=False)
class Candidate:
    """A column that could be forecast.

    Attributes
    ----------
    column : ColumnProfile
    kind : str
        ``output``, ``employment``, ``income``, ``rate``, or "" where no word says.
    scale : str
    values : ndarray, shape (places, years)
    """

    column: ColumnProfile
    kind: str
    scale: str
    values: Float

    @property
    def prices(self) -> str:
        """``real`` or ``nominal`` where the header or the catalogue says so."""
        match = self.column.match
        volume = match is not None and match.variable.kind == "volume"
        if volume or self.column.says("real") or _CONSTANT.search(self.column.words):
            return "real"
        return "nominal" if self.column.says("nominal") else ""

    @cached_property
    def common(self) -> list[int]:
        """Positions of the years in which nearly all places have a usable value."""
        usable = np.isfinite(self.values)
        if self.scale not in ("log", "rate"):
            usable &= self.values > 0
        return np.flatnonzero(usable.mean(axis=0) >= COMMON).tolist()

    @property
    def is_part(self) -> bool:
        """Whether it is about a part of the place's economy."""
        match = self.column.match
        known = bool(match and match.variable.family not in ("outcome", "control"))
        return known or self.column.says("part")

    @property
    def rank(self) -> tuple[int, int, int, int]:
        """How likely it is the outcome, the smallest first."""
        kinds = (*load_words().outcomes, "")
        prices = {"real": 0, "": 1, "nominal": 2}[self.prices]
        return kinds.index(self.kind), int(self.is_part), _SCALES.index(self.scale), prices


@dataclass(frozen=True)
class OutcomeGuess:
    """What is forecast.

    Attributes
    ----------
    best : Candidate
    others : tuple of Candidate
        Further candidates of the same kind.
    scale : str
    weight, deflator : ColumnProfile or None
    direction : int
        Of a rate.
    questions : tuple of Question
    """

    best: Candidate
    others: tuple[Candidate, ...]
    scale: str
    weight: ColumnProfile | None = None
    deflator: ColumnProfile | None = None
    direction: int = 0
    questions: tuple[Question, ...] = field(default=())

    @property
    def column(self) -> ColumnProfile:
        """The column that is forecast."""
        return self.best.column


def find_outcome(table: TableProfile, keys: Keys, answers: Answers) -> OutcomeGuess:
    """Find the column that is forecast, its scale, and what it is weighted or divided by.

    Raises
    ------
    InputError
        If no column has a usable number for nearly all places in several years.
    """
    questions: list[Question] = []
    candidates = sorted(_candidates(table, keys), key=lambda own: own.rank)
    best = _best(table, keys, candidates, answers, questions)
    scale = _scale(table, best, answers, questions)
    if scale == "per_head" and answers.get("weight") == ALIKE:
        scale, answers = "index", {**answers, "weight": ""}
    weight = _weight(table, keys, scale, best, answers, questions)
    deflator = _deflator(table, keys, best) if scale in ("level", "per_head") else None
    direction = _direction(best, answers, questions) if scale == "rate" else 0
    alike = (own for own in candidates if own.kind == best.kind != "" and not own.is_part)
    others = tuple(own for own in alike if own.column is not best.column)
    return OutcomeGuess(best, others, scale, weight, deflator, direction, tuple(questions))


def is_trusted(column: ColumnProfile, table: TableProfile) -> bool:
    """Whether a header that the catalogue knows means its variable in the catalogue's unit.

    A sum of money without a unit is the catalogue's only in a Chinese table: elsewhere it would be
    called yuan.
    """
    match = column.match
    if match is None:
        return False
    money = any(word in match.variable.unit for word in ("yuan", "usd", "eur"))
    return not money or bool(match.unit_in_header) or table.chinese


def _candidates(table: TableProfile, keys: Keys) -> Iterator[Candidate]:
    for column in table.columns:
        if column.position in keys.taken or column.numbers is None or column.says("idle"):
            continue
        candidate = _candidate(column, keys.grid(column))
        if len(candidate.common) >= 2 and not _is_graded(column):
            yield candidate


def _is_graded(column: ColumnProfile) -> bool:
    """Whether a column holds few whole numbers, each many times."""
    return column.whole and column.distinct <= min(_MOST_GRADES, column.filled.sum() // 5)


def _candidate(column: ColumnProfile, values: Float) -> Candidate:
    outcomes = load_words().outcomes
    bare = without_log(column.name, outcomes.values())
    logged = (
        bool(bare)
        or column.says("log")
        or bool(column.match and column.match.variable.kind == "log")
    )
    kind = met(outcomes, bare or column.name)
    if column.says("rate") and kind in ("employment", "income"):
        kind = "rate"
    if column.says("growth") or (kind == "output" and _is_ratio(column)):
        return Candidate(column, "", "rate", values)
    if column.says("deflator"):
        return Candidate(column, "", "index", values)
    if kind == "rate" or column.says("rate") or column.unit == "%":
        scale = "rate"
    elif logged:
        scale = "log"
    elif column.says("per_head"):
        scale = "per_head"
    else:
        scale = "index" if column.says("index") else "level"
    return Candidate(column, kind, scale, values)


def _is_ratio(column: ColumnProfile) -> bool:
    """Whether output is what something else is put in relation to: credit to GDP, 占GDP比重."""
    return column.says("rate") or bool(_RELATED.search(column.name))


def _best(
    table: TableProfile,
    keys: Keys,
    candidates: Sequence[Candidate],
    answers: Answers,
    questions: list[Question],
) -> Candidate:
    if given := answers.get("outcome"):
        column = table.find(given, "outcome")
        if column.numbers is None:
            raise InputError(f"--outcome {given!r}: its cells are no numbers; name another column")
        return _candidate(column, keys.grid(column))
    if not candidates:
        raise InputError(
            f"{table.name}: no column of positive numbers has a value for {COMMON:.0%} of the "
            "places in two years or more, so nothing can be forecast; leave out places without data"
        )
    named = [own for own in candidates if own.kind]
    likely = [own for own in named if own.rank == named[0].rank] if named else list(candidates)
    likely = _shortest(likely) if named else _growing(likely)
    if len(likely) == 1:
        return likely[0]
    options = tuple((own.column.header, "") for own in likely[:_MOST_OPTIONS])
    question = Question(
        "outcome", "several columns could be the outcome: which is forecast?", options
    )
    questions.append(question)
    return next(own for own in likely if own.column.header == options[0][0])


def _shortest(likely: Sequence[Candidate]) -> list[Candidate]:
    """Return those whose name holds no word that another one lacks: GDP beside GDP of the north."""
    words = [set(own.column.name.split()) for own in likely]
    kept = [
        own for own, mine in zip(likely, words, strict=True) if not any(w < mine for w in words)
    ]
    return kept or list(likely)


def _growing(likely: Sequence[Candidate]) -> list[Candidate]:
    """Return levels before all else, where no word tells the outcome."""
    return [own for own in likely if own.scale == likely[0].scale] or list(likely)


def _scale(
    table: TableProfile, best: Candidate, answers: Answers, questions: list[Question]
) -> str:
    if given := answers.get("scale"):
        if given not in _SCALES:
            raise InputError(f"--scale {given!r} is not among {', '.join(_SCALES)}; choose one")
        return given
    question = _doubt(table, best) if best.scale == "level" else None
    if question is None:
        return best.scale
    questions.append(question)
    return question.options[0][0]


def _doubt(table: TableProfile, best: Candidate) -> Question | None:
    """Return what is to be asked of numbers that no word calls anything but amounts."""
    if _like_logs(best.values):
        options = [
            ("log", "natural logarithms"),
            ("level", "amounts that add up over places"),
            ("index", "index numbers"),
        ]
        text = f"the numbers of {best.column.header!r} look like logarithms: what are they?"
        return Question("scale", text, tuple(options))
    currencies = max((c.distinct for c in table.columns if c.says("currency")), default=1)
    if best.kind in ("output", "income") and currencies > 1:
        options = [
            ("index", "compare each place with the mean growth of all"),
            ("level", "the amounts are in one currency already"),
        ]
        text = f"the panel names {currencies} currencies, and a sum over them says nothing:"
        return Question("scale", text, tuple(options))
    return None


def _like_logs(values: Float) -> bool:
    """Whether numbers move as logarithms do: little beside their size, which hardly varies."""
    known = values[np.isfinite(values)]
    if known.size < 10 or np.all(known == np.round(known)) or known.min() <= 0:
        return False
    low, middle, high = np.quantile(known, (0.05, 0.5, 0.95))
    moved = np.abs(np.diff(values, axis=1))
    moved = moved[np.isfinite(moved)]
    if not moved.size or not 2 < middle < 35 or high > 3 * low:
        return False
    return bool(0.002 < np.median(moved) < 0.3 and np.median(moved) < 0.02 * middle)


def _weight(
    table: TableProfile,
    keys: Keys,
    scale: str,
    best: Candidate,
    answers: Answers,
    questions: list[Question],
) -> ColumnProfile | None:
    if scale not in ("per_head", "rate", "index"):
        return None
    if given := answers.get("weight"):
        return table.find(given, "weight")
    counts = [c for c in table.columns if _counts_people(c, keys)]
    if counts:
        counts.sort(key=lambda c: (c.says("part"), len(c.name), c.position))
        return counts[0]
    if scale != "per_head":
        return None
    levels = [own.column for own in _candidates(table, keys) if own.scale == "level"]
    options = [(c.header, "amount per head of it") for c in levels if c is not best.column]
    text = f"{best.column.header!r} is per head, and no column says of how many: weighted by what?"
    questions.append(
        Question("weight", text, (*options[:_MOST_OPTIONS], (ALIKE, "all places count alike")))
    )
    return None


def _counts_people(column: ColumnProfile, keys: Keys) -> bool:
    other = ("rate", "per_head", "growth", "index", "log")
    return (
        column.position not in keys.taken
        and column.says("population")
        and column.numbers is not None
        and not any(column.says(mark) for mark in other)
        and "densit" not in column.name
        and "密度" not in column.name
    )


def _deflator(table: TableProfile, keys: Keys, best: Candidate) -> ColumnProfile | None:
    if best.prices == "real" or best.kind not in ("output", "income"):
        return None
    for column in table.columns:
        if column.position in keys.taken or column.numbers is None or column.says("growth"):
            continue
        if column.says("deflator") and _steady(keys.grid(column), best):
            return column
    return None


def _steady(values: Float, best: Candidate) -> bool:
    """Whether a price level is there wherever the outcome is, and is no yearly change."""
    there = np.isfinite(best.values)
    if not np.all(np.isfinite(values[there])) or np.any(values[there] <= 0):
        return False
    first, last = values[:, best.common[0]], values[:, best.common[-1]]
    return bool(np.nanmedian(last / first) > 1.02)


def _direction(best: Candidate, answers: Answers, questions: list[Question]) -> int:
    if given := answers.get("direction"):
        if given not in ("1", "-1"):
            raise InputError(f"--direction {given!r}: 1 (more is better) or -1 (less is better)")
        return int(given)
    told = met(load_words().directions, best.column.words)
    if told:
        return 1 if told == "better" else -1
    text = f"{best.column.header!r} is a rate: is more of it better?"
    question = Question("direction", text, (("1", "more is better"), ("-1", "less is better")))
    questions.append(question)
    return int(chosen(question, answers))
