"""Compiled kernels are kept where that is possible, and thrown away when a source changes."""

from __future__ import annotations

from pathlib import Path

import pytest
from numba.core import caching

from paddlewheel.potentials.nep import compilation


def _double(x):
    return 2 * x


def test_without_any_folder_to_write_to_the_kernels_still_compile(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(caching.CacheImpl, "_locator_classes", [])
    assert compilation.kernel(_double)(2.0) == 4.0


def test_code_compiled_from_other_sources_is_not_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("numba.core.config.CACHE_DIR", str(tmp_path))
    monkeypatch.setattr(compilation, "_sources", lambda: "one state")
    assert compilation.kernel(_double)(2.0) == 4.0
    for stamp, hits in (("one state", 1), ("another state", 0)):
        monkeypatch.setattr(compilation, "_sources", lambda stamp=stamp: stamp)
        again = compilation.kernel(_double)
        assert again(2.0) == 4.0
        assert sum(again.stats.cache_hits.values()) == hits
