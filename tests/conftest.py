"""What holds for every test."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import settings

SHARED = Path(__file__).parents[2] / "shared" / "data"

settings.register_profile("project", deadline=None)
settings.load_profile("project")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip a test of ``real_data`` whose files, named beside the marker, are not there."""
    for item in items:
        for mark in item.iter_markers("real_data"):
            for name in mark.args:
                if not (SHARED / name).exists():
                    item.add_marker(pytest.mark.skip(reason=f"needs ../shared/data/{name}"))
