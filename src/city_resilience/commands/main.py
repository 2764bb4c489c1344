"""The command line: the group of all verbs, and how it ends."""

from __future__ import annotations

import sys
from importlib import import_module

import click

from city_resilience import __version__
from city_resilience.commands.console import echo
from city_resilience.commands.extras import missing_package
from city_resilience.disk import fault_of
from city_resilience.errors import CityResilienceError

__all__ = ["entry", "main", "run"]

VERBS = (
    *("backtest", "check", "compare", "explain", "export", "import_sheets", "measure"),
    *("models", "monitor", "new", "predict", "promote", "report", "rollback"),
    *("scenario", "study", "train", "ui"),
)
"""Modules of this folder, each with its ``command``."""


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, prog_name="city-resilience")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def main(debug: bool) -> None:
    """Forecast how much faster or slower city economies grow than their nation.

    \b
    Try it:
      city-resilience train experiments/demo/experiment.toml --out out/demo
      city-resilience predict --data experiments/demo/panel.csv --out forecast.csv
    """


for _module in VERBS:
    main.add_command(import_module(f"city_resilience.commands.{_module}").command)


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit code.

    0 done, 1 internal error, 2 bad input, configuration or usage, 3 a gate refused or
    an alarm was raised under ``--strict``.
    """
    given = sys.argv[1:] if arguments is None else arguments
    debug = "--debug" in given
    given = [item for item in given if item != "--debug"]
    try:
        result = main.main(given, prog_name="city-resilience", standalone_mode=False)
        return result if isinstance(result, int) else 0
    except CityResilienceError as error:
        code = _fail(str(error), error.exit_code, debug)
        if paste := getattr(error, "paste", ""):
            echo(paste, err=True)
        return code
    except click.exceptions.NoArgsIsHelpError as error:
        echo(error.format_message())
        return _fail("no command given; choose one of the above", 2, debug)
    except click.ClickException as error:
        return _fail(f"{error.format_message()} Try --help.", 2, debug)
    except (click.Abort, KeyboardInterrupt):
        return _fail("stopped", 130, debug=False)
    except Exception as error:
        return _fail(*_unexpected(error), debug)


def _unexpected(error: Exception) -> tuple[str, int]:
    if told := missing_package(error) or fault_of(error):
        return told, 2
    return f"internal error: {error!r}; run again with --debug", 1


def _fail(message: str, code: int, debug: bool) -> int:
    if debug:
        import traceback

        traceback.print_exc()
    echo(f"city-resilience: {' '.join(message.split())}", err=True)
    return code


def entry() -> None:
    """Entry point of the console script."""
    sys.exit(run())
