"""A study from an experiment file to a folder of tables."""

from __future__ import annotations

import re
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from city_resilience.commands.evaluating import refuse_window_measure, searched
from city_resilience.commands.intake import Source, load
from city_resilience.errors import InputError
from city_resilience.evaluation.study.context import Settings
from city_resilience.evaluation.study.parts import PARTS
from city_resilience.evaluation.study.study import (
    FILE,
    check_parts,
    read_study,
    run_study,
    same_recipe,
)
from city_resilience.files import (
    check_folder,
    publish,
    refuse_overwriting,
    staging_folder,
    write_json,
    write_table,
)
from city_resilience.progress import Progress, silent
from city_resilience.tasks.dataset import common_origin

__all__ = ["Studied", "study", "years_of"]


@dataclass(frozen=True)
class Studied:
    """A study that was written: as ``run_study`` returns it, with the parts kept from before."""

    source: Source
    found: dict[str, Any]
    kept: tuple[str, ...]
    seconds: float


def study(
    experiment_path: Path | str,
    data: str = "",
    *,
    out: Path,
    overrides: Iterable[str] = (),
    only: Sequence[str] = (),
    settings: Settings = Settings(),  # noqa: B008 frozen
    progress: Progress = silent,
) -> Studied:
    """Study an experiment and write one table a part, and ``study.json`` for the report.

    Parameters
    ----------
    experiment_path, data, overrides
        As for ``load``.
    out : Path
        Folder. Parts of an earlier study that are not asked for stay when they are of the same
        recipe and panel; else their tables are removed.
    only : sequence of str
        Ids of ``PARTS``; all when empty.

    Raises
    ------
    InputError
        If something the user gave is not usable; nothing is written then.
    """
    started = time.perf_counter()
    parts = check_parts(only)
    names = (*(f"{name}.csv" for name in PARTS), FILE)
    check_folder(out, names)
    source = load(experiment_path, data, overrides)
    refuse_overwriting((out / name for name in names), [source.path])
    refuse_window_measure(source.experiment)
    _check_shock_origins(source, settings)
    source = searched(source, progress)
    found = run_study(
        source.dataset,
        source.experiment,
        source.panel.fingerprint(),
        parts=parts,
        settings=settings,
        progress=progress,
    )
    earlier = _earlier(out)
    kept = dict(earlier["parts"]) if earlier and same_recipe(earlier, found) else {}
    every = {**kept, **found["parts"]}
    found["parts"] = {name: every[name] for name in PARTS if name in every}
    found["seconds"] = round(sum(part["seconds"] for part in found["parts"].values()), 1)
    with staging_folder(out) as staging:
        for name, part in found["parts"].items():
            table = pd.DataFrame(part["rows"], columns=part["columns"])
            write_table(table, staging / f"{name}.csv")
        write_json(found, staging / FILE)
        publish(staging, out)
    for name in earlier["parts"] if earlier else ():
        if name not in found["parts"]:
            (out / f"{name}.csv").unlink(missing_ok=True)
    seconds = time.perf_counter() - started
    return Studied(source, found, tuple(name for name in kept if name not in parts), seconds)


def _earlier(out: Path) -> dict[str, Any] | None:
    """Return the study that a folder holds already; None where it holds none."""
    try:
        return read_study(out)
    except InputError:
        return None


def _check_shock_origins(source: Source, settings: Settings) -> None:
    years = source.dataset.years
    newest = common_origin(source.dataset.outcome, years) - min(source.experiment.outcome.horizons)
    for origin in settings.shock_origins:
        if not years[0] < origin <= newest:
            raise InputError(
                f"--shock-origins {origin}: the panel can score origins from {years[0] + 1} to "
                f"{newest}; name years among them"
            )


def years_of(text: str, option: str) -> tuple[int, ...]:
    """Read years that an option lists, such as ``2007,2014``.

    Raises
    ------
    InputError
        If an item is no year.
    """
    items = [item.strip() for item in text.split(",") if item.strip()]
    for item in items:
        if not re.fullmatch(r"\d{4}", item):
            raise InputError(f"{option}: expected years such as 2007,2014, found {item!r}")
    return tuple(int(item) for item in items)
