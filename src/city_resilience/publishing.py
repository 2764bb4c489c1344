"""A folder of results that takes the place of an older one whole or not at all."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Collection, Iterable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from city_resilience.disk import naming, reason
from city_resilience.errors import InputError
from city_resilience.unfinished import FRESH, PLAN, carry_out, exchange, in_turn, settle, stage

__all__ = ["publishing"]

PREFIX = ".city-resilience"
MOST_KEPT = 100
"""Files of a user that are taken along into the new folder; beyond, entries change one by one."""


@contextmanager
def publishing(out: Path | None, obsolete: Iterable[str] = ()) -> Iterator[Path]:
    """Yield an empty folder of which the contents take their places in ``out`` at the end.

    They take the places of their predecessors together, and what else is in ``out`` stays. If
    anything goes wrong before, ``out`` stays as it was; if the process is killed, it is as before
    or as new, at the latest when the next command has looked at it.

    Parameters
    ----------
    out : Path
        None = nothing is published.
    obsolete : iterable of str
        Files and folders of ``out`` that are removed, unless they are written anew.

    Raises
    ------
    InputError
        If nothing can be written there.
    """
    if out is None:
        with stage(Path(_temporary()), PREFIX.lstrip(".")) as staged:
            (staged / FRESH).mkdir()
            yield staged / FRESH
        return
    place = Path(os.path.realpath(out))
    made = _made_parents(out, place)
    try:
        with stage(_beside(place), PREFIX) as staged:
            (staged / FRESH).mkdir()
            with naming(staged / FRESH, out):
                yield staged / FRESH
            with in_turn(staged.parent):
                _publish(staged, place, set(obsolete))
    except OSError as error:
        raise InputError(
            f"--out {out}: cannot be written to ({reason(error)}); name another folder"
        ) from error
    finally:
        for folder in made:
            with suppress(OSError):  # it holds the results unless something went wrong
                folder.rmdir()


def _temporary() -> str:
    import tempfile

    return tempfile.gettempdir()


def _made_parents(out: Path, place: Path) -> list[Path]:
    """Make the folders above a new one; return those, the innermost first."""
    settle(place)
    missing = [folder for folder in place.parents if not folder.exists()]
    try:
        place.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(
            f"--out {out}: cannot be written to ({error.strerror}); name another folder"
        ) from error
    return missing


def _beside(place: Path) -> Path:
    """Return where the new folder is made: beside the old one where it can be exchanged whole."""
    here = Path.cwd()
    within = place.is_dir() and (
        here.is_relative_to(place) or os.path.ismount(place) or not os.access(place.parent, os.W_OK)
    )
    return place if within else place.parent


def _publish(staged: Path, place: Path, obsolete: Collection[str]) -> None:
    fresh = staged / FRESH
    if not place.exists():
        os.replace(fresh, place)
        return
    made = {path.name for path in fresh.iterdir()}
    own = made | set(obsolete)
    if staged.parent != place and _exchanged(fresh, place, own):
        return
    plan = {
        "out": os.path.relpath(place, staged),
        "names": sorted(made),
        "obsolete": sorted(set(obsolete) - made),
    }
    draft = staged / f"{PLAN}.draft"
    draft.write_text(json.dumps(plan), encoding="utf-8")
    os.replace(draft, staged / PLAN)
    carry_out(staged)


def _exchanged(fresh: Path, place: Path, own: Collection[str]) -> bool:
    """Let the new folder and the old one change places, with a user's files in both.

    Returns False, and leaves all as it was, where the user keeps folders there or the disk has no
    such step.
    """
    others = [path for path in place.iterdir() if path.name not in own]
    if len(others) > MOST_KEPT or not all(_can_be_kept(path) for path in others):
        return False
    with suppress(OSError):
        shutil.copystat(place, fresh)
        os.utime(fresh)
    taken = []
    try:
        for path in others:
            os.link(path, fresh / path.name)
            taken.append(fresh / path.name)
    except OSError:
        done = False
    else:
        done = exchange(fresh, place)
    if not done:
        for path in taken:
            path.unlink()
        return False
    for path in fresh.iterdir():  # the old folder now: what a user saved there in the meantime
        kept = place / path.name
        if path.name not in own and not (kept.exists() and path.samefile(kept)):
            os.replace(path, kept)
    return True


def _can_be_kept(path: Path) -> bool:
    return path.is_file() and not path.is_symlink()
