"""What the rolling origins showed, on the terminal: skill, intervals, what was observed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd
from rich.table import Table

from city_resilience.commands.backtest import Evaluation
from city_resilience.commands.console import number, open_console, say, table_of
from city_resilience.commands.source import Source
from city_resilience.evaluation.candidates import candidate_labels
from city_resilience.evaluation.scores import WITHOUT_BREAKS, best_naive, yearly
from city_resilience.report.texts import words
from city_resilience.resilience.measures import MEASURES

__all__ = ["show_evaluation", "status_words"]


def show_evaluation(source: Source, evaluation: Evaluation) -> None:
    """Show skill by horizon, what was observed, and what was left out."""
    console, experiment = open_console(), source.experiment
    if experiment.data.simulated:
        console.print("[bold]SIMULATED DATA: the cities are made up.[/bold]")
    best = best_naive(yearly(evaluation.backtest.frame))
    serve, measure = experiment.model.serve, MEASURES[experiment.outcome.measure]
    for horizon in experiment.outcome.horizons:
        console.print(_skill(evaluation, serve, horizon, best[horizon], measure.unit_words))
    for line in _without_breaks(evaluation, serve, best, measure.mark):
        say(console, line)
    if len(evaluation.intervals):
        console.print(_intervals(evaluation.intervals, measure.mark))
    console.print(_coverage(evaluation.coverage))
    for line in (*_not_live(evaluation.coverage), *_left_out(source, evaluation)):
        say(console, line)


def _skill(evaluation: Evaluation, serve: str, horizon: int, naive: str, unit: str) -> Table:
    scores, wins = evaluation.scores, evaluation.comparisons
    rows = scores[(scores["slice"] == "all") & (scores["horizon"] == horizon)]
    wins = wins[wins["horizon"] == horizon].set_index("versus")
    marks = {naive: " (best naive)", serve: " ←"}
    labels = candidate_labels()
    cells = []
    for row in rows.to_dict("records"):
        model = row["model"]
        won = wins.loc[model] if model in wins.index else None
        cells.append(
            [
                labels.get(model, model) + marks.get(model, ""),
                f"{row['mae']:.3f}",
                f"{row['rmse']:.3f}",
                number(row["rank_correlation"], "{:.3f}"),
                number(row["skill_naive"], "{:+.1%}"),
                _difference(row),
                "" if won is None else f"{won['wins']} of {won['years']}",
                "" if won is None else f"{won['sign_test_p']:.3f}",
            ]
        )
    heads = [
        "model",
        "MAE",
        "RMSE",
        "rank",
        "skill",
        "vs history only (95 %)",
        f"{serve} wins",
        "p",
    ]
    years = int(rows["years"].max())
    title = f"Horizon {horizon}: means of {years} yearly scores, errors in {unit}"
    table = table_of(title, heads, cells, bold=list(rows["model"]).index(serve))
    if horizon > 1:
        table.caption = "Outcomes of neighbouring years overlap: the intervals are too narrow."
    return table


def _difference(row: Mapping[str, Any]) -> str:
    if row["model"] == "history_only" or pd.isna(row["difference_history"]):
        return ""
    text = f"{row['difference_history']:+.3f}"
    if pd.notna(row["difference_low"]):
        text += f" ({row['difference_low']:+.3f} to {row['difference_high']:+.3f})"
    return text


def _without_breaks(
    evaluation: Evaluation, serve: str, best: Mapping[int, str], unit: str
) -> Iterator[str]:
    """Say what the errors are on rows that no redrawn boundary or restated level touches."""
    scores = evaluation.scores
    rows = scores[scores["slice"] == WITHOUT_BREAKS].set_index(["horizon", "model"])
    every = scores[scores["slice"] == "all"].set_index(["horizon", "model"])
    for horizon in sorted(rows.index.get_level_values("horizon").unique()):
        served = rows.loc[(horizon, serve)]
        naive = rows.loc[(horizon, best[horizon])]
        left_out = every.loc[(horizon, serve), "n"] - served["n"]
        yield (
            f"Without {left_out:.0f} rows over level breaks, horizon {horizon}: {serve} "
            f"{served['mae']:.3f}, best naive {naive['mae']:.3f} {unit}"
        )


def _intervals(intervals: pd.DataFrame, unit: str) -> Table:
    """Show what the 90 % intervals covered, beside plain split conformal ones."""
    rows = []
    for row in intervals[intervals["slice"] == "all"].to_dict("records"):
        own = intervals[(intervals["horizon"] == row["horizon"]) & (intervals["slice"] == "year")]
        worst = own.loc[own["coverage"].idxmin()]
        rows.append(
            [
                str(row["horizon"]),
                f"{row['coverage']:.1%}",
                f"{worst['coverage']:.1%} ({worst['level']})",
                f"{row['width']:.2f}",
                f"{row['coverage_80']:.1%}",
                f"{row['width_80']:.2f}",
                f"{row['difference']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f})",
            ]
        )
    heads = ["horizon", "covered", "worst year", "width", "80 %: covered", "width"]
    title = f"Intervals of 90 %, from earlier origins only (widths and scores in {unit})"
    return table_of(title, [*heads, "score less plain split conformal (95 %)"], rows)


def _coverage(coverage: pd.DataFrame) -> Table:
    families = list(dict.fromkeys(coverage["family"]))
    cells = coverage.set_index(["origin", "family"])
    origins = sorted(coverage["origin"].unique())
    rows = [
        [
            f"{origin} live" if origin == origins[-1] else str(origin),
            *(_cell(cells.loc[(origin, family)]) for family in families),
        ]
        for origin in origins
    ]
    heads = ["origin", *(family.replace("_", " ") for family in families)]
    return table_of("Share of cities with a value (age in years), by origin", heads, rows)


def _cell(cell: Any) -> str:
    if cell["share"] == 0:
        return "–"
    return f"{cell['share']:.0%}" + (f" ({cell['age']:.1f})" if cell["age"] >= 0.05 else "")


def _not_live(coverage: pd.DataFrame) -> Iterator[str]:
    newest = coverage[coverage["origin"] == coverage["origin"].max()]
    for row in newest[newest["status"] != "live"].to_dict("records"):
        yield f"{row['family']}: {status_words(row)}"


def status_words(row: Mapping[str, Any]) -> str:
    """Say in words whether a family is observed at the live origin."""
    return words(f"status_{row['status']}", "en", year=row["last_year"])


def _left_out(source: Source, evaluation: Evaluation) -> Iterator[str]:
    absent = source.dataset.indicators.absent
    if absent:
        yield f"{len(absent)} indicators of the table have no input in this panel (see report)."
    dropped = evaluation.backtest.dropped
    if len(dropped):
        count = dropped["indicator"].nunique()
        yield f"{count} indicators were left out at one origin or more for want of values."
    yield from (f"Note: {note}" for note in source.panel.notes[:5])
