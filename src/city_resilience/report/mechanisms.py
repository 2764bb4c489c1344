"""The tests of the claims in the summary: what they were made on, and names in both languages."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from city_resilience.errors import InputError
from city_resilience.mechanisms.estimate import COLUMNS, Estimate
from city_resilience.mechanisms.evidence import OWN_YEARS
from city_resilience.mechanisms.verdicts import cautious
from city_resilience.report.formatting import NONE
from city_resilience.report.texts import Both, Texts, both

if TYPE_CHECKING:
    from city_resilience.report.summary import Summary

__all__ = [
    "CHANNEL_TERMS",
    "Found",
    "Rows",
    "cautious_row",
    "figure_of",
    "in_columns",
    "interval_of",
    "label_of",
    "mechanisms_part",
    "model_of",
    "named_by",
    "pair_fields",
    "pair_of",
    "pairs_of",
    "tone_of",
    "with_mechanisms",
]

Found = Mapping[str, Any]
Rows = list[dict[str, Any]]
COLUMNS_SHOWN = ("alone", "controls", "lag", "winsorised", "province_year")
CHANNEL_TERMS = ("to_mediator", "from_mediator", "indirect", "share", "rho_zero")
_RECIPE = ("digest", "fingerprint")


def mechanisms_part(found: Found, run: Found) -> dict[str, Any]:
    """Return what the summary keeps of `mechanisms`, whatever it says.

    Parameters
    ----------
    found : mapping
        What ``run_mechanisms`` returned.
    run : mapping
        ``digest`` and ``fingerprint`` of the run that is reported; what is absent or empty is not
        compared.

    Returns
    -------
    dict
        ``source`` (``created, cities, first, last, version``), ``same`` (whether it was made with
        the experiment and the panel that are reported), ``labels`` (name → ``en, zh, unit``) and
        ``parts``: id → ``about``, ``rows``, ``refused``. Rows leave out what is empty.
    """
    parts = {
        name: {
            "about": part["about"],
            "rows": [_short(row) for row in _shown(name, part["rows"])],
            "refused": part["refused"],
        }
        for name, part in found["parts"].items()
    }
    created = sorted({part["created"] for part in found["parts"].values()})
    first, last = found["years"]
    return {
        "source": {
            "created": " – ".join(dict.fromkeys((created[0], created[-1]))) if created else NONE,
            "cities": found["cities"],
            "first": first,
            "last": last,
            "version": found["version"],
        },
        "same": all(found.get(key) == run[key] for key in _RECIPE if run.get(key)),
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


def _shown(name: str, rows: Rows) -> Rows:
    """Return the rows that the page shows: of the baseline those of the index."""
    return [row for row in rows if SHOWN.get(name, _every)(row)]


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
        return float(f"{value:.6g}") if isinstance(value, float) else value

    return {key: rounded(value) for key, value in row.items() if value not in (None, "")}


def label_of(found: Found, name: str, say: Texts) -> Both:
    """Return what a column, policy or neighbour's mean is called, else its name."""
    if name.startswith("neighbours:"):
        own = label_of(found, name.removeprefix("neighbours:"), say)
        return say("mech_neighbours", name=own)
    own = found["labels"].get(name, {})
    return both(lambda lang: own.get(lang) or name)


def model_of(model: str, say: Texts) -> Both:
    """Return what a model, a column of a table, is called, else its id."""
    head, _, number = model.partition(":")
    if say.find(f"mech_model_{head}") is None:
        return both(lambda _: model)
    return say(f"mech_model_{head}", number=number)


def named_by(found: Found, term: str, say: Texts) -> Both:
    """Return what a term is called: the name of a column, or a kind with its column."""
    head, *rest = term.split(":", 1)
    if say.find(f"mech_term_{head}") is None:
        return label_of(found, term, say)
    number, _, name = rest[0].partition(":") if rest else ("", "", "")
    known = label_of(found, name or number, say)
    return say(f"mech_term_{head}", number=number, name=known)


def pairs_of(rows: Iterable[Mapping[str, Any]]) -> list[tuple[str, str]]:
    """Return the outcomes and indices of rows, in their order."""
    return list(dict.fromkeys((row["outcome"], row["treatment"]) for row in rows))


def pair_of(found: Found, outcome: str, treatment: str, say: Texts) -> Both:
    """Return an outcome and an index, or a policy, in words."""
    return say("mech_pair", **pair_fields(found, outcome, treatment, say))


def pair_fields(found: Found, outcome: str, treatment: str, say: Texts) -> dict[str, Both]:
    """Return the fields of a pair for a table: ``outcome`` and ``index``."""
    own = {"outcome": outcome, "index": treatment}
    return {key: label_of(found, name, say) for key, name in own.items()}


SHOWN: Mapping[str, Callable[[Mapping[str, Any]], bool]] = {
    "baseline": _of_index,
    "channels": _of_channels,
    "places": _of_places,
    "referee": _none,
    "verdicts": _none,
}
"""Part → which of its rows the page shows, where not all."""


def in_columns(rows: Iterable[dict[str, Any]]) -> Rows:
    """Return rows of the baseline in the order of its columns."""
    order = {model: place for place, model in enumerate(COLUMNS_SHOWN)}
    return sorted(rows, key=lambda row: order.get(row["model"].partition(":")[0], len(order)))


def cautious_row(rows: Iterable[Mapping[str, Any]]) -> dict[str, Any] | None:
    """Return of the same term by several ways of inference the row that verdicts read.

    Where none is valid, the last row that has an interval, else the last.
    """
    own = [dict(row) for row in rows]
    made = [Estimate(**{**_BARE, **{k: v for k, v in row.items() if k in COLUMNS}}) for row in own]
    best = cautious(made)
    if best is not None:
        return own[made.index(best)]
    known = [row for row in own if "low" in row] or own
    return known[-1] if known else None


_BARE: Mapping[str, Any] = {
    **dict.fromkeys(("model", "outcome", "treatment", "term"), ""),
    "estimate": math.nan,
}


def figure_of(value: float | None, *, sign: bool = True) -> str:
    """Write a figure with three digits that count, "–" where it is missing.

    Examples
    --------
    >>> figure_of(0.012345), figure_of(-1234.4), figure_of(0.5, sign=False), figure_of(None)
    ('+0.0123', '−1,234', '0.500', '–')
    """
    if value is None or not math.isfinite(value):
        return NONE
    text = f"{value:+,.0f}" if abs(value) >= 100 else f"{value:+#.3g}"
    if abs(value) < 1e-4:
        text = "0" if value == 0 else f"{value:+.0e}".replace("e-0", "e-")
    return (text if sign else text.removeprefix("+")).replace("-", "−")


def interval_of(row: Mapping[str, Any] | None, *, sign: bool = True) -> str:
    """Write the interval of a row; empty where it has none."""
    if row is None or row.get("low") is None or row.get("high") is None:
        return ""
    return " … ".join(figure_of(row[end], sign=sign) for end in ("low", "high"))


def tone_of(row: Mapping[str, Any] | None) -> str:
    """Return the colour of an interval that leaves zero out."""
    if not interval_of(row):
        return ""
    assert row is not None
    if row["low"] <= 0 <= row["high"]:
        return ""
    return "up" if row["low"] > 0 else "down"
