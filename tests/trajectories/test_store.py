"""The Zarr store: round trips, resuming, kill -9, full and read-only disks, damage."""

from __future__ import annotations

import errno
import os
import random
import shutil
import subprocess
import sys
import textwrap
import time
from pathlib import Path

import numpy as np
import pytest

from paddlewheel.errors import PaddlewheelError, RunDirectoryError, TrajectoryError
from paddlewheel.trajectories import TrajectoryWriter, displacements, open_store, read_metadata, read_thermo

SYMBOLS = ["Na", "B", "H", "H"]
MASSES = np.array([22.99, 10.81, 2.014, 2.014])


def positions(frame: int, n_atoms: int = 4) -> np.ndarray:
    """Of a frame, known without the frames before: lies on the store's grid of 0.001 A."""
    return np.round(np.sin(np.arange(n_atoms * 3) + 0.1 * frame).reshape(n_atoms, 3) * 3 + frame * 0.01 - 40, 3)


def cell(frame: int) -> np.ndarray:
    return np.diag([10.0, 11.0, 12.0]) * (1 + 0.001 * np.sin(frame))


def append(writer: TrajectoryWriter, frame: int) -> None:
    writer.append(
        positions_A=positions(frame, writer_atoms(writer)),
        cell_A=cell(frame),
        step=20 * frame,
        thermo={"temperature_K": 600.0 + frame, "pressure_GPa": -0.5 * frame},
    )


def writer_atoms(writer: TrajectoryWriter) -> int:
    return writer._n_atoms


def create(path: Path, n_atoms: int = 4, **options) -> TrajectoryWriter:
    symbols = (SYMBOLS * n_atoms)[:n_atoms]
    return TrajectoryWriter.create(
        path, symbols=symbols, masses_u=np.resize(MASSES, n_atoms), frame_interval_fs=20.0, **options
    )


def written(path: Path, n_frames: int, **options) -> TrajectoryWriter:
    writer = create(path, **options)
    for frame in range(n_frames):
        append(writer, frame)
    writer.flush()
    return writer


def check(path: Path, n_frames: int, n_atoms: int = 4, atol: float = 1e-9) -> None:
    """Every frame is there, once, in order, and whole."""
    trajectory = open_store(path)
    assert trajectory.n_frames == n_frames
    for block in trajectory.blocks(max_bytes=24 * n_atoms * 50):
        for row, (found, found_cell) in enumerate(zip(block.positions_A, block.cell_A, strict=True)):
            np.testing.assert_allclose(found, positions(block.start + row, n_atoms), atol=atol)
            np.testing.assert_array_equal(found_cell, cell(block.start + row))
    thermo = read_thermo(path)
    np.testing.assert_array_equal(thermo["step"], 20 * np.arange(n_frames))
    np.testing.assert_array_equal(thermo["temperature_K"], 600.0 + np.arange(n_frames))
    np.testing.assert_array_equal(thermo["pressure_GPa"], -0.5 * np.arange(n_frames))


# Of quantized positions on the grid nothing is lost but float64 rounding; float32 keeps 7 digits of 40 A.
@pytest.mark.parametrize(("precision", "atol"), [("quantized", 1e-9), ("float32", 4e-6)])
def test_round_trip(tmp_path, precision, atol):
    path = tmp_path / "run.zarr"
    written(path, 130, precision=precision, metadata={"temperature_K": 600})
    check(path, 130, atol=atol)
    trajectory = open_store(path)
    assert trajectory.symbols == tuple(SYMBOLS)
    assert trajectory.frame_interval_fs == 20.0
    assert trajectory.is_unwrapped
    np.testing.assert_array_equal(trajectory.masses_u, MASSES)
    np.testing.assert_allclose(read_thermo(path)["time_ps"], 0.02 * np.arange(130))
    assert read_metadata(path) == {"temperature_K": 600}


def test_quantization_is_half_a_milliangstrom_at_most(tmp_path):
    path = tmp_path / "run.zarr"
    writer = create(path)
    random_positions = np.random.default_rng(0).uniform(-200, 200, (4, 3))
    writer.append(positions_A=random_positions, cell_A=cell(0), step=0, thermo={})
    writer.flush()
    found = next(open_store(path).blocks()).positions_A[0]
    assert np.abs(found - random_positions).max() <= 0.0005 + 1e-12
    assert set(read_thermo(path)) == {"step", "time_ps"}
    writer = TrajectoryWriter.resume(path, n_frames=1)
    with pytest.raises(TrajectoryError, match="thermo columns"):
        append(writer, 1)


@pytest.fixture
def small_chunks(monkeypatch):
    """Chunks of 4 frames of 4 atoms."""
    monkeypatch.setattr("paddlewheel.trajectories.store._CHUNK_BYTES", 4 * 12 * 4)


@pytest.mark.usefixtures("small_chunks")
def test_only_flushed_frames_are_seen_and_chunks_flush_themselves(tmp_path):
    writer = create(tmp_path / "run.zarr")
    for frame in range(6):
        append(writer, frame)
    assert (writer.n_frames, writer.n_flushed) == (6, 4)
    check(tmp_path / "run.zarr", 4)
    writer.flush()
    check(tmp_path / "run.zarr", 6)
    for block in open_store(tmp_path / "run.zarr").after(0.06).blocks(max_bytes=24 * 4):
        np.testing.assert_allclose(block.positions_A[0], positions(3 + block.start), atol=1e-9)


@pytest.mark.usefixtures("small_chunks")
@pytest.mark.parametrize("n_kept", [0, 1, 3, 4, 5, 8, 9])
def test_resume_goes_on_after_the_frames_of_the_checkpoint(tmp_path, n_kept):
    path = tmp_path / "run.zarr"
    writer = create(path)
    for frame in range(9):
        append(writer, frame)
    writer.flush()
    (path / "positions" / "c.9.0.0abc.partial").write_bytes(b"left by a kill")
    writer = TrajectoryWriter.resume(path, n_frames=n_kept)
    assert writer.n_frames == writer.n_flushed == n_kept
    assert not list(path.rglob("*.partial"))
    for frame in range(n_kept, 10):
        append(writer, frame)
    writer.flush()
    check(path, 10)


def test_resume_refuses_a_store_that_holds_less_than_the_checkpoint(tmp_path):
    written(tmp_path / "run.zarr", 5)
    with pytest.raises(RunDirectoryError, match="holds 5 frames, the checkpoint knows of 6"):
        TrajectoryWriter.resume(tmp_path / "run.zarr", n_frames=6)
    with pytest.raises(TrajectoryError, match="no such trajectory store"):
        TrajectoryWriter.resume(tmp_path / "other.zarr", n_frames=0)


def test_create_refuses_what_is_there_and_survives_its_own_kill(tmp_path):
    path = tmp_path / "run.zarr"
    (tmp_path / ".run.zarr.partial" / "positions").mkdir(parents=True)  # what a kill during create leaves
    create(path)
    assert [entry.name for entry in tmp_path.iterdir()] == ["run.zarr"]
    with pytest.raises(RunDirectoryError, match="exists already"):
        create(path)
    with pytest.raises(TrajectoryError, match="no frames yet"):
        open_store(path)


def test_frames_that_do_not_continue_the_store_are_refused(tmp_path):
    writer = written(tmp_path / "run.zarr", 3)
    good = {
        "positions_A": positions(3),
        "cell_A": cell(3),
        "step": 60,
        "thermo": {"temperature_K": 1, "pressure_GPa": 1},
    }
    for changes, message in [
        ({"step": 40}, "frame 3 is of step 40 after 20, 40"),
        ({"step": 61}, "equal intervals"),
        ({"positions_A": positions(3)[:2]}, "shapes"),
        ({"positions_A": positions(3) * np.nan}, "not finite"),
        ({"positions_A": positions(3) * 1e6}, "too large to be stored"),
        ({"cell_A": np.full((3, 3), np.inf)}, "not finite"),
        ({"thermo": {"temperature_K": 1}}, "thermo columns"),
    ]:
        with pytest.raises(TrajectoryError, match=message):
            writer.append(**(good | changes))
    assert writer.n_frames == 3
    append(writer, 3)
    writer.flush()
    check(tmp_path / "run.zarr", 4)


WRITER = textwrap.dedent(
    """
    import sys
    from pathlib import Path
    sys.path.insert(0, sys.argv[2])
    from test_store import append, create
    from paddlewheel.trajectories import TrajectoryWriter, open_store

    path, n_atoms = Path(sys.argv[1]), int(sys.argv[3])
    flushed = int(sys.argv[4])
    writer = TrajectoryWriter.resume(path, n_frames=flushed) if path.exists() else create(path, n_atoms)
    print("ready", flush=True)
    for frame in range(writer.n_frames, 10**6):
        append(writer, frame)
        if frame % 7 == 6:
            writer.flush()
            print(writer.n_frames, flush=True)
    """
)


def test_kill_9_at_random_moments_loses_nothing_and_doubles_nothing(tmp_path):
    """Ten kills of one run; each time it goes on from what its last flush said, as from a checkpoint."""
    path, n_atoms = tmp_path / "run.zarr", 4000  # 43 frames a chunk: kills hit first, middle and last chunks
    generator = random.Random(7)
    flushed = 0
    for kill in range(10):
        arguments = [str(path), str(Path(__file__).parent), str(n_atoms), str(flushed)]
        process = subprocess.Popen([sys.executable, "-c", WRITER, *arguments], stdout=subprocess.PIPE, text=True)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(generator.uniform(0.0, 1.0))
        process.kill()
        output, _ = process.communicate()
        flushed = int(output.split()[-1]) if output.split() else flushed
        held = open_store(path).n_frames if flushed or kill else 0
        assert held >= flushed  # one flush may have ended that could not be said
        if held:
            check(path, held, n_atoms)
        if generator.random() < 0.5:
            flushed = held
    assert flushed > 10  # the kills came in the midst of writing, on a loaded machine too
    writer = TrajectoryWriter.resume(path, n_frames=flushed)
    append(writer, flushed)
    writer.flush()
    check(path, flushed + 1, n_atoms)


def fail_after(monkeypatch, n_writes: int, code: int) -> None:
    """Let the operating system refuse every write after the first few."""
    import zarr.storage._local as local

    real, count = local._put, iter(range(10**9))

    def put(*arguments, **options):
        if next(count) >= n_writes:
            raise OSError(code, os.strerror(code))
        return real(*arguments, **options)

    monkeypatch.setattr(local, "_put", put)


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EACCES])
@pytest.mark.parametrize("n_writes", range(9))
def test_refused_write_is_one_clear_line_and_harms_nothing_flushed(tmp_path, monkeypatch, code, n_writes):
    path = tmp_path / "run.zarr"
    writer = written(path, 4)
    for frame in range(4, 8):
        append(writer, frame)
    with monkeypatch.context() as patched:
        fail_after(patched, n_writes, code)
        # 4 arrays: shape and chunk, and the number of frames: 9 writes
        with pytest.raises(RunDirectoryError) as caught:
            writer.flush()
    message = str(caught.value)
    assert os.strerror(code) in message
    assert str(path) in message
    assert "\n" not in message
    check(path, 4)
    writer.flush()  # space was made: the frames were kept
    check(path, 8)


def test_full_disk(tmp_path):
    mount = tmp_path / "small"
    mount.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=256k", "tmpfs", str(mount)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True, check=False).returncode:
        pytest.skip("a small file system cannot be mounted here")
    try:
        writer = create(mount / "run.zarr", 500)
        generator = np.random.default_rng(0)  # noise does not compress
        frame = 0
        with pytest.raises(RunDirectoryError, match=r"No space left on device.*free some space"):  # noqa: PT012
            for frame in range(200):
                noise = generator.uniform(-1e5, 1e5, (500, 3))
                writer.append(positions_A=noise, cell_A=cell(0), step=frame, thermo={"x": 1.0})
                writer.flush()
        held = open_store(mount / "run.zarr")
        assert held.n_frames == frame > 3
        assert sum(len(block.positions_A) for block in held.blocks()) == frame
        with pytest.raises(RunDirectoryError, match="No space left"):  # noqa: PT012
            for number in range(100):
                create(mount / f"other{number}.zarr", 500)
    finally:
        subprocess.run(["umount", str(mount)], check=True)


def test_place_that_cannot_hold_a_folder(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(RunDirectoryError, match="cannot be written"):
        create(tmp_path / "file" / "run.zarr")


def store_files(path: Path) -> list[Path]:
    return sorted(file for file in path.rglob("*") if file.is_file())


def read_everything(path: Path) -> int:
    total = sum(len(block.positions_A) for block in open_store(path).blocks())
    assert len(read_thermo(path)["temperature_K"]) == total
    return total


def test_missing_cut_and_flipped_files_are_all_found(tmp_path):
    path = tmp_path / "run.zarr"
    written(path, 20)
    generator = random.Random(1)
    chunks_seen = 0
    for file in store_files(path):
        whole = file.read_bytes()
        cuts = {0, 1, len(whole) - 1, *(generator.randrange(len(whole)) for _ in range(8))}
        broken = [whole[:cut] for cut in cuts]
        if file.name.startswith("c."):  # JSON has no checksum: a flipped digit there is another number
            chunks_seen += 1
            for _ in range(8):
                flipped = bytearray(whole)
                flipped[generator.randrange(len(whole))] ^= 1 << generator.randrange(8)
                broken.append(bytes(flipped))
        for contents in broken:
            file.write_bytes(contents)
            with pytest.raises(PaddlewheelError) as caught:
                read_everything(path)
            assert isinstance(caught.value, TrajectoryError)
            assert str(path) in str(caught.value)
        file.unlink()
        with pytest.raises(TrajectoryError):
            read_everything(path)
        file.write_bytes(whole)
    assert chunks_seen == 4
    assert read_everything(path) == 20


def test_other_folders_are_no_store(tmp_path):
    import zarr

    (tmp_path / "plain").mkdir()
    zarr.create_group(tmp_path / "other.zarr", zarr_format=3)
    for name, message in [("plain", "no readable"), ("other.zarr", "version None"), ("absent", "no such")]:
        with pytest.raises(TrajectoryError, match=message):
            open_store(tmp_path / name)


def test_displacements_of_a_store_are_those_of_what_was_written(tmp_path):
    written(tmp_path / "run.zarr", 50)
    found = displacements(open_store(tmp_path / "run.zarr"), specie="Na", drift="none")
    cells = np.array([cell(frame) for frame in range(50)])
    fractional = np.array([positions(frame)[0] @ np.linalg.inv(cell(frame)) for frame in range(50)])
    np.testing.assert_allclose(found.positions_A[:, 0], fractional @ cells.mean(axis=0), atol=1e-9)
