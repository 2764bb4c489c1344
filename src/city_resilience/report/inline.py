"""What a page holds inside itself: styles, scripts and data, safe to stand in HTML."""

from __future__ import annotations

import json
from importlib.resources import files
from typing import Any

__all__ = ["page_asset", "page_json", "page_script"]


def page_asset(name: str) -> str:
    """Return a file of the package's assets as text."""
    folder = files("city_resilience.report").joinpath("assets")
    return folder.joinpath(name).read_text(encoding="utf-8")


def page_json(value: Any) -> str:
    """Write JSON that can stand inside a script element whatever its strings hold."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


def page_script(text: str) -> str:
    """Return a script that cannot end the script element it stands in."""
    return text.replace("</script", "<\\/script").replace("<!--", "<\\!--")
