"""A registration that is killed before a commit of the store: the next command takes it back."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

HELPER = Path(__file__).parents[1] / "helpers" / "killed_commits.py"
BEFORE = ("9", "12")
"""The version is about to come, and its alias; all commits: no number."""

pytestmark = [
    pytest.mark.tracking,
    pytest.mark.skipif(sys.platform == "win32", reason="forks"),
]


def killed(*numbers: str) -> dict[str, object]:
    done = subprocess.run(
        [sys.executable, str(HELPER), *numbers],
        capture_output=True,
        text=True,
        check=False,
        timeout=900,
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_a_kill_before_a_commit_leaves_versions_and_aliases_as_they_were():
    found = killed(*BEFORE)
    assert found["faults"] == []
    assert found["kills"] == 2 * len(BEFORE)


@pytest.mark.slow
def test_a_kill_before_any_commit_leaves_versions_and_aliases_as_they_were():
    found = killed()
    assert found["faults"] == []
    assert found["kills"] > 20
