"""How everything on the page is computed: formulas beside the words, from the recipe of the run."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from city_resilience.report.texts import Both, Texts

__all__ = ["methods_of"]

METHODS = (
    *("outcome", "features", "learners", "weights", "contributions", "intervals", "chances"),
    *("totals", "scores", "naive", "tests", "families", "grades", "shapes", "places"),
)
"""Each has a name, a text and, where there is one, a formula."""


def methods_of(summary: Mapping[str, Any], say: Texts) -> list[dict[str, Both | str | None]]:
    """Return the methods: ``name``, ``text`` and ``formula`` (None where there is none).

    Intervals are those of the experiment's rule.
    """
    parts = [part["intervals"] for part in summary["by_horizon"].values() if part["intervals"]]
    rule = parts[0]["rule"] if parts else ""
    own = {"intervals": f"intervals_{rule}"} if rule == "year" else {}
    left_out = () if parts else ("intervals", "chances", "totals")
    return [_method(name, own.get(name, name), say) for name in METHODS if name not in left_out]


def _method(name: str, key: str, say: Texts) -> dict[str, Both | str | None]:
    formula = say.special(f"method_{key}_formula")
    return {
        "name": say(f"method_{name}"),
        "text": say(f"method_{key}_how"),
        "formula": say(formula) if say.find(formula) else None,
    }
