"""Readers of calorimeters: each program's text of one run gives that run; what contradicts is asked."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

import calorimeter_files as made
from paddlewheel.lab.dsc.readers import read_scans


def written(folder: Path, text: str, *, name: str = "run.txt", encoding: str = "utf-8") -> Path:
    path = folder / name
    path.write_text(text, encoding=encoding)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-16", "cp1252"])
@pytest.mark.parametrize("program", made.FORMATS)
def test_every_program_s_text_gives_the_run(tmp_path: Path, program: str, encoding: str) -> None:
    (scan,) = read_scans(written(tmp_path, made.FORMATS[program](), encoding=encoding))
    # to the digits that are printed: 1e-5 min, 1e-5 K, 1e-5 mW/mg
    np.testing.assert_allclose(scan.time_s, made.TIME_S, atol=4e-4)
    np.testing.assert_allclose(scan.temperature_C, made.TEMPERATURE_C, atol=1e-5)
    known = program != "setaram"  # it alone does not say the way of exothermic
    np.testing.assert_allclose(scan.signal, made.FLOW_MW, atol=1e-4)
    assert (scan.mass_mg, scan.signal_unit, scan.exothermic_known) == (5.0, "mW", known)
    assert scan.name == "made" or program == "pyris"
