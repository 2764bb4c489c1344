"""Blocks of the study in the report: for each part its table and its sentence.

Cells are ready to be shown; a text that starts with ``@`` is a reference which the page replaces
in the reader's language. A part becomes a block by one entry in ``BLOCKS``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from city_resilience.evaluation.baselines import BASELINES
from city_resilience.evaluation.candidates import HISTORY_ONLY
from city_resilience.report.texts import model_name, signed, unsigned

__all__ = ["BLOCKS", "Block", "over_all_origins", "told"]

Row = Mapping[str, Any]
Cell = dict[str, str]
Texts = Mapping[str, str]
_TONES = {"helps": "up", "better": "up", "hurts": "down", "worse": "down"}


def _cell(text: str, sub: str = "", tone: str = "") -> Cell:
    """Return a cell: its text, a smaller line below, and ``up``, ``down`` or no colour."""
    return {"text": text, "sub": sub, "tone": tone}


def _number(value: float | None, digits: int = 2) -> str:
    return "–" if value is None else unsigned(value, digits)


def _change(value: float | None, digits: int = 3) -> str:
    return "–" if value is None else signed(value, digits)


def _range(low: float | None, high: float | None, digits: int = 3) -> str:
    if low is None or high is None:
        return "–"
    return f"{signed(low, digits)} … {signed(high, digits)}"


def _percent(value: float | None) -> str:
    return "–" if value is None else f"{signed(100 * value, 1)} %"


def over_all_origins(rows: Iterable[Row]) -> dict[str, dict[str, Row]]:
    """Return family → variant → row over all origins."""
    found: dict[str, dict[str, Row]] = {}
    for row in rows:
        if row["origin"] == "all":
            found.setdefault(row["family"], {})[row["variant"]] = row
    return found


def _ablation_table(_study: Row, rows: list[Row]) -> list[list[Cell]]:
    table = []
    for family, variants in over_all_origins(rows).items():
        beyond = variants.get("beyond")
        name = "@text:study_all_families" if beyond else f"@family:{family}"
        without, added = variants.get("without"), variants.get("added")
        own = next(iter(variants.values()))
        years = _cell(str(own["years"]), "@text:study_weak" if own["underpowered"] else "")
        table.append([_cell(name), years, *_effect(without), *_effect(added or beyond)])
    return table


def _effect(row: Row | None) -> list[Cell]:
    if row is None:
        return [_cell("–"), _cell("–"), _cell("–")]
    word = _cell(f"@text:study_{row['outcome']}", tone=_TONES.get(row["outcome"], ""))
    return [
        _cell(_change(row["difference"]), _range(row["low"], row["high"])),
        _cell(_range(row["city_low"], row["city_high"])),
        word,
    ]


def _ablation_sentence(_study: Row, _part: Row, rows: list[Row], texts: Texts, _lang: str) -> str:
    families = over_all_origins(rows)
    together = families.pop("all", None)
    if together is None:
        return texts["study_ablation_missing"]
    tests = sum(len(variants) for variants in families.values())
    figures = told(together["beyond"], texts)
    return texts["study_ablation_sentence"].format(tests=tests, **figures)


def told(row: Row, texts: Texts) -> dict[str, str]:
    """Return the figures of an ablation's row as a sentence needs them."""
    return {
        "change": _change(row["difference"]),
        "low": _change(row["low"]),
        "high": _change(row["high"]),
        "years": str(row["years"]),
        "word": texts[f"study_{row['outcome']}"],
    }


def _tests_table(_study: Row, rows: list[Row]) -> list[list[Cell]]:
    squared = {row["versus"]: row for row in rows if row["loss"] == "squared"}
    table = []
    for row in rows:
        if row["loss"] == "absolute":
            kind = _cell(f"@model:{row['versus']}", f"@text:study_kind_{row['kind']}")
            tests = [_test(row), _test(squared[row["versus"]])]
            table.append([kind, _cell(str(row["years"])), *tests[0], *tests[1]])
    return table


def _test(row: Row) -> list[Cell]:
    tone = _TONES.get(row["outcome"], "")
    p = "–" if row["p"] is None else "< 0.001" if row["p"] < 0.001 else f"{row['p']:.3f}"
    return [_cell(_change(row["difference"])), _cell(p, f"@text:study_{row['outcome']}", tone)]


def _tests_sentence(study: Row, _part: Row, rows: list[Row], texts: Texts, lang: str) -> str:
    own = [row for row in rows if row["loss"] == "absolute"]
    count = {name: sum(row["outcome"] == name for row in own) for name in ("better", "worse")}
    years = max(row["years"] for row in own)
    result = texts["study_diebold_mariano_sentence"].format(
        served=model_name(study["served"], lang), of=len(own), years=years, **count
    )
    weak = texts["study_underpowered"].format(years=years)
    few = any(row["underpowered"] for row in own)
    return f"{result}{texts['study_space']}{weak}" if few else result


def _skill_table(_study: Row, rows: list[Row]) -> list[list[Cell]]:
    by_figure = {(row["versus"], row["figure"]): row for row in rows}
    table = []
    for versus in dict.fromkeys(row["versus"] for row in rows):
        skill, apart = by_figure[versus, "skill"], by_figure[versus, "difference"]
        percents = [f"{signed(100 * skill[end], 1)}" for end in ("low", "high")]
        table.append(
            [
                _cell(f"@model:{versus}"),
                _cell(_percent(skill["estimate"]), " … ".join(percents) + " %"),
                _cell(_change(apart["estimate"]), _range(apart["low"], apart["high"])),
                _cell(
                    f"@text:study_{skill['outcome']}",
                    tone=_TONES.get(skill["outcome"], ""),
                ),
            ]
        )
    return table


def _skill_sentence(_study: Row, _part: Row, rows: list[Row], texts: Texts, lang: str) -> str:
    row = next(row for row in rows if row["figure"] == "skill")
    return texts["study_skill_intervals_sentence"].format(
        naive=model_name(row["versus"], lang),
        skill=_percent(row["estimate"]),
        low=_percent(row["low"]),
        high=_percent(row["high"]),
        word=texts[f"study_{row['outcome']}"],
        draws=row["draws"],
    )


def _unseen_table(_study: Row, rows: list[Row]) -> list[list[Cell]]:
    return [
        [
            _cell(f"@text:study_{row['cities_are'] or 'best_naive'}", f"@model:{row['model']}"),
            _cell(str(row["n"])),
            _cell(_number(row["mae"])),
            _cell(_number(row["rmse"])),
            _cell(_number(row["rank_correlation"])),
            _cell(_percent(row["skill_naive"]) if row["cities_are"] else "–"),
        ]
        for row in rows
    ]


def _unseen_sentence(_study: Row, part: Row, rows: list[Row], texts: Texts, _lang: str) -> str:
    unseen, seen = rows[0], rows[1]
    about = part["about"]
    return texts["study_unseen_sentence"].format(
        group=texts.get(f"group_{about['group']}", about["group"]),
        levels=about["levels"],
        folds=about["folds"],
        origins=", ".join(map(str, about["origins"])),
        mae=_number(unseen["mae"]),
        seen=_number(seen["mae"]),
        change=_change(unseen["difference_seen"]),
        low=_change(unseen["low"]),
        high=_change(unseen["high"]),
        skill=_percent(unseen["skill_naive"]),
    )


def _shock_table(study: Row, rows: list[Row]) -> list[list[Cell]]:
    table = []
    naive = [name for name, baseline in BASELINES.items() if baseline.kind == "naive"]
    for origin in dict.fromkeys(row["origin"] for row in rows):
        by_model = {row["model"]: row for row in rows if row["origin"] == origin}
        own = by_model[study["served"]]
        skills = [by_model.get(name) for name in (*naive, HISTORY_ONLY)]
        table.append(
            [
                _cell(str(origin), f"{own['n']}"),
                _cell(_number(own["mae"])),
                _cell(_number(own["rank_correlation"])),
                *(_skill_cell(row) for row in skills),
            ]
        )
    return table


def _skill_cell(row: Row | None) -> Cell:
    if row is None or row["served_skill"] is None:
        return _cell("–")
    low, high = row["city_low"], row["city_high"]
    tone = "" if low is None or low <= 0 <= high else "up" if low > 0 else "down"
    bounds = [signed(100 * value, 0) for value in (low, high) if value is not None]
    return _cell(f"{signed(100 * row['served_skill'], 0)} %", " … ".join(bounds), tone)


def _shock_sentence(study: Row, _part: Row, rows: list[Row], texts: Texts, lang: str) -> str:
    naive = study["naive"][str(rows[0]["horizon"])]
    against = [row for row in rows if row["model"] == naive]
    return texts["study_shock_sentence"].format(
        served=model_name(study["served"], lang),
        naive=model_name(naive, lang),
        wins=sum(row["served_skill"] > 0 for row in against),
        of=len(against),
    )


def _random_split_table(study: Row, rows: list[Row]) -> list[list[Cell]]:
    ordered = sorted(rows, key=lambda row: row["model"] != study["served"])
    return [
        [
            _cell(f"@model:{row['model']}"),
            *(_cell(_number(row[f"r2_{kind}"])) for kind in ("random", "forward")),
            *(_cell(_number(row[f"mae_{kind}"])) for kind in ("random", "forward")),
            *(_cell(_number(row[f"rank_{kind}"])) for kind in ("random", "forward")),
        ]
        for row in ordered
    ]


def _random_split_sentence(
    study: Row, _part: Row, rows: list[Row], texts: Texts, _lang: str
) -> str:
    row = next(row for row in rows if row["model"] == study["served"])
    figures = {name: _number(row[name]) for name in row if name[:3] in {"r2_", "mae"}}
    return texts["study_random_split_sentence"].format(**figures)


def _intervals_table(_study: Row, rows: list[Row]) -> list[list[Cell]]:
    table = []
    for row in rows:
        sure = row["low"] is not None and (row["low"] > 0 or row["high"] < 0)
        tone = ("up" if row["difference"] < 0 else "down") if sure else ""
        table.append(
            [
                _cell(f"@text:study_way_{row['method']}"),
                _cell(f"{100 * row['coverage']:.1f} %"),
                _cell(f"{100 * row['worst_coverage']:.1f} %", str(row["worst_year"])),
                _cell(_number(row["width"])),
                _cell(_number(row["interval_score"])),
                _cell(_change(row["difference"]), _range(row["low"], row["high"]), tone),
            ]
        )
    return table


def _intervals_sentence(_study: Row, _part: Row, rows: list[Row], texts: Texts, _lang: str) -> str:
    best = min(rows, key=lambda row: row["interval_score"])
    own = next(row for row in rows if row["method"] == "served")
    return texts["study_interval_ways_sentence"].format(
        best=texts[f"study_way_{best['method']}"],
        best_score=_number(best["interval_score"]),
        score=_number(own["interval_score"]),
        covered=f"{100 * own['coverage']:.1f}",
        worst=f"{100 * own['worst_coverage']:.1f}",
    )


@dataclass(frozen=True)
class Block:
    """How one part is shown: (text key, numeric) of each column, its rows and its sentence."""

    heads: tuple[tuple[str, bool], ...]
    table: Callable[[Row, list[Row]], list[list[Cell]]]
    sentence: Callable[[Row, Row, list[Row], Texts, str], str]


_NAIVE = tuple(name for name, baseline in BASELINES.items() if baseline.kind == "naive")
_ACCURACY = (("mae", True), ("rmse", True), ("rank_correlation", True), ("skill_naive", True))

BLOCKS: Mapping[str, Block] = {
    "ablation": Block(
        (
            ("study_families", False),
            ("study_years", True),
            ("study_without", True),
            ("study_without_cities", True),
            ("study_verdict", False),
            ("study_added", True),
            ("study_added_cities", True),
            ("study_verdict", False),
        ),
        _ablation_table,
        _ablation_sentence,
    ),
    "diebold_mariano": Block(
        (
            ("study_versus", False),
            ("study_years", True),
            ("study_absolute", True),
            ("study_p", True),
            ("study_squared", True),
            ("study_p", True),
        ),
        _tests_table,
        _tests_sentence,
    ),
    "skill_intervals": Block(
        (
            ("study_versus", False),
            ("study_skill", True),
            ("study_difference", True),
            ("study_verdict", False),
        ),
        _skill_table,
        _skill_sentence,
    ),
    "interval_ways": Block(
        (
            ("study_way", False),
            ("covered_90", True),
            ("study_worst_year", True),
            ("width_90", True),
            ("study_score", True),
            ("study_less_plain", True),
        ),
        _intervals_table,
        _intervals_sentence,
    ),
    "unseen": Block(
        (("study_cities_are", False), ("rows", True), *_ACCURACY), _unseen_table, _unseen_sentence
    ),
    "shock": Block(
        (
            ("study_origin", False),
            ("study_mae", True),
            ("rank_correlation", True),
            *((f"study_skill_{name}", True) for name in (*_NAIVE, HISTORY_ONLY)),
        ),
        _shock_table,
        _shock_sentence,
    ),
    "random_split": Block(
        (
            ("model", False),
            *(
                (f"study_{figure}_{kind}", True)
                for figure in ("r2", "mae", "rank")
                for kind in ("random", "forward")
            ),
        ),
        _random_split_table,
        _random_split_sentence,
    ),
}
