"""A signed bundle is told from a changed one, an unsigned one, and one that others signed."""

from __future__ import annotations

import json
import os
from pathlib import Path

import pytest

from bundle_inputs import small_forecaster, small_panel, write_panel
from city_resilience.commands.main import run
from city_resilience.errors import InputError
from city_resilience.models.bundle import load_bundle, save_bundle
from city_resilience.models.bundle_copy import copy_bundle, sign_bundle
from city_resilience.models.forecaster import Forecaster
from city_resilience.models.manifest import SIGNATURE, foreign_files

serialization = pytest.importorskip("cryptography.hazmat.primitives.serialization")
from cryptography.hazmat.primitives.asymmetric import ec, ed25519  # noqa: E402


def pem(key: object, password: bytes | None = None) -> bytes:
    cipher = serialization.NoEncryption()
    if password:
        cipher = serialization.BestAvailableEncryption(password)
    form = serialization.PrivateFormat.PKCS8
    return key.private_bytes(serialization.Encoding.PEM, form, cipher)  # type: ignore[attr-defined]


def public_pem(key: object) -> bytes:
    form = serialization.PublicFormat.SubjectPublicKeyInfo
    return key.public_key().public_bytes(serialization.Encoding.PEM, form)  # type: ignore[attr-defined]


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    key = ed25519.Ed25519PrivateKey.generate()
    (tmp_path / "key.pem").write_bytes(pem(key))
    (tmp_path / "key.pub").write_bytes(public_pem(key))
    return tmp_path / "key.pem", tmp_path / "key.pub"


@pytest.fixture(scope="module")
def forecaster(tmp_path_factory: pytest.TempPathFactory) -> Forecaster:
    return small_forecaster(small_panel(tmp_path_factory.mktemp("panel")))


@pytest.fixture
def folder(forecaster: Forecaster, tmp_path: Path) -> Path:
    return save_bundle(forecaster, tmp_path / "bundle")


def test_a_signed_bundle_loads_and_is_copied_with_its_signature(folder, keys, tmp_path):
    private, public = keys
    assert sign_bundle(folder, private) == folder / SIGNATURE
    assert load_bundle(folder, public).cities
    assert foreign_files(folder) == []
    assert load_bundle(copy_bundle(folder, tmp_path / "copy"), public).cities
    other = copy_bundle(folder, tmp_path / "anew", key=private)
    assert (other / SIGNATURE).read_bytes() == (folder / SIGNATURE).read_bytes()


def test_an_unsigned_bundle_is_refused(folder, keys):
    with pytest.raises(InputError, match=r"not signed, and --require-signature .*key\.pub asks"):
        load_bundle(folder, keys[1])


def test_a_bundle_that_was_changed_after_it_was_signed_is_refused(folder, keys):
    sign_bundle(folder, keys[0])
    path = folder / "manifest.json"
    manifest = json.loads(path.read_text("utf-8"))
    path.write_text(json.dumps(manifest | {"origin": 2012}), encoding="utf-8")
    assert load_bundle(folder).origin == 2012
    with pytest.raises(InputError, match=r"signature\.json: does not fit manifest\.json, which"):
        load_bundle(folder, keys[1])


def test_a_changed_file_is_refused_by_name_though_the_manifest_is_signed(folder, keys):
    sign_bundle(folder, keys[0])
    with (folder / "h1" / "ridge" / "linear.npz").open("ab") as file:
        file.write(b"x")
    with pytest.raises(InputError, match=r"linear\.npz: size or SHA-256 differs"):
        load_bundle(folder, keys[1])


def test_a_signature_of_another_key_is_refused(folder, keys, tmp_path):
    (tmp_path / "other.pem").write_bytes(pem(ed25519.Ed25519PrivateKey.generate()))
    sign_bundle(folder, tmp_path / "other.pem")
    with pytest.raises(InputError, match=r"signed with another key than .*key\.pub"):
        load_bundle(folder, keys[1])
    value = json.loads((folder / SIGNATURE).read_text())
    own = json.loads(sign_bundle(folder, keys[0]).read_text())
    forged = value | {"public_key": own["public_key"]}  # another's signature under this key's name
    (folder / SIGNATURE).write_text(json.dumps(forged))
    with pytest.raises(InputError, match="does not fit"):
        load_bundle(folder, keys[1])


@pytest.mark.parametrize("text", ["", "{", "[]", "{}", '{"format": 1}', "[" * 9000, "x" * 20_000])
def test_rubbish_is_no_signature(text, folder, keys):
    (folder / SIGNATURE).write_text(text)
    with pytest.raises(InputError, match=r"signature\.json: (not a signature|larger than)"):
        load_bundle(folder, keys[1])


def test_a_signature_that_is_no_base64_is_refused(folder, keys):
    path = sign_bundle(folder, keys[0])
    for wrong in ("~~", 5, None, "é"):
        path.write_text(json.dumps(json.loads(path.read_text()) | {"signature": wrong}))
        with pytest.raises(InputError, match=r"not a signature"):
            load_bundle(folder, keys[1])


def test_other_keys_are_refused_with_what_to_do(folder, keys, tmp_path):
    path = tmp_path / "odd.pem"
    path.write_bytes(pem(ec.generate_private_key(ec.SECP256R1())))
    with pytest.raises(InputError, match="a private key of another kind; give an Ed25519 one"):
        sign_bundle(folder, path)
    path.write_bytes(pem(ed25519.Ed25519PrivateKey.generate(), b"secret"))
    with pytest.raises(InputError, match="has a passphrase"):
        sign_bundle(folder, path)
    path.write_bytes(b"no key")
    with pytest.raises(InputError, match="not a private key in PEM"):
        sign_bundle(folder, path)
    sign_bundle(folder, keys[0])
    with pytest.raises(InputError, match="not a public key in PEM"):
        load_bundle(folder, keys[0])
    with pytest.raises(InputError, match="no such file"):
        load_bundle(folder, tmp_path / "absent.pub")


def test_keys_are_made_for_their_owner_alone(folder, tmp_path, capsys):
    assert run(["models", "keys", str(tmp_path / "mine")]) == 0
    private, public = tmp_path / "mine.pem", tmp_path / "mine.pub"
    assert os.name == "nt" or private.stat().st_mode & 0o077 == 0
    sign_bundle(folder, private)
    assert load_bundle(folder, public).cities
    before = private.read_bytes()
    assert run(["models", "keys", str(tmp_path / "mine")]) == 2
    assert "mine.pem: is there already" in capsys.readouterr().err
    assert private.read_bytes() == before
    assert run(["models", "keys", str(tmp_path / "absent" / "mine")]) == 2


def test_the_commands_sign_and_ask_for_it(folder, keys, tmp_path, capsys):
    private, public = keys
    out, copy = tmp_path / "out.csv", tmp_path / "copy"
    words = ["predict", "--data", str(write_panel(tmp_path)), "--out", str(out), "--drivers", "0"]
    words += ["--model", str(folder), "--require-signature", str(public)]
    assert run(words) == 2
    assert "not signed" in capsys.readouterr().err
    assert not out.exists()
    assert run(["models", "sign", str(folder), "--key", str(private)]) == 0
    assert run(words) == 0
    assert run(["models", "export", str(folder), str(copy), "--sign", str(private)]) == 0
    assert load_bundle(copy, public).cities
