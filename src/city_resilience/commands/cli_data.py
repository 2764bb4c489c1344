"""Commands about data: sheets into a panel, and a panel checked."""

from __future__ import annotations

from pathlib import Path

import click

__all__ = ["check", "import_sheets", "measure"]


@click.command("import")
@click.argument("paths", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Panel: .csv, .xlsx or .parquet."
)
@click.option(
    "--year",
    "years",
    multiple=True,
    metavar="RULE",
    help="Data year of sheets that do not say it: a year, 'name' (the year in the file's name) or "
    "'name-1' (the year before, as yearbooks have it; the default). PATTERN=RULE for some files.",
)
@click.option(
    "--prefer", multiple=True, metavar="PATTERN", help="Files that decide where files disagree."
)
@click.option("--experiment", default="", help="Experiment whose [sheets] and own columns count.")
@click.option(
    "--gazetteer",
    type=click.Choice(["china", "none"]),
    default="china",
    show_default=True,
    help="Resolves the names of cities; none takes them as they stand.",
)
@click.option(
    "--headers",
    type=click.Choice(["zh", "en", "id"]),
    default="zh",
    show_default=True,
    help="Headers of the panel.",
)
@click.option(
    "--audit", type=click.Path(path_type=Path), help="Write the audit too: .html or .json."
)
def import_sheets(
    paths: tuple[Path, ...],
    out: Path,
    years: tuple[str, ...],
    prefer: tuple[str, ...],
    experiment: str,
    gazetteer: str,
    headers: str,
    audit: Path | None,
) -> None:
    """Read a folder of yearbook sheets into one checked panel, and list all that was not plain.

    Sheets may have two rows of headers, provinces as rows, years across, one row for each city and
    year; wording, order, spacing and trailing English do not matter. What cannot be placed goes to
    PANEL.list.csv with file, sheet, row and column.

    \b
    Examples:
      city-resilience import yearbooks/ --out panel.csv
      city-resilience import a_2020.xlsx b.csv --year name --out panel.parquet --audit audit.html
    """
    from city_resilience.commands import intake
    from city_resilience.commands.screen import console, data
    from city_resilience.files import check_suffix
    from city_resilience.report.audit_page import SUFFIXES, write_audit

    if audit is not None:
        check_suffix(audit, SUFFIXES)
    with console.progress_bars() as progress:
        imported, audited = intake.import_files(
            paths,
            out,
            years=years,
            prefer=prefer,
            experiment_path=experiment,
            country=gazetteer,
            headers=headers,  # type: ignore[arg-type]
            progress=progress,
        )
    data.show_import(imported, str(out), str(intake.listing_path(out)))
    counts = audited.counts
    click.echo(
        f"Audit  {counts['error']} errors, {counts['warning']} warnings, {counts['note']} notes; "
        f"see them with: city-resilience check {out}"
    )
    if audit is not None:
        click.echo(f"Page   {write_audit(audited.as_dict(), audit)}")


@click.command()
@click.argument("panel", metavar="DATA")
@click.option("--experiment", default="", help="Read and judge it as this experiment does.")
@click.option("--outcome", default="", help="Variable that is forecast. [the experiment's]")
@click.option("--sheet", default="", help="Sheet of a workbook.")
@click.option(
    "--set", "overrides", multiple=True, metavar="KEY=VALUE", help="Change a key of the experiment."
)
@click.option("--out", type=click.Path(path_type=Path), help="Write the audit: .html or .json.")
def check(
    panel: str,
    experiment: str,
    outcome: str,
    sheet: str,
    overrides: tuple[str, ...],
    out: Path | None,
) -> None:
    """Audit a panel: coverage, doubtful cells and units, level breaks, and what settles each.

    \b
    Examples:
      city-resilience check panel.csv --out audit.html
      city-resilience check panel.csv --experiment experiments/china_prefecture/experiment.toml
    """
    from city_resilience.commands import intake
    from city_resilience.commands.screen import data
    from city_resilience.files import check_suffix, refuse_overwriting
    from city_resilience.report.audit_page import SUFFIXES, write_audit

    if out is not None:
        check_suffix(out, SUFFIXES)
        refuse_overwriting([out], [panel])
    audited = intake.check_panel_file(
        panel, experiment, outcome=outcome, sheet=sheet, overrides=overrides
    )
    audit = audited.as_dict()
    data.show_audit(audit)
    if out is not None:
        click.echo(f"Audit: {write_audit(audit, out)}")


@click.command()
@click.argument("panel", metavar="DATA")
@click.option(
    "--measure",
    "measures",
    multiple=True,
    default=("resistance", "recovery"),
    show_default=True,
    help="A measure of the registry (repeatable).",
)
@click.option(
    "--window",
    "windows",
    multiple=True,
    metavar="START:END[:RECOVERY_END]",
    help="A shock: the year before it, its last year, the last year of the recovery (repeatable). "
    "[the experiment's]",
)
@click.option(
    "--out", required=True, type=click.Path(path_type=Path), help="Table: .csv, .xlsx or .parquet."
)
@click.option("--outcome", default="", help="Variable that is measured. [gdp_real]")
@click.option("--deflator", default="", help="Variable that a nominal outcome is divided by.")
@click.option(
    "--counterfactual",
    type=click.Choice(["plain", "industry_mix"]),
    default=None,
    help="What is expected of a city: the nation's growth, or that of its industries. [plain]",
)
@click.option("--floor", type=float, help="Least national growth that a ratio is over. [0.01]")
@click.option("--experiment", default="", help="Read the panel as this experiment does.")
@click.option(
    "--gazetteer", type=click.Choice(["china", "none"]), default="none", show_default=True
)
@click.option(
    "--by", "groups", multiple=True, metavar="GROUP", help="Medians by group (repeatable)."
)
def measure(
    panel: str,
    measures: tuple[str, ...],
    windows: tuple[str, ...],
    out: Path,
    outcome: str,
    deflator: str,
    counterfactual: str | None,
    floor: float | None,
    experiment: str,
    gazetteer: str,
    groups: tuple[str, ...],
) -> None:
    """Measure resilience over the windows of shocks, city by city; what is missing has a reason.

    \b
    Examples:
      city-resilience measure panel.csv --window 2008:2009:2011 --window 2019:2020:2022 --out m.csv
      city-resilience measure panel.csv --measure structure_effect --measure agency_effect \\
        --outcome unit_employment --window 2008:2009 --out m.xlsx --gazetteer china --by region
    """
    from city_resilience.commands import measuring
    from city_resilience.commands.screen import data

    found = measuring.measure_file(
        panel,
        out,
        measures,
        windows,
        experiment_path=experiment,
        outcome=outcome,
        deflator=deflator,
        counterfactual=counterfactual or "",
        floor=floor,
        gazetteer=gazetteer,
        groups=groups,
    )
    data.show_measured(found, str(out))
