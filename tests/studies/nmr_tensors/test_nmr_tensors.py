"""`nmr tensors`: shifts and couplings of sites, references, inputs that are written, and what is refused."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import write

import tensor_files as files
from paddlewheel.errors import DataError, InputError, SettingsError, StructureError
from paddlewheel.lab.nmr.isotopes import isotope
from paddlewheel.lab.nmr.readers import write_spectrum
from paddlewheel.lab.nmr.signal import Axis, Signal
from paddlewheel.studies.nmr_tensors.record import NmrTensorsRecord
from paddlewheel.studies.nmr_tensors.study import STUDY

EFG_OUT = Path(__file__).parents[2] / "lab" / "nmr" / "tensors" / "data" / "EFG.OUT"


@pytest.fixture
def magres(tmp_path: Path) -> Path:
    """A .magres of four atoms with known tensors."""
    path = tmp_path / "known.magres"
    path.write_text(files.magres())
    return path


def test_sites_have_shifts_and_couplings(magres: Path) -> None:
    record: NmrTensorsRecord = STUDY([magres], reference=["23Na=550,-0.9"], spectrum=False)
    by_label = {site.label: site for site in record.sites}
    assert list(by_label) == ["B 1", "H 1", "Na 1", "Na 2"]
    sodium = by_label["Na 1"]
    assert sodium.nucleus == "23Na"
    assert sodium.shielding_ppm == pytest.approx(565.0)
    assert sodium.isotropic_shift_ppm == pytest.approx(550 - 0.9 * 565)
    assert sodium.cq_MHz == pytest.approx(-0.04 * 234.9647 * 0.104, rel=1e-5)
    assert sodium.eta == pytest.approx(0.5)  # (0.01 - 0.03)/-0.04
    # -25000 (P/nu0)^2 with nu0 = 11.2688 MHz/T x 9.4 T
    expected = -25_000 * (0.04 * 234.9647 * 0.104) ** 2 * (1 + 0.25 / 3) / (11.268835291595886 * 9.4) ** 2
    assert sodium.second_order_shift_ppm == pytest.approx(expected, rel=1e-5)
    assert sodium.observed_shift_ppm == pytest.approx(550 - 0.9 * 565 + expected, rel=1e-6)
    boron = by_label["B 1"]
    assert boron.isotropic_shift_ppm is None
    assert boron.shielding_ppm == pytest.approx(340 / 3)
    assert any("no shift of 11B, 1H without --reference" in note for note in record.notes)
    assert by_label["H 1"].cq_MHz is None  # a proton has no moment


def test_calibration_gives_an_error(magres: Path) -> None:
    record = STUDY([magres], calibration={"23Na": ((550.0, 2.0), (560.0, -8.0), (570.0, -17.0))}, spectrum=False)
    sodium = next(site for site in record.sites if site.label == "Na 1")
    (reference,) = record.references
    assert reference.slope == pytest.approx(-0.95)  # least squares through 2, -8, -17
    assert sodium.isotropic_shift_ppm == pytest.approx(-23 / 3 - 0.95 * 5)
    # residuals 1/6, -1/3, 1/6: s^2 = 1/6; s^2 (1 + 1/3 + 25/200)
    assert sodium.isotropic_shift_std_ppm == pytest.approx(np.sqrt((1 / 6) * (4 / 3 + 0.125)))


def test_elk_by_the_space_group() -> None:
    record = STUDY([EFG_OUT], nuclei="2H")
    assert record.structures[0].space_group == "P4_2/nmc"
    assert [(site.element, site.multiplicity, site.nucleus) for site in record.sites] == [
        ("B", 2, "11B"),
        ("H", 8, "2H"),
        ("Na", 2, "23Na"),
    ]
    assert [site.index for site in record.sites] == [1, 3, 11]
    sodium = record.sites[2]
    assert sodium.cq_MHz == pytest.approx(-0.03239273304 * 234.9647 * 0.104, rel=1e-5)
    assert sodium.isotropic_shift_ppm is None
    assert record.spectra == []
    assert record.notes == ["field gradients alone: there are no shifts"]


def test_two_files_of_one_structure_are_one(tmp_path: Path) -> None:
    for job in ("nmr", "efg"):
        (tmp_path / f"{job}.out").write_text(files.gipaw(job))
    structure = tmp_path / "POSCAR"
    scaled = files.POSITIONS @ np.linalg.inv(files.CELL)
    rows = ["x", "1.0", *(" ".join(map(str, vector)) for vector in files.CELL), "B H Na", "1 1 2", "Direct"]
    structure.write_text("\n".join([*rows, *(" ".join(map(str, place)) for place in scaled)]) + "\n")
    record = STUDY([tmp_path / "nmr.out", tmp_path / "efg.out"], structure=structure, spectrum=False)
    assert [each.name for each in record.structures] == ["nmr.out + efg.out"]
    assert record.structures[0].space_group is not None
    assert all(site.shielding_ppm is not None and site.largest_gradient_au is not None for site in record.sites)


def test_run_directory_holds_spectra_and_report(magres: Path, tmp_path: Path) -> None:
    pytest.importorskip("mrsimulator")
    out = tmp_path / "run"
    record = STUDY([magres], reference=["23Na=550,-0.9"], out=out)
    assert record.spectra == ["23Na"]
    table = np.genfromtxt(out / "spectrum_23Na.csv", delimiter=",", names=True)
    assert table["total"].sum() == pytest.approx(2.0, rel=1e-6)  # two atoms
    assert "C_Q" in (out / "report.html").read_text()
    atoms = np.genfromtxt(out / "atoms.csv", delimiter=",", names=True, dtype=None, encoding="utf-8")
    assert atoms["shielding_xy_ppm"][3] == pytest.approx(3.0)
    assert atoms["shielding_yx_ppm"][3] == pytest.approx(-1.0)


def _measured(path: Path, nucleus: str = "23Na") -> Path:
    """A spectrum of two lines at 35 and 20 ppm, at 14.1 T."""
    ratio = isotope(nucleus).gyromagnetic_ratio_MHz_per_T
    axis = Axis(nucleus=nucleus, carrier_MHz=14.1 * ratio, reference_MHz=14.1 * ratio, spectral_width_Hz=50_000.0)
    shift = axis.shift_ppm(4096)
    values = 3 / (1 + (shift - 35) ** 2) + 1 / (1 + (shift - 20) ** 2)
    return write_spectrum(path, Signal(values=values[None].astype(complex), domain="frequency", axis=axis, name="x"))


def test_measured_spectrum_decides_the_field(magres: Path, tmp_path: Path) -> None:
    pytest.importorskip("mrsimulator")
    record = STUDY([magres], reference=["23Na=600"], beside=_measured(tmp_path / "seen.csdf"))
    assert record.field_T == pytest.approx(14.1)
    assert record.measured is not None
    assert record.measured.highest_ppm == pytest.approx(35.0, abs=0.1)
    sodium = next(site for site in record.sites if site.label == "Na 1")
    # P^2/nu0^2 falls with the square of the field
    expected = -25_000 * (0.04 * 234.9647 * 0.104) ** 2 * (1 + 0.25 / 3) / (11.268835291595886 * 14.1) ** 2
    assert sodium.second_order_shift_ppm == pytest.approx(expected, rel=1e-5)
    assert set(record.plot()) == {"spectrum-23Na", "couplings"}


def test_measured_spectrum_of_another_nucleus_is_refused(magres: Path, tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="is of 23Na, which has no reference; give --reference 23Na=OFFSET"):
        STUDY([magres], beside=_measured(tmp_path / "sodium.csdf"))
    with pytest.raises(SettingsError, match="is of 27Al, of which there is no shielding"):
        STUDY([magres], beside=_measured(tmp_path / "aluminium.csdf", "27Al"))


def _turning(path: Path) -> Path:
    """An ion of Na with one of Cl 3 A off along x, y and z in turn, alone in a box of 30 A."""
    frames = [
        Atoms("NaCl", positions=[[0, 0, 0], 3.0 * np.eye(3)[axis]], cell=30 * np.eye(3), pbc=True)
        for axis in (0, 1, 2, 0, 1, 2)
    ]
    write(path, frames)
    return path


def test_motion_averages_a_tensor_away(tmp_path: Path) -> None:
    magres = tmp_path / "salt.magres"
    rows = ["#$magres-abinitio-v1.0", "[atoms]", "units lattice Angstrom", "lattice 9 0 0 0 9 0 0 0 9"]
    rows += ["units atom Angstrom", "atom Na Na 1 0 0 0", "atom Cl Cl 1 0 0 3", "[/atoms]", "[magres]", "units efg au"]
    rows += ["efg Na 1 .01 0 0 0 .01 0 0 0 -.02", "efg Cl 1 .1 0 0 0 .1 0 0 0 -.2", "[/magres]"]
    magres.write_text("\n".join(rows) + "\n")
    charges = {"Na": 1.0, "Cl": -1.0}
    trajectory = _turning(tmp_path / "turning.extxyz")
    moving: dict[str, Any] = {"trajectory": trajectory, "frame_interval_fs": 10.0}
    record = STUDY([magres], charges=charges, sternheimer={"Na": 5.0}, **moving)
    (sodium,) = record.motion
    # 5 x 2 e / (3 A)^3 at an instant, nothing in the mean; images 30 A off change it by 1 %
    instant = 5 * 2 / (3.0 / 0.529177) ** 3 * 234.9647 * 0.104
    assert sodium.instant_MHz == pytest.approx(instant, rel=0.01)
    assert sodium.fluctuating_MHz == pytest.approx(sodium.instant_MHz, rel=1e-3)
    assert sodium.averaged_MHz < 0.01 * instant
    assert (sodium.n_frames, sodium.n_atoms, sodium.n_tensors) == (6, 1, 0)
    assert any("no average of Cl: the tensor of one kind of site" in note for note in record.notes)
    with pytest.raises(SettingsError, match="charges: not given; give those of all elements"):
        STUDY([magres], **moving)
    with pytest.raises(SettingsError, match=r"add up to \+0\.5 e in turning\.extxyz"):
        STUDY([magres], charges={"Na": 1.0, "Cl": -0.5}, **moving)
    with pytest.raises(SettingsError, match=r"none of Cl in turning\.extxyz"):
        STUDY([magres], charges={"Na": 1.0}, **moving)


def test_castep_is_written(tmp_path: Path) -> None:
    record = STUDY(["nabh4"], write="castep", out=tmp_path / "castep")
    assert record.written == ["nabh4.cell", "nabh4.param"]
    assert record.sites == []
    assert "CUT_OFF_ENERGY  : 800 eV" in (tmp_path / "castep" / "nabh4.param").read_text()


def test_structures_of_one_stem_are_written_beside_each_other(tmp_path: Path) -> None:
    for name in ("cell.vasp", "cell.cif"):
        write(tmp_path / name, bulk("NaCl", "rocksalt", a=5.64))
    record = STUDY([tmp_path / "cell.vasp", tmp_path / "cell.cif"], write="castep", out=tmp_path / "jobs")
    assert {"cell-1/cell-1.cell", "cell-2/cell-2.cell"} <= set(record.written)
    assert (tmp_path / "jobs" / "frames.txt").read_text().split() == ["cell-1", "cell-2"]


def test_castep_of_several_structures_runs_by_folder_and_comes_back(tmp_path: Path) -> None:
    folder = tmp_path / "jobs"
    record = STUDY(["nabh4", "na2b12h12"], write="castep", out=folder)
    assert {"nabh4/nabh4.cell", "na2b12h12/na2b12h12.param", "frames.txt", "submit.sh"} <= set(record.written)
    with pytest.raises(DataError, match=r"holds no \.magres"):
        STUDY([folder])
    # a program that leaves what CASTEP leaves, and fails in the second folder
    program = tmp_path / "castep"
    leaves = f"cp {tmp_path}/sound.magres $1.magres\necho 'Total time  = 1 s' > $1.castep\n"
    program.write_text(f"#!/bin/sh\n[ $1 = nabh4 ] || exit 1\n{leaves}")
    program.chmod(0o755)
    (tmp_path / "sound.magres").write_text(files.magres())
    ran = subprocess.run(
        ["bash", "submit.sh"], cwd=folder, env={**os.environ, "CASTEP_COMMAND": str(program)}, capture_output=True,
        text=True, check=False,
    )  # fmt: skip
    assert ran.returncode == 1
    assert ran.stderr.strip() == "na2b12h12: no whole output"
    assert [structure.name for structure in STUDY([folder]).structures] == ["nabh4.magres"]


@pytest.mark.parametrize(
    ("given", "settings", "kind", "match"),
    [
        ("nabh4", {"write": "castep"}, SettingsError, "no folder to write to; give --out DIR"),
        ("nabh4", {}, DataError, "no such file"),
        ("none.cif", {"write": "elk"}, StructureError, "no such file"),
        ("magres", {"reference": ["23Na=550,0.9"]}, SettingsError, "the slope of 23Na is 0.9; give a negative one"),
        ("magres", {"reference": ["23Na"]}, SettingsError, "'23Na' is no nucleus with its reference"),
        ("magres", {"reference": ["24Na=550"]}, InputError, "nucleus '24Na'"),
        (
            "magres",
            {"reference": ["23Na=550"], "calibration": ["23Na=1:2,3:1"]},
            SettingsError,
            "a reference and a cal",
        ),
        ("magres", {"structure": "nabh4"}, DataError, "the tensors are those of Na2BH, the structure is "),
        ("magres", {"field_T": 0.0}, SettingsError, "field_T"),
        ("magres", {"run": "elk", "write": "elk"}, SettingsError, "run"),
    ],
)
def test_bad_input_is_one_line(
    magres: Path, given: str, settings: dict[str, Any], kind: type[Exception], match: str
) -> None:
    with pytest.raises(kind, match=match) as refused:
        STUDY([magres if given == "magres" else given], **settings)
    assert "\n" not in str(refused.value)


@pytest.mark.slow
@pytest.mark.skipif(
    not any(shutil.which(name) for name in ("elk-lapw", "elk")), reason="Elk is not installed: apt install elk-lapw"
)
def test_elk_runs(tmp_path: Path) -> None:
    """NaBH4 at 2x2x2 k-points: gradients in the order of its atoms. -0.78 MHz of 23Na at 4x4x3 (docs/nmr.md); Gamma
    alone gives -2.4."""
    record = STUDY(["nabh4"], run="elk", kpoint_spacing_per_A=0.12, nuclei="2H", out=tmp_path / "run")
    by_element = {site.element: site for site in record.sites}
    assert [(site.element, site.multiplicity) for site in record.sites] == [("B", 2), ("H", 8), ("Na", 2)]
    assert 0.10 < (by_element["H"].cq_MHz or 0.0) < 0.14
    assert by_element["Na"].cq_MHz == pytest.approx(-0.8, abs=0.1)
    assert (tmp_path / "run" / "elk" / "nabh4" / "EFG.OUT").is_file()
