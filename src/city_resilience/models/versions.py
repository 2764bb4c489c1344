"""Versions of what is installed: the packages that numbers depend on."""

from __future__ import annotations

import platform
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version

__all__ = ["installed_versions", "package_versions"]

PACKAGES = ("numpy", "pandas", "scipy", "scikit-learn", "xgboost", "xgboost-cpu", "shap")


def installed_versions(names: Iterable[str]) -> dict[str, str]:
    """Return the version of each distribution that is installed."""
    versions = {}
    for name in names:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            continue
    return versions


def package_versions() -> dict[str, str]:
    """Return the versions of Python and of the packages that numbers depend on."""
    found = installed_versions(PACKAGES)
    return {"python": platform.python_version()} | {
        name.removesuffix("-cpu"): number for name, number in found.items()
    }
