"""The guesses, one small function for each key of the experiment file or a few that go together."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from city_resilience.drafting.columns import SIZE_ALONE, Role, outcome_id
from city_resilience.drafting.guess import Guess, listed
from city_resilience.drafting.naming import NOUNS, experiment_name, titles
from city_resilience.drafting.outcome import is_trusted
from city_resilience.drafting.overview import Overview
from city_resilience.drafting.profile import HEADER_ENDS
from city_resilience.drafting.schedule import LEAST_SCORED
from city_resilience.experiment.data import LEAST_CITIES

__all__ = ["GUESSES", "OFFICIAL_GROUPS", "is_resolved"]

RESOLVED = 0.8
OFFICIAL_GROUPS = ("region", "yangtze_belt", "chengdu_chongqing", "rank", "size", "resource_type")
_LEAST_GROUP, _MOST_GROUP = 3, 10
_MOST_CARRIED = 5
_STARTS = 40  # characters by which a long header is named


def _name(overview: Overview) -> Iterator[Guess]:
    name = overview.name or experiment_name(overview.label, overview.noun)
    yield Guess(("name",), name, "also the name of the registered model")


def _titles(overview: Overview) -> Iterator[Guess]:
    english, chinese = titles(
        overview.label, overview.noun, (overview.keys.first, overview.keys.last)
    )
    yield Guess(("title",), english, "of the report; from the name of the file")
    yield Guess(("title_zh",), chinese)


def _noun(overview: Overview) -> Iterator[Guess]:
    yield Guess(("noun",), overview.noun, f"what a place is called: {overview.noun_from}")


def _place(overview: Overview) -> Iterator[Guess]:
    if overview.path:
        yield Guess(("data", "path"), overview.path, "relative to this file")
    if overview.sheet:
        yield Guess(("data", "sheet"), overview.sheet)
    if overview.encoding:
        yield Guess(("data", "encoding"), overview.encoding, "as asked")
    if overview.table.decimal:
        why = "begins decimals in the file: numbers there can mean nothing else, or it was asked"
        yield Guess(("data", "decimal"), overview.table.decimal, why)


def _keys(overview: Overview) -> Iterator[Guess]:
    keys = overview.keys
    places = f"{keys.places} {NOUNS[overview.noun][0]}"
    why = f"{places}: with the year it makes each row one"
    larger = keys.province or keys.nation
    apart = keys.code or (larger if keys.places > keys.city.distinct else None)
    if apart:
        why = f"names of {places}; some repeat, and {apart.header!r} tells them apart"
    if keys.set_aside:
        why += f"; further names and codes, not read: {listed([c.header for c in keys.set_aside])}"
    yield Guess(("data", "city"), keys.city.header, why)
    if keys.code:
        yield Guess(("data", "code"), keys.code.header, "tells places of one name apart")
    yield Guess(("data", "year"), keys.year.header, f"{keys.first}-{keys.last}")
    if keys.province:
        why = f"the larger unit of a place; {keys.province.distinct} of them"
        yield Guess(("data", "province"), keys.province.header, why + _countries(overview))

    if keys.nation:
        yield Guess(("data", "nation"), keys.nation.header, _nations(overview))


def _nations(overview: Overview) -> str:
    nation = overview.keys.nation
    assert nation is not None
    levels = overview.keys.level_of(nation)
    sizes = np.bincount(levels[levels >= 0])
    small = int(((sizes > 0) & (sizes < LEAST_CITIES)).sum())
    few = f"; {small} of them have fewer than {LEAST_CITIES} places and are left out"
    return (
        f"{nation.distinct} countries: gaps, ranks, shares and naive rules are relative to a "
        f"place's own{few if small else ''}. Without this line all are compared together"
    )


def _countries(overview: Overview) -> str:
    country = overview.keys.country
    if country is None:
        return ""
    return (
        f". {country.header!r}: {country.distinct} countries stand in one panel, and every gap is "
        "relative to the sum of all places, not to a place's own country: amounts must be in one "
        "currency"
    )


def _groups(overview: Overview) -> Iterator[Guess]:
    keys = overview.keys
    groups = [column.header for column in keys.groups]
    why = "columns that never change for a place: scores are shown by them"
    if keys.country is not None and keys.country in keys.groups:
        why += _countries(overview)
    if is_resolved(overview):
        headers = {column.header for column in overview.table.columns}
        groups += [name for name in OFFICIAL_GROUPS if name not in headers]
        why = "official groups of the gazetteer need no column"
    if groups:
        yield Guess(("data", "groups"), groups, why)


def is_resolved(overview: Overview) -> bool:
    """Whether the gazetteer knows the places well enough to be used."""
    return overview.gazetteer.share >= RESOLVED and not overview.gazetteer.unknown


def _gazetteer(overview: Overview) -> Iterator[Guess]:
    share, unknown = overview.gazetteer.share, overview.gazetteer.unknown
    if is_resolved(overview):
        why = f"{share:.0%} of the names are official units of China"
        yield Guess(("data", "gazetteer"), "china", why)
    elif share >= RESOLVED:
        why = (
            f"{share:.0%} of the names are official units of China, but not {listed(unknown)}: "
            'correct these in the file, then set gazetteer = "china"'
        )
        yield Guess(("data", "gazetteer"), None, why)


def _origin(_overview: Overview) -> Iterator[Guess]:
    yield Guess(("data", "source"), "not stated", "where the data come from: the report prints it")
    yield Guess(("data", "licence"), "not stated", "and under which terms they may be used")


def _known(overview: Overview) -> Iterator[Guess]:
    known = overview.of_use("known")
    if known:
        named = [f"{role.column.header!r} → {role.id}" for role in known]
        why = f"the catalogue knows, and converts where a unit is stated: {', '.join(named)}"
        large = [role.column.header for role in known if role.with_size >= SIZE_ALONE]
        if large:
            why += (
                ". Indicators make ratios of these; as counts they mostly say that large places "
                f"are large: {listed(large)}"
            )
        yield Guess(("data",), None, why)


def _left(overview: Overview) -> Iterator[Guess]:
    left = [f"{role.column.header!r} ({role.why})" for role in overview.of_use("left")]
    if left:
        yield Guess(("data",), None, f"not read: {listed(left, quoted=False)}")


def _long(overview: Overview) -> Iterator[Guess]:
    if long := [
        column.header[:_STARTS] + "…" for column in overview.table.columns if column.is_long
    ]:
        why = f"of these headers only the first and last {HEADER_ENDS} characters were looked at"
        yield Guess(("data",), None, f"{why}: {listed(long)}")


def _units(overview: Overview) -> Iterator[Guess]:
    for role in overview.of_use("known"):
        if role.percent:
            why = "a share with a median above 1, so it is in percent"
            yield Guess(("data", "units", role.column.header), "%", why)


def _columns(overview: Overview) -> Iterator[Guess]:
    for role in overview.of_use("own"):
        key = ("data", "columns", role.column.header)
        table: dict[str, Any] = {"family": role.family}
        if role.id and role.id != role.column.header:
            table["id"] = role.id
        table |= {"unit": role.column.unit} if role.column.unit else {}
        table |= _labels(role.label)
        table |= {"direction": role.direction} if role.direction else {}
        yield Guess(key, table, _about(overview, role))


def _about(overview: Overview, role: Role) -> str:
    if role.column is overview.outcome.deflator:
        return "declared as the deflator; it enters no forecast"
    if role.excluded:
        return "another measure of the outcome: declared, and excluded from the forecast below"
    why = f"{role.family}: {role.why}"
    if role.with_size >= SIZE_ALONE and not role.column.says("population"):
        why += (
            f". It mostly says that large places are large (rank correlation with their size "
            f"{role.with_size:.2f}): a column per head or per area would say more"
        )
    return why


def _labels(label: str) -> dict[str, str]:
    chinese = re.search(r"[\u3400-\u9fff]", label)
    return {"label_zh": label} if chinese else {"label_en": label[:1].upper() + label[1:]}


def _outcome(overview: Overview) -> Iterator[Guess]:
    outcome, column = overview.outcome, overview.outcome.column
    why = {
        "output": "output, by its words",
        "employment": "employment, by its words",
        "income": "income or sales, by its words",
        "rate": "a rate, by its words",
        "": "the column that was named or is alone in question",
    }[outcome.best.kind]
    why += f"; a value for nearly all places from {overview.first} to {overview.last}"
    if others := [own.column.header for own in outcome.others]:
        why += f". It could also be {listed(others)}"
    id = outcome_id(overview.table, outcome)
    if column.match and is_trusted(column, overview.table):
        yield Guess(("outcome", "variable"), id, f"column {column.header!r}: {why}")
        return
    yield Guess(("outcome", "column"), column.header, why)
    yield Guess(("outcome", "variable"), id, "its short name in files")
    stated = "shown beside values; nothing is converted"
    unit = column.unit or ("%" if outcome.scale == "rate" and _in_percent(overview) else "")
    if not unit and outcome.scale == "rate":
        unit = "fraction"
    yield Guess(
        ("outcome", "unit"), unit or None, stated if unit else 'unit = "…": the header states none'
    )
    for key, label in _labels(Role(column, "known").label).items():
        yield Guess(("outcome", key), label)


def _in_percent(overview: Overview) -> bool:
    return bool(np.nanmax(np.abs(overview.outcome.best.values)) > 1)


def _scale(overview: Overview) -> Iterator[Guess]:
    outcome = overview.outcome
    many, own = NOUNS[overview.noun][0], " of a country" if overview.keys.nation else ""
    whole = f"the sum of all {many}{own} is the nation they are compared with"
    meanings = {
        "level": f"amounts that add up: {whole}",
        "log": f"natural logarithms; after exp, {whole}",
        "per_head": "amounts per head: the nation is their weighted mean",
        "index": "numbers that do not add up: the nation grows as its places do on average",
        "rate": "a rate: differences are in points",
    }
    if outcome.scale != "level" or not is_trusted(outcome.column, overview.table):
        yield Guess(("outcome", "scale"), outcome.scale, meanings[outcome.scale])
    if outcome.weight is not None and outcome.scale in ("per_head", "rate", "index"):
        roles = {role.column: role for role in overview.roles}
        role = roles.get(outcome.weight)
        weight = role.id if role and role.id else outcome.weight.header
        yield Guess(("outcome", "weight"), weight, f"column {outcome.weight.header!r}")
    if outcome.scale == "rate":
        better = "more is better" if outcome.direction == 1 else "less is better"
        yield Guess(("outcome", "direction"), outcome.direction, better)


def _prices(overview: Overview) -> Iterator[Guess]:
    outcome = overview.outcome
    if outcome.deflator is not None:
        role = next(own for own in overview.roles if own.column is outcome.deflator)
        name = role.id or outcome.deflator.header
        yield Guess(("outcome", "deflator"), name, "current prices are divided by it")
    elif outcome.best.kind == "output" and outcome.best.prices != "real":
        said = "current prices" if outcome.best.prices else "prices that the header does not state"
        why = (
            f"{said}, and no deflator: the growth of prices is the same for all places only if "
            "prices are; a column at constant prices would say more"
        )
        yield Guess(("outcome",), None, why)


def _horizons(overview: Overview) -> Iterator[Guess]:
    plan = overview.schedule
    why = f"years ahead; {plan.scored} years are scored at the longest"
    if len(plan.horizons) < 3:
        why += f", {overview.last - overview.first + 1} years of the outcome allow no longer one"
    yield Guess(("outcome", "horizons"), list(plan.horizons), why)


def _features(overview: Overview) -> Iterator[Guess]:
    stopped = {
        role.column.header: overview.last - role.last
        for role in overview.roles
        if role.use != "left" and not role.excluded and 0 < role.last < overview.last
    }
    carried = [years for years in stopped.values() if years <= _MOST_CARRIED]
    names = listed(list(stopped))
    if carried:
        why = f"these stop before {overview.last} and may stand in for so many years: {names}"
        yield Guess(("features", "carry_forward"), max(carried), why)
    elif stopped:
        why = f"these stopped over {_MOST_CARRIED} years ago and are missing since: {names}"
        yield Guess(("features", "carry_forward"), None, why)
    excluded = [role.id or role.column.header for role in overview.roles if role.excluded]
    if excluded:
        yield Guess(("features", "exclude"), excluded, "declared above, and no indicators")
    if overview.schedule.min_history != 3:
        why = "a short panel: years before the first one to learn from"
        yield Guess(("features", "min_history"), overview.schedule.min_history, why)


def _evaluation(overview: Overview) -> Iterator[Guess]:
    plan = overview.schedule
    enough = (
        "" if plan.scored >= LEAST_SCORED else f"; fewer than {LEAST_SCORED}, so scores are unsure"
    )
    why = f"the first year that is scored; {plan.scored} are{enough}"
    yield Guess(("evaluation", "first_origin"), plan.first_origin, why)
    why = "years before it that only weigh the models"
    yield Guess(("evaluation", "warmup_origins"), plan.warmup_origins, why)
    sizes = _group_sizes(overview)
    if sizes:
        least = int(np.clip(np.median(sizes), _LEAST_GROUP, _MOST_GROUP))
        why = "smallest group that is shown; the usual size here, ten at the most"
        yield Guess(("evaluation", "min_group"), least, why)


def _group_sizes(overview: Overview) -> list[int]:
    keys = overview.keys
    columns = [*keys.groups, *filter(None, [keys.province, keys.nation])]
    levels = [keys.level_of(column) for column in columns]
    return [int(n) for own in levels for n in np.bincount(own[own >= 0]) if n]


GUESSES: tuple[Callable[[Overview], Iterator[Guess]], ...] = (
    _name,
    _titles,
    _noun,
    _place,
    _keys,
    _gazetteer,
    _groups,
    _origin,
    _known,
    _left,
    _long,
    _units,
    _columns,
    _outcome,
    _scale,
    _prices,
    _horizons,
    _features,
    _evaluation,
)
"""In the order of the file; each yields what the panel gives rise to."""
