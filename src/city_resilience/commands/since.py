"""What is new in an audit against an earlier one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from city_resilience.errors import InputError
from city_resilience.files import refuse_overwriting
from city_resilience.foreign import read_json

__all__ = ["Compared", "new_since", "read_audit"]

Found = Mapping[str, Any]


@dataclass(frozen=True)
class Compared:
    """An audit beside an earlier one, issue by issue as their ids say.

    Attributes
    ----------
    audit : mapping
        The audit with no issues but the new ones.
    new, gone, unchanged : int
        Numbers of open issues.
    """

    audit: Found
    new: int
    gone: int
    unchanged: int

    @property
    def words(self) -> str:
        """The numbers in words."""
        issues = "issue" if self.new == 1 else "issues"
        return f"{self.new} new {issues}, {self.gone} gone, {self.unchanged} unchanged"


def read_audit(path: Path, out: Path | None = None) -> Found:
    """Read an audit that `check` wrote.

    Parameters
    ----------
    out : Path, optional
        File that is to be written.

    Raises
    ------
    InputError
        If it is no such file, or would be written over.
    """
    if out is not None:
        refuse_overwriting([out], [path])
    do = "name a file written by city-resilience check --out audit.json"
    try:
        audit = read_json(path, do)
        ids = [issue["id"] for issue in audit["issues"]]
    except FileNotFoundError as error:
        raise InputError(f"--since {path}: cannot be read ({error.strerror}); {do}") from error
    except (InputError, TypeError, KeyError) as error:
        raise InputError(f"--since {path}: no audit; {do}") from error
    if not isinstance(audit.get("accepted"), dict) or not all(isinstance(id, str) for id in ids):
        raise InputError(f"--since {path}: no audit; {do}")
    return dict(audit)


def new_since(audit: Found, earlier: Found) -> Compared:
    """Compare the open issues of two audits."""
    known, found = _open(earlier), _open(audit)
    issues = [issue for issue in audit["issues"] if issue["id"] in found - known]
    unmasked = [issue for issue in audit["unmasked"] if issue["id"] not in known]
    return Compared(
        audit={**audit, "issues": issues, "unmasked": unmasked, "accepted": {}},
        new=len(found - known),
        gone=len(known - found),
        unchanged=len(found & known),
    )


def _open(audit: Found) -> set[str]:
    return {issue["id"] for issue in audit["issues"]} - set(audit["accepted"])
