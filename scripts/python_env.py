"""Print python_env.yaml: the direct dependencies, pinned to what requirements.lock holds.

Usage: python scripts/python_env.py > python_env.yaml
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path
from typing import Any

__all__ = ["direct_pins", "main", "python_env"]

ROOT = Path(__file__).resolve().parent.parent
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<rest>[^\\\n]+?) *\\?$", re.MULTILINE)
FOR_WORK_ON_THE_CODE = ("dev", "docs")


def direct_pins(pyproject: str, lock: str) -> list[str]:
    """Return each run-time dependency, of the extras too, as ``name==version[ ; marker]``.

    Parameters
    ----------
    pyproject : str
        Text of pyproject.toml.
    lock : str
        Text of requirements.lock; a package may stand in it once per Python version.

    Raises
    ------
    KeyError
        If the lock has no version of a dependency.
    """
    pins: dict[str, list[str]] = {}
    for match in PIN.finditer(lock):
        pins.setdefault(_canonical(match["name"]), []).append(match["rest"])
    names = {_canonical(_name(line)) for line in _run_time(tomllib.loads(pyproject)["project"])}
    return [f"{name}=={rest}" for name in sorted(names) for rest in pins[name]]


def python_env(pyproject: str, lock: str) -> str:
    """Return the text of python_env.yaml; it names no Python, so MLflow takes its own."""
    lines = [
        "# Written by scripts/python_env.py from pyproject.toml and requirements.lock: make lock",
        "dependencies:",
    ]
    return "\n".join(lines + [f'  - "{pin}"' for pin in direct_pins(pyproject, lock)]) + "\n"


def main() -> None:
    """Write the file's text to standard output."""
    texts = [(ROOT / name).read_text("utf-8") for name in ("pyproject.toml", "requirements.lock")]
    sys.stdout.write(python_env(*texts))


def _run_time(project: dict[str, Any]) -> list[str]:
    extras = project["optional-dependencies"].items()
    lists = [lines for extra, lines in extras if extra not in FOR_WORK_ON_THE_CODE]
    every = project["dependencies"] + [line for lines in lists for line in lines]
    return [line for line in every if _name(line) != project["name"]]


def _name(requirement: str) -> str:
    match = NAME.match(requirement.strip())
    if match is None:
        raise ValueError(f"pyproject.toml: no package name in {requirement!r}")
    return match.group()


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    main()
