"""What a run of `mechanisms` was asked, so that one that was asked other things can be told."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from typing import Any

__all__ = ["PRECISION", "RULES", "asked_hash", "settings_hash"]

RULES = 2
"""To be raised when what is estimated changes although no setting does."""
PRECISION = ("draws", "seed")
"""Settings that say how closely something is computed, not what is."""


def settings_hash(settings: Mapping[str, Any]) -> str:
    """Return a short hash of all settings of ``mechanisms``."""
    return hashlib.sha256(json.dumps(settings, sort_keys=True).encode()).hexdigest()[:16]


def asked_hash(settings: Mapping[str, Any]) -> str:
    """Return a short hash of what is asked: the settings without draws and seed, and the rules.

    Examples
    --------
    >>> asked_hash({"draws": 200, "lags": [1]}) == asked_hash({"draws": 999, "lags": [1]})
    True
    """
    asked = {key: value for key, value in settings.items() if key not in PRECISION}
    return settings_hash({"rules": RULES, **asked})
