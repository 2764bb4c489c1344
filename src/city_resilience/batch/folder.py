"""The output folder of a run: checked first, filled last, by renaming what was staged inside it."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from city_resilience.batch.tables import check_suffix
from city_resilience.bundle import is_bundle
from city_resilience.errors import InputError

__all__ = ["check_folder", "publish", "staging_folder"]


def check_folder(out: Path | None) -> None:
    """Refuse an output folder whose contents would be in the way.

    Raises
    ------
    InputError
        If it is a file, or its ``model`` is anything but an older bundle.
    """
    if out is None:
        return
    if out.exists() and not out.is_dir():
        raise InputError(f"--out {out}: is a file; name a folder")
    check_suffix(out / "forecast.csv")
    model = out / "model"
    if model.exists() and not is_bundle(model):
        raise InputError(
            f"--out {out}: its 'model' is no model bundle and would be replaced; name another "
            "folder"
        )


@contextmanager
def staging_folder(out: Path | None) -> Iterator[Path]:
    """Yield an empty folder on the disk of the output, so that publishing is only renaming.

    Raises
    ------
    InputError
        If nothing can be written there.
    """
    new = out is not None and not out.exists()
    try:
        if out is not None:
            out.mkdir(parents=True, exist_ok=True)
        folder = tempfile.TemporaryDirectory(prefix=".city-resilience-", dir=out)
    except OSError as error:
        raise InputError(
            f"--out {out}: cannot be written to ({error.strerror}); name another folder"
        ) from error
    try:
        with folder as name:
            yield Path(name)
    finally:
        if out is not None and new:
            with suppress(OSError):  # it holds the results unless something went wrong
                out.rmdir()


def publish(staging: Path, out: Path) -> None:
    """Move the staged files to the output folder, each in the place of its predecessor."""
    for path in sorted(staging.iterdir()):
        target = out / path.name
        if target.is_dir():
            shutil.rmtree(target)
        path.replace(target)
