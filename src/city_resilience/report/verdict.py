"""The verdict in words: better than naive or not, and what the indicators add to history."""

from __future__ import annotations

from typing import Any

from city_resilience.evaluation.candidates import HISTORY_ONLY
from city_resilience.report.plain import plain
from city_resilience.report.texts import LANGUAGES, load_texts, model_name, signed, unsigned

__all__ = ["FEW_YEARS", "verdict", "worth"]

FEW_YEARS = 8


def worth(row: dict[str, Any]) -> str:
    """Classify what the indicators add to history only.

    Parameters
    ----------
    row : dict
        The served model's row of the skill table.

    Returns
    -------
    str
        "history" (the model is history only), "absent" (nothing to compare with), "unknown" (no
        interval), "none" (the interval includes zero), "gain" or "loss".
    """
    if row["model"] == HISTORY_ONLY:
        return "history"
    if row["difference_history"] is None:
        return "absent"
    low, high = row["difference_low"], row["difference_high"]
    if low is None or high is None:
        return "unknown"
    if low <= 0 <= high:
        return "none"
    return "gain" if high < 0 else "loss"


def verdict(
    table: list[dict[str, Any]],
    years: dict[str, Any],
    horizon: int,
    level: float,
    measure: str = "growth_gap",
) -> dict[str, Any]:
    """Return the verdict at one horizon.

    Parameters
    ----------
    table, years : list, dict
        The skill table and the yearly errors of this horizon.
    level : float
        Level of the interval, for example 0.95.
    measure : str
        Id of what is forecast.

    Returns
    -------
    dict
        ``sentence`` and ``caution`` (language → text, caution "" when there are enough years),
        and for the tiles ``mae``, ``naive``, ``naive_mae``, ``skill``, ``wins``, ``of``,
        ``worth``, ``difference``, ``low``, ``high``.
    """
    row = next(entry for entry in table if entry["served"])
    naive = next((entry for entry in table if entry["best_naive"]), None)
    count = years["of"] or len(years["years"]) or row["years"] or 0
    return {
        "sentence": {
            lang: _sentence(
                lang, row, texts, naive=naive, years=years, horizon=horizon, level=level
            )
            for lang, texts in load_texts(measure).items()
        },
        "caution": {
            lang: load_texts()[lang]["few_years"].format(years=count) if count < FEW_YEARS else ""
            for lang in LANGUAGES
        },
        "mae": row["mae"],
        "naive": naive["model"] if naive else None,
        "naive_mae": naive["mae"] if naive else None,
        "skill": _skill(row, naive),
        "wins": years["wins"],
        "of": years["of"],
        "worth": worth(row),
        "difference": row["difference_history"],
        "low": row["difference_low"],
        "high": row["difference_high"],
    }


def _skill(row: dict[str, Any], naive: dict[str, Any] | None) -> float | None:
    if naive is None or not naive["mae"] or row["mae"] is None:
        return None
    return plain(1 - row["mae"] / naive["mae"])


def _sentence(
    lang: str,
    row: dict[str, Any],
    texts: dict[str, str],
    *,
    naive: dict[str, Any] | None,
    years: dict[str, Any],
    horizon: int,
    level: float,
) -> str:
    skill = _skill(row, naive)
    percent = 0 if skill is None else round(100 * skill)
    if naive is not None and naive["model"] == row["model"]:
        key = "is_naive"
    elif skill is None:
        key = "alone"
    else:
        key = "better" if percent > 0 else "worse" if percent < 0 else "same"
    return texts[f"verdict_{key}"].format(
        ahead=texts["ahead_one" if horizon == 1 else "ahead"].format(h=horizon),
        served=model_name(row["model"], lang),
        mae=unsigned(row["mae"] or 0.0),
        percent=abs(percent),
        naive=model_name(naive["model"], lang) if naive else "",
        naive_mae=unsigned(naive["mae"]) if naive else "",
        wins=years["wins"],
        years=years["of"],
        worth=_worth_text(texts, row, level),
    )


def _worth_text(texts: dict[str, str], row: dict[str, Any], level: float) -> str:
    kind = worth(row)
    text = texts[f"worth_{kind}"]
    if kind not in {"gain", "none", "loss"}:
        return text
    change, low, high = (
        row[name] for name in ("difference_history", "difference_low", "difference_high")
    )
    write = signed if kind == "none" else unsigned
    bounds = (-high, -low) if kind == "gain" else (low, high)
    return text.format(
        change=signed(change, 3),
        gain=unsigned(-change, 3),
        loss=unsigned(change, 3),
        level=f"{100 * level:g}",
        low=write(bounds[0], 3),
        high=write(bounds[1], 3),
    )
