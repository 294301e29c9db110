"""Damaged files of every reader: one clear error or a table with warnings; no traceback, no value that is not there.

At least 2,000 inputs a reader: whole files truncated, reordered, with other decimal marks, encodings and bytes, and
noise. A column is checked against what the undamaged file holds: a table that is read from a damaged file has only
values of it (or, where a byte of a number was changed, says nothing that a number did not say).
"""

from __future__ import annotations

import gzip
import io
import random
import struct

import numpy as np
import pytest
from lab_samples import ARBIN, BDF, GAMRY, GAMRY_EIS, LANDT, MACCOR, MPR, MPT, ZPLOT

from paddlewheel.errors import DataError
from paddlewheel.lab.readers import read_cell_test, read_spectra

N_INPUTS = 2000
ENCODINGS = ("utf-8", "utf-16", "cp1252", "utf-8-sig")


def damaged_text(text: str, rng: random.Random) -> bytes:
    """One way among many to damage a text file."""
    lines = text.splitlines(keepends=True)
    way = rng.randrange(9)
    if way == 0:
        return text[: rng.randrange(len(text))].encode()
    if way == 1:
        return "".join(rng.sample(lines, len(lines))).encode()
    if way == 2:
        return text.replace(".", ",").encode()
    if way == 3:
        return text.encode(rng.choice(ENCODINGS), "replace")
    if way == 4:
        content = bytearray(text.encode())
        for _ in range(rng.randrange(1, 20)):
            content[rng.randrange(len(content))] = rng.randrange(256)
        return bytes(content)
    if way == 5:
        return rng.randbytes(rng.randrange(400))
    if way == 6:
        del lines[rng.randrange(len(lines))]
        return "".join(lines).encode()
    if way == 7:
        cut = rng.choice("\t,; ")
        return text.replace("\t", cut).encode(rng.choice(ENCODINGS), "replace")
    at = rng.randrange(len(text))
    return (text[:at] + text[at:][: rng.randrange(40)] + text[at:]).encode()


def damaged_bytes(content: bytes, rng: random.Random) -> bytes:
    """One way among many to damage a binary file."""
    way = rng.randrange(4)
    if way == 0:
        return content[: rng.randrange(len(content))]
    if way == 1:
        return rng.randbytes(rng.randrange(600))
    if way == 2:
        at, length = rng.randrange(len(content)), rng.randrange(1, 60)
        return content[:at] + content[at + length :]
    changed = bytearray(content)
    for _ in range(rng.randrange(1, 30)):
        changed[rng.randrange(len(changed))] = rng.randrange(256)
    return bytes(changed)


def read(reader, path) -> list:
    """What a reader gives, or nothing where it refuses in one line that names the file."""
    problem = None
    try:
        found = reader(path)
    except DataError as error:
        problem, found = str(error), []
    assert problem is None or (path.name in problem and "\n" not in problem)
    return found if isinstance(found, list) else [found]


@pytest.mark.parametrize(
    ("text", "reader"),
    [(MPT, read_cell_test), (ARBIN, read_cell_test), (MACCOR, read_cell_test), (LANDT, read_cell_test),
     (BDF, read_cell_test), (GAMRY, read_cell_test), (GAMRY_EIS, read_spectra), (ZPLOT, read_spectra)],
    ids=["mpt", "arbin", "maccor", "landt", "bdf", "gamry", "gamry-eis", "zplot"],
)  # fmt: skip
def test_damaged_text_files(tmp_path, text, reader):
    rng, path, n_read = random.Random(17), tmp_path / "damaged.txt", 0
    for _ in range(N_INPUTS):
        path.write_bytes(damaged_text(text, rng))
        for one in read(reader, path):
            n_read += 1
            if reader is read_spectra:
                assert np.isfinite(one.impedance_ohm).all()
                assert len(one.frequency_Hz) >= 3
            else:
                assert np.isfinite(np.stack([one.time_s, one.voltage_V, one.current_A])).all()
    assert n_read > N_INPUTS // 20  # some are harmless: the others say something


@pytest.mark.parametrize("text", [MPT, ARBIN, LANDT, BDF], ids=["mpt", "arbin", "landt", "bdf"])
def test_truncated_and_reordered_files_hold_no_value_of_another_column(tmp_path, text):
    path = tmp_path / "whole.txt"
    path.write_text(text, encoding="utf-8")
    whole = read_cell_test(path)
    rng = random.Random(5)
    first = next(index for index, line in enumerate(text.splitlines()) if "oltage" in line or "Ewe/V" in line)
    for cut in range(len(text)):
        lines = text[:cut].splitlines()
        body = lines[first + 1 :]
        rng.shuffle(body)
        path.write_text("\n".join([*lines[: first + 1], *body]), encoding="utf-8")
        for one in read(read_cell_test, path):
            # the last cell of a truncated line may be the beginning of a number: it is checked in all lines before
            n = max(0, len(lines) - first - 2)
            for name in ("voltage_V", "current_A"):
                known = np.isin(getattr(one, name).round(9), getattr(whole, name).round(9))
                assert known.sum() >= min(n, len(one)) or known.all()


def test_damaged_mpr_files(tmp_path):
    rng, path = random.Random(3), tmp_path / "damaged.mpr"
    for _ in range(N_INPUTS):
        path.write_bytes(damaged_bytes(MPR, rng))
        for one in read(read_cell_test, path):
            assert np.isfinite(np.stack([one.time_s, one.voltage_V, one.current_A])).all()
        read(read_spectra, path)


N_BIOLOGIC = 150
"""Of each kind; 2,000 of each were tried when the reader was made."""


def damaged_counts(content: bytes, rng: random.Random) -> bytes:
    """A binary file of Biologic whose counts, lengths, versions or columns' numbers are others."""
    at = content.find(b"MODULEVMP data")
    changed = bytearray(content)
    place = at + rng.choice([41, 45, 49, 53, 57, 60, 61, 62, 64, 65, 66, 69, 70, 71, 72, 73, 75, 77, 79, 81])
    form = rng.choice(["<B", "<H", "<I"])
    largest = 256 ** struct.calcsize(form) - 1
    struct.pack_into(
        form, changed, place, rng.choice([0, 1, largest, rng.randrange(largest), rng.randrange(600) % 256])
    )
    return bytes(changed)


@pytest.mark.parametrize("name", ["gcpl.issue_226.I.mpr", "mb.issue_95.mpr", "peis.mpr", "vsp_ocv_with.mpr"])
def test_damaged_biologic_files(tmp_path, shared, name):
    content = (shared / "data" / "lab" / "biologic" / name).read_bytes()
    rng, path, n_read = random.Random(8), tmp_path / "damaged.mpr", 0
    for _ in range(N_BIOLOGIC):
        path.write_bytes(rng.choice([damaged_bytes, damaged_counts, damaged_counts])(content, rng))
        for one in read(read_cell_test, path):
            n_read += 1
            assert np.isfinite(np.stack([one.time_s, one.voltage_V, one.current_A])).all()
        for one in read(read_spectra, path):
            n_read += 1
            assert np.isfinite(one.impedance_ohm).all()
    assert n_read > 0 or "ocv" in name


@pytest.mark.parametrize("name", ["gcpl.issue_226.I", "mb.issue_95", "peis"])
def test_damaged_biologic_texts(tmp_path, shared, name):
    packed = (shared / "data" / "lab" / "biologic" / f"{name}.mpt.gz").read_bytes()
    text = gzip.decompress(packed).decode("cp1252")
    rng, path, n_read = random.Random(9), tmp_path / "damaged.mpt", 0
    for _ in range(N_BIOLOGIC):
        path.write_bytes(damaged_text(text, rng))
        n_read += len(read(read_cell_test, path)) + len(read(read_spectra, path))
    assert n_read > N_BIOLOGIC // 20


def test_damaged_workbooks(tmp_path):
    from openpyxl import Workbook

    book = Workbook()
    for row in (["Test Time(s)", "Voltage(V)", "Current(mA)"], [0, 3.0, 1.0], [10, 3.1, 1.0], [20, 3.2, -1.0]):
        book.active.append(row)
    stream = io.BytesIO()
    book.save(stream)
    rng, path = random.Random(4), tmp_path / "damaged.xlsx"
    for _ in range(N_INPUTS):
        path.write_bytes(damaged_bytes(stream.getvalue(), rng))
        read(read_cell_test, path)


@pytest.mark.parametrize("name", ["navani_test.nda", "navani_test.ndax"])
def test_damaged_neware_files(tmp_path, shared, name):
    pytest.importorskip("fastnda", reason="fastnda is not installed: pip install 'paddlewheel[neware]'")
    content = (shared / "data" / "lab" / "cycling" / name).read_bytes()
    rng, path = random.Random(6), tmp_path / f"damaged{name[-5:]}"
    for _ in range(N_INPUTS):
        path.write_bytes(damaged_bytes(content, rng))
        for one in read(read_cell_test, path):
            assert np.isfinite(np.stack([one.time_s, one.voltage_V, one.current_A])).all()
