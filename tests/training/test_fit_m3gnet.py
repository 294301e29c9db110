"""The fit of M3GNet: units, the potential read back by our engine, conventions, and a fit that goes on after a kill."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from labelled_alloys import alloy_frames

pytest.importorskip("matgl", reason="matgl absent: pip install 'paddlewheel[train]'")

import torch

from paddlewheel.errors import PotentialError, ScienceError
from paddlewheel.potentials import load_potential
from paddlewheel.potentials.m3gnet import M3GNet
from paddlewheel.potentials.m3gnet.checkpoint import read_checkpoint
from paddlewheel.training.fit_m3gnet import Fit, fit_m3gnet
from paddlewheel.training.fit_network import GraphFrames, evaluate_frame, save_potential
from paddlewheel.training.fit_settings import FitSettings
from paddlewheel.training.fit_start import FitStart, start_from_checkpoint, start_new

ELEMENTS = ("Cu", "Al")
TOLERANCE_eV_PER_A = 1e-5
"""Both in float64; matgl keeps its Bessel roots in float32 (1e-7 of forces of some eV/A), ours are exact."""


def fit(
    folder: Path, *, epochs: int = 3, start: FitStart | None = None, on_batch=lambda *_: None, **settings: Any
) -> Fit:
    frames = alloy_frames(10)
    chosen = FitSettings(epochs=epochs, batch_size=3, **settings)
    start = start or start_new(frames[:8], elements=ELEMENTS, settings=chosen)
    return fit_m3gnet(
        start.network,
        GraphFrames(frames[:8], elements=ELEMENTS, cutoff_A=chosen.cutoff_A),
        GraphFrames(frames[8:], elements=ELEMENTS, cutoff_A=chosen.cutoff_A),
        settings=chosen,
        element_references_eV=start.references.energies_eV.tolist(),
        data_mean_eV=start.data_mean_eV,
        data_std_eV=start.data_std_eV,
        folder=folder,
        on_epoch=lambda rows: None,
        on_batch=on_batch,
    )


def largest_differences(potential: Any, folder: Path, frames: list, elements: tuple[str, ...]) -> tuple[float, ...]:
    """Energy (eV/atom), force and stress between matgl in memory and our engine from the files, both in float64."""
    calculator = load_potential(folder, dtype="float64")
    graphs = GraphFrames(frames, elements=elements, cutoff_A=5.0)
    worst = np.zeros(3)
    for index, frame in enumerate(frames):
        energy, forces, stress = evaluate_frame(potential, graphs, index)
        atoms = frame.copy()
        atoms.calc = calculator
        worst = np.maximum(
            worst,
            [
                abs(atoms.get_potential_energy() - energy) / len(atoms),
                np.abs(atoms.get_forces() - forces).max(),
                np.abs(atoms.get_stress(voigt=False) - stress).max(),
            ],
        )
    return tuple(worst)


@pytest.mark.parametrize("smooth", [False, True], ids=["plain", "smooth"])
def test_what_was_trained_is_what_our_engine_reads(tmp_path: Path, smooth: bool) -> None:
    trained = fit(tmp_path / "fit", use_smooth=smooth, learning_rate=5e-3, loss="mse")
    save_potential(trained.potential, tmp_path / "potential", facts={})
    frames = alloy_frames(4, seed=7)
    energy, force, stress = largest_differences(trained.potential.double(), tmp_path / "potential", frames, ELEMENTS)
    assert energy < TOLERANCE_eV_PER_A
    assert force < TOLERANCE_eV_PER_A
    assert stress < TOLERANCE_eV_PER_A
    conventions = read_checkpoint(tmp_path / "potential").conventions
    assert (conventions.node_sum, conventions.triplet_index) == ("source", "parent")
    assert "matgl 4." in conventions.written_by
    # matgl loads it too, and says the same in its own float32
    from matgl.apps.pes import Potential  # pyright: ignore[reportMissingImports]

    again = Potential.load(tmp_path / "potential").double()
    assert max(largest_differences(again, tmp_path / "potential", frames, ELEMENTS)) < TOLERANCE_eV_PER_A


def test_the_stress_that_is_fitted_is_the_derivative_of_the_energy_in_GPa(tmp_path: Path) -> None:
    """EMT's label against EMT's energy by central differences, and matgl's stress against matgl's energy alike."""
    frame = alloy_frames(1, seed=3)[0]
    start = start_new([frame], elements=ELEMENTS, settings=FitSettings(seed=4))
    from matgl.apps.pes import Potential  # pyright: ignore[reportMissingImports]

    potential = Potential(start.network, element_refs=start.references.energies_eV, data_std=1000.0).double().eval()

    def energies(strain: float) -> tuple[float, float]:
        from labelled_alloys import labelled

        atoms = frame.copy()
        deformation = np.eye(3)
        deformation[0, 0] += strain
        atoms.set_cell(atoms.cell.array @ deformation, scale_atoms=True)
        one = labelled(atoms)
        value, _, _ = evaluate_frame(potential, GraphFrames([one], elements=ELEMENTS, cutoff_A=5.0), 0)
        return one.get_potential_energy(), value

    step = 1e-4
    slopes = (np.array(energies(step)) - np.array(energies(-step))) / (2 * step) / frame.get_volume()
    graphs = GraphFrames([frame], elements=ELEMENTS, cutoff_A=5.0)
    label = float(graphs[0][3]["stresses"][0, 0])
    _, _, stress = evaluate_frame(potential, graphs, 0)
    # central differences with 1e-4: error of order 1e-8 of the curvature, some 1e-5 of the slope; labels are float32
    assert label == pytest.approx(slopes[0] * 160.21766208, rel=1e-4)
    assert stress[0, 0] == pytest.approx(slopes[1], rel=1e-4)


def test_a_checkpoint_of_older_matgl_is_continued_as_it_was_trained(shared: Path, tmp_path: Path) -> None:
    """The paper's potential sums at the destination; matgl of today, untaught, would give -3.0 for -4.47 eV/atom."""
    from ase.io import read

    checkpoint = read_checkpoint(shared / "data/potentials/M3GNet-r2SCAN-NaBH")
    atoms: Any = read(shared / "data/structures/NaBH4_P42nmc_m3gnetNaBH.cif")
    atoms.rattle(0.05, seed=1)
    from ase.calculators.singlepoint import SinglePointCalculator

    result = M3GNet(checkpoint, dtype="float64").compute([atoms])[0]
    assert result.stress_eV_per_A3 is not None
    atoms.calc = SinglePointCalculator(
        atoms,
        energy=result.energy_eV + 0.5 * len(atoms),
        forces=result.forces_eV_per_A,
        stress=result.stress_eV_per_A3[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]],
    )
    start = start_from_checkpoint([atoms], checkpoint)
    # labels half an eV per atom away: the references take it up, so the fit begins at the label
    assert start.references.total_eV([atoms])[0] == pytest.approx(0.5 * len(atoms), rel=1e-9)
    from matgl.apps.pes import Potential  # pyright: ignore[reportMissingImports]

    potential = (
        Potential(start.network, element_refs=start.references.energies_eV, data_std=start.data_std_eV).double().eval()
    )
    elements = checkpoint.architecture.elements
    energy, forces, stress = evaluate_frame(potential, GraphFrames([atoms], elements=elements, cutoff_A=5.0), 0)
    assert energy == pytest.approx(atoms.get_potential_energy(), abs=1e-5)  # the references are float32 in matgl
    np.testing.assert_allclose(forces, result.forces_eV_per_A, atol=TOLERANCE_eV_PER_A)
    np.testing.assert_allclose(stress, result.stress_eV_per_A3, atol=TOLERANCE_eV_PER_A)

    save_potential(potential.float(), tmp_path / "potential", facts={"functional": "r2SCAN"})
    assert read_checkpoint(tmp_path / "potential").conventions.node_sum == "destination"
    assert not (tmp_path / "potential/model.pt").exists()  # matgl cannot misread what it cannot load
    assert max(largest_differences(potential.double(), tmp_path / "potential", [atoms], elements)) < TOLERANCE_eV_PER_A


def test_damaged_metadata_are_refused_rather_than_guessed(tmp_path: Path) -> None:
    start = start_new(alloy_frames(4), elements=ELEMENTS, settings=FitSettings())
    from matgl.apps.pes import Potential  # pyright: ignore[reportMissingImports]

    save_potential(Potential(start.network), tmp_path / "potential", facts={})
    path = tmp_path / "potential/model.json"
    document = json.loads(path.read_text())
    document["metadata"]["paddlewheel"]["node_sum"] = "both"
    path.write_text(json.dumps(document))
    with pytest.raises(PotentialError, match="do not say how to read the weights"):
        read_checkpoint(tmp_path / "potential")


def weights(potential: Any) -> dict[str, np.ndarray]:
    return {name: value.numpy().copy() for name, value in potential.state_dict().items()}


@pytest.fixture
def one_thread():
    """Sums of several threads are cut where threads are free: on a busy machine not twice alike to the last bit."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.mark.usefixtures("one_thread")
def test_a_fit_that_is_stopped_in_an_epoch_ends_with_the_same_weights(tmp_path: Path) -> None:
    whole = fit(tmp_path / "whole", epochs=4, learning_rate=5e-3)

    def stop(epoch: int, batch: int, _: int) -> None:
        if (epoch, batch) == (2, 1):
            raise InterruptedError("the machine goes down")

    with pytest.raises(InterruptedError):
        fit(tmp_path / "stopped", epochs=4, learning_rate=5e-3, on_batch=stop)
    seen: list[int] = []
    resumed = fit(tmp_path / "stopped", epochs=4, learning_rate=5e-3, on_batch=lambda epoch, *_: seen.append(epoch))
    assert min(seen) == 2  # the finished epochs are not done again
    assert [row.validation_loss for row in resumed.rows] == [row.validation_loss for row in whole.rows]
    expected = weights(whole.potential)
    assert all(np.array_equal(value, expected[name]) for name, value in weights(resumed.potential).items())


def test_a_diverging_fit_says_so(tmp_path: Path) -> None:
    with pytest.raises(ScienceError, match=r"the loss of epoch \d is not finite; give a lower --learning-rate"):
        fit(tmp_path / "fit", epochs=3, learning_rate=1e30, loss="mse")


KILLED = """
import sys
sys.path[:0] = {folders!r}
from pathlib import Path
from test_fit_m3gnet import fit
fit(Path({folder!r}), epochs=15, learning_rate=5e-3)
"""


@pytest.mark.slow
def test_kill_9_leaves_a_fit_that_goes_on(tmp_path: Path) -> None:
    here = Path(__file__).parent
    script = KILLED.format(folders=[str(here), str(here.parent / "helpers")], folder=str(tmp_path / "fit"))
    process = subprocess.Popen([sys.executable, "-c", script])
    try:
        end = time.monotonic() + 120
        while not (tmp_path / "fit/last.ckpt").exists():
            assert process.poll() is None, "the fit ended before it could be killed"
            assert time.monotonic() < end, "no epoch was finished in two minutes"
            time.sleep(0.05)
        time.sleep(0.3)
    finally:
        process.send_signal(signal.SIGKILL)
        process.wait()
    reached = torch.load(tmp_path / "fit/last.ckpt", map_location="cpu", weights_only=True)["epoch"]
    seen: list[int] = []
    resumed = fit(tmp_path / "fit", epochs=15, learning_rate=5e-3, on_batch=lambda epoch, *_: seen.append(epoch))
    assert min(seen) == reached + 1
    assert [row.epoch for row in resumed.rows] == list(range(15))
