"""What the referee's list says of one outcome, index or policy."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

from city_resilience.mechanisms.baseline import plain_sample
from city_resilience.mechanisms.context import Context
from city_resilience.mechanisms.estimate import Estimate
from city_resilience.mechanisms.refusals import least_years, refusal_of, shared_components
from city_resilience.mechanisms.sample import Sample

__all__ = ["Answer", "Check", "Figure", "Pair", "fitted_pairs"]

Figure = float | int | str | list[str]
"""A number, the name of a province, or names of variables."""


@dataclass(frozen=True)
class Answer:
    """One answer of a check.

    Attributes
    ----------
    found : bool or None
        None where the check does not apply.
    outcome, treatment, policy : str
        Names in the design; "" where the answer is about none.
    names : sequence of str
        Other columns of the design, or variables behind them, that it is about.
    figures : mapping of str to Figure
        What its sentence is filled with: ``referee_CHECK_found`` or ``referee_CHECK_clear`` of the
        texts of the report.
    grave : bool
        Whether it stands against a claim that rests on the estimate itself.
    estimates : sequence of Estimate
        Figures that are estimates.
    """

    found: bool | None
    outcome: str = ""
    treatment: str = ""
    policy: str = ""
    names: Sequence[str] = ()
    figures: Mapping[str, Figure] = field(default_factory=dict)
    grave: bool = False
    estimates: Sequence[Estimate] = ()

    def plain(self, check: str) -> dict[str, Any]:
        """Return the answer of a check as plain values; ``grave`` only where it is found."""
        return {
            "id": check,
            "outcome": self.outcome,
            "treatment": self.treatment,
            "policy": self.policy,
            "found": self.found,
            "grave": bool(self.found and self.grave),
            "names": list(self.names),
            "figures": dict(self.figures),
        }


Check = Callable[[Context], list[Answer]]


@dataclass(frozen=True)
class Pair:
    """An outcome and an index that can be fitted, with the rows of the column of controls."""

    outcome: str
    treatment: str
    sample: Sample

    def found(self, found: bool | None, **more: Any) -> Answer:
        """Return an answer about the pair."""
        return Answer(found, self.outcome, self.treatment, **more)

    def like(self, model: str) -> Estimate:
        """Return the bare row of a model."""
        return Estimate(model, self.outcome, self.treatment, self.treatment, float("nan"))


def fitted_pairs(context: Context, *, annual: bool = False) -> Iterator[Pair]:
    """Yield the outcomes and indices that the baseline can fit.

    Parameters
    ----------
    annual : bool
        Only outcomes that have a value every year.
    """
    design = context.design
    for outcome, treatment in product(design.outcomes, design.treatments):
        if annual and design.outcomes[outcome].windows:
            continue
        if shared_components(design, outcome, treatment):
            continue
        sample = plain_sample(design, outcome, treatment)
        if refusal_of(sample, outcome, least_years(design, outcome)) is None:
            yield Pair(outcome, treatment, sample)
