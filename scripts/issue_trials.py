"""Kill the issuing of forecasts at random moments, and issue many at once: nothing issued changes.

Half of the kills hit ``predict --issue`` anywhere in its course, half the issuing alone. Each is a
process of its own, forked from one that has imported what it needs, and ended by ``kill -9``.

Usage: python scripts/issue_trials.py [--kills 100] [--writers 8]
Prints counts as JSON; the exit code is 1 where anything was wrong.
"""

from __future__ import annotations

import argparse
import contextlib
import hashlib
import io
import json
import os
import random
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
from kill_trials import EXPERIMENT, STORE, ended, started, write_panel

from city_resilience.commands.main import run
from city_resilience.commands.predict import predict
from city_resilience.issued.issuing import Made, Traced, issue_forecast
from city_resilience.issued.record import INDEX, read_issues
from city_resilience.issued.scoring import scored_rows
from city_resilience.models.bundle import load_bundle
from city_resilience.reading.read import read_panel
from city_resilience.tasks.dataset import build_dataset
from city_resilience.tracking.issued_copies import COPIES
from city_resilience.tracking.registry import champion_of
from city_resilience.tracking.store import open_store

__all__ = ["main"]

RECORD, ORIGIN = Path("issued"), 2015
ISSUE = ("predict", "--data", "a.csv", "--out", "forecast.csv", "--model", "tiny", *STORE)
WORDS = [*ISSUE, "--origin", str(ORIGIN), "--drivers", "0", "--issue", "--record", str(RECORD)]


@dataclass
class Trials:
    """What was issued so far, by its files, and what was found."""

    kept: dict[str, str] = field(default_factory=dict)
    counts: dict[str, int] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)

    def check(self, right: bool, what: str) -> None:
        """Note what is wrong."""
        if not right:
            self.faults.append(what)

    def look(self, at: str) -> int:
        """Check that all that was issued is as it was, and count what is new."""
        now = sums()
        changed = [name for name, own in self.kept.items() if now.get(name) != own]
        self.check(not changed, f"{at}: changed or gone: {changed}")
        before = len({name.split("/")[0] for name in self.kept})
        try:
            issues = read_issues(RECORD)
            whole = len(issues.issued) == len({name.split("/")[0] for name in now})
            self.check(whole and len(issues.table) > 0, f"{at}: the record has a part of an issue")
        except Exception as error:
            self.check(False, f"{at}: {error}")
        self.kept = now
        return len({name.split("/")[0] for name in now}) - before


def sums() -> dict[str, str]:
    """Return the SHA-256 of each file that was issued, of issues that stand in the record."""
    folder = RECORD / "tiny"
    files = [path for path in folder.glob("[0-9]*/*") if path.name != INDEX]
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(files)
    }


def main() -> None:
    """Run the trials and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, number in (("kills", 100), ("writers", 8), ("each", 3)):
        parser.add_argument(f"--{name}", type=int, default=number)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        (Path(folder) / "tmp").mkdir()
        os.environ["TMPDIR"], tempfile.tempdir = str(Path(folder) / "tmp"), None
        os.chdir(folder)
        trials, made = Trials(), prepared()
        trials.look("the first issue")
        scores = scored()
        kill_at_random(trials, made, given.kills, random.Random(given.seed))
        issue_at_once(trials, made, given.writers, given.each)
        check_end(trials, scores)
        os.chdir("/")
    print(json.dumps({**trials.counts, "faults": trials.faults}, indent=1))
    sys.exit(bool(trials.faults))


def prepared() -> Made:
    """Train a tiny model, issue its first forecast, and return what is issued from now on."""
    shutil.copy(EXPERIMENT, "tiny.toml")
    write_panel("a", seed=0)
    with contextlib.redirect_stdout(io.StringIO()):
        assert run(["train", "tiny.toml", "--data", "a.csv", "--out", "out", *STORE]) == 0
        assert run(WORDS) == 0
        result = predict("a.csv", "tiny", store="store", origin=ORIGIN, drivers=0)
    assert result.rows is not None
    return Made(result.forecaster, result.rows, result.table)


def issue_alone(made: Made) -> int:
    """Issue a forecast that is there already."""
    issue_forecast(RECORD, made, Traced("tiny/1", "", "", newest=False))
    return 0


def kill_at_random(trials: Trials, made: Made, kills: int, chance: random.Random) -> None:
    """Kill the issuing, each time at a random moment of the time that it takes."""
    works: list[Callable[[], int]] = [lambda: run(WORDS), lambda: issue_alone(made)]
    took = [_seconds(work) for work in works]
    trials.look("two issues to their end")
    killed = added = 0
    for number in range(kills):
        kind = number % 2
        process = started(works[kind])
        time.sleep(chance.uniform(0, took[kind]))
        os.kill(process, signal.SIGKILL)
        killed += ended(process) == -signal.SIGKILL
        new = trials.look(f"kill {number}")
        trials.check(new in (0, 1), f"kill {number}: {new} issues of one")
        added += new
        if number % 10 == 9:
            trials.check(ended(started(works[1])) == 0, f"kill {number}: no issue after it")
            trials.check(trials.look(f"after kill {number}") == 1, f"kill {number}: not one after")
            left = [path.name for path in (RECORD / "tiny").glob(".writing-*")]
            trials.check(not left, f"kill {number}: left {left}")
    trials.counts |= {"killed": killed, "killed after they had issued": added}


def _seconds(work: Callable[[], int]) -> float:
    begin = time.monotonic()
    assert ended(started(work)) == 0
    return time.monotonic() - begin


def issue_at_once(trials: Trials, made: Made, writers: int, each: int) -> None:
    """Let several processes issue at once."""

    def work() -> int:
        return max(issue_alone(made) for _ in range(each))

    codes = [ended(own) for own in [started(work) for _ in range(writers)]]
    trials.check(codes == [0] * writers, f"{writers} at once ended with {codes}")
    new = trials.look(f"{writers} at once")
    trials.check(new == writers * each, f"{new} issues of {writers * each}")
    trials.counts["issued by several at once"] = new


def scored() -> pd.DataFrame:
    """Score the first issue from the record, by the panel's own later years."""
    settings = load_bundle("out/model").experiment
    panel = read_panel("a.csv", settings.data, outcome=settings.outcome)
    issues = read_issues(RECORD)
    table = issues.table
    first = table[table["issue"] == issues.issued[0].id]
    return scored_rows(first, {"newest": build_dataset(panel, settings)})


def check_end(trials: Trials, scores: pd.DataFrame) -> None:
    """Check the order of all issues, their copies in MLflow, and the scores of the first one."""
    issues = read_issues(RECORD)
    ids = [one.id for one in issues.issued]
    trials.check(
        [one.supersedes for one in issues.issued] == ["", *ids[:-1]], "issues are out of order"
    )
    trials.check(len(issues.standing) == 1, f"{len(issues.standing)} issues stand")
    trials.check(len(scores) > 0 and scores.equals(scored()), "the scores of the record differ")
    trials.check(ended(started(lambda: run(WORDS))) == 0, "predict cannot issue at the end")
    trials.look("the last issue")
    store = open_store("store", create=False)
    version = champion_of("tiny", store)
    assert version is not None
    tags = store.client.get_run(version.run_id).data.tags
    missing = [
        one.id
        for one in read_issues(RECORD).issued
        if tags.get(f"{COPIES}.{one.id}") != issues_sum(one.id)
    ]
    trials.check(not missing, f"not in MLflow: {missing}")
    trials.counts |= {"issued in all": len(ids) + 1}


def issues_sum(id: str) -> str:
    """Return the SHA-256 of the ``issue.json`` of an id."""
    return hashlib.sha256((RECORD / "tiny" / id / "issue.json").read_bytes()).hexdigest()


if __name__ == "__main__":
    main()
