"""The record by period on screen: a table of all horizons, and a sentence where it matters."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from rich.table import Table

from city_resilience.commands.console import table_of
from city_resilience.report.periods import recent_sentence, standing_words
from city_resilience.report.summary import HorizonPart
from city_resilience.report.texts import Texts

__all__ = ["period_table", "recent_coverage", "recent_lines"]

STANDING = (("skill", "{skill:+.1%}"), ("won", "{won:}"), ("ahead", "{ahead}"))


def period_table(parts: Mapping[int, HorizonPart], served: str, say: Texts, unit: str) -> Table:
    """Lay out the errors of the last four origins beside those before, at every horizon."""
    models = list(dict.fromkeys(m for part in parts.values() for m in part["periods"]["models"]))
    columns = [(say.name("model", model)["en"], f"{{{model}:.3f}}") for model in models]
    records = [
        {
            **dict.fromkeys(models),
            **dict(zip(part["periods"]["models"], row["mae"], strict=True)),
            "horizon": horizon if place == 0 else "",
            "origins": f"{row['first']}–{row['last']}",
            "ahead": standing_words(row, served, say)["en"],
            "skill": (row["standing"] or {}).get("skill"),
            "won": f"{row['standing']['wins']}/{row['years']}" if row["standing"] else None,
            "served": row["recent"],
        }
        for horizon, part in parts.items()
        for place, row in enumerate(part["periods"]["rows"])
    ]
    table = table_of(
        f"MAE of the last four origins beside those before ({unit})",
        [("h", "{horizon}"), ("origins", "{origins}"), *columns, *STANDING],
        records,
    )
    few = [str(h) for h, part in parts.items() if len(part["periods"]["rows"]) == 1]
    if few:
        table.caption = f"Horizon {', '.join(few)}: too few origins to show the last four apart."
    return table


def recent_lines(parts: Mapping[int, HorizonPart], say: Texts) -> Iterator[str]:
    """Say at which horizons the recent forecasts were no better than a naive rule."""
    for horizon, part in parts.items():
        if sentence := recent_sentence(part["periods"]["rows"], say):
            yield f"Horizon {horizon}. {sentence['en']}"


def recent_coverage(intervals: Mapping[str, Any]) -> float | None:
    """Return the coverage in the last four origins, None where they do not stand apart."""
    periods = intervals["periods"]
    coverage: float | None = periods[-1]["coverage"] if len(periods) > 1 else None
    return coverage
