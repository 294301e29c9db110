"""Stacks of the common formats: the voxels are those that were written, and what is odd is told or refused."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
import tifffile
from PIL import Image

from paddlewheel.errors import DataError, SettingsError
from paddlewheel.lab.tomography.readers import (
    RawHeader,
    labels_of,
    read_stack,
    refuse_labels,
    write_labels,
    write_stack,
)
from paddlewheel.lab.tomography.voxels import Labels

SHARED = Path(os.environ.get("PADDLEWHEEL_SHARED", "/nowhere")) / "data/lab/tomography"
with_data = pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared tomographies (PADDLEWHEEL_SHARED)")


def grey(shape=(5, 40, 60), dtype="uint8", seed=1) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 250, shape).astype(dtype)


def phases(shape=(5, 40, 60), numbers=(0, 1, 2)) -> np.ndarray:
    return np.random.default_rng(2).choice(np.array(numbers), shape)


@with_data
@pytest.mark.parametrize(
    ("name", "ones", "shape"),
    [
        ("openimpala_2phase_100.tif", 0.398309, (100, 100, 100)),
        ("openimpala_spheres.tif", None, (100, 100, 100)),
        ("matbox_ellipsoids.tif", 1 - 0.39742, (200, 200, 200)),
    ],
)
def test_files_of_other_programs(name, ones, shape):
    """Fractions that their authors state, to the digits they state; 72 dpi is no size of a voxel."""
    stack = read_stack(SHARED / name)
    assert (stack.shape, stack.voxel_nm, stack.warnings) == (shape, None, ())
    labels = labels_of(stack, voxel_nm=(10, 10, 10), names={0: "pore", 1: "solid"})
    assert set(labels.names) == {0, 1}
    if ones is not None:
        assert labels.fractions()[1] == pytest.approx(ones, abs=5e-6)
    with pytest.raises(DataError, match="how large its voxels are"):
        labels_of(stack)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_what_is_written_is_read(tmp_path, dtype):
    """ImageJ's tags hold fractions of 32 bits: sizes are exact to nine digits."""
    values = grey(dtype=dtype)
    write_stack(tmp_path / "stack.tif", values, (7.3, 9.0, 100.0))
    stack = read_stack(tmp_path / "stack.tif")
    assert stack.voxel_nm == (7.3, 9.0, 100.0)
    assert isinstance(stack.values, np.memmap)
    assert stack.values.dtype == dtype
    np.testing.assert_array_equal(stack.values, values)


def test_labels_keep_their_names(tmp_path):
    made = Labels(labels=phases().astype(np.uint8), voxel_nm=(5, 5, 20), names={0: "pore", 1: "NCO", 2: "o-NBH"},
                  source="made")  # fmt: skip
    write_labels(tmp_path / "labels.tif", made)
    labels = labels_of(read_stack(tmp_path / "labels.tif"))
    np.testing.assert_array_equal(labels.labels, made.labels)
    assert (labels.names, labels.voxel_nm, labels.warnings) == (made.names, made.voxel_nm, ())
    with tifffile.TiffFile(tmp_path / "labels.tif") as file:  # as ImageJ sees it
        assert file.is_imagej
        assert file.imagej_metadata["spacing"] == 20
        assert file.series[0].axes == "ZYX"
    assert (tmp_path / "labels.tif").stat().st_size < made.labels.size / 2
    assert [path.name for path in tmp_path.iterdir()] == ["labels.tif"]


@pytest.mark.parametrize("compression", ["zlib", "packbits", "tiff_lzw", "tiff_adobe_deflate"])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_compressed_pages(tmp_path, compression, dtype):
    """Of LZW tifffile has no codec of its own: Pillow reads, and here writes, it."""
    values = grey(dtype=dtype)
    path = tmp_path / "stack.tif"
    if compression != "zlib":
        first, *rest = (Image.fromarray(image) for image in values)
        first.save(path, compression=compression, save_all=True, append_images=rest)
    else:
        tifffile.imwrite(path, values, compression=compression, photometric="minisblack")
    stack = read_stack(path)
    assert stack.values.dtype == dtype
    np.testing.assert_array_equal(np.asarray(stack.values), values)
    np.testing.assert_array_equal(stack.values[1:4, ::2, 7], values[1:4, ::2, 7])
    np.testing.assert_array_equal(stack.values[-1], values[-1])
    np.testing.assert_array_equal(stack.values[..., 3], values[..., 3])


@pytest.mark.parametrize("dtype", ["bool", "int8", "int16", "int32", "uint32", "float64", ">u2", ">f4"])
def test_types_become_three(tmp_path, dtype):
    values = phases().astype(dtype)
    np.save(tmp_path / "stack.npy", values)
    stack = read_stack(tmp_path / "stack.npy")
    assert stack.values.dtype in (np.uint8, np.uint16, np.float32)
    np.testing.assert_array_equal(np.asarray(stack.values), values)


def test_negative_whole_numbers_become_float32(tmp_path):
    values = grey(dtype="int16") - 1000
    np.save(tmp_path / "ct.npy", values)
    stack = read_stack(tmp_path / "ct.npy")
    assert stack.values.dtype == np.float32
    np.testing.assert_array_equal(np.asarray(stack.values), values)


def folder_of(path: Path, values: np.ndarray, names=None) -> Path:
    path.mkdir()
    for number, image in enumerate(values):
        name = names[number] if names else f"slice_{number + 8}.png"
        Image.fromarray(image).save(path / name)
    return path


def test_folder_is_sorted_by_numbers(tmp_path):
    """8, 9, 10, 11, 12: not the order of letters."""
    values = grey()
    folder = folder_of(tmp_path / "fib", values)
    (folder / "Thumbs.db").write_bytes(b"x")
    (folder / "notes.txt").write_text("milled on Monday")
    stack = read_stack(folder)
    np.testing.assert_array_equal(np.asarray(stack.values), values)
    assert stack.warnings == ("beside the slices, left out: notes.txt",)


def test_missing_slices_are_told(tmp_path):
    names = [f"s_{number:03d}.tif" for number in (1, 2, 4, 5, 9)]
    stack = read_stack(folder_of(tmp_path / "fib", grey(), names))
    assert "of 4 slices the numbers are missing (3, 6 to 8)" in stack.warnings[0]


def test_unequal_slice_is_named(tmp_path):
    folder = folder_of(tmp_path / "fib", grey())
    Image.fromarray(grey((1, 40, 59))[0]).save(folder / "slice_10.png")
    with pytest.raises(DataError, match=r"slice_10\.png: has 59 x 40 pixels of uint8, slice_8\.png 60 x 40"):
        read_stack(folder)


def test_unequal_page_is_named(tmp_path):
    with tifffile.TiffWriter(tmp_path / "stack.tif") as file:
        for image in (*grey((3, 40, 60)), grey((1, 40, 61))[0], *grey((2, 40, 60))):
            file.write(image, photometric="minisblack", metadata=None)
    with pytest.raises(DataError, match="page 4 is 61 x 40 of uint8, others 60 x 40"):
        read_stack(tmp_path / "stack.tif")


def test_two_series_and_equal_numbers_are_refused(tmp_path):
    names = ["a_1.png", "a_2.png", "b_1.png", "b_2.png", "b_3.png"]
    with pytest.raises(DataError, match=r"two series of images: 3 b_#\.png and 2 a_#\.png"):
        read_stack(folder_of(tmp_path / "two", grey(), names))
    names = ["a_1.png", "a_01.png", "a_2.png", "a_3.png", "a_4.png"]
    with pytest.raises(DataError, match="two slices of one number"):
        read_stack(folder_of(tmp_path / "equal", grey(), names))


def test_jpeg_is_told_as_lossy(tmp_path):
    stack = read_stack(folder_of(tmp_path / "fib", grey(), [f"{number}.jpg" for number in range(5)]))
    assert any("JPEG changes grey values" in line for line in stack.warnings)
    first, *rest = (Image.fromarray(image) for image in grey())
    first.save(tmp_path / "jpeg.tif", compression="jpeg", save_all=True, append_images=rest)
    assert any("JPEG changes grey values" in line for line in read_stack(tmp_path / "jpeg.tif").warnings)


def test_equal_channels_are_grey_and_colours_refused(tmp_path):
    values = grey()
    tifffile.imwrite(tmp_path / "rgb.tif", np.repeat(values[..., None], 3, axis=3), photometric="rgb")
    stack = read_stack(tmp_path / "rgb.tif")
    np.testing.assert_array_equal(np.asarray(stack.values), values)
    assert "three equal channels are taken as one of grey" in stack.warnings
    coloured = np.repeat(values[..., None], 3, axis=3)
    coloured[2, 7, 9] = (9, 8, 7)
    tifffile.imwrite(tmp_path / "rgb.tif", coloured, photometric="rgb")
    with pytest.raises(DataError, match=r"page 3: is in colour \(row 8, column 10: 9, 8, 7\)"):
        read_stack(tmp_path / "rgb.tif")


def test_alpha_is_left_out_where_it_says_nothing(tmp_path):
    values = grey((3, 40, 60))
    with_alpha = np.stack([values, np.full_like(values, 255)], axis=3)
    folder = folder_of(tmp_path / "opaque", with_alpha)
    stack = read_stack(folder)
    np.testing.assert_array_equal(np.asarray(stack.values), values)
    assert "alpha channel" in stack.warnings[0]
    with_alpha[1, :5, :, 1] = 0
    with pytest.raises(DataError, match=r"slice_9\.png: is partly transparent"):
        read_stack(folder_of(tmp_path / "cut", with_alpha))


def test_single_slice_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "one.tif", grey((1, 40, 60))[0])
    with pytest.raises(DataError, match="a single slice"):
        read_stack(tmp_path / "one.tif")


@pytest.mark.parametrize("wrong", [np.nan, np.inf])
def test_what_is_no_number_is_refused(tmp_path, wrong):
    values = grey(dtype="float32")
    values[3, 2, 1] = wrong
    tifffile.imwrite(tmp_path / "ct.tif", values)
    with pytest.raises(DataError, match="1 of 2400 voxels of slice 4 of 5 are no number"):
        read_stack(tmp_path / "ct.tif")


def test_empty_and_repeated_slices_are_told(tmp_path):
    values = grey((8, 40, 60))
    values[:2] = 0
    values[6] = values[5]
    np.save(tmp_path / "stack.npy", values)
    assert read_stack(tmp_path / "stack.npy").warnings == (
        "slices 1 to 2 of 8 hold the value 0 alone",
        "slice 7 of 8 repeats the slice before",
    )
    np.save(tmp_path / "stack.npy", np.full((3, 4, 5), 7))
    with pytest.raises(DataError, match="holds the value 7 everywhere"):
        read_stack(tmp_path / "stack.npy")


def test_margins_are_told(tmp_path):
    values = grey() + 1
    values[:, :4], values[:, :, -7:] = 0, 0
    np.save(tmp_path / "stack.npy", values)
    assert "4 rows at the top, 7 columns right" in read_stack(tmp_path / "stack.npy").warnings[0]


def test_info_bar_is_cut_off(tmp_path):
    """A bar with text, the same in all slices but for a clock; the noise above it is not."""
    values = grey((6, 100, 60))
    bar = np.zeros((12, 60), np.uint8)
    bar[3:9, 5:50:2] = 255
    values[:, -12:] = bar
    values[:, -5:-2, 50:54] = grey((6, 3, 4))
    tifffile.imwrite(tmp_path / "stack.tif", values)
    stack = read_stack(tmp_path / "stack.tif")
    assert stack.shape == (6, 88, 60)
    assert stack.warnings == ("an info bar of 12 rows at the bottom is cut off",)
    np.testing.assert_array_equal(np.asarray(stack.values), values[:, :88])
    kept = read_stack(tmp_path / "stack.tif", keep_info_bar=True)
    assert kept.shape == values.shape
    assert "is part of the images" in kept.warnings[0]


def test_info_bar_whose_text_changes_is_cut_off(tmp_path):
    """Black, with half of its columns other in every slice."""
    values = grey((6, 100, 60))
    values[:, -12:] = 0
    values[:, -9:-3, 5:35] = 255 * (np.random.default_rng(1).random((6, 6, 30)) < 0.5)
    tifffile.imwrite(tmp_path / "stack.tif", values)
    stack = read_stack(tmp_path / "stack.tif")
    assert stack.shape == (6, 88, 60)
    assert stack.warnings == ("an info bar of 12 rows at the bottom is cut off",)


def test_bare_numbers_need_a_header_that_fits(tmp_path):
    values = grey(dtype=">u2")
    path = tmp_path / "stack.raw"
    path.write_bytes(b"HEADER__" + values.tobytes())
    header = RawHeader(shape=(60, 40, 5), dtype="uint16", byte_order="big", offset_bytes=8)
    stack = read_stack(path, header=header)
    np.testing.assert_array_equal(np.asarray(stack.values), values)
    for wrong, remedy in (
        (RawHeader(shape=(60, 40, 5), dtype="uint8", offset_bytes=8), "16 bits a voxel"),
        (RawHeader(shape=(60, 40, 5), dtype="uint16"), "an offset of 8"),
        (RawHeader(shape=(60, 40, 9), dtype="uint16", offset_bytes=8), "5 slices"),
    ):
        with pytest.raises(DataError, match=remedy):
            read_stack(path, header=wrong)
    with pytest.raises(SettingsError, match="complex"):
        read_stack(path, header=RawHeader(shape=(60, 40, 5), dtype="complex64"))
    with pytest.raises(DataError, match=r"or a .raw file with --raw-shape"):
        read_stack(path)


def test_arrays_of_numpy(tmp_path):
    values = grey()
    np.savez(tmp_path / "a.npz", stack=values, z=np.arange(5))
    np.testing.assert_array_equal(read_stack(tmp_path / "a.npz").values, values)
    np.savez(tmp_path / "b.npz", grey=values, labels=values)
    with pytest.raises(DataError, match=r"2 arrays of three axes; .* --dataset: grey \(60 x 40 x 5\), labels"):
        read_stack(tmp_path / "b.npz")
    np.testing.assert_array_equal(read_stack(tmp_path / "b.npz", dataset="grey").values, values)
    np.save(tmp_path / "objects.npy", np.array([{}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match="objects"):
        read_stack(tmp_path / "objects.npy")


def test_labels_with_gaps_and_beyond_a_byte(tmp_path):
    np.save(tmp_path / "a.npy", phases(numbers=(0, 127, 255)))
    labels = labels_of(read_stack(tmp_path / "a.npy", voxel_nm=(5, 5, 5)))
    assert labels.warnings == ("the numbers of phases have gaps: 0, 127, 255",)
    assert set(labels.names) == {0, 127, 255}
    np.save(tmp_path / "b.npy", phases(numbers=(0, 65535)))
    labels = labels_of(read_stack(tmp_path / "b.npy", voxel_nm=(5, 5, 5)), names={65535: "NCO"})
    assert labels.names == {0: "phase 0", 1: "NCO"}
    assert labels.number_in_file(1) == 65535
    np.testing.assert_array_equal(labels.labels, np.load(tmp_path / "b.npy") // 65535)


def test_grey_values_are_no_labels_and_labels_no_grey_values(tmp_path):
    write_stack(tmp_path / "grey.tif", grey(), (5, 5, 5))
    with pytest.raises(DataError, match="grey values, not phases; segment it first"):
        labels_of(read_stack(tmp_path / "grey.tif"))
    refuse_labels(read_stack(tmp_path / "grey.tif"))
    np.save(tmp_path / "labels.npy", phases())
    with pytest.raises(DataError, match=r"holds 3 different values \(0, 1, 2\): these are phases"):
        refuse_labels(read_stack(tmp_path / "labels.npy"))
    np.save(tmp_path / "half.npy", phases() / 2)
    with pytest.raises(DataError, match=r"0\.5, which is no number of a phase"):
        labels_of(read_stack(tmp_path / "half.npy", voxel_nm=(5, 5, 5)))
    with pytest.raises(SettingsError, match=r"no voxel has the number 7 \(NZC\)"):
        labels_of(read_stack(tmp_path / "labels.npy", voxel_nm=(5, 5, 5)), names={7: "NZC"})


@pytest.mark.parametrize(
    ("size", "message"),
    [
        ((0.01, 0.01, 0.2), "make a body of 1 nm"),  # um for nm
        ((5e6, 5e6, 5e6), "make a body of 300 mm"),
        ((5, 5, 1000), "200 times as long as they are thin"),
        ((5, 5, 0), "give three edges over 0"),
        ((5, 5, float("nan")), "give three edges over 0"),
    ],
)
def test_impossible_voxels_are_refused(tmp_path, size, message):
    np.save(tmp_path / "stack.npy", grey())
    with pytest.raises((DataError, SettingsError), match=message):
        read_stack(tmp_path / "stack.npy", voxel_nm=size)


def test_size_that_contradicts_the_file_is_told(tmp_path):
    write_stack(tmp_path / "stack.tif", grey(), (5, 5, 20))
    stack = read_stack(tmp_path / "stack.tif", voxel_nm=(5, 5, 200))
    assert stack.voxel_nm == (5, 5, 200)
    assert stack.warnings[0] == "--voxel-nm says 200 nm along z, not 20 as ImageJ's tags: --voxel-nm is taken"


@pytest.mark.parametrize("content", [b"", b"II*\x00", b"\x93NUMPY\x01\x00", b"PK\x03\x04 and no more", b"text" * 50])
def test_damaged_files_are_one_line(tmp_path, content):
    path = tmp_path / "stack.tif"
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"stack\.tif") as raised:
        read_stack(path)
    assert "\n" not in str(raised.value)


def test_cut_off_tiff_is_told(tmp_path):
    write_stack(tmp_path / "stack.tif", grey((50, 40, 60)), (5, 5, 5))
    content = (tmp_path / "stack.tif").read_bytes()
    (tmp_path / "stack.tif").write_bytes(content[: len(content) // 2])
    with pytest.raises(DataError, match="is damaged or cut off"):
        read_stack(tmp_path / "stack.tif")


def test_claimed_size_beyond_the_file_is_refused_before_it_is_in_memory(tmp_path):
    """Two slices of 60,000 x 60,000 in a file of a few kilobytes, plain and packed."""
    for compression in (None, "zlib"):
        tifffile.imwrite(tmp_path / "a.tif", grey((2, 40, 60)), compression=compression, photometric="minisblack",
                         metadata=None, rowsperstrip=40)  # fmt: skip
        with tifffile.TiffFile(tmp_path / "a.tif", mode="r+") as file:
            for page in file.pages:
                for tag in ("ImageWidth", "ImageLength", "RowsPerStrip"):
                    page.tags[tag].overwrite(60000)
                if compression is None:
                    page.tags["StripByteCounts"].overwrite(60000 * 60000 - 1)
        with pytest.raises(DataError, match=r"cut off|unpacks from 0\.\d+ MB|cannot be read"):
            read_stack(tmp_path / "a.tif")
