"""Many similar warnings become one, and a warning that another explains is left out."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from dataclasses import replace

from city_resilience.audit.figures import span
from city_resilience.audit.finding import Finding, correction_line

__all__ = ["fold", "ordered"]

_PATHS = ("spike", "jump")
_TOGETHER = 3
_NAMED = 5
_RETURN_YEARS = 4
_ALONE = {"spike": 10.0, "jump": 15.0}
_JUMPS_EACH = 1
_STOPPED_TOGETHER = 4
_ZEROS_TOGETHER = 5


def fold(findings: Sequence[Finding], outcome: str) -> list[Finding]:
    """Gather warnings about cells that belong together; the outcome's stay as they are.

    Errors stay one by one, but for zeros of one variable in many cities, which one line settles.

    Parameters
    ----------
    findings : sequence of Finding
    outcome : str
        Id of the outcome variable.

    Returns
    -------
    list of Finding
        In no particular order; see `ordered`.
    """
    found = _without_exchanged(_without_wrong(findings))
    found = _into_boundaries(found, outcome)
    found = _city_years(found, outcome)
    found = _by_variable(found, outcome)
    return _zeros_together(_stopped_together(found))


def ordered(findings: Sequence[Finding]) -> tuple[Finding, ...]:
    """Sort errors by variable, city and year, warnings by surprise, notes like errors."""
    rank = {"error": 0, "warning": 1, "note": 2}

    def key(finding: Finding) -> tuple[int, float, str, str, tuple[int, ...], str]:
        surprise = -round(finding.surprise, 6) if finding.severity == "warning" else 0.0
        place = (finding.variable, finding.city, finding.years, finding.check)
        return (rank[finding.severity], surprise, *place)

    return tuple(sorted(findings, key=key))


def _path_warning(finding: Finding, outcome: str) -> bool:
    return (
        finding.check in _PATHS
        and finding.severity == "warning"
        and finding.variable not in ("", outcome)
    )


def _without_wrong(findings: Sequence[Finding]) -> list[Finding]:
    """Leave out what an error says already.

    That is: the same cell's contradiction with its whole, warnings about it, and about a path that
    only returns from it.
    """
    errors = [finding for finding in findings if finding.severity == "error"]
    wrong = {
        (finding.variable, finding.city, year)
        for finding in errors
        if finding.check != "contradiction" and finding.years
        for year in range(finding.years[0], finding.years[-1] + 1)
    }
    return [finding for finding in findings if not _said_by(finding, wrong)]


def _said_by(finding: Finding, wrong: set[tuple[str, str, int]]) -> bool:
    if finding.severity == "warning" and finding.check in _PATHS:
        back = _RETURN_YEARS if finding.check == "jump" else 1
        variable, city, year = _place(finding)
        return any((variable, city, year - earlier) in wrong for earlier in range(back))
    return finding.check == "contradiction" and _place(finding) in wrong


def _place(finding: Finding) -> tuple[str, str, int]:
    return finding.variable, finding.city, finding.years[0] if finding.years else 0


def _without_exchanged(findings: Sequence[Finding]) -> list[Finding]:
    """Leave out the warnings that an exchange of cities explains, the year after included."""
    years = {(f.variable, f.years[0]) for f in findings if f.check == "exchange"}
    years |= {(variable, year + 1) for variable, year in years}
    return [
        finding
        for finding in findings
        if finding.severity != "warning"
        or finding.check not in (*_PATHS, "break")
        or (finding.variable, finding.years[0]) not in years
    ]


def _into_boundaries(findings: Sequence[Finding], outcome: str) -> list[Finding]:
    """Let a boundary change name the levels that moved with it, and be a warning for them."""
    bounds = {(f.city, f.years[0]): f for f in findings if f.check == "boundary"}
    moved: dict[tuple[str, int], list[Finding]] = {}
    rest = []
    for finding in findings:
        where = next(
            (
                (finding.city, year)
                for year in ((finding.years[0], finding.years[0] - 1) if finding.years else ())
                if (finding.city, year) in bounds
            ),
            None,
        )
        if where and finding.check in _PATHS and finding.severity == "warning":
            moved.setdefault(where, []).append(finding)
            if finding.variable != outcome:
                continue
        if finding.check != "boundary":
            rest.append(finding)
    return rest + [_bounded(found, moved.get(where, [])) for where, found in bounds.items()]


def _bounded(boundary: Finding, moved: Sequence[Finding]) -> Finding:
    if not moved:
        return boundary
    names = ", ".join(sorted({finding.variable for finding in moved}))
    return replace(
        boundary,
        severity="warning",
        reason=f"{boundary.reason}; it shows in {names}",
        surprise=max(finding.surprise for finding in moved),
    )


def _gather(
    findings: Sequence[Finding],
    outcome: str,
    key: Callable[[Finding], Hashable],
) -> tuple[list[Finding], list[list[Finding]]]:
    """Split findings into those that stay and groups of warnings about paths."""
    rest: list[Finding] = []
    groups: dict[Hashable, list[Finding]] = {}
    for finding in findings:
        if _path_warning(finding, outcome):
            groups.setdefault(key(finding), []).append(finding)
        else:
            rest.append(finding)
    return rest, list(groups.values())


def _city_years(findings: Sequence[Finding], outcome: str) -> list[Finding]:
    """Make one finding of three or more variables that leave their path in one city and year."""
    rest, groups = _gather(findings, outcome, lambda f: (f.city, f.years[0]))
    for group in groups:
        if len({finding.variable for finding in group}) < _TOGETHER:
            rest += group
            continue
        worst = sorted(group, key=lambda f: (-f.surprise, f.variable))
        jumps = sum(finding.check == "jump" for finding in group)
        rest.append(
            Finding(
                "jump" if 2 * jumps >= len(group) else "spike",
                "warning",
                "",
                group[0].city,
                group[0].years,
                f"{len(group)} variables leave their path at once: "
                f"{_listed([finding.variable for finding in worst])}: another scope, or columns "
                "mixed up?",
                surprise=worst[len(worst) // 2].surprise,
            )
        )
    return rest


def _by_variable(findings: Sequence[Finding], outcome: str) -> list[Finding]:
    """Keep the most surprising cells of a variable and make one finding of the others."""
    rest, groups = _gather(findings, outcome, lambda f: (f.check, f.variable))
    for group in groups:
        worst = sorted(group, key=lambda f: (-f.surprise, f.city, f.years))
        own = [f for f in worst if f.surprise >= _ALONE[f.check]]
        own = own[:_JUMPS_EACH] if worst[0].check == "jump" else own
        others = [finding for finding in worst if finding not in own]
        rest += own
        if len(others) <= 1:
            rest += others
        else:
            rest.append(_rest_of(others))
    return rest


def _rest_of(group: Sequence[Finding]) -> Finding:
    """Return one finding for the cells of a variable, the most surprising first."""
    first = group[0]
    years = [finding.years[0] for finding in group]
    what = "leave their path for a year" if first.check == "spike" else "shift and stay"
    cells = _listed([f"{f.city} {f.years[0]} ({_ratio(f)})" for f in group])
    cities = len({finding.city for finding in group})
    return Finding(
        first.check,
        "warning",
        first.variable,
        "",
        (min(years), max(years)),
        f"{len(group)} city-years {what} in {span(min(years), max(years))}: {cells}",
        cities=cities,
        surprise=first.surprise,
    )


def _ratio(finding: Finding) -> str:
    if not finding.value or not finding.expected:
        return "?"
    return f"×{finding.value / finding.expected:.2g}"


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _NAMED} more" if len(names) > _NAMED else ""
    return ", ".join(names[:_NAMED]) + more


def _stopped_together(findings: Sequence[Finding]) -> list[Finding]:
    """Make one finding of four or more variables that stop in the same year."""
    stopped: dict[tuple[int, ...], list[Finding]] = {}
    for finding in findings:
        if finding.check == "dead" and len(finding.years) == 2:
            stopped.setdefault(finding.years, []).append(finding)
    groups = {years: group for years, group in stopped.items() if len(group) >= _STOPPED_TOGETHER}
    rest = [f for f in findings if not (f.check == "dead" and f.years in groups)]
    for years, group in groups.items():
        names = ", ".join(sorted(finding.variable for finding in group))
        reason = f"{len(group)} variables stop with {years[0] - 1}: {names}"
        rest.append(replace(group[0], variable="", reason=reason))
    return rest


def _zeros_together(findings: Sequence[Finding]) -> list[Finding]:
    """Make one error of zeros that stand for blanks in five or more runs of a variable."""
    runs: dict[str, list[Finding]] = {}
    for finding in findings:
        if finding.check == "zero":
            runs.setdefault(finding.variable, []).append(finding)
    groups = {name: group for name, group in runs.items() if len(group) >= _ZEROS_TOGETHER}
    rest = [f for f in findings if not (f.check == "zero" and f.variable in groups)]
    for name, group in groups.items():
        worst = sorted(group, key=lambda f: (-f.surprise, f.city, f.years))
        first, last = min(f.years[0] for f in group), max(f.years[-1] for f in group)
        cells = [
            f"{f.city} {span(f.years[0], f.years[-1])}" + (f" ({f.cell})" if f.cell else "")
            for f in worst
        ]
        cities = len({finding.city for finding in group})
        reason = (
            f"0 in {cities} cities where their own years before let expect far more, "
            f"{_listed(cells)}: blanks written as zeros?"
        )
        rest.append(
            replace(
                worst[0],
                city="",
                years=(first, last),
                reason=reason,
                expected=None,
                cell="",
                cities=cities,
                correction=correction_line(name, "*", f"{first}-{last}", "drop zeros"),
            )
        )
    return rest
