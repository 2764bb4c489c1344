"""Tables of READMEs and docs on the tests of the claims and the level of their estimators."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from city_resilience.mechanisms.claims import CLAIMS

ROOT = Path(__file__).parents[1]
LEVELS = ROOT / "benchmarks" / "planted_mechanisms.csv"
MODELS = ("alone", "controls", "lag:1", "lag:2", "winsorised", "province_year")
WAYS = {
    "city": "clusters by city",
    "province": "clusters by province",
    "province_year": "clusters by province and by year",
    "wild_province": "wild bootstrap of provinces",
    "driscoll_kraay": "Driscoll–Kraay",
    "conley": "Conley, 500 km",
}
ERRORS = ("independent", "shared by province and year")


def claims_table(name: str) -> str:
    """Return the verdicts of an experiment: tests, those supported, and that of the smallest p."""
    table = _part(name, "verdicts")
    lines = [
        "| claim | tests | supported | smallest p | of | estimate (95 %) | p after Holm |",
        "|---" * 7 + "|",
    ]
    for id, own in table.groupby("model", sort=False):
        best = own.loc[own["p"].idxmin()]
        pair = f"`{best['outcome']}` on `{best['treatment']}`"
        through = "" if best["term"] == best["treatment"] else f", `{best['term']}`"
        bounds = "" if pd.isna(best["low"]) else f" ({best['low']:.3g} to {best['high']:.3g})"
        supported = int((own["note"] == "supported").sum())
        holm = min(1.0, best["p"] * len(own))
        shown = "equality of slopes" if not bounds else f"{best['estimate']:+.3g}{bounds}"
        lines.append(
            f"| {id} {CLAIMS[str(id)].label_en} | {len(own)} | {supported} "
            f"| {best['p']:.3f} | {pair}{through} | {shown} | {holm:.2f} |"
        )
    return "\n".join(lines)


def baseline_table(name: str) -> str:
    """Return the columns of the baseline, estimate and error by clusters of provinces."""
    table = _part(name, "baseline")
    own = table[(table["inference"] == "province") & (table["term"] == table["treatment"])]
    lines = [f"| outcome, index | {' | '.join(MODELS)} |", "|---" * (len(MODELS) + 1) + "|"]
    for (outcome, treatment), rows in own.groupby(["outcome", "treatment"], sort=False):
        by = rows.set_index("model")
        cells = [
            f"{by.loc[m, 'estimate']:.3g} ({by.loc[m, 'se']:.2g})" if m in by.index else "–"
            for m in MODELS
        ]
        lines.append(f"| `{outcome}`, `{treatment}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def level_table() -> str:
    """Return the coverage of the baseline with controls, by way of inference."""
    table = _levels("baseline")
    own = table[(table["model"] == "controls") & (table["term"] == "x")]
    lines = [
        "| inference | independent errors | 40 % shared by province and year |",
        "|---|---|---|",
    ]
    for way, words in WAYS.items():
        rows = own[own["inference"] == way].set_index("errors")["coverage"]
        lines.append(f"| {words} | " + " | ".join(f"{rows[e]:.3f}" for e in ERRORS) + " |")
    return "\n".join(lines)


def verdict_table() -> str:
    """Return how often a claim is supported where nothing is planted, and where it is."""
    own = _levels("verdicts").set_index(["term", "errors"])
    lines = [
        "| claim | nothing planted | with errors shared | planted | with errors shared |",
        "|---|---|---|---|---|",
    ]
    for id in dict.fromkeys(own.index.get_level_values("term")):
        cells = [
            f"{own.loc[(id, errors), column]:.3f}"
            for column in ("rejected", "power")
            for errors in ERRORS
        ]
        lines.append(f"| {id} {CLAIMS[id].label_en} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _part(name: str, part: str) -> pd.DataFrame:
    path = ROOT / "experiments" / name / "mechanisms" / f"{part}.csv"
    return pd.read_csv(path, keep_default_na=False, na_values=[""], encoding="utf-8-sig")


def _levels(estimator: str) -> pd.DataFrame:
    table = pd.read_csv(LEVELS)
    return table[table["estimator"] == estimator]
