"""The workbook of a report as values: each sheet with its columns and rows, in one language.

Everything comes from the summary that the page is made of; nothing is computed here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from city_resilience.models.rows import FORECASTING
from city_resilience.report.audit_summary import rule_names
from city_resilience.report.flags import common_flags, flag_words
from city_resilience.report.forecast_sheet import Column
from city_resilience.report.grading import grades_of
from city_resilience.report.texts import LANGUAGES, Both, Texts, joined, unit_words

__all__ = ["BookSheet", "book_sheets"]

Found = Mapping[str, Any]


@dataclass(frozen=True)
class Field:
    """A column of a sheet.

    Attributes
    ----------
    name : str
        Of the value in a row.
    key : str
        Of the head; what it means stands under it with ``_long``.
    kind : str
        As in `forecast_workbook.FORMATS`.
    measured : bool
        Whether it is in the unit of the measure.
    figures : mapping
        What head and meaning are filled with.
    """

    name: str
    key: str
    kind: str = "text"
    measured: bool = False
    figures: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class BookSheet:
    """A sheet: its title and its columns."""

    title: str
    columns: tuple[Column, ...]


def book_sheets(summary: Found, say: Texts, lang: str) -> list[BookSheet]:
    """Return the sheets of tables; those without a row are left out.

    Parameters
    ----------
    summary : mapping
        What `summarise` returned.
    say : Texts
        In the words of the measure.
    lang : str
        ``en`` or ``zh``.
    """
    made = (
        (title, fields(summary) if callable(fields) else fields, list(rows(summary, say)))
        for title, fields, rows in SHEETS
    )
    return [
        BookSheet(say(f"book_sheet_{title}")[lang], _columns(fields, rows, say, lang))
        for title, fields, rows in made
        if rows
    ]


def _columns(
    fields: Iterable[Field], rows: Sequence[Found], say: Texts, lang: str
) -> tuple[Column, ...]:
    unit = say.name("unit_long", say.unit)[lang]
    return tuple(
        Column(
            say(own.key, **(own.figures or {}))[lang],
            say(_meaning(own.key, say), **(own.figures or {}))[lang],
            unit if own.measured else "",
            own.kind,
            tuple(_in(row.get(own.name), lang) for row in rows),
            signed=own.kind == "gap" and own.name.startswith("forecast"),
        )
        for own in fields
        if any(row.get(own.name) not in (None, "") for row in rows)
    )


def _meaning(key: str, say: Texts) -> str:
    return next(name for name in (f"{key}_long", f"passed_{key}_long") if say.find(name))


def _in(value: Any, lang: str) -> Any:
    return value[lang] if isinstance(value, Mapping) else value


def _label(own: Found) -> Both:
    return {lang: own[lang] for lang in LANGUAGES}


_PLACE = ("city", "name_en", "province", "nation", "origin", "output")
_AT = ("forecast", "lower", "upper", "lower_80", "upper_80", "p_below_0", "p_worst_tenth", "rank")


def _city_fields(summary: Found) -> Iterator[Field]:
    """Yield the columns of a city: what is forecast at each horizon, its record and its data."""
    say = Texts(summary["measure"])
    yield from (Field("city", "city"), Field("name_en", "book_name_en"))
    yield from (Field(name, name) for name in ("province", "nation"))
    groups = dict.fromkeys(group for city in summary["cities"] for group in city["groups"])
    for group in groups:
        yield Field(f"group_{group}", "book_in_group", figures={"group": say.name("group", group)})
    yield from (Field("origin", "origin", "whole"), Field("output", "book_output", "one"))
    for h in map(str, summary["horizons"]):
        held = (city["h"][h]["coverage"] for city in summary["cities"] if h in city["h"])
        coverage = max((own for own in held if own is not None), default=0.0)
        told = {"ahead": say.count("horizon_years", int(h)), "coverage": f"{100 * coverage:.0f}"}
        for name, key, kind in (
            ("forecast", "passed_forecast", "gap"),
            ("lower", "passed_lower", "gap"),
            ("upper", "passed_upper", "gap"),
            ("lower_80", "book_lower_80", "gap"),
            ("upper_80", "book_upper_80", "gap"),
            ("p_below_0", "passed_below_zero", "share"),
            ("p_worst_tenth", "book_worst_tenth", "share"),
            ("tier", "book_tier", "text"),
            ("clear", "book_clear", "text"),
            ("nowcast", "book_nowcast", "gap"),
            ("rank", "passed_rank", "whole"),
        ):
            yield Field(f"{name}_{h}", key, kind, kind == "gap", told)
    yield Field("flags", "flags")
    years = say.count("horizon_years", summary["horizons"][0]) if summary["horizons"] else ""
    for name, kind in (("mae", "error"), ("average", "error"), ("signs", "text")):
        yield Field(name, f"book_own_{name}", kind, kind == "error", {"ahead": years})
    yield Field("problem_count", "book_problems", "whole")


def _cities(summary: Found, say: Texts) -> Iterator[dict[str, Any]]:
    first = str(summary["horizons"][0])
    records = summary["by_horizon"][first]["outlook"]["records"]
    every = common_flags(summary["cities"])
    for city in summary["cities"]:
        found = (flag for own in city["h"].values() for flag in own["flags"] if flag not in every)
        flags = dict.fromkeys(found)
        record = records.get(city["city"]) or dict.fromkeys(("mae", "average", "signs_of"))
        right = f"{record['signs']}/{record['signs_of']}" if record["signs_of"] else None
        yield {
            **{name: city.get(name) for name in _PLACE},
            **{f"group_{name}": say.level(name, own) for name, own in city["groups"].items()},
            **{key: value for h, own in city["h"].items() for key, value in _at(h, own, say)},
            "flags": joined(flag_words(flags, say), say("list_semicolon")),
            **{name: record[name] for name in ("mae", "average")},
            "signs": right,
            "problem_count": city["problem_count"],
        }


def _at(h: str, own: Found, say: Texts) -> Iterator[tuple[str, Any]]:
    yield from ((f"{name}_{h}", own[name]) for name in _AT)
    yield f"tier_{h}", say.name("tier", own["tier"]) if own["tier"] else None
    yield f"clear_{h}", say(f"book_clear_{own['clear']}") if own["clear"] else None
    yield f"nowcast_{h}", (own.get("nowcast") or {}).get("forecast")


GROUPS = (
    Field("horizon", "book_horizon", "whole"),
    Field("group", "book_group"),
    Field("level", "book_level"),
    Field("n", "book_cities", "whole"),
    *(Field(name, f"book_total_{name}", "gap", True) for name in ("forecast", "lower", "upper")),
    Field("mean", "book_total_mean", "gap", True),
    *(Field(name, f"book_total_{name}", "whole") for name in ("below", "behind", "ahead")),
    Field("expected_below", "book_total_expected", "one"),
    Field("share", "book_total_share", "share"),
)


def _groups(summary: Found, say: Texts) -> Iterator[dict[str, Any]]:
    for horizon, part in summary["by_horizon"].items():
        shown = part["outlook"]["group"]
        levels = {row["level"]: row for row in shown["rows"]} if shown else {}
        totals = part["totals"]["rows"] if part["totals"] else []
        if not any(shown and row["group"] == shown["group"] for row in totals):
            totals = [*({**row, "group": shown["group"]} for row in levels.values()), *totals]
        for row in totals:
            more = levels.get(row["level"], {}) if shown and row["group"] == shown["group"] else {}
            yield {
                **more,
                **row,
                "horizon": int(horizon),
                "group": say.name("group", row["group"]),
                "level": say.level(row["group"], row["level"]),
            }


DRIVERS = (
    Field("horizon", "book_horizon", "whole"),
    Field("kind", "book_kind"),
    Field("name", "book_driver"),
    Field("family", "book_family"),
    Field("size", "book_size", "error", True),
    Field("grade", "book_grade"),
)


def _drivers(summary: Found, say: Texts) -> Iterator[dict[str, Any]]:
    study, known = summary.get("study"), summary["indicators"]
    grades = grades_of(study, bool(study and study["same"]))
    for horizon, part in summary["by_horizon"].items():
        own = part["families"]
        every = [("family", id, say.name("family", id), id, size) for id, size in own["families"]]
        every += [
            ("indicator", known[at]["id"], _label(known[at]), known[at]["family"], size)
            for at, size in own["indicators"]
        ]
        for level, id, name, family, size in every:
            grade = grades.of(FORECASTING, int(horizon), level, id)
            yield {
                "horizon": int(horizon),
                "kind": say(f"view_level_{level}"),
                "name": name,
                "family": say.name("family", family),
                "size": size,
                "grade": say(f"study_grade_{grade}" if grade else "view_not_graded"),
            }


BY_CITY = (
    Field("city", "city"),
    Field("horizon", "book_horizon", "whole"),
    Field("name", "book_indicator"),
    Field("family", "book_family"),
    Field("value", "book_value", "value"),
    Field("unit", "book_unit"),
    Field("contribution", "book_contribution", "part", True),
)


def _by_city(summary: Found, say: Texts) -> Iterator[dict[str, Any]]:
    about = [
        {"name": _label(own), "family": say.name("family", own["family"])}
        | {"unit": unit_words(own["unit"])}
        for own in summary["indicators"]
    ]
    for horizon, part in summary["by_horizon"].items():
        for city, own in part["parts"].items():
            for at, value, size in own["top"]:
                row = {"city": city, "horizon": int(horizon), "value": value, "contribution": size}
                yield row | about[at]


SCORES = (
    Field("horizon", "book_horizon", "whole"),
    Field("span", "book_span"),
    Field("model", "book_model"),
    Field("kind", "book_model_kind"),
    Field("mae", "mae", "error", True),
    Field("rmse", "rmse", "error", True),
    Field("rank_correlation", "rank_correlation", "figure"),
    Field("sign_hit_rate", "sign_hit", "share"),
    Field("skill_naive", "skill_naive", "skill"),
    Field("skill_history", "skill_history", "skill"),
    Field("difference_history", "difference_history", "change", True),
    Field("difference_low", "book_low", "change", True),
    Field("difference_high", "book_high", "change", True),
)


def _scores(summary: Found, say: Texts) -> Iterator[dict[str, Any]]:
    """Yield the scores over all years, then the errors by period and by origin year."""
    for horizon, part in summary["by_horizon"].items():
        for row in part["skill"]:
            span = say.count("view_years", row["years"]) if row["years"] else ""
            kind = say("served" if row["served"] else f"kind_{row['kind']}")
            yield {**row, **_scored(horizon, span, row["model"], say), "kind": kind}
        found = part["periods"]
        for row in found["rows"] if len(found["rows"]) > 1 else ():
            for model, mae in zip(found["models"], row["mae"], strict=True):
                span = f"{row['first']}–{row['last']}"
                yield {**_scored(horizon, span, model, say), "mae": mae}
        for own in part["years"]["errors"]:
            for year, mae in zip(part["years"]["years"], own["mae"], strict=True):
                yield {**_scored(horizon, str(year), own["model"], say), "mae": mae}


def _scored(horizon: str, span: Both | str, model: str, say: Texts) -> dict[str, Any]:
    return {"horizon": int(horizon), "span": span, "model": say.name("model", model)}


INTERVALS = (
    Field("horizon", "book_horizon", "whole"),
    Field("span", "book_span"),
    Field("coverage", "book_coverage", "share"),
    Field("coverage_80", "book_coverage_80", "share"),
    Field("width", "book_width", "gap", True),
    Field("width_80", "book_width_80", "gap", True),
)


def _intervals(summary: Found, say: Texts) -> Iterator[dict[str, Any]]:
    """Yield how often outcomes lay inside, over all years, by period and by origin year."""
    for horizon, part in summary["by_horizon"].items():
        if (found := part["intervals"]) is None:
            continue
        about, years = {"horizon": int(horizon)}, found["years"]
        yield {**found, **about, "span": say.count("view_years", len(years["year"]))}
        for own in found["periods"]:
            yield {**own, **about, "span": own["origins"]}
        for year, *held in zip(*(years[name] for name in YEARLY), strict=True):
            yield {**about, "span": str(year), **dict(zip(YEARLY[1:], held, strict=True))}


YEARLY = ("year", "coverage", "coverage_80")


def _past_fields(summary: Found) -> Iterator[Field]:
    """Yield the columns of a past origin: what was forecast at each horizon, and what came."""
    say = Texts(summary["measure"])
    yield from (Field("city", "city"), Field("origin", "origin", "whole"))
    for h in summary["horizons"]:
        told = {"ahead": say.count("horizon_years", h)}
        for name in ("forecast", "truth"):
            yield Field(f"{name}_{h}", f"book_past_{name}", "gap", True, told)


def _past(summary: Found, _say: Texts) -> Iterator[dict[str, Any]]:
    names, found = summary["outcome_cities"], defaultdict[tuple[int, int], dict[str, Any]](dict)
    for horizon, part in summary["by_horizon"].items():
        for origin, own in part["outcomes"].items():
            for at, forecast, truth in zip(own["city"], own["forecast"], own["truth"], strict=True):
                row = found[int(origin), at]
                row[f"forecast_{horizon}"], row[f"truth_{horizon}"] = forecast, truth
    for origin, at in sorted(found):
        yield {"city": names[at], "origin": origin, **found[origin, at]}


AUDIT = (
    Field("city", "city"),
    Field("severity", "book_severity"),
    Field("check", "book_check"),
    Field("variable", "book_variable"),
    Field("first", "book_first_year", "whole"),
    Field("last", "book_last_year", "whole"),
    Field("masked", "book_masked"),
    Field("artefact", "book_artefact"),
)


def _audit(summary: Found, say: Texts) -> Iterator[dict[str, Any]]:
    checks = rule_names(say.noun)
    for city in summary["cities"]:
        for own in city["problems"]:
            marks = {key: say("book_yes") for key in ("masked", "artefact") if own[key]}
            yield {
                "city": city["city"],
                "severity": say(f"severity_{own['level']}"),
                "check": checks.get(own["kind"]) or say("book_level_break"),
                **{key: own[key] for key in ("variable", "first", "last")},
                **marks,
            }


Rows = Callable[[Found, Texts], Iterable[Found]]
SHEETS: tuple[tuple[str, Iterable[Field] | Callable[[Found], Iterable[Field]], Rows], ...] = (
    ("cities", _city_fields, _cities),
    ("groups", GROUPS, _groups),
    ("drivers", DRIVERS, _drivers),
    ("by_city", BY_CITY, _by_city),
    ("scores", SCORES, _scores),
    ("intervals", INTERVALS, _intervals),
    ("past", _past_fields, _past),
    ("audit", AUDIT, _audit),
)
