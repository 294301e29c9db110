"""Whatever bytes a file holds: frames of the right shape, or a TrajectoryError of one line that names the file."""

from __future__ import annotations

import bz2
import gzip
import lzma
import tempfile
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from paddlewheel.errors import TrajectoryError
from paddlewheel.trajectories import read_trajectory
from trajectory_files import (
    N_FRAMES,
    SYMBOLS,
    frame_positions,
    write_dump,
    write_extxyz,
    write_npz,
    write_traj,
    write_vasprun,
    write_xdatcar,
)

TEXT = {"extxyz": write_extxyz, "XDATCAR": write_xdatcar, "dump": write_dump, "vasprun.xml": write_vasprun}
DATA = Path(__file__).parent / "data"
WHOLE = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@cache
def contents(name: str) -> bytes:
    if name == "h5md":
        return (DATA / "run.h5md").read_bytes()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        (TEXT | {"traj": write_traj, "npz": write_npz})[name](path)
        return path.read_bytes()


def frames_of(data: bytes, name: str) -> np.ndarray | None:
    """Positions, or None where the file was refused as it should be."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "file"
        path.write_bytes(data)
        options = {} if name == "vasprun.xml" else {"frame_interval_fs": 20.0}
        try:
            run = read_trajectory(path, **options)
            blocks = [block.positions_A for block in run.blocks()]
        except TrajectoryError as error:
            text = str(error)
            if "\n" in text or str(path) not in text:
                pytest.fail(f"not one line with the file: {text!r}")
            return None
        positions = np.concatenate(blocks)
        assert positions.shape == (run.n_frames, run.n_atoms, 3)
        assert np.isfinite(positions).all()
        return positions


@pytest.mark.parametrize("name", [*TEXT, "traj", "npz", "h5md"])
@given(data=st.data())
@WHOLE
def test_noise_and_pieces_in_another_order(name, data):
    whole = contents(name)
    kind = data.draw(st.sampled_from(["noise", "overwrite", "delete", "swap", "repeat"]))
    ends = sorted(data.draw(st.lists(st.integers(0, len(whole)), min_size=3, max_size=3)))
    first, second, third = ends
    noise = data.draw(st.binary(max_size=40))
    damaged = {
        "noise": whole[:first] + noise + whole[first:],
        "overwrite": whole[:first] + noise + whole[first + len(noise) :],
        "delete": whole[:first] + whole[second:],
        "swap": whole[:first] + whole[second:third] + whole[first:second] + whole[third:],
        "repeat": whole[:second] + whole[first:],
    }[kind]
    frames_of(damaged, name)


@given(noise=st.binary(max_size=3000))
@WHOLE
def test_noise_alone_is_refused(noise):
    assert frames_of(noise, "noise") is None


BEGINNINGS = [
    b"ITEM: TIMESTEP\n",
    b'5\nLattice="1 0 0 0 1 0 0 0 1"\n',
    b"salt\n1.0\n1 0 0\n0 1 0\n0 0 1\n",
    b"<modeling>",
    b"PK\x03\x04",
    b"- of Ulm",
    b"\x89HDF\r\n\x1a\n",
    b"CDF\x01",
    b"\x00\x00\x07\xcb",
    b"\x54\x00\x00\x00CORD",
    b"\x1f\x8b\x08",
    b"BZh9",
    b"\xfd7zXZ\x00",
]


@pytest.mark.parametrize("start", BEGINNINGS)
@given(noise=st.binary(max_size=300))
@settings(max_examples=15, deadline=None)
def test_a_good_beginning_with_noise_behind_it_is_refused(start, noise):
    assert frames_of(start + noise, "noise") is None


@pytest.mark.parametrize("name", TEXT)
@pytest.mark.parametrize("encoding", ["utf-16", "utf-8-sig", "utf-32"])
def test_other_encodings_are_refused_or_read_right(name, encoding):
    found = frames_of(contents(name).decode("ascii").encode(encoding), name)
    if found is not None:  # XML says how it is encoded
        np.testing.assert_allclose(found, frame_positions(), atol=2e-8)


@pytest.mark.parametrize("name", ["extxyz", "XDATCAR", "dump"])
def test_latin_1_in_a_comment_and_windows_line_ends_change_nothing(name):
    text = contents(name).replace(b"some salt", "Lösung bei 20 °C".encode("latin-1"))
    for changed in (text, text.replace(b"\n", b"\r\n"), text.replace(b" ", b"\t  ") if name == "XDATCAR" else text):
        found = frames_of(changed, name)
        assert found is not None
        np.testing.assert_allclose(found, frame_positions(), atol=2e-8)


@pytest.mark.parametrize("name", TEXT)
@pytest.mark.parametrize("compress", [gzip.compress, bz2.compress, lzma.compress])
def test_compressed_text_and_its_damage(name, compress):
    packed = compress(contents(name))
    found = frames_of(packed, name)
    assert found is not None
    np.testing.assert_allclose(found, frame_positions(), atol=2e-8)
    for cut in range(6, len(packed), max(1, len(packed) // 25)):
        assert frames_of(packed[:cut], name) is None


@pytest.mark.parametrize("space", [b"", b" ", b"\n\n\n", b"\x00" * 50])
def test_empty_files_are_refused(space):
    assert frames_of(space, "noise") is None


@given(order=st.permutations(range(5)), frame=st.integers(0, N_FRAMES - 1))
@settings(max_examples=25, deadline=None)
def test_the_order_of_a_dumps_lines_changes_nothing(order, frame):
    lines = contents("dump").split(b"\n")
    first = 9 + 14 * frame
    atoms = lines[first : first + 5]
    lines[first : first + 5] = [atoms[index] for index in order]
    found = frames_of(b"\n".join(lines), "dump")
    assert found is not None
    np.testing.assert_allclose(found, frame_positions(), atol=2e-8)


@given(number=st.one_of(st.floats(allow_nan=False, allow_infinity=False, width=64), st.decimals(-1000, 1000, places=9)),
       spelling=st.sampled_from(["{}", "{:.17g}", "{:.8f}", "{:.3e}", "{:+.12E}"]))  # fmt: skip
@settings(max_examples=300, deadline=None)
def test_numbers_are_read_as_python_reads_them(number, spelling):
    from paddlewheel.trajectories.readers.text import Columns, RawFrame

    word = spelling.format(number)
    assume(np.isfinite(float(word)))
    table, _ = Columns((1, 0), n_columns=2).parse(RawFrame(f" {word} 7\n".encode(), 1, np.eye(3), 1))
    expected = float(word)
    # two units in the last place; below 1e-290 the scaling goes through numbers with fewer digits
    assert abs(table[0, 1] - expected) <= 5e-16 * abs(expected) + 1e-305
    assert table[0, 0] == 7.0


@pytest.mark.parametrize(
    "word", ["", "-", ".", "1e", "1e+", "0x10", "1,5", "1_0", "--1", "nan", "inf", "1e999", "1.0.0", "٣"]
)
def test_what_is_no_finite_number_is_refused(word):
    from paddlewheel.trajectories.readers.text import Columns, RawFrame

    with pytest.raises(ValueError, match="atom 1"):
        Columns((0, 1), n_columns=2).parse(RawFrame(f"7 {word}\n".encode(), 1, np.eye(3), 1))


def test_symbols_of_the_data_are_those_of_the_writers():
    """The tests above would pass on empty files too."""
    for name in [*TEXT, "traj", "npz"]:
        found = frames_of(contents(name), name)
        assert found is not None
        assert found.shape == (N_FRAMES, len(SYMBOLS), 3)
