"""``import``: yearbook sheets into one checked panel, and a list of what is not certain."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from city_resilience import __version__
from city_resilience.commands.console import echo
from city_resilience.commands.options import PATH, encoding_option
from city_resilience.files import (
    check_suffix,
    output_path,
    refuse_overwriting,
    sha256_of,
    write_json,
    write_table,
)
from city_resilience.progress import Progress, silent
from city_resilience.reading.issues import Level

if TYPE_CHECKING:
    import pandas as pd
    from rich.table import Table

    from city_resilience.audit.audit import AuditResult
    from city_resilience.experiment.experiment import Experiment
    from city_resilience.reading.sheets.importer import Imported

__all__ = ["ImportedPanel", "command", "import_sheets", "show"]

MOST_LOST = 8
LEVELS: Mapping[Level, str] = {
    "lost": "not in the panel",
    "warning": "doubtful",
    "note": "left out or inferred",
}


@dataclass(frozen=True)
class ImportedPanel:
    """A panel that was written.

    Attributes
    ----------
    imported : Imported
        Its cells, and everything that could not be read with certainty.
    audit : AuditResult
        As `check` audits the panel, with the same experiment.
    out, listing : Path
        The panel, and the list beside it.
    """

    imported: Imported
    audit: AuditResult
    out: Path
    listing: Path


def import_sheets(
    paths: Sequence[Path | str],
    out: Path | str,
    *,
    years: Sequence[str] = (),
    prefer: Sequence[str] = (),
    experiment: Experiment | Path | str | None = None,
    variable: str = "",
    gazetteer: str = "china",
    encoding: str = "",
    headers: Literal["zh", "en", "id"] = "zh",
    audit: Path | str | None = None,
    progress: Progress = silent,
) -> ImportedPanel:
    """Import sheets into a panel file, with a list of what could not be read with certainty.

    Parameters
    ----------
    paths : sequence of Path
        Files and folders.
    out : Path
        Panel file; its list and manifest are written beside it.
    years, prefer : sequence of str
        Rules that come before those of the experiment.
    experiment : Experiment or path, optional
        Its ``[sheets]``, ``[data.columns]``, keys and decimal mark count.
    variable : str
        What columns of bare years hold, where the sheets do not say it.
    gazetteer : str
        Of the names of cities, or ``none``.
    encoding : str
        Of text files, where they do not tell it.
    headers : str
        Language of the headers.
    audit : Path, optional
        Writes the audit there: ``.html`` or ``.json``.

    Raises
    ------
    InputError
        If something is not usable; nothing is written then.
    """
    from city_resilience.commands.source import experiment_of
    from city_resilience.reading.sheets.importer import import_sheets as read_sheets
    from city_resilience.reading.sheets.labelled import labelled
    from city_resilience.reading.sheets.options import options_of
    from city_resilience.report.audit_page import SUFFIXES, write_audit

    check_suffix(out := Path(out))
    audit = output_path(audit, suffixes=SUFFIXES)
    chosen = None if experiment is None else experiment_of(experiment)
    files = _sources([Path(path) for path in paths], out)
    imported = read_sheets(
        files,
        options_of(
            chosen,
            years=years,
            prefer=prefer,
            country=gazetteer,
            variable=variable,
            encoding=encoding,
        ),
        progress=progress,
    )
    audited = _audited(imported, chosen)
    columns = chosen.data.columns if chosen else {}
    own = {column.id or header: header for header, column in columns.items()}
    write_table(labelled(imported.frame(), imported.variables, headers, own), out)
    write_table(imported.listing(), _listing_path(out))
    write_json(_manifest(imported, audited, files, out), _manifest_path(out))
    if audit is not None:
        write_audit(audited.as_dict(), audit)
    return ImportedPanel(imported, audited, out, _listing_path(out))


def _listing_path(out: Path) -> Path:
    """Return where the list of an import goes: ``panel.csv`` has ``panel.list.csv``."""
    return out.with_name(out.stem + ".list.csv")


def _manifest_path(out: Path) -> Path:
    return out.with_name(out.name + ".manifest.json")


def _sources(paths: Sequence[Path], out: Path) -> list[Path]:
    """Return the files to read; an earlier import in their folder is not among them.

    Raises
    ------
    InputError
        If the panel or its list would overwrite a file that is no earlier import, or was named.
    """
    from city_resilience.reading.opening import find_files

    found = find_files(paths)
    written = [path for path in (out, _listing_path(out)) if path.exists()]
    earlier = written if _is_import(out) else []
    refuse_overwriting(written, (path for path in paths if path.is_file()))
    sources = [path for path in found if not any(path.samefile(own) for own in earlier)]
    refuse_overwriting(written, sources)
    return sources


def _is_import(out: Path) -> bool:
    """Say whether a panel is as an import left it."""
    try:
        manifest = json.loads(_manifest_path(out).read_bytes())
        return bool(manifest["sha256"] == sha256_of(out))
    except (OSError, ValueError, TypeError, KeyError):
        return False


def _audited(imported: Imported, experiment: Experiment | None) -> AuditResult:
    """Audit what `check` would read; an issue about a cell says in which sheet it stands.

    These are the rows of the experiment's scope, else of whole cities, else of those there are.
    """
    from city_resilience.audit.audit import audit_panel
    from city_resilience.catalogue.sheets import load_sheet_rules
    from city_resilience.reading.corrections import apply_corrections

    stated = experiment.data.scope if experiment else "whole_city"
    scopes = [stated, *load_sheet_rules().scope_order]
    found = set(imported.cells["scope"])
    panel = imported.panel(next(scope for scope in scopes if scope in found))
    if experiment is None:
        return audit_panel(panel)
    outcome = experiment.outcome.variable
    audited = audit_panel(
        apply_corrections(panel, experiment.data.corrections).stated(experiment.outcome),
        outcome=outcome if outcome in panel.variables else "",
        settings=experiment.audit,
    )
    return audited.called(experiment.noun)


def _manifest(
    imported: Imported, audited: AuditResult, files: Sequence[Path], out: Path
) -> Mapping[str, Any]:
    from city_resilience.reading.opening import file_labels

    counts = imported.listing().groupby(["level", "kind"]).size()
    return {
        "file": out.name,
        "sha256": sha256_of(out),
        "created": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "sources": {label: sha256_of(path) for path, label in file_labels(files).items()},
        "sheets": imported.sheets,
        "values": len(imported.cells),
        "cities": imported.cells["city"].nunique(),
        "years": sorted({int(year) for year in imported.cells["year"]}),
        "variables": list(imported.variables),
        "listed": {f"{level} {kind}": int(n) for (level, kind), n in counts.items()},
        "audit": audited.counts,
        "versions": {"city-resilience": __version__},
    }


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=PATH)
@click.option("--out", required=True, type=PATH, help="Panel: .csv, .xlsx or .parquet.")
@click.option(
    "--year",
    "years",
    multiple=True,
    metavar="RULE",
    help="Data year of sheets that do not state it: a year, 'name' (the year in the file name) or "
    "'name-1' (the year before, as in yearbooks; the default). PATTERN=RULE for some files.",
)
@click.option(
    "--prefer",
    multiple=True,
    metavar="PATTERN",
    help="Files whose value counts where files disagree.",
)
@click.option("--experiment", help="Use [sheets], the keys and the own columns of this experiment.")
@click.option(
    "--variable",
    default="",
    metavar="NAME",
    help="What columns headed by years alone hold, such as 'GDP (million yuan)'.",
)
@click.option(
    "--gazetteer",
    type=click.Choice(["china", "none"]),
    default="china",
    show_default=True,
    help="Match city names to official units; none leaves them as they are.",
)
@encoding_option
@click.option(
    "--headers",
    type=click.Choice(["zh", "en", "id"]),
    default="zh",
    show_default=True,
    help="Language of the headers: Chinese, English or ids.",
)
@click.option("--audit", type=PATH, help="Also write the audit: .html or .json.")
def command(paths: tuple[Path, ...], out: Path, audit: Path | None, **options: Any) -> None:
    """Read yearbook sheets into one panel; list what could not be read.

    Files are CSV or TSV in any usual encoding, XLSX, XLS, ODS, Stata or Parquet.
    Sheets may have two rows of headers, provinces as rows, years across, or one row for each city
    and year. Wording, order, spacing and English at the end of a header do not matter. The list
    PANEL.list.csv names file, sheet, row and column of everything that could not be read with
    certainty.

    \b
    Examples:
      city-resilience import yearbooks/ --out panel.csv
      city-resilience import a_2020.xlsx b.csv --year name --out panel.parquet --audit audit.html
    """
    from city_resilience.commands.console import progress_bars

    with progress_bars() as progress:
        result = import_sheets(paths, out, audit=audit, progress=progress, **options)
    show(result, options["experiment"] or "")
    if audit is not None:
        echo(f"Page   {audit}")


def show(result: ImportedPanel, experiment: str = "") -> None:
    """Show what an import found, year by year, what it could not place, and the audit's counts."""
    from city_resilience.catalogue.nouns import of_places
    from city_resilience.commands.console import open_console, say

    console, imported = open_console(), result.imported
    listing = imported.listing()
    noun = result.audit.noun
    console.print(_years(imported, listing, noun))
    for line in _not_plain(listing):
        say(console, line)
    listed = listing["level"].value_counts()
    words = ", ".join(f"{listed.get(level, 0)} {word}" for level, word in LEVELS.items())
    cities, values = imported.cells["city"].nunique(), len(imported.cells)
    places = of_places(f"{cities} cities", noun)
    say(console, f"Panel  {result.out}: {places}, {values:,} values")
    say(console, f"List   {result.listing}: {words}")
    counts = result.audit.counts
    say(
        console,
        f"Audit  {counts['error']} errors, {counts['warning']} warnings, {counts['note']} notes; "
        f"see them with: city-resilience check {result.out}"
        + (f" --experiment {experiment}" if experiment else ""),
    )


def _not_plain(listing: pd.DataFrame) -> Iterator[str]:
    lost, doubts, notes = (listing[listing["level"] == level] for level in LEVELS)
    for row in lost.head(MOST_LOST).to_dict("records"):
        likely = f"; probably {row['likely']}" if row["likely"] else ""
        yield f"Lost: {_place(row)}: {row['found'] or 'nothing'}: {row['reason']}{likely}"
    if len(lost) > MOST_LOST:
        yield f"… and {len(lost) - MOST_LOST} more, see the list"
    for variable, rows in doubts.groupby("variable", sort=False):
        first = rows.iloc[0]
        more = f" ({len(rows)} columns alike)" if len(rows) > 1 else ""
        yield f"Doubt: {variable}: {_place(first)}: {first['reason']}{more}"
    encoded = notes[(notes["kind"] == "sheet") & (notes["found"] != "")]
    for name, rows in encoded.groupby("found", sort=False):
        more = f" and {len(rows) - 1} more" if len(rows) > 1 else ""
        yield f"Text: {rows.iloc[0]['file']}{more}: read as {name}; --encoding states another"
    for reason in dict.fromkeys(notes.loc[notes["kind"] == "year", "reason"].str.split(",").str[0]):
        yield f"Years: {reason}; --year sets another rule"


def _years(imported: Imported, listing: pd.DataFrame, noun: str) -> Table:
    from city_resilience.catalogue.nouns import of_places
    from city_resilience.catalogue.sheets import load_sheet_rules
    from city_resilience.commands.console import table_of

    cells = imported.cells
    scopes = [scope for scope in load_sheet_rules().scope_order if (cells["scope"] == scope).any()]
    lost = listing[listing["level"] == "lost"].groupby("year").size()
    rows = []
    for year, part in cells.groupby("year"):
        cities = {own: part.loc[part["scope"] == own, "city"].nunique() or None for own in scopes}
        variables, gone = part["variable"].nunique(), lost.get(str(year)) or None
        rows.append({"year": year, **cities, "variables": variables, "lost": gone})
    columns = [(scope.replace("_", " "), f"{{{scope}:}}") for scope in scopes]
    columns = [
        ("year", "{year}"),
        *columns,
        ("variables", "{variables:}"),
        ("cells lost", "{lost:}"),
    ]
    title = f"{imported.sheets} sheets of {len(imported.files)} files: "
    title += of_places("cities with a value", noun)
    return table_of(title, columns, rows)


def _place(row: Any) -> str:
    cell = f"{row['column']}{row['row']}"
    about = " ".join(filter(None, (row["city"], row["year"], row["variable"])))
    place = " ".join(filter(None, (row["file"], row["sheet"], cell)))
    return f"{place} ({about})" if about else place
