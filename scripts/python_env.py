"""Print python_env.yaml: the direct dependencies, pinned to what requirements.lock holds.

Usage: python scripts/python_env.py > python_env.yaml
"""

from __future__ import annotations

import re
import sys
import tomllib
from pathlib import Path

__all__ = ["direct_pins", "main", "python_env"]

ROOT = Path(__file__).resolve().parent.parent
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
PIN = re.compile(r"^(?P<name>[A-Za-z0-9._-]+)==(?P<version>[^\s;\\]+)", re.MULTILINE)


def direct_pins(pyproject: str, lock: str) -> list[str]:
    """Return each run-time dependency as ``name==version[; marker]``.

    Parameters
    ----------
    pyproject : str
        Text of pyproject.toml.
    lock : str
        Text of requirements.lock.

    Raises
    ------
    KeyError
        If the lock has no version of a dependency.
    """
    versions = {_canonical(m["name"]): m["version"] for m in PIN.finditer(lock)}
    pins = []
    for requirement in tomllib.loads(pyproject)["project"]["dependencies"]:
        specifier, _, marker = requirement.partition(";")
        name = _canonical(_name(specifier))
        pins.append(f"{name}=={versions[name]}" + (f"; {marker.strip()}" if marker else ""))
    return sorted(pins)


def python_env(pyproject: str, lock: str) -> str:
    """Return the text of python_env.yaml."""
    lines = [
        "# Written by scripts/python_env.py from pyproject.toml and requirements.lock: make lock",
        'python: "3.11"',
        "dependencies:",
    ]
    return "\n".join(lines + [f'  - "{pin}"' for pin in direct_pins(pyproject, lock)]) + "\n"


def main() -> None:
    """Write the file's text to standard output."""
    texts = [(ROOT / name).read_text("utf-8") for name in ("pyproject.toml", "requirements.lock")]
    sys.stdout.write(python_env(*texts))


def _name(requirement: str) -> str:
    match = NAME.match(requirement.strip())
    if match is None:
        raise ValueError(f"pyproject.toml: no package name in {requirement!r}")
    return match.group()


def _canonical(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    main()
