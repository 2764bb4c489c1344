"""Mutated panels end in a draft that loads or in an error that is meant for the user."""

from __future__ import annotations

import tomllib

import numpy as np
import pandas as pd
import pytest

from city_resilience.drafting.draft import Named, open_profile, sketch
from city_resilience.drafting.guess import values_of
from city_resilience.drafting.write import render
from city_resilience.errors import InputError
from city_resilience.experiment.load import experiment_from
from foreign_panels import PANELS

CELLS = (
    *(
        "",
        "n/a",
        "合计",
        "TOTAL",
        "-",
        "12,5",
        "1,234",
        "2010",
        "2010Q1",
        "é",
        "\x07",
        '"',
        "'",
        "#",
    ),
    *("=1+1", "TRUE", "[x]", "10%", "1e400", "∞", "nan", "year", "city"),
)


def mutated(frame: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    frame = frame.astype(object)
    for kind in rng.integers(0, 9, int(rng.integers(1, 6))):
        if frame.empty:
            break
        header = frame.columns[rng.integers(frame.shape[1])]
        cell = CELLS[rng.integers(len(CELLS))]
        at = int(rng.integers(frame.shape[1]))
        if kind == 0:
            frame = frame.drop(columns=header)
        elif kind == 1:
            frame.iloc[rng.integers(len(frame)), at] = cell
        elif kind == 2:
            frame.isetitem(at, [cell] * len(frame))
        elif kind == 3:
            frame = frame.rename(columns={header: cell})
        elif kind == 4:
            frame = frame.sample(frac=rng.uniform(0.1, 1), random_state=int(rng.integers(1000)))
        elif kind == 5:
            frame = pd.concat([frame, frame.iloc[: rng.integers(1, len(frame) + 1)]])
        elif kind == 6:
            frame = frame[[*reversed(frame.columns)]]
        elif kind == 7:
            frame.isetitem(at, rng.permutation(frame.iloc[:, at].to_numpy()))
        else:
            frame.isetitem(at, -pd.to_numeric(frame.iloc[:, at], errors="coerce"))
    return frame


@pytest.mark.parametrize("seed", range(6))
def test_only_errors_for_the_user_come_out(seed, tmp_path):
    rng, drafted = np.random.default_rng(seed), 0
    for kind in PANELS.values():
        path = tmp_path / "panel.csv"
        mutated(kind.make(6), rng).to_csv(path, index=False)
        try:
            made = sketch(open_profile(path), {}, Named("panel.csv"))
        except InputError:
            continue
        text = render(made.guesses, ["Drafted."])
        written = experiment_from(tomllib.loads(text), "the file")
        assert written == experiment_from(values_of(made.guesses), "the guesses")
        drafted += 1
    assert drafted
