"""The brief of a report as values: what stands on its two pages, in one language.

Page one: which places, on a map and in two lists. Page two: what is firm, how sure, limits.
Everything comes from the summary that the page is made of; nothing is computed here.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from city_resilience.models.rows import FORECASTING
from city_resilience.report.dot_drawings import map_of
from city_resilience.report.first_screen import first_sentences, list_rows, tier_rows
from city_resilience.report.flags import common_flags, flag_words
from city_resilience.report.forecast_workbook import wide_of
from city_resilience.report.formatting import interval, percent, signed, unsigned
from city_resilience.report.grading import NAMED, grades_of
from city_resilience.report.headline import headline_sentence
from city_resilience.report.intervals import interval_sentence
from city_resilience.report.place_names import place_names
from city_resilience.report.reasons import reason_words
from city_resilience.report.study import answer_words
from city_resilience.report.tall import listed_sentence
from city_resilience.report.texts import Both, Texts, joined

__all__ = ["Brief", "BriefSection", "BriefTable", "brief_of", "shortened"]

Found = Mapping[str, Any]
LONGEST = 32
"""Width of a name, letters: two pages have no room for more."""
LISTS = ("risk", "promising")
LEVELS = 4
"""Levels of the group that are shown from either end."""


@dataclass(frozen=True)
class BriefTable:
    """A table: its title, its heads, and rows of texts; the first column is names."""

    title: str
    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


@dataclass(frozen=True)
class BriefSection:
    """A part of page two: its title, sentences, and tables below them."""

    title: str
    sentences: tuple[str, ...]
    tables: tuple[BriefTable, ...] = ()


@dataclass(frozen=True)
class Brief:
    """A brief.

    Attributes
    ----------
    lang : str
        ``en`` or ``zh``.
    title, about, foot : str
    banner : str
        That the data are made up, else "".
    sentences : tuple of str
        The three of the first screen.
    map : mapping or None
        As of `map_of`; the dots of the two lists have ``list``.
    caption : str
        Of the map.
    lists : tuple of BriefTable
        Beside each other.
    levels : tuple of BriefTable
        Of the group that is shown, from both ends, if there is one.
    sections : tuple of BriefSection
        Of page two.
    """

    lang: str
    title: str
    about: str
    banner: str
    sentences: tuple[str, ...]
    map: Found | None
    caption: str
    lists: tuple[BriefTable, ...]
    levels: tuple[BriefTable, ...]
    sections: tuple[BriefSection, ...]
    foot: str


def shortened(text: str, most: int = LONGEST) -> str:
    """Return a text that is at most so many letters wide.

    Examples
    --------
    >>> shortened("Ohio"), shortened("Llanfairpwllgwyngyll", 8), shortened("双鸭山市", 6)
    ('Ohio', 'Llanfai…', '双鸭…')
    """
    if wide_of(text) <= most:
        return text
    while wide_of(text) >= most:
        text = text[: min(len(text) - 1, most)]
    return f"{text.rstrip()}…"


def unbroken(text: str) -> str:
    """Return a text that stays on one line."""
    return text.replace(" ", "\u00a0")


def brief_of(summary: Found, say: Texts, lang: str) -> Brief:
    """Return the brief of a report, about its shortest horizon.

    Parameters
    ----------
    summary : mapping
        What `summarise` returned.
    say : Texts
        In the words of the measure.
    lang : str
        ``en`` or ``zh``.
    """
    names = {
        city: {key: shortened(text) for key, text in own.items()}
        for city, own in place_names(summary["cities"], say).items()
    }
    h = str(summary["horizons"][0])
    outlook = summary["by_horizon"][h]["outlook"]
    dots = _marked(map_of(summary["cities"], h), summary["cities"], outlook)
    return Brief(
        lang=lang,
        title=shortened(say("brief_title", title=summary["title"])[lang], 3 * LONGEST),
        about=_about(summary, say, lang),
        banner=say("banner_simulated")[lang] if summary["simulated"] else "",
        sentences=tuple(own[lang] for own in first_sentences(outlook, names, say).values())
        if outlook["cities"]
        else (),
        map=dots,
        caption=say("brief_map", event=say("map_title"))[lang] if dots else "",
        lists=tuple(_lists(summary, h, names, say, lang)),
        levels=tuple(_levels(outlook, say, lang)),
        sections=(
            BriefSection(
                say("brief_firm")[lang],
                tuple(own[lang] for own in _firm(summary, h, say)),
            ),
            BriefSection(
                say("brief_sure")[lang],
                tuple(own[lang] for own in _sure(summary, h, outlook, say)),
                (_record(summary, say, lang), *_tiers(outlook, say, lang)),
            ),
            BriefSection(
                say("brief_limits")[lang], tuple(own[lang] for own in _limits(summary, say))
            ),
        ),
        foot=_foot(summary, say, lang),
    )


def _marked(placed: Found | None, cities: Sequence[Found], outlook: Found) -> dict[str, Any] | None:
    """Say of each dot on which list its city is."""
    if placed is None:
        return None
    on = {row["city"]: key for key in LISTS for row in outlook["lists"][key]}
    dots = [{**dot, "list": on.get(cities[dot["index"]]["city"], "")} for dot in placed["dots"]]
    return {**placed, "dots": dots}


def _about(summary: Found, say: Texts, lang: str) -> str:
    targets, listed = summary["targets"], listed_sentence(summary, say)
    about = say(
        "brief_about",
        cities=summary["city_count"],
        origin=summary["origin"],
        targets="–".join(str(year) for year in dict.fromkeys((targets[0], targets[-1])))
        if targets
        else None,
        created=summary["run"]["created"][:10] or None,
    )
    return joined([about, listed], " · ")[lang] if listed else about[lang]


def _lists(
    summary: Found, h: str, names: Mapping[str, Both], say: Texts, lang: str
) -> Iterator[BriefTable]:
    known = {own["city"]: own["h"].get(h) for own in summary["cities"]}
    outlook = summary["by_horizon"][h]["outlook"]
    heads = ("city", "brief_chance", "forecast", "brief_interval", "brief_reason")
    found = list_rows(outlook, known, names, summary["origin"], say)
    for name in LISTS:
        rows = tuple(
            (
                row["name"][lang],
                percent(row["chance"], lang=lang),
                row["forecast"],
                unbroken(row["range"]),
                shortened(reason_words(own["reason"], summary["origin"], say)[lang]),
            )
            for row, own in zip(found[name]["rows"], outlook["lists"][name], strict=True)
        )
        title = say("brief_list", list=say(f"list_{name}"), how=say(f"list_{name}_how"))[lang]
        yield BriefTable(title, tuple(say(key)[lang] for key in heads), rows)


def _firm(summary: Found, h: str, say: Texts) -> Iterator[dict[str, str]]:
    """Yield what stands whatever the single forecast: the total record, drivers, families."""
    part = summary["by_horizon"][h]
    yield headline_sentence(part["headline"], int(h), summary["interval_level"], say)
    clear = [
        say.level(part["outlook"]["group"]["group"], row["level"])
        for row in (part["outlook"]["group"] or {"rows": []})["rows"]
        if row["lower"] is not None and (row["lower"] > 0 or row["upper"] < 0)
    ]
    if part["outlook"]["group"]:
        name = say.name("group", part["outlook"]["group"]["group"])
        group = {**name, "en": name["en"].lower()}
        levels = joined(clear, say("list_comma"))
        code = "brief_levels" if clear else "brief_no_levels"
        yield say(code, group=group, levels=levels)
    yield from _graded(summary, h, say)
    study = summary.get("study")
    if study and h in study.get("answer", {}):
        yield say("brief_digital", answer=answer_words(study, h, say))


def _graded(summary: Found, h: str, say: Texts) -> Iterator[dict[str, str]]:
    study = summary.get("study")
    grades = grades_of(study, bool(study and study["same"]))
    if grades.why:
        yield say(f"list_why_{grades.why}")
        return
    families = [name for name, _ in summary["by_horizon"][h]["families"]["families"]]
    for grade in NAMED:
        found = [
            say.name("family", name)
            for name in families
            if grades.of(FORECASTING, int(h), "family", name) == grade
        ]
        if found:
            yield say(f"brief_graded_{grade}", families=joined(found, say("list_comma")))


def _sure(summary: Found, h: str, outlook: Found, say: Texts) -> Iterator[dict[str, str]]:
    found = summary["by_horizon"][h]["intervals"]
    if found:
        yield interval_sentence(found, say)
    if outlook["overlap"] is not None:
        yield say("brief_overlap", overlap=outlook["overlap"])


def _record(summary: Found, say: Texts, lang: str) -> BriefTable:
    """Return the record of each horizon and period beside the rule it is compared with."""
    rows, rule = [], ""
    for horizon, part in summary["by_horizon"].items():
        trust = part["outlook"]["trust"]
        rule = rule or trust["rule"]
        for own in trust["periods"]:
            rows.append(
                (
                    say.count("horizon_years", int(horizon))[lang],
                    f"{own['first']}–{own['last']}",
                    unsigned(own["mae"]),
                    unsigned(own["mae_rule"]),
                    percent(own["skill"], sign=True, lang=lang),
                    f"{own['wins']}/{own['years']}",
                    percent(own["sign_accuracy"], lang=lang),
                    percent(own["coverage"], lang=lang),
                )
            )
    keys = ("horizon", "origins", "mae", "rule", "skill", "wins", "sign", "held")
    told = {"rule": say.name("model", rule)}
    heads = tuple(say(f"brief_col_{key}", **told)[lang] for key in keys)
    return BriefTable(say("brief_record", **told)[lang], heads, tuple(rows))


def _tiers(outlook: Found, say: Texts, lang: str) -> Iterator[BriefTable]:
    rows = tuple(
        (
            row["name"][lang],
            f"{percent(row['low'], lang=lang)} – {percent(row['high'], lang=lang)}",
            str(row["cities"]),
            percent(row["below"], lang=lang),
        )
        for row in tier_rows(outlook, say)
    )
    if rows:
        keys = ("brief_tier", "brief_below", "tier_cities", "tier_before")
        yield BriefTable(say("brief_tiers")[lang], tuple(say(key)[lang] for key in keys), rows)


def _levels(outlook: Found, say: Texts, lang: str) -> Iterator[BriefTable]:
    """Yield the levels of the group from both ends."""
    if not outlook["group"]:
        return
    group, every = outlook["group"]["group"], outlook["group"]["rows"]
    ends = every if len(every) <= 2 * LEVELS else [*every[:LEVELS], *every[-LEVELS:]]
    rows = tuple(
        (
            shortened(say.level(group, row["level"])[lang]),
            signed(row["forecast"] if row["forecast"] is not None else row["mean"], 1),
            unbroken(interval(row["lower"], row["upper"], 1)),
            f"{row['below']}/{row['n']}",
        )
        for row in ends
    )
    name = say.name("group", group)
    keys = ("brief_forecast_alone", "brief_interval", "brief_below_zero")
    heads = (name[lang], *(say(key)[lang] for key in keys))
    title = "brief_ends" if len(rows) < len(every) else "strip_title"
    yield BriefTable(say(title, group=name, n=LEVELS)[lang], heads, rows)


def _limits(summary: Found, say: Texts) -> Iterator[dict[str, str]]:
    yield from (say("brief_limit_cause"), say("passed_note_rank_long"))
    yield say("reading_4_dated" if "vintages" in summary else "reading_4")
    if every := common_flags(summary["cities"]):
        flags = joined(flag_words(every, say), say("list_semicolon"))
        yield say("brief_flags", flags=flags)
    if absent := [say.name("family", own["family"]) for own in summary["coverage"]["absent"]]:
        yield say("brief_absent", families=joined(absent, say("list_comma")))
    if summary["run"]["audit"]:
        counts = [say.count(f"n_{kind}", n) for kind, n in summary["run"]["audit"].items()]
        yield say("audit_found", counts=joined(counts, say("list_comma")))


def _foot(summary: Found, say: Texts, lang: str) -> str:
    run = summary["run"]
    known = {
        "experiment": run["name"],
        "fingerprint": run["fingerprint"],
        "data_source": shortened(run["source"], 3 * LONGEST),
    }
    found = [f"{say(key)[lang]}: {value}" for key, value in known.items() if value]
    return " · ".join(found)
