"""Kill commands at random moments, and run many at once: nothing may be lost or mixed.

Each command is a process of its own, forked from one that has imported what it needs, and ended by
``kill -9``. Two made-up panels give two models, so that a mixture of two runs shows.

Usage: python scripts/kill_trials.py [--kills 200] [--trains 8] [--predicts 100] [--flips 200]
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
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from city_resilience.commands.main import run
from city_resilience.commands.models import list_models
from city_resilience.models.bundle import load_bundle
from city_resilience.tracking.leftovers import PENDING
from city_resilience.tracking.store import open_store

__all__ = ["EXPERIMENT", "STORE", "ended", "main", "started", "write_panel"]

EXPERIMENT = Path(__file__).resolve().with_name("tiny.toml")
REASON = ("--reason", "a trial")
STORE = ("--store", "store")
SAME = ("forecast.csv", "scores.csv", "drivers.parquet", "model/manifest.json")
"""Files of a run that are the same whenever a panel is trained on."""
LEFT = (".writing-", ".city-resilience-", "city-resilience-")


@dataclass
class Trials:
    """Where trials run, and what was found."""

    place: Path
    known: dict[str, dict[str, str]] = field(default_factory=dict)
    forecasts: dict[str, str] = field(default_factory=dict)
    faults: list[str] = field(default_factory=list)
    counts: Counter[str] = field(default_factory=Counter)

    def check(self, right: bool, what: str) -> None:
        """Note what is wrong."""
        if not right:
            self.faults.append(what)


def main() -> None:
    """Run the trials and print what was found."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, number in (("kills", 200), ("trains", 8), ("predicts", 100), ("flips", 200)):
        parser.add_argument(f"--{name}", type=int, default=number)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--minutes", type=float, default=600, help="Kill no longer than this.")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        (place / "tmp").mkdir()
        os.environ["TMPDIR"], tempfile.tempdir = str(place / "tmp"), None
        os.chdir(place)
        trials = Trials(place)
        prepare(trials)
        kill_at_random(trials, given.kills, given.minutes, random.Random(given.seed))
        train_at_once(trials, given.trains)
        predict_while_models_flip(trials, given.predicts, given.flips)
        os.chdir("/")
    print(json.dumps({**trials.counts, "faults": trials.faults}, indent=1))
    sys.exit(bool(trials.faults))


def started(work: Callable[[], int]) -> int:
    """Start a process that does some work; returns its id."""
    own = os.fork()
    if own:
        return own
    code = 1
    try:
        with open("said", "a", encoding="utf-8") as said:
            os.dup2(said.fileno(), 1)
            os.dup2(said.fileno(), 2)
            code = work()
            sys.stdout.flush()
    finally:
        os._exit(code)


def ended(process: int) -> int:
    """Return with which code a process ends."""
    return os.waitstatus_to_exitcode(os.waitpid(process, 0)[1])


def command(*words: str) -> int:
    """Run a command in a process of its own, to its end."""
    return ended(started(lambda: run([*words])))


def train_words(panel: str, store: str = "store", out: str = "out") -> list[str]:
    """Return the command that trains on a panel."""
    return ["train", "tiny.toml", "--data", f"{panel}.csv", "--out", out, "--store", store]


def predict_words(model: str, out: str, panel: str = "a") -> list[str]:
    """Return the command that forecasts with a model."""
    words = ["predict", "--data", f"{panel}.csv", "--model", model, "--out", out]
    return [*words, "--drivers", "0", *STORE]


def write_panel(panel: str, seed: int) -> None:
    """Write a panel of 24 made-up towns and 18 years."""
    growth = np.random.default_rng(seed).normal(0.06, 0.03, (24, 18))
    output = 100 * np.exp(np.cumsum(growth, axis=1))
    rows = [f"Town {i:02d},{2000 + t},{output[i, t]:.3f}" for i in range(24) for t in range(18)]
    Path(f"{panel}.csv").write_text("\n".join(["city,year,gdp_real", *rows]) + "\n", "utf-8")


def prepare(trials: Trials) -> None:
    """Write the panels, train on each, and note what both runs leave and forecast."""
    shutil.copy(EXPERIMENT, "tiny.toml")
    for seed, panel in enumerate("ab"):
        write_panel(panel, seed)
    for version, panel in enumerate("ab", start=1):
        with contextlib.redirect_stdout(io.StringIO()):  # here, so that all is imported once
            assert run(train_words(panel)) == 0
            trials.known[panel] = hashes(Path("out"))
            assert run(predict_words(f"tiny/{version}", f"{panel}_forecast.csv")) == 0
            trials.forecasts[panel] = digest(Path(f"{panel}_forecast.csv"))
            assert run(["models", "export", f"tiny/{version}", "served", *STORE]) == 0
            assert run(["report", "--model", f"tiny/{version}", "--out", "r.html", *STORE]) == 0
    assert trials.known["a"] != trials.known["b"]


def digest(path: Path) -> str:
    """Return the SHA-256 of a file, "" for none."""
    return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else ""


def hashes(out: Path) -> dict[str, str]:
    """Return the digests of the files of a run that tell its panel."""
    return {name: digest(out / name) for name in SAME}


def kill_at_random(trials: Trials, kills: int, minutes: float, chance: random.Random) -> None:
    """Kill commands, each at a random moment of the time that it takes."""
    names = ("train", "train", "predict", "promote", "export", "report")
    took = {name: 2.0 if name == "train" else 0.5 for name in names}  # learnt as it goes on
    until = time.monotonic() + 60 * minutes
    for number in range(kills):
        if time.monotonic() > until:
            break
        name, panel = chance.choice(names), chance.choice("ab")
        words = words_of(name, panel)
        process = started(lambda words=words: run([*words]))  # type: ignore[misc]
        time.sleep(chance.uniform(0, took[name]))
        os.kill(process, signal.SIGKILL)
        trials.counts[f"killed {name}"] += ended(process) == -signal.SIGKILL
        at = f"kill {number} of {name}"
        _check_outputs(trials, f"{at}, at once")
        trials.check(command("models", "list", *STORE) == 0, f"{at}: the store cannot be read")
        begin = time.monotonic()
        trials.check(command(*words) == 0, f"{at}: the command fails when it is run again")
        took[name] = (took[name] + time.monotonic() - begin) / 2
        _check_outputs(trials, f"{at}, again")
        _check_store(trials, at)
        own = f"-{os.getpid()}."  # of this program, which goes on
        left = [p for p in _folders(trials.place) if p.name.startswith(LEFT) and own not in p.name]
        trials.check(not left, f"{at}: left {[str(p) for p in left]}")


def words_of(name: str, panel: str) -> list[str]:
    """Return the words of a command."""
    version = "1" if panel == "a" else "2"
    return {
        "train": train_words(panel),
        "predict": predict_words("tiny@champion", "forecast.csv"),
        "promote": ["promote", f"tiny/{version}", "--force", *REASON, *STORE],
        "export": ["models", "export", "tiny@champion", "served", *STORE],
        "report": ["report", "--model", "tiny@champion", "--out", "r.html", *STORE],
    }[name]


def _folders(place: Path) -> list[Path]:
    near = (place, place / "tmp", place / "out", place / "store")
    return [path for folder in near for path in folder.iterdir()]


def _check_outputs(trials: Trials, at: str) -> None:
    """Check that each output is of one run, whole."""
    trials.check(hashes(Path("out")) in trials.known.values(), f"{at}: the folder is mixed")
    try:
        load_bundle("served")
    except Exception as error:
        trials.check(False, f"{at}: the exported bundle: {error}")
    forecast, manifest = Path("forecast.csv"), Path("forecast.csv.manifest.json")
    if manifest.is_file():
        said = json.loads(manifest.read_text(encoding="utf-8"))
        trials.check(said["sha256"] == digest(forecast), f"{at}: forecast and manifest differ")
        right = digest(forecast) in trials.forecasts.values()
        trials.check(right, f"{at}: the forecast is of no model")
    ends = Path("r.html").read_text(encoding="utf-8").rstrip().endswith("</html>")
    trials.check(ends, f"{at}: the report is cut")


def _check_store(trials: Trials, at: str) -> None:
    def work() -> int:
        store = open_store("store", create=False)
        ids = [own.experiment_id for own in store.client.search_experiments()]
        running = store.client.search_runs(ids, filter_string="attributes.status = 'RUNNING'")
        versions = list_models("store")
        one = sum(version.is_champion for version in versions) == 1
        pending = [version for version in versions if PENDING in version.tags]
        return 0 if one and not running and not pending else 3

    trials.check(ended(started(work)) == 0, f"{at}: the store has open runs or no one champion")


def train_at_once(trials: Trials, trains: int) -> None:
    """Start several trainings on a store that is not there yet."""
    processes = [
        started(lambda own=own: run(train_words("a", "fresh", f"out_{own}")))  # type: ignore[misc]
        for own in range(trains)
    ]
    codes = [ended(process) for process in processes]
    trials.check(codes == [0] * trains, f"{trains} trainings at once ended with {codes}")
    versions = list_models("fresh")
    words = Counter(version.tags["gate"] for version in versions)
    champions = [version.version for version in versions if version.is_champion]
    first = {version.tags["gate"] for version in versions if version.version == 1}
    trials.check(len(versions) == trains, f"{len(versions)} versions of {trains}")
    trials.check(len(champions) == 1, f"champions: {champions}")
    alone = all(words[said] == 1 for said in first)
    trials.check(alone and len(words) == min(trains, 2), f"words: {dict(words)}")
    trials.counts["trained at once"] += len(versions)


def predict_while_models_flip(trials: Trials, predicts: int, flips: int) -> None:
    """Forecast by alias and by folder while both change hands."""

    def flip() -> int:
        for number in range(10**6):
            version = 1 + number % 2
            codes = [
                run(["promote", f"tiny/{version}", "--force", *REASON, *STORE]),
                run(["models", "export", f"tiny/{version}", "served", *STORE]),
            ]
            with open("flips", "a", encoding="utf-8") as file:
                file.write("x" * (2 if codes == [0, 0] else 0) + "!" * (codes != [0, 0]))
            if Path("stop").exists():
                return 0
        return 0

    def forecast(numbers: range) -> int:
        codes = {
            run(predict_words("tiny@champion" if n % 2 else "served", f"many_{n}.csv"))
            for n in numbers
        }
        return max(codes)

    Path("flips").write_text("", encoding="utf-8")
    flipping = started(flip)
    half = predicts // 2
    parts = (range(half), range(half, predicts))
    codes = [ended(own) for own in [started(lambda p=p: forecast(p)) for p in parts]]  # type: ignore[misc]
    while len(Path("flips").read_text(encoding="utf-8")) < flips:
        time.sleep(0.2)
    Path("stop").write_text("", encoding="utf-8")
    trials.check(ended(flipping) == 0, "the flips ended badly")
    trials.check(codes == [0, 0], f"forecasts ended with {codes}")
    done = Path("flips").read_text(encoding="utf-8")
    trials.check("!" not in done, f"{done.count('!')} flips failed")
    of = Counter(_model_of(trials, Path(f"many_{n}.csv")) for n in range(predicts))
    trials.check(set(of) <= set(trials.known), f"forecasts of {dict(of)}")
    trials.counts["flips"] += len(done)
    trials.counts["forecasts while models flipped"] += predicts


def _model_of(trials: Trials, path: Path) -> str:
    """Return of which model a forecast is, "" where it is of none or its manifest says another."""
    manifest = path.with_name(path.name + ".manifest.json")
    if not manifest.is_file():
        return "no manifest"
    said = json.loads(manifest.read_text(encoding="utf-8"))
    if said["sha256"] != digest(path):
        return "other manifest"
    found = [name for name, value in trials.forecasts.items() if value == said["sha256"]]
    return found[0] if found else "none"


if __name__ == "__main__":
    main()
