"""Shock origins: forecasts made with the labels known just before a shock."""

from __future__ import annotations

import pandas as pd

from city_resilience.errors import InputError
from city_resilience.evaluation.backtest import backtest_at
from city_resilience.evaluation.baselines import BASELINES
from city_resilience.evaluation.candidates import HISTORY_ONLY
from city_resilience.evaluation.checks import scored_origins
from city_resilience.evaluation.scores import POINT_SCORES, yearly
from city_resilience.evaluation.significance import drawn_errors, percentile_interval
from city_resilience.evaluation.study.context import Context, Part
from city_resilience.resilience.window import Window

__all__ = ["SHOCKS", "SHOCK_COLUMNS", "shock_origins", "shock_test"]

SHOCKS = (2008, 2015, 2020)
SHOCK_COLUMNS = (
    *("origin", "horizon", "model", "n", *POINT_SCORES),
    *("served_skill", "city_low", "city_high"),
)


def shock_origins(context: Context) -> list[int]:
    """Return the origins of the test: those asked for, else the year before each known shock.

    Known shocks are the windows of the experiment, which start in the year before, else those of
    2008, 2015 and 2020; only origins inside the panel are returned.
    """
    asked = context.settings.shock_origins
    if asked:
        return sorted(set(asked))
    windows = [Window.parse(text).start for text in context.engine.experiment.outcome.windows]
    years = context.engine.dataset.years
    newest = int(years[-1]) - min(context.engine.experiment.outcome.horizons)
    before = windows or [year - 1 for year in SHOCKS]
    return [origin for origin in sorted(before) if years[0] < origin <= newest]


def shock_test(context: Context) -> Part:
    """Score the served recipe at the origins before shocks.

    Rows come from the backtest; an origin before its first one is replayed with what was known.

    Returns
    -------
    Part
        ``SHOCK_COLUMNS``, one row per origin, horizon and model among the served one, history
        only, the references and the naive rules; ``served_skill`` is 1 - MAE of the served
        model / MAE of this one, with its bootstrap interval over cities.
    """
    origins = shock_origins(context)
    tables, missing = [pd.DataFrame(columns=list(SHOCK_COLUMNS))], {}
    for done, origin in enumerate(origins, start=1):
        try:
            rows = _rows(context, origin)
            tables += [_table(context, own) for _, own in rows.groupby("horizon")]
        except InputError as error:
            missing[str(origin)] = str(error)
        context.engine.progress("shock origins", done, len(origins))
    about = {"origins": origins, "not_scored": missing}
    return Part(pd.concat(tables[1:] or tables, ignore_index=True), about)


def _rows(context: Context, origin: int) -> pd.DataFrame:
    """Return the rows of an origin from the backtest, or replay it."""
    models = [context.served, HISTORY_ONLY, *BASELINES]
    frame = context.backtest.frame
    if origin not in set(frame["origin"]):
        engine = context.engine
        only = {"first_origin": origin, "last_origin": origin}
        evaluation = engine.experiment.evaluation.model_copy(update=only)
        asked = engine.experiment.model_copy(update={"evaluation": evaluation})
        frame = backtest_at(engine, scored_origins(engine.dataset, asked)).frame
    return frame[(frame["origin"] == origin) & frame["model"].isin(models)]


def _table(context: Context, rows: pd.DataFrame) -> pd.DataFrame:
    served, settings = context.served, context.settings
    scores = yearly(rows).set_index("model")
    drawn = drawn_errors(rows, settings.draws, settings.seed)
    rivals = scores.index.drop(served)
    scores.loc[rivals, "served_skill"] = 1 - scores.loc[served, "mae"] / scores.loc[rivals, "mae"]
    scores.loc[rivals, ["city_low", "city_high"]] = [
        percentile_interval((1 - drawn[served] / drawn[model])[1:]) for model in rivals
    ]
    table = scores.reset_index().sort_values(["mae", "model"])
    return table[list(SHOCK_COLUMNS)]
