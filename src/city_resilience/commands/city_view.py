"""What ``explain`` shows in the terminal: sentences and short tables of a city, in English."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from city_resilience.commands.console import open_console, say, table_of
from city_resilience.explain.contributions import BASE, BASE_FAMILY, family_sums
from city_resilience.report.formatting import signed
from city_resilience.report.levers import absent_words, lever_sentences
from city_resilience.report.sentences import (
    Sentence,
    analogue_sentences,
    changed_sentences,
    city_sentences,
    view_sentences,
)
from city_resilience.report.texts import Texts
from city_resilience.resilience.measures import MEASURES

if TYPE_CHECKING:
    from rich.console import Console

    from city_resilience.commands.explain import Explained

__all__ = ["show_cities"]

IN_FULL = 3
SHORT = 5


def show_cities(results: Sequence[Explained], top: int) -> None:
    """Show the cities: up to three in full, more as a table of forecasts."""
    console = open_console()
    if len(results) > IN_FULL:
        console.print(_forecasts(results))
    else:
        for result in results:
            _show_city(console, result, top)
    if results and results[0].out is not None:
        say(console, f"Written to {results[0].out}")


def _forecasts(results: Sequence[Explained]) -> Any:
    unit = MEASURES[results[0].measure].mark
    records = [
        {
            "city": own.city,
            **next(at for at in own.summary["forecasts"] if at["horizon"] == own.horizon),
        }
        for own in results
    ]
    columns = [
        *(("city", "{city}"), ("year", "{target:}"), (f"forecast, {unit}", "{forecast:+.2f}")),
        *(("interval", "{lower:+.1f} to {upper:+.1f}"), ("rank", "{rank:} of {of}")),
    ]
    return table_of("", columns, records)


def _show_city(console: Console, result: Explained, top: int) -> None:
    unit = MEASURES[result.measure].mark
    what = f"{result.measure.replace('_', ' ')} {result.information}"
    say(
        console,
        f"{result.city}: {what} {result.forecast:+.2f} {unit} "
        f"for {result.origin + result.horizon} (origin {result.origin}, horizon {result.horizon}). "
        "Contributions are associated with the forecast, not causes.",
    )
    for note in result.notes:
        say(console, f"Early: {note}")
    texts = Texts(result.summary["measure"])
    for sentence in _after_the_first(city_sentences(result.summary, texts)):
        say(console, sentence)
    for view in result.summary["views"]:
        name = texts(f"city_view_{view['view']}")["en"]
        for own in view_sentences(view, result.summary["graded"], texts):
            say(console, f"{name}: {own.text['en']}")
    _show_drivers(console, result, top, unit)
    _show_around(console, result.summary, texts, unit)


def _after_the_first(sentences: Iterator[Sentence]) -> Iterator[str]:
    """Yield what the first line does not say."""
    next(sentences)
    for own in sentences:
        yield own.text["en"]


def _show_drivers(console: Console, result: Explained, top: int, unit: str) -> None:
    sums = family_sums(result.drivers).replace({"family": {BASE_FAMILY: "base value"}})
    families = sums.sort_values("contribution", key=abs, ascending=False)
    columns = [("family", "{family}"), (unit, "{contribution:+.3f}")]
    console.print(table_of("By family", columns, families.to_dict("records")))
    named = result.drivers[result.drivers["indicator"] != BASE]
    named = named.sort_values("contribution", key=abs, ascending=False).head(top)
    columns = [("indicator", "{label}"), ("family", "{family}"), ("value", "{value:}"), columns[1]]
    records = [
        {
            **row,
            "label": result.labels.get(row["indicator"], row["indicator"]),
            "value": "unknown" if row["value"] != row["value"] else f"{row['value']:,.3g}",
        }
        for row in named.to_dict("records")
    ]
    console.print(table_of("By indicator", columns, records))


def _show_around(console: Console, summary: Mapping[str, Any], texts: Texts, unit: str) -> None:
    """Show what only the panel gives: what changed, the peers and the most similar city-years."""
    for own in (*changed_sentences(summary, texts), *analogue_sentences(summary, texts)):
        say(console, own.text["en"])
    if summary["peers"] and summary["peers"]["rows"]:
        columns = [
            *(("peer", "{city}"), ("province", "{province}"), ("distance", "{distance:.2f}")),
            *((unit, "{forecast:+.2f}"), ("rank", "{rank:}")),
        ]
        rows = summary["peers"]["rows"][:SHORT]
        console.print(table_of("Nearest peers", columns, rows))
    _show_levers(console, summary, texts)
    if summary["missing"]:
        texts_of = (texts(f"city_missing_{name}")["en"] for name in summary["missing"])
        say(console, f"Not shown without the panel (--data): {', '.join(texts_of)}.")


def _show_levers(console: Console, summary: Mapping[str, Any], texts: Texts) -> None:
    """Show what the experiment marks as actionable, and the literature's directions apart."""
    levers = summary["levers"]
    if not levers:
        return
    for own in lever_sentences(summary, texts):
        say(console, own.text["en"])
    if levers["rows"]:
        console.print(_lever_table(summary, texts))
    if absent := absent_words(summary, texts):
        told = " ".join(own["en"] for own in absent)
        say(console, f"{texts('city_levers_absent')['en']} {told}")
    if levers["directions"]:
        say(console, texts("city_directions_lead")["en"])
    for own in levers["directions"]:
        words = {"advice": {k: own[k] for k in ("en", "zh")}, "source": own["source"]}
        say(console, f"- {texts('city_direction', **words)['en']}")


def _lever_table(summary: Mapping[str, Any], texts: Texts) -> Any:
    """Lay the levers out, one line each; pages and JSON have all that is known of them."""
    columns = [
        *(("lever", "{name}"), ("unit", "{unit}"), ("value", "{value:,.4g}")),
        *(("peers' median", "{median:,.4g}"), ("best quartile", "{best_quartile:,.4g}")),
        *(("short, sd", "{sd_to_median:.2f}"), ("years", "{years_to_median:.0f}")),
    ]
    for view in summary["views"]:
        nil = " (no skill)" if view["nil"] else ""
        columns.append((f"{view['view']} at the median{nil}", f"{{{view['view']}:>8}}"))
    records = [
        {
            **own,
            "name": own["label"]["en"],
            **{v["view"]: _at_the_median(own, v["view"]) for v in summary["views"]},
        }
        for own in summary["levers"]["rows"]
    ]
    return table_of(texts("city_levers_title")["en"], columns, records)


def _at_the_median(lever: Mapping[str, Any], view: str) -> str:
    if view in lever["unread"]:
        return "not read"
    return signed(lever["changes"]["median"].get(view))
