"""What the pages of trajectories' analyses say of their input."""

from __future__ import annotations

from paddlewheel.page.numbers import kelvin
from paddlewheel.studies.motion.record import MotionRecord


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
    return told
