r"""Replay springs on a panel: train on the data of that day, issue, score what came to pass.

Usage: python scripts/replay.py EXPERIMENT --data PANEL --store FOLDER [--first 2018] [--last 2022]
       [--rollback 2020] [--out FILE]

Each spring has the panel up to one year: ``train`` on it, ``promote`` as a user would, ``predict
--issue``. After the spring of ``--rollback`` the user goes back to the champion before, and the
forecast is issued again by it. Then ``monitor`` scores all that was issued on the panel up to the
year after the last spring, beside the backtest of a model trained on that panel and the naive
rules. The panel is of one vintage, so this is what would have been forecast from its figures, not
from those of the day; every issue is marked as reconstructed.

    python scripts/replay.py experiments/china_prefecture/experiment.toml --data PANEL \
        --store out/replay --out experiments/china_prefecture/replay.md
"""

from __future__ import annotations

import argparse
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd

import city_resilience as cr
from city_resilience.commands.evaluation import Evaluation
from city_resilience.commands.monitor import Monitored
from city_resilience.evaluation.baselines import NAIVE
from city_resilience.evaluation.scores import yearly
from city_resilience.report.texts import model_name

ISSUED, BACKTEST = "issued", "backtest"
SAME = 1e-9
TABLES = {
    "mae": ("Mean absolute error", "{:.2f}", (ISSUED, BACKTEST, *NAIVE)),
    "rank_correlation": ("Rank correlation over the cities", "{:.2f}", (ISSUED, BACKTEST, *NAIVE)),
    "sign_hit_rate": ("Sign right", "{:.0%}", (ISSUED, BACKTEST, *NAIVE)),
    "coverage": ("Inside the 90 % interval", "{:.1%}", (ISSUED, BACKTEST)),
}
"""Score → its title, its form, and the forecasts that have it; *backtest* is at the same origin."""


@dataclass(frozen=True)
class Spring:
    """What happened in one spring: the newest year of the panel, and the words of each step."""

    year: int
    steps: tuple[str, ...]


@dataclass
class Replay:
    """A panel, its experiment, and the store that the springs are played in."""

    experiment: Path
    panel: pd.DataFrame
    year_column: str
    store: Path
    springs: list[Spring] = field(default_factory=list)

    @property
    def name(self) -> str:
        """The registered model."""
        return cr.load_experiment(self.experiment).name

    def panel_to(self, year: int) -> Path:
        """Write the panel as it ended with a year."""
        path = self.store / f"panel_to_{year}.csv"
        self.panel[self.panel[self.year_column] <= year].to_csv(path, index=False)
        return path

    def play(self, year: int, *, back: bool) -> None:
        """Train, promote, issue and look at what came to pass; go back and issue again if asked."""
        panel, store = self.panel_to(year), str(self.store)
        trained = cr.train(self.experiment, panel, store=store)
        steps = [f"`train`: {trained.version.reference}. {_sentence(trained.verdict.words())}"]
        if not trained.version.is_champion:
            done = cr.promote(trained.version.reference, store=store)
            steps.append(f"`promote`: {done.version.reference} is champion ({done.reason})")
        if self.springs:
            steps += said(cr.monitor(panel, self.name, store=store))
        steps.append(self._issue(panel))
        if back:
            done = cr.rollback(self.name, store=store, reason="rolled back in the replay")
            steps.append(f"`rollback`: {done.version.reference} is champion again")
            steps.append(self._issue(panel))
        self.springs.append(Spring(year, tuple(steps)))

    def _issue(self, panel: Path) -> str:
        out = self.store / "forecast.csv"
        done = cr.predict(
            panel, f"{self.name}@champion", out=out, store=str(self.store), issue=True
        )
        assert done.issued is not None
        one = done.issued.issued
        after = f", superseding {one.supersedes}" if one.supersedes else ""
        return f"`predict --issue`: {one.id} by {one.version}, {one.status}{after}"


def said(seen: Monitored) -> list[str]:
    """Return what monitor says of the issues whose outcomes have arrived, and its alarms."""
    scores = [
        f"`monitor`: h = {row['horizon']}, {row['years']} origin{'s' * (row['years'] > 1)} known: "
        f"error {row['mae']:.2f}, best naive rule ({model_name(row['best_naive'], 'en')}) "
        f"{row['rule_mae']:.2f}, {row['coverage']:.1%} inside the 90 % interval"
        for row in seen.summary["scores"]
    ]
    return scores + [f"`monitor`, alarm: {one}" for one in seen.sentences]


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:]


def scores_by_issue(rows: pd.DataFrame, backtest: pd.DataFrame, serve: str) -> pd.DataFrame:
    """Score each issue at each horizon, the backtest at its origin, and the naive rules of its day.

    Returns
    -------
    DataFrame
        ``yearly``, issue, forecast, counts, coverage.
    """
    found = []
    for issue, own in rows[rows["origin"] == rows["issue_origin"]].groupby("issue", sort=False):
        kinds = {ISSUED: own["forecast"]} | {name: own[f"naive_{name}"] for name in NAIVE}
        for kind, forecast in kinds.items():
            found.append(_scored(own.assign(forecast=forecast), kind, str(issue)))
        beside = backtest[(backtest["model"] == serve)].merge(
            own[["city", "origin", "horizon"]], on=["city", "origin", "horizon"]
        )
        beside = beside.dropna(subset=["truth", "forecast"])
        inside = beside["truth"].between(beside["lower"], beside["upper"]).astype(float)
        beside = beside.assign(inside=inside, counts=bool(own["counts"].any()))
        found.append(_scored(beside, BACKTEST, str(issue)))
    return pd.concat(found, ignore_index=True)


def _scored(rows: pd.DataFrame, kind: str, issue: str) -> pd.DataFrame:
    table = yearly(rows.assign(model=kind)).assign(issue=issue, forecast=kind)
    spans = rows.groupby("horizon")["inside"].mean().rename("coverage")
    if kind not in (ISSUED, BACKTEST):
        spans[:] = float("nan")
    table = table.merge(spans.reset_index(), on="horizon")
    return table.assign(counts=bool(rows["counts"].any()))


def page(replay: Replay, table: pd.DataFrame, command: str) -> str:
    """Return the page, in Markdown."""
    return "\n".join(_lines(replay, table, command)) + "\n"


def _lines(replay: Replay, table: pd.DataFrame, command: str) -> Iterator[str]:
    yield f"# {replay.name}: springs played again"
    yield ""
    yield f"Made by `{command}` on {dt.date.today()} with city-resilience {cr.__version__}."
    yield ""
    yield (
        "The panel is of one vintage: this is what would have been forecast from its figures, not "
        "from those of the day. Every issue is therefore marked as reconstructed. Errors are in "
        "pp. *Backtest* is the rolling-origin backtest of the newest panel at the same origins and "
        "rows. Naive rules are those of the day of the issue."
    )
    yield from ("", "## In short", "", *_short(table))
    yield from ("", "## What happened", "")
    for spring in replay.springs:
        yield f"- Data to {spring.year}"
        yield from (f"  - {step}" for step in spring.steps)
    for horizon, own in table.groupby("horizon"):
        yield from ("", f"## {horizon} year{'s' * (horizon > 1)} ahead")
        for value, (title, form, kinds) in TABLES.items():
            yield from ("", f"{title}:", "")
            yield from _table(own, value, form, kinds)


def _short(table: pd.DataFrame) -> Iterator[str]:
    """Say what was reached at the shortest horizon, and how far issues differ from the backtest."""
    first = table[table["horizon"] == table["horizon"].min()]
    means = first[first["counts"]].groupby("forecast")[list(TABLES)].mean()
    rules = means.loc[list(NAIVE), "mae"].sort_values()
    told = ", ".join(f"{model_name(name, 'en')} {value:.2f}" for name, value in rules.items())
    issued = means.loc[ISSUED]
    yield (
        f"- {first['horizon'].iloc[0]} year ahead, mean over the origins with the issue that "
        f"stands: error {issued['mae']:.2f}, beside {told}; rank correlation "
        f"{issued['rank_correlation']:.2f}; {issued['coverage']:.1%} inside the 90 % interval."
    )
    wide = table.pivot_table(index=["issue", "horizon"], columns="forecast", values="mae")
    same = (wide[ISSUED] - wide[BACKTEST]).abs() < SAME
    yield (
        f"- Of {len(same)} errors (issues × horizons) {int(same.sum())} are those of the backtest "
        f"to {SAME:g} pp. The others are of models that were fitted in an earlier spring."
    )


def _table(own: pd.DataFrame, value: str, form: str, kinds: tuple[str, ...]) -> Iterator[str]:
    """Yield a row for each issue, and the mean over the origins with the issue that stands."""
    wide = own.pivot_table(index="issue", columns="forecast", values=value, sort=False)
    wide = wide.reindex(columns=list(kinds))
    standing = own.groupby("issue")["counts"].any()
    origins = len(standing[standing])
    yield "| issue | " + " | ".join(_named(kind) for kind in kinds) + " |"
    yield "|---" * (1 + len(kinds)) + "|"
    for issue, row in wide.iterrows():
        yield f"| {issue}{'' if standing[issue] else ' (superseded)'} | {_figures(row, form)} |"
    mean = wide[standing.reindex(wide.index)].mean()
    yield f"| **mean of {origins} origins** | {_figures(mean, form)} |"


def _figures(row: pd.Series, form: str) -> str:
    return " | ".join("–" if pd.isna(value) else form.format(value) for value in row)


def _named(kind: str) -> str:
    return kind if kind in (ISSUED, BACKTEST) else model_name(kind, "en")


def main() -> None:
    """Play the springs and write the page and its table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("experiment", type=Path)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--store", type=Path, required=True, help="a new folder")
    parser.add_argument("--first", type=int, default=2018)
    parser.add_argument("--last", type=int, default=2022)
    parser.add_argument("--rollback", type=int, default=2020)
    parser.add_argument("--out", type=Path, required=True, help="a .md file; a .csv beside it")
    chosen = parser.parse_args()
    chosen.store.mkdir(parents=True)
    frame = pd.read_csv(chosen.data)
    settings = cr.load_experiment(chosen.experiment)
    year = settings.data.year or next(name for name in frame if name in ("year", "年份"))
    replay = Replay(chosen.experiment, frame, year, chosen.store)
    for spring in range(chosen.first, chosen.last + 1):
        replay.play(spring, back=spring == chosen.rollback)
        print(f"data to {spring}: " + "; ".join(replay.springs[-1].steps), flush=True)
    newest = replay.panel_to(chosen.last + 1)
    seen = cr.monitor(newest, replay.name, store=str(chosen.store), out=chosen.store / "monitor")
    replay.springs.append(Spring(chosen.last + 1, tuple(said(seen))))
    evaluated = cr.backtest(chosen.experiment, newest).evaluation
    assert isinstance(evaluated, Evaluation)
    found = evaluated.backtest.frame
    table = scores_by_issue(seen.rows, found, settings.model.serve)
    command = (
        f"python scripts/replay.py {chosen.experiment} --data PANEL --store NEW "
        f"--first {chosen.first} --last {chosen.last} --rollback {chosen.rollback}"
    )
    chosen.out.write_text(page(replay, table, command), encoding="utf-8")
    table.to_csv(chosen.out.with_suffix(".csv"), index=False)


if __name__ == "__main__":
    main()
