"""Blocks of the study: for each part its table and its sentence.

The columns of a table stand in ``study_tables.toml``, what fills them and the sentence here.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from city_resilience.catalogue.shipped import shipped_toml
from city_resilience.evaluation.baselines import BASELINES
from city_resilience.evaluation.candidates import HISTORY_ONLY
from city_resilience.evaluation.driver_sizes import FAMILY, INDICATOR
from city_resilience.evaluation.grades import FIRM, LIKELY, UNSTABLE
from city_resilience.evaluation.study.ablation import ADDED, ALL_FAMILIES, BEYOND, WITHOUT
from city_resilience.report.study import over_all_origins
from city_resilience.report.tables import Column, Table, table_of
from city_resilience.report.texts import LANGUAGES, Both, Texts, joined

__all__ = ["BLOCKS", "Block", "block_sentence", "block_table", "measured_horizons"]

Found = Mapping[str, Any]
Rows = Sequence[Found]
LEADING = 10
"""Indicators of a view that the table shows; ``stability.csv`` holds all."""
_TONES = {"helps": "up", "better": "up", "hurts": "down", "worse": "down"}


@dataclass(frozen=True)
class Block:
    """How one part of a study is shown.

    Attributes
    ----------
    records : callable
        Function (study, rows at a horizon, texts) -> the rows of the table.
    sentence : callable
        Function (study, the part's ``about``, rows at a horizon, texts) -> what was found.
    versus : tuple of str
        Models of further columns: the skill against each.
    """

    records: Callable[[Found, Rows, Texts], Iterable[Found]]
    sentence: Callable[[Found, Found, Rows, Texts], Both]
    versus: tuple[str, ...] = ()


def measured_horizons(study: Found, name: str) -> list[str]:
    """Return the horizons at which a part was measured."""
    return list(dict.fromkeys(str(row["horizon"]) for row in study["parts"][name]["rows"]))


def block_table(study: Found, name: str, horizon: str, say: Texts) -> Table:
    """Return the table of a part at a horizon."""
    block = BLOCKS[name]
    versus = (
        Column(
            say("study_skill_versus", model=say.name("model", model)),
            f"{{skill_{model}:+0%}}",
            f"{{low_{model}:+0p}} … {{high_{model}:+0p}}",
            f"tone_{model}",
        )
        for model in block.versus
    )
    records = block.records(study, _rows(study, name, horizon), say)
    columns = (Column(*own) for own in shipped_toml("study_tables.toml", "report")[name])
    return table_of((*columns, *versus), records, say)


def block_sentence(study: Found, name: str, horizon: str, say: Texts) -> Both:
    """Return what a part found at a horizon, in a sentence."""
    about = study["parts"][name]["about"]
    return BLOCKS[name].sentence(study, about, _rows(study, name, horizon), say)


def _rows(study: Found, name: str, horizon: str) -> list[Found]:
    return [row for row in study["parts"][name]["rows"] if str(row["horizon"]) == horizon]


def _judged(row: Found, say: Texts, prefix: str = "") -> dict[str, Any]:
    """Return the fields of a row with its outcome in words and in colour."""
    words, tone = say(f"study_{row['outcome']}"), _TONES.get(row["outcome"], "")
    return {f"{prefix}{key}": value for key, value in {**row, "word": words, "tone": tone}.items()}


def _sure(low: float | None, high: float | None) -> str:
    """Return the colour of an interval that leaves zero out."""
    if low is None or high is None or low <= 0 <= high:
        return ""
    return "up" if low > 0 else "down"


def _ablation(_study: Found, rows: Rows, say: Texts) -> Iterable[Found]:
    nothing = {**dict.fromkeys(("difference", "low", "high", "city_low", "city_high")), "word": "–"}
    for family, variants in over_all_origins(rows).items():
        whole = family == ALL_FAMILIES
        own = next(iter(variants.values()))
        made = {
            "family": say("study_all_families") if whole else say.name("family", family),
            "years": own["years"],
            "weak": say("study_weak") if own["underpowered"] else "",
        }
        added = variants.get(ADDED) or variants.get(BEYOND)
        for prefix, row in (("without_", variants.get(WITHOUT)), ("added_", added)):
            made |= {f"{prefix}{key}": value for key, value in nothing.items()}
            made |= _judged(row, say, prefix) if row else {}
        yield made


def _ablation_sentence(_study: Found, _about: Found, rows: Rows, say: Texts) -> Both:
    families = over_all_origins(rows)
    together = families.pop(ALL_FAMILIES, None)
    if together is None:
        return say("study_ablation_missing")
    tests = sum(len(variants) for variants in families.values())
    return say("study_ablation_sentence", tests=tests, **_judged(together[BEYOND], say))


def _tests(_study: Found, rows: Rows, say: Texts) -> Iterable[Found]:
    for versus in dict.fromkeys(row["versus"] for row in rows):
        made: dict[str, Any] = {"rival": say.name("model", versus)}
        for row in (row for row in rows if row["versus"] == versus):
            made |= _judged({**row, "p": _p(row["p"])}, say, f"{row['loss']}_")
            made |= {"kind": say(f"study_kind_{row['kind']}"), "years": row["years"]}
        yield made


def _tests_sentence(study: Found, _about: Found, rows: Rows, say: Texts) -> Both:
    own = [row for row in rows if row["loss"] == "absolute"]
    count = {name: sum(row["outcome"] == name for row in own) for name in ("better", "worse")}
    count |= {"of": len(own), "years": max(row["years"] for row in own)}
    served = say.name("model", study["served"])
    sentences = [say("study_diebold_mariano_sentence", served=served, **count)]
    if any(row["underpowered"] for row in own):
        sentences.append(say("study_underpowered", years=count["years"]))
    return joined(sentences, say("space"))


def _skills(_study: Found, rows: Rows, say: Texts) -> Iterable[Found]:
    apart = {row["versus"]: row for row in rows if row["figure"] == "difference"}
    for row in (row for row in rows if row["figure"] == "skill"):
        error = {f"error_{key}": value for key, value in apart[row["versus"]].items()}
        yield {"rival": say.name("model", row["versus"]), **_judged(row, say), **error}


def _skill_sentence(_study: Found, _about: Found, rows: Rows, say: Texts) -> Both:
    row = next(row for row in rows if row["figure"] == "skill")
    naive = say.name("model", row["versus"])
    return say("study_skill_intervals_sentence", naive=naive, **_judged(row, say))


def _ways(_study: Found, rows: Rows, say: Texts) -> Iterable[Found]:
    for row in rows:
        less = {"up": "down", "down": "up", "": ""}
        tone = less[_sure(row["low"], row["high"])]
        yield {**row, "way": say(f"study_way_{row['method']}"), "tone": tone}


def _way_sentence(_study: Found, _about: Found, rows: Rows, say: Texts) -> Both:
    best = min(rows, key=lambda row: row["interval_score"])
    own = next(row for row in rows if row["method"] == "served")
    way, score = say(f"study_way_{best['method']}"), best["interval_score"]
    return say("study_interval_ways_sentence", best=way, best_score=score, **own)


def _unseen(_study: Found, rows: Rows, say: Texts) -> Iterable[Found]:
    for row in rows:
        cities = say(f"study_{row['cities_are'] or 'best_naive'}")
        skill = row["skill_naive"] if row["cities_are"] else None
        yield {**row, "cities": cities, "name": say.name("model", row["model"]), "skill": skill}


def _unseen_sentence(_study: Found, about: Found, rows: Rows, say: Texts) -> Both:
    origins = ", ".join(map(str, about["origins"]))
    told = {**about, "group": say.name("group", about["group"]), "origins": origins}
    return say("study_unseen_sentence", seen=rows[1]["mae"], **{**rows[0], **told})


def _shocks(study: Found, rows: Rows, _say: Texts) -> Iterable[Found]:
    for origin in dict.fromkeys(row["origin"] for row in rows):
        by_model = {row["model"]: row for row in rows if row["origin"] == origin}
        made = dict(by_model[study["served"]])
        for model in BLOCKS["shock"].versus:
            own = by_model.get(model) or dict.fromkeys(("served_skill", "city_low", "city_high"))
            skill, low, high = (own[key] for key in ("served_skill", "city_low", "city_high"))
            made |= {f"skill_{model}": skill, f"low_{model}": low, f"high_{model}": high}
            made |= {f"tone_{model}": _sure(low, high)}
        yield made


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


def _splits(study: Found, rows: Rows, say: Texts) -> Iterable[Found]:
    for row in sorted(rows, key=lambda row: row["model"] != study["served"]):
        yield {**row, "name": say.name("model", row["model"])}


def _split_sentence(study: Found, _about: Found, rows: Rows, say: Texts) -> Both:
    row = next(row for row in rows if row["model"] == study["served"])
    return say("study_random_split_sentence", **row)


def _drivers(study: Found, rows: Rows, say: Texts) -> Iterable[Found]:
    labels = study["parts"]["stability"]["about"]["labels"]
    for row in rows:
        if row["level"] == INDICATOR and row["rank"] > LEADING:
            continue
        name, family = row["name"], row["level"] == FAMILY
        yield {
            **row,
            "driver": say.name("family", name)
            if family
            else dict(zip(LANGUAGES, labels[name], strict=True)),
            "kind": say("study_level_family") if family else say.name("family", row["family"]),
            "seen": say(f"study_view_{row['view']}"),
            "ranks": say("study_ranks" if row["ordered"] else "study_ranks_loose", **row),
            "way": {1: "↑ ", -1: "↓ ", 0: ""}[row["sign"]],
            "p": _p(row["p_value"]),
            "q": "" if row["q_value"] is None else f"q {_p(row['q_value'])}",
            "word": say(f"study_grade_{row['grade']}"),
            "tone": {FIRM: "up", UNSTABLE: "down"}.get(row["grade"], ""),
        }


def _drivers_sentence(_study: Found, about: Found, rows: Rows, say: Texts) -> Both:
    parts, none = [], say("study_stability_none")
    for view in dict.fromkeys(row["view"] for row in rows):
        named = {
            grade: joined(
                [
                    say.name("family", row["name"])
                    for row in rows
                    if (row["view"], row["level"], row["grade"]) == (view, FAMILY, grade)
                ],
                say("study_stability_comma"),
            )
            for grade in (FIRM, LIKELY)
        }
        told = {grade: own if own["en"] else none for grade, own in named.items()}
        parts.append(say("study_stability_found", view=say(f"study_view_{view}"), **told))
    clusters = say(f"study_cluster_{about['clusters']}")
    found = joined(parts, say("space"))
    return say("study_stability_sentence", refits=about["refits"], clusters=clusters, found=found)


def _p(p: float | None) -> str:
    return "–" if p is None else "< 0.001" if p < 0.001 else f"{p:.3f}"


BLOCKS: Mapping[str, Block] = {
    "ablation": Block(_ablation, _ablation_sentence),
    "diebold_mariano": Block(_tests, _tests_sentence),
    "skill_intervals": Block(_skills, _skill_sentence),
    "interval_ways": Block(_ways, _way_sentence),
    "unseen": Block(_unseen, _unseen_sentence),
    "shock": Block(
        _shocks,
        _shock_sentence,
        versus=(*(b.id for b in BASELINES.values() if b.kind == "naive"), HISTORY_ONLY),
    ),
    "random_split": Block(_splits, _split_sentence),
    "stability": Block(_drivers, _drivers_sentence),
}
