"""The study in the summary: what it was measured on, its answer about digital, and its blocks."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from city_resilience.evaluation.study.study import same_recipe
from city_resilience.report.study_blocks import BLOCKS, Block, over_all_origins, told
from city_resilience.report.texts import load_texts

__all__ = ["study_section"]

Row = Mapping[str, Any]
Texts = Mapping[str, str]
DIGITAL = "digital"


def study_section(study: Row, run: Row) -> dict[str, Any]:
    """Compute what the report shows of a study, whatever it says.

    Parameters
    ----------
    study : mapping
        What ``run_study`` returned.
    run : mapping
        ``digest``, ``served``, ``learners``, ``fingerprint`` of the run that is reported; what is
        absent or empty is not compared.

    Returns
    -------
    dict
        ``source`` (what it was measured on, and ``same``: whether that is what is reported),
        ``answer`` (horizon → language → text) and ``blocks``, a list of ``id``, ``heads``
        (text key, numeric) and ``by_horizon``: horizon → ``sentence`` (language → text),
        ``rows``.
    """
    texts = load_texts(study["measure"])
    blocks = []
    for name, block in BLOCKS.items():
        part = study["parts"].get(name)
        if part is not None:
            blocks.append(_block(name, block, study, part, texts))
    return {
        "source": _source(study, run),
        "answer": _answers(study, texts),
        "blocks": blocks,
    }


def _source(study: Row, run: Row) -> dict[str, Any]:
    created = sorted({part["created"] for part in study["parts"].values()})
    return {
        "created": " – ".join(dict.fromkeys((created[0], created[-1]))) if created else "–",
        "digest": study["digest"],
        "cities": study["cities"],
        "first": study["origins"][0],
        "last": study["origins"][1],
        "seconds": round(study.get("seconds", 0)),
        "version": study["version"],
        "same": same_recipe(study, run),
    }


def _block(
    name: str, block: Block, study: Row, part: Row, texts: Mapping[str, Texts]
) -> dict[str, Any]:
    horizons = list(dict.fromkeys(row["horizon"] for row in part["rows"]))
    by_horizon = {}
    for horizon in horizons:
        rows = [row for row in part["rows"] if row["horizon"] == horizon]
        by_horizon[str(horizon)] = {
            "sentence": {
                lang: block.sentence(study, part, rows, words, lang)
                for lang, words in texts.items()
            },
            "rows": block.table(study, rows),
        }
    missing = {lang: words[f"study_{name}_missing"] for lang, words in texts.items()}
    heads = [list(head) for head in block.heads]
    return {"id": name, "heads": heads, "by_horizon": by_horizon, "missing": missing}


def _answers(study: Row, texts: Mapping[str, Texts]) -> dict[str, dict[str, str]]:
    """Answer, at each horizon of the ablation, whether the digital family helps."""
    part = study["parts"].get("ablation")
    rows = part["rows"] if part else []
    horizons = dict.fromkeys(row["horizon"] for row in rows)
    found = {}
    for horizon in horizons:
        variants = over_all_origins(row for row in rows if row["horizon"] == horizon).get(DIGITAL)
        found[str(horizon)] = {lang: _answer(variants, words) for lang, words in texts.items()}
    return found


def _answer(variants: Mapping[str, Row] | None, texts: Texts) -> str:
    if variants is None:
        return texts["study_answer_absent"]
    without, added = variants["without"], variants["added"]
    outcomes = {without["outcome"], added["outcome"]}
    if without["outcome"] == "helps":
        answer = "yes"
    elif "hurts" in outcomes:
        answer = "hurts"
    else:
        answer = "overlap" if "helps" in outcomes else "none"
    dataset = {f"added_{key}": value for key, value in told(added, texts).items()}
    detail = texts["study_family"].format(
        family=texts[f"family_{DIGITAL}"], **told(without, texts), **dataset
    )
    sentences = [texts[f"study_answer_{answer}"], detail]
    if without["underpowered"] and answer in {"none", "overlap"}:
        sentences.append(texts["study_underpowered"].format(years=without["years"]))
    return texts["study_space"].join(sentences)
