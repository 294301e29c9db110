"""What a validation compares, resolved and checked, and all its units of work."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.crystals import read_structure
from paddlewheel.errors import SettingsError, TrajectoryError
from paddlewheel.execution import Unit
from paddlewheel.studies.motion.runs import trajectory_digest
from paddlewheel.studies.simulation.potentials import potential_document
from paddlewheel.studies.simulation.structures import cell_digest
from paddlewheel.studies.validate.compared_set import ComparedSet, read_set
from paddlewheel.studies.validate.reuse import FinishedUnits
from paddlewheel.studies.validate.runs import ROLES, Phase, PhaseRun, Role, check_names, choose_phase, md_runs
from paddlewheel.studies.validate.settings import ValidateOptions
from paddlewheel.studies.validate.static_unit import static_unit
from paddlewheel.trajectories import Trajectory, read_trajectory

if TYPE_CHECKING:
    from ase import Atoms

    from paddlewheel.potentials import PotentialCard


@dataclass(frozen=True, kw_only=True)
class ValidationPlan:
    """A checked validation: potentials, phases, set, given trajectories, and runs that are finished elsewhere.

    Attributes
    ----------
    compared
        The set as given; None where it is made on the way, or left out.
    trajectories
        The reference's, by temperature (K).
    """

    potentials: dict[Role, dict[str, Any]]
    phases: tuple[Phase, ...]
    compared: ComparedSet | None
    settings: ValidateOptions
    trajectories: dict[float, Trajectory]
    finished: FinishedUnits

    def document(self) -> dict[str, Any]:
        """The contents of `inputs.yaml`."""
        compared, given = self.compared, self.trajectories
        return {
            "candidate": dict(self.potentials["candidate"]),
            "reference": dict(self.potentials["reference"]),
            "structures": [
                {
                    "name": phase.name, "repeats": list(phase.repeats), "mobile": phase.mobile,
                    "sha256": cell_digest(phase.supercell),
                }
                for phase in self.phases
            ],
            "set": None if compared is None else {"name": compared.name, "sha256": compared.sha256},
            "set_labels_sha256": None if compared is None else compared.labels_sha256,
            "phase_key": self.settings.phase_key,
            "settings": self.settings.parts,
            "limits": self.settings.gates.document(),
            "reference_trajectories": {f"{value:g} K": _digest(given[value]) for value in given},
            "reference_frames": {f"{value:g} K": _frames_document(given[value]) for value in given} or None,
            "reference_runs": self.finished.digests,
        }  # fmt: skip

    def runs(self, directory: Path) -> list[PhaseRun]:
        """All runs of molecular dynamics, in the order in which they should be done."""
        if not self.phases:
            return []
        return md_runs(
            self.phases, self.potentials, self.settings, given_temperatures_K=list(self.trajectories),
            directory=directory,
        )  # fmt: skip

    def statics(self, compared: ComparedSet | None, directory: Path) -> dict[tuple[str, str, Role], Unit]:
        """All units without dynamics, by (part, phase, role)."""
        settings = self.settings
        units: dict[tuple[str, str, Role], Unit] = {}
        wanted: list[tuple[str, str, Atoms | None, dict[str, Any]]] = []
        if compared is not None:
            wanted.append(("labels", "", None, {"sha256": compared.sha256, "n_frames": len(compared.frames)}))
        for phase in self.phases:
            if settings.eos_points:
                eos = {"points": settings.eos_points, "strain": settings.eos_strain}
                wanted.append(("eos", phase.name, phase.cell, eos))
            if settings.phonon_displacement_A:
                phonons = {"repeats": list(phase.repeats), "displacement_A": settings.phonon_displacement_A}
                wanted.append(("phonons", phase.name, phase.cell, phonons))
        for role in ROLES:
            for part, name, atoms, static in wanted:
                units[part, name, role] = static_unit(
                    name=f"{role}-{part}-{name}" if name else f"{role}-{part}", atoms=atoms,
                    potential=self.potentials[role], static={"kind": part, **static}, directory=directory,
                )  # fmt: skip
        return units


def plan_validation(
    candidate: str, structures: str | Path | Atoms | Sequence[str | Path | Atoms], settings: ValidateOptions
) -> ValidationPlan:
    """Read and check everything that `validate` is given, but for the potentials themselves.

    Raises
    ------
    InputError
        Of the kind that fits.
    """
    from paddlewheel.potentials import check_elements, describe_potential

    names: dict[Role, str] = {"candidate": candidate, "reference": settings.against}
    cards = {role: describe_potential(name) for role, name in names.items()}
    compared = read_set(settings.dataset, phase_key=settings.phase_key) if settings.dataset is not None else None
    several = isinstance(structures, Sequence) and not isinstance(structures, str)
    given: Any = structures if several else [structures]
    if not given and compared is None:
        given = _builtin_structures([cards[role] for role in ROLES])
    phases = tuple(
        choose_phase(
            structure, supercell=_supercell_of(structure, settings.supercell),
            minimum_length_A=settings.minimum_length_A, mobile=settings.specie,
        )
        for structure in given
    )  # fmt: skip
    check_names(phases)
    for role in ROLES:
        for atoms in [phase.cell for phase in phases] + (list(compared.frames) if compared else []):
            check_elements(cards[role], atoms)
    dtypes = {"candidate": settings.candidate_dtype, "reference": settings.reference_dtype}
    plan = ValidationPlan(
        potentials={
            # the three-body switch is of M3GNet alone; other potentials refuse anything but the default
            role: potential_document(
                name, three_body=settings.three_body if cards[role].kind == "m3gnet" else "parent",
                device=settings.device, dtype=dtypes[role],
            )
            for role, name in names.items()
        },
        phases=phases, compared=compared, settings=settings,
        trajectories=_reference_trajectories(phases, settings),
        finished=FinishedUnits([Path(directory) for directory in settings.reference_runs]),
    )  # fmt: skip
    plan.runs(Path())  # the time step, the intervals between frames: whatever the dynamics refuse
    return plan


def read_reference_trajectory(path: Path, phase: Phase, *, frame_interval_fs: float | None) -> Trajectory:
    """A trajectory of the reference made elsewhere.

    Raises
    ------
    TrajectoryError
        If it cannot be read, its frame interval is not known, or it is of another material than the first structure.
    """
    trajectory = read_trajectory(path, frame_interval_fs=frame_interval_fs)
    wanted, found = phase.supercell.get_chemical_symbols(), list(trajectory.symbols)
    shares = [{symbol: names.count(symbol) / len(names) for symbol in set(names)} for names in (wanted, found)]
    if shares[0].keys() != shares[1].keys() or any(abs(shares[0][key] - shares[1][key]) > 1e-6 for key in shares[0]):
        raise TrajectoryError(
            f"is not of {phase.name} ({phase.supercell.get_chemical_formula('metal')}), the first structure",
            where=path,
            remedy="give that structure first",
        )
    return trajectory


def _builtin_structures(cards: Sequence[PotentialCard]) -> list[str]:
    from paddlewheel.crystals import list_structures

    common = [set(card.elements) for card in cards if card.elements is not None]
    names = [
        card.name
        for card in list_structures()
        if common and all(set(read_structure(card.name).get_chemical_symbols()) <= elements for elements in common)
    ]
    if not names:
        raise SettingsError("no structure given", where="structure", remedy="name at least one, or give --set")
    return names


def _supercell_of(structure: str | Path | Atoms, supercell: str | Mapping[str, str]) -> str:
    if isinstance(supercell, str):
        return supercell
    name = Path(structure).name if isinstance(structure, str | Path) else structure.get_chemical_formula("metal")
    return supercell.get(name, "auto")


def _reference_trajectories(phases: Sequence[Phase], settings: ValidateOptions) -> dict[float, Trajectory]:
    given = settings.reference_trajectories or {}
    if given and not (phases and phases[0].mobile):
        raise SettingsError(
            "without a structure and its mobile ion", where="reference_trajectories", remedy="give both"
        )
    return {
        value: read_reference_trajectory(
            Path(path), phases[0], frame_interval_fs=settings.reference_frame_interval_fs
        )
        for value, path in given.items()
    }  # fmt: skip


def _digest(trajectory: Trajectory) -> str:
    """Of the positions, as `inputs.yaml` has had it from the start; `_frames_document` is of all that is used."""
    digest = hashlib.sha256()
    for block in trajectory.blocks():
        digest.update(np.ascontiguousarray(block.positions_A).tobytes())
    return digest.hexdigest()


def _frames_document(trajectory: Trajectory) -> dict[str, Any]:
    return {"frame_interval_fs": trajectory.frame_interval_fs, "sha256": trajectory_digest(trajectory)}
