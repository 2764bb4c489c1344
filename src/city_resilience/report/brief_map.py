"""The map of a brief as a picture: dots, rings and a scale, without a word in any language."""

from __future__ import annotations

import io
from collections.abc import Mapping
from typing import Any

__all__ = ["draw_map"]

COLOURS = (
    *("#1b4f8f", "#3572b0", "#6396c8", "#94b7d9", "#c3d0da"),
    *("#dacdbd", "#e4b27e", "#d98c45", "#bd671c", "#8c4306"),
)
"""Of the classes of a chance below zero, as on the page."""
UNKNOWN, INK = "#9a9a9a", "#1f2328"
WIDE, TALLEST = 6.6, 3.4
"""Of the picture, inches."""
POINTS = 72.0
"""In an inch."""
RING = {"risk": "solid", "promising": (0, (2, 1.4))}


def draw_map(placed: Mapping[str, Any]) -> tuple[bytes, float]:
    """Return a map as PNG, and its width in inches; the same map gives the same bytes.

    Parameters
    ----------
    placed : mapping
        As of `map_of`, with ``list`` of each dot.
    """
    from matplotlib.figure import Figure

    wide, tall = placed["width"], placed["height"]
    scale = min(WIDE / wide, TALLEST / tall)
    foot = 0.36
    size = (wide * scale, tall * scale + foot)
    figure = Figure(figsize=size, dpi=200)
    axes = figure.add_axes((0, foot / size[1], 1, 1 - foot / size[1]))
    axes.set(xlim=(0, wide), ylim=(tall, 0))
    axes.axis("off")
    _dots(axes, placed["dots"], scale)
    _scale(figure, size)
    made = io.BytesIO()
    figure.savefig(made, format="png", metadata={"Software": None})
    return made.getvalue(), size[0]


def _dots(axes: Any, dots: Any, scale: float) -> None:
    """Draw the largest dots first, and rings above all."""
    area = [(2 * POINTS * scale * dot["r"]) ** 2 for dot in dots]
    colour = [UNKNOWN if dot["bin"] is None else COLOURS[dot["bin"]] for dot in dots]
    x, y = ([dot[key] for dot in dots] for key in ("x", "y"))
    axes.scatter(x, y, s=area, c=colour, edgecolors="white", linewidths=0.4)
    for name, line in RING.items():
        own = [k for k, dot in enumerate(dots) if dot["list"] == name]
        axes.scatter(
            [x[k] for k in own],
            [y[k] for k in own],
            s=[1.6 * area[k] + 16 for k in own],
            facecolors="none",
            edgecolors=INK,
            linewidths=0.9,
            linestyle=line,
        )


def _scale(figure: Any, size: tuple[float, float]) -> None:
    """Draw the classes of the chance as a bar with its ends and its middle."""
    wide = min(2.4, 0.6 * size[0])
    bar = figure.add_axes(((1 - wide / size[0]) / 2, 0.22 / size[1], wide / size[0], 0.1 / size[1]))
    bar.imshow([[(index + 0.5) / 10 for index in range(10)]], aspect="auto", cmap=_colours())
    bar.set_yticks([])
    bar.set_xticks([-0.5, 4.5, 9.5], ["0%", "50%", "100%"], fontsize=7, color=INK)
    bar.tick_params(length=0, pad=2)
    for spine in bar.spines.values():
        spine.set_visible(False)


def _colours() -> Any:
    from matplotlib.colors import ListedColormap

    return ListedColormap(COLOURS)
