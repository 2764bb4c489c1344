"""Ask an advisory source about the packages of the lock, where one can be reached.

Usage: python scripts/audit_lock.py [options of pip-audit, such as --ignore-vuln ID]

One package is asked about first: a source that does not answer, or knows no package, ends it with
the reason and exit code 0. A known weakness ends with 1.
"""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

__all__ = ["left_out", "main", "reason_against", "weaknesses"]

ROOT = Path(__file__).resolve().parent.parent
LOCK = ROOT / "requirements.lock"
PATIENCE = 300
_FIRST = re.compile(r"^click==\S+ \\\n(?: +--hash=\S+(?: \\)?\n)+", re.MULTILINE)


def main(arguments: Sequence[str] | None = None) -> int:
    """Print what is known against the locked packages, or why nothing can be told."""
    given = sys.argv[1:] if arguments is None else arguments
    with tempfile.TemporaryDirectory() as folder:
        one = Path(folder) / "one.txt"
        one.write_text(_FIRST.search(LOCK.read_text("utf-8"))[0], encoding="utf-8")  # type: ignore[index]
        if why := reason_against(*_asked(one, ())):
            print(f"pip-audit: the lock was not audited: {why}")
            return 0
    found, said = _asked(LOCK, given)
    if why := reason_against(found, said):
        print(f"pip-audit: the lock was not audited: {why}")
        return 0
    known = weaknesses(found)
    print(f"pip-audit: {len(found)} packages, {len(known)} known weaknesses")
    for line in (*known, *left_out(found)):
        print(f"  {line}")
    return 1 if known else 0


def _asked(requirements: Path, more: Sequence[str]) -> tuple[list[dict[str, Any]], str]:
    """Return what pip-audit found of each package, and what it said when it found nothing."""
    words = [sys.executable, "-m", "pip_audit", "--requirement", str(requirements)]
    words += ["--require-hashes", "--disable-pip", "--format", "json"]
    words += ["--progress-spinner", "off", "--timeout", "20"]
    try:
        done = subprocess.run(
            [*words, *more], capture_output=True, text=True, timeout=PATIENCE, check=False
        )
    except subprocess.TimeoutExpired:
        return [], f"no answer within {PATIENCE} s"
    try:
        return json.loads(done.stdout)["dependencies"], ""
    except (ValueError, KeyError, TypeError):
        lines = done.stderr.strip().splitlines() or ["no answer"]
        return [], re.sub(r"https?://\S+", "…", lines[-1])[:300]


def reason_against(found: Sequence[dict[str, Any]], said: str) -> str:
    """Return why an answer tells nothing; "" where it tells something."""
    if not found:
        return said or "no package was looked at"
    skipped = [own["skip_reason"] for own in found if own.get("skip_reason")]
    if len(skipped) == len(found):
        return f"the advisory source that is reached from here has no advisories ({skipped[0]})"
    return ""


def weaknesses(found: Sequence[dict[str, Any]]) -> list[str]:
    """Return a line for each known weakness."""
    lines = []
    for own in found:
        for weakness in own.get("vulns", ()):
            mended = ", ".join(weakness.get("fix_versions", ())) or "no version"
            lines.append(f"{own['name']} {own['version']}: {weakness['id']}, mended in {mended}")
    return lines


def left_out(found: Sequence[dict[str, Any]]) -> list[str]:
    """Return a line for each package that the source says nothing about."""
    skipped = [(own["name"], own["skip_reason"]) for own in found if own.get("skip_reason")]
    return [f"not looked up: {name} ({why})" for name, why in skipped]


if __name__ == "__main__":
    sys.exit(main())
