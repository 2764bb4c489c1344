"""Blocks of the study: for each part its table and its sentence; a block is one entry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from city_resilience.evaluation.baselines import BASELINES
from city_resilience.evaluation.candidates import HISTORY_ONLY
from city_resilience.evaluation.study.ablation import ADDED, ALL_FAMILIES, BEYOND, WITHOUT
from city_resilience.report.formatting import interval, percent, signed, unsigned
from city_resilience.report.study import answer_words, effect_figures, over_all_origins
from city_resilience.report.tables import Cell, Head, Row, Table, group_name, heads
from city_resilience.report.texts import Both, Texts, joined

__all__ = ["BLOCKS", "Block", "block_sentence", "block_table", "measured_horizons", "study_view"]

Found = Mapping[str, Any]
Rows = Sequence[Found]
_TONES = {"helps": "up", "better": "up", "hurts": "down", "worse": "down"}
SOURCE = ("created", "digest", "cities", "first", "last", "seconds", "version")
_NAIVE = tuple(name for name, baseline in BASELINES.items() if baseline.kind == "naive")


@dataclass(frozen=True)
class Block:
    """How one part of a study is shown.

    Attributes
    ----------
    heads : tuple of str
        Keys of the columns' texts, as `tables.heads` takes them.
    cells : callable
        Function (study, rows at a horizon, texts) -> cells of each row of the table.
    sentence : callable
        Function (study, the part's ``about``, rows at a horizon, texts) -> what was found.
    versus : tuple of str
        Models of further columns, the skill against each.
    """

    heads: tuple[str, ...]
    cells: Callable[[Found, Rows, Texts], Iterable[Sequence[Cell]]]
    sentence: Callable[[Found, Found, Rows, Texts], Both]
    versus: tuple[str, ...] = ()


def measured_horizons(study: Found, name: str) -> list[str]:
    """Return the horizons at which a part was measured."""
    return list(dict.fromkeys(str(row["horizon"]) for row in study["parts"][name]["rows"]))


def block_table(study: Found, name: str, horizon: str, say: Texts) -> Table:
    """Return the table of a part at a horizon."""
    block = BLOCKS[name]
    versus = tuple(
        Head(say("study_skill_versus", model=say.model(model)), numeric=True)
        for model in block.versus
    )
    rows = block.cells(study, _rows(study, name, horizon), say)
    return Table((*heads(say, *block.heads), *versus), tuple(Row(tuple(cells)) for cells in rows))


def block_sentence(study: Found, name: str, horizon: str, say: Texts) -> Both:
    """Return what a part found at a horizon, in a sentence."""
    about = study["parts"][name]["about"]
    return BLOCKS[name].sentence(study, about, _rows(study, name, horizon), say)


def study_view(study: Found, horizons: Sequence[int], say: Texts) -> dict[str, Any]:
    """Return the study as a page shows it, each part at the horizons that it was measured at.

    Returns
    -------
    dict
        ``answers`` and ``blocks`` (``id``, ``contents``), lists of what `_at_horizons` returns
        with the answer, or ``sentence`` and ``table``, as ``content``; ``source``, ``same``.
    """
    shown = [str(h) for h in horizons]
    blocks = []
    for name in [id for id in BLOCKS if id in study["parts"]]:

        def content(h: str, name: str = name) -> dict[str, Any]:
            return {
                "sentence": block_sentence(study, name, h, say),
                "table": block_table(study, name, h, say),
            }

        measured = measured_horizons(study, name)
        blocks.append({"id": name, "contents": _at_horizons(measured, shown, content, say)})
    answers = _at_horizons(study["answer"], shown, lambda h: answer_words(study, h, say), say)
    source = say("study_source", **{key: study[key] for key in SOURCE})
    return {"answers": answers, "blocks": blocks, "source": source, "same": study["same"]}


def _at_horizons(
    measured: Iterable[str], shown: Sequence[str], content: Callable[[str], Any], say: Texts
) -> list[dict[str, Any]]:
    """Return what is shown at which horizons: the first measured one also for those that are not.

    Each has ``h`` (horizons of the page, with spaces between), ``elsewhere`` (those among them
    that it was not measured at), ``only`` (a sentence that says so) and ``content``.
    """
    own = list(measured)
    found = []
    for k, h in enumerate(own):
        elsewhere = [] if k else [other for other in shown if other not in own]
        ahead = say.count("ahead", int(h))
        low = {lang: text[0].lower() + text[1:] for lang, text in ahead.items()}
        found.append(
            {
                "h": " ".join([h, *elsewhere]),
                "elsewhere": " ".join(elsewhere),
                "only": say("study_horizon_only", ahead=low),
                "content": content(h),
            }
        )
    return found


def _rows(study: Found, name: str, horizon: str) -> list[Found]:
    return [row for row in study["parts"][name]["rows"] if str(row["horizon"]) == horizon]


def _judged(outcome: str, say: Texts) -> Cell:
    return Cell(say(f"study_{outcome}"), tone=_TONES.get(outcome, ""))


def _change(row: Found, figure: str = "difference", tone: str = "") -> Cell:
    return Cell(signed(row[figure], 3), (interval(row["low"], row["high"], 3),), tone)


def _ablation_cells(_study: Found, rows: Rows, say: Texts) -> Iterable[Sequence[Cell]]:
    for family, variants in over_all_origins(rows).items():
        whole = family == ALL_FAMILIES
        name = say("study_all_families") if whole else say.name("family", family)
        own = next(iter(variants.values()))
        weak = (say("study_weak"),) if own["underpowered"] else ()
        effects = (variants.get(WITHOUT), variants.get(ADDED) or variants.get(BEYOND))
        cells = (cell for row in effects for cell in _effect(row, say))
        yield Cell(name), Cell(str(own["years"]), weak), *cells


def _effect(row: Found | None, say: Texts) -> Sequence[Cell]:
    if row is None:
        return (Cell("–"),) * 3
    over_cities = Cell(interval(row["city_low"], row["city_high"], 3))
    return _change(row), over_cities, _judged(row["outcome"], say)


def _ablation_sentence(_study: Found, _about: Found, rows: Rows, say: Texts) -> Both:
    families = over_all_origins(rows)
    together = families.pop(ALL_FAMILIES, None)
    if together is None:
        return say("study_ablation_missing")
    tests = sum(len(variants) for variants in families.values())
    return say("study_ablation_sentence", tests=tests, **effect_figures(together[BEYOND], say))


def _test_cells(_study: Found, rows: Rows, say: Texts) -> Iterable[Sequence[Cell]]:
    squared = {row["versus"]: row for row in rows if row["loss"] == "squared"}
    for row in rows:
        if row["loss"] == "absolute":
            rival = Cell(say.model(row["versus"]), (say(f"study_kind_{row['kind']}"),))
            tests = (*_test(row, say), *_test(squared[row["versus"]], say))
            yield rival, Cell(str(row["years"])), *tests


def _test(row: Found, say: Texts) -> Sequence[Cell]:
    p = "–" if row["p"] is None else "< 0.001" if row["p"] < 0.001 else f"{row['p']:.3f}"
    words = (say(f"study_{row['outcome']}"),)
    return Cell(signed(row["difference"], 3)), Cell(p, words, _TONES.get(row["outcome"], ""))


def _tests_sentence(study: Found, _about: Found, rows: Rows, say: Texts) -> Both:
    own = [row for row in rows if row["loss"] == "absolute"]
    count = {name: sum(row["outcome"] == name for row in own) for name in ("better", "worse")}
    years = max(row["years"] for row in own)
    served = say.model(study["served"])
    sentences = [
        say("study_diebold_mariano_sentence", served=served, of=len(own), years=years, **count)
    ]
    if any(row["underpowered"] for row in own):
        sentences.append(say("study_underpowered", years=years))
    return joined(sentences, say("space"))


def _skill_cells(_study: Found, rows: Rows, say: Texts) -> Iterable[Sequence[Cell]]:
    by_figure = {(row["versus"], row["figure"]): row for row in rows}
    for versus in dict.fromkeys(row["versus"] for row in rows):
        skill, apart = by_figure[versus, "skill"], by_figure[versus, "difference"]
        bounds = interval(100 * skill["low"], 100 * skill["high"], 1)
        yield (
            Cell(say.model(versus)),
            Cell(percent(skill["estimate"], 1, sign=True), (f"{bounds} %",)),
            _change(apart, "estimate"),
            _judged(skill["outcome"], say),
        )


def _skill_sentence(_study: Found, _about: Found, rows: Rows, say: Texts) -> Both:
    row = next(row for row in rows if row["figure"] == "skill")
    return say(
        "study_skill_intervals_sentence",
        naive=say.model(row["versus"]),
        skill=percent(row["estimate"], 1, sign=True),
        low=percent(row["low"], 1, sign=True),
        high=percent(row["high"], 1, sign=True),
        word=say(f"study_{row['outcome']}"),
        draws=row["draws"],
    )


def _way_cells(_study: Found, rows: Rows, say: Texts) -> Iterable[Sequence[Cell]]:
    for row in rows:
        sure = row["low"] is not None and (row["low"] > 0 or row["high"] < 0)
        tone = ("up" if row["difference"] < 0 else "down") if sure else ""
        yield (
            Cell(say(f"study_way_{row['method']}")),
            Cell(percent(row["coverage"], 1)),
            Cell(percent(row["worst_coverage"], 1), (str(row["worst_year"]),)),
            Cell(unsigned(row["width"])),
            Cell(unsigned(row["interval_score"])),
            _change(row, tone=tone),
        )


def _way_sentence(_study: Found, _about: Found, rows: Rows, say: Texts) -> Both:
    best = min(rows, key=lambda row: row["interval_score"])
    own = next(row for row in rows if row["method"] == "served")
    return say(
        "study_interval_ways_sentence",
        best=say(f"study_way_{best['method']}"),
        best_score=unsigned(best["interval_score"]),
        score=unsigned(own["interval_score"]),
        covered=f"{100 * own['coverage']:.1f}",
        worst=f"{100 * own['worst_coverage']:.1f}",
    )


def _unseen_cells(_study: Found, rows: Rows, say: Texts) -> Iterable[Sequence[Cell]]:
    for row in rows:
        cities = row["cities_are"]
        yield (
            Cell(say(f"study_{cities or 'best_naive'}"), (say.model(row["model"]),)),
            Cell(str(row["n"])),
            *(Cell(unsigned(row[name])) for name in ("mae", "rmse", "rank_correlation")),
            Cell(percent(row["skill_naive"], 1, sign=True) if cities else "–"),
        )


def _unseen_sentence(_study: Found, about: Found, rows: Rows, say: Texts) -> Both:
    unseen, seen = rows[0], rows[1]
    return say(
        "study_unseen_sentence",
        group=group_name(about["group"], say),
        levels=about["levels"],
        folds=about["folds"],
        origins=", ".join(map(str, about["origins"])),
        mae=say.figure(unseen["mae"]),
        seen=say.figure(seen["mae"]),
        change=signed(unseen["difference_seen"], 3),
        low=signed(unseen["low"], 3),
        high=signed(unseen["high"], 3),
        skill=percent(unseen["skill_naive"], 1, sign=True),
    )


def _shock_cells(study: Found, rows: Rows, _say: Texts) -> Iterable[Sequence[Cell]]:
    for origin in dict.fromkeys(row["origin"] for row in rows):
        by_model = {row["model"]: row for row in rows if row["origin"] == origin}
        own = by_model[study["served"]]
        yield (
            Cell(str(origin), (str(own["n"]),)),
            Cell(unsigned(own["mae"])),
            Cell(unsigned(own["rank_correlation"])),
            *(_shock_skill(by_model.get(name)) for name in BLOCKS["shock"].versus),
        )


def _shock_skill(row: Found | None) -> Cell:
    if row is None or row["served_skill"] is None:
        return Cell("–")
    low, high = row["city_low"], row["city_high"]
    known = low is not None and high is not None
    tone = "" if not known or low <= 0 <= high else "up" if low > 0 else "down"
    bounds = (interval(100 * low, 100 * high, 0),) if known else ()
    return Cell(percent(row["served_skill"], sign=True), bounds, tone)


def _shock_sentence(study: Found, _about: Found, rows: Rows, say: Texts) -> Both:
    naive = study["naive"][str(rows[0]["horizon"])]
    against = [row for row in rows if row["model"] == naive]
    return say(
        "study_shock_sentence",
        served=say.model(study["served"]),
        naive=say.model(naive),
        wins=sum(row["served_skill"] > 0 for row in against),
        of=len(against),
    )


_SPLITS = [f"{name}_{kind}" for name in ("r2", "mae", "rank") for kind in ("random", "forward")]


def _split_cells(study: Found, rows: Rows, say: Texts) -> Iterable[Sequence[Cell]]:
    for row in sorted(rows, key=lambda row: row["model"] != study["served"]):
        yield Cell(say.model(row["model"])), *(Cell(unsigned(row[name])) for name in _SPLITS)


def _split_sentence(study: Found, _about: Found, rows: Rows, say: Texts) -> Both:
    row = next(row for row in rows if row["model"] == study["served"])
    errors = {name: say.figure(row[name]) for name in ("mae_random", "mae_forward")}
    shares = {name: unsigned(row[name]) for name in ("r2_random", "r2_forward")}
    return say("study_random_split_sentence", **errors, **shares)


BLOCKS: Mapping[str, Block] = {
    "ablation": Block(
        (
            *("study_families", "study_years#"),
            *("study_without#", "study_without_cities#", "study_verdict"),
            *("study_added#", "study_added_cities#", "study_verdict"),
        ),
        _ablation_cells,
        _ablation_sentence,
    ),
    "diebold_mariano": Block(
        (
            *("study_versus", "study_years#"),
            *("study_absolute#", "study_p#", "study_squared#", "study_p#"),
        ),
        _test_cells,
        _tests_sentence,
    ),
    "skill_intervals": Block(
        ("study_versus", "study_skill#", "study_difference#", "study_verdict"),
        _skill_cells,
        _skill_sentence,
    ),
    "interval_ways": Block(
        (
            *("study_way", "covered_90#", "study_worst_year#", "width_90#"),
            *("study_score#", "study_less_plain#"),
        ),
        _way_cells,
        _way_sentence,
    ),
    "unseen": Block(
        ("study_cities_are", "rows#", "mae#", "rmse#", "rank_correlation#", "skill_naive#"),
        _unseen_cells,
        _unseen_sentence,
    ),
    "shock": Block(
        ("study_origin", "study_mae#", "rank_correlation#"),
        _shock_cells,
        _shock_sentence,
        versus=(*_NAIVE, HISTORY_ONLY),
    ),
    "random_split": Block(
        ("model", *(f"study_{name}#" for name in _SPLITS)), _split_cells, _split_sentence
    ),
}
