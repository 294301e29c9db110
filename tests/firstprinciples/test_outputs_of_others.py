"""Outputs of CASTEP, GPAW, CP2K and Quantum ESPRESSO, and labels that others collected.

Tolerances are half of the last digit that a made output prints, unless they say otherwise.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import ase
import numpy as np
import pytest
from ase import Atoms, units

import made_outputs as made
from paddlewheel.errors import DatasetError
from paddlewheel.firstprinciples.judgement import one_setting
from paddlewheel.firstprinciples.readers import (
    castep,
    cp2k,
    espresso,
    find_outputs,
    gpaw_files,
    labelled_frames,
    read_calculation,
)
from paddlewheel.firstprinciples.steps import Calculation, Step

DATA = Path(__file__).parent / "data"
_HEAD = 65536


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def assert_is(step: Step, frame: Atoms, *, energy: float, force: float, stress: float, place: float = 1e-5) -> None:
    assert step.atoms.get_chemical_symbols() == frame.get_chemical_symbols()
    assert step.atoms.cell.array == pytest.approx(frame.cell.array, abs=place)
    assert step.atoms.positions == pytest.approx(frame.positions, abs=place)
    assert step.energy_eV == pytest.approx(frame.get_potential_energy(), abs=energy)
    assert step.forces_eV_per_A == pytest.approx(frame.get_forces(), abs=force)
    assert step.stress_eV_per_A3 == pytest.approx(frame.get_stress(), abs=stress)


# each form: text of frames, the reader, whether it is recognized, and half of the last digit of energy, force, stress
def _geom(frames: list[Atoms], **_: object) -> str:
    return made.castep_frames(frames)


def _new_cp2k(frames: list[Atoms], **broken: object) -> str:
    return made.cp2k(frames, new=True, **broken)  # type: ignore[arg-type]


Form = tuple[Callable[..., str], Callable[[Path], Calculation], Callable[[bytes], bool], dict[str, float]]
FORMS: dict[str, Form] = {
    "castep": (made.castep, castep.read, castep.is_castep, {"energy": 1e-9, "force": 6e-6, "stress": 4e-9}),
    "gpaw": (made.gpaw_old, gpaw_files.read, gpaw_files.is_gpaw_log, {"energy": 6e-7, "force": 6e-6, "stress": 6e-7}),
    "cp2k": (made.cp2k, cp2k.read, cp2k.is_cp2k, {"energy": 1e-9, "force": 3e-7, "stress": 1e-10, "place": 1e-4}),
    "cp2k-2025": (_new_cp2k, cp2k.read, cp2k.is_cp2k, {"energy": 1e-9, "force": 3e-7, "stress": 1e-9}),
    "espresso": (made.espresso, espresso.read, espresso.is_pw_output, {"energy": 1e-8, "force": 2e-7, "stress": 5e-7}),
}  # fmt: skip


def files(folder: Path, form: str, text: str, frames: list[Atoms]) -> Path:
    if form.startswith("cp2k"):
        written(folder, "alloy-pos-1.xyz", made.cp2k_positions(frames))
    return written(folder, f"output.{form}", text)


@pytest.mark.parametrize("form", FORMS)
def test_every_step_is_as_the_text_has_it(form: str, tmp_path: Path) -> None:
    write, read, recognizes, digits = FORMS[form]
    frames = made.moved()
    path = files(tmp_path, form, write(frames), frames)
    assert recognizes(path.read_bytes()[:_HEAD])
    found = read(path)
    assert found.cut is None
    assert not found.contradictions
    assert [step.number for step in found.steps] == [0, 1, 2]
    assert [step.converged for step in found.steps] == [True] * 3
    for step, frame in zip(found.steps, frames, strict=True):
        # the energy that forces belong to: made outputs have others, 0.01 and 0.02 eV away, beside it
        assert_is(step, frame, **digits)


@pytest.mark.parametrize("form", FORMS)
def test_a_step_that_did_not_converge_says_so(form: str, tmp_path: Path) -> None:
    write, read, _, _ = FORMS[form]
    frames = made.moved()
    found = read(files(tmp_path, form, write(frames, unconverged=(1,)), frames))
    assert [step.converged for step in found.steps] == [True, False, True]
    assert "converge" in found.steps[1].electronic or "warns" in found.steps[1].electronic


@pytest.mark.parametrize("form", FORMS)
def test_a_cut_output_is_read_up_to_its_last_whole_step(form: str, tmp_path: Path) -> None:
    write, read, _, digits = FORMS[form]
    frames = made.moved()
    whole = write(frames, ends=False)
    lines = whole.splitlines(keepends=True)
    for n_lines in range(len(lines) // 3, len(lines), 3):
        found = read(files(tmp_path, form, "".join(lines[:n_lines]), frames))
        assert found.cut
        for step, frame in zip(found.steps, frames, strict=False):
            if step.converged:  # of another nothing is taken
                assert step.energy_eV == pytest.approx(frame.get_potential_energy(), abs=digits["energy"])
                assert step.forces_eV_per_A is not None or form == "gpaw"
    assert len(read(files(tmp_path, form, whole, frames)).steps) == 3


@pytest.mark.parametrize("form", FORMS)
def test_another_file_is_refused_in_one_line(form: str, tmp_path: Path) -> None:
    _, read, recognizes, _ = FORMS[form]
    path = written(tmp_path, "notes.txt", "nothing of the kind\n" * 3)
    assert not recognizes(path.read_bytes())
    with pytest.raises(DatasetError, match=r"notes\.txt"):
        read(path)


def test_castep_says_its_setup(tmp_path: Path) -> None:
    setup = castep.read(written(tmp_path, "a.castep", made.castep(made.moved(1), dispersion_eV=-0.3))).setup
    assert (setup.code, setup.functional, setup.cutoff_eV) == ("castep 22.11", "PBE", 600.0)
    assert (setup.k_mesh, setup.spin_polarized, setup.smearing) == ((4, 5, 6), True, "gaussian 0.2 eV")
    assert setup.energy_tolerance_eV == pytest.approx(4e-5)  # per atom in the file
    assert setup.pseudopotentials == (("Al", "2|2.0|5|6|7|30N:31L:32N"), ("Cu", "Cu_C19_PBE_OTF.usp"))
    assert setup.corrections == ("D3(BJ)",)


@pytest.mark.parametrize(
    ("words", "name"),
    [("RSCAN", "rSCAN"), ("Local Density Approximation", "LDA"), ("PBE for solids (2008)", "PBEsol")],
)
def test_castep_s_words_for_functionals(words: str, name: str, tmp_path: Path) -> None:
    path = written(tmp_path, "a.castep", made.castep(made.moved(1), functional=words))
    assert castep.read(path).setup.functional == name


def test_castep_without_its_cycles_does_not_say_that_it_converged(tmp_path: Path) -> None:
    rows = made.castep(made.moved(1)).splitlines(keepends=True)
    text = "".join(row for row in rows if not row.startswith("     12 "))  # IPRINT 0 leaves them out
    assert castep.read(written(tmp_path, "a.castep", text)).steps[0].converged is None


def test_castep_s_last_gain_bears_its_convergence_out(tmp_path: Path) -> None:
    text = made.castep(made.moved(1), unconverged=(0,)).replace("*Warning* max. SCF", "").replace("groundstate", "")
    (step,) = castep.read(written(tmp_path, "a.castep", text)).steps
    assert step.converged is False
    assert "last change 1.2e-03 eV/atom" in step.electronic


@pytest.mark.parametrize(
    ("rows", "name"),
    [
        (":\n  LIBXC_MGGA_X_R2SCAN    1.0000\n  LIBXC_MGGA_C_R2SCAN    1.0000\n", "r2SCAN"),
        (": LIBXC_MGGA_C_R2SCAN    1.0000\n       : LIBXC_MGGA_X_R2SCAN    1.0000\n", "r2SCAN"),
        (":\n  PBE    0.7500\n  HF     0.2500\n", "0.25 HF+0.75 PBE"),
    ],
)
def test_castep_s_functionals_of_parts(rows: str, name: str, tmp_path: Path) -> None:
    text = made.castep(made.moved(1)).replace(
        " using functional                               : Perdew Burke Ernzerhof\n",
        f" using custom XC functional definition{rows}",
    )
    found = castep.read(written(tmp_path, "a.castep", text))
    assert found.setup.functional == name
    assert found.setup.cutoff_eV == 600.0


def test_castep_adds_dispersion_and_the_finite_basis(tmp_path: Path) -> None:
    frames = made.moved()
    found = castep.read(written(tmp_path, "a.castep", made.castep(frames, dispersion_eV=-0.4)))
    assert [step.energy_eV for step in found.steps] == pytest.approx(
        [f.get_potential_energy() for f in frames], abs=1e-9
    )
    # told for the first step alone; the cell is the same, so it holds for the others
    found = castep.read(written(tmp_path, "b.castep", made.castep(frames, finite_basis_eV=-0.0115)))
    assert [step.energy_eV for step in found.steps] == pytest.approx(
        [f.get_potential_energy() for f in frames], abs=2e-9
    )


def test_castep_s_correction_of_another_cell_is_not_guessed(tmp_path: Path) -> None:
    text = made.castep(made.moved(2), finite_basis_eV=-0.0115)
    lattice = text.split("Real Lattice(A)")[1].split("\n", 4)[1:4]
    wider = "\n".join(row.replace("1.0000000", "1.0000000", 1).replace(row[:14], f"{float(row[:14]) + 0.1:14.7f}", 1)
                      for row in lattice)  # fmt: skip
    text = text.replace(" BFGS: starting iteration         1 ...", "        Real Lattice(A)\n" + wider)
    first, second = castep.read(written(tmp_path, "a.castep", text)).steps
    assert first.energy_eV is not None
    assert second.energy_eV is None
    assert "finite basis of this cell" in second.electronic
    # as in the runs of NOMAD's tests, where no pressure is asked for: the enthalpy is the energy with the correction
    row = " | trial step |    1.000000 |    0.835759 |     -213.878501 | <-- min BFGS\n"
    at = text.rindex(" BFGS: finished iteration")
    told = written(tmp_path, "b.castep", text[:at] + row + text[at:])
    assert castep.read(told).steps[1].energy_eV == -213.878501


def test_castep_s_constrained_forces_are_none(tmp_path: Path) -> None:
    (step,) = castep.read(written(tmp_path, "a.castep", made.castep(made.moved(1), constrained=True))).steps
    assert step.forces_eV_per_A is None
    assert "constraints" in step.electronic


def test_geom_has_all_digits_and_takes_convergence_from_beside(tmp_path: Path) -> None:
    frames = made.moved()
    path = written(tmp_path, "alloy.geom", made.castep_frames(frames))
    assert castep.is_castep_frames(path.read_bytes()[:_HEAD])
    alone = castep.read_frames(path)
    assert [step.converged for step in alone.steps] == [None] * 3
    assert alone.setup.functional is None
    for step, frame in zip(alone.steps, frames, strict=True):
        assert_is(step, frame, energy=1e-10, force=1e-10, stress=1e-12, place=1e-10)
    written(tmp_path, "alloy.castep", made.castep(frames, unconverged=(1,)))
    beside = castep.read_frames(path)
    assert [step.converged for step in beside.steps] == [True, False, True]
    assert beside.setup.functional == "PBE"


def test_md_s_stress_is_without_the_motion_of_the_ions(tmp_path: Path) -> None:
    frames = made.moved(2)
    found = castep.read_frames(written(tmp_path, "alloy.md", made.castep_frames(frames, velocities=0.02)))
    for step, frame in zip(found.steps, frames, strict=True):
        # constants of two years in masses and times: 1e-8 of a kinetic stress of 2e-2
        assert_is(step, frame, energy=1e-10, force=1e-10, stress=1e-8, place=1e-10)


@pytest.mark.parametrize("tail", ["<-- F", "<-- S", "<-- R"])
def test_a_cut_geom_ends_with_its_last_whole_step(tail: str, tmp_path: Path) -> None:
    text = made.castep_frames(made.moved(2))
    found = castep.read_frames(written(tmp_path, "a.geom", text[: text.rindex(tail) - 30]))
    assert len(found.steps) == 1
    assert found.cut


def test_castep_s_real_dynamics_conserve_their_energy() -> None:
    """Silicon in NVE by CASTEP 23.1, from ASE's tests: dE is minus the mean force times the way."""
    found = castep.read(Path(ase.__file__).parent / "test/testdata/castep/md.castep")
    assert found.setup.code == "castep 23.1"
    assert found.setup.functional == "LDA"
    assert found.setup.k_mesh == (2, 2, 2)
    # "Potential Energy" of the file, which holds the correction for the finite basis at every step
    assert [step.energy_eV for step in found.steps] == [-1351.297328, -1351.295915, -1351.291838]
    for before, after in zip(found.steps, found.steps[1:], strict=False):
        assert before.forces_eV_per_A is not None
        assert after.forces_eV_per_A is not None
        assert before.energy_eV is not None
        assert after.energy_eV is not None
        way = after.atoms.positions - before.atoms.positions
        work = -((before.forces_eV_per_A + after.forces_eV_per_A) / 2 * way).sum()
        # the file's own "Total Energy" drifts by 3.5e-4 eV; kinetic and potential energy change by 1.5 and 4.4 meV
        assert after.energy_eV - before.energy_eV == pytest.approx(work, abs=4e-4)
    stress = found.steps[-1].stress_eV_per_A3
    assert stress is not None
    assert -stress[:3].mean() / units.GPa == pytest.approx(-0.3882, abs=1e-4)  # "Pressure" of the file


def test_gpaw_s_real_log_agrees_with_differences_of_its_energies() -> None:
    found = gpaw_files.read(DATA / "gpaw_lih.txt")
    setup = found.setup
    assert (setup.code, setup.functional, setup.cutoff_eV, setup.k_mesh) == ("gpaw 26.7.0", "PBE", 800.0, (2, 2, 2))
    assert (setup.spin_polarized, setup.smearing) == (False, "fermi 0.1 eV")
    assert [step.converged for step in found.steps] == [True] * 5
    assert found.cut is None
    at, below, above, smaller, larger = found.steps
    energies = [step.energy_eV for step in found.steps]
    assert energies == [-6.202900, -6.205363, -6.199718, -6.203334, -6.199187]  # "Free energy" of the file
    assert at.forces_eV_per_A is not None
    assert at.stress_eV_per_A3 is not None
    assert below.energy_eV
    assert above.energy_eV
    assert smaller.energy_eV
    assert larger.energy_eV
    # 6 digits of energies over 0.04 A are 4e-5; the third derivative leaves 3e-4
    assert at.forces_eV_per_A[1, 0] == pytest.approx(-(above.energy_eV - below.energy_eV) / 0.04, abs=5e-4)
    # the number of plane waves changes with the cell, which leaves 5 % at 800 eV
    trace = (larger.energy_eV - smaller.energy_eV) / 0.02 / at.atoms.get_volume()
    assert at.stress_eV_per_A3[:3].sum() == pytest.approx(trace, rel=0.05)


def test_gpaw_s_new_log_that_gave_up(tmp_path: Path) -> None:
    text = (DATA / "gpaw_lih.txt").read_text()
    start = text.index("Converged in 11 steps")
    text = text[:start].replace("maximum number of iterations: 333", "maximum number of iterations: 11")
    (step,) = gpaw_files.read(written(tmp_path, "a.txt", text + "\ntiming:  # [seconds]\n")).steps
    assert step.converged is False
    assert "11 iterations of at most 11" in step.electronic


@pytest.mark.parametrize(
    ("words", "smearing"),
    [
        ("Methfessel-Paxton:\n    width: 0.0500  # eV\n    order: 0", "gaussian 0.05 eV"),
        ("Methfessel-Paxton:\n    width: 0.0500  # eV\n    order: 1", "methfessel-paxton 0.05 eV"),
        ("# Zero width", "none"),
    ],
)
def test_gpaw_s_smearings(words: str, smearing: str, tmp_path: Path) -> None:
    text = (DATA / "gpaw_lih.txt").read_text().replace("Fermi-Dirac:\n    width: 0.1000  # eV", words)
    assert gpaw_files.read(written(tmp_path, "a.txt", text)).setup.smearing == smearing


def test_gpaw_s_log_that_ends_within_a_letter(tmp_path: Path) -> None:
    content = (DATA / "gpaw_lih.txt").read_bytes()
    path = tmp_path / "a.txt"
    path.write_bytes(content[: content.rindex("\u2501".encode()) + 1])
    assert len(gpaw_files.read(path).steps) == 5


def test_gpw_has_the_free_energy(tmp_path: Path) -> None:
    frame = made.labelled(made.alloy())
    path = made.gpw(tmp_path / "a.gpw", frame)
    assert gpaw_files.is_gpw(path.read_bytes()[:_HEAD])
    found = gpaw_files.read_gpw(path)
    assert_is(found.steps[0], frame, energy=1e-12, force=1e-12, stress=1e-12, place=1e-12)
    assert found.steps[0].converged is True
    assert (found.setup.functional, found.setup.cutoff_eV, found.setup.smearing) == ("PBE", 400.0, "fermi 0.1 eV")
    assert gpaw_files.read_gpw(made.gpw(tmp_path / "b.gpw", frame, converged=False)).steps[0].converged is False
    assert gpaw_files.read_gpw(made.gpw(tmp_path / "c.gpw", frame, converged=None)).steps[0].converged is None
    assert gpaw_files.read_gpw(made.gpw(tmp_path / "d.gpw", frame, converged=None, version=7)).steps[0].converged


def test_cp2k_s_cutoff_is_that_of_the_density(tmp_path: Path) -> None:
    setup = cp2k.read(written(tmp_path, "a.out", made.cp2k(made.moved(1)))).setup
    assert setup.cutoff_eV is None
    assert setup.density_cutoff_eV == pytest.approx(300 * units.Hartree)
    assert (setup.functional, setup.k_mesh, setup.spin_polarized) == ("PBE", (1, 1, 1), True)
    assert setup.pseudopotentials[1] == ("Cu", "GTH-PBE-q11 DZVP-MOLOPT-SR-GTH")


def test_cp2k_s_outer_loop_decides(tmp_path: Path) -> None:
    frames = made.moved(1)
    assert cp2k.read(written(tmp_path, "a.out", made.cp2k(frames, outer=True))).steps[0].converged is True
    failed = made.cp2k(frames, outer=True).replace(
        "outer SCF loop converged in", "outer SCF loop FAILED to converge after"
    )
    assert cp2k.read(written(tmp_path, "b.out", failed)).steps[0].converged is False


def test_cp2k_s_steps_without_a_geometry_are_left_out(tmp_path: Path) -> None:
    found = cp2k.read(written(tmp_path, "a.out", made.cp2k(made.moved(3))))
    assert len(found.steps) == 1
    assert "2 steps are without a geometry: give alloy-pos-1.xyz" in str(found.cut)


def test_cp2k_s_forces_may_lie_beside(tmp_path: Path) -> None:
    frames = made.moved(2)
    lines = made.cp2k(frames).splitlines(keepends=True)
    starts = [index for index, line in enumerate(lines) if "ATOMIC FORCES in" in line]
    for start in reversed(starts):
        del lines[start : start + 3 + len(frames[0]) + 1]
    written(tmp_path, "alloy-frc-1.xyz", made.cp2k_positions(frames, forces=True))
    found = cp2k.read(files(tmp_path, "cp2k", "".join(lines), frames))
    for step, frame in zip(found.steps, frames, strict=True):
        assert_is(step, frame, energy=1e-9, force=3e-9, stress=1e-10, place=1e-4)


def test_cp2k_s_cells_of_three_digits_are_made_whole(tmp_path: Path) -> None:
    """Lengths and angles have six; the vectors only say how the cell is turned."""
    from scipy.spatial.transform import Rotation

    frame = made.alloy()
    turn = Rotation.from_euler("xyz", [0.3, -0.2, 0.5]).as_matrix()
    frame.set_cell(frame.cell.array @ turn, scale_atoms=True)
    (step,) = cp2k.read(written(tmp_path, "a.out", made.cp2k([made.labelled(frame)]))).steps
    assert step.atoms.cell.cellpar() == pytest.approx(frame.cell.cellpar(), abs=1e-6)
    # the turn is fitted to nine numbers of three digits: half of the last at most
    assert step.atoms.cell.array == pytest.approx(frame.cell.array, abs=5e-4)


@pytest.mark.parametrize("form", ["angstrom", "bohr", "alat", "crystal"])
def test_espresso_s_places_in_each_unit(form: str, tmp_path: Path) -> None:
    frames = made.moved(2)
    found = espresso.read(written(tmp_path, "pw.out", made.espresso(frames, form=form)))
    assert found.steps[1].atoms.positions == pytest.approx(frames[1].positions, abs=1e-8)


def test_espresso_says_its_setup(tmp_path: Path) -> None:
    setup = espresso.read(written(tmp_path, "pw.out", made.espresso(made.moved(1)))).setup
    assert (setup.code, setup.functional, setup.spin_polarized) == ("espresso 7.2", "PBE", True)
    assert setup.cutoff_eV == pytest.approx(50 * units.Ry)
    assert setup.density_cutoff_eV == pytest.approx(400 * units.Ry)
    assert setup.energy_tolerance_eV == pytest.approx(1e-8 * units.Ry)
    assert setup.pseudopotentials[0] == ("Al", "Al.pbe-n-kjpaw_psl.1.0.0.UPF")


def test_espresso_s_xml(tmp_path: Path) -> None:
    frames = made.moved()
    path = written(tmp_path, "data-file-schema.xml", made.espresso_xml(frames))
    assert espresso.is_pw_xml(path.read_bytes()[:_HEAD])
    found = espresso.read_xml(path)
    for step, frame in zip(found.steps, frames, strict=True):
        assert_is(step, frame, energy=1e-10, force=1e-10, stress=1e-12, place=1e-10)
    assert (found.setup.k_mesh, found.setup.functional, found.setup.smearing) == ((4, 5, 6), "PBE", "gaussian 0.1 eV")
    assert found.setup.cutoff_eV == pytest.approx(50 * units.Ry)
    (step,) = espresso.read_xml(written(tmp_path, "b.xml", made.espresso_xml(frames[:1], converged=False))).steps[-1:]
    assert step.converged is True or step.converged is False
    with pytest.raises(DatasetError, match=r"b\.xml: is damaged XML"):
        espresso.read_xml(written(tmp_path, "b.xml", made.espresso_xml(frames)[:1500]))


def test_espresso_s_real_pressures_are_minus_the_slope_of_the_energy(tmp_path: Path) -> None:
    """Silicon in two cells by pw.x 7.4, from ASE's tests: the energy falls by the mean pressure times the volume."""
    from ase.test.fio.test_espresso import pw_output_cell

    first, second, _ = espresso.read(written(tmp_path, "pw.out", pw_output_cell)).steps
    assert first.energy_eV == pytest.approx(-21.58743321 * units.Ry, abs=1e-9)
    assert first.energy_eV is not None
    assert second.energy_eV is not None
    assert first.stress_eV_per_A3 is not None
    assert second.stress_eV_per_A3 is not None
    mean = (first.stress_eV_per_A3[:3].mean() + second.stress_eV_per_A3[:3].mean()) / 2
    by_stress = mean * (second.atoms.get_volume() - first.atoms.get_volume())
    # a quarter of the volume in one trapezium: 10 %
    assert second.energy_eV - first.energy_eV == pytest.approx(by_stress, rel=0.1)


def xyz(folder: Path, frames: list[Atoms], **names: str) -> Path:
    from ase.io import write

    copies = []
    for frame in frames:
        copy = frame.copy()
        values = {"energy": frame.get_potential_energy(), "virial": -frame.get_stress(voigt=False) * frame.get_volume(),
                  "stress": frame.get_stress(voigt=False), "free_energy": frame.get_potential_energy(),
                  "other_energy": frame.get_potential_energy() + 0.02, "wrong": np.eye(3)}  # fmt: skip
        for name, what in names.items():
            if what == "forces":
                copy.arrays[name] = frame.get_forces()
            else:
                copy.info[name] = values[what]
        copies.append(copy)
    write(folder / "labels.xyz", copies, format="extxyz")
    return folder / "labels.xyz"


@pytest.mark.parametrize("names", [
    {"REF_energy": "energy", "REF_forces": "forces", "REF_virial": "virial"},
    {"REF_energy": "energy", "REF_forces": "forces", "REF_stress": "stress"},
    {"energy": "energy", "forces": "forces", "virial": "virial"},
    {"energy": "energy", "forces": "forces", "stress": "stress", "virial": "virial"},
    {"dft_energy": "energy", "dft_forces": "forces", "dft_virial": "virial"},
    {"energy": "other_energy", "free_energy": "free_energy", "forces": "forces", "virials": "virial"},
])  # fmt: skip
def test_extended_xyz_by_the_usual_names(names: dict[str, str], tmp_path: Path) -> None:
    frames = made.moved(2)
    path = xyz(tmp_path, frames, **names)
    assert labelled_frames.is_labelled_xyz(path.read_bytes()[:_HEAD])
    found = labelled_frames.read(path)
    assert not found.contradictions
    for step, frame in zip(found.steps, frames, strict=True):
        assert step.converged is None
        assert_is(step, frame, energy=1e-7, force=1e-7, stress=1e-7, place=1e-7)


@pytest.mark.parametrize(("names", "words"), [
    ({"energy": "other_energy", "REF_energy": "energy", "forces": "forces"}, "REF_energy and energy differ"),
    ({"energy": "energy", "forces": "forces", "stress": "stress", "virial": "wrong"}, "minus the virial by the volume"),
])  # fmt: skip
def test_extended_xyz_that_contradicts_itself(names: dict[str, str], words: str, tmp_path: Path) -> None:
    (told,) = labelled_frames.read(xyz(tmp_path, made.moved(1), **names)).contradictions
    assert words in told


@pytest.mark.parametrize("text", [made.mptrj, made.matpes])
def test_json_of_mptrj_and_matpes(text: Callable[[list[Atoms]], str], tmp_path: Path) -> None:
    frames = made.moved()
    path = written(tmp_path, "labels.json", text(frames))
    assert labelled_frames.is_labelled_json(path.read_bytes()[:_HEAD])
    found = labelled_frames.read_labelled_json(path)
    for step, frame in zip(found.steps, frames, strict=True):
        assert_is(step, frame, energy=1e-12, force=1e-12, stress=1e-9, place=1e-10)  # GPa of two years
    assert found.setup.functional == ("r2SCAN" if text is made.matpes else None)


def test_json_of_two_functionals_is_told(tmp_path: Path) -> None:
    text = made.matpes(made.moved(2), functionals=("PBE", "r2SCAN"))
    assert labelled_frames.read_labelled_json(written(tmp_path, "a.json", text)).contradictions == (
        "frames are of PBE, r2SCAN",
    )


def _all_forms(folder: Path) -> dict[str, str]:
    frames = made.moved(2)
    made.gpw(folder / "last.gpw", frames[0])
    texts = {form: write(frames) for form, (write, *_) in FORMS.items()}
    return texts | {"geom": made.castep_frames(frames), "xml": made.espresso_xml(frames), "mptrj": made.mptrj(frames),
                    "matpes": made.matpes(frames),
                    "xyz": xyz(folder, frames, REF_energy="energy", REF_forces="forces").read_text()}  # fmt: skip


def test_outputs_are_known_by_their_contents(tmp_path: Path) -> None:
    import gzip

    programs = {"geom": "castep", "xml": "espresso", "cp2k-2025": "cp2k", "mptrj": "frames", "matpes": "frames",
                "xyz": "frames"}  # fmt: skip
    for form, text in _all_forms(tmp_path).items():
        folder = tmp_path / form
        folder.mkdir()
        path = written(folder, "any.name", text)
        assert read_calculation(path).setup.program == programs.get(form, form)
        assert len(read_calculation(folder).steps) == len(read_calculation(path).steps) > 0
        packed = folder / "any.name.gz"
        packed.write_bytes(gzip.compress(text.encode()))
        assert len(read_calculation(packed).steps) == len(read_calculation(path).steps)
        with pytest.raises(DatasetError, match="has 2 files of the kind"):
            read_calculation(folder)
    assert read_calculation(tmp_path / "last.gpw").setup.program == "gpaw"


def test_of_a_job_s_folder_the_castep_is_taken(tmp_path: Path) -> None:
    frames = made.moved(1)
    written(tmp_path, "label.castep", made.castep(frames))
    written(tmp_path, "label.geom", made.castep_frames(frames))
    written(tmp_path, "label.param", "TASK : SINGLEPOINT\n")
    assert read_calculation(tmp_path).source.endswith("label.castep")
    assert find_outputs(tmp_path) == [tmp_path / "label.castep"]


def test_what_repeats_another_output_is_not_found_twice(tmp_path: Path) -> None:
    frames = made.moved(1)
    for name in ("a.1", "a.2"):
        written(tmp_path, f"{name}.txt", made.gpaw_old(frames))
    made.gpw(tmp_path / "a.1.gpw", frames[0])
    written(tmp_path, "pw.out", made.espresso(frames))
    (tmp_path / "x.save").mkdir()
    written(tmp_path / "x.save", "data-file-schema.xml", made.espresso_xml(frames))
    assert [path.name for path in find_outputs(tmp_path)] == ["a.1.txt", "a.2.txt", "pw.out"]


def test_cutoffs_of_the_density_make_settings(tmp_path: Path) -> None:
    frames = made.moved(1)
    texts = [made.cp2k(frames), made.cp2k(frames), made.cp2k(frames).replace("300.0\n", "250.0\n")]
    found = [cp2k.read(written(tmp_path, f"{number}.out", text)) for number, text in enumerate(texts)]
    (told,) = one_setting(found).differing[2]
    assert told == "cutoff of the density 6802.85 eV, the set has 8163.42 eV"
