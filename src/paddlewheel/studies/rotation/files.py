"""The files of a run directory of `rotation`: tables of every curve, the maps, and last the record."""

from __future__ import annotations

import io
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from paddlewheel.records import (
    write_atomically,
    write_record,
)
from paddlewheel.records.tables import (
    write_table,
)
from paddlewheel.studies.rotation.record import RotationRecord
from paddlewheel.studies.rotation.results import AnionResults
from paddlewheel.transport.rotation import map_edges
from paddlewheel.transport.rotation.jumps import BINS_DEG, isotropic_density_per_deg
from paddlewheel.transport.rotation.speed import maxwell_density

MAPS = "maps.npz"


def write_rotation(record: RotationRecord, results: Sequence[AnionResults], directory: Path) -> RotationRecord:
    """Write the tables, the maps and the record that names them; the record."""
    files = {"maps": MAPS}
    for found in results:
        for name, columns in _tables(found).items():
            file = f"{name}/{found.formula}.csv"
            write_table(directory / file, columns)
            files[f"{name} {found.formula}"] = file
    buffer = io.BytesIO()
    latitude, longitude = map_edges()
    arrays = {"latitude_edges_rad": latitude, "longitude_edges_rad": longitude}
    for found in results:
        arrays[f"{found.formula}_density"] = found.directions.density
        arrays[f"{found.formula}_per_anion"] = found.directions.per_anion.astype(np.float32)
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    write_atomically(directory / MAPS, buffer.getvalue())
    record = record.model_copy(update={"files": files})
    write_record(record, directory / "result.json")
    return record


def _tables(found: AnionResults) -> dict[str, dict[str, np.ndarray]]:
    memory = {"lag_ps": found.memory.lag_ps}
    for one in found.memory.correlations:
        memory |= {one.name.replace(" ", "_"): one.value, f"{one.name.replace(' ', '_')}_std": one.std}
    memory |= {"rotational_msd_A2": found.memory.msd_A2, "rotational_msd_std_A2": found.memory.msd_std_A2}
    velocity = found.velocity
    tables = {
        "memory": memory,
        "speed": {
            "reduced_speed": velocity.reduced_speed,
            "density": velocity.density,
            "maxwell_density": maxwell_density(velocity.reduced_speed),
        },
        "paper_speed": {"stride_fs": found.paper.stride_fs, "rigid_speed_per_ps": found.paper.rigid_per_ps},
    }
    if found.jumps.density_per_deg is not None:
        middle = 0.5 * (BINS_DEG[1:] + BINS_DEG[:-1])
        tables["jumps"] = {
            "angle_deg": middle,
            "density_per_deg": found.jumps.density_per_deg,
            "isotropic_density_per_deg": isotropic_density_per_deg(middle),
        }
    coupling = found.coupling
    if coupling is not None and coupling.status == "ok":
        n_bins, n_lags = coupling.turn_deg.shape
        edges = coupling.distance_edges_A
        tables["coupling"] = {
            "distance_from_A": np.repeat(edges[:-1], n_lags),
            "distance_to_A": np.repeat(edges[1:], n_lags),
            "lag_ps": np.tile(coupling.lag_ps, n_bins),
            "n_pairs": np.repeat(coupling.n_pairs, n_lags),
            "turn_deg": coupling.turn_deg.ravel(),
            "null_deg": coupling.null_deg.ravel(),
            "null_std_deg": coupling.null_std_deg.ravel(),
            "score": coupling.score.ravel(),
        }
    return tables
