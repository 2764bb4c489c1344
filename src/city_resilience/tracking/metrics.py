"""What a run records, as plain values: parameters, metrics, and the columns of the panel."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, NamedTuple

import pandas as pd

from city_resilience.evaluation.grades import FIRM, LIKELY, UNSTABLE
from city_resilience.evaluation.nowcast_scores import quoted_cities
from city_resilience.evaluation.periods import recent_rows
from city_resilience.evaluation.scores import SCORES
from city_resilience.experiment.experiment import Experiment
from city_resilience.issued.scoring import ISSUED, NEWEST
from city_resilience.reading.panel import Panel

__all__ = [
    "Metric",
    "claim_metrics",
    "column_types",
    "driver_metrics",
    "flat_metrics",
    "flat_params",
    "grade_metrics",
    "issued_metrics",
    "nowcast_metrics",
]

LONGEST_PARAM = 6000
GRADE_NUMBERS = {FIRM: 2, LIKELY: 1, UNSTABLE: 0}
"""What a grade counts as a metric."""
RECENT_SCORES = ("mae", "rank_correlation", "skill_naive")
_KEY = re.compile(r"[A-Za-z0-9_-]+")


class Metric(NamedTuple):
    """One metric: its key, its value and its step (a year, or 0)."""

    key: str
    value: float
    step: int = 0


def flat_params(experiment: Experiment) -> dict[str, str]:
    """Flatten an experiment to ``section.key`` and text.

    Keys of the top level stand under ``experiment.``, so that they cannot clash with the
    parameters of an MLflow project. A table with free names (headers, units) is one JSON text.

    Examples
    --------
    >>> from city_resilience.experiment.load import experiment_from
    >>> values = {"name": "demo", "evaluation": {"first_origin": 2010}}
    >>> flat_params(experiment_from(values, "here"))["evaluation.first_origin"]
    '2010'
    """
    params: dict[str, str] = {}
    for key, value in experiment.model_dump(mode="json").items():
        if isinstance(value, dict):
            params |= dict(_flat(key, value))
        else:
            params[f"experiment.{key}"] = _text(value)
    return params


def flat_metrics(scores: pd.DataFrame, model: str) -> list[Metric]:
    """Return the scores of one model: overall, of the last four origins, and by year.

    Keys are such as ``mae_h1``, ``mae_recent_h1`` and ``by_year/mae_h1``: MLflow's page makes a
    section of charts of what stands before the stroke. The recent ones are ``RECENT_SCORES`` of
    the last four origins, where these stand apart.

    Parameters
    ----------
    scores : DataFrame
        Tidy scores: model, horizon, slice, level and the columns of ``SCORES``. Group slices
        stay in the artifact; values that are not finite are left out.
    """
    own = scores[scores["model"] == model]
    whole, yearly = (own[own["slice"] == name] for name in ("all", "year"))
    return [
        *_metrics(whole, SCORES, "{name}_h{horizon}"),
        *_metrics(recent_rows(own), RECENT_SCORES, "{name}_recent_h{horizon}"),
        *_metrics(yearly, SCORES, "by_year/{name}_h{horizon}", step="level"),
    ]


def nowcast_metrics(sides: pd.DataFrame) -> list[Metric]:
    """Return the errors of nowcasts and of the forecasts they are compared with.

    Keys are such as ``nowcast/mae_h1``, ``nowcast/forecast_mae_h1`` and ``nowcast/skill_h1``, all
    years, and ``nowcast/by_year_mae_h1``; cities that are told their own outcome are left out.

    Parameters
    ----------
    sides : DataFrame
        As of `NowcastScores`.
    """
    names = {"nowcast": "mae", "forecast": "forecast_mae", "skill": "skill"}
    own = sides[sides["cities"] == quoted_cities(sides)].rename(columns=names)
    whole, yearly = (own[own["slice"] == name] for name in ("all", "year"))
    return [
        *_metrics(whole, names.values(), "nowcast/{name}_h{horizon}"),
        *_metrics(yearly, ("mae",), "nowcast/by_year_{name}_h{horizon}", step="level"),
    ]


def issued_metrics(scores: pd.DataFrame, drift: pd.DataFrame) -> list[Metric]:
    """Return the scores of issued forecasts, and how many indicators drifted.

    Keys are such as ``live_forecast/mae_h1`` and ``live_forecast/by_year_mae_h1``, a section of
    charts for what was issued live or reconstructed, as a forecast or a nowcast, and
    ``drift/alarms``.

    Parameters
    ----------
    scores, drift : DataFrame
        Of `issued_scores` and `drift_of`; outcomes as the newest panel has them.
    """
    own = scores[(scores["model"] == ISSUED) & (scores["vintage"] == NEWEST)]
    found = [Metric("drift/alarms", float((drift["alarm"] != "").sum()))]
    names = ("mae", "rank_correlation", "skill_naive", "coverage", "crps")
    for (status, information), part in own.groupby(["status", "issue_information"]):
        section = f"{status}_{information}"
        whole, years = (part[part["slice"] == name] for name in ("all", "year"))
        found += _metrics(whole, names, f"{section}/{{name}}_h{{horizon}}")
        found += _metrics(years, names, f"{section}/by_year_{{name}}_h{{horizon}}", step="level")
    return found


def driver_metrics(families: pd.DataFrame) -> list[Metric]:
    """Return how large each family is: its mean absolute Shapley value over the cities, pp.

    Keys are such as ``drivers_forecasting/digital_h1``, a section of charts for each view.

    Parameters
    ----------
    families : DataFrame
        The table ``families`` of the folder ``drivers``; the base value is left out.
    """
    own = families[families["family"] != "base"]
    size = own["shapley"].abs().groupby([own[k] for k in ("view", "family", "horizon")]).mean()
    return [
        Metric(f"drivers_{view}/{family}_h{horizon}", float(value))
        for (view, family, horizon), value in size.items()
        if math.isfinite(value)
    ]


def grade_metrics(grades: pd.DataFrame) -> list[Metric]:
    """Return the grade of each family as a number, and the p-value of what is lost without it.

    Keys are such as ``drivers_forecasting/digital_grade_h1`` (`GRADE_NUMBERS`) and
    ``drivers_forecasting/digital_p_value_h1``, beside the sizes; a p-value that a study could not
    compute is left out. Grades of indicators stay in the table.

    Parameters
    ----------
    grades : DataFrame
        Rows of the part ``stability`` of a study.
    """
    found = []
    for row in grades[grades["level"] == "family"].to_dict("records"):
        key, horizon = f"drivers_{row['view']}/{row['name']}", int(row["horizon"])
        found.append(Metric(f"{key}_grade_h{horizon}", float(GRADE_NUMBERS[row["grade"]])))
        p_value = row["p_value"]
        if p_value is not None and math.isfinite(p_value):
            found.append(Metric(f"{key}_p_value_h{horizon}", float(p_value)))
    return found


def claim_metrics(parts: Mapping[str, Any]) -> list[Metric]:
    """Return how many claims have each verdict, and how many tests of each claim support it.

    Keys are such as ``claims/supported``, ``claims/K1_tests_supported`` and ``claims/K1_tests``;
    none where the verdicts were not asked for.

    Parameters
    ----------
    parts : mapping
        Of a run of `mechanisms`.
    """
    own = parts["verdicts"]["about"]["claims"] if "verdicts" in parts else []
    words = [claim["verdict"] for claim in own]
    every = ("supported", "not_supported", "untestable") if own else ()
    found = [Metric(f"claims/{word}", float(words.count(word))) for word in every]
    for claim in own:
        key = f"claims/{claim['claim']}_tests"
        found.append(Metric(f"{key}_supported", float(claim["supported"])))
        found.append(Metric(key, float(claim["tested"])))
    return found


def _metrics(
    rows: pd.DataFrame, names: Iterable[str], key: str, step: str = ""
) -> Iterator[Metric]:
    """Yield the finite scores of rows; the step is a column of years, 0 where none is named."""
    names = [name for name in names if name in rows]
    for row in rows.to_dict("records"):
        for name in names:
            if row[name] is not None and math.isfinite(row[name]):
                label = key.format(name=name, horizon=row["horizon"])
                yield Metric(label, float(row[name]), int(row[step]) if step else 0)


def column_types(panel: Panel) -> list[tuple[str, str]]:
    """Return the columns of a panel and MLflow's names of their types."""
    kinds = {"year": "long"} | dict.fromkeys(panel.variables, "double")
    return [(str(name), kinds.get(str(name), "string")) for name in panel.columns]


def _flat(prefix: str, table: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    for key, value in table.items():
        nested = isinstance(value, dict) and value and all(_KEY.fullmatch(k) for k in value)
        if nested and prefix != "data":
            yield from _flat(f"{prefix}.{key}", value)
        else:
            yield f"{prefix}.{key}", _text(value)


def _text(value: Any) -> str:
    text = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
    return text if len(text) <= LONGEST_PARAM else text[: LONGEST_PARAM - 1] + "…"
