"""Scripts of trials, run in a process of their own; they print what they found as JSON."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any


def found_by(script: Path, **numbers: int) -> dict[str, Any]:
    """Run a script with numbers as its options, without the MLflow settings of this process."""
    words = [word for name, number in numbers.items() for word in (f"--{name}", str(number))]
    plain = {name: value for name, value in os.environ.items() if not name.startswith("MLFLOW_")}
    done = subprocess.run(
        [sys.executable, str(script), *words],
        env=plain,
        capture_output=True,
        text=True,
        check=False,
        timeout=3600,
    )
    assert done.stdout, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found
