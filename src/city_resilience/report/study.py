"""The study in the summary: what it was measured on and what it found about the digital family."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from city_resilience.evaluation.study.ablation import ADDED, EVERY_YEAR, WITHOUT
from city_resilience.evaluation.study.study import same_recipe
from city_resilience.report.texts import Both, Texts, joined

__all__ = ["DIGITAL", "answer", "answer_words", "over_all_origins", "study_part"]

Row = Mapping[str, Any]
DIGITAL = "digital"


def study_part(study: Row, run: Row) -> dict[str, Any]:
    """Return what the summary keeps of a study, whatever it says.

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
        ``source`` (``created, digest, cities, first, last, seconds, version``), ``same`` (whether
        it was measured with what is reported), ``served``, ``naive`` (horizon → model),
        ``answer`` (horizon → code) and ``parts``: id → ``about``, ``rows``. Of the ablation only
        the rows over all origins are kept.
    """
    created = sorted({part["created"] for part in study["parts"].values()})
    parts = {
        name: {"about": part["about"], "rows": _kept(name, part["rows"])}
        for name, part in study["parts"].items()
    }
    ablation = parts.get("ablation", {"rows": []})["rows"]
    horizons = dict.fromkeys(row["horizon"] for row in ablation)
    return {
        "source": {
            "created": " – ".join(dict.fromkeys((created[0], created[-1]))) if created else "–",
            "first": study["origins"][0],
            "last": study["origins"][1],
            "seconds": round(study.get("seconds", 0)),
            **{key: study[key] for key in ("digest", "cities", "version")},
        },
        "same": same_recipe(study, run),
        "served": study["served"],
        "naive": dict(study["naive"]),
        "answer": {str(h): answer(_digital(ablation, h)) for h in horizons},
        "parts": parts,
    }


def over_all_origins(rows: Iterable[Row]) -> dict[str, dict[str, Row]]:
    """Return family → variant → row over all origins."""
    found: dict[str, dict[str, Row]] = {}
    for row in rows:
        if row["origin"] == EVERY_YEAR:
            found.setdefault(row["family"], {})[row["variant"]] = row
    return found


def answer(variants: Mapping[str, Row] | None) -> str:
    """Say whether a family helps.

    Returns
    -------
    str
        "yes", "hurts", "overlap" (only in place of other families), "none" (not measurably) or
        "absent" (not in the panel).
    """
    if variants is None:
        return "absent"
    outcomes = {variants[WITHOUT]["outcome"], variants[ADDED]["outcome"]}
    if variants[WITHOUT]["outcome"] == "helps":
        return "yes"
    if "hurts" in outcomes:
        return "hurts"
    return "overlap" if "helps" in outcomes else "none"


def answer_words(study: Row, horizon: str, say: Texts) -> Both:
    """Answer in words, at a horizon of the ablation, whether the digital family helps."""
    code = study["answer"][horizon]
    sentences = [say(f"study_answer_{code}")]
    variants = _digital(study["parts"]["ablation"]["rows"], int(horizon))
    if variants is not None:
        without, added = variants[WITHOUT], variants[ADDED]
        words = {"word": without["outcome"], "added_word": added["outcome"]}
        figures = {
            **without,
            **{f"added_{key}": value for key, value in added.items()},
            **{key: say(f"study_{outcome}") for key, outcome in words.items()},
        }
        sentences.append(say("study_family", **{**figures, "family": say.name("family", DIGITAL)}))
        if without["underpowered"] and code in {"none", "overlap"}:
            sentences.append(say("study_underpowered", years=without["years"]))
    return joined(sentences, say("space"))


def _kept(name: str, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [row for row in rows if name != "ablation" or row["origin"] == EVERY_YEAR]


def _digital(rows: Iterable[Row], horizon: int) -> Mapping[str, Row] | None:
    return over_all_origins(row for row in rows if row["horizon"] == horizon).get(DIGITAL)
