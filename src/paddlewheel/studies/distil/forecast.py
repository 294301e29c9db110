"""What a distillation would cost, measured on a few steps of teacher, student and fit: for ``--dry-run``."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.dynamics import MDSettings
from paddlewheel.execution import Resources
from paddlewheel.studies.distil.explore import FRAME_INTERVAL_FS, Start, strained
from paddlewheel.studies.distil.plan import teacher_work, within_hours
from paddlewheel.studies.distil.settings import DistilOptions
from paddlewheel.studies.label.labelled_set import disk_bytes
from paddlewheel.studies.simulation.cost import Cost
from paddlewheel.studies.simulation.potentials import loaded_potential, potential_document
from paddlewheel.study.forecast import Forecast
from paddlewheel.training.student.settings import FitSettings, StudentSettings

if TYPE_CHECKING:
    from ase import Atoms

_BYTES_PER_ATOM_AND_FRAME = 7.0
_EPOCHS = 2


def forecast(
    starts: Sequence[Start], teacher: Mapping[str, Any], form: StudentSettings, settings: DistilOptions,
    cores: int | None,
) -> Forecast:  # fmt: skip
    """Units, atoms, hours and disk of all rounds, as if the gates held only at the end."""
    cells = [start.atoms for start in starts]
    n_atoms = sum(map(len, cells))
    evaluation_s = Cost(teacher).evaluation_s(cells)
    settings = within_hours(starts, settings, evaluation_s_per_atom=evaluation_s)
    work, rounds = teacher_work(starts, settings, evaluation_s_per_atom=evaluation_s), settings.rounds + 1
    seed_ps = 3 * settings.seed_ps
    explore_ps = 4 * settings.explore_ps * (2**settings.rounds - 1)
    shared_s = 3600 * work.core_hours
    if settings.rounds:
        moving = MDSettings(ensemble="nvt", temperature_K=settings.temperatures_K[0])
        shared_s += (
            1000 * explore_ps / moving.timestep_fs * n_atoms * _student_step_s(max(cells, key=len), form, moving)
        )
    n_steps = rounds * settings.steps + settings.final_steps
    fits_s = n_steps * _fit_step_s(starts, teacher, form, settings)
    others_s = (settings.ensemble - 1) * rounds * settings.steps / n_steps * fits_s
    workers = Resources.share(n_units=3 * len(starts), cores=cores).workers
    return Forecast(
        inputs=(
            ("teacher", str(teacher["name"])),
            ("structures", ", ".join(f"{start.name} ({len(start.atoms)} atoms)" for start in starts)),
            ("rounds", f"{rounds}, the first with the teacher, {settings.frames_per_round} frames each"),
        ),
        n_units=len(starts) * (3 + 4 * settings.rounds) + rounds * settings.ensemble + 1,
        n_atoms=max(map(len, cells)),
        core_hours=(shared_s + fits_s + others_s) / 3600,
        wall_hours=(shared_s / workers + fits_s) / 3600,
        disk_bytes=disk_bytes(round(work.n_labels * n_atoms / len(cells)))
        + 1000 * (seed_ps + explore_ps) / FRAME_INTERVAL_FS * n_atoms * _BYTES_PER_ATOM_AND_FRAME,
        notes=(
            f"of these the teacher takes {work.core_hours:.3g} h of one core: {work.n_steps:,} steps of its own runs "
            f"and {work.n_labels:,} labels, {1000 * evaluation_s:.3g} ms an atom (--teacher-hours lowers both)",
            "all rounds are counted: the gates may hold earlier",
        ),
    )


def _student_step_s(cell: Atoms, form: StudentSettings, moving: MDSettings) -> float:
    """Seconds of a step of a student of this form, per atom: one without forces, for there is none yet."""
    from paddlewheel.potentials.nep import write_nep
    from paddlewheel.training.student.network import zero_model

    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "nep.txt"
        write_nep(path, zero_model(form))
        return Cost(potential_document(str(path), three_body="parent", device="cpu", dtype="float32")).step_s(
            cell, moving
        )


def _fit_step_s(
    starts: Sequence[Start], teacher: Mapping[str, Any], form: StudentSettings, settings: DistilOptions
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
    fitted = Fit(frames, form, fit, device=settings.device)
    fitted.step()  # the first one compiles
    began = time.process_time()
    for _ in range(_EPOCHS * len(fitted.batches)):
        fitted.step()
    atom_s = (time.process_time() - began) / _EPOCHS / sum(map(len, frames))
    return atom_s * fit.batch_atoms  # the last batch of an epoch may be small
