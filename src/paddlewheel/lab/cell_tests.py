"""The cell tests that studies take: read, named apart, and as they stand in `inputs.yaml`."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from paddlewheel.errors import DataError, SettingsError
from paddlewheel.lab.measured_as import held_instead, refuse_other_technique
from paddlewheel.lab.readers import read_cell_test
from paddlewheel.lab.table import CellTest

CellTests = str | Path | CellTest | Sequence[str | Path | CellTest]
"""Files that `read_cell_test` reads, or tests that it gave; of one cell."""


@dataclass(frozen=True, kw_only=True)
class ReadTests:
    """Tests as given, with the name of each file and what the readers warned of."""

    tests: tuple[CellTest, ...]
    names: tuple[str, ...]
    warnings: tuple[str, ...]

    def inputs(self) -> list[dict[str, str | int]]:
        """Name and sha256 over time, voltage and current of each, for `inputs.yaml`."""
        return [
            {"file": name, "n_rows": len(test), "rows_sha256": rows_sha256(test)}
            for name, test in zip(self.names, self.tests, strict=True)
        ]


def open_tests(given: CellTests, *, columns: Mapping[str, str] | None, commands: Sequence[str]) -> ReadTests:
    """Read the tests; `commands` are the one that asks, and others whose files it takes too.

    Raises
    ------
    InputError
        For none, or a file that holds no cell test, or one of another technique.
    """
    sources = [given] if isinstance(given, str | Path | CellTest) else list(given)
    if not sources:
        raise SettingsError("none given", where="files", remedy="give at least one")
    tests = [source if isinstance(source, CellTest) else read_cell_test(source, columns=columns) for source in sources]
    for test in tests:
        refuse_other_technique(test, *commands)
    names = [Path(test.source).name or "rows" for test in tests]
    if len(set(names)) < len(names):
        names = [f"{number}-{name}" for number, name in enumerate(names, start=1)]
    warnings = [f"{name}: {text}" for name, test in zip(names, tests, strict=True) for text in test.warnings]
    return ReadTests(tests=tuple(tests), names=tuple(names), warnings=tuple(warnings))


def held_in_file(path: str | Path, *commands: str) -> str:
    """As `held_instead`, of a file in which `commands` found nothing; empty where it is no cell test either."""
    try:
        return held_instead(read_cell_test(path), *commands)
    except DataError:
        return ""


def rows_sha256(test: CellTest) -> str:
    """Over time, voltage and current: the same rows in another file format are the same input."""
    digest = hashlib.sha256()
    for column in (test.time_s, test.voltage_V, test.current_A):
        digest.update(np.ascontiguousarray(column, dtype=float).data)
    return digest.hexdigest()
