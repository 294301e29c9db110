"""What a distillation would cost, measured on a few steps of teacher, student and fit: for ``--dry-run``."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from paddlewheel.crystals import read_structure
from paddlewheel.dynamics import MDSettings
from paddlewheel.execution import Resources
from paddlewheel.studies.distil.explore import FRAME_INTERVAL_FS, Start, strained
from paddlewheel.studies.distil.settings import DistilOptions
from paddlewheel.studies.label.labelled_set import disk_bytes
from paddlewheel.studies.simulation.cost import Cost
from paddlewheel.studies.simulation.potentials import loaded_potential, potential_document
from paddlewheel.study.forecast import Forecast
from paddlewheel.training.student.settings import FitSettings

_STUDENT, _ITS_STRUCTURE = "nep-nabh", "nabh4"
"""An embedded NEP, which stands for the student that is not there yet."""
_MOVED_SHARE = 0.25
"""Frames of which an atom is moved, for each that a run passed through."""
_BYTES_PER_ATOM_AND_FRAME = 7.0
_EPOCHS = 2


def forecast(
    starts: Sequence[Start], teacher: Mapping[str, Any], elements: Sequence[str], settings: DistilOptions,
    cores: int | None,
) -> Forecast:  # fmt: skip
    """Units, atoms, hours and disk of all rounds, as if the gates held only at the end."""
    cells = [start.atoms for start in starts]
    n_atoms, rounds = sum(map(len, cells)), settings.rounds + 1
    labelled = rounds * settings.frames_per_round * (1 + _MOVED_SHARE) * n_atoms / len(cells)
    seed_ps = 3 * settings.seed_ps
    explore_ps = 4 * settings.explore_ps * (2**settings.rounds - 1)
    moving = MDSettings(ensemble="nvt", temperature_K=settings.temperatures_K[0])
    cost = Cost(teacher)
    shared_s = 1000 * seed_ps / moving.timestep_fs * n_atoms * cost.step_s(max(cells, key=len), moving)
    shared_s += labelled * cost.evaluation_s(cells)
    if settings.rounds:
        student = Cost(potential_document(_STUDENT, three_body="parent", device="cpu", dtype="float32"))
        step_s = student.step_s(read_structure(_ITS_STRUCTURE).repeat(2), moving)
        shared_s += 1000 * explore_ps / moving.timestep_fs * n_atoms * step_s
    n_steps = rounds * settings.steps + settings.final_steps
    fits_s = n_steps * _fit_step_s(starts, teacher, elements, settings)
    others_s = (settings.ensemble - 1) * rounds * settings.steps / n_steps * fits_s
    workers = Resources.share(n_units=3 * len(starts), cores=cores).workers
    return Forecast(
        inputs=(
            ("teacher", str(teacher["name"])),
            ("structures", ", ".join(f"{start.name} ({len(start.atoms)} atoms)" for start in starts)),
            (
                "rounds",
                f"{rounds}, the first with the teacher; {round(labelled * len(cells) / n_atoms)} frames labelled",
            ),
        ),
        n_units=len(starts) * (3 + 4 * settings.rounds) + rounds * settings.ensemble + 1,
        n_atoms=max(map(len, cells)),
        core_hours=(shared_s + fits_s + others_s) / 3600,
        wall_hours=(shared_s / workers + fits_s) / 3600,
        disk_bytes=disk_bytes(round(labelled))
        + 1000 * (seed_ps + explore_ps) / FRAME_INTERVAL_FS * n_atoms * _BYTES_PER_ATOM_AND_FRAME,
        notes=(
            "all rounds are counted: the gates may hold earlier",
            f"the student is taken to be as fast as {_STUDENT}",
        ),
    )


def _fit_step_s(
    starts: Sequence[Start], teacher: Mapping[str, Any], elements: Sequence[str], settings: DistilOptions
) -> float:
    """Seconds of a step of the fit, on a batch of strained cells labelled by the teacher."""
    from ase.calculators.singlepoint import SinglePointCalculator

    from paddlewheel.training.student.fit import Fit

    fit, calculator = FitSettings(**settings.fit), loaded_potential(teacher)
    frames = []
    while sum(map(len, frames)) < fit.batch_atoms:
        for start in starts:
            frame = strained(start.atoms, float(np.random.default_rng(len(frames)).uniform(-0.02, 0.02)))
            frame.calc = calculator
            frame.calc = SinglePointCalculator(
                frame, energy=frame.get_potential_energy(), forces=frame.get_forces(), stress=frame.get_stress()
            )
            frames.append(frame)
    fitted = Fit(frames, settings.student(tuple(elements)), fit, device=settings.device)
    fitted.step()  # the first one compiles
    began = time.process_time()
    for _ in range(_EPOCHS * len(fitted.batches)):
        fitted.step()
    atom_s = (time.process_time() - began) / _EPOCHS / sum(map(len, frames))
    return atom_s * fit.batch_atoms  # the last batch of an epoch may be small
