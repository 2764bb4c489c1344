"""What a run of `mechanisms` returns, in short: a few rows of every part."""

from __future__ import annotations

from dataclasses import asdict
from functools import cache
from typing import Any

from city_resilience.experiment.mechanisms import Mechanisms
from city_resilience.mechanisms.context import Context, Part, Refusal
from city_resilience.mechanisms.estimate import COLUMNS, Estimate
from city_resilience.mechanisms.planted import planted_design
from city_resilience.mechanisms.recipe import RULES
from city_resilience.mechanisms.verdicts import verdicts
from city_resilience.report.summary import summarise
from report_inputs import make_inputs

LIKE = Estimate("controls", "y", "x", "x", 1.0, 0.2, 0.5, 1.5, 0.001, "province", 900, 60, 15, 16)


def row(model: str, term: str, *values: float, **more: Any) -> Estimate:
    """A row with its estimate and interval, else that of `LIKE`."""
    figures = dict(zip(("estimate", "low", "high"), values, strict=False))
    return Estimate(**{**asdict(LIKE), "model": model, "term": term, **figures, **more})


def parts() -> dict[str, Part]:
    """Small tables of all parts, with the names that the parts give."""
    levels = [
        row("interacted_own_years", "x", part_of=f"region={level}") for level in ("East", "West")
    ]
    policy = {"treatment": "pilot"}
    events = [
        row(model, f"event:{k}", 0.1 * k, 0.1 * k - 1, 0.1 * k + 1, **policy)
        for model in ("callaway_santanna", "imputation")
        for k in (-2, 0, 1)
    ]
    answer = {"id": "shocks_only", "outcome": "y", "treatment": "", "policy": "", "found": True}
    answer |= {"grave": False, "names": [], "figures": {"shocks": 2}}
    curve = [
        row("curve", "x", 0.1 * k - 0.2, 0.1 * k - 0.4, 0.1 * k, part_of=f"lag={k}", note=note)
        for k, note in enumerate(["preferred", *[""] * 8])
    ]
    return {
        "baseline": Part(
            [LIKE, row("alone", "x"), row("lag:1", "x", -1.0, -2.0, 0.5), row("controls", "k")],
            [Refusal("few_rows", "y, x, lag:2", "7 rows")],
        ),
        "curve": Part(curve),
        "timing": Part([row("two_way", "att", **policy), *events]),
        "thresholds": Part([row("threshold", "threshold:1:q"), row("threshold", "regime:1:q")]),
        "channels": Part(
            [row("channels", f"{kind}:m") for kind in ("to_mediator", "from_mediator", "indirect")]
        ),
        "places": Part([*levels, row("interacted_own_years", "equality:region", note="holm")]),
        "space": Part([row("moran", "moran:pooled"), row("slx", "neighbours:x")]),
        "double_learning": Part([row("double_learning:linear", "x")]),
        "referee": Part(about={"answers": [answer]}),
    }


@cache
def small_run() -> dict[str, Any]:
    """What a run returns, in short."""
    design, made = planted_design(0, cities=6, years=4, provinces=3).design, parts()
    made["verdicts"] = verdicts(Context(design, found=made))
    tables = (design.outcomes, design.treatments, design.mediators, design.policies)
    labels = {
        name: {"en": own.label_en, "zh": own.label_zh, "unit": ""}
        for table in tables
        for name, own in table.items()
    }
    return {
        "experiment": "demo",
        "digest": "d",
        "fingerprint": "fp",
        "rules": RULES,
        "settings": Mechanisms().model_dump(mode="json"),
        "version": "1",
        "cities": 60,
        "years": [2006, 2020],
        "labels": labels,
        "parts": {name: plain(part) for name, part in made.items()},
    }


def plain(part: Part) -> dict[str, Any]:
    """A part as JSON holds it."""

    def known(value: Any) -> Any:
        return None if value != value else value  # NaN

    rows = [{key: known(value) for key, value in asdict(e).items()} for e in part.estimates]
    refused = [{**asdict(e), "what": "w", "way_out": "o"} for e in part.refused]
    about = dict(part.about)
    if "rows" in about:
        about["rows"] = [{k: known(v) for k, v in row.items()} for row in about["rows"]]
    made = {"created": "2026-11-30", "seconds": 1.0, "columns": list(COLUMNS)}
    return {**made, "about": about, "rows": rows, "refused": refused}


def bare() -> Any:
    """The summary of a report without tests of the claims."""
    return summarise(**make_inputs(cities=4, origins=range(2015, 2018), horizons=(1,)).all())
