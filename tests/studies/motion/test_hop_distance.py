"""The distance of a hop: of materials whose sites are known, the distance between them within what geometry allows."""

from __future__ import annotations

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from ase.spacegroup import crystal

from paddlewheel.studies.motion.hop_distance import FARTHEST_A, hop_distance
from paddlewheel.trajectories import Trajectory


def _cubic(symbols: list[str], sites: list[tuple[float, float, float]], group: int, edge_A: float) -> Atoms:
    return crystal(symbols, sites, spacegroup=group, cellpar=[edge_A] * 3 + [90.0] * 3)


def _run(atoms: Atoms, *, rattle_A: float = 0.0) -> Trajectory:
    rng = np.random.default_rng(1)
    frames = atoms.get_positions() + rattle_A * rng.normal(size=(60, len(atoms), 3))
    return Trajectory.from_arrays(
        positions_A=frames, cell_A=atoms.cell.array, symbols=atoms.get_chemical_symbols(), frame_interval_fs=10.0
    )


_FLUORITE = [(0.0, 0.0, 0.0), (0.25, 0.25, 0.25)]
_ROCK_SALT = [(0.0, 0.0, 0.0), (0.5, 0.5, 0.5)]


@pytest.mark.parametrize(
    ("specie", "atoms", "around_A", "hop_A"),
    [
        # lattice constants of textbooks; the hop is that between neighbouring sites of the ion
        ("F", _cubic(["Ca", "F"], _FLUORITE, 225, 5.46), 5.46 * 3**0.5 / 4, 5.46 / 2),
        ("O", _cubic(["Ce", "O"], _FLUORITE, 225, 5.41), 5.41 * 3**0.5 / 4, 5.41 / 2),
        ("Li", _cubic(["O", "Li"], _FLUORITE, 225, 4.62), 4.62 * 3**0.5 / 4, 4.62 / 2),
        # by the tetrahedron between two octahedra
        ("Mg", _cubic(["Mg", "O"], _ROCK_SALT, 225, 4.21), 4.21 / 2, 4.21 * 3**0.5 / 4),
        ("K", _cubic(["K", "Cl"], _ROCK_SALT, 225, 6.29), 6.29 / 2, 6.29 * 3**0.5 / 4),
        ("Na", _cubic(["Na", "Cl"], _ROCK_SALT, 225, 5.64), 5.64 / 2, 5.64 * 3**0.5 / 4),
        # from tetrahedron to tetrahedron of the bcc anions
        ("Ag", _cubic(["I", "Ag"], [(0.0, 0.0, 0.0), (0.25, 0.0, 0.5)], 229, 5.05), 5.05 * 5**0.5 / 4, 5.05 / 8**0.5),
        ("O", _cubic(["Sr", "Ti", "O"], [*_ROCK_SALT, (0.5, 0.5, 0.0)], 221, 3.905), 3.905 / 2, 3.905 / 2**0.5),
        ("H", _cubic(["Pd", "H"], _ROCK_SALT, 225, 4.09), 4.09 / 2, 4.09 / 2**0.5),
    ],
)
def test_distance_to_the_framework_is_that_of_a_hop_within_a_factor(
    specie: str, atoms: Atoms, around_A: float, hop_A: float
) -> None:
    found = hop_distance(_run(atoms), specie=specie)
    assert found.value_A == pytest.approx(around_A, abs=0.006)  # it is told to 0.01 A
    assert 0.6 < hop_A / found.value_A < 1.45
    assert specie in found.origin


def test_few_ions_have_the_cage_of_many() -> None:
    """One Li in rock salt of 64 atoms, 11 A from its images; vibrations of 0.1 A bring the nearest atom nearer."""
    host = _cubic(["Na", "Cl"], _ROCK_SALT, 225, 5.64) * (2, 2, 2)
    host.symbols[0] = "Li"
    found = hop_distance(_run(host, rattle_A=0.1), specie="Li")
    assert found.value_A == pytest.approx(2.82 - 0.17, abs=0.05)  # least of six of sqrt(2) x 0.1 A: 1.27 of these below


def test_an_ion_that_turns_about_its_own_atom_does_not_hop() -> None:
    """H of OH in a chain of O 2.8 A apart: around its O it moves by up to 1.9 A; the next O is 1.83 A away."""
    chain = Atoms("OH", positions=[[0, 0, 0], [0.97, 0, 0]], cell=[2.8, 9.0, 9.0], pbc=True) * (4, 1, 1)
    assert hop_distance(_run(chain), specie="H").value_A == pytest.approx(2.8 - 0.97, abs=0.006)


def test_without_a_framework_it_is_assumed_and_said_and_by_hand_it_is_kept() -> None:
    lithium = _run(bulk("Li", "bcc", a=3.49, cubic=True) * (2, 2, 2))
    found = hop_distance(lithium, specie="Li")
    assert found.value_A == 2.0
    assert "assumed" in found.origin
    assert f"{FARTHEST_A:g} A" in found.origin
    assert hop_distance(lithium, specie="Li", given_A=3.0).value_A == 3.0
