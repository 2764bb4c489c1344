"""What came in of a table, in words: columns read, converted and left out, rows set aside."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from city_resilience.report.texts import Both, Texts, both, joined

__all__ = ["account_line", "cut", "summarise_account"]

SHOWN = 5
LINE = 3
Found = Mapping[str, Any]


def summarise_account(account: Found, say: Texts | None = None) -> dict[str, Any]:
    """Return what is shown of an account.

    Parameters
    ----------
    account : mapping
        What `Account.as_dict` returned.

    Returns
    -------
    dict
        ``columns`` and ``rows`` (sentences in both languages, without full stop), ``table`` (one
        row for each column: header, use, unit, remark, read), ``aside`` (one for each reason: why,
        rows, where, names) and ``lists`` (sentences whose names are cut: what was converted, what
        was left out and why, which rows were set aside).
    """
    say = say or Texts()
    columns, aside = account["columns"], account["aside"]
    return {
        "columns": _columns(columns, say),
        "rows": _rows(account, say),
        "table": [_column(column, say) for column in columns],
        "aside": [_aside(one, say) for one in aside],
        "lists": [
            *_encoding(account, say),
            *_lists(columns, say),
            *(_aside_list(one, say) for one in aside),
        ],
    }


def account_line(account: Found, panel: str) -> str:
    """Return one line on what came in, and what shows all of it; "" where it is not known."""
    columns = account["columns"]
    if not columns:
        return ""
    left = [repr(column["header"]) for column in columns if not column["use"]]
    gone = account["rows"] - account["kept"]
    parts = [
        f"{len(columns) - len(left)} of {len(columns)} columns"
        + (f" (left out: {cut(left, LINE)['en']})" if left else ""),
        f"{account['kept']:,} of {account['rows']:,} rows",
    ]
    more = f"; see all with city-resilience check {panel}" if left or gone else ""
    return ", ".join(parts) + more


def cut(names: Sequence[str], most: int = SHOWN) -> Both:
    """Return the first names, and how many more there are.

    Examples
    --------
    >>> cut(["a", "b", "c"], 2)["en"]
    'a, b and 1 more'
    """
    shown, rest = ", ".join(names[:most]), len(names) - most
    return Texts()("account_more", shown=shown, n=rest) if rest > 0 else both(lambda _: shown)


def _encoding(account: Found, say: Texts) -> list[Both]:
    """Say in which encoding a file was read, where that was found out from its words."""
    name = account.get("encoding", "")
    return [say("account_encoding", name=name)] if name else []


def _columns(columns: Sequence[Found], say: Texts) -> Both:
    uses = Counter(_kind(column) for column in columns)
    found = {kind: uses[kind] for kind in ("key", "group", "variable", "left")}
    converted = sum(column["factor"] != 1.0 for column in columns)
    return joined(
        [
            say("account_columns", n=len(columns)),
            *(say(f"account_n_{kind}", n=n) for kind, n in found.items() if n),
            *([say("account_n_converted", n=converted)] if converted else []),
        ],
        say("account_comma"),
    )


def _rows(account: Found, say: Texts) -> Both:
    rows, kept = account["rows"], account["kept"]
    aside = [say("account_n_aside", n=rows - kept)] if rows > kept else []
    return joined(
        [say("account_rows", rows=f"{rows:,}", kept=f"{kept:,}"), *aside], say("account_comma")
    )


def _kind(column: Found) -> str:
    use = str(column["use"])
    return "left" if not use else use if use in ("group", "variable") else "key"


def _column(column: Found, say: Texts) -> dict[str, Any]:
    """Return the line of a column in the table of all."""
    kind = _kind(column)
    became = column["variable"] if kind == "variable" else column["use"]
    factor = f"× {column['factor']:g}" if column["factor"] != 1.0 else ""
    units = (column["written"], column["unit"]) if factor else ("", column["unit"])
    return {
        "header": column["header"],
        "kind": kind,
        "use": say(f"account_kind_{kind}"),
        "became": became,
        "unit": " → ".join(filter(None, units)),
        "factor": factor,
        "why": _why(column, say) if kind == "left" else both(lambda _: ""),
    }


def _why(column: Found, say: Texts) -> Both:
    """Say why a column was left out."""
    return say(f"account_left_{column['why']}", said=column["said"])


def _lists(columns: Iterable[Found], say: Texts) -> list[Both]:
    """Return what was converted, and what was left out for each reason."""
    converted = [
        f"{column['header']!r} ({column['written']} → {column['unit']}, × {column['factor']:g})"
        for column in columns
        if column["factor"] != 1.0
    ]
    found = [say("account_converted", names=cut(converted))] if converted else []
    reasons: dict[str, list[str]] = {}
    for column in columns:
        if not column["use"]:
            reason = _why(column, say)["en"]
            reasons.setdefault(reason, []).append(column["header"])
    why = {_why(column, say)["en"]: _why(column, say) for column in columns if not column["use"]}
    return found + [
        say("account_left", why=why[reason], names=cut([repr(name) for name in names]))
        for reason, names in reasons.items()
    ]


def _aside(one: Found, say: Texts) -> dict[str, Any]:
    """Return the line of one reason in the table of rows set aside."""
    return {
        "why": say(f"account_aside_{one['why']}"),
        "rows": f"{one['rows']:,}",
        "where": ", ".join(_spans(one)),
        "names": ", ".join(one["names"]),
    }


def _aside_list(one: Found, say: Texts) -> Both:
    names = cut(one["names"] or _spans(one))
    key = "account_aside_names" if one["names"] else "account_aside_rows"
    return say(key, n=one["rows"], why=say(f"account_aside_{one['why']}"), names=names)


def _spans(one: Found) -> list[str]:
    return [f"{first}" if first == last else f"{first}–{last}" for first, last in one["spans"]]
