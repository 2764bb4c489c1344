"""Register a model again and again, each time killed before another commit of the store.

Run as a program: it forks. It prints as JSON how many commits there are, and what was wrong.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.engine import Engine

from city_resilience.models.bundle import copy_bundle, load_bundle
from city_resilience.models.manifest import FORMAT_VERSION
from city_resilience.reading.read import read_panel
from city_resilience.tracking import registration
from city_resilience.tracking.gate import Verdict
from city_resilience.tracking.leftovers import PENDING
from city_resilience.tracking.registry import list_models
from city_resilience.tracking.runs import track
from city_resilience.tracking.store import Store, open_store

GOLDEN = Path(__file__).parents[1] / "golden" / f"bundle_{FORMAT_VERSION}"


def killed_before(number: int) -> None:
    """Let this process end, as by kill -9, before its commit of a number."""
    left = [number]

    @event.listens_for(Engine, "commit")
    def count(_: Any) -> None:
        left[0] -= 1
        if left[0] == 0:
            os._exit(9)


def save_little(path: Path, bundle: Path, *_: Any) -> None:
    """Save a bundle as a model without what MLflow adds to serve it, which takes seconds."""
    copy_bundle(bundle, path / "artifacts" / "bundle")
    (path / "MLmodel").write_text("")


def train(store: Store, files: Path) -> None:
    """Do what ``train`` does with a store."""
    registration._save_model = save_little
    folder = GOLDEN / "growth_gap" / "model"
    forecaster = load_bundle(folder)
    panel = read_panel(GOLDEN / "panel.csv", forecaster.experiment.data, outcome="gdp_real")
    with track(store, forecaster.experiment, fingerprint="f00") as run:
        run.candidate("ridge")
        run.artifacts(files)
        with store.turn():
            registration.register(run, folder, forecaster, panel, verdict=Verdict("lower"))


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
    kept = {Path(v.source.removeprefix("file://")) for v in versions}
    folders = set((place / "artifacts").glob("*/models/*"))
    return {
        "open": [r.info.run_id for r in client.search_runs(ids) if r.info.status == "RUNNING"],
        "versions": [v.version for v in versions],
        "champions": [v.version for v in versions if v.is_champion],
        "challengers": [v.version for v in versions if "challenger" in v.aliases],
        "pending": [v.version for v in versions if PENDING in v.tags],
        "names": [m.name for m in client.search_registered_models()],
        "models": len(models) - len(versions),
        "status": sorted({str(m.status) for m in models}),
        "folders": sorted(str(f.name) for f in folders ^ {f for f in kept if f.exists()}),
        "files": sorted(p.name for p in place.iterdir()),
    }


def faults_of(found: dict[str, Any], made: int) -> list[str]:
    """Say what is wrong with a store of which so many versions were registered whole."""
    newest = found["versions"][:1]
    right = {
        "open": [],
        "champions": newest,
        "challengers": newest,
        "pending": [],
        "names": ["growth_gap"] if newest else [],
        "models": 0,
        "folders": [],
        "files": ["artifacts", "mlflow.db", "mlflow.db.lock", "mlflow.db.turn"],
    }
    wrong = [f"{key}: {found[key]}" for key, value in right.items() if found[key] != value]
    return wrong + ([f"versions: {found['versions']}"] if len(found["versions"]) != made else [])


def main(first: bool) -> None:
    """Kill at each commit, on a store of no version or of one."""
    faults: list[str] = []
    with tempfile.TemporaryDirectory() as folder:
        place, files = Path(folder) / "store", Path(folder) / "files"
        files.mkdir()
        (files / "scores.csv").write_text("model\n")
        forked(lambda: open_store(str(place), create=True))
        made = 0
        if not first:
            made += forked(lambda: train(open_store(str(place), create=True), files)) == 0
        for number in range(1, 200):
            before = state_in_child(place)
            code = forked(lambda: train(open_store(str(place), create=True), files), number=number)
            after = state_in_child(place)
            whole = len(after["versions"]) - len(before["versions"])
            made += whole
            faults += [f"{number}: {fault}" for fault in faults_of(after, made)]
            if code == 0:
                break
            if first and whole:
                break
    print(json.dumps({"commits": number, "faults": faults, "made": made}))


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
    main(first=sys.argv[1:] == ["first"])
