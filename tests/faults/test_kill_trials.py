"""A short form of ``scripts/kill_trials.py``: kills at random moments, many at once."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from places import ROOT

pytestmark = [
    pytest.mark.tracking,
    pytest.mark.skipif(sys.platform == "win32", reason="forks"),
]

SCRIPT = ROOT / "scripts" / "kill_trials.py"


def trials(**numbers: int) -> dict[str, object]:
    words = [word for name, number in numbers.items() for word in (f"--{name}", str(number))]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *words],
        env=plain,
        capture_output=True,
        text=True,
        check=False,
        timeout=3600,
    )
    assert done.stdout, done.stderr
    return json.loads(done.stdout)


def test_a_few_kills_and_a_few_at_once_lose_nothing():
    found = trials(kills=2, trains=2, predicts=4, flips=4)
    assert found["faults"] == []
    assert found["trained at once"] == 2
    assert found["flips"] >= 4


@pytest.mark.slow
def test_many_kills_and_many_at_once_lose_nothing():
    found = trials(kills=40, trains=8, predicts=30, flips=60)
    assert found["faults"] == []
    assert found["trained at once"] == 8
