"""A stored forecaster is the forecaster, and a damaged one is refused in one line."""

from __future__ import annotations

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest

from bundle_inputs import small_forecaster, small_panel
from city_resilience.errors import InputError
from city_resilience.experiment.load import experiment_from
from city_resilience.models.bundle import load_bundle, save_bundle
from city_resilience.models.bundle_copy import copy_bundle
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.manifest import is_bundle, read_manifest
from city_resilience.reading.panel import Panel


@pytest.fixture(scope="module")
def panel(tmp_path_factory: pytest.TempPathFactory) -> Panel:
    return small_panel(tmp_path_factory.mktemp("panel"))


@pytest.fixture(scope="module")
def forecaster(panel: Panel) -> Forecaster:
    return small_forecaster(panel)


@pytest.fixture
def folder(forecaster: Forecaster, tmp_path: Path) -> Path:
    return save_bundle(forecaster, tmp_path / "bundle")


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def edit(folder: Path, **changes: object) -> dict[str, object]:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text(encoding="utf-8"))
    manifest.update(changes)
    path.write_text(json.dumps(manifest), encoding="utf-8")
    return manifest


def replace_file(folder: Path, name: str, data: bytes) -> None:
    """Put other bytes in place of a file and sign them, as an attacker would."""
    (folder / name).write_bytes(data)
    manifest = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))
    manifest["files"][name] = {"sha256": hashlib.sha256(data).hexdigest(), "size": len(data)}
    edit(folder, files=manifest["files"])


def test_loaded_forecaster_forecasts_to_the_last_bit(
    forecaster: Forecaster, folder: Path, panel: Panel
) -> None:
    loaded = load_bundle(folder)
    pd.testing.assert_frame_equal(
        loaded.forecast(loaded.rows(panel)),
        forecaster.forecast(forecaster.rows(panel)),
        check_exact=True,
    )
    for horizon, model in forecaster.horizons.items():
        again = loaded.horizons[horizon]
        assert again.spec == model.spec
        assert list(again.weights.items()) == list(model.weights.items())
    assert loaded.experiment.digest() == forecaster.experiment.digest()
    assert (loaded.origin, loaded.cities) == (forecaster.origin, forecaster.cities)
    assert loaded.fingerprint == panel.fingerprint()


def test_a_bundle_carries_no_places_of_a_map(
    forecaster: Forecaster, folder: Path, tmp_path: Path
) -> None:
    values = forecaster.experiment.model_dump(mode="json")
    values["data"]["coordinates"] = "private/where.csv"
    mapped = replace(forecaster, experiment=experiment_from(values, "test"))
    stored = contents(save_bundle(mapped, tmp_path / "mapped"))
    assert stored == contents(folder)
    assert not any(b"where.csv" in data or b"coordinates" in data for data in stored.values())


def test_a_bundle_names_no_folder_of_other_files(forecaster: Forecaster, tmp_path: Path) -> None:
    values = forecaster.experiment.model_dump(mode="json")
    values["data"]["vintages"] = {"2020-03-30": "private/first.csv"}
    values["early"] = {"accounts": {"path": "private/early.csv", "group": "province"}}
    values["early"]["accounts"] |= {"column": "GDP index", "kind": "index", "delay_days": 45}
    own = replace(forecaster, experiment=experiment_from(values, "test"))
    stored = contents(save_bundle(own, tmp_path / "own"))
    assert not any(b"private" in data for data in stored.values())
    data = load_bundle(tmp_path / "own").experiment
    assert data.data.vintages == {"2020-03-30": "first.csv"}
    assert data.early["accounts"].path == ""


def test_same_forecaster_gives_the_same_bytes(
    forecaster: Forecaster, folder: Path, tmp_path: Path
) -> None:
    again = save_bundle(load_bundle(folder), tmp_path / "again")
    assert contents(again) == contents(folder)


def test_bundle_holds_no_path_and_no_pickle(folder: Path) -> None:
    assert read_manifest(folder).experiment["data"]["path"] == ""
    suffixes = {Path(name).suffix for name in contents(folder)}
    assert suffixes <= {".json", ".md", ".npz", ".gz"}


def test_older_bundle_is_replaced_and_nothing_else_is(
    forecaster: Forecaster, folder: Path, tmp_path: Path
) -> None:
    before = contents(folder)
    save_bundle(forecaster, folder)
    assert contents(folder) == before
    (folder / "notes.txt").write_text("mine")
    with pytest.raises(InputError, match=r"holds 'notes.txt', which is not part of the bundle"):
        save_bundle(forecaster, folder)
    other = tmp_path / "other"
    other.mkdir()
    (other / "thesis.docx").write_text("mine")
    with pytest.raises(InputError, match="not empty and not a model bundle"):
        save_bundle(forecaster, other)
    assert (other / "thesis.docx").read_text() == "mine"
    assert sorted(p.name for p in tmp_path.iterdir()) == ["bundle", "other"]


def test_failed_save_leaves_nothing(
    forecaster: Forecaster, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("city_resilience.files.os.replace", fail)
    with pytest.raises(InputError, match=r"cannot be written .No space left on device"):
        save_bundle(forecaster, tmp_path / "bundle")
    assert list(tmp_path.iterdir()) == []


def test_copy_is_checked(folder: Path, tmp_path: Path) -> None:
    copy = copy_bundle(folder, tmp_path / "copy")
    assert contents(copy) == contents(folder)
    (folder / "MODEL_CARD.md").write_text("better than it is")
    with pytest.raises(InputError, match="SHA-256 differs"):
        copy_bundle(folder, tmp_path / "second")
    assert not (tmp_path / "second").exists()


def test_missing_folder_and_manifest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such model folder"):
        load_bundle(tmp_path / "nowhere")
    with pytest.raises(InputError, match=r"manifest\.json: missing; name a model folder"):
        load_bundle(tmp_path)
    assert not is_bundle(tmp_path)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "not valid JSON"),
        ("[" * 100_000, "not valid JSON"),
        ("[]", "not the manifest of a city-resilience bundle"),
        ('{"format": "else"}', "not the manifest of a city-resilience bundle"),
        ('{"format": "city-resilience bundle", "format_version": 9}', "format version 9 is not"),
        (
            '{"format": "city-resilience bundle", "format_version": 3}',
            "is of an older program, this one reads 6; train the model again",
        ),
        ('{"format": "city-resilience bundle", "format_version": 6}', "key 'package_version'"),
    ],
)
def test_damaged_manifest(folder: Path, text: str, message: str) -> None:
    (folder / "manifest.json").write_text(text)
    with pytest.raises(InputError, match=message) as error:
        load_bundle(folder)
    assert "\n" not in str(error.value)


def test_a_horizon_that_is_not_there_is_missed(folder: Path) -> None:
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text())
    manifest["experiment"]["outcome"]["horizons"] = [1, 2, 3]
    path.write_text(json.dumps(manifest))
    with pytest.raises(InputError, match=r"horizons \[.*\], its experiment asks for \[1, 2, 3\]"):
        load_bundle(folder)


def test_changed_cut_and_missing_files(folder: Path) -> None:
    path = folder / "h1" / "ridge" / "linear.npz"
    data = path.read_bytes()
    path.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
    with pytest.raises(InputError, match=r"linear\.npz: size or SHA-256 differs"):
        load_bundle(folder)
    path.write_bytes(data[:-1])
    with pytest.raises(InputError, match=r"linear\.npz: size or SHA-256 differs"):
        load_bundle(folder)
    path.unlink()
    with pytest.raises(InputError, match=r"linear\.npz: listed in manifest\.json but missing"):
        load_bundle(folder)


@pytest.mark.parametrize(
    "name", ["../outside.npz", "/etc/passwd", "h1/../../x", "h1\\..\\x", "C:/x", "", "h1//x", "."]
)
def test_names_that_leave_the_folder(folder: Path, name: str) -> None:
    files = json.loads((folder / "manifest.json").read_text(encoding="utf-8"))["files"]
    edit(folder, files=files | {name: {"sha256": "0" * 64, "size": 1}})
    with pytest.raises(InputError, match="is not allowed in a bundle"):
        load_bundle(folder)


def test_link_that_leaves_the_folder(folder: Path, tmp_path: Path) -> None:
    path = folder / "h1" / "ridge" / "linear.npz"
    outside = tmp_path / "outside.npz"
    outside.write_bytes(path.read_bytes())
    path.unlink()
    path.symlink_to(outside)
    with pytest.raises(InputError, match="a link that leaves the bundle"):
        load_bundle(folder)


@pytest.mark.parametrize("data", [b"", b"PK\x05\x06", b"not a zip", bytes(1000)])
@pytest.mark.parametrize("name", ["h1/ridge/linear.npz", "h1/xgboost/trees.json.gz"])
def test_signed_rubbish_is_refused(folder: Path, name: str, data: bytes) -> None:
    replace_file(folder, name, data)
    with pytest.raises(InputError, match="horizon 1, "):
        load_bundle(folder)


def test_pickle_in_an_array_file_is_never_loaded(folder: Path, tmp_path: Path) -> None:
    import io
    import zipfile

    import numpy as np

    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return (Path.touch, (tmp_path / "executed",))

    member = io.BytesIO()
    np.lib.format.write_array(member, np.array([Trap()], dtype=object), allow_pickle=True)
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("coefficients.npy", member.getvalue())
    replace_file(folder, "h1/ridge/linear.npz", archive.getvalue())
    with pytest.raises(InputError, match=r"linear\.npz"):
        load_bundle(folder)
    assert not (tmp_path / "executed").exists()


def test_array_that_claims_to_be_huge_is_refused(folder: Path) -> None:
    import io
    import zipfile

    header = "{'descr': '<f8', 'fortran_order': False, 'shape': (10000000000000,), }"
    padded = header.ljust(117) + "\n"
    member = b"\x93NUMPY\x01\x00" + len(padded).to_bytes(2, "little") + padded.encode()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as file:
        file.writestr("coefficients.npy", member)
    replace_file(folder, "h1/ridge/linear.npz", archive.getvalue())
    with pytest.raises(InputError, match="horizon 1, ridge"):
        load_bundle(folder)


def test_unknown_kind_and_missing_member(folder: Path) -> None:
    horizons = edit(folder)["horizons"]
    horizons["1"]["members"]["ridge"]["kind"] = "linea"  # type: ignore[index]
    edit(folder, horizons=horizons)
    with pytest.raises(InputError, match="kind 'linea' is not known; nearest: 'linear'"):
        load_bundle(folder)
    horizons["1"]["members"]["ridge"] = {"kind": "linear", "files": []}  # type: ignore[index]
    edit(folder, horizons=horizons)
    with pytest.raises(InputError, match=r"ridge: linear\.npz: missing from the model"):
        load_bundle(folder)
    del horizons["1"]["members"]["ridge"]  # type: ignore[index]
    edit(folder, horizons=horizons)
    with pytest.raises(InputError, match="weight of 'ridge' has no member"):
        load_bundle(folder)


def test_card_is_kept_as_it_was_given(forecaster: Forecaster, tmp_path: Path) -> None:
    folder = save_bundle(forecaster, tmp_path / "b", card_text="# Model card: mine 模型\n")
    copy = copy_bundle(folder, tmp_path / "copy")
    assert (copy / "MODEL_CARD.md").read_text(encoding="utf-8") == "# Model card: mine 模型\n"
    without = save_bundle(forecaster, tmp_path / "c")
    assert (without / "MODEL_CARD.md").read_text() == "# Model card: A small simulated panel\n"
