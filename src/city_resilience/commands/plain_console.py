"""A console of rich through which no text of the data commands the terminal."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from rich.console import Console, ConsoleOptions, RenderableType
from rich.segment import Segment
from rich.text import Text

from city_resilience.commands.console import visible

__all__ = ["PlainConsole"]


class PlainConsole(Console):
    """Cleans whatever is rendered, be it a line, a cell, a head or a title."""

    def render_str(self, text: str, **how: Any) -> Text:
        """Return a text as it is laid out, so that its width is that of what is seen."""
        return super().render_str(visible(text), **how)

    def render(
        self, renderable: RenderableType, options: ConsoleOptions | None = None
    ) -> Iterator[Segment]:
        """Yield the segments of what is printed, each as far as it is `visible`."""
        for segment in super().render(renderable, options):
            plain = segment.control or segment.text.isprintable()
            yield segment if plain else Segment(visible(segment.text), segment.style)
