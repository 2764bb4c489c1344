"""What a forecast hub says of itself and of its models: the files beside the forecasts."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from city_resilience.experiment.experiment import Experiment
from city_resilience.issued.hub import LIMITS, TASK_IDS, hub_model, origin_date
from city_resilience.issued.record import LEVELS, IssuedForecast
from city_resilience.resilience.measures import MEASURES

__all__ = ["MAINTAINER", "metadata_files", "settings_files"]

MAINTAINER = "city-resilience export"
"""Who wrote a hub's settings: by this a folder is known as one that can be written again."""
_SCHEMAS = "https://raw.githubusercontent.com/hubverse-org/schemas/main/v6.0.0"
_UTC = "Africa/Abidjan"  # the hubs' list of time zones has no UTC; this one is it all year
_SAMPLED_APART = ["origin_date", "target", "horizon"]
_FIELDS: Mapping[str, str] = {
    "team_name": "Name of the team.",
    "team_abbr": "Abbreviation of the team.",
    "model_name": "Name of the model.",
    "model_abbr": "Abbreviation of the model.",
    "model_version": "Registered versions whose forecasts are there.",
    "designated_model": "Whether it is scored: live forecasts alone are.",
    "data_inputs": "Where the data came from.",
    "data_inputs_licence": "Licence of the data.",
    "methods": "How the forecasts are made, in short.",
}


def settings_files(
    experiment: Experiment,
    team: str,
    issued: Sequence[IssuedForecast],
    locations: Sequence[str],
    horizons: Sequence[int],
    draws: int,
) -> dict[str, Any]:
    """Return the JSON files that say what a hub takes, by their names in it.

    Parameters
    ----------
    draws : int
        Samples of each task; 0 where no model has any.
    """
    admin = {
        "schema_version": f"{_SCHEMAS}/admin-schema.json",
        "name": experiment.title or experiment.name,
        "maintainer": MAINTAINER,
        "contact": {"name": team},
        "repository": {"name": experiment.name},
        "file_format": ["parquet"],
        "timezone": _UTC,
    }
    return {
        "hub-config/admin.json": admin,
        "hub-config/tasks.json": _tasks(issued, locations, horizons, draws),
        "hub-config/target-data.json": {
            "schema_version": f"{_SCHEMAS}/target-data-schema.json",
            "observable_unit": ["target", "horizon", "location", "target_end_date"],
            "date_col": "target_end_date",
            "time-series": {"versioned": True},
            "oracle-output": {"versioned": False, "has_output_type_ids": True},
        },
        "hub-config/model-metadata-schema.json": {
            "$schema": "https://json-schema.org/draft/2020-12/schema",
            "title": "Metadata of a model",
            "type": "object",
            "properties": {
                name: {
                    "type": "boolean" if name == "designated_model" else "string",
                    "description": meaning,
                }
                for name, meaning in _FIELDS.items()
            },
            "required": list(_FIELDS),
            "additionalProperties": False,
        },
    }


def metadata_files(
    experiment: Experiment, team: str, issued: Sequence[IssuedForecast]
) -> dict[str, str]:
    """Return the YAML file of each model by its name in the hub."""
    by_model: dict[str, list[IssuedForecast]] = {}
    for one in issued:
        by_model.setdefault(hub_model(one, team), []).append(one)
    found = {}
    for model, own in by_model.items():
        abbreviation = model.removeprefix(f"{team}-")
        values = {
            "team_name": team,
            "team_abbr": team,
            "model_name": f"{experiment.title or experiment.name} ({_kind(own[0])})",
            "model_abbr": abbreviation,
            "model_version": ", ".join(dict.fromkeys(o.version or o.model_digest for o in own)),
            "designated_model": own[0].is_live,
            "data_inputs": experiment.data.source or "not told",
            "data_inputs_licence": experiment.data.licence or "not told",
            "methods": f"City-Resilience, what is served: {experiment.model.serve}",
        }
        # A line of JSON is a line of YAML.
        lines = [f"{name}: {json.dumps(own, ensure_ascii=False)}" for name, own in values.items()]
        found[f"model-metadata/{model}.yml"] = "\n".join(lines) + "\n"
    return found


def _kind(one: IssuedForecast) -> str:
    return f"{one.information}, {one.status}"


def _tasks(
    issued: Sequence[IssuedForecast],
    locations: Sequence[str],
    horizons: Sequence[int],
    draws: int,
) -> dict[str, Any]:
    origins = sorted({one.origin for one in issued})
    ends = sorted({origin + horizon for origin in origins for horizon in horizons})
    measures = sorted({one.measure for one in issued})
    wait = max((one.known_from - origin_date(one.origin)).days for one in issued)
    tasks = {
        "origin_date": _values(optional=[origin_date(year).isoformat() for year in origins]),
        "target": _values(required=measures) if len(measures) == 1 else _values(optional=measures),
        "horizon": _values(optional=sorted(horizons)),
        "location": _values(optional=sorted(locations)),
        "target_end_date": _values(optional=[origin_date(year).isoformat() for year in ends]),
    }
    assert tuple(tasks) == TASK_IDS
    units = {one.measure: one.unit for one in issued}
    return {
        "schema_version": f"{_SCHEMAS}/tasks-schema.json",
        "rounds": [
            {
                "round_id_from_variable": True,
                "round_id": "origin_date",
                "model_tasks": [
                    {
                        "task_ids": tasks,
                        "output_type": _output_types(draws),
                        "target_metadata": [_target(name, units[name]) for name in measures],
                    }
                ],
                "submissions_due": {"relative_to": "origin_date", "start": 0, "end": wait},
            }
        ],
        "output_type_id_datatype": "double",
        "derived_task_ids": ["target_end_date"],
    }


def _values(
    required: Sequence[Any] | None = None, optional: Sequence[Any] | None = None
) -> dict[str, Any]:
    return {
        "required": None if required is None else list(required),
        "optional": None if optional is None else list(optional),
    }


def _output_types(draws: int) -> dict[str, Any]:
    """Say what a submission may hold; a model without intervals has the median alone."""
    number: dict[str, Any] = {"type": "double"}
    share = {"type": "double", "minimum": 0, "maximum": 1}
    found: dict[str, Any] = {
        "mean": {"output_type_id": {"required": None}, "value": number, "is_required": False},
        "median": {"output_type_id": {"required": None}, "value": number, "is_required": True},
        "quantile": {
            "output_type_id": {"required": list(LEVELS)},
            "value": number,
            "is_required": False,
        },
        "cdf": {"output_type_id": {"required": list(LIMITS)}, "value": share, "is_required": False},
    }
    if draws:
        found["sample"] = {
            "output_type_id_params": {
                "type": "integer",
                "min_samples_per_task": draws,
                "max_samples_per_task": draws,
                "compound_taskid_set": _SAMPLED_APART,
            },
            "value": number,
            "is_required": False,
        }
    return found


def _target(measure: str, unit: str) -> dict[str, Any]:
    """Describe a target; the hubs know steps of days, weeks and months, so years are no step."""
    own = MEASURES[measure]
    return {
        "target_id": measure[:30],
        "target_name": own.label_en[:100],
        "target_units": unit,
        "target_keys": {"target": measure},
        "description": f"{own.label_en} over the horizon, in years, up to the target end date. "
        f"{own.sign}",
        "target_type": "continuous",
        "is_step_ahead": False,
    }
