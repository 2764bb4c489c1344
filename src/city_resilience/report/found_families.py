"""One sentence on the families of indicators: which were found to improve the forecast."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from city_resilience.evaluation.study.ablation import WITHOUT
from city_resilience.report.study import DIGITAL, answer, over_all_origins
from city_resilience.report.texts import Both, Texts, joined

__all__ = ["families_sentence"]


def families_sentence(summary: Mapping[str, Any], h: str, say: Texts) -> Both:
    """Say of the digital and the other families whether a study found them to help.

    Without a study of the reported recipe it is what all indicators add to the outcome's history.

    Parameters
    ----------
    h : str
        The horizon; where the study did not measure it, the first that it did stands for it.
    """
    study = summary.get("study")
    measured = list(study["answer"]) if study and study["same"] else []
    if study is None or not measured:
        worth = summary["by_horizon"][h]["headline"]["worth"]
        return say(f"families_worth_{worth}")
    own = h if h in measured else measured[0]
    rows = [row for row in study["parts"]["ablation"]["rows"] if str(row["horizon"]) == own]
    found = over_all_origins(rows)
    digital = say(f"families_digital_{answer(found.pop(DIGITAL, None))}")
    said = [digital, _others(found, say)]
    if own != h:
        said.append(say.count("families_at", int(own)))
    return joined(said, say("space"))


def _others(found: Mapping[str, Mapping[str, Any]], say: Texts) -> Both:
    """Say which of the other families the forecast is worse without."""
    without = {family: own[WITHOUT] for family, own in found.items() if WITHOUT in own}
    helping = [
        say.name("family", family) for family, own in without.items() if own["outcome"] == "helps"
    ]
    rest = len(without) - len(helping)
    if not helping:
        return say("families_none", n=rest)
    names = joined([_inside(name) for name in helping], say("list_comma"))
    return say("families_help" if rest else "families_all", names=names, n=rest)


def _inside(name: Both) -> Both:
    """Return a name as it stands inside a sentence."""
    return {**name, "en": name["en"][0].lower() + name["en"][1:]}
