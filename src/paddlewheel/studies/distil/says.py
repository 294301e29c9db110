"""What a distillation record says, in a few lines."""

from __future__ import annotations

from pathlib import Path

from paddlewheel.studies.distil.record import DistilRecord

_NAMES = {
    "energy_meV_per_atom": ("energy", "meV/atom"),
    "force_eV_per_A": ("forces", "eV/A"),
    "stress_GPa": ("stress", "GPa"),
}


def print_distil_verdict(record: DistilRecord, directory: Path) -> None:
    """Print the gates, the warnings and where the potential is on stdout."""
    print(
        f"NEP for {', '.join(record.elements)} from {record.teacher}: {record.n_training_frames} frames fitted, "
        f"{record.test_errors.n_frames} not seen"
    )
    for gate in record.gates:
        name, unit = _NAMES[gate.quantity]
        verdict = "passes" if gate.passed else "FAILS"
        print(f"  {name}: {gate.measured:.3g} {unit}, {verdict} (limit {gate.limit:g})")
    for warning in record.warnings:
        print(f"  warning: {warning}")
    print(f"potential: {directory / record.potential}")
    print(f"report: {directory / 'report.html'}")
