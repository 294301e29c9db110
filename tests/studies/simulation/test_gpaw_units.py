"""Frames labelled by GPAW as units of work: their labels, refusals, stops and what is never taken."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from paddlewheel.errors import RunDirectoryError
from paddlewheel.execution import DriverWatch, Unit
from paddlewheel.firstprinciples.judgement import judge
from paddlewheel.firstprinciples.setups import CalculationSettings

pytest.importorskip("gpaw", reason="GPAW is not installed (make install-gpaw)")

from paddlewheel.firstprinciples.gpaw.calculator import calculate
from paddlewheel.studies.simulation import gpaw_units as module
from paddlewheel.studies.simulation.gpaw_units import gpaw_labels, gpaw_units, run_gpaw_unit

PBE = CalculationSettings(
    name="test", functional="PBE", cutoff_eV=200.0, k_spacing_per_A=5.0, energy_tolerance_eV_per_atom=1e-4
)


class Looks(DriverWatch):
    """Asks for a stop at the `looks`-th look."""

    def __init__(self, looks: float = np.inf) -> None:
        self.looks = looks

    def should_stop(self) -> bool:
        self.looks -= 1
        return self.looks <= 0


def _molecule(bond_A: float) -> Atoms:
    return Atoms("H2", positions=[[0.1, 0.2, 0.3], [0.1, 0.2, 0.3 + bond_A]], cell=[2.5, 2.6, 3.0], pbc=True)


def test_labels_are_those_of_the_calculation(tmp_path: Path) -> None:
    frame = _molecule(0.8)
    (unit,) = gpaw_units([frame], PBE, tmp_path)
    assert run_gpaw_unit(unit, Looks(), 1)
    kept, direct = gpaw_labels(Unit.of_folder(unit.folder)), calculate(PBE, frame)
    assert direct is not None
    (step,), (wanted,) = kept.steps, direct.steps
    assert step.atoms == frame
    assert kept.setup == direct.setup
    assert judge(kept, step, asked=frame, settings=PBE) == ()
    assert (step.converged, step.electronic) == (True, wanted.electronic)
    # the same program on the same input
    assert step.energy_eV == pytest.approx(wanted.energy_eV, abs=1e-9)
    np.testing.assert_allclose(step.forces_eV_per_A, wanted.forces_eV_per_A, atol=1e-8)
    np.testing.assert_allclose(step.stress_eV_per_A3, wanted.stress_eV_per_A3, atol=1e-9)
    assert (tmp_path / kept.source).read_text().lstrip().startswith("__")


def test_a_frame_that_does_not_converge_is_finished_without_labels(tmp_path: Path) -> None:
    units = gpaw_units([_molecule(0.8), _molecule(0.0)], replace(PBE, most_electronic_steps=2), tmp_path)
    assert all(run_gpaw_unit(unit, Looks(), 1) for unit in units)
    slow, overlapping = (gpaw_labels(unit) for unit in units)
    assert judge(slow, slow.steps[0])[0] == "the electrons did not converge: 2 of at most 2 steps"
    assert (slow.steps[0].converged, slow.steps[0].energy_eV, slow.cut) == (False, None, None)
    assert overlapping.steps == ()
    assert "too close" in str(overlapping.cut)


def test_a_stopped_frame_begins_anew(tmp_path: Path) -> None:
    (unit,) = gpaw_units([_molecule(0.8)], PBE, tmp_path)
    assert not run_gpaw_unit(unit, Looks(2), 1)
    assert unit.result() is None
    assert unit.progress()["status"] == "electronic step 2"
    assert run_gpaw_unit(unit, Looks(), 1)
    assert gpaw_labels(unit).steps[0].converged


def test_other_settings_frames_and_releases_are_other_units(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = _molecule(0.8)
    (unit,) = gpaw_units([frame], PBE, tmp_path)
    for other in (replace(PBE, cutoff_eV=210.0), replace(PBE, tags={"nbands": 4})):
        with pytest.raises(RunDirectoryError, match="was made from other inputs"):
            gpaw_units([frame], other, tmp_path)
    with pytest.raises(RunDirectoryError, match="was made from other inputs"):
        gpaw_units([_molecule(0.81)], PBE, tmp_path)
    monkeypatch.setattr(module, "gpaw_version", lambda: "gpaw 0.1")
    with pytest.raises(RunDirectoryError, match=r"gpaw 0\.1 is installed"):
        run_gpaw_unit(unit, Looks(), 1)


def test_magnetic_moments_of_a_frame_are_kept(tmp_path: Path) -> None:
    frame = Atoms("H", cell=[3.0, 3.1, 3.2], pbc=True, magmoms=[0.7])
    both, one = (
        gpaw_units([frame], replace(PBE, spin_polarized=spin), tmp_path / str(spin))[0] for spin in (True, False)
    )
    assert both.contents["gpaw"]["magnetic_moments"] == [0.7]
    assert "magnetic_moments" not in one.contents["gpaw"]
