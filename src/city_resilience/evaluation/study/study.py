"""A study: its parts, what they were measured on, and how it is kept as JSON."""

from __future__ import annotations

import datetime as dt
import json
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from city_resilience import __version__
from city_resilience.errors import check_known
from city_resilience.evaluation.study.context import Context, Settings, context_of
from city_resilience.evaluation.study.kept import Kept, key_of
from city_resilience.evaluation.study.parts import PARTS
from city_resilience.experiment.experiment import Experiment
from city_resilience.foreign import read_result
from city_resilience.models.learners import learner_parameters
from city_resilience.progress import Progress, silent
from city_resilience.tasks.dataset import Dataset

__all__ = [
    "FILE",
    "check_parts",
    "read_study",
    "recipe_of",
    "run_study",
    "same_recipe",
    "study_beside",
]

FOLDER, FILE = "study", "study.json"
FORMAT = 2
RECIPE = ("digest", "served", "learners", "rules", "fingerprint")
RECIPE_VERSION = 3
"""To be raised when what is forecast changes although no setting or parameter does."""


def recipe_of(experiment: Experiment) -> dict[str, Any]:
    """Return what tells whether two runs used the same recipe.

    Digest of the experiment, what is served, the learners' parameters, and ``RECIPE_VERSION``.
    """
    learners = {name: dict(values) for name, values in learner_parameters(experiment.model).items()}
    return {
        "digest": experiment.digest(),
        "served": experiment.model.serve,
        "learners": learners,
        "rules": RECIPE_VERSION,
    }


def same_recipe(study: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether a study was measured with a recipe and on a panel, as far as these are named."""
    return all(study.get(key) == other[key] for key in RECIPE if other.get(key))


def check_parts(only: Sequence[str]) -> tuple[str, ...]:
    """Return the parts asked for in the table's order, all when none is named.

    Raises
    ------
    InputError
        If a part does not exist.
    """
    for name in only:
        check_known(name, PARTS, "--only: no part")
    return tuple(name for name in PARTS if not only or name in only)


def run_study(
    dataset: Dataset,
    experiment: Experiment,
    fingerprint: str,
    *,
    parts: Collection[str] = tuple(PARTS),
    settings: Settings = Settings(),  # noqa: B008 frozen
    progress: Progress = silent,
    refits: Path | None = None,
) -> dict[str, Any]:
    """Run the backtest of an experiment and parts of a study.

    Parameters
    ----------
    fingerprint : str
        Of the panel.
    parts : collection of str
        Ids of ``PARTS``.
    refits : Path, optional
        File that keeps the refits of the part stability; those of the same recipe, panel and seed
        in it are not made again.

    Returns
    -------
    dict
        JSON-able: ``experiment, digest, served, learners, fingerprint, version, measure,
        horizons, origins, cities, parts``; a part has ``created, seconds, settings, about,
        columns, rows``. No city, no path, no name of a machine is in it.
    """
    recipe = recipe_of(experiment)
    kept = (
        Kept(refits, key_of(recipe, fingerprint, settings.seed)) if "stability" in parts else None
    )
    context = context_of(dataset, experiment, settings, progress, kept)
    return {
        "format": FORMAT,
        "experiment": experiment.name,
        **recipe,
        "fingerprint": fingerprint,
        "version": __version__,
        "measure": experiment.outcome.measure,
        "simulated": experiment.data.simulated,
        "horizons": list(experiment.outcome.horizons),
        "origins": [context.scored[0], context.scored[-1]],
        "cities": len(dataset.cities),
        "naive": {str(horizon): name for horizon, name in context.naive.items()},
        "parts": {name: _measured(context, name) for name in PARTS if name in parts},
    }


def _measured(context: Context, name: str) -> dict[str, Any]:
    """Run one part: rows as plain values, when it was made and how long it took."""
    started = time.perf_counter()
    part = PARTS[name](context)
    return {
        "created": dt.datetime.now(dt.UTC).strftime("%Y-%m-%d"),
        "seconds": round(time.perf_counter() - started, 1),
        "settings": json.loads(json.dumps(asdict(context.settings))),
        "about": json.loads(json.dumps(dict(part.about))),
        "columns": list(part.table.columns),
        "rows": [
            {key: _plain(value) for key, value in row.items()}
            for row in part.table.to_dict("records")
        ],
    }


def _plain(value: Any) -> Any:
    """Return a value that JSON holds, nothing for a number that is not finite."""
    own = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(own, float) and not np.isfinite(own) else own


def read_study(path: Path) -> dict[str, Any]:
    """Read a study from its file or from the folder that holds it.

    Raises
    ------
    InputError
        If there is none, or the file is no study of this program.
    """
    again = "write it again with: city-resilience study EXPERIMENT --out DIR"
    return read_result(path, FILE, "study", again, FORMAT, _sound)


def study_beside(experiment_path: Path, experiment: Experiment) -> dict[str, Any] | None:
    """Return the study beside an experiment file, if there is one about what it forecasts.

    It lies in a folder ``study``, as the command writes it.
    """
    path = experiment_path.parent / FOLDER / FILE
    if not path.is_file():
        return None
    found = read_study(path)
    about = (found["experiment"], found["measure"])
    return found if about == (experiment.name, experiment.outcome.measure) else None


def _sound(study: Any) -> bool:
    keys = {"experiment", "measure", "version", "cities", "origins", "naive", "parts"}
    keys |= {"digest", "served", "learners", "fingerprint"}
    if not isinstance(study, dict) or study.get("format") != FORMAT or not keys <= set(study):
        return False
    inner = {"created", "seconds", "settings", "about", "columns", "rows"}
    parts = study["parts"]
    return isinstance(parts, dict) and all(
        name in PARTS and isinstance(part, dict) and inner <= set(part)
        for name, part in parts.items()
    )
