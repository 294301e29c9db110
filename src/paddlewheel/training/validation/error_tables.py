"""Errors of predicted energies, forces and stresses: mean absolute, root mean square and largest, by group."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from paddlewheel.errors import InputError
from paddlewheel.units import eV_PER_A3_IN_GPA

OVERALL = "all"
Quantity = Literal["energy", "force", "stress"]
UNITS: dict[Quantity, str] = {"energy": "meV/atom", "force": "eV/A", "stress": "GPa"}


@dataclass(frozen=True)
class Labels:
    """Energy (eV), forces [n_atoms, 3] (eV/A) and stress [6] (eV/A^3, ASE's sign and Voigt order) of one frame."""

    energy_eV: float
    forces_eV_per_A: np.ndarray
    stress_eV_per_A3: np.ndarray


_TENSOR = [0, 5, 4, 5, 1, 3, 4, 3, 2]
"""Voigt components (xx yy zz yz xz xy) at the places of the tensor, row by row."""


@dataclass(frozen=True, kw_only=True)
class ErrorRow:
    """Errors of one quantity over one group of frames, in the unit that `UNITS` gives.

    Attributes
    ----------
    group
        A phase, or ``all``.
    element
        For forces: the element, or None for all of them.
    n
        Numbers compared: frames, force components or stress components.
    mae, rmse, largest
        Mean absolute, root mean square and largest absolute error.
    bias
        Mean signed error, predicted less true.
    """

    group: str
    quantity: Quantity
    element: str | None
    n: int
    mae: float
    rmse: float
    largest: float
    bias: float


def error_table(
    symbols: Sequence[Sequence[str]], truth: Sequence[Labels], predicted: Sequence[Labels], groups: Sequence[str]
) -> list[ErrorRow]:
    """Errors of `predicted` against `truth`, of each group and of all frames.

    Energies per atom, forces by component and element, stresses over the nine components of the tensor, as matgl's
    trainer and `training.parity` do: the layout of the paper's own table (doi 10.1016/j.joule.2025.102130).

    Parameters
    ----------
    symbols
        [n_frames][n_atoms] chemical symbols.
    truth, predicted
        [n_frames].
    groups
        [n_frames] names; where there is but one, only the overall rows are given.

    Raises
    ------
    InputError
        If the lengths differ or there are no frames.
    """
    lengths = {len(symbols), len(truth), len(predicted), len(groups)}
    if lengths == {0} or len(lengths) != 1:
        raise InputError(f"labels of {sorted(lengths)} frames cannot be compared")
    names = list(dict.fromkeys(groups))
    rows = _rows(OVERALL, symbols, truth, predicted, range(len(groups)))
    if len(names) > 1:
        for name in names:
            rows += _rows(name, symbols, truth, predicted, [i for i, group in enumerate(groups) if group == name])
    return rows


def _rows(
    group: str,
    symbols: Sequence[Sequence[str]],
    truth: Sequence[Labels],
    predicted: Sequence[Labels],
    frames: Sequence[int],
) -> list[ErrorRow]:
    energies = np.array([(predicted[i].energy_eV - truth[i].energy_eV) / len(symbols[i]) for i in frames]) * 1000
    forces = np.concatenate([predicted[i].forces_eV_per_A - truth[i].forces_eV_per_A for i in frames])
    voigt = np.array([predicted[i].stress_eV_per_A3 - truth[i].stress_eV_per_A3 for i in frames])
    stresses = voigt[:, _TENSOR].ravel()
    atoms = np.array([symbol for i in frames for symbol in symbols[i]])
    rows = [_row(group, "energy", None, energies), _row(group, "force", None, forces.ravel())]
    elements = sorted(set(atoms))
    if len(elements) > 1:
        rows += [_row(group, "force", element, forces[atoms == element].ravel()) for element in elements]
    return [*rows, _row(group, "stress", None, stresses * eV_PER_A3_IN_GPA)]


def _row(group: str, quantity: Quantity, element: str | None, errors: np.ndarray) -> ErrorRow:
    return ErrorRow(
        group=group,
        quantity=quantity,
        element=element,
        n=errors.size,
        mae=float(np.abs(errors).mean()),
        rmse=float(np.sqrt((errors**2).mean())),
        largest=float(np.abs(errors).max()),
        bias=float(errors.mean()),
    )
