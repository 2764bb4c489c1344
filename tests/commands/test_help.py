"""Help is quick: no heavy package is imported for it, and every verb shows an example."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator

import click
import pytest

from city_resilience.commands import main as program
from city_resilience.commands.main import main, run

HEAVY = {"mlflow", "sklearn", "xgboost", "shap", "optuna", "plotly", "matplotlib", "numba"}
PROGRAM = """\
import contextlib, io, json, sys
from city_resilience.commands.main import run
texts = []
for words in json.loads(sys.argv[1]):
    with contextlib.redirect_stdout(io.StringIO()) as out:
        code = run([*words, "--help"])
    texts.append((code, out.getvalue()))
top = {name.partition(".")[0] for name in sys.modules}
print(json.dumps({"texts": texts, "modules": sorted(top)}))
"""


def commands(
    command: click.Command = main, words: tuple[str, ...] = ()
) -> Iterator[tuple[tuple[str, ...], click.Command]]:
    yield words, command
    if isinstance(command, click.Group):
        context = click.Context(command)
        for name in command.list_commands(context):
            child = command.get_command(context, name)
            assert child is not None
            yield from commands(child, (*words, name))


VERBS = [(words, command) for words, command in commands() if not isinstance(command, click.Group)]


def test_help_of_every_command_imports_nothing_heavy():
    every = [list(words) for words, _ in commands()]
    assert len(every) > 8
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps(every)],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert set(found["modules"]) & HEAVY == set()
    assert "city_resilience" in found["modules"]
    for words, (code, text) in zip(every, found["texts"], strict=True):
        assert code == 0
        assert text.startswith(" ".join(["Usage: city-resilience", *words]))


def test_the_list_of_verbs_says_what_each_says_and_imports_none():
    for name, text in program.VERBS.items():
        command = main.get_command(click.Context(main), name)
        assert command is not None
        assert command.name == name
        said = click.Command(name, help=text).get_short_help_str(200)
        assert said == command.get_short_help_str(200)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps([[]])],
        capture_output=True,
        text=True,
        check=True,
    )
    found = json.loads(done.stdout)
    assert set(found["modules"]) & (HEAVY | {"numpy", "pandas", "pydantic", "rich"}) == set()
    assert all(name in found["texts"][0][1] for name in program.VERBS)


def test_version_is_printed(capsys):
    from city_resilience import __version__

    assert run(["--version"]) == 0
    assert capsys.readouterr().out == f"city-resilience, version {__version__}\n"


@pytest.mark.parametrize(("words", "command"), VERBS, ids=[" ".join(words) for words, _ in VERBS])
def test_every_verb_shows_an_example_of_itself(words, command):
    text = command.help or ""
    assert re.search(rf"Examples?:\n +city-resilience {' '.join(words)}\b", text)
    for option in re.findall(r"(?<= )--[a-z-]+", text.partition("Example")[2]):
        assert option in {name for param in command.params for name in param.opts}
