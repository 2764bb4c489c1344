"""The lock holds for each Python version; MLflow's environment is made from it."""

from __future__ import annotations

import re
import subprocess
import sys
import tomllib

import pytest
import yaml
from packaging.markers import Marker
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

from places import ROOT

LOCK = (ROOT / "requirements.lock").read_text("utf-8")
PIN = re.compile(r"^([A-Za-z0-9._-]+==[^\\\n]+?)\s*\\\n((?:    --hash=\S+(?: \\)?\n?)+)", re.M)
PLATFORMS = ("linux", "win32", "darwin")
PYTHONS = ("3.11", "3.12", "3.13")
TARGETS = [(python, platform) for python in PYTHONS for platform in PLATFORMS]
each_target = pytest.mark.parametrize(("python", "platform"), TARGETS)


def applies(marker: Marker | None, python: str, platform: str) -> bool:
    if marker is None:
        return True
    version = {"python_version": python, "python_full_version": f"{python}.0"}
    return marker.evaluate({**version, "sys_platform": platform})


def installed(python: str, platform: str) -> dict[str, list[Requirement]]:
    """Return the lock's pins on one Python version and platform, by package."""
    found: dict[str, list[Requirement]] = {}
    for text, _ in PIN.findall(LOCK):
        pin = Requirement(text)
        if applies(pin.marker, python, platform):
            found.setdefault(canonicalize_name(pin.name), []).append(pin)
    return found


def declared() -> list[Requirement]:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    extras = [line for lines in project["optional-dependencies"].values() for line in lines]
    every = [Requirement(line) for line in project["dependencies"] + extras]
    return [requirement for requirement in every if requirement.name != project["name"]]


def test_every_pin_has_hashes():
    heads = re.findall(r"^[^\s#].*==", LOCK, re.M)
    assert len(PIN.findall(LOCK)) == len(heads) > 100


@each_target
def test_every_package_has_one_version(python, platform):
    locked = installed(python, platform)
    assert len(locked) > 100
    assert {name: pins for name, pins in locked.items() if len(pins) > 1} == {}


def test_lock_names_no_address_and_no_path():
    assert "://" not in LOCK
    assert not re.search(r"^\s*-(?!-hash=)", LOCK, re.M)
    assert not re.search(r"(^|\s)(/|[A-Za-z]:\\)\w", LOCK, re.M)


@each_target
def test_lock_satisfies_what_the_project_declares(python, platform):
    locked = installed(python, platform)
    for requirement in declared():
        if not applies(requirement.marker, python, platform):
            continue
        [pin] = locked[canonicalize_name(requirement.name)]
        [specifier] = pin.specifier
        assert requirement.specifier.contains(specifier.version), f"{pin} against {requirement}"


@each_target
def test_exactly_one_xgboost_is_installed(python, platform):
    chosen = [name for name in ("xgboost", "xgboost-cpu") if name in installed(python, platform)]
    assert chosen == ["xgboost" if platform == "darwin" else "xgboost-cpu"]


@pytest.mark.parametrize("platform", PLATFORMS)
def test_python_3_12_and_newer_need_no_numba(platform):
    assert "numba" in installed("3.11", platform)
    for python in PYTHONS[1:]:
        assert {"numba", "llvmlite"}.isdisjoint(installed(python, platform))


def test_python_env_is_what_the_lock_gives():
    script = ROOT / "scripts" / "python_env.py"
    written = subprocess.run(
        [sys.executable, str(script)], capture_output=True, check=True, timeout=60
    ).stdout.decode("utf-8")
    found = (ROOT / "python_env.yaml").read_text("utf-8")
    assert set(yaml.safe_load(found)) == {"dependencies"}, "MLflow would fetch another Python"
    assert found == written.replace("\r\n", "\n"), "python_env.yaml is out of date; run: make lock"
