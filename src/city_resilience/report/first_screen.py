"""The first screen: sentences, the drawings, the lists of ten, and where to read on.

Everything is laid out from `Outlook` and the entries of the cities; nothing of a number is computed
in the template.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from city_resilience.report.dot_drawings import bin_of, strip_of
from city_resilience.report.formatting import interval, signed
from city_resilience.report.found_families import families_sentence
from city_resilience.report.outlook import nowcast_cities
from city_resilience.report.place_names import place_names
from city_resilience.report.reasons import driver_name, value_words
from city_resilience.report.texts import Both, Texts, joined

__all__ = ["first_screens", "first_sentences", "list_rows", "shown_screens", "tier_rows"]

NAMED = 5
"""Places that the first sentence names."""
LISTS = ("risk", "promising", "changed")

Part = Mapping[str, Any]


@dataclass(frozen=True)
class _About:
    summary: Part
    names: Mapping[str, Both]
    say: Texts


def first_screens(summary: Part, say: Texts) -> dict[str, dict[str, Any]]:
    """Return what the first screen shows at each horizon at which there is an outlook.

    Returns
    -------
    dict
        Horizon → ``sentences``, ``strip``, ``lists``, ``why_none``, ``tiers``, ``overlap``,
        ``families``, ``touched`` and ``listed`` (cities on the lists, and those of them whose data
        have problems), and ``nowcast``: the same where early releases moved cities, else None.
    """
    cities = summary["cities"]
    about = _About(summary, place_names(cities, say), say)
    found = {}
    for h, part in summary["by_horizon"].items():
        if not part["outlook"]["cities"]:
            continue
        found[h] = {**_screen(about, part["outlook"], cities, h), "nowcast": None}
        if told := part.get("nowcast_outlook"):
            own = _screen(about, told, nowcast_cities(cities, h), h)
            trust = _trust_of_nowcast(own["sentences"]["trust"], summary.get("nowcast"), h, say)
            own["sentences"]["trust"] = trust
            found[h]["nowcast"] = own
    return found


def shown_screens(screens: Mapping[str, Part]) -> list[tuple[str, str, Part]]:
    """Return horizon, information and screen of all that are in the page.

    The information is "" where there is but one, else "forecast" or "nowcast".
    """
    found: list[tuple[str, str, Part]] = []
    for h, own in screens.items():
        found.append((h, "forecast" if own["nowcast"] else "", own))
        if own["nowcast"]:
            found.append((h, "nowcast", own["nowcast"]))
    return found


def _screen(about: _About, outlook: Part, cities: Sequence[Part], h: str) -> dict[str, Any]:
    named, say = {entry["city"]: entry for entry in cities}, about.say
    listed = {row["city"] for name in LISTS for row in outlook["lists"][name]}
    origin = about.summary["origin"]
    return {
        "sentences": first_sentences(outlook, about.names, say),
        "strip": strip_of(outlook, cities, h, say),
        "lists": list_rows(
            outlook,
            {name: own["h"].get(h) for name, own in named.items()},
            about.names,
            origin,
            say,
        ),
        "why_none": outlook["lists"]["why_none"],
        "tiers": list(tier_rows(outlook, say)),
        "overlap": outlook["overlap"],
        "families": families_sentence(about.summary, h, say),
        "touched": sum(bool(named[city]["problem_count"]) for city in listed),
        "listed": len(listed),
    }


def first_sentences(outlook: Part, names: Mapping[str, Both], say: Texts) -> dict[str, Both]:
    """Say which cities are most at risk, how many are below the nation, and how far to trust it."""
    counts = {name: outlook[name] for name in ("cities", "below", "behind", "ahead")}
    clear = "out_clear" if outlook["behind"] or outlook["ahead"] else "out_clear_none"
    place = [say(say.special("out_nation"), **counts), say(clear, **counts)]
    return {
        "risk": _risk(outlook, names, say),
        "place": joined(place, say("space")),
        "trust": _trust(outlook["trust"], say),
    }


def _trust_of_nowcast(trust: Both, nowcast: Part | None, h: str, say: Texts) -> Both:
    """Return the sentence on trust with what early releases made of the error."""
    own = nowcast["by_horizon"].get(h) if nowcast else None
    if own is None:
        return trust
    return joined([trust, say("out_trust_nowcast", **own["quoted"])], say("space"))


def _risk(outlook: Part, names: Mapping[str, Both], say: Texts) -> Both:
    lists, group = outlook["lists"], outlook["group"]
    rows = [row for row in lists["risk"][:NAMED] if row["chance"] is not None]
    if not rows:
        return say("out_risk_unknown")
    named = [say("out_named", city=names[row["city"]], chance=row["chance"]) for row in rows]
    found = say(
        "out_risk",
        named=joined(named, {"en": ", ", "zh": "、"}),
        by_chance=lists["by_chance"]["risk"],
    )
    where = [
        say("out_where", level=say.level(group["group"], str(level)), n=n)
        for level, n in lists["concentrated"]
        if group
    ]
    if not where:
        return found
    places = joined(where, {"en": ", ", "zh": "、"})
    return joined((found, say("out_concentrated", where=places)), say("space"))


def _trust(trust: Part, say: Texts) -> Both:
    said = [say(f"out_trust_{trust['code']}")]
    for period in trust["periods"]:
        if period["mae"] is None or period["mae_rule"] is None:
            continue
        key = "out_trust_recent" if period["recent"] else "out_trust_before"
        said.append(say(key, **period, rule=say.name("model", trust["rule"])))
    return joined(said, say("space"))


def list_rows(
    outlook: Part,
    forecasts: Mapping[str, Part],
    names: Mapping[str, Both],
    origin: int | None,
    say: Texts,
) -> dict[str, dict[str, Any]]:
    """Return the three lists as they are written.

    Parameters
    ----------
    forecasts : mapping
        City to what is known of it at the horizon.
    names : mapping
        As of `place_names`.

    Returns
    -------
    dict
        List → ``shared`` (name of the driver that most of its cities have, whose values stand
        alone; "" for none) and ``rows``: ``city``, ``name``, ``change`` ("" but for changes),
        ``chance``, ``wide`` of its bar in percent, ``bin``, ``forecast``, ``range``, and its reason
        in three parts: ``common``, the value of the shared driver, ``reason`` and ``value``.
    """
    found = {}
    for name in LISTS:
        rows = outlook["lists"][name]
        shared = outlook["lists"].get("shared", {}).get(name, "")
        own = [row["reason"] for row in rows if row["reason"] and row["reason"]["id"] == shared]
        found[name] = {
            "shared": driver_name(own[0], origin, say) if own else "",
            "rows": [
                {
                    **_list_row(row, forecasts[row["city"]]),
                    "name": names[row["city"]],
                    **_reasons(row, shared, origin, say),
                }
                for row in rows
            ],
        }
    return found


def _list_row(row: Part, own: Part) -> dict[str, Any]:
    change = row["change"]
    return {
        "city": row["city"],
        "change": "" if change is None else signed(change, 1),
        "chance": row["chance"],
        "wide": None if row["chance"] is None else round(100 * row["chance"]),
        "bin": bin_of(own.get("p_below_0")),
        "forecast": signed(own["forecast"], 1),
        "range": interval(own["lower"], own["upper"], 1) if own["upper"] is not None else "",
    }


def _reasons(row: Part, shared: str, origin: int | None, say: Texts) -> dict[str, Both | str]:
    """Return the value of the reason that a city has in common with most, and its own reason."""
    reason: Part | None = row["reason"]
    common: Both | str = ""
    if reason and reason["id"] == shared:
        reason, common = row.get("also"), value_words(row["reason"])
    if not reason:
        return {"common": common, "reason": "", "value": ""}
    name = driver_name(reason, origin, say)
    return {"common": common, "reason": name, "value": value_words(reason)}


def tier_rows(outlook: Part, say: Texts) -> Iterable[dict[str, Any]]:
    """Return the tiers with their limits, the cities in each, and what came of them before."""
    for row in outlook["tiers"]:
        yield {
            "tier": row["tier"],
            "name": say(f"tier_{row['tier']}"),
            **{name: row[name] for name in ("low", "high", "below")},
            "cities": row["cities"],
            "n": row["n"],
        }
