"""The backtest in real time beside the one on the newest panel, where the revisions are known.

    python benchmarks/vintages.py [--seeds 20] [--out benchmarks/vintages.csv]
    python benchmarks/vintages.py --cut EXPERIMENT --data PANEL.csv

Panels of 100 made-up cities and 16 years (law ``linear`` of ``city_resilience.planted``) are
printed every year and revised later by known amounts. What a figure is off by is drawn once for
each city and year; it has the standard deviation s0 (log points) while its year is the newest, s1 a
year later, and is gone after that. By how much the mean squared error of a naive rule at h = 1 is
larger in real time follows from s0 and s1 alone, with c = 1 - 2/n + the sum of the squared shares
of the cities:

    scored on            no gap           last gap                    mean of five gaps
    the newest panel     0                (s0^2 + s1^2) c             (s0 / 5)^2 c
    the first release    (s0^2 + s1^2) c  ((s0+s1)^2 + s0^2 + s1^2) c  ((s0/5 + s1)^2 + s0^2) c

The table has this beside the difference that was found, in the mean over the seeds with its 95 %
interval, and beside the model that is served, for which it does not follow. ``alone`` is the
largest difference between a member's forecast in real time and that of a run on the panel of the
day alone.

With ``--cut`` a real panel is written as it stood in each year, without any revision, read and
audited panel by panel, and nothing may differ.
"""

from __future__ import annotations

import argparse
import datetime as dt
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from city_resilience.catalogue.variables import load_catalogue
from city_resilience.commands.source import load
from city_resilience.evaluation.backtest import Backtest, run_backtest
from city_resilience.evaluation.engine import SERVED, forecast_members
from city_resilience.evaluation.scores import paired_interval
from city_resilience.experiment.experiment import Experiment
from city_resilience.experiment.load import experiment_from
from city_resilience.planted import as_printed, planted_panel, print_errors
from city_resilience.reading.panel import Panel
from city_resilience.tasks.dataset import build_dataset
from city_resilience.tasks.real_time import in_real_time
from city_resilience.tasks.task import prepare_task

CITIES, YEARS, DELAY = 100, 16, 90
FIRST, LAST, NEWEST = 2008, 2013, 1999 + YEARS
OUTCOME, INDICATOR = "gdp_real", "employment_ict"
TREES = {"rounds": 20, "learning_rate": 0.3}
EXPERIMENT: dict[str, Any] = {
    "name": "vintages",
    "outcome": {"horizons": [1], "publication_delay_days": DELAY},
    "data": {"simulated": True},
    "model": {"members": ["persistence", "xgboost"], "parameters": {"xgboost": TREES}},
}
QUICK = ["outcome.horizons=[1]", 'model.members=["persistence", "ridge"]']
MODELS = ("zero", "last", "mean5", "blend")


@dataclass(frozen=True)
class Plan:
    """What is revised and what is the truth."""

    id: str
    variable: str
    sizes: tuple[float, float]
    truth: str = "newest"

    @property
    def chosen(self) -> Experiment:
        """The experiment."""
        scored = {"first_origin": FIRST, "last_origin": LAST, "warmup_origins": 2}
        about = {"evaluation": {**scored, "truth": self.truth}}
        return experiment_from({**EXPERIMENT, **about}, "vintages")

    def planted(self, model: str, shares: float) -> float:
        """Return by how much the squared error of a naive rule is larger; NaN where unknown."""
        if self.sizes == (0.0, 0.0):
            return 0.0
        first, second = self.sizes if self.variable == OUTCOME else (0.0, 0.0)
        moved = {"zero": (0.0, 0.0), "last": (first, -second), "mean5": (first / 5, 0.0)}
        if model not in moved:
            return float("nan")
        now, before = moved[model]
        if self.truth == "first":  # the error of the truth itself, of the next year and of this one
            return shares * (first**2 + (now + second) ** 2 + before**2)
        return shares * (now**2 + before**2)


PLANS = (
    Plan("nothing is revised", OUTCOME, (0.0, 0.0)),
    Plan("outcome, once", OUTCOME, (2.0, 0.0)),
    Plan("outcome, twice", OUTCOME, (2.0, 1.0)),
    Plan("outcome, twice, scored as first published", OUTCOME, (2.0, 1.0), "first"),
    Plan("an indicator", INDICATOR, (30.0, 10.0)),
)


def panel_of(frame: pd.DataFrame) -> Panel:
    """Return a simulated frame as a panel."""
    known = load_catalogue().variables
    variables = {name: known[name] for name in frame if frame[name].dtype.kind == "f"}
    ordered = frame[["city", "year", "province", *sorted(variables)]]
    return Panel(ordered.sort_values(["city", "year"], ignore_index=True), variables)


def printed(plan: Plan, frame: pd.DataFrame, seed: int) -> dict[dt.date, Panel]:
    """Return the panel of every year, by the day on which it comes out."""
    errors = print_errors(frame, 1000 + seed)
    first = FIRST - 2
    return {
        dt.date(year + 2, 3, 1): panel_of(
            as_printed(frame, year, plan.variable, plan.sizes, errors)
        )
        for year in range(first, NEWEST)
    }


def rolled(plan: Plan, panel: Panel, dated: dict[dt.date, Panel]) -> Backtest:
    """Return the backtest of a panel with earlier ones."""
    dataset = in_real_time(build_dataset(panel, plan.chosen), panel, dated, plan.chosen)
    return run_backtest(dataset, plan.chosen)


def errors_of(backtest: Backtest) -> pd.DataFrame:
    """Return the mean squared and absolute error of each model over all scored rows."""
    frame = backtest.frame[backtest.frame["model"].isin(MODELS)]
    miss = frame["forecast"] - frame["truth"]
    table = frame[["model"]].assign(mse=miss**2, mae=miss.abs())
    return table.groupby("model")[["mse", "mae"]].mean()


def alone(plan: Plan, dated: dict[dt.date, Panel], found: Backtest) -> float:
    """Return how far members are from what a run on the panel of the day alone forecasts."""
    gaps = []
    for origin in range(FIRST, LAST + 1):
        view = build_dataset(dated[dt.date(origin + 2, 3, 1)], plan.chosen).at(origin)
        task = prepare_task(view, 1, plan.chosen)
        assert task is not None
        own = forecast_members(task, SERVED, plan.chosen.model)
        gaps.append(float(np.abs(own - found.whole[1].members[origin]).max()))
    return max(gaps)


def shares_of(frame: pd.DataFrame) -> float:
    """Return c: how much of the variance of an error is left relative to the nation."""
    level = frame.pivot_table(index="city", columns="year", values=OUTCOME)
    share = level / level.sum()
    scored = share[list(range(FIRST, LAST + 1))]
    return float(1 - 2 / len(share) + (scored**2).sum().mean())


def one_seed(seed: int) -> Iterator[dict[str, Any]]:
    """Yield a row for each plan and model."""
    frame = planted_panel("linear", CITIES, YEARS, seed)
    panel, shares = panel_of(frame), shares_of(frame)
    pseudo = errors_of(rolled(PLANS[0], panel, {}))
    for plan in PLANS:
        dated = printed(plan, frame, seed)
        found = rolled(plan, panel, dated)
        real, apart = errors_of(found), alone(plan, dated, found)
        for model in MODELS:
            yield {
                "revised": plan.id,
                "model": model,
                "seed": seed,
                **{f"{name}_pseudo": pseudo.loc[model, name] for name in ("mae", "mse")},
                **{f"{name}_real": real.loc[model, name] for name in ("mae", "mse")},
                "planted": plan.planted(model, shares),
                "alone": apart,
            }


def summed_up(rows: pd.DataFrame) -> Iterator[dict[str, Any]]:
    """Yield the means over the seeds, and whether what was planted was found."""
    for (plan, model), own in rows.groupby(["revised", "model"], sort=False):
        difference = (own["mse_real"] - own["mse_pseudo"]).to_numpy()
        mean, low, high = paired_interval(difference)
        planted = own["planted"].mean()
        exact, unknown = bool(np.all(difference == 0.0)), bool(np.isnan(planted))
        inside = exact if planted == 0.0 else low <= planted <= high
        yield {
            "revised": plan,
            "model": model,
            "seeds": len(own),
            **own[["mae_pseudo", "mae_real", "mse_pseudo", "mse_real"]].mean().to_dict(),
            "difference": mean,
            "low": low,
            "high": high,
            "planted": planted,
            "found": "" if unknown else "yes" if inside else "no",
            "alone": own["alone"].max(),
        }


def cut(experiment: Path, panel: Path) -> None:
    """Print how far forecasts from a real panel cut at every year are from those from the whole."""
    frame = pd.read_csv(panel, dtype=str, keep_default_na=False, encoding="utf-8-sig")
    plain = load(experiment, panel, QUICK)
    first = plain.experiment.evaluation.first_origin - plain.experiment.evaluation.warmup_origins
    key = plain.experiment.data.year or next(c for c in frame if c in ("year", "年份"))
    with tempfile.TemporaryDirectory() as folder:
        files = {}
        for origin in range(first, plain.panel.years[-1]):
            path = Path(folder) / f"{origin}.csv"
            frame[frame[key].astype(float) <= origin].to_csv(path, index=False)
            files[plain.dataset.day(origin).isoformat()] = str(path)
        named = ", ".join(f'"{day}" = "{path}"' for day, path in files.items())
        dated = load(experiment, panel, [*QUICK, f"data.vintages={{{named}}}"])
    found = [run_backtest(own.dataset, own.experiment).frame for own in (plain, dated)]
    keys = ["model", "city", "origin", "horizon"]
    both = found[0].merge(found[1], on=keys, suffixes=("", "_dated"), validate="1:1")
    apart = (both["forecast"] - both["forecast_dated"]).abs().max()
    print(
        f"{len(files)} panels, {len(both)} of {len(found[0])} forecasts, largest difference {apart}"
    )


def main() -> None:
    """Run the seeds, print and write the table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--out", type=Path, default=Path(__file__).with_suffix(".csv"))
    parser.add_argument("--cut", type=Path, default=None)
    parser.add_argument("--data", type=Path, default=None)
    asked = parser.parse_args()
    if asked.cut:
        cut(asked.cut, asked.data)
        return
    rows = pd.DataFrame([row for seed in range(asked.seeds) for row in one_seed(seed)])
    table = pd.DataFrame(summed_up(rows)).round(4)
    print(table.to_string(index=False))
    table.to_csv(asked.out, index=False, lineterminator="\n")


if __name__ == "__main__":
    main()
