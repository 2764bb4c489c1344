"""Keep the committed results of the experiments and the tables made of them.

    python scripts/results_table.py NAME=FOLDER ...

copies the aggregate tables that ``backtest --out FOLDER`` or ``train --out FOLDER`` wrote to
``experiments/NAME`` and then writes the tables between the markers of the READMEs anew. Without
arguments only the READMEs are written; ``--check`` writes nothing and fails if one is out of date.
"""

from __future__ import annotations

import sys
from pathlib import Path

import pandas as pd

from city_resilience.evaluation.candidates import BLEND, candidate_kind, candidate_labels

ROOT = Path(__file__).parents[1]
EXPERIMENTS = ("china_prefecture", "china_provinces", "us_states", "demo")
SHOCKS = ("china_shocks",)
TABLES = {
    "scores.csv": "results.csv",
    "comparisons.csv": "comparisons.csv",
    "intervals.csv": "interval_scores.csv",
    "reliability.csv": "reliability.csv",
}
COVERAGE = "coverage.csv"
LABELS = tuple(
    labels | {BLEND: f"**{labels[BLEND]} {served}**"}
    for labels, served in (
        (candidate_labels("en"), "(served)"),
        (candidate_labels("zh"), "（所用模型）"),
    )
)
NAIVE = [name for name in LABELS[0] if candidate_kind(name) == "naive"]
HEADS = {
    "README.md": (
        "| experiment | h | years | best naive | its MAE | blend | skill | better in "
        "| worth of the indicators (95 %) |",
        0,
    ),
    "README.zh.md": (
        "| 实验 | 期数 | 年数 | 最优简单基准 | 其平均绝对误差 | 组合 | 误差降幅 | 胜出年数 "
        "| 指标的贡献（95 %区间） |",
        1,
    ),
}


def collect(name: str, folder: Path) -> None:
    """Copy the aggregate tables of a run, rounded; no per-city value is among them."""
    target = ROOT / "experiments" / name
    if name in SHOCKS:
        pd.read_csv(folder / "scores.csv").round(4).to_csv(target / "results.csv", index=False)
        return
    for source, kept in TABLES.items():
        pd.read_csv(folder / source).round(4).to_csv(target / kept, index=False)
    pd.read_csv(folder / COVERAGE).round(3).to_csv(target / COVERAGE, index=False)


def overall(name: str) -> pd.DataFrame:
    """Return the overall scores of an experiment, by horizon and error."""
    scores = pd.read_csv(ROOT / "experiments" / name / "results.csv")
    return scores[scores["slice"] == "all"].sort_values(["horizon", "mae"])


def skill_table(head: str, language: int) -> str:
    """Return the table "skill against naive" over all experiments."""
    lines = [head, "|---|---|---|---|---|---|---|---|---|"]
    for name in EXPERIMENTS:
        versus = pd.read_csv(ROOT / "experiments" / name / "comparisons.csv")
        for horizon, rows in overall(name).groupby("horizon"):
            by_model = rows.set_index("model")
            best = by_model.loc[[n for n in NAIVE if n in by_model.index], "mae"].idxmin()
            own = by_model.loc["blend"]
            won = versus[(versus["horizon"] == horizon) & (versus["versus"] == best)].iloc[0]
            lines.append(
                f"| `{name}` | {horizon} | {own['years']:.0f} | {LABELS[language][best]} "
                f"| {by_model.loc[best, 'mae']:.3f} | {own['mae']:.3f} "
                f"| {own['skill_naive']:+.1%} | {won['wins']} / {won['years']} "
                f"| {interval(own)} |"
            )
    return "\n".join(lines)


def interval(row: pd.Series) -> str:
    """Return the paired difference from history only with its interval."""
    values = [row[f"difference_{part}"] for part in ("history", "low", "high")]
    if pd.isna(values[0]):
        return ""
    if pd.isna(values[1]):
        return f"{values[0]:+.3f}"
    return f"{values[0]:+.3f} ({values[1]:+.3f} to {values[2]:+.3f})"


def experiment_table(name: str) -> str:
    """Return all models of one experiment, by horizon."""
    lines = [
        "| h | model | MAE, pp | RMSE, pp | rank | skill | against history only (95 %) |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in overall(name).to_dict("records"):
        rank = "–" if pd.isna(row["rank_correlation"]) else f"{row['rank_correlation']:.3f}"
        difference = "" if row["model"] == "history_only" else interval(pd.Series(row))
        lines.append(
            f"| {row['horizon']} | {LABELS[0][row['model']]} | {row['mae']:.3f} "
            f"| {row['rmse']:.3f} | {rank} | {row['skill_naive']:+.1%} | {difference} |"
        )
    return "\n".join([*lines, "", *by_year(name)])


def shock_model(model: str) -> str:
    """Name a model of an experiment on shocks, its reference by the learner it is of."""
    kind, _, name = model.rpartition(": ")
    label = LABELS[0][name] if name in LABELS[0] else name.replace("_", " ")
    return f"{LABELS[0][kind]}: {label}" if kind else label


def shock_table(name: str) -> str:
    """Return all models of an experiment on shocks, by test and shock."""
    lines = ["| test | shock | model | n | MAE | rank | skill |", "|---|---|---|---|---|---|---|"]
    scores = pd.read_csv(ROOT / "experiments" / name / "results.csv")
    for row in scores.to_dict("records"):
        rank = "–" if pd.isna(row["rank_correlation"]) else f"{row['rank_correlation']:.3f}"
        model = shock_model(row["model"])
        lines.append(
            f"| {row['test'].replace('_', ' ')} | {row['window']} | {model} | {row['n']} "
            f"| {row['mae']:.3f} | {rank} | {row['skill_naive']:+.1%} |"
        )
    return "\n".join(lines)


def by_year(name: str) -> list[str]:
    """Return the yearly errors at the shortest horizon."""
    scores = pd.read_csv(ROOT / "experiments" / name / "results.csv", dtype={"level": str})
    rows = scores[(scores["slice"] == "year") & (scores["horizon"] == scores["horizon"].min())]
    shown = ["blend", "history_only", "ar_ridge", "damped", "last", "zero"]
    table = rows.pivot_table("mae", "level", "model")[shown]
    lines = [
        f"MAE by origin, h = {rows['horizon'].min()}:",
        "",
        "| origin | " + " | ".join(LABELS[0][m] for m in shown) + " |",
        "|---" * (len(shown) + 1) + "|",
    ]
    for origin, errors in table.iterrows():
        lines.append(f"| {origin} | " + " | ".join(f"{e:.3f}" for e in errors) + " |")
    return lines


def filled(text: str, marker: str, table: str) -> str:
    """Return a text with what stands between two markers replaced."""
    start, end = f"<!-- {marker} -->", f"<!-- end {marker} -->"
    head, _, rest = text.partition(start)
    _, _, tail = rest.partition(end)
    return f"{head}{start}\n\n{table}\n\n{end}{tail}"


def pages() -> dict[Path, str]:
    """Return the READMEs as they should be."""
    wanted = {}
    for name, (head, language) in HEADS.items():
        path = ROOT / name
        wanted[path] = filled(path.read_text("utf-8"), "skill", skill_table(head, language))
    for name in EXPERIMENTS:
        path = ROOT / "experiments" / name / "README.md"
        wanted[path] = filled(path.read_text("utf-8"), "results", experiment_table(name))
    for name in SHOCKS:
        path = ROOT / "experiments" / name / "README.md"
        wanted[path] = filled(path.read_text("utf-8"), "results", shock_table(name))
    return wanted


def main(arguments: list[str]) -> int:
    """Run the script."""
    for item in arguments:
        if item != "--check":
            name, _, folder = item.partition("=")
            collect(name, Path(folder))
    stale = {p: t for p, t in pages().items() if p.read_text("utf-8") != t}
    for path, text in stale.items():
        if "--check" in arguments:
            print(f"{path.relative_to(ROOT)}: its table is not that of the committed results")
        else:
            path.write_text(text, "utf-8")
    return 1 if stale and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
