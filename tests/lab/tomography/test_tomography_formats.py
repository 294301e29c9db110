"""Layouts of microscopes and programs, made byte by byte: voxels, sizes of voxels, names of phases, and refusals."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import tifffile
import zarr

import tomography_files as files
from paddlewheel.errors import DataError
from paddlewheel.lab.tomography.readers import labels_of, read_stack, slices


def read(folder: Path, name: str, content: bytes, **options):
    path = folder / name
    path.write_bytes(content)
    return read_stack(path, **options)


def test_fei_slices_have_pixels_and_a_databar(tmp_path):
    """The distance of slices stands in no tag: all three edges are asked for."""
    values = files.grey((4, 40, 30))
    folder = tmp_path / "SliceImage"
    folder.mkdir()
    for number, image in enumerate(values, 1):
        (folder / f"SEM Image - SliceImage - {number:03d}.tif").write_bytes(files.fei(image, bar=6))
    stack = read_stack(folder)
    np.testing.assert_array_equal(stack.values, values[:, :34])
    assert stack.voxel_nm is None
    assert stack.warnings == (
        "an info bar of 6 rows at the bottom is cut off",
        "the microscope's tag (FEI) says x 5 nm, y 5 nm and no more: give --voxel-nm x,y,z",
    )
    given = read_stack(folder, voxel_nm=(5, 5, 20))
    assert (given.voxel_nm, given.voxel_from) == ((5, 5, 20), "--voxel-nm")
    assert given.warnings == stack.warnings[:1]
    slip = read_stack(folder, voxel_nm=(10, 10, 20))
    assert "--voxel-nm says 10 nm along x, not 5, 10 nm along y, not 5 as the microscope's tag" in slip.warnings[-1]


def test_tilt_that_is_not_corrected_is_told(tmp_path):
    """A face milled along the ion beam at 52 degrees is seen at 38 degrees: 1/sin(52 degrees) = 1.269."""
    stack = read(tmp_path, "fei.tif", files.fei(files.grey(), corrected="no"))
    assert "1.269 times as high" in stack.warnings[0]
    assert not any("tilt" in line for line in read(tmp_path, "fei.tif", files.fei(files.grey())).warnings)


def test_images_that_were_scaled_after_the_microscope_are_told(tmp_path):
    content = files.fei(files.grey()).replace(b"ResolutionX=30", b"ResolutionX=60")
    assert any("if they were scaled" in line for line in read(tmp_path, "fei.tif", content).warnings)


def test_zeiss_pixels(tmp_path):
    stack = read(tmp_path, "zeiss.tif", files.zeiss(files.grey()))
    assert stack.warnings == (
        "the microscope's tag (Zeiss) says x 4.88 nm, y 4.88 nm and no more: give --voxel-nm x,y,z",
    )


@pytest.mark.parametrize(
    ("said", "per_unit", "expected"),
    [
        ({"unit": "nm", "spacing": 20.0}, 0.2, (5, 5, 20)),
        ({"unit": "micron", "spacing": 0.02}, 200, (5, 5, 20)),
        ({"unit": "\\u00B5m", "spacing": 0.02}, 200, (5, 5, 20)),
        ({"unit": "um", "spacing": -0.02}, 200, (5, 5, 20)),
        ({"unit": "inch", "spacing": 1 / 72}, 72, None),  # 72 dpi
        ({"unit": "pixel", "spacing": 1.0}, 1, None),
        ({}, None, None),
    ],
)
def test_imagej(tmp_path, said, per_unit, expected):
    values = files.grey(dtype="uint16")
    stack = read(tmp_path, "imagej.tif", files.imagej(values, said, per_unit=per_unit))
    assert stack.voxel_nm == expected
    np.testing.assert_array_equal(np.asarray(stack.values), values)


def test_imagej_hyperstack_of_channels_is_refused(tmp_path):
    content = files.imagej(files.grey(), {"channels": 2, "slices": 2, "hyperstack": "true"})
    with pytest.raises(DataError, match="holds 2 slices, 2 channels; save one channel"):
        read(tmp_path, "imagej.tif", content)
    stack = read(tmp_path, "times.tif", files.imagej(files.grey(), {"frames": 4, "slices": 1, "hyperstack": "true"}))
    assert "its 4 times are taken as slices" in stack.warnings


def test_ome(tmp_path):
    pixels = 'SizeX="30" SizeY="24" SizeZ="4" SizeC="1" SizeT="1" PhysicalSizeX="0.005" PhysicalSizeY="0.005" '
    stack = read(tmp_path, "a.tif", files.ome(files.grey(), pixels + 'PhysicalSizeZ="20" PhysicalSizeZUnit="nm"'))
    assert (stack.voxel_nm, stack.voxel_from) == ((5, 5, 20), "OME-XML")
    with pytest.raises(DataError, match="2 slices, 2 channels"):
        read(tmp_path, "a.tif", files.ome(files.grey(), 'SizeX="30" SizeY="24" SizeZ="2" SizeC="2" SizeT="1"'))
    entities = files.tiff(files.grey(), description='<!DOCTYPE x [<!ENTITY a "b">]><OME><Pixels/></OME>')
    with pytest.raises(DataError, match="document type"):
        read(tmp_path, "a.tif", entities)


def test_resolution_tags(tmp_path):
    """2,000,000 pixels a cm are 5 nm; 300 an inch are a print."""
    stack = read(tmp_path, "a.tif", files.tiff(files.grey(), resolution=(2e6, 2e6), resolutionunit=3))
    assert stack.warnings[0].startswith("the resolution tags says x 5 nm, y 5 nm and no more")
    assert read(tmp_path, "a.tif", files.tiff(files.grey(), resolution=(300, 300), resolutionunit=2)).warnings == ()


def test_colour_tables(tmp_path):
    """A coloured table is that of labels; a table of greys turned round is applied, for it is what one sees."""
    labels = files.phases()
    table = np.zeros((3, 256), np.uint16)
    table[:, 1], table[:, 2] = (65535, 0, 0), (0, 65535, 0)
    stack = read(tmp_path, "a.tif", files.tiff(labels, photometric="palette", colormap=table))
    np.testing.assert_array_equal(np.asarray(stack.values), labels)
    assert "the numbers in it are taken" in stack.warnings[0]
    turned = np.repeat((np.arange(256)[::-1] * 257).astype(np.uint16)[None], 3, axis=0)
    stack = read(tmp_path, "a.tif", files.tiff(files.grey(), photometric="palette", colormap=turned))
    np.testing.assert_array_equal(np.asarray(stack.values), 255 - files.grey())


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize(
    ("packing", "first"),
    [
        ("", "# Avizo BINARY-LITTLE-ENDIAN 2.1"),
        ("", "# AmiraMesh 3D BINARY 2.0"),
        ("", "# AmiraMesh 3D ASCII 2.0"),
        ("HxZip", "# Avizo BINARY-LITTLE-ENDIAN 2.1"),
        ("HxByteRLE", "# AmiraMesh BINARY-LITTLE-ENDIAN 3.0"),
    ],
)
def test_amira(tmp_path, packing, first, dtype):
    """The box of 30 x 24 x 4 voxels runs over 29, 23 and 3 of their distances."""
    values = files.grey(dtype=dtype)
    values[1] = 7  # runs longer than a count of HxByteRLE
    stack = read(tmp_path, "stack.am", files.amira(values, packing=packing, first=first))
    np.testing.assert_array_equal(np.asarray(stack.values), values)
    assert stack.voxel_nm == (10, 10, 200)


def test_amira_materials_name_the_phases(tmp_path):
    content = files.amira(files.phases(), packing="HxByteRLE", materials=files.MATERIALS)
    labels = labels_of(read(tmp_path, "labels.am", content))
    assert labels.names == {0: "Exterior", 1: "o-NBH", 2: "NCO"}
    assert labels.warnings == ()
    moved = content.replace(b"Id 2", b"Id 7")
    assert "(0, 1, 7) are not their order" in read(tmp_path, "labels.am", moved).warnings[0]


def test_amira_units(tmp_path):
    """Avizo's own default, m, makes of 290 nm a body of 600 m; without a unit nothing is taken."""
    with pytest.raises(DataError, match="make a body of 8e\\+05 mm; give --voxel-nm"):
        read(tmp_path, "a.am", files.amira(files.grey(), units="m"))
    stack = read(tmp_path, "a.am", files.amira(files.grey(), units=None))
    assert stack.voxel_nm is None
    assert "10 x 10 x 200 without a unit" in stack.warnings[0]
    stack = read(tmp_path, "a.am", files.amira(files.grey(), units=None), voxel_nm=(10, 10, 20))
    assert "20 nm along z, not 200" in stack.warnings[0]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"# HyperSurface 0.1 ASCII\n", "is a surface"),
        (files.amira(files.grey())[:-500], "is cut off"),
        (files.amira(files.grey(), packing="HxByteRLE")[:-500], "is cut off"),
        (files.amira(files.grey(), packing="HxZip")[:-500], "is cut off"),
        (files.amira(files.grey()).replace(b"byte Labels", b"float[3] Field"), r"holds Field of float\[3\]"),
        (files.amira(files.grey()).replace(b"Lattice 30 24 4", b"Lattice 30000 24000 40000"), "is cut off"),
        (files.amira(files.grey(), packing="HxZip").replace(b"Lattice 30 24 4", b"Lattice 3000 2400 4000"), "unpacks"),
        (files.amira(files.grey(), packing="HxByteRLE").replace(b"Lattice 30", b"Lattice 29"), "more than 2784 bytes"),
    ],
)
def test_amira_refused(tmp_path, content, message):
    with pytest.raises(DataError, match=message):
        read(tmp_path, "x.am", content)


@pytest.mark.parametrize("encoding", ["raw", "gzip", "ascii"])
def test_nrrd(tmp_path, encoding):
    values = files.grey(dtype="uint16")
    lines = 'space directions: (0.005,0,0) (0,0.003,0.004) (0,0,0.02)\nspace units: "um" "um" "um"\n'
    stack = read(tmp_path, "a.nrrd", files.nrrd(values, encoding=encoding, lines=lines))
    np.testing.assert_array_equal(np.asarray(stack.values), values)
    assert stack.voxel_nm == (5, 5, 20)
    without = read(tmp_path, "a.nrrd", files.nrrd(values, encoding=encoding, lines="spacings: 1 1 4\n"))
    assert "1 x 1 x 4 without a unit" in without.warnings[0]


@pytest.mark.parametrize("word", ["nan", "1e300", "-1", "2.5", "300", "x"])
def test_text_that_is_no_voxel_is_refused(tmp_path, word):
    content = files.nrrd(np.full(files.SHAPE, 7, np.uint8), encoding="ascii")
    with pytest.raises(DataError, match=f"a voxel of {word}, which is no uint8|are no numbers"):
        read(tmp_path, "a.nrrd", content[:-1] + word.encode())


def test_nrrd_beside_its_numbers(tmp_path):
    values = files.grey()
    (tmp_path / "a.raw").write_bytes(values.tobytes())
    stack = read(tmp_path, "a.nhdr", files.nrrd(values, data_file="a.raw"))
    np.testing.assert_array_equal(stack.values, values)
    for name, message in (("../a.raw", "elsewhere"), ("b.raw", "not there"), ("LIST", "one file a slice")):
        with pytest.raises(DataError, match=message):
            read(tmp_path, "a.nhdr", files.nrrd(values, data_file=name))
    with pytest.raises(DataError, match="is cut off"):
        read(tmp_path, "a.nrrd", files.nrrd(values)[:-1])
    with pytest.raises(DataError, match="unpacks"):
        read(tmp_path, "a.nrrd", files.nrrd(values, encoding="gzip").replace(b"sizes: 30", b"sizes: 30000000"))


@pytest.mark.parametrize("packed", [False, True])
def test_metaimage(tmp_path, packed):
    values = files.grey(dtype="float32")
    lines = "ElementSpacing = 0.005 0.005 0.02\nDistanceUnits = um\n"
    stack = read(tmp_path, "a.mha", files.metaimage(values, lines=lines, packed=packed))
    np.testing.assert_array_equal(stack.values, values)
    assert stack.voxel_nm == (5, 5, 20)
    (tmp_path / "a.raw").write_bytes(values.tobytes())
    stack = read(tmp_path, "a.mhd", files.metaimage(values, lines="ElementSpacing = 1 1 1\n", data_file="a.raw"))
    np.testing.assert_array_equal(stack.values, values)
    assert stack.voxel_nm is None
    assert read_stack(tmp_path / "a.mhd", voxel_nm=(5, 5, 20)).warnings == ()  # 1 1 1 is what programs write by default


def test_hdf5(tmp_path):
    values = files.grey()
    files.hdf5(tmp_path / "a.h5", {"t0/channel0": values, "z": np.arange(4)}, element_size_um=(0.02, 0.005, 0.005))
    stack = read_stack(tmp_path / "a.h5")
    assert stack.voxel_nm == (5, 5, 20)
    np.testing.assert_array_equal(np.asarray(stack.values), values)
    np.testing.assert_array_equal(stack.values[2, 3:5], values[2, 3:5])
    files.hdf5(tmp_path / "b.h5", {"grey": values[None, ..., None], "labels": files.phases()})
    with pytest.raises(DataError, match=r"--dataset: grey \(1 x 30 x 24 x 4 x 1\), labels \(30 x 24 x 4\)$"):
        read_stack(tmp_path / "b.h5")
    np.testing.assert_array_equal(np.asarray(read_stack(tmp_path / "b.h5", dataset="/grey").values), values)
    with pytest.raises(DataError, match="holds no array gray; name one with --dataset: grey"):
        read_stack(tmp_path / "b.h5", dataset="gray")


def test_hdf5_that_leads_elsewhere_is_refused(tmp_path):
    import h5py

    with h5py.File(tmp_path / "a.h5", "w") as file:
        file["grey"] = h5py.ExternalLink("b.h5", "grey")
    with pytest.raises(DataError, match=r"leads to the file b\.h5"):
        read_stack(tmp_path / "a.h5")


@pytest.mark.parametrize("version", [2, 3])
def test_zarr(tmp_path, version):
    values = files.grey((20, 24, 30))
    store = zarr.open_group(str(tmp_path / "a.zarr"), mode="w", zarr_format=version)
    store.create_array("0", shape=values.shape, dtype="uint8", chunks=(8, 16, 16))[:] = values
    store.create_array("1", shape=(10, 12, 15), dtype="uint8", chunks=(8, 8, 8))
    axes = [{"name": name, "type": "space", "unit": "micrometer"} for name in "zyx"]
    scale = {"type": "scale", "scale": [0.02, 0.005, 0.005]}
    scales = [{"axes": axes, "datasets": [{"path": "0", "coordinateTransformations": [scale]}, {"path": "1"}]}]
    store.attrs["ome" if version == 3 else "multiscales"] = {"multiscales": scales} if version == 3 else scales
    stack = read_stack(tmp_path / "a.zarr")
    assert (stack.shape, stack.voxel_nm, stack.voxel_from) == (values.shape, (5, 5, 20), "OME-Zarr's scale")
    np.testing.assert_array_equal(np.asarray(stack.values), values)
    with pytest.raises(DataError, match="everywhere"):
        read_stack(tmp_path / "a.zarr", dataset="1")


def test_zarr_that_builds_objects_is_refused(tmp_path):
    """numcodecs knows a codec called pickle."""
    folder = tmp_path / "a.zarr"
    folder.mkdir()
    (folder / ".zarray").write_text(
        '{"zarr_format": 2, "shape": [4, 4, 4], "chunks": [4, 4, 4], "dtype": "|u1", "fill_value": 0, "order": "C", '
        '"compressor": null, "filters": [{"id": "pickle"}]}'
    )
    with pytest.raises(DataError, match=r"packed by .*pickle"):
        read_stack(folder)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(99), "Xradia.*export it as TIFF"),
        (b"\x00\x00\x00\x03" + bytes(99), "Gatan"),
        (b"\x89PNG\r\n\x1a\n" + bytes(99), "give the folder of all slices"),
        (b"NRRD0004\ntype: block\nsizes: 3 4 5\n\n", "numbers of type 'block'"),
        (b"NRRD0004\ntype: float\nsizes: 3 4\n\n", "holds 3 4 voxels"),
        (b"ObjectType = Image\nNDims = 3\n", "no ElementDataFile"),
    ],
)
def test_what_is_no_stack_is_named(tmp_path, content, message):
    with pytest.raises(DataError, match=message) as raised:
        read(tmp_path, "x.dat", content)
    assert "x.dat" in str(raised.value)


def test_all_samples_of_the_fuzz_run_are_read(tmp_path):
    for name, content in files.damageable(tmp_path).items():
        assert read(tmp_path, name, content).shape in (files.SHAPE, (4, 20, 30))


@pytest.mark.parametrize("kind", ["folder", "pages", "hdf5"])
def test_large_stacks_are_not_held(tmp_path, monkeypatch, kind):
    """Beyond the bound one slice is read at a time, of chunks one layer: 24 slices in layers of some."""
    monkeypatch.setattr(slices, "LARGEST_HELD", 0)
    values = files.grey((24, 40, 30))
    path = tmp_path / kind
    if kind == "folder":
        path.mkdir()
        for number, image in enumerate(values):
            tifffile.imwrite(path / f"{number}.tif", image)
    else:
        content = files.tiff(values, compression="zlib") if kind == "pages" else None
        path.write_bytes(content or files.hdf5(tmp_path / "made.h5", {"grey": values}))
    stack = read_stack(path)
    assert isinstance(stack.values, slices.Slices)
    np.testing.assert_array_equal(stack.values[5:9, 2, ::3], values[5:9, 2, ::3])
    np.testing.assert_array_equal(np.asarray(stack.values), values)
    if kind == "folder":
        (path / "2.tif").unlink()
        np.testing.assert_array_equal(stack.values[3], values[3])
