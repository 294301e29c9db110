"""`neb` end to end: a field of a known barrier, aluminium with EMT, runs that are killed, screens, bad input."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.calculators.emt import EMT
from ase.io import read, write
from ase.optimize import BFGS

from hopping import BARRIER_eV
from paddlewheel import neb
from paddlewheel.barriers.computed import BandSettings
from paddlewheel.barriers.hops import Hop, Hops
from paddlewheel.barriers.sites import Sites
from paddlewheel.cli.main import status_of
from paddlewheel.errors import InputError, SettingsError, StructureError
from paddlewheel.execution import DriverWatch
from paddlewheel.potentials import describe_potential, is_at_hand
from paddlewheel.studies.neb.measure import lattice_found
from paddlewheel.studies.neb.record import NebEndsRecord, NebRecord, NebScreenRecord
from paddlewheel.studies.neb.settings import NebInputs, NebSettings, open_neb
from paddlewheel.studies.neb.units import (
    FinishedHop,
    Heights,
    defect_energies,
    hop_unit,
    levels_of,
    run_hop_unit,
)
from paddlewheel.studies.simulation.potentials import potential_document

EMT_NAME = "ase:ase.calculators.emt:EMT"
EGG_NAME = "ase:hopping:Egg"


def _eggs() -> Atoms:
    """Sodium on every minimum of the field, of 3 A."""
    return Atoms("Na", cell=[3, 3, 3], pbc=True)


@pytest.fixture(scope="module")
def aluminium(tmp_path_factory: pytest.TempPathFactory) -> NebRecord:
    directory = tmp_path_factory.mktemp("neb") / "al"
    return neb(
        bulk("Al", a=3.99, cubic=True), specie="Al", potential=EMT_NAME, supercell=(2, 2, 2), images=3,
        fmax_eV_per_A=0.02, out=directory, cores=1,
    )  # fmt: skip


def test_a_vacancy_in_aluminium_without_a_band(aluminium: NebRecord) -> None:
    """By symmetry the saddle of a hop in fcc is at half way: an ion put there and relaxed gives the barrier."""
    a_A = 3.9943  # EMT's own, as its equation of state has it
    held = bulk("Al", a=a_A, cubic=True).repeat((2, 2, 2))
    at_rest, half_way = held.copy(), held.copy()
    del at_rest[1]
    half_way.positions[0] += half_way.get_distance(0, 1, mic=True, vector=True) / 2
    del half_way[1]
    energies = []
    for atoms in (at_rest, half_way):
        atoms.calc = EMT()
        BFGS(atoms, logfile=None).run(fmax=0.005, steps=200)  # type: ignore[arg-type]
        energies.append(atoms.get_potential_energy())
    (hop,) = aluminium.hops
    assert hop.status == "ok"
    assert hop.barrier_eV is not None
    # 0.02 eV/A on ten atoms of a stiffness of 1 eV/A^2 is 2 meV; the lattice constant agrees to 1e-4
    assert hop.barrier_eV.value == pytest.approx(energies[1] - energies[0], abs=0.003)
    assert hop.barrier_eV.std < 0.005
    assert (hop.multiplicity, hop.start, hop.to) == (24, "Al1", "Al1")
    assert hop.length_A == pytest.approx(a_A / np.sqrt(2), abs=1e-3)
    assert hop.curvatures_eV_per_A2 is not None
    assert hop.curvatures_eV_per_A2[0] < 0 < hop.curvatures_eV_per_A2[1]


def test_the_record_and_its_files(aluminium: NebRecord) -> None:
    assert aluminium.directory is not None
    document = json.loads((aluminium.directory / "result.json").read_text())
    assert document["kind"] == "neb"
    assert document["hops"][0]["from"] == "Al1"
    assert {row["direction"] for row in document["percolation"]} == {"a", "b", "c", "1D", "2D", "3D"}
    values = {row.barrier_eV.value for row in aluminium.percolation if row.barrier_eV is not None}
    assert values == {aluminium.hops[0].barrier_eV.value}  # type: ignore[union-attr]
    images = read(aluminium.directory / "paths" / "Al1-Al1.extxyz", index=":")
    assert len(images) == 5
    assert all(len(image) == 31 for image in images)  # type: ignore[arg-type]
    assert (aluminium.directory / "report.html").is_file()
    assert set(aluminium.plot()) == {"profiles", "percolation"}


def test_a_field_of_a_known_barrier(tmp_path: Path) -> None:
    """Ions that do not feel each other hop from minimum to minimum of a cosine: B in each direction."""
    record = neb(_eggs(), specie="Na", potential=EGG_NAME, supercell=(3, 3, 3), relax="none", images=3,
                 fmax_eV_per_A=0.01, larger=(3, 3, 4), out=tmp_path / "egg", cores=1)  # fmt: skip
    for row in record.percolation:
        assert row.barrier_eV is not None
        assert row.barrier_eV.value == pytest.approx(BARRIER_eV, abs=1e-4)
    assert record.shortest_image_distance_A == pytest.approx(9.0)
    for hop in record.hops:
        assert hop.larger_supercell_barrier_eV == pytest.approx(BARRIER_eV, abs=1e-4)


def test_an_extra_ion_between_given_places(tmp_path: Path) -> None:
    """Chlorine stands on minima, sodium hops over the empty ones: those given, and a void found beside them."""
    cell = Atoms("Cl", cell=[6, 6, 6], pbc=True)
    cell += Atoms("Na", positions=[[3, 3, 3]])
    record = neb(cell, specie="Na", potential=EGG_NAME, supercell=(2, 2, 2), relax="none", images=3, fmax_eV_per_A=0.01,
                 mechanism="interstitial", sites="0.5,0,0; 0,0.5,0.5", out=tmp_path / "extra", cores=1)  # fmt: skip
    assert [(site.kind, site.multiplicity) for site in record.sites] == [("given", 3), ("given", 3)]
    assert record.n_atoms == 17
    known = {row.direction: row.barrier_eV.value for row in record.percolation if row.barrier_eV is not None}
    assert known["3D"] == pytest.approx(BARRIER_eV, abs=1e-3)


def test_an_extra_ion_of_an_element_that_the_crystal_lacks(tmp_path: Path) -> None:
    """As lithium in silicon: sodium over the empty minima of a field whose others chlorine holds."""
    record = neb(Atoms("Cl", cell=[6, 6, 6], pbc=True), specie="Na", potential=EGG_NAME, n_atoms=1, relax="none",
                 images=3, fmax_eV_per_A=0.01, mechanism="interstitial", sites="0.5,0,0; 0,0.5,0.5",
                 out=tmp_path / "extra", cores=1)  # fmt: skip
    assert (record.specie, record.n_atoms, record.supercell) == ("Na", 2, (1, 1, 1))
    known = {row.direction: row.barrier_eV.value for row in record.percolation if row.barrier_eV is not None}
    assert known["3D"] == pytest.approx(BARRIER_eV, abs=1e-3)


def test_the_ends_of_a_hop_that_were_given(aluminium: NebRecord, tmp_path: Path) -> None:
    """The same vacancy of the same supercell, its ends written by hand, out of order and out of the cell."""
    whole = bulk("Al", a=3.9943, cubic=True).repeat((2, 2, 2))
    start, end = whole.copy(), whole.copy()
    end.positions[0] = whole.positions[1] + whole.cell.array[2]
    del start[1], end[1]
    write(tmp_path / "start.vasp", start, format="vasp")
    write(tmp_path / "end.vasp", end[::-1], format="vasp")
    record = neb([tmp_path / "start.vasp", tmp_path / "end.vasp"], ends=True, potential=EMT_NAME, images=3,
                 fmax_eV_per_A=0.02, out=tmp_path / "run", cores=1)  # fmt: skip
    assert isinstance(record, NebEndsRecord)
    (hop,) = record.hops
    assert (hop.status, record.specie, record.n_atoms, record.n_guesses) == ("ok", "Al", 31, 0)
    assert [moved.symbol for moved in record.moved] == ["Al"]
    assert hop.length_A == pytest.approx(3.9943 / np.sqrt(2), abs=1e-3)
    assert hop.barrier_eV is not None
    assert aluminium.hops[0].barrier_eV is not None
    # the same hop by another way in; 0.02 eV/A on ten atoms of a stiffness of 1 eV/A^2 is 2 meV
    assert hop.barrier_eV.value == pytest.approx(aluminium.hops[0].barrier_eV.value, abs=0.003)
    assert set(record.plot()) == {"profiles"}


def test_a_file_of_frames_gives_both_ends_and_a_guess(tmp_path: Path) -> None:
    """Over the saddle of a cosine, by way of a guess that is nearer to the start: the barrier is B all the same."""
    start = _eggs().repeat((3, 3, 3))
    del start[1]
    guess, end = start.copy(), start.copy()
    guess.positions[0] += [0, 0, 1.0]
    end.positions[0] += [0, 0, 3.0]
    write(tmp_path / "band.extxyz", [start, guess, end])
    record = neb(tmp_path / "band.extxyz", ends=True, potential=EGG_NAME, images=3, fmax_eV_per_A=0.01,
                 out=tmp_path / "run", cores=1)  # fmt: skip
    assert isinstance(record, NebEndsRecord)
    assert record.n_guesses == 1
    assert record.hops[0].barrier_eV is not None
    assert record.hops[0].barrier_eV.value == pytest.approx(BARRIER_eV, abs=1e-4)


@pytest.mark.parametrize(
    ("structures", "settings", "told"),
    [
        (1, {"ends": True}, "ends: one structure"),
        (2, {}, "add --ends if they are the ends of a hop"),
        (2, {"ends": True, "specie": "Cl"}, r"'Cl' is not what moves: Na 1 does, 3.00 A"),
        (2, {"ends": True, "supercell": (2, 2, 2)}, "has no effect beside --ends"),
        (2, {"ends": True, "oxidation": {"Na": 1}}, "oxidation: has no effect with --ends"),
        (2, {"ends": True, "screen": True}, "has no effect beside --ends"),
        (2, {"match": "order"}, "has no effect without --ends"),
    ],
)
def test_ends_and_options_that_do_not_fit(structures: int, settings: dict, told: str, tmp_path: Path) -> None:
    start = _eggs().repeat((3, 3, 3))
    del start[1]
    end = start.copy()
    end.positions[0] += [0, 0, 3.0]
    with pytest.raises(InputError, match=told):
        neb([start, end][:structures], potential=EGG_NAME, out=tmp_path / "run", cores=1, **settings)
    assert not (tmp_path / "run").exists()


def test_a_vacancy_counts_where_the_ion_is_missing() -> None:
    """A pocket of low vacancies (B) that opens above the way does not make it longer: 0.5 from A to A, 0.9 to B.

    In the hop A-B the ion is at A, and the vacancy at B, at its start.
    """
    sites = Sites(fractional=np.array([[0.0, 0, 0], [0.5, 0.5, 0.5]]), family=np.array([0, 1]), names=("A", "B"))
    hops = Hops(
        hops=(
            Hop(start=0, end=0, shift=(1, 0, 0), length_A=3.0, family=0, as_first=True),
            Hop(start=0, end=1, shift=(0, 0, 0), length_A=3.0, family=1, as_first=True),
        ),
        symmetric=(True, False), farthest_A=4.0,
    )  # fmt: skip
    heights = {
        0: Heights(start_eV=0.0, end_eV=0.0, saddle_eV=0.5),
        1: Heights(start_eV=-0.3, end_eV=0.0, saddle_eV=0.9),
    }
    energies, levels = levels_of(sites, hops, heights, vacancies=True)
    assert energies.tolist() == [0.0, -0.3]
    assert levels["a"].barrier_eV == pytest.approx(0.5)
    assert defect_energies(sites, hops, heights, vacancies=True) == {0: [0.0, 0.0, 0.0], 1: [-0.3]}
    extra, _ = levels_of(sites, hops, heights, vacancies=False)  # the ion itself: -0.3 at A, where it hops from
    assert extra.tolist() == [-0.3, 0.0]


def test_partly_occupied_sites_become_the_smallest_cell_that_still_holds_the_ion(tmp_path: Path) -> None:
    """Half a calcium in a cell: two cells with one, which the study repeats, and it says so."""
    lines = ["data_half", *(f"_cell_length_{axis} 6" for axis in "abc")]
    lines += [f"_cell_angle_{angle} 90" for angle in ("alpha", "beta", "gamma")]
    lines += ["_space_group_name_H-M_alt 'P 1'", "loop_", "_atom_site_label", "_atom_site_type_symbol",
              *(f"_atom_site_fract_{axis}" for axis in "xyz"), "_atom_site_occupancy"]  # fmt: skip
    lines += ["Cl1 Cl 0 0 0 1", "Ca1 Ca 0.5 0.5 0.5 0.5", ""]
    (tmp_path / "half.cif").write_text("\n".join(lines))
    given = NebSettings(specie="Ca", potential=EGG_NAME, oxidation={"Ca": 2, "Cl": -1}, n_atoms=24)
    inputs = open_neb(str(tmp_path / "half.cif"), given)
    assert isinstance(inputs, NebInputs)
    assert inputs.cell.get_chemical_formula() == "CaCl2"
    assert len(inputs.cell) * np.prod(inputs.repeats) == 24
    assert inputs.notes == ("partly occupied sites: one ordered cell of 3 atoms stands for all that there may be",)
    assert inputs.prepared == ("oxidation states Ca +2, Cl -1 (--oxidation for others)",)


def test_a_killed_hop_goes_on_from_its_checkpoint(tmp_path: Path) -> None:
    cell = bulk("Al", a=3.9943, cubic=True)
    hops = lattice_found(cell, "Al", None).hops
    emt = potential_document(EMT_NAME, three_body="parent", device="cpu", dtype="float32")
    made = [
        hop_unit(
            name="hop", cell=cell, specie="Al", repeats=(2, 2, 1), hop=hops.hops[0], empty=None,
            band=BandSettings(n_images=3, fmax_eV_per_A=0.05), potential=emt, directory=tmp_path / name,
        )
        for name in ("whole", "killed")
    ]  # fmt: skip
    for unit in made:
        unit.prepare()
    assert run_hop_unit(made[0], _Watch(0), 1)
    stops = 0
    while not run_hop_unit(made[1], _Watch(6), 1):
        stops += 1
        assert made[1].checkpoint() is not None
        assert stops < 40
    assert stops > 1
    whole, killed = (FinishedHop.of(unit) for unit in made)
    assert whole.status == killed.status == "ok"
    assert whole.profile is not None
    assert killed.profile is not None
    # another path of the optimizer to the same saddle, within what 0.05 eV/A leave open
    assert np.ptp(killed.profile.energy_eV) == pytest.approx(np.ptp(whole.profile.energy_eV), abs=0.01)


def test_a_screen_ranks_structures_and_names_what_it_cannot_take(tmp_path: Path) -> None:
    """A file that is none stays in the table, with its reason."""
    write(tmp_path / "Al.vasp", bulk("Al", a=3.99), format="vasp")
    (tmp_path / "none.vasp").write_text("nothing\n")
    record = neb([tmp_path / "none.vasp", tmp_path / "Al.vasp"], screen=True, potential=EMT_NAME, specie="Al",
                 supercell=(3, 3, 3), out=tmp_path / "run", cores=1)  # fmt: skip
    assert isinstance(record, NebScreenRecord)
    assert [row.status for row in record.rows] == ["ok", "failed"]
    first = record.rows[0]
    assert first.barrier_1D_eV == first.barrier_3D_eV
    assert first.barrier_1D_eV is not None
    assert first.barrier_1D_eV > 0.41  # what relaxes in the band is held here: higher than its barrier


@pytest.mark.skipif(not is_at_hand(describe_potential("nep89")), reason="nep89 is not at hand")
def test_a_potential_that_nobody_named_is_a_first_guess(tmp_path: Path) -> None:
    record = neb(bulk("NaCl", "rocksalt", a=5.64), screen=True, specie="Na", out=tmp_path / "run", cores=1)
    assert "a first guess" in str(record.potential_note)
    assert record.rows[0].status == "ok"


@pytest.mark.parametrize(
    ("settings", "error", "told"),
    [
        ({"specie": "Li"}, SettingsError, "'Li' is not in the structure"),
        ({"specie": "Xx", "mechanism": "interstitial"}, SettingsError, "'Xx' is not in the structure"),
        ({"specie": "Li", "mechanism": "interstitial"}, InputError, "Li"),
        ({"specie": "Al", "supercell": (1, 1, 1)}, SettingsError, "from its own image"),
        ({"specie": "Al", "n_atoms": 4}, SettingsError, "n_atoms: 1x1x1: the ion is 3.99 A from its own image"),
        ({"specie": "Al", "n_atoms": 32, "supercell": (2, 2, 2)}, SettingsError, "has no effect with --supercell"),
        ({"specie": "Al", "supercell": (2, 2, 2), "larger": (2, 2, 1)}, SettingsError, "its own image"),
        ({"specie": "Al", "supercell": (2, 2, 2), "larger": (2, 2, 2)}, SettingsError, "is not larger than 2x2x2"),
        ({"specie": "Al", "farthest_A": 2.0}, SettingsError, "no two sites of Al within 2 A"),
        ({"specie": "Al", "sites": "0.5,0.5,0.5"}, SettingsError, "has no effect"),
        ({"specie": "Al", "mechanism": "interstitial", "sites": "0.5,0.5"}, SettingsError, "no fractional coordinates"),
        ({"specie": "Al", "mechanism": "interstitial", "sites": "0.5,0.51,0"}, StructureError, "it is no empty place"),
        ({"specie": "Al", "mechanism": "interstitial", "sites": "gone.txt"}, StructureError, "no such file"),
        ({"specie": "Al", "mechanism": "interstitial", "screen": True}, SettingsError, "has no interstitial hops"),
    ],
)
def test_bad_input_is_one_line_and_writes_nothing(
    settings: dict, error: type[InputError], told: str, tmp_path: Path
) -> None:
    with pytest.raises(error, match=told):
        neb(bulk("Al", a=3.99, cubic=True), potential=EMT_NAME, out=tmp_path / "run", cores=1, **settings)
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize(
    ("atoms", "told"),
    [
        (bulk("Al", a=3.99, cubic=True).repeat((6, 6, 6)), "864 atoms are 864 times the same 1"),
        (Atoms("Al2", positions=[[0, 0, 0], [2.8, 0, 0]]), "given.xyz: there is no periodic cell"),
    ],
)
def test_large_supercells_and_molecules_are_no_unit_cells(atoms: Atoms, told: str, tmp_path: Path) -> None:
    write(tmp_path / "given.xyz", atoms, format="extxyz")
    with pytest.raises(InputError, match=told):
        neb(tmp_path / "given.xyz", specie="Al", potential=EMT_NAME, out=tmp_path / "run", cores=1)
    assert not (tmp_path / "run").exists()


def test_two_ions_at_one_place_and_several_structures(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    cell = bulk("Al", a=3.99, cubic=True)
    write(tmp_path / "two.vasp", cell + Atoms("Al", positions=[[0.1, 0, 0]]), format="vasp")
    write(tmp_path / "one.vasp", cell, format="vasp")
    common = ["--specie", "Al", "--potential", EMT_NAME, "--out", str(tmp_path / "run")]
    assert status_of(["neb", str(tmp_path / "two.vasp"), *common]) == 2
    assert status_of(["neb", str(tmp_path / "one.vasp"), str(tmp_path / "two.vasp"), *common]) == 2
    said = capsys.readouterr().err
    assert "2 structures" in said
    assert said.count("\n") == 2
    assert not (tmp_path / "run").exists()


def test_a_conductivity_record_beside(tmp_path: Path) -> None:
    folder = tmp_path / "md"
    folder.mkdir()
    (folder / "result.json").write_text(json.dumps({"kind": "conductivity", "specie": "Na", "potential": "p",
        "arrhenius": {"activation_energy_eV": {"value": 0.4, "std": 0.1}}}))  # fmt: skip
    chosen = {"specie": "Na", "potential": EGG_NAME, "supercell": (3, 3, 3), "relax": "none", "images": 3, "cores": 1}
    record = neb(_eggs(), beside=folder, out=tmp_path / "egg", **chosen)
    assert record.beside is not None
    assert record.beside.activation_energy_eV.value == 0.4
    assert any("what it costs to make the defects" in warning for warning in record.warnings)
    (folder / "result.json").write_text(json.dumps({"kind": "eis"}))
    with pytest.raises(InputError, match="is no conductivity record"):
        neb(_eggs(), beside=folder, out=tmp_path / "other", **chosen)


class _Watch(DriverWatch):
    """Asks to stop at every so many questions; 0 never."""

    def __init__(self, every: int) -> None:
        self._every, self._asked = every, 0

    def should_stop(self) -> bool:
        self._asked += 1
        return self._every > 0 and self._asked % self._every == 0
