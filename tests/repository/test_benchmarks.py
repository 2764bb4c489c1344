"""Benchmarks and scripts are run by hand: what they take from the package is still there."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

from places import ROOT

FILES = sorted(path for name in ("benchmarks", "scripts") for path in (ROOT / name).rglob("*.py"))


def taken(path: Path) -> Iterator[tuple[str, str]]:
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("city_resilience"):
            yield from ((str(node.module), alias.name) for alias in node.names)


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)
def test_what_it_imports_exists(path):
    for module, name in taken(path):
        found = hasattr(importlib.import_module(module), name) or find_spec(f"{module}.{name}")
        assert found, f"{module}.{name}"
