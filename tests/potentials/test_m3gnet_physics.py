"""The parent form: derivatives, symmetries, smoothness, batches; the factorized sum against explicit triplets."""

# pyright: reportOptionalMemberAccess=false, reportArgumentType=false, reportCallIssue=false
from __future__ import annotations

import copy
import pickle
from dataclasses import replace
from math import pi, sqrt
from pathlib import Path

import numpy as np
import pytest
import torch
from ase import Atoms
from ase.stress import full_3x3_to_voigt_6_stress
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.transform import Rotation
from scipy.special import eval_legendre

from paddlewheel.errors import PotentialError
from paddlewheel.potentials.m3gnet import M3GNet, M3GNetCalculator, System
from paddlewheel.potentials.m3gnet.bonds import as_trained_graph, parent_graph
from paddlewheel.potentials.m3gnet.harmonics import racah_harmonics
from paddlewheel.potentials.m3gnet.radial import RadialBasis, _bessel_functions, _smooth_functions, polynomial_cutoff
from paddlewheel.potentials.m3gnet.three_body import ThreeBodySum
from paddlewheel.potentials.neighbours import Bonds, NeighbourList

POTENTIALS = ("M3GNet-r2SCAN-NaBH", "M3GNet-MP-2021.2.8-PES", "M3GNet-MatPES-r2SCAN-v2025.1-PES")
_models: dict[tuple, M3GNet] = {}


def model(shared: Path, name: str = POTENTIALS[0], **options) -> M3GNet:
    key = (name, *sorted(options.items()))
    if key not in _models:
        _models[key] = M3GNet.from_directory(shared / "data/potentials" / name, **{"dtype": "float64", **options})
    return _models[key]


def small_crystal(seed: int = 3) -> System:
    """Seven atoms in a triclinic cell, none symmetric, none nearer than 1.1 A."""
    random = np.random.default_rng(seed)
    symbols = ("Na", "B", "H", "H", "H", "H", "Na")
    fractions = np.array(
        [[0, 0, 0], [0.5, 0.5, 0.5], [0.7, 0.6, 0.4], [0.3, 0.6, 0.6], [0.5, 0.2, 0.45], [0.5, 0.6, 0.8], [0.5, 0, 0.1]]
    )
    cell = np.array([[4.6, 0.2, 0.0], [-0.5, 4.4, 0.3], [0.1, 0.6, 5.1]])
    fractions += np.array([0.11, 0.13, 0.17])  # off the faces of the cell, where pymatgen's order of bonds jumps
    return System(symbols, fractions @ cell + random.normal(0, 0.04, (7, 3)), cell)


@pytest.mark.parametrize("name", POTENTIALS)
@pytest.mark.parametrize("three_body", ["parent", "as_trained"])
def test_forces_and_stress_are_derivatives_of_the_energy(shared: Path, name: str, three_body: str) -> None:
    """Central differences in float64: h = 1e-4 A leaves h^2 E''' / 6 of about 1e-6 eV/A."""
    potential, system, step = model(shared, name, three_body=three_body), small_crystal(), 1e-4
    result = potential.compute([system])[0]
    moved = []
    for atom in range(7):
        for axis in range(3):
            for sign in (1, -1):
                positions = system.positions_A.copy()
                positions[atom, axis] += sign * step
                moved.append(replace(system, positions_A=positions))
    strained = []
    for row in range(3):
        for column in range(3):
            for sign in (1, -1):
                strain = np.eye(3)
                strain[row, column] += sign * step
                strained.append(replace(system, positions_A=system.positions_A @ strain, cell_A=system.cell_A @ strain))
    energies = np.array([each.energy_eV for each in potential.compute(moved + strained)])
    slopes = (energies[0::2] - energies[1::2]) / (2 * step)
    np.testing.assert_allclose(result.forces_eV_per_A, -slopes[:21].reshape(7, 3), rtol=0, atol=3e-5)
    if three_body == "as_trained":
        return  # a shear changes pymatgen's order of bonds, and with it this energy; its stress is in the reference
    volume = np.linalg.det(system.cell_A)
    assert result.stress_eV_per_A3 is not None
    np.testing.assert_allclose(result.stress_eV_per_A3, slopes[21:].reshape(3, 3) / volume, rtol=0, atol=1e-6)


@settings(max_examples=12, deadline=None)
@given(seed=st.integers(0, 1000))
def test_energy_is_invariant_and_forces_turn_along(shared: Path, seed: int) -> None:
    """Permutation, rotation, translation and re-wrapping, all at once; 1e-9 is float64's rounding over the sums."""
    random, system = np.random.default_rng(seed), small_crystal(seed)
    turn, order = Rotation.random(random_state=seed).as_matrix(), random.permutation(7)
    positions = (system.positions_A + random.integers(-2, 3, (7, 3)) @ system.cell_A)[order] @ turn
    symbols = tuple(np.array(system.symbols)[order])
    other = System(symbols, positions + random.normal(size=3), system.cell_A @ turn)
    one, two = model(shared).compute([system, other])
    assert two.energy_eV == pytest.approx(one.energy_eV, abs=1e-9)
    np.testing.assert_allclose(two.energies_eV, one.energies_eV[order], rtol=0, atol=1e-9)
    np.testing.assert_allclose(two.forces_eV_per_A, one.forces_eV_per_A[order] @ turn, rtol=0, atol=1e-8)
    assert one.stress_eV_per_A3 is not None
    np.testing.assert_allclose(two.stress_eV_per_A3, turn.T @ one.stress_eV_per_A3 @ turn, rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", POTENTIALS)
def test_supercell_has_the_same_energy_per_atom(shared: Path, name: str) -> None:
    system = small_crystal()
    atoms = Atoms(system.symbols, positions=system.positions_A, cell=system.cell_A, pbc=True)
    one, many = model(shared, name).compute([atoms, atoms.repeat((2, 1, 3))])
    assert many.energy_eV == pytest.approx(6 * one.energy_eV, abs=1e-8)  # rounding of float64
    np.testing.assert_allclose(many.forces_eV_per_A, np.tile(one.forces_eV_per_A, (6, 1)), rtol=0, atol=1e-8)
    np.testing.assert_allclose(many.stress_eV_per_A3, one.stress_eV_per_A3, rtol=0, atol=1e-9)


@pytest.mark.parametrize("three_body", ["parent", "as_trained"])
def test_batch_equals_single_evaluations(shared: Path, three_body: str) -> None:
    potential = model(shared, three_body=three_body)
    molecule = System(("B", "H", "H"), np.array([[0, 0, 0], [1.2, 0, 0], [0, 1.2, 0.3]]), pbc=(False, False, False))
    systems = [small_crystal(1), System(("Na",), np.zeros((1, 3)), np.eye(3) * 30), molecule, small_crystal(2)]
    for alone, together in zip([potential.compute([s])[0] for s in systems], potential.compute(systems), strict=True):
        assert together.energy_eV == pytest.approx(alone.energy_eV, abs=1e-10)
        np.testing.assert_allclose(together.forces_eV_per_A, alone.forces_eV_per_A, rtol=0, atol=1e-10)
        if alone.stress_eV_per_A3 is None:
            assert together.stress_eV_per_A3 is None
        else:
            np.testing.assert_allclose(together.stress_eV_per_A3, alone.stress_eV_per_A3, rtol=0, atol=1e-12)
    assert potential.compute([]) == []


def test_float32_is_float64_to_its_rounding(shared: Path) -> None:
    system = small_crystal()
    single, double = model(shared, dtype="float32").compute([system])[0], model(shared).compute([system])[0]
    assert single.energy_eV == pytest.approx(double.energy_eV, abs=2e-5)  # 7 atoms of a few eV, 1e-7 each, some layers
    np.testing.assert_allclose(single.forces_eV_per_A, double.forces_eV_per_A, rtol=0, atol=1e-4)


def crossing_jump_eV(potential: M3GNet, cutoff_A: float) -> float:
    """Change of the energy when one H crosses a cutoff from another atom, 2e-7 A in all, less the slope's share."""
    symbols = ("H", "B", "Na", "H", "H")
    positions = np.array([[0, 0, 0], [1.3, 0.2, 0], [-1.9, 1.2, 0.5], [0.1, 1.3, 1.1], [0.0, -cutoff_A, 0.0]])
    below, above = positions.copy(), positions.copy()
    below[4, 1] += 1e-7
    above[4, 1] -= 1e-7
    free = (False, False, False)
    one, two = potential.compute([System(symbols, each, pbc=free) for each in (below, above)])
    return abs(two.energy_eV - one.energy_eV - 2e-7 * one.forces_eV_per_A[4, 1])


def test_parent_form_is_smooth_across_the_three_body_cutoff_and_the_trained_one_is_not(shared: Path) -> None:
    assert crossing_jump_eV(model(shared), 4.0) < 1e-11  # the envelope and two derivatives vanish there
    assert crossing_jump_eV(model(shared, three_body="as_trained"), 4.0) > 1e-6


@pytest.mark.parametrize(("max_n", "max_l"), [(3, 3), (2, 5), (1, 1)])
@pytest.mark.parametrize("form", ["parent", "as_trained"])
def test_factorized_sum_equals_the_sum_over_triplets(max_n: int, max_l: int, form: str) -> None:
    """A float64 restatement with explicit triplets, in the order and with the indices of matgl 1.3.0 for as_trained."""
    system, cutoff = small_crystal(), 3.2
    bonds = NeighbourList(cutoff_A=4.2).update(
        positions_A=system.positions_A, cell_A=system.cell_A, pbc=(True, True, True)
    )
    # thin atom 0 out to one near bond, so that the trained form's count of triplets goes wrong as matgl's did
    near_of_first = np.flatnonzero((bonds.centre == 2) & (bonds.distance_A <= cutoff))[1:]
    keep = np.setdiff1d(np.arange(len(bonds)), near_of_first)
    bonds = Bonds(*(getattr(bonds, name)[keep] for name in ("centre", "neighbour", "shift", "vector_A", "distance_A")))
    make = parent_graph if form == "parent" else as_trained_graph
    graph = make([bonds], [7], three_body_cutoff_A=cutoff)
    distance = torch.from_numpy(graph.distance_A)
    unit = torch.from_numpy(graph.vector_A / graph.distance_A[:, None])
    values, slopes = RadialBasis(max_n=max_n, max_l=max_l, cutoff_A=4.2, smooth=False).evaluate(distance)
    total = ThreeBodySum(
        graph,
        unit=unit,
        distance_A=distance,
        radial=values,
        radial_slope=slopes,
        max_n=max_n,
        max_l=max_l,
        cutoff_A=cutoff,
        n_atoms=7,
        dtype=torch.float64,
    )
    atom = np.random.default_rng(0).uniform(size=(7, max_n * max_l))
    messages = np.zeros((len(graph.centre), max_n * max_l))
    found = total.forward(torch.from_numpy(atom)).numpy()
    messages[: len(found)] = found

    u, radial = unit.numpy(), values.numpy()
    envelope = polynomial_cutoff(distance, cutoff)[0].numpy()
    degrees = np.repeat(np.arange(max_l), max_n)
    near = np.flatnonzero(graph.distance_A <= cutoff)
    triplets = [
        (a, b)
        for a in range(len(near))
        for b in range(len(near))
        if a != b and graph.centre[near[a]] == graph.centre[near[b]]
    ]
    counts = np.array([sum(1 for a, _ in triplets if a == place) for place in range(len(near))])
    if form == "parent":
        address, receives = near, near[[a for a, _ in triplets]]
    else:  # matgl: places in the pruned list address the whole one, and get_segment_indices_from_n counts
        address = np.arange(len(near))
        marks = np.zeros(len(triplets), dtype=int)
        marks[np.cumsum(counts[: max(a for pair in triplets for a in pair) + 1])[:-1]] = 1
        receives = np.cumsum(marks)
    expected = np.zeros_like(messages)
    for (a, b), receiver in zip(triplets, receives, strict=True):
        cosine = float(np.clip(u[near[a]] @ u[near[b]], -1, 1))
        angular = np.sqrt((2 * degrees + 1) / (4 * pi)) * eval_legendre(degrees, cosine)
        weight = envelope[address[a]] * envelope[address[b]]
        expected[receiver] += radial[near[b]] * angular * weight * atom[graph.neighbour[address[b]]]
    np.testing.assert_allclose(messages, expected, rtol=0, atol=1e-12)  # rounding of float64


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 1000), max_l=st.integers(1, 6))
def test_harmonics_obey_the_addition_theorem_and_their_gradients_are_right(seed: int, max_l: int) -> None:
    unit = torch.nn.functional.normalize(torch.from_numpy(np.random.default_rng(seed).normal(size=(4, 3))), dim=1)
    values, gradients = racah_harmonics(unit, max_l)
    for degree in range(max_l):
        part = values[:, degree**2 : (degree + 1) ** 2].numpy()
        np.testing.assert_allclose(part @ part.T, eval_legendre(degree, (unit @ unit.T).numpy()), rtol=0, atol=1e-12)
    for axis in range(3):
        step = torch.zeros(3, dtype=torch.float64)
        step[axis] = 1e-6
        slope = (racah_harmonics(unit + step, max_l)[0] - racah_harmonics(unit - step, max_l)[0]) / 2e-6
        np.testing.assert_allclose(gradients[:, :, axis].numpy(), slope.numpy(), rtol=0, atol=1e-7)


@pytest.mark.parametrize("smooth", [False, True])
def test_radial_series_equals_the_closed_form(smooth: bool) -> None:
    basis = RadialBasis(max_n=3, max_l=3, cutoff_A=5.0, smooth=smooth)
    r = np.linspace(0.01, 5.0, 500)
    values, slopes = (part.numpy() for part in basis.evaluate(torch.from_numpy(r)))
    closed_form = _smooth_functions if smooth else _bessel_functions
    np.testing.assert_allclose(values, closed_form(r, 3, 3, 5.0), rtol=0, atol=1e-12)
    numeric = (closed_form(r + 1e-5, 3, 3, 5.0) - closed_form(r - 1e-5, 3, 3, 5.0)) / 2e-5
    np.testing.assert_allclose(slopes, numeric, rtol=0, atol=1e-7)  # h^2 f''' / 6 and rounding / h
    # norm of the first function by hand: sqrt(2/125) j_0(pi r/5) / j_1(pi), j_1(pi) = 1/pi
    if not smooth:
        x = pi * r / 5
        np.testing.assert_allclose(values[:, 0], sqrt(2 / 125) * np.sin(x) / x * pi, rtol=0, atol=1e-12)


class TestCalculator:
    @pytest.fixture
    def atoms(self, shared: Path) -> Atoms:
        system = small_crystal()
        atoms = Atoms(system.symbols, positions=system.positions_A, cell=system.cell_A, pbc=True)
        atoms.calc = M3GNetCalculator(model(shared, dtype="float32"))
        return atoms

    def test_gives_every_property_in_ase_conventions(self, shared: Path, atoms: Atoms) -> None:
        result = model(shared, dtype="float32").compute([atoms])[0]
        assert atoms.get_potential_energy() == result.energy_eV
        assert atoms.get_potential_energy(force_consistent=True) == result.energy_eV
        assert result.stress_eV_per_A3 is not None
        np.testing.assert_array_equal(atoms.get_stress(), full_3x3_to_voigt_6_stress(result.stress_eV_per_A3))
        np.testing.assert_array_equal(atoms.get_potential_energies(), result.energies_eV)
        assert np.abs(atoms.get_forces().sum(axis=0)).max() < 1e-5  # float32
        assert atoms.calc.elements == ("H", "B", "Na")
        assert atoms.calc.three_body == "parent"

    def test_result_does_not_depend_on_the_history(self, shared: Path, atoms: Atoms) -> None:
        """A resumed run must go on bit for bit: a used calculator, a fresh one, and a pickled one agree exactly."""
        random = np.random.default_rng(0)
        for _ in range(5):
            atoms.positions += random.normal(0, 0.03, atoms.positions.shape)
            used = atoms.get_forces().tobytes()
        for calculator in (M3GNetCalculator(model(shared, dtype="float32")), pickle.loads(pickle.dumps(atoms.calc))):
            other = atoms.copy()
            other.calc = calculator
            assert other.get_forces().tobytes() == used
        assert copy.deepcopy(atoms.calc).get_potential_energy(atoms) == atoms.get_potential_energy()

    def test_unknown_elements_are_named(self, atoms: Atoms) -> None:
        atoms.symbols[0] = "K"
        with pytest.raises(PotentialError, match="does not know K; it has H, B, Na"):
            atoms.get_potential_energy()
