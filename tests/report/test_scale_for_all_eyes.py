"""The colours of the chances: neutral in the middle, and told apart by colour-blind eyes."""

from __future__ import annotations

import re
from importlib.resources import files

import numpy as np
import pytest

from city_resilience.arrays import Float

EYES = {
    "usual": np.eye(3),
    "protanopia": np.array(
        [
            [0.152286, 1.052583, -0.204868],
            [0.114503, 0.786281, 0.099216],
            [-0.003882, -0.048116, 1.051998],
        ]
    ),
    "deuteranopia": np.array(
        [
            [0.367322, 0.860646, -0.227968],
            [0.280085, 0.672501, 0.047413],
            [-0.011820, 0.042940, 0.968881],
        ]
    ),
}
"""Linear RGB as such eyes see it: Machado, Oliveira and Fernandes (2009), severity 1."""
XYZ = np.array(
    [
        [0.4124564, 0.3575761, 0.1804375],
        [0.2126729, 0.7151522, 0.0721750],
        [0.0193339, 0.1191920, 0.9503041],
    ]
)
SEEN_APART = 6.0
"""Distance in CIE Lab from which two colours beside each other are told apart; 2.3 is just so."""


def _scales() -> dict[str, Float]:
    """Return the ten colours of each theme as linear RGB."""
    style = files("city_resilience.report").joinpath("assets", "charts.css").read_text("utf-8")
    colours = [
        [int(colour[k : k + 2], 16) / 255 for k in (0, 2, 4)]
        for colour in re.findall(r"--b\d: #([0-9a-f]{6})", style)
    ]
    light, dark = np.array(colours[:10]), np.array(colours[10:])
    return {"light": _linear(light), "dark": _linear(dark)}


def _linear(colours: Float) -> Float:
    return np.where(colours <= 0.04045, colours / 12.92, ((colours + 0.055) / 1.055) ** 2.4)


def _lab(linear: Float, eye: str) -> Float:
    """Return CIE Lab (D65) of linear RGB as an eye sees it."""
    seen = np.clip(linear @ EYES[eye].T, 0, 1) @ XYZ.T / XYZ.sum(axis=1)
    cut = np.where(seen > 216 / 24389, np.cbrt(seen), (24389 / 27 * seen + 16) / 116)
    x, y, z = cut.T
    return np.stack([116 * y - 16, 500 * (x - y), 200 * (y - z)], axis=1)


def _far(one: Float, other: Float) -> Float:
    return np.asarray(np.linalg.norm(one - other, axis=-1))


@pytest.mark.parametrize("eye", EYES)
@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_sides_and_the_classes_beside_each_other_are_told_apart(theme: str, eye: str) -> None:
    seen = _lab(_scales()[theme], eye)
    assert len(seen) == 10
    sides = _far(seen[:5], seen[:4:-1])
    assert (sides[:4] > 5 * SEEN_APART).all()
    assert (_far(seen[1:], seen[:-1]) > SEEN_APART).all()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_the_middle_is_neutral_and_both_sides_gain_alike(theme: str) -> None:
    seen = _lab(_scales()[theme], "usual")
    chroma = np.linalg.norm(seen[:, 1:], axis=1)
    assert chroma[4:6].max() < 15
    assert chroma[4:6].max() < chroma[[0, 1, 8, 9]].min() / 2
    away = seen[:, 0] * (1 if theme == "light" else -1)
    assert (np.diff(away[:5]) > 0).all()
    assert (np.diff(away[5:]) < 0).all()
    assert (np.abs(seen[:5, 0] - seen[:4:-1, 0]) < 8).all()
