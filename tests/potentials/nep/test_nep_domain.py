"""The active set and the extrapolation grade."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from hypothesis import given, settings
from hypothesis import strategies as st

from paddlewheel.errors import PotentialError
from paddlewheel.potentials.nep import NEPCalculator, domain_path, fit_domain, read_domain, write_domain

_GOOD = Path(__file__).resolve().parent / "data" / "five-body.nep.txt"


@settings(max_examples=20, deadline=None)
@given(seed=st.integers(0, 10_000), size=st.integers(1, 8), n=st.integers(40, 200))
def test_the_training_set_has_grades_up_to_one(seed: int, size: int, n: int) -> None:
    points = np.random.default_rng(seed).normal(size=(n, size)) @ np.diag(10.0 ** -np.arange(size))
    domain = fit_domain({"B": points})
    # MaxVol ends at coefficients of 1.02
    assert domain.grades("B", points).max() <= 1.02 + 1e-6
    # far outside the grade is about how many times farther than the farthest
    outside = 50 * points[np.abs(points).max(axis=1).argmax()][None]
    assert domain.grades("B", outside)[0] > 10


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 1000))
def test_grades_do_not_depend_on_linear_coordinates(seed: int) -> None:
    """The coefficients in terms of the active set are the same in any affine coordinates, given the same set."""
    random = np.random.default_rng(seed)
    points = random.uniform(size=(300, 4))
    domain = fit_domain({"B": points})
    matrix, shift = random.normal(size=(4, 4)) + 3 * np.eye(4), random.normal(size=4)
    other = fit_domain({"B": points @ matrix + shift})
    probes = random.uniform(-1, 2, size=(50, 4))
    ratio = other.grades("B", probes @ matrix + shift) / domain.grades("B", probes)
    # another local optimum may be found; the volumes of two differ by a few percent, and so do coefficients
    assert ratio.min() > 0.4
    assert ratio.max() < 2.5


def test_one_dimension_by_hand() -> None:
    domain = fit_domain({"H": np.linspace(2.0, 4.0, 21)[:, None]})
    # the active set is the two ends: coefficients (4 - q)/2 and (q - 2)/2
    np.testing.assert_allclose(domain.grades("H", np.array([[3.0], [4.0], [6.0], [0.0]])), [0.5, 1, 2, 2], atol=1e-9)


def test_few_or_flat_environments_still_give_a_domain() -> None:
    few = np.random.default_rng(0).normal(size=(3, 10))
    flat = np.hstack([np.random.default_rng(1).normal(size=(200, 4)), np.full((200, 3), 0.7)])
    same = np.full((5, 4), 2.0)
    for points in (few, flat, same):
        domain = fit_domain({"Na": points})
        assert domain.grades("Na", points).max() <= 1.02 + 1e-6
    away = flat[:1] + np.array([0, 0, 0, 0, 0, 0, 0.1])  # out of the plane by a tenth
    assert fit_domain({"Na": flat}).grades("Na", away)[0] > 10
    with pytest.raises(PotentialError, match="no environments of Na"):
        fit_domain({"Na": np.zeros((0, 4))})
    with pytest.raises(PotentialError, match="a descriptor of Na is not finite"):
        fit_domain({"Na": np.full((3, 2), np.nan)})


@pytest.fixture
def potential(tmp_path: Path) -> Path:
    """A copy of a potential with the domain of 60 rattled cells beside it."""
    path = tmp_path / "nep.txt"
    shutil.copyfile(_GOOD, path)
    engine = NEPCalculator.from_file(path, dtype="float64").engine
    found: dict[str, list[np.ndarray]] = {symbol: [] for symbol in engine.model.elements}
    for seed in range(60):
        atoms = _rattled(seed, 0.05)
        species = np.array([engine.model.elements.index(symbol) for symbol in atoms.get_chemical_symbols()])
        result = engine.evaluate(
            species=species, positions_A=atoms.positions, cell_A=atoms.cell.array, pbc=(True, True, True)
        )
        for index, symbol in enumerate(engine.model.elements):
            found[symbol].append(result.descriptors[species == index])
    domain = fit_domain({symbol: np.concatenate(rows) for symbol, rows in found.items()})
    write_domain(domain_path(path), domain, potential=path)
    return path


def _rattled(seed: int, by_A: float) -> Atoms:
    atoms = Atoms("Na2B2H4", scaled_positions=np.indices((2, 2, 2)).reshape(3, -1).T / 2, cell=[4, 4.4, 4.8], pbc=True)
    atoms.positions += by_A * np.random.default_rng(seed).normal(size=atoms.positions.shape)
    return atoms


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_every_evaluation_carries_its_grade(potential: Path, dtype) -> None:
    calculator = NEPCalculator.from_file(potential, dtype=dtype)
    inside, outside = _rattled(3, 0.05), _rattled(3, 0.4)
    for atoms in (inside, outside):
        atoms.calc = calculator
        atoms.get_forces()
        grades = calculator.results["extrapolation_grades"]
        assert calculator.results["extrapolation_grade"] == grades.max()
        domain = calculator.engine.domain
        assert domain is not None
        species = calculator._species_of[atoms.numbers]
        arguments = {"positions_A": atoms.positions, "cell_A": atoms.cell.array, "pbc": (True, True, True)}
        descriptors = calculator.engine.evaluate(species=species, **arguments).descriptors
        for i, symbol in enumerate(atoms.get_chemical_symbols()):
            # single precision: 1e-7 of terms up to a thousand times the grade, where the set hardly spreads
            assert grades[i] == pytest.approx(domain.grades(symbol, descriptors[i : i + 1])[0], rel=2e-2, abs=1e-2)
        if atoms is inside:
            assert grades.max() < 1.1  # one of the training set
    assert calculator.results["extrapolation_grade"] > 3


def test_no_domain_no_grade() -> None:
    atoms = _rattled(0, 0.05)
    atoms.calc = NEPCalculator.from_file(_GOOD)
    atoms.get_forces()
    assert "extrapolation_grade" not in atoms.calc.results


def test_the_domain_of_another_potential_is_refused(potential: Path) -> None:
    text = potential.read_text()
    potential.write_text(text.replace(text.splitlines()[10], " 1.2345678e-01", 1))
    with pytest.raises(PotentialError, match="is the domain of another potential"):
        NEPCalculator.from_file(potential)
    for damage in (b"", b"PK\x03\x04 no archive", domain_path(potential).read_bytes()[:200]):
        domain_path(potential).write_bytes(damage)
        with pytest.raises(PotentialError, match="is no domain of a NEP"):
            read_domain(domain_path(potential), potential=potential)
