"""Small stacks in the layouts of other programs, byte by byte after what they write."""

from __future__ import annotations

import gzip
import io
import zlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tifffile

SHAPE = (4, 24, 30)


def grey(shape: tuple[int, int, int] = SHAPE, dtype: str = "uint8") -> np.ndarray:
    """Noise of 250 grey values."""
    return np.random.default_rng(1).integers(0, 250, shape).astype(dtype)


def phases(shape: tuple[int, int, int] = SHAPE, numbers: tuple[int, ...] = (0, 1, 2)) -> np.ndarray:
    """Numbers of phases, voxel by voxel."""
    return np.random.default_rng(2).choice(np.array(numbers, np.uint8), shape)


FEI = """[User]
Date=10/09/2023
[System]
Type=DualBeam
SystemType=Scios 2
[Beam]
HV=2000
Beam=EBeam
Scan=EScan
[EBeam]
HFW=1.5E-07
TiltCorrectionIsOn={corrected}
TiltCorrectionAngle=-0.663242
[Scan]
InternalScan=true
PixelWidth=5e-09
PixelHeight=5e-09
[Stage]
StageT=0.907571
[Image]
ResolutionX={columns}
ResolutionY={rows}
[PrivateFei]
BitShift=0
DatabarHeight={bar}
"""
"""What an FEI Scios writes into tag 34682; the tilt is 52 degrees."""

ZEISS = """
0
1
AP_IMAGE_PIXEL_SIZE
Image Pixel Size = 4.88 nm
AP_MAG
Mag =  20.00 K X
DP_DETECTOR_CHANNEL
Detector = ESB
"""
"""What SmartSEM writes into tag 34118."""


def tiff(values: np.ndarray, **options: Any) -> bytes:
    """A TIFF of tifffile, with plain pages where nothing else is asked for."""
    stream = io.BytesIO()
    tifffile.imwrite(stream, values, **{"photometric": "minisblack", "metadata": None} | options)
    return stream.getvalue()


def fei(values: np.ndarray, *, bar: int = 0, corrected: str = "yes") -> bytes:
    """As an FEI microscope writes a slice, whose last `bar` rows are the databar."""
    rows, columns = values.shape[-2:]
    text = FEI.format(columns=columns, rows=rows - bar, bar=bar, corrected=corrected).replace("\n", "\r\n")
    return tiff(values, extratags=[(34682, 2, 0, text, True)])


def zeiss(values: np.ndarray) -> bytes:
    """As a Zeiss microscope writes a slice."""
    return tiff(values, extratags=[(34118, 2, 0, ZEISS.replace("\n", "\r\n"), True)])


def imagej(values: np.ndarray, description: Mapping[str, Any], *, per_unit: float | None = None) -> bytes:
    """As ImageJ saves a stack: one page after the other, and `key=value` in the description of the first."""
    counted = {"ImageJ": "1.54f", "images": len(values), "slices": len(values)} | dict(description)
    text = "\n".join(f"{key}={value}" for key, value in counted.items()) + "\n"
    resolution = {} if per_unit is None else {"resolution": (per_unit, per_unit), "resolutionunit": 1}
    return tiff(values, description=text, software=False, byteorder=">", **resolution)


def ome(values: np.ndarray, pixels: str) -> bytes:
    """OME-TIFF, whose element Pixels has these attributes."""
    text = (
        '<?xml version="1.0" encoding="UTF-8"?><OME xmlns="http://www.openmicroscopy.org/Schemas/OME/2016-06">'
        f'<Image ID="Image:0"><Pixels ID="Pixels:0" {pixels}><TiffData/></Pixels></Image></OME>'
    )
    return tiff(values, description=text)


def runs(content: bytes) -> bytes:
    """HxByteRLE: runs of three and more as count and byte, all else as it is behind 128 + its length."""
    packed, loose, at = bytearray(), bytearray(), 0

    def flush() -> None:
        while loose:
            packed.append(128 + len(loose[:127]))
            packed.extend(loose[:127])
            del loose[:127]

    while at < len(content):
        stop = at
        while stop < len(content) and content[stop] == content[at] and stop - at < 127:
            stop += 1
        if stop - at >= 3:
            flush()
            packed += bytes((stop - at, content[at]))
        else:
            loose += content[at:stop]
        at = stop
    flush()
    return bytes(packed)


def amira(
    values: np.ndarray,
    *,
    packing: str = "",
    box: str = "0 290 0 230 0 600",
    units: str | None = "nm",
    materials: str = "",
    first: str = "# Avizo BINARY-LITTLE-ENDIAN 2.1",
) -> bytes:
    """A lattice as Avizo writes it: packed by HxByteRLE or HxZip, or text where the first line says ASCII."""
    kind = {"uint8": "byte", "uint16": "ushort", "int16": "short", "float32": "float"}[values.dtype.name]
    order = "<" if "LITTLE" in first else ">"
    content = values.astype(values.dtype.newbyteorder(order)).tobytes()
    if "ASCII" in first:
        content = "\n".join(f"{value} " for value in values.reshape(-1)).encode()
    if packing:
        content = runs(content) if packing == "HxByteRLE" else zlib.compress(content)
    n_z, n_y, n_x = values.shape
    named = f'    Units {{\n        Coordinates "{units}"\n    }}\n' if units else ""
    packed = f"({packing},{len(content)})" if packing else ""
    header = f"""{first}


define Lattice {n_x} {n_y} {n_z}

Parameters {{
{named}{materials}    Content "{n_x}x{n_y}x{n_z} {kind}, uniform coordinates",
    BoundingBox {box},
    CoordType "uniform"
}}

Lattice {{ {kind} Labels }} @1{packed}

# Data section follows
@1
"""
    return header.encode() + content + b"\n"


MATERIALS = """    Materials {
        Exterior {
            Id 0
        }
        "o-NBH" {
            Id 1,
            Color 0.8 0.16 0.16
        }
        NCO {
            Id 2,
            Color 0 0.8 0.16
        }
    }
"""


def nrrd(values: np.ndarray, *, encoding: str = "raw", lines: str = "", data_file: str | None = None) -> bytes:
    """NRRD0004, or only its header where the numbers lie in `data_file`."""
    n_z, n_y, n_x = values.shape
    kind = {"uint8": "unsigned char", "uint16": "ushort", "float32": "float"}[values.dtype.name]
    beside = f"data file: {data_file}\n" if data_file else ""
    header = (
        f"NRRD0004\n# made by teem\ntype: {kind}\ndimension: 3\nsizes: {n_x} {n_y} {n_z}\n{lines}endian: little\n"
        f"encoding: {encoding}\n{beside}\n"
    )
    content = values.astype(values.dtype.newbyteorder("<")).tobytes()
    content = gzip.compress(content, mtime=0) if encoding == "gzip" else content
    content = " ".join(map(str, values.reshape(-1).tolist())).encode() if encoding == "ascii" else content
    return header.encode() + (b"" if data_file else content)


def metaimage(values: np.ndarray, *, lines: str = "", data_file: str = "LOCAL", packed: bool = False) -> bytes:
    """A .mha, or only the header .mhd where the numbers lie in `data_file`."""
    n_z, n_y, n_x = values.shape
    kind = {"uint8": "MET_UCHAR", "uint16": "MET_USHORT", "float32": "MET_FLOAT"}[values.dtype.name]
    header = (
        f"ObjectType = Image\nNDims = 3\nBinaryData = True\nBinaryDataByteOrderMSB = False\n"
        f"CompressedData = {packed}\n{lines}DimSize = {n_x} {n_y} {n_z}\nElementType = {kind}\n"
        f"ElementDataFile = {data_file}\n"
    )
    content = zlib.compress(values.tobytes()) if packed else values.tobytes()
    return header.encode() + (content if data_file == "LOCAL" else b"")


def npy(values: np.ndarray) -> bytes:
    """NumPy's own format."""
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


def hdf5(path: Path, arrays: Mapping[str, np.ndarray], *, element_size_um: tuple[float, ...] | None = None) -> bytes:
    """HDF5 in chunks, with ilastik's attribute of the size of a voxel."""
    import h5py

    with h5py.File(path, "w") as file:
        for name, values in arrays.items():
            dataset = file.create_dataset(name, data=values, chunks=True, compression="gzip")
            if element_size_um is not None:
                dataset.attrs["element_size_um"] = element_size_um
    return path.read_bytes()


def damageable(folder: Path) -> dict[str, bytes]:
    """A small stack of every format that is one file."""
    values, labels = grey(), phases()
    return {
        "stack.tif": tiff(values),
        "packed.tif": tiff(labels, compression="zlib"),
        "imagej.tif": imagej(values, {"unit": "nm", "spacing": 20.0}, per_unit=0.1),
        "ome.tif": ome(values, 'SizeX="30" SizeY="24" SizeZ="4" PhysicalSizeX="0.005" PhysicalSizeY="0.005"'),
        "fei.tif": fei(values, bar=4, corrected="no"),
        "zeiss.tif": zeiss(values),
        "labels.am": amira(labels, packing="HxByteRLE", materials=MATERIALS),
        "zip.am": amira(values, packing="HxZip"),
        "text.am": amira(labels, first="# AmiraMesh 3D ASCII 2.0"),
        "stack.nrrd": nrrd(values, encoding="gzip", lines='spacings: 5 5 20\nspace units: "nm" "nm" "nm"\n'),
        "stack.mha": metaimage(values, lines="ElementSpacing = 1 1 4\n"),
        "stack.npy": npy(values),
        "stack.h5": hdf5(folder / "tomography.h5", {"t0/grey": values}, element_size_um=(0.02, 0.005, 0.005)),
    }
