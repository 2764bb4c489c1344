"""``measure``: resilience over the windows of shocks, city by city, or why it is missing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from city_resilience.commands.options import PATH, engine_options, working
from city_resilience.errors import InputError
from city_resilience.files import output_path, refuse_overwriting, write_table
from city_resilience.progress import Progress, silent

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from city_resilience.experiment.experiment import Experiment
    from city_resilience.experiment.outcome import Outcome
    from city_resilience.indicators.formulas.composite import FittedComposite
    from city_resilience.reading.panel import Panel
    from city_resilience.report.texts import Texts
    from city_resilience.resilience.measures import Measure

__all__ = ["Measured", "command", "group_medians", "measure", "show"]

_OF_AN_OUTCOME = ("column", "unit", "label_en", "label_zh", "scale", "weight", "direction")
MEDIAN_COLUMNS = ["measure", "window", "group", "level", "n", "median"]


@dataclass(frozen=True)
class Measured:
    """A measured panel.

    Attributes
    ----------
    frame : DataFrame
        As ``measure_panel`` returns it, with the groups of each city.
    reasons : DataFrame
        Why values are missing, counted; see ``count_reasons``.
    groups : DataFrame
        See `group_medians`; empty where the panel has no groups.
    notes : tuple of str
        What speaks against the scale of the outcome, and cells of what is measured that were left
        out, one sentence a variable.
    noun, nation : str
        What a place is called, and what it is compared with; see ``report.texts.measure_words``.
    out : Path or None
        Where the table is.
    """

    frame: pd.DataFrame
    reasons: pd.DataFrame
    groups: pd.DataFrame
    notes: tuple[str, ...]
    noun: str
    nation: str
    out: Path | None


def measure(
    data: pd.DataFrame | Path | str,
    measures: Sequence[str] = ("resistance", "recovery"),
    windows: Sequence[str] = (),
    *,
    out: Path | str | None = None,
    experiment: Experiment | Path | str | None = None,
    outcome: str = "",
    deflator: str = "",
    scale: str = "",
    weight: str = "",
    direction: int | None = None,
    counterfactual: str | None = None,
    floor: float | None = None,
    gazetteer: str = "none",
    groups: Sequence[str] = (),
    progress: Progress = silent,
) -> Measured:
    """Measure a panel over windows.

    Cells with an audit error are left out of every denominator, as in training.

    Parameters
    ----------
    data : DataFrame or path
        The panel.
    measures, windows : sequence of str
        Ids of the registry; ``START:END`` or ``START:END:RECOVERY_END``, the experiment's when
        empty.
    out : Path, optional
        CSV, XLSX or Parquet by suffix; medians by group go to ``<stem>.groups.csv`` beside it.
    experiment : Experiment or path, optional
        Its data, outcome and composite count.
    outcome, deflator, scale, weight, direction, counterfactual, floor
        In place of the experiment's.
    gazetteer, groups
        Without an experiment: how names are resolved, and which groups are added.
    progress : callable, optional
        Told where a panel of any size stands.

    Raises
    ------
    InputError
        If a name is unknown, a window lies outside the panel, or the panel is not usable; nothing
        is written then.
    """
    import pandas as pd

    from city_resilience.audit.read_audited import read_audited
    from city_resilience.resilience.measure_panel import measure_panel
    from city_resilience.resilience.summaries import count_reasons
    from city_resilience.resilience.window import Window

    out = output_path(out, [data])
    if out is not None:
        refuse_overwriting([_medians_path(out)], [data])
    changes = {
        "variable": outcome,
        "deflator": deflator,
        "scale": scale,
        "weight": weight,
        "direction": direction,
    }
    chosen = _experiment(experiment, changes, gazetteer, groups)
    settings = chosen.outcome
    read = read_audited(data, chosen, purpose="measure", progress=progress)
    panel = read.panel
    composite = None
    if "composite" in measures:
        panel, composite = _with_components(panel, chosen)
    frame = measure_panel(
        panel,
        settings,
        measures,
        [Window.parse(text) for text in windows or settings.windows],
        counterfactual=counterfactual or settings.counterfactual,  # type: ignore[arg-type]
        floor=settings.floor if floor is None else floor,
        deflator=settings.deflator,
        composite=composite,
    )
    at = pd.Index(panel.grid().cities).get_indexer(frame["city"])
    for group, labels in panel.slices().items():
        if group in panel.groups:
            frame[group] = pd.Series(labels[at], index=frame.index, dtype="str")
    medians = group_medians(frame, panel.groups, measures, chosen.evaluation.min_group)
    if out is not None:
        write_table(frame, out)
        if len(medians):
            write_table(medians, _medians_path(out))
    masked = _masked(panel, {settings.variable, settings.deflator, settings.weight}, measures)
    notes = (*read.audit.scale_doubts, *masked)
    nation = _nation(panel, settings)
    return Measured(frame, count_reasons(frame), medians, notes, chosen.noun, nation, out)


def _nation(panel: Panel, settings: Outcome) -> str:
    """Name what the places of a panel are compared with."""
    from city_resilience.resilience.scale import outcome_series

    if settings.variable not in panel.variables:  # industries alone are measured
        return "sum"
    grid, outcome = panel.grid(), panel.resolved(settings)
    series = outcome_series(grid.values, panel.variables, outcome, ())
    return series.nation.within(grid.nation).id


def _medians_path(out: Path) -> Path:
    return out.with_name(out.stem + ".groups.csv")


def _masked(panel: Panel, used: set[str], measures: Sequence[str]) -> tuple[str, ...]:
    """Return the notes about masked cells of the variables that are measured."""
    from city_resilience.resilience.measures import MEASURES

    if "composite" in measures or any("industries" in MEASURES[m].needs for m in measures):
        return panel.masked
    return tuple(note for note in panel.masked if note.split(":")[0] in used)


def group_medians(
    frame: pd.DataFrame, groups: Sequence[str], measures: Sequence[str], least: int
) -> pd.DataFrame:
    """Summarise measures by group, window by window.

    Returns
    -------
    DataFrame
        ``measure, window, group, level, n, median``; the median is withheld where fewer than
        ``least`` cities of a level have a value.
    """
    import pandas as pd

    rows = []
    numbers = [m for m in measures if m in frame and frame[m].dtype.kind == "f"]
    for group in groups:
        for (window, level), part in frame.groupby(["window", group], sort=True):
            for name in numbers:
                n = int(part[name].notna().sum())
                median = float(part[name].median()) if n >= max(least, 1) else float("nan")
                rows.append((name, window, group, level, n, median))
    return pd.DataFrame(rows, columns=MEDIAN_COLUMNS)


def _experiment(
    experiment: Experiment | Path | str | None,
    changes: Mapping[str, Any],
    gazetteer: str,
    groups: Sequence[str],
) -> Experiment:
    from city_resilience.commands.source import experiment_of
    from city_resilience.experiment.load import experiment_from

    if experiment is not None:
        chosen = experiment_of(experiment)
    else:
        data = {"gazetteer": gazetteer, "groups": tuple(groups)}
        values = {"name": "measure", "evaluation": {"first_origin": 1}, "data": data}
        chosen = experiment_from(values, "measure")
    used = {key: value for key, value in changes.items() if value}
    kept = chosen.outcome.model_dump(exclude_unset=True)
    if used.get("variable") not in (None, chosen.outcome.variable):  # it is another outcome
        kept = {key: value for key, value in kept.items() if key not in _OF_AN_OUTCOME}
    return experiment_from(
        chosen.model_dump(exclude={"outcome"}) | {"outcome": kept | used}, "outcome"
    )


def _with_components(panel: Panel, experiment: Experiment) -> tuple[Panel, FittedComposite]:
    """Return the panel with the composite's indicators as columns, and what was frozen."""
    import pandas as pd

    from city_resilience.catalogue.variables import Variable
    from city_resilience.experiment.family import FAMILIES
    from city_resilience.tasks.dataset import build_dataset

    if experiment.outcome.composite is None:
        raise InputError(
            "measure composite: its components are named in an experiment, under "
            "[outcome.composite]; give --experiment"
        )
    chosen = experiment.outcome.model_copy(update={"measure": "composite"})
    # A forecast leaves the components out of its features; here they are what is asked for.
    every = experiment.features.model_copy(update={"families": FAMILIES, "exclude": ()})
    changed = {"outcome": chosen, "features": every}
    dataset = build_dataset(panel, experiment.model_copy(update=changed))
    assert dataset.composite is not None
    row = pd.Index(dataset.cities).get_indexer(panel.frame["city"])
    column = panel.frame["year"].to_numpy() - dataset.years[0]
    specs = {spec.id: spec for spec in dataset.indicators.specs}
    columns, variables = {}, dict(panel.variables)
    for name in dataset.composite.components:
        columns[name] = dataset.indicators.values[row, column, dataset.indicators.ids.index(name)]
        spec = specs[name]
        variables[name] = Variable(name, spec.label_en, spec.label_zh, spec.unit, spec.family)
    widened = replace(panel, frame=panel.frame.assign(**columns), variables=variables)
    return widened, dataset.composite


@click.command("measure")
@click.argument("data", metavar="DATA")
@click.option(
    "--measure",
    "measures",
    multiple=True,
    default=("resistance", "recovery"),
    show_default=True,
    help="A measure (repeatable).",
)
@click.option(
    "--window",
    "windows",
    multiple=True,
    metavar="START:END[:RECOVERY_END]",
    help="A shock: the year before it, its last year, the last year of recovery (repeatable). "
    "[the experiment's]",
)
@click.option("--out", required=True, type=PATH, help="Table: .csv, .xlsx or .parquet.")
@click.option("--outcome", default="", help="Variable to measure. [gdp_real]")
@click.option("--deflator", default="", help="Variable that a nominal outcome is divided by.")
@click.option(
    "--scale",
    type=click.Choice(["level", "log", "per_head", "rate", "index"]),
    help="What the outcome is, and so what its nation is. [the catalogue's, else level]",
)
@click.option("--weight", default="", help="Variable that weighs the cities in a mean.")
@click.option(
    "--direction",
    type=click.IntRange(-1, 1),
    help="Of a rate: 1 = more is better, -1 = less is better.",
)
@click.option(
    "--counterfactual",
    type=click.Choice(["plain", "industry_mix"]),
    default=None,
    help="Compare with growth of the nation, or of the city's industries there. [plain]",
)
@click.option(
    "--floor", type=float, help="Smallest national growth for which a ratio has a value. [0.01]"
)
@click.option("--experiment", help="Read the panel with the settings of this experiment.")
@click.option(
    "--gazetteer", type=click.Choice(["china", "none"]), default="none", show_default=True
)
@click.option(
    "--by",
    "groups",
    multiple=True,
    metavar="GROUP",
    help="Show medians by this group (repeatable).",
)
@engine_options
def command(**options: Any) -> None:
    """Measure the resilience of each city over shocks.

    A column of reasons says why a value is missing.

    \b
    Examples:
      city-resilience measure panel.csv --window 2008:2009:2011 --window 2019:2020:2022 --out m.csv
      city-resilience measure panel.csv --measure structure_effect --measure agency_effect \\
        --outcome unit_employment --window 2008:2009 --out m.xlsx --gazetteer china --by region
    """
    from city_resilience.commands.console import progress_bars

    with progress_bars() as progress, working(options):
        measured = measure(**options, progress=progress)
    show(measured)


def show(result: Measured) -> None:
    """Show the most and least resilient cities of each window, and why values are missing."""
    from city_resilience.commands.console import open_console, say
    from city_resilience.resilience.measures import MEASURES
    from city_resilience.resilience.summaries import extremes

    console, frame = open_console(), result.frame
    for window in dict.fromkeys(frame["window"]):
        for name in (name for name in MEASURES if name in frame):
            if frame[name].dtype.kind == "f" and frame[name].notna().any():
                rows = extremes(_own_gap(frame, name), name, window)
                console.print(_extremes(rows, MEASURES[name], window, result))
    for line in _lines(result):
        say(console, line)


def _lines(result: Measured) -> Iterator[str]:
    from city_resilience.resilience.summaries import resistance_and_recovery

    say = _words(result)
    cities = say("noun_city_many")["en"]
    if {"resistance", "recovery"} <= set(result.frame.columns):
        for row in resistance_and_recovery(result.frame).to_dict("records"):
            about = f"Resistance and recovery, {row['window']}"
            if row["spearman"] != row["spearman"]:
                yield f"{about}: no correlation, {row['n']} {cities} are too few or all alike"
                continue
            yield (
                f"{about}: rank correlation {row['spearman']:+.2f}, linear {row['pearson']:+.2f}, "
                f"{row['n']} {cities}"
            )
    for row in result.reasons[result.reasons["reason"] != ""].to_dict("records"):
        why = say(f"reason_{row['reason']}")["en"]
        yield f"Missing: {row['measure']} {row['window']}: {row['cities']} {cities}, {why}"
    yield from (f"Note: {note}" for note in result.notes)
    yield f"Table: {result.out}: {len(result.frame)} rows"


def _own_gap(frame: pd.DataFrame, name: str) -> pd.DataFrame:
    """Return the frame with the gap of the years that the measure is about."""
    if name == "recovery" and "recovery_growth_gap_pp" in frame:
        return frame.assign(growth_gap_pp=frame["recovery_growth_gap_pp"])
    return frame


def _words(result: Measured) -> Texts:
    from city_resilience.report.texts import Texts, measure_words

    return Texts(measure_words("growth_gap", result.noun, result.nation))


def _extremes(rows: pd.DataFrame, about: Measure, window: str, result: Measured) -> Table:
    from city_resilience.commands.console import table_of
    from city_resilience.report.texts import measure_sign

    gap = "growth_gap_pp" in rows
    columns, records = [], []
    for side in ("most", "least"):
        columns += [(side, f"{{{side}[city]}}"), (about.id, f"{{{side}[{about.id}]:+.3f}}")]
        columns += [("gap, pp", f"{{{side}[growth_gap_pp]:+.2f}}")] if gap else []
        records.append([{side: row} for row in rows[rows["side"] == side].to_dict("records")])
    pairs = [most | least for most, least in zip(*records, strict=True)]
    sign = measure_sign(about.id, result.noun, result.nation)
    return table_of(f"{about.id} ({about.unit}), {window}: {sign}", columns, pairs)
