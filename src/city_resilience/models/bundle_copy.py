"""Copy a bundle, or sign it."""

from __future__ import annotations

from pathlib import Path

from city_resilience.errors import InputError
from city_resilience.files import write_bytes, write_folder
from city_resilience.models.bundle import load_bundle
from city_resilience.models.manifest import (
    MANIFEST,
    SIGNATURE,
    check_replaceable,
    read_files,
    read_manifest,
)
from city_resilience.models.signature import signature_of
from city_resilience.unfinished import unmoved

__all__ = ["copy_bundle", "sign_bundle"]


def copy_bundle(source: Path | str, folder: Path | str, *, key: Path | None = None) -> Path:
    """Check a bundle and copy it; the new folder appears whole or not at all.

    Parameters
    ----------
    key : Path, optional
        A private key that signs the copy, see `signature_of`; a signature is copied otherwise.

    Raises
    ------
    InputError
        As for `load_bundle` and `save_bundle`.
    """
    source, folder = Path(source), Path(folder)
    load_bundle(source)
    check_replaceable(folder)
    content = unmoved(source, _whole)
    if key is not None:
        content |= {SIGNATURE: signature_of(content[MANIFEST], key)}
    return write_folder(content, folder)


def sign_bundle(folder: Path | str, key: Path | str) -> Path:
    """Check a bundle and sign it; returns where the signature is.

    Raises
    ------
    InputError
        As for `load_bundle`, or if the key is not usable.
    """
    folder = Path(folder)
    load_bundle(folder)
    content = unmoved(folder, _whole)
    return write_bytes(signature_of(content[MANIFEST], key), folder / SIGNATURE)


def _whole(folder: Path) -> dict[str, bytes]:
    data = (folder / MANIFEST).read_bytes()
    content = read_files(folder, read_manifest(folder))
    if (folder / MANIFEST).read_bytes() != data:
        raise InputError(f"{folder}: changed while it was read; run the command again")
    signature = folder / SIGNATURE
    signed = {SIGNATURE: signature.read_bytes()} if signature.is_file() else {}
    return content | {MANIFEST: data} | signed
