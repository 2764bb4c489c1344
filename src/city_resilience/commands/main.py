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

VERBS = {
    "backtest": "Score an experiment on past years; log and register nothing.",
    "check": "Audit a panel; show for each issue the line that settles it.",
    "compare": "Say what is new in a registered version beside another, the champion when left "
    "out.",
    "explain": "Show what the forecast of a city rests on, and write the page of a city.",
    "export": "Write issued forecasts in the layout of the forecast hubs.",
    "import": "Read yearbook sheets into one panel; list what could not be read.",
    "measure": "Measure the resilience of each city over shocks.",
    "mechanisms": "Test the claims about digital economy and resilience on the panel.",
    "models": "List, show, export, import, sign and clean up registered models.",
    "monitor": "Score issued forecasts whose outcome is now known, and look for drift of the "
    "indicators.",
    "new": "Draft an experiment file from a panel: keys, outcome, families, years, and why.",
    "predict": "Forecast every city of a panel file with a trained model.",
    "promote": "Make a registered version the champion; exit with 3 if the gate refuses.",
    "report": "Write the report of a trained model again, as one HTML file, a workbook or a brief.",
    "rollback": "Go back to the champion before, or to a version on older data.",
    "scenario": "Show how a forecast would differ, had a city other values: an association, not an "
    "effect.",
    "study": "Measure what each family of indicators is worth.",
    "train": "Score a model on past years, fit it, forecast, explain, and register it.",
    "ui": "Look at runs and registered models in a browser, with MLflow's pages.",
}
"""Each verb with the first sentence of its help, so that the list imports none of them."""
MODULES = {"import": "import_sheets"}
"""Modules of this folder that are not named as their verb; each module has its ``command``."""


class Verbs(click.Group):
    """The group of all verbs, each imported when it is asked for."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the verbs."""
        del ctx
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a verb; None where there is none of that name."""
        del ctx
        if cmd_name not in VERBS:
            return None
        module = import_module(f"city_resilience.commands.{MODULES.get(cmd_name, cmd_name)}")
        command: click.Command = module.command
        return command

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb of the words; where there is none, say which may be meant."""
        if args[0] not in VERBS and not args[0].startswith("-"):
            raise click.exceptions.NoSuchCommand(args[0], possibilities=VERBS, ctx=ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the verbs as click does, from the table alone."""
        del ctx
        width = formatter.width - 6 - max(map(len, VERBS))
        with formatter.section("Commands"):
            formatter.write_dl(
                [
                    (name, click.Command(name, help=text).get_short_help_str(width))
                    for name, text in VERBS.items()
                ]
            )


@click.group(
    cls=Verbs, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}
)
@click.version_option(__version__, prog_name="city-resilience")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def main(debug: bool) -> None:
    """Forecast how much faster or slower city economies grow than their nation.

    \b
    Try it:
      city-resilience train experiments/demo/experiment.toml --out out/demo
      city-resilience predict --data experiments/demo/panel.csv --out forecast.csv
    """


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
