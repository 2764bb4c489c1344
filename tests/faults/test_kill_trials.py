"""A short form of ``scripts/kill_trials.py``: kills at random moments, many at once."""

from __future__ import annotations

import sys

import pytest

from places import ROOT
from trial_runs import found_by

pytestmark = [
    pytest.mark.tracking,
    pytest.mark.skipif(sys.platform == "win32", reason="forks"),
]

SCRIPT = ROOT / "scripts" / "kill_trials.py"


@pytest.mark.slow
def test_a_few_kills_and_a_few_at_once_lose_nothing():
    found = found_by(SCRIPT, kills=2, trains=2, predicts=4, flips=4)
    assert found["faults"] == []
    assert found["trained at once"] == 2
    assert found["flips"] >= 4


@pytest.mark.slow
def test_many_kills_and_many_at_once_lose_nothing():
    found = found_by(SCRIPT, kills=40, trains=8, predicts=30, flips=60)
    assert found["faults"] == []
    assert found["trained at once"] == 8
