"""The space group for a density: of the mean framework itself, or of a structure laid over it."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from paddlewheel.crystals import read_structure
from paddlewheel.crystals.library import builtin_path
from paddlewheel.crystals.read import require_file
from paddlewheel.crystals.space_group import SpaceGroup, find_space_group
from paddlewheel.errors import StructureError
from paddlewheel.potentials.fetch import sha256_of
from paddlewheel.studies.density.mean_framework import MeanFramework, kind_of
from paddlewheel.studies.motion.framework import framework_of

FRAMEWORK = "framework"
_LARGEST_STRAIN = 0.1
_EXACT_A = 0.02
_LARGEST_MISFIT_A = 1.0


def by_content(source: str | Path) -> str | dict[str, str]:
    """What the space group is taken of, as `inputs.yaml` holds it: "framework", or a file by its name and sha256.

    Raises
    ------
    StructureError
        If there is no such file or built-in structure.
    """
    if source == FRAMEWORK:
        return FRAMEWORK
    builtin = builtin_path(source) if isinstance(source, str) else None
    path = builtin or Path(source)
    if builtin is None:
        require_file(path, source)
    return {"name": Path(source).name, "sha256": sha256_of(path)}


def space_group_of(mean: MeanFramework, *, specie: str, source: str | Path, tolerance_A: float) -> SpaceGroup:
    """The space group of the framework's centres (polyanions as points, single atoms), without the mobile ions.

    Parameters
    ----------
    mean
        The framework of the runs.
    specie
        Symbol of the mobile ion.
    source
        "framework": of the mean centres, within `tolerance_A`; else a structure file or built-in name, of which the
        mean cell is a supercell with the same order of axes: its group, moved to where its framework fits.

    Raises
    ------
    StructureError
        If there is no framework, none is found, or the structure does not fit.
    """
    if not len(mean.centres):
        raise StructureError("no framework to take the space group of: all atoms are mobile", where="symmetry")
    if source == FRAMEWORK:
        numbers = [sorted(set(mean.kinds)).index(kind) for kind in mean.kinds]
        return find_space_group(mean.cell_A, mean.centres, numbers, tolerance_A=tolerance_A)
    centres, kinds, cell_A = _supercell_of(source, mean, specie)
    move = _lay_over(centres, kinds, mean, source)
    numbers = [sorted(set(kinds)).index(kind) for kind in kinds]
    return find_space_group(cell_A, centres + move, numbers, tolerance_A=_EXACT_A)


def _supercell_of(source: str | Path, mean: MeanFramework, specie: str) -> tuple[np.ndarray, list[str], np.ndarray]:
    """Centres `[n, 3]`, kinds and cell of the structure's framework, repeated to the mean cell."""
    structure = read_structure(source)
    ratio = np.linalg.norm(mean.cell_A, axis=1) / structure.cell.lengths()
    repeats = np.maximum(1, np.rint(ratio).astype(int))
    cell_A = structure.cell.array * repeats[:, None]
    gradient = np.linalg.solve(cell_A, mean.cell_A)
    strain = float(np.abs(np.linalg.eigvalsh(0.5 * (gradient @ gradient.T - np.eye(3)))).max())
    if strain > _LARGEST_STRAIN:
        raise StructureError(
            f"its cell does not fit the run's: {' x '.join(map(str, repeats))} of it are off by {100 * strain:.0f} %",
            where=source,
            remedy="give it with the same axes in the same order",
        )
    framework, shifts = framework_of(structure, mobile=specie)
    symbols, masses = structure.get_chemical_symbols(), structure.get_masses()
    fractional = structure.get_scaled_positions(wrap=False)
    centres, kinds = [], []
    for group in framework.groups:
        members = list(group)
        centres.append(np.average(fractional[members] + shifts[members], axis=0, weights=masses[members]))
        kinds.append(kind_of([symbols[i] for i in members]))
    cells = np.stack(np.meshgrid(*(np.arange(n) for n in repeats), indexing="ij"), axis=-1).reshape(-1, 3)
    repeated = (np.array(centres)[:, None] + cells) / repeats
    return repeated.reshape(-1, 3), [kind for kind in kinds for _ in cells], cell_A


def _lay_over(centres: np.ndarray, kinds: list[str], mean: MeanFramework, source: str | Path) -> np.ndarray:
    """The move `[3]` that brings the centres onto the mean framework, from the kind with the fewest points."""
    if sorted(kinds) != sorted(mean.kinds):
        raise StructureError("its framework has other atoms than the run's", where=source, remedy="give the same phase")
    names = np.array(kinds), np.array(mean.kinds)
    rarest = min(set(kinds), key=kinds.count)
    start = centres[names[0] == rarest][0]
    same = names[0][:, None] == names[1][None, :]
    best, least = np.zeros(3), np.inf
    for target in mean.centres[names[1] == rarest]:
        move = target - start
        for _ in range(3):  # each time nearer: by the mean of what is left
            apart = mean.centres[None] - (centres + move)[:, None]
            apart -= np.rint(apart)
            square = np.where(same, np.square(apart @ mean.cell_A).sum(axis=2), np.inf)
            nearest = square.argmin(axis=1)
            move = move + apart[np.arange(len(centres)), nearest].mean(axis=0)
        if (misfit := float(np.sqrt(square.min(axis=1).mean()))) < least:
            best, least = move, misfit
    if least > _LARGEST_MISFIT_A:
        raise StructureError(
            f"its framework does not lie on the run's ({least:.1f} A apart, rms)", where=source,
            remedy="give the same phase with the same axes",
        )  # fmt: skip
    return best
