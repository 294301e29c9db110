"""A salt whose motions are known: Na that walk, BH4 that turn and vibrate, Cl at rest; and its analyses' commands."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from paddlewheel import Trajectory
from paddlewheel.cli.main import status_of
from paddlewheel.units import SPEED_OF_LIGHT_CM_PER_FS
from report_page import Page

N_FRAMES, INTERVAL_FS, L = 1501, 2.0, 12.0
TURN_PER_CM, B_PER_CM = 200.0, 500.0
SYMBOLS = ["Na"] * 8 + ["B", *"HHHH"] * 4 + ["Cl"] * 4
STEP_A = 0.03
BH4_PLACES, CL_PLACES = [0, 10, 37, 47], [5, 15, 32, 42]
"""Of the anions on `grid`."""


def grid() -> np.ndarray:
    """`[64, 3]`: a cubic grid of 3 A in a cell of 12 A."""
    return np.stack(np.meshgrid(*[np.arange(4) * 3.0] * 3, indexing="ij"), axis=-1).reshape(-1, 3)


def walking_salt(seed: int = 0, *, walk_A: float = STEP_A) -> Trajectory:
    """Walking Na, BH4 that turn about z while B vibrates along it, Cl at rest; wrapped into the cell."""
    rng = np.random.default_rng(seed)
    time = np.arange(N_FRAMES) * INTERVAL_FS
    turn, vibrate = (2 * np.pi * SPEED_OF_LIGHT_CM_PER_FS * line * time for line in (TURN_PER_CM, B_PER_CM))
    places = grid()
    na = places[rng.permutation(64)[:8]] + rng.normal(scale=walk_A, size=(N_FRAMES, 8, 3)).cumsum(axis=0)
    corners = 1.2 / np.sqrt(3) * np.array([[1, 1, 1], [1, -1, -1], [-1, 1, -1], [-1, -1, 1]])
    parts = [na]
    for site in places[BH4_PLACES]:
        boron = site + 0.05 * np.sin(vibrate)[:, None, None] * [0, 0, 1]
        angle = np.arctan2(corners[:, 1], corners[:, 0]) + turn[:, None]
        flat = np.hypot(corners[:, 0], corners[:, 1])
        around = np.stack([flat * np.cos(angle), flat * np.sin(angle), np.broadcast_to(corners[:, 2], angle.shape)], 2)
        parts += [boron, boron + around]
    cl = np.repeat(places[CL_PLACES][None], N_FRAMES, axis=0)
    positions = np.mod(np.concatenate([*parts, cl], axis=1), L)
    return Trajectory.from_arrays(
        positions_A=positions, cell_A=np.eye(3) * L, symbols=SYMBOLS, frame_interval_fs=INTERVAL_FS, source="salt"
    )


def positions_of(run: Trajectory) -> np.ndarray:
    """`[n_frames, n_atoms, 3]`, A."""
    return np.concatenate([block.positions_A for block in run.blocks()])


def write_salt(folder: Path) -> Path:
    """The salt as `salt.npz`, which does not say the time between its frames."""
    path = folder / "salt.npz"
    np.savez(path, positions_A=positions_of(walking_salt()), cell_A=np.eye(3) * L, symbols=SYMBOLS)
    return path


def checked_report(directory: Path) -> Page:
    """The report of a run directory, which is one whole file."""
    page = Page((directory / "report.html").read_text(encoding="utf-8"))
    assert page.faults == []
    assert page.loaded == []
    return page


def column_names(path: Path) -> list[str]:
    """The first line of a table."""
    with path.open(encoding="utf-8", newline="") as stream:
        return next(csv.reader(stream))


def check_command(arguments: list[str], directory: Path, capsys: pytest.CaptureFixture) -> None:
    """The command prints and keeps its record and tables, says the same in words without --json, and has an example."""
    command, options = arguments[0], [*arguments, "--frame-interval-fs", "2", "--out", str(directory)]
    status = status_of([*options, "--json"])
    record = json.loads(capsys.readouterr().out)
    assert record["kind"] == command
    assert record["trajectories"][0]["n_frames"] == N_FRAMES
    assert record == json.loads((directory / "result.json").read_text())
    assert status == (0 if record.get("status", "ok") == "ok" else 1)
    for name in record["files"].values():
        assert (directory / name).exists()
    assert status_of(options) == status
    told = capsys.readouterr().out
    assert "report: " in told
    for warning in record["warnings"]:
        assert f"warning: {warning}" in told
    assert status_of([command, "--help"]) == 0
    assert f"Example: paddlewheel {command}" in " ".join(capsys.readouterr().out.split())


def check_refusal(arguments: list[str], named: str, directory: Path, capsys: pytest.CaptureFixture) -> None:
    """The command says in one line what is wrong, and leaves no directory."""
    assert status_of([*arguments, "--frame-interval-fs", "2", "--out", str(directory)]) == 2
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.count("\n") == 1
    assert named in shown.err
    assert not directory.exists()
