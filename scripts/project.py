"""Run the command line from this checkout, installed or not.

MLflow builds the environment of `mlflow run` without the project itself; its entry points run
this file: python scripts/project.py VERB ...
"""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "src"))

from city_resilience.commands.main import entry

if __name__ == "__main__":
    entry()
