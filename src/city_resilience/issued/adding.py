"""Add an issued forecast to a record: whole, in turn, and never in the place of another."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from city_resilience.disk import advice, obstacle, reason
from city_resilience.errors import InputError
from city_resilience.files import write_json
from city_resilience.issued.record import (
    ABOUT,
    INDEX,
    MODEL,
    IssuedForecast,
    number_of,
    read_index,
)
from city_resilience.unfinished import in_turn, stage

__all__ = ["add_issue", "check_record"]

READ_ONLY, READ_ONLY_FOLDER = 0o444, 0o555


def check_record(record: Path, model: str) -> None:
    """Refuse a record that nothing can be added to, or of which something was changed.

    Raises
    ------
    InputError
        By the name of what is wrong.
    """
    folder = _folder(record, model)
    if folder.is_dir():
        read_index(folder)


def _folder(record: Path, model: str) -> Path:
    """Return the folder of a model; refuse one that nothing can be added to."""
    if not MODEL.fullmatch(model):
        raise InputError(f"{record}: a model of the name {model!r} cannot have a folder in it")
    folder = record / model
    if why := obstacle(folder / ABOUT):
        raise InputError(f"{folder}: the record cannot be written to ({why}); give --record")
    return folder


def add_issue(record: Path, draft: IssuedForecast, files: Mapping[str, bytes]) -> IssuedForecast:
    """Add what is issued; two processes take turns.

    It appears in one step: a process that is killed leaves all of it or nothing.

    Parameters
    ----------
    draft : IssuedForecast
        Its id, what it supersedes and what was before are filled here, and the sums of the files.
    files : mapping of str to bytes
        Its tables, by their names.

    Raises
    ------
    InputError
        If something that was issued before is changed or gone, or nothing can be written there;
        nothing is added then.
    """
    folder = _folder(record, draft.model)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with in_turn(folder):
            return _added(folder, draft, files)
    except OSError as error:
        raise InputError(
            f"{folder}: the forecast was not issued ({reason(error)}); {advice(error)}"
        ) from error


def _added(folder: Path, draft: IssuedForecast, files: Mapping[str, bytes]) -> IssuedForecast:
    before = read_index(folder)
    same = [one for one in before if one.of == draft.of]
    number = max((number_of(one.id) for one in before), default=0) + 1
    sums = _sums(folder, before)
    issued = replace(
        draft,
        id=f"{draft.origin}-{draft.information}-{number}",
        supersedes=same[-1].id if same else "",
        previous=sums[before[-1].id] if before else "",
        files={name: hashlib.sha256(data).hexdigest() for name, data in files.items()},
    )
    about = _about(issued)
    with stage(folder, ".writing") as staged:
        _write(staged / issued.id, {**files, ABOUT: about})
        os.rename(staged / issued.id, folder / issued.id)  # refused where there is one already
        with suppress(OSError):
            (folder / issued.id).chmod(READ_ONLY_FOLDER)
    _sync(folder)
    sums[issued.id] = hashlib.sha256(about).hexdigest()
    write_json({"issues": sums}, folder / INDEX)
    return issued


def _sums(folder: Path, before: tuple[IssuedForecast, ...]) -> dict[str, str]:
    """Return the SHA-256 of each ``issue.json``, those that no index lists yet included."""
    paths = {one.id: folder / one.id / ABOUT for one in before}
    return {id: hashlib.sha256(path.read_bytes()).hexdigest() for id, path in paths.items()}


def _about(issued: IssuedForecast) -> bytes:
    plain: dict[str, Any] = asdict(issued)
    plain |= {
        "issued_at": issued.issued_at.isoformat(),
        "known_from": issued.known_from.isoformat(),
    }
    return (json.dumps(plain, ensure_ascii=False, indent=2) + "\n").encode()


def _write(folder: Path, files: Mapping[str, bytes]) -> None:
    folder.mkdir()
    for name, data in files.items():
        with (folder / name).open("xb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        (folder / name).chmod(READ_ONLY)
    _sync(folder)


def _sync(folder: Path) -> None:
    """Make the disk keep the names in a folder, where the system can."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
