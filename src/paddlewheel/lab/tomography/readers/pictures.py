"""One image: its grey values, whatever channels, colour table or compression it has."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from paddlewheel.errors import DataError
from paddlewheel.foreign import refuse_expansion

LOSSY = (".jpg", ".jpeg")
LOSSY_TOLD = "JPEG changes grey values beside edges: better give the images as they were before"
_TO_GREY = "save it in grey values, or as numbers of phases"


def grey_of(image: np.ndarray, where: str | Path) -> tuple[np.ndarray, list[str]]:
    """Grey values [n_y, n_x] of an image [n_y, n_x] or [n_y, n_x, n_channels], and what was left out.

    Raises
    ------
    DataError
        If it is in colour, or partly transparent.
    """
    if image.ndim == 2:
        return image, []
    n_channels = image.shape[2] if image.ndim == 3 else 0
    if n_channels not in (1, 2, 3, 4):
        raise DataError(f"has {n_channels or image.shape} channels", where=where, remedy=_TO_GREY)
    notes = []
    if n_channels in (2, 4):
        alpha = image[..., -1]
        if alpha.min() != alpha.max():
            raise DataError("is partly transparent (an alpha channel)", where=where, remedy="save it without")
        notes.append("an alpha channel, everywhere the same, is left out")
        image = image[..., :-1]
    if image.shape[2] == 3:
        unequal = np.any(image != image[..., :1], axis=2)
        if unequal.any():
            row, column = np.unravel_index(int(np.argmax(unequal)), unequal.shape)
            colour = ", ".join(f"{value:g}" for value in image[row, column].tolist())
            raise DataError(
                f"is in colour (row {row + 1}, column {column + 1}: {colour})", where=where, remedy=_TO_GREY
            )
        notes.append("three equal channels are taken as one of grey")
    return image[..., 0], notes


def through_table(image: np.ndarray, table: np.ndarray) -> tuple[np.ndarray, list[str]]:
    """An image of numbers in a colour table [n, 3]: the greys of a grey table; the numbers of a coloured one, told."""
    if np.any(table != table[:, :1]):
        return image, ["has a colour table: the numbers in it are taken, not the colours"]
    greys = table[:, 0]
    if np.array_equal(greys, np.arange(len(greys))):
        return image, []
    return greys[image], ["has a table of greys, which is applied"]


def read_picture(path: Path) -> tuple[np.ndarray, list[str]]:
    """Grey values [n_y, n_x] of a PNG, BMP or JPEG, and what was odd."""
    from PIL import Image

    try:
        with Image.open(path) as picture:
            width, height = picture.size
            refuse_expansion(width * height * len(picture.getbands()), path.stat().st_size, path, DataError)
            return of_pillow(picture, path)
    except (Image.DecompressionBombError, Image.UnidentifiedImageError) as error:
        raise DataError(f"cannot be read as an image ({type(error).__name__})", where=path, remedy="copy it again"
                        ) from error  # fmt: skip


def of_pillow(picture: Any, where: str | Path) -> tuple[np.ndarray, list[str]]:
    """Grey values of an opened image of Pillow."""
    mode = picture.mode
    if mode == "P":
        palette = np.asarray(picture.getpalette("RGB"), dtype=np.uint8).reshape(-1, 3)
        table = np.zeros((256, 3), np.uint8)
        table[: len(palette)] = palette
        used = np.asarray(picture)
        return through_table(used, table[: max(len(palette), int(used.max(initial=0)) + 1)])
    if mode not in ("1", "L", "LA", "I", "F", "RGB", "RGBA") and not mode.startswith("I;16"):
        raise DataError(f"is in colour ({mode})", where=where, remedy=_TO_GREY)
    return grey_of(np.asarray(picture), where)
