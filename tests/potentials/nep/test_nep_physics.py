"""What must hold for any potential: forces and stress are derivatives, invariances, and one answer for one question."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation

from paddlewheel.errors import PotentialError
from paddlewheel.potentials.nep import NEPCalculator, NEPEngine

_DATA = Path(__file__).resolve().parent / "data"
_MODELS = ["five-body", "typewise", "flexible-zbl", "degree-8"]
_CALCULATORS: dict[tuple, NEPCalculator] = {}


def _calculator(name: str = "five-body", dtype: str = "float64", threads: int = 1) -> NEPCalculator:
    key = (name, dtype, threads)
    if key not in _CALCULATORS:
        path = _DATA / f"{name}.nep.txt"
        _CALCULATORS[key] = NEPCalculator.from_file(path, dtype=dtype, threads=threads)  # type: ignore[arg-type]
    return _CALCULATORS[key]


def _structure(seed: int, *, n: int = 10, size_A: float = 5.0) -> Atoms:
    random = np.random.default_rng(seed)
    cell = size_A * np.eye(3) + 0.8 * random.normal(size=(3, 3))
    symbols = random.choice(["Na", "B", "H"], size=n)
    places = np.stack(np.meshgrid(*[[0.1, 0.4, 0.7]] * 3), axis=-1).reshape(-1, 3)[random.permutation(27)[:n]]
    atoms = Atoms(symbols, scaled_positions=places, cell=cell, pbc=True)
    atoms.positions += 0.2 * random.normal(size=(n, 3))
    return atoms


def _all(atoms: Atoms, calculator: NEPCalculator) -> tuple[float, np.ndarray, np.ndarray]:
    atoms.calc = calculator
    return atoms.get_potential_energy(), atoms.get_forces(), atoms.get_stress(voigt=False)


@pytest.mark.parametrize("name", _MODELS)
def test_forces_are_the_slope_of_the_energy(name: str) -> None:
    atoms = _structure(1)
    _, forces, _ = _all(atoms, _calculator(name))
    for i, axis in ((0, 0), (3, 1), (7, 2)):
        values = []
        for step in (-2e-4, -1e-4, 1e-4, 2e-4):
            moved = atoms.copy()
            moved.positions[i, axis] += step
            values.append(_all(moved, _calculator(name))[0])
        slope = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * 1e-4)
        # fourth-order difference: 1e-16 of the energies over the step, 1e-11; and h^4 of the fifth derivative
        assert -slope == pytest.approx(forces[i, axis], abs=1e-8)


@pytest.mark.parametrize("name", _MODELS)
def test_stress_is_the_slope_of_the_energy_with_strain(name: str) -> None:
    atoms = _structure(2)
    _, _, stress = _all(atoms, _calculator(name))
    for a in range(3):
        for b in range(a, 3):
            values = []
            for step in (-2e-5, -1e-5, 1e-5, 2e-5):
                strain = np.eye(3)
                strain[a, b] += step / 2
                strain[b, a] += step / 2
                strained = atoms.copy()
                strained.set_cell(atoms.cell.array @ strain, scale_atoms=True)
                values.append(_all(strained, _calculator(name))[0])
            slope = (values[0] - 8 * values[1] + 8 * values[2] - values[3]) / (12 * 1e-5) / atoms.get_volume()
            assert slope == pytest.approx(stress[a, b], abs=1e-8)  # as above, over the volume


@settings(max_examples=15, deadline=None)
@given(seed=st.integers(0, 10_000), name=st.sampled_from(_MODELS))
def test_turning_shifting_and_renaming_change_nothing(seed: int, name: str) -> None:
    atoms, random = _structure(seed % 50), np.random.default_rng(seed)
    energy, forces, stress = _all(atoms, _calculator(name))
    turn = Rotation.from_rotvec(3 * random.normal(size=3)).as_matrix()
    order = random.permutation(len(atoms))
    other = atoms[order]
    other.set_cell(atoms.cell.array @ turn.T, scale_atoms=False)
    other.positions = other.positions @ turn.T + random.normal(size=3) * 10
    other.positions += random.integers(-3, 4, size=(len(atoms), 3)) @ other.cell.array
    again, turned_forces, turned_stress = _all(other, _calculator(name))
    scale = max(1.0, np.abs(forces).max())  # rounding, of terms as large as the forces
    assert again == pytest.approx(energy, abs=1e-10 * scale)
    np.testing.assert_allclose(turned_forces, forces[order] @ turn.T, atol=1e-10 * scale)
    np.testing.assert_allclose(turned_stress, turn @ stress @ turn.T, atol=1e-11 * scale)
    np.testing.assert_allclose(forces.sum(axis=0), 0, atol=1e-11 * scale)


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 50), repeat=st.tuples(*[st.integers(1, 3)] * 3))
def test_a_supercell_is_its_cell_repeated(seed: int, repeat: tuple[int, int, int]) -> None:
    atoms = _structure(seed, n=4, size_A=3.6)
    energy, forces, stress = _all(atoms, _calculator())
    again, more_forces, same_stress = _all(atoms.repeat(repeat), _calculator())
    copies = int(np.prod(repeat))
    scale = max(1.0, np.abs(forces).max())
    assert again == pytest.approx(copies * energy, abs=1e-10 * copies * scale)
    np.testing.assert_allclose(more_forces, np.tile(forces, (copies, 1)), atol=1e-10 * scale)
    np.testing.assert_allclose(same_stress, stress, atol=1e-11 * scale)


@pytest.mark.parametrize("pbc", [(False, False, False), (True, False, False), (True, True, False), (False, True, True)])
def test_free_directions_are_as_good_as_wide_ones(pbc: tuple[bool, bool, bool]) -> None:
    atoms = _structure(3, n=12)
    atoms.pbc = pbc
    wide = atoms.copy()
    cell = atoms.cell.array.copy()
    normals = np.linalg.inv(cell).T  # rows: orthogonal to the two other vectors
    for axis in range(3):
        if not pbc[axis]:
            cell[axis] += 40 * normals[axis] / np.linalg.norm(normals[axis])
    wide.set_cell(cell)
    wide.pbc = True
    atoms.calc = wide.calc = _calculator()
    np.testing.assert_allclose(atoms.get_forces(), wide.get_forces(), atol=1e-12)
    assert "stress" not in atoms.calc.results or all(atoms.calc.atoms.pbc)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_the_answer_depends_neither_on_the_past_nor_on_threads(dtype: str) -> None:
    """Bit for bit: a run that is killed and resumed, on more cores, goes on along the same trajectory."""
    atoms = _structure(4, n=8, size_A=5.0).repeat(2)
    random = np.random.default_rng(0)
    used = NEPCalculator.from_file(_DATA / "five-body.nep.txt", dtype=dtype, threads=3)  # type: ignore[arg-type]
    builds = []
    for _ in range(12):
        atoms.positions += 0.04 * random.normal(size=(len(atoms), 3))
        atoms.set_cell(atoms.cell.array @ (np.eye(3) + 1e-3 * random.normal(size=(3, 3))), scale_atoms=True)
        kept = _all(atoms, used)
        fresh = NEPCalculator.from_file(_DATA / "five-body.nep.txt", dtype=dtype)  # type: ignore[arg-type]
        for value, expected in zip(kept, _all(atoms, fresh), strict=True):
            np.testing.assert_array_equal(value, expected)
        builds.append(used.engine._list.n_builds)
    assert 1 < builds[-1] < 12  # some steps with the list as it was, some with a new one


def test_an_atom_alone_has_the_energy_of_an_empty_neighbourhood() -> None:
    atoms = Atoms("B", positions=[[0, 0, 0]])
    atoms.calc = _calculator()
    model = _calculator().engine.model
    index = model.elements.index("B")
    alone = float(model.w1[index] @ np.tanh(-model.b0[index]) - model.bias)  # the network at q = 0
    assert atoms.get_potential_energy() == pytest.approx(alone, abs=1e-12)
    np.testing.assert_array_equal(atoms.get_forces(), 0)


def test_bad_structures_are_refused_in_one_line() -> None:
    calculator = _calculator()
    for atoms, message in (
        (Atoms(), "a structure without atoms"),
        (Atoms("Cl", positions=[[0, 0, 0]]), "does not know Cl; it has Na, B, H"),
        (Atoms("B", positions=[[np.nan, 0, 0]]), "positions or cell are not finite"),
        (Atoms("BH", positions=[[0, 0, 0], [0, 0, 1e-5]]), r"atoms 0 and 1 are 0.0000 A apart"),
        (Atoms("B", positions=[[0, 0, 0]], cell=[1, 1, 0], pbc=True), "cell .* has no volume"),
    ):
        atoms.calc = calculator
        with pytest.raises(PotentialError, match=message):
            atoms.get_potential_energy()
    with pytest.raises(PotentialError, match="0 threads"):
        NEPCalculator.from_file(_DATA / "five-body.nep.txt", threads=0)


@pytest.mark.parametrize("name", [*_MODELS, "factor-zbl"])
@pytest.mark.parametrize("elements", [("H", "Na"), ("B",), ("H", "B", "Na")])
def test_for_some_of_its_elements_a_potential_is_the_whole_one(name: str, elements: tuple[str, ...]) -> None:
    """Networks are of one element and coefficients of a pair: nothing of the others enters but the order of sums."""
    whole = _calculator(name)
    part = NEPCalculator(NEPEngine(whole.engine.model.restricted(elements), dtype="float64"))
    assert part.elements == elements
    atoms = _structure(3, n=12)
    atoms.symbols[:] = np.resize(np.array(elements), len(atoms))
    for found, right in zip(_all(atoms, part), _all(atoms, whole), strict=True):
        np.testing.assert_allclose(found, right, rtol=1e-12, atol=1e-12 * max(1.0, np.abs(right).max()))


@pytest.mark.parametrize("elements", [("Na", "Cl"), (), ("Na", "Na")])
def test_elements_that_are_not_there_or_come_twice_are_refused(elements: tuple[str, ...]) -> None:
    with pytest.raises(PotentialError, match=r"does not know Cl|no different elements"):
        _calculator().engine.model.restricted(elements)
