"""Register a model again and again, each time killed before another commit of the store.

Run as a program: it forks. It prints as JSON how many commits there are, and what was wrong.
"""

from __future__ import annotations

import functools
import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from city_resilience.models.bundle import load_bundle
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.manifest import FORMAT_VERSION
from city_resilience.reading.panel import Panel
from city_resilience.reading.read import read_panel
from city_resilience.tracking import registration
from city_resilience.tracking.champions import history_of
from city_resilience.tracking.leftovers import PENDING
from city_resilience.tracking.registry import list_models
from city_resilience.tracking.runs import track
from city_resilience.tracking.store import Store, open_store
from city_resilience.tracking.verdict import Reason, Verdict

GOLDEN = Path(__file__).parents[1] / "golden" / f"bundle_{FORMAT_VERSION}"


def killed_before(number: int) -> None:
    """Let this process end, as by kill -9, before its commit of a number that changes something."""
    left, changed = [number], [False]

    @event.listens_for(Engine, "before_cursor_execute")
    def note(_: Any, __: Any, statement: str, *___: Any) -> None:
        changed[0] |= statement.lstrip().startswith(("INSERT", "UPDATE", "DELETE"))

    @event.listens_for(Engine, "commit")
    def count(_: Any) -> None:
        left[0] -= changed[0]
        if changed[0] and left[0] == 0:
            os._exit(9)
        changed[0] = False


def save_little(path: Path, bundle: Path, *_: Any) -> None:
    """Save a bundle as a model without what MLflow adds to serve it, which takes seconds."""
    shutil.copytree(bundle, path / "artifacts" / "bundle")
    (path / "MLmodel").write_text("")


STORE = {"artifacts", "mlflow.db", "mlflow.db.lock", "mlflow.db.turn"}
FOLDER = GOLDEN / "growth_gap" / "model"
LOWER = Verdict((Reason.of("lower", challenger=1.0, champion=2.0, horizon=1, won=1, years=1),))


@functools.cache
def model() -> tuple[Forecaster, Panel]:
    """Return a forecaster, and the panel that it was trained on."""
    forecaster = load_bundle(FOLDER)
    data = forecaster.experiment.data
    return forecaster, read_panel(GOLDEN / "panel.csv", data, outcome="gdp_real")


def train(store: Store, files: Path) -> None:
    """Do what ``train`` does with a store."""
    registration._save_model = save_little
    registration.copy_bundle = shutil.copytree
    folder, (forecaster, panel) = FOLDER, model()
    with track(store, forecaster.experiment, fingerprint="f00") as run:
        run.candidate("ridge")
        run.artifacts(files)
        with store.turn():
            registration.register(run, folder, forecaster, panel, verdict=LOWER)


def forked(work: Any, *arguments: Any, number: int = 0) -> int:
    """Return with which code a child ended that did the work."""
    own = os.fork()
    if own == 0:
        try:
            killed_before(number)
            work(*arguments)
        except BaseException as error:
            print(repr(error), file=sys.stderr)
            os._exit(1)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(own, 0)[1])


def state(place: Path) -> dict[str, Any]:
    """Return what the next command finds in a store, which it opens."""
    store = open_store(str(place), create=False)
    client = store.client
    ids = [found.experiment_id for found in client.search_experiments()]
    versions = list_models(store)
    models = client.search_logged_models(ids)
    runs = {v.run_id for v in versions}
    kept = {Path(v.source.removeprefix("file://")).parent for v in versions}
    kept |= {place / "artifacts" / "growth_gap" / run for run in runs}
    artifacts = place / "artifacts"
    folders = {*artifacts.glob("*/models/*"), *artifacts.glob("*/*")} - {
        *artifacts.glob("*/models")
    }
    return {
        "open": [r.info.run_id for r in client.search_runs(ids) if r.info.status == "RUNNING"],
        "versions": [v.version for v in versions],
        "champions": [v.version for v in versions if v.is_champion],
        "challengers": [v.version for v in versions if "challenger" in v.aliases],
        "pending": [v.version for v in versions if PENDING in v.tags],
        "history": [change.version for change in history_of("growth_gap", store)]
        if versions
        else [],
        "names": [m.name for m in client.search_registered_models()],
        "models": len(models) - len(versions),
        "status": sorted({str(m.status) for m in models}),
        "folders": sorted(str(f.relative_to(artifacts)) for f in folders ^ kept),
        "files": sorted({p.name for p in place.iterdir()} - STORE),
    }


def faults_of(found: dict[str, Any], made: int) -> list[str]:
    """Say what is wrong with a store of which so many versions were registered whole."""
    newest = found["versions"][:1]
    right = {
        "open": [],
        "champions": newest,
        "challengers": newest,
        "pending": [],
        "history": found["versions"][::-1],
        "names": ["growth_gap"] if newest else [],
        "models": 0,
        "folders": [],
        "files": [],
    }
    wrong = [f"{key}: {found[key]}" for key, value in right.items() if found[key] != value]
    return wrong + ([f"versions: {found['versions']}"] if len(found["versions"]) != made else [])


def main(numbers: Sequence[int]) -> None:
    """Kill at each commit, or at those of some numbers, on a store of no version and of one."""
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        files, once = Path(folder) / "files", Path(folder) / "once"
        files.mkdir()
        (files / "scores.csv").write_text("model\n")
        # Once for all children: what is imported, and the tables of a new store.
        empty = open_store(str(once), create=True)
        for name in ("first", "later"):
            (Path(folder) / name).mkdir()
            shutil.copyfile(once / "mlflow.db", Path(folder) / name / "mlflow.db")
        train(empty, files)
        state(once)
        kills = 0
        for name in ("first", "later"):
            kills += _killed(Path(folder) / name, files, numbers, faults)
    print(json.dumps({"kills": kills, "faults": faults}))


def _killed(place: Path, files: Path, numbers: Sequence[int], faults: list[str]) -> int:
    def work() -> None:
        train(open_store(str(place), create=True), files)

    made = forked(work) == 0 if place.name == "later" else 0
    for kills, number in enumerate(numbers or range(1, 200)):
        code = forked(work, number=number)
        found = state_in_child(place)
        whole = len(found["versions"]) > made
        made += whole
        faults += [f"{place.name} {number}: {fault}" for fault in faults_of(found, made)]
        print(place.name, number, code, file=sys.stderr)
        if code == 0 or (whole and place.name == "first"):
            return kills
    again = forked(work)
    found = state_in_child(place)
    faults += [f"again {again}: {fault}" for fault in faults_of(found, made + 1)]
    return len(numbers)


def state_in_child(place: Path) -> dict[str, Any]:
    """Return the state as another process finds it, so that this one keeps no connection."""
    reading, writing = os.pipe()
    if os.fork() == 0:
        try:
            os.write(writing, json.dumps(state(place)).encode()[:60000])
        except BaseException as error:
            print(repr(error), file=sys.stderr)
        os._exit(0)
    os.close(writing)
    with os.fdopen(reading) as pipe:
        text = pipe.read()
    os.wait()
    return json.loads(text)


if __name__ == "__main__":
    main([int(number) for number in sys.argv[1:]])
