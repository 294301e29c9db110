"""Structure files as phases, relaxed alone by a potential: Cu-Au with EMT, which was made for these metals."""

from __future__ import annotations

from pathlib import Path

import pytest
from ase import Atoms
from ase.build import bulk, fcc111
from ase.spacegroup import crystal

from paddlewheel import hull, phonons
from paddlewheel.cli.main import status_of
from paddlewheel.errors import InputError
from paddlewheel.studies.hull.phase_energies import empty_layer_A, read_own_phase

EMT = "ase:ase.calculators.emt:EMT"


@pytest.fixture(autouse=True)
def own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PADDLEWHEEL_CACHE", str(tmp_path / "cache"))


def cu3au() -> Atoms:
    """L1_2, 3.75 A (measured); EMT has 3.77."""
    return crystal(["Au", "Cu"], [(0, 0, 0), (0.5, 0.5, 0)], spacegroup="Pm-3m", cellpar=[3.75] * 3 + [90] * 3)


def test_a_structure_file_is_a_phase_beside_the_elements(tmp_path: Path) -> None:
    """Formation energy of Cu3Au: that of EMT itself, relaxed here by ASE, to 0.1 meV/atom."""
    from ase.calculators.emt import EMT as Calculator
    from ase.filters import FrechetCellFilter
    from ase.optimize import BFGS

    path = tmp_path / "Cu3Au.cif"
    cu3au().write(path)
    record = hull("Cu-Au", phases=[path], potential=EMT, static=True, temperatures_K=[0.0, 300.0])
    rows = {row.name: row for row in record.temperatures[0].phases}
    assert set(rows) == {"Cu (fcc)", "Au (fcc)", "Cu3Au"}
    energies = {}
    for name, atoms in (("Cu", bulk("Cu")), ("Au", bulk("Au")), ("Cu3Au", cu3au())):
        atoms.calc = Calculator()
        BFGS(FrechetCellFilter(atoms), logfile=None).run(fmax=1e-4, steps=200)  # type: ignore[arg-type]
        energies[name] = atoms.get_potential_energy() / len(atoms)
    expected = energies["Cu3Au"] - 0.75 * energies["Cu"] - 0.25 * energies["Au"]
    found = rows["Cu3Au"].e_above_others_meV_per_atom
    assert found is not None
    assert found.value == pytest.approx(1000 * expected, abs=0.1)
    assert record.static
    assert any("vibrations are left out" in text for text in record.warnings)
    again = {row.name: row for row in record.temperatures[1].phases}["Cu3Au"].e_above_others_meV_per_atom
    assert again == found  # no vibrations: the same at every temperature


def test_one_crystal_is_counted_once_however_often_it_is_given(tmp_path: Path) -> None:
    """The file twice, a supercell of it, and a metal that is built in; a polymorph is another phase."""
    for name in ("one", "two"):
        cu3au().write(tmp_path / f"{name}.cif")
    cu3au().repeat((2, 1, 1)).write(tmp_path / "large.cif")
    bulk("Cu", cubic=True).write(tmp_path / "metal.cif")
    bulk("Cu", "bcc", a=2.87, cubic=True).write(tmp_path / "bcc.cif")
    files = [tmp_path / f"{name}.cif" for name in ("one", "two", "large", "metal", "bcc")]
    record = hull("Cu-Au", phases=files, potential=EMT, static=True, temperatures_K=[0.0])
    assert {row.name for row in record.phases} == {"one", "metal", "bcc", "Au (fcc)"}
    assert "two.cif has the content of one.cif: counted once" in record.warnings
    left_out = {phase.name: phase.reason for phase in record.left_out}
    assert left_out["large"] == "the same crystal as one after relaxation: counted once"
    assert left_out["Cu (fcc)"] == "the same crystal as metal after relaxation: counted once"


def test_the_atoms_count_not_the_name_of_the_file(tmp_path: Path) -> None:
    cu3au().write(tmp_path / "CuAu3_new.cif")
    phase = read_own_phase(tmp_path / "CuAu3_new.cif", n_orderings=1, seed=1).phase
    assert phase.formula == "Cu3Au"
    assert phase.note == "the file is called CuAu3_new and holds Cu3Au: the atoms count"
    cu3au().write(tmp_path / "sample-7.cif")
    assert not read_own_phase(tmp_path / "sample-7.cif", n_orderings=1, seed=1).phase.note


def test_a_disordered_file_is_ordered_and_that_is_told(tmp_path: Path) -> None:
    """Li and Na by halves on the cations of a rock salt: cells of 2 Li and 2 Na, each neutral."""
    path = tmp_path / "salt.cif"
    rows = [("Li1", "Li", "0 0 0", 0.5), ("Na1", "Na", "0 0 0", 0.5), ("Cl1", "Cl", "0.5 0.5 0.5", 1.0)]
    sites = "".join(f"{label} {symbol} {at} {occupancy}\n" for label, symbol, at, occupancy in rows)
    path.write_text(
        "data_salt\n_cell_length_a 5.4\n_cell_length_b 5.4\n_cell_length_c 5.4\n_cell_angle_alpha 90\n"
        "_cell_angle_beta 90\n_cell_angle_gamma 90\n_symmetry_space_group_name_H-M 'F m -3 m'\n"
        "loop_\n_atom_site_label\n_atom_site_type_symbol\n_atom_site_fract_x\n_atom_site_fract_y\n_atom_site_fract_z\n_atom_site_occupancy\n"
        + sites
    )
    own = read_own_phase(path, n_orderings=2, seed=1)
    assert own.phase.elements == {"Li", "Na", "Cl"}
    assert all(cell.symbols.count("Li") == cell.symbols.count("Na") for cell in own.cells)
    assert "oxidation states Cl -1, Li +1, Na +1" in own.phase.prepared
    assert "oxidation states" not in own.phase.note
    # States are of the whole system: those of elements that a file lacks are for others.
    same = read_own_phase(path, n_orderings=2, seed=1, oxidation={"Li": 1, "Fe": 3})
    assert same.phase.prepared == own.phase.prepared
    with pytest.raises(InputError, match="Na is not known with"):
        read_own_phase(path, n_orderings=2, seed=1, oxidation={"Na": 3})


def test_static_runs_of_phonons_are_phases(tmp_path: Path) -> None:
    """The same energies as of the files, at every temperature; static and free energies are never mixed."""
    cu3au().write(tmp_path / "Cu3Au.cif")
    folders = []
    for name, atoms in (("Cu", bulk("Cu")), ("Au", bulk("Au")), ("Cu3Au", cu3au())):
        atoms.write(tmp_path / f"{name}.cif")
        folders.append(tmp_path / f"run-{name}")
        record = phonons(tmp_path / f"{name}.cif", potential=EMT, static=True, out=folders[-1])
        assert (record.static, record.status, record.thermal) == (True, "ok", [])
        assert set(record.files) == {"structure"}
    of_runs = hull("Cu-Au", phases=folders, temperatures_K=[300.0])
    of_files = hull("Cu-Au", phases=[tmp_path / "Cu3Au.cif"], potential=EMT, static=True, temperatures_K=[300.0])
    values = []
    for record, name in ((of_runs, "Cu3Au.cif"), (of_files, "Cu3Au")):
        row = next(row for row in record.phases if row.name == name)
        assert row.e_above_others_meV_per_atom is not None
        values.append(row.e_above_others_meV_per_atom.value)
    assert values[0] == pytest.approx(values[1], abs=0.01)  # forces of 1e-4 eV/A are left in one, 1e-3 in the other
    with pytest.raises(InputError, match="has a static energy alone, and --static is not given"):
        hull("Cu-Au", phases=[folders[0], tmp_path / "Cu3Au.cif"], potential=EMT)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["hull", "Cu-Au", "--quasi-harmonic"], "has no effect beside --static"),
        (["hull", "Cu-Pd"], "Au in Cu3Au is not of Cu-Pd"),
        (["hull", "Cu-Au-Br"], "Br lacks its element"),
        (["window", "nothing.cif"], "'nothing.cif' is no file, and not built in"),
        (["window", "Li2SO"], "did you mean"),
        (["hull", "Cu-Au", "--phases", "gone.cif"], "gone.cif"),
        (["hull", "Cu-Au", "--oxidation", "Fe=3"], "Fe is not of Cu-Au"),
    ],
)
def test_bad_phases_are_one_line(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "Cu3Au.cif"
    cu3au().write(path)
    given = [] if arguments[0] == "window" else ["--phases", str(path)]
    out = tmp_path / "run"
    assert status_of([*arguments, *given, "--potential", EMT, "--static", "--out", str(out)]) == 2
    told = capsys.readouterr().err
    assert message in told
    assert len(told.splitlines()) == 1
    assert not out.exists()


def test_gaps_of_the_list_are_told() -> None:
    record = hull("Cu-Au", potential=EMT, static=True, temperatures_K=[0.0])
    assert any(text.startswith("no compound of Cu-Au is on the list") for text in record.warnings)


def test_two_phases_of_a_composition_have_to_be_named(tmp_path: Path) -> None:
    cu3au().write(tmp_path / "a.cif")
    cu3au().repeat((2, 1, 1)).write(tmp_path / "b.cif")
    with pytest.raises(InputError, match="2 phases are Cu3Au: a, b"):
        hull("Cu-Au", phases=[tmp_path / "a.cif", tmp_path / "b.cif"], potential=EMT, static=True, target="Cu3Au")


def test_a_slab_in_a_cell_is_doubted_and_layers_are_not(tmp_path: Path) -> None:
    """Three layers of Cu(111) are 2 x 3.6 / 3^0.5 A thick, the rest is empty; graphite has 3.35 A between layers."""
    slab = fcc111("Cu", (1, 1, 3), a=3.6, vacuum=8.0)
    slab.pbc = True
    slab.write(tmp_path / "Cu.cif")
    note = read_own_phase(tmp_path / "Cu.cif", n_orderings=1, seed=1).phase.note
    assert note == "16 A of its cell are empty: the energy of a slab or a molecule is that of no phase"
    places = [(0, 0, 0), (1 / 3, 2 / 3, 0), (0, 0, 0.5), (2 / 3, 1 / 3, 0.5)]
    graphite = Atoms("C4", scaled_positions=places, cell=[2.46, 2.46, 6.7, 90, 90, 120], pbc=True)
    assert empty_layer_A(graphite) == pytest.approx(3.35)
    graphite.write(tmp_path / "graphite.cif")
    assert read_own_phase(tmp_path / "graphite.cif", n_orderings=1, seed=1).phase.note == ""
