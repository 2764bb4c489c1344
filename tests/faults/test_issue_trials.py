"""The issuing of a forecast, killed: what was issued stays, and the next one goes on from it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from places import ROOT

STEPS = Path(__file__).parents[1] / "helpers" / "killed_issues.py"
SCRIPT = ROOT / "scripts" / "issue_trials.py"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks")


def found(*words: str) -> dict[str, object]:
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    done = subprocess.run(
        [sys.executable, *words],
        env=plain,
        capture_output=True,
        text=True,
        check=False,
        timeout=3600,
    )
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def test_a_kill_at_any_operation_leaves_all_of_an_issue_or_nothing():
    result = found(str(STEPS))
    assert result["faults"] == []
    assert result["killed"] > result["issued"] > 0


@pytest.mark.slow
@pytest.mark.tracking
def test_a_hundred_kills_and_eight_at_once_change_nothing_that_was_issued():
    result = found(str(SCRIPT), "--kills", "100", "--writers", "8")
    assert result["faults"] == []
    assert result["killed"] >= 50
    assert result["issued by several at once"] == 24
