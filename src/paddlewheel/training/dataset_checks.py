"""Can these labels be what they say they are? Missing ones, ones of impossible size, units mixed up.

Sizes come from physics, with room: at 900 K and 10 % compression the forces of a hydride stay under 50 eV/A and its
stress under 0.3 eV/A^3. Units of a whole set are told by the work of its cells: where cells of one composition have
different volumes, the stress has to give the difference of their energies.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import DatasetError
from paddlewheel.units import eV_PER_A3_IN_GPA

if TYPE_CHECKING:
    from ase import Atoms

LARGEST_FORCE_eV_PER_A = 100.0
"""Two hydrogens pushed to half of their bond repel with about this; meV/A taken for eV/A is a thousand times more."""
LARGEST_STRESS_eV_PER_A3 = 1.0
"""160 GPa."""
LARGEST_ENERGY_RESIDUAL_eV = 5.0
"""Per atom, from a sum over elements fitted to the set: no change of structure is worth the atomization energy."""
LARGEST_WORK_RATIO = 8.0
"""Work and energy differ by the heat between the frames compared, and by the width of the volumes put together."""

LARGEST_COORDINATE_A = 1e6
"""Unwrapped, of any atom; what is larger lost a decimal point."""


def check_frames(frames: Sequence[Atoms], *, where: str | Path) -> None:
    """Refuse frames that no training may see.

    Each frame needs energy, forces and stress, all finite, and a cell periodic in three directions. Forces are at most
    `LARGEST_FORCE_eV_PER_A`, stresses at most `LARGEST_STRESS_eV_PER_A3`, energies within
    `LARGEST_ENERGY_RESIDUAL_eV` per atom of a sum over elements fitted to all frames; no frame is there twice; and
    the stress does the work that the energy says (`check_work`).

    Raises
    ------
    DatasetError
        Naming the frame, the value, and what to do.
    """
    if not frames:
        raise DatasetError("holds no frames", where=where, remedy="give at least one")
    for index, frame in enumerate(frames):
        check_frame(frame, where=f"{where}, frame {index}")
    check_energies(frames, where=where)
    check_work(frames, where=where)
    check_duplicates(frames, where=where)


def check_frame(frame: Atoms, *, where: str) -> None:
    """What `check_frames` asks of each frame by itself: labels present, finite, of a possible size.

    Raises
    ------
    DatasetError
        With the value and what to do.
    """
    if not (np.abs(np.vstack([frame.positions, np.array(frame.cell)])) < LARGEST_COORDINATE_A).all():
        raise DatasetError(
            f"a coordinate or the cell is beyond {LARGEST_COORDINATE_A:g} A", where=where, remedy="remove the frame"
        )
    _check_labels(frame, where=where)
    _check_sizes(frame, where=where)


def require_elements(frames: Sequence[Atoms], elements: Sequence[str], *, where: str | Path) -> None:
    """Refuse a set that has no frames with one of `elements`: nothing could be learned about it.

    Raises
    ------
    DatasetError
        Naming the elements without frames.
    """
    present = {symbol for frame in frames for symbol in frame.get_chemical_symbols()}
    absent = sorted(set(elements) - present)
    if absent:
        raise DatasetError(
            f"has no frame with {', '.join(absent)}; it has {', '.join(sorted(present))}",
            where=where,
            remedy="add frames with it, or leave the element out",
        )


def _check_labels(frame: Atoms, *, where: str) -> None:
    if len(frame) == 0:
        raise DatasetError("has no atoms", where=where, remedy="remove the frame")
    if not (all(frame.pbc) and abs(frame.cell.volume) > 0):
        raise DatasetError(
            "is not periodic in three directions, so that it has no stress", where=where, remedy="give it a cell"
        )
    if not (np.isfinite(frame.positions).all() and np.isfinite(np.array(frame.cell)).all()):
        raise DatasetError("has positions or a cell that are not finite", where=where, remedy="remove the frame")
    results = frame.calc.results if frame.calc is not None else {}
    for key, shape in (("energy", ()), ("forces", (len(frame), 3)), ("stress", (6,))):
        if key not in results:
            hint = "write stress = -virial/volume" if key == "stress" and "virial" in frame.info else "label it"
            raise DatasetError(f"has no {key}", where=where, remedy=hint)
        value = np.asarray(results[key])
        if value.shape != shape:
            raise DatasetError(f"has {key} of shape {value.shape}", where=where, remedy=f"give shape {shape}")
        if value.dtype.kind not in "fiu" or not np.isfinite(value).all():
            raise DatasetError(f"has a {key} that is not finite", where=where, remedy="remove or label it anew")


def _check_sizes(frame: Atoms, *, where: str) -> None:
    forces, stress = _result(frame, "forces"), _result(frame, "stress")
    atom = int(np.abs(forces).max(axis=1).argmax())
    force = float(np.abs(forces[atom]).max())
    if force > LARGEST_FORCE_eV_PER_A:
        raise DatasetError(
            f"has a force of {force:.4g} eV/A on atom {atom} ({frame.symbols[atom]}), over {LARGEST_FORCE_eV_PER_A:g}",
            where=where,
            remedy="check the unit (eV/A), or remove the frame if its atoms overlap",
        )
    largest = float(np.abs(stress).max())
    if largest > LARGEST_STRESS_eV_PER_A3:
        raise DatasetError(
            f"has a stress of {largest:.4g} eV/A^3, which is {largest * eV_PER_A3_IN_GPA:.4g} GPa",
            where=where,
            remedy=f"check the unit: from kB divide by {10 * eV_PER_A3_IN_GPA:.2f}, from GPa by "
            f"{eV_PER_A3_IN_GPA:.3f} (and VASP's sign is the opposite of ASE's)",
        )


def check_energies(frames: Sequence[Atoms], *, where: str | Path) -> None:
    """Refuse energies that no sum over elements explains: another unit, per atom for per cell, another reference.

    Raises
    ------
    DatasetError
        Naming the worst frame.
    """
    residuals = energy_residuals(frames)
    worst = int(np.abs(residuals).argmax())
    if abs(residuals[worst]) > LARGEST_ENERGY_RESIDUAL_eV:
        raise DatasetError(
            energy_problem(frames[worst], residuals[worst]), where=f"{where}, frame {worst}",
            remedy="check the unit (eV for the whole cell, not Hartree, not per atom) and the reference, or remove it",
        )  # fmt: skip


def energy_problem(frame: Atoms, residual_eV: float) -> str:
    """What is wrong with an energy so far from the other frames', in words."""
    energy_eV = float(_result(frame, "energy")) / len(frame)
    return f"has {energy_eV:.4g} eV/atom, {residual_eV:+.4g} eV/atom from what the other frames of its elements say"


def stray_energies(frames: Sequence[Atoms], *, limit_eV_per_atom: float = LARGEST_ENERGY_RESIDUAL_eV) -> dict[int, str]:
    """The frames that `check_energies` would refuse, with the reason, by their index: one at a time, the worst first,
    for the sum over elements is fitted anew without it."""
    left, strays = list(range(len(frames))), dict[int, str]()
    while left:
        residuals = energy_residuals([frames[index] for index in left])
        worst = int(np.abs(residuals).argmax())
        if abs(residuals[worst]) <= limit_eV_per_atom:
            break
        index = left.pop(worst)
        strays[index] = energy_problem(frames[index], float(residuals[worst]))
    return strays


def energy_residuals(frames: Sequence[Atoms]) -> np.ndarray:
    """Energy of each frame less a sum over its elements fitted to all frames, eV/atom: [n_frames].

    The sum is fitted by least absolute deviations (reweighted least squares), so that a few wrong frames stand out
    instead of pulling it.
    """
    symbols = sorted({symbol for frame in frames for symbol in frame.get_chemical_symbols()})
    counts = np.array([[frame.get_chemical_symbols().count(symbol) for symbol in symbols] for frame in frames], float)
    n_atoms = counts.sum(axis=1)
    shares, energies = counts / n_atoms[:, None], np.array([_result(f, "energy") for f in frames]) / n_atoms
    weights = np.ones(len(frames))
    residuals = np.zeros(len(frames))
    for _ in range(50):
        root = np.sqrt(weights)[:, None]
        fitted = np.linalg.lstsq(shares * root, energies * root[:, 0], rcond=None)[0]
        residuals = energies - shares @ fitted
        weights = 1 / np.maximum(np.abs(residuals), 1e-3)
    return residuals


def check_work(frames: Sequence[Atoms], *, where: str | Path) -> None:
    """Refuse a set whose stresses do far more work than its energies say, or the opposite work.

    Between cells of one composition (and one `info["structure"]`, where frames say it) with volumes more than 2 %
    apart, dE = V tr(sigma)/3 dlnV + heat; means over the frames of each volume are compared. Frames of different
    temperatures differ by heat, too, so energies that change by more than the work prove nothing. Work that is many
    times the change of the energy does: stresses in GPa or kB taken for eV/A^3 give 160 and 1602 times, energies in
    Hartree 27 times. The wrong sign of the stress shows where both have the same size and opposite signs throughout.
    A set with too little work (under 0.02 eV/atom) is let pass: nothing can be told from it.

    Raises
    ------
    DatasetError
        With the ratio and what it looks like.
    """
    energy_steps, work_steps = _work_by_volume(frames)
    if not len(work_steps):
        return
    energy, work = (float(np.sqrt(np.mean(steps**2))) for steps in (energy_steps, work_steps))
    if work < 0.02:
        return
    agreement = float(energy_steps @ work_steps) / (len(work_steps) * max(energy, 1e-12) * work)
    opposite = len(work_steps) >= 3 and agreement < -0.9 and 1 / LARGEST_WORK_RATIO < energy / work < LARGEST_WORK_RATIO
    if work <= LARGEST_WORK_RATIO * energy and not opposite:
        return
    if opposite:
        problem = "the energy rises with the volume where the stress says that it falls, and the other way round"
        remedy = "turn the sign of the stress (VASP's is the opposite of ASE's)"
    else:
        problem = (
            f"the stress does {work / max(energy, 1e-12):.3g} times the work that the energies between volumes say"
        )
        remedy = "the stress is not in eV/A^3 (GPa or kB?), or the energy not in eV"
    raise DatasetError(problem, where=where, remedy=remedy)


def _work_by_volume(frames: Sequence[Atoms]) -> tuple[np.ndarray, np.ndarray]:
    """Energy and work (eV/atom) of the steps between neighbouring volumes of each composition."""
    groups: dict[tuple, list[tuple[float, float, float]]] = defaultdict(list)
    for frame in frames:
        n = len(frame)
        key = (frame.info.get("structure"), frame.symbols.formula.reduce()[0].format("hill"))
        pressure = -float(_result(frame, "stress")[:3].mean())
        groups[key].append((frame.get_volume() / n, float(_result(frame, "energy")) / n, pressure))
    energy_steps, work_steps = [], []
    for rows in groups.values():
        table = np.array(sorted(rows))
        bins = np.concatenate([[0], np.cumsum(np.diff(np.log(table[:, 0])) > 0.02)])
        means = np.array([table[bins == place].mean(axis=0) for place in range(bins[-1] + 1)])
        steps = np.diff(means, axis=0)
        energy_steps.append(steps[:, 1])
        work_steps.append(-0.5 * (means[1:, 2] + means[:-1, 2]) * steps[:, 0])
    return np.concatenate(energy_steps), np.concatenate(work_steps)


def check_duplicates(frames: Sequence[Atoms], *, where: str | Path) -> None:
    """Refuse a frame that is there twice (to 1e-6 A): it would count double, or sit on both sides of a split.

    Raises
    ------
    DatasetError
        Naming both.
    """
    for index, first in duplicates(frames).items():
        raise DatasetError(
            f"is the same structure as frame {first}", where=f"{where}, frame {index}", remedy="remove one"
        )


def duplicates(frames: Sequence[Atoms]) -> dict[int, int]:
    """Numbers of frames that are there before (to 1e-6 A), each with that of the first."""
    seen: dict[bytes, int] = {}
    again: dict[int, int] = {}
    for index, frame in enumerate(frames):
        content = np.round(np.vstack([np.array(frame.cell), frame.positions]) * 1e6).astype(np.int64)
        digest = hashlib.sha256(frame.numbers.astype(np.int64).tobytes() + content.tobytes()).digest()
        if seen.setdefault(digest, index) != index:
            again[index] = seen[digest]
    return again


def _result(frame: Atoms, key: str) -> np.ndarray:
    assert frame.calc is not None  # _check_labels has seen it
    return np.asarray(frame.calc.results[key], dtype=np.float64)
