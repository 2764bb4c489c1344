"""The page and the tables of what became of issued forecasts, in both languages."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np

from city_resilience.report.formatting import unsigned
from city_resilience.report.html import render_page, write_page
from city_resilience.report.tables import Column, Table, table_of
from city_resilience.report.texts import Both, Texts, both, joined

__all__ = [
    "alarm_sentence",
    "changed_table",
    "drift_table",
    "groups_table",
    "issues_table",
    "kind_words",
    "render_monitor",
    "scores_table",
    "survey_table",
    "write_monitor",
]

NAMED = 6
"""Indicators that a sentence names."""
SHOWN = 25
"""Indicators without an alarm that the page shows."""
NOTES = 5
NOTHING: Both = {"en": "", "zh": ""}
_SCORE = (
    Column("mae#", "{mae:2}", "{mae_known}"),
    Column("monitor_rule#", "{rule_mae:2}", "{rule}"),
    Column("skill_naive#", "{skill_naive:+0%}"),
    Column("rank_correlation#", "{rank_correlation:2}", "{rank_known}"),
    Column("monitor_coverage#", "{coverage:0%}", "{held}"),
)
_SPAN = (Column("monitor_width#", "{width:1}"), Column("monitor_crps#", "{crps:2}"))
_AHEAD = Column("monitor_ahead#", "{horizon}")
_YEARS = Column("monitor_years#", "{years}", "{n}")
SCORES = (Column("monitor_kind", "{kind}"), _AHEAD, _YEARS, *_SCORE, *_SPAN)
ISSUES = (
    Column("monitor_issue", "{level}", "{superseded}"),
    Column("monitor_issued_at", "{issued_at}", "{kind}"),
    _AHEAD,
    *_SCORE,
)
GROUPS = (Column("place_level", "{level}", "{group}"), _AHEAD, _YEARS, *_SCORE)
SURVEY = (
    Column("monitor_baseline", "{baseline}", "{kind}"),
    _AHEAD,
    Column("monitor_period", "{period}"),
    Column("monitor_vintage", "{vintage}"),
    _YEARS,
    Column("monitor_rmse_issued#", "{rmse:2}"),
    Column("monitor_rmse_rule#", "{rmse_baseline:2}"),
    Column("monitor_ratio#", "{rmse_ratio:2}"),
    Column("monitor_ratio_mae#", "{mae_ratio:2}"),
    Column("monitor_apart#", "{difference:+3}", "{low:+3} … {high:+3}"),
)
DRIFT = (
    Column("monitor_indicator", "{name}", "{indicator}"),
    Column("monitor_year", "{years}"),
    Column("monitor_share#", "{share:0%}", "{share_before:0%}"),
    Column("monitor_psi#", "{psi:2}"),
    Column("monitor_ks#", "{ks:2}"),
    Column("monitor_level#", "{level:+2}"),
    Column("monitor_spread#", "{spread}"),
    Column("monitor_outside#", "{outside:0%}"),
    Column("monitor_adjusted#", "{adjusted:3}"),
    Column("monitor_said", "{said}", tone="tone"),
)
CHANGED = (
    Column("city", "{city}", "{province}"),
    _AHEAD,
    Column("monitor_before#", "{forecast_before:+2}", "{target_before}"),
    Column("monitor_now#", "{forecast:+2}", "{target}"),
    Column("monitor_moved#", "{moved:+2}"),
    Column("monitor_rank#", "{ranks}"),
    Column("monitor_leading", "{driver}"),
)


def kind_words(row: Mapping[str, Any], say: Texts) -> Both:
    """Say what was issued: a forecast or a nowcast, live or reconstructed."""
    kind = say(f"monitor_information_{row['information']}")
    return joined([kind, say(f"monitor_status_{row['status']}")], say("monitor_comma"))


def alarm_sentence(
    alarm: Mapping[str, Any], labels: Mapping[str, tuple[str, str]], say: Texts
) -> Both:
    """Say what is beyond its limit.

    Parameters
    ----------
    alarm : mapping
        ``code`` and ``figures`` of an alarm.
    labels : mapping
        Indicator id → (English label, Chinese label).
    """
    code, own = alarm["code"], dict(alarm["figures"])
    if code == "ended":
        names = _some([_label(name, labels) for name in own["indicators"]], say)
        key = "monitor_alarm_ended_one" if own["n"] == 1 else "monitor_alarm_ended"
        return say(key, n=own["n"], year=own["year"], names=names)
    if "indicator" in own:
        own["name"] = _label(own["indicator"], labels)
        own["year"], own["year_before"] = int(own["year"]), int(own["year_before"])
    if code == "drift":
        kinds = own["kinds"]
        own["figures"] = joined([_figure(kind, own[kind], say) for kind in kinds], "; ")
        own["kinds"] = joined(
            [say(f"monitor_drift_{kind}") for kind in kinds], say("monitor_comma")
        )
    if "horizon" in own:
        own["kind"] = kind_words(own, say)
        own["rule"] = say.name("model", str(own.get("rule", "")))
        origin = own.pop("origin", "")
        own["when"] = say("monitor_alarm_when", origin=origin) if origin else both(lambda _: "")
        own["short"] = own.get("limit")
    return say(f"monitor_alarm_{code}", **own)


def _figure(kind: str, value: float, say: Texts) -> Both:
    name = say(f"monitor_{kind}")
    text = _factor(value) if kind == "spread" else unsigned(value)
    return both(lambda lang: f"{name[lang]} {text}")


def _factor(value: float | None) -> str:
    return "–" if value is None else f"× {np.exp(value):.2f}"


def _label(name: str, labels: Mapping[str, tuple[str, str]]) -> Both:
    en, zh = labels.get(name, (name, name))
    return {"en": en, "zh": zh or en}


def _some(names: list[Both], say: Texts) -> Both:
    first = joined(names[:NAMED], say("monitor_comma"))
    rest = len(names) - NAMED
    return say("monitor_more", names=first, n=rest) if rest > 0 else first


def _scored(row: Mapping[str, Any], say: Texts) -> dict[str, Any]:
    """Return the figures of a row of scores with those of the backtest below them."""
    known = row.get("backtest") or {}

    def beside(key: str) -> Both:
        value = known.get(key)
        return NOTHING if value is None else say("monitor_beside", figure=unsigned(value))

    held = {"promised": row["promised"], "known": known.get("coverage")}
    promise = "monitor_promised" if held["known"] is not None else "monitor_promised_alone"
    return {
        **row,
        "kind": kind_words(row, say),
        "rule": say.name("model", row["best_naive"]) if row["best_naive"] else "",
        "mae_known": joined([beside("mae"), _unbroken(row, say)], "; "),
        "rank_known": beside("rank_correlation"),
        "held": say(promise, **held) if row["promised"] is not None else "",
    }


def _unbroken(row: Mapping[str, Any], say: Texts) -> Both:
    """Return the error without windows over level breaks, where there are such."""
    value = row.get("mae_without_breaks")
    return NOTHING if value is None else say("monitor_unbroken", figure=unsigned(value))


def scores_table(summary: Mapping[str, Any], say: Texts) -> Table:
    """Return the scores of all issues by horizon, beside the backtest's."""
    return table_of(SCORES, [_scored(row, say) for row in summary["scores"]], say)


def issues_table(summary: Mapping[str, Any], say: Texts) -> Table:
    """Return the scores of each issue."""
    rows = [
        {
            **_scored(row, say),
            "superseded": say("monitor_superseded") if row["superseded"] else "",
        }
        for row in summary["each"]
    ]
    return table_of(ISSUES, rows, say)


def groups_table(summary: Mapping[str, Any], say: Texts) -> Table:
    """Return the scores by group of cities."""
    rows = [
        {
            **_scored(row, say),
            "level": say.level(row["group"], row["level"]),
            "group": say.name("group", row["group"]),
        }
        for row in summary["groups"]
    ]
    return table_of(GROUPS, rows, say)


def survey_table(summary: Mapping[str, Any], say: Texts) -> Table:
    """Return errors by horizon, period, version of the outcome and naive rule."""
    rows = [
        {
            **row,
            "baseline": say.name("model", row["baseline"]),
            "kind": kind_words(row, say),
            "period": say("monitor_period_all") if row["period"] == "all" else row["period"],
            "vintage": say(f"monitor_vintage_{row['vintage']}"),
        }
        for row in summary["survey"]
    ]
    return table_of(SURVEY, rows, say)


def drift_table(summary: Mapping[str, Any], say: Texts) -> Table:
    """Return the drift of the indicators: those with an alarm, then the least likely ones."""
    return table_of(DRIFT, [_drifted(row, say) for row in shown_drift(summary)], say)


def shown_drift(summary: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    """Return the rows of drift that a page shows."""
    rows = summary["drift"]
    quiet = [row for row in rows if not row["alarm"] and row["adjusted"] is not None]
    quiet.sort(key=lambda row: row["adjusted"])
    return [*(row for row in rows if row["alarm"]), *quiet[:SHOWN]]


def _drifted(row: Mapping[str, Any], say: Texts) -> dict[str, Any]:
    codes = row["alarm"].split(";") if row["alarm"] else []
    if not codes and row["status"] != "judged":
        codes = [row["status"]]
    years = [str(year) for year in (row["year_before"], row["year"]) if year is not None]
    return {
        **row,
        "name": {"en": row["en"], "zh": row["zh"]},
        "years": " → ".join(dict.fromkeys(years)),
        "spread": _factor(row["spread"]),
        "said": joined([say(f"monitor_drift_{code}") for code in codes], say("monitor_comma")),
        "tone": "down" if row["alarm"] else "",
    }


def changed_table(summary: Mapping[str, Any], say: Texts, horizon: str = "") -> Table:
    """Return the cities whose forecast moved most since the issue before, at a horizon or all."""
    rows = [
        {
            **row,
            "target_before": str(row["target_year_before"]),
            "target": str(row["target_year"]),
            "ranks": f"{row['rank_before'] or '–'} → {row['rank'] or '–'}",
            "driver": " → ".join(
                dict.fromkeys(filter(None, (row["driver_1_before"], row["driver_1"])))
            ),
        }
        for row in summary["changed"]["rows"]
        if horizon in ("", str(row["horizon"]))
    ]
    return table_of(CHANGED, rows, say)


def render_monitor(summary: Mapping[str, Any]) -> str:
    """Return the page as one self-contained HTML document.

    Parameters
    ----------
    summary : mapping
        As ``monitor.json`` has it.
    """
    say = Texts(summary["measure"])
    labels = {row["indicator"]: (row["en"], row["zh"]) for row in summary["drift"]}
    alarms = [alarm_sentence(own, labels, say) for own in summary["alarms"]]
    title = say("monitor_page")
    tables: dict[str, Table] = {
        name: make(summary, say)
        for name, make in (
            ("scores", scores_table),
            ("issues", issues_table),
            ("survey", survey_table),
            ("groups", groups_table),
            ("drift", drift_table),
        )
    }
    if summary["changed"]:
        tables["changed"] = changed_table(summary, say)
    return render_page(
        "monitor.html.j2",
        say,
        styles=("report.css",),
        scripts=("base.js", "city.js"),
        data={"title": title, "lang": summary["lang"]},
        summary=summary,
        title=title,
        alarms=alarms,
        tables={name: own for name, own in tables.items() if own.rows},
        shown=len(shown_drift(summary)),
        notes=_notes(summary, say),
    )


def _notes(summary: Mapping[str, Any], say: Texts) -> Iterable[Both]:
    yield from (say(f"monitor_notes_{k}") for k in range(1, NOTES + 1))
    yield say(f"monitor_reference_{summary['reference']}", year=summary["origin"])


def write_monitor(summary: Mapping[str, Any], path: Path | str) -> Path:
    """Write the page to a file that ends in ``.html``, whole or not at all."""
    return write_page(render_monitor(summary), path)
