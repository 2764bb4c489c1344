"""The verdict on a challenger: promote, keep or undecided, with its reasons in words."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Literal, NamedTuple

from city_resilience.evaluation.paired import Paired
from city_resilience.experiment.gate import Gate
from city_resilience.explain.beside import DriversBeside
from city_resilience.report.texts import Both, Texts, joined, measure_words

__all__ = [
    "RULINGS",
    "Behind",
    "Decision",
    "Needs",
    "Reason",
    "Ruling",
    "Verdict",
    "ruling_of",
]

Decision = Literal["promote", "keep", "undecided"]
"""The challenger takes the champion's place, the champion stays, or a user has to decide."""
Needs = Literal["nothing", "promote", "force", "rollback", "never"]
"""What it takes to put the challenger in the champion's place."""
_DECISIONS: tuple[Decision, ...] = ("promote", "undecided", "keep")
_NEEDS: tuple[Needs, ...] = ("nothing", "promote", "force", "rollback", "never")


class Ruling(NamedTuple):
    """What a reason calls for."""

    decision: Decision
    needs: Needs


RULINGS: Mapping[str, Ruling] = {
    "first": Ruling("promote", "nothing"),
    "lower": Ruling("promote", "nothing"),
    "refit": Ruling("promote", "nothing"),
    "newer_data": Ruling("undecided", "promote"),
    "revised_data": Ruling("undecided", "promote"),
    "behind_naive": Ruling("undecided", "promote"),
    "same_data": Ruling("keep", "promote"),
    "few_years": Ruling("undecided", "force"),
    "small_gain": Ruling("undecided", "force"),
    "coverage_lost": Ruling("undecided", "force"),
    "unsteady": Ruling("undecided", "force"),
    "few_rows": Ruling("undecided", "force"),
    "other_truths": Ruling("undecided", "force"),
    "not_refitted": Ruling("undecided", "force"),
    "no_scores": Ruling("undecided", "force"),
    "not_lower": Ruling("keep", "force"),
    "older_data": Ruling("keep", "rollback"),
    "audit_errors": Ruling("keep", "never"),
    "few_cities": Ruling("keep", "never"),
    "other_outcome": Ruling("keep", "never"),
    "other_unit": Ruling("keep", "never"),
}
"""Code of a reason (``gate_CODE`` of the texts) → what it calls for."""


def ruling_of(codes: Iterable[str]) -> Ruling:
    """Return what several reasons call for together: the most reserved of each.

    Examples
    --------
    >>> ruling_of(["lower", "coverage_lost"])
    Ruling(decision='undecided', needs='force')
    """
    found = [RULINGS[code] for code in codes]
    return Ruling(
        max((own.decision for own in found), key=_DECISIONS.index),
        max((own.needs for own in found), key=_NEEDS.index),
    )


class Behind(NamedTuple):
    """A naive rule with smaller errors at a horizon, by how many percent of its own error."""

    naive: str
    horizon: int
    percent: int


@dataclass(frozen=True)
class Reason:
    """One reason: its code in ``RULINGS``, and the figures of its sentence."""

    code: str
    figures: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of(cls, code: str, **figures: Any) -> Reason:
        """Return a reason; a share is given as one, 0 to 1."""
        return cls(code, figures)


@dataclass(frozen=True)
class Verdict:
    """What the gate says of a challenger and why.

    Attributes
    ----------
    reasons : tuple of Reason
        At least one.
    champion : str
        NAME/VERSION that it was compared with, "" where there was none.
    paired : Paired
        Errors and coverage by year; empty where nothing was compared.
    drivers : DriversBeside or None
        How steady and how alike the drivers are, where both have enough.
    rules : Gate
        The rules of the experiment.
    measure : str
        Id of the measure, in whose unit errors are.
    """

    reasons: tuple[Reason, ...]
    champion: str = ""
    paired: Paired = field(default_factory=Paired)
    drivers: DriversBeside | None = None
    rules: Gate = field(default_factory=Gate)
    measure: str = "growth_gap"

    @property
    def codes(self) -> tuple[str, ...]:
        """Codes of the reasons."""
        return tuple(reason.code for reason in self.reasons)

    @property
    def ruling(self) -> Ruling:
        """What the reasons call for together."""
        return ruling_of(self.codes)

    @property
    def decision(self) -> Decision:
        """``promote``, ``keep`` or ``undecided``."""
        return self.ruling.decision

    @property
    def promotes(self) -> bool:
        """Whether the challenger takes the champion's place by itself."""
        return self.decision == "promote"

    def behind(self, behind: Behind) -> Verdict:
        """Return the verdict with a naive rule that is ahead as one more reason."""
        return replace(self, reasons=(*self.reasons, Reason("behind_naive", behind._asdict())))

    def texts(self) -> Both:
        """Return the reasons in one sentence in both languages."""
        say = Texts(measure_words(self.measure))
        parts = [say(f"gate_{r.code}", **_named(r.figures, say)) for r in self.reasons]
        return joined(parts, {"en": "; ", "zh": "；"})

    def words(self, language: str = "en") -> str:
        """Return the reasons in one sentence, errors in the unit of the measure."""
        return self.texts()[language]

    def as_dict(self) -> dict[str, Any]:
        """Return what ``verdict.json`` holds."""
        say, paired = Texts(measure_words(self.measure)), self.paired
        coverage = paired.coverage
        return {
            "decision": self.decision,
            "needs": self.ruling.needs,
            "champion": self.champion,
            "words": self.texts(),
            "reasons": [
                {
                    "code": reason.code,
                    **RULINGS[reason.code]._asdict(),
                    "words": say(f"gate_{reason.code}", **_named(reason.figures, say)),
                }
                for reason in self.reasons
            ],
            "rules": self.rules.model_dump(mode="json"),
            "measure": self.measure,
            "compared": {
                "rows": paired.rows,
                "common": paired.common,
                "different": paired.different,
                "mae": _known(paired.challenger_mae),
                "mae_champion": _known(paired.champion_mae),
                "coverage": _known(coverage[0]),
                "coverage_champion": _known(coverage[1]),
                "years": [
                    {str(key): _known(value) for key, value in row.items()}
                    for row in paired.pairs.to_dict("records")
                ],
            },
            "drivers": None
            if self.drivers is None
            else {key: _known(value) for key, value in vars(self.drivers).items()},
        }


def _named(figures: Mapping[str, Any], say: Texts) -> dict[str, Any]:
    """Give a model its name in words."""
    model = figures.get("naive")
    return dict(figures) | ({"naive": say.name("model", model)} if model else {})


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value
