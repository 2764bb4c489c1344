"""What a study shows: for each part a sentence and a table, the same as in the report."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from city_resilience.commands.screen.console import open_console
from city_resilience.commands.studying import Studied
from city_resilience.report.study import study_section
from city_resilience.report.texts import load_texts

__all__ = ["show_study"]

Texts = Mapping[str, str]


def show_study(result: Studied, out: Path) -> None:
    """Show what a study found, tables at the shortest horizon, and where its files are."""
    console = open_console()
    if result.found["simulated"]:
        console.print("[bold]SIMULATED DATA: the cities are made up.[/bold]")
    texts = load_texts(result.found["measure"])["en"]
    section = study_section(result.found, {})
    for answer in section["answer"].values():
        console.print(f"[bold]{texts['study_title']}[/bold] {answer['en']}\n", soft_wrap=True)
    for block in section["blocks"]:
        _show_block(console, block, texts)
    if result.kept:
        console.print(f"Kept from before: {', '.join(result.kept)}", soft_wrap=True)
    console.print(f"Files  {out} (study.json and a CSV a part)", soft_wrap=True)
    console.print(f"Time   {result.seconds:.0f} s")


def _show_block(console: Console, block: Mapping[str, Any], texts: Texts) -> None:
    title = texts[f"study_{block['id']}_title"]
    if not block["by_horizon"]:
        console.print(f"[bold]{title}[/bold] {block['missing']['en']}\n", soft_wrap=True)
    for place, (horizon, found) in enumerate(block["by_horizon"].items()):
        ahead = texts["ahead_one" if horizon == "1" else "ahead"].format(h=horizon)
        console.print(f"[bold]{title}[/bold] {ahead}. {found['sentence']['en']}", soft_wrap=True)
        if place:
            continue
        table = Table(*_heads(block["heads"], texts))
        for row in found["rows"]:
            table.add_row(*(_cell(entry, texts) for entry in row))
        console.print(table)
    console.print()


def _heads(heads: list[list[Any]], texts: Texts) -> Iterator[Any]:
    from rich.table import Column

    for key, numeric in heads:
        yield Column(texts[key], justify="right" if numeric else "left")


def _cell(entry: Mapping[str, str], texts: Texts) -> str:
    parts = [_said(entry["text"], texts), _said(entry["sub"], texts)]
    return "\n".join(part for part in parts if part)


def _said(text: str, texts: Texts) -> str:
    """Put words in the place of a reference such as ``@model:blend``."""
    kind, colon, name = text.removeprefix("@").partition(":")
    if not text.startswith("@") or not colon:
        return text
    return texts.get(name if kind == "text" else f"{kind}_{name}", name)
