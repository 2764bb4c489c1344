"""The command line: wiring only, every verb calls the library and prints what came back."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import click

from city_resilience import __version__
from city_resilience.commands.cli_data import check, import_sheets, measure
from city_resilience.commands.cli_study import experiment_options, study
from city_resilience.errors import CityResilienceError

__all__ = ["main", "run"]

Command = TypeVar("Command", bound=Callable[..., Any])

STORE_HELP = (
    "Tracking store: a folder, a .db file or an MLflow URI. Default: $MLFLOW_TRACKING_URI, else "
    ".city-resilience/ beside experiments/."
)
MODEL_HELP = (
    "A model folder, NAME@champion, NAME@challenger or NAME/VERSION. Default: the champion of "
    "the only registered model."
)


def _store_option(command: Command) -> Command:
    return click.option("--store", default="", help=STORE_HELP)(command)


def _model_option(command: Command) -> Command:
    return click.option("--model", default="", help=MODEL_HELP)(command)


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="city-resilience")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def main(debug: bool) -> None:
    """Forecast how well city economies hold up relative to their nation.

    \b
    Try it:
      city-resilience train experiments/demo/experiment.toml --out out/demo
      city-resilience predict --data experiments/demo/panel.csv --out forecast.csv
    """


main.add_command(import_sheets)
main.add_command(check)
main.add_command(measure)


@main.command()
@experiment_options
@click.option("--out", type=click.Path(path_type=Path), help="Folder for tables, report, model.")
@_store_option
@click.option("--require-promotion", is_flag=True, help="Exit with 3 if it stays challenger.")
def train(
    experiment: str,
    data: str,
    overrides: tuple[str, ...],
    out: Path | None,
    store: str,
    require_promotion: bool,
) -> None:
    """Backtest, fit, explain, log and register a forecast.

    \b
    Examples:
      city-resilience train experiments/demo/experiment.toml --out out/demo
      city-resilience train experiments/china_prefecture/experiment.toml --data panel.csv
    """
    from city_resilience.commands import pipeline
    from city_resilience.commands.screen import console, training

    with console.progress_bars() as progress:
        result = pipeline.train(
            experiment,
            data,
            out=out,
            overrides=overrides,
            store=store,
            require_promotion=require_promotion,
            progress=progress,
        )
    training.show_training(result)


@main.command()
@experiment_options
@click.option("--out", type=click.Path(path_type=Path), help="Folder for the tables.")
def backtest(experiment: str, data: str, overrides: tuple[str, ...], out: Path | None) -> None:
    """Evaluate an experiment at rolling origins; nothing is logged or registered.

    \b
    Example:
      city-resilience backtest experiments/us_states/experiment.toml --out out/us_states
    """
    from city_resilience import files
    from city_resilience.commands import evaluating, measuring, pipeline
    from city_resilience.commands.screen import console, training

    names = (*evaluating.TABLES, measuring.REASONS_FILE)
    files.check_folder(out, names)
    source = pipeline.load(experiment, data, overrides)
    if out is not None:
        files.refuse_overwriting((out / name for name in names), [source.path])
    if source.experiment.outcome.windows:
        with console.progress_bars() as progress:
            shocks = measuring.evaluate_shocks(source, progress)
        if out is not None:
            measuring.write_shocks(shocks, out)
        training.show_shocks(source, shocks)
        return
    with console.progress_bars() as progress:
        source = evaluating.searched(source, progress)
        evaluation = evaluating.evaluate(source, progress)
    if out is not None:
        evaluating.write_evaluation(evaluation, out)
    training.show_evaluation(source, evaluation)
    if out is not None:
        click.echo(f"Files: {out}")


main.add_command(study)


@main.command()
@click.option("--data", required=True, help="The whole panel: CSV, XLSX or Parquet.")
@click.option("--out", required=True, help="Forecast file: .csv, .xlsx or .parquet.")
@_model_option
@_store_option
@click.option("--drivers", default=3, show_default=True, help="Leading drivers per forecast.")
@click.option("--city", "cities", multiple=True, help="Write this city only (repeatable).")
@click.option("--sheet", default="", help="Sheet of a workbook.")
@click.option("--allow-partial", is_flag=True, help="Accept under 90 % of the training cities.")
@click.option(
    "--coverage", default=0.9, show_default=True, help="Coverage of the interval lower to upper."
)
def predict(
    data: str,
    out: str,
    model: str,
    store: str,
    drivers: int,
    cities: tuple[str, ...],
    sheet: str,
    allow_partial: bool,
    coverage: float,
) -> None:
    """Forecast every city of a panel file with a trained model.

    \b
    Examples:
      city-resilience predict --data panel.csv --out forecast.csv --model models/demo
      city-resilience predict --data panel.xlsx --sheet 2024 --out forecast.xlsx
      city-resilience predict --data panel.csv --out wide.csv --model models/demo --coverage 0.95
    """
    from city_resilience.commands import batch, lookup

    folder, name = lookup.model_folder(model, store)
    manifest = batch.predict(
        data,
        out,
        model_folder=folder,
        drivers=drivers,
        cities=cities,
        allow_partial=allow_partial,
        sheet=sheet,
        coverage=coverage,
        model={"reference": name},
    )
    click.echo(
        f"{out}: {manifest['rows']} forecasts for {manifest['cities']} cities from origin "
        f"{manifest['origin']}, model {name}"
    )
    for held in manifest["masked_cells"]:
        click.echo(f"Alarm: {held}; see city-resilience check {data}", err=True)
    for family, share in manifest["unobserved_families"].items():
        click.echo(
            f"Alarm: {family}: only {share:.0%} of the values the model uses are observed; bring "
            "newer data of it, or train the model again",
            err=True,
        )


@main.command()
@click.argument("city")
@click.option("--data", default="", help="Explain on this panel. [drivers stored with the model]")
@_model_option
@_store_option
@click.option("--horizon", type=int, help="Years ahead. [the shortest]")
@click.option("--top", default=10, show_default=True, help="Indicators to show.")
def explain(city: str, data: str, model: str, store: str, horizon: int | None, top: int) -> None:
    """Show what the forecast of one city leans on, by family and by indicator.

    \b
    Examples:
      city-resilience explain 洛阳市 --model china_prefecture@champion
      city-resilience explain Ohio --data experiments/us_states/panel.csv --model out/us/model
    """
    from city_resilience.commands import lookup
    from city_resilience.commands.screen import training

    folder, _ = lookup.model_folder(model, store)
    drivers, labels, measure = lookup.explained(folder, model, store, data)
    training.show_city(drivers, labels, city, horizon, top, measure)


@main.command()
@click.option("--out", type=click.Path(path_type=Path), default=Path("report.html"))
@click.option("--results", type=click.Path(path_type=Path), help="Folder that train --out wrote.")
@click.option("--study", type=click.Path(path_type=Path), help="Folder that study --out wrote.")
@_model_option
@_store_option
def report(out: Path, results: Path | None, study: Path | None, model: str, store: str) -> None:
    """Write the report of a trained model again, as one HTML file.

    \b
    Examples:
      city-resilience report --model demo@champion --out report.html
      city-resilience report --results out/demo --study out/study --out report.html
    """
    from city_resilience.commands import lookup
    from city_resilience.files import check_suffix
    from city_resilience.report.html import write_report

    check_suffix(out, (".html", ".htm"))
    lookup.keep_results(out, results)
    write_report(lookup.stored_summary(results, model, store, study), out)
    click.echo(f"Report: {out}")


@main.command()
@click.argument("challenger")
@click.argument("champion", required=False)
@_store_option
def compare(challenger: str, champion: str | None, store: str) -> None:
    """Compare two registered versions year by year on their common rows.

    \b
    Example:
      city-resilience compare china_prefecture@challenger china_prefecture@champion
    """
    from city_resilience.commands import lookup
    from city_resilience.commands.screen import training

    training.show_verdict(lookup.compared(challenger, champion, store))


@main.command()
@click.argument("reference")
@click.option("--force", is_flag=True, help="Promote whatever the gate says.")
@_store_option
def promote(reference: str, force: bool, store: str) -> None:
    """Make a registered version the champion; exit with 3 if the gate refuses.

    The gate lets a version pass whose recipe is the champion's (the same experiment on newer
    data), or whose mean yearly error on the common rows is lower.

    \b
    Example:
      city-resilience promote china_prefecture@challenger
    """
    from city_resilience.commands import lookup

    click.echo(lookup.promoted(reference, store, force=force))


@main.group()
def models() -> None:
    """List and export registered models."""


@models.command("list")
@_store_option
def list_models(store: str) -> None:
    """List all registered versions, their aliases, origins and errors.

    \b
    Example:
      city-resilience models list --store .city-resilience
    """
    from city_resilience.commands import lookup
    from city_resilience.commands.screen import training

    training.show_models(lookup.registered(store))


@models.command()
@click.argument("reference")
@click.argument("folder", type=click.Path(path_type=Path))
@_store_option
def export(reference: str, folder: Path, store: str) -> None:
    """Write the portable bundle of a registered version to a folder.

    \b
    Example:
      city-resilience models export china_prefecture@champion models/china_prefecture
    """
    from city_resilience.commands import lookup

    click.echo(f"Model: {lookup.exported(reference, folder, store)}")


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code.

    0 done, 1 internal error, 2 bad input, configuration or usage, 3 a gate refused.
    """
    given = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in given
    given = [item for item in given if item != "--debug"]
    try:
        result = main.main(given, prog_name="city-resilience", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except CityResilienceError as error:
        return _fail(str(error), error.exit_code, debug)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message())
        return _fail("no command given; choose one of the above", 2, debug)
    except click.ClickException as error:
        return _fail(f"{error.format_message()} Try --help.", 2, debug)
    except (click.Abort, KeyboardInterrupt):
        return _fail("stopped", 130, debug=False)
    except Exception as error:
        return _fail(f"internal error: {error!r}; run again with --debug", 1, debug)


def _fail(message: str, code: int, debug: bool) -> int:
    if debug:
        import traceback

        traceback.print_exc()
    click.echo(f"city-resilience: {' '.join(message.split())}", err=True)
    return code


def entry() -> None:
    """Entry point of the console script."""
    sys.exit(run())


if __name__ == "__main__":
    entry()
