"""The issuing of a forecast, killed: what was issued stays, and the next one goes on from it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from places import ROOT
from trial_runs import found_by

STEPS = Path(__file__).parents[1] / "helpers" / "killed_issues.py"
SCRIPT = ROOT / "scripts" / "issue_trials.py"

pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="forks")


def test_a_kill_at_any_operation_leaves_all_of_an_issue_or_nothing():
    result = found_by(STEPS)
    assert result["faults"] == []
    assert result["killed"] > result["issued"] > 0


@pytest.mark.slow
@pytest.mark.tracking
def test_a_hundred_kills_and_eight_at_once_change_nothing_that_was_issued():
    result = found_by(SCRIPT, kills=100, writers=8)
    assert result["faults"] == []
    assert result["killed"] >= 50
    assert result["issued by several at once"] == 24
