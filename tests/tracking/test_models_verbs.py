"""``models``: what is registered is listed, shown, copied out and in, and cleaned up."""

from __future__ import annotations

from pathlib import Path

import pytest

import city_resilience as cr
from bundle_inputs import small_experiment
from city_resilience.commands.main import run
from city_resilience.errors import InputError
from city_resilience.models.bundle import load_bundle
from city_resilience.models.manifest import FORMAT_VERSION
from city_resilience.tracking import housekeeping
from city_resilience.tracking.leftovers import PROCESS
from city_resilience.tracking.runs import Run, track
from city_resilience.tracking.store import Store, open_store
from places import ROOT

pytestmark = [pytest.mark.tracking, pytest.mark.usefixtures("copied_stores")]

BUNDLE = ROOT / "tests" / "golden" / f"bundle_{FORMAT_VERSION}" / "growth_gap" / "model"


@pytest.fixture(autouse=True)
def nowhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("MLFLOW_TRACKING_URI", "MLFLOW_REGISTRY_URI", "MLFLOW_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)


def failed_run(store: Store, files: Path) -> Run:
    """Return a run that failed after it had got its files."""
    files.mkdir()
    (files / "a.csv").write_text("a")
    try:
        with track(store, small_experiment(), fingerprint="f00") as own:
            own.artifacts(files)
            raise KeyError
    except KeyError:
        return own


def test_a_bundle_goes_into_a_store_and_comes_out_the_same(tmp_path, capsys):
    assert run(["models", "import", str(BUNDLE), "--store", "store"]) == 0
    assert capsys.readouterr().out == "Registered: growth_gap/1 as challenger and champion\n"
    assert cr.import_model(BUNDLE, "store").aliases == ("challenger",)
    assert run(["models", "export", "growth_gap@champion", "out", "--store", "store"]) == 0
    capsys.readouterr()
    assert {p.name: p.read_bytes() for p in Path("out").rglob("*") if p.is_file()} == {
        p.name: p.read_bytes() for p in BUNDLE.rglob("*") if p.is_file()
    }
    assert load_bundle(cr.export_model("growth_gap", "out", "store")).origin
    assert [v.version for v in cr.list_models("store")] == [2, 1]
    assert run(["models", "show", "growth_gap/1", "--store", "store"]) == 0
    shown = capsys.readouterr().out
    assert "growth_gap/1 (champion)" in shown
    assert "(simulated)" in shown
    for horizon, entry in cr.show_model("growth_gap", "store").manifest.horizons.items():
        assert f"h = {horizon}" in shown
        assert all(f"{name} {w:.2f}" in shown for name, w in entry.weights.items() if w)


def test_no_folder_that_is_no_bundle_is_imported(tmp_path):
    (tmp_path / "notes").mkdir()
    with pytest.raises(InputError, match="missing"):
        cr.import_model("notes", "store")
    assert not (tmp_path / "store").exists()


def test_what_nothing_needs_is_listed_first_and_removed_when_asked(tmp_path, capsys):
    for _ in range(3):
        cr.import_model(BUNDLE, "store")
    store = open_store("store", create=True)
    own = failed_run(store, tmp_path / "files")
    logged = store.client.create_logged_model(own.experiment_id, name="lost")
    orphan = tmp_path / "store" / "artifacts" / "growth_gap" / "models" / "m-0"
    orphan.mkdir()
    assert run(["models", "gc", "--store", "store"]) == 0
    text = capsys.readouterr().out
    assert f"artifacts/small/{own.run_id}" in text
    assert "3 items" in text
    assert "would be removed; give --yes to do it" in text
    assert orphan.exists()
    found = cr.clean_store("store", keep=1)
    assert {(own.kind, own.name) for own in found} == {
        ("version", "growth_gap/2"),
        ("files", f"artifacts/small/{own.run_id}"),
        ("files", "artifacts/growth_gap/models/m-0"),
        ("model", logged.model_id),
    }
    assert sum(own.size for own in found) > 1000
    assert run(["models", "gc", "--keep", "1", "--yes", "--store", "store"]) == 0
    assert "removed" in capsys.readouterr().out
    assert cr.clean_store("store", keep=1) == []
    assert [v.version for v in cr.list_models("store")] == [3, 1]
    for version in cr.list_models("store"):
        assert cr.show_model(version.reference, "store").folder.is_dir()


def test_an_open_run_of_another_machine_is_left_for_a_week(tmp_path, monkeypatch):
    store = open_store("store", create=True)
    own = store.client.create_run(
        store.experiment_id("elsewhere"), tags={PROCESS: "1.1.000000.000000.000000"}
    )
    assert cr.clean_store("store", yes=True) == []
    monkeypatch.setattr(housekeeping, "OPEN_DAYS", -1)
    assert [found.kind for found in cr.clean_store("store", yes=True)] == ["run"]
    assert store.client.get_run(own.info.run_id).info.status == "KILLED"


def test_a_server_cleans_up_itself():
    with pytest.raises(InputError, match="run 'mlflow gc' where it runs"):
        housekeeping.find_needless(Store("http://tracking.example:5000", ""))
