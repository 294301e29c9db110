"""M3GNet as a function of structures: energy, forces, stress and per-atom energies, for a batch in one call."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import torch

from paddlewheel.errors import PotentialError
from paddlewheel.potentials.m3gnet.bonds import ThreeBody, as_trained_graph, parent_graph, pymatgen_order
from paddlewheel.potentials.m3gnet.checkpoint import Checkpoint, read_checkpoint
from paddlewheel.potentials.m3gnet.conventions import Conventions
from paddlewheel.potentials.m3gnet.network import Network
from paddlewheel.potentials.m3gnet.workspace import sum_rows
from paddlewheel.potentials.neighbours import Bonds, NeighbourList

if TYPE_CHECKING:
    from ase import Atoms

DType = Literal["float32", "float64"]


@dataclass(frozen=True)
class System:
    """A structure to evaluate.

    Attributes
    ----------
    symbols
        Chemical symbol of each atom.
    positions_A
        `[n_atoms, 3]`.
    cell_A
        `[3, 3]`, lattice vectors as rows; ignored along non-periodic directions.
    pbc
        Periodic or not, along each lattice vector.
    """

    symbols: tuple[str, ...]
    positions_A: np.ndarray
    cell_A: np.ndarray = field(default_factory=lambda: np.zeros((3, 3)))
    pbc: tuple[bool, bool, bool] = (True, True, True)

    def __post_init__(self) -> None:
        if np.shape(self.positions_A) != (len(self.symbols), 3) or np.shape(self.cell_A) != (3, 3):
            raise PotentialError(
                f"{len(self.symbols)} symbols with positions of shape {np.shape(self.positions_A)} and a cell of shape "
                f"{np.shape(self.cell_A)}",
                remedy="give [n_atoms, 3] and [3, 3]",
            )

    @classmethod
    def from_atoms(cls, atoms: Atoms) -> System:
        """The System of an ASE Atoms."""
        pbc = (bool(atoms.pbc[0]), bool(atoms.pbc[1]), bool(atoms.pbc[2]))
        return cls(tuple(atoms.get_chemical_symbols()), atoms.get_positions(), np.array(atoms.cell), pbc)


@dataclass(frozen=True)
class M3GNetResult:
    """Energy and its derivatives.

    Attributes
    ----------
    energy_eV
        Sum of `energies_eV`.
    energies_eV
        `[n_atoms]`, the model's own division among the atoms.
    forces_eV_per_A
        `[n_atoms, 3]`.
    stress_eV_per_A3
        `[3, 3]`, dE/d(strain)/V (ASE's sign: positive under tension); None where the cell is not periodic in all three
        directions.
    """

    energy_eV: float
    energies_eV: np.ndarray
    forces_eV_per_A: np.ndarray
    stress_eV_per_A3: np.ndarray | None


class M3GNet:
    """An M3GNet potential, any checkpoint of matgl.

    Parameters
    ----------
    checkpoint
        As `read_checkpoint` gives it.
    three_body
        "parent": permutation-invariant and smooth, for dynamics. "as_trained": the indices of the training code, for
        comparison with it; the energy then depends on the order of the bonds.
    device, dtype
        Of the network; geometry and sums over atoms are float64 always.

    Raises
    ------
    PotentialError
        For an unknown option, or `as_trained` where the checkpoint does not say how it was trained.

    Examples
    --------
    >>> model = M3GNet.from_directory("M3GNet-r2SCAN-NaBH")  # doctest: +SKIP
    >>> model.compute([System.from_atoms(atoms)])[0].energy_eV  # doctest: +SKIP
    """

    def __init__(
        self, checkpoint: Checkpoint, *, three_body: ThreeBody = "parent", device: str = "cpu", dtype: DType = "float32"
    ) -> None:
        if three_body not in get_args(ThreeBody):
            raise PotentialError(
                f"three_body is {three_body!r}", remedy=f"choose from {', '.join(get_args(ThreeBody))}"
            )
        if dtype not in get_args(DType):
            raise PotentialError(f"dtype is {dtype!r}", remedy=f"choose from {', '.join(get_args(DType))}")
        if three_body == "as_trained" and checkpoint.conventions.triplet_index == "unknown":
            raise PotentialError(
                f"a checkpoint of {checkpoint.conventions.written_by} does not say how its triplets were indexed",
                remedy="give conventions=Conventions(node_sum=..., triplet_index='pruned' or 'parent')",
            )
        self.three_body: ThreeBody = three_body
        self.checkpoint = checkpoint
        self.elements = checkpoint.architecture.elements
        self._where = (device, dtype)
        try:
            self._network = Network(checkpoint, device=torch.device(device), dtype=getattr(torch, dtype))
        except (RuntimeError, AssertionError) as error:  # torch: unknown device, or built without CUDA
            raise PotentialError(
                f"device {device!r} is not usable ({str(error).splitlines()[0]})", remedy="use device='cpu'"
            ) from error
        self._species = {symbol: index for index, symbol in enumerate(self.elements)}

    @classmethod
    def from_directory(
        cls,
        path: Path | str,
        *,
        three_body: ThreeBody = "parent",
        device: str = "cpu",
        dtype: DType = "float32",
        conventions: Conventions | None = None,
    ) -> M3GNet:
        """Read a checkpoint folder (`model.json`, `state.pt`) as matgl writes it.

        Raises
        ------
        PotentialError
            If the folder holds no usable M3GNet checkpoint (see `read_checkpoint`), or an option is unknown.
        """
        checkpoint = read_checkpoint(path, conventions=conventions)
        return cls(checkpoint, three_body=three_body, device=device, dtype=dtype)

    def __getstate__(self) -> dict:
        return {"checkpoint": self.checkpoint, "three_body": self.three_body, "where": self._where}

    def __setstate__(self, state: dict) -> None:
        device, dtype = state["where"]
        self.__init__(state["checkpoint"], three_body=state["three_body"], device=device, dtype=dtype)

    @property
    def cutoff_A(self) -> float:
        """Range of the bonds."""
        return self.checkpoint.architecture.cutoff_A

    @property
    def conventions(self) -> Conventions:
        """How the weights are read."""
        return self.checkpoint.conventions

    def neighbour_list(self, *, skin_A: float = 0.6) -> NeighbourList:
        """A neighbour list for this potential; keep one per trajectory and hand it to `compute`."""
        return NeighbourList(cutoff_A=self.cutoff_A, skin_A=skin_A)

    def compute(
        self, systems: Sequence[System | Atoms], *, neighbour_lists: Sequence[NeighbourList] | None = None
    ) -> list[M3GNetResult]:
        """Energy, forces and stress of several structures in one pass through the network.

        Parameters
        ----------
        systems
            Structures (`System` or ASE Atoms), of any sizes.
        neighbour_lists
            One for each structure, to be reused from call to call; fresh ones by default.

        Raises
        ------
        PotentialError
            If an element is not one of the potential's, a structure has no atoms, positions are not finite, or atoms
            coincide.
        """
        given = [system if isinstance(system, System) else System.from_atoms(system) for system in systems]
        if not given:
            return []
        species = [self._indices(system) for system in given]
        lists = neighbour_lists or [self.neighbour_list(skin_A=0.0) for _ in given]
        bonds = [self._bonds(system, each) for system, each in zip(given, lists, strict=True)]
        n_atoms = [len(system.symbols) for system in given]
        make = as_trained_graph if self._is_pruned else parent_graph
        graph = make(bonds, n_atoms, three_body_cutoff_A=self.checkpoint.architecture.three_body_cutoff_A)
        with torch.inference_mode():
            index = torch.from_numpy(np.concatenate(species)).to(self._network.device)
            terms, gradient = self._network.evaluate(index, graph)
            gradient *= self.checkpoint.data_std_eV
            inward, outward = (
                sum_rows(gradient, *(torch.from_numpy(part).to(index.device) for part in (group.order, group.starts)))
                for group in (graph.by_neighbour, graph.by_centre)
            )
            forces = (outward - inward).cpu().numpy()
            terms, gradients = terms.cpu().numpy() * self.checkpoint.data_std_eV, gradient.cpu().numpy()
        terms = terms + self.checkpoint.offsets_eV.numpy()[np.concatenate(species)]
        ends = np.cumsum(n_atoms)
        # data_mean belongs to a structure, not to an atom: shared out evenly, so that the energies add up
        mean = self.checkpoint.data_mean_eV
        results = []
        for system, n, end in zip(given, n_atoms, ends, strict=True):
            energies = terms[end - n : end] + mean / n
            mine = (graph.centre >= end - n) & (graph.centre < end) if len(given) > 1 else slice(None)
            virial = graph.vector_A[mine].T @ gradients[mine]
            stress = virial / abs(np.linalg.det(system.cell_A)) if all(system.pbc) else None
            results.append(M3GNetResult(float(energies.sum()), energies, forces[end - n : end], stress))
        return results

    def atom_features(self, system: System | Atoms, *, neighbours: NeighbourList | None = None) -> np.ndarray:
        """What the network knows of each atom before its readout: node features `[n_atoms, node_width]`, float64.

        The latent space that DIRECT sampling works in; invariant under rotation and translation.

        Raises
        ------
        PotentialError
            As `compute`.
        """
        system = system if isinstance(system, System) else System.from_atoms(system)
        species = self._indices(system)
        bonds = self._bonds(system, neighbours or self.neighbour_list(skin_A=0.0))
        make = as_trained_graph if self._is_pruned else parent_graph
        cutoff_A = self.checkpoint.architecture.three_body_cutoff_A
        graph = make([bonds], [len(species)], three_body_cutoff_A=cutoff_A)
        with torch.inference_mode():
            features = self._network.features(torch.from_numpy(species).to(self._network.device), graph)
        return features.double().cpu().numpy()

    @property
    def _is_pruned(self) -> bool:
        return self.three_body == "as_trained" and self.conventions.triplet_index == "pruned"

    def _indices(self, system: System) -> np.ndarray:
        missing = sorted(set(system.symbols) - set(self._species))
        if missing or not system.symbols:
            problem = f"does not know {', '.join(missing)}" if missing else "was given a structure without atoms"
            shown = ", ".join(self.elements) if len(self.elements) <= 12 else f"{len(self.elements)} elements"
            raise PotentialError(
                f"the potential {problem}", remedy=f"it has {shown}: choose another potential or structure"
            )
        return np.array([self._species[symbol] for symbol in system.symbols], dtype=np.int64)

    def _bonds(self, system: System, neighbours: NeighbourList) -> Bonds:
        if self._is_pruned and all(system.pbc):
            return pymatgen_order(
                positions_A=system.positions_A,
                cell_A=system.cell_A,
                cutoff_A=self.cutoff_A,
                precision=np.float32 if self._network.dtype == torch.float32 else np.float64,
            )
        return neighbours.update(positions_A=system.positions_A, cell_A=system.cell_A, pbc=system.pbc)
