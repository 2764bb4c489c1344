"""``compare``: what is new in a registered version beside another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import click

from city_resilience.commands.options import store_option

if TYPE_CHECKING:
    import pandas as pd
    from rich.console import Console

    from city_resilience.report.texts import Both, Texts
    from city_resilience.tracking.comparison import Comparison

__all__ = ["command", "compare", "sentences", "show"]

ERRORS = (
    ("horizon", "{horizon}"),
    ("origin", "{origin}"),
    ("challenger", "{challenger:.3f}"),
    ("champion", "{champion:.3f}"),
    ("difference", "{difference:+.3f}"),
    ("inside 90 %", "{inside:.1%}"),
    ("champion", "{inside_champion:.1%}"),
)
KEYS = (("key", "{key}"), ("champion", "{champion}"), ("challenger", "{challenger}"))
MOVES = (
    ("city", "{city}"),
    ("before", "{before:+.2f}"),
    ("now", "{after:+.2f}"),
    ("move", "{move:+.2f}"),
    ("most of it from", "{label}"),
    ("its value before", "{value_before:.4g}"),
    ("now", "{value:.4g}"),
    ("its share", "{change:+.2f}"),
)
SIZES = (
    ("family", "{label}"),
    ("champion", "{before:.3f}"),
    ("challenger", "{after:.3f}"),
    ("change", "{change:+.3f}"),
)
REVISED = (
    ("variable", "{variable}"),
    ("year", "{year}"),
    ("revised", "{revised:}"),
    ("filled", "{filled:}"),
    ("withdrawn", "{withdrawn:}"),
)
MOST_ROWS = 8


def compare(challenger: str, champion: str | None = None, *, store: str = "") -> Comparison:
    """Return what is new in a registered version beside another, from the files of their runs.

    Parameters
    ----------
    challenger, champion : str
        NAME@alias or NAME/VERSION; the champion of the challenger's name when it is not given.
    store : str
        Tracking store, see ``resolve_store``.

    Raises
    ------
    InputError
        If there is no such store or version, or the files of a model are gone.
    """
    from city_resilience.tracking.comparison import compare_versions
    from city_resilience.tracking.registry import find_version
    from city_resilience.tracking.store import open_store

    opened = open_store(store, create=False)
    left = find_version(challenger, opened)
    right = find_version(champion or f"{left.name}@champion", opened)
    return compare_versions(left, right, opened)


@click.command("compare")
@click.argument("challenger")
@click.argument("champion", required=False)
@store_option
def command(challenger: str, champion: str | None, store: str) -> None:
    """Say what is new in a registered version beside another, the champion when left out.

    In a normal year (the same recipe on newer data): the score of the added origin, the forecasts
    that moved most and why, drivers and data that changed. For another recipe: errors and coverage
    year by year on common rows. For revised data: what was revised, and how far forecasts move.

    \b
    Example:
      city-resilience compare china_prefecture@challenger china_prefecture@champion
    """
    show(compare(challenger, champion, store=store))


def sentences(found: Comparison) -> Iterator[Both]:
    """Say what is new, in both languages; errors are in the unit of the measure."""
    from city_resilience.report.texts import Texts, measure_words

    say = Texts(measure_words(found.verdict.measure))
    about = {"own": found.challenger.reference, "other": found.champion.reference}
    then, now = found.origins
    yield say(f"compare_{found.kind}", **about, now=now, then=then, changes=len(found.recipe))
    if found.kind == "newer":
        yield from _added(found, say)
    yield from _revised(found, say)
    if len(moved := _shortest(found.moved)):
        yield say("compare_moves", **_sizes(moved["move"]))
    if len(only := _shortest(found.revised_moves)) and only["move"].abs().max() > 0:
        figures = _sizes(only["move"]) | {"city": only["city"].iloc[0]}
        yield say("compare_revised_moves", **figures, other=about["other"])
    if found.kind == "recipe" and len(found.verdict.paired.pairs):
        own, other = found.verdict.paired.coverage
        yield say("compare_coverage", own=own, other=other)
    yield from _drivers(found, say)


def _added(found: Comparison, say: Texts) -> Iterator[Both]:
    from city_resilience.report.texts import joined

    for row in _records(found.added):
        parts = [say("compare_added", **(row | {"naive": say.name("model", row["naive"])}))]
        if row["inside"] == row["inside"]:
            parts.append(say("compare_inside", share=row["inside"]))
        if row["issued"] == row["issued"]:
            about = {"issued": row["issued"], "other": found.champion.reference}
            parts.append(say("compare_issued", **about))
        yield joined(parts)


def _revised(found: Comparison, say: Texts) -> Iterator[Both]:
    own = found.revisions
    if own is None:
        yield say("compare_unmarked")
        return
    if any(own.new.values()) or any(own.gone.values()):
        yield say("compare_data", added=_listed(own.new, say), gone=_listed(own.gone, say))
    if own.cells.empty:
        yield say("compare_unrevised", compared=f"{own.compared:,}")
        return
    about = {"compared": f"{own.compared:,}", "places": len(own.city_years)}
    yield say("compare_revisions", **own.counts, **about)
    horizon = min(found.horizons)
    errors = [one.tags.get(f"mae_h{horizon}") for one in (found.challenger, found.champion)]
    if found.kind == "revised" and all(errors):
        mae, before = (float(error or "nan") for error in errors)
        yield say("compare_errors", horizon=horizon, own=mae, other=before)


def _listed(names: Mapping[str, list[Any]], say: Texts) -> Both:
    from city_resilience.report.texts import joined

    parts = [
        say("compare_years", names=", ".join(map(str, names["years"]))) if names["years"] else None,
        say("compare_cities", n=len(names["cities"])) if names["cities"] else None,
        say("compare_variables", names=", ".join(names["variables"]))
        if names["variables"]
        else None,
    ]
    told = [part for part in parts if part is not None]
    return joined(told, {"en": ", ", "zh": "、"}) if told else say("compare_nothing")


def _drivers(found: Comparison, say: Texts) -> Iterator[Both]:
    beside = found.verdict.drivers
    if found.kind == "recipe" and beside is not None:
        figures = {"own": beside.challenger, "other": beside.champion, "between": beside.between}
        told = {key: f"{value:.2f}" for key, value in figures.items()}
        yield say("compare_drivers", shared=beside.shared, **told)
    if len(found.indicators):
        tops = [_top(found, name) for name in ("after", "before")]
        entered, left = (
            [name for name in one if name not in two] for one, two in (tops, tops[::-1])
        )
        if entered or left:
            names = {"entered": _labels(found, entered, say), "left": _labels(found, left, say)}
            yield say("compare_top", **names)


def _top(found: Comparison, side: str, most: int = 10) -> list[str]:
    sizes = found.indicators[found.indicators[side] > 0]
    return [str(name) for name in sizes.nlargest(most, side)["indicator"]]


def _labels(found: Comparison, names: list[str], say: Texts) -> Both:
    from city_resilience.report.texts import LANGUAGES, joined

    told = [found.labels.get(name) or dict.fromkeys(LANGUAGES, name) for name in names]
    return joined(told, {"en": ", ", "zh": "、"}) if told else say("compare_nothing")


def _shortest(table: pd.DataFrame) -> pd.DataFrame:
    return table[table["horizon"] == table["horizon"].min()]


def _sizes(moves: pd.Series) -> dict[str, float]:
    size = moves.abs()
    return {"mean": float(size.mean()), "most": float(size.max())}


def show(found: Comparison) -> None:
    """Show what is new: sentences first, then the tables behind them, then the verdict."""
    from city_resilience.commands.console import open_console, say
    from city_resilience.report.texts import words

    console = open_console()
    first, *rest = [text["en"] for text in sentences(found)]
    say(console, first, "bold")
    _tables(found, console)
    for text in rest:
        say(console, text)
    verdict = found.verdict
    say(console, f"Verdict: {words(f'verdict_{verdict.decision}', 'en')}; {verdict.words()}")


def _tables(found: Comparison, console: Console) -> None:
    from city_resilience.commands.console import table_of
    from city_resilience.report.texts import words
    from city_resilience.resilience.measures import measure_of

    unit = measure_of(found.verdict.measure).mark
    other_recipe = found.kind == "recipe" or (found.kind == "older" and len(found.recipe) > 0)
    if len(found.recipe) and other_recipe:
        console.print(table_of("What differs in the recipe", KEYS, _records(found.recipe)))
    pairs = found.verdict.paired.pairs
    if len(pairs) and other_recipe:
        rows = pairs.assign(difference=pairs["challenger"] - pairs["champion"])
        console.print(table_of(f"MAE ({unit})", ERRORS, _by_period(rows)))
    if found.revisions is not None and len(found.revisions.cells):
        table = found.revisions.by_variable_year()
        order = table["revised"].sort_values(ascending=False, kind="stable").index
        console.print(table_of("Values revised", REVISED, _records(table.loc[order[:MOST_ROWS]])))
    if len(found.moved):
        moved = _shortest(found.moved)
        title = f"Forecasts that moved most (horizon {moved['horizon'].iloc[0]}, {unit})"
        rows = moved.head(MOST_ROWS).assign(
            label=moved["indicator"].map(lambda id: found.labels.get(id, {"en": id})["en"])
        )
        console.print(table_of(title, MOVES, _records(rows)))
    if len(found.families):
        named = found.families["family"].map(lambda id: words(f"family_{id}", "en"))
        rows = found.families.assign(label=named)
        console.print(table_of(f"What forecasts rest on ({unit})", SIZES, _records(rows)))


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    return [{str(key): value for key, value in row.items()} for row in table.to_dict("records")]


def _by_period(pairs: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the origins of each horizon; below them the mean of each period where there are two."""
    from city_resilience.evaluation.periods import periods

    for horizon, rows in pairs.groupby("horizon"):
        yield from _records(rows)
        found = periods(rows["origin"])
        for period in found if len(found) > 1 else ():
            own = rows[rows["origin"].between(period.first, period.last)]
            means = own.drop(columns=["horizon", "origin", "rows"]).mean().to_dict()
            yield {"horizon": horizon, "origin": period.level, "served": period.recent, **means}
