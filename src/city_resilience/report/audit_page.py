"""The page of an audit: one template that lays out what `summarise_audit` returned."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from city_resilience.files import check_suffix, write_json
from city_resilience.report.audit_summary import summarise_audit
from city_resilience.report.html import render_page, write_page
from city_resilience.report.texts import Texts

__all__ = ["SUFFIXES", "render_audit", "write_audit"]

SUFFIXES = (".html", ".json")
COPYING = ("copied", "copy_failed", "copy_correction", "copy_acceptance")


def render_audit(audit: Mapping[str, Any]) -> str:
    """Return the audit as one self-contained HTML document.

    Parameters
    ----------
    audit : mapping
        What `audit.AuditResult.as_dict` returned.
    """
    summary, say = summarise_audit(audit), Texts(noun=audit.get("noun", "city"))
    data = {
        "title": summary["title"],
        "years": [entry["year"] for entry in summary["years"]],
        "words": {key: say(key) for key in COPYING},
    }
    return render_page(
        "audit.html.j2",
        say,
        styles=("report.css", "audit.css"),
        scripts=("base.js", "audit.js"),
        data=data,
        audit=summary,
    )


def write_audit(audit: Mapping[str, Any], path: Path | str) -> Path:
    """Write the audit as a page or as JSON, by the path's suffix, whole or not at all.

    Parameters
    ----------
    audit : mapping
        What `audit.AuditResult.as_dict` returned.
    path : Path
        Ends in ``.html`` or ``.json``; missing folders are made.

    Raises
    ------
    InputError
        If the suffix is not known or the place cannot be written to.
    """
    if check_suffix(path, SUFFIXES) == ".json":
        return write_json(audit, path)
    return write_page(render_audit(audit), path)
