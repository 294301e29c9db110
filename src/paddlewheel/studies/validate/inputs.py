"""What a validation compares, resolved and checked before anything is written."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.errors import SettingsError
from paddlewheel.execution import Unit
from paddlewheel.studies.simulation.potentials import (
    potential_document,
)
from paddlewheel.studies.simulation.structures import (
    cell_digest,
)
from paddlewheel.studies.validate.compare_transport import read_reference_trajectory
from paddlewheel.studies.validate.compared_set import (
    ComparedSet,
    read_set,
)
from paddlewheel.studies.validate.plan import (
    ROLES,
    Phase,
    Role,
    Run,
    check_names,
    choose_phase,
    md_runs,
)
from paddlewheel.studies.validate.settings import (
    GateLimits,
    ValidateSettings,
)
from paddlewheel.studies.validate.static_unit import static_unit

if TYPE_CHECKING:
    from ase import Atoms

    from paddlewheel.trajectories import Trajectory


@dataclass(frozen=True, kw_only=True)
class ValidationPlan:
    """A checked validation: potentials, phases, set, settings, given trajectories."""

    potentials: dict[Role, dict[str, Any]]
    phases: tuple[Phase, ...]
    compared: ComparedSet | None
    settings: ValidateSettings
    limits: GateLimits
    trajectories: dict[float, Trajectory]
    trajectory_digests: dict[str, str]
    phase_key: str

    def inputs(self) -> dict[str, Any]:
        """The document that decides whether a directory holds this run."""
        return {
            "command": "validate",
            "candidate": dict(self.potentials["candidate"]),
            "reference": dict(self.potentials["reference"]),
            "structures": [
                {
                    "name": phase.name, "repeats": list(phase.repeats), "mobile": phase.mobile,
                    "sha256": cell_digest(phase.supercell),
                }
                for phase in self.phases
            ],
            "set": None if self.compared is None else {"name": self.compared.name, "sha256": self.compared.sha256},
            "phase_key": self.phase_key,
            "settings": _plain(asdict(self.settings)),
            "limits": asdict(self.limits),
            "reference_trajectories": self.trajectory_digests,
        }  # fmt: skip

    def runs(self, directory: Path) -> list[Run]:
        """All runs of molecular dynamics."""
        if not self.phases:
            return []
        return md_runs(
            self.phases, self.potentials, self.settings, given_temperatures_K=list(self.trajectories),
            directory=directory,
        )  # fmt: skip

    def statics(self, compared: ComparedSet | None, directory: Path) -> dict[tuple[str, str, Role], Unit]:
        """All units without dynamics, by (part, phase, role)."""
        units: dict[tuple[str, str, Role], Unit] = {}
        wanted: list[tuple[str, str, Atoms | None, dict[str, Any]]] = []
        if compared is not None:
            wanted.append(("labels", "", None, {"sha256": compared.sha256, "n_frames": len(compared.frames)}))
        for phase in self.phases:
            if self.settings.eos_points:
                eos = {"points": self.settings.eos_points, "strain": self.settings.eos_strain}
                wanted.append(("eos", phase.name, phase.cell, eos))
            if self.settings.phonon_displacement_A:
                phonons = {"repeats": list(phase.repeats), "displacement_A": self.settings.phonon_displacement_A}
                wanted.append(("phonons", phase.name, phase.cell, phonons))
        for role in ROLES:
            for part, name, atoms, static in wanted:
                units[part, name, role] = static_unit(
                    name=f"{role}-{part}-{name}" if name else f"{role}-{part}", atoms=atoms,
                    potential=self.potentials[role], static={"kind": part, **static}, directory=directory,
                )  # fmt: skip
        return units


def plan_validation(
    candidate: str,
    structures: Sequence[str | Path | Atoms],
    *,
    against: str,
    dataset: str | Path | None,
    phase_key: str,
    supercell: str | Mapping[str, str],
    specie: str | None,
    settings: ValidateSettings,
    limits: GateLimits,
    trajectories: Mapping[float, str | Path],
    frame_interval_fs: float | None,
    three_body: str,
    device: str,
    dtypes: Mapping[str, str],
) -> ValidationPlan:
    """Resolve every setting of `validate`; see there for their meaning.

    Raises
    ------
    InputError
        Of the kind that fits, before anything is written.
    """
    from paddlewheel.potentials import check_elements, describe_potential

    names: dict[Role, str] = {"candidate": candidate, "reference": against}
    cards = {role: describe_potential(name) for role, name in names.items()}
    compared = read_set(dataset, phase_key=phase_key) if dataset is not None else None
    if not structures and compared is None:
        structures = _builtin_structures([cards[role] for role in ROLES])
    phases = tuple(
        choose_phase(
            structure, supercell=_supercell_of(structure, supercell), minimum_length_A=settings.minimum_length_A,
            mobile=specie,
        )
        for structure in structures
    )  # fmt: skip
    check_names(phases)
    for role in ROLES:
        for atoms in [phase.cell for phase in phases] + (list(compared.frames) if compared else []):
            check_elements(cards[role], atoms)
    given, digests = _reference_trajectories(trajectories, phases, settings, frame_interval_fs)
    return ValidationPlan(
        potentials={
            # the three-body switch is of M3GNet alone; other potentials refuse anything but the default
            role: potential_document(
                name, three_body=three_body if cards[role].kind == "m3gnet" else "parent", device=device,
                dtype=dtypes[role],
            )
            for role, name in names.items()
        },
        phases=phases, compared=compared, settings=settings, limits=limits, trajectories=given,
        trajectory_digests=digests, phase_key=phase_key,
    )  # fmt: skip


def _builtin_structures(cards: Sequence[Any]) -> list[str]:
    from paddlewheel.crystals import list_structures, read_structure

    common = [set(card.elements) for card in cards if card.elements is not None]
    names = [
        card.name
        for card in list_structures()
        if common and all(set(read_structure(card.name).get_chemical_symbols()) <= elements for elements in common)
    ]
    if not names:
        raise SettingsError("no structure given", where="structure", remedy="name at least one, or give --set")
    return names


def _supercell_of(structure: Any, supercell: str | Mapping[str, str]) -> str:
    if isinstance(supercell, str):
        return supercell
    name = Path(structure).name if isinstance(structure, str | Path) else structure.get_chemical_formula("metal")
    return supercell.get(name, "auto")


def _reference_trajectories(
    paths: Mapping[float, str | Path],
    phases: Sequence[Phase],
    settings: ValidateSettings,
    frame_interval_fs: float | None,
) -> tuple[dict[float, Trajectory], dict[str, str]]:
    where = "reference_trajectories"
    if paths and not (phases and phases[0].mobile):
        raise SettingsError("without a structure and its mobile ion", where=where, remedy="give both")
    lacking = [value for value in paths if value not in settings.diffusion_temperatures_K]
    if lacking:
        raise SettingsError(
            f"{lacking[0]:g} K is no temperature of the candidate's diffusion runs", where=where,
            remedy="name it among --diffusion-temperatures",
        )  # fmt: skip
    found, digests = {}, {}
    for value, path in paths.items():
        found[value] = read_reference_trajectory(Path(path), phases[0], frame_interval_fs=frame_interval_fs)
        digest = hashlib.sha256()
        for block in found[value].blocks():
            digest.update(np.ascontiguousarray(block.positions_A).tobytes())
        digests[f"{value:g} K"] = digest.hexdigest()
    return found, digests


def _plain(settings: dict[str, Any]) -> dict[str, Any]:
    """As YAML gives it back: lists for tuples."""
    return {name: list(value) if isinstance(value, tuple) else value for name, value in settings.items()}
