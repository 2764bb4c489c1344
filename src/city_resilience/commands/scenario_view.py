"""What ``scenario`` shows and writes: what moved, what changed, and what each view is worth."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from city_resilience.commands.console import say, table_of
from city_resilience.explain.moving import VARIABLE
from city_resilience.explain.scenario import COVERAGE, NOT_READ, SCENARIO_COLUMNS
from city_resilience.files import write_json, write_table
from city_resilience.models.rows import FORECASTING
from city_resilience.report.formatting import percent
from city_resilience.report.sentences import Sentence, skill_sentence
from city_resilience.report.texts import Texts, measure_words
from city_resilience.resilience.measures import MEASURES

if TYPE_CHECKING:
    from rich.console import Console

    from city_resilience.commands.scenario import ScenarioResult

__all__ = ["NO_SKILL", "show_scenario", "skill_sentences", "with_skill", "write_scenario"]

NO_SKILL = "no_skill"
"""Flag of a view that is no better than what it is compared with."""
IN_FULL = 3
"""Of more cities one table is shown."""
MOVES = 8
"""So many of the moves of a city are shown."""
Skills = Mapping[int, Mapping[str, Mapping[str, Any]]]


def with_skill(table: pd.DataFrame, skills: Skills) -> pd.DataFrame:
    """Add to the rows of a scenario what their view is worth at their horizon.

    Returns
    -------
    DataFrame
        With ``skill`` and ``against`` before reason and note, and `NO_SKILL` among the flags.
    """
    worth = [_worth(skills, row.view, row.horizon) for row in table.itertuples()]
    flags = [
        ";".join(filter(None, (NO_SKILL if own["shown"] is False else "", flags)))
        for own, flags in zip(worth, table["flags"], strict=True)
    ]
    found = table.assign(
        flags=flags,
        skill=pd.Series([own["skill"] for own in worth], index=table.index, dtype="float64"),
        against=[own["against"] for own in worth],
    )
    *columns, reason, note = SCENARIO_COLUMNS
    return found[[*columns, "skill", "against", reason, note]]


def _worth(skills: Skills, view: str, horizon: int) -> dict[str, Any]:
    """Return the skill of a view, against what, and whether there is any; None where unknown."""
    own = skills.get(horizon, {}).get(view)
    if own is None:
        return {"skill": None, "against": "", "shown": None}
    if view == FORECASTING:
        return {"skill": own["skill"], "against": own["naive"] or "", "shown": own["shown"]}
    every = next(row for row in own["rows"] if row["slice"] == "all")
    return {"skill": every["skill_zero"], "against": "zero", "shown": own["shown"]}


def skill_sentences(result: ScenarioResult) -> Iterator[tuple[str, int, Sentence]]:
    """Yield view, horizon and what the view is worth there, in words."""
    texts = _texts(result)
    rows = result.scenario.table[["view", "horizon"]].drop_duplicates()
    for view, horizon in rows.sort_values(["view", "horizon"]).itertuples(index=False):
        skill = result.skill.get(horizon, {}).get(view)
        about = {"view": view, "horizon": int(horizon), "skill": skill}
        yield view, int(horizon), skill_sentence(about, texts, "scenario_greyed")


def _texts(result: ScenarioResult) -> Texts:
    return Texts(measure_words(result.measure))


def write_scenario(result: ScenarioResult, out: Path) -> None:
    """Write a scenario: all of it as JSON, its table as CSV or XLSX."""
    if out.suffix.lower() == ".json":
        write_json(_as_json(result), out)
    else:
        write_table(result.table, out)


def _as_json(result: ScenarioResult) -> dict[str, Any]:
    made = result.scenario
    return {
        "note": _texts(result)("scenario_note"),
        "model": result.model,
        "measure": result.measure,
        "unit": MEASURES[result.measure].mark,
        "simulated": result.simulated,
        "settings": list(result.settings),
        "refits": made.refits,
        "coverage": COVERAGE if made.refits else None,
        "skill": [
            {
                "view": view,
                "horizon": horizon,
                **_worth(result.skill, view, horizon),
                **sentence.text,
            }
            for view, horizon, sentence in skill_sentences(result)
        ],
        "changes": _records(result.table),
        "moves": _records(made.moves),
        "refused": dict(made.refused),
        "support": {city: asdict(own) for city, own in made.support.items()},
    }


def _records(table: pd.DataFrame) -> list[dict[str, Any]]:
    records: list[dict[str, Any]] = json.loads(table.to_json(orient="records", double_precision=15))
    return records


def show_scenario(result: ScenarioResult, console: Console) -> None:
    """Show what moved, the change of each view with its interval, and what must be known of it."""
    texts, made = _texts(result), result.scenario
    if result.simulated:
        say(console, texts.of_places("SIMULATED DATA: the cities are made up."), style="bold")
    note = texts("scenario_note")["en"]
    moves = texts.of_places("Only the city itself moves; the past of the outcome stays.")
    say(console, f"{note} {moves}")
    for view, _, sentence in skill_sentences(result):
        say(console, f"{texts(f'city_view_{view}')['en']}: {sentence.text['en']}")
    unit = MEASURES[result.measure].mark
    if len(made.support) > IN_FULL:
        console.print(_changes("", result.table, unit, named=True))
        say(console, "What moves, and what lies outside the data: --out NAME.json.")
    else:
        for city, own in made.support.items():
            _show_moves(console, city, made.moves[made.moves["city"] == city])
            rows = result.table[result.table["city"] == city]
            console.print(_changes(f"{city}: what changes", rows, unit))
            for own_note in (*own.notes, *_quiet(rows)):
                say(console, f"{city}: {own_note}")
    for city, reason in made.refused.items():
        say(console, f"{city}: not moved. {reason}")
    say(console, _interval(made.refits))
    if result.out is not None:
        say(console, f"{result.out}: {len(made.table)} rows")


def _show_moves(console: Console, city: str, moves: pd.DataFrame) -> None:
    columns = [
        *(("what", "{what}"), ("", "{kind}"), ("year", "{year:}"), ("before", "{before:,.4g}")),
        *(("after", "{after:,.4g}"), ("unit", "{unit}"), ("because", "{because}")),
    ]
    twice = set(moves.loc[moves["name"].duplicated(), "name"])
    marked = [
        f"variable:{name}" if of == VARIABLE and name in twice else name
        for name, of in zip(moves["name"], moves["of"], strict=True)
    ]
    records = moves.assign(what=marked).head(MOVES).to_dict("records")
    console.print(table_of(f"{city}: what moves", columns, records))
    if (rest := len(moves) - MOVES) > 0:
        others = ", ".join(marked[MOVES:])
        say(console, f"{city}: {rest} more follow: {others}. --out NAME.json has their values.")


def _changes(title: str, rows: pd.DataFrame, unit: str, *, named: bool = False) -> Any:
    columns = [
        *([("city", "{city}")] if named else []),
        *(("view", "{view}"), ("skill", "{worth:>8}"), ("year", "{target_year:}")),
        *(("forecast", "{forecast:+.2f}"), ("scenario", "{scenario:+.2f}")),
        *((f"change, {unit}", "{change:+.3f}"), ("from", "{lower:+.3f}"), ("to", "{upper:+.3f}")),
        *([("flags", "{flags}")] if named else []),
    ]
    nil = rows["flags"].str.split(";").map(lambda own: NO_SKILL in own)
    worth = [
        "no skill" if none else "unknown" if skill is None else percent(skill, sign=True)
        for none, skill in zip(
            nil, rows["skill"].astype(object).where(rows["skill"].notna(), None), strict=True
        )
    ]
    return table_of(title, columns, rows.assign(worth=worth, greyed=nil).to_dict("records"))


def _quiet(rows: pd.DataFrame) -> list[str]:
    views = rows.loc[rows["flags"].str.split(";").map(lambda own: NOT_READ in own), "view"].unique()
    return [f"nothing that the {view} view reads has moved" for view in views]


def _interval(refits: int) -> str:
    if not refits:
        return "There is no interval: --refits is 0."
    return (
        f"From and to: between them lie {COVERAGE:.0%} of {refits} refits on provinces and "
        "years drawn anew."
    )
