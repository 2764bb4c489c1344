"""Blocks of the study: for each part its table and its sentence; a block is one entry."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from city_resilience.evaluation.baselines import BASELINES
from city_resilience.evaluation.candidates import HISTORY_ONLY
from city_resilience.evaluation.study.ablation import ADDED, ALL_FAMILIES, BEYOND, WITHOUT
from city_resilience.report.formatting import interval, percent, signed, unsigned
from city_resilience.report.study import effect_figures, over_all_origins
from city_resilience.report.tables import Cell, Column, Table, number, share, table_of, text
from city_resilience.report.texts import Both, Texts, joined

__all__ = ["BLOCKS", "Block", "block_sentence", "block_table", "measured_horizons"]

Found = Mapping[str, Any]
Rows = Sequence[Found]
_TONES = {"helps": "up", "better": "up", "hurts": "down", "worse": "down"}


@dataclass(frozen=True)
class Block:
    """How one part of a study is shown.

    Attributes
    ----------
    columns : tuple of Column
    sentence : callable
        Function (study, the part's ``about``, rows at a horizon, texts) -> what was found.
    records : callable
        Function (study, rows at a horizon) -> what the columns take, one a row of the table.
    versus : tuple of str
        Models of further columns: the skill against each.
    """

    columns: tuple[Column, ...]
    sentence: Callable[[Found, Found, Rows, Texts], Both]
    records: Callable[[Found, Rows], Iterable[Any]] = lambda _, rows: rows
    versus: tuple[str, ...] = ()


def measured_horizons(study: Found, name: str) -> list[str]:
    """Return the horizons at which a part was measured."""
    return list(dict.fromkeys(str(row["horizon"]) for row in study["parts"][name]["rows"]))


def block_table(study: Found, name: str, horizon: str, say: Texts) -> Table:
    """Return the table of a part at a horizon."""
    block = BLOCKS[name]
    versus = (
        Column(say("study_skill_versus", model=say.name("model", model)), _skill_against(model))
        for model in block.versus
    )
    records = block.records(study, _rows(study, name, horizon))
    return table_of((*block.columns, *versus), records, say)


def block_sentence(study: Found, name: str, horizon: str, say: Texts) -> Both:
    """Return what a part found at a horizon, in a sentence."""
    about = study["parts"][name]["about"]
    return BLOCKS[name].sentence(study, about, _rows(study, name, horizon), say)


def _rows(study: Found, name: str, horizon: str) -> list[Found]:
    return [row for row in study["parts"][name]["rows"] if str(row["horizon"]) == horizon]


def _judged(row: Found, say: Texts) -> Cell:
    return Cell(say(f"study_{row['outcome']}"), tone=_TONES.get(row["outcome"], ""))


def _change(row: Found, figure: str = "difference", tone: str = "") -> Cell:
    return Cell(signed(row[figure], 3), (interval(row["low"], row["high"], 3),), tone)


def _families(_study: Found, rows: Rows) -> Iterable[Found]:
    for family, variants in over_all_origins(rows).items():
        added = variants.get(ADDED) or variants.get(BEYOND)
        own = next(iter(variants.values()))
        yield {**own, "family": family, "left_out": variants.get(WITHOUT), "added": added}


def _family(row: Found, say: Texts) -> Both:
    whole = row["family"] == ALL_FAMILIES
    return say("study_all_families") if whole else say.name("family", row["family"])


def _years(row: Found, say: Texts) -> Cell:
    return Cell(str(row["years"]), (say("study_weak"),) if row["underpowered"] else ())


def _effect(head: str, field: str) -> tuple[Column, ...]:
    """Return the columns of an effect: over the years, over the cities, in words."""

    def of(cell: Callable[[Found, Texts], Cell]) -> Callable[[Found, Texts], Cell]:
        return lambda row, say: cell(row[field], say) if row[field] else Cell("–")

    def over_cities(row: Found, _say: Texts) -> Cell:
        return Cell(interval(row["city_low"], row["city_high"], 3))

    return (
        Column(head, of(lambda row, _: _change(row))),
        Column(f"{head}_cities", of(over_cities)),
        Column("study_verdict", of(_judged), numeric=False),
    )


def _ablation_sentence(_study: Found, _about: Found, rows: Rows, say: Texts) -> Both:
    families = over_all_origins(rows)
    together = families.pop(ALL_FAMILIES, None)
    if together is None:
        return say("study_ablation_missing")
    tests = sum(len(variants) for variants in families.values())
    return say("study_ablation_sentence", tests=tests, **effect_figures(together[BEYOND], say))


def _tests(_study: Found, rows: Rows) -> Iterable[Found]:
    by_loss = {(row["versus"], row["loss"]): row for row in rows}
    for row in rows:
        if row["loss"] == "absolute":
            yield {**row, "absolute": row, "squared": by_loss[row["versus"], "squared"]}


def _test(loss: str) -> tuple[Column, ...]:
    """Return the columns of a test: the difference of the losses, and its p value."""

    def value(row: Found, say: Texts) -> Cell:
        own = row[loss]
        p = "–" if own["p"] is None else "< 0.001" if own["p"] < 0.001 else f"{own['p']:.3f}"
        return Cell(p, (say(f"study_{own['outcome']}"),), _TONES.get(own["outcome"], ""))

    difference = Column(f"study_{loss}", lambda row, _: Cell(signed(row[loss]["difference"], 3)))
    return difference, Column("study_p", value)


def _rival(row: Found, say: Texts) -> Cell:
    kind = (say(f"study_kind_{row['kind']}"),) if "kind" in row else ()
    return Cell(say.name("model", row["versus"]), kind)


def _tests_sentence(study: Found, _about: Found, rows: Rows, say: Texts) -> Both:
    own = [row for row in rows if row["loss"] == "absolute"]
    count = {name: sum(row["outcome"] == name for row in own) for name in ("better", "worse")}
    count |= {"of": len(own), "years": max(row["years"] for row in own)}
    served = say.name("model", study["served"])
    sentences = [say("study_diebold_mariano_sentence", served=served, **count)]
    if any(row["underpowered"] for row in own):
        sentences.append(say("study_underpowered", years=count["years"]))
    return joined(sentences, say("space"))


def _skills(_study: Found, rows: Rows) -> Iterable[Found]:
    by_figure = {(row["versus"], row["figure"]): row for row in rows}
    for row in rows:
        if row["figure"] == "skill":
            yield {**row, "apart": by_figure[row["versus"], "difference"]}


def _skill(row: Found, _say: Texts) -> Cell:
    bounds = interval(100 * row["low"], 100 * row["high"], 1)
    return Cell(percent(row["estimate"], 1, sign=True), (f"{bounds} %",))


def _skill_sentence(_study: Found, _about: Found, rows: Rows, say: Texts) -> Both:
    row = next(row for row in rows if row["figure"] == "skill")
    figures = {"skill": "estimate", "low": "low", "high": "high"}
    return say(
        "study_skill_intervals_sentence",
        naive=say.name("model", row["versus"]),
        word=say(f"study_{row['outcome']}"),
        draws=row["draws"],
        **{name: percent(row[field], 1, sign=True) for name, field in figures.items()},
    )


def _less_plain(row: Found, _say: Texts) -> Cell:
    sure = row["low"] is not None and (row["low"] > 0 or row["high"] < 0)
    return _change(row, tone=("up" if row["difference"] < 0 else "down") if sure else "")


def _worst(row: Found, _say: Texts) -> Cell:
    return Cell(percent(row["worst_coverage"], 1), (str(row["worst_year"]),))


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


def _unseen(row: Found, say: Texts) -> Cell:
    return Cell(
        say(f"study_{row['cities_are'] or 'best_naive'}"), (say.name("model", row["model"]),)
    )


def _unseen_skill(row: Found, _say: Texts) -> Cell:
    return Cell(percent(row["skill_naive"], 1, sign=True) if row["cities_are"] else "–")


def _unseen_sentence(_study: Found, about: Found, rows: Rows, say: Texts) -> Both:
    unseen, seen = rows[0], rows[1]
    changes = {"change": "difference_seen", "low": "low", "high": "high"}
    return say(
        "study_unseen_sentence",
        group=say.name("group", about["group"]),
        levels=about["levels"],
        folds=about["folds"],
        origins=", ".join(map(str, about["origins"])),
        mae=say.figure(unseen["mae"]),
        seen=say.figure(seen["mae"]),
        skill=percent(unseen["skill_naive"], 1, sign=True),
        **{name: signed(unseen[field], 3) for name, field in changes.items()},
    )


def _shocks(study: Found, rows: Rows) -> Iterable[Found]:
    for origin in dict.fromkeys(row["origin"] for row in rows):
        by_model = {row["model"]: row for row in rows if row["origin"] == origin}
        yield {**by_model[study["served"]], "by_model": by_model}


def _skill_against(model: str) -> Callable[[Found, Texts], Cell]:
    def cell(row: Found, _say: Texts) -> Cell:
        own = row["by_model"].get(model)
        if own is None or own["served_skill"] is None:
            return Cell("–")
        low, high = own["city_low"], own["city_high"]
        known = low is not None and high is not None
        tone = "" if not known or low <= 0 <= high else "up" if low > 0 else "down"
        bounds = (interval(100 * low, 100 * high, 0),) if known else ()
        return Cell(percent(own["served_skill"], sign=True), bounds, tone)

    return cell


def _shock_sentence(study: Found, _about: Found, rows: Rows, say: Texts) -> Both:
    naive = study["naive"][str(rows[0]["horizon"])]
    skills = [row["served_skill"] for row in rows if row["model"] == naive]
    return say(
        "study_shock_sentence",
        served=say.name("model", study["served"]),
        naive=say.name("model", naive),
        wins=sum(skill > 0 for skill in skills),
        of=len(skills),
    )


_SPLITS = [f"{name}_{kind}" for name in ("r2", "mae", "rank") for kind in ("random", "forward")]


def _split_sentence(study: Found, _about: Found, rows: Rows, say: Texts) -> Both:
    row = next(row for row in rows if row["model"] == study["served"])
    errors = {name: say.figure(row[name]) for name in ("mae_random", "mae_forward")}
    shares = {name: unsigned(row[name]) for name in ("r2_random", "r2_forward")}
    return say("study_random_split_sentence", **errors, **shares)


_ACCURACY = tuple(map(number, ("mae", "rmse", "rank_correlation")))
BLOCKS: Mapping[str, Block] = {
    "ablation": Block(
        (
            text("study_families", _family),
            Column("study_years", _years),
            *_effect("study_without", "left_out"),
            *_effect("study_added", "added"),
        ),
        _ablation_sentence,
        _families,
    ),
    "diebold_mariano": Block(
        (
            Column("study_versus", _rival, numeric=False),
            Column("study_years", lambda row, _: Cell(str(row["years"]))),
            *_test("absolute"),
            *_test("squared"),
        ),
        _tests_sentence,
        _tests,
    ),
    "skill_intervals": Block(
        (
            Column("study_versus", _rival, numeric=False),
            Column("study_skill", _skill),
            Column("study_difference", lambda row, _: _change(row["apart"], "estimate")),
            Column("study_verdict", _judged, numeric=False),
        ),
        _skill_sentence,
        _skills,
    ),
    "interval_ways": Block(
        (
            text("study_way", lambda row, say: say(f"study_way_{row['method']}")),
            share("covered_90", "coverage"),
            Column("study_worst_year", _worst),
            number("width_90", "width"),
            number("study_score", "interval_score"),
            Column("study_less_plain", _less_plain),
        ),
        _way_sentence,
    ),
    "unseen": Block(
        (
            Column("study_cities_are", _unseen, numeric=False),
            Column("rows", lambda row, _: Cell(str(row["n"]))),
            *_ACCURACY,
            Column("skill_naive", _unseen_skill),
        ),
        _unseen_sentence,
    ),
    "shock": Block(
        (
            Column(
                "study_origin", lambda row, _: Cell(str(row["origin"]), (str(row["n"]),)), False
            ),
            number("mae"),
            number("rank_correlation"),
        ),
        _shock_sentence,
        _shocks,
        versus=(*(b.id for b in BASELINES.values() if b.kind == "naive"), HISTORY_ONLY),
    ),
    "random_split": Block(
        (
            text("model", lambda row, say: say.name("model", row["model"])),
            *(number(f"study_{name}", name) for name in _SPLITS),
        ),
        _split_sentence,
        lambda study, rows: sorted(rows, key=lambda row: row["model"] != study["served"]),
    ),
}
