"""Outputs of VASP: made ones against what they were made of, those that ASE ships against ASE and pymatgen."""

import re
import warnings
from dataclasses import replace
from pathlib import Path

import ase.io
import ase.test
import numpy as np
import pytest

from made_vasp import KB, cell_of_NaBH4, outcar, relaxation, static_run, vasprun
from paddlewheel.errors import DatasetError
from paddlewheel.firstprinciples.judgement import judge, one_setting
from paddlewheel.firstprinciples.readers import read_calculation
from paddlewheel.firstprinciples.setups import CalculationSettings, mesh_of_spacing

OF_ASE = Path(ase.test.__file__).parent / "testdata" / "vasp"


def read_text(folder, name, text):
    (folder / name).write_text(text)
    return read_calculation(folder / name)


def voigt(stress_kB):
    """ASE's order, sign and unit."""
    s = -stress_kB / KB
    return np.array([s[0, 0], s[1, 1], s[2, 2], s[1, 2], s[0, 2], s[0, 1]])


@pytest.mark.parametrize(("name", "write", "places"), [("vasprun.xml", vasprun, 8), ("OUTCAR", outcar, 5)])
def test_numbers_are_those_of_the_text(name, write, places, tmp_path):
    """vasprun.xml has eight decimals; OUTCAR five of positions and stress (kB), six of forces, eight of energies."""
    run = relaxation()
    calculation = read_text(tmp_path, name, write(run))
    assert calculation.cut is None
    assert len(calculation.steps) == 3
    half = 0.51 * 10.0**-places
    for step, made in zip(calculation.steps, run.steps, strict=True):
        assert step.energy_eV == pytest.approx(made.energies_eV[-1], abs=0.51e-8)
        assert step.forces_eV_per_A == pytest.approx(made.forces_eV_per_A, abs=max(0.51e-8, half / 10))
        assert step.stress_eV_per_A3 == pytest.approx(voigt(made.stress_kB), abs=half / KB)
        # positions of vasprun.xml are fractions of a vector of 6 A
        assert step.atoms.positions == pytest.approx(made.atoms.positions, abs=20 * half)
        assert list(step.atoms.symbols) == list(made.atoms.symbols)
        assert step.converged


def test_both_files_say_the_same_setup(tmp_path):
    of_vasprun = read_text(tmp_path, "vasprun.xml", vasprun(static_run())).setup
    assert of_vasprun == read_text(tmp_path, "OUTCAR", outcar(static_run())).setup
    assert of_vasprun.code == "vasp 6.4.2"
    assert of_vasprun.functional == "r2SCAN"
    assert of_vasprun.cutoff_eV == 680
    assert of_vasprun.k_mesh == (5, 5, 4)
    assert of_vasprun.smearing == "gaussian 0.05 eV"
    assert of_vasprun.energy_tolerance_eV == pytest.approx(1.2e-4)
    assert of_vasprun.corrections == ("aspherical terms (LASPH)",)


@pytest.mark.parametrize(("name", "write"), [("vasprun.xml", vasprun), ("OUTCAR", outcar)])
def test_an_external_pressure_is_in_neither_energy_nor_stress(name, write, tmp_path):
    """VASP writes the enthalpy into vasprun.xml and both into OUTCAR, and takes PSTRESS off a copy of the stress."""
    run = static_run()
    (step,) = read_text(tmp_path, name, write(run.having(PSTRESS="100"))).steps
    assert step.energy_eV == pytest.approx(run.steps[0].energies_eV[-1], abs=2e-8)
    assert step.stress_eV_per_A3 == pytest.approx(voigt(run.steps[0].stress_kB), abs=1e-5 / KB)


def test_ase_and_pymatgen_read_the_same_of_a_sound_file(tmp_path):
    from pymatgen.io.vasp import Vasprun

    path = tmp_path / "vasprun.xml"
    path.write_text(vasprun(relaxation()))
    mine = read_calculation(path).steps
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        of_pymatgen = Vasprun(path, parse_dos=False, parse_eigen=False, parse_potcar_file=False).ionic_steps
    for step, of_ase, theirs in zip(mine, ase.io.read(path, index=":"), of_pymatgen, strict=True):
        assert step.energy_eV == of_ase.get_potential_energy(force_consistent=True) == theirs["e_fr_energy"]
        assert np.array_equal(step.forces_eV_per_A, of_ase.get_forces())
        assert np.array_equal(step.forces_eV_per_A, theirs["forces"])
        assert step.stress_eV_per_A3 == pytest.approx(of_ase.get_stress(), rel=1e-7)  # of constants
        assert step.stress_eV_per_A3 == pytest.approx(voigt(np.array(theirs["stress"])))
        assert step.atoms.positions == pytest.approx(of_ase.positions, abs=1e-12)


def test_the_enthalpy_of_an_external_pressure_is_taken_off_the_energy():
    (step,) = read_calculation(OF_ASE / "vasprun_pstress.xml").steps
    # the last electronic step has the energy without P V; the two constants of VASP and CODATA differ by 1e-8
    assert step.energy_eV == pytest.approx(-20.24695937, abs=2e-8)
    assert step.stress_eV_per_A3 == pytest.approx(np.array([1, 1, 1, 0, 0, 0]) * 165.99562580 / KB)


def test_electronic_steps_of_a_response_do_not_count():
    calculation = read_calculation(OF_ASE / "vasprun_dfpt.xml")
    (step,) = calculation.steps
    assert step.converged
    assert step.electronic.startswith("13 of at most 100 steps")
    assert step.energy_eV == -6.74587304
    assert judge(calculation, step) == ()
    assert one_setting([calculation]).functional == "PBE"


def test_an_OUTCAR_of_version_5_is_read_as_ASE_reads_it_and_refused_for_what_it_does_not_say():
    calculation = read_calculation(OF_ASE / "OUTCAR_example_1")
    (step,) = calculation.steps
    of_ase = ase.io.read(OF_ASE / "OUTCAR_example_1", format="vasp-out")
    assert step.energy_eV == -68.22868532 == of_ase.get_potential_energy(force_consistent=True)
    assert np.array_equal(step.forces_eV_per_A, of_ase.get_forces())
    assert step.stress_eV_per_A3 == pytest.approx(of_ase.get_stress(), rel=1e-7)
    assert step.converged
    assert calculation.setup.k_mesh == (1, 1, 1)
    (reason,) = judge(calculation, step)
    assert "does not repeat its INCAR" in reason


@pytest.mark.parametrize(("ending", "converged"), [("y_y", True), ("y_n", False), ("n_y", False)])
def test_words_of_convergence_must_be_borne_out(ending, converged, tmp_path):
    """Files of ASE: what the last change says, what VASP says; ASE believes the words where they contradict."""
    lines = (OF_ASE / f"convergence_OUTCAR_{ending}").read_text().splitlines()[3:]
    text = outcar(static_run().having(EDIFF="1E-4"))
    start, end = text.index("------"), text.index("  FORCE on cell")
    iterations = [f"---- Iteration 1({n:4d}) ----\n{line}" for n, line in enumerate(lines[:-1], 1)]
    spliced = "\n".join([*iterations, lines[-1], ""])
    (step,) = read_text(tmp_path, "OUTCAR", text[:start] + spliced + text[end:]).steps
    assert step.converged is converged


@pytest.mark.parametrize(
    ("name", "write", "whole"),
    [("vasprun.xml", vasprun, r"</calculation>"), ("OUTCAR", outcar, r"free  energy   TOTEN  = .* eV")],
)
def test_a_truncated_file_is_read_up_to_its_last_whole_step(name, write, whole, tmp_path):
    text = write(relaxation())
    last_words = text.rindex("</modeling>" if name == "vasprun.xml" else "General timing")
    numbers = set()
    for end in range(last_words // 4, last_words, last_words // 60):
        calculation = read_text(tmp_path, name, text[:end])
        assert calculation.cut is not None
        assert len(calculation.steps) == len(re.findall(whole, text[:end]))
        assert all(judge(calculation, step) == () for step in calculation.steps)
        numbers.add(len(calculation.steps))
    assert numbers == {0, 1, 2, 3}


def test_displacements_of_finite_differences_are_left_out(tmp_path):
    calculation = read_text(tmp_path, "vasprun.xml", vasprun(relaxation().having(IBRION="6")))
    assert len(calculation.steps) == 1
    assert "IBRION is 6" in (calculation.cut or "")


@pytest.mark.parametrize(("name", "write"), [("vasprun.xml", vasprun), ("OUTCAR", outcar)])
def test_of_two_runs_in_one_file_the_first_is_read(name, write, tmp_path):
    calculation = read_text(tmp_path, name, write(relaxation(2)) + write(static_run(seed=5)))
    assert len(calculation.steps) == 2
    assert calculation.cut is not None


def test_of_a_tag_that_is_there_twice_the_first_counts_as_for_VASP(tmp_path):
    text = outcar(static_run()).replace("   METAGGA = R2SCAN\n", "   METAGGA = R2SCAN\n   METAGGA = SCAN\n")
    assert read_text(tmp_path, "OUTCAR", text).setup.functional == "r2SCAN"


def test_names_of_tags_may_be_filled_up_with_spaces(tmp_path):
    """VASP 6.4.3 writes name="GGA    "."""
    text = vasprun(static_run().having(GGA="PS")).replace('name="GGA"', 'name="GGA    "').replace("METAGGA", "META")
    assert read_text(tmp_path, "vasprun.xml", text).setup.functional == "PBEsol"


def test_the_mesh_of_an_older_OUTCAR_is_told_from_its_points(tmp_path):
    """A Gamma-centred 3x3x2 mesh and a shifted 2x2x2 one, up to inversion, with how many points each stands for."""
    text = outcar(static_run())
    for mesh, points in {
        (3, 3, 2): [(x / 3, y / 3, z / 2) for x in (0, 1, -1) for y in (0, 1, -1) for z in (0, 1)],
        (2, 2, 2): [(x, y, z) for x in (0.25, -0.25) for y in (0.25, -0.25) for z in (0.25, -0.25)],
    }.items():
        weights = dict.fromkeys(points, 1)
        for point in points:
            inverse = tuple(-x if x != 0.5 else x for x in point)
            if point in weights and inverse in weights and inverse != point:
                weights[point] += weights.pop(inverse)
        rows = [f"{x:10.6f}{y:10.6f}{z:10.6f}{weight:14.6f}" for (x, y, z), weight in weights.items()]
        listed = "\n".join(
            [" Following reciprocal coordinates:", "            Coordinates               Weight", *rows, ""]
        )
        at = text.index(" generate k-points for:")
        older = text[:at] + listed + text[text.index("\n", at) :]
        assert read_text(tmp_path, "OUTCAR", older).setup.k_mesh == mesh


def test_a_frame_may_be_in_another_order(tmp_path):
    asked = cell_of_NaBH4()[[5, 2, 11, 0, 1, 3, 4, 6, 7, 8, 9, 10]]
    order = [3, 4, 1, 5, 6, 0, 7, 8, 9, 10, 11, 2]
    calculation = read_text(tmp_path, "vasprun.xml", vasprun(static_run()))
    assert judge(calculation, calculation.steps[0], asked=asked, order=order) == ()
    (reason,) = judge(calculation, calculation.steps[0], asked=asked, order=[4, 3, *order[2:]])
    assert reason.startswith(("atom 3 (Na)", "atom 4 (Na)"))


def test_what_does_not_say_whether_it_converged_is_refused_unless_it_shall_be_taken(tmp_path):
    calculation = read_text(tmp_path, "vasprun.xml", vasprun(static_run()))
    step = replace(calculation.steps[0], converged=None, electronic="")
    assert judge(calculation, step) == ("nothing says that the electrons converged",)
    assert judge(calculation, step, take_unknown_convergence=True) == ()


def test_a_set_has_the_most_frequent_setting_and_names_what_the_rest_has(tmp_path):
    run = static_run()
    runs = [run, run.having(ENCUT="520"), run, run.having(METAGGA="SCAN", ISPIN="1"), run,
            replace(run, titles={**run.titles, "Na": "PAW_PBE Na_pv 19Sep2006"}), replace(run, mesh=(2, 2, 2)),
            replace(run, mesh=(8, 8, 6)), replace(run, version="5.4.4")]  # fmt: skip
    found = one_setting([read_text(tmp_path, "vasprun.xml", vasprun(made)) for made in runs])
    assert found.functional == "r2SCAN"
    assert found.codes == ("vasp 5.4.4", "vasp 6.4.2")
    assert dict(found.pseudopotentials)["Na"] == "PAW_PBE Na 08Apr2002"
    assert found.differing[1] == ("ENCUT 520 eV, the set has 680 eV",)
    assert found.differing[3] == ("functional SCAN, the set has r2SCAN", "spin not polarized, the set has polarized")
    assert found.differing[5] == ("the potential of Na is PAW_PBE Na_pv 19Sep2006, the set has PAW_PBE Na 08Apr2002",)
    assert found.differing[6][0].startswith("k mesh 2x2x2")
    assert sorted(found.differing) == [1, 3, 5, 6]


def test_U_belongs_to_elements_and_cells_without_them_are_the_same_setting(tmp_path):
    run = static_run()
    of_boron = {"LDAU": "T", "LDAUL": "-1 1 -1", "LDAUU": "0 4 0", "LDAUJ": "0 0 0"}
    with_u = read_text(tmp_path, "vasprun.xml", vasprun(run.having(**of_boron)))
    no_boron = replace(with_u, setup=replace(
        with_u.setup, corrections=("aspherical terms (LASPH)",),
        pseudopotentials=tuple(pair for pair in with_u.setup.pseudopotentials if pair[0] != "B"),
    ))  # fmt: skip
    without_u = read_text(tmp_path, "vasprun.xml", vasprun(run))
    found = one_setting([with_u, no_boron, with_u, without_u])
    assert list(found.differing) == [3]
    assert "the potential of B" in found.differing[3][0]
    settings = CalculationSettings(
        name="mine", functional="r2SCAN", cutoff_eV=680, k_spacing_per_A=0.35, energy_tolerance_eV=1e-3,
        spin_polarized=True, tags={"LASPH": True, "LDAU": True, "LDAUL": {"B": 1}, "LDAUU": {"B": 4.0}, "LDAUJ": {}},
    )  # fmt: skip
    assert judge(with_u, with_u.steps[0], settings=settings) == ()
    assert len(judge(without_u, without_u.steps[0], settings=settings)) == 1


def on_cells(calculation, cells_A, meshes):
    """The same calculation on other cells with other meshes."""
    step = calculation.steps[0]
    for cell_A, mesh in zip(cells_A, meshes, strict=True):
        atoms = step.atoms.copy()
        atoms.set_cell(cell_A, scale_atoms=True)
        yield replace(calculation, setup=replace(calculation.setup, k_mesh=mesh), steps=(replace(step, atoms=atoms),))


def test_meshes_of_one_spacing_on_cells_of_all_sizes_are_one_setting_and_a_coarser_one_is_not(tmp_path):
    calculation = read_text(tmp_path, "vasprun.xml", vasprun(static_run()))
    cells = [calculation.steps[0].atoms.cell.array * size for size in np.linspace(0.5, 4.0, 40)]
    members = on_cells(calculation, cells, [mesh_of_spacing(cell, 0.35) for cell in cells])
    coarse = on_cells(calculation, cells[:1], [mesh_of_spacing(cells[0], 0.5)])
    found = one_setting([*members, *coarse])
    assert found.k_spacing_per_A == pytest.approx(0.35, rel=0.05)
    assert found.k_spacing_per_A <= 0.35
    assert list(found.differing) == [40]


def test_meshes_of_a_density_spread_and_are_one_setting(tmp_path):
    """Divisions rounded down from a length: 10 A of a cell have 2 of 25 A, 13 A have 1, nearly twice as coarse."""
    calculation = read_text(tmp_path, "vasprun.xml", vasprun(static_run()))
    cells = [np.diag([edge, edge, edge]) for edge in np.linspace(4.0, 16.0, 40)]
    meshes = [(n, n, n) for n in (max(1, int(25.0 / cell[0, 0])) for cell in cells)]
    assert not one_setting(list(on_cells(calculation, cells, meshes))).differing


@pytest.mark.parametrize(("content", "says"), [
    (b"<?xml version='1.0'?><modeling></modeling>", "does not name its atoms"),
    (b"<?xml version='1.0'?><!DOCTYPE a [<!ENTITY b 'c'>]><modeling></modeling>", "document type"),
    (b" vasp.6.4.2\n", "cannot be told"),
    (b"nothing of the kind", "no output"),
])  # fmt: skip
def test_other_files_are_refused_in_one_line(content, says, tmp_path):
    (tmp_path / "file").write_bytes(content)
    with pytest.raises(DatasetError, match=says):
        read_calculation(tmp_path / "file")


def test_settings_are_compared_with_what_was_asked(tmp_path):
    calculation = read_text(tmp_path, "vasprun.xml", vasprun(static_run()))
    asked = CalculationSettings(
        name="mine", functional="PBE", cutoff_eV=520, k_spacing_per_A=0.2, energy_tolerance_eV=1e-6,
        pseudopotentials={"Na": "Na_pv"}, tags={"IVDW": 12},
    )  # fmt: skip
    reasons = judge(calculation, calculation.steps[0], settings=asked)
    assert [reason.split(" is ")[0] for reason in reasons[:6]] == [
        "functional", "cutoff", "spin", "k mesh", "tolerance of the electrons", "the potential of Na",
    ]  # fmt: skip
    assert reasons[6:] == (
        "adds aspherical terms (LASPH), which was not asked for", "lacks D3(BJ), which was asked for",
    )  # fmt: skip
