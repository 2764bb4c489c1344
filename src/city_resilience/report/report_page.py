"""The page of a report: texts, tables and figures of the summary, laid out by one template."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from pathlib import Path
from typing import Any

from city_resilience.models.intervals import EVENTS
from city_resilience.report.audit_part import audit_table
from city_resilience.report.dot_drawings import map_of
from city_resilience.report.figures import FIGURES, build_figures
from city_resilience.report.first_screen import first_screens, shown_screens
from city_resilience.report.flags import flag_numbers, flag_words, usual_flags
from city_resilience.report.headline import headline_sentence
from city_resilience.report.html import render_page, write_page
from city_resilience.report.intervals import interval_sentence
from city_resilience.report.mechanisms_figures import FIGURES as CLAIM_FIGURES
from city_resilience.report.mechanisms_figures import mechanism_figures
from city_resilience.report.mechanisms_tables import PARTS as CLAIM_PARTS
from city_resilience.report.mechanisms_tables import channel_count, mechanism_table
from city_resilience.report.mechanisms_verdicts import (
    claim_rows_table,
    claim_sentences,
    counted_sentence,
    referee_counts,
    referee_table,
    refused_table,
    verdict_table,
)
from city_resilience.report.methods import methods_of
from city_resilience.report.monitor import changed_table
from city_resilience.report.nowcast import (
    group_words,
    moved_cities,
    nowcast_sentence,
    slope_sentences,
)
from city_resilience.report.page_data import group_filters, page_data
from city_resilience.report.periods import recent_sentence, skill_note, standing_words
from city_resilience.report.place_names import place_names
from city_resilience.report.places import places_sentence, places_table, skill_by_group_table
from city_resilience.report.shapes import pairs_table, shapes_table
from city_resilience.report.shock_part import shocks_table
from city_resilience.report.study import answer_words
from city_resilience.report.study_tables import (
    BLOCKS,
    block_sentence,
    block_table,
    measured_horizons,
)
from city_resilience.report.summary import Summary
from city_resilience.report.tall import listed_sentence
from city_resilience.report.texts import Both, Texts, joined
from city_resilience.report.totals import totals_sentence
from city_resilience.report.views import view_drivers_table, view_sentence, view_skill_table
from city_resilience.report.vintages import vintage_sentence

__all__ = ["BESIDE", "SCRIPTS", "render_report", "write_report"]

SCRIPTS = (
    *("base.js", "data.js", "chart.js", "fan.js", "explore.js", "places.js", "map.js"),
    "report.js",
)
STYLES = ("report.css", "charts.css", "outlook.css", "places.css")
SECTIONS = (
    *("headline", "changed", "nowcast", "skill", "intervals", "study", "mechanisms"),
    *("drivers", "structural"),
    *("shocks", "audit", "coverage", "reading", "methods", "run"),
)
OPTIONAL = {
    "changed": "changed",
    "nowcast": "nowcast",
    "mechanisms": "mechanisms",
    "structural": "views",
    "shocks": "shocks",
    "audit": "checks",
}
"""Sections that are there where the summary has a part."""
BESIDE = {"report.xlsx": "link_workbook", "brief.docx": "link_brief"}
"""Files that may stand beside a page → key of the words of the link to each."""
READING = 9
WORDS = (
    *(headline_sentence, interval_sentence, totals_sentence, answer_words),
    *(recent_sentence, skill_note, standing_words, measured_horizons, block_sentence, block_table),
    *(group_words, nowcast_sentence, slope_sentences, vintage_sentence),
    *(view_sentence, view_skill_table, view_drivers_table),
    changed_table,
    *(audit_table, shocks_table),
    *(verdict_table, counted_sentence, claim_sentences, claim_rows_table),
    *(mechanism_table, channel_count),
    *(referee_counts, referee_table, refused_table),
    *(shapes_table, pairs_table, places_sentence, places_table, skill_by_group_table),
)
"""What the template asks for words and for tables of the study."""


def write_report(summary: Summary, path: Path | str, *, beside: Collection[str] = ()) -> Path:
    """Write the report to a file, whole or not at all.

    Parameters
    ----------
    summary : dict
        What `summarise` returned.
    path : Path
        Ends in ``.html``; its folder is made when missing.
    beside : collection of str
        Files of `BESIDE` that were written into the same folder, to which the page links.

    Raises
    ------
    InputError
        If the path is a folder, has another ending or cannot be written to.
    """
    return write_page(render_report(summary, beside=beside), path)


def render_report(summary: Summary, *, beside: Collection[str] = ()) -> str:
    """Return the report as one self-contained HTML document."""
    say, nowcast = Texts(summary["measure"]), summary.get("nowcast")
    claims = summary.get("mechanisms")
    horizons, cities = list(summary["by_horizon"]), summary["cities"]
    screens = first_screens(summary, say)
    return render_page(
        "report.html.j2",
        say,
        styles=STYLES,
        scripts=SCRIPTS,
        rules="\n".join(_horizon_rule(h, summary.get("views")) for h in horizons),
        data=page_data(summary, say),
        summary=summary,
        sections=_sections(summary),
        methods=methods_of(summary, say),
        nowcast=nowcast,
        moved=moved_cities(nowcast),
        figures=list(FIGURES.values()),
        drawn=build_figures(summary, say),
        screens=screens,
        shown_screens=shown_screens(screens),
        names=place_names(cities, say),
        flag_numbers=flag_numbers(cities, say),
        usual_flags={
            h: joined(flag_words(own, say), say("list_semicolon"))
            for h in horizons
            if (own := usual_flags(cities, h))
        },
        map=map_of(cities, horizons[0]) if horizons else None,
        strips=next((own["strip"] for own in screens.values() if own["strip"]), None),
        targets={h: _target(summary, h) for h in horizons},
        groups=group_filters(cities, say),
        events=EVENTS,
        blocks=list(BLOCKS),
        study=summary.get("study"),
        claims=claims,
        claim_parts=CLAIM_PARTS,
        claim_figures=CLAIM_FIGURES,
        claims_drawn=mechanism_figures(claims, say) if claims else {},
        views=summary.get("views"),
        subtitle=_subtitle(summary, say),
        beside={name: key for name, key in BESIDE.items() if name in beside},
        provinces=any(entry["province"] for entry in cities),
        nations=any("nation" in entry for entry in cities),
        reading=_reading(summary, say),
        notes=[*summary["run"]["notes"], *_data_notes(summary["run"], say)],
        **{function.__name__: function for function in WORDS},
    )


def _horizon_rule(h: str, views: Mapping[str, Any] | None) -> str:
    """Return the rules that hide what is of other horizons, and grey what has no skill."""
    page = f'.js[data-horizon="{h}"]'
    rule = f'{page} [data-h]:not([data-h~="{h}"]) {{ display: none !important; }}'
    if views is None or views[h]["shown"]:
        return rule
    return f'{rule}\n{page} [data-figure="structural_shapes"] {{ opacity: .45; }}'


def _sections(summary: Summary) -> list[str]:
    parts = {**summary, "checks": summary["run"].get("checks")}
    return [name for name in SECTIONS if name not in OPTIONAL or parts.get(OPTIONAL[name])]


def _target(summary: Summary, h: str) -> str:
    """Return the target year of a horizon, empty where the cities differ in it."""
    origin = summary["origin"]
    return "" if origin is None else str(origin + int(h))


def _subtitle(summary: Summary, say: Texts) -> Both | str:
    targets = summary["targets"]
    if not targets:
        return ""
    parts = [
        say(
            "subtitle",
            cities=summary["city_count"],
            origin=summary["origin"],
            targets="–".join(str(year) for year in dict.fromkeys((targets[0], targets[-1]))),
        )
    ]
    if listed := listed_sentence(summary, say):
        parts.append(listed)
    if made := summary["run"]["created"]:
        parts.append(say("subtitle_made", day=made.split()[0]))
    parts.append(say("subtitle_outcome", variable=summary["outcome"]))
    return joined(parts, " · ")


def _reading(summary: Summary, say: Texts) -> list[Both]:
    """Return how to read the page, in the words of the measure where there are such."""
    measure = summary["measure"]
    nation = measure.get("nation", "").removeprefix("own_")
    rate = nation.startswith("mean_of_logs") and measure["id"] == "growth_gap"
    dated = "dated" if "vintages" in summary else ""
    own = {1: "rate" if rate else measure["id"], 2: measure["unit"], 4: dated}
    keys = ((f"reading_{i}_{own.get(i, '')}", f"reading_{i}") for i in range(1, READING + 1))
    return [say(special if say.find(special) else key) for special, key in keys]


def _data_notes(run: Mapping[str, Any], say: Texts) -> Iterable[Both]:
    """Say what the audit found, what was accepted and why, and which labels are missing."""
    if run["audit"]:
        counts = [say.count(f"n_{kind}", n) for kind, n in run["audit"].items()]
        yield say("audit_found", counts=joined(counts, ", "))
    for issue, why in run["accepted"].items():
        yield say("accepted_issue", issue=issue, why=why)
    for entry in run["unlabelled"]:
        why = say(f"reason_{entry['reason']}")
        yield say("unlabelled", horizon=entry["horizon"], n=entry["n"], reason=why)
