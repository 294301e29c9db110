"""Field gradients averaged over a trajectory: point charges with a Sternheimer factor, by nucleus."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.execution.signals import stop_if_requested
from paddlewheel.lab.nmr.isotopes import Isotope
from paddlewheel.lab.nmr.tensors.atom_tensors import AtomTensors
from paddlewheel.lab.nmr.tensors.conventions import gradient_of, quadrupole_coupling_MHz
from paddlewheel.lab.nmr.tensors.equivalence import equivalent_atoms
from paddlewheel.lab.nmr.tensors.point_charges import (
    SternheimerFactor,
    average_over,
    fit_factor,
    lattice_gradients_au,
)
from paddlewheel.studies.nmr_tensors.record import MotionalCoupling

if TYPE_CHECKING:
    from paddlewheel.trajectories import Trajectory

_SAME_A = 0.02
"""Within which atoms are one kind of site."""
_POOR = 0.5
"""Share of the calculated tensors that the charges leave unexplained, from which an element's average means nothing."""


@dataclass(frozen=True, eq=False, kw_only=True)
class AveragedAtoms:
    """One element's row of the record, and its atoms' columns."""

    row: MotionalCoupling
    columns: dict[str, np.ndarray]


def check_charges(charges: Mapping[str, float], symbols: Sequence[str], *, where: str) -> None:
    """Refuse charges that leave out an element or do not add up to zero.

    Raises
    ------
    SettingsError
        For it.
    """
    missing = sorted(set(symbols) - set(charges))
    if missing:
        raise SettingsError(f"none of {', '.join(missing)} in {where}", where="charges", remedy="name every element")
    total = sum(charges[symbol] for symbol in symbols)
    if abs(total) > 0.01 * len(symbols):
        raise SettingsError(
            f"they add up to {total:+.3g} e in {where}", where="charges", remedy="give charges of a neutral crystal"
        )


def factors(
    tensors: Mapping[str, AtomTensors], charges: Mapping[str, float], given: Mapping[str, float],
    nuclei: Mapping[str, Isotope | None],
) -> tuple[dict[str, SternheimerFactor], list[str]]:  # fmt: skip
    """The factor of each element with a quadrupolar nucleus, given or fitted, and what is said of those left out.

    One atom of each kind of site counts: equivalent ones repeat it.
    """
    found = {element: SternheimerFactor(factor=factor) for element, factor in given.items()}
    notes = []
    parts: dict[str, list[tuple[np.ndarray, np.ndarray]]] = {}
    for name, each in tensors.items():
        if each.efg_au is None or each.positions_A is None or each.cell_A is None:
            continue
        check_charges(charges, each.symbols, where=name)
        groups, _ = equivalent_atoms(each, tolerance_A=_SAME_A)
        first = np.array([group[0] for group in groups])
        carried = np.array([charges[symbol] for symbol in each.symbols])
        lattice = lattice_gradients_au(each.positions_A, each.cell_A, carried, first)
        for atom, tensor in zip(first, lattice, strict=True):
            parts.setdefault(each.symbols[atom], []).append((tensor, each.efg_au[atom]))
    for element, pairs in parts.items():
        isotope = nuclei.get(element)
        if element in found or isotope is None or not isotope.is_quadrupolar:
            continue
        fitted = fit_factor(np.array([pair[0] for pair in pairs]), np.array([pair[1] for pair in pairs]))
        if fitted.n_tensors == 1:
            notes.append(
                f"no average of {element}: the tensor of one kind of site gives a factor ({fitted.factor:.3g}) that "
                "nothing tests; give tensors of more sites, or --sternheimer"
            )
        elif fitted.unexplained is not None and fitted.unexplained > _POOR:
            notes.append(
                f"no average of {element}: point charges leave {100 * fitted.unexplained:.0f} % of its calculated "
                "gradients unexplained; give other charges, or --sternheimer"
            )
        else:
            found[element] = fitted
    return found, notes


def averaged(
    trajectory: Trajectory, *, charges: Mapping[str, float], factor: Mapping[str, SternheimerFactor],
    nuclei: Mapping[str, Isotope | None], most_frames: int,
) -> dict[str, AveragedAtoms]:  # fmt: skip
    """Averages of every element with a factor, over at most `most_frames` frames, evenly spread."""
    symbols = np.array(trajectory.symbols)
    carried = np.array([charges[symbol] for symbol in trajectory.symbols])
    atoms = {element: np.flatnonzero(symbols == element) for element in factor if (symbols == element).any()}
    if not atoms:
        return {}
    together = np.concatenate(list(atoms.values()))
    stride = max(1, trajectory.n_frames // most_frames)
    tensors = []
    for block in trajectory.blocks():
        for place, positions in enumerate(block.positions_A):
            if (block.start + place) % stride:
                continue
            stop_if_requested()
            tensors.append(lattice_gradients_au(positions, block.cell_A[place], carried, together))
    lattice = np.array(tensors)
    found, at = {}, 0
    for element, indices in atoms.items():
        isotope = nuclei[element]
        assert isotope is not None
        own = lattice[:, at : at + len(indices)]
        at += len(indices)
        found[element] = _row(element, isotope, indices, own, factor[element], trajectory, stride)
    return found


def _row(
    element: str, isotope: Isotope, indices: np.ndarray, lattice: np.ndarray, factor: SternheimerFactor,
    trajectory: Trajectory, stride: int,
) -> AveragedAtoms:  # fmt: skip
    average = average_over(factor.factor * lattice)
    per_au_MHz = quadrupole_coupling_MHz(1.0, isotope)
    means = [gradient_of(tensor) for tensor in average.averaged_au]
    couplings = per_au_MHz * np.array([mean.largest_au for mean in means])
    etas = np.array([mean.eta for mean in means])
    instant = per_au_MHz**2 * average.instant_square_au2
    fluctuating = per_au_MHz**2 * average.fluctuating_square_au2
    interval_fs = trajectory.frame_interval_fs
    row = MotionalCoupling(
        element=element,
        nucleus=isotope.symbol,
        n_atoms=len(indices),
        n_frames=len(lattice),
        length_ps=None if interval_fs is None else interval_fs * 1e-3 * stride * (len(lattice) - 1),
        sternheimer_factor=factor.factor,
        sternheimer_std=factor.std,
        unexplained_share=factor.unexplained,
        n_tensors=factor.n_tensors,
        instant_MHz=float(np.sqrt(instant.mean())),
        averaged_MHz=float(np.sqrt((couplings**2 * (1 + etas**2 / 3)).mean())),
        fluctuating_MHz=float(np.sqrt(fluctuating.mean())),
        fluctuating_std_MHz=_jackknife(fluctuating),
    )
    columns = {
        "index": indices + 1, "averaged_cq_MHz": couplings, "averaged_eta": etas, "instant_MHz": np.sqrt(instant),
        "fluctuating_MHz": np.sqrt(fluctuating),
    }  # fmt: skip
    return AveragedAtoms(row=row, columns=columns)


def _jackknife(squares: np.ndarray) -> float | None:
    """Standard error over the atoms of the root of the mean square."""
    n = len(squares)
    if n < 2:
        return None
    without = np.sqrt(np.maximum((squares.sum() - squares) / (n - 1), 0.0))
    return float(np.sqrt((n - 1) / n * ((without - without.mean()) ** 2).sum()))
