"""The lock and the MLflow environment agree with pyproject.toml and with each other."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib
from collections import Counter

import pytest
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from places import ROOT

LOCK = (ROOT / "requirements.lock").read_text("utf-8")
PIN = re.compile(r"^([A-Za-z0-9._-]+==[^\\\n]+?)\s*\\\n((?:    --hash=\S+(?: \\)?\n?)+)", re.M)
PLATFORMS = ("linux", "win32", "darwin")


def pins() -> dict[str, Requirement]:
    found = [Requirement(text) for text, _ in PIN.findall(LOCK)]
    return {canonicalize_name(pin.name): pin for pin in found}


def applies(marker: Marker | None, platform: str) -> bool:
    return marker is None or marker.evaluate({"sys_platform": platform})


def declared() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    return [Requirement(line) for line in project["dependencies"] + extras]


def test_every_package_has_one_version_and_hashes():
    names = [canonicalize_name(Requirement(text).name) for text, _ in PIN.findall(LOCK)]
    heads = re.findall(r"^[^\s#].*==", LOCK, re.M)
    assert len(names) == len(heads) > 100
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_lock_names_no_address_and_no_path():
    assert "://" not in LOCK
    assert not re.search(r"^\s*-(?!-hash=)", LOCK, re.M)
    assert not re.search(r"(^|\s)(/|[A-Za-z]:\\)\w", LOCK, re.M)


@pytest.mark.parametrize("platform", PLATFORMS)
def test_lock_satisfies_what_the_project_declares(platform):
    locked = pins()
    for requirement in declared():
        if not applies(requirement.marker, platform):
            continue
        pin = locked[canonicalize_name(requirement.name)]
        assert applies(pin.marker, platform), f"{pin} is not installed on {platform}"
        (specifier,) = pin.specifier
        assert requirement.specifier.contains(specifier.version), f"{pin} against {requirement}"


@pytest.mark.parametrize("platform", PLATFORMS)
def test_exactly_one_xgboost_is_installed(platform):
    locked = pins()
    chosen = [n for n in ("xgboost", "xgboost-cpu") if applies(locked[n].marker, platform)]
    assert chosen == ["xgboost" if platform == "darwin" else "xgboost-cpu"]


def test_python_env_is_what_the_lock_gives():
    script = ROOT / "scripts" / "python_env.py"
    written = subprocess.run(
        [sys.executable, str(script)], capture_output=True, check=True, timeout=60
    ).stdout.decode("utf-8")
    found = (ROOT / "python_env.yaml").read_text("utf-8")
    assert found == written.replace("\r\n", "\n"), "python_env.yaml is out of date; run: make lock"
