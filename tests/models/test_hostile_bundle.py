"""No code runs from a bundle; one that could forecast nothing, or no numbers, is refused."""

from __future__ import annotations

import ast
import hashlib
import json
import pickle
import subprocess
import sys
import zipfile
from pathlib import Path

import numpy as np
import pytest

from bundle_inputs import small_forecaster, small_panel, write_panel
from city_resilience.commands.predict import predict
from city_resilience.errors import InputError
from city_resilience.models.bundle import load_bundle, save_bundle
from places import ROOT

MODULES = {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "marshal", "shelve", "skops"}
CALLS = {"eval", "exec", "compile", "read_pickle", "to_pickle", "__import__"}
ALLOWED = {"re.compile"}
# Loads a bundle and tells what ran meanwhile that has no place there.
PROGRAM = """
import sys
from city_resilience.models.bundle import load_bundle
from city_resilience.errors import InputError
seen = []
watched = ("pickle.find_class", "os.system", "subprocess.Popen", "os.exec", "socket.connect")
def hook(event, args):
    if event in watched or event == "open" and str(args[0]).endswith("executed"):
        seen.append(event)
sys.addaudithook(hook)
try:
    load_bundle(sys.argv[1])
except InputError as error:
    print("refused")
print(seen)
"""


class Trap:
    """Writes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[object, tuple[object, ...]]:
        return open, (str(self.path), "w")


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return save_bundle(small_forecaster(small_panel(tmp_path)), tmp_path / "bundle")


def put(folder: Path, name: str, data: bytes) -> None:
    (folder / name).write_bytes(data)
    manifest = json.loads((folder / "manifest.json").read_text("utf-8"))
    manifest["files"][name] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    change(folder, files=manifest["files"])


def change(folder: Path, **values: object) -> None:
    path = folder / "manifest.json"
    path.write_text(json.dumps(json.loads(path.read_text("utf-8")) | values), encoding="utf-8")


def unsafe(path: Path) -> list[str]:
    """Return what of a module could run what a file says."""
    found = []
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            found += [own.name for own in node.names if own.name.partition(".")[0] in MODULES]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] in MODULES:
            found.append(str(node.module))
        elif isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            given = {key.arg: ast.unparse(key.value) for key in node.keywords}
            if called not in ALLOWED and called.rpartition(".")[2] in CALLS:
                found.append(called)
            if given.get("allow_pickle", "False") != "False":
                found.append("allow_pickle")
    return found


def test_no_module_unpickles_or_runs_text(tmp_path):
    modules = sorted((ROOT / "src").rglob("*.py"))
    assert len(modules) > 300
    # What a process sends to its own workers, through a pipe or Dask's connection; never a file.
    own = {"companion.py": ["pickle"], "machines/parcels.py": ["pickle", "cloudpickle"]}
    source = ROOT / "src" / "city_resilience"
    found = {path.relative_to(source).as_posix(): unsafe(path) for path in modules}
    assert {name: calls for name, calls in found.items() if calls} == own
    bad = "import pickle\nfrom joblib import load\nnp.load(f, allow_pickle=True)\neval('1')\n"
    (tmp_path / "bad.py").write_text(bad)
    assert sorted(unsafe(tmp_path / "bad.py")) == ["allow_pickle", "eval", "joblib", "pickle"]


def test_no_file_of_a_bundle_is_a_pickle(folder):
    for path in folder.rglob("*"):
        if not path.is_file():
            continue
        assert not path.read_bytes().startswith(b"\x80"), path
        if path.suffix == ".npz":
            with zipfile.ZipFile(path) as archive:
                for name in archive.namelist():
                    with archive.open(name) as member:
                        version = np.lib.format.read_magic(member)
                        assert version == (1, 0)
                        dtype = np.lib.format.read_array_header_1_0(member)[2]
                        assert not dtype.hasobject


def test_a_bundle_of_traps_runs_nothing(folder, tmp_path):
    trap = pickle.dumps(Trap(tmp_path / "executed"))
    files = json.loads((folder / "manifest.json").read_text("utf-8"))["files"]
    for name in files:
        put(folder, name, trap)
    for extra in ("sitecustomize.py", "__init__.py", "python_model.pkl", "conftest.py"):
        (folder / extra).write_bytes(trap)
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(folder)], capture_output=True, text=True, check=True
    )
    assert done.stdout.splitlines() == ["refused", "[]"]
    assert not (tmp_path / "executed").exists()


@pytest.mark.parametrize(
    ("cities", "message"),
    [
        ([], "no training cities"),
        (["a", "a"], "a training city without a name, or twice"),
        (["a", ""], "a training city without a name, or twice"),
    ],
)
def test_cities_that_are_none_are_refused(cities, message, folder):
    change(folder, cities=cities)
    with pytest.raises(InputError, match=rf"manifest\.json: {message}; copy the whole bundle"):
        load_bundle(folder)


def test_nations_of_other_cities_are_refused(folder):
    change(folder, nations=["x"])
    with pytest.raises(InputError, match="1 nations of 30 training cities"):
        load_bundle(folder)


@pytest.mark.parametrize(
    ("weights", "message"),
    [
        ({}, "no member has a weight above zero"),
        ({"ridge": 0.0, "xgboost": 0.0, "extra_trees": 0.0}, "no member has a weight above zero"),
        ({"ridge": 1.0}, "member 'extra_trees' has no weight"),
        ({"ridge": 1.0, "xgboost": 0, "extra_trees": 0, "alien": 1}, "'alien' has no member"),
        ({"ridge": -1.0, "xgboost": 1, "extra_trees": 1}, "weight of 'ridge'"),
        ({"ridge": float("inf"), "xgboost": 1, "extra_trees": 1}, "key 'horizons"),
        ({"ridge": float("nan"), "xgboost": 1, "extra_trees": 1}, "key 'horizons"),
    ],
)
def test_empty_and_foreign_weights_are_refused(weights, message, folder):
    horizons = json.loads((folder / "manifest.json").read_text("utf-8"))["horizons"]
    horizons["1"]["weights"] = weights
    change(folder, horizons=horizons)
    with pytest.raises(InputError, match=message):
        load_bundle(folder)


def test_a_file_under_a_name_that_is_taken_is_refused(folder):
    put(folder, "signature.json", b"{}")
    with pytest.raises(InputError, match=r"'signature\.json' is not allowed in a bundle"):
        load_bundle(folder)


def test_forecasts_that_are_no_numbers_are_refused(folder, tmp_path):
    horizons = json.loads((folder / "manifest.json").read_text("utf-8"))["horizons"]
    horizons["1"]["weights"]["ridge"] = 1e308
    horizons["1"]["weights"]["xgboost"] = 1e308
    change(folder, horizons=horizons)
    data, out = write_panel(tmp_path), tmp_path / "out.csv"
    with pytest.raises(InputError, match=r"the model gives no number for \d+ of 60 forecasts"):
        predict(data, folder, out=out, drivers=0)
    assert not out.exists()
