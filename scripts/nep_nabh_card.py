"""The files of `nep-nabh` as the package holds them: the potential, its domain, and a card with errors by phase."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

from paddlewheel.potentials import load_potential
from paddlewheel.studies.distil.record import DistilRecord
from paddlewheel.training import read_dataset
from paddlewheel.training.parity import compare_with_labels, errors_of


def errors_by_phase(potential: Path, heldout: Path) -> dict[str, dict[str, float]]:
    """Mean absolute errors and the largest extrapolation grade on held-out frames, by structure and temperature."""
    calculator = load_potential(str(potential), dtype="float64")
    groups: dict[str, list] = {"all": []}
    for atoms in read_dataset(heldout).frames:
        groups.setdefault(f"{atoms.info['structure']} at {atoms.info['temperature_K']:g} K", []).append(atoms)
        groups["all"].append(atoms)
    table = {}
    for name, frames in groups.items():
        errors = errors_of(compare_with_labels(frames, calculator))
        grades = []
        for atoms in frames:
            calculator.get_potential_energy(atoms.copy())
            grades.append(calculator.results["extrapolation_grade"])
        table[name] = {
            "n_frames": errors.n_frames,
            "energy_meV_per_atom": round(errors.energy_mae_meV_per_atom, 3),
            "force_eV_per_A": round(errors.force_mae_eV_per_A, 4),
            "stress_GPa": round(errors.stress_mae_GPa, 4),
            "largest_grade": round(float(max(grades)), 2),
        }
    return table


def write_files(run: Path, record: DistilRecord, heldout: Path, folder: Path, *, seed: int) -> dict[str, dict]:
    """Write nep.txt, nep.domain.npz and card.json into `folder`; return the errors."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("nep.txt", "nep.domain.npz"):
        shutil.copyfile(run / name, folder / name)
    errors = errors_by_phase(folder / "nep.txt", heldout)
    (folder / "card.json").write_text(json.dumps(_card(record, errors, seed=seed), indent=1) + "\n", encoding="utf-8")
    return errors


def _card(record: DistilRecord, errors: dict[str, dict[str, float]], *, seed: int) -> dict:
    overall = errors["all"]
    return {
        "title": "NEP4 for Na-B-H, distilled from the o-NBH paper's M3GNet",
        "elements": record.elements,
        "functional": record.functional,
        "licence": "BSD-3-Clause",
        "note": (
            f"against its teacher on {overall['n_frames']} held-out frames (300 and 700 K): "
            f"{overall['energy_meV_per_atom']:.2f} meV/atom, {overall['force_eV_per_A']:.3f} eV/A, "
            f"{overall['stress_GPa']:.3f} GPa; the teacher itself is 30 meV/atom and 0.16 eV/A from DFT"
        ),
        "citation": "Oh et al., Metastable sodium closo-hydridoborates for all-solid-state batteries with thick "
        "cathodes, Joule 9 (10), 102130 (2025), for the teacher; distilled by paddlewheel",
        "doi": "10.1016/j.joule.2025.102130",
        "trained_on": (
            f"{record.n_training_frames} frames ({record.n_training_atoms} atoms) of NaBH4 (tetragonal, cubic), "
            "Na2B12H12 (monoclinic, high-temperature cubic), o-NBH in five Na orderings and two with a BH4 "
            "and a B12H12 exchanged, "
            "50 to 950 K, linear strains to 10 %, labelled by m3gnet-nabh-r2scan (three_body parent)"
        ),
        "made_by": f"scripts/make_nep_nabh.py --seed {seed}",
        "not_for": (
            "other hydroborates (BH3NH3, B10H10, B3H8, ...), metallic Na, NaH, boron, gases, surfaces, reactions that "
            "break B-H or B-B bonds, pressures beyond 10 % strain, over 1000 K; where the extrapolation grade is over 2"
        ),
        "errors_against_teacher": errors,
    }
