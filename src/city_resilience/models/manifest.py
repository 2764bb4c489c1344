"""The manifest of a bundle: what the folder holds, and the check that it holds just that.

A bundle is data. Nothing in it is executed, and nothing is read before its name, size and
SHA-256 agree with the manifest.
"""

from __future__ import annotations

import hashlib
import json
import re
from pathlib import Path
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, FiniteFloat, ValidationError

from city_resilience.errors import InputError
from city_resilience.foreign import read_bytes

__all__ = [
    "CARD",
    "CARD_HEAD",
    "FORMAT",
    "FORMAT_VERSION",
    "MANIFEST",
    "SIGNATURE",
    "FileEntry",
    "HorizonEntry",
    "Manifest",
    "MemberEntry",
    "NowcastEntry",
    "check_replaceable",
    "foreign_files",
    "is_bundle",
    "manifest_bytes",
    "parse_manifest",
    "read_files",
    "read_manifest",
]

FORMAT = "city-resilience bundle"
FORMAT_VERSION = 6
MANIFEST = "manifest.json"
SIGNATURE = "signature.json"
"""Stands beside the manifest of a bundle that is signed, see `signature`."""
CARD = "MODEL_CARD.md"
CARD_HEAD = "# Model card: "
MAX_MANIFEST_BYTES = 8 * 2**20
MAX_FILE_BYTES = 64 * 2**20
MAX_TOTAL_BYTES = 256 * 2**20
MAX_FILES = 500
_PART = re.compile(r"[A-Za-z0-9_][A-Za-z0-9_.-]{0,99}")
_OF_HORIZON = re.compile(r"(structural/)?h\d+/([\w-]+/)?[\w-]+\.(npz|json\.gz)")


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FileEntry(_Strict):
    """Size in bytes and SHA-256 of one file."""

    sha256: str = Field(pattern=r"^[0-9a-f]{64}$")
    size: int = Field(ge=0, le=MAX_FILE_BYTES)


class MemberEntry(_Strict):
    """One fitted model: its kind and its files, by their names within the bundle."""

    kind: str
    files: tuple[str, ...]


class IndexEntry(_Strict):
    """A composite index among the columns, as it was fitted."""

    family: str
    components: tuple[str, ...]
    method: str
    offset: tuple[FiniteFloat, ...]
    scale: tuple[FiniteFloat, ...]
    weights: tuple[FiniteFloat, ...]


class SlopesEntry(_Strict):
    """How far an early release moves the forecasts of a horizon, by kind of city."""

    release: str
    way: Literal["growth", "ranks"]
    by_kind: dict[str, tuple[FiniteFloat, FiniteFloat]]
    gain: FiniteFloat


class NowcastEntry(_Strict):
    """What turns the forecast of a horizon into a nowcast."""

    steps: tuple[tuple[SlopesEntry, ...], ...]
    calibrations: dict[str, str] = Field(default_factory=dict)


class HorizonEntry(_Strict):
    """The model of one horizon; the order of weights is the order of summation."""

    columns: tuple[tuple[str, str], ...]
    shifts: dict[str, int]
    limits: dict[str, int]
    weights: dict[str, FiniteFloat]
    slope: float = Field(default=1.0, ge=0, le=1)
    members: dict[str, MemberEntry]
    dropped: dict[str, str] = Field(default_factory=dict)
    indices: dict[str, IndexEntry] = Field(default_factory=dict)
    calibration: str = ""
    nowcast: NowcastEntry | None = None


class LevelEntry(_Strict):
    """Level of a column in the years of the training panel, see `ColumnLevel`."""

    first: int = Field(ge=0, le=9999)
    medians: tuple[FiniteFloat | None, ...] = Field(min_length=1)


class Manifest(_Strict):
    """All that a bundle says about itself.

    Attributes
    ----------
    versions : mapping of str to str
        Python and the packages that numbers depend on, as they were when the model was fitted.
    experiment : mapping
        The experiment, to be checked by ``experiment_from``.
    cities : tuple of str
        Training cities.
    horizons, structural : mapping of int to HorizonEntry
        The two views; the second may be empty.
    fingerprint : str
        Fingerprint of the training panel.
    composite : mapping or None
        Ranges and weights of a composite outcome, to be checked by ``FittedComposite``.
    nations : tuple of str
        Nation of each training city; empty where all are of one.
    levels : mapping of str to LevelEntry
        Level of each column of the training panel, beside which newer panels are held.
    files : mapping of str to FileEntry
        Every file of the bundle but the manifest.
    notes : tuple of str
        What rests on a sample of a tall panel.
    """

    format: str
    format_version: int
    package_version: str
    versions: dict[str, str]
    experiment: dict[str, Any]
    origin: int
    cities: tuple[str, ...]
    horizons: dict[int, HorizonEntry]
    structural: dict[int, HorizonEntry] = Field(default_factory=dict)
    fingerprint: str = ""
    simulated: bool = False
    composite: dict[str, Any] | None = None
    nations: tuple[str, ...] = ()
    levels: dict[str, LevelEntry] = Field(default_factory=dict)
    notes: tuple[str, ...] = ()
    files: dict[str, FileEntry]


def is_bundle(folder: Path) -> bool:
    """Say whether a folder holds a manifest of this format, whatever its version."""
    try:
        value = _json(_bytes(folder / MANIFEST), folder / MANIFEST)
    except InputError:
        return False
    return isinstance(value, dict) and value.get("format") == FORMAT


def foreign_files(folder: Path) -> list[str]:
    """Return what in a folder is no part of a bundle, so that no bundle may replace the folder.

    A bundle that lost its manifest, or has one of another format version, is known by its model
    card and the names of its files.

    Returns
    -------
    list of str
        Names relative to the folder; empty where it is empty or holds a bundle alone.
    """
    inside = [path for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()]
    found = {path.relative_to(folder).as_posix() for path in inside or folder.iterdir()}
    try:
        own = {MANIFEST, SIGNATURE, *read_manifest(folder).files}
    except InputError:
        parts = {name for name in found if _OF_HORIZON.fullmatch(name)}
        own = {MANIFEST, SIGNATURE, CARD, *parts} if parts and _has_card(folder) else set()
    return sorted(found - own)


def check_replaceable(folder: Path) -> None:
    """Refuse to put a bundle where anything but a bundle is.

    Raises
    ------
    InputError
        If the folder holds anything that is not part of a bundle.
    """
    if not folder.exists() and not folder.is_symlink():
        return
    if folder.is_symlink() or not folder.is_dir():
        raise InputError(f"{folder}: exists and is no plain folder; choose another name")
    foreign = foreign_files(folder)
    if foreign and not is_bundle(folder):
        raise InputError(f"{folder}: not empty and not a model bundle; choose another folder")
    if foreign:
        raise InputError(
            f"{folder}: holds {foreign[0]!r}, which is not part of the bundle; move it away first"
        )


def _has_card(folder: Path) -> bool:
    """Say whether a model card of ours lies in a folder, and no manifest of something else."""
    try:
        value = _json(_bytes(folder / MANIFEST), folder / MANIFEST)
    except InputError:  # missing or damaged
        value = {"format": FORMAT}
    ours = isinstance(value, dict) and value.get("format") == FORMAT
    card = folder / CARD
    return ours and card.is_file() and card.read_bytes().startswith(CARD_HEAD.encode())


def read_manifest(folder: Path | str) -> Manifest:
    """Read and check the manifest of a bundle; the files themselves are not opened.

    Raises
    ------
    InputError
        If the folder or its manifest is missing, is no manifest of a known format version, or
        lists a name that leaves the folder.
    """
    return parse_manifest(manifest_bytes(folder), Path(folder) / MANIFEST)


def manifest_bytes(folder: Path | str) -> bytes:
    """Read the manifest of a bundle as it stands.

    Raises
    ------
    InputError
        If the folder or its manifest is missing, or it is far too large.
    """
    folder = Path(folder)
    if not folder.is_dir():
        raise InputError(
            f"{folder}: no such model folder; name a folder that holds {MANIFEST}, or a "
            "registered model as NAME@champion or NAME/VERSION"
        )
    return _bytes(folder / MANIFEST)


def parse_manifest(data: bytes, path: Path) -> Manifest:
    """Check a manifest that was read from a path; see `read_manifest`."""
    value = _json(data, path)
    if not isinstance(value, dict) or value.get("format") != FORMAT:
        raise InputError(f"{path}: not the manifest of a {FORMAT}; name another folder")
    version = value.get("format_version")
    if version != FORMAT_VERSION:
        older = isinstance(version, int) and version < FORMAT_VERSION
        what = "is of an older program" if older else "is not known"
        do = "train the model again" if older else "update city-resilience or train it again"
        raise InputError(
            f"{path}: format version {version!r} {what}, this one reads {FORMAT_VERSION}; {do}"
        )
    try:
        manifest = Manifest.model_validate(value)
    except ValidationError as error:
        problem = error.errors()[0]
        key = ".".join(str(part) for part in problem["loc"])
        raise InputError(f"{path}: key {key!r}: {problem['msg']}; {_AGAIN}") from error
    _check_names(manifest, path)
    _check_sound(manifest, path)
    return manifest


def read_files(folder: Path | str, manifest: Manifest) -> dict[str, bytes]:
    """Read every file the manifest lists, once each, and check size and SHA-256.

    Raises
    ------
    InputError
        If a file is missing, leaves the folder through a link, or is not the one listed.
    """
    folder = Path(folder)
    root = folder.resolve()
    content = {}
    for name, entry in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise InputError(f"{path}: listed in {MANIFEST} but missing; {_AGAIN}")
        if not path.resolve().is_relative_to(root):
            raise InputError(f"{path}: a link that leaves the bundle; {_AGAIN}")
        with path.open("rb") as file:
            data = file.read(entry.size + 1)
        if len(data) != entry.size or hashlib.sha256(data).hexdigest() != entry.sha256:
            raise InputError(
                f"{path}: size or SHA-256 differs from {MANIFEST}, the file was changed or cut; "
                f"{_AGAIN}"
            )
        content[name] = data
    return content


_AGAIN = "copy the whole bundle again or train the model again"


def _bytes(path: Path) -> bytes:
    try:
        return read_bytes(path, MAX_MANIFEST_BYTES, _AGAIN)
    except FileNotFoundError as error:
        do = "name a model folder written by train or models export"
        raise InputError(f"{path}: missing; {do}") from error


def _json(data: bytes, path: Path) -> Any:
    try:
        return json.loads(data)
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: not valid JSON ({error}); {_AGAIN}") from error


def _check_sound(manifest: Manifest, path: Path) -> None:
    """Refuse a manifest from which nothing, or nothing of its own, could be forecast."""
    cities = manifest.cities
    if not all(cities) or len(set(cities)) != len(cities) or not cities:
        found = "no training cities" if not cities else "a training city without a name, or twice"
        raise InputError(f"{path}: {found}; {_AGAIN}")
    if len(manifest.nations) not in (0, len(cities)):
        raise InputError(
            f"{path}: {len(manifest.nations)} nations of {len(cities)} training cities; {_AGAIN}"
        )
    views = (("", manifest.horizons), ("structural ", manifest.structural))
    for view, horizon, entry in ((name, h, own) for name, of in views for h, own in of.items()):
        at = f"{path}: {view}horizon {horizon}"
        if not any(weight > 0 for weight in entry.weights.values()):
            raise InputError(f"{at}: no member has a weight above zero; {_AGAIN}")
        if foreign := sorted(entry.members.keys() - entry.weights.keys()):
            raise InputError(f"{at}: member {foreign[0]!r} has no weight; {_AGAIN}")


def _check_names(manifest: Manifest, path: Path) -> None:
    for name in manifest.files:
        parts = name.split("/")
        if name in (MANIFEST, SIGNATURE) or not all(map(_PART.fullmatch, parts)):
            raise InputError(f"{path}: file name {name!r} is not allowed in a bundle; {_AGAIN}")
    total = sum(entry.size for entry in manifest.files.values())
    if len(manifest.files) > MAX_FILES or total > MAX_TOTAL_BYTES:
        raise InputError(
            f"{path}: lists {len(manifest.files)} files of {total} bytes, more than "
            f"{MAX_FILES} files or {MAX_TOTAL_BYTES} bytes; {_AGAIN}"
        )
    for horizon, entry in manifest.horizons.items():
        told = entry.nowcast.calibrations.values() if entry.nowcast else ()
        for name in (entry.calibration, *told):
            if name and name not in manifest.files:
                raise InputError(
                    f"{path}: horizon {horizon}: file {name!r} is not among the listed files; "
                    f"{_AGAIN}"
                )
        for member, value in entry.members.items():
            if unknown := [name for name in value.files if name not in manifest.files]:
                raise InputError(
                    f"{path}: horizon {horizon}, member {member!r}: file {unknown[0]!r} is not "
                    f"among the listed files; {_AGAIN}"
                )
