"""The signature of a bundle: whoever has the public key can tell who made it.

The manifest is signed with Ed25519; as it has the SHA-256 of every file, no file can be changed
either. Keys are PEM files, as OpenSSL makes and reads them.
"""

from __future__ import annotations

import base64
import binascii
import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from city_resilience.errors import InputError
from city_resilience.foreign import read_bytes
from city_resilience.models.manifest import MANIFEST, SIGNATURE

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

__all__ = ["check_signature", "make_keys", "read_public_key", "signature_of"]

FORMAT = "city-resilience signature"
# Signed before the manifest, so that a signature of anything else is none of a bundle.
START = b"city-resilience bundle manifest\n"
MOST_BYTES = 16_384


def make_keys(name: Path | str) -> tuple[Path, Path]:
    """Write a new private key, which its owner alone may read, and its public key.

    Parameters
    ----------
    name : Path
        ``NAME.pem`` and ``NAME.pub`` are written.

    Raises
    ------
    InputError
        If one of them is there already, or they cannot be written.
    """
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    private = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    public = key.public_key().public_bytes(
        form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo
    )
    made = []
    for suffix, data, mode in ((".pem", private, 0o600), (".pub", public, 0o644)):
        path = Path(f"{name}{suffix}")
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        except FileExistsError as error:
            raise InputError(f"{path}: is there already; choose another name") from error
        except OSError as error:
            raise InputError(
                f"{path}: cannot be written ({error.strerror}); choose another place"
            ) from error
        with os.fdopen(handle, "wb") as file:
            file.write(data)
        made.append(path)
    return made[0], made[1]


def signature_of(manifest: bytes, key: Path | str) -> bytes:
    """Return the signature file of a manifest.

    Parameters
    ----------
    manifest : bytes
    key : Path
        An Ed25519 private key in PEM, without a passphrase.

    Raises
    ------
    InputError
        If it is none.
    """
    private = _private_key(Path(key))
    value = {
        "format": FORMAT,
        "kind": "Ed25519",
        "public_key": _text(private.public_key().public_bytes_raw()),
        "signature": _text(private.sign(START + manifest)),
    }
    return (json.dumps(value, indent=1) + "\n").encode()


def read_public_key(key: Path | str) -> Ed25519PublicKey:
    """Return an Ed25519 public key from a PEM file.

    Raises
    ------
    InputError
        If it is none.
    """
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    path = Path(key)
    data = _bytes(path)
    try:
        found = load_pem_public_key(data)
    except Exception as error:  # cryptography raises errors of several libraries
        raise InputError(
            f"{path}: not a public key in PEM; give the .pub file of models keys"
        ) from error
    if not isinstance(found, Ed25519PublicKey):
        raise InputError(f"{path}: a public key of another kind; give an Ed25519 one")
    return found


def check_signature(folder: Path, manifest: bytes, key: Path | str) -> None:
    """Refuse a bundle that the owner of a key did not sign.

    Parameters
    ----------
    folder : Path
        Holds the signature.
    manifest : bytes
        The manifest as it was read.
    key : Path
        The public key.

    Raises
    ------
    InputError
        If there is no signature, or it is of another key or another manifest.
    """
    from cryptography.exceptions import InvalidSignature

    public, path = read_public_key(key), folder / SIGNATURE
    if not path.is_file():
        raise InputError(
            f"{folder}: not signed, and --require-signature {key} asks for it; get a signed "
            "bundle, or sign it with models sign"
        )
    value = _signature(path)
    if value["public_key"] != _text(public.public_bytes_raw()):
        raise InputError(
            f"{path}: signed with another key than {key}; get the bundle from its owner"
        )
    try:
        public.verify(_decoded(value["signature"], path), START + manifest)
    except InvalidSignature:
        raise InputError(
            f"{path}: does not fit {MANIFEST}, which was changed after it was signed; get the "
            "bundle from its owner again"
        ) from None


def _signature(path: Path) -> dict[str, Any]:
    try:
        value = json.loads(_bytes(path))
    except (ValueError, RecursionError) as error:
        raise _damaged(path) from error
    keys = {"format", "kind", "public_key", "signature"}
    if not isinstance(value, dict) or value.keys() != keys:
        raise _damaged(path)
    if (value["format"], value["kind"]) != (FORMAT, "Ed25519"):
        raise _damaged(path)
    return value


def _damaged(path: Path) -> InputError:
    return InputError(f"{path}: not a signature of a bundle; get the bundle from its owner again")


def _decoded(text: Any, path: Path) -> bytes:
    try:
        return base64.b64decode(text, validate=True)
    except (binascii.Error, TypeError, ValueError) as error:
        raise _damaged(path) from error


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


def _private_key(path: Path) -> Ed25519PrivateKey:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.serialization import load_pem_private_key

    data = _bytes(path)
    try:
        found = load_pem_private_key(data, password=None)
    except TypeError as error:
        raise InputError(f"{path}: has a passphrase; give a key without one") from error
    except Exception as error:  # cryptography raises errors of several libraries
        raise InputError(f"{path}: not a private key in PEM; make one with models keys") from error
    if not isinstance(found, Ed25519PrivateKey):
        raise InputError(f"{path}: a private key of another kind; give an Ed25519 one")
    return found


def _bytes(path: Path) -> bytes:
    try:
        return read_bytes(path, MOST_BYTES, "neither a key nor a signature")
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file; correct the path") from error
