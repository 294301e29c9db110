"""What the pages of trajectories' analyses say of their input."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from paddlewheel.page.numbers import enumeration, kelvin
from paddlewheel.studies.motion.record import UNCHECKED_CHARGE, MotionRecord


def facts(record: MotionRecord) -> list[tuple[str, str]]:
    """Name and value of what was analysed."""
    runs = record.trajectories
    told = [("Material", record.formula)]
    if record.specie:
        told.append(("Mobile ion", record.specie))
    if record.temperature_K is not None:
        told.append(("Temperature", kelvin(record.temperature_K)))
    told.append(("Trajectories", ", ".join(run.name for run in runs)))
    told.append(("Length", ", ".join(f"{run.length_ps:.4g} ps" for run in runs)))
    if any(run.left_out_ps for run in runs):
        told.append(("Left out at the start", ", ".join(f"{run.left_out_ps:.4g} ps" for run in runs)))
    told.append(("Frames", f"every {runs[0].frame_interval_fs:g} fs"))
    return [*told, *unchecked_facts(record.unchecked)]


def charge_sentences(unchecked: Sequence[str], charges_e: Mapping[str, float]) -> list[str]:
    """What a verdict says where a charge is no oxidation state in which its element is known; else nothing.

    `unchecked` is that of the record, `charges_e` the charge of each mobile species, as given.
    """
    if UNCHECKED_CHARGE not in unchecked:
        return []
    taken = enumeration(f"{name} {charge:+g} e" for name, charge in charges_e.items())
    states = "no oxidation state" if len(charges_e) == 1 else "not in every case an oxidation state"
    return [f"Charges as given: {taken}, {states} that chemistry knows. Every conductivity goes with their square."]


def unchecked_facts(names: Sequence[str]) -> list[tuple[str, str]]:
    """Name and value of what nobody could check; none where all was."""
    return [("Not checked", ", ".join(names))] if names else []
