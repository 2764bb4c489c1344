"""The page of a report: texts, tables and figures of the summary, laid out by one template."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from city_resilience.report import tables
from city_resilience.report.city_rows import city_row
from city_resilience.report.figures import FIGURES, build_figures, city_frames
from city_resilience.report.formatting import percent, signed
from city_resilience.report.headline import caution, headline_sentence
from city_resilience.report.html import render_page, write_page
from city_resilience.report.intervals import interval_sentence
from city_resilience.report.study_tables import study_view
from city_resilience.report.summary import HorizonPart, Summary
from city_resilience.report.tables import Text
from city_resilience.report.texts import Both, Texts, joined
from city_resilience.resilience.reasons import REASONS

__all__ = ["SCRIPTS", "render_report", "write_report"]

SCRIPTS = ("base.js", "figures.js", "report.js")
SECTIONS = (
    *("headline", "cities", "drivers", "study", "skill"),
    *("intervals", "coverage", "reading", "run"),
)
READING = 9


def write_report(summary: Summary, path: Path | str) -> Path:
    """Write the report to a file, whole or not at all.

    Parameters
    ----------
    summary : dict
        What `summarise` returned.
    path : Path
        Ends in ``.html``; its folder is made when missing.

    Raises
    ------
    InputError
        If the path is a folder, has another ending or cannot be written to.
    """
    return write_page(render_report(summary), path)


def render_report(summary: Summary) -> str:
    """Return the report as one self-contained HTML document."""
    from plotly.offline import get_plotlyjs

    say = Texts(summary["measure"])
    return render_page(
        "report.html.j2",
        say,
        styles=("report.css",),
        scripts=SCRIPTS,
        library=get_plotlyjs(),
        data=_data(summary, say),
        summary=summary,
        sections=SECTIONS,
        figures=list(FIGURES.values()),
        subtitle=_subtitle(summary, say),
        parts=[_part(summary, horizon, say) for horizon in summary["by_horizon"]],
        cities=[city_row(entry, summary, say) for entry in summary["cities"]],
        provinces=any(entry["province"] for entry in summary["cities"]),
        absent=[
            (say.name("family", entry["family"]), status_words(entry["status"], say))
            for entry in summary["coverage"]["absent"]
        ],
        coverage=tables.coverage_table(summary, say),
        weights=tables.weights_table(summary, say),
        study=study_view(summary["study"], summary["horizons"], say)
        if "study" in summary
        else None,
        reading=_reading(summary, say),
        notes=[*summary["run"]["notes"], *data_notes(summary["run"], say)],
    )


def status_words(status: Mapping[str, Any], say: Texts) -> Both:
    """Say whether a family is observed."""
    return say(f"status_{status['code']}", year=status["year"])


def data_notes(run: Mapping[str, Any], say: Texts) -> Iterable[Both]:
    """Say what the audit found, what was accepted and why, and which labels are missing."""
    if run["audit"]:
        counts = [say.count(f"n_{kind}", n) for kind, n in run["audit"].items()]
        yield say("audit_found", counts=joined(counts, ", "))
    for finding, why in run["accepted"].items():
        yield say("accepted_finding", finding=finding, why=why)
    for entry in run["unlabelled"]:
        reason = REASONS[entry["reason"]]
        why = {"en": reason.label_en, "zh": reason.label_zh}
        yield say("unlabelled", horizon=entry["horizon"], n=entry["n"], reason=why)


def _subtitle(summary: Summary, say: Texts) -> Both | str:
    targets = summary["targets"]
    if not targets:
        return ""
    span = "–".join(str(year) for year in dict.fromkeys((targets[0], targets[-1])))
    return say(
        "subtitle",
        variable=summary["outcome"],
        cities=summary["city_count"],
        origin=summary["origin"],
        targets=span,
    )


def _reading(summary: Summary, say: Texts) -> list[Both]:
    """Return how to read the page, in the words of the measure where there are such."""
    own = {1: summary["measure"]["id"], 2: summary["measure"]["unit"]}
    keys = ((f"reading_{i}_{own.get(i, '')}", f"reading_{i}") for i in range(1, READING + 1))
    return [say(special if say.find(special) else key) for special, key in keys]


def _part(summary: Summary, horizon: str, say: Texts) -> dict[str, Any]:
    """Return what the page shows at a horizon."""
    part = summary["by_horizon"][horizon]
    level, found = summary["interval_level"], part["intervals"]
    return {
        "h": int(horizon),
        "name": say.count("horizon_years", int(horizon)),
        "sentence": headline_sentence(part["headline"], int(horizon), level, say),
        "caution": caution(part["headline"], say),
        "tiles": list(_tiles(part, say)),
        "skill": tables.skill_table(part, say),
        "years": tables.years_table(part, say),
        "groups": part["groups"] and tables.groups_table(part, say),
        "driver_groups": part["driver_groups"] and tables.driver_groups_table(part, say),
        "drivers": bool(part["families"]["families"]),
        "intervals": found and interval_sentence(found, say),
        "chances": found and tables.chances_table(part, say),
        "interval_groups": found and found["groups"] and tables.interval_groups_table(part, say),
    }


Tile = tuple[str, Text, Text, str]


def _tiles(part: HorizonPart, say: Texts) -> Iterable[Tile]:
    """Yield key, value, note and tone of each tile."""
    found, years = part["headline"], part["years"]["years"]
    note: Text = ""
    if found["naive"]:
        naive, error = say.model(found["naive"]), say.figure(found["naive_mae"])
        note = say("tile_error_note", naive=naive, naive_mae=error)
    yield "tile_error", say.figure(found["mae"]), note, ""
    if found["skill"] is not None:
        tone = "good" if found["skill"] > 0 else "bad"
        yield "tile_skill", percent(found["skill"], sign=True), say("tile_skill_note"), tone
    if found["of"]:
        span = say("tile_wins_note", first=years[0], last=years[-1])
        yield "tile_wins", f"{found['wins']} / {found['of']}", span, ""
    yield "tile_worth", *_worth_tile(found, say)


def _worth_tile(found: Mapping[str, Any], say: Texts) -> tuple[Text, Text, str]:
    code = found["worth"]
    if code in {"history", "absent", "unknown"}:
        return say("tile_worth_unknown"), say(f"worth_{code}"), ""
    change = say.figure(found["difference"], 3, sign=True)
    bounds = {"low": signed(found["low"], 3), "high": signed(found["high"], 3)}
    note = say("tile_worth_note", **bounds)
    if code == "none":
        return say("tile_worth_none"), joined((change, note), ": "), "words"
    return change, note, "good" if code == "gain" else "bad"


def _data(summary: Summary, say: Texts) -> dict[str, Any]:
    """Return what the scripts of the page draw, search and fill in."""
    words = ("base", "forecast", "missing_inputs", "rest")
    families = dict.fromkeys(entry["family"] for entry in summary["indicators"])
    return {
        **{key: summary[key] for key in ("title", "horizons", "indicators", "outcome_cities")},
        "cities": [
            {"city": entry["city"], "origin": entry["origin"], "h": _shown_forecasts(entry["h"])}
            for entry in summary["cities"]
        ],
        "parts": {h: part["parts"] for h, part in summary["by_horizon"].items()},
        "figures": build_figures(summary, say),
        "frames": city_frames(),
        "families": {family: say.name("family", family) for family in families},
        "words": {key: say(key) for key in words},
    }


def _shown_forecasts(by_horizon: Mapping[str, Any]) -> dict[str, Any]:
    return {
        h: {key: value for key, value in own.items() if key != "flags" and value is not None}
        for h, own in by_horizon.items()
    }
