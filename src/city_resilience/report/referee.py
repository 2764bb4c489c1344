"""The referee's list in words."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from city_resilience.report.formatting import NONE
from city_resilience.report.texts import LANGUAGES, Both, Texts

__all__ = ["referee_rows"]

MOST = 4
"""Names of a list that are written out; the rest is counted."""


def referee_rows(
    answers: Iterable[Mapping[str, Any]], labels: Mapping[str, Both], say: Texts
) -> list[dict[str, Any]]:
    """Return the answers of the referee's list as rows.

    Parameters
    ----------
    answers : iterable of mapping
        ``about["answers"]`` of the part ``referee``.
    labels : mapping of str to mapping
        Name of an outcome, index, column or policy → its name in both languages.

    Returns
    -------
    list of dict
        ``id``, ``name`` and ``words`` in both languages, ``about`` (names of outcome, index and
        policy in both languages, joined), ``state`` (``found``, ``clear`` or ``none``), ``grave``.
    """
    return [_row(one, labels, say) for one in answers]


def _row(one: Mapping[str, Any], labels: Mapping[str, Both], say: Texts) -> dict[str, Any]:
    id, found = one["id"], one["found"]
    state = "none" if found is None else "found" if found else "clear"
    names = _listed(one["names"], labels, say)
    figures = {"names": names, **{k: _figure(v, labels, say) for k, v in one["figures"].items()}}
    about = [one[key] for key in ("outcome", "treatment", "policy") if one[key]]
    untested = "referee_untested" if "least" in figures else "referee_none"
    key = untested if found is None else f"referee_{id}_{state}"
    return {
        "id": id,
        "name": say(f"referee_{id}"),
        "about": _named(about, labels, " · "),
        "state": state,
        "words": say(key, **figures),
        "grave": one["grave"],
    }


def _figure(value: Any, labels: Mapping[str, Both], say: Texts) -> Any:
    """Return a figure as its sentence has it: names in both languages."""
    if isinstance(value, list):
        return _listed(value, labels, say)
    return say.level("province", value) if isinstance(value, str) else value


def _listed(names: Sequence[str], labels: Mapping[str, Both], say: Texts) -> Both:
    """Return the first names in both languages, in a row, and how many there are more."""
    shown = _named(names[:MOST], labels, "、")
    rest = len(names) - MOST
    return say("mech_and_more", names=shown, n=rest) if rest > 0 else shown


def _named(names: Iterable[str], labels: Mapping[str, Both], between: str) -> Both:
    """Return names in both languages, in a row."""
    own = [labels.get(name) or dict.fromkeys(LANGUAGES, name) for name in names]
    gaps = {"en": ", " if between == "、" else between, "zh": between}
    return {lang: gaps[lang].join(one[lang] for one in own) or NONE for lang in LANGUAGES}
