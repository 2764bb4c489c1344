"""What training, explaining and comparing show."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pandas as pd
from rich.console import Console
from rich.table import Table

from city_resilience.audit.audit import AUDIT_LEVELS
from city_resilience.commands.evaluating import Evaluation
from city_resilience.commands.intake import Source
from city_resilience.commands.measuring import ShockEvaluation
from city_resilience.commands.pipeline import Trained
from city_resilience.commands.screen.console import open_console
from city_resilience.errors import InputError, nearest
from city_resilience.evaluation.candidates import candidate_labels
from city_resilience.evaluation.scores import WITHOUT_BREAKS, best_naive, yearly
from city_resilience.evaluation.study.study import recipe_of, same_recipe
from city_resilience.explain.contributions import BASE, BASE_FAMILY, family_sums, mean_sizes
from city_resilience.report.texts import load_texts
from city_resilience.resilience.measures import MEASURES

__all__ = [
    "show_city",
    "show_evaluation",
    "show_models",
    "show_shocks",
    "show_training",
    "show_verdict",
]


def show_training(result: Trained) -> None:
    """Show what a training run found and where its files are."""
    console = open_console()
    show_evaluation(result.source, result.evaluation, console)
    console.print(_families(result))
    console.print(f"Audit       {_audit(result)}", soft_wrap=True)
    alias = " and ".join(result.aliases)
    console.print(f"Registered  {result.version} as {alias} ({result.gate})", soft_wrap=True)
    console.print(f"Run         {result.run_id} in {result.store}", soft_wrap=True)
    if result.out is not None:
        console.print(
            f"Files       {result.out} (report.html, forecast.csv, model/ …)", soft_wrap=True
        )
    if result.study is not None:
        console.print(f"Study       {_study(result, result.study)}", soft_wrap=True)
    console.print(f"Time        {result.seconds:.0f} s")


def _study(result: Trained, study: Mapping[str, Any]) -> str:
    made = sorted(part["created"] for part in study["parts"].values())[-1:]
    now = {**recipe_of(result.source.experiment), "fingerprint": result.forecaster.fingerprint}
    fits = same_recipe(study, now)
    about = "this recipe and panel" if fits else "another recipe or panel; make it again"
    return f"of {''.join(made)} taken into the report, measured with {about}"


def _audit(result: Trained) -> str:
    counts = result.source.audited.counts
    kinds = [f"{counts[kind]} {kind}{'s' * (counts[kind] != 1)}" for kind in AUDIT_LEVELS]
    corrections = len(result.source.experiment.data.corrections)
    declared = f"{corrections} correction{'s' * (corrections != 1)} declared"
    return f"{', '.join(kinds)}, {counts['accepted']} accepted; {declared}"


def show_evaluation(source: Source, evaluation: Evaluation, console: Console | None = None) -> None:
    """Show skill by horizon, what was observed, and what was left out."""
    console = console or open_console()
    experiment = source.experiment
    if experiment.data.simulated:
        console.print("[bold]SIMULATED DATA: the cities are made up.[/bold]")
    best = best_naive(yearly(evaluation.backtest.frame))
    for horizon in experiment.outcome.horizons:
        table = _skill(
            evaluation, experiment.model.serve, horizon, best[horizon], experiment.outcome.measure
        )
        console.print(table)
    unit = MEASURES[experiment.outcome.measure].mark
    for line in _without_breaks(evaluation, experiment.model.serve, best, unit):
        console.print(line, soft_wrap=True)
    if len(evaluation.intervals):
        console.print(_intervals(evaluation.intervals, unit))
    console.print(_coverage(evaluation.coverage))
    for line in _not_live(evaluation.coverage):
        console.print(line, soft_wrap=True)
    for line in _left_out(source, evaluation):
        console.print(line, soft_wrap=True)


def _skill(
    evaluation: Evaluation, serve: str, horizon: int, naive: str, measure: str = "growth_gap"
) -> Table:
    unit = MEASURES[measure].unit_words
    scores = evaluation.scores
    rows = scores[(scores["slice"] == "all") & (scores["horizon"] == horizon)]
    wins = evaluation.comparisons
    wins = wins[wins["horizon"] == horizon].set_index("versus")
    years = int(rows["years"].max())
    title = f"Horizon {horizon}: means of {years} yearly scores, errors in {unit}"
    table = Table(title=title, title_justify="left", caption_justify="left")
    if horizon > 1:
        table.caption = "Outcomes of neighbouring years overlap: the intervals are too narrow."
    table.add_column("model")
    for name in ("MAE", "RMSE", "rank", "skill", "vs history only (95 %)", "blend wins", "p"):
        table.add_column(name.replace("blend", serve), justify="right")
    labels = candidate_labels()
    for row in rows.to_dict("records"):
        model = row["model"]
        mark = " ←" if model == serve else " (best naive)" if model == naive else ""
        won, p = "", ""
        if model in wins.index:
            won = f"{wins.loc[model, 'wins']} of {wins.loc[model, 'years']}"
            p = f"{wins.loc[model, 'sign_test_p']:.3f}"
        table.add_row(
            labels.get(model, model) + mark,
            f"{row['mae']:.3f}",
            f"{row['rmse']:.3f}",
            _number(row["rank_correlation"], "{:.3f}"),
            _number(row["skill_naive"], "{:+.1%}"),
            _difference(row),
            won,
            p,
            style="bold" if model == serve else None,
        )
    return table


def _without_breaks(
    evaluation: Evaluation, serve: str, best: Mapping[int, str], unit: str
) -> Iterable[str]:
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
    title = f"Intervals of 90 %, from earlier origins only (widths and scores in {unit})"
    table = Table(title=title, title_justify="left")
    table.add_column("horizon")
    for name in ("covered", "worst year", "width", "80 %: covered", "width"):
        table.add_column(name, justify="right")
    table.add_column("score less plain split conformal (95 %)", justify="right")
    for row in intervals[intervals["slice"] == "all"].to_dict("records"):
        own = intervals[(intervals["horizon"] == row["horizon"]) & (intervals["slice"] == "year")]
        worst = own.loc[own["coverage"].idxmin()]
        table.add_row(
            str(row["horizon"]),
            f"{row['coverage']:.1%}",
            f"{worst['coverage']:.1%} ({worst['level']})",
            f"{row['width']:.2f}",
            f"{row['coverage_80']:.1%}",
            f"{row['width_80']:.2f}",
            f"{row['difference']:+.3f} ({row['low']:+.3f} to {row['high']:+.3f})",
        )
    return table


def _difference(row: Mapping[str, Any]) -> str:
    if row["model"] == "history_only" or pd.isna(row["difference_history"]):
        return ""
    text = f"{row['difference_history']:+.3f}"
    if pd.notna(row["difference_low"]):
        text += f" ({row['difference_low']:+.3f} to {row['difference_high']:+.3f})"
    return text


def _number(value: float, form: str) -> str:
    return "" if pd.isna(value) else form.format(value)


def _coverage(coverage: pd.DataFrame) -> Table:
    families = list(dict.fromkeys(coverage["family"]))
    cells = coverage.set_index(["origin", "family"])
    title = "Share of cities with a value (age in years), by origin"
    table = Table("origin", title=title, title_justify="left")
    for family in families:
        table.add_column(family.replace("_", " "), justify="right")
    origins = sorted(coverage["origin"].unique())
    for origin in origins:
        row = [_cell(cells.loc[(origin, family)]) for family in families]
        table.add_row(f"{origin} live" if origin == origins[-1] else str(origin), *row)
    return table


def _cell(cell: Any) -> str:
    if cell["share"] == 0:
        return "–"
    return f"{cell['share']:.0%}" + (f" ({cell['age']:.1f})" if cell["age"] >= 0.05 else "")


def _not_live(coverage: pd.DataFrame) -> Iterable[str]:
    newest = coverage[coverage["origin"] == coverage["origin"].max()]
    for row in newest[newest["status"] != "live"].to_dict("records"):
        yield f"{row['family']}: {_status(row)}"


def _status(row: Mapping[str, Any]) -> str:
    return load_texts()["en"][f"status_{row['status']}"].format(year=row["last_year"])


def _left_out(source: Source, evaluation: Evaluation) -> Iterable[str]:
    absent = source.dataset.indicators.absent
    if absent:
        yield f"{len(absent)} indicators of the table have no input in this panel (see report)."
    dropped = evaluation.backtest.dropped
    if len(dropped):
        count = dropped["indicator"].nunique()
        yield f"{count} indicators were left out of at least one fold for want of values."
    yield from (f"Note: {note}" for note in source.panel.notes[:5])


def _families(result: Trained) -> Table:
    horizon = min(result.forecaster.horizons)
    size = mean_sizes(result.drivers[result.drivers["horizon"] == horizon])
    table = Table(title=f"What the forecasts lean on (horizon {horizon})", title_justify="left")
    table.add_column("family")
    unit = MEASURES[result.source.experiment.outcome.measure].mark
    table.add_column(f"mean |contribution|, {unit}", justify="right")
    for family, value in size.items():
        table.add_row(str(family), f"{value:.3f}")
    coverage = result.evaluation.coverage
    live = coverage[coverage["origin"] == coverage["origin"].max()]
    for row in live[live["used"] == 0].to_dict("records"):
        table.add_row(row["family"], _status(row), style="dim")
    return table


def show_shocks(source: Source, evaluation: ShockEvaluation) -> None:
    """Show the scores of an evaluation of shocks, and why measured values are missing."""
    console = open_console()
    measure = MEASURES[source.experiment.outcome.measure]
    for (test, window), rows in evaluation.scores.groupby(["test", "window"], sort=False):
        about = f"{test.replace('_', ' ')}: {window}, {rows['n'].max()} cities"
        title = f"{measure.id} ({measure.unit}), {about}"
        table = Table(title=title, title_justify="left")
        table.add_column("model")
        for name in ("MAE", "RMSE", "rank", "skill"):
            table.add_column(name, justify="right")
        for row in rows.to_dict("records"):
            table.add_row(
                row["model"].replace("_", " "),
                f"{row['mae']:.3f}",
                f"{row['rmse']:.3f}",
                _number(row["rank_correlation"], "{:.3f}"),
                _number(row["skill_naive"], "{:+.1%}"),
            )
        console.print(table)
    missing = evaluation.reasons[evaluation.reasons["reason"] != ""]
    for row in missing.to_dict("records"):
        line = f"Missing: {row['measure']} {row['window']}: {row['cities']} cities, {row['reason']}"
        console.print(line, soft_wrap=True)


def show_city(
    drivers: pd.DataFrame,
    labels: Mapping[str, str],
    city: str,
    horizon: int | None,
    top: int,
    measure: str = "growth_gap",
) -> None:
    """Show the drivers of one city.

    Raises
    ------
    InputError
        If the city or the horizon is not among the forecasts.
    """
    cities = drivers["city"].unique()
    if city not in cities:
        raise InputError(
            f"{city!r}: not among the {len(cities)} forecast cities{nearest(city, cities)}; "
            "give a name as it stands in the panel"
        )
    horizons = sorted(int(h) for h in drivers["horizon"].unique())
    horizon = horizons[0] if horizon is None else horizon
    if horizon not in horizons:
        raise InputError(f"--horizon {horizon}: the model has {horizons}; choose one of them")
    rows = drivers[(drivers["city"] == city) & (drivers["horizon"] == horizon)]
    origin = int(rows["origin"].iloc[0])
    total = rows["contribution"].sum()
    unit, forecast = MEASURES[measure].mark, measure.replace("_", " ")
    console = open_console()
    console.print(
        f"[bold]{city}[/bold]: {forecast} forecast {total:+.2f} {unit} for {origin + horizon} "
        f"(origin {origin}, horizon {horizon}). Contributions are associated with the forecast, "
        "not causes.",
        soft_wrap=True,
    )
    families = family_sums(rows).set_index("family")["contribution"]
    table = Table("family", unit, title="By family", title_justify="left")
    for family, value in families.sort_values(key=abs, ascending=False).items():
        table.add_row("base value" if family == BASE_FAMILY else str(family), f"{value:+.3f}")
    console.print(table)
    named = rows[rows["indicator"] != BASE].sort_values("contribution", key=abs, ascending=False)
    table = Table("indicator", "family", "value", unit, title="By indicator", title_justify="left")
    for row in named.head(top).to_dict("records"):
        label = labels.get(row["indicator"], row["indicator"])
        value = _number(row["value"], "{:,.3g}") or "unknown"
        table.add_row(label, row["family"], value, f"{row['contribution']:+.3f}")
    console.print(table)


def show_verdict(verdict: Any) -> None:
    """Show the gate's verdict, year by year."""
    table = Table("horizon", "origin", "challenger", "champion", "difference", title="MAE")
    for pair in verdict.pairs:
        table.add_row(
            str(pair.horizon),
            str(pair.origin),
            f"{pair.challenger:.3f}",
            f"{pair.champion:.3f}",
            f"{pair.challenger - pair.champion:+.3f}",
        )
    console = open_console()
    if verdict.pairs:
        console.print(table)
    console.print(verdict.words(), soft_wrap=True)


def show_models(versions: Iterable[Any]) -> None:
    """Show registered versions."""
    table = Table("model", "version", "aliases", "origin", "MAE h=1", "created (UTC)", "data")
    for version in versions:
        table.add_row(
            version.name,
            str(version.version),
            ", ".join(version.aliases),
            version.tags.get("origin", ""),
            version.tags.get("mae_h1", ""),
            version.created,
            version.tags.get("fingerprint", ""),
        )
    open_console().print(table)
