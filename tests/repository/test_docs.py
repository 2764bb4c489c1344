"""The pages agree with the program: commands, options, examples."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from city_resilience.commands.main import VERBS
from city_resilience.commands.main import main as program
from city_resilience.experiment.data import Column
from city_resilience.experiment.family import FAMILIES, OWN_FAMILIES, POLICY
from city_resilience.experiment.load import experiment_from, load_experiment
from city_resilience.indicators.table import load_table
from city_resilience.models.nowcast import EARLY_FAMILY
from city_resilience.report.texts import every_text
from places import ROOT

NAMES = ("README.md", "README.zh.md", "CONTRIBUTING.md")
PAGES = [*(ROOT / name for name in NAMES), *sorted((ROOT / "docs").glob("*.md"))]
WRITTEN = ("cli.md", "experiment.md")
BY_HAND = [page for page in PAGES if page.name not in WRITTEN]
TEXTS = ("*.md", "docs/**/*.md", "benchmarks/**/*.md", "experiments/*/*.md", ".github/**/*.md")
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(page: Path, language: str) -> list[str]:
    return [body for name, body in FENCE.findall(page.read_text("utf-8")) if name == language]


def shown_commands() -> Iterator[tuple[str, list[str]]]:
    for page in BY_HAND:
        for block in blocks(page, "sh"):
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                if words[:1] == ["city-resilience"]:
                    yield page.name, words[1:]


def test_every_command_is_in_a_page_written_by_hand():
    text = "\n".join(page.read_text("utf-8") for page in BY_HAND)
    missing = [
        name for name in VERBS if not re.search(rf"city-resilience {re.escape(name)}\b", text)
    ]
    assert missing == []


@pytest.mark.parametrize(("page", "words"), list(shown_commands()))
def test_shown_commands_parse(page, words):
    command: click.Command = program
    context = click.Context(program, info_name="city-resilience")
    while isinstance(command, click.Group):
        assert words, f"{page}: a group without a subcommand"
        name = words.pop(0)
        child = command.get_command(context, name)
        assert child is not None, f"{page}: city-resilience has no command {name!r}"
        command = child
    known = {option for param in command.params for option in param.opts + param.secondary_opts}
    unknown = [word for word in words if word.startswith("--") and word not in known]
    assert unknown == [], f"{page}: city-resilience {command.name}"
    least = sum(p.required for p in command.params if isinstance(p, click.Argument))
    arguments = positional(command, words)
    assert len(arguments) >= least, f"{page}: city-resilience {command.name} {words}"


def positional(command: click.Command, words: list[str]) -> list[str]:
    takes_value = {
        option
        for param in command.params
        if isinstance(param, click.Option) and not param.is_flag
        for option in param.opts
    }
    found, rest = [], iter(words)
    for word in rest:
        if word in takes_value:
            next(rest)
        elif not word.startswith("--"):
            found.append(word)
    return found


@pytest.mark.parametrize(
    ("page", "script", "options"),
    [
        ("cli.md", "cli_reference.py", []),
        ("experiment.md", "experiment_reference.py", []),
        ("experiment.schema.json", "experiment_reference.py", ["--schema"]),
    ],
)
def test_references_are_what_the_program_says(page, script, options):
    written = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / script), *options],
        capture_output=True,
        check=True,
        timeout=60,
    ).stdout.decode("utf-8")
    found = (ROOT / "docs" / page).read_text("utf-8")
    assert found == written.replace("\r\n", "\n"), f"docs/{page} is out of date; run: make docs"


def test_experiment_shown_for_an_own_column_is_valid():
    text, *_ = blocks(ROOT / "docs" / "own-column.md", "toml")
    experiment = experiment_from(tomllib.loads(text), "docs/own-column.md")
    column = experiment.data.columns["智慧灯杆数(根)"]
    assert (column.id, column.family) == ("smart_lamp_posts", "digital")
    reference = (ROOT / "docs" / "experiment.md").read_text("utf-8")
    [offered] = re.findall(r"\| `family` \| one of (.*?) \| required", reference)
    assert tuple(re.findall(r"\w+", offered)) == (*OWN_FAMILIES, POLICY)
    for family in FAMILIES:
        if family in OWN_FAMILIES:
            Column(family=family)
        else:
            with pytest.raises(ValueError, match="own past; choose one of: digital, "):
                Column(family=family)


def test_every_family_has_its_indicators_and_its_names():
    assert {spec.family for spec in load_table()} == set(FAMILIES)
    named = {key.removeprefix("family_") for key in every_text() if key.startswith("family_")}
    assert named == {*FAMILIES, EARLY_FAMILY, "outcome", POLICY}


@pytest.mark.parametrize("page", BY_HAND, ids=lambda page: page.name)
def test_experiments_shown_are_valid(page, tmp_path):
    for text in blocks(page, "toml"):
        path = tmp_path / "experiment.toml"
        path.write_text(text.replace('extends = "', f'extends = "{ROOT.as_posix()}/'), "utf-8")
        load_experiment(path)


def test_links_between_pages_lead_somewhere():
    texts = [path for folder in TEXTS for path in sorted(ROOT.glob(folder))]
    assert len(texts) > len(PAGES)
    broken = [
        f"{page.relative_to(ROOT)}: {target}"
        for page in texts
        for target in re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
        if not (page.parent / target).exists()
    ]
    assert broken == []


def test_every_image_is_shown_and_small():
    image = re.compile(r"\]\(([^)]+\.png)\)")
    shown = {
        (page.parent / target).resolve()
        for page in PAGES
        for target in image.findall(page.read_text("utf-8"))
    }
    images = set((ROOT / "docs" / "images").resolve().iterdir())
    assert shown == images
    assert all(path.stat().st_size < 200_000 for path in images)


def test_both_readmes_show_the_same_commands_tables_and_links():
    english, chinese = ((ROOT / name).read_text("utf-8") for name in ("README.md", "README.zh.md"))
    for pattern in (r"^\| `(\w+)` \|", r"^(?:city-resilience|make) .*?(?=  #|$)", r"<!-- .* -->"):
        found = [re.findall(pattern, text, re.MULTILINE) for text in (english, chinese)]
        assert len(found[0]) > 1
        assert [word.strip() for word in found[0]] == [word.strip() for word in found[1]]
    listed = set(re.findall(r"^\| `(\w+)` \|", english, re.MULTILINE))
    assert set(VERBS) <= listed
    links = [
        set(re.findall(r"\]\(([^)]+)\)", text.replace("_zh.png)", "_en.png)")))
        for text in (english, chinese)
    ]
    assert links[0] - {"README.zh.md"} == links[1] - {"README.md"}
