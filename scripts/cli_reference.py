"""Print docs/cli.md, the reference of the command line, from the commands themselves.

Usage: python scripts/cli_reference.py > docs/cli.md
"""

from __future__ import annotations

import sys
from collections.abc import Iterator

import click

from city_resilience.commands.main import main as program

__all__ = ["cli_reference", "main"]

WIDTH = 90
HEAD = """\
# Command line

Exit codes: 0 done; 1 internal error; 2 bad input, configuration or usage, with one line on standard
error that says what, where and what to do; 3 a gate refused,
or an alarm was raised under `--strict`.

"""


def cli_reference() -> str:
    """Return the page: each command's help text, groups before their subcommands."""
    sections = [
        f"{'#' * min(2 + depth, 4)} {path}\n\n```text\n{text}\n```\n"
        for path, depth, text in _helps(program, "city-resilience", None)
    ]
    return HEAD + "\n".join(sections)


def main() -> None:
    """Write the page to standard output as UTF-8."""
    sys.stdout.buffer.write(cli_reference().encode("utf-8"))


def _helps(
    command: click.Command, name: str, parent: click.Context | None
) -> Iterator[tuple[str, int, str]]:
    context = command.make_context(
        name,
        [],
        parent=parent,
        resilient_parsing=True,
        terminal_width=WIDTH,
        max_content_width=WIDTH,
        color=False,
    )
    path = context.command_path
    lines = [line.rstrip() for line in command.get_help(context).splitlines()]
    yield path, path.count(" "), "\n".join(lines)
    if isinstance(command, click.Group):
        for child in command.list_commands(context):
            found = command.get_command(context, child)
            if found is not None and not found.hidden:
                yield from _helps(found, child, context)


if __name__ == "__main__":
    main()
