"""The panels of each day in the summary: how far a backtest was in real time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pandas as pd

from city_resilience.report.formatting import rounded
from city_resilience.report.texts import Both, Texts, joined

__all__ = ["vintage_part", "vintage_sentence"]

_DIGITS = 2


def vintage_part(vintages: pd.DataFrame | None) -> dict[str, Any] | None:
    """Compute what the report shows of the panels that the scored origins read.

    Parameters
    ----------
    vintages : DataFrame
        ``VINTAGE_COLUMNS`` of the scored origins; None for a backtest on one panel.

    Returns
    -------
    dict or None
        ``origins`` (how many), ``in_time`` (how many of them read a panel of their day),
        ``revised`` (share of the outcomes they read that differ now, 0 to 1) and ``revision`` (mean
        absolute revision of the newest label of an origin) and ``errors`` (of the audit, that stand
        in these panels).
    """
    if vintages is None or vintages.empty:
        return None
    read = int(vintages["outcomes"].sum())
    return {
        "origins": len(vintages),
        "in_time": int(vintages["real_time"].sum()),
        "revised": rounded(vintages["revised"].sum() / read if read else 0.0, 4),
        "revision": rounded(vintages["label_revision"].mean(), _DIGITS),
        "errors": int(vintages.drop_duplicates("vintage")["errors"].sum()),
    }


def vintage_sentence(part: Mapping[str, Any], say: Texts) -> Both:
    """Say how many origins read the panel of their day, and what was revised since."""
    every = part["in_time"] == part["origins"]
    told = [say("real_time_all" if every else "real_time_some", **part)]
    told.append(say("real_time_since", **part))
    if part["errors"]:
        told.append(say("real_time_errors", **part))
    return joined(told)
