"""Version, citation, checks and exceptions from the rules stand in several files: they agree."""

from __future__ import annotations

import re
import tomllib

import yaml

from city_resilience import __version__
from places import ROOT

PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
RELEASE = re.compile(r"^## \[(\d+\.\d+\.\d+)\] - (\d{4}-\d{2}-\d{2})$", re.MULTILINE)


def test_citation_is_of_this_version():
    citation = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert citation["version"] == __version__
    assert citation["license"] == PROJECT["project"]["license"]
    changes = (ROOT / "CHANGELOG.md").read_text("utf-8")
    newest = RELEASE.search(changes)
    assert newest is not None
    assert newest.groups() == (citation["version"], str(citation["date-released"]))
    assert changes.index("## [Unreleased]") < newest.start()


def test_hooks_before_a_commit_run_what_make_check_runs():
    makefile = (ROOT / "Makefile").read_text("utf-8")
    recipe = re.search(r"^check:.*\n((?:\t.*\n)+)", makefile, re.MULTILINE)
    assert recipe is not None
    checks = {line.split("/")[1].split()[0] for line in recipe[1].splitlines()}
    config = yaml.safe_load((ROOT / ".pre-commit-config.yaml").read_text("utf-8"))
    entries = {hook["entry"].split()[0] for repo in config["repos"] for hook in repo["hooks"]}
    assert entries == {f".venv/bin/{tool}" for tool in checks}


def test_exceptions_from_the_rules_name_files_that_exist():
    exceptions = PROJECT["tool"]["ruff"]["lint"]["per-file-ignores"]
    assert [pattern for pattern in exceptions if not any(ROOT.glob(pattern))] == []


def test_every_workflow_runs_what_submissions_must_pass():
    for path in (ROOT / ".github" / "workflows").glob("*.yml"):
        jobs = yaml.safe_load(path.read_text("utf-8"))["jobs"]
        steps = [step.get("run", "") for job in jobs.values() for step in job["steps"]]
        assert any(".ci/run" in step for step in steps), path.name
