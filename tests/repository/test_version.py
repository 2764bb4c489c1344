"""The version is the same wherever it stands, and the changelog tells of it."""

from __future__ import annotations

import re

import yaml

from city_resilience import __version__
from places import ROOT

RELEASE = re.compile(r"^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d{2}-\d{2})$", re.MULTILINE)


def test_newest_release_of_the_changelog_is_the_version_of_the_package_and_of_the_citation():
    releases = RELEASE.findall((ROOT / "CHANGELOG.md").read_text("utf-8"))
    assert releases == sorted(releases, reverse=True)
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    cited = (str(citation["version"]), str(citation["date-released"]))
    assert releases[0] == cited
    assert releases[0][0] == __version__


def test_every_entry_of_the_changelog_stands_in_a_group_of_its_release():
    text = (ROOT / "CHANGELOG.md").read_text("utf-8")
    assert text.index("## [Unreleased]") < text.index(f"## [{__version__}]")
    groups = set(re.findall(r"^### (.*)$", text, re.MULTILINE))
    assert groups <= {"Added", "Changed", "Deprecated", "Removed", "Fixed", "Security"}
