"""The student is a NEP4: its energies, forces and virials are those of its nep.txt, and derivatives of each other."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

torch = pytest.importorskip("torch", reason="torch is not installed: pip install 'paddlewheel[distil]'")

from paddlewheel.errors import PotentialError  # noqa: E402
from paddlewheel.potentials.nep import NEPModel, Repulsion  # noqa: E402
from paddlewheel.training.student.fit import Batch, make_batches, mean_errors  # noqa: E402
from paddlewheel.training.student.network import Student, form_of, state_of  # noqa: E402
from paddlewheel.training.student.settings import StudentSettings  # noqa: E402

FORM = StudentSettings(
    elements=("Na", "B", "H"), radial_cutoff_A=5.0, angular_cutoff_A=4.0, radial_n_max=4, angular_n_max=3,
    radial_basis_size=6, angular_basis_size=5, neurons=12,
)  # fmt: skip


def frame(seed: int, *, n_atoms: int = 10, length_A: float = 5.5) -> Atoms:
    """A random triclinic cell with zero labels, no two atoms nearer than 1.1 A."""
    rng = np.random.default_rng(seed)
    cell = length_A * np.eye(3) + rng.normal(0, 0.3, (3, 3))
    positions: list[np.ndarray] = []
    while len(positions) < n_atoms:
        site = rng.random(3)
        apart = [(site - other + 0.5) % 1 - 0.5 for other in positions]
        if all(np.linalg.norm(vector @ cell) > 1.1 for vector in apart):
            positions.append(site)
    atoms = Atoms(rng.choice(["Na", "B", "H"], n_atoms), scaled_positions=positions, cell=cell, pbc=True)
    return labelled(atoms, energy_eV=0.0)


def labelled(atoms: Atoms, *, energy_eV: float, forces: np.ndarray | None = None) -> Atoms:
    """The structure with a single-point calculator."""
    copy = atoms.copy()
    zero = np.zeros((len(atoms), 3)) if forces is None else forces
    copy.calc = SinglePointCalculator(copy, energy=energy_eV, forces=zero, stress=np.zeros(6))
    return copy


def student(seed: int = 3) -> Student:
    made = Student(FORM, seed=seed)
    with torch.no_grad():
        made.reference_eV.copy_(torch.tensor([-1.0, -5.0, -3.0]))
        made.q_scaler.copy_(torch.linspace(0.05, 0.2, FORM.n_descriptors))
    return made


def one_batch(frames: list[Atoms]) -> Batch:
    (batch,) = make_batches(frames, FORM, batch_atoms=10_000, seed=0, device="cpu")
    return batch


def test_student_equals_its_nep_file_in_our_engine(tmp_path):
    from paddlewheel.potentials.nep import NEPCalculator, write_nep

    made, path = student(), tmp_path / "nep.txt"
    write_nep(path, made.export(max_neighbours=(60, 30)))
    for seed in range(3):
        atoms = frame(seed)
        batch = one_batch([atoms])
        predicted = made(batch.constants)
        order = np.argsort([FORM.elements.index(s) for s in atoms.get_chemical_symbols()], kind="stable")
        atoms.calc = NEPCalculator.from_file(path, dtype="float64")
        scale = np.abs(atoms.get_forces()).max()
        # float32 in the student: 1e-5 of the largest force
        assert np.abs(predicted.force_eV_per_A.detach().numpy() - atoms.get_forces()[order]).max() < 2e-5 * scale
        assert predicted.energy_eV.item() == pytest.approx(atoms.get_potential_energy(), abs=1e-4)
        virial = -atoms.get_stress(voigt=False) * atoms.get_volume()
        assert np.abs(predicted.virial_eV[0].detach().numpy() - virial).max() < 1e-4 * max(1, np.abs(virial).max())


def test_forces_are_the_slopes_of_the_energy():
    atoms, made = frame(7), student()
    batch = one_batch([atoms])
    order = np.argsort([FORM.elements.index(s) for s in atoms.get_chemical_symbols()], kind="stable")
    forces = made(batch.constants).force_eV_per_A.detach().numpy()
    step_A = 0.01
    for place, axis in ((0, 0), (4, 1), (9, 2)):
        energies = []
        for sign in (1, -1):
            moved = atoms.copy()
            moved.positions[order[place], axis] += sign * step_A
            energies.append(made(one_batch([labelled(moved, energy_eV=0.0)]).constants).energy_eV.item())
        slope = -(energies[0] - energies[1]) / (2 * step_A)
        # energies near -30 eV in float32 (4e-6 eV) over 0.02 A give 4e-4; the cubic term as much again
        assert forces[place, axis] == pytest.approx(slope, abs=2e-3, rel=2e-3)


def test_map_and_its_transpose_are_each_others_adjoint_and_equal_torch_operations():
    batch = one_batch([frame(1), frame(2)])
    generator = torch.Generator().manual_seed(5)
    n_atoms, species = len(batch.force_eV_per_A), len(FORM.elements)
    shapes = {
        "radial_forces": (n_atoms, species, FORM.radial_basis_size + 1, 1),
        "angular_forces": (n_atoms, species, FORM.angular_basis_size + 1, FORM.l_max * (FORM.l_max + 2)),
    }
    for name, shape in shapes.items():
        forces = getattr(batch.constants, name)
        adjoint = torch.randn(*shape, generator=generator, requires_grad=True)
        force, virial = forces(adjoint)
        other_force, other_virial = forces.in_torch(adjoint)
        # sums of a few hundred float32 products
        assert torch.allclose(force, other_force, rtol=1e-4, atol=1e-3)
        assert torch.allclose(virial, other_virial, rtol=1e-4, atol=1e-3)
        to_force, to_virial = torch.randn_like(force), torch.randn_like(virial)
        ours = torch.autograd.grad((force * to_force).sum() + (virial * to_virial).sum(), adjoint)[0]
        other = torch.autograd.grad((other_force * to_force).sum() + (other_virial * to_virial).sum(), adjoint)[0]
        assert torch.allclose(ours, other, rtol=1e-4, atol=1e-3)


def test_gradients_of_the_loss_equal_finite_differences_in_the_parameters():
    batch, made = one_batch([frame(1), frame(4)]), student()

    def loss() -> torch.Tensor:
        predicted = made(batch.constants)
        return predicted.force_eV_per_A.square().mean() + predicted.virial_eV.square().mean()

    loss().backward()
    for parameter in (made.angular_coefficients, made.radial_coefficients, made.w0, made.b0, made.w1):
        place = tuple(int(index) for index in np.unravel_index(int(parameter.grad.abs().argmax()), parameter.shape))
        expected = float(parameter.grad[place])
        values = []
        for sign in (1, -1):
            parameter.data[place] += sign * 1e-2
            values.append(loss().detach())
            parameter.data[place] -= sign * 1e-2
        # central difference of a float32 loss, step 1e-2 of parameters of size 1
        assert float(values[0] - values[1]) / 2e-2 == pytest.approx(expected, rel=2e-2)


def test_several_frames_in_a_batch_give_what_each_gives_alone():
    frames, made = [frame(1), frame(2), frame(3, n_atoms=7)], student()
    together = made(one_batch(frames).constants)
    energies = sorted(value.item() for value in together.energy_eV)
    alone = sorted(made(one_batch([atoms]).constants).energy_eV.item() for atoms in frames)
    assert energies == pytest.approx(alone, abs=2e-5)
    assert mean_errors(made, [one_batch(frames)]).energy_meV_per_atom > 0


def with_repulsion() -> NEPModel:
    """A NEP of random weights with a repulsion from 1 to 2 A, a common bias, and no neuron that carries energies."""
    model = student().export(max_neighbours=(60, 40))
    rng = np.random.default_rng(1)
    return replace(
        model, w0=rng.normal(0, 0.2, model.w0.shape), b0=rng.normal(0, 0.5, model.b0.shape), bias=3.5,
        w1=rng.normal(0, 0.3, model.w1.shape), repulsion=Repulsion(1.0, 2.0),
    )  # fmt: skip


def test_student_that_begins_from_a_nep_is_that_nep(tmp_path):
    from paddlewheel.potentials.nep import NEPCalculator, NEPEngine

    model = with_repulsion()
    form = form_of(model)
    assert form.neurons == FORM.neurons + 1  # one more carries the reference energies
    made = Student(form, seed=1)
    made.load_state_dict(state_of(model))
    again = NEPCalculator(NEPEngine(made.export(max_neighbours=(60, 40)), dtype="float64"))
    right = NEPCalculator(NEPEngine(model, dtype="float64"))
    for seed in range(3):
        atoms = frame(seed)
        for quantity in ("energy", "forces", "stress"):
            # the student's parameters are in single precision: 6e-8 of what each of a hundred terms is
            expected = np.asarray(right.get_property(quantity, atoms))
            np.testing.assert_allclose(
                again.get_property(quantity, atoms), expected, rtol=1e-5, atol=1e-5 * np.abs(expected).max()
            )


def test_labels_of_a_nep_leave_no_error_to_the_student_that_begins_from_it():
    """The repulsion is taken off the labels and the base off the energies: what is left is what the student gives."""
    from paddlewheel.potentials.nep import NEPCalculator, NEPEngine

    model = with_repulsion()
    calculator = NEPCalculator(NEPEngine(model, dtype="float64"))
    frames = [frame(seed) for seed in range(3)]
    for atoms in frames:
        calculator.calculate(atoms)
        atoms.calc = SinglePointCalculator(
            atoms, **{name: calculator.results[name] for name in ("energy", "forces", "stress")}
        )
    made = Student(form_of(model), seed=1)
    made.load_state_dict(state_of(model))
    batches = make_batches(frames, made.settings, batch_atoms=1000, seed=0, device="cpu")
    errors = mean_errors(made, batches)
    size = np.abs(np.concatenate([atoms.get_forces() for atoms in frames])).mean()
    assert errors.force_eV_per_A < 1e-5 * size
    assert errors.energy_meV_per_atom < 1e-2


def test_own_neuron_of_energies_is_found_again():
    model = student().export(max_neighbours=(60, 40))
    assert form_of(model) == FORM
    again = Student(FORM, seed=1)
    again.load_state_dict(state_of(model))
    assert again.base_eV.tolist() == pytest.approx([-1.0, -5.0, -3.0], rel=1e-6)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"repulsion": Repulsion(0.0, 0.0, table=np.ones((6, 10)))}, "zbl for each pair"),
        ({"repulsion": Repulsion(1.0, 2.0, typewise_factor=0.7)}, "zbl for each pair"),
        ({"radial_cutoffs_A": np.array([5.0, 5.0, 4.5])}, "cutoffs that differ"),
        ({"radial_cutoffs_A": np.full(3, 25.0)}, "cutoff"),
    ],
)
def test_nep_that_no_student_can_be_is_refused(change, message):
    with pytest.raises(PotentialError, match=message):
        form_of(replace(student().export(max_neighbours=(60, 40)), **change))
