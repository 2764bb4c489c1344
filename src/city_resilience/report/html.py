"""Pages that need nothing from outside: styles, scripts and data stand in one file.

A template lays out texts, tables and figures; nothing is computed in it. Both languages are in the
page, of which a style sheet shows one. A content security policy forbids it to load anything.
"""

from __future__ import annotations

import json
import re
from base64 import b64encode
from functools import cache, partial
from hashlib import sha256
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from city_resilience.files import check_suffix, write_bytes
from city_resilience.report import formatting
from city_resilience.report.drawing import draw_chart
from city_resilience.report.squeezing import squeezed
from city_resilience.report.texts import LANGUAGES, Both, Texts, both, unit_words

if TYPE_CHECKING:
    from jinja2 import Environment
    from markupsafe import Markup

__all__ = ["content_policy", "page_json", "render_page", "render_text", "write_page"]


def render_page(
    template: str,
    say: Texts,
    *,
    styles: tuple[str, ...],
    scripts: tuple[str, ...],
    data: Any,
    rules: str = "",
    **values: Any,
) -> str:
    """Return a page as one self-contained HTML document.

    Parameters
    ----------
    template, styles, scripts : str
        Names of files among the package's assets.
    say : Texts
        The template has it as ``t`` (a text by its key), ``slots`` and ``unit_words``.
    data
        What the scripts read, as JSON.
    rules : str
        Style rules that depend on what is shown.
    **values
        What the template lays out.
    """
    from markupsafe import Markup

    style = "\n".join([*(_close(_asset(name)) for name in styles), rules])
    script = "\n".join(_inert(_lean(_asset(name))) for name in scripts)
    page = (
        _environment(escape=True)
        .get_template(template)
        .render(
            **values,
            t=lambda key, **figures: _said(say(key, **figures)),
            say=say,
            slots=partial(_slots, say),
            unit_words=unit_words,
            style=Markup(style),
            script=Markup(script),
            policy=Markup(content_policy(style, script)),
            data=Markup(page_json(data)),
        )
    )
    return str(page)


def content_policy(style: str, script: str) -> str:
    """Return the policy that lets a page use its own style and script, and nothing else."""
    own = {"script-src": script, "style-src": style}
    hashes = {
        name: b64encode(sha256(text.encode()).digest()).decode() for name, text in own.items()
    }
    allowed = "".join(f"; {name} 'sha256-{value}'" for name, value in hashes.items())
    return f"default-src 'none'{allowed}; img-src data:; base-uri 'none'; form-action 'none'"


def render_text(template: str, **values: Any) -> str:
    """Return a text that is no HTML, such as Markdown, from its template."""
    return str(_environment(escape=False).get_template(template).render(**values))


def write_page(page: str, path: Path | str) -> Path:
    """Write a page to a file that ends in ``.html`` or ``.htm``, whole or not at all.

    Raises
    ------
    InputError
        If the name has another ending or the place cannot be written to.
    """
    check_suffix(path, (".html", ".htm"))
    return write_bytes(page.encode(), path)


def page_json(value: Any) -> str:
    """Write JSON that can stand inside a script element whatever its strings hold."""
    text = json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    for character in "<>&\u2028\u2029":
        text = text.replace(character, f"\\u{ord(character):04x}")
    return text


@cache
def _environment(*, escape: bool) -> Environment:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("city_resilience.report", "assets"),
        autoescape=escape,
        keep_trailing_newline=not escape,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "said": _said,
        "address": partial(quote, safe=""),
        "attribute": _attribute,
        "drawn": draw_chart,
        "kind": lambda figure: type(figure).__name__,
        "of_kind": lambda id, kind: (kind, id),
        "interval": formatting.interval,
        "percent": _percent,
        "signed": formatting.signed,
        "squeezed": squeezed,
        "tone": formatting.tone,
        "unsigned": formatting.unsigned,
    }
    return environment


def _asset(name: str) -> str:
    folder = files("city_resilience.report").joinpath("assets")
    return folder.joinpath(name).read_text(encoding="utf-8")


def _close(style: str) -> str:
    """Return a style sheet without comments, and without spaces beside braces and semicolons."""
    return re.sub(r"\s*([{};])\s*", r"\1", re.sub(r"/\*.*?\*/\s*", "", style, flags=re.DOTALL))


def _lean(script: str) -> str:
    """Return a script without indents and lines that are comments."""
    return re.sub(r"^[ \t]+|^[ \t]*//.*\n", "", script, flags=re.MULTILINE)


def _inert(script: str) -> str:
    """Return a script that cannot end the script element it stands in."""
    return script.replace("</script", "<\\/script").replace("<!--", "<\\!--")


def _said(text: Both | str) -> Markup:
    """Return a text as HTML: both languages, of which the style sheet shows one."""
    from markupsafe import Markup, escape

    if isinstance(text, str):
        return escape(_unbroken(text))
    en, zh = (escape(_unbroken(text[lang])) for lang in LANGUAGES)
    if en == zh:
        return en
    return Markup(f'<span lang="en">{en}</span><span lang="zh">{zh}</span>')


def _percent(share: float | None, digits: int = 0, *, sign: bool = False) -> Both:
    """Write a share in percent as each language does."""
    return both(lambda lang: formatting.percent(share, digits, sign=sign, lang=lang))


def _unbroken(text: str) -> str:
    """Keep a figure and its unit on one line."""
    return re.sub(r" (?=(?:pp|%)(?!\w))", "\u00a0", text)


def _attribute(text: Both | str, name: str = "") -> Markup:
    """Return an attribute of an element in both languages, of which the script sets one.

    Without a name it is the text of the element, for those that take no other element. A space
    stands before it.
    """
    from markupsafe import Markup

    if not text:
        return Markup("")
    if isinstance(text, str):
        return Markup(' {}="{}"').format(name, text)
    place = Markup(' data-attribute="{}"').format(name) if name else Markup("")
    return place + Markup(' data-en="{en}" data-zh="{zh}"').format(**text)


def _slots(say: Texts, key: str, *names: str, **figures: Both) -> Markup:
    """Return a text with empty places that the script fills; a name with ``#`` gets the unit."""
    from markupsafe import Markup

    places: dict[str, Both | str] = {**figures}
    for name in names:
        place = f"\x02{name.removesuffix('#')}\x03"
        places[name.removesuffix("#")] = say.figure(place) if name.endswith("#") else place
    filled = re.sub("\x02(\\w+)\x03", r'<b data-v="\1"></b>', str(_said(say(key, **places))))
    return Markup(filled)
