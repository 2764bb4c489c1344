"""The page of an audit: one jinja2 template filled with what `summarise_audit` returned.

Nothing is computed here. Styles, scripts and words are those of the report and the audit's own;
all of them are inlined, and a content security policy forbids the page to load anything.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from city_resilience.files import check_suffix, write_bytes, write_json
from city_resilience.report.audit_summary import summarise_audit
from city_resilience.report.inline import page_asset, page_json, page_script

__all__ = ["SUFFIXES", "render_audit", "write_audit"]

SUFFIXES = (".html", ".json")
STYLES = ("report.css", "audit.css")
SCRIPTS = ("base.js", "audit.js")


def render_audit(audit: Mapping[str, Any]) -> str:
    """Return the audit as one self-contained HTML document.

    Parameters
    ----------
    audit : mapping
        What `audit.AuditResult.as_dict` returned.
    """
    from jinja2 import Environment, StrictUndefined
    from markupsafe import Markup

    summary = summarise_audit(audit)
    data = {"title": summary["title"], "years": [entry["year"] for entry in summary["years"]]}
    environment = Environment(
        autoescape=True, undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    page = environment.from_string(page_asset("audit.html.j2")).render(
        audit=summary,
        texts=summary["words"]["en"],
        style=Markup("\n".join(page_asset(name) for name in STYLES)),
        script=Markup("\n".join(page_script(page_asset(name)) for name in SCRIPTS)),
        data=Markup(page_json(data)),
        words=Markup(page_json(summary["words"])),
    )
    return str(page)


def write_audit(audit: Mapping[str, Any], path: Path | str) -> Path:
    """Write the audit as a page or as JSON, by the path's suffix, whole or not at all.

    Parameters
    ----------
    audit : mapping
        What `audit.AuditResult.as_dict` returned.
    path : Path
        Ends in ``.html`` or ``.json``; missing folders are made.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        If the suffix is not known or the place cannot be written to.
    """
    if check_suffix(path, SUFFIXES) == ".json":
        return write_json(audit, path)
    return write_bytes(render_audit(audit).encode(), path)
