"""The page: one jinja2 template filled with the summary, its figures and the drawing library.

Nothing is computed here. The file needs no network: plotly.js comes from the plotly package,
styles and scripts are inlined, and a content security policy forbids the page to load anything.
"""

from __future__ import annotations

import os
import tempfile
from pathlib import Path
from typing import Any

from city_resilience.errors import InputError
from city_resilience.report.figures import build_figures
from city_resilience.report.inline import page_asset, page_json, page_script
from city_resilience.report.texts import load_texts

__all__ = ["SCRIPTS", "render_report", "write_report"]


def render_report(summary: dict[str, Any]) -> str:
    """Return the report as one self-contained HTML document.

    Parameters
    ----------
    summary : dict
        What `summarise` returned.
    """
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup
    from plotly.offline import get_plotlyjs

    texts = load_texts(summary["measure"]["id"])
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.from_string(page_asset("report.html.j2")).render(
        summary=summary,
        texts=texts,
        t=texts["en"],
        style=Markup(page_asset("report.css")),
        plotly=Markup(page_script(get_plotlyjs())),
        script=Markup("\n".join(page_script(page_asset(name)) for name in SCRIPTS)),
        data=Markup(page_json({**_without_outcomes(summary), "figures": build_figures(summary)})),
        words=Markup(page_json(texts)),
    )
    return str(page)


def write_report(summary: dict[str, Any], path: Path | str) -> Path:
    """Write the report to a file, whole or not at all.

    Parameters
    ----------
    summary : dict
        What `summarise` returned.
    path : Path
        The HTML file; its folder is made when missing.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        If the path is a folder or cannot be written to.
    """
    path = Path(path)
    if path.is_dir():
        raise InputError(f"{path}: the output is a folder; name a file in it")
    page = render_report(summary)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise InputError(
            f"{path}: the folder cannot be written to ({error.strerror}); choose another place"
        ) from error
    try:
        with os.fdopen(handle, "w", encoding="utf-8", newline="\n") as file:
            file.write(page)
        Path(name).chmod(0o644)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
    return path


SCRIPTS = ("base.js", "tables.js", "study.js", "intervals.js", "city.js", "page.js")


def _without_outcomes(summary: dict[str, Any]) -> dict[str, Any]:
    slim = {
        horizon: {
            **part,
            "outcomes": {
                origin: {k: v for k, v in year.items() if k not in {"city", "forecast", "truth"}}
                for origin, year in part["outcomes"].items()
            },
        }
        for horizon, part in summary["by_horizon"].items()
    }
    return {**summary, "by_horizon": slim}
