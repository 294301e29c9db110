"""TIFF: stacks of pages and single slices, with what ImageJ, OME and the microscopes say of the size of a pixel."""

from __future__ import annotations

import json
import logging
import math
import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import bounded_recursion, parse_xml, refuse_expansion
from paddlewheel.lab.tomography.readers.pictures import LOSSY_TOLD, grey_of, of_pillow, through_table
from paddlewheel.lab.tomography.readers.slices import Slices
from paddlewheel.lab.tomography.readers.volume import SaidSize, Volume
from paddlewheel.lab.tomography.readers.voxel_size import nm_of

if TYPE_CHECKING:
    from tifffile import TiffFile, TiffPage, TiffPageSeries

BEGINNINGS = (b"II*\x00", b"MM\x00*", b"II+\x00", b"MM\x00+")
NAMES_KEY = "phases: "
"""In ImageJ's info, before the names of phases as JSON."""
_FEI, _FEI_OLD, _ZEISS = 34682, 34680, 34118
_JPEG = (6, 7)
_LONGEST_BAR = 0.25
"""Share of the rows of an image that an info bar has at most."""
_COARSEST_NM = 1e5
"""Pixels by the resolution tags: coarser ones are sizes of prints."""
_TILTED_DEG = 5.0
_COPY = "copy it again"
_AXES = {"C": "channels", "T": "times", "R": "tiles", "P": "phases of a cycle", "V": "views"}
logging.getLogger("tifffile").addHandler(logging.NullHandler())  # what matters of it is told here


def read_tiff(path: Path) -> Volume:
    """The stack in a TIFF, read slice by slice where it cannot be mapped.

    Raises
    ------
    DataError
        If its pages differ in size, are in colour, or have another axis than slices, rows and columns.
    """
    file = _opened(path)
    try:
        series, warnings = _largest_series(file, path)
        axis = _checked_axes(file, series, path)
        if axis is not None:
            warnings.append(f"its {len(series.pages)} {axis} are taken as slices")
        size, metadata, said, bar_rows = _described(file.pages.first, path)  # type: ignore[arg-type]
        values, notes = _values(file, series, path)
    except BaseException:
        file.close()
        raise
    return Volume(values=values, size=size, metadata=metadata, bar_rows=bar_rows, warnings=(*warnings, *said, *notes))


def read_tiff_slice(path: Path) -> tuple[np.ndarray, list[str]]:
    """Grey values [n_y, n_x] of a TIFF of one slice, and what was odd."""
    with _opened(path) as file:
        series, warnings = _largest_series(file, path)
        if len(series.pages) > 1 or series.ndim > 2 + ("S" in series.axes):
            raise DataError(f"holds {len(series.pages)} slices in a folder of others", where=path,
                            remedy="give it alone, or move it out of the folder")  # fmt: skip
        image, notes = _reader(file, series, path)(0)
        return image, [*warnings, *notes]


def described(path: Path) -> tuple[SaidSize, dict[str, Any], list[str], int]:
    """What a TIFF says: size of a voxel, metadata, warnings, and rows of an info bar at the bottom."""
    with _opened(path) as file:
        return _described(file.pages.first, path)  # type: ignore[arg-type]


def _opened(path: Path) -> TiffFile:
    """The file with its pages found.

    Raises
    ------
    DataError
        If tifffile finds the chain of pages broken, which it would only log.
    """
    from tifffile import TiffFile

    logged = _Logged()
    logger = logging.getLogger("tifffile")
    logger.addHandler(logged)
    try:
        # as plain pages: in these formats other files may be named, which would be opened
        file = TiffFile(path, is_ome=False, is_mmstack=False, is_ndtiff=False, is_lsm=False, is_scn=False)
        try:
            _ = len(file.pages), file.series
        except BaseException:
            file.close()
            raise
    finally:
        logger.removeHandler(logged)
    if logged.lines:
        file.close()
        raise DataError(f"is damaged or cut off ({logged.lines[0]})", where=path, remedy=_COPY)
    return file


class _Logged(logging.Handler):
    """What tifffile logs of pages and series that are not as they should be."""

    def __init__(self) -> None:
        super().__init__(logging.ERROR)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        text = " ".join(record.getMessage().split())
        if "TiffPages" in text or "series" in text:
            self.lines.append(text.rpartition("> ")[2][:120])


def _largest_series(file: TiffFile, path: Path) -> tuple[TiffPageSeries, list[str]]:
    """The pages of the stack: all but reduced ones, which must have one size."""
    if not file.series:
        raise DataError("holds no image", where=path, remedy=_COPY)
    stack = max(file.series, key=lambda series: series.size)
    others = [series for series in file.series if series is not stack]
    odd = [series for series in others if not series.keyframe.is_reduced]
    if odd and len(stack.pages) > 1:
        page, usual = odd[0].keyframe, stack.keyframe
        unlike = f"{page.imagewidth} x {page.imagelength} of {page.dtype}"
        raise DataError(
            f"page {page.index + 1} is {unlike}, others {usual.imagewidth} x {usual.imagelength} of {usual.dtype}",
            where=path, remedy="write all slices in one size and type",
        )  # fmt: skip
    return stack, [f"{len(others)} smaller images beside the slices are left out"] if others else []


def _checked_axes(file: TiffFile, series: TiffPageSeries, path: Path) -> str | None:
    """Refuse several axes beside rows and columns; what the only one is called where it is not that of slices."""
    axes = {axis: count for axis, count in zip(series.axes, series.shape, strict=True) if axis not in "YXS"}
    axes = {axis: count for axis, count in axes.items() if count > 1}
    ome = _ome_pixels(file.pages.first, path)  # type: ignore[arg-type]
    if ome is not None:
        counted = {axis: int(ome.get(f"Size{axis}") or 1) for axis in "ZCT"}
        if math.prod(counted.values()) == math.prod(axes.values()):
            axes = {axis: count for axis, count in counted.items() if count > 1}
    if len(axes) > 1:
        counts = ", ".join(f"{count} {_AXES.get(axis, 'slices')}" for axis, count in axes.items())
        raise DataError(f"holds {counts}", where=path, remedy="save one channel and one time as a stack of its own")
    return next((_AXES[axis] for axis in axes if axis in _AXES), None)


def _values(file: TiffFile, series: TiffPageSeries, path: Path) -> tuple[Any, list[str]]:
    """The slices: mapped, read page by page, or whole where one page holds them all."""
    n_z, n_y, n_x = _counts(series, path)
    keyframe = series.keyframe
    if "S" not in series.axes and keyframe.photometric != 3 and keyframe.is_memmappable:
        offset = series.dataoffset
        if offset is not None:
            dtype = np.dtype(series.dtype).newbyteorder(file.byteorder)
            needed, there = offset + n_z * n_y * n_x * dtype.itemsize, path.stat().st_size
            if needed > there:
                raise DataError(f"is cut off: its slices need {needed} bytes, it has {there}", where=path, remedy=_COPY)
            file.close()
            return np.memmap(path, dtype, "r", offset, (n_z, n_y, n_x)), _white_is_zero(keyframe)
    refuse_expansion(series.nbytes, path.stat().st_size, path, DataError)
    if len(series.pages) != n_z:  # all slices in one page
        whole = np.squeeze(series.asarray())
        if whole.shape != (n_z, n_y, n_x):
            raise DataError(f"holds {whole.shape} values in one page", where=path, remedy="save slices as pages")
        file.close()
        return whole, _white_is_zero(keyframe)
    read = _reader(file, series, path)
    first, notes = read(0)
    return Slices((n_z, n_y, n_x), first.dtype, lambda number: read(number)[0]), notes


def _counts(series: TiffPageSeries, path: Path) -> tuple[int, int, int]:
    n_y, n_x = (series.shape[series.axes.index(axis)] if axis in series.axes else 0 for axis in "YX")
    n_z = math.prod(count for axis, count in zip(series.axes, series.shape, strict=True) if axis not in "YXS")
    if not (n_x and n_y):
        raise DataError(f"holds no image (axes {series.axes})", where=path, remedy=_COPY)
    return n_z, n_y, n_x


def _white_is_zero(page: Any) -> list[str]:
    if page.photometric == 0 and page.bitspersample > 1:
        return ["its tag says that zero is white: the numbers are taken as they stand"]
    return []


def _reader(
    file: TiffFile, series: TiffPageSeries, path: Path
) -> Callable[[int], tuple[np.ndarray, list[str]]]:  # fmt: skip
    """What reads a slice: tifffile, or Pillow where that lacks the compression."""
    lock = threading.Lock()
    pages, keyframe = series.pages, series.keyframe
    table = None if keyframe.photometric != 3 or keyframe.colormap is None else (keyframe.colormap.T >> 8)
    decode = _page_of_tifffile if _is_decoded_by_tifffile(keyframe) else _page_of_pillow(path)

    def read(number: int) -> tuple[np.ndarray, list[str]]:
        where = f"{path}, page {number + 1}" if len(pages) > 1 else path
        with lock:
            page = pages[number]
            if page is None:
                raise DataError(f"lacks slice {number + 1}", where=path, remedy=_COPY)
            image, notes = decode(page, where)
        if table is not None and image.ndim == 2 and image.dtype == np.uint8:
            image, said = through_table(image, table.astype(np.uint8))
            notes = [*notes, *said]
        grey, said = grey_of(image, where)
        lossy = [LOSSY_TOLD] if keyframe.compression in _JPEG else []
        return grey, [*notes, *said, *lossy, *_white_is_zero(keyframe)]

    return read


def _is_decoded_by_tifffile(page: Any) -> bool:
    """Whether tifffile has the codec: LZW, JPEG and others need imagecodecs."""
    from tifffile import TIFF

    try:
        if page.compression not in (0, 1):
            TIFF.DECOMPRESSORS[page.compression]
        if page.predictor not in (0, 1):
            TIFF.UNPREDICTORS[page.predictor]
    except KeyError:
        return False
    return page.bitspersample in (1, 8, 16, 32, 64)


def _page_of_tifffile(page: Any, where: str | Path) -> tuple[np.ndarray, list[str]]:
    image = page.asarray()
    if image.ndim == 3 and page.planarconfig == 2:
        image = np.moveaxis(image, 0, 2)
    return image, []


def _page_of_pillow(path: Path) -> Callable[[Any, str | Path], tuple[np.ndarray, list[str]]]:
    from PIL import Image

    try:
        picture = Image.open(path)
    except (Image.DecompressionBombError, Image.UnidentifiedImageError) as error:
        raise DataError("is compressed in a way that is not read", where=path, remedy="save it without compression, "
                        "or install imagecodecs") from error  # fmt: skip

    def decode(page: TiffPage, where: str | Path) -> tuple[np.ndarray, list[str]]:
        picture.seek(page.index)
        image, notes = of_pillow(picture, where)
        if page.photometric == 0 and picture.mode in ("1", "L"):  # Pillow turns these, and these alone
            image = ~image
        return image, notes

    return decode


def _described(page: TiffPage, path: Path) -> tuple[SaidSize, dict[str, Any], list[str], int]:
    metadata: dict[str, Any] = {}
    warnings: list[str] = []
    bar_rows = 0
    sizes = [_ome_size(page, path), _imagej_size(page, metadata)]
    microscope = page.tags.valueof(_FEI) or page.tags.valueof(_FEI_OLD)
    if isinstance(microscope, dict):
        size, bar_rows, odd = _fei(page, microscope, metadata)
        sizes.append(size)
        warnings += odd
    if isinstance(zeiss := page.tags.valueof(_ZEISS), dict):
        sizes.append(_zeiss_size(zeiss, metadata))
    if not page.is_imagej:
        sizes.append(_resolution_size(page))
    said = [size for size in sizes if size is not None]
    for other in said[1:]:
        if other.x and said[0].x and abs(other.x / said[0].x - 1) > 0.01:
            warnings.append(f"{said[0].by} says pixels of {said[0].x:.6g} nm, {other.by} {other.x:.6g}: check them")
    return (said[0] if said else SaidSize()), metadata, warnings, bar_rows


def _ome_pixels(page: TiffPage, path: Path) -> Mapping[str, str] | None:
    """Attributes of the element Pixels of OME-XML."""
    text = page.description
    if not text.rstrip().endswith("OME>"):
        return None
    root = parse_xml(text.encode(), path, DataError, remedy=_COPY)
    return next((element.attrib for element in root.iter() if element.tag.rpartition("}")[2] == "Pixels"), None)


def _ome_size(page: TiffPage, path: Path) -> SaidSize | None:
    pixels = _ome_pixels(page, path)
    if pixels is None:
        return None
    edges: list[float | None] = []
    for axis in "XYZ":
        unit = nm_of(pixels.get(f"PhysicalSize{axis}Unit", "um"))
        edge = _number(pixels.get(f"PhysicalSize{axis}"))
        edges.append(edge * unit if edge and unit else None)
    x, y, z = edges
    return SaidSize(x=x, y=y, z=z, by="OME-XML") if any(edges) else None


def _imagej_size(page: TiffPage, metadata: dict[str, Any]) -> SaidSize | None:
    if not page.is_imagej:
        return None
    said = dict(line.split("=", 1) for line in page.description.splitlines() if "=" in line)
    metadata["imagej"] = said
    info = page.tags.valueof(50839)
    text = info.get("Info", "") if isinstance(info, dict) else ""
    names = _names_in(text if isinstance(text, str) else "")
    if names:
        metadata["names"] = names
    x, y = _resolution(page, "XResolution"), _resolution(page, "YResolution")
    spacing = _number(said.get("spacing"))
    unit = nm_of(said.get("unit"))
    if unit is None or x is None or y is None or (said.get("unit") == "inch" and _is_of_print(x)):
        return None
    return SaidSize(x=unit / x, y=unit / y, z=abs(spacing) * unit if spacing else None, by="ImageJ's tags")


def _names_in(info: str) -> dict[int, str]:
    """Names of phases as `write_labels` puts them into ImageJ's info."""
    for line in info.splitlines():
        if line.startswith(NAMES_KEY):
            try:
                with bounded_recursion():
                    names = json.loads(line.removeprefix(NAMES_KEY))
                return {int(number): str(name) for number, name in names.items()}
            except (ValueError, AttributeError, RecursionError):
                return {}
    return {}


def _fei(
    page: TiffPage, said: Mapping[str, Any], metadata: dict[str, Any]
) -> tuple[SaidSize | None, int, list[str]]:  # fmt: skip
    """Pixels, rows of the databar, and what is odd, from the text that microscopes of FEI and Thermo Fisher write."""

    def section(name: str) -> Mapping[str, Any]:
        found = said.get(name)
        return found if isinstance(found, dict) else {}

    beam = section("Beam").get("Beam", "EBeam")
    scan = section("Scan") or section("EScan")
    metadata["microscope"] = str(section("System").get("SystemType") or section("System").get("Type") or "FEI")
    warnings = []
    x, y = _number(scan.get("PixelWidth")), _number(scan.get("PixelHeight"))
    size = SaidSize(x=x * 1e9, y=y * 1e9, by="the microscope's tag (FEI)") if x and y else None
    width, height = _number(section("Image").get("ResolutionX")), _number(section("Image").get("ResolutionY"))
    bar = _number(section("PrivateFei").get("DatabarHeight"))
    if width and width != page.imagewidth:
        warnings.append(
            f"the microscope wrote images {width:g} wide, these are {page.imagewidth}: if they were scaled, not cut, "
            "the size of pixels in its tag is wrong"
        )
        bar = None
    elif height:
        bar = page.imagelength - height
    tilt = _number(section("Stage").get("StageT"))
    corrected = section(str(beam)).get("TiltCorrectionIsOn")
    if corrected in (False, "no", "No", "Off") and tilt is not None and abs(math.degrees(tilt)) > _TILTED_DEG:
        warnings.append(
            f"the stage was tilted by {math.degrees(tilt):.3g} degrees without tilt correction: pixels of a milled "
            f"face are {1 / abs(math.sin(tilt)):.3f} times as high as the tag says"
        )
    fits = bar is not None and 0 < bar <= _LONGEST_BAR * page.imagelength
    return size, int(bar) if fits and bar else 0, warnings


def _zeiss_size(said: Mapping[str, Any], metadata: dict[str, Any]) -> SaidSize | None:
    """Pixels from the text that microscopes of Zeiss write."""
    metadata["microscope"] = "Zeiss"
    for key in ("ap_image_pixel_size", "ap_pixel_size"):
        entry = said.get(key, ())
        if len(entry) == 3 and _number(entry[1]) and (unit := nm_of(str(entry[2]))):
            return SaidSize(x=entry[1] * unit, y=entry[1] * unit, by="the microscope's tag (Zeiss)")
    return None


def _resolution_size(page: TiffPage) -> SaidSize | None:
    """Pixels by the resolution tags, where these are no resolution of a print or a screen."""
    unit = {2: 2.54e7, 3: 1e7}.get(int(page.resolutionunit))
    x, y = _resolution(page, "XResolution"), _resolution(page, "YResolution")
    if unit is None or x is None or y is None or _is_of_print(x * 2.54e7 / unit) or unit / x > _COARSEST_NM:
        return None
    return SaidSize(x=unit / x, y=unit / y, by="the resolution tags")


def _resolution(page: TiffPage, tag: str) -> float | None:
    value = page.tags.valueof(tag)
    if not (isinstance(value, tuple) and len(value) == 2 and all(value)):
        return None
    return value[0] / value[1]


def _is_of_print(dots_per_inch: float) -> bool:
    """72, 96, 300, 600 dpi and the like: what programs write who know no size."""
    return dots_per_inch <= 4800 and any(
        abs(dots_per_inch / step - round(dots_per_inch / step)) < 0.005 for step in (50, 72, 96)
    )


def _number(value: Any) -> float | None:
    try:
        number = float(value)
    except (TypeError, ValueError):
        return None
    return number if math.isfinite(number) else None
