"""What `sites` writes beside its record: tables of sites, jumps, pairs, ions and survival, and the sites as a list."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

import numpy as np

from paddlewheel.records import (
    write_atomically,
    write_record,
)
from paddlewheel.studies.sites.record import SitesRecord
from paddlewheel.transport.sites import Assignment, Jumps, Rate, Survival, counts_by_ion, pair_rates

FILES = {
    "sites": "sites.csv",
    "site list": "sites.txt",
    "jumps": "jumps.csv",
    "pairs of sites": "pairs.csv",
    "ions": "ions.csv",
    "survival": "survival.csv",
}


def write_sites_run(
    record: SitesRecord,
    *,
    assignment: Assignment,
    jumps: Jumps,
    curves: Mapping[str, Survival],
    indices: np.ndarray,
    directory: Path,
) -> None:
    """Write the tables, and last the record that names them.

    Parameters
    ----------
    indices
        Indices of the ions in the trajectory, `[n_ions]`.
    """
    record.files.update(FILES)
    labels = assignment.sites.labels
    _write(
        directory / FILES["sites"],
        ("label", "family", "x", "y", "z", "volume_A3", "core_radius_A", "occupancy", "occupancy_std",
         "occupancy_nearest", "occupancy_core", "exits", "residence_time_ps"),
        ((one.label, one.family, *(f"{x:.6f}" for x in one.fractional), f"{one.volume_A3:.4g}",
          f"{one.core_radius_A:.4g}", f"{one.occupancy_seen:.6g}", f"{one.occupancy.std:.3g}" if one.occupancy else "",
          f"{one.occupancy_nearest:.6g}", f"{one.occupancy_core:.6g}", one.exits,
          f"{one.residence_time_ps.value:.5g}" if one.residence_time_ps else "") for one in record.sites),
    )  # fmt: skip
    times = (jumps.frame * assignment.step_ps).tolist()
    _write(
        directory / FILES["jumps"],
        ("run", "atom", "time_ps", "origin", "destination", "dx_A", "dy_A", "dz_A", "length_A", "transit_ps"),
        ((int(jumps.run[k]), int(indices[jumps.ion[k]]), f"{times[k]:.6g}", labels[jumps.origin[k]],
          labels[jumps.destination[k]], *(f"{x:.4f}" for x in jumps.vector_A[k]), f"{jumps.length_A[k]:.4f}",
          f"{jumps.transit_ps[k]:.6g}") for k in range(len(jumps))),
    )  # fmt: skip
    _write(
        directory / FILES["pairs of sites"],
        ("origin", "destination", "count", "rate_per_ps", "rate_low_95_per_ps", "rate_high_95_per_ps", "length_A"),
        ((labels[one.origin], labels[one.destination], one.rate.count, *_rate_cells(one.rate), f"{one.length_A:.4f}")
         for one in pair_rates(assignment, jumps)),
    )  # fmt: skip
    _write(
        directory / FILES["ions"],
        ("run", "atom", "jumps", "rate_per_ps", "rate_low_95_per_ps", "rate_high_95_per_ps"),
        _ion_rows(assignment, jumps, indices),
    )
    _write(
        directory / FILES["survival"],
        ("family", "time_ps", "share", "std"),
        ((name, f"{t:.6g}", f"{s:.6g}", f"{e:.3g}") for name, curve in curves.items()
         for t, s, e in zip(curve.time_ps, curve.share, curve.std, strict=True)),
    )  # fmt: skip
    _write_site_list(directory / FILES["site list"], assignment)
    write_record(record, directory / "result.json")


def _ion_rows(assignment: Assignment, jumps: Jumps, indices: np.ndarray) -> list[tuple]:
    counts, rows = counts_by_ion(assignment, jumps).reshape(len(assignment.runs), -1), []
    for number, run in enumerate(assignment.runs):
        time = run.n_frames * assignment.step_ps
        rows += [
            (number, int(atom), int(count), *_rate_cells(Rate(int(count), time)))
            for atom, count in zip(indices, counts[number], strict=True)
        ]
    return rows


def _rate_cells(rate: Rate) -> tuple[str, str, str]:
    low, high = rate.interval_per_ps(0.95) or (np.nan, np.nan)
    return f"{rate.value_per_ps:.5g}", f"{low:.4g}", f"{high:.4g}"


def _write_site_list(path: Path, assignment: Assignment) -> None:
    """The sites in the format that `crystals.read_site_list` reads, for other runs of this crystal."""
    from ase.geometry import cell_to_cellpar

    sites = assignment.sites
    lines = ["# " + "sites of the mobile ion: family, then fractional coordinates of the cell (A, degrees)"]
    lines.append("cell " + " ".join(f"{value:.5f}" for value in cell_to_cellpar(sites.cell_A)))
    lines += [
        f"{family} " + " ".join(f"{x:.6f}" for x in position)
        for family, position in zip(sites.families, sites.fractional, strict=True)
    ]
    write_atomically(path, "\n".join(lines) + "\n")


def _write(path: Path, header: Sequence[str], rows: Iterable[Sequence]) -> None:
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header)
    writer.writerows(rows)
    write_atomically(path, text.getvalue())
