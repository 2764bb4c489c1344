"""What the scripts read of cities, in short: arrays in a stated order, and each text once.

``assets/data.js`` unpacks it. Figures are rounded to what is shown, chances to a thousandth.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from city_resilience.evaluation.driver_sizes import FAMILY, INDICATOR
from city_resilience.explain.every_lever import LEVER_FIGURES
from city_resilience.models.rows import FORECASTING
from city_resilience.report.beside import Beside, beside_peers
from city_resilience.report.flags import carried_words, usual_flags
from city_resilience.report.grading import NAMED, Grades
from city_resilience.report.place_names import place_names
from city_resilience.report.texts import Both, Texts, both, unit_words
from city_resilience.report.tiers import TIERS

__all__ = [
    "RECORD",
    "Numbered",
    "packed_before",
    "packed_cities",
    "packed_issued",
    "packed_levers",
    "packed_parts",
    "packed_records",
]

RECORD = (
    *("years", "mae", "average", "zero", "signs", "signs_of", "inside", "inside_of"),
    *("target", "forecast", "truth"),
)
"""What the page says of a city's record, in this order."""
FIGURES = ("forecast", "lower", "upper", "lower_80", "upper_80")
CHANCES = ("p_below_0", "p_below_minus_2", "p_worst_tenth")
SHOCK = ("gap", "recovery_gap", "resistance", "recovery")
WINDOW = ("start", "end", "recovery_end")
CLEAR = ("", "behind", "ahead")
LEADING = 3
"""Drivers of a city that are kept: the largest, and the largest of those that are graded."""
TIER_NAMES = [name for name, _, _ in TIERS]

Row = Mapping[str, Any]


class Numbered(dict[Any, int]):
    """Things by their number, which the first to ask for gives them."""

    def __missing__(self, key: Any) -> int:
        self[key] = len(self)
        return self[key]


def packed_cities(summary: Row, say: Texts) -> dict[str, Any]:
    """Return all cities: one row each, and the texts and years that rows have by number."""
    numbers = {own["city"]: place for place, own in enumerate(summary["cities"])}
    groups = list(dict.fromkeys(name for own in summary["cities"] for name in own["groups"]))
    about = _Texts(say, numbers, summary["origin"], groups)
    names = place_names(summary["cities"], say)
    rows = [_city(own, names[own["city"]]["en"], about) for own in summary["cities"]]
    return {
        "rows": rows,
        "origin": summary["origin"],
        "provinces": [[name, say.level("province", name)["en"]] for name in about.provinces],
        "nations": list(about.nations),
        "groups": groups,
        "levels": [list(own) for own in about.levels],
        "windows": [list(window) for window in about.windows],
        "problems": list(about.problems.values()),
        "flags": list(about.flags.values()),
        "usual": {h: _usual(summary["cities"], h, about) for h in summary["by_horizon"]},
    }


class _Texts:
    """What rows have by number."""

    def __init__(
        self, say: Texts, numbers: Mapping[str, int], origin: int | None, groups: Sequence[str]
    ) -> None:
        self.say, self.numbers, self.origin, self.groups = say, numbers, origin, groups
        self.provinces, self.nations, self.windows = Numbered(), Numbered(), Numbered()
        self.levels = [Numbered() for _ in groups]
        self.problems: dict[str, Both] = {}
        self.flags: dict[str, dict[str, Any]] = {}
        self.flag_places = Numbered()


def _city(own: Row, name: str, about: _Texts) -> list[Any]:
    level = [
        _number(own["groups"].get(name), seen)
        for name, seen in zip(about.groups, about.levels, strict=True)
    ]
    near = [about.numbers[name] for name in own["peers"] if name in about.numbers]
    late = None if own["origin"] is None else own["origin"] - (about.origin or 0)
    return _trimmed(
        [
            own["city"],
            name if name != own["city"] else None,
            _number(own["province"], about.provinces),
            _number(own.get("nation"), about.nations),
            late or None,
            _trimmed(level),
            "\n".join(own["keys"]),
            _short(own["output"], 0),
            [_short(value, 1) for value in own["past"]],
            near,
            [_short(value, 1) for value in own["peers_past"]],
            [_shock(row, about.windows) for row in own["shocks"]],
            [_problem(row, about) for row in own["problems"]],
            own["problem_count"] or None,
            {h: _at(at, about) for h, at in own["h"].items()},
        ]
    )


def _at(at: Row, about: _Texts) -> list[Any]:
    flags = [_flag(flag, about) for flag in at["flags"]]
    nowcast = at.get("nowcast")
    return _trimmed(
        [*_figures(at), flags, _trimmed([*_figures(nowcast), _short(nowcast["moved"], 2)])]
        if nowcast
        else [*_figures(at), flags]
    )


def _flag(flag: str, about: _Texts) -> int:
    """Return the number of a flag, with its words; what was carried is a part of a sentence."""
    if flag not in about.flags:
        carried = carried_words(flag, about.say)
        own = about.say.name("flag", flag) if carried is None else carried
        about.flags[flag] = {**own, "carried": carried is not None}
    return about.flag_places[flag]


def _usual(cities: Sequence[Row], horizon: str, about: _Texts) -> list[int]:
    """Return the flags that so many cities have that they are said once, above their table."""
    return [_flag(flag, about) for flag in usual_flags(cities, horizon)]


def _figures(at: Row) -> list[Any]:
    tier = at.get("tier")
    return [
        *(_short(at.get(name), 2) for name in FIGURES),
        *(_thousandths(at.get(name)) for name in CHANCES),
        at.get("rank"),
        None if tier is None else TIER_NAMES.index(tier),
        CLEAR.index(at.get("clear") or "") or None,
    ]


def _shock(row: Row, windows: Numbered) -> list[Any]:
    number = windows[tuple(row[name] for name in WINDOW)]
    digits = dict.fromkeys(SHOCK, 2) | {"gap": 1, "recovery_gap": 1}
    return [number, *(_short(row[name], digits[name]) for name in SHOCK)]


def _problem(row: Row, about: _Texts) -> list[Any]:
    years = "–".join(str(year) for year in dict.fromkeys((row["first"], row["last"])) if year)
    marks = 1 * row["masked"] + 2 * row["artefact"]
    return _trimmed([_text(_problem_words(row, about.say), about.problems), years, marks or None])


def _problem_words(row: Row, say: Texts) -> Both:
    from city_resilience.report.audit_summary import rule_names

    name = say.find(row["kind"]) or rule_names(say.noun).get(row["kind"])
    name = name or both(lambda _: row["kind"])
    return both(lambda lang: " · ".join(filter(None, [name[lang], row["variable"].get(lang)])))


def packed_parts(part: Row, summary: Row, grades: Grades, horizon: str) -> dict[str, Any]:
    """Return what each forecast is made of: families in one order, and its leading drivers."""
    names = list(dict.fromkeys(entry["family"] for entry in summary["indicators"]))
    named = [entry["id"] for entry in summary["indicators"]]
    graded = {
        level: {
            place: grade
            for place, name in enumerate(order)
            if (grade := grades.of(FORECASTING, int(horizon), level, name)) in NAMED
        }
        for level, order in ((INDICATOR, named), (FAMILY, names))
    }
    rows = [part["parts"].get(own["city"]) for own in summary["cities"]]
    beside = beside_peers(summary["cities"], part["parts"], grades, int(horizon))
    return {
        "families": names,
        "grades": graded[INDICATOR],
        "why_none": _why_none(part["headline"], grades, int(horizon)),
        "rows": [row and _part(row, names, graded[INDICATOR]) for row in rows],
        "beside": [_beside(beside.get(own["city"]), names) for own in summary["cities"]],
    }


def _why_none(headline: Row, grades: Grades, horizon: int) -> str:
    """Return why no driver is named: no skill beside the best naive rule, or no grades."""
    if headline["skill"] is not None and headline["percent"] <= 0:
        return "nil"
    if grades.why or any(own == horizon for _, own, *_ in grades.rows):
        return grades.why
    return "horizon"


def _beside(own: Beside | None, names: Sequence[str]) -> list[Any] | None:
    if own is None:
        return None
    apart = [
        value for name, size in own["families"] for value in (names.index(name), _short(size, 2))
    ]
    return [own["of"], _short(own["median"], 1), own["below"], *apart]


def _part(row: Row, names: Sequence[str], graded: Iterable[int]) -> list[Any]:
    known = set(graded)
    order = row["top"]
    kept = [*order[:LEADING], *[own for own in order if own[0] in known][:LEADING]]
    leading = {own[0]: own for own in kept}
    return [
        _short(row["base"], 2),
        _short(row["missing"], 2) if row["missing_count"] else None,
        row["missing_count"],
        _thousandths(row["observed"]),
        [_short(row["families"].get(name), 2) for name in names],
        [value for place, own, size in leading.values() for value in (place, own, _short(size, 2))],
    ]


def packed_before(part: Row, summary: Row) -> dict[str, Any]:
    """Return the forecasts of past origins: ``targets``, and a row of forecasts for each city."""
    numbers = {own["city"]: place for place, own in enumerate(summary["cities"])}
    years = sorted(part["outcomes"], key=int)
    rows: list[list[float | None]] = [[None] * len(years) for _ in numbers]
    for place, origin in enumerate(years):
        own = part["outcomes"][origin]
        for index, forecast in zip(own["city"], own["forecast"], strict=True):
            number = numbers.get(summary["outcome_cities"][index])
            if number is not None:
                rows[number][place] = _short(forecast, 1)
    return {"targets": [part["outcomes"][origin]["target"] for origin in years], "rows": rows}


def packed_records(records: Row, cities: Iterable[Row]) -> list[list[Any] | None]:
    """Return the record of each city, `RECORD`, None where it has none."""
    return [
        [_short(own[name], 2) for name in RECORD] if (own := records.get(city["city"])) else None
        for city in cities
    ]


def packed_issued(part: Row, summary: Row) -> list[list[Any] | None]:
    """Return the last issued forecast of each city whose outcome is known, None where none is.

    Day of issue, target year, forecast, bounds, outcome, and 1 where it was issued afterwards.
    """
    issued = part.get("issued") or {"rows": {}}
    rows = [issued["rows"].get(own["city"]) for own in summary["cities"]]
    figures = ("forecast", "lower", "upper", "truth")
    about = [issued.get("day"), issued.get("target")]
    late = [1] if issued.get("live") is False else []
    return [row and [*about, *(_short(row[name], 1) for name in figures), *late] for row in rows]


def packed_levers(summary: Row) -> dict[str, Any]:
    """Return the levers of each city: number of the indicator, year, figures and what it is.

    The last one is "short" (board), "old", why there is no distance, or "".
    """
    own = summary.get("levers") or {"indicators": {}, "rows": {}}
    names = list(own["indicators"])

    def row(lever: Row) -> list[Any]:
        what = "short" if lever["short"] else lever["why"] or ("old" if lever["old"] else "")
        figures = [lever[name] for name in LEVER_FIGURES]
        return [names.index(lever["indicator"]), lever["year"], *figures, what]

    return {
        "indicators": [
            {**about, "unit": unit_words(about["unit"])} for about in own["indicators"].values()
        ],
        "rows": [
            [row(lever) for lever in own["rows"].get(city["city"], ())] or None
            for city in summary["cities"]
        ]
        if names
        else [],
    }


def _text(text: Both, seen: dict[str, Both]) -> int:
    seen.setdefault(text["en"], text)
    return list(seen).index(text["en"])


def _number(value: Any, seen: Numbered) -> int | None:
    return None if value in (None, "") else seen[value]


def _short(value: float | None, digits: int) -> float | int | None:
    """Round a figure, and write a whole one without a point."""
    if value is None:
        return None
    rounded = round(value, digits)
    return int(rounded) if rounded == int(rounded) else rounded


def _thousandths(chance: float | None) -> int | None:
    """Return a chance in thousandths; only what is certain is 0 or 1000."""
    if chance is None:
        return None
    return round(1000 * chance) if chance in (0.0, 1.0) else min(max(round(1000 * chance), 1), 999)


def _trimmed(values: list[Any]) -> list[Any]:
    """Leave out what is unknown at the end."""
    while values and values[-1] in (None, []):
        values.pop()
    return values
