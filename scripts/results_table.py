"""Keep the committed results of the experiments and the tables made of them.

    python scripts/results_table.py NAME=FOLDER ...

copies the aggregate tables that ``backtest --out FOLDER`` or ``train --out FOLDER`` wrote to
``experiments/NAME`` and then writes the tables between the markers of the READMEs anew. Without
arguments only the READMEs are written; ``--check`` writes nothing and fails if one is out of date.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

import pandas as pd
from claims_tables import baseline_table, claims_table, level_table, verdict_table
from view_tables import driver_table, family_table, structural_table, view_table

from city_resilience.evaluation.candidates import (
    BLEND,
    HISTORY_ONLY,
    candidate_kind,
    candidate_labels,
)
from city_resilience.evaluation.periods import Period, Standing, periods, standing
from city_resilience.report.nowcast import panel_alone
from city_resilience.report.texts import Texts, measure_words

ROOT = Path(__file__).parents[1]
EXPERIMENTS = ("china_prefecture", "china_provinces", "us_states", "demo")
SHOCKS = ("china_shocks", "china_recovery")
TABLES = {
    "scores.csv": "results.csv",
    "comparisons.csv": "comparisons.csv",
    "intervals.csv": "interval_scores.csv",
    "reliability.csv": "reliability.csv",
    "structural.csv": "structural.csv",
}
COVERAGE = "coverage.csv"
LABELS = tuple(
    labels | {BLEND: f"**{labels[BLEND]} {served}**"}
    for labels, served in (
        (candidate_labels("en"), "(in use)"),
        (candidate_labels("zh"), "（所用模型）"),
    )
)
NAIVE = [name for name in LABELS[0] if candidate_kind(name) == "naive"]
HEADS = {
    "README.md": (
        "| experiment | years ahead | scored years | best naive rule | its error | blend | skill "
        "| skill in the last four | better in | worth of the indicators (95 %) |",
        0,
    ),
    "README.zh.md": (
        "| 模型方案 | 预测期（年） | 年数 | 最好的简单基准 | 其误差 | 组合模型 | 误差降幅 "
        "| 最近四年的误差降幅 | 占优年数 | 指标的作用（95% 区间） |",
        1,
    ),
}
PEERS = {
    "scikit-learn": ("hist_gradient_boosting", "hist_gradient_boosting_absolute", "random_forest"),
    "AutoGluon": ("autogluon", "autogluon_equal_time"),
    "FLAML": ("flaml",),
    "mlforecast": ("mlforecast",),
}
RECENT_HEAD = ("origins", "预测起点")
NOWCAST_SETS = {
    "real": ("real growth, origins 2010–2018", "实际增速，起点 2010–2018"),
    "real + nominal + nominal_recent": (
        "the same, then nominal output, 2010–2021",
        "同上，其后用名义产出，2010–2021",
    ),
    "real, shuffled": (
        "real growth of other provinces, 2010–2018",
        "错配省份的实际增速，2010–2018",
    ),
}
NOWCAST_HEAD = (
    "| provinces published | years ahead | forecast | nowcast | difference (95 %) | better in |",
    "| 省份公布的数据 | 预测期（年） | 预测 | 即时预测 | 相差（95% 区间） | 占优年数 |",
)
PEERS_HEAD = (
    "| tool | its error | this tool | difference (95 %) | this tool better in |",
    "| 工具 | 其误差 | 本工具 | 相差（95% 区间） | 本工具占优年数 |",
)
PEERS_NOTE = (
    "Error: MAE in pp, of the recipe of the day of the comparison; the one in use has {mae:.3f}. "
    "The settings of this tool were chosen with these years in view; settings chosen at each "
    "origin from earlier origins alone have an error of {error:.3f}.",
    "误差为平均绝对误差（百分点），本工具为比较当日的模型方案，现用方案为 {mae:.3f}。"
    "本工具的模型设定是在看过这些年份之后选定的；"
    "若在每个起点只依据更早的起点来选，误差为 {error:.3f}。",
)
INTERVALS_HEAD = (
    "| years ahead | inside the 90 % interval in the worst year | in all years "
    "| inside the 80 % interval in its worst year | in all years |",
    "| 提前年数 | 最差年份落在 90% 区间内 | 全部年份 | 最差年份落在 80% 区间内 | 全部年份 |",
)
WORST = ("{share:.0%} (outcome of {year})", "{share:.0%}（{year} 年的实际值）")
DIGITAL = ("china_prefecture", "china_provinces", "demo")
DIGITAL_HEAD = (
    "| experiment | error with all indicators | without digital (95 %) "
    "| digital added to history only (95 %) |",
    "| 模型方案 | 使用全部指标的误差 | 去掉数字类（95% 区间） "
    "| 在“仅用历史”上加入数字类（95% 区间） |",
)
TO = (" to ", " 至 ")


def collect(name: str, folder: Path) -> None:
    """Copy the aggregate tables of a run, rounded; no per-city value is among them."""
    target = ROOT / "experiments" / name
    if name in SHOCKS:
        pd.read_csv(folder / "scores.csv").round(4).to_csv(target / "results.csv", index=False)
        return
    for source, stored in TABLES.items():
        pd.read_csv(folder / source).round(4).to_csv(target / stored, index=False)
    coverage = pd.read_csv(folder / COVERAGE, dtype={"last_year": "Int64"})
    coverage.round(3).to_csv(target / COVERAGE, index=False)


def kept(name: str, file: str) -> pd.DataFrame:
    """Return a committed table of an experiment: its forecasts, without any nowcasts."""
    return panel_alone(pd.read_csv(ROOT / "experiments" / name / file, dtype={"level": str}))


def overall(name: str) -> pd.DataFrame:
    """Return the overall scores of an experiment, by horizon and error."""
    scores = kept(name, "results.csv")
    return scores[scores["slice"] == "all"].sort_values(["horizon", "mae"])


def skill_table(head: str, language: int) -> str:
    """Return the table "skill against naive" over all experiments."""
    lines = [head, "|---" * 10 + "|"]
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
                f"| {own['skill_naive']:+.1%} | {recent_skill(name, int(horizon), language)} "
                f"| {won['wins']} / {won['years']} "
                f"| {interval(own, language)} |"
            )
    return "\n".join(lines)


def recent_table(language: int) -> str:
    """Return the errors one year ahead on the Chinese cities, early and recent origins apart."""
    models = [BLEND, *NAIVE]
    table = yearly_errors("china_prefecture", models)
    heads = [candidate_labels(("en", "zh")[language])[model] for model in models]
    lines = [f"| {' | '.join([RECENT_HEAD[language], *heads])} |", "|---" * (len(heads) + 1) + "|"]
    spans = (Period(table.index[0], table.index[-1]), *periods(table.index))
    lines += [period_row(table, own) for own in spans]
    found = recent_standing("china_prefecture")
    if found is None:
        return "\n".join(lines)
    recent, lang = table.loc[spans[-1].first : spans[-1].last], ("en", "zh")[language]
    told = {"skill": found.skill, "wins": found.wins, "years": len(recent), **asdict(spans[-1])}
    told |= {"mae": recent[BLEND].mean(), "mae_rule": recent[found.rule].mean()}
    say = Texts(measure_words("growth_gap"))
    sentence = say(f"recent_{found.code}", rule=say.name("model", found.rule), **told)
    return "\n".join([*lines, "", sentence[lang]])


def period_row(table: pd.DataFrame, period: Period) -> str:
    """Return the mean errors of a period as a row of a table."""
    errors = table.loc[period.first : period.last].mean()
    return f"| {period.first}–{period.last} | {' | '.join(f'{e:.3f}' for e in errors)} |"


def recent_standing(name: str, horizon: int | None = None) -> Standing | None:
    """Return how the blend did in the last four origins; None where they do not stand apart."""
    table = yearly_errors(name, [BLEND, *NAIVE], horizon)
    recent = periods(table.index)[-1]
    return standing(table.loc[recent.first : recent.last], BLEND) if recent.recent else None


def recent_skill(name: str, horizon: int, language: int) -> str:
    """Return the skill in the last four origins and the rule that was best in them."""
    found = recent_standing(name, horizon)
    return "–" if found is None else f"{found.skill:+.1%} ({LABELS[language][found.rule]})"


def peers_table(language: int) -> str:
    """Return the best result of each general tool beside that of this one."""
    results = pd.read_csv(ROOT / "benchmarks" / "peers" / "results.csv").set_index("tool")
    own = results.loc["city-resilience", "mae"]
    scores = overall("china_prefecture")
    years, now = scores["years"].iloc[0], scores.loc[scores["model"] == BLEND, "mae"].iloc[0]
    lines = [PEERS_HEAD[language], "|---|---|---|---|---|"]
    for name, tools in PEERS.items():
        best = results.loc[list(tools)].sort_values("mae").iloc[0]
        low, high = best["behind_low"], best["behind_high"]
        lines.append(
            f"| {name} {best['version']} | {best['mae']:.3f} | {own:.3f} "
            f"| {best['behind']:+.2f} ({low:+.2f}{TO[language]}{high:+.2f}) "
            f"| {best['product_ahead']:.0f} / {years:.0f} |"
        )
    recipes = pd.read_csv(ROOT / "experiments" / "china_prefecture" / "recipe.csv")
    chosen = recipes.set_index("variant").loc["chosen at each origin by earlier ones"].iloc[0]
    return "\n".join([*lines, "", PEERS_NOTE[language].format(error=chosen["mae"], mae=now)])


def nowcast_table(language: int) -> str:
    """Return what early releases of the provinces make of the forecasts of Chinese cities."""
    table = pd.read_csv(ROOT / "experiments" / "china_prefecture" / "nowcast.csv")
    rows = table[(table["slice"] == "all") & (table["cities"] == "several")]
    rows = rows[rows["releases"].isin(NOWCAST_SETS)]
    lines = [NOWCAST_HEAD[language], "|---" * 6 + "|"]
    keys = ["releases", "horizon"]
    for (releases, horizon), own in rows.groupby(keys, sort=False):
        row, name = own.mean(numeric_only=True), NOWCAST_SETS[releases][language]
        paired = interval(own.iloc[0], language) if len(own) == 1 else f"{row['difference']:+.3f}"
        lines.append(
            f"| {name} | {horizon} | {row['forecast']:.3f} | {row['nowcast']:.3f} | {paired} "
            f"| {row['wins']:.0f} / {row['years']:.0f} |"
        )
    return "\n".join(lines)


def intervals_table(language: int) -> str:
    """Return how many outcomes lay inside the intervals, on the Chinese cities."""
    scores = kept("china_prefecture", "interval_scores.csv")
    lines = [INTERVALS_HEAD[language], "|---|---|---|---|---|"]
    for horizon, rows in scores.groupby("horizon"):
        whole = rows[rows["slice"] == "all"].iloc[0]
        years = rows[rows["slice"] == "year"].sort_values("coverage")
        worst = years.iloc[0]
        year = int(worst["level"]) + int(worst["horizon"])
        share = WORST[language].format(share=worst["coverage"], year=year)
        lines.append(
            f"| {horizon} | {share} | {whole['coverage']:.0%} | {years['coverage_80'].min():.0%} "
            f"| {whole['coverage_80']:.0%} |"
        )
    return "\n".join(lines)


def digital_table(language: int) -> str:
    """Return by how much the digital indicators change the error, one year ahead."""
    lines = [DIGITAL_HEAD[language], "|---|---|---|---|"]
    for name in DIGITAL:
        table = pd.read_csv(ROOT / "experiments" / name / "study" / "ablation.csv")
        rows = table[(table["horizon"] == 1) & (table["origin"] == "all")]
        rows = rows[rows["family"] == "digital"].set_index("variant")
        cells = [interval(rows.loc[variant], language) for variant in ("without", "added")]
        error = rows.loc["without", "mae_reference"]
        lines.append(f"| `{name}` | {error:.3f} | {' | '.join(cells)} |")
    return "\n".join(lines)


def interval(row: pd.Series, language: int = 0) -> str:
    """Return a paired difference with its interval, against history only in a table of scores."""
    scores = ("difference_history", "difference_low", "difference_high")
    values = [row[part] for part in (scores if scores[0] in row else ("difference", "low", "high"))]
    if pd.isna(values[0]):
        return ""
    if pd.isna(values[1]):
        return f"{values[0]:+.3f}"
    return f"{values[0]:+.3f} ({values[1]:+.3f}{TO[language]}{values[2]:+.3f})"


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
    return "\n".join([*lines, "", *by_period(name), "", *by_year(name)])


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


def by_period(name: str) -> list[str]:
    """Return the table of the last four origins beside those before, with every naive rule."""
    models = [BLEND, *NAIVE, HISTORY_ONLY]
    lines = [
        "MAE of the last four origins beside those before:",
        "",
        f"| h | origins | {' | '.join(LABELS[0][m] for m in models)} |",
        "|---" * (len(models) + 2) + "|",
    ]
    for horizon in sorted(overall(name)["horizon"].unique()):
        table = yearly_errors(name, models, horizon)
        lines += [f"| {horizon} {period_row(table, own)}" for own in periods(table.index)]
    return lines


def by_year(name: str) -> list[str]:
    """Return the table of yearly errors at the shortest horizon."""
    shown = [BLEND, HISTORY_ONLY, "ar_ridge", *reversed(NAIVE)]
    table = yearly_errors(name, shown)
    lines = [
        f"MAE by origin, h = {overall(name)['horizon'].min()}:",
        "",
        "| origin | " + " | ".join(LABELS[0][m] for m in shown) + " |",
        "|---" * (len(shown) + 1) + "|",
    ]
    for origin, errors in table.iterrows():
        lines.append(f"| {origin} | " + " | ".join(f"{e:.3f}" for e in errors) + " |")
    return lines


README_TABLES = {
    "recent": recent_table,
    "peers": peers_table,
    "nowcast": nowcast_table,
    "intervals": intervals_table,
    "digital": digital_table,
}


def yearly_errors(name: str, models: Sequence[str], horizon: int | None = None) -> pd.DataFrame:
    """Return the yearly errors at a horizon (default: the shortest): one row for each origin."""
    scores = kept(name, "results.csv")
    horizon = horizon or scores["horizon"].min()
    rows = scores[(scores["slice"] == "year") & (scores["horizon"] == horizon)]
    return rows.assign(level=rows["level"].astype(int)).pivot_table("mae", "level", "model")[
        list(models)
    ]


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
        text = filled(path.read_text("utf-8"), "skill", skill_table(head, language))
        for marker, table in README_TABLES.items():
            text = filled(text, marker, table(language))
        text = filled(text, "indicators alone", view_table(EXPERIMENTS, language))
        text = filled(text, "families", family_table(EXPERIMENTS[0], language))
        wanted[path] = text
    for name in EXPERIMENTS:
        path = ROOT / "experiments" / name / "README.md"
        text = filled(path.read_text("utf-8"), "results", experiment_table(name))
        text = filled(text, "structural", structural_table(name))
        wanted[path] = filled(text, "drivers", driver_table(name))
    path = ROOT / "experiments" / EXPERIMENTS[0] / "README.md"
    text = filled(wanted[path], "claims", claims_table(EXPERIMENTS[0]))
    wanted[path] = filled(text, "claims baseline", baseline_table(EXPERIMENTS[0]))
    path = ROOT / "docs" / "mechanisms.md"
    text = filled(path.read_text("utf-8"), "levels", level_table())
    wanted[path] = filled(text, "claims planted", verdict_table())
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
