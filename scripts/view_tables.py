"""Tables of the READMEs on the view without the past, and on how firm drivers are."""

from __future__ import annotations

import json
from pathlib import Path

import pandas as pd

from city_resilience import load_experiment
from city_resilience.catalogue.nouns import of_places
from city_resilience.models.rows import FORECASTING, STRUCTURAL
from city_resilience.report.texts import words

ROOT = Path(__file__).parents[1]
LEADING = 15
GROUPS = ("region", "yangtze_belt", "rank", "size", "resource_type", "broadband_china")
VIEWS = {FORECASTING: "forecasting", STRUCTURAL: "structural"}
RIVALS = {
    "mae": "the indicators alone",
    "mae_zero": "no gap",
    "mae_group_median": "median of the group",
    "mae_forecasting": "the forecast",
}
VIEW_HEAD = (
    "| experiment | years ahead | no gap | the indicators alone | difference (95 %) | better in "
    "| the forecast |",
    "| 模型方案 | 预测期（年） | 零差距 | 仅用指标 | 相差（95% 区间） | 占优年数 | 预测 |",
)
FAMILY_HEAD = (
    "| family | its part of the contributions | error without it (95 %) | how firm |",
    "| 类别 | 在贡献中的份额 | 去掉后误差的变化（95% 区间） | 稳定程度 |",
)
TO = (" to ", " 至 ")


def structural(name: str) -> pd.DataFrame:
    """Return the committed scores of the structural view of an experiment."""
    return pd.read_csv(ROOT / "experiments" / name / "structural.csv", dtype={"level": str})


def view_table(names: tuple[str, ...], language: int) -> str:
    """Return what the indicators alone are worth in every experiment."""
    lines = [VIEW_HEAD[language], "|---" * 7 + "|"]
    for name in names:
        table = structural(name)
        for row in table[table["slice"] == "all"].to_dict("records"):
            lines.append(
                f"| `{name}` | {row['horizon']} | {row['mae_zero']:.3f} | {row['mae']:.3f} "
                f"| {_difference(row, TO[language])} | {row['wins']:.0f} / {row['years']} "
                f"| {row['mae_forecasting']:.3f} |"
            )
    return "\n".join(lines)


def family_table(name: str, language: int) -> str:
    """Return how firm the families of the indicators alone are, one year ahead."""
    table = pd.read_csv(ROOT / "experiments" / name / "study" / "stability.csv")
    own = table[(table["view"] == STRUCTURAL) & (table["level"] == "family")]
    own = own[own["horizon"] == own["horizon"].min()].sort_values("size", ascending=False)
    lang, lines = ("en", "zh")[language], [FAMILY_HEAD[language], "|---" * 4 + "|"]
    for row in own.to_dict("records"):
        lost = _span(row["loss"], row["loss_low"], row["loss_high"], TO[language])
        grade = words(f"study_grade_{row['grade']}", lang)
        lines.append(
            f"| {words('family_' + row['name'], lang)} | {row['share']:.0%} | {lost} | {grade} |"
        )
    return "\n".join(lines)


def structural_table(name: str) -> str:
    """Return the scores of the structural view: by period, by origin, and by group one year ahead.

    A group that is not one of ``GROUPS`` is not shown.
    """
    table = structural(name)
    rows = table[table["slice"].isin(["all", "period"])]
    lines = [
        f"| h | origins | {' | '.join(f'{label}, pp' for label in RIVALS.values())} "
        "| against no gap (95 %) | better in | rank | inside the 90 % interval |",
        "|---" * 10 + "|",
    ]
    for row in rows.fillna({"level": "all"}).to_dict("records"):
        errors = " | ".join(f"{row[key]:.3f}" for key in RIVALS)
        lines.append(
            f"| {row['horizon']} | {row['level']} | {errors} | {_difference(row, TO[0])} "
            f"| {row['wins']:.0f} / {row['years']} | {row['rank_correlation']:.3f} "
            f"| {_share(row['coverage'])} |"
        )
    return "\n".join([*lines, "", *_by_origin(table), *_by_group(table)])


def _by_origin(table: pd.DataFrame) -> list[str]:
    """Return the errors of the view and of no gap by origin, all horizons side by side."""
    horizons = sorted(table["horizon"].unique())
    rows = table[table["slice"] == "year"]
    heads = [f"h = {h}: indicators | no gap | forecast" for h in horizons]
    lines = [
        "MAE by origin, pp:",
        "",
        f"| origin | {' | '.join(heads)} |",
        "|---" * (1 + 3 * len(horizons)) + "|",
    ]
    for origin, own in rows.groupby("level"):
        by_horizon = own.set_index("horizon")
        cells = [
            f"{by_horizon.loc[h, key]:.3f}" if h in by_horizon.index else "–"
            for h in horizons
            for key in ("mae", "mae_zero", "mae_forecasting")
        ]
        lines.append(f"| {origin} | {' | '.join(cells)} |")
    return lines


def _by_group(table: pd.DataFrame) -> list[str]:
    """Return the view at the shortest horizon by group of places."""
    kinds = [f"group:{name}" for name in GROUPS]
    own = table[(table["horizon"] == table["horizon"].min()) & table["slice"].isin(kinds)]
    own = own[own["mae"].notna()]
    if own.empty:
        return []
    lines = [
        "",
        f"By group, h = {table['horizon'].min()} (cities a year: mean over the years):",
        "",
        "| group | cities a year | the indicators alone, pp | no gap, pp | against no gap (95 %) "
        "| better in |",
        "|---" * 6 + "|",
    ]
    for row in own.to_dict("records"):
        lines.append(
            f"| {row['slice'].removeprefix('group:')}: {row['level']} "
            f"| {row['n'] / row['years']:.0f} | {row['mae']:.3f} | {row['mae_zero']:.3f} "
            f"| {_difference(row, TO[0])} | {row['wins']:.0f} / {row['years']} |"
        )
    return lines


def driver_table(name: str) -> str:
    """Return families and leading indicators of both views with their grades, by horizon."""
    folder = ROOT / "experiments" / name / "study"
    table = pd.read_csv(folder / "stability.csv")
    about = json.loads((folder / "study.json").read_text("utf-8"))["parts"]["stability"]
    lines: list[str] = []
    for (view, horizon), own in table.groupby(["view", "horizon"], sort=False):
        lines += ["", f"{VIEWS[view].capitalize()} view, h = {horizon}:", "", *_families(own)]
        if horizon == table["horizon"].min():
            lines += ["", f"Its {LEADING} largest indicators:", "", *_indicators(own)]
    drawn = f"{about['about']['refits']} refits over {about['about']['clusters_count']} clusters"
    noun = load_experiment(ROOT / "experiments" / name / "experiment.toml").noun
    head = of_places(f"{drawn} of cities and blocks of years:", noun)
    return "\n".join([head, *lines])


def _families(own: pd.DataFrame) -> list[str]:
    lines = [
        "| family | size, pp | ranks | lost without it, pp (95 %) | p | q | grade |",
        "|---" * 7 + "|",
    ]
    for row in (
        own[own["level"] == "family"].sort_values("size", ascending=False).to_dict("records")
    ):
        lines.append(
            f"| {row['name'].replace('_', ' ')} | {row['size']:.3f} "
            f"| {row['rank_low']}–{row['rank_high']} "
            f"| {_span(row['loss'], row['loss_low'], row['loss_high'], TO[0])} "
            f"| {_number(row['p_value'])} | {_number(row['q_value'])} | {row['grade']} |"
        )
    return lines


def _indicators(own: pd.DataFrame) -> list[str]:
    lines = ["| indicator | family | size, pp | ranks | sign kept | grade |", "|---" * 6 + "|"]
    rows = own[own["level"] == "indicator"].nlargest(LEADING, "size")
    for row in rows.to_dict("records"):
        lines.append(
            f"| `{row['name']}` | {row['family'].replace('_', ' ')} | {row['size']:.3f} "
            f"| {row['rank_low']}–{row['rank_high']} | {row['sign_share']:.0%} | {row['grade']} |"
        )
    return lines


def _difference(row: dict[str, float], to: str) -> str:
    return _span(row["difference"], row["low"], row["high"], to)


def _span(middle: float, low: float, high: float, to: str) -> str:
    if pd.isna(middle):
        return "–"
    return f"{middle:+.3f}" + ("" if pd.isna(low) else f" ({low:+.3f}{to}{high:+.3f})")


def _share(value: float) -> str:
    return "–" if pd.isna(value) else f"{value:.0%}"


def _number(value: float) -> str:
    return "–" if pd.isna(value) else "< 0.001" if value < 0.001 else f"{value:.3f}"
