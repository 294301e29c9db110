"""From finished units without dynamics to findings: errors on the set, equations of state, phonons."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from paddlewheel.errors import ScienceError
from paddlewheel.studies.validate.compared_set import ComparedSet, labels_of
from paddlewheel.studies.validate.findings import Findings, Results, failure
from paddlewheel.studies.validate.record import ComparedSetResult, EquationOfStateResult, ErrorResult, PhononResult
from paddlewheel.studies.validate.runs import ROLES, Phase, Role
from paddlewheel.studies.validate.settings import GateLimits
from paddlewheel.thermodynamics.phonons import PhononModes, common_grid, compare_dos, gaussian_dos
from paddlewheel.training.validation import EquationOfState, Labels, error_table, fit_equation_of_state
from paddlewheel.training.validation.error_tables import UNITS

DOS_WIDTH_PER_CM = 10.0
PARITY_POINTS = 4000
"""Force components in the parity plot; more would only make the page heavy."""

_SUBJECTS = ("energy MAE", "force MAE", "stress MAE")


def compare_labels(
    findings: Findings, compared: ComparedSet, results: Results, *, reference: str, limits: GateLimits
) -> None:
    """Error tables of the candidate, and of the reference where the set brought its own labels."""
    given = compared.labels
    findings.compared_set = ComparedSetResult(
        name=compared.name, n_frames=len(compared.frames), sha256=compared.sha256,
        labels=reference if given is None else str(compared.engine), functional=compared.functional,
    )  # fmt: skip
    trouble = failure(results)
    if trouble and (given is None or trouble[0] == "candidate"):
        for subject in _SUBJECTS:
            findings.refuse(subject, trouble)
        return
    symbols = [frame.get_chemical_symbols() for frame in compared.frames]
    predicted = labels_of(results["candidate"], compared.frames)
    others = None if trouble else labels_of(results["reference"], compared.frames)
    truth = list(given) if given is not None else others
    assert truth is not None  # a trouble of the reference ends above where it makes the labels
    sides: list[tuple[Role, list[Labels]]] = [("candidate", predicted)]
    if given is not None and others is not None:
        sides.append(("reference", others))
    for role, labels in sides:
        findings.errors += [
            ErrorResult(
                potential=role, group=row.group, quantity=row.quantity, element=row.element, n=row.n, mae=row.mae,
                rmse=row.rmse, largest=row.largest, bias=row.bias, unit=UNITS[row.quantity],
            )
            for row in error_table(symbols, truth, labels, compared.groups)
        ]  # fmt: skip
    overall = {
        row.quantity: row
        for row in findings.errors
        if row.potential == "candidate" and row.group == "all" and row.element is None
    }
    against = f"{overall['energy'].n} frames, against {findings.compared_set.labels}"
    for subject, quantity, limit in zip(
        _SUBJECTS,
        ("energy", "force", "stress"),
        (limits.energy_MAE_meV_per_atom, limits.force_MAE_eV_per_A, limits.stress_MAE_GPa),
        strict=True,
    ):
        row = overall[quantity]
        findings.judge(subject, row.mae, limit, row.unit, detail=f"{against}; largest {row.largest:.3g}")
    _parity_curves(findings, symbols, truth, predicted)


def _parity_curves(
    findings: Findings, symbols: Sequence[Sequence[str]], truth: Sequence[Labels], predicted: Sequence[Labels]
) -> None:
    sizes = np.array([len(names) for names in symbols])
    energies = [np.array([label.energy_eV for label in labels]) / sizes for labels in (truth, predicted)]
    forces = [np.concatenate([label.forces_eV_per_A.ravel() for label in labels]) for labels in (truth, predicted)]
    rng = np.random.Generator(np.random.PCG64(0))
    kept = np.sort(rng.permutation(forces[0].size)[:PARITY_POINTS])
    findings.curves["parity-energy"] = {
        "labels_eV_per_atom": energies[0],
        "candidate_eV_per_atom": energies[1],
    }
    findings.curves["parity-force"] = {
        "labels_eV_per_A": forces[0][kept],
        "candidate_eV_per_A": forces[1][kept],
    }


def compare_equations_of_state(findings: Findings, phase: Phase, results: Results, *, limits: GateLimits) -> None:
    """Birch-Murnaghan fits of both potentials, and gates on the volume and the bulk modulus."""
    n_atoms = len(phase.cell)
    fits: dict[Role, EquationOfState] = {}
    columns: dict[str, np.ndarray] = {}
    trouble: tuple[Role, str] | None = None
    for role in ROLES:
        result = results[role]
        reason = result.get("reason") if result["status"] != "done" else None
        if result["status"] == "done":
            try:
                fits[role] = fit_equation_of_state(result["volumes_A3"], result["energies_eV"])
            except ScienceError as error:
                reason = str(error)
        elif reason is None:
            reason = result["status"]
        if role not in fits:
            findings.equations_of_state.append(EquationOfStateResult(phase=phase.name, potential=role, reason=reason))
            trouble = trouble or (role, f"{role}: {reason}")
            continue
        fit = fits[role]
        findings.equations_of_state.append(
            EquationOfStateResult(
                phase=phase.name, potential=role, volume_A3_per_atom=fit.volume_A3 / n_atoms,
                bulk_modulus_GPa=fit.bulk_modulus_GPa, bulk_modulus_derivative=fit.bulk_modulus_derivative,
                rms_misfit_meV_per_atom=fit.rms_misfit_eV / n_atoms * 1000, relaxed_cell_A_deg=tuple(result["cellpar"]),
            )
        )  # fmt: skip
        columns[f"volume_{role}_A3_per_atom"] = np.array(result["volumes_A3"]) / n_atoms
        columns[f"energy_{role}_meV_per_atom"] = (np.array(result["energies_eV"]) - fit.energy_eV) / n_atoms * 1000
    if columns:
        findings.curves[f"eos-{phase.name}"] = columns
    subjects = ("equilibrium volume", "bulk modulus")
    if trouble:
        for subject in subjects:
            findings.refuse(subject, trouble, phase=phase.name)
        return
    candidate, reference = fits["candidate"], fits["reference"]
    for subject, ratio, limit in (
        (subjects[0], candidate.volume_A3 / reference.volume_A3, limits.equilibrium_volume_percent),
        (subjects[1], candidate.bulk_modulus_GPa / reference.bulk_modulus_GPa, limits.bulk_modulus_percent),
    ):
        findings.judge(
            subject, abs(ratio - 1) * 100, limit, "%", phase=phase.name, detail=f"{100 * (ratio - 1):+.2f} % at 0 K"
        )


def compare_phonons(findings: Findings, phase: Phase, results: Results, *, limits: GateLimits) -> None:
    """Densities of states of both potentials, their difference, and what is imaginary."""
    trouble = failure(results)
    if trouble:
        findings.phonons.append(PhononResult(phase=phase.name, reason=trouble[1]))
        findings.refuse("phonon frequencies", trouble, phase=phase.name)
        return
    modes = {
        role: PhononModes(np.array(results[role]["wavenumber_per_cm"]), np.array(results[role]["weights"]))
        for role in ROLES
    }
    grid = common_grid(list(modes.values()), sigma_per_cm=DOS_WIDTH_PER_CM)
    curves = {role: gaussian_dos(modes[role], grid, sigma_per_cm=DOS_WIDTH_PER_CM) for role in ROLES}
    difference = compare_dos(grid, curves["reference"], curves["candidate"])
    candidate, reference = modes["candidate"], modes["reference"]
    findings.phonons.append(
        PhononResult(
            phase=phase.name,
            shift_per_cm=difference.shift_per_cm,
            share_elsewhere=difference.share,
            imaginary_share_reference=reference.imaginary_share,
            imaginary_share_candidate=candidate.imaginary_share,
            lowest_reference_per_cm=reference.lowest_per_cm,
            lowest_candidate_per_cm=candidate.lowest_per_cm,
        )
    )
    findings.curves[f"phonons-{phase.name}"] = {
        "wavenumber_per_cm": grid,
        **{f"{role}_modes_cm": curves[role] for role in ROLES},
    }
    detail = f"mean shift of a mode; {100 * difference.share:.0f} % of the modes are elsewhere"
    if candidate.imaginary_share > reference.imaginary_share:
        ours, theirs = 100 * candidate.imaginary_share, 100 * reference.imaginary_share
        detail += f"; {ours:.2g} % imaginary, {theirs:.2g} % in the reference"
    findings.judge(
        "phonon frequencies",
        difference.shift_per_cm,
        limits.phonon_shift_per_cm,
        "1/cm",
        phase=phase.name,
        detail=detail,
    )
