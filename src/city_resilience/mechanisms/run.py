"""A run of `mechanisms`: its parts, what they were made of, and how it is kept as JSON."""

from __future__ import annotations

import datetime as dt
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from city_resilience import __version__
from city_resilience.errors import check_known
from city_resilience.experiment.experiment import Experiment
from city_resilience.foreign import read_result
from city_resilience.mechanisms.build import build_design
from city_resilience.mechanisms.context import Context, Part, Refusal
from city_resilience.mechanisms.design import Design, Policy, Series
from city_resilience.mechanisms.estimate import COLUMNS, Estimate
from city_resilience.mechanisms.parts import OVER_ALL, PARTS
from city_resilience.mechanisms.recipe import RULES, settings_hash
from city_resilience.mechanisms.refusals import REASONS
from city_resilience.progress import Progress, silent
from city_resilience.reading.panel import Panel

__all__ = [
    "FILE",
    "check_parts",
    "mechanisms_beside",
    "read_mechanisms",
    "run_mechanisms",
    "same_mechanisms",
]

FOLDER, FILE = "mechanisms", "mechanisms.json"
FORMAT = 1
RECIPE = ("digest", "claims", "rules", "fingerprint")


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


def run_mechanisms(
    panel: Panel,
    experiment: Experiment,
    only: Collection[str] = (),
    progress: Progress = silent,
    *,
    earlier: Mapping[str, Any] | None = None,
    coordinates: Mapping[str, tuple[float, float]] | None = None,
) -> dict[str, Any]:
    """Build the design of a panel and run parts on it.

    Parameters
    ----------
    panel : Panel
        Audited, its wrong cells masked.
    only : collection of str
        Ids of `PARTS`; all when empty.
    earlier : mapping, optional
        What an earlier run returned. Its parts that are not asked for stay where it is of the same
        recipe and panel; those over all parts are then made anew.
    coordinates : mapping, optional
        Place to longitude and latitude, where the panel states none.

    Returns
    -------
    dict
        JSON-able: ``format, experiment, digest, claims, rules, fingerprint, version, noun,
        simulated, settings, cities, years, labels, parts``. ``labels`` has ``en``, ``zh``, ``unit``
        by the name of a series or policy. A part has ``created, seconds, about, columns, rows,
        refused``; a row is an `Estimate`, a refusal has ``reason, about, found, what, way_out``.
        No path and no name of a machine is in it, and no city but that of a province of one place.

    Raises
    ------
    InputError
        See `build_design`, and if a part does not exist.
    """
    design = build_design(panel, experiment, coordinates)
    found = {**_recipe(experiment, panel), **_about(design, experiment)}
    asked = check_parts(tuple(only))
    kept = dict(earlier["parts"]) if earlier and same_mechanisms(earlier, found) else {}
    again = [name for name in PARTS if name in asked or (name in OVER_ALL and name in kept)]
    made, parts = {name: _part_of(part) for name, part in kept.items()}, dict(kept)
    for name in again:
        started = time.perf_counter()
        context = Context(design, experiment.mechanisms, progress, made)
        made[name] = PARTS[name](context)
        parts[name] = _plain_part(made[name], time.perf_counter() - started)
    return {**found, "parts": {name: parts[name] for name in PARTS if name in parts}}


def same_mechanisms(one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether two runs are of the same experiment, claims, rules and panel."""
    return all(one.get(key) == other.get(key) for key in RECIPE)


def read_mechanisms(path: Path) -> dict[str, Any]:
    """Read a run from its file or from the folder that holds it.

    Raises
    ------
    InputError
        If there is none, or the file is no run of this program.
    """
    again = "write it again with: city-resilience mechanisms EXPERIMENT --out DIR"
    return read_result(path, FILE, "run of mechanisms", again, FORMAT, _sound)


def mechanisms_beside(experiment_path: Path, experiment: Experiment) -> dict[str, Any] | None:
    """Return the run in the folder ``mechanisms`` beside an experiment file, if it is of it."""
    path = experiment_path.parent / FOLDER / FILE
    if not path.is_file():
        return None
    found = read_mechanisms(path)
    return found if found["experiment"] == experiment.name else None


def _recipe(experiment: Experiment, panel: Panel) -> dict[str, Any]:
    settings = experiment.mechanisms.model_dump(mode="json")
    return {
        "format": FORMAT,
        "experiment": experiment.name,
        "digest": experiment.digest(),
        "claims": settings_hash(settings),
        "rules": RULES,
        "fingerprint": panel.fingerprint(),
        "version": __version__,
        "settings": settings,
    }


def _about(design: Design, experiment: Experiment) -> dict[str, Any]:
    tables = (design.variables, design.thresholds, design.mediators, design.controls)
    every: dict[str, Series | Policy] = dict(design.policies)
    for table in (*tables, design.outcomes, design.treatments):
        every |= table
    return {
        "noun": experiment.noun,
        "simulated": design.simulated,
        "cities": len(design.cities),
        "years": [int(design.years[0]), int(design.years[-1])],
        "outcomes": list(design.outcomes),
        "treatments": list(design.treatments),
        "controls": list(design.controls),
        "labels": {name: _labels(own) for name, own in every.items()},
    }


def _labels(own: Series | Policy) -> dict[str, str]:
    words = {"en": own.label_en or own.name, "zh": own.label_zh or own.name}
    return {**words, "unit": own.unit if isinstance(own, Series) else ""}


def _plain_part(part: Part, seconds: float) -> dict[str, Any]:
    return {
        "created": dt.datetime.now(dt.UTC).strftime("%Y-%m-%d"),
        "seconds": round(seconds, 1),
        "about": _plain(part.about),
        "columns": list(COLUMNS),
        "rows": [_plain(asdict(one)) for one in part.estimates],
        "refused": [_refusal(one) for one in part.refused],
    }


def _refusal(refusal: Refusal) -> dict[str, str]:
    what, way_out = REASONS.get(refusal.reason, ("", ""))
    return {**asdict(refusal), "what": what, "way_out": way_out}


def _part_of(part: Mapping[str, Any]) -> Part:
    """Return a part as it was before it was kept; what JSON cannot hold is NaN again."""
    rows: list[dict[str, Any]] = [
        {key: np.nan if value is None else value for key, value in row.items()}
        for row in part["rows"]
    ]
    estimates = [Estimate(**row) for row in rows]
    refused = [Refusal(one["reason"], one["about"], one["found"]) for one in part["refused"]]
    return Part(estimates, refused, part["about"])


def _plain(value: Any) -> Any:
    """Return a value that JSON holds, nothing for a number that is not finite."""
    if isinstance(value, Mapping):
        return {str(key): _plain(own) for key, own in value.items()}
    if isinstance(value, np.ndarray | list | tuple):
        return [_plain(own) for own in value]
    own = value.item() if isinstance(value, np.generic) else value
    return None if isinstance(own, float) and not np.isfinite(own) else own


def _sound(found: Any) -> bool:
    keys = {*RECIPE, "experiment", "version", "settings", "cities", "years"}
    keys |= {"labels", "parts", "simulated"}
    if not isinstance(found, dict) or found.get("format") != FORMAT or not keys <= set(found):
        return False
    inner = {"created", "seconds", "about", "columns", "rows", "refused"}
    parts = found["parts"]
    return isinstance(parts, dict) and all(
        name in PARTS
        and isinstance(part, dict)
        and inner <= set(part)
        and part["columns"] == list(COLUMNS)
        for name, part in parts.items()
    )
