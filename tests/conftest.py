"""Shared fixtures: the folder of third-party data, which is never part of the project, and a browser."""

from __future__ import annotations

import importlib.util
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, settings

# a loaded machine is no fault of an example: hypothesis would count 200 ms of each
settings.register_profile("any machine", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("any machine")

_REPOSITORY = Path(__file__).resolve().parents[1]


def shared_folder() -> Path | None:
    """The `shared` folder named by PADDLEWHEEL_SHARED, or the one beside the checkout; None where there is none."""
    named = os.environ.get("PADDLEWHEEL_SHARED")
    folder = Path(named) if named else _REPOSITORY.parent / "shared"
    return folder if (folder / "data").is_dir() else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Files with slow tests come first: one that begins last would keep one worker busy while the others have ended."""
    slow = {item.path for item in items if item.get_closest_marker("slow")}
    items.sort(key=lambda item: item.path not in slow)


@pytest.fixture(scope="session")
def shared() -> Path:
    """Path of the shared folder; the test is skipped, with the reason, where it is absent."""
    folder = shared_folder()
    if folder is None:
        pytest.skip("third-party data absent: set PADDLEWHEEL_SHARED to a folder with data/")
    return folder


@pytest.fixture(scope="session")
def chrome() -> Iterator[Any]:
    """Debian's chromium; the test is skipped, with the reason, without it."""
    from rendered_page import browser, chromium

    if importlib.util.find_spec("playwright") is None:
        pytest.skip("playwright is not installed: pip install playwright")
    if chromium() is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    with browser() as opened:
        yield opened
