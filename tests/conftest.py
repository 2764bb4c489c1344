"""What holds for every test."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import settings

from places import SHARED

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--no-first-run",
]

settings.register_profile("project", deadline=None)
settings.load_profile("project")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Skip a test of ``real_data`` whose files, named beside the marker, are not there."""
    for item in items:
        for mark in item.iter_markers("real_data"):
            for name in mark.args:
                if not (SHARED / name).exists():
                    item.add_marker(pytest.mark.skip(reason=f"needs ../shared/data/{name}"))


@pytest.fixture(scope="session")
def empty_stores(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """The empty store that this process made, once there is one."""
    return []


@pytest.fixture(scope="module")
def copied_stores(
    empty_stores: list[Path], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """Make new stores as copies of an empty one: MLflow takes a second to build its tables."""
    from city_resilience.tracking import backend, store

    def copy(database: Path) -> None:
        if not empty_stores:
            empty = tmp_path_factory.mktemp("empty_store") / database.name
            backend.create_database(empty)
            empty_stores.append(empty)
        shutil.copyfile(empty_stores[0], database)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(store, "create_database", copy)
        yield


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start the Chromium of this machine."""
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if chromium is None:
        pytest.skip("no chromium on this machine")
    sync_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with sync_api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=CHROMIUM_ARGUMENTS)
        yield browser
        browser.close()
