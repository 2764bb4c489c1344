"""The early releases of a run: which files are given, and how they are read for a panel."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from city_resilience.errors import InputError, check_known
from city_resilience.experiment.experiment import Experiment
from city_resilience.reading.early import EarlyRelease
from city_resilience.reading.panel import Panel
from city_resilience.reading.release_file import read_release
from city_resilience.tasks.dataset import Dataset
from city_resilience.tasks.early import notices_at

if TYPE_CHECKING:
    import pandas as pd

__all__ = [
    "Early",
    "File",
    "Given",
    "as_day",
    "early_lines",
    "named_files",
    "own_files",
    "read_early",
]

File: TypeAlias = "pd.DataFrame | Path | str"
Given: TypeAlias = "File | Sequence[Path | str] | Mapping[str, File] | None"
_NAMED = re.compile(r"([A-Za-z0-9_-]+)=(.+)", re.DOTALL)


@dataclass(frozen=True)
class Early:
    """The releases of a run.

    Attributes
    ----------
    releases : tuple of EarlyRelease
        In the order of the experiment.
    missing : tuple of str
        Names of releases of the experiment for which no file is given.
    """

    releases: tuple[EarlyRelease, ...] = ()
    missing: tuple[str, ...] = ()


def as_day(day: dt.date | str | None, experiment: Experiment) -> dt.date | None:
    """Return the day of the forecast, given as text or date.

    Raises
    ------
    InputError
        If it is none, or the experiment names no release or earlier panel that it could matter to.
    """
    if day is not None and not (experiment.early or experiment.data.vintages):
        raise InputError(
            f"--as-of {day}: experiment {experiment.name!r} declares no early release, and the day "
            "decides nothing else; leave it out, or declare the release as [early.NAME]"
        )
    if day is None or isinstance(day, dt.date):
        return day.date() if isinstance(day, dt.datetime) else day
    try:
        return dt.date.fromisoformat(day.strip())
    except ValueError as error:
        raise InputError(f"--as-of {day!r}: not a day; write it as 2020-03-31") from error


def named_files(given: Given) -> list[tuple[str, File]]:
    """Return what is given for releases as pairs of name and file, the name "" where none is.

    Parameters
    ----------
    given : path, DataFrame, sequence or mapping
        One file; several, each a path or ``NAME=PATH``; or names with their files.
    """
    if given is None:
        return []
    if isinstance(given, Mapping):
        return list(given.items())
    if isinstance(given, str | Path):
        return [_named(given)]
    return [_named(each) for each in given] if isinstance(given, list | tuple) else [("", given)]


def _named(file: Path | str) -> tuple[str, File]:
    found = _NAMED.fullmatch(file) if isinstance(file, str) else None
    if found is None or Path(str(file)).exists():
        return "", file
    return found[1], found[2]


def own_files(experiment: Experiment, folder: Path) -> dict[str, File]:
    """Return the files that an experiment names itself, relative to its folder."""
    named = {name: release.path for name, release in experiment.early.items()}
    return {name: folder / path for name, path in named.items() if path}


def read_early(
    experiment: Experiment,
    given: Sequence[tuple[str, File]],
    panel: Panel,
    own: Mapping[str, File] | None = None,
) -> Early:
    """Read the releases of an experiment for a panel.

    Parameters
    ----------
    given : sequence of (str, file)
        As of `named_files`; a file without a name is that of the only release.
    own : mapping of str to file, optional
        Files of the experiment, which those that are given go before.

    Raises
    ------
    InputError
        If a file is no usable release, or it is not clear which release it is. Where the
        experiment declares none, the lines that declare it stand below.
    """
    files = {**(own or {}), **_by_name(experiment, given, panel)}
    return Early(
        tuple(
            read_release(name, settings, files[name], panel, experiment.data)
            for name, settings in experiment.early.items()
            if name in files
        ),
        tuple(name for name in experiment.early if name not in files),
    )


def _by_name(
    experiment: Experiment, given: Sequence[tuple[str, File]], panel: Panel
) -> dict[str, File]:
    known = list(experiment.early)
    if given and not known:
        _refuse_undeclared(experiment, given[0], panel)
    files: dict[str, File] = {}
    for stated, file in given:
        if not stated and len(known) > 1:
            raise InputError(
                f"--early {_shown(file)}: the experiment names {len(known)} releases; say which it "
                f"is, --early NAME={_shown(file)} with a name of: {', '.join(known)}"
            )
        name = stated or known[0]
        check_known(name, known, "--early: the experiment names no release")
        if name in files:
            raise InputError(f"--early: two files are given for the release {name!r}; give one")
        files[name] = file
    return files


def _refuse_undeclared(experiment: Experiment, given: tuple[str, File], panel: Panel) -> None:
    from city_resilience.drafting.release import release_lines

    name, file = given
    raise InputError(
        f"--early {_shown(file)}: experiment {experiment.name!r} declares no early release; add a "
        "table for it, such as these lines, which are guessed from the file",
        release_lines(file, panel, experiment.data, name),
    )


def _shown(file: File) -> str:
    return str(file) if isinstance(file, str | Path) else "DATAFRAME"


def early_lines(dataset: Dataset, origin: int) -> Iterator[str]:
    """Say what each release tells about the years after an origin, and what is odd about it."""
    day = dataset.day(origin)
    for view in dataset.at(origin).early:
        years = [
            f"{origin + 1 + at} ({int(known)} of {len(view.levels)})"
            for at, known in enumerate(np.isfinite(view.beyond).sum(axis=0))
            if known
        ]
        if years:
            prices = "nominal" if view.nominal else "real"
            yield (
                f"{view.name}: {prices} growth by {view.group} of {', '.join(years)}, as known on "
                f"{day}, {view.vintage} vintage"
            )
    yield from notices_at(dataset.early, origin, day)
