"""Similar issues become one, and a warning that another issue explains is left out."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Sequence
from dataclasses import replace
from typing import Any

from city_resilience.audit import thresholds as limit
from city_resilience.audit.wording import listed, span
from city_resilience.reading.issues import LEVELS, Issue, Place, correction_line

__all__ = ["merge_similar", "ordered"]

_OFF_PATH = ("spike", "jump")
_OF_ONE_CELL: dict[str, Any] = {
    **dict.fromkeys(("value", "expected", "factor")),
    "place": Place(),
    "correction": "",
}


def merge_similar(issues: Sequence[Issue], outcome: str) -> list[Issue]:
    """Merge warnings about cells that belong together; the outcome's stay as they are.

    Errors stay one by one, but for zeros of one variable in many cities, which one line settles.

    Parameters
    ----------
    issues : sequence of Issue
    outcome : str
        Id of the outcome variable.

    Returns
    -------
    list of Issue
        In no particular order; see `ordered`.
    """

    def off_path(issue: Issue) -> bool:
        return _is_off_path(issue) and issue.variable not in ("", outcome)

    found = _without_exchanged(_without_wrong(issues))
    found = _into_boundaries(found, outcome)
    found = _by_group(found, lambda i: (i.city, i.years[0]) if off_path(i) else None, _city_year)
    found = _by_group(found, lambda i: (i.kind, i.variable) if off_path(i) else None, _variable)
    found = _by_group(
        found, lambda i: i.years if i.kind == "dead" and len(i.years) == 2 else None, _stopped
    )
    return _by_group(found, lambda i: i.variable if i.kind == "zero" else None, _zeros)


def ordered(issues: Iterable[Issue]) -> tuple[Issue, ...]:
    """Sort errors by variable, city and year, warnings by surprise, notes like errors."""

    def key(issue: Issue) -> tuple[int, float, str, str, tuple[int, ...], str]:
        surprise = -round(issue.surprise, 6) if issue.level == "warning" else 0.0
        place = (issue.variable, issue.city, issue.years, issue.kind)
        return (LEVELS.index(issue.level), surprise, *place)

    return tuple(sorted(issues, key=key))


def _by_group(
    issues: Iterable[Issue],
    key: Callable[[Issue], Hashable],
    merge: Callable[[list[Issue]], list[Issue]],
) -> list[Issue]:
    """Merge the issues of each key; those whose key is None stay."""
    rest: list[Issue] = []
    groups: dict[Hashable, list[Issue]] = {}
    for issue in issues:
        group = key(issue)
        (rest if group is None else groups.setdefault(group, [])).append(issue)
    return rest + [merged for group in groups.values() for merged in merge(group)]


def _is_off_path(issue: Issue) -> bool:
    return issue.level == "warning" and issue.kind in _OFF_PATH


def _worst_first(issues: Iterable[Issue]) -> list[Issue]:
    return sorted(issues, key=lambda i: (-i.surprise, i.variable, i.city, i.years))


def _reach(issues: Sequence[Issue]) -> tuple[int, int]:
    return min(issue.years[0] for issue in issues), max(issue.years[-1] for issue in issues)


def _without_wrong(issues: Sequence[Issue]) -> list[Issue]:
    """Leave out what an error says already.

    That is: the same cell's contradiction with its total, warnings about it, and about a
    trajectory that only returns from it.
    """
    wrong = {
        (issue.variable, issue.city, year)
        for issue in issues
        if issue.level == "error" and issue.kind != "contradiction" and issue.years
        for year in range(issue.years[0], issue.years[-1] + 1)
    }

    def said(issue: Issue) -> bool:
        if not (_is_off_path(issue) or issue.kind == "contradiction"):
            return False
        back = limit.RETURN_YEARS if issue.kind == "jump" else 1
        return any(
            (issue.variable, issue.city, issue.years[0] - earlier) in wrong
            for earlier in range(back)
        )

    return [issue for issue in issues if not said(issue)]


def _without_exchanged(issues: Sequence[Issue]) -> list[Issue]:
    """Leave out the warnings that an exchange of cities explains, the year after included."""
    exchanged = [issue for issue in issues if issue.kind == "exchange"]
    years = {(issue.variable, issue.years[0] + later) for issue in exchanged for later in (0, 1)}
    return [
        issue
        for issue in issues
        if issue.level != "warning"
        or issue.kind not in (*_OFF_PATH, "break")
        or (issue.variable, issue.years[0]) not in years
    ]


def _into_boundaries(issues: Sequence[Issue], outcome: str) -> list[Issue]:
    """Let a boundary change name the levels that moved with it, and be a warning for them."""
    bounds = {(issue.city, issue.years[0]): issue for issue in issues if issue.kind == "boundary"}
    moved: dict[tuple[str, int], list[Issue]] = {where: [] for where in bounds}
    rest = []
    for issue in issues:
        near = [(issue.city, issue.years[0] - back) for back in (0, 1) if issue.years]
        where = next((place for place in near if place in bounds), None)
        if where and _is_off_path(issue):
            moved[where].append(issue)
            if issue.variable != outcome:
                continue
        if issue.kind != "boundary":
            rest.append(issue)
    return rest + [_bounded(issue, moved[where]) for where, issue in bounds.items()]


def _bounded(boundary: Issue, moved: Sequence[Issue]) -> Issue:
    if not moved:
        return boundary
    names = ", ".join(sorted({issue.variable for issue in moved}))
    return replace(
        boundary,
        level="warning",
        reason=f"{boundary.reason}; it shows in {names}",
        surprise=max(issue.surprise for issue in moved),
    )


def _city_year(group: list[Issue]) -> list[Issue]:
    """Make one of three or more variables that leave their trajectory in one city and year."""
    if len({issue.variable for issue in group}) < limit.TOGETHER:
        return group
    worst = _worst_first(group)
    jumps = sum(issue.kind == "jump" for issue in group)
    kind = "jump" if 2 * jumps >= len(group) else "spike"
    reason = (
        f"{len(group)} variables do not fit their other years at once: "
        f"{listed([issue.variable for issue in worst])}: another scope, or columns mixed up?"
    )
    city, years, surprise = group[0].city, group[0].years, worst[len(worst) // 2].surprise
    return [Issue("warning", kind, reason, city=city, years=years, surprise=surprise)]


def _variable(group: list[Issue]) -> list[Issue]:
    """Keep the most surprising cells of a variable and make one of the others."""
    worst = _worst_first(group)
    jump = worst[0].kind == "jump"
    alone = limit.ALONE_JUMP if jump else limit.ALONE_SPIKE
    own = [issue for issue in worst if issue.surprise >= alone]
    own = own[: limit.JUMPS_EACH] if jump else own
    others = worst[len(own) :]
    if len(others) <= 1:
        return worst
    years, cities = _reach(others), len({issue.city for issue in others})
    cells = listed([f"{issue.city} {issue.years[0]} ({_ratio(issue)})" for issue in others])
    what = "shift and stay" if jump else "do not fit their other years"
    reason = f"{len(others)} city-years {what} in {span(years)}: {cells}"
    merged = replace(others[0], city="", years=years, reason=reason, cities=cities, **_OF_ONE_CELL)
    return [*own, merged]


def _ratio(issue: Issue) -> str:
    if not issue.value or not issue.expected:
        return "?"
    return f"×{issue.value / issue.expected:.2g}"


def _stopped(group: list[Issue]) -> list[Issue]:
    """Make one of four or more variables that stop in the same year."""
    if len(group) < limit.STOPPED_TOGETHER:
        return group
    names = ", ".join(sorted(issue.variable for issue in group))
    reason = f"{len(group)} variables stop with {group[0].years[0] - 1}: {names}"
    return [replace(group[0], variable="", reason=reason)]


def _zeros(group: list[Issue]) -> list[Issue]:
    """Make one error of zeros that stand for blanks in five or more runs of a variable."""
    if len(group) < limit.ZEROS_TOGETHER:
        return group
    worst, years = _worst_first(group), _reach(group)
    cells = [
        f"{issue.city} {span(issue.years)}" + (f" ({issue.place})" if str(issue.place) else "")
        for issue in worst
    ]
    cities = len({issue.city for issue in group})
    reason = (
        f"0 in {cities} cities where far more is expected from their own years before, "
        f"{listed(cells)}: blanks written as zeros?"
    )
    line = correction_line(group[0].variable, "*", span(years, "-"), "drop zeros")
    merged = replace(worst[0], city="", years=years, reason=reason, cities=cities, **_OF_ONE_CELL)
    return [replace(merged, value=0.0, correction=line)]
