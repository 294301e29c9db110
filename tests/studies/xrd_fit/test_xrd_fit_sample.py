"""`xrd fit --sample`: the fit beside the NMR record that the sample names."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest

import paddlewheel
from paddlewheel.errors import DataError
from paddlewheel.lab.xrd.instrument import named_radiation
from paddlewheel.lab.xrd.simulated import Instrument, SimulatedPhase, simulate_pattern
from paddlewheel.lab.xrd.structure_factors import read_phase


def test_weights_of_nuclei_stand_beside_those_of_the_fit(tmp_path: Path):
    """Half of each by weight, counted by NMR right and wrong.

    Boron of one gram each: 12/187.8 = 63.9 and 1/37.83 = 26.4 mmol: shares of 0.707 and 0.293.
    """
    phases = [SimulatedPhase(phase=read_phase(name), weight_fraction=0.5) for name in ("nabh4", "na2b12h12")]
    made = simulate_pattern(phases, Instrument(radiation=named_radiation("CuKa")), np.arange(10, 36, 0.02))
    for folder, share in (("right", 0.707), ("wrong", 0.5)):
        (tmp_path / folder).mkdir()
        sites = [
            {"spectrum": 1, "name": name, "fraction": {"value": value, "std": 0.005}}
            for name, value in (("B12H12", share), ("BH4", 1 - share))
        ]
        covariance = (2.5e-5 * np.array([[1, -1], [-1, 1]])).tolist()
        record = {"kind": "nmr-spectrum", "sites": sites, "compounds": [], "spectra": [{"covariance": covariance}]}
        (tmp_path / folder / "result.json").write_text(json.dumps(record))
        (tmp_path / f"{folder}.yaml").write_text(
            f"components:\n- {{name: nabh4, formula: NaBH4, nmr_sites: {{BH4: 1}}}}\n"
            f"- {{name: na2b12h12, formula: Na2B12H12, nmr_sites: {{B12H12: 12}}}}\nnmr: {folder}\n"
        )
    given = {"phases": ["nabh4", "na2b12h12"], "geometry": "bragg-brentano", "refits": False}
    given |= {"shift": "none", "cells": "fixed"}
    right = paddlewheel.xrd_fit(made.pattern, sample=tmp_path / "right.yaml", **given)
    assert {row.name: row.verdict for row in right.beside_nmr} == {"nabh4": "agree", "na2b12h12": "agree"}
    wrong = paddlewheel.xrd_fit(made.pattern, sample=tmp_path / "wrong.yaml", **given)
    assert {row.verdict for row in wrong.beside_nmr} == {"contradict"}
    assert any("standard deviations apart" in flag for flag in wrong.flags)
    (tmp_path / "none.yaml").write_text("name: a\n")
    with pytest.raises(DataError, match="names no nmr record"):
        paddlewheel.xrd_fit(made.pattern, sample=tmp_path / "none.yaml", **given)
