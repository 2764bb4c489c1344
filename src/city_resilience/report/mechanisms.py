"""The tests of the claims in the summary: what they were made on, and the rows that are shown."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from city_resilience.errors import InputError
from city_resilience.mechanisms.evidence import OWN_YEARS
from city_resilience.mechanisms.recipe import RULES, asked_hash
from city_resilience.report.formatting import NONE
from city_resilience.report.mechanisms_curve import curve_rows
from city_resilience.report.mechanisms_rows import Found, Rows

if TYPE_CHECKING:
    from city_resilience.report.summary import Summary

__all__ = ["CHANNEL_TERMS", "mechanisms_part", "with_mechanisms"]

CHANNEL_TERMS = ("to_mediator", "from_mediator", "indirect", "share", "rho_zero")


def mechanisms_part(found: Found, run: Found) -> dict[str, Any]:
    """Return what the summary keeps of `mechanisms`, whatever it says.

    Parameters
    ----------
    found : mapping
        What ``run_mechanisms`` returned.
    run : mapping
        ``digest``, ``claims`` (`asked_hash` of its settings) and ``fingerprint`` of the run that is
        reported; what is absent or empty is not compared.

    Returns
    -------
    dict
        ``source`` (``created, cities, first, last, version``), ``same`` (whether it was made with
        the experiment, the claims and the panel that are reported, by the rules of today),
        ``labels`` (name → ``en, zh, unit``) and ``parts``: id → ``about``, ``rows``, ``refused``.
        Rows leave out what is empty.
    """
    parts = {
        name: {
            "about": part["about"],
            "rows": [_short(row) for row in _shown(name, part)],
            "refused": part["refused"],
        }
        for name, part in found["parts"].items()
    }
    created = sorted({part["created"] for part in found["parts"].values()})
    first, last = found["years"]
    own = {key: found[key] for key in ("digest", "fingerprint")}
    own["claims"] = asked_hash(found["settings"])
    return {
        "source": {
            "created": " – ".join(dict.fromkeys((created[0], created[-1]))) if created else NONE,
            "cities": found["cities"],
            "first": first,
            "last": last,
            "version": found["version"],
        },
        "same": found["rules"] == RULES
        and all(own[key] == run[key] for key in own if run.get(key)),
        "labels": found["labels"],
        "parts": parts,
    }


def with_mechanisms(summary: Summary, found: Found) -> Summary:
    """Return a summary with what the tests of the claims found, in place of any others.

    Raises
    ------
    InputError
        If they are of another experiment.
    """
    own = summary["run"]["name"]
    if own != found["experiment"]:
        raise InputError(
            f"mechanisms.json: it is about experiment {found['experiment']!r}, the report about "
            f"{own!r}; name the mechanisms of the same experiment"
        )
    return {**summary, "mechanisms": mechanisms_part(found, summary["run"])}


def _shown(name: str, part: Mapping[str, Any]) -> Rows:
    """Return the rows that the page shows."""
    if name == "curve":
        return curve_rows(part["rows"], part["about"].get("curves", ()))
    return [row for row in part["rows"] if SHOWN.get(name, _every)(row)]


def _every(_row: Mapping[str, Any]) -> bool:
    return True


def _none(_row: Mapping[str, Any]) -> bool:
    return False


def _of_index(row: Mapping[str, Any]) -> bool:
    return bool(row["term"] == row["treatment"])


def _of_channels(row: Mapping[str, Any]) -> bool:
    return row["term"].partition(":")[0] in CHANNEL_TERMS


def _of_places(row: Mapping[str, Any]) -> bool:
    """Whether a row is of the model that verdicts read: slopes, and tests of equality."""
    equality = row["term"].startswith("equality:") and row["note"] in ("", "holm")
    return bool(row["model"] == OWN_YEARS and (_of_index(row) or equality))


def _short(row: Mapping[str, Any]) -> dict[str, Any]:
    def rounded(value: Any) -> Any:
        if isinstance(value, list):
            return [rounded(own) for own in value]
        return float(f"{value:.6g}") if isinstance(value, float) else value

    return {key: rounded(value) for key, value in row.items() if value not in (None, "")}


SHOWN: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "baseline": _of_index,
    "channels": _of_channels,
    "places": _of_places,
    "referee": _none,
    "verdicts": _none,
}
"""Part → which of its rows the page shows, where not all."""
