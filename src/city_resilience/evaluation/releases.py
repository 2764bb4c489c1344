"""Early releases beside the scores: which they are, and how far they are trusted."""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
import pandas as pd

from city_resilience.evaluation.nowcasts import Nowcasts
from city_resilience.models.surprise import adding_up_error
from city_resilience.tasks.dataset import Dataset

__all__ = ["RELEASE_COLUMNS", "SLOPE_COLUMNS", "release_table", "slope_table"]

RELEASE_COLUMNS = (
    *("release", "label_en", "label_zh", "group", "prices", "concept", "vintage"),
    *("levels", "first_told", "last_told", "told", "as_of", "counted", "origins"),
    "adding_up_error",
)
SLOPE_COLUMNS = ("horizon", "release", "group", "way", "place", "kind", "surprise", "error", "gain")


def release_table(
    dataset: Dataset, origin: int, rolled: Nowcasts, scored: Collection[int]
) -> pd.DataFrame:
    """Describe the early releases as they stand on the day of the forecast at an origin.

    Parameters
    ----------
    scored : collection of int
        Origins with a scored nowcast at the shortest horizon.

    Returns
    -------
    DataFrame
        ``RELEASE_COLUMNS``: names, whom and what the figures are about, and their ``vintage``;
        ``levels``, the groups in the panel; the first and last year after the origin with a figure
        (blank = none) and the number of groups ``told`` of the first; the day; at how many of the
        scored ``origins`` the release ``counted``, at the shortest horizon; and
        ``adding_up_error``, see `models.surprise.adding_up_error`.
    """
    view, used = dataset.at(origin), rolled.used[min(rolled.used)]
    rows = []
    for own in view.early:
        known = np.isfinite(own.beyond).sum(axis=0)
        years = origin + 1 + np.flatnonzero(known)
        rows.append(
            {
                "release": own.name,
                "label_en": own.label_en or own.name,
                "label_zh": own.label_zh or own.label_en or own.name,
                "group": own.group,
                "prices": "nominal" if own.nominal else "real",
                "concept": own.concept,
                "vintage": own.vintage,
                "levels": len(own.levels),
                "first_told": int(years[0]) if years.size else pd.NA,
                "last_told": int(years[-1]) if years.size else pd.NA,
                "told": int(known[known > 0][0]) if years.size else 0,
                "as_of": dataset.day(origin).isoformat(),
                "counted": sum(
                    own.name in {one.release for one in used.get(o, ())} for o in scored
                ),
                "origins": len(scored),
                "adding_up_error": adding_up_error(view, own),
            }
        )
    table = pd.DataFrame(rows, columns=list(RELEASE_COLUMNS))
    return table.astype({"first_told": "Int64", "last_told": "Int64"})


def slope_table(rolled: Nowcasts, dataset: Dataset) -> pd.DataFrame:
    """Lay out the slopes for the live origin.

    Returns
    -------
    DataFrame
        ``SLOPE_COLUMNS``: for each horizon and release the way it is used, its ``place`` among
        the alternatives about its group (1 = the one that counts where it is told), and for each
        kind of city the slopes of the surprise and of the last error of adding up; ``gain`` is by
        how much the mean absolute error was lowered at earlier origins, pp.
    """
    group = {own.name: own.group for own in dataset.early}
    rows = [
        (horizon, own.release, group[own.release], own.way, place, kind, *slopes, own.gain)
        for horizon, steps in rolled.live.items()
        for alternatives in steps
        for place, own in enumerate(alternatives, start=1)
        for kind, slopes in own.by_kind.items()
    ]
    return pd.DataFrame(rows, columns=list(SLOPE_COLUMNS))
