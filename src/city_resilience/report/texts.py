"""Fixed texts of the report in English and Chinese, and the names of models."""

from __future__ import annotations

import tomllib
from functools import cache
from importlib.resources import files

from city_resilience.forecasting.backtest import HISTORY_ONLY
from city_resilience.forecasting.baselines import BASELINES

__all__ = ["LANGUAGES", "kind_of", "load_texts", "model_name", "signed", "unsigned"]

LANGUAGES = ("en", "zh")


@cache
def load_texts() -> dict[str, dict[str, str]]:
    """Return the shipped texts: language → key → text."""
    source = files("city_resilience.report").joinpath("texts.toml")
    texts: dict[str, dict[str, str]] = tomllib.loads(source.read_text(encoding="utf-8"))
    return texts


def kind_of(model: str) -> str:
    """Return ``"naive"``, ``"reference"`` or ``"learner"``."""
    if model == HISTORY_ONLY:
        return "reference"
    return BASELINES[model].kind if model in BASELINES else "learner"


def model_name(model: str, language: str) -> str:
    """Return a model's name in words, or its id when the texts do not know it."""
    return load_texts()[language].get(f"model_{model}", model)


def signed(number: float, digits: int = 2) -> str:
    """Write a number with its sign, a true minus, and no negative zero.

    Examples
    --------
    >>> signed(0.126), signed(-1), signed(-0.001)
    ('+0.13', '−1.00', '0.00')
    """
    text = f"{number:+.{digits}f}"
    return text[1:] if float(text) == 0 else text.replace("-", "−")


def unsigned(number: float, digits: int = 2) -> str:
    """Write a number with a true minus where it is negative, and no plus.

    Examples
    --------
    >>> unsigned(1.449), unsigned(-0.5)
    ('1.45', '−0.50')
    """
    return signed(number, digits).removeprefix("+")
