"""An experiment at rolling origins: scored, summarised, and what of it the terminal shows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from city_resilience.commands.console import open_console, table_of
from city_resilience.commands.console import say as say_plain
from city_resilience.commands.nowcast import nowcast_lines, nowcast_table
from city_resilience.commands.places import places_of
from city_resilience.commands.records import period_table, recent_coverage, recent_lines
from city_resilience.commands.source import Source
from city_resilience.commands.vintages import vintage_table
from city_resilience.errors import InputError
from city_resilience.evaluation.backtest import Backtest, run_backtest
from city_resilience.evaluation.candidates import HISTORY_ONLY
from city_resilience.evaluation.checks import scored_origins
from city_resilience.evaluation.nowcast_scores import NowcastScores, score_nowcasts
from city_resilience.evaluation.scores import WITHOUT_BREAKS
from city_resilience.evaluation.search import search_parameters
from city_resilience.evaluation.tables import levels_of, score_tables
from city_resilience.experiment.experiment import Experiment
from city_resilience.indicators.indicator import Index, Indicator
from city_resilience.models.rows import FORECAST, NOWCAST
from city_resilience.progress import Progress, silent
from city_resilience.report.audit_part import audit_checks
from city_resilience.report.intervals import unbroken_sentence
from city_resilience.report.summary import HorizonPart, RunInfo, Summary, summarise
from city_resilience.report.tall import listed_rows, tall_notes
from city_resilience.report.texts import Texts, placed
from city_resilience.report.vintages import vintage_sentence
from city_resilience.resilience.measures import MEASURES
from city_resilience.tasks.coverage import family_coverage
from city_resilience.tasks.dataset import common_origin
from city_resilience.tasks.outcome import missing_labels

if TYPE_CHECKING:
    from city_resilience.commands.run import Live

__all__ = [
    "FILES",
    "OPTIONAL_FILES",
    "Evaluation",
    "evaluate",
    "evaluated",
    "refuse_window_measure",
    "searched",
    "show_summary",
    "summary_of",
]

FILES = (
    "backtest.parquet",
    "scores.csv",
    "comparisons.csv",
    "coverage.csv",
    "intervals.csv",
    "reliability.csv",
    "sums.csv",
    "weights.csv",
    "dropped.csv",
    "structural.csv",
)
"""Tables of an evaluation."""
NOWCAST_FILES = ("nowcast_scores.csv", "nowcast_releases.csv", "nowcast_slopes.csv")
"""Tables of an evaluation with early releases."""
VINTAGES = "vintages.csv"
"""Table of an evaluation with earlier panels."""
OPTIONAL_FILES = (*NOWCAST_FILES, VINTAGES)
"""Tables that an evaluation may have besides."""

SKILL = (
    ("model", "{name}"),
    ("MAE", "{mae:.3f}"),
    ("RMSE", "{rmse:.3f}"),
    ("rank", "{rank_correlation:.3f}"),
    ("skill", "{skill_naive:+.1%}"),
    ("vs history only (95 %)", "{difference:}"),
)
INTERVALS = (
    ("h", "{ahead}"),
    ("worst year", "{worst[coverage]:.1%} ({worst[year]})"),
    ("last four", "{recent:.1%}"),
    ("all years", "{coverage:.1%}"),
    ("width", "{width:.2f}"),
    ("80 %: worst year", "{worst[coverage_80]:.1%}"),
    ("all years", "{coverage_80:.1%}"),
    ("width", "{width_80:.2f}"),
    ("score − plain split conformal (95 %)", "{difference:+.3f} ({low:+.3f} to {high:+.3f})"),
)


@dataclass(frozen=True)
class Evaluation:
    """What the rolling origins showed.

    Attributes
    ----------
    scores, comparisons, intervals, reliability, sums, structural : DataFrame
        See ``score_tables``.
    coverage : DataFrame
        See ``family_coverage``.
    nowcast : NowcastScores or None
        Of a panel with early releases. All else is about the forecasts from the panel alone.
    vintages : DataFrame or None
        See ``vintage_rows``; of a backtest with earlier panels.
    """

    backtest: Backtest
    scores: pd.DataFrame
    comparisons: pd.DataFrame
    intervals: pd.DataFrame
    reliability: pd.DataFrame
    sums: pd.DataFrame
    structural: pd.DataFrame
    coverage: pd.DataFrame
    nowcast: NowcastScores | None = None
    vintages: pd.DataFrame | None = None

    def tables(self) -> dict[str, pd.DataFrame]:
        """Return the table of each of ``FILES``, and of those ``OPTIONAL_FILES`` that there are.

        Where a table holds forecasts and nowcasts, the column ``information`` tells them apart.
        """
        found, now = self.backtest, self.nowcast
        part = found.nowcast
        tables = (
            pd.concat([found.frame, part.frame], ignore_index=True) if part else found.frame,
            _told_apart(self.scores, now.scores if now else None),
            *(self.comparisons, self.coverage),
            _told_apart(self.intervals, now.intervals if now else None),
            *(self.reliability, self.sums, found.weights, found.dropped, self.structural),
        )
        beside = {} if now is None else _named(NOWCAST_FILES, now.sides, now.releases, now.slopes)
        if self.vintages is not None:
            beside[VINTAGES] = self.vintages
        return _named(FILES, *tables) | beside


def _named(names: Sequence[str], *tables: pd.DataFrame) -> dict[str, pd.DataFrame]:
    return dict(zip(names, tables, strict=True))


def _told_apart(forecasts: pd.DataFrame, nowcasts: pd.DataFrame | None) -> pd.DataFrame:
    """Return both tables as one, with the column ``information``."""
    known = {FORECAST: forecasts, **({} if nowcasts is None else {NOWCAST: nowcasts})}
    return pd.concat(
        [own.assign(information=name) for name, own in known.items()], ignore_index=True
    )


def searched(source: Source, progress: Progress = silent) -> Source:
    """Return the source with hyper-parameters searched, when the experiment asks for it."""
    experiment = search_parameters(source.dataset, source.experiment, progress)
    return replace(source, experiment=experiment)


def evaluate(source: Source, progress: Progress = silent, *, explain: bool = False) -> Evaluation:
    """Run the rolling origins of an experiment and score them.

    Parameters
    ----------
    explain : bool
        Take the forecasts of the scored origins apart as well.

    Raises
    ------
    InputError
        If the panel is too short, or a required indicator never has a value.
    """
    dataset, experiment = source.dataset, source.experiment
    found = run_backtest(dataset, experiment, progress, views=True, explain=explain)
    breaks = source.audited.level_breaks
    return evaluated(source, found, score_tables(found, dataset, experiment, breaks))


def evaluated(source: Source, found: Backtest, tabled: Mapping[str, pd.DataFrame]) -> Evaluation:
    """Put the scores of a backtest beside what else there is to say of it."""
    dataset, experiment = source.dataset, source.experiment
    origins = [*scored_origins(dataset, experiment), common_origin(dataset.outcome, dataset.years)]
    least, breaks = experiment.evaluation.min_group, source.audited.level_breaks
    part, levels = found.nowcast, levels_of(dataset)
    return Evaluation(
        backtest=found,
        **tabled,
        coverage=family_coverage(dataset, experiment, dict.fromkeys(origins), found.specs),
        nowcast=score_nowcasts(found, part, dataset, levels, least, breaks) if part else None,
        vintages=vintage_table(dataset, origins[:-1], source.earlier) if source.earlier else None,
    )


def refuse_window_measure(experiment: Experiment) -> None:
    """Refuse a measure over the window of a shock, which has no value at every origin.

    Raises
    ------
    InputError
        If the experiment forecasts such a measure.
    """
    measure = MEASURES[experiment.outcome.measure]
    if measure.kind == "window":
        raise InputError(
            f"outcome.measure: {measure.id} is about shocks and has no value at every origin, so "
            "nothing can be served; evaluate it with city-resilience backtest, or train on "
            "growth_gap"
        )


def summary_of(
    source: Source, evaluation: Evaluation, live: Live | None = None, **about: Any
) -> Summary:
    """Return what page, terminal and model card show of a run.

    Parameters
    ----------
    live : Live, optional
        Its forecasts and drivers, where there are any.
    about : Any
        Further entries of ``RunInfo``.
    """
    dataset, counts = source.dataset, source.audited.counts
    outcome = source.panel.variables[source.experiment.outcome.variable]
    dropped = evaluation.backtest.dropped
    info: RunInfo = {
        "files": source.panel.source,
        "notes": (
            *tall_notes(dataset, source.experiment, live=live is not None),
            *source.audited.scale_doubts,
            *source.panel.notes,
        ),
        "account": source.panel.account.as_dict(),
        "audit": {level: counts[level] for level in ("error", "warning", "note")},
        "checks": audit_checks(source.audited.issues, source.audited.accepted),
        "accepted": source.audited.accepted,
        "unlabelled": {
            horizon: missing_labels(dataset.measure, dataset.outcome, horizon, dataset.nation)
            for horizon in source.experiment.outcome.horizons
        },
        "absent": dataset.indicators.absent,
        "dropped": dict(zip(dropped["indicator"], dropped["reason"], strict=True)),
        "outcome": (outcome.label_en, outcome.label_zh),
        "nation": dataset.nation.id,
        "cities": live.forecast["city"].nunique() if live else 0,
        "places": places_of(source, live=live is not None),
    }
    stated = {"stated": evaluation.backtest.intervals}
    tables = {**evaluation.tables(), **stated, **({**live.tables(), **live.about} if live else {})}
    return summarise(
        source.experiment,
        listed_rows(tables, dataset),
        {**info, **about},  # type: ignore[typeddict-item]
        {spec.id: (*_label(spec, source), spec.family, spec.unit) for spec in dataset.specs},
    )


def _label(spec: Indicator | Index, source: Source) -> tuple[str, str]:
    """Return the name of an indicator; one of ours is about the places of the experiment."""
    text = {"en": spec.label_en, "zh": spec.label_zh}
    if spec.id not in source.panel.variables:
        text = placed(text, source.experiment.noun)
    return text["en"], text["zh"]


def show_summary(summary: Summary, evaluation: Evaluation) -> None:
    """Show skill by horizon, what was observed, and what was left out at which origins."""
    console, say = open_console(), Texts(summary["measure"])
    if summary["simulated"]:
        console.print(say.of_places("SIMULATED DATA: the cities are made up."), style="bold")
    parts = {int(horizon): part for horizon, part in summary["by_horizon"].items()}
    for horizon, part in parts.items():
        console.print(_skill(part, horizon, say, summary["measure"]["id"]))
    unit, served = summary["measure"]["unit"], say.name("model", summary["served"])["en"]
    console.print(period_table(parts, summary["served"], say, unit))
    for line in recent_lines(parts, say):
        say_plain(console, line, "bold")
    for horizon, part in parts.items():
        for line in _without_breaks(part, f"horizon {horizon}: {served}", unit):
            say_plain(console, line)
    covered = [
        {"ahead": ahead, "recent": recent_coverage(own), **own}
        for ahead, part in parts.items()
        if (own := part["intervals"])
    ]
    if covered:
        title = f"Outcomes inside the 90 % interval (widths and scores in {unit})"
        table = table_of(title, INTERVALS, covered)
        one = [str(row["ahead"]) for row in covered if len(row["years"]["year"]) == 1]
        if one:
            table.caption = f"Horizon {', '.join(one)}: the coverage rests on one scored year."
        console.print(table)
    for row in covered:
        if row["unbroken"]:
            found = unbroken_sentence(row["unbroken"], say)["en"].strip()
            say_plain(console, f"Horizon {row['ahead']}: {found}")
    _show_nowcast(console, summary, say)
    if "vintages" in summary:
        say_plain(console, vintage_sentence(summary["vintages"], say)["en"])
    for own in summary["run"]["slopes"]:
        say_plain(console, say("slope_note", **own)["en"])
    console.print(_coverage(summary, say))
    dropped = evaluation.backtest.dropped["indicator"].nunique()
    for line in _left_out(summary, dropped, say):
        say_plain(console, line)


def _show_nowcast(console: Console, summary: Summary, say: Texts) -> None:
    part = summary.get("nowcast")
    if part is None:
        return
    console.print(nowcast_table(part, summary["measure"]["unit"]))
    for line in nowcast_lines(part, say):
        say_plain(console, line, "bold")


def _skill(part: HorizonPart, horizon: int, say: Texts, measure: str) -> Table:
    rows = [
        {
            **row,
            "name": say.name("model", row["model"])["en"] + _mark(row),
            "difference": _difference(row),
            "won": None if row["wins"] is None else f"{row['wins']:.0f} of {row['years']}",
        }
        for row in part["skill"]
    ]
    served = next(row["model"] for row in rows if row["served"])
    years, unit = max(row["years"] for row in rows), MEASURES[measure].unit_words
    means = "scores of one year" if years == 1 else f"means of {years} yearly scores"
    title = f"Horizon {horizon}: {means}, errors in {unit}"
    columns = (*SKILL, (f"{served} wins", "{won:}"), ("p", "{sign_test_p:.3f}"))
    table = table_of(title, columns, rows)
    if horizon > 1:
        table.caption = "Outcomes of neighbouring years overlap: the intervals are too narrow."
    return table


def _mark(row: Mapping[str, Any]) -> str:
    return " ←" if row["served"] else " (best naive)" if row["best_naive"] else ""


def _difference(row: Mapping[str, Any]) -> str | None:
    value, low, high = (row[f"difference_{name}"] for name in ("history", "low", "high"))
    if value is None or row["model"] == HISTORY_ONLY:
        return None
    return f"{value:+.3f}" + ("" if low is None else f" ({low:+.3f} to {high:+.3f})")


def _without_breaks(part: HorizonPart, where: str, unit: str) -> Iterator[str]:
    """Say what the errors are on rows that no redrawn boundary or restated level touches."""
    every = next(row["n"] for row in part["skill"] if row["served"])
    for row in part["groups"]:
        if row["group"] == WITHOUT_BREAKS:
            yield (
                f"Without {every - row['n']} rows over level breaks, {where} {row['mae']:.3f}, "
                f"best naive {row['mae_naive']:.3f} {unit}"
            )


def _coverage(summary: Summary, say: Texts) -> Table:
    coverage = summary["coverage"]
    families = coverage["families"]
    rows = [
        {
            "origin": f"{row['origin']}{' live' if row['live'] else ''}",
            **dict(zip(families, map(_cell, row["cells"]), strict=True)),
        }
        for row in reversed(coverage["origins"])
    ]
    columns = [(family.replace("_", " "), f"{{{family}:}}") for family in families]
    title = say.of_places("Share of cities with a value (age in years), by origin")
    return table_of(title, [("origin", "{origin}"), *columns], rows)


def _cell(cell: Mapping[str, Any] | None) -> str:
    if cell is None or cell["share"] == 0:
        return "–"
    return f"{cell['share']:.0%}" + (f" ({cell['age']:.1f})" if (cell["age"] or 0) >= 0.05 else "")


def _left_out(summary: Summary, dropped: int, say: Texts) -> Iterator[str]:
    for row in summary["coverage"]["absent"]:
        yield f"{row['family']}: {say.status(row['status'])['en']}"
    absent = len(summary["run"]["absent"])
    if absent:
        yield f"{absent} indicators of the table have no input in this panel (see report)."
    if dropped:
        why = say.of_places("too few cities have a value")
        yield f"{dropped} indicators were left out at some origin: {why}."
    yield from (f"Note: {note}" for note in summary["run"]["notes"][:5])
