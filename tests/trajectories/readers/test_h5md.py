"""H5MD: the frames come back whatever the layout that the specification allows; what is not sure is refused."""

from __future__ import annotations

from pathlib import Path

import h5py
import numpy as np
import pytest

from paddlewheel.errors import TrajectoryError
from paddlewheel.trajectories import read_trajectory
from trajectory_files import N_FRAMES, SYMBOLS, frame_cells, frame_fractions, frame_positions

ELEMENTS = {"Na": 1, "Cl": 2, "H": 3}


def write_h5md(path: Path, *, fixed: bool = False, unit: str = "Angstrom", time_unit: str | None = "fs",
               species: str = "enum", wrapped: bool = False, stride: bool = False) -> None:  # fmt: skip
    """A file by the specification 1.1."""
    scale = {"Angstrom": 1.0, "nm": 0.1}[unit]
    fractions, cells = frame_fractions(), frame_cells(fixed=fixed)
    images = np.floor(fractions) if wrapped else np.zeros_like(fractions)
    with h5py.File(path, "w") as file:
        file.create_group("h5md").attrs["version"] = [1, 1]
        group = file.create_group("particles/all")
        box = group.create_group("box")
        box.attrs["dimension"], box.attrs["boundary"] = 3, np.array(["periodic"] * 3, dtype="S")
        elements = {"position": np.matmul(fractions - images, cells) * scale}
        if fixed:
            box["edges"] = cells[0] * scale
            box["edges"].attrs["unit"] = unit
        else:
            elements["box/edges"] = cells * scale
        if wrapped:
            elements["image"] = images.astype(np.int32)
        for name, values in elements.items():
            element = group.create_group(name)
            element["value"] = values
            if name != "image":
                element["value"].attrs["unit"] = unit
            if stride:
                element["step"], element["time"] = 10, 20.0
                element["step"].attrs["offset"], element["time"].attrs["offset"] = 100, 200.0
            else:
                element["step"], element["time"] = 100 + 10 * np.arange(N_FRAMES), 200 + 20.0 * np.arange(N_FRAMES)
            if time_unit:
                element["time"].attrs["unit"] = time_unit
        numbers = np.array([ELEMENTS[symbol] for symbol in SYMBOLS], dtype=np.int32)
        if species == "enum":
            group.create_dataset("species", data=numbers, dtype=h5py.enum_dtype(ELEMENTS, basetype="i"))
        elif species == "text":
            group["species"] = np.array(SYMBOLS, dtype="S")
        elif species == "number":
            group["species"] = numbers


def check(path: Path, *, fixed: bool = False, **options) -> None:
    trajectory = read_trajectory(path, **options)
    assert trajectory.symbols == SYMBOLS
    for max_bytes in (1, 10**6):
        blocks = list(trajectory.blocks(max_bytes=max_bytes))
        positions = np.concatenate([block.positions_A for block in blocks])
        cells = np.concatenate([block.cell_A for block in blocks])
        np.testing.assert_allclose(positions, frame_positions(fixed=fixed), atol=1e-12)
        np.testing.assert_allclose(cells, frame_cells(fixed=fixed), atol=1e-12)


@pytest.mark.parametrize("fixed", [True, False])
@pytest.mark.parametrize("stride", [True, False])
@pytest.mark.parametrize("unit", ["Angstrom", "nm"])
def test_boxes_strides_and_units(tmp_path, fixed, stride, unit):
    write_h5md(tmp_path / "run.h5", fixed=fixed, stride=stride, unit=unit)
    assert read_trajectory(tmp_path / "run.h5").frame_interval_fs == pytest.approx(20.0)
    check(tmp_path / "run.h5", fixed=fixed)


def test_images_unwrap(tmp_path):
    write_h5md(tmp_path / "run.h5", wrapped=True)
    assert read_trajectory(tmp_path / "run.h5").is_unwrapped
    check(tmp_path / "run.h5")


def test_species_as_text_or_numbers(tmp_path):
    write_h5md(tmp_path / "run.h5", species="text")
    check(tmp_path / "run.h5")
    write_h5md(tmp_path / "run.h5", species="number")
    check(tmp_path / "run.h5", type_map={number: name for name, number in ELEMENTS.items()})
    with pytest.raises(TrajectoryError, match=r"give --type-map 1=\?,2=\?,3=\?"):
        read_trajectory(tmp_path / "run.h5")
    write_h5md(tmp_path / "run.h5", species="none")
    check(tmp_path / "run.h5", symbols=SYMBOLS)
    with pytest.raises(TrajectoryError, match="no species"):
        read_trajectory(tmp_path / "run.h5")


def test_what_is_not_said_is_asked_for(tmp_path):
    path = tmp_path / "run.h5"
    write_h5md(path, time_unit=None)
    with pytest.raises(TrajectoryError, match="--frame-interval-fs"):
        read_trajectory(path)
    check(path, frame_interval_fs=20.0)
    with h5py.File(path, "a") as file:
        del file["particles/all/position/value"].attrs["unit"]
    with pytest.raises(TrajectoryError, match="position has no unit; set its attribute"):
        read_trajectory(path, frame_interval_fs=20.0)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda file: file["particles/all/box"].attrs.modify("boundary", np.array(["none"] * 3, "S")), "boundary is n"),
        (lambda file: file.copy("particles/all", "particles/other"), "2 groups of particles"),
        (lambda file: file["particles/all/box/edges/step"].write_direct(np.array([0, 1, 2, 3])), "box was not written"),
        (lambda file: file["particles/all/position/time"].write_direct(np.array([0.0, 1, 2, 5])), "3 to 4 fs are m"),
        (lambda file: file.move("particles", "molecules") or file.pop("h5md"), "no H5MD"),
        (lambda file: file.pop("particles/all/box"), "no box"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_refused(tmp_path, change, message):
    write_h5md(tmp_path / "run.h5")
    with h5py.File(tmp_path / "run.h5", "a") as file:
        change(file)
    with pytest.raises(TrajectoryError, match=message):
        list(read_trajectory(tmp_path / "run.h5").blocks())


def test_file_cut_anywhere_is_refused(tmp_path):
    path = tmp_path / "run.h5"
    write_h5md(path)
    whole = path.read_bytes()
    for cut in (10, 500, len(whole) // 2, len(whole) - 1):
        path.write_bytes(whole[:cut])
        with pytest.raises(TrajectoryError, match="damaged or truncated H5MD"):
            list(read_trajectory(path).blocks())
