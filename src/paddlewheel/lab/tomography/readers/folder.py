"""Folders of images: one file a slice, in the order of their numbers."""

from __future__ import annotations

import re
from collections import Counter
from itertools import pairwise
from pathlib import Path

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import parsing
from paddlewheel.lab.tomography.readers import tiff
from paddlewheel.lab.tomography.readers.pictures import LOSSY, LOSSY_TOLD, read_picture
from paddlewheel.lab.tomography.readers.slices import Slices, told_numbers
from paddlewheel.lab.tomography.readers.volume import SaidSize, Volume

_TIFF = (".tif", ".tiff")
_IMAGES = (*_TIFF, ".png", ".bmp", *LOSSY)
_HIDDEN = ("Thumbs.db", "desktop.ini")
_GIVE = "give a folder with one image a slice (TIFF, PNG, BMP), numbered in their names"


def read_folder(path: Path) -> Volume:
    """The images of a folder as a stack; what else is in it is told.

    Raises
    ------
    DataError
        If there are no images or two series of them, if two have one number, or a slice is unlike the first.
    """
    warnings: list[str] = []
    names = _series(path, warnings)
    files = [path / name for name in _in_order(names, path, warnings)]
    if len(files) == 1 and files[0].suffix.lower() in _TIFF:
        alone = tiff.read_tiff(files[0])
        return Volume(values=alone.values, size=alone.size, metadata=alone.metadata, bar_rows=alone.bar_rows,
                      warnings=(*warnings, *alone.warnings))  # fmt: skip
    is_tiff = files[0].suffix.lower() in _TIFF
    size, metadata, bar_rows = SaidSize(), {}, 0
    if is_tiff:
        with parsing(files[0], DataError, problem="cannot be read as TIFF"):
            size, metadata, said, bar_rows = tiff.described(files[0])
        warnings += said
    first, notes = _read(files[0])
    warnings += [f"{files[0].name}: {note}" for note in notes]
    if files[0].suffix.lower() in LOSSY:
        warnings.append(LOSSY_TOLD)

    def read(number: int) -> np.ndarray:
        image, _ = _read(files[number])
        if image.shape != first.shape or image.dtype != first.dtype:
            raise DataError(
                f"has {_told(image)}, {files[0].name} {_told(first)}", where=files[number],
                remedy="write all slices in one size and type, or move it out of the folder",
            )  # fmt: skip
        return image

    values = Slices((len(files), *first.shape), first.dtype, read)  # type: ignore[arg-type]
    return Volume(values=values, size=size, metadata=metadata, bar_rows=bar_rows, warnings=tuple(warnings),
                  slice_names=tuple(file.name for file in files))  # fmt: skip


def _read(file: Path) -> tuple[np.ndarray, list[str]]:
    with parsing(file, DataError, problem="cannot be read as an image"):
        return tiff.read_tiff_slice(file) if file.suffix.lower() in _TIFF else read_picture(file)


def _told(image: np.ndarray) -> str:
    return f"{image.shape[1]} x {image.shape[0]} pixels of {image.dtype}"


def _series(path: Path, warnings: list[str]) -> list[str]:
    """Names of the images of the largest series: one kind of file, with names alike but for their numbers."""
    entries = [entry for entry in sorted(path.iterdir()) if not entry.name.startswith(".")]
    entries = [entry for entry in entries if entry.name not in _HIDDEN]
    images = [entry.name for entry in entries if entry.suffix.lower() in _IMAGES and entry.is_file()]
    if not images:
        raise DataError("holds no images", where=path, remedy=_GIVE)
    patterns = Counter(_pattern(name) for name in images)
    (usual, count), *others = patterns.most_common()
    if count == 1 and others:
        raise DataError(f"holds images without numbers in a common name ({', '.join(images[:3])})", where=path,
                        remedy=_GIVE)  # fmt: skip
    if others and others[0][1] > 1:
        raise DataError(f"holds two series of images: {count} {usual} and {others[0][1]} {others[0][0]}", where=path,
                        remedy="give each a folder of its own")  # fmt: skip
    series = [name for name in images if _pattern(name) == usual]
    stray = [entry.name for entry in entries if entry.name not in series]
    if stray:
        more = f" and {len(stray) - 3} more" if len(stray) > 3 else ""
        warnings.append(f"beside the slices, left out: {', '.join(stray[:3])}{more}")
    return series


def _pattern(name: str) -> str:
    stem, _, suffix = name.rpartition(".")
    return f"{re.sub(r'[0-9]+', '#', stem)}.{suffix.lower()}"


def _in_order(names: list[str], path: Path, warnings: list[str]) -> list[str]:
    """Names by their numbers; numbers that are missing are told, and two slices of one number refused."""
    numbers = {name: tuple(int(digits) for digits in re.findall(r"[0-9]+", name.rpartition(".")[0])) for name in names}
    ordered = sorted(names, key=lambda name: numbers[name])
    for name, following in pairwise(ordered):
        if numbers[name] == numbers[following]:
            raise DataError(f"holds two slices of one number: {name}, {following}", where=path,
                            remedy="keep one of them")  # fmt: skip
    columns = list(zip(*numbers.values(), strict=True))
    counting = next((at for at, column in enumerate(columns) if len(set(column)) == len(column)), None)
    if counting is None or len(names) < 3:
        return ordered
    ordered.sort(key=lambda name: numbers[name][counting])
    there = [numbers[name][counting] for name in ordered]
    step = Counter(np.diff(there).tolist()).most_common(1)[0][0]
    missing = [number for number in range(there[0], there[-1], step) if number not in set(there)] if step else []
    if 0 < len(missing) <= len(there):  # otherwise the number is no count: a time or a place
        warnings.append(
            f"of {len(missing)} slices the numbers are missing ({told_numbers(missing)}): what is left is taken as if "
            "it lay without a gap"
        )
    return ordered
