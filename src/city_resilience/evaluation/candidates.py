"""Names and kinds of all that a backtest scores: baselines, history only, learners, the blend."""

from __future__ import annotations

from typing import Literal

from city_resilience.evaluation.baselines import BASELINES
from city_resilience.models.learners import LEARNERS
from city_resilience.models.rows import STRUCTURAL

__all__ = ["BLEND", "HISTORY_ONLY", "Kind", "candidate_kind", "candidate_labels"]

BLEND = "blend"
HISTORY_ONLY = "history_only"

Kind = Literal["naive", "reference", "learner"]


def candidate_labels(language: str = "en") -> dict[str, str]:
    """Return the label of every candidate in English (``en``) or Chinese (``zh``), by its id."""
    labels = {name: (own.label_en, own.label_zh) for name, own in BASELINES.items()}
    labels |= {name: (own.label_en, own.label_zh) for name, own in LEARNERS.items()}
    labels[HISTORY_ONLY] = ("history only", "仅用历史")
    labels[STRUCTURAL] = ("structural view", "结构视角（不含历史）")
    labels[BLEND] = ("the blend", "组合模型")
    return {name: words[language == "zh"] for name, words in labels.items()}


def candidate_kind(name: str) -> Kind:
    """Return ``"naive"``, ``"reference"`` or ``"learner"``; the blend counts as a learner."""
    if name in (HISTORY_ONLY, STRUCTURAL):
        return "reference"
    return BASELINES[name].kind if name in BASELINES else "learner"
