"""The glossary is the rule: no name, help text, report or page has another word for its terms."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest

from city_resilience.report.texts import every_text
from places import ROOT

README_ZH = ROOT / "README.zh.md"
GLOSSARY = ROOT / "docs" / "glossary.md"
FIGURES = re.compile(r"\{\w+[^}]*\}")
MARKUP = re.compile(r"<[^>\n]*>")
PAGES = [
    *(ROOT / name for name in ("README.md", "README.zh.md", "CONTRIBUTING.md", "CHANGELOG.md")),
    *(page for page in sorted((ROOT / "docs").glob("*.md")) if page != GLOSSARY),
    *sorted((ROOT / "experiments").glob("*/README.md")),
]
CODE = [
    *sorted((ROOT / "src").rglob("*.py")),
    *sorted((ROOT / "scripts").glob("*.py")),
    *sorted((ROOT / "benchmarks").rglob("*.py")),
]
FOREIGN = {"n_jobs", "model_config"}  # names that other packages gave


@cache
def terms() -> list[tuple[str, str, str, str]]:
    rows = [line for line in GLOSSARY.read_text("utf-8").splitlines() if line.startswith("| ")]
    return [tuple(cell.strip() for cell in row.strip("|").split("|")) for row in rows[1:]]


@cache
def other_names() -> dict[str, str]:
    """Each name that is not used, with the Chinese term it is not used for."""
    return {
        name.strip(): chinese
        for _, chinese, _, other in terms()
        for name in other.split(",")
        if name.strip()
    }


@cache
def in_text() -> re.Pattern[str]:
    words = "|".join(re.escape(name) for name in other_names() if name.isascii())
    chinese = "|".join(
        f"{name}(?!{term.removeprefix(name)})" if term.startswith(name) else name
        for name, term in other_names().items()
        if not name.isascii()
    )
    return re.compile(rf"\b(?:{words})s?\b|{chinese}", re.IGNORECASE)


@cache
def in_names() -> re.Pattern[str]:
    words = (re.sub(r"[ -]", "_", name) for name in other_names() if name.isascii())
    return re.compile(rf"(?:^|_)(?:{'|'.join(words)})s?(?:_|$)")


def place(path: Path, line: int, word: str) -> str:
    return f"{path.relative_to(ROOT).as_posix()}:{line}: {word}"


def found_in(path: Path, text: str, first: int = 1) -> list[str]:
    return [
        place(path, number, word)
        for number, line in enumerate(text.splitlines(), first)
        for word in in_text().findall(FIGURES.sub("", line))
    ]


def names_of(tree: ast.AST) -> Iterator[tuple[int, str]]:
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.lineno, node.name
        elif isinstance(node, ast.arg):
            yield node.lineno, node.arg
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.id
        elif isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Store):
            yield node.lineno, node.attr


def snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def names_in(path: Path, code: str) -> list[str]:
    own = [(1, path.stem), *names_of(ast.parse(code))]
    return [
        place(path, line, name)
        for line, name in own
        if name not in FOREIGN and in_names().search(snake(name))
    ]


def strings_in(path: Path, code: str) -> list[str]:
    return [
        found
        for node in ast.walk(ast.parse(code))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value
        for found in found_in(path, node.value.replace("PARTITION BY", ""), node.lineno)
    ]


def test_every_term_stands_once_in_both_languages():
    for position in (0, 1):
        names = [name for row in terms() for name in re.split("[,、] *", row[position])]
        assert len(names) == len(set(names)) > 35
        assert all(names)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_no_page_has_another_name_for_a_term(page):
    assert found_in(page, page.read_text("utf-8")) == []


def test_no_text_of_the_report_has_another_name_for_a_term():
    report = ROOT / "src" / "city_resilience" / "report"
    paths = [report / "texts.toml", *sorted(report.glob("assets/*.j2"))]
    shown = {path: MARKUP.sub("", path.read_text("utf-8")) for path in paths}
    assert [word for path, text in shown.items() for word in found_in(path, text)] == []


def test_no_label_of_the_tables_has_another_name_for_a_term():
    paths = sorted((ROOT / "src").rglob("*.toml"))
    assert len(paths) > 4
    labels = re.compile(r'\b(?:en|zh|label_en|label_zh) = "([^"]*)"')
    found = [
        place(path, number, word)
        for path in paths
        for number, line in enumerate(path.read_text("utf-8").splitlines(), 1)
        for label in labels.findall(line)
        for word in in_text().findall(label)
    ]
    assert found == []


def test_no_help_text_or_message_has_another_name_for_a_term():
    found = [word for path in CODE for word in strings_in(path, path.read_text("utf-8"))]
    assert found == []


def test_no_name_in_the_code_is_another_name_for_a_term():
    found = [word for path in CODE for word in names_in(path, path.read_text("utf-8"))]
    assert found == []


def test_chinese_writes_a_percent_sign_without_a_space():
    shown = [(key, text["zh"]) for key, text in every_text().items()]
    shown += [("README.zh.md", line) for line in README_ZH.read_text("utf-8").splitlines()]
    assert [(at, text) for at, text in shown if re.search(r"[\d}]\s+%", text)] == []


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("beats the naive baselines", "naive baselines"),
        ("a growth gap, 增长差距", None),
        ("上年增长差", "增长差"),
        ("{finding}", None),
        ("two findings", "findings"),
    ],
)
def test_words_are_found_with_their_file_and_line(text, word):
    wanted = [] if word is None else [f"docs/index.md:2: {word}"]
    assert found_in(ROOT / "docs" / "index.md", f"fine\n{text}") == wanted


def test_names_are_found_with_their_file_and_line():
    path = ROOT / "src" / "city_resilience" / "files.py"
    code = "def cube_of(x):\n    own = 1\n    lead_time = own\n\nclass HeldCell: ...\n"
    found = [f"src/city_resilience/files.py:{n}: {w}" for n, w in ((1, "cube_of"), (5, "HeldCell"))]
    assert sorted(names_in(path, code)) == sorted([*found, place(path, 3, "lead_time")])
