"""Biologic's files: the binary ones are what their text forms say."""

from __future__ import annotations

import gzip
from pathlib import Path

import pytest

from paddlewheel.lab.readers import read_cell_test, read_spectra

TECHNIQUES = {
    "ca": "CA", "cp": "CP", "cv": "CV", "gcpl.issue_149": "GCPL", "lsv": "LSV", "mb.issue_149": "MB",
    "peis": "PEIS", "geis": "GEIS",
}  # fmt: skip


@pytest.fixture
def folder(shared: Path) -> Path:
    return shared / "data" / "lab" / "biologic"


@pytest.mark.parametrize(("name", "technique"), TECHNIQUES.items())
def test_technique_is_told_in_the_metadata(folder, tmp_path, name, technique):
    text = tmp_path / f"{name}.mpt"
    text.write_bytes(gzip.decompress((folder / f"{name}.mpt.gz").read_bytes()))
    read = (lambda path: read_spectra(path)[0]) if technique.endswith("EIS") else read_cell_test
    assert read(text).metadata["technique"] == technique
