"""The shapes of what the summary says of places: cities, tiers, provinces, lists, trust, records.

All values are plain; what is not known is None, and an empty list where there are none. Every
probability is a share (0–1), every gap is in the measure's unit, years are whole numbers.
"""

from __future__ import annotations

from typing import Literal, TypedDict

__all__ = [
    "CityPlace",
    "Group",
    "GroupRow",
    "ListRow",
    "Lists",
    "Outlook",
    "Problem",
    "Reason",
    "Record",
    "Shock",
    "Standing",
    "Tier",
    "TierRow",
    "Trust",
    "TrustPeriod",
]

Tier = Literal["likely_behind", "rather_behind", "open", "rather_ahead", "likely_ahead"]


class Problem(TypedDict):
    """A matter of the data of a city: of the audit, or a break of its level.

    ``kind`` is the id of a rule of the audit (its names: ``audit_summary.rule_names``), or
    ``level_break`` (of an accepted one); ``variable`` has the names by language, empty where it is
    about many. ``masked``: its cells count as unknown; ``artefact``: growth of the outcome into
    that year is an artefact.
    """

    level: Literal["error", "warning", "note"]
    kind: str
    variable: dict[str, str]
    first: int | None
    last: int | None
    masked: bool
    artefact: bool


class Shock(TypedDict):
    """What a shock did to a city, see ``measure_panel``.

    ``gap`` from ``start`` to ``end`` and ``recovery_gap`` from ``end`` to ``recovery_end``, pp;
    ``resistance`` and ``recovery`` are the measures of that name, ratios.
    """

    start: int
    end: int
    recovery_end: int
    gap: float | None
    recovery_gap: float | None
    resistance: float | None
    recovery: float | None


class CityPlace(TypedDict, total=False):
    """What every entry of ``summary["cities"]`` holds besides its forecasts.

    ``groups``: group → level as the panel has it, without province and nation; ``keys``: what a
    search looks in besides the name and the province, lower case without accents (pinyin, first
    letters of its syllables, former names, its province in pinyin); ``name_en``: its English name
    where its own is Chinese, else ""; ``output``: level of the outcome at the origin, None
    where it is no amount; ``past``: growth gaps by the years of ``summary["past_years"]``;
    ``problems``: at most eight, the gravest first, of ``problem_count``; ``peers``: names of its
    peers, the nearest first (``peers_of``); ``peers_past``: their median gaps by the same years.
    ``shocks``: what past shocks did to it, oldest first. ``summary`` itself has ``nation_growth``,
    percent by these years, and ``group_past``: level of the shown group → mean gaps of its cities
    by these years. Shocks and the nation are there where growth gaps of a sum are forecast.

    Every ``h[horizon]`` has besides: ``tier`` (None without a probability), ``clear`` ("behind"
    or "ahead" where the interval has zero outside, else ""), and, where a release moved it,
    ``nowcast``: ``forecast, lower, upper, lower_80, upper_80, rank, moved``, the chances,
    ``tier`` and ``clear``.
    """

    lon: float | None
    lat: float | None
    groups: dict[str, str]
    keys: list[str]
    name_en: str
    output: float | None
    past: list[float | None]
    problems: list[Problem]
    problem_count: int
    peers: list[str]
    peers_past: list[float | None]
    shocks: list[Shock]


class TierRow(TypedDict):
    """A tier: its limits (P(below 0), low included), cities now, and what came of it before.

    ``n``, ``below``: city-years of scored origins that were in it, and the share of them that
    came out below zero; None where fewer than 20 were.
    """

    tier: Tier
    low: float
    high: float
    cities: int
    n: int
    below: float | None


class Group(TypedDict):
    """The levels of the group that the page's strip shows, by forecast, lowest first."""

    group: str
    rows: list[GroupRow]


class GroupRow(TypedDict):
    """A province or another level of a group.

    ``forecast, lower, upper``: of its total, with an interval of its own size (None where there
    is none); ``mean``: of its cities' forecasts, each counting alike; ``below``: cities with a
    forecast below zero; ``expected_below``: sum of their chances; ``behind``, ``ahead``: cities
    clear of zero; ``share``: of the output of all; ``tiers``: tier → cities; ``cities``: names
    by forecast, lowest first.
    """

    level: str
    n: int
    forecast: float | None
    lower: float | None
    upper: float | None
    mean: float | None
    below: int
    expected_below: float | None
    behind: int
    ahead: int
    share: float | None
    tiers: dict[str, int]
    cities: list[str]


class Reason(TypedDict):
    """A driver that a study grades firm or likely, and that pulls to where the list goes.

    ``level``: "indicator" (``en``, ``zh`` are its names) or "family" (``id`` names it);
    ``value``: of the indicator at the city, in its ``unit``. On the list of changes
    ``contribution`` is by how much it changed since the last issue, and ``value`` is None.
    """

    level: Literal["indicator", "family"]
    id: str
    en: str
    zh: str
    contribution: float
    grade: str
    value: float | None
    unit: str


class ListRow(TypedDict):
    """A city on a list; its forecast and interval stand in ``summary["cities"]``.

    ``chance``: of the list's event (at risk: the worst tenth; promising: above zero; None for
    changes); ``reason``: the largest, ``also`` the one after it; ``change``, ``before``: of the
    forecast since the last issue, or in a nowcast by the early releases, else None.
    """

    city: str
    chance: float | None
    reason: Reason | None
    also: Reason | None
    change: float | None
    before: float | None


class Lists(TypedDict):
    """At most ten cities each.

    ``by_chance``: the chance of a city about which nothing is known (at risk 0.1; promising the
    mean over all); ``concentrated``: levels with more of the ten at risk than chance would give
    them, as ``[level, how many]``; ``why_none``: why no reason is given ("" where there are
    grades): "no_study", "other_recipe" or "no_part". ``changed`` is empty without an earlier issue.
    ``shared``: list → id of the indicator that is the reason of at least half of its cities.
    """

    risk: list[ListRow]
    promising: list[ListRow]
    changed: list[ListRow]
    by_chance: dict[str, float]
    concentrated: list[list[str | int]]
    shared: dict[str, str]
    why_none: str


class TrustPeriod(TypedDict):
    """The record of a period beside "no gap" (``rule``: "zero", or the best naive rule)."""

    first: int
    last: int
    recent: bool
    mae: float | None
    mae_rule: float | None
    skill: float | None
    wins: int
    years: int
    rank_correlation: float | None
    sign_accuracy: float | None
    coverage: float | None


class Trust(TypedDict):
    """How far to trust the forecasts of a horizon, by the rule in `trust`.

    ``code``: "low", "fair", "good", or "unknown"; ``rule``: the naive rule compared with;
    ``periods``: the recent years first.
    """

    code: Literal["low", "fair", "good", "unknown"]
    rule: str
    periods: list[TrustPeriod]


class Record(TypedDict):
    """How the forecasts of scored origins did for a city; the pairs are in ``outcomes``.

    ``mae``: its mean absolute error; ``average``: the mean over all cities of the same origins;
    ``zero``: that of "no gap"; ``signs`` right of ``signs_of`` (forecasts or outcomes of exactly
    zero are left out); ``inside`` the interval of ``inside_of``; ``target`` … ``upper``: the
    newest forecast whose outcome is known, beside it.
    """

    years: int
    mae: float | None
    average: float | None
    zero: float | None
    signs: int
    signs_of: int
    inside: int
    inside_of: int
    target: int
    forecast: float | None
    truth: float | None
    lower: float | None
    upper: float | None


class Standing(TypedDict):
    """What the forecasts of a horizon say by themselves.

    ``below``: forecasts below zero; ``behind``, ``ahead``: cities clear of zero at the interval's
    coverage, ``behind_80``, ``ahead_80`` at 80 %.
    """

    cities: int
    below: int
    behind: int
    ahead: int
    behind_80: int
    ahead_80: int
    group: Group | None
    lists: Lists


class Outlook(Standing):
    """``outlook`` of a horizon, and ``nowcast_outlook`` where releases moved cities.

    ``overlap``: how often, at the scored origins, a city of the lowest tenth of the forecasts did
    better than one of the highest tenth (0.5 for an order that tells nothing); ``records``: city →
    `Record`.
    """

    overlap: float | None
    tiers: list[TierRow]
    trust: Trust
    records: dict[str, Record]
