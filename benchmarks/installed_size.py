"""Megabytes that each package takes in an environment, compiled files included.

Build a fresh environment first, then name its folder:

    python -m venv plain
    plain/bin/pip install .          # or ".[all]"
    python benchmarks/installed_size.py plain
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

SHOWN = 20


def files(distribution: Distribution) -> Iterator[Path]:
    """Every file of a package that exists, with what Python compiled of it."""
    for name in distribution.files or []:
        path = Path(str(name.locate())).resolve()
        yield path
        if path.suffix == ".py":
            yield from (path.parent / "__pycache__").glob(f"{path.stem}.*.pyc")


def sizes(environment: Path) -> dict[str, float]:
    """Megabytes on disk by package; a file that two packages list counts for the first."""
    site = next(path for path in environment.rglob("site-packages") if path.is_dir())
    seen: set[Path] = set()
    found: dict[str, float] = {}
    for distribution in distributions(path=[str(site)]):
        own = {path for path in files(distribution) if path.is_file()} - seen
        seen |= own
        name = distribution.metadata["Name"]
        found[name] = sum(path.stat().st_blocks * 512 for path in own) / 1e6
    return found


def main() -> None:
    """Print the largest packages and the sum of all."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("environment", type=Path)
    found = sizes(parser.parse_args().environment)
    largest = sorted(found.items(), key=lambda item: -item[1])
    for name, megabytes in largest[:SHOWN]:
        print(f"{name:24}{megabytes:8.1f}")
    print(f"{f'all {len(found)} packages':24}{sum(found.values()):8.1f}")


if __name__ == "__main__":
    main()
