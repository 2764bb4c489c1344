"""What a drafted experiment still needs so that it trains: cells that are wrong, and overlaps."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pandas as pd

from city_resilience.audit.audit import AuditResult, audit_errors
from city_resilience.audit.read_audited import let_through
from city_resilience.audit.remembered import Trajectories
from city_resilience.audit.settling import settling_of
from city_resilience.drafting.guess import Guess, values_of
from city_resilience.errors import InputError
from city_resilience.evaluation.checks import check_required, check_serve, scored_origins
from city_resilience.experiment.experiment import Experiment
from city_resilience.experiment.load import experiment_from
from city_resilience.models.learners import learner_parameters
from city_resilience.reading.issues import Issue, refuse_unread
from city_resilience.reading.opening import RawTable
from city_resilience.reading.read import Uncorrected, read_opened, read_uncorrected
from city_resilience.tasks.dataset import build_dataset
from city_resilience.tasks.overlap import find_overlaps

__all__ = ["settle"]

_ROUNDS = 6  # a correction can unmask another error


def settle(
    guesses: Sequence[Guess], source: pd.DataFrame | Path, opened: RawTable | None = None
) -> list[Guess]:
    """Return the guesses with lines for the errors of the audit, and without overlaps.

    A wrong cell is dropped, never mended. An error that no line drops is accepted, and says that
    nobody has looked at it.

    Parameters
    ----------
    source : DataFrame or Path
        The panel.
    opened : RawTable, optional
        The same, open already; it is not read again unless its decimals are another matter now.

    Raises
    ------
    InputError
        If the panel has a fault that no line of an experiment settles.
    """
    experiment = experiment_from(values_of(guesses), "the draft")
    data, outcome = experiment.data, experiment.outcome
    if opened is None or data.decimal:
        table = read_uncorrected(source, data, outcome)
    else:
        table = read_opened(opened, data, outcome)
    guesses, experiment, audit = _settled(guesses, experiment, table)
    name = str(source) if isinstance(source, Path) else audit.panel.source
    refuse_unread(audit.panel.issues, experiment.audit.accept, name)
    read = let_through(audit, experiment, purpose="train", name=name)
    dataset = build_dataset(read.panel, experiment)
    scored_origins(dataset, experiment)
    learner_parameters(experiment.model)
    check_serve(experiment)
    check_required(dataset, experiment, [spec.id for spec in dataset.specs])
    overlaps = {overlap.indicator: overlap.reason for overlap in find_overlaps(dataset, experiment)}
    return _without(guesses, overlaps)


def _settled(
    guesses: Sequence[Guess], experiment: Experiment, table: Uncorrected
) -> tuple[list[Guess], Experiment, AuditResult]:
    """Return the guesses with lines for the errors, their experiment and what is left to say."""
    settled: dict[tuple[str, ...], Guess] = {}
    trajectories = Trajectories()
    audit = _audit(table, experiment, trajectories)
    for _ in range(_ROUNDS):
        lines = [_line(error, audit.panel.source) for error in audit.errors]
        new = {guess.key: guess for guess in lines if guess.key not in settled}
        if not new:
            break
        settled |= new
        experiment = experiment_from(values_of([*guesses, *settled.values()]), "the draft")
        audit = _audit(table, experiment, trajectories)
    return [*guesses, *settled.values()], experiment, audit


def _audit(table: Uncorrected, experiment: Experiment, trajectories: Trajectories) -> AuditResult:
    return audit_errors(
        table.corrected(experiment.data.corrections),
        outcome=experiment.outcome.variable,
        settings=experiment.audit,
        trajectories=trajectories,
    )


def _line(error: Issue, source: str) -> Guess:
    """Return the line that settles an error; a wrong cell is dropped, whatever is proposed."""
    proposed = settling_of([error])
    for cell, value in proposed.corrections.items():
        dropped = value if str(value).startswith("drop") else "drop"
        return Guess(("data", "corrections", cell), dropped, error.reason)
    for issue, reason in proposed.accept.items():
        return Guess(("audit", "accept", issue), reason, error.reason)
    raise InputError(f"{source or 'the panel'}: {error}")


def _without(guesses: Sequence[Guess], overlaps: Mapping[str, str]) -> list[Guess]:
    """Return the guesses with the overlaps among the indicators that are excluded."""
    if not overlaps:
        return list(guesses)
    key = ("features", "exclude")
    before = next((guess for guess in guesses if guess.key == key), Guess(key, []))
    names = [*before.value, *(name for name in overlaps if name not in before.value)]
    reasons = [f"{name} is the outcome under another name: {why}" for name, why in overlaps.items()]
    comment = "; ".join(filter(None, [before.comment, *reasons]))
    return [*(guess for guess in guesses if guess.key != key), Guess(key, names, comment)]
